//! The attempts by who and where, built once and shared by all detectors. Symbols are small numbers, so grouping is counting
//! sort: linear, and a flood of a million distinct names costs no more than one name a million times.

use rayon::prelude::*;

use crate::correlate::Correlated;
use crate::state::{Attempt, Outcome, Sym};
use crate::time::Millis;

/// Attempts that one task looks at, at least.
const PIECE: usize = 1024;

/// Attempts of one principal from one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Who was tried.
    pub(super) principal: Sym,
    /// From where; [`Sym::NONE`] where it was not logged.
    pub(super) source: Sym,
    start: u32,
    end: u32,
}

impl Pair {
    /// Attempts.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A stretch of a list that shares a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// What it shares.
    pub(super) key: Sym,
    start: u32,
    end: u32,
}

impl Group {
    fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Entries.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// The attempts, grouped. All lists hold indices into `joined.attempts`, and are ordered by time within a group. Groups are
/// ordered by the number of their symbol, which means nothing: what is shown must be ordered otherwise.
#[derive(Debug)]
pub(super) struct Index {
    /// Failed attempts with a principal, by principal, then source.
    by_pair: Vec<u32>,
    /// The pairs, by principal, then source.
    pub(super) pairs: Vec<Pair>,
    /// The principals: stretches of `pairs`.
    pub(super) principals: Vec<Group>,
    /// Failed attempts with a principal, by source.
    by_source: Vec<u32>,
    /// The sources: stretches of `by_source`.
    pub(super) sources: Vec<Group>,
    /// Index of each attempt's pair; `u32::MAX` for attempts without one.
    pair_of: Vec<u32>,
    /// Attempts that ended in `anonymous_access_denied`, by source.
    by_anonymous: Vec<u32>,
    /// Their sources.
    pub(super) anonymous: Vec<Group>,
}

impl Index {
    pub(super) fn new(joined: &Correlated) -> Self {
        let attempts = &joined.attempts;
        let symbols = joined.state.symbols.len() + 1;
        let principal = |at: u32| attempts[at as usize].principal;
        let source = |at: u32| attempts[at as usize].source;
        let those = |holds: &(dyn Fn(&Attempt) -> bool + Sync)| -> Vec<u32> {
            let all = attempts.par_iter().with_min_len(PIECE).enumerate();
            all.filter(|(_, attempt)| holds(attempt)).map(|(at, _)| at as u32).collect()
        };
        let named = || {
            let named = those(&|attempt| attempt.outcome == Outcome::Failed && attempt.principal.is_some());
            let by_source = sorted_by(&named, symbols, source);
            let by_pair = sorted_by(&by_source, symbols, principal);
            (by_source, by_pair)
        };
        let anonymous = || {
            let anonymous = those(&|attempt| attempt.outcome == Outcome::AnonymousDenied);
            sorted_by(&anonymous, symbols, source)
        };
        let ((by_source, by_pair), by_anonymous) = rayon::join(named, anonymous);

        let mut pairs: Vec<Pair> = Vec::new();
        let mut pair_of = vec![u32::MAX; attempts.len()];
        let mut start = 0;
        for run in by_pair.chunk_by(|&a, &b| (principal(a), source(a)) == (principal(b), source(b))) {
            let end = start + run.len() as u32;
            for &at in run {
                pair_of[at as usize] = pairs.len() as u32;
            }
            pairs.push(Pair { principal: principal(run[0]), source: source(run[0]), start, end });
            start = end;
        }
        Self {
            principals: groups(&pairs, |pair| pair.principal),
            sources: groups(&by_source, |&at| source(at)),
            anonymous: groups(&by_anonymous, |&at| source(at)),
            by_pair,
            pairs,
            by_source,
            pair_of,
            by_anonymous,
        }
    }

    /// The attempts of a pair, by time.
    pub(super) fn of_pair(&self, pair: &Pair) -> &[u32] {
        &self.by_pair[pair.start as usize..pair.end as usize]
    }

    /// The attempts of a source, by time; a group of `sources`.
    pub(super) fn of_source(&self, source: &Group) -> &[u32] {
        &self.by_source[source.range()]
    }

    /// The attempts without credentials of a source, by time; a group of `anonymous`.
    pub(super) fn of_anonymous(&self, source: &Group) -> &[u32] {
        &self.by_anonymous[source.range()]
    }

    /// The numbers of the pairs of a principal; a group of `principals`.
    pub(super) fn pairs_of(&self, principal: &Group) -> std::ops::Range<usize> {
        principal.range()
    }

    /// The pair of an attempt.
    pub(super) fn pair_of(&self, attempt: u32) -> Option<usize> {
        self.pair_of.get(attempt as usize).filter(|&&pair| pair != u32::MAX).map(|&pair| pair as usize)
    }

    /// The group of a symbol in a list of groups.
    pub(super) fn group(groups: &[Group], key: Sym) -> Option<&Group> {
        groups.binary_search_by_key(&key, |group| group.key).ok().map(|at| &groups[at])
    }
}

/// Stable counting sort by a symbol below `symbols`.
fn sorted_by(list: &[u32], symbols: usize, key: impl Fn(u32) -> Sym) -> Vec<u32> {
    let mut ends = vec![0_u32; symbols + 1];
    for &at in list {
        ends[key(at).0 as usize + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut sorted = vec![0; list.len()];
    for &at in list {
        let slot = &mut ends[key(at).0 as usize];
        sorted[*slot as usize] = at;
        *slot += 1;
    }
    sorted
}

/// Stretches of a list that share a symbol.
fn groups<T>(list: &[T], key: impl Fn(&T) -> Sym) -> Vec<Group> {
    let mut start = 0;
    list.chunk_by(|a, b| key(a) == key(b))
        .map(|run| {
            let group = Group { key: key(&run[0]), start, end: start + run.len() as u32 };
            start = group.end;
            group
        })
        .collect()
}

/// The largest number of times within a window of `window_ms`, of times in order.
pub(super) fn most_within(times: &[Millis], window_ms: i64) -> usize {
    let mut from = 0;
    let mut most = 0;
    for (to, time) in times.iter().enumerate() {
        while time.0 - times[from].0 > window_ms {
            from += 1;
        }
        most = most.max(to + 1 - from);
    }
    most
}

/// Stretches of times, in order, between which at most `pause_ms` pass: index ranges.
pub(super) fn episodes(times: &[Millis], pause_ms: i64) -> Vec<std::ops::Range<usize>> {
    let mut start = 0;
    times
        .chunk_by(|a, b| b.0 - a.0 <= pause_ms)
        .map(|run| {
            let range = start..start + run.len();
            start = range.end;
            range
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_sort_keeps_the_order_of_equals() {
        let keys = [3, 1, 3, 0, 1];
        let sorted = sorted_by(&[0, 1, 2, 3, 4], 4, |at| Sym(keys[at as usize]));
        assert_eq!(sorted, [3, 1, 4, 0, 2]);
    }

    #[test]
    fn windows_slide_and_episodes_pause() {
        let times: Vec<Millis> = [0, 50, 59, 70, 500].map(Millis).to_vec();
        assert_eq!(most_within(&times, 20), 3);
        assert_eq!(most_within(&times, 1), 1);
        assert_eq!(most_within(&[], 1), 0);
        assert_eq!(episodes(&times, 100), [0..4, 4..5]);
        assert_eq!(episodes(&[], 100), []);
    }
}
