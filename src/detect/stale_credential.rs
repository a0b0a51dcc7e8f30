//! A client that goes on with a password that is no longer right.

use rayon::prelude::*;

use super::campaigns::{self, Join};
use super::cases::{Case, Lean};
use super::clues::{self, Clue};
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage};
use crate::model::text::{Span, Text};
use crate::text;

static DOC: Doc = Doc {
    kind: Kind::StaleCredential,
    signature: "one principal, few sources, steady cadence, often from a password change on",
    meaning: "A program goes on sending a password (or service token) that is no longer right. It will not stop by itself.",
    verdict: "operational; unclear where the source lies outside, or nothing shows that the account ever got in from there",
    next_steps: &[
        "Update the stored secret of {principals} on {sources}, then restart the program that holds it.",
        "Check that the account exists, is enabled and has the roles it needs: [GET /_security/user/{principal}].",
        "If the secret is lost, set a new one: [POST /_security/user/{principal}/_password]; for a service account make a new token: [POST /_security/service/NAMESPACE/SERVICE/credential/token].",
        "Watch for authentication_success or access_granted of {principal} from {source}.",
    ],
    false_positives: &[
        "A guessing tool that waits the same time between its tries looks as steady; ask who runs something at the source.",
        "A probe that logs in with a wrong password on purpose.",
    ],
    attack: &[],
    source: "elastic/detection-rules #5516 (one misconfigured service, hundreds of thousands of alerts); credential cache of the native realm: 20 min",
};

/// The detector.
#[derive(Debug)]
pub(super) struct StaleCredential;

impl Detector for StaleCredential {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Client
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let known = &*found;
        let told = |cases: Vec<Case>| {
            let attempts = campaigns::attempts(scene, known, &cases);
            let clues = campaigns::clues(&cases);
            let (verdict, confidence) = clues::weigh(&clues);
            // What keeps to a clock and is not hostile in sum is a program, even where the balance is open.
            let verdict = if verdict == Verdict::Hostile { Verdict::Unclear } else { verdict };
            let severity = if attempts.len() >= 1000 { Severity::Medium } else { Severity::Low };
            let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
            let sources = sources_in_words(scene, &attempts);
            draft.title =
                format!("{} fails with a stale password from {sources}", principals_in_words(scene, &attempts));
            draft.why.push(campaigns::volume(scene, &attempts));
            draft.why.extend(campaigns::sentences(scene, &clues));
            draft.why.extend(campaigns::chain(scene, &attempts));
            for clue in &clues {
                if let Clue::Onset { change } = *clue {
                    let change = &scene.joined.changes[change as usize];
                    draft.evidence.push(change.place);
                    let actor = if change.actor.is_some() {
                        Span::principal(&scene.text(change.actor)).into()
                    } else {
                        Text::from("whoever did it")
                    };
                    draft.first_steps.push(text!(
                        "Ask {} for the new secret: {} at {} is what broke it.",
                        actor,
                        Span::name(&scene.text(change.record.action)),
                        change.record.time
                    ));
                }
            }
            draft.attempts = attempts;
            draft
        };
        // No attempt is of two campaigns.
        let campaigns = campaigns::of(scene, known, Lean::Stale, Join::Principal);
        for draft in campaigns.into_par_iter().map(told).collect::<Vec<_>>() {
            found.claim(draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log};

    #[test]
    fn a_program_after_a_password_change() {
        for (tries, expected) in [(5, 0), (30, 1)] {
            let mut log = Log::new();
            for host in ["10.1.2.3", "10.1.2.4"] {
                (0..60).for_each(|at| log.success(60.0 * f64::from(at), "svc", host));
                (60..60 + tries).for_each(|at| log.fail(60.0 * f64::from(at), "svc", host));
            }
            let body = r#""change":{"password":{"user":{"name":"svc"}}}"#;
            log.change(3570.0, "admin", INSIDE, ("change_password", "user/change_password", body));
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            for finding in findings {
                assert_eq!((finding.kind.as_str(), finding.verdict.as_str()), ("stale_credential", "operational"));
                assert_eq!(finding.sources_total, 2);
                assert!(
                    finding.why.iter().any(|why| why.contains("change_password") && why.contains("admin")),
                    "{:?}",
                    finding.why
                );
            }
        }
    }
}
