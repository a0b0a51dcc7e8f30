//! Accounts at addresses from which they had not got in before.

use std::cmp::Reverse;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::clusters;
use crate::correlate::Correlated;
use crate::filter;
use crate::model::NewPlace;
use crate::options::Options;
use crate::state::{Actor, Series, Sym, TimeSpan};
use crate::time::Millis;

/// An account: cluster and name.
type PlacedAccount = (usize, Sym);

/// Successes of an account from one address.
struct AccountPlace {
    account: PlacedAccount,
    source: Sym,
    span: TimeSpan,
    count: u64,
}

/// An account at an address where it had not been.
#[derive(Clone, Copy)]
struct Arrival {
    account: PlacedAccount,
    source: Sym,
    first: Millis,
    /// Since its first success anywhere, milliseconds.
    history: i64,
    /// What it did there that is powerful.
    powerful: u64,
    successes: u64,
}

/// Of those the most telling, at most `most`, by first success, and how many there are. Keys are not accounts: a machine that
/// gets one is no person at a new place.
#[must_use]
pub fn new_places(joined: &Correlated, options: &Options, most: usize) -> (Vec<NewPlace>, u64) {
    let asked_for = asked_for(joined, options);
    let mut powerful: HashMap<(PlacedAccount, Sym), u64, RandomState> = HashMap::default();
    for action in joined.powerful.actions.iter().filter(|action| action.granted && !action.apikey.is_some()) {
        let account = (joined.nodes.all()[action.node].cluster, action.who());
        *powerful.entry((account, action.source)).or_default() += 1;
    }
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let of_account = |of_account: &[(Actor, Series)]| {
        let places = places(joined, of_account);
        let mut arrivals = Vec::new();
        for own in places.chunk_by(|a, b| a.account == b.account) {
            let Some(since) = own.iter().filter_map(|place| place.span.first).min() else { continue };
            for &AccountPlace { account, source, span, count } in own.iter().filter(|place| place.source.is_some()) {
                let passes = asked_for.as_ref().is_none_or(|pairs| pairs.contains(&(account, source)));
                if let Some(first) = span.first.filter(|&first| first > since && passes) {
                    let powerful = powerful.get(&(account, source)).copied().unwrap_or(0);
                    let history = first.0 - since.0;
                    arrivals.push(Arrival { account, source, first, history, powerful, successes: count });
                }
            }
        }
        arrivals
    };
    let mut found: Vec<Arrival> = joined.successes.par_accounts().flat_map_iter(of_account).collect();
    let total = found.len() as u64;
    if found.len() > most {
        found.select_nth_unstable_by(most, |a, b| {
            let told = |row: &Arrival| (Reverse((row.powerful, row.history)), row.account.0);
            let names = |row: &Arrival| (text(row.account.1), text(row.source));
            told(a).cmp(&told(b)).then_with(|| names(a).cmp(&names(b)))
        });
        found.truncate(most);
    }
    let order = |row: &Arrival| (row.first, text(row.account.1), text(row.source), row.account.0);
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    let string = |sym: Sym| joined.state.symbols.string(sym).unwrap_or_default();
    let rows = found.into_iter().map(|row| NewPlace {
        principal: string(row.account.1),
        source: string(row.source),
        cluster: clusters::of(joined, row.account.0),
        first: row.first.rfc3339(),
        history_since: Some(Millis(row.first.0 - row.history).rfc3339()),
        successes: row.successes,
        powerful: row.powerful,
    });
    (rows.collect(), total)
}

/// The successes of the accounts of one name by cluster and address, sorted.
fn places(joined: &Correlated, of_account: &[(Actor, Series)]) -> Vec<AccountPlace> {
    let by_itself = of_account.iter().filter(|(actor, _)| !actor.apikey.is_some());
    let mut places: Vec<AccountPlace> = by_itself
        .map(|(actor, series)| AccountPlace {
            account: (joined.nodes.cluster(actor.node), actor.principal),
            source: actor.source,
            span: TimeSpan { first: series.first(), last: series.last() },
            count: series.count(),
        })
        .collect();
    let key = |place: &AccountPlace| (place.account, place.source);
    // Those of one cluster stand by address already.
    if !places.is_sorted_by_key(key) {
        places.sort_unstable_by_key(key);
    }
    places.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.count += next.count;
            kept.span.merge(&next.span);
        }
        same
    });
    places
}

/// The accounts and addresses that a filter leaves; `None` where there is none.
fn asked_for(joined: &Correlated, options: &Options) -> Option<HashSet<(PlacedAccount, Sym), RandomState>> {
    if options.filter.is_empty() {
        return None;
    }
    let range = filter::range(joined, &options.filter);
    let mut first: HashMap<(PlacedAccount, Sym), Millis, RandomState> = HashMap::default();
    for (actor, series) in joined.successes.iter().filter(|(actor, _)| !actor.apikey.is_some()) {
        let pair = ((joined.nodes.cluster(actor.node), actor.principal), actor.source);
        if let Some(time) = series.first() {
            first.entry(pair).and_modify(|known| *known = time.min(*known)).or_insert(time);
        }
    }
    let passing = filter::successes(joined, &options.filter);
    let pairs = passing.keys().map(|actor| ((joined.nodes.cluster(actor.node), actor.principal), actor.source));
    // Who came there before the time that is asked for is not new in it.
    Some(pairs.filter(|pair| first.get(pair).is_some_and(|&time| range.holds(time))).collect())
}
