//! How regular a series of times is: programs retry by the clock, people and guessing tools do not.

use crate::time::Millis;

/// Gaps that are looked at; more of them change nothing.
const SAMPLE: usize = 512;

/// Clients on one address whose cadences may interleave and still be seen as steady.
const INTERLEAVED: usize = 4;

/// The cadence of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cadence {
    /// Median gap, in milliseconds.
    pub(super) median_ms: i64,
    /// Median deviation of the gaps from it, as a share of it: 0 is a clock, 0.69 is chance.
    pub(super) spread: f64,
    /// How many clients of one cadence each explain the gaps best; 1 unless their times interleave.
    pub(super) clients: usize,
}

/// Measures the cadence of times in order; `None` for fewer than four.
///
/// The median and the median deviation, so that events that are missing from the log, or a pause, do not show. Where
/// several clients share an address their times interleave: then the gap from each time to the k-th next is as steady as
/// one client's. Sums of k random gaps are steadier than one by the root of k, which is taken into account.
pub(super) fn cadence(times: &[Millis]) -> Option<Cadence> {
    if times.len() < 4 {
        return None;
    }
    let times = &times[..times.len().min(SAMPLE + INTERLEAVED)];
    let mut best: Option<Cadence> = None;
    for clients in 1..=INTERLEAVED {
        if clients > 1 && times.len() < 8 * clients {
            break;
        }
        let mut gaps: Vec<i64> = times.windows(clients + 1).map(|window| window[clients].0 - window[0].0).collect();
        let median_ms = median(&mut gaps);
        let mut apart: Vec<i64> = gaps.iter().map(|gap| (gap - median_ms).abs()).collect();
        let spread = if median_ms > 0 { median(&mut apart) as f64 / median_ms as f64 } else { 1.0 };
        let spread = spread * (clients as f64).sqrt();
        // Another client must make it much steadier: two clients explain any cadence of one as well.
        if best.is_none_or(|best| spread < best.spread * 0.5) {
            best = Some(Cadence { median_ms, spread, clients });
        }
    }
    best
}

/// The middle value; of two the upper.
fn median(values: &mut [i64]) -> i64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(list: impl IntoIterator<Item = i64>) -> Vec<Millis> {
        let mut list: Vec<Millis> = list.into_iter().map(Millis).collect();
        list.sort();
        list
    }

    /// Gaps by chance with a mean of a minute: multiplicative congruence, inverted exponential.
    fn random(count: u64) -> Vec<Millis> {
        let mut seed = 42_u64;
        let mut time = 0;
        times((0..count).map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = ((seed >> 33) + 1) as f64 / (1_u64 << 31) as f64;
            time += (-share.ln() * 60_000.0) as i64;
            time
        }))
    }

    #[test]
    fn clocks_and_chance() {
        let clock = cadence(&times((0..40).map(|n| n * 60_000 + n % 3 * 500))).unwrap();
        assert!(clock.spread < 0.05 && clock.clients == 1, "{clock:?}");
        let chance = cadence(&random(200)).unwrap();
        assert!(chance.spread > 0.5, "{chance:?}");
        for count in [10, 20, 40] {
            let few = cadence(&random(count)).unwrap();
            assert!(few.spread > 0.25, "{count}: {few:?}");
        }
    }

    #[test]
    fn missing_events_and_pauses_do_not_show() {
        let gappy = times((0..100).filter(|n| n % 4 != 1 && !(50..60).contains(n)).map(|n| n * 60_000));
        assert!(cadence(&gappy).unwrap().spread < 0.05);
    }

    #[test]
    fn two_clients_on_one_address() {
        let both = times((0..40).flat_map(|n| [n * 60_000, n * 60_000 + 17_000]));
        let cadence = cadence(&both).unwrap();
        assert!(cadence.spread < 0.05 && cadence.clients == 2, "{cadence:?}");
        assert_eq!(cadence.median_ms, 60_000);
    }

    #[test]
    fn too_few_to_tell() {
        assert_eq!(cadence(&times([1, 2, 3])), None);
        assert!(cadence(&times([5; 20])).unwrap().spread >= 1.0);
    }
}
