//! The names of a finding: the most frequent first, cut where they are many, and in words.

use std::cmp::Reverse;

use super::scene::Scene;
use super::words;
use crate::state::Sym;

/// Entries of a list inside a finding; its total stands beside it.
const LIST_LIMIT: usize = 50;

/// Names that a sentence spells out.
pub(super) const NAMED: usize = 3;

/// Distinct symbols of a list, the most frequent first, then by text: the first few as text, and how many there are.
pub(super) fn ranked(scene: &Scene<'_>, mut syms: Vec<Sym>) -> (Vec<String>, u64) {
    syms.retain(|sym| sym.is_some());
    syms.sort_unstable();
    let mut counts: Vec<(usize, &[u8])> =
        syms.chunk_by(|a, b| a == b).map(|run| (run.len(), scene.shown(run[0]))).collect();
    let total = counts.len() as u64;
    let order = |a: &(usize, &[u8]), b: &(usize, &[u8])| (Reverse(a.0), a.1).cmp(&(Reverse(b.0), b.1));
    if counts.len() > LIST_LIMIT {
        counts.select_nth_unstable_by(LIST_LIMIT, order);
        counts.truncate(LIST_LIMIT);
    }
    counts.sort_unstable_by(order);
    (counts.into_iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect(), total)
}

/// The sources of attempts in words, with the block they share where they are many.
pub(super) fn sources_in_words(scene: &Scene<'_>, attempts: &[u32]) -> String {
    let (names, total) = ranked(scene, attempts.iter().map(|&at| scene.attempt(at).source).collect());
    words::list(&names, total, NAMED)
}

/// A key in words: `id (name)`.
pub(super) fn key_in_words(scene: &Scene<'_>, key: Sym) -> String {
    let name = scene.key(key).and_then(|key| scene.joined.state.symbols.string(key.name));
    let name = name.map_or_else(String::new, |name| format!(" ({name})"));
    format!("{}{name}", scene.text(key))
}
