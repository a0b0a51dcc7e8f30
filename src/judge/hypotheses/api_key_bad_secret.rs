//! A key with a wrong secret.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyBadSecret,
        signature: "the server log knows the key id and not the secret: often `id` or raw `api_key` sent instead of `encoded`",
        meaning: "The key exists, and the secret that the client sends is not its secret: cut off, quoted, from another key, or put together in the wrong way.",
        verdict: "operational; hostile (as api_key_guessing) where somebody who never got in tries many",
        next_steps: &[
            "Send the `encoded` value of the answer to [POST /_security/api_key], as `Authorization: ApiKey ENCODED`; it is base64 of `id:api_key`.",
            "Check the secret store of {sources} for cut-off values, quotes and line ends.",
            "A lost secret cannot be read again: make a new key, deploy it, then invalidate {key}.",
        ],
        false_positives: &["Somebody tries to guess the secret of a known id; 128 bits of it make that hopeless."],
        attack: &["T1110.001"],
        source: "ApiKeyService (`invalid credentials for API key`), create API key reference (`encoded`)",
    },
    hostile: false,
    families: &[Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("{} sent with a wrong secret by {}", told.keys("is", "are"), told.places())
}
