//! How often accounts come to a place outside where they had never been: what a success amid a crowd of strangers is weighed
//! against. Whoever comes for the first time while a campaign lasts is one of its hits, or would have come anyway.

use std::collections::BTreeMap;

use super::crowd::BUSY;
use super::history::{HOUR, Past, Sum};
use super::scene::Scene;
use crate::time::Millis;

/// Tries of a campaign of which one is right: of lists of leaked credentials 0.1 to 2 % work (Shape Security, Credential Spill
/// Report 2018), of guessed passwords about as many.
const HITS: f64 = 0.005;

/// Share of the tries from addresses that made none before below which a campaign has its fixed addresses.
const FEW_UNSEEN: f64 = 0.05;

/// Accounts at most that an attack gets into from one address.
const HITS_OF_ONE_PLACE: u32 = 2;

/// Such arrivals that a log is taken to hold besides those that are seen.
const PRIOR: f64 = 0.5;

/// Arrivals of accounts that never leave their desk that a log is taken to hold besides, where the places of those that are
/// seen are weighed.
const PRIOR_STRANGE: f64 = 1.0;

/// First successes at networks outside of accounts that got in elsewhere before, by cluster, then time.
#[derive(Debug)]
pub(super) struct Arrivals<'s> {
    arrivals: BTreeMap<u16, Vec<&'s Past>>,
    /// How strange the places are to these accounts on the average, by cluster.
    strange: BTreeMap<u16, f64>,
    /// Length of the log.
    length: f64,
}

/// Whether hardly anybody gets in from an address: where several come to one place, it is a new site.
pub(super) fn is_one_persons(sum: &Sum) -> bool {
    sum.others <= HITS_OF_ONE_PLACE
}

impl<'s> Arrivals<'s> {
    pub(super) fn new(scene: &'s Scene<'_>) -> Self {
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
        Self { arrivals, strange, length: scene.length() as f64 }
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
    /// the rate of the rest of the log; `unseen` is the chance that the next try comes from an address that made none yet.
    pub(super) fn odds(&self, cluster: u16, (from, to): (Millis, Millis), tries: usize, unseen: f64) -> f64 {
        let amid = self.within(cluster, from, to).len() as f64;
        let all = self.arrivals.get(&cluster).map_or(0, Vec::len) as f64;
        let within = ((to.0 - from.0) as f64).max(1000.0);
        // An hour at least is left of a log that is all campaign.
        let rest = (self.length - within).max(HOUR as f64);
        let most = HITS * tries as f64;
        // What comes beyond the hits that so many tries have comes anyway, whatever the rest of the log is like.
        let expected = (BUSY * (all - amid + PRIOR) * within / rest).max(amid - most);
        // Where hardly any address is new, hits come from those that are known, unless more arrive than would anyway.
        let hits = if unseen < FEW_UNSEEN { (amid - expected).clamp(0.0, most) } else { most };
        (hits.max(f64::MIN_POSITIVE) / expected).ln()
    }
}
