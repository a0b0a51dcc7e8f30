//! How those who failed come back: programs at their hour of each day, or after a longer pause each time, and people at once. Nobody who
//! goes through a list does any of it.

use super::episodes::median;
use super::history::{DAY, HOUR};
use super::scene::Scene;
use super::unit::Unit;
use crate::time::Millis;

/// A pause between the days of a job.
const PAUSE: i64 = 6 * HOUR;

/// Days at least, and how far apart the times of day are at most at which a job begins.
const DAYS: usize = 3;
const APART: i64 = HOUR / 4;

/// How many pauses grow one after the other, and by how much each at least; of random pauses one client in five hundred has so many.
const GROWING: usize = 5;
const GROWTH: f64 = 1.1;

/// Clients that do so, and their share of all with enough tries.
const CLIENTS: usize = 3;
const MOST: f64 = 0.6;

/// Share of accounts that are tried again at once, at least: of people who mistype so many do (one to four in ten), and some twice.
const AGAIN: f64 = 0.2;

/// How soon that is: within a minute, and several times as soon as the next account comes.
const AT_ONCE: i64 = 60_000;
const SOONER: i64 = 5;

/// Accounts at least of which that can be told.
const ACCOUNTS: usize = 5;

/// Whether those who fail are so as people are: some try again at once, under the same name, and the next comes when he comes.
pub(super) fn fail_like_people<'u>(scene: &Scene<'_>, units: impl Iterator<Item = &'u Unit>) -> bool {
    let (mut firsts, mut within, mut again, mut all) = (Vec::new(), Vec::new(), 0, 0);
    for unit in units {
        let gaps = scene.gaps(unit.attempts(scene));
        firsts.push(unit.first.0);
        all += 1;
        again += usize::from(gaps.first().is_some_and(|&gap| gap <= AT_ONCE));
        within.extend(gaps.into_iter().filter(|&gap| gap <= AT_ONCE));
    }
    firsts.sort_unstable();
    let mut between: Vec<i64> = firsts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    all >= ACCOUNTS && again as f64 >= AGAIN * all as f64 && median(&mut between) >= SOONER * median(&mut within)
}

/// Whether some times, in order, are those of a job that comes at its hour of each of several days.
pub(super) fn comes_at_its_hour(times: &[Millis]) -> bool {
    let starts = times.iter().enumerate().filter(|&(at, time)| at == 0 || time.0 - times[at - 1].0 > PAUSE);
    let mut hours: Vec<i64> = starts.map(|(_, time)| time.0.rem_euclid(DAY)).collect();
    hours.sort_unstable();
    let Some((&first, &last)) = hours.first().zip(hours.last()) else { return false };
    // The times of day lie on a circle: all of them are near each other where the widest gap leaves little.
    let across = first + DAY - last;
    let widest = hours.windows(2).map(|pair| pair[1] - pair[0]).fold(across, i64::max);
    hours.len() >= DAYS && DAY - widest <= APART
}

/// Whether several clients wait longer and longer between their tries.
pub(super) fn back_off<'u>(scene: &Scene<'_>, units: impl Iterator<Item = &'u Unit>) -> bool {
    let (mut all, mut growing) = (0, 0);
    for unit in units.filter(|unit| unit.len() > GROWING) {
        all += 1;
        growing += usize::from(grows(&scene.gaps(unit.attempts(scene))));
    }
    growing >= CLIENTS && growing as f64 >= MOST * f64::from(all)
}

/// Whether the first pauses grow.
fn grows(gaps: &[i64]) -> bool {
    gaps.len() >= GROWING
        && gaps[0] > 0
        && gaps[..GROWING].windows(2).all(|pair| pair[1] as f64 >= GROWTH * pair[0] as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_of_a_job_is_the_same_on_each_day() {
        let nights = |shift: i64| -> Vec<Millis> {
            (0..4_i64).flat_map(|day| (0..5).map(move |at| Millis(day * (DAY + shift) - 60_000 + 9_000 * at))).collect()
        };
        assert!(comes_at_its_hour(&nights(0)));
        assert!(!comes_at_its_hour(&nights(HOUR)));
        assert!(!comes_at_its_hour(&nights(0)[..10]));
    }

    #[test]
    fn pauses_that_grow_are_those_of_a_client_that_backs_off() {
        assert!(grows(&[1_000, 2_000, 4_100, 7_900, 16_000, 16_000]));
        assert!(!grows(&[1_000, 2_000, 1_500, 7_900, 16_000]));
        assert!(!grows(&[1_000, 2_000, 4_000, 8_000]));
    }
}
