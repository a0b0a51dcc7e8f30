//! Clients inside that a cluster never let in and that begin to fail together: who set them up gave them the wrong cluster, or the wrong
//! names, or sent them.

use super::scene::Scene;
use super::unit::{Standing, Unit};

/// So few may begin together by chance.
const FEWEST: usize = 3;

/// Tries of each: people give up sooner.
const TRIES: usize = 12;

/// One begins so long after the other at most, milliseconds.
const ONSET: i64 = 300_000;

/// How many times as many tries one of two makes at most.
const ALIKE: usize = 2;

/// Pairs of episodes that are one, of some by time: of accounts that get in nowhere, each at one address inside where nobody else is.
pub(super) fn pairs(scene: &Scene<'_>, units: &[Unit], list: &[u32]) -> Vec<(u32, u32)> {
    let unit = |at: u32| &units[at as usize];
    let is_new = |&at: &u32| {
        let unit = unit(at);
        unit.standing == Standing::Unknown
            && unit.alone
            && unit.len() >= TRIES
            && !scene.is_outside(unit.source)
            && scene.history.source(unit.cluster, unit.source).is_none()
    };
    let new: Vec<u32> = list.iter().copied().filter(is_new).collect();
    let follows = |&a: &u32, &b: &u32| {
        let (a, b) = (unit(a), unit(b));
        let alike = a.len().max(b.len()) <= ALIKE * a.len().min(b.len());
        a.cluster == b.cluster && b.first.0 - a.first.0 <= ONSET && alike
    };
    let runs = new.chunk_by(follows).filter(|run| run.len() >= FEWEST);
    runs.flat_map(|run| run.windows(2).map(|pair| (pair[0], pair[1]))).collect()
}
