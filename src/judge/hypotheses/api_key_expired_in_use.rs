//! An expired API key is still used.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyExpiredInUse,
        signature: "`api key is expired` in the server log, or the key's expiration is the onset of the refusals",
        meaning: "The API key has expired and its clients go on sending it. They are locked out until they get a new one.",
        verdict: "operational",
        next_steps: &[
            "Make a new key ([POST /_security/api_key] with a longer or no expiration) and deploy it to {sources}.",
            "Renew keys at two thirds of their life, and alert 14 days before: [GET /_security/_query/api_key] with a range on expiration.",
            "From 8.5 on a key that has not expired yet can be extended: [PUT /_security/api_key/{key}] with expiration.",
        ],
        false_positives: &[
            "A client that was retired and never switched off.",
            "A node whose clock is ahead: see clock_skew.",
        ],
        attack: &[],
        source: "ApiKeyService (`api key is expired`); API key information API (expiration)",
    },
    hostile: false,
    families: &[Family::Keys, Family::Bare],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("{} expired and still used by {}", told.keys("is", "are"), told.places())
}
