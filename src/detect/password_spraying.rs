//! One source or subnet and many principals, few tries each.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::campaigns;
use super::clues::{self, Clue};
use super::draft::{Draft, principals_in_words, sources_in_words};
use super::index::Pair;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::sweep::{Sweep, Window, distinct};
use super::{Detector, Doc, Found, Stage, words};
use crate::reason::Reason;
use crate::state::Sym;

static DOC: Doc = Doc {
    kind: Kind::PasswordSpraying,
    signature: "one source or subnet, many principals, few tries each",
    meaning: "Somebody tries a few common passwords on many accounts, below every lockout.",
    verdict: "hostile; unclear behind a shared address from which many people get in",
    next_steps: &[
        "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
        "List which of the {principals} exist: [GET /_security/user] for native users, the directory for others. Make those change their passwords.",
        "Look for successes of these accounts from new addresses in the hours after.",
        "Turn off basic authentication where single sign-on is in use, and keep the HTTP port of {nodes} off open networks.",
    ],
    false_positives: &[
        "An office, VPN or Kibana behind one address: name it as proxies in the configuration file.",
        "A directory that is down: then everybody fails, from where they always come.",
        "The organisation's own scanner: name it as scanners.",
    ],
    attack: &["T1110.003"],
    source: "Elastic for Okta (5 users, 15 tries, at most 8 per user, 1 h), Elastic for Entra (15 users)",
};

/// The detector.
#[derive(Debug)]
pub(super) struct PasswordSpraying;

impl Detector for PasswordSpraying {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::ManyAccounts
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let fewest =
            scene.thresholds.password_spraying.principals.min(scene.thresholds.password_spraying.slow_principals);
        let known = &*found;
        // What one source does explains no attempt of another, so all are looked at at once.
        let looked: Vec<(Vec<Draft>, Vec<u32>)> = scene
            .index
            .sources
            .par_iter()
            .map_init(
                || Sweep::new(scene),
                |sweep, group| {
                    let of_source = scene.index.of_source(group);
                    let candidates = candidates(scene, known, of_source);
                    if (candidates.len() as u64) < fewest {
                        return (Vec::new(), candidates);
                    }
                    (find(scene, known, sweep, &candidates, of_source), candidates)
                },
            )
            .collect();
        let mut subnets: Vec<(Subnet, u32)> = Vec::new();
        for (group, (drafts, candidates)) in scene.index.sources.iter().zip(looked) {
            let used = !drafts.is_empty();
            for draft in drafts {
                found.claim(draft);
            }
            if let Some(subnet) = Subnet::of(scene, group.key).filter(|_| !used && group.key.is_some()) {
                subnets.extend(candidates.into_iter().map(|at| (subnet, at)));
            }
        }
        let mut sweep = Sweep::new(scene);
        subnets.sort_unstable();
        for run in subnets.chunk_by(|a, b| a.0 == b.0) {
            if (run.len() as u64) < fewest {
                continue;
            }
            let attempts = found.free(&run.iter().map(|&(_, at)| at).collect::<Vec<_>>());
            if distinct(scene, &attempts).sources > 1 {
                for draft in find(scene, found, &mut sweep, &attempts, &attempts) {
                    found.claim(draft);
                }
            }
        }
    }
}

/// A block of outside addresses that one party holds: a /24 of IPv4, a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Subnet(u128);

impl Subnet {
    fn of(scene: &Scene<'_>, source: Sym) -> Option<Self> {
        if !scene.is_outside(source) {
            return None;
        }
        match scene.shown_address(source)?.to_canonical() {
            IpAddr::V4(address) => Some(Self(u128::from(u32::from(address) >> 8))),
            IpAddr::V6(address) => Some(Self(u128::from(address) >> 64 << 64)),
        }
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match u32::try_from(self.0) {
            Ok(block) => write!(f, "{}/24", std::net::Ipv4Addr::from(block << 8)),
            Err(_) => write!(f, "{}/64", std::net::Ipv6Addr::from(self.0)),
        }
    }
}

/// The attempts of a source that may be part of a spray: not those of people who mistype and get in, nor of one account that
/// is tried again and again.
fn candidates(scene: &Scene<'_>, found: &Found, of_source: &[u32]) -> Vec<u32> {
    let mut last: Option<(usize, bool)> = None;
    of_source
        .iter()
        .copied()
        .filter(|&at| found.is_free(at))
        .filter(|&at| {
            let Some(number) = scene.index.pair_of(at) else { return false };
            if let Some((known, candidate)) = last.filter(|&(known, _)| known == number) {
                debug_assert_eq!(known, number);
                return candidate;
            }
            let pair = scene.pair(number);
            let candidate = !is_many(scene, pair) && !gets_in(scene, pair);
            last = Some((number, candidate));
            candidate
        })
        .collect()
}

/// More tries than a spray has of one account, whatever the others have.
fn is_many(scene: &Scene<'_>, pair: &Pair) -> bool {
    pair.len() as f64 > 4.0 * scene.thresholds.password_spraying.most_per_principal
}

/// A pair that fails now and then and also gets in.
pub(super) fn gets_in(scene: &Scene<'_>, pair: &Pair) -> bool {
    pair.len() as u64 <= scene.thresholds.general.mistype_failures
        && scene.successes.own(pair.principal, pair.source).next().is_some()
}

/// Principals that get in from the sources of attempts, by themselves.
fn population(scene: &Scene<'_>, attempts: &[u32]) -> u64 {
    let mut sources: Vec<Sym> = attempts.iter().map(|&at| scene.attempt(at).source).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut principals: Vec<Sym> = sources
        .iter()
        .flat_map(|&source| scene.successes.of_source(source))
        .filter(|entry| !entry.apikey.is_some())
        .map(|entry| entry.principal)
        .collect();
    principals.sort_unstable();
    principals.dedup();
    principals.len() as u64
}

/// Finds sprays among candidates; each takes in the other attempts of the same time in `all`.
fn find(scene: &Scene<'_>, found: &Found, sweep: &mut Sweep, candidates: &[u32], all: &[u32]) -> Vec<Draft> {
    let thresholds = &scene.thresholds.password_spraying;
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    // Behind an address from which many people get in, as many must fail before it is more than mistypes.
    let population = population(scene, candidates);
    let quick = |window: &Window| {
        window.principals >= thresholds.principals.max(population)
            && (window.attempts >= thresholds.failures || window.principals >= thresholds.slow_principals)
    };
    let slow = |window: &Window| window.principals >= thresholds.slow_principals.max(population);
    let mut hits = sweep.hits(scene, candidates, Scene::ms(thresholds.window_seconds), pause, quick);
    if hits.is_empty() {
        hits = sweep.hits(scene, candidates, Scene::ms(thresholds.slow_window_seconds), pause, slow);
    }
    let mut drafts = Vec::new();
    // Times whose attempts the drafts have.
    let mut taken: Vec<RangeInclusive<i64>> = Vec::new();
    for range in hits {
        let within = distinct(scene, &candidates[range.clone()]);
        if within.attempts as f64 > within.principals as f64 * thresholds.most_per_principal {
            continue;
        }
        // The beginning and the end are below the threshold, and belong to it.
        let reach = Scene::ms(thresholds.window_seconds);
        let times = scene.time(candidates[range.start]).0 - reach..=scene.time(candidates[range.end - 1]).0 + reach;
        let attempts: Vec<u32> = found
            .free(all)
            .into_iter()
            .filter(|&at| times.contains(&scene.time(at).0))
            .filter(|&at| !taken.iter().any(|times| times.contains(&scene.time(at).0)))
            .filter(|&at| scene.index.pair_of(at).is_some_and(|pair| !is_many(scene, scene.pair(pair))))
            .collect();
        if !attempts.is_empty() {
            drafts.push(told(scene, attempts, population));
            taken.push(times);
        }
    }
    drafts
}

/// The finding of these attempts.
fn told(scene: &Scene<'_>, attempts: Vec<u32>, population: u64) -> Draft {
    let within = distinct(scene, &attempts);
    let first_source = scene.attempt(attempts[0]).source;
    let mut clues = vec![Clue::ManyPrincipals { principals: within.principals }];
    clues.push(if scene.is_outside(first_source) { Clue::Outside } else { Clue::Inside });
    if population == 0 && scene.is_stranger(first_source, scene.time(attempts[0])) {
        clues.push(Clue::Stranger);
    }
    let unknown = attempts.iter().filter(|&&at| scene.attempt(at).reason == Reason::UnknownUser).count();
    if unknown > 0 {
        clues.push(Clue::UnknownName { share: unknown as f64 / attempts.len() as f64 });
    }
    let (verdict, confidence) = clues::weigh(&clues);
    let scanned = attempts.iter().all(|&at| scene.is_scanner(scene.attempt(at).source));
    let severity = match verdict {
        _ if scanned => Severity::Info,
        Verdict::Hostile => Severity::High,
        Verdict::Operational | Verdict::Unclear => Severity::Medium,
    };
    let mut draft = Draft::new(&DOC, severity, (verdict, confidence));
    let subnet = Subnet::of(scene, first_source).filter(|_| within.sources > 1);
    let place = match subnet {
        Some(subnet) => format!("{} addresses of {subnet}", words::number(within.sources)),
        None => sources_in_words(scene, &attempts),
    };
    draft.title =
        format!("Password spraying: {} tried from {place}", words::count(within.principals, "account", "accounts"));
    draft.why.push(campaigns::volume(scene, &attempts));
    let each = within.attempts as f64 / within.principals.max(1) as f64;
    draft.why.push(format!(
        "{}, {each:.1} tries each: {}",
        words::count(within.principals, "principal", "principals"),
        principals_in_words(scene, &attempts)
    ));
    if subnet.is_some() {
        draft.why.push(format!("The sources share a subnet: {}", sources_in_words(scene, &attempts)));
    }
    draft.why.extend(campaigns::sentences(scene, &clues[1..]));
    draft.why.extend(campaigns::accounts(scene, &attempts));
    draft.why.extend(campaigns::chain(scene, &attempts));
    if population > 0 {
        draft.why.push(format!(
            "{} get in from there: the address is shared",
            words::count(population, "account", "accounts")
        ));
    }
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
    fn many_accounts_few_tries_each() {
        for (accounts, expected) in [(4, 0), (8, 1), (30, 1)] {
            let mut log = Log::new();
            for (at, time) in irregular(2 * accounts, 3600.0, 30.0).into_iter().enumerate() {
                log.fail(time, &format!("user{}", at % accounts), OUTSIDE);
            }
            let told = log.told();
            assert_eq!(told.len(), expected, "{accounts}: {told:?}");
            assert!(
                told.iter().all(|(kind, _, verdict)| kind == "password_spraying" && verdict == "hostile"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_subnet_sprays_as_one() {
        let mut log = Log::new();
        for (at, time) in irregular(40, 3600.0, 30.0).into_iter().enumerate() {
            log.fail(time, &format!("user{}", at % 20), &format!("203.0.113.{}", 10 + at % 4));
        }
        let findings = log.findings();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].title.contains("203.0.113.0/24"), "{:?}", findings[0].title);
    }

    #[test]
    fn people_behind_one_address_mistype() {
        let mut log = Log::new();
        for at in 0..30 {
            let (name, time) = (format!("user{at}"), 3600.0 + 100.0 * f64::from(at));
            log.fail(time, &name, INSIDE);
            log.success(time + 10.0, &name, INSIDE);
        }
        assert_eq!(log.kinds(), [""; 0]);
    }
}
