//! Many sources and many principals, about one try each.

use rayon::prelude::*;

use super::campaigns;
use super::clues::{self, Clue};
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::index::Group;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::sweep::{Sweep, distinct};
use super::{Detector, Doc, Found, Stage, words};
use crate::reason::Reason;
use crate::state::Sym;

static DOC: Doc = Doc {
    kind: Kind::CredentialStuffing,
    signature: "many sources, many principals, about one try each",
    meaning: "Somebody tries pairs of name and password leaked elsewhere, from many machines.",
    verdict: "hostile; unclear where the sources are internal",
    next_steps: &[
        "Rate-limit or block at the proxy in front of {nodes}: single addresses change too fast. Begin with {sources}.",
        "Look for accounts that got in from these sources: those passwords are known to others.",
        "Make the accounts that exist among {principals} change their passwords; turn on a second factor where single sign-on allows it.",
    ],
    false_positives: &[
        "A directory that is down or slow: then people fail from where they always get in, which is left out here.",
        "A new application that was rolled out to many machines with wrong accounts.",
    ],
    attack: &["T1110.004"],
    source: "Elastic for Entra (10 users, 30 events, 5 addresses, more users than addresses), Elastic for Okta (at most 2 tries per user)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct CredentialStuffing;

impl Detector for CredentialStuffing {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::ManySources
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let thresholds = &scene.thresholds.credential_stuffing;
        let window = Scene::ms(thresholds.window_seconds);
        let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
        let mut candidates = candidates(scene, found);
        if (candidates.len() as u64) < thresholds.failures {
            return;
        }
        let mut sweep = Sweep::new(scene);
        // A source that does much more than the others is a cause of its own: without it, is it still stuffing?
        let mut hits = Vec::new();
        for _ in 0..3 {
            let is_flood = |attempts: u64, principals: u64, sources: u64| {
                attempts >= FLOOD * thresholds.failures && principals * 10 >= sources * 9
            };
            hits = sweep.hits(scene, &candidates, window, window, |window| {
                window.attempts >= thresholds.failures
                    && window.principals >= thresholds.principals
                    && window.sources >= thresholds.sources
                    && (window.principals > window.sources
                        || is_flood(window.attempts, window.principals, window.sources))
                    && window.attempts as f64 <= window.principals as f64 * thresholds.most_per_principal
            });
            let loud: Vec<Sym> = hits.iter().flat_map(|range| loud(scene, &candidates[range.clone()])).collect();
            if loud.is_empty() {
                break;
            }
            candidates.retain(|&at| !loud.contains(&scene.attempt(at).source));
        }
        // Bursts that pause are one campaign if they come from the same sources.
        let mut campaigns: Vec<Vec<u32>> = Vec::new();
        for range in hits {
            let attempts = &candidates[range];
            match campaigns.last_mut() {
                Some(last) if continues(scene, last, attempts, pause) => last.extend_from_slice(attempts),
                _ => campaigns.push(attempts.to_vec()),
            }
        }
        for attempts in campaigns {
            report(scene, found, attempts);
        }
    }
}

/// So many times the least number of failures are an attack even if each comes from an address of its own, which a few people
/// who mistype do, too.
const FLOOD: u64 = 4;

/// Attempts of pairs that fail a few times and never get in, from sources where nobody had got in before.
fn candidates(scene: &Scene<'_>, found: &Found) -> Vec<u32> {
    const MOST_OF_PAIR: usize = 4;
    let is_new = |group: &&Group| {
        let first = scene.index.of_source(group).first();
        first.is_some_and(|&at| !scene.successes.any() || scene.is_stranger(group.key, scene.time(at)))
    };
    let is_candidate = |at: &u32| {
        found.is_free(*at) && scene.index.pair_of(*at).is_some_and(|number| scene.pair(number).len() <= MOST_OF_PAIR)
    };
    let of_source = |group: &'_ Group| scene.index.of_source(group).iter().copied().filter(is_candidate);
    let mut candidates: Vec<u32> = scene.index.sources.par_iter().filter(is_new).flat_map_iter(of_source).collect();
    candidates.par_sort_unstable();
    candidates
}

/// Sources that by themselves are a spray and stand out among the others: four times the tries of the middle one.
fn loud(scene: &Scene<'_>, attempts: &[u32]) -> Vec<Sym> {
    let spraying = &scene.thresholds.password_spraying;
    let mut sources: Vec<Sym> = attempts.iter().map(|&at| scene.attempt(at).source).collect();
    sources.sort_unstable();
    let mut counts: Vec<(u64, Sym)> = sources.chunk_by(|a, b| a == b).map(|run| (run.len() as u64, run[0])).collect();
    counts.sort_unstable();
    let middle = counts.get(counts.len() / 2).map_or(0, |&(count, _)| count);
    counts
        .into_iter()
        .filter(|&(count, _)| count >= spraying.failures && count >= 4 * middle)
        .map(|(_, sym)| sym)
        .collect()
}

/// Whether a burst continues a campaign: soon after, and a good part of its sources were seen in it.
fn continues(scene: &Scene<'_>, campaign: &[u32], burst: &[u32], pause: i64) -> bool {
    let (Some(&last), Some(&first)) = (campaign.last(), burst.first()) else { return false };
    if scene.time(first).0 - scene.time(last).0 > pause {
        return false;
    }
    let sources = |attempts: &[u32]| {
        let mut sources: Vec<Sym> = attempts.iter().map(|&at| scene.attempt(at).source).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    };
    let (known, new) = (sources(campaign), sources(burst));
    let shared = new.iter().filter(|source| known.binary_search(source).is_ok()).count();
    shared * 4 >= new.len()
}

fn report(scene: &Scene<'_>, found: &mut Found, attempts: Vec<u32>) {
    let within = distinct(scene, &attempts);
    let outside = attempts.iter().filter(|&&at| scene.is_outside(scene.attempt(at).source)).count();
    let mut clues = vec![Clue::ManyPrincipals { principals: within.principals }];
    clues.push(if outside * 2 > attempts.len() { Clue::Outside } else { Clue::Inside });
    if scene.successes.any() {
        clues.push(Clue::Stranger);
    }
    let unknown = attempts.iter().filter(|&&at| scene.attempt(at).reason == Reason::UnknownUser).count();
    if unknown > 0 {
        clues.push(Clue::UnknownName { share: unknown as f64 / attempts.len() as f64 });
    }
    let (verdict, confidence) = clues::weigh(&clues);
    let severity = if verdict == Verdict::Hostile { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
    draft.title = format!(
        "Credential stuffing: {} tried from {}",
        words::count(within.principals, "account", "accounts"),
        words::count(within.sources, "source", "sources")
    );
    draft.why.push(campaigns::volume(scene, &attempts));
    draft.why.push(format!(
        "{:.1} tries a principal, {:.1} a source; principals: {}; sources: {}",
        within.attempts as f64 / within.principals.max(1) as f64,
        within.attempts as f64 / within.sources.max(1) as f64,
        principals_in_words(scene, &attempts),
        sources_in_words(scene, &attempts)
    ));
    draft.why.push(format!(
        "{} of the tries come from outside the internal networks",
        words::percent(outside as f64 / attempts.len() as f64)
    ));
    if scene.successes.any() {
        draft.why.push("Nobody had got in from any of these sources before".to_owned());
    }
    draft.why.extend(campaigns::accounts(scene, &attempts));
    draft.why.extend(campaigns::chain(scene, &attempts));
    draft.attempts = attempts;
    found.claim(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Log, irregular};

    #[test]
    fn many_sources_many_accounts() {
        for (tries, expected) in [(20, 0), (60, 1)] {
            let mut log = Log::new();
            for (at, time) in irregular(tries, 3600.0, 10.0).into_iter().enumerate() {
                log.fail(time, &format!("user{at}"), &format!("198.51.100.{}", at % 9));
            }
            let told = log.told();
            let stuffing =
                told.iter().filter(|(kind, _, verdict)| kind == "credential_stuffing" && verdict == "hostile");
            assert_eq!(stuffing.count(), expected, "{tries}: {told:?}");
            assert!(told.len() <= 1, "{told:?}");
        }
    }

    #[test]
    fn a_flood_from_addresses_of_its_own_each() {
        for (tries, expected) in [(100, 0), (400, 1)] {
            let mut log = Log::new();
            for (at, time) in irregular(tries, 3600.0, 2.0).into_iter().enumerate() {
                log.fail(time, &format!("user{at}"), &format!("198.51.{}.{}", 100 + at / 200, at % 200));
            }
            let told = log.told();
            let stuffing = told.iter().filter(|(kind, ..)| kind == "credential_stuffing").count();
            assert_eq!(stuffing, expected, "{tries}: {told:?}");
        }
    }

    #[test]
    fn a_directory_that_is_down_is_not_stuffing() {
        let mut log = Log::new();
        for at in 0..60 {
            let (name, source) = (format!("user{at}"), format!("10.3.0.{at}"));
            log.success(60.0, &name, &source);
            log.fail(3600.0 + f64::from(at), &name, &source);
        }
        assert_eq!(log.kinds(), [""; 0]);
    }
}
