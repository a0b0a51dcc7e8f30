//! A campaign: failures that share a cause, whatever it is. Every attempt is in at most one.

use std::collections::BTreeMap;

use super::history::HOUR;
use super::index::Class;
use super::link::Linked;
use super::scene::Scene;
use super::unit::Unit;
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// Passwords and tokens.
    Passwords,
    /// Requests without credentials, as far as is known.
    Bare,
    /// API keys.
    Keys,
    /// Nothing: no realm judged.
    Unjudged,
}

/// Failures that share a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Campaign {
    pub(super) family: Family,
    pub(super) cluster: u16,
    /// Its episodes, by time; of passwords and bare requests.
    pub(super) units: Vec<u32>,
    /// Its attempts, by time.
    pub(super) attempts: Vec<u32>,
    /// Indices into the refusals of keys that were joined, by time.
    pub(super) refusals: Vec<u32>,
    /// Keys, each once, by id.
    pub(super) keys: Vec<Sym>,
    /// Its clients fail on one node above the others.
    pub(super) by_node: bool,
    /// It is part of a surge.
    pub(super) surge: bool,
}

impl Campaign {
    /// First and last failure.
    pub(super) fn span(&self, scene: &Scene<'_>) -> Option<(Millis, Millis)> {
        let attempts = [self.attempts.first(), self.attempts.last()].into_iter().flatten().map(|&at| scene.time(at));
        let refusals = [self.refusals.first(), self.refusals.last()];
        let refusals = refusals.into_iter().flatten().map(|&at| scene.joined.key_failures[at as usize].time);
        let mut times = attempts.chain(refusals);
        let first = times.next()?;
        Some(times.fold((first, first), |(from, to), time| (from.min(time), to.max(time))))
    }

    /// Failures, those without a known client included.
    pub(super) fn failures(&self, scene: &Scene<'_>) -> u64 {
        let known = |&&at: &&u32| scene.joined.key_failures[at as usize].attempt.is_none();
        (self.attempts.len() + self.refusals.iter().filter(known).count()) as u64
    }

    /// A campaign of linked episodes.
    pub(super) fn of_units(scene: &Scene<'_>, units: &[Unit], linked: Linked) -> Self {
        let of = |at: &u32| &units[*at as usize];
        let mut attempts: Vec<u32> =
            linked.units.iter().flat_map(|at| of(at).attempts(scene).iter().copied()).collect();
        attempts.sort_unstable();
        let first = of(&linked.units[0]);
        let bare = first.class == Class::Anonymous;
        Self {
            family: if bare { Family::Bare } else { Family::Passwords },
            cluster: first.cluster,
            units: linked.units,
            attempts,
            refusals: Vec::new(),
            keys: Vec::new(),
            by_node: linked.by_node,
            surge: linked.surge,
        }
    }
}

/// Attempts that no realm judged, by cause: the same reason without a long pause.
pub(super) fn unjudged(scene: &Scene<'_>) -> Vec<Campaign> {
    /// A cause that rests so long is told twice.
    const PAUSE: i64 = 6 * HOUR;
    let mut causes: BTreeMap<(u16, Reason), Vec<Vec<u32>>> = BTreeMap::new();
    for &(at, reason) in &scene.index.unjudged {
        let cause = (scene.cluster(scene.node(at)), reason);
        let runs = causes.entry(cause).or_default();
        let last = runs.last().and_then(|run| run.last()).map(|&last| scene.time(last));
        match (runs.last_mut(), last) {
            (Some(run), Some(last)) if scene.time(at).0 - last.0 <= PAUSE => run.push(at),
            _ => runs.push(vec![at]),
        }
    }
    let campaign = |cluster: u16, attempts: Vec<u32>| Campaign {
        family: Family::Unjudged,
        cluster,
        units: Vec::new(),
        attempts,
        refusals: Vec::new(),
        keys: Vec::new(),
        by_node: false,
        surge: false,
    };
    let runs = causes.into_iter().flat_map(|((cluster, _), runs)| runs.into_iter().map(move |run| (cluster, run)));
    runs.map(|(cluster, run)| campaign(cluster, run)).collect()
}
