//! Bursts of single tries at an address that many share: each name once, and hardly anybody tries again or gets in. Whoever mistypes
//! or is shut out tries again within minutes; a list that is gone through there does not.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::features::is_shared;
use super::history::Past;
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

/// Share of the accounts that fail and do not, nor get in, that is usual at any address, and how many accounts of its own it is worth.
const GIVES_UP: f64 = 0.35;
const PRIOR: f64 = 20.0;

/// Share of the accounts that try again and do not get in at most: where something broke, it is most of them.
const STUCK: f64 = 0.2;

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
    ends: End,
}

/// What follows a failure within minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    GetsIn,
    TriesAgain,
    Nothing,
}

/// Accounts that failed in a bin.
#[derive(Debug, Clone, Default)]
struct FailedAccounts {
    /// Episodes of those after whose tries nothing followed.
    single: Vec<u32>,
    stuck: usize,
    all: usize,
}

/// Makes strangers of those whose failures are part of such a burst.
pub(super) fn mark(scene: &Scene<'_>, units: &mut [Unit]) {
    let of_unit = |(unit, at): (&Unit, u32)| tries(scene, unit, at);
    let mut tries: Vec<Try> = units.par_iter().zip(0..units.len() as u32).flat_map_iter(of_unit).collect();
    tries.par_sort_unstable();
    let of_place = |tries: &[Try]| {
        let grids = WIDTHS.into_iter().flat_map(|width| [(width, 0), (width, width / 2)]);
        grids.flat_map(|grid| bursts(tries, grid)).collect::<BTreeSet<(u32, Millis)>>()
    };
    let places = tries.par_chunk_by(|a, b| (a.cluster, a.source) == (b.cluster, b.source));
    let chosen: Vec<(u32, Millis)> = places.flat_map_iter(of_place).collect();
    let mut within: BTreeMap<u32, usize> = BTreeMap::new();
    chosen.into_iter().for_each(|(unit, _)| *within.entry(unit).or_default() += 1);
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
    let ends = |place: usize| {
        let time = times[place];
        let gets_in = |past: &&Past| scene.history.first_after(past, time).is_some_and(|s| near(time, s.time));
        let before = place > 0 && near(times[place - 1], time);
        if pasts.iter().any(gets_in) {
            End::GetsIn
        } else if before || times.get(place + 1).is_some_and(|&next| near(time, next)) {
            End::TriesAgain
        } else {
            End::Nothing
        }
    };
    let of = |place: usize| Try {
        cluster: unit.cluster,
        source: unit.source,
        time: times[place],
        unit: at,
        ends: ends(place),
    };
    (0..times.len()).map(of).collect()
}

/// The single tries of an address that are in bins of more of them than is usual there: episode and time.
fn bursts(tries: &[Try], (width, offset): (i64, i64)) -> Vec<(u32, Millis)> {
    let bin = |one: &Try| (one.time.0 - offset).div_euclid(width);
    let bins: Vec<(&[Try], FailedAccounts)> =
        tries.chunk_by(|a, b| bin(a) == bin(b)).map(|tries| (tries, accounts(tries))).collect();
    // What is usual there is told by all but the fullest bin.
    let count = |of: fn(&FailedAccounts) -> usize| bins.iter().map(|(_, accounts)| of(accounts)).sum::<usize>();
    let fullest = bins.iter().map(|(_, accounts)| (accounts.single.len(), accounts.all)).max().unwrap_or((0, 0));
    let other = count(|accounts| accounts.single.len()) - fullest.0;
    let usual = (other as f64 + PRIOR * GIVES_UP) / ((count(|accounts| accounts.all) - fullest.1) as f64 + PRIOR);
    let looked_at = (2.0 * bins.len() as f64).ln();
    let odd = |accounts: &FailedAccounts| {
        let (single, all) = (accounts.single.len(), accounts.all as f64);
        single >= FEWEST
            && accounts.stuck as f64 <= STUCK * all
            && binomial_tail(single as f64, all, usual) < CHANCE - looked_at
    };
    let chosen = bins.iter().filter(|(_, accounts)| odd(accounts));
    let tries = chosen.flat_map(|(tries, accounts)| {
        tries.iter().filter(|one| accounts.single.binary_search(&one.unit).is_ok()).map(|one| (one.unit, one.time))
    });
    tries.collect()
}

/// What became of those who failed in a bin.
fn accounts(tries: &[Try]) -> FailedAccounts {
    let mut ends: Vec<(u32, End)> = tries.iter().map(|one| (one.unit, one.ends)).collect();
    ends.sort_unstable();
    let mut accounts = FailedAccounts::default();
    for own in ends.chunk_by(|a, b| a.0 == b.0) {
        accounts.all += 1;
        match own[0].1 {
            End::GetsIn => {}
            End::TriesAgain => accounts.stuck += 1,
            End::Nothing => accounts.single.push(own[0].0),
        }
    }
    accounts
}
