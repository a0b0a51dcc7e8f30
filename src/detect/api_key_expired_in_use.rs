//! An expired API key is still used.

use std::collections::BTreeMap;

use super::draft::{Draft, sources_in_words};
use super::kinds::{Kind, Severity, Verdict};
use super::refusals::{self, keys_in_words};
use super::scene::Scene;
use super::successes::{first_after, last_before};
use super::{Detector, Doc, Found, Stage, campaigns, words};
use crate::reason::{Basis, Reason};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

static DOC: Doc = Doc {
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
                    draft.why.push(text!("It expired at {}", expires));
                }
            }
        });
        unexplained(scene, found, fewest);
    }
}

/// Clients on nodes without a server log whose use of a key turns into refusals at one moment, although no event ends the key.
/// An expiry is the end of a key that writes no event.
fn unexplained(scene: &Scene<'_>, found: &mut Found, fewest: u64) {
    /// Uses before that make a client one of the key.
    const USES: u64 = 5;
    let mut keys: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
    for group in scene.index.anonymous.iter().filter(|group| group.key.is_some()) {
        let attempts: Vec<u32> =
            scene.index.of_anonymous(group).iter().copied().filter(|&at| found.is_free(at)).collect();
        let (Some(&first), Some(&last)) = (attempts.first(), attempts.last()) else { continue };
        if attempts.iter().any(|&at| scene.attempt(at).basis != Basis::None) {
            continue;
        }
        let onset = scene.time(first);
        let entries = scene.successes.of_source(group.key);
        let mut used: Vec<Sym> = entries.iter().map(|entry| entry.apikey).collect();
        used.sort_unstable();
        used.dedup();
        // A client of one key and nothing else, which it used up to the first refusal.
        let &[key] = used.as_slice() else { continue };
        let uses: u64 = entries.iter().map(|entry| entry.series.count()).sum();
        let from = entries.iter().filter_map(|entry| entry.series.first()).min();
        let Some((from, to)) = from.zip(last_before(entries.iter(), Millis(i64::MAX)).map(|success| success.time))
        else {
            continue;
        };
        let gap = (to.0 - from.0) / i64::try_from(uses.max(1)).unwrap_or(1);
        let prompt = onset.0 >= to.0 && onset.0 - to.0 <= 10 * gap.max(1000);
        let goes_on = scene.time(last).0 - onset.0 >= gap;
        let ended = scene.key(key).is_some_and(|key| key.invalidated.is_some());
        if key.is_some() && uses >= USES && prompt && goes_on && !ended && !used_since(scene, key, onset) {
            keys.entry(scene.shown(key)).or_default().extend(attempts);
        }
    }
    keys.retain(|_, attempts| attempts.len() as u64 >= fewest);
    // Several keys that end at once have another cause: security settings, a proxy that strips the header.
    if keys.len() > 2 {
        return;
    }
    for (id, mut attempts) in keys {
        attempts.sort_unstable();
        let mut draft = Draft::new(&DOC, Severity::Low, (Verdict::Operational, 0.55));
        draft.title = format!("API key {} has expired, probably, and is still used", String::from_utf8_lossy(id));
        draft.why.push(campaigns::volume(scene, &attempts));
        draft.why.push(text!(
            "These clients used no other key, and were accepted up to {}: {}",
            scene.time(attempts[0]),
            sources_in_words(scene, &attempts)
        ));
        draft.why.push("Nobody uses the key after that, and no event ends it: an expiry writes none".to_owned());
        draft.api_keys = scene.joined.state.symbols.find(id).into_iter().collect();
        draft.attempts = attempts;
        // The server log may tell of expired keys at these times without a client: then these are the clients.
        let told = draft.span(scene).and_then(|span| clientless(scene, found, span));
        let Some(told) = told else {
            draft.why.push(
                "No server log tells the reason: the key may also have been invalidated on a node whose log is missing"
                    .to_owned(),
            );
            found.claim(draft);
            continue;
        };
        let known = &found.drafts[told];
        let lines = words::count(known.failures, "time", "times");
        draft.why.push(format!("The server log says at the same time that an API key has expired, {lines}"));
        draft.confidence = 0.8;
        draft.evidence = known.evidence.clone();
        found.replace(told, draft);
    }
}

/// A finding of this kind, within a time, of which neither key nor client is known.
fn clientless(scene: &Scene<'_>, found: &Found, (start, end): (Millis, Millis)) -> Option<usize> {
    const CLOCKS_MS: i64 = 5000;
    found.drafts.iter().position(|draft| {
        let unknown = draft.attempts.is_empty() && draft.api_keys.is_empty();
        let within = |(from, to): (Millis, Millis)| from.0 >= start.0 - CLOCKS_MS && to.0 <= end.0 + CLOCKS_MS;
        draft.doc.kind == Kind::ApiKeyExpiredInUse && unknown && draft.span(scene).is_some_and(within)
    })
}

/// Whether anybody is accepted with a key after a time.
fn used_since(scene: &Scene<'_>, key: Sym, time: Millis) -> bool {
    let owner = scene.key(key).map_or(Sym::NONE, |key| key.owner);
    let entries = scene.successes.of_principal(owner).iter();
    first_after(entries.filter(|entry| entry.apikey == key), Millis(time.0 + 1)).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    #[test]
    fn without_a_server_log_the_end_of_use_tells() {
        let mut log = Log::new();
        (0..60).for_each(|at| log.key(f64::from(at * 30), "k1", INSIDE, "access_granted", "indices:data/read/search"));
        (60..80).for_each(|at| log.anonymous(f64::from(at * 30), INSIDE, "n1"));
        let findings = log.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].kind.as_str(), findings[0].api_keys[0].as_str()), ("api_key_expired_in_use", "k1"));
    }

    #[test]
    fn server_lines_that_match_no_client_are_the_same_cause() {
        let mut log = Log::new();
        (0..60).for_each(|at| log.key(f64::from(at * 30), "k1", INSIDE, "access_granted", "indices:data/read/search"));
        for at in 60..80 {
            log.anonymous(f64::from(at * 30), INSIDE, "n1");
            // Too far from the attempt to be its reason.
            log.server(f64::from(at * 30) + 2.0, "n1", "Authentication using apikey failed - api key is expired");
        }
        let findings = log.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].kind.as_str(), findings[0].api_keys[0].as_str()), ("api_key_expired_in_use", "k1"));
        assert_eq!(findings[0].failures, 20);
    }

    #[test]
    fn the_key_is_named_by_its_use() {
        for (refusals, expected) in [(4, 0), (20, 1)] {
            let mut log = Log::new();
            (0..60)
                .for_each(|at| log.key(f64::from(at * 30), "k1", INSIDE, "access_granted", "indices:data/read/search"));
            let message = "Authentication using apikey failed - api key is expired";
            (60..60 + refusals).for_each(|at| log.refused(f64::from(at * 30), INSIDE, "n1", message));
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            assert!(findings.iter().all(|f| f.kind == "api_key_expired_in_use" && f.api_keys == ["k1"]));
        }
    }
}
