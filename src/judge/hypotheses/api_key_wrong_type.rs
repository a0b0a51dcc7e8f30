//! A cross-cluster key on the REST interface, or the reverse.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyWrongType,
        signature: "authentication_failed whose user.name is an API key's id, or a server log that says so: a cross-cluster key on the REST interface, or the reverse",
        meaning: "The key is of the wrong type for the interface it is sent to: a cross-cluster key opens the remote cluster interface only, a REST key the HTTP interface only.",
        verdict: "operational",
        next_steps: &[
            "For REST clients on {sources} make a key with [POST /_security/api_key].",
            "For remote clusters make one with [POST /_security/cross_cluster/api_key], store it as cluster.remote.ALIAS.credentials in the keystore, and use port 9443.",
            "See which type {key} has: [GET /_security/api_key?id={key}].",
        ],
        false_positives: &["An account whose name looks like a key id."],
        attack: &[],
        source: "ApiKeyService (`authentication expected API key type of [rest], but API key [ID] has type [cross_cluster]`); ids are 20 characters of base64url",
    },
    hostile: false,
    families: &[Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let send = if told.features.sources <= 1 { "sends" } else { "send" };
    format!("{} of the wrong type for where {} {send} it", told.keys("is", "are"), told.places())
}
