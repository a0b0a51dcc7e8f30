//! Keeps a log to the size that was asked for.

use crate::background::Background;
use crate::cli::Args;
use crate::text::{Micros, SECOND};
use crate::traffic::{Act, What};
use crate::world::PROBE;

/// Bytes of a line before one was written.
const FIRST_GUESS: f64 = 400.0;
/// Parts of the time after which the course is corrected at the latest.
const CORRECTIONS: i64 = 200;

/// The course towards a size. What is left of it is divided anew before every slice of time: planned acts have their
/// place, benign probes may take half, ordinary requests take the rest.
pub(crate) struct Size {
    target: u64,
    nodes: f64,
    /// Where the next probe stands between one that was kept and the one to keep next.
    phase: f64,
    /// Share of the probes that is kept.
    share: f64,
    /// Acts performed and the lines they made: ordinary requests, planned acts other than probes.
    ordinary: (u64, u64),
    planned: (u64, u64),
    /// Planned acts still to come: probes, others.
    to_come: (u64, u64),
}

impl Size {
    /// The course of these options, if they ask for a size.
    pub(crate) fn of(args: &Args, acts: &[Act]) -> Option<Self> {
        let probes = acts.iter().filter(|act| is_probe(act)).count() as u64;
        Some(Self {
            target: args.bytes?,
            nodes: f64::from(args.nodes),
            phase: 0.0,
            share: 1.0,
            ordinary: (0, 0),
            planned: (0, 0),
            to_come: (probes, acts.len() as u64 - probes),
        })
    }

    /// The longest slice of a log of this length.
    pub(crate) fn longest_slice(length: Micros) -> Micros {
        (length / CORRECTIONS).max(SECOND / 20)
    }

    /// Corrects the course at a time, `left` before the end; `bytes` in `lines` were written.
    pub(crate) fn steer(
        &mut self,
        background: &mut Background<'_>,
        (now, left): (Micros, Micros),
        (bytes, lines): (u64, u64),
    ) {
        let line = if lines > 0 { bytes as f64 / lines as f64 } else { FIRST_GUESS };
        let lines = self.target.saturating_sub(bytes) as f64 / line;
        let of_planned = self.to_come.1 as f64 * mean(self.planned).unwrap_or(1.0);
        let free = (lines - of_planned).max(0.0);
        let probes = self.to_come.0 as f64;
        self.share = (free / 2.0 / probes.max(1.0)).min(1.0);
        let ordinary = (free - probes * self.share) / (left as f64 / SECOND as f64).max(1e-3) / self.nodes;
        background.steer(now, ordinary, mean(self.ordinary));
    }

    /// Whether a planned act takes place; probes are left out where a log is to be smaller than they are.
    pub(crate) fn admits(&mut self, act: &Act) -> bool {
        if !is_probe(act) {
            return true;
        }
        self.to_come.0 -= 1;
        self.phase += self.share;
        let admitted = self.phase >= 1.0;
        self.phase -= f64::from(u8::from(admitted));
        admitted
    }

    /// An act was performed and made so many lines.
    pub(crate) fn performed(&mut self, act: &Act, is_planned: bool, lines: u64) {
        if is_planned && is_probe(act) {
            return;
        }
        let (acts, made) = if is_planned { &mut self.planned } else { &mut self.ordinary };
        *acts += 1;
        *made += lines;
        self.to_come.1 -= u64::from(is_planned);
    }
}

/// A benign request without credentials, of which a healthy cluster sees many.
fn is_probe(act: &Act) -> bool {
    act.source == PROBE && act.what == What::Bare && act.incident.is_none()
}

fn mean((acts, lines): (u64, u64)) -> Option<f64> {
    (lines > 0).then(|| lines as f64 / acts as f64)
}
