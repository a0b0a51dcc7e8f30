//! Realm failures and attempts of one chunk, joined where the chunk alone settles the chain.

use super::StateBuilder;
use crate::event::Sequence;
use crate::state::records::{AttemptFlags, Pos, RealmFailure, RecordKey};
use crate::state::symbols::Sym;
use crate::time::Millis;

/// A failure event of the chunk being folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) key: RecordKey,
    pub(super) line: u32,
    pub(super) time: Millis,
    /// What orders it within its millisecond, where its document tells.
    pub(super) sequence: Option<Sequence>,
    /// The realm of a realm failure; [`Sym::NONE`] with `attempt` for the end of an attempt.
    pub(super) realm: Sym,
    /// Index into the attempts of the state.
    pub(super) attempt: Option<u32>,
}

impl StateBuilder {
    /// Joins realm failures and attempts of this chunk where the chunk alone settles the chain. `mixed`: its times go up and down.
    pub(super) fn join_within_chunk(&mut self, mixed: bool) {
        // In a file sorted newest first the order of equal times has to be learned from the whole file.
        let forward = self.state.chunks[self.chunk as usize].ends.is_some_and(|(first, last)| first < last);
        let mut failures = std::mem::take(&mut self.failures);
        let mut realms = std::mem::take(&mut self.realms);
        // Stable: one line may hold many events, in the order in which they happened.
        failures.sort_by_key(|failure| (failure.key, failure.line));
        for run in failures.chunk_by(|a, b| a.key == b.key) {
            // What numbers are worth that contradict the lines, all of the input must tell; and where lines were shuffled, others
            // of this request may stand in any chunk, and only numbers tell where they belong.
            let in_order = forward && follows_numbers(run) && !(mixed && is_numbered(run));
            if let Some(attempt) = run.last().and_then(|last| last.attempt).filter(|_| in_order && is_settled(run)) {
                realms.clear();
                realms.extend(run.iter().map(|failure| failure.realm).filter(|realm| realm.is_some()));
                let attempt = &mut self.state.attempts[attempt as usize];
                attempt.chain = self.state.chains.intern(&realms);
                attempt.flags.set_ties(ties(run));
                continue;
            }
            for failure in run.iter() {
                let pos = Pos { chunk: self.chunk, line: failure.line };
                self.state.sequences.extend(failure.sequence.map(|sequence| (pos, sequence)));
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
        (self.failures, self.realms) = (failures, realms);
    }
}

/// Whether the lines of a run stand in the order that their documents tell, as far as these tell any.
fn follows_numbers(run: &[Failure]) -> bool {
    run.windows(2).all(|pair| match (pair[0].sequence, pair[1].sequence) {
        (Some(one), Some(other)) if one.kind == other.kind => one.is_followed_by(other),
        _ => true,
    })
}

/// Whether documents of a run tell their order.
fn is_numbered(run: &[Failure]) -> bool {
    run.iter().any(|failure| failure.sequence.is_some())
}

/// Whether a run of failures (one key, in the order of lines) is one attempt with the realms asked before it: its only
/// end stands last, and no time decreases.
fn is_settled(run: &[Failure]) -> bool {
    run.split_last().is_some_and(|(last, before)| {
        last.attempt.is_some()
            && before.iter().all(|failure| failure.attempt.is_none())
            && run.is_sorted_by_key(|failure| failure.time)
    }) && ties(run) <= AttemptFlags::MOST_TIES
}

/// How many stand before the last of a run in its millisecond.
fn ties(run: &[Failure]) -> usize {
    run.iter().rev().skip(1).take_while(|failure| Some(failure.time) == run.last().map(|last| last.time)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_settles_only_what_is_certain() {
        let failure = |time: i64, realm: u32| {
            let attempt = (realm == 0).then_some(7);
            Failure { key: RecordKey(1), line: 0, time: Millis(time), sequence: None, realm: Sym(realm), attempt }
        };
        assert!(is_settled(&[failure(5, 1), failure(5, 2), failure(5, 0)]));
        assert!(is_settled(&[failure(5, 0)]));
        assert!(!is_settled(&[failure(5, 0), failure(5, 1)]), "the end stands first");
        assert!(!is_settled(&[failure(5, 1), failure(5, 0), failure(5, 2), failure(5, 0)]), "two attempts");
        assert!(!is_settled(&[failure(6, 1), failure(5, 2), failure(6, 0)]), "time goes back");
        assert!(!is_settled(&[failure(6, 1)]), "no end");
        assert_eq!(ties(&[failure(4, 1), failure(5, 2), failure(5, 1), failure(5, 0)]), 2);
        let mut many = vec![failure(5, 1); AttemptFlags::MOST_TIES + 1];
        many.push(failure(5, 0));
        assert!(!is_settled(&many), "more than can be told of");
    }
}
