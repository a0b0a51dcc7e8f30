//! One source (or a few) and one principal, many tries.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::campaigns::{self, Join};
use super::cases::{Case, Lean};
use super::clues::{self, Clue};
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::index::Group;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::sweep::{Sweep, distinct};
use super::{Detector, Doc, Found, Stage, words};
use crate::state::Sym;

static DOC: Doc = Doc {
    kind: Kind::PasswordGuessing,
    signature: "one source (or few), one principal (or few), many tries, no steady cadence",
    meaning: "Somebody tries passwords of an account.",
    verdict: "hostile; unclear where the account had been used from that source before or the cadence is that of a program",
    next_steps: &[
        "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
        "If the account exists, make it change its password: [POST /_security/user/{principal}/_password]. A chain in which a realm other than reserved was asked first shows that it exists.",
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
        for draft in distributed(scene, found) {
            found.claim(draft);
        }
        // No attempt is of two campaigns.
        let known = &*found;
        let told = |cases: Vec<Case>| told(scene, campaigns::attempts(scene, known, &cases), &campaigns::clues(&cases));
        let campaigns = campaigns::of(scene, known, Lean::Guessing, Join::Either);
        for draft in campaigns.into_par_iter().map(told).collect::<Vec<_>>() {
            found.claim(draft);
        }
    }
}

/// One principal tried from many sources, each too seldom to be a case.
fn distributed(scene: &Scene<'_>, found: &Found) -> Vec<Draft> {
    let thresholds = &scene.thresholds.password_guessing;
    let window = Scene::ms(thresholds.distributed_window_seconds);
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    let of_principal = |sweep: &mut Sweep, principal: &Group| -> Vec<Vec<u32>> {
        let mut attempts: Vec<u32> = scene
            .index
            .pairs_of(principal)
            .map(|number| scene.pair(number))
            // Where the account usually gets in from, its failures are mistypes.
            .filter(|pair| scene.successes.own(pair.principal, pair.source).next().is_none())
            .flat_map(|pair| found.free(scene.index.of_pair(pair)))
            .collect();
        attempts.sort_unstable();
        let hits = sweep.hits(scene, &attempts, window, pause, |window| {
            window.sources >= thresholds.distributed_sources && window.attempts >= thresholds.distributed_failures
        });
        hits.into_iter().map(|range| attempts[range].to_vec()).collect()
    };
    let principals = scene.index.principals.par_iter();
    let mut bursts: Vec<Vec<u32>> = principals
        .filter(|principal| principal.len() as u64 >= thresholds.distributed_sources)
        .map_init(|| Sweep::new(scene), of_principal)
        .flatten_iter()
        .collect();
    // In order of time: which campaign a burst joins depends on those before it.
    bursts.sort_by_key(|burst| burst[0]);
    let mut campaigns = Campaigns::default();
    for burst in bursts {
        campaigns.add(scene, burst);
    }
    let of_campaign = |mut attempts: Vec<u32>| {
        attempts.sort_unstable();
        let within = distinct(scene, &attempts);
        let mut clues = vec![Clue::ManySources { sources: within.sources }, Clue::Stranger];
        if within.principals > 1 {
            clues.push(Clue::ManyPrincipals { principals: within.principals });
        }
        let outside = attempts.iter().filter(|&&at| scene.is_outside(scene.attempt(at).source)).count();
        clues.push(if outside * 2 > attempts.len() { Clue::Outside } else { Clue::Inside });
        if attempts.iter().all(|&at| scene.is_service(scene.attempt(at).principal)) {
            clues.push(Clue::Service);
        }
        told(scene, attempts, &clues)
    };
    campaigns.all.into_par_iter().map(of_campaign).collect()
}

/// Distributed guesses, those from mostly the same sources as one: who has the machines tries more than one name.
#[derive(Default)]
struct Campaigns {
    all: Vec<Vec<u32>>,
    /// By source: the last campaign it took part in.
    of_source: HashMap<Sym, usize, RandomState>,
}

impl Campaigns {
    fn add(&mut self, scene: &Scene<'_>, attempts: Vec<u32>) {
        let mut sources: Vec<Sym> = attempts.iter().map(|&at| scene.attempt(at).source).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut known: Vec<usize> = sources.iter().filter_map(|source| self.of_source.get(source).copied()).collect();
        known.sort_unstable();
        let most = known.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
        let number = match most.filter(|run| run.len() * 2 >= sources.len()) {
            Some(run) => run[0],
            None => {
                self.all.push(Vec::new());
                self.all.len() - 1
            }
        };
        self.all[number].extend(attempts);
        for source in sources {
            self.of_source.insert(source, number);
        }
    }
}

/// The finding of these attempts.
fn told(scene: &Scene<'_>, attempts: Vec<u32>, clues: &[Clue]) -> Draft {
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
    draft
}

#[cfg(test)]
mod tests {
    use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};

    #[test]
    fn many_tries_are_guessing_and_few_are_not() {
        for (tries, expected) in [(4, 0), (5, 1), (12, 1)] {
            let mut log = Log::new();
            irregular(tries, 3600.0, 40.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
            let told = log.told();
            assert_eq!(told.len(), expected, "{tries}: {told:?}");
            assert!(
                told.iter().all(|(kind, _, verdict)| kind == "password_guessing" && verdict == "hostile"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn bursts_that_pause_are_one_campaign_and_two_sources_are_two() {
        let mut log = Log::new();
        for from in [3600.0, 20_000.0, 60_000.0] {
            irregular(20, from, 5.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
        }
        irregular(20, 40_000.0, 5.0).into_iter().for_each(|time| log.fail(time, "lee", "2001:db8::7"));
        assert_eq!(log.kinds(), ["password_guessing"; 2]);
    }

    #[test]
    fn a_person_who_mistypes_is_no_finding() {
        let mut log = Log::new();
        log.success(1000.0, "kim", INSIDE);
        irregular(6, 3600.0, 10.0).into_iter().for_each(|time| log.fail(time, "kim", INSIDE));
        log.success(3800.0, "kim", INSIDE);
        assert_eq!(log.kinds(), [""; 0]);
    }

    #[test]
    fn many_sources_try_one_account() {
        for (sources, expected) in [(4, 0), (12, 1)] {
            let mut log = Log::new();
            for at in 0..sources {
                log.fail(3600.0 + 60.0 * f64::from(at), "elastic", &format!("198.51.{at}.7"));
            }
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            assert!(findings.iter().all(|finding| finding.sources_total == 12 && finding.verdict == "hostile"));
        }
    }

    #[test]
    fn scanners_and_proxies_are_named() {
        let mut log = Log::new();
        log.options.surroundings.scanners = vec![crate::options::Cidr::parse("203.0.113.0/24").unwrap()];
        log.options.surroundings.proxies = log.options.surroundings.scanners.clone();
        irregular(60, 3600.0, 5.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
        let findings = log.findings();
        assert_eq!(findings[0].severity, "info");
        assert!(findings[0].why.iter().any(|why| why.contains("configured proxy")), "{findings:?}");
    }
}
