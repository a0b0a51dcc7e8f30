//! An invalidated API key is still used.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
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
    },
    hostile: false,
    families: &[Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("{} invalidated and still used by {}", told.keys("is", "are"), told.places())
}
