//! Each pair of principal and source that fails more than a few times, judged once for the detectors of passwords: what its
//! cadence is, what happened before and after, and which pattern it fits best.

use rayon::prelude::*;

use super::cadence::{Cadence, cadence};
use super::clues::{self, Clue};
use super::index::{Index, Pair, episodes, most_within};
use super::scene::Scene;
use super::successes::{count_within, first_after, last_before};
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// Pairs that fail less often are never a case of their own.
const FEWEST: usize = 5;

/// From so many failures on, successes between them do not make it a person who mistypes.
const ALTERNATING: u64 = 50;

/// Which pattern a case fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    /// A client with a wrong password.
    Stale,
    /// Many tries.
    Guessing,
    /// Few tries an hour, for long.
    Slow,
    /// None: a person who mistypes, or too few.
    Nothing,
}

/// An episode of a pair.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    /// Number of the pair.
    pub(super) pair: usize,
    /// Its first attempt: orders cases of the same time as their lines are ordered.
    pub(super) first_at: u32,
    /// Its attempts within the pair.
    pub(super) range: std::ops::Range<usize>,
    pub(super) first: Millis,
    pub(super) last: Millis,
    pub(super) cadence: Option<Cadence>,
    /// Most failures within the guessing window.
    pub(super) burst: u64,
    pub(super) clues: Vec<Clue>,
    pub(super) lean: Lean,
}

impl Case {
    /// Its attempts.
    pub(super) fn attempts<'s>(&self, scene: &'s Scene<'_>) -> &'s [u32] {
        &scene.index.of_pair(scene.pair(self.pair))[self.range.clone()]
    }

    /// Attempts.
    pub(super) fn len(&self) -> u64 {
        self.range.len() as u64
    }

    pub(super) fn principal(&self, scene: &Scene<'_>) -> Sym {
        scene.pair(self.pair).principal
    }

    pub(super) fn source(&self, scene: &Scene<'_>) -> Sym {
        scene.pair(self.pair).source
    }
}

/// Judges every pair.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Case> {
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    let changes = AccountChanges::new(scene);
    let of_pair = |(number, pair): (usize, &Pair)| {
        let times: Vec<Millis> = scene.index.of_pair(pair).iter().map(|&at| scene.time(at)).collect();
        let episodes = episodes(&times, pause).into_iter().filter(|range| range.len() >= FEWEST);
        episodes.map(|range| case(scene, &changes, number, range.clone(), &times[range])).collect::<Vec<_>>()
    };
    let pairs = scene.index.pairs.par_iter().enumerate();
    // What one pair does says nothing of another.
    pairs.filter(|(_, pair)| pair.len() >= FEWEST).flat_map_iter(of_pair).collect()
}

fn case(
    scene: &Scene<'_>,
    changes: &AccountChanges,
    number: usize,
    range: std::ops::Range<usize>,
    times: &[Millis],
) -> Case {
    let general = &scene.thresholds.general;
    let guessing = &scene.thresholds.password_guessing;
    let pair = scene.pair(number);
    let (first, last) = (times[0], times[times.len() - 1]);
    let burst = most_within(times, Scene::ms(guessing.window_seconds)) as u64;
    let in_minute = most_within(times, 60_000) as u64;
    let cadence = if times.len() as u64 >= general.steady_failures { cadence(times) } else { None };
    let mut clues = Vec::new();
    match cadence {
        Some(Cadence { median_ms, spread, clients }) if spread <= general.steady_spread => {
            clues.push(Clue::Steady { median_ms, spread, clients });
        }
        Some(Cadence { spread, .. }) => clues.push(Clue::Irregular { spread }),
        None => {}
    }
    if in_minute >= guessing.flood_failures {
        clues.push(Clue::Fast { most_in_minute: in_minute });
    }
    clues.push(if scene.is_outside(pair.source) { Clue::Outside } else { Clue::Inside });
    let own = || scene.successes.own(pair.principal, pair.source);
    let before = last_before(own(), first);
    let after = first_after(own(), last);
    match before {
        Some(success) => clues.push(Clue::WorkedBefore { last: success.time }),
        None if scene.is_stranger(pair.source, first) => clues.push(Clue::Stranger),
        None => {}
    }
    let steady = matches!(clues[0], Clue::Steady { .. });
    if let Some(success) = after.filter(|_| steady || before.is_some()) {
        clues.push(Clue::Repaired { at: success.time });
    }
    let between = count_within(own(), first, last);
    if between * 3 >= times.len() as u64 {
        clues.push(Clue::Alternating { successes: between });
    }
    let others = others(scene, pair.source, first, last);
    if others > 1 {
        clues.push(Clue::ManyPrincipals { principals: others });
    }
    if let Some(change) = changes.before(scene, pair.principal, first) {
        clues.push(Clue::Onset { change });
    }
    let attempts = &scene.index.of_pair(pair)[range.clone()];
    name_clues(scene, attempts, &mut clues);
    if scene.is_service(pair.principal) {
        clues.push(Clue::Service);
    }
    let mut case =
        Case { pair: number, first_at: attempts[0], range, first, last, cadence, burst, clues, lean: Lean::Nothing };
    case.lean = lean(scene, &case, before.is_some(), after.map(|success| success.time));
    case
}

/// Principals that fail from a source within a time.
fn others(scene: &Scene<'_>, source: Sym, first: Millis, last: Millis) -> u64 {
    /// Attempts of the source that are looked at: enough to count to five.
    const LOOK: usize = 64;
    let Some(group) = Index::group(&scene.index.sources, source) else { return 0 };
    let of_source = scene.index.of_source(group);
    let start = of_source.partition_point(|&at| scene.time(at) < first);
    let end = of_source.partition_point(|&at| scene.time(at) <= last);
    let within = &of_source[start..end];
    let step = (within.len() / LOOK).max(1);
    let mut met: Vec<Sym> = within.iter().step_by(step).map(|&at| scene.attempt(at).principal).collect();
    met.sort_unstable();
    met.dedup();
    met.len() as u64
}

/// What chains and reasons tell about the name.
fn name_clues(scene: &Scene<'_>, attempts: &[u32], clues: &mut Vec<Clue>) {
    const LOOK: usize = 256;
    let looked = &attempts[..attempts.len().min(LOOK)];
    let unknown = looked.iter().filter(|&&at| scene.attempt(at).reason == Reason::UnknownUser).count();
    if unknown * 2 > looked.len() {
        clues.push(Clue::UnknownName { share: unknown as f64 / looked.len() as f64 });
    }
    // The reserved realm comes first in the configured order, so any other in front of it was moved there.
    let moved = looked.iter().find_map(|&at| match scene.chain(scene.attempt(at).chain)? {
        [front, rest @ ..] if rest.iter().any(|&realm| scene.bytes(realm) == b"reserved") => Some(*front),
        _ => None,
    });
    if let Some(realm) = moved {
        clues.push(Clue::FrontMoved { realm });
    }
}

fn lean(scene: &Scene<'_>, case: &Case, worked_before: bool, success_after: Option<Millis>) -> Lean {
    let general = &scene.thresholds.general;
    let stale = &scene.thresholds.stale_credential;
    let span = case.last.0 - case.first.0;
    let sum = clues::balance(&case.clues);
    let steady = matches!(case.clues.first(), Some(Clue::Steady { .. }));
    let onset = case.clues.iter().any(|clue| matches!(clue, Clue::Onset { .. }));
    let enough = case.len() >= stale.failures && span >= Scene::ms(stale.span_seconds);
    let low = &scene.thresholds.low_and_slow;
    let slow_gap = case.cadence.map_or(span / (case.range.len() as i64 - 1), |cadence| cadence.median_ms);
    let is_slow = slow_gap >= Scene::ms(low.median_gap_seconds);
    // Somebody who gets in all the while: a person who mistypes now and then, however long the log is.
    let alternating = case.clues.iter().any(|clue| matches!(clue, Clue::Alternating { .. }));
    if alternating && !steady && !onset && (is_slow || case.len() < ALTERNATING) {
        return Lean::Nothing;
    }
    // A few tries an hour by the clock may be patience as well as a schedule: then the other clues decide.
    let by_clock = steady && sum < if is_slow { 0.0 } else { clues::DECIDED };
    if enough && (by_clock || (onset && sum <= 0.0) || sum <= -2.0 * clues::DECIDED) {
        return Lean::Stale;
    }
    // A person who mistypes, or has forgotten, on a machine that lets them in before or after.
    let soon_after = success_after.is_some_and(|time| time.0 - case.last.0 <= Scene::ms(general.onset_seconds));
    if case.len() <= general.mistype_failures && (worked_before || (soon_after && sum < clues::DECIDED)) {
        return Lean::Nothing;
    }
    if worked_before && sum < 0.0 && case.len() < 2 * general.mistype_failures {
        return Lean::Nothing;
    }
    let asked = if is_slow { low.failures } else { 2 * low.failures };
    let pair = scene.pair(case.pair);
    let between = || count_within(scene.successes.own(pair.principal, pair.source), case.first, case.last);
    if case.burst >= scene.thresholds.password_guessing.failures && (!is_slow || case.burst * 3 >= case.len()) {
        return Lean::Guessing;
    }
    if case.len() >= asked && span >= Scene::ms(low.span_seconds) && between() == 0 {
        return Lean::Slow;
    }
    Lean::Nothing
}

/// Changes of accounts, by the account they change.
#[derive(Debug)]
struct AccountChanges {
    /// Account, time, index of the change; by account, then time.
    changes: Vec<(Sym, Millis, u32)>,
}

impl AccountChanges {
    fn new(scene: &Scene<'_>) -> Self {
        const ACTIONS: [&[u8]; 5] =
            [b"change_password", b"put_user", b"delete_user", b"change_disable_user", b"change_enable_user"];
        let mut changes: Vec<(Sym, Millis, u32)> = scene
            .joined
            .changes
            .iter()
            .enumerate()
            .filter(|(_, change)| ACTIONS.contains(&scene.bytes(change.record.action)))
            .map(|(at, change)| (change.record.name, change.record.time, at as u32))
            .collect();
        changes.sort_unstable();
        Self { changes }
    }

    /// The last change of an account shortly before a time. Clocks of two nodes differ a little.
    fn before(&self, scene: &Scene<'_>, account: Sym, time: Millis) -> Option<u32> {
        const CLOCKS_MS: i64 = 2000;
        let onset = Scene::ms(scene.thresholds.general.onset_seconds);
        let end = self.changes.partition_point(|&(name, at, _)| (name, at.0) <= (account, time.0 + CLOCKS_MS));
        let &(name, at, change) = self.changes[..end].last()?;
        (name == account && time.0 - at.0 <= onset).then_some(change)
    }
}
