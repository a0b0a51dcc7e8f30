//! The best that was reached, kept in the repository: what falls below it fails.

use std::fmt::Write;

use serde::Deserialize;

use crate::sums::Sums;
use crate::table::LEAST;

/// The figures that are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Best {
    /// First of the seeds that it was reached on, and the one after the last.
    pub(crate) seeds: (u64, u64),
    recall_hostile: f64,
    recall_operational: f64,
    precision: f64,
    hostile_as_operational: usize,
    ordinary_as_hostile_a_report: f64,
    calibration_error: f64,
}

/// Confidence may be so far from what is right, however near it once was by luck.
const WELL_CALIBRATED: f64 = 0.05;

/// Figures are kept to three digits.
fn kept(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

impl Best {
    /// The figures of this run.
    pub(crate) fn of(seeds: (u64, u64), sums: &Sums) -> Self {
        Self {
            seeds,
            recall_hostile: kept(sums.recall(true)),
            recall_operational: kept(sums.recall(false)),
            precision: kept(sums.precision()),
            hostile_as_operational: sums.hostile_as_operational,
            ordinary_as_hostile_a_report: kept(sums.ordinary_as_hostile_a_report()),
            calibration_error: kept(sums.calibration_error(LEAST)),
        }
    }

    /// Reads what was kept.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from(
            "# The best that the board reached on held-out seeds; `.ci/run` fails below it. Raised only by a run on new seeds:\n# `esaudit-board --held-out A..B --raise docs/judging-best.toml`.\n",
        );
        let _ = writeln!(out, "seeds = [{}, {}]", self.seeds.0, self.seeds.1);
        let _ = writeln!(out, "recall_hostile = {:.3}", self.recall_hostile);
        let _ = writeln!(out, "recall_operational = {:.3}", self.recall_operational);
        let _ = writeln!(out, "precision = {:.3}", self.precision);
        let _ = writeln!(out, "hostile_as_operational = {}", self.hostile_as_operational);
        let _ = writeln!(out, "ordinary_as_hostile_a_report = {:.3}", self.ordinary_as_hostile_a_report);
        let _ = writeln!(out, "calibration_error = {:.3}", self.calibration_error);
        out
    }

    /// In what a run falls below this.
    pub(crate) fn falls_below(&self, run: &Self) -> Vec<String> {
        let higher = [
            ("recall_hostile", self.recall_hostile, run.recall_hostile),
            ("recall_operational", self.recall_operational, run.recall_operational),
            ("precision", self.precision, run.precision),
        ];
        let lower = [
            ("hostile_as_operational", self.hostile_as_operational as f64, run.hostile_as_operational as f64),
            ("ordinary_as_hostile_a_report", self.ordinary_as_hostile_a_report, run.ordinary_as_hostile_a_report),
            ("calibration_error", self.calibration_error.max(WELL_CALIBRATED), run.calibration_error),
        ];
        let fallen = higher.into_iter().filter(|(_, best, now)| now < best);
        let risen = lower.into_iter().filter(|(_, best, now)| now > best);
        fallen.chain(risen).map(|(what, best, now)| format!("{what}: {now} where {best} was reached")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_worse_run_is_named() {
        let best = Best::of((5, 7), &Sums::default());
        let read = Best::read(&best.text()).unwrap();
        assert!(best.falls_below(&read).is_empty());
        let worse = Best { precision: 0.5, hostile_as_operational: 1, ..read };
        assert_eq!(best.falls_below(&worse).len(), 2);
    }
}
