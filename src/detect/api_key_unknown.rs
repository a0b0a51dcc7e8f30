//! A key that this cluster does not have.

use super::kinds::Kind;
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};
use crate::reason::Reason;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyUnknown,
    signature: "the server log cannot find the key id: other cluster, older snapshot, or purged after retention",
    meaning: "The client sends an API key that is not in the security index of this cluster: it was made on another cluster, after the snapshot this one was restored from, or was deleted after it had been invalid for the retention time.",
    verdict: "operational; unclear where one client sends many different keys",
    next_steps: &[
        "Make a key on this cluster (POST /_security/api_key) and deploy it to {sources}.",
        "Check which cluster {sources} are meant to talk to: GET / shows cluster_uuid.",
        "If the security index was restored from a snapshot, expect all keys made after the snapshot to be unknown.",
    ],
    false_positives: &["A test against the wrong cluster.", "Keys of a cluster that was rebuilt on purpose."],
    attack: &["T1550.001"],
    source: "ApiKeyService (`unable to find apikey with id`), xpack.security.authc.api_key.delete.retention_period (7 days)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyUnknown;

impl Detector for ApiKeyUnknown {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Explained
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_unknown.failures;
        refusals::report(scene, found, (&DOC, &[Reason::ApiKeyNotFound], fewest), |refusals, draft| {
            draft.title = format!("{} is not known to this cluster", keys_in_words(scene, &refusals.keys));
            draft.first_steps.push(
                "Look whether the id exists: GET /_security/api_key?id=ID returns an empty list or 404.".to_owned(),
            );
        });
    }
}
