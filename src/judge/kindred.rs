//! Sweeps of strangers that are alike: several sources that share out one list of names at one pace, and a crowd that comes
//! again after a rest. Nothing but their shape and their time says that they are one, so both must agree; but inside, where a second
//! host that goes through names within the hour is none of another's.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::features::is_shared;
use super::history::{DAY, HOUR};
use super::scene::Scene;
use super::unit::Unit;
use crate::state::Sym;
use crate::time::Millis;

/// Accounts of a sweep at least.
const ACCOUNTS: usize = 5;

/// Sources of a crowd at least.
const SOURCES: usize = 5;

/// Share of the longer of two sweeps in which both go on, where they go on together.
const TOGETHER: f64 = 0.75;

/// How many times as many tries, accounts for each source, and tries an hour one of two that are alike has at most.
const ALIKE: f64 = 1.6;
const ALIKE_AGAIN: f64 = 3.0;

/// A crowd that comes again does so within a weekend.
const REST: i64 = 3 * DAY;

/// How many of the sweeps before one it is compared with: attackers are few.
const BEFORE: usize = 16;

/// A sweep of strangers.
struct KindredSweep {
    /// All of its hosts are inside, and nobody's but their users'.
    inside: bool,
    /// All of its hosts are outside.
    outside: bool,
    /// One of its episodes.
    unit: u32,
    cluster: u16,
    first: Millis,
    last: Millis,
    tries: f64,
    accounts: f64,
    sources: f64,
}

/// Pairs of episodes whose campaigns are one, of campaigns that are told by their episodes.
pub(super) fn pairs<'l>(
    scene: &Scene<'_>,
    units: &[Unit],
    campaigns: impl Iterator<Item = &'l [u32]>,
) -> Vec<(u32, u32)> {
    let mut sweeps: Vec<KindredSweep> = campaigns.filter_map(|campaign| sweep(scene, units, campaign)).collect();
    sweeps.sort_by_key(|sweep| (sweep.cluster, sweep.first, sweep.last, sweep.unit));
    let mut pairs = Vec::new();
    for (at, sweep) in sweeps.iter().enumerate() {
        let before = sweeps[..at].iter().rev().take(BEFORE).filter(|other| other.cluster == sweep.cluster);
        let alike = before.filter(|other| {
            if other.inside && sweep.inside {
                return sweep.first.0 - other.last.0 <= HOUR;
            }
            other.inside == sweep.inside && (is_together(other, sweep) || is_return(other, sweep))
        });
        pairs.extend(alike.map(|other| (other.unit, sweep.unit)));
    }
    pairs
}

fn sweep(scene: &Scene<'_>, units: &[Unit], campaign: &[u32]) -> Option<KindredSweep> {
    let of = |at: &u32| &units[*at as usize];
    let distinct =
        |key: fn(&Unit) -> Sym| campaign.iter().map(|at| key(of(at))).collect::<HashSet<Sym, RandomState>>().len();
    let (&unit, first) = (campaign.first()?, campaign.first().map(of)?);
    let outside = campaign.iter().filter(|at| scene.is_outside(of(at).source)).count();
    let all_outside = outside == campaign.len();
    let inside = outside == 0 && !campaign.iter().any(|at| is_shared(scene, of(at).cluster, of(at).source));
    if campaign.len() < ACCOUNTS || !all_outside && !inside {
        return None;
    }
    let (accounts, sources) = (distinct(|unit| unit.principal), distinct(|unit| unit.source));
    (accounts >= ACCOUNTS).then(|| KindredSweep {
        inside,
        outside: all_outside,
        unit,
        cluster: first.cluster,
        first: campaign.iter().map(|at| of(at).first).min().unwrap_or(first.first),
        last: campaign.iter().map(|at| of(at).last).max().unwrap_or(first.last),
        tries: campaign.iter().map(|at| of(at).len()).sum::<usize>() as f64,
        accounts: accounts as f64,
        sources: sources as f64,
    })
}

fn near(one: f64, other: f64, most: f64) -> bool {
    one.max(other) <= most * one.min(other)
}

/// Whether two go on at the same time and share the work.
fn is_together(one: &KindredSweep, other: &KindredSweep) -> bool {
    let span = |sweep: &KindredSweep| (sweep.last.0 - sweep.first.0) as f64;
    let both = (one.last.0.min(other.last.0) - one.first.0.max(other.first.0)) as f64;
    both >= TOGETHER * span(one).max(span(other))
        && near(one.tries / one.sources, other.tries / other.sources, ALIKE)
        && near(one.tries / one.accounts, other.tries / other.accounts, ALIKE)
}

/// Whether two begin at one hour of different days.
fn is_same_hour(one: Millis, other: Millis) -> bool {
    let apart = (one.0 - other.0).rem_euclid(DAY);
    apart.min(DAY - apart) <= HOUR
}

/// Whether one is a crowd that comes again as the other after a rest, or one from outside that comes at its hour.
fn is_return(one: &KindredSweep, other: &KindredSweep) -> bool {
    let pace = |sweep: &KindredSweep| sweep.tries / (sweep.last.0 - sweep.first.0).max(HOUR / 6) as f64;
    let rest = other.first.0 - one.last.0;
    let crowds = one.sources.min(other.sources) >= SOURCES as f64;
    (0..=REST).contains(&rest)
        && (crowds || one.outside && other.outside && is_same_hour(one.first, other.first))
        && near(pace(one), pace(other), ALIKE_AGAIN)
        && near(one.accounts / one.sources, other.accounts / other.sources, ALIKE_AGAIN)
        && near(one.tries / one.accounts, other.tries / other.accounts, ALIKE_AGAIN)
}
