//! A cross-cluster key on the REST interface, or the reverse.

use super::draft::{Draft, sources_in_words};
use super::kinds::{Kind, Severity, Verdict};
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, campaigns};
use crate::reason::{Basis, Reason};

static DOC: Doc = Doc {
    kind: Kind::ApiKeyWrongType,
    signature: "authentication_failed whose user.name is an API key's id: a cross-cluster key on the REST interface, or the reverse",
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
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyWrongType;

impl Detector for ApiKeyWrongType {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Explained
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest = scene.thresholds.api_key_wrong_type.failures;
        refusals::report(scene, found, (&DOC, &[Reason::ApiKeyWrongType], fewest), |refusals, draft| {
            draft.title = format!("{} is of the wrong type for where it is sent", keys_in_words(scene, &refusals.keys));
        });
        by_name(scene, found, fewest);
    }
}

/// Names that look like ids of keys, where neither a log nor a listing knows them.
fn by_name(scene: &Scene<'_>, found: &mut Found, fewest: u64) {
    for principal in &scene.index.principals {
        if !looks_like_id(scene.bytes(principal.key)) || !scene.successes.of_principal(principal.key).is_empty() {
            continue;
        }
        let mut attempts: Vec<u32> = scene
            .index
            .pairs_of(principal)
            .flat_map(|pair| found.free(scene.index.of_pair(scene.pair(pair))))
            .filter(|&at| scene.attempt(at).basis == Basis::None)
            // No realm is asked for a key.
            .filter(|&at| scene.chain(scene.attempt(at).chain).is_none_or(<[_]>::is_empty))
            .collect();
        if (attempts.len() as u64) < fewest {
            continue;
        }
        attempts.sort_unstable();
        let mut draft = Draft::new(&DOC, Severity::Low, (Verdict::Operational, 0.7));
        draft.title =
            format!("API key {}, probably, is of the wrong type for where it is sent", scene.text(principal.key));
        draft.why.push(campaigns::volume(scene, &attempts));
        draft.why.push("The name has the form of an API key's id, and no realm was asked for it".to_owned());
        draft.why.push(format!("Clients: {}", sources_in_words(scene, &attempts)));
        draft.api_keys = vec![principal.key];
        draft.attempts = attempts;
        found.claim(draft);
    }
}

/// Ids that Elasticsearch makes are 20 characters of base64url; a name that a person chose hardly has digits and both cases.
fn looks_like_id(name: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| name.iter().any(of);
    name.len() == 20
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};
    use super::*;

    #[test]
    fn ids_of_keys() {
        assert!(looks_like_id(b"VuaCfGcBCdbkQm-e5aOx"));
        for name in [&b"elastic"[..], b"production-exporter1", b"VuaCfGcBCdbkQm-e5aO", b"VuaCfGcBCdbkQm@e5aOx"] {
            assert!(!looks_like_id(name));
        }
    }

    #[test]
    fn under_and_over_the_threshold() {
        for (refusals, expected) in [(4, 0), (8, 1)] {
            let mut log = Log::new();
            (0..refusals).for_each(|at| log.fail(3600.0 + f64::from(at * 30), "VuaCfGcBCdbkQm-e5aOx", INSIDE));
            let told = log.told();
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|(kind, _, verdict)| kind == "api_key_wrong_type" && verdict == "operational"));
        }
    }
}
