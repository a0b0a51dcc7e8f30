//! Hosts that were at work as one account until they began to fail as another: an application that was given a new name, or a
//! template of one that nobody filled in.

use super::history::HOUR;
use super::scene::Scene;
use super::unit::Unit;
use crate::time::Millis;

/// Fewer hosts could be one that was broken into and its neighbours.
const HOSTS: usize = 5;

/// A host got in so often before, at least, and failed so often since.
const AT_WORK: f64 = 6.0;
const FAILS: usize = 6;

/// How many of its usual pauses after its last success a host begins to fail.
const PAUSES: f64 = 8.0;

/// Share of the hosts that did so.
const MOST: f64 = 0.8;

/// Whether those who fail as one account are hosts that got in as others up to then, and no longer: whoever guesses takes no
/// place of anybody's.
pub(super) fn are_hosts<'u>(scene: &Scene<'_>, units: impl Iterator<Item = &'u Unit>) -> bool {
    let (mut all, mut renamed) = (0, 0);
    for unit in units.filter(|unit| unit.len() >= FAILS) {
        all += 1;
        renamed += usize::from(is_renamed(scene, unit));
    }
    renamed >= HOSTS && renamed as f64 >= MOST * f64::from(all)
}

/// Whether those who fail as one account, however few, are such hosts, and the new name is the old one written wrong: it gets in nowhere,
/// and all who got in there bear nearly the same.
pub(super) fn are_misspelled<'u>(scene: &Scene<'_>, mut units: impl Iterator<Item = &'u Unit>) -> bool {
    units.all(|unit| {
        let mut before = scene.history.of_source(unit.cluster, unit.source).filter(|past| past.first < unit.first);
        unit.len() >= FAILS
            && scene.history.account(unit.cluster, unit.principal).is_none()
            && before.all(|past| scene.resemble(past.principal, unit.principal))
            && is_renamed(scene, unit)
    })
}

/// Whether all who got in from the address of an episode did so up to its beginning, and nobody while it lasted.
fn is_renamed(scene: &Scene<'_>, unit: &Unit) -> bool {
    let (mut count, mut first, mut last) = (0.0, unit.first, Millis(i64::MIN));
    let before = Millis(unit.first.0 - 1);
    for past in scene.history.of_source(unit.cluster, unit.source).filter(|past| past.first < unit.first) {
        // The new name works once the fault is mended, the old one where it is taken back.
        if scene.history.within(past, unit.first, unit.last) >= 1.0 {
            return false;
        }
        count += scene.history.within(past, past.first, before);
        first = first.min(past.first);
        last = last.max(past.last.min(before));
    }
    let pause = (unit.first.0 - first.0) as f64 / count.max(1.0);
    count >= AT_WORK && unit.first.0 - first.0 >= HOUR && ((unit.first.0 - last.0) as f64) <= PAUSES * pause
}
