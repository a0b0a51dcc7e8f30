//! One source (or a few) and one principal, many tries.

use super::campaigns::{self, Join};
use super::cases::Lean;
use super::clues::{self, Clue};
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::sweep::{Sweep, distinct};
use super::{Detector, Doc, Found, Stage, words};

static DOC: Doc = Doc {
    kind: Kind::PasswordGuessing,
    signature: "one source (or few), one principal (or few), many tries, no steady cadence",
    meaning: "Somebody tries passwords of an account.",
    verdict: "hostile; unclear where the account had been used from that source before or the cadence is that of a program",
    next_steps: &[
        "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
        "If the account exists, make it change its password: POST /_security/user/{principal}/_password. A chain in which a realm other than reserved was asked first shows that it exists.",
        "Look for a success of {principals} from any new address in the hours after.",
        "Close the way by which {source} reaches {nodes}: Elasticsearch should not be open to everybody.",
    ],
    false_positives: &[
        "A person who has forgotten the password, or a password manager with an old one.",
        "A program that was given a wrong password and retries without a clock.",
        "The organisation's own scanner: name it as scanners in the configuration file.",
    ],
    attack: &["T1110.001"],
    source: "Elastic detection rules (100 failures in 60 s), fail2ban (5 in 10 min), Wazuh (8 in 120 s), Hayabusa (5 in 5 min), Elastic for Okta (5 addresses, 10 tries in 30 min)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct PasswordGuessing;

impl Detector for PasswordGuessing {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::OneAccount
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        distributed(scene, found);
        for cases in campaigns::of(scene, found, Lean::Guessing, Join::Either) {
            let attempts = campaigns::attempts(scene, found, &cases);
            report(scene, found, attempts, &campaigns::clues(&cases));
        }
    }
}

/// One principal tried from many sources, each too seldom to be a case.
fn distributed(scene: &Scene<'_>, found: &mut Found) {
    let thresholds = &scene.thresholds.password_guessing;
    let window = Scene::ms(thresholds.distributed_window_seconds);
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    let mut sweep = None;
    for principal in &scene.index.principals {
        if (principal.len() as u64) < thresholds.distributed_sources {
            continue;
        }
        let mut attempts: Vec<u32> = scene
            .index
            .pairs_of(principal)
            .map(|number| scene.pair(number))
            // Where the account usually gets in from, its failures are mistypes.
            .filter(|pair| scene.successes.own(pair.principal, pair.source).next().is_none())
            .flat_map(|pair| found.free(scene.index.of_pair(pair)))
            .collect();
        attempts.sort_unstable();
        let sweep = sweep.get_or_insert_with(|| Sweep::new(scene));
        let hits = sweep.hits(scene, &attempts, window, pause, |window| {
            window.sources >= thresholds.distributed_sources && window.attempts >= thresholds.distributed_failures
        });
        for range in hits {
            let attempts = attempts[range].to_vec();
            let sources = distinct(scene, &attempts).sources;
            let mut clues = vec![Clue::ManySources { sources }, Clue::Stranger];
            let outside = attempts.iter().filter(|&&at| scene.is_outside(scene.attempt(at).source)).count();
            clues.push(if outside * 2 > attempts.len() { Clue::Outside } else { Clue::Inside });
            if scene.is_service(scene.attempt(attempts[0]).principal) {
                clues.push(Clue::Service);
            }
            report(scene, found, attempts, &clues);
        }
    }
}

fn report(scene: &Scene<'_>, found: &mut Found, attempts: Vec<u32>, clues: &[Clue]) {
    let (verdict, confidence) = clues::weigh(clues);
    let scanned = attempts.iter().all(|&at| scene.is_scanner(scene.attempt(at).source));
    let severity = match verdict {
        _ if scanned => Severity::Info,
        Verdict::Hostile if attempts.len() >= 50 => Severity::High,
        Verdict::Hostile => Severity::Medium,
        Verdict::Operational | Verdict::Unclear => Severity::Low,
    };
    let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
    draft.title = format!(
        "{} on {} from {}",
        words::count(attempts.len() as u64, "password guess", "password guesses"),
        principals_in_words(scene, &attempts),
        sources_in_words(scene, &attempts)
    );
    draft.why.push(campaigns::volume(scene, &attempts));
    draft.why.extend(campaigns::sentences(scene, clues));
    draft.why.extend(campaigns::chain(scene, &attempts));
    draft.why.extend(campaigns::accounts(scene, &attempts));
    if scanned {
        draft.why.push("The source is one of the configured scanners".to_owned());
    }
    draft.attempts = attempts;
    found.claim(draft);
}
