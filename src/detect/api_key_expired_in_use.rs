//! An expired API key is still used.

use super::kinds::Kind;
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, words};
use crate::reason::Reason;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyExpiredInUse,
    signature: "`api key is expired` in the server log, or the key's expiration is the onset of the refusals",
    meaning: "The API key has expired and its clients go on sending it. They are locked out until they get a new one.",
    verdict: "operational",
    next_steps: &[
        "Make a new key (POST /_security/api_key with a longer or no expiration) and deploy it to {sources}.",
        "Renew keys at two thirds of their life, and alert 14 days before: GET /_security/_query/api_key with a range on expiration.",
        "From 8.5 on a key that has not expired yet can be extended: PUT /_security/api_key/{key} with expiration.",
    ],
    false_positives: &[
        "A client that was retired and never switched off.",
        "A node whose clock is ahead: see clock_skew.",
    ],
    attack: &[],
    source: "ApiKeyService (`api key is expired`); API key information API (expiration)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyExpiredInUse;

impl Detector for ApiKeyExpiredInUse {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Explained
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_expired_in_use.failures;
        refusals::report(scene, found, (&DOC, &[Reason::ApiKeyExpired], fewest), |refusals, draft| {
            draft.title = format!("{} has expired and is still used", keys_in_words(scene, &refusals.keys));
            for &key in &refusals.keys {
                if let Some(expires) = scene.key(key).and_then(|key| key.expires) {
                    draft.why.push(format!("It expired at {}", words::time(expires)));
                }
            }
        });
    }
}
