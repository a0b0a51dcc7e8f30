//! How often accounts come to a place outside where they had never been: what a success amid a crowd of strangers is weighed
//! against. Whoever comes for the first time while a campaign lasts is one of its hits, or would have come anyway.

use std::collections::BTreeMap;

use super::crowd::BUSY;
use super::history::{HOUR, Past, Sum};
use super::scene::Scene;
use crate::time::Millis;

/// Shares of the tries of a campaign that are right, and how likely each is: of lists of leaked credentials 0.1 to 2 % work (Shape
/// Security, Credential Spill Report 2018), of guessed passwords about as many; of a list that is made for one organisation, or of
/// its password of the season, far more.
const HITS: [(f64, f64); 8] =
    [(0.001, 0.17), (0.002, 0.17), (0.005, 0.17), (0.01, 0.17), (0.02, 0.17), (0.05, 0.09), (0.1, 0.04), (0.2, 0.02)];

/// Share up to which tries are right whose names nobody here has: more fall only where the names are known.
const OF_STRANGERS: f64 = 0.02;

/// How much busier than the rest of the log the time of a campaign may be by chance, and how likely that is: a conference, a move,
/// a day on which all work from home.
const BURSTS: [(f64, f64); 5] = [(1.0, 0.96), (3.0, 0.03), (10.0, 0.008), (30.0, 0.0015), (100.0, 0.0005)];

/// Share of the tries from addresses that made none before below which a campaign has its fixed addresses.
const FEW_UNSEEN: f64 = 0.05;

/// Chance that a campaign has hits from addresses that it did not use before, where such are usual for it, and where it has its fixed
/// ones.
const HAS_HITS: [f64; 2] = [0.8, 0.05];

/// Accounts at most that an attack gets into from one address.
const HITS_OF_ONE_PLACE: u32 = 2;

/// Such arrivals that a log is taken to hold besides those that are seen.
const PRIOR: f64 = 0.5;

/// Arrivals of accounts that never leave their desk that a log is taken to hold besides, where the places of those that are
/// seen are weighed.
const PRIOR_STRANGE: f64 = 1.0;

/// The tries of a campaign from many addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    pub(super) tries: f64,
    /// Chance that the next try comes from an address that made none yet.
    pub(super) unseen: f64,
    /// Share of the tries whose account gets in somewhere.
    pub(super) known: f64,
}

/// First successes at networks outside of accounts that got in elsewhere before, by cluster, then time.
#[derive(Debug)]
pub(super) struct Arrivals<'s> {
    arrivals: BTreeMap<u16, Vec<&'s Past>>,
    /// How strange the places are to these accounts on the average, by cluster.
    strange: BTreeMap<u16, f64>,
    scene: &'s Scene<'s>,
}

/// Whether hardly anybody gets in from an address: where several come to one place, it is a new site.
pub(super) fn is_one_persons(sum: &Sum) -> bool {
    sum.others <= HITS_OF_ONE_PLACE
}

impl<'s> Arrivals<'s> {
    pub(super) fn new(scene: &'s Scene<'s>) -> Self {
        let mut arrivals: BTreeMap<u16, Vec<&'s Past>> = BTreeMap::new();
        let alone = |past: &Past| scene.history.source(past.cluster, past.source).is_some_and(is_one_persons);
        let own = scene.history.pasts().iter().filter(|past| !past.key.is_some() && scene.is_outside(past.source));
        for past in own.filter(|past| alone(past)) {
            let known = scene.net(past.source).and_then(|net| scene.history.network(past.cluster, past.principal, net));
            let account = scene.history.account(past.cluster, past.principal);
            let is_known = account.is_some_and(|sum| sum.first < past.first);
            if is_known && known.is_none_or(|first| first == past.first) {
                arrivals.entry(past.cluster).or_default().push(past);
            }
        }
        arrivals.values_mut().for_each(|list| list.sort_by_key(|past| past.first));
        let strange = |list: &[&Past]| {
            let strangeness = |past: &&Past| scene.strangeness(past.cluster, past.principal, past.source, past.first);
            (PRIOR_STRANGE + list.iter().map(strangeness).sum::<f64>()) / (PRIOR_STRANGE + list.len() as f64)
        };
        let strange = arrivals.iter().map(|(cluster, list)| (*cluster, strange(list))).collect();
        Self { arrivals, strange, scene }
    }

    /// Those from one time to another, inclusive, by time.
    pub(super) fn within(&self, cluster: u16, from: Millis, to: Millis) -> &[&'s Past] {
        let list = self.arrivals.get(&cluster).map_or(&[][..], Vec::as_slice);
        let (start, end) =
            (list.partition_point(|past| past.first < from), list.partition_point(|past| past.first <= to));
        &list[start..end]
    }

    /// How strange a new place is to who comes to it on the average, from 0 to 1: what is weighed against the rate of arrivals
    /// is weighed by how it differs from these.
    pub(super) fn usual_strangeness(&self, cluster: u16) -> f64 {
        self.strange.get(&cluster).copied().unwrap_or(1.0)
    }

    /// Logarithm of the odds that an arrival within so many tries is a hit of theirs, and none that would have come anyway at
    /// the rate of the rest of the log.
    pub(super) fn odds(&self, cluster: u16, (from, to): (Millis, Millis), crowd: Crowd) -> f64 {
        let amid = self.within(cluster, from, to).len() as f64;
        let all = self.arrivals.get(&cluster).map_or(0, Vec::len) as f64;
        let within = ((to.0 - from.0) as f64).max(1000.0);
        // An hour at least is left of a log that is all campaign.
        let rest = (self.scene.length(cluster) as f64 - within).max(HOUR as f64);
        let anyway = BUSY * (all - amid + PRIOR) * within / rest;
        hits_to_others(amid, anyway, crowd).ln()
    }
}

/// How many of so many arrivals amid so many tries are hits, to one that would have come anyway, where `anyway` are expected: neither the
/// share of tries that are right nor how busy the time is besides is known, so all of both are weighed by how well they explain the
/// number.
fn hits_to_others(amid: f64, anyway: f64, crowd: Crowd) -> f64 {
    let has_hits = HAS_HITS[usize::from(crowd.unseen < FEW_UNSEEN)];
    let shares = HITS.map(|(share, likely)| (share, likely * if share > OF_STRANGERS { crowd.known } else { 1.0 }));
    let all: f64 = shares.iter().map(|(_, likely)| likely).sum();
    let shares = shares.map(|(share, likely)| (share * crowd.tries, has_hits * likely / all));
    let (mut hits, mut others) = (0.0, f64::MIN_POSITIVE);
    let most = amid.max(1.0);
    // The logarithm of a Poisson mass but for what is the same everywhere, against that of the best mean.
    let mass = |mean: f64| (amid * (mean / most).ln() - mean + most).exp();
    for (right, likely) in shares.into_iter().chain([(0.0, 1.0 - has_hits)]) {
        for (burst, chance) in BURSTS {
            let others_here = anyway * burst;
            let mean = right + others_here;
            let weight = likely * chance * mass(mean);
            hits += weight * right / mean;
            others += weight * others_here / mean;
        }
    }
    hits / others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odds(amid: f64, anyway: f64, tries: f64, known: f64) -> f64 {
        hits_to_others(amid, anyway, Crowd { tries, unseen: 1.0, known })
    }

    #[test]
    fn what_comes_at_the_usual_rate_is_nobodys_hit_and_a_rush_amid_tries_is() {
        // Three in three minutes of a fortnight in which nobody else came.
        assert!(odds(3.0, 0.0005, 32.0, 1.0) > 100.0);
        // As many as come anyway.
        assert!(odds(3.0, 3.0, 32.0, 1.0) < 0.3);
        // A crowd at noon, and few tries that could be right; or names that nobody here has.
        assert!(odds(40.0, 20.0, 60.0, 1.0) < 1.0);
        assert!(odds(20.0, 0.4, 200.0, 0.0) < 1.0 && odds(20.0, 0.4, 200.0, 1.0) > 3.0);
        // One, where one in a thousand tries would do.
        assert!(odds(1.0, 0.01, 1000.0, 0.0) > 20.0);
        for tries in [1.0, 1e3, 1e6] {
            for anyway in [1e-9, 1.0, 1e6] {
                assert!(odds(0.0, anyway, tries, 1.0).is_finite());
            }
        }
    }

    #[test]
    fn more_that_come_anyway_never_make_a_hit_likelier() {
        let rates = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0];
        for amid in [1.0, 3.0, 10.0, 30.0] {
            let odds: Vec<f64> = rates.iter().map(|&rate| odds(amid, rate, 300.0, 0.5)).collect();
            assert!(odds.windows(2).all(|pair| pair[1] <= pair[0]), "{amid}: {odds:?}");
        }
    }
}
