//! Stretches of time in which far more accounts than usual fail from their own places without getting in: the change of a
//! site-wide rate (Javed & Paxson, CCS 2013), asked of those who ordinarily get in. Something broke then.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::history::Past;
use super::index::Class;
use super::null::binomial_tail;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;
use crate::time::Millis;

/// Width of a bin at least, and bins of a log at most.
const NARROWEST: i64 = 600_000;
const MOST_BINS: i64 = 5000;

/// Pairs that must fail at once at least.
const FEWEST: f64 = 4.0;

/// Logarithm of the chance below which a bin stands out, beyond the number of bins looked at.
const CHANCE: f64 = -12.0;

/// Bins without an excess that a surge may bridge.
const BRIDGE: i64 = 3;

/// Tries that people who are shut out make, most of them: from a place where the account never gets in, more are no part of what
/// broke, as nothing there had worked.
const MOST_TRIES: usize = 12;

/// Accounts of an address that fail of something, from which on what others fail of there may be the same.
const SEVERAL: usize = 4;

/// Least share of pairs that fail in a bin of ordinary time.
const LEAST_SHARE: f64 = 0.01;

/// A surge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surge {
    pub(super) cluster: u16,
    pub(super) start: Millis,
    pub(super) end: Millis,
}

impl Surge {
    /// Whether an episode belongs to it: it begins within or is mostly there, from a place of its own that had
    /// worked, and is not over at once.
    pub(super) fn holds(&self, scene: &Scene<'_>, unit: &Unit) -> bool {
        let attempts = unit.attempts(scene);
        let before = attempts.partition_point(|&at| scene.time(at).0 < self.start.0 - NARROWEST);
        let within = attempts.partition_point(|&at| scene.time(at) < self.end) - before;
        let begins = before == 0 && within > 0 || within * 2 > attempts.len();
        let over_at_once = unit.run < 3 && unit.entry.is_some_and(|entry| entry.time.0 - unit.first.0 <= NARROWEST / 2);
        self.cluster == unit.cluster && begins && may_have_worked(unit) && unit.is_local(scene) && !over_at_once
    }
}

/// Whether an account gets in from a place, or tries no more often there than people who are shut out.
pub(super) fn may_have_worked(unit: &Unit) -> bool {
    unit.before + unit.between + unit.after > 0.0 || unit.len() <= MOST_TRIES
}

/// Numbers of the surges near which an episode lies: [`Surge::holds`] is false of all others.
fn near(surges: &[Surge], unit: &Unit) -> std::ops::Range<usize> {
    let over = surges.partition_point(|surge| (surge.cluster, surge.end) <= (unit.cluster, unit.first));
    let begun =
        surges.partition_point(|surge| (surge.cluster, surge.start.0 - NARROWEST) <= (unit.cluster, unit.last.0));
    over..begun.max(over)
}

/// The surge that each episode belongs to. At an address that many share, those of whom nothing else is seen belong to what the
/// others there fail of.
pub(super) fn surge_of(scene: &Scene<'_>, units: &[Unit], surges: &[Surge]) -> Vec<Option<u32>> {
    let mut shared: HashMap<(u32, Sym), u32, RandomState> = HashMap::default();
    let held = |unit: &Unit| near(surges, unit).find(|&at| surges[at].holds(scene, unit)).map(|at| at as u32);
    let mut surge_of: Vec<Option<u32>> = units
        .par_iter()
        .with_min_len(PIECE)
        .map(|unit| if unit.class == Class::Named { held(unit) } else { None })
        .collect();
    for (unit, surge) in units.iter().zip(&surge_of) {
        if let Some(surge) = surge.filter(|_| unit.standing == Standing::OwnShared) {
            *shared.entry((surge, unit.source)).or_default() += 1;
        }
    }
    let mut unknown: HashMap<(u32, Sym), Vec<usize>, RandomState> = HashMap::default();
    for (place, unit) in units.iter().enumerate().filter(|(_, unit)| unit.standing == Standing::UnknownAccount) {
        let within = |at: &usize| {
            let Surge { cluster, start, end } = surges[*at];
            let known = shared.get(&(*at as u32, unit.source)).is_some_and(|&known| known as usize >= SEVERAL);
            known && cluster == unit.cluster && start <= unit.last && unit.first < end
        };
        if let Some(at) = near(surges, unit).find(within) {
            unknown.entry((at as u32, unit.source)).or_default().push(place);
        }
    }
    // Those who are shut out get in at other times, most of them.
    let few = |(at, places): &(&(u32, Sym), &Vec<usize>)| places.len() <= shared[*at] as usize;
    let (shut_out, tried): (Vec<_>, Vec<_>) = unknown.iter().partition(few);
    for ((surge, _), places) in shut_out {
        places.iter().for_each(|&place| surge_of[place] = Some(*surge));
    }
    // Where most of the names are nobody's that is seen, names are tried there, and those that are somebody's along with them.
    let tried: HashSet<(u32, Sym), RandomState> = tried.into_iter().map(|(at, _)| *at).collect();
    for (unit, surge) in units.iter().zip(&mut surge_of).filter(|(unit, _)| unit.standing == Standing::OwnShared) {
        *surge = surge.filter(|&surge| !tried.contains(&(surge, unit.source)));
    }
    surge_of
}

/// The surges of a log, by cluster, then time.
pub(super) fn surges(scene: &Scene<'_>, units: &[Unit]) -> Vec<Surge> {
    let width = NARROWEST.max(scene.whole_length() / MOST_BINS);
    let grids = [0, width / 2].map(|offset| BinGrid { width, offset, span: scene.whole_span() });
    let bins = counts(scene, units, &grids);
    let mut found: Vec<Surge> = grids.iter().zip(&bins).flat_map(|(grid, bins)| of_grid(grid, bins)).collect();
    found.sort_unstable_by_key(|surge| (surge.cluster, surge.start, surge.end));
    let mut surges: Vec<Surge> = Vec::new();
    for surge in found {
        match surges.last_mut() {
            Some(last) if last.cluster == surge.cluster && surge.start.0 - last.end.0 <= BRIDGE * width => {
                last.end = last.end.max(surge.end);
            }
            _ => surges.push(surge),
        }
    }
    surges
}

/// Bins of a log's time.
#[derive(Debug, Clone, Copy)]
struct BinGrid {
    width: i64,
    /// Where a bin begins.
    offset: i64,
    /// First and last time of the log.
    span: (Millis, Millis),
}

/// Bins are laid over a log twice, the second time half a bin later: where they begin must not decide.
type BinGrids = [BinGrid; 2];

/// Failing and active pairs by cluster and bin.
type Bins = BTreeMap<(u16, i64), (f64, f64)>;

impl BinGrid {
    /// The number of the bin of a time. A part may hold series that reach beyond what it says of its nodes: they must not make bins
    /// without end.
    fn bin(&self, time: Millis) -> i64 {
        (time.clamp(self.span.0, self.span.1).0 - self.offset).div_euclid(self.width)
    }

    /// When a bin begins.
    fn start(&self, bin: i64) -> Millis {
        Millis(bin * self.width + self.offset)
    }
}

/// How many pairs fail and are active in each bin of both grids: of each what it did is looked at for both at once.
fn counts(scene: &Scene<'_>, units: &[Unit], grids: &BinGrids) -> [Bins; 2] {
    let mut counts = active(scene, grids);
    let failing = |unit: &Unit| {
        let local = unit.class == Class::Named && unit.standing.is_local();
        // Somebody at a desk of the organisation's who is seen at no other time.
        let unseen = unit.class == Class::Named && unit.standing == Standing::Unknown && unit.is_local(scene);
        let past = scene.pasts_at(unit.cluster, unit.principal, unit.source).next();
        let is_shut = |run: &[u32]| unseen || local && past.is_some_and(|past| shut_out(scene, past, run));
        let attempts = unit.attempts(scene);
        let of_grid = |(number, grid): (usize, &BinGrid)| {
            let bin = |at: u32| grid.bin(scene.time(at));
            let runs = attempts.chunk_by(|&a, &b| bin(a) == bin(b)).filter(|run| is_shut(run));
            runs.map(|run| (number, (unit.cluster, bin(run[0])))).collect::<Vec<_>>()
        };
        if unseen || local && past.is_some() {
            grids.iter().enumerate().flat_map(of_grid).collect()
        } else {
            Vec::new()
        }
    };
    let failing: Vec<(usize, (u16, i64))> = units.par_iter().with_min_len(PIECE).flat_map_iter(failing).collect();
    for (grid, bin) in failing {
        let counts = counts[grid].entry(bin).or_default();
        counts.0 += 1.0;
        counts.1 += 1.0;
    }
    counts
}

/// The surges of one grid of bins.
fn of_grid(grid: &BinGrid, bins: &Bins) -> Vec<Surge> {
    let usual = usual_share(bins);
    let odd = |counts: &(f64, f64)| {
        let looked_at = (2.0 * bins.len() as f64).ln();
        counts.0 >= FEWEST && binomial_tail(counts.0, counts.1, usual) < CHANCE - looked_at
    };
    let mut surges: Vec<Surge> = Vec::new();
    for (&(cluster, at), _) in bins.iter().filter(|(_, counts)| odd(counts)) {
        let (start, end) = (grid.start(at), grid.start(at + 1));
        match surges.last_mut() {
            Some(last) if last.cluster == cluster && start.0 - last.end.0 <= BRIDGE * grid.width => last.end = end,
            _ => surges.push(Surge { cluster, start, end }),
        }
    }
    surges
}

/// Pairs or episodes that one task looks at, at least.
const PIECE: usize = 256;

/// By bin, from the first one on: how many more pairs of a cluster begin to be active than cease to.
#[derive(Debug)]
struct Turns {
    first: i64,
    list: Vec<i64>,
}

impl Turns {
    /// The number of a bin among all.
    fn place(&self, bin: i64) -> usize {
        usize::try_from(bin - self.first).unwrap_or(0)
    }
}

/// Notes in which bins a pair begins to get in, and ceases to.
fn note_turns(turns: &mut Turns, stretches: impl Iterator<Item = (Millis, Millis)>, bin: impl Fn(Millis) -> i64) {
    let mut seen = i64::MIN;
    let mut open: Option<(i64, i64)> = None;
    let mut turn = |(from, to): (i64, i64)| {
        let (from, to) = (turns.place(from), turns.place(to));
        turns.list[from] += 1;
        turns.list[to] -= 1;
    };
    for (first, last) in stretches {
        let (from, to) = (bin(first).max(seen.saturating_add(1)), bin(last).saturating_add(1));
        if from >= to {
            continue;
        }
        seen = to - 1;
        match &mut open {
            Some((_, end)) if *end == from => *end = to,
            _ => open.replace((from, to)).into_iter().for_each(&mut turn),
        }
    }
    open.into_iter().for_each(turn);
}

/// How many pairs get in within each bin. Counted by where they begin and cease to, so that a client that is at work for years costs
/// no more than one for a minute.
fn active(scene: &Scene<'_>, grids: &BinGrids) -> [Bins; 2] {
    let none = || {
        grids.map(|grid| {
            let (first, last) = (grid.bin(grid.span.0), grid.bin(grid.span.1));
            Turns { first, list: vec![0; usize::try_from(last - first).unwrap_or(0) + 2] }
        })
    };
    let mut active = [Bins::new(), Bins::new()];
    // Pasts come by cluster.
    for own in scene.history.pasts().chunk_by(|a, b| a.cluster == b.cluster) {
        let cluster = own[0].cluster;
        let of_people = own.par_iter().with_min_len(PIECE).filter(|past| !past.key.is_some());
        let turns = of_people.fold(none, |mut turns, past| {
            for (turns, grid) in turns.iter_mut().zip(grids) {
                note_turns(turns, scene.history.stretches(past), |time| grid.bin(time));
            }
            turns
        });
        let turns = turns.reduce(none, |mut turns, others| {
            for (turns, others) in turns.iter_mut().zip(others) {
                turns.list.iter_mut().zip(others.list).for_each(|(turn, other)| *turn += other);
            }
            turns
        });
        for (active, turns) in active.iter_mut().zip(turns) {
            let mut level = 0;
            let levels = (turns.first..).zip(turns.list).map(|(at, turn)| {
                level += turn;
                (at, level)
            });
            active
                .extend(levels.filter(|(_, level)| *level > 0).map(|(at, level)| ((cluster, at), (0.0, level as f64))));
        }
    }
    active
}

/// Whether a pair that failed within a bin did not get in soon after, as people do who mistyped.
fn shut_out(scene: &Scene<'_>, past: &Past, run: &[u32]) -> bool {
    /// People who mistyped get in within so long; who failed as often meanwhile did not mistype.
    const SOON: i64 = NARROWEST / 2;
    const OFTEN: usize = 4;
    let (Some(&first), Some(&last)) = (run.first(), run.last()) else { return false };
    let soon = if run.len() >= OFTEN { 0 } else { SOON };
    scene.history.within(past, scene.time(first), Millis(scene.time(last).0 + soon)) < 0.5
}

/// The share of pairs that fail in an ordinary bin: of all bins but the tenth with the most failing pairs.
fn usual_share(bins: &BTreeMap<(u16, i64), (f64, f64)>) -> f64 {
    let mut counts: Vec<(f64, f64)> = bins.values().copied().collect();
    counts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    counts.truncate(counts.len() - counts.len() / 10);
    let (failing, active) = counts.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (failing / f64::max(active, 1.0)).clamp(LEAST_SHARE, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more begin than cease, by bin, of stretches of one pair whose bins these are.
    fn turns(stretches: &[(i64, i64)]) -> Vec<i64> {
        let mut turns = Turns { first: 0, list: vec![0; 12] };
        let stretches = stretches.iter().map(|&(first, last)| (Millis(first), Millis(last)));
        note_turns(&mut turns, stretches, |time| time.0);
        turns.list
    }

    #[test]
    fn a_pair_is_active_from_the_bin_of_its_first_to_behind_that_of_its_last() {
        assert_eq!(turns(&[]), [0; 12]);
        assert_eq!(turns(&[(2, 4), (8, 8)]), [0, 0, 1, 0, 0, -1, 0, 0, 1, -1, 0, 0]);
    }

    #[test]
    fn stretches_that_meet_or_share_a_bin_are_one() {
        let one = [0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0];
        for stretches in [&[(2, 6)][..], &[(2, 4), (5, 6)], &[(2, 4), (4, 6)], &[(2, 6), (6, 6)], &[(2, 6), (3, 4)]] {
            assert_eq!(turns(stretches), one, "{stretches:?}");
        }
    }
}
