//! What many scores add up to.

use std::collections::BTreeMap;

use crate::score::{Score, Told};

/// Kinds that tell of an attack; all others tell of something broken.
const HOSTILE: [&str; 11] = [
    "password_guessing",
    "password_spraying",
    "credential_stuffing",
    "low_and_slow",
    "account_compromise",
    "suspicious_access",
    "persistence",
    "api_key_guessing",
    "unauthenticated_scan",
    "mass_invalidation",
    "audit_gap",
];

/// True of a kind that tells of an attack, or of what somebody should explain.
pub(crate) fn is_hostile(kind: &str) -> bool {
    HOSTILE.contains(&kind)
}

/// Incidents and findings of one kind.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct OfKind {
    pub(crate) required: usize,
    pub(crate) found: usize,
    pub(crate) verdict_ok: usize,
    pub(crate) surplus: usize,
    pub(crate) hostile_as_operational: usize,
    /// Findings told under this kind, without those tolerated.
    pub(crate) told: usize,
    pub(crate) right: usize,
}

/// Scenarios of one kind of scenario.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct OfScenario {
    pub(crate) scenarios: usize,
    pub(crate) required: usize,
    pub(crate) found: usize,
    pub(crate) wrong: usize,
    pub(crate) surplus: usize,
    pub(crate) as_hostile: usize,
}

/// One step of the calibration table.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Step {
    pub(crate) told: usize,
    pub(crate) right: usize,
    pub(crate) confidence: f64,
}

/// Everything.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sums {
    pub(crate) scenarios: usize,
    pub(crate) requests: u64,
    pub(crate) kinds: BTreeMap<String, OfKind>,
    pub(crate) of_scenarios: BTreeMap<String, OfScenario>,
    /// By verdict, then by tenths of confidence.
    pub(crate) calibration: BTreeMap<(String, usize), Step>,
    pub(crate) findings: usize,
    pub(crate) right: usize,
    pub(crate) tolerated: usize,
    pub(crate) surplus: usize,
    pub(crate) hostile_as_operational: usize,
    pub(crate) operational_as_hostile: usize,
    pub(crate) ordinary_as_hostile: usize,
    pub(crate) broken_negatives: usize,
}

/// A share, one where there is nothing.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl Sums {
    /// The sums of these scores.
    pub(crate) fn of(scores: &[Score]) -> Self {
        let mut sums = Self::default();
        for score in scores {
            sums.add(score);
        }
        sums
    }

    fn add(&mut self, score: &Score) {
        self.scenarios += 1;
        self.requests += score.requests;
        for row in &score.rows {
            let kind = self.kinds.entry(row.kind.clone()).or_default();
            kind.surplus += row.surplus;
            if row.required {
                kind.required += 1;
                kind.found += usize::from(row.found);
                kind.verdict_ok += usize::from(row.found && row.verdict_ok);
                let opposed = row.verdict == "hostile" && row.told == "operational";
                kind.hostile_as_operational += usize::from(opposed);
            }
        }
        for told in &score.told {
            self.add_told(told);
        }
        let of = self.of_scenarios.entry(kind_of(&score.scenario).to_owned()).or_default();
        of.scenarios += 1;
        of.required += score.required();
        of.found += score.found();
        of.wrong += score.wrong();
        of.surplus += score.surplus();
        of.as_hostile += score.operational_as_hostile;
        self.surplus += score.surplus();
        self.hostile_as_operational += score.hostile_as_operational;
        self.operational_as_hostile += score.operational_as_hostile;
        self.broken_negatives += score.broken_negatives.len();
    }

    fn add_told(&mut self, told: &Told) {
        self.findings += 1;
        self.right += usize::from(told.right);
        self.tolerated += usize::from(told.tolerated);
        self.ordinary_as_hostile += usize::from(told.ordinary_as_hostile);
        if told.tolerated {
            return;
        }
        let kind = self.kinds.entry(told.kind.clone()).or_default();
        kind.told += 1;
        kind.right += usize::from(told.right);
        let tenth = ((told.confidence * 10.0) as usize).min(9);
        let step = self.calibration.entry((told.verdict.clone(), tenth)).or_default();
        step.told += 1;
        step.right += usize::from(told.right);
        step.confidence += told.confidence;
    }

    /// Required incidents that were found, of hostile or of operational kinds.
    pub(crate) fn recall(&self, hostile: bool) -> f64 {
        let of = || self.kinds.iter().filter(move |(kind, _)| is_hostile(kind) == hostile).map(|(_, sums)| sums);
        share(of().map(|sums| sums.found).sum(), of().map(|sums| sums.required).sum())
    }

    /// Right findings of those told, what is beyond one for one cause counted as wrong.
    pub(crate) fn precision(&self) -> f64 {
        share(self.right.saturating_sub(self.surplus), self.findings - self.tolerated)
    }

    /// Hostile findings about nothing that may be called so, in a report.
    pub(crate) fn ordinary_as_hostile_a_report(&self) -> f64 {
        self.ordinary_as_hostile as f64 / self.scenarios.max(1) as f64
    }

    /// Wrong findings in a million requests.
    pub(crate) fn false_a_million(&self) -> f64 {
        let wrong = self.findings - self.tolerated - self.right;
        wrong as f64 * 1e6 / self.requests.max(1) as f64
    }

    /// The furthest that the share of right findings lies from the confidence told, among steps of at least `least`.
    pub(crate) fn calibration_error(&self, least: usize) -> f64 {
        let off = |step: &Step| (share(step.right, step.told) - step.confidence / step.told as f64).abs();
        self.calibration.values().filter(|step| step.told >= least).map(off).fold(0.0, f64::max)
    }
}

/// The kind in the name of a scenario: what stands between the letter of its side and its seed.
fn kind_of(scenario: &str) -> &str {
    match scenario.rsplit_once('_') {
        Some((kind, seed)) if seed.bytes().all(|b| b.is_ascii_digit()) => kind,
        _ => scenario,
    }
}
