//! One pair of source and principal, few tries an hour, for hours or days.

use rayon::prelude::*;

use super::campaigns::{self, Join};
use super::cases::{Case, Lean};
use super::clues;
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};

static DOC: Doc = Doc {
    kind: Kind::LowAndSlow,
    signature: "one pair of source and principal, few tries an hour, for hours or days, no success between",
    meaning: "Somebody tries passwords of an account so seldom that no lockout and no rate limit notices.",
    verdict: "hostile where the source lies outside or is new and keeps no clock; unclear otherwise",
    next_steps: &[
        "Find out what runs at {sources}; if nobody knows, block it at the firewall or in xpack.security.http.filter.deny.",
        "Review when and from where {principals} got in lately; if the account exists, change its password: [POST /_security/user/{principal}/_password].",
        "Look for the same source in older logs: what is slow began earlier than it was noticed.",
    ],
    false_positives: &[
        "A job that runs a few times a day with a wrong password at odd times.",
        "A phone or laptop with an old password that wakes up now and then.",
    ],
    attack: &["T1110.001"],
    source: "CrowdSec ssh-slow-bf: the last 4 failures with a median interval above 10 min, cancelled by a success; capacity 10 leaking 1 per 60 s",
};

/// The detector.
#[derive(Debug)]
pub(super) struct LowAndSlow;

impl Detector for LowAndSlow {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Rest
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let known = &*found;
        let told = |cases: Vec<Case>| {
            let attempts = campaigns::attempts(scene, known, &cases);
            let clues = campaigns::clues(&cases);
            let (verdict, confidence) = clues::weigh(&clues);
            // Whatever it is, nothing shows that it is harmless.
            let verdict = if verdict == Verdict::Operational { Verdict::Unclear } else { verdict };
            let scanned = attempts.iter().all(|&at| scene.is_scanner(scene.attempt(at).source));
            let severity = match verdict {
                _ if scanned => Severity::Info,
                Verdict::Hostile => Severity::Medium,
                _ => Severity::Low,
            };
            let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
            draft.title = format!(
                "Slow password guesses on {} from {}",
                principals_in_words(scene, &attempts),
                sources_in_words(scene, &attempts)
            );
            draft.why.push(campaigns::volume(scene, &attempts));
            draft.why.push("No success of the account from there between the failures".to_owned());
            draft.why.extend(campaigns::sentences(scene, &clues));
            draft.why.extend(campaigns::chain(scene, &attempts));
            draft.why.extend(campaigns::accounts(scene, &attempts));
            draft.attempts = attempts;
            draft
        };
        // No attempt is of two campaigns.
        let campaigns = campaigns::of(scene, known, Lean::Slow, Join::Either);
        for draft in campaigns.into_par_iter().map(told).collect::<Vec<_>>() {
            found.claim(draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};

    #[test]
    fn few_tries_an_hour_for_hours() {
        for (tries, expected) in [(4, 0), (12, 1)] {
            let mut log = Log::new();
            irregular(tries, 3600.0, 1500.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
            let told = log.told();
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|(kind, _, verdict)| kind == "low_and_slow" && verdict == "hostile"), "{told:?}");
        }
    }

    #[test]
    fn a_success_between_is_a_person() {
        let mut log = Log::new();
        for time in irregular(12, 3600.0, 1500.0) {
            log.fail(time, "kim", INSIDE);
            log.success(time + 20.0, "kim", INSIDE);
        }
        assert_eq!(log.kinds(), [""; 0]);
    }
}
