//! A key was invalidated before its replacement was in use.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
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
    },
    hostile: false,
    families: &[Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("{} invalidated before the replacement was in use on {}", told.keys("was", "were"), told.places())
}
