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
#[derive(Default)]
struct AccountPlace {
    span: TimeSpan,
    count: u64,
}

impl AccountPlace {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.span.merge(&other.span);
    }
}

/// Of those the most telling, at most `most`, by first success, and how many there are. Keys are not accounts: a machine that
/// gets one is no person at a new place.
#[must_use]
pub fn new_places(joined: &Correlated, options: &Options, most: usize) -> (Vec<NewPlace>, u64) {
    let places = places(joined);
    let asked_for = asked_for(joined, options);
    let mut powerful: HashMap<(PlacedAccount, Sym), u64, RandomState> = HashMap::default();
    for action in joined.powerful.actions.iter().filter(|action| action.granted && !action.apikey.is_some()) {
        let account = (joined.nodes.all()[action.node].cluster, action.who());
        *powerful.entry((account, action.source)).or_default() += 1;
    }
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let mut found: Vec<(u64, i64, Millis, PlacedAccount, Sym, u64)> = Vec::new();
    for of_account in places.chunk_by(|(one, ..), (other, ..)| one == other) {
        let Some(since) = of_account.iter().filter_map(|(.., place)| place.span.first).min() else { continue };
        for (account, source, place) in of_account.iter().filter(|(_, source, _)| source.is_some()) {
            let (account, source) = (account, *source);
            let passes = asked_for.as_ref().is_none_or(|pairs| pairs.contains(&(*account, source)));
            if let Some(first) = place.span.first.filter(|&first| first > since && passes) {
                let powerful = powerful.get(&(*account, source)).copied().unwrap_or(0);
                found.push((powerful, first.0 - since.0, first, *account, source, place.count));
            }
        }
    }
    let total = found.len() as u64;
    if found.len() > most {
        found.select_nth_unstable_by(most, |a, b| {
            let told = |row: &(u64, i64, Millis, PlacedAccount, Sym, u64)| (Reverse((row.0, row.1)), row.3.0);
            told(a).cmp(&told(b)).then_with(|| (text(a.3.1), text(a.4)).cmp(&(text(b.3.1), text(b.4))))
        });
        found.truncate(most);
    }
    found.sort_by(|a, b| (a.2, text(a.3.1), text(a.4), a.3.0).cmp(&(b.2, text(b.3.1), text(b.4), b.3.0)));
    let string = |sym: Sym| joined.state.symbols.string(sym).unwrap_or_default();
    let rows = found.into_iter().map(|(powerful, history, first, account, source, successes)| NewPlace {
        principal: string(account.1),
        source: string(source),
        cluster: clusters::of(joined, account.0),
        first: first.rfc3339(),
        history_since: Some(Millis(first.0 - history).rfc3339()),
        successes,
        powerful,
    });
    (rows.collect(), total)
}

/// Successes by account and address, sorted.
fn places(joined: &Correlated) -> Vec<(PlacedAccount, Sym, AccountPlace)> {
    let of_account = |of_account: &[(Actor, Series)]| {
        let mut places: Vec<(PlacedAccount, Sym, AccountPlace)> = Vec::new();
        for (actor, series) in of_account.iter().filter(|(actor, _)| !actor.apikey.is_some()) {
            let account = (joined.nodes.cluster(actor.node), actor.principal);
            let span = TimeSpan { first: series.first(), last: series.last() };
            let next = (account, actor.source, AccountPlace { span, count: series.count() });
            // The series of one pair on several nodes stand together, mostly.
            let same = places.last_mut().filter(|last| is_same(&next, last));
            match same {
                Some(last) => last.2.add(&next.2),
                None => places.push(next),
            }
        }
        places
    };
    let mut places: Vec<_> = joined.successes.par_accounts().flat_map_iter(of_account).collect();
    places.par_sort_unstable_by_key(|(account, source, _)| (*account, *source));
    places.dedup_by(|next, kept| {
        let same = is_same(next, kept);
        if same {
            kept.2.add(&next.2);
        }
        same
    });
    places
}

fn is_same(one: &(PlacedAccount, Sym, AccountPlace), other: &(PlacedAccount, Sym, AccountPlace)) -> bool {
    (one.0, one.1) == (other.0, other.1)
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
