//! Many API keys are invalidated at once.

use std::collections::BTreeMap;

use super::draft::{Draft, ranked};
use super::index::most_within;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, clues, words};
use crate::correlate::Change;
use crate::event::is_invalidation;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::MassInvalidation,
    signature: "many API keys are invalidated at once, or all keys of an owner or realm",
    meaning: "Somebody invalidated many API keys within a short time. That cannot be undone: every client that used one of them is locked out.",
    verdict: "unclear: a clean-up and a sabotage look the same in the log; hostile where the actor had just been taken over",
    next_steps: &[
        "Ask {principal} whether it was meant, through another channel than the account itself.",
        "If it was not: disable {principal} ([PUT /_security/user/{principal}/_disable]), block {sources}, and make new keys: invalidated keys cannot be restored.",
        "List what is affected: [GET /_security/api_key?active_only=false], invalidated since; give its clients new keys.",
        "Give accounts that need only their own keys manage_own_api_key instead of manage_api_key.",
    ],
    false_positives: &[
        "A planned rotation or the clean-up after a colleague has left.",
        "A tool that makes and invalidates a key for each run.",
    ],
    attack: &["T1531"],
    source: "MITRE ATT&CK T1531 Account Access Removal; the default of ten keys is judgement",
};

/// The detector.
#[derive(Debug)]
pub(super) struct MassInvalidation;

impl Detector for MassInvalidation {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Consequence
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let thresholds = &scene.thresholds.mass_invalidation;
        let window = Scene::ms(thresholds.window_seconds);
        let resolved = resolved(scene);
        let mut actors: BTreeMap<(&[u8], &[u8]), Vec<usize>> = BTreeMap::new();
        for (at, change) in scene.joined.changes_left() {
            if is_invalidation(scene.bytes(change.record.action)) {
                let source = if change.actor.is_some() { &b""[..] } else { scene.bytes(change.source) };
                actors.entry((scene.bytes(change.actor), source)).or_default().push(at);
            }
        }
        for changes in actors.into_values() {
            // Stretches without a pause as long as the window; within one, the window slides over single keys.
            for run in changes.chunk_by(|&a, &b| {
                scene.joined.changes[b].record.time.0 - scene.joined.changes[a].record.time.0 <= window
            }) {
                let times: Vec<Millis> = run
                    .iter()
                    .flat_map(|&at| {
                        let keys = keys_of(&scene.joined.changes[at], resolved.get(&at));
                        std::iter::repeat_n(scene.joined.changes[at].record.time, keys.max(1))
                    })
                    .collect();
                let everything = run.iter().any(|&at| is_sweeping(&scene.joined.changes[at]));
                if everything || most_within(&times, window) as u64 >= thresholds.keys {
                    report(scene, found, run, &resolved);
                }
            }
        }
    }
}

/// By change: the keys that it ended, as far as they are known.
fn resolved(scene: &Scene<'_>) -> BTreeMap<usize, Vec<Sym>> {
    let mut resolved: BTreeMap<usize, Vec<Sym>> = BTreeMap::new();
    for key in &scene.joined.keys {
        if let Some(change) = key.invalidated.and_then(|end| end.change) {
            resolved.entry(change).or_default().push(key.id);
        }
    }
    resolved
}

fn keys_of(change: &Change, resolved: Option<&Vec<Sym>>) -> usize {
    change.record.ids.len().max(resolved.map_or(0, Vec::len))
}

/// All keys of somebody else, or of a realm.
fn is_sweeping(change: &Change) -> bool {
    let record = &change.record;
    let filtered = record.ids.is_empty() && !record.name.is_some() && record.owned_by_authenticated_user != Some(true);
    filtered && (record.owner_realm.is_some() || record.owner.is_some()) && record.owner != change.actor
}

fn report(scene: &Scene<'_>, found: &mut Found, run: &[usize], resolved: &BTreeMap<usize, Vec<Sym>>) {
    let changes: Vec<&Change> = run.iter().map(|&at| &scene.joined.changes[at]).collect();
    let (first, last) = (changes[0], changes[changes.len() - 1]);
    let mut keys: Vec<Sym> = changes.iter().flat_map(|change| change.record.ids.iter().copied()).collect();
    keys.extend(run.iter().filter_map(|at| resolved.get(at)).flatten());
    keys.sort_unstable();
    keys.dedup();
    let sweeping = changes.iter().find(|change| is_sweeping(change));
    let actor = if first.actor.is_some() { scene.text(first.actor) } else { "somebody".to_owned() };
    let breach = found.drafts.iter().position(|draft| {
        draft.doc.kind == Kind::AccountCompromise
            && draft.principals.contains(&first.actor)
            && draft.span(scene).is_some_and(|(from, _)| from <= last.record.time)
    });
    let earlier = scene.joined.changes[..run[0]]
        .iter()
        .filter(|change| change.actor == first.actor && is_invalidation(scene.bytes(change.record.action)))
        .count();
    let outside = scene.is_outside(first.source);
    let verdict = if breach.is_some() { Verdict::Hostile } else { Verdict::Unclear };
    let confidence = if breach.is_some() { clues::confidence(4.0) } else { 0.5 };
    let severity = match verdict {
        Verdict::Hostile => Severity::Critical,
        _ if earlier == 0 || outside || keys.len() >= 50 => Severity::High,
        _ => Severity::Medium,
    };
    let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
    let what = match sweeping {
        Some(change) if change.record.owner.is_some() => format!("all API keys of {}", scene.text(change.record.owner)),
        Some(change) => format!("all API keys of realm {}", scene.text(change.record.owner_realm)),
        None => words::count(keys.len() as u64, "API key", "API keys"),
    };
    draft.title = format!("{actor} invalidated {what}");
    let over = words::duration(last.record.time.0 - first.record.time.0);
    let source =
        if first.source.is_some() { text!(" from {}", Span::address(&scene.text(first.source))) } else { Text::new() };
    draft.why.push(text!(
        "{} by {}{} at {}, within {}",
        Text::count(changes.len() as u64, "invalidation", "invalidations"),
        Span::principal(&actor),
        source,
        first.record.time,
        over
    ));
    if keys.is_empty() {
        draft.why.push("The event names no key ids, so how many keys there were is not known".to_owned());
    } else {
        let (names, total) = ranked(scene, keys.clone());
        draft.why.push(format!("Known keys: {}", words::list(&names, total, 5)));
    }
    draft.why.push(match earlier {
        0 => format!("{actor} had invalidated no key before in these logs"),
        earlier => format!(
            "{actor} had invalidated keys {} before in these logs",
            words::count(earlier as u64, "time", "times")
        ),
    });
    if outside {
        draft.why.push("The source lies outside the internal networks".to_owned());
    }
    let used: Vec<Sym> = keys.iter().copied().filter(|&key| scene.key_failures_of(key) > 0).collect();
    if used.is_empty() {
        draft.why.push("No refusal of these keys is known in these logs".to_owned());
    } else {
        let (names, total) = ranked(scene, used);
        draft.why.push(format!("Still in use, and refused since: {}", words::list(&names, total, 5)));
    }
    draft.principals = vec![first.actor];
    draft.sources = changes.iter().map(|change| change.source).collect();
    draft.nodes = changes.iter().map(|change| scene.joined.nodes.index(change.record.node)).collect();
    draft.times = vec![first.record.time, last.record.time];
    draft.evidence = changes.iter().map(|change| change.place).take(5).chain([last.place]).collect();
    let related: Vec<usize> = (0..found.drafts.len())
        .filter(|&at| found.drafts[at].api_keys.iter().any(|key| keys.contains(key)))
        .chain(breach)
        .collect();
    draft.api_keys = keys;
    let number = found.add(draft);
    for other in related {
        found.relate(number, other);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};

    #[test]
    fn many_keys_at_once() {
        for (keys, expected) in [(9, 0), (10, 1)] {
            let mut log = Log::new();
            for at in 0..keys {
                log.invalidate(3600.0 + f64::from(at * 20), "kim", &[&format!("key{at}")]);
            }
            let told = log.told();
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|(kind, severity, verdict)| {
                kind == "mass_invalidation" && severity == "high" && verdict == "unclear"
            }));
        }
    }

    #[test]
    fn all_keys_of_somebody() {
        let mut log = Log::new();
        let body = r#""invalidate":{"apikeys":{"owned_by_authenticated_user":false,"user":{"name":"fleet","realm":"default_native"}}}"#;
        log.change(3600.0, "kim", INSIDE, ("invalidate_apikeys", "api_key/invalidate", body));
        let findings = log.findings();
        assert!(findings[0].title.contains("all API keys of fleet"), "{findings:?}");
        assert_eq!(findings[0].principals, ["kim"]);
    }

    #[test]
    fn after_a_break_in_it_is_hostile() {
        let mut log = Log::new();
        irregular(25, 3600.0, 10.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
        log.success(4200.0, "kim", OUTSIDE);
        (0..12).for_each(|at| log.invalidate(4300.0 + f64::from(at), "kim", &[&format!("key{at}")]));
        let findings = log.findings();
        let mass = findings.iter().find(|finding| finding.kind == "mass_invalidation").unwrap();
        assert_eq!((mass.verdict.as_str(), mass.attack.as_slice()), ("hostile", &["T1531".to_owned()][..]));
        assert!(mass.related.len() == 1, "{mass:?}");
    }
}
