//! How often accounts of this log get in from places that are new to them: what makes a new place strange.
//!
//! Smoothed from the account to everybody, as Freeman et al. (NDSS 2016) smooth the places of logins: who uses many places
//! will use another, who never leaves the desk will not.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::history::{HOUR, Past, SuccessHistory};
use super::place::Net;
use crate::state::Sym;
use crate::time::Millis;

/// How many days of accounts the prior of new places is worth, and its share of days at a new place: on 1 in 200 days
/// somebody is at another place for the first time.
const PRIOR_DAYS: f64 = 100.0;
pub(super) const PRIOR_NEW: f64 = 0.005;

/// How many days of an account count as much as what everybody does.
pub(super) const DAYS_OF_EVERYBODY: f64 = 5.0;

/// New addresses of a network from which an account comes within so long are of one visit.
pub(super) const VISIT: i64 = 6 * HOUR;

/// Successes of a pair that was seen once: a login and what was done then.
const ONCE: u32 = 5;

/// Which kind of new place: an address of a network that the account used before, another network inside, or one outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newness {
    Address,
    Network,
    Outside,
}

/// Shares of days on which an account is at a new place, by whether it is a program and by kind of place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Places {
    pub(super) shares: [[f64; 3]; 2],
    /// Chance that the next login is of a pair that was never seen, by whether its address lies outside.
    unseen: [f64; 2],
    /// Successes with a password or token.
    pub(super) logins: u64,
    /// Networks outside, and how many accounts come from several of their addresses, a visit each.
    pools: HashMap<(u16, Net), u32, RandomState>,
}

impl Places {
    pub(super) fn new(
        history: &SuccessHistory<'_>,
        is_program: impl Fn(u16, Sym) -> bool,
        net: impl Fn(Sym) -> Option<(Net, bool)>,
    ) -> Self {
        let (mut days, mut new) = ([0.0; 2], [[0.0; 3]; 2]);
        let (mut logins, mut once, mut all) = (0, [0.0; 2], 0.0);
        let mut pools: HashMap<(u16, Net), u32, RandomState> = HashMap::default();
        let own: Vec<&Past> = history.pasts().iter().filter(|past| !past.key.is_some()).collect();
        for account in own.chunk_by(|a, b| (a.cluster, a.principal) == (b.cluster, b.principal)) {
            let (cluster, principal) = (account[0].cluster, account[0].principal);
            let who = usize::from(is_program(cluster, principal));
            let first = account.iter().map(|past| past.first).min();
            for net in pools_of(account, &net) {
                *pools.entry((cluster, net)).or_default() += 1;
            }
            for past in account {
                logins += u64::from(past.count);
                days[who] += f64::from(past.days);
                all += f64::from(past.days);
                let place = net(past.source);
                let outside = place.is_some_and(|(_, outside)| outside);
                let known = place.and_then(|(net, _)| history.network(cluster, principal, net));
                // Another address of a host that is known is none that was not seen.
                let is_seen =
                    place.is_some_and(|(net, _)| net.is_v6()) && known.is_some_and(|first| first < past.first);
                once[usize::from(outside)] += f64::from(u8::from(past.days <= 1 && past.count <= ONCE && !is_seen));
                if Some(past.first) != first {
                    new[who][newness(place, known, past.first) as usize] += 1.0;
                }
            }
        }
        let share = |count: f64, days: f64| ((count + PRIOR_DAYS * PRIOR_NEW) / (days + PRIOR_DAYS)).min(1.0);
        // Good & Turing: what is seen once tells how much is not seen.
        let unseen = once.map(|once| ((once + PRIOR_DAYS * PRIOR_NEW) / (all + PRIOR_DAYS)).min(1.0));
        Self { unseen, shares: [0, 1].map(|who| new[who].map(|count| share(count, days[who]))), logins, pools }
    }

    /// How many accounts come from several addresses of a network outside, at several times.
    pub(super) fn pool(&self, cluster: u16, net: Net) -> u32 {
        self.pools.get(&(cluster, net)).copied().unwrap_or(0)
    }

    /// Chance that a login is of an account and an address of which nothing else is seen in this log.
    pub(super) fn unseen(&self, outside: bool) -> f64 {
        self.unseen[usize::from(outside)]
    }
}

/// The networks outside from which an account comes at several times, from another address each.
fn pools_of(account: &[&Past], net: &impl Fn(Sym) -> Option<(Net, bool)>) -> Vec<Net> {
    let outside = |past: &&Past| net(past.source).filter(|(_, outside)| *outside).map(|(net, _)| (net, past.first.0));
    let mut visits: Vec<(Net, i64)> = account.iter().filter_map(outside).collect();
    visits.sort_unstable();
    let own = visits.chunk_by(|a, b| a.0 == b.0);
    own.filter(|visits| visits[visits.len() - 1].1 - visits[0].1 >= VISIT).map(|visits| visits[0].0).collect()
}

/// Which kind of new place an address is, whose network the account first used at a time.
pub(super) fn newness(place: Option<(Net, bool)>, known: Option<Millis>, before: Millis) -> Newness {
    match place {
        _ if known.is_some_and(|first| first < before) => Newness::Address,
        Some((_, true)) => Newness::Outside,
        _ => Newness::Network,
    }
}
