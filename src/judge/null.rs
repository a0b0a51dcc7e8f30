//! How people and programs of this log fail ordinarily: the hypothesis that nothing happened, fitted to the log itself.
//!
//! Fitted to the least suspicious part of it, as Herley & Schechter (NDSS 2019) do: failures at an account's own places.
//! How long runs of failures are is told by the log, and by a documented prior where it is short: the chance that another
//! failure follows the `i`-th is `i / (i + 2)` there, a beta-geometric distribution (Javed & Paxson, CCS 2013, fit
//! beta-binomials to legitimate users): every third person fails twice in a row, one in 55 ten times.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::history::DAY;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;

/// Run lengths that are told apart.
const LONGEST: usize = 40;

/// Runs that are longer are taken to be so long.
const LONGEST_KNOWN: u32 = 10_000;

/// How many runs of a log the prior is worth.
const PRIOR_RUNS: f64 = 10.0;

/// Prior of the chance that a program that failed fails again: it forgets nothing, and what made it fail is over.
const PROGRAMS_GO_ON: f64 = 0.2;

/// Chance that somebody who did not get in at one try at logging in, and had before, does not at the next one either: most who
/// forgot ask for help.
const AGAIN_LATER: f64 = 0.05;

/// Logins of a person on a day that begin with a failure, at most as far as chance goes: 5 % of 20.
const BOUTS_A_DAY: f64 = 1.0;

/// Of people's failures, how many are a mistyped name: a prior worth as many failures.
const PRIOR_NAMES: f64 = 20.0;
const PRIOR_MISTYPED_NAME: f64 = 0.05;

/// And how many happen at the place of somebody else.
const PRIOR_VISITS: f64 = 0.01;

/// Logarithm of the chance below which an address with so many strangers is none that they visit.
const SWEPT: f64 = -9.0;

/// The null hypothesis of a log.
#[derive(Debug, Clone)]
pub(super) struct Null {
    /// Runs of people, and of programs, by length - 1.
    runs: [[f64; LONGEST]; 2],
    /// Runs of each that are at least so long, by length - 1.
    at_least: [[f64; LONGEST]; 2],
    /// Of each, with all runs and with one that is being judged left out: the chance that an ordinary run becomes at least so
    /// long, by length - 1, up to the longest that is asked for. Each is a product of all before it, and asked for once an episode.
    survival: [[Vec<f64>; 2]; 2],
    /// Chance that an ordinary failure stands so to its address.
    mistyped: f64,
    /// Chance that an ordinary failure is of an account at the place of somebody else.
    visiting: f64,
    /// Accounts that are strange to each address.
    strangers: HashMap<(u16, Sym), u32, RandomState>,
    /// From so many on they are more than chance brings to one address.
    most_strangers: u32,
    /// Length of the logs of all clusters.
    length: f64,
    /// Successes with a password or token.
    pub(super) logins: u64,
    /// Failures of the ordinary part.
    pub(super) failures: u64,
}

impl Null {
    pub(super) fn new(scene: &Scene<'_>, units: &[Unit]) -> Self {
        let mut null = Self {
            runs: [[0.0; LONGEST]; 2],
            at_least: [[0.0; LONGEST]; 2],
            survival: Default::default(),
            mistyped: PRIOR_MISTYPED_NAME,
            visiting: PRIOR_VISITS,
            strangers: HashMap::default(),
            most_strangers: 3,
            length: scene.whole_length() as f64,
            logins: scene.places.logins,
            failures: 0,
        };
        let (mut named, mut mistyped) = (0.0, 0.0);
        for unit in units.iter().filter(|unit| unit.principal.is_some()) {
            if unit.standing.is_local() || unit.standing == Standing::Blind && !unit.crowd {
                null.add(unit);
                named += 1.0;
            }
            let misnamed = unit.standing == Standing::Mistyped
                || unit.standing == Standing::UnknownAccount && !unit.crowd && unit.run <= 2;
            mistyped += f64::from(u8::from(misnamed));
        }
        for who in 0..2 {
            let mut sum = 0.0;
            for length in (0..LONGEST).rev() {
                sum += null.runs[who][length];
                null.at_least[who][length] = sum;
            }
        }
        let most = units.iter().map(|unit| unit.run.max(unit.streak)).max().unwrap_or(0).min(LONGEST_KNOWN);
        for who in 0..2 {
            null.survival[who] = [false, true].map(|left_out| survival(&null.at_least[who], who == 1, left_out, most));
        }
        let share = (mistyped + PRIOR_NAMES * PRIOR_MISTYPED_NAME) / (named + mistyped + PRIOR_NAMES);
        null.mistyped = share.min(0.3);
        for unit in units.iter().filter(|unit| unit.standing == Standing::Strange) {
            *null.strangers.entry((unit.cluster, unit.source)).or_default() += 1;
        }
        let visits = units.iter().filter(|unit| null.may_visit(scene, unit)).count() as f64;
        let mean = visits / f64::max(scene.history.addresses() as f64, 1.0);
        null.most_strangers =
            (3..1000).find(|&many| poisson_tail(f64::from(many), mean.max(0.05)) < SWEPT).unwrap_or(1000);
        let visits = units.iter().filter(|unit| null.is_visit(scene, unit)).count() as f64;
        null.visiting = ((visits + PRIOR_NAMES * PRIOR_VISITS) / (named + visits + PRIOR_NAMES)).min(1.0);
        null
    }

    fn add(&mut self, unit: &Unit) {
        let length = (unit.run as usize).clamp(1, LONGEST) - 1;
        let who = &mut self.runs[usize::from(unit.program)];
        who[length] += 1.0;
        // The other failures of the episode are runs of their own, short ones.
        if unit.between > 0.0 && unit.len() > unit.run as usize {
            let others = (unit.len() - unit.run as usize) as f64;
            who[0] += others.min(f64::from(unit.between));
        }
        self.failures += unit.len() as u64;
    }

    /// Ordinary runs of people or of programs.
    fn all_runs(&self, program: bool) -> f64 {
        self.at_least[usize::from(program)][0]
    }

    /// Chance that an ordinary run becomes at least so long; one run, which is being judged, left out.
    fn survives(&self, program: bool, run: u32, left_out: bool) -> f64 {
        let survival = &self.survival[usize::from(program)][usize::from(left_out)];
        survival.get((run as usize).saturating_sub(1)).or(survival.last()).map_or(1.0, |&chance| chance)
    }

    /// Whether it is a failure or two of an account at an inside address that others use.
    fn may_visit(&self, scene: &Scene<'_>, unit: &Unit) -> bool {
        unit.standing == Standing::Strange
            && unit.run <= 2
            && !unit.crowd
            && !scene.is_outside(unit.source)
            && scene.history.source(unit.cluster, unit.source).is_some_and(|sum| sum.others > 0)
    }

    /// Whether it is a failure or two at the place of somebody else, inside, where hardly any other stranger fails: how often
    /// that happens, the log tells.
    fn is_visit(&self, scene: &Scene<'_>, unit: &Unit) -> bool {
        let strangers = self.strangers.get(&(unit.cluster, unit.source)).copied().unwrap_or(0);
        self.may_visit(scene, unit) && strangers < self.most_strangers
    }

    /// Chance that an ordinary failure stands so to its address.
    fn place(&self, scene: &Scene<'_>, unit: &Unit) -> f64 {
        let stranger = || scene.new_place(unit.cluster, unit.principal, unit.source, unit.first);
        match unit.standing {
            // A desk whose owner is not seen at any other time.
            Standing::Unknown if unit.alone => {
                (self.mistyped * stranger()).max(scene.places.unseen(scene.is_outside(unit.source)))
            }
            Standing::Own | Standing::OwnShared | Standing::Later | Standing::Blind => 1.0,
            Standing::Near => stranger().max(0.05),
            Standing::Strange if self.is_visit(scene, unit) => stranger().max(self.visiting),
            Standing::Strange => stranger(),
            Standing::Mistyped | Standing::UnknownAccount => self.mistyped,
            Standing::Unknown => self.mistyped * stranger(),
        }
    }

    /// How many such episodes chance makes in a log like this one, as a logarithm.
    pub(super) fn expected(&self, scene: &Scene<'_>, unit: &Unit) -> f64 {
        let local = unit.standing.is_local() || unit.standing == Standing::Blind;
        let runs = self.all_runs(unit.program) + 1.0;
        let chance = self.survives(unit.program, unit.run.max(unit.streak), local).max(1e-300);
        // Somebody who comes back and fails again and again, without a success between.
        let days = (unit.last.0 - unit.first.0) as f64 / DAY as f64;
        let often = poisson_tail(f64::from(unit.bouts), BOUTS_A_DAY * (days + 0.5));
        let chance = if unit.between > 0.0 { chance } else { chance.min(often.exp().max(1e-300)) };
        let again = f64::from(unit.sittings - 1.0) * AGAIN_LATER.ln();
        runs.ln() + chance.ln() + again + self.place(scene, unit).ln()
    }

    /// How many campaigns chance makes of so many episodes at such places within so much time, as a logarithm.
    pub(super) fn coincidence<'u>(&self, scene: &Scene<'_>, units: impl Iterator<Item = &'u Unit>, within: f64) -> f64 {
        let (mut many, mut places) = (0.0, 0.0);
        for unit in units {
            many += 1.0;
            places += self.place(scene, unit).ln();
        }
        if many <= 1.0 {
            return 0.0;
        }
        let places = places / many;
        let runs = self.all_runs(false) + self.all_runs(true) + 1.0;
        let window = (within + 3_600_000.0).min(self.length);
        let expected = (runs * places.exp() * window / self.length).max(1e-12);
        let windows = (self.length / window).max(1.0);
        poisson_tail(many, expected) + windows.ln()
    }

    /// Share of logins that fail in the ordinary part.
    pub(super) fn share(&self) -> f64 {
        self.failures as f64 / (self.failures + self.logins).max(1) as f64
    }

    /// Ordinary runs by length: people and programs together.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (u64, u64)> {
        (0..LONGEST).filter_map(|at| {
            let count = self.runs[0][at] + self.runs[1][at];
            (count >= 1.0).then_some((at as u64 + 1, count as u64))
        })
    }
}

/// By length - 1, up to `most`: the chance that a run becomes at least so long, where so many were at least of each length.
fn survival(counts: &[f64; LONGEST], program: bool, left_out: bool, most: u32) -> Vec<f64> {
    let known =
        |length: usize| counts.get(length - 1).map_or(0.0, |&count| (count - f64::from(u8::from(left_out))).max(0.0));
    let mut chance: f64 = 1.0;
    let further = (1..most as usize).map(|length| {
        let prior = if program { PROGRAMS_GO_ON } else { length as f64 / (length as f64 + 2.0) };
        let (here, further) = (known(length), known(length + 1));
        chance *= (further.min(here) + PRIOR_RUNS * prior) / (here + PRIOR_RUNS);
        chance
    });
    std::iter::once(1.0).chain(further).collect()
}

/// Logarithm of the chance of at least so many where so many are expected, from above (Chernoff's bound).
pub(super) fn poisson_tail(many: f64, expected: f64) -> f64 {
    if many <= expected { 0.0 } else { many - expected - many * (many / expected).ln() }
}

/// Logarithm of the chance of at least so many of all at such a share, from above (Chernoff's bound).
pub(super) fn binomial_tail(many: f64, all: f64, share: f64) -> f64 {
    let part = many / all.max(1.0);
    if part <= share || share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let rest = if part < 1.0 { (1.0 - part) * ((1.0 - part) / (1.0 - share)).ln() } else { 0.0 };
    -all * (part * (part / share).ln() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_fall() {
        assert_eq!(poisson_tail(1.0, 2.0), 0.0);
        assert!(poisson_tail(20.0, 2.0) < poisson_tail(10.0, 2.0));
        // Chernoff's bounds: many - expected - many ln(many / expected), and -all times the divergence of the shares.
        assert!((poisson_tail(20.0, 2.0) + 28.0517).abs() < 0.001);
        assert!((binomial_tail(9.0, 10.0, 0.1) + 17.5778).abs() < 0.001);
        assert!((binomial_tail(10.0, 10.0, 0.1) + 23.0259).abs() < 0.001);
        assert_eq!(binomial_tail(1.0, 10.0, 0.1), 0.0);
    }

    #[test]
    fn runs_survive_as_those_of_the_log_did_and_else_as_is_usual() {
        let near = |chances: Vec<f64>, expected: [f64; 4]| {
            chances.iter().zip(expected).all(|(chance, expected)| (chance - expected).abs() < 1e-4)
                && chances.len() == 4
        };
        let none = [0.0; LONGEST];
        // People: a third goes on after the first failure, half after the second; programs: a fifth, always.
        assert!(near(survival(&none, false, false, 4), [1.0, 0.3333, 0.1667, 0.1]));
        assert!(near(survival(&none, true, false, 4), [1.0, 0.2, 0.04, 0.008]));
        // Of 90 runs 60 went on, of these 30: (60 + 10/3) / 100, then (30 + 10/2) / 70.
        let mut many = none;
        many[..3].copy_from_slice(&[90.0, 60.0, 30.0]);
        assert!(near(survival(&many, false, false, 4), [1.0, 0.6333, 0.3167, 0.0475]));
        // One of them left out, of each length: (59 + 10/3) / 99, (29 + 5) / 69, (0 + 6) / 39.
        assert!(near(survival(&many, false, true, 4), [1.0, 0.6296, 0.3102, 0.0477]));
    }
}
