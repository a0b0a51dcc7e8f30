//! Strangers whose requests without credentials a proxy of the organisation's passes on beside those of clients inside: the address
//! that the request comes from is the proxy's, and only `x_forwarded_for` tells them apart. A client may write there what it likes,
//! so this splits what one address sent, and nothing is put down to the address that is named.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::place::Address;
use crate::correlate::Correlated;
use crate::options::Surroundings;
use crate::state::{Outcome, Sym};

/// Clients inside that an address passes on at least, and how many of them for each stranger: where customers come through it,
/// nobody is a stranger.
const CLIENTS: usize = 3;
const FOR_EACH: usize = 4;

/// Whether nearly each of many tries for few accounts names another client first in `x_forwarded_for`. Proxies write it of who connects
/// to them, each client's again and again; another each time is what somebody writes who hides.
pub(super) fn are_forged(joined: &Correlated, attempts: &[u32], accounts: usize) -> bool {
    /// Tries, for how many of them another client is named, and how many clients for each account.
    const TRIES: usize = 12;
    const SHARE: f64 = 0.8;
    const AN_ACCOUNT: usize = 4;
    if joined.forwarded.is_empty() || attempts.len() < TRIES {
        return false;
    }
    let named = |&at: &u32| {
        let text = joined.judged(*joined.forwarded.get(&joined.attempts[at as usize].pos)?)?;
        text.split(|&byte| byte == b',').next().map(<[u8]>::trim_ascii)
    };
    let clients: HashSet<&[u8], RandomState> = attempts.iter().filter_map(named).collect();
    clients.len() as f64 >= SHARE * attempts.len() as f64 && clients.len() >= AN_ACCOUNT * accounts
}

/// What an address passes on: clients inside, and attempts of strangers.
#[derive(Debug, Default)]
struct PassedOn {
    inside: HashSet<Sym, RandomState>,
    strangers: Vec<(u32, Sym)>,
}

/// Attempts that a proxy inside passed on for a stranger outside, by number, with the address that it names.
pub(super) fn strangers(
    joined: &Correlated,
    known: &Surroundings,
    is_outside: impl Fn(Sym) -> bool,
) -> HashMap<u32, Sym, RandomState> {
    let mut proxies: BTreeMap<Sym, PassedOn> = BTreeMap::new();
    if joined.forwarded.is_empty() {
        return HashMap::default();
    }
    for (at, attempt) in (0..).zip(joined.attempts.iter()) {
        let bare = attempt.outcome == Outcome::AnonymousDenied && attempt.source.is_some();
        let Some(&client) = joined.forwarded.get(&attempt.pos).filter(|_| bare && !is_outside(attempt.source)) else {
            continue;
        };
        // A list of several is what several proxies, or the client, wrote.
        let Some(address) = joined.judged(client).and_then(|text| Address::of(text, known)) else { continue };
        let passed_on = proxies.entry(attempt.source).or_default();
        if address.outside {
            passed_on.strangers.push((at, client));
        } else {
            passed_on.inside.insert(client);
        }
    }
    let few = |passed_on: &PassedOn| {
        let clients: HashSet<Sym, RandomState> = passed_on.strangers.iter().map(|(_, client)| *client).collect();
        passed_on.inside.len() >= CLIENTS.max(FOR_EACH * clients.len())
    };
    proxies.into_values().filter(few).flat_map(|passed_on| passed_on.strangers).collect()
}
