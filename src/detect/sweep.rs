//! A window that slides over attempts and counts distinct principals and sources in it.

use std::ops::Range;

use rayon::prelude::*;

use super::scene::Scene;
use crate::state::Sym;

/// What a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) attempts: u64,
    pub(super) principals: u64,
    pub(super) sources: u64,
}

/// Attempts of a piece of a long list.
const PIECE: usize = 2048;

/// What is looked for.
struct Slide<'a, F> {
    attempts: &'a [u32],
    window_ms: i64,
    pause_ms: i64,
    is_hit: F,
}

impl<F> Slide<'_, F> {
    /// Adds a range, or widens the last one to its end if it begins soon after that.
    fn join(&self, scene: &Scene<'_>, ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
        let time = |at: usize| scene.time(self.attempts[at]).0;
        match ranges.last_mut() {
            Some(last) if time(range.start) - time(last.end - 1) <= self.pause_ms => last.end = range.end,
            _ => ranges.push(range),
        }
    }
}

/// Counts by symbol, kept from one sweep to the next so that a sweep costs only what it looks at.
#[derive(Debug)]
pub(super) struct Sweep {
    principals: Distinct,
    sources: Distinct,
}

#[derive(Debug)]
struct Distinct {
    counts: Vec<u32>,
    distinct: u64,
}

impl Distinct {
    fn add(&mut self, sym: Sym) {
        let count = &mut self.counts[sym.0 as usize];
        self.distinct += u64::from(*count == 0);
        *count += 1;
    }

    fn remove(&mut self, sym: Sym) {
        let count = &mut self.counts[sym.0 as usize];
        *count -= 1;
        self.distinct -= u64::from(*count == 0);
    }
}

impl Sweep {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let distinct = || Distinct { counts: vec![0; scene.joined.state.symbols.len() + 1], distinct: 0 };
        Self { principals: distinct(), sources: distinct() }
    }

    /// Index ranges of `attempts` (by time) within which some window of `window_ms` is a hit; windows that overlap, or
    /// between which at most `pause_ms` pass, are one range.
    ///
    /// Long lists are cut into pieces that are looked at at once: each begins with the window that ends before it.
    pub(super) fn hits(
        &mut self,
        scene: &Scene<'_>,
        attempts: &[u32],
        window_ms: i64,
        pause_ms: i64,
        is_hit: impl Fn(&Window) -> bool + Sync,
    ) -> Vec<Range<usize>> {
        let sweep = Slide { attempts, window_ms, pause_ms, is_hit };
        let pieces = (attempts.len() / PIECE).min(rayon::current_num_threads());
        let first = |to: usize| {
            let time = attempts.get(to).map_or(0, |&at| scene.time(at).0);
            attempts[..to].partition_point(|&at| time - scene.time(at).0 > window_ms)
        };
        let border = |piece: usize| attempts.len() * piece / pieces;
        let twice: usize = (1..pieces).map(|piece| border(piece) - first(border(piece))).sum();
        // Where the window is as wide as the list, every piece would look at all before it.
        if pieces < 2 || twice > attempts.len() {
            return self.slide(scene, &sweep, 0, 0..attempts.len());
        }
        let of_piece = |piece: usize| {
            let (from, to) = (border(piece), border(piece + 1));
            Self::new(scene).slide(scene, &sweep, first(from), from..to)
        };
        let found: Vec<Vec<Range<usize>>> = (0..pieces).into_par_iter().map(of_piece).collect();
        let mut ranges = Vec::new();
        for range in found.into_iter().flatten() {
            sweep.join(scene, &mut ranges, range);
        }
        ranges
    }

    /// The hits of the windows that end at attempts of `ends`; `from` is where the first of them begins, at most.
    fn slide(
        &mut self,
        scene: &Scene<'_>,
        sweep: &Slide<'_, impl Fn(&Window) -> bool>,
        mut from: usize,
        ends: Range<usize>,
    ) -> Vec<Range<usize>> {
        let &Slide { attempts, window_ms, .. } = sweep;
        for &at in &attempts[from..ends.start] {
            let attempt = scene.attempt(at);
            self.principals.add(attempt.principal);
            self.sources.add(attempt.source);
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for to in ends.clone() {
            let attempt = scene.attempt(attempts[to]);
            self.principals.add(attempt.principal);
            self.sources.add(attempt.source);
            while attempt.time.0 - scene.time(attempts[from]).0 > window_ms {
                self.remove(scene, attempts[from]);
                from += 1;
            }
            let window = Window {
                attempts: (to + 1 - from) as u64,
                principals: self.principals.distinct,
                sources: self.sources.distinct,
            };
            if (sweep.is_hit)(&window) {
                sweep.join(scene, &mut ranges, from..to + 1);
            }
        }
        for &at in &attempts[from..ends.end] {
            self.remove(scene, at);
        }
        ranges
    }

    fn remove(&mut self, scene: &Scene<'_>, at: u32) {
        let attempt = scene.attempt(at);
        self.principals.remove(attempt.principal);
        self.sources.remove(attempt.source);
    }
}

/// Distinct principals and sources of attempts.
pub(super) fn distinct(scene: &Scene<'_>, attempts: &[u32]) -> Window {
    let count = |of: fn(&crate::state::Attempt) -> Sym| {
        let mut syms: Vec<Sym> = attempts.iter().map(|&at| of(scene.attempt(at))).collect();
        syms.sort_unstable();
        syms.dedup();
        syms.len() as u64
    };
    Window {
        attempts: attempts.len() as u64,
        principals: count(|attempt| attempt.principal),
        sources: count(|attempt| attempt.source),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Log, irregular};
    use super::*;

    #[test]
    fn a_list_in_pieces_has_the_hits_of_the_whole() {
        let mut log = Log::new();
        for (at, time) in irregular(5 * PIECE, 3600.0, 7.0).into_iter().enumerate() {
            log.fail(time, &format!("user{}", at * at % 90), &format!("198.51.100.{}", at % 61));
        }
        let joined = log.joined();
        let options = log.options;
        let attempts: Vec<u32> = (0..joined.attempts.len() as u32).collect();
        for (window, pause) in [(0, 0), (60_000, 0), (60_000, 90_000), (1_000_000, 5000), (i64::MAX, 0)] {
            for most in [3, 6, 12, 200] {
                let hits = |threads: usize| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| {
                        let scene = Scene::new(&joined, &options);
                        // A window with as many principals as this is a hit, and some others.
                        let is_hit = |window: &Window| window.principals >= most || window.attempts % 17 == 16;
                        let mut sweep = Sweep::new(&scene);
                        let hits = sweep.hits(&scene, &attempts, window, pause, is_hit);
                        assert_eq!(
                            hits,
                            sweep.hits(&scene, &attempts, window, pause, is_hit),
                            "it is empty afterwards"
                        );
                        hits
                    })
                };
                let whole = hits(1);
                assert_eq!(hits(4), whole);
                assert_eq!(hits(5), whole);
            }
        }
    }
}
