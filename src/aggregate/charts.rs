//! Numbers for charts: who failed when, through which realms, and the lives of the API keys that matter most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::keys::Lives;
use super::tops::{Tallies, tally};
use super::{LIST_LIMIT, realm_names};
use crate::correlate::Correlated;
use crate::model::charts::{Charts, Flow, Heat, HeatRow, KeyLife};
use crate::options::Options;
use crate::state::{Attempt, Sym};
use crate::time::Millis;

/// Rows of a heat map: more would not be read.
const MOST_ROWS: usize = 20;

/// Buckets of a heat map: a day by quarters of an hour, wherever it begins.
const MOST_BUCKETS: u64 = 100;

/// Keys drawn.
const MOST_KEYS: usize = 40;

/// Widths a bucket may have, in seconds. Spans too long for the last are cut into multiples of it.
const WIDTHS: [u64; 12] = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

pub(super) fn charts(joined: &Correlated, tallies: &Tallies, options: &Options) -> Charts {
    let (heat, (flows, (key_lives, key_lives_total))) =
        rayon::join(|| heat(joined, tallies), || rayon::join(|| flows(joined), || lives(joined, options)));
    let realm_flows_total = flows.len() as u64;
    Charts {
        heat,
        realm_flows: flows.into_iter().take(LIST_LIMIT).collect(),
        realm_flows_total,
        key_lives,
        key_lives_total,
    }
}

/// The narrowest width at which the buckets from `first` to `last` (milliseconds) are at most [`MOST_BUCKETS`].
fn width(first: i64, last: i64) -> i64 {
    let fits = |width: &i64| last.div_euclid(width * 1000).abs_diff(first.div_euclid(width * 1000)) < MOST_BUCKETS;
    let longest = WIDTHS[WIDTHS.len() - 1] as i64;
    // A bucket of so many weeks always fits; times are those of years that people write.
    let rest = || (1..).map(|weeks| weeks * longest).find(fits);
    WIDTHS.into_iter().map(|width| width as i64).find(fits).or_else(rest).unwrap_or(longest)
}

fn heat(joined: &Correlated, tallies: &Tallies) -> Heat {
    // Attempts stand by time.
    let (Some(first), Some(last)) = (joined.attempts.first(), joined.attempts.last()) else { return Heat::default() };
    let width = width(first.time.0, last.time.0);
    let slot = |attempt: &Attempt| attempt.time.0.div_euclid(width * 1000);
    let origin = slot(first);
    let buckets = (slot(last) - origin + 1) as usize;
    let rows = |who: fn(&Attempt) -> Sym, tally: &[(Sym, u64)]| {
        let text = |sym: Sym| joined.state.symbols.get(sym);
        let order = |a: &(Sym, u64), b: &(Sym, u64)| (Reverse(a.1), text(a.0)).cmp(&(Reverse(b.1), text(b.0)));
        let mut counts = tally.to_vec();
        if counts.len() > MOST_ROWS {
            counts.select_nth_unstable_by(MOST_ROWS, order);
            counts.truncate(MOST_ROWS);
        }
        counts.sort_by(order);
        let source_lines: HashMap<Sym, usize, RandomState> =
            counts.iter().enumerate().map(|(at, (sym, _))| (*sym, at)).collect();
        let mut rows: Vec<HeatRow> = counts
            .iter()
            .map(|&(sym, count)| HeatRow { key: joined.state.symbols.string(sym), count, counts: vec![0; buckets] })
            .collect();
        for attempt in joined.attempts.iter() {
            if let Some(&at) = source_lines.get(&who(attempt)) {
                rows[at].counts[(slot(attempt) - origin) as usize] += 1;
            }
        }
        rows
    };
    let (principals, sources) = rayon::join(
        || rows(|attempt| attempt.principal, &tallies.principals),
        || rows(|attempt| attempt.source, &tallies.sources),
    );
    let start = Some(Millis(origin * width * 1000).rfc3339());
    Heat { start, bucket_seconds: width as u64, principals, sources }
}

fn flows(joined: &Correlated) -> Vec<Flow> {
    // Two chains of the same realms are one; chains are few.
    let mut counts: BTreeMap<(Option<Vec<String>>, &str), u64> = BTreeMap::new();
    for ((chain, reason), count) in tally(joined.attempts.iter().map(|attempt| (attempt.chain, attempt.reason))) {
        // A way through realms whose order is not known is none.
        let realms = realm_names(joined, chain).filter(|_| joined.state.chains.is_ordered(chain));
        *counts.entry((realms, reason.name())).or_default() += count;
    }
    let mut flows: Vec<Flow> = counts
        .into_iter()
        .map(|((realm_chain, reason), count)| Flow { realm_chain, reason: reason.to_owned(), count })
        .collect();
    // Of equals, the order of the map.
    flows.sort_by_key(|flow| Reverse(flow.count));
    flows
}

/// The keys that matter most, and how many there are; with a filter, of those that it leaves something of.
fn lives(joined: &Correlated, options: &Options) -> (Vec<KeyLife>, u64) {
    let lives = Lives::collect(joined, &options.filter);
    let left = |id| options.filter.is_empty() || lives.uses(id) > 0 || lives.refusals(id) > 0;
    let mut order: Vec<_> = joined.keys.iter().filter(|info| left(info.id)).collect();
    let total = order.len() as u64;
    // Keys stand by id, which decides between equals.
    order.sort_by_cached_key(|info| {
        (Reverse(lives.refusals(info.id)), info.invalidated.is_none(), Reverse(lives.uses(info.id)))
    });
    let as_of = joined.last_event();
    let draw = |info| {
        let key = lives.key(joined, info, as_of);
        KeyLife {
            id: key.id,
            name: key.name,
            owner: key.owner,
            status: key.status,
            created_at: key.created_at,
            expires: key.expires,
            invalidated_at: key.invalidated_at,
            invalidated_by: key.invalidated_by.and_then(|by| by.name),
            used: key.used.count,
            first_used: key.used.first,
            last_used: key.used.last,
            refused: key.refused.count,
            first_refused: key.refused.first,
            last_refused: key.refused.last,
            reasons: key.refused.reasons,
        }
    };
    (order.into_iter().take(MOST_KEYS).map(draw).collect(), total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heat_map_has_few_buckets_whatever_the_span() {
        let hour = 3_600_000;
        assert_eq!(width(0, 0), 60);
        assert_eq!(width(0, hour), 60);
        // Unaligned, a day touches 97 quarters.
        assert_eq!(width(0, 24 * hour), 900);
        for days in [3, 30, 365, 3650, 36_500] {
            let last = days * 24 * hour;
            let width = width(0, last);
            assert!(last / (width * 1000) < MOST_BUCKETS as i64, "{days} days: {width}");
        }
    }
}
