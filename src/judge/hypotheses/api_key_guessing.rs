//! Many secrets or ids of API keys tried.

use super::{Doc, Hypothesis, ToldCampaign, attack};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;
use crate::judge::words::number;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyGuessing,
        signature: "many secrets or ids of API keys, from a place from which nobody got in with one",
        meaning: "Somebody tries secrets or ids of API keys from {sources}.",
        verdict: "hostile; unclear where the source is one that got in with keys",
        next_steps: &[
            "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
            "If one of the keys is real and its id is known outside, make its owner a new one and invalidate it: {keys}.",
            "Keep the HTTP port of {nodes} off open networks.",
        ],
        false_positives: &[
            "A program with a wrong secret that was put up at a new place.",
            "A test against the wrong cluster.",
        ],
        attack: &["T1110.001"],
        source: "ApiKeyService (`unable to find apikey`, `invalid credentials for API key`)",
    },
    hostile: true,
    families: &[Family::Keys],
    severity: attack,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!(
        "API keys are guessed from {}: {} refusals, {} ids",
        told.places(),
        number(told.failures()),
        number(told.campaign.keys.len() as u64)
    )
}
