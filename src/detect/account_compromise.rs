//! Failures of a principal from a source, then its success from there.

use rayon::prelude::*;

use super::cases::{Case, Lean};
use super::clues::{self, Clue};
use super::draft::Draft;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::successes::{Success, count_within, first_after};
use super::{Detector, Doc, Found, Stage, campaigns, words};
use crate::correlate::Change;
use crate::state::Sym;
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::AccountCompromise,
    signature: "failures from a source, then a success of the same principal from it, not with an API key",
    meaning: "Somebody tried passwords of {principal} from {source} until one was right, and is in.",
    verdict: "hostile; unclear where few failures came before it or the account had been used from that source before",
    next_steps: &[
        "Disable the account now: PUT /_security/user/{principal}/_disable (native), or in the directory.",
        "Invalidate what was made since: DELETE /_security/api_key with {\"username\":\"{principal}\"}, and tokens: DELETE /_security/oauth2/token with {\"username\":\"{principal}\"}.",
        "Block {sources}.",
        "Review everything {principal} did since, from any address: access_granted and security_config_change events, new users, roles, role mappings and snapshots.",
        "Then set a new password and enable the account again.",
    ],
    false_positives: &[
        "A person who had forgotten the password and remembered, or found it in the end: ask.",
        "A program that was repaired while it retried without a clock.",
    ],
    attack: &["T1110.001", "T1078"],
    source: "Elastic detection rules (5 failures, then a success), Timesketch (20 failures in the hour before a success from the address)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct AccountCompromise;

/// A success after failures.
#[derive(Debug, Clone)]
struct Breach {
    principal: Sym,
    source: Sym,
    success: Success,
    /// Failures of the principal from the source before it, by time.
    failures: Vec<u32>,
    clues: Vec<Clue>,
    /// Weight of what the clues do not say.
    extra: f64,
    /// The finding whose campaign it ends.
    campaign: Option<usize>,
}

impl Detector for AccountCompromise {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Consequence
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let mut breaches = after_guesses(scene);
        after_campaigns(scene, found, &mut breaches);
        breaches.sort_by_key(|breach| (breach.success.time, scene.joined.source_lines.of(breach.success.pos)));
        for breach in breaches {
            let campaigns: Vec<usize> = found.owners(&breach.failures).into_iter().chain(breach.campaign).collect();
            if let Some(number) = report(scene, found, &breach) {
                campaigns.into_iter().for_each(|campaign| found.relate(number, campaign));
            }
        }
    }
}

/// Pairs that fail at least a handful of times and then get in.
fn after_guesses(scene: &Scene<'_>) -> Vec<Breach> {
    let thresholds = &scene.thresholds.account_compromise;
    let window = Scene::ms(thresholds.window_seconds);
    let of_case = |case: &Case| {
        let alternating = case.clues.iter().any(|clue| matches!(clue, Clue::Alternating { .. }));
        if case.lean == Lean::Stale || alternating || matches!(case.clues.first(), Some(Clue::Steady { .. })) {
            return None;
        }
        let (principal, source) = (case.principal(scene), case.source(scene));
        let worked_before = case.clues.iter().any(|clue| matches!(clue, Clue::WorkedBefore { .. }));
        let fewest = if worked_before { thresholds.failures_known_source } else { thresholds.failures };
        let attempts = case.attempts(scene);
        // The first success that enough failures came before.
        let mut from = case.first;
        while let Some(success) = first_after(scene.successes.own(principal, source), from) {
            let before: Vec<u32> = attempts
                .iter()
                .copied()
                .filter(|&at| scene.time(at) <= success.time && success.time.0 - scene.time(at).0 <= window)
                .collect();
            let since_last = scene.successes.own(principal, source);
            let between =
                before.first().map_or(0, |&at| count_within(since_last, scene.time(at), Millis(success.time.0 - 1)));
            if before.len() as u64 >= fewest && between == 0 {
                let whole = attempts.iter().copied().filter(|&at| scene.time(at) <= success.time).collect();
                let extra = [10, 20].into_iter().filter(|&most| before.len() >= most).count() as f64;
                let keep = |clue: &&Clue| !matches!(clue, Clue::Repaired { .. } | Clue::FrontMoved { .. });
                let clues = case.clues.iter().filter(keep).copied().collect();
                return Some(Breach { principal, source, success, failures: whole, clues, extra, campaign: None });
            }
            let &next = attempts.iter().find(|&&at| scene.time(at) > success.time)?;
            from = scene.time(next);
        }
        None
    };
    scene.cases().par_iter().filter_map(of_case).collect()
}

/// Accounts that get in from sources of an attack from where nobody had got in before it.
fn after_campaigns(scene: &Scene<'_>, found: &Found, breaches: &mut Vec<Breach>) {
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    for (number, draft) in found.drafts.iter().enumerate() {
        if draft.verdict != Verdict::Hostile || draft.severity == Severity::Info {
            continue;
        }
        let mut sources: Vec<Sym> = draft.attempts.iter().map(|&at| scene.attempt(at).source).collect();
        sources.sort_unstable();
        sources.dedup();
        let Some((start, end)) = draft.span(scene) else { continue };
        for source in sources {
            if scene.is_proxy(source) || !scene.is_stranger(source, start) {
                continue;
            }
            let entries = scene.successes.of_source(source);
            for entries in entries.chunk_by(|a, b| a.principal == b.principal) {
                let principal = entries[0].principal;
                let own = || entries.iter().filter(|entry| !entry.apikey.is_some());
                let Some(success) = first_after(own(), start).filter(|success| success.time.0 <= end.0 + pause) else {
                    continue;
                };
                if breaches.iter().any(|known| (known.principal, known.source) == (principal, source)) {
                    continue;
                }
                let of_pair = |at: &&u32| {
                    let attempt = scene.attempt(**at);
                    (attempt.principal, attempt.source) == (principal, source)
                };
                let of_pair: Vec<u32> = draft.attempts.iter().filter(of_pair).copied().collect();
                let before = of_pair.partition_point(|&at| scene.time(at) <= success.time);
                // Who is in stops trying; who goes on failing as before was never locked out.
                if of_pair.len() > 2 * before {
                    continue;
                }
                breaches.push(Breach {
                    principal,
                    source,
                    success,
                    failures: of_pair[..before].to_vec(),
                    clues: vec![Clue::Stranger],
                    extra: 2.0,
                    campaign: Some(number),
                });
            }
        }
    }
}

/// What the account changed after it was taken over, from there.
fn changes_after<'s>(scene: &'s Scene<'_>, breach: &Breach) -> Vec<&'s Change> {
    scene
        .joined
        .changes
        .iter()
        .filter(|change| change.record.time >= breach.success.time)
        .filter(|change| change.actor == breach.principal || change.run_by == breach.principal)
        .filter(|change| change.source == breach.source || !change.source.is_some())
        .collect()
}

/// Below this sum of weights a success after failures is a person who found the password in the end.
const SUSPICIOUS: f64 = 2.0;

/// From this sum on it is told as a fact.
const CERTAIN: f64 = 3.0;

fn report(scene: &Scene<'_>, found: &mut Found, breach: &Breach) -> Option<usize> {
    let changes = changes_after(scene, breach);
    let sum = clues::balance(&breach.clues) + breach.extra + if changes.is_empty() { 0.0 } else { 2.0 };
    if sum < SUSPICIOUS || scene.is_scanner(breach.source) {
        return None;
    }
    let (verdict, severity) =
        if sum >= CERTAIN { (Verdict::Hostile, Severity::Critical) } else { (Verdict::Unclear, Severity::High) };
    let mut draft = Draft::new(&DOC, severity, (verdict, clues::confidence(sum)));
    let (principal, source) = (scene.text(breach.principal), scene.text(breach.source));
    draft.title = format!("{principal} taken over from {source}");
    let own = || scene.successes.own(breach.principal, breach.source);
    draft.successes = count_within(own(), breach.success.time, Millis(i64::MAX));
    let at = words::time(breach.success.time);
    draft.why.push(if breach.failures.is_empty() {
        format!("The first success of {principal} from there is at {at}, within an attack from the same source on other accounts")
    } else {
        let count = words::count(breach.failures.len() as u64, "failure", "failures");
        format!("{count} of {principal} from {source}, then a success from there at {at}")
    });
    if !breach.failures.is_empty() {
        draft.why.push(campaigns::volume(scene, &breach.failures));
    }
    draft.why.push(format!(
        "{} of it from there since (authentication_success or access decisions)",
        words::count(draft.successes, "success", "successes")
    ));
    draft.times.push(breach.success.time);
    draft.evidence.push(scene.joined.source_lines.of(breach.success.pos));
    for change in &changes {
        let action = scene.text(change.record.action);
        let object =
            if change.record.name.is_some() { format!(" ({})", scene.text(change.record.name)) } else { String::new() };
        draft.why.push(format!("Then {action}{object} at {}", words::time(change.record.time)));
        draft.times.push(change.record.time);
        draft.evidence.push(change.place);
        draft.api_keys.extend(change.record.ids.iter().copied());
    }
    if changes.iter().any(|change| scene.bytes(change.record.action) == b"create_apikey") {
        draft.first_steps.push(format!(
            "An API key was made after the break-in and outlives a new password: GET /_security/api_key?username={principal}, then invalidate it."
        ));
    }
    draft.why.extend(campaigns::sentences(scene, &breach.clues));
    if let Some((_, end)) = draft.span(scene) {
        let last = own().filter_map(|entry| entry.series.last()).max().unwrap_or(end);
        draft.times.push(last);
    }
    draft.principals = vec![breach.principal];
    draft.sources = vec![breach.source];
    draft.attempts = breach.failures.clone();
    Some(found.add(draft))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};

    const CREATE: (&str, &str, &str) =
        ("create_apikey", "api_key/create", r#""create":{"apikey":{"id":"newkey","name":"backdoor"}}"#);

    #[test]
    fn failures_then_a_success() {
        for (tries, expected) in [(3, false), (15, true)] {
            let mut log = Log::new();
            irregular(tries, 3600.0, 20.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
            log.success(4200.0, "kim", OUTSIDE);
            log.change(4300.0, "kim", OUTSIDE, CREATE);
            let findings = log.findings();
            assert_eq!(findings.first().is_some_and(|f| f.kind == "account_compromise"), expected, "{findings:?}");
            if let [breach, guessing] = findings.as_slice() {
                assert_eq!((breach.severity.as_str(), breach.verdict.as_str()), ("critical", "hostile"));
                assert_eq!(breach.api_keys, ["newkey"]);
                assert_eq!((&breach.related[0], &guessing.related[0]), (&guessing.id, &breach.id));
            }
        }
    }

    #[test]
    fn a_spray_that_hits() {
        let mut log = Log::new();
        for (at, time) in irregular(60, 3600.0, 20.0).into_iter().enumerate() {
            log.fail(time, &format!("user{}", at % 30), OUTSIDE);
        }
        log.success(4500.0, "user7", OUTSIDE);
        let findings = log.findings();
        assert_eq!(
            findings.iter().map(|f| f.kind.as_str()).collect::<Vec<_>>(),
            ["account_compromise", "password_spraying"]
        );
        assert_eq!(findings[0].principals, ["user7"]);
    }

    #[test]
    fn neither_a_person_nor_a_repaired_program() {
        let mut log = Log::new();
        irregular(3, 3600.0, 10.0).into_iter().for_each(|time| log.fail(time, "kim", INSIDE));
        log.success(3700.0, "kim", INSIDE);
        (0..40).for_each(|at| log.fail(7200.0 + 60.0 * f64::from(at), "svc", "10.1.2.4"));
        (40..80).for_each(|at| log.success(7200.0 + 60.0 * f64::from(at), "svc", "10.1.2.4"));
        assert_eq!(log.kinds(), ["stale_credential"]);
    }

    #[test]
    fn a_success_with_a_key_is_not_the_password() {
        let mut log = Log::new();
        irregular(15, 3600.0, 20.0).into_iter().for_each(|time| log.fail(time, "owner", OUTSIDE));
        log.key(4200.0, "somekey", OUTSIDE, "access_granted", "indices:data/read/search");
        assert!(!log.kinds().contains(&"account_compromise".to_owned()));
    }
}
