//! Who got in, from where and when: success is evidence for and against.

use rayon::prelude::*;

use crate::correlate::Correlated;
use crate::state::{Pos, Series, Sym};
use crate::time::Millis;

/// Successes of one principal from one source in one way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'c> {
    pub(super) principal: Sym,
    pub(super) source: Sym,
    /// The API key; [`Sym::NONE`] = the principal authenticated itself.
    pub(super) apikey: Sym,
    pub(super) realm: Sym,
    /// Index into the node table.
    pub(super) node: u32,
    pub(super) series: &'c Series,
}

/// A success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Success {
    pub(super) time: Millis,
    /// Its line, or that of a success shortly before it.
    pub(super) pos: Pos,
}

/// All successes, to be looked up.
#[derive(Debug)]
pub(super) struct Successes<'c> {
    /// By principal, then source.
    by_pair: Vec<Entry<'c>>,
    /// The same by source.
    by_source: Vec<Entry<'c>>,
}

impl<'c> Successes<'c> {
    pub(super) fn new(joined: &'c Correlated) -> Self {
        let mut by_pair: Vec<Entry<'c>> = joined
            .successes
            .iter()
            .map(|(actor, series)| Entry {
                principal: actor.principal,
                source: actor.source,
                apikey: actor.apikey,
                realm: actor.realm,
                node: joined.nodes.index(actor.node) as u32,
                series,
            })
            .collect();
        // Ways that end up equal (nodes under two names) stay apart; they are only ever summed or compared by time.
        let mut by_source = by_pair.clone();
        let way = |entry: &Entry<'_>| (entry.apikey, entry.realm, entry.node);
        rayon::join(
            || by_pair.par_sort_unstable_by_key(|entry| (entry.principal, entry.source, way(entry))),
            || by_source.par_sort_unstable_by_key(|entry| (entry.source, entry.principal, way(entry))),
        );
        Self { by_pair, by_source }
    }

    /// Whether the logs show successes at all.
    pub(super) fn any(&self) -> bool {
        !self.by_pair.is_empty()
    }

    /// Everything of a principal.
    pub(super) fn of_principal(&self, principal: Sym) -> &[Entry<'c>] {
        let start = self.by_pair.partition_point(|entry| entry.principal < principal);
        let len = self.by_pair[start..].partition_point(|entry| entry.principal == principal);
        &self.by_pair[start..start + len]
    }

    /// Everything from a source.
    pub(super) fn of_source(&self, source: Sym) -> &[Entry<'c>] {
        let start = self.by_source.partition_point(|entry| entry.source < source);
        let len = self.by_source[start..].partition_point(|entry| entry.source == source);
        &self.by_source[start..start + len]
    }

    /// What a principal did from a source with credentials of its own.
    pub(super) fn own(&self, principal: Sym, source: Sym) -> impl Iterator<Item = &Entry<'c>> {
        let key = (principal, source);
        let start = self.by_pair.partition_point(|entry| (entry.principal, entry.source) < key);
        self.by_pair[start..]
            .iter()
            .take_while(move |entry| (entry.principal, entry.source) == key)
            .filter(|entry| !entry.apikey.is_some())
    }
}

/// The first success at or after a time.
pub(super) fn first_after<'e, 'c: 'e>(entries: impl Iterator<Item = &'e Entry<'c>>, time: Millis) -> Option<Success> {
    entries
        .filter_map(|entry| {
            let bucket = entry.series.at_or_after(time)?;
            let exact = if bucket.first >= time { bucket.first } else { bucket.last };
            Some(Success { time: exact, pos: bucket.pos })
        })
        .min_by_key(|success| success.time)
}

/// The last success before a time, as far as the series shows it.
pub(super) fn last_before<'e, 'c: 'e>(entries: impl Iterator<Item = &'e Entry<'c>>, time: Millis) -> Option<Success> {
    entries
        .filter_map(|entry| {
            let buckets = entry.series.buckets();
            let bucket = buckets[..buckets.partition_point(|bucket| bucket.first < time)].last()?;
            let exact = if bucket.last < time { bucket.last } else { bucket.first };
            Some(Success { time: exact, pos: bucket.pos })
        })
        .max_by_key(|success| success.time)
}

/// Successes from `start` to `end`.
pub(super) fn count_within<'e, 'c: 'e>(
    entries: impl Iterator<Item = &'e Entry<'c>>,
    start: Millis,
    end: Millis,
) -> u64 {
    entries.map(|entry| entry.series.count_within(start, end)).sum()
}
