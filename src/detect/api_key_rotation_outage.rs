//! A key was invalidated before its replacement was in use.

use super::draft::{Draft, ranked};
use super::kinds::{Kind, Severity};
use super::refusals::{self, Refusals, key_in_words, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, words};
use crate::model::text::{Span, Text};
use crate::reason::Reason;
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyRotationOutage,
    signature: "a key is invalidated before its replacement is in use: refusals from the invalidation until the clients use the new key",
    meaning: "The old key was invalidated first and the new one deployed later, so its clients were locked out in between.",
    verdict: "operational",
    next_steps: &[
        "Check that all of {sources} use the new key by now, and what they failed to send or read in the meantime.",
        "Rotate in this order: create the new key, deploy it, see it used (access_granted with its apikey.id from every client), only then invalidate the old one.",
    ],
    false_positives: &["A key that was invalidated at once on purpose, because it had leaked."],
    attack: &[],
    source: "create and invalidate API key references; order of rotation as in Elastic's guides",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyRotationOutage;

impl Detector for ApiKeyRotationOutage {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        // Before the plain use of an invalidated key, which it explains better.
        Stage::Rotation
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_rotation_outage.failures;
        for refusals in refusals::by_key(scene, found, &[Reason::ApiKeyInvalidated]) {
            if let ([key], true) = (refusals.keys.as_slice(), refusals.len() >= fewest) {
                let replaced = replaced(scene, &refusals, *key);
                if !replaced.is_empty() {
                    report(scene, found, &refusals, *key, &replaced);
                }
            }
        }
    }
}

/// A client that uses another key after the outage: client, new key, when first.
type Replaced = (Sym, Sym, Millis);

/// The clients of a refused key that began to use another one after they were refused. The new key must be new to them: a
/// client that had used both all along was not rotated.
fn replaced(scene: &Scene<'_>, refusals: &Refusals<'_>, key: Sym) -> Vec<Replaced> {
    let within = Scene::ms(scene.thresholds.api_key_rotation_outage.replacement_seconds);
    let Some((first, _)) = refusals.span() else { return Vec::new() };
    let end = invalidated(scene, key).unwrap_or(first);
    let sources = refusals.sources(scene);
    let mut replaced: Vec<Replaced> = Vec::new();
    for source in sources {
        let entries = scene.successes.of_source(source);
        let mut keys: Vec<Sym> = entries.iter().map(|entry| entry.apikey).filter(|&other| other != key).collect();
        keys.retain(|key| key.is_some());
        keys.sort_unstable();
        keys.dedup();
        let first_use = |key: Sym| {
            entries.iter().filter(|entry| entry.apikey == key).filter_map(|entry| entry.series.first()).min()
        };
        let new = keys
            .into_iter()
            .filter_map(|key| Some((first_use(key)?, key)))
            .filter(|&(time, _)| time > first && time.0 - end.0 <= within)
            .min_by_key(|&(time, key)| (time, scene.bytes(key)));
        replaced.extend(new.map(|(time, key)| (source, key, time)));
    }
    replaced.sort_by_key(|&(source, key, time)| (time, scene.bytes(source), scene.bytes(key)));
    replaced
}

fn invalidated(scene: &Scene<'_>, key: Sym) -> Option<Millis> {
    scene.key(key)?.invalidated?.time
}

fn report(scene: &Scene<'_>, found: &mut Found, refusals: &Refusals<'_>, key: Sym, replaced: &[Replaced]) {
    let mut draft: Draft = refusals::draft(scene, &DOC, Severity::High, refusals);
    let (_, new_key, back) = replaced[0];
    let last_back = replaced.iter().map(|&(_, _, time)| time).max().unwrap_or(back);
    let start = invalidated(scene, key).or(refusals.span().map(|(first, _)| first)).unwrap_or(back);
    draft.title = format!(
        "{} was invalidated {} before its replacement was in use",
        keys_in_words(scene, &[key]),
        words::duration(last_back.0 - start.0)
    );
    super::api_key_invalidated_in_use::tell_end(scene, key, &mut draft);
    let (names, total) = ranked(scene, replaced.iter().map(|&(source, ..)| source).collect());
    draft.why.push(text!(
        "The replacement {} was first used at {} by {}",
        key_in_words(scene, new_key),
        back,
        Text::list(names.iter().map(|name| Span::address(name)), total, 3)
    ));
    if let Some(made) = scene.key(new_key).and_then(|key| key.created) {
        draft.why.push(text!("It was made at {}, {} after the old key ended", made, Span::Duration(made.0 - start.0)));
    }
    draft.api_keys.push(new_key);
    draft.times.push(start);
    found.claim(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    #[test]
    fn a_replacement_makes_it_a_rotation() {
        for (replaced, expected) in [(false, "api_key_invalidated_in_use"), (true, "api_key_rotation_outage")] {
            let mut log = Log::new();
            (0..60)
                .for_each(|at| log.key(f64::from(at * 30), "k1", INSIDE, "access_granted", "indices:data/read/search"));
            log.invalidate(1795.0, "admin", &["k1"]);
            let message = "Authentication using apikey failed - api key [k1] has been invalidated";
            (60..80).for_each(|at| log.refused(f64::from(at * 30), INSIDE, "n1", message));
            if replaced {
                (80..99).for_each(|at| {
                    log.key(f64::from(at * 30), "k2", INSIDE, "access_granted", "indices:data/read/search")
                });
            }
            let findings = log.findings();
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!((findings[0].kind.as_str(), findings[0].verdict.as_str()), (expected, "operational"));
        }
    }
}
