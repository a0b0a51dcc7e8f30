//! A window that slides over attempts and counts distinct principals and sources in it.

use std::ops::Range;

use super::scene::Scene;
use crate::state::Sym;

/// What a window holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) attempts: u64,
    pub(super) principals: u64,
    pub(super) sources: u64,
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
    pub(super) fn hits(
        &mut self,
        scene: &Scene<'_>,
        attempts: &[u32],
        window_ms: i64,
        pause_ms: i64,
        is_hit: impl Fn(&Window) -> bool,
    ) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for (to, &at) in attempts.iter().enumerate() {
            let attempt = scene.attempt(at);
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
            if is_hit(&window) {
                match ranges.last_mut() {
                    Some(last) if scene.time(attempts[from]).0 - scene.time(attempts[last.end - 1]).0 <= pause_ms => {
                        last.end = to + 1;
                    }
                    _ => ranges.push(from..to + 1),
                }
            }
        }
        for &at in &attempts[from..] {
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
