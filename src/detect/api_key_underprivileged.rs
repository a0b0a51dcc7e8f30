//! A valid key that may not do what it is used for.

use std::collections::BTreeMap;

use super::draft::{Draft, ranked};
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, words};
use crate::state::{Actor, Series, Sym};
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::ApiKeyUnderprivileged,
    signature: "access_denied with an apikey.id: the key is valid and lacks a privilege or an index pattern",
    meaning: "The API key is accepted, and its role descriptors (cut down to what its owner may do) do not allow what the client asks for.",
    verdict: "operational; unclear where one key is refused many different actions, as when somebody tries out what a stolen key can do",
    next_steps: &[
        "Look at what the key may do: GET /_security/api_key?id={key}&with_limited_by=true.",
        "Widen its role descriptors: PUT /_security/api_key/{key} (from 8.4), or make a new key; its owner must have the privileges itself.",
        "Check the index names that {sources} write to: a new index pattern is the usual cause.",
    ],
    false_positives: &[
        "Clients that probe for privileges when they start.",
        "A key that is narrow on purpose, in a client that asks for too much.",
    ],
    attack: &[],
    source: "audit-events reference of Elasticsearch (access_denied, apikey.id); limited-by role descriptors of API keys",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ApiKeyUnderprivileged;

impl Detector for ApiKeyUnderprivileged {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Client
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let mut keys: BTreeMap<&[u8], Vec<(&Actor, &Series)>> = BTreeMap::new();
        let denials = scene.joined.denials.iter();
        for (actor, series) in denials.filter(|(actor, _)| actor.apikey.is_some()).collect::<Vec<_>>() {
            keys.entry(scene.bytes(actor.apikey)).or_default().push((actor, series));
        }
        for mut denials in keys.into_values() {
            let total: u64 = denials.iter().map(|(_, series)| series.count()).sum();
            if total >= scene.thresholds.api_key_underprivileged.denials {
                denials.sort_by_key(|(actor, series)| {
                    (
                        series.first(),
                        scene.bytes(actor.source),
                        scene.bytes(actor.es_action),
                        scene.joined.nodes.index(actor.node),
                    )
                });
                report(scene, found, &denials, total);
            }
        }
    }
}

fn report(scene: &Scene<'_>, found: &mut Found, denials: &[(&Actor, &Series)], total: u64) {
    /// Actions that one program is refused at most; more of them look like somebody who tries what is possible.
    const ACTIONS: u64 = 12;
    let key = denials[0].0.apikey;
    let repeated = |of: fn(&Actor) -> Sym| -> Vec<Sym> {
        let weighted = denials.iter().flat_map(|(actor, series)| {
            std::iter::repeat_n(of(actor), usize::try_from(series.count().min(1000)).unwrap_or(1))
        });
        weighted.collect()
    };
    let (actions, actions_total) = ranked(scene, repeated(|actor| actor.es_action));
    let (sources, sources_total) = ranked(scene, repeated(|actor| actor.source));
    let owner = scene.text(denials[0].0.principal);
    let judged = if actions_total > ACTIONS { (Verdict::Unclear, 0.5) } else { (Verdict::Operational, 0.9) };
    let severity = if total >= 1000 { Severity::Medium } else { Severity::Low };
    let mut draft = Draft::new(&DOC, severity, judged);
    let id = scene.text(key);
    let name = scene.key_name(key).map_or_else(String::new, |name| format!(" ({name})"));
    draft.title = format!("API key {id}{name} may not do {}", words::list(&actions, actions_total, 1));
    let first = denials.iter().filter_map(|(_, series)| series.first()).min();
    let last = denials.iter().filter_map(|(_, series)| series.last()).max();
    let span = |first: Millis, last: Millis| words::duration(last.0 - first.0);
    let over = first.zip(last).map_or_else(String::new, |(first, last)| format!(" in {}", span(first, last)));
    draft.why.push(format!(
        "{} refused{over}, from {}",
        words::count(total, "action", "actions"),
        words::list(&sources, sources_total, 3)
    ));
    draft.why.push(format!("The key is valid: an access decision means that it was accepted. Its owner is {owner}"));
    draft.why.push(format!("Refused: {}", words::list(&actions, actions_total, 5)));
    let successes: u64 = scene
        .successes
        .of_principal(denials[0].0.principal)
        .iter()
        .filter(|entry| entry.apikey == key)
        .map(|entry| entry.series.count())
        .sum();
    // An access decision counts as a success of authentication, refusals included.
    let granted = successes.saturating_sub(total);
    draft.why.push(if granted > 0 {
        format!("Other actions of the key were granted {}", words::count(granted, "time", "times"))
    } else {
        "No other action of the key was granted in these logs".to_owned()
    });
    draft.failures = total;
    draft.successes = granted;
    draft.principals = vec![denials[0].0.principal];
    draft.sources = repeated(|actor| actor.source);
    draft.nodes = denials.iter().map(|(actor, _)| scene.joined.nodes.index(actor.node)).collect();
    draft.api_keys = vec![key];
    draft.times = first.into_iter().chain(last).collect();
    let lines = denials.iter().filter_map(|(_, series)| series.buckets().first());
    draft.evidence = lines.map(|bucket| scene.joined.source_lines.of(bucket.pos)).take(5).collect();
    found.add(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    #[test]
    fn refused_actions_of_a_key() {
        for (denials, expected) in [(9, 0), (10, 1)] {
            let mut log = Log::new();
            for at in 0..denials {
                log.key(3600.0 + f64::from(at), "k1", INSIDE, "access_denied", "indices:admin/create");
                log.key(3600.5 + f64::from(at), "k1", INSIDE, "access_granted", "indices:data/read/search");
            }
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            for finding in findings {
                assert_eq!((finding.kind.as_str(), finding.failures), ("api_key_underprivileged", 10));
                assert_eq!((finding.api_keys[0].as_str(), finding.successes), ("k1", 10));
            }
        }
    }
}
