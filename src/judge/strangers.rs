//! When strangers came by, and when people were at work: what is compared where the strangers are many.

use std::collections::BTreeMap;

use super::index::Class;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::reason::Reason;
use crate::time::Millis;

/// Tries of a stranger who mistypes, or has no account.
const TRIES: usize = 3;

/// Moments of people at work without which the hours of a site are not known, and how many of each pair of account and address
/// are looked at.
const KNOWN: usize = 20;
const MOMENTS: usize = 16;

/// Times by cluster, in order.
type Times = BTreeMap<u16, Vec<Millis>>;

/// When strangers came, and when people were at work.
#[derive(Debug)]
pub(super) struct Strangers {
    came: Times,
    work: Times,
}

impl Strangers {
    pub(super) fn new(scene: &Scene<'_>, units: &[Unit]) -> Self {
        let (mut came, mut work) = (Times::new(), Times::new());
        for unit in units.iter().filter(|unit| is_passing(scene, unit)) {
            came.entry(unit.cluster).or_default().push(unit.first);
        }
        let own = scene.history.pasts().iter().filter(|past| !past.key.is_some());
        for past in own.filter(|past| !scene.is_program(past.cluster, past.principal)) {
            let moments = scene.history.stretches(past).take(MOMENTS).map(|(first, _)| first);
            work.entry(past.cluster).or_default().extend(moments);
        }
        came.values_mut().chain(work.values_mut()).for_each(|times| times.sort_unstable());
        Self { came, work }
    }

    /// How many come outside of a stretch of time.
    pub(super) fn beside(&self, cluster: u16, stretch: (Millis, Millis)) -> usize {
        let times = of(&self.came, cluster);
        times.len() - within(times, stretch)
    }

    /// How often people were at work in the whole log, as far as successes tell.
    pub(super) fn at_work(&self, cluster: u16) -> Option<usize> {
        let times = of(&self.work, cluster);
        (times.len() >= KNOWN).then_some(times.len())
    }

    /// The part of its hours of work that a site has in a stretch of time.
    pub(super) fn hours(&self, cluster: u16, stretch: (Millis, Millis)) -> Option<f64> {
        self.at_work(cluster).map(|all| within(of(&self.work, cluster), stretch) as f64 / all as f64)
    }
}

fn of(times: &Times, cluster: u16) -> &[Millis] {
    times.get(&cluster).map_or(&[], Vec::as_slice)
}

/// How many of these times lie in a stretch.
fn within(times: &[Millis], (from, to): (Millis, Millis)) -> usize {
    times.partition_point(|&time| time <= to) - times.partition_point(|&time| time < from)
}

/// Whether an episode is that of a stranger outside who passes by. Who has an account and cannot get in is none.
pub(super) fn is_passing(scene: &Scene<'_>, unit: &Unit) -> bool {
    let stranger = matches!(unit.standing, Standing::Unknown | Standing::UnknownAccount | Standing::Blind);
    let exists = |&at: &u32| scene.attempt(at).reason == Reason::BadPassword;
    unit.class == Class::Named
        && stranger
        && unit.len() <= TRIES
        && scene.is_outside(unit.source)
        && !unit.attempts(scene).iter().any(exists)
}
