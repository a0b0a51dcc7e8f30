//! What is known of the addresses that were met: names of networks, lists, databases.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::correlate::Correlated;
use crate::model::{AddressFacts, KnownAddress, ListedAddress};
use crate::network;
use crate::options::Options;
use crate::state::Sym;

/// Which of the addresses from which somebody got in are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Successes {
    /// Those outside the organisation's networks: whoever is at home is no news.
    Outside,
    /// All.
    All,
}

/// Addresses of which something is known, most failures first, and what is wrong with a database, if something is.
#[must_use]
pub fn addresses(joined: &Correlated, options: &Options, successes: Successes) -> (Vec<KnownAddress>, Option<String>) {
    let surroundings = &options.surroundings;
    if options.geography.is_empty() && surroundings.known.is_empty() {
        return (Vec::new(), None);
    }
    let failures = failures(joined);
    let mut wrong = None;
    let mut known = Vec::new();
    for (source, always) in met(joined) {
        let Some(address) = read(joined, source) else { continue };
        if !always && successes == Successes::Outside && !surroundings.is_outside(address) {
            continue;
        }
        let geo = options.geography.find(address).unwrap_or_else(|error| {
            wrong.get_or_insert(error);
            None
        });
        let hides = joined.pseudonymized;
        let listed = surroundings.known.listed(address).map(|known| ListedAddress {
            standing: known.standing.name().to_owned(),
            label: known.label.clone().filter(|_| !hides),
            list: (!hides).then(|| known.list.clone()),
        });
        let facts = AddressFacts {
            network: surroundings.known.network(address).map(str::to_owned),
            listed,
            // A city or a small network may tell who stands behind a pseudonym; a country and a kind do not.
            geo: geo.map(|geo| if hides { geo.coarse() } else { geo }),
        };
        if facts.network.is_some() || facts.listed.is_some() || facts.geo.is_some() {
            let failures = failures.get(&source).copied().unwrap_or(0);
            known.push(KnownAddress {
                address: joined.state.symbols.string(source).unwrap_or_default(),
                failures,
                facts,
            });
        }
    }
    known.sort_by(|a, b| (Reverse(a.failures), &a.address).cmp(&(Reverse(b.failures), &b.address)));
    (known, wrong)
}

/// Addresses that were met, and whether for more than a success.
fn met(joined: &Correlated) -> impl Iterator<Item = (Sym, bool)> {
    let attempts = joined.attempts.iter().map(|attempt| attempt.source);
    let changes = joined.changes_left().map(|(_, change)| change.source);
    let denials = joined.denials.keys().map(|actor| actor.source);
    let powerful = joined.powerful.actions.iter().filter(|action| !action.left_out).map(|action| action.source);
    let away = joined.powerful.turned_away.iter().map(|row| row.first.source);
    let told: BTreeSet<Sym> = attempts.chain(changes).chain(denials).chain(powerful).chain(away).collect();
    let got_in: BTreeSet<Sym> = joined.successes.keys().map(|actor| actor.source).collect();
    let beside: Vec<Sym> = got_in.difference(&told).copied().collect();
    let told = told.into_iter().map(|source| (source, true));
    told.chain(beside.into_iter().map(|source| (source, false))).filter(|(source, _)| source.is_some())
}

fn failures(joined: &Correlated) -> HashMap<Sym, u64, RandomState> {
    let mut failures: HashMap<Sym, u64, RandomState> = HashMap::default();
    for attempt in joined.attempts.iter() {
        *failures.entry(attempt.source).or_default() += 1;
    }
    failures
}

/// The address that a source stands for; `None` where it is none.
fn read(joined: &Correlated, source: Sym) -> Option<IpAddr> {
    network::address(joined.judged(source)?)
}
