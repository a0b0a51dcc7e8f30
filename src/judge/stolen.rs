//! API keys that hosts of the organisation use, and that somebody uses from outside all of a sudden: nothing fails and nothing
//! powerful need be done for it to be worth a question.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::history::{HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::key_in_words;
use super::words;
use crate::model::text::Span;
use crate::state::Sym;
use crate::text;

/// A key that is used from inside alone for so long, and so often, is used there.
const KNOWN: i64 = HOUR / 2;
const USES: u64 = 20;

/// Where more than this share of such keys is used from outside, and more than one, that is how keys are used here.
const USUAL: f64 = 0.1;

/// Such keys without which nothing is known of how keys are used here.
const FEWEST: usize = 3;

/// How sure: from the outside a moved host looks alike.
const CONFIDENCE: f64 = 0.6;

/// The uses of one key, by place.
struct KeyPlaces<'h> {
    inside: Vec<&'h Past>,
    outside: Vec<&'h Past>,
}

/// The drafts of keys that left the house.
pub(super) fn keys(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut keys: BTreeMap<(u16, &[u8], Sym), KeyPlaces<'_>> = BTreeMap::new();
    for past in scene.history.pasts().iter().filter(|past| past.key.is_some()) {
        let order = (past.cluster, scene.shown(past.key), past.key);
        let key = keys.entry(order).or_insert_with(|| KeyPlaces { inside: Vec::new(), outside: Vec::new() });
        if scene.is_outside(past.source) { key.outside.push(past) } else { key.inside.push(past) }
    }
    let housed = |key: &&KeyPlaces<'_>| uses(&key.inside) >= USES;
    let all = keys.values().filter(housed).count();
    let left: Vec<&KeyPlaces<'_>> = keys.values().filter(housed).filter(|key| has_left(key)).collect();
    let moved = keys.values().filter(housed).filter(|key| !key.outside.is_empty()).count();
    if all < FEWEST || moved > 1 && moved as f64 > USUAL * all as f64 {
        return Vec::new();
    }
    left.into_iter().filter_map(|key| draft(measure, key, all)).collect()
}

/// What a key may not do, tried from outside with a key that was used from inside alone before: as likely somebody who looks
/// what a stolen key is good for as a program that moved.
pub(super) fn suspect(measure: &Measure<'_, '_>, denied: &mut Draft) {
    /// How sure, and how many different actions one program tries that may do none of them.
    const SURE: f64 = 0.7;
    let scene = measure.scene;
    let &[key] = denied.api_keys.as_slice() else { return };
    if !denied.sources.iter().all(|&source| scene.is_outside(source)) {
        return;
    }
    let (outside, inside): (Vec<&Past>, Vec<&Past>) =
        scene.history.of_key(denied.cluster, key).partition(|past| scene.is_outside(past.source));
    let places = KeyPlaces { inside, outside };
    if uses(&places.inside) < USES || !has_left(&places) {
        return;
    }
    let refused = denied.title.clone();
    denied.doc = super::hypotheses::doc_of(Kind::SuspiciousAccess);
    (denied.verdict, denied.confidence, denied.severity) = (Verdict::Unclear, SURE, Severity::Medium);
    denied.title = text!(
        "API key {} was used from inside alone, and then from outside for what it may not do",
        Span::key(&key_in_words(scene, key))
    );
    denied.why.push(refused);
    denied.why.push("Not to be known here: whether a host of yours moved".to_owned());
}

fn uses(pasts: &[&Past]) -> u64 {
    pasts.iter().map(|past| u64::from(past.count)).sum()
}

/// Whether a key was used from inside alone for long, and then from outside.
fn has_left(key: &KeyPlaces<'_>) -> bool {
    let since = key.inside.iter().map(|past| past.first).min();
    let out = key.outside.iter().map(|past| past.first).min();
    since.zip(out).is_some_and(|(since, out)| out.0 - since.0 >= KNOWN)
}

fn draft(measure: &Measure<'_, '_>, key: &KeyPlaces<'_>, all: usize) -> Option<Draft> {
    let scene = measure.scene;
    let first = key.outside.iter().min_by_key(|past| (past.first, scene.shown(past.source)))?;
    let last = key.outside.iter().map(|past| past.last).max()?;
    let since = key.inside.iter().map(|past| past.first).min()?;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = first.cluster;
    let source = scene.text(first.source);
    let name = key_in_words(scene, first.key);
    draft.title =
        text!("API key {} was used from inside alone, and then from {}", Span::key(&name), Span::address(&source));
    draft.why.push(format!(
        "Used from {} inside for {} before, and from {} outside since",
        words::count(key.inside.len() as u64, "address", "addresses"),
        words::duration(first.first.0 - since.0),
        words::count(key.outside.len() as u64, "address", "addresses")
    ));
    draft.why.push(format!(
        "Of {} that are used inside hardly any is used from outside",
        words::count(all as u64, "key", "keys")
    ));
    draft.why.push("Not to be known here: whether a host of yours moved".to_owned());
    draft.principals = vec![first.principal];
    draft.sources = key.outside.iter().map(|past| past.source).collect();
    draft.api_keys = vec![first.key];
    draft.times = vec![first.first, last];
    draft.successes = uses(&key.outside);
    draft.evidence = scene
        .history
        .first_after(first, first.first)
        .map(|success| scene.joined.source_lines.of(success.pos))
        .into_iter()
        .collect();
    Some(draft)
}
