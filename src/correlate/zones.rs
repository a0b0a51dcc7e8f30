//! In which zone the text server log of a node is: its lines name none. The node's audit log does, with each time, and one process
//! writes both, so its zone is theirs, summer time and all.

use std::collections::BTreeMap;

use super::nodes::NodeTable;
use crate::options::Options;
use crate::state::{State, TimeSpan};
use crate::time::Millis;

/// Milliseconds that a zone is ahead of UTC, and when audit events said so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ToldZone {
    offsets: Vec<(i64, TimeSpan)>,
}

impl ToldZone {
    /// The zone that audit events tell, by minutes ahead of UTC; `None` where they tell none.
    fn of(told: &BTreeMap<i16, TimeSpan>) -> Option<Self> {
        let offsets: Vec<(i64, TimeSpan)> =
            told.iter().map(|(&minutes, &span)| (i64::from(minutes) * 60_000, span)).collect();
        (!offsets.is_empty()).then_some(Self { offsets })
    }

    /// A time of its clocks, read as if they showed UTC, as it is: by the offset that was told nearest to it.
    fn utc(&self, local: Millis) -> Millis {
        let placed = self.offsets.iter().map(|(ahead, span)| {
            let time = local.0.saturating_sub(*ahead);
            let early = span.first.map_or(0, |first| first.0.saturating_sub(time));
            let late = span.last.map_or(0, |last| time.saturating_sub(last.0));
            (early.max(late).max(0), time)
        });
        placed.min().map_or(local, |(_, time)| Millis(time))
    }
}

/// The zone of all nodes, if no two were in different ones at a time.
fn common(nodes: &NodeTable) -> Option<ToldZone> {
    let mut told: BTreeMap<i16, TimeSpan> = BTreeMap::new();
    for (offset, span) in nodes.all().iter().flat_map(|node| &node.stats.offsets) {
        told.entry(*offset).or_default().merge(span);
    }
    let mut spans: Vec<TimeSpan> = told.values().copied().collect();
    spans.sort_by_key(|span| (span.first, span.last));
    let in_turn = spans.windows(2).all(|pair| pair[0].last < pair[1].first);
    ToldZone::of(&told).filter(|_| in_turn)
}

/// Puts the times of server logs that carry no zone where they belong: by the zone of the node's audit log, of a node that has none
/// by that of all others, unless the user named one.
pub(super) fn settle(state: &mut State, nodes: &mut NodeTable, options: &Options) {
    let is_known = options.assume_tz.is_some();
    let common = common(nodes).filter(|_| !is_known);
    let own = |told: &BTreeMap<i16, TimeSpan>| ToldZone::of(told).filter(|_| !is_known).or_else(|| common.clone());
    let zones: Vec<Option<ToldZone>> = nodes.all().iter().map(|node| own(&node.stats.offsets)).collect();
    let utc = |node: usize, local: Millis| zones[node].as_ref().map_or(local, |zone| zone.utc(local));
    nodes.settle_server_logs(|at, stats| {
        let TimeSpan { first, last } = std::mem::take(&mut stats.local_span);
        first.into_iter().chain(last).for_each(|local| stats.server_span.add(utc(at, local)));
        let minutes = std::mem::take(&mut stats.local_minutes);
        stats.server_minutes.merge_moved(&minutes, |local| utc(at, local));
    });
    for record in state.reasons.iter_mut().filter(|record| record.is_local) {
        record.time = utc(nodes.index(record.node), record.time);
    }
    for input in &mut state.inputs {
        let TimeSpan { first, last } = std::mem::take(&mut input.local_span);
        let homes: Vec<usize> = input.nodes.keys().map(|&node| nodes.index(node)).collect();
        input.zone_told = first.is_some() && homes.iter().all(|&home| zones[home].is_some());
        // Of the nodes of one file each may have its own.
        for local in first.into_iter().chain(last) {
            homes.iter().for_each(|&home| input.span.add(utc(home, local)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, HOUR};

    fn span(first: i64, last: i64) -> TimeSpan {
        TimeSpan { first: Some(Millis(first)), last: Some(Millis(last)) }
    }

    #[test]
    fn a_time_is_read_by_the_offset_told_nearest_to_it() {
        // Summer time begins on the fifth day at one o'clock.
        let begins = 4 * DAY + HOUR;
        let told = BTreeMap::from([(60, span(DAY, begins - 60_000)), (120, span(begins, 9 * DAY))]);
        let zone = ToldZone::of(&told).unwrap();
        for (utc, ahead) in [(0, 1), (DAY, 1), (begins - 1000, 1), (begins, 2), (9 * DAY, 2), (20 * DAY, 2)] {
            assert_eq!(zone.utc(Millis(utc + ahead * HOUR)), Millis(utc), "{utc}");
        }
        assert_eq!(ToldZone::of(&BTreeMap::new()), None);
    }
}
