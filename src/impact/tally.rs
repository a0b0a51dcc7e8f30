//! Requests counted: how many, of how many events, the first and the last, and by which actions.

use super::hits::Hits;
use super::requests::PlacedHit;
use crate::correlate::{Correlated, SourceLine};
use crate::model::Evidence;
use crate::state::Sym;
use crate::time::Millis;

/// Requests and their events, counted.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestTally {
    pub(super) requests: u64,
    pub(super) events: u64,
    first: Option<(Millis, SourceLine)>,
    last: Option<(Millis, SourceLine)>,
    /// Events by action: few, and there are as many tallies as indices.
    pub(super) actions: Vec<(Sym, u64)>,
}

impl RequestTally {
    /// Counts a request by some of its events.
    pub(super) fn add(&mut self, hits: &Hits, events: &[PlacedHit]) {
        self.requests += 1;
        self.events += events.len() as u64;
        for (hit, place) in events {
            let at = (hit.time, *place);
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
            let action = hits.what.all()[hit.what as usize].action;
            self.count(action, 1);
        }
    }

    fn count(&mut self, action: Sym, count: u64) {
        match self.actions.iter_mut().find(|known| known.0 == action) {
            Some(known) => known.1 += count,
            None => {
                self.actions.reserve_exact(1);
                self.actions.push((action, count));
            }
        }
    }

    /// Counts what another has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.events += other.events;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
        other.actions.iter().for_each(|&(action, count)| self.count(action, count));
    }

    /// Times of the first and the last event.
    pub(super) fn times(&self) -> (String, String) {
        let time = |at: Option<(Millis, SourceLine)>| at.map(|(time, _)| time.rfc3339()).unwrap_or_default();
        (time(self.first), time(self.last))
    }

    /// Where the first and the last event stand.
    pub(super) fn evidence(&self, joined: &Correlated) -> Vec<Evidence> {
        let mut lines: Vec<SourceLine> =
            [self.first, self.last].into_iter().flatten().map(|(_, place)| place).collect();
        lines.dedup();
        lines.into_iter().map(|place| joined.evidence(place)).collect()
    }
}
