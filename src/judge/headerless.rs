//! Clients inside that get in with credentials, and for a time send requests without any: a header that a proxy dropped, a variable that
//! a deployment lost. Each sends a few, so it is all of them together, in a stretch in which a log has nearly all that it has of such
//! requests, that ordinary life does not explain.

use std::collections::{BTreeMap, BTreeSet};

use super::crowd::BUSY;
use super::history::HOUR;
use super::index::Class;
use super::null::poisson_tail;
use super::scene::Scene;
use super::unit::Unit;
use crate::state::Sym;
use crate::time::Millis;

/// A pause that ends such a stretch.
const PAUSE: i64 = 2 * HOUR;

/// Requests of a stretch at least: to try a page in a browser or a command without its password makes fewer.
const FEWEST: usize = 10;

/// Or clients: a few do not lose their credentials in one hour by chance.
const CLIENTS: usize = 5;

/// Share of successes for each such request at most: who gets in meanwhile is asked for credentials and gives them.
const ENTERS: f32 = 0.2;

/// Logarithm of the chance below which a stretch stands out, beyond the number of such stretches in the log.
const CHANCE: f64 = -10.0;

/// Marks the episodes of such stretches.
pub(super) fn mark(scene: &Scene<'_>, units: &mut [Unit]) {
    let mut clients: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| is_client(scene, unit)) {
        clients.entry(unit.cluster).or_default().push(at);
    }
    for (cluster, mut list) in clients {
        list.sort_by_key(|&at| (units[at].first, units[at].last));
        let all: usize = list.iter().map(|&at| units[at].len()).sum();
        let length = scene.length(cluster).max(1) as f64;
        for stretch in stretches(units, &list) {
            let many: usize = stretch.iter().map(|&at| units[at].len()).sum();
            let (first, last) = span(units, &stretch);
            let span = (last.0 - first.0).max(HOUR / 6) as f64;
            let usual = BUSY * ((all - many) as f64).max(1.0) * span / length;
            let clients: BTreeSet<Sym> = stretch.iter().map(|&at| units[at].source).collect();
            if (many >= FEWEST || clients.len() >= CLIENTS)
                && poisson_tail(many as f64, usual) < CHANCE - (length / span).max(1.0).ln()
            {
                stretch.into_iter().for_each(|at| units[at].headerless = true);
            }
        }
    }
}

/// Whether an address inside sends requests without credentials and has some at other times.
fn is_client(scene: &Scene<'_>, unit: &Unit) -> bool {
    unit.class == Class::Anonymous
        && unit.source.is_some()
        && !unit.comes_from_outside(scene)
        && unit.before + unit.after >= 1.0
        && unit.between <= ENTERS * unit.len() as f32
}

/// Episodes, by time, cut where nothing goes on for long.
fn stretches(units: &[Unit], list: &[usize]) -> Vec<Vec<usize>> {
    let mut stretches: Vec<Vec<usize>> = Vec::new();
    let mut end = Millis(i64::MIN);
    for &at in list {
        match stretches.last_mut() {
            Some(stretch) if units[at].first.0.saturating_sub(end.0) <= PAUSE => stretch.push(at),
            _ => stretches.push(vec![at]),
        }
        end = end.max(units[at].last);
    }
    stretches
}

fn span(units: &[Unit], stretch: &[usize]) -> (Millis, Millis) {
    stretch.iter().fold((Millis(i64::MAX), Millis(i64::MIN)), |(first, last), &at| {
        (first.min(units[at].first), last.max(units[at].last))
    })
}
