//! An invalidated API key is still used.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::kinds::Kind;
use super::refusals::{self, Refusals, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};
use crate::correlate::How;
use crate::model::text::{Span, Text};
use crate::reason::Reason;
use crate::state::Sym;
use crate::text;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyInvalidatedInUse,
    signature: "the server log (or a listing) says that the key is invalidated, or a client's failures begin when the key it used is invalidated",
    meaning: "An API key was invalidated while clients used it, and they go on sending it. They are locked out until they get a new one.",
    verdict: "operational",
    next_steps: &[
        "Make a new key ([POST /_security/api_key]) and deploy it to {sources}; an invalidated key cannot be restored.",
        "If the clients are not needed any more, switch them off: they load the cluster with every retry.",
        "Before a key is invalidated, look whether it is used: access_granted events with its apikey.id.",
    ],
    false_positives: &[
        "A key that was invalidated on purpose because it had leaked: then whoever still sends it is worth a look.",
        "A client that was retired and never switched off.",
    ],
    attack: &[],
    source: "ApiKeyService (`api key [ID] has been invalidated`); elastic/elasticsearch #83046, #83304, #106075",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyInvalidatedInUse;

impl Detector for ApiKeyInvalidatedInUse {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Explained
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_invalidated_in_use.failures;
        let refusals = refusals::by_key(scene, found, &[Reason::ApiKeyInvalidated]);
        for refusals in by_cause(scene, refusals).into_iter().filter(|refusals| refusals.len() >= fewest) {
            let severity = refusals::severity(scene, &refusals);
            let mut draft = refusals::draft(scene, &DOC, severity, &refusals);
            let verb = if refusals.keys.len() > 1 { "are" } else { "is" };
            draft.title = format!("{} {verb} invalidated and still used", keys_in_words(scene, &refusals.keys));
            for &key in refusals.keys.iter().take(3) {
                tell_end(scene, key, &mut draft);
            }
            found.claim(draft);
        }
    }
}

/// Keys that one change ended are one cause.
fn by_cause<'c>(scene: &Scene<'_>, keys: Vec<Refusals<'c>>) -> Vec<Refusals<'c>> {
    let mut causes: BTreeMap<(Option<usize>, usize), Refusals<'c>> = BTreeMap::new();
    for (number, refusals) in keys.into_iter().enumerate() {
        let change = match refusals.keys.as_slice() {
            [key] => scene.key(*key).and_then(|key| key.invalidated?.change),
            _ => None,
        };
        // Without a known change each key stays by itself.
        let cause = (change, if change.is_some() { 0 } else { number });
        match causes.get_mut(&cause) {
            Some(known) => {
                known.keys.extend(refusals.keys);
                known.failures.extend(refusals.failures);
                known.failures.sort_by_key(|failure| (failure.time, failure.place));
            }
            None => {
                causes.insert(cause, refusals);
            }
        }
    }
    causes.into_values().collect()
}

/// Says when and by whom a key was ended.
pub(super) fn tell_end(scene: &Scene<'_>, key: Sym, draft: &mut Draft) {
    let Some(end) = scene.key(key).and_then(|key| key.invalidated) else { return };
    let at = end.time.map_or_else(Text::new, |time| text!(" at {}", time));
    let how = match end.how {
        How::Id => "by its id",
        How::Name => "by its name",
        How::Owner => "with all keys of its owner",
        How::Realm => "with all keys of its owner's realm",
        How::Listing => "as the listing of keys says",
    };
    let change = end.change.and_then(|change| scene.joined.changes.get(change));
    let by = change.filter(|change| change.actor.is_some()).map_or_else(Text::new, |change| {
        let source = if change.source.is_some() {
            text!(" from {}", Span::address(&scene.text(change.source)))
        } else {
            Text::new()
        };
        text!(" by {}{}", Span::principal(&scene.text(change.actor)), source)
    });
    draft.why.push(text!("It was invalidated{}{}, {}", at, by, how));
    if let Some(change) = change {
        draft.evidence.insert(0, change.place);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    const MESSAGE: &str = "Authentication using apikey failed - api key [k1] has been invalidated";

    #[test]
    fn under_and_over_the_threshold() {
        for (refusals, expected) in [(4, 0), (20, 1)] {
            let mut log = Log::new();
            (0..60)
                .for_each(|at| log.key(f64::from(at * 30), "k1", INSIDE, "access_granted", "indices:data/read/search"));
            log.invalidate(1795.0, "admin", &["k1"]);
            (60..60 + refusals).for_each(|at| log.refused(f64::from(at * 30), INSIDE, "n1", MESSAGE));
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            for finding in findings {
                assert_eq!(
                    (finding.kind.as_str(), finding.verdict.as_str()),
                    ("api_key_invalidated_in_use", "operational")
                );
                assert!(finding.why.iter().any(|why| why.contains("by admin")), "{:?}", finding.why);
            }
        }
    }
}
