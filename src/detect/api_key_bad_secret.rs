//! A key with a wrong secret.

use super::kinds::Kind;
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};
use crate::reason::Reason;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyBadSecret,
    signature: "the server log knows the key id and not the secret: often `id` or raw `api_key` sent instead of `encoded`",
    meaning: "The key exists, and the secret that the client sends is not its secret: cut off, quoted, from another key, or put together in the wrong way.",
    verdict: "operational; unclear where one client tries many keys",
    next_steps: &[
        "Send the `encoded` value of the answer to [POST /_security/api_key], as `Authorization: ApiKey ENCODED`; it is base64 of `id:api_key`.",
        "Check the secret store of {sources} for cut-off values, quotes and line ends.",
        "A lost secret cannot be read again: make a new key, deploy it, then invalidate {key}.",
    ],
    false_positives: &["Somebody tries to guess the secret of a known id; 128 bits of it make that hopeless."],
    attack: &["T1110.001"],
    source: "ApiKeyService (`invalid credentials for API key`), create API key reference (`encoded`)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyBadSecret;

impl Detector for ApiKeyBadSecret {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Explained
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_bad_secret.failures;
        refusals::report(scene, found, (&DOC, &[Reason::ApiKeyBadSecret], fewest), |refusals, draft| {
            draft.title = format!("{} is sent with a wrong secret", keys_in_words(scene, &refusals.keys));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    #[test]
    fn under_and_over_the_threshold() {
        for (refusals, expected) in [(4, 0), (5, 1)] {
            let mut log = Log::new();
            let message = "Authentication using apikey failed - invalid credentials for API key [k1]";
            (0..refusals).for_each(|at| log.refused(3600.0 + f64::from(at * 30), INSIDE, "n1", message));
            let told = log.told();
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|(kind, _, verdict)| kind == "api_key_bad_secret" && verdict == "operational"));
        }
    }
}
