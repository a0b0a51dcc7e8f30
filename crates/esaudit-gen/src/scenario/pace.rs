//! How tries are spread in time.
//!
//! Attackers write `sleep 5`, add a jitter, draw from a distribution, come in bursts, keep to office hours so as not to be
//! seen, or pause for hours and days; broken machines do most of these too, and people none of them on purpose. So every
//! campaign, hostile or not, draws its pace from the same set: cadence must tell nobody's intention.

use crate::rng::Rng;
use crate::text::{HOUR, Micros};

/// Between these two, evenly on a logarithmic scale: for quantities that differ by orders of magnitude.
pub(crate) fn log_uniform(rng: &mut Rng, low: f64, high: f64) -> f64 {
    (low.ln() + rng.unit() * (high.ln() - low.ln())).exp()
}

/// A whole number between these two, evenly on a logarithmic scale.
pub(crate) fn log_count(rng: &mut Rng, low: usize, high: usize) -> usize {
    (log_uniform(rng, low as f64, high as f64 + 1.0) as usize).clamp(low, high)
}

/// The shape of the gaps between tries.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Pace {
    /// `sleep 5`.
    Fixed,
    /// The same gap give or take this share of it.
    Jittered(f64),
    /// Any gap from nothing to twice the mean.
    Uniform,
    /// Independent arrivals.
    Exponential,
    /// So many at once, then a rest.
    Bursts(usize),
    /// Between eight and eighteen o'clock.
    OfficeHours,
    /// Steady, with so many long pauses that take most of the time.
    Pauses(usize),
}

impl Pace {
    /// Any of them: the fixed and jittered ones a little more often, as tools are.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.below(10) {
            0 | 1 => Self::Fixed,
            2 | 3 => Self::Jittered(log_uniform(rng, 0.005, 0.6)),
            4 => Self::Uniform,
            5 | 6 => Self::Exponential,
            7 => Self::Bursts(3 + rng.index(18)),
            8 => Self::OfficeHours,
            _ => Self::Pauses(1 + rng.index(5)),
        }
    }

    /// What a machine that is not steered by anybody does: its own timer, with retries.
    pub(crate) fn machine(rng: &mut Rng) -> Self {
        match rng.below(8) {
            0..=2 => Self::Fixed,
            3..=4 => Self::Jittered(log_uniform(rng, 0.01, 0.5)),
            5 => Self::Exponential,
            6 => Self::Uniform,
            _ => Self::Bursts(2 + rng.index(5)),
        }
    }

    /// So many times from `start` on, within `span`, in order.
    pub(crate) fn times(self, rng: &mut Rng, start: Micros, span: Micros, count: usize) -> Vec<Micros> {
        if self == Self::OfficeHours && span > 4 * HOUR {
            return office(rng, start, span, count);
        }
        let gaps: Vec<f64> = (0..count).map(|n| self.gap(rng, n, count)).collect();
        let whole: f64 = gaps.iter().sum::<f64>().max(1e-9);
        let mut passed = 0.0;
        let mut times = Vec::with_capacity(count);
        for gap in gaps {
            times.push(start + (passed / whole * span as f64) as Micros);
            passed += gap;
        }
        times
    }

    /// The gap after the n-th of `count`, its mean being about one.
    fn gap(self, rng: &mut Rng, n: usize, count: usize) -> f64 {
        match self {
            Self::Fixed | Self::OfficeHours => 1.0 + 0.000_5 * rng.unit(),
            Self::Jittered(share) => 1.0 + share * (2.0 * rng.unit() - 1.0),
            Self::Uniform => 2.0 * rng.unit(),
            Self::Exponential => rng.wait(1.0),
            Self::Bursts(size) if n % size == size - 1 => size as f64 * (0.5 + rng.unit()),
            Self::Bursts(_) => 0.02 * rng.wait(1.0),
            Self::Pauses(pauses) if n > 0 && n.is_multiple_of((count / (pauses + 1)).max(1)) => {
                count as f64 / pauses as f64 * (0.5 + 3.0 * rng.unit())
            }
            Self::Pauses(_) => 0.9 + 0.2 * rng.unit(),
        }
    }
}

/// Times between eight and eighteen o'clock (UTC, which is some zone's office), drawn by rejection.
fn office(rng: &mut Rng, start: Micros, span: Micros, count: usize) -> Vec<Micros> {
    let draw = |rng: &mut Rng| {
        let mut time = start;
        for _ in 0..40 {
            time = start + rng.range(0, span);
            if (8..18).contains(&(time.rem_euclid(24 * HOUR) / HOUR)) {
                break;
            }
        }
        time
    };
    let mut times: Vec<Micros> = (0..count).map(|_| draw(rng)).collect();
    times.sort_unstable();
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pace_keeps_its_count_its_order_and_its_span() {
        let mut rng = Rng::new(1);
        for _ in 0..500 {
            let (count, span) = (1 + rng.index(300), rng.range(HOUR, 300 * HOUR));
            let times = Pace::draw(&mut rng).times(&mut rng, 1000, span, count);
            assert_eq!(times.len(), count);
            assert!(times.is_sorted());
            assert!(times[0] >= 1000 && times[count - 1] <= 1000 + span);
        }
    }
}
