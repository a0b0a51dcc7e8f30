//! Where episodes begin and end: at long pauses, unless a client that had worked comes back and back without getting in.

use super::history::{HOUR, MOST_PASTS};
use super::index::IndexRange;
use super::scene::Scene;
use crate::time::Millis;

/// A pause as long as this ends an episode, unless its failures are usually far apart.
const PAUSE: i64 = 6 * HOUR;

/// Long pauses without a success at a place after which a client that comes back is stopped rather than forgetful.
const COMES_BACK: usize = 4;

/// How many usual gaps make a long pause.
const USUAL_GAPS: i64 = 8;

/// Where episodes of one group begin and end.
pub(super) fn cuts(scene: &Scene<'_>, group: &IndexRange, attempts: &[u32]) -> Vec<usize> {
    let mut gaps = scene.gaps(attempts);
    let usual = median(&mut gaps);
    let pause = PAUSE.max(usual.saturating_mul(USUAL_GAPS));
    let cluster = |at: u32| scene.cluster(scene.node(at));
    let span = |at: usize| (scene.time(attempts[at - 1]), scene.time(attempts[at]));
    let apart = |at: &usize| {
        let (a, b) = (attempts[at - 1], attempts[*at]);
        let (from, to) = span(*at);
        cluster(a) != cluster(b) || to.0 - from.0 > pause && !is_shut_out(scene, group, cluster(a), (from, to))
    };
    let apart: Vec<usize> = (1..attempts.len()).filter(apart).collect();
    // Who comes back to a place where it got in, again and again with long pauses, and never gets in there any more, is stopped.
    let fruitless = |&at: &usize| {
        let (a, b) = (cluster(attempts[at - 1]), cluster(attempts[at]));
        a == b && is_idle_there(scene, group, a, span(at))
    };
    let stopped = apart.chunk_by(|a, b| fruitless(a) == fruitless(b));
    let kept = stopped.filter(|run| run.len() < COMES_BACK || !fruitless(&run[0])).flatten().copied();
    std::iter::once(0).chain(kept).chain([attempts.len()]).collect()
}

/// Whether an account that had got in from an address does not get in there in a pause between failures.
fn is_idle_there(scene: &Scene<'_>, group: &IndexRange, cluster: u16, (from, to): (Millis, Millis)) -> bool {
    let there = || scene.pasts_at(cluster, group.principal, group.source);
    group.principal.is_some()
        && there().any(|past| past.first < from)
        && there().all(|past| scene.history.within(past, from, to) < 0.5)
}

/// Whether an account that had got in from an address does not get in from anywhere in a pause between failures there, or a program
/// not from there: a job that runs once a day fails once a day, and all of it is one thing.
fn is_shut_out(scene: &Scene<'_>, group: &IndexRange, cluster: u16, (from, to): (Millis, Millis)) -> bool {
    let own = || scene.history.of_account(cluster, group.principal).filter(|past| !past.key.is_some()).take(MOST_PASTS);
    is_idle_there(scene, group, cluster, (from, to))
        && (scene.is_program(cluster, group.principal) || own().all(|past| scene.history.within(past, from, to) < 0.5))
}

/// The middle of some numbers, which are reordered; 0 of none.
pub(super) fn median(numbers: &mut [i64]) -> i64 {
    let middle = numbers.len() / 2;
    if numbers.is_empty() { 0 } else { *numbers.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle() {
        assert_eq!(median(&mut [5, 1, 9]), 5);
        assert_eq!(median(&mut []), 0);
    }
}
