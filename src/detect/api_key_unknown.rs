//! A key that this cluster does not have.

use super::kinds::Kind;
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};
use crate::model::text::Text;
use crate::reason::Reason;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyUnknown,
    signature: "the server log cannot find the key id: other cluster, older snapshot, or purged after retention",
    meaning: "The client sends an API key that is not in the security index of this cluster: it was made on another cluster, after the snapshot this one was restored from, or was deleted after it had been invalid for the retention time.",
    verdict: "operational; unclear where one client sends many different keys",
    next_steps: &[
        "Make a key on this cluster ([POST /_security/api_key]) and deploy it to {sources}.",
        "Check which cluster {sources} are meant to talk to: [GET /] shows cluster_uuid.",
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
            draft.first_steps.push(Text::fill(
                "Look whether the id exists: [GET /_security/api_key?id=ID] returns an empty list or 404.",
                |_| None,
            ));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};

    #[test]
    fn under_and_over_the_threshold() {
        for (refusals, expected) in [(4, 0), (5, 1)] {
            let mut log = Log::new();
            let message = "Authentication using apikey failed - unable to find apikey with id k1";
            (0..refusals).for_each(|at| log.refused(3600.0 + f64::from(at * 30), INSIDE, "n1", message));
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            assert!(
                findings.iter().all(|f| f.kind == "api_key_unknown" && f.api_keys == ["k1"] && f.sources == [INSIDE])
            );
        }
    }

    #[test]
    fn one_client_that_tries_keys_is_not_a_misconfiguration() {
        let mut log = Log::new();
        for (at, time) in irregular(30, 3600.0, 20.0).into_iter().enumerate() {
            let message = format!("Authentication using apikey failed - unable to find apikey with id k{at}");
            log.refused(time, OUTSIDE, "n1", &message);
        }
        let told = log.told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].2, "unclear");
    }
}
