//! A key that this cluster does not have.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyUnknown,
        signature: "the server log cannot find the key id: other cluster, older snapshot, or purged after retention",
        meaning: "The client sends an API key that is not in the security index of this cluster: it was made on another cluster, after the snapshot this one was restored from, or was deleted after it had been invalid for the retention time.",
        verdict: "operational; hostile (as api_key_guessing) where somebody who never got in sends many",
        next_steps: &[
            "Look whether the id exists: [GET /_security/api_key?id={key}] returns an empty list or 404.",
            "Make a key on this cluster ([POST /_security/api_key]) and deploy it to {sources}.",
            "Check which cluster {sources} are meant to talk to: [GET /] shows cluster_uuid.",
            "If the security index was restored from a snapshot, expect all keys made after the snapshot to be unknown.",
        ],
        false_positives: &["A test against the wrong cluster.", "Keys of a cluster that was rebuilt on purpose."],
        attack: &["T1550.001"],
        source: "ApiKeyService (`unable to find apikey with id`), xpack.security.authc.api_key.delete.retention_period (7 days)",
    },
    hostile: false,
    families: &[Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("{} not known to this cluster, and sent by {}", told.keys("is", "are"), told.places())
}
