//! Refused API keys, by key and reason: what the detectors of keys share.

use std::collections::BTreeMap;

use super::draft::{Draft, ranked, sources_in_words};
use super::kinds::{Severity, Verdict};
use super::scene::Scene;
use super::successes::{first_after, last_before};
use super::{Doc, Found, words};
use crate::correlate::KeyFailure;
use crate::reason::{Basis, Reason};
use crate::state::Sym;
use crate::time::Millis;

/// The refusals of one key, or of keys that no line names, for one reason.
#[derive(Debug, Clone)]
pub(super) struct Refusals<'c> {
    /// The keys; empty where none is named.
    pub(super) keys: Vec<Sym>,
    pub(super) failures: Vec<&'c KeyFailure>,
}

impl<'c> Refusals<'c> {
    fn new(key: Sym) -> Self {
        Self { keys: if key.is_some() { vec![key] } else { Vec::new() }, failures: Vec::new() }
    }

    /// How many.
    pub(super) fn len(&self) -> u64 {
        self.failures.len() as u64
    }

    /// The attempts that a client is known of, by time.
    pub(super) fn attempts(&self) -> Vec<u32> {
        let mut attempts: Vec<u32> = self.failures.iter().filter_map(|failure| failure.attempt).collect();
        attempts.sort_unstable();
        attempts.dedup();
        attempts
    }

    /// First and last.
    pub(super) fn span(&self) -> Option<(Millis, Millis)> {
        let times = || self.failures.iter().map(|failure| failure.time);
        times().min().zip(times().max())
    }

    /// The clients, each once, in no particular order.
    pub(super) fn sources(&self, scene: &Scene<'_>) -> Vec<Sym> {
        let attempts = self.failures.iter().filter_map(|failure| failure.attempt);
        let mut sources: Vec<Sym> = attempts.map(|at| scene.attempt(at).source).filter(|sym| sym.is_some()).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// Refusals for one of these reasons whose attempts no finding explains yet, by key; those without a key together.
pub(super) fn by_key<'c>(scene: &Scene<'c>, found: &Found, reasons: &[Reason]) -> Vec<Refusals<'c>> {
    let mut keys: BTreeMap<&[u8], Refusals<'c>> = BTreeMap::new();
    for failure in scene.joined.key_failures.iter() {
        let free = failure.attempt.is_none_or(|at| found.is_free(at));
        if free && reasons.contains(&failure.reason) {
            keys.entry(scene.bytes(failure.key)).or_insert_with(|| Refusals::new(failure.key)).failures.push(failure);
        }
    }
    keys.into_values().collect()
}

/// A key in words: `id (name)`.
pub(super) fn key_in_words(scene: &Scene<'_>, key: Sym) -> String {
    let name = scene.key_name(key).map_or_else(String::new, |name| format!(" ({name})"));
    format!("{}{name}", scene.text(key))
}

/// Several keys in words.
pub(super) fn keys_in_words(scene: &Scene<'_>, keys: &[Sym]) -> String {
    match keys {
        [] => "an API key that no line names".to_owned(),
        [only] => format!("API key {}", key_in_words(scene, *only)),
        several => {
            let (names, total) = ranked(scene, several.to_vec());
            format!("{} API keys ({})", words::number(total), words::list(&names, total, 3))
        }
    }
}

/// Whether a client tries many keys, as a program with one wrong key does not.
fn tries_keys(scene: &Scene<'_>, refusals: &Refusals<'_>) -> bool {
    const KEYS: usize = 5;
    refusals.keys.len() >= KEYS && refusals.sources(scene).len() <= 2
}

/// The draft of a finding about refused keys: what all kinds of it say.
pub(super) fn draft(scene: &Scene<'_>, doc: &'static Doc, severity: Severity, refusals: &Refusals<'_>) -> Draft {
    let attempts = refusals.attempts();
    let mut confidence = 0.0;
    for failure in &refusals.failures {
        confidence += if failure.basis == Basis::ServerLog { 0.95 } else { failure.confidence.clamp(0.5, 0.95) };
    }
    let confidence = (confidence * 100.0 / refusals.len().max(1) as f64).round() / 100.0;
    let judged = if tries_keys(scene, refusals) { (Verdict::Unclear, 0.5) } else { (Verdict::Operational, confidence) };
    let mut draft = Draft::new(doc, severity, judged);
    let named = refusals.failures.iter().filter(|failure| failure.basis == Basis::ServerLog).count() as u64;
    let over = refusals.span().map_or_else(String::new, |(first, last)| {
        format!(" from {} on, over {}", words::time(first), words::duration(last.0 - first.0))
    });
    draft.why.push(format!("{}{over}", words::count(refusals.len(), "refusal", "refusals")));
    if named > 0 {
        draft.why.push(format!("The server log gives the reason of {} of them", words::number(named)));
    }
    let inferred = refusals.len() - named;
    if inferred > 0 {
        draft.why.push(format!(
            "{} inferred from the use of the key by the same client before, and from the key's end",
            words::count(inferred, "is", "are")
        ));
    }
    let unattributed = refusals.len() - attempts.len() as u64;
    let sources = sources_in_words(scene, &attempts);
    draft.why.push(match unattributed {
        0 => format!("Clients: {sources}"),
        _ => format!(
            "Clients: {sources}; {} could be joined to no client",
            words::count(unattributed, "refusal", "refusals")
        ),
    });
    let times: Vec<_> = attempts.iter().map(|&at| scene.time(at)).collect();
    let cadence = super::cadence::cadence(&times);
    if let Some(cadence) = cadence.filter(|cadence| cadence.spread <= scene.thresholds.general.steady_spread) {
        draft.why.push(format!(
            "Steady cadence: one every {}, the median deviation is {} of that",
            words::duration(cadence.median_ms),
            words::percent(cadence.spread)
        ));
    }
    for &key in refusals.keys.iter().take(3) {
        used_before(scene, refusals, key, &mut draft.why);
    }
    if tries_keys(scene, refusals) {
        draft.why.push(
            "One client sends many different keys: a program has one, somebody who tries keys has many".to_owned(),
        );
    }
    draft.failures = unattributed;
    draft.api_keys = refusals.keys.clone();
    draft.times = refusals.span().map(|(first, last)| vec![first, last]).unwrap_or_default();
    draft.nodes = refusals.failures.iter().map(|failure| failure.node).collect();
    let lines = [refusals.failures.first(), refusals.failures.last()];
    draft.evidence = lines.into_iter().flatten().map(|failure| failure.place).collect();
    draft.attempts = attempts;
    draft
}

/// When the clients used the key with success before.
fn used_before(scene: &Scene<'_>, refusals: &Refusals<'_>, key: Sym, why: &mut Vec<String>) {
    let Some((first, _)) = refusals.span() else { return };
    let sources = refusals.sources(scene);
    let uses =
        || sources.iter().flat_map(|&source| scene.successes.of_source(source)).filter(|entry| entry.apikey == key);
    if let Some(last) = last_before(uses(), Millis(first.0 + 1)) {
        why.push(format!("The key worked for these clients before, last at {}", words::time(last.time)));
    }
    if let Some(again) = first_after(uses(), Millis(first.0 + 1)) {
        why.push(format!("It was accepted again at {}", words::time(again.time)));
    }
}

/// How bad refusals are, by their number and clients.
pub(super) fn severity(scene: &Scene<'_>, refusals: &Refusals<'_>) -> Severity {
    match (refusals.len(), refusals.sources(scene).len()) {
        (1000.., _) | (_, 5..) => Severity::High,
        (100.., _) | (_, 3..) => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Finds keys that are refused for a reason at least so often; `tell` completes the draft. Keys that a client tries one after
/// the other are one finding.
pub(super) fn report(
    scene: &Scene<'_>,
    found: &mut Found,
    (doc, reasons, fewest): (&'static Doc, &[Reason], u64),
    tell: impl Fn(&Refusals<'_>, &mut Draft),
) {
    let keys = united(scene, by_key(scene, found, reasons));
    for refusals in keys.into_iter().filter(|refusals| refusals.len() >= fewest) {
        let mut draft = draft(scene, doc, severity(scene, &refusals), &refusals);
        tell(&refusals, &mut draft);
        found.claim(draft);
    }
}

/// Keys that one client sends, each less than a few times or many of them, become one.
fn united<'c>(scene: &Scene<'_>, keys: Vec<Refusals<'c>>) -> Vec<Refusals<'c>> {
    const KEYS: usize = 5;
    let mut of_client: BTreeMap<Vec<u8>, Vec<Refusals<'c>>> = BTreeMap::new();
    let mut rest = Vec::new();
    for refusals in keys {
        match refusals.sources(scene).as_slice() {
            &[only] if !refusals.keys.is_empty() => {
                of_client.entry(scene.bytes(only).to_vec()).or_default().push(refusals);
            }
            _ => rest.push(refusals),
        }
    }
    for refusals in of_client.into_values() {
        if refusals.len() < KEYS || scene.is_proxy(refusals[0].sources(scene)[0]) {
            rest.extend(refusals);
            continue;
        }
        let mut whole = Refusals { keys: Vec::new(), failures: Vec::new() };
        for one in refusals {
            whole.keys.extend(one.keys);
            whole.failures.extend(one.failures);
        }
        whole.failures.sort_by_key(|failure| (failure.time, failure.place));
        rest.push(whole);
    }
    rest
}
