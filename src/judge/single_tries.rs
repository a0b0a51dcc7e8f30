//! Bursts of single tries at an address that many share: each name once, and hardly anybody tries again or gets in. Whoever mistypes
//! or is shut out tries again within minutes; a list that is gone through there does not.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::features::is_shared;
use super::index::Class;
use super::null::binomial_tail;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;
use crate::time::Millis;

/// Widths of the bins that are looked at: a list in minutes, and in an hour. Each is laid over the log twice, the second time half a
/// bin later.
const WIDTHS: [i64; 2] = [600_000, 3_600_000];

/// People who fail try again, or get in, within so long.
const SOON: i64 = 600_000;

/// Share of failures after which nobody does so that is usual at any address, and how many failures of its own it is worth.
const GIVES_UP: f64 = 0.35;
const PRIOR: f64 = 20.0;

/// Share of the tries of a burst that are single.
const MOST: f64 = 0.8;

/// Fewer names are no list.
const FEWEST: usize = 10;

/// Logarithm of the chance below which a bin stands out, beyond the number of bins looked at.
const CHANCE: f64 = -8.0;

/// A failure at an address that many share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Try {
    cluster: u16,
    source: Sym,
    time: Millis,
    unit: u32,
    single: bool,
}

/// Makes strangers of those whose failures are part of such a burst.
pub(super) fn mark(scene: &Scene<'_>, units: &mut [Unit]) {
    let of_unit = |(unit, at): (&Unit, u32)| tries(scene, unit, at);
    let mut tries: Vec<Try> = units.par_iter().zip(0..units.len() as u32).flat_map_iter(of_unit).collect();
    tries.par_sort_unstable();
    let mut within: BTreeMap<u32, usize> = BTreeMap::new();
    for of_place in tries.chunk_by(|a, b| (a.cluster, a.source) == (b.cluster, b.source)) {
        let mut chosen = vec![false; of_place.len()];
        for width in WIDTHS {
            [0, width / 2].into_iter().for_each(|offset| bursts(of_place, (width, offset), &mut chosen));
        }
        for (one, _) in of_place.iter().zip(chosen).filter(|(one, chosen)| *chosen && one.single) {
            *within.entry(one.unit).or_default() += 1;
        }
    }
    for (at, count) in within {
        let unit = &mut units[at as usize];
        if count * 2 >= unit.len() {
            unit.crowd = true;
            if unit.standing.is_local() {
                unit.standing = Standing::Strange;
            }
        }
    }
}

/// The failures of an episode of a person's at an address that many share, where the log would show who gets in.
fn tries(scene: &Scene<'_>, unit: &Unit, at: u32) -> Vec<Try> {
    let looked_at = unit.class == Class::Named
        && !unit.program
        && unit.standing != Standing::Blind
        && is_shared(scene, unit.cluster, unit.source);
    if !looked_at {
        return Vec::new();
    }
    let pasts = unit.pasts(scene);
    let times: Vec<Millis> = unit.attempts(scene).iter().map(|&attempt| scene.time(attempt)).collect();
    let near = |a: Millis, b: Millis| b.0 - a.0 <= SOON;
    let single = |place: usize| {
        let time = times[place];
        let before = place > 0 && near(times[place - 1], time);
        let after = times.get(place + 1).is_some_and(|&next| near(time, next));
        let gets_in =
            |past: &&super::history::Past| scene.history.first_after(past, time).is_some_and(|s| near(time, s.time));
        !before && !after && !pasts.iter().any(gets_in)
    };
    let of = |place: usize| Try {
        cluster: unit.cluster,
        source: unit.source,
        time: times[place],
        unit: at,
        single: single(place),
    };
    (0..times.len()).map(of).collect()
}

/// Chooses the failures of an address that are in bins of single tries.
fn bursts(tries: &[Try], (width, offset): (i64, i64), chosen: &mut [bool]) {
    let bin = |one: &Try| (one.time.0 - offset).div_euclid(width);
    let single = |tries: &[Try]| tries.iter().filter(|one| one.single).count();
    let bins = || tries.chunk_by(|a, b| bin(a) == bin(b));
    // What is usual there is told by all but the fullest bin.
    let (most, rest) = bins().map(|of_bin| (single(of_bin), of_bin.len())).max().unwrap_or((0, 0));
    let (other, all) = (single(tries) - most, tries.len() - rest);
    let usual = (other as f64 + PRIOR * GIVES_UP) / (all as f64 + PRIOR);
    let looked_at = (2.0 * bins().count() as f64).ln();
    let mut start = 0;
    for of_bin in bins() {
        let (once, all) = (single(of_bin), of_bin.len());
        let odd = once >= FEWEST
            && once as f64 >= MOST * all as f64
            && binomial_tail(once as f64, all as f64, usual) < CHANCE - looked_at;
        if odd {
            chosen[start..start + all].fill(true);
        }
        start += all;
    }
}
