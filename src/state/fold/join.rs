//! Realm failures and attempts of one chunk, joined where the chunk alone settles the chain.

use super::Folder;
use crate::state::coverage::InputStats;
use crate::state::records::{Key, Pos, RealmFailure};
use crate::state::symbols::Sym;
use crate::time::Millis;

/// A failure event of the chunk being folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) key: Key,
    pub(super) line: u32,
    pub(super) time: Millis,
    /// The realm of a realm failure; [`Sym::NONE`] with `attempt` for the end of an attempt.
    pub(super) realm: Sym,
    /// Index into the attempts of the state.
    pub(super) attempt: Option<u32>,
}

impl Folder {
    /// Joins realm failures and attempts of this chunk where the chunk alone settles the chain.
    pub(super) fn join_within_chunk(&mut self, stats: &mut InputStats) {
        let mut failures = std::mem::take(&mut self.failures);
        failures.sort_unstable_by_key(|failure| (failure.key, failure.line));
        for run in failures.chunk_by(|a, b| a.key == b.key) {
            if run.iter().all(|failure| failure.attempt.is_some()) {
                continue;
            }
            if let Some((attempt, realms)) = settled(run, stats) {
                self.state.attempts[attempt as usize].chain = self.state.chains.intern(&realms);
                continue;
            }
            for failure in run.iter().filter(|failure| failure.attempt.is_none()) {
                self.state.realm_failures.push(RealmFailure {
                    time: failure.time,
                    key: failure.key,
                    pos: Pos { chunk: self.chunk, line: failure.line },
                    realm: failure.realm,
                });
            }
        }
        failures.clear();
        self.failures = failures;
    }

    /// Keeps the number of waiting realm failures bounded: the older half goes.
    pub(super) fn evict(&mut self) {
        let waiting = &mut self.state.realm_failures;
        if waiting.len() <= self.max_in_flight {
            return;
        }
        let half = waiting.len() / 2;
        waiting.select_nth_unstable_by_key(half, |failure| (failure.time, failure.key));
        for failure in waiting.drain(..half) {
            self.state.evicted.events += 1;
            self.state.evicted.span.add(failure.time);
        }
    }
}

/// The attempt of a run of failures (one key, in file order) and its realms in the order asked, where they are certain:
/// the run holds one attempt, at its end with times that do not decrease, or at its beginning (a file sorted newest
/// first) with no tie whose direction is open.
fn settled(run: &[Failure], stats: &mut InputStats) -> Option<(u32, Vec<Sym>)> {
    let mut ends = run.iter().filter_map(|failure| failure.attempt);
    let (attempt, None) = (ends.next()?, ends.next()) else { return None };
    let (first, last) = (run.first()?, run.last()?);
    if last.attempt.is_some() && run.is_sorted_by_key(|failure| failure.time) {
        if run.iter().any(|failure| failure.attempt.is_none() && failure.time == last.time) {
            stats.ties_forward += 1;
        }
        return Some((attempt, run[..run.len() - 1].iter().map(|failure| failure.realm).collect()));
    }
    if first.attempt.is_some() && run.iter().rev().is_sorted_by_key(|failure| failure.time) {
        let tie_with_end = run[1..].iter().any(|failure| failure.time == first.time);
        stats.ties_reversed += u64::from(tie_with_end);
        let open_tie = run[1..].windows(2).any(|pair| pair[0].time == pair[1].time);
        if !open_tie || tie_with_end {
            return Some((attempt, run[1..].iter().rev().map(|failure| failure.realm).collect()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(line: u32, time: i64, realm: u32) -> Failure {
        let attempt = (realm == 0).then_some(7);
        Failure { key: Key(1), line, time: Millis(time), realm: Sym(realm), attempt }
    }

    fn chain(run: &[Failure]) -> Option<Vec<u32>> {
        settled(run, &mut InputStats::default()).map(|(_, realms)| realms.iter().map(|realm| realm.0).collect())
    }

    #[test]
    fn a_chunk_settles_only_what_is_certain() {
        let (a, b, end) = (failure(0, 5, 1), failure(1, 5, 2), failure(2, 5, 0));
        assert_eq!(chain(&[a, b, end]), Some(vec![1, 2]), "file order");
        let (end, b, a) = (failure(0, 5, 0), failure(1, 5, 2), failure(2, 5, 1));
        assert_eq!(chain(&[end, b, a]), Some(vec![1, 2]), "newest first, ties reversed with the end");
        let (end, b, a) = (failure(0, 7, 0), failure(1, 5, 2), failure(2, 5, 1));
        assert_eq!(chain(&[end, b, a]), None, "newest first, the tie alone does not tell");
        let (end, b, a) = (failure(0, 7, 0), failure(1, 6, 2), failure(2, 5, 1));
        assert_eq!(chain(&[end, b, a]), Some(vec![1, 2]), "newest first, no ties");
        let (a, end, b) = (failure(0, 5, 1), failure(1, 6, 0), failure(2, 5, 2));
        assert_eq!(chain(&[a, end, b]), None, "neither");
    }
}
