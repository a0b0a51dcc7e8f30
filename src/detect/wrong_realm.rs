//! A realm is missing on a node.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::campaigns;
use super::draft::{Draft, principals_in_words, ranked};
use super::index::Pair;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, words};
use crate::state::Sym;

static DOC: Doc = Doc {
    kind: Kind::WrongRealm,
    signature: "principals fail on one node and get in on others, by a realm that the node's chain lacks",
    meaning: "The realm that knows these accounts is not configured on the node, or not in its chain there, so right passwords fail.",
    verdict: "operational",
    next_steps: &[
        "Compare xpack.security.authc.realms of {nodes} with that of the other nodes; realms are configured per node in elasticsearch.yml: GET /_nodes/settings?filter_path=nodes.*.settings.xpack.security.authc.",
        "Add the realm (and its keystore secrets and certificates) on {nodes}, then restart it.",
        "Until then take {nodes} out of the load balancer for clients.",
        "Check the licence if the server log says that realms were skipped: GET /_license.",
    ],
    false_positives: &[
        "People who mistype, all on the node that the load balancer sends them to.",
        "A node whose directory server did not answer for a while.",
    ],
    attack: &[],
    source: "audit-events reference of Elasticsearch (realm_authentication_failed), realm settings are per node",
};

/// The detector.
#[derive(Debug)]
pub(super) struct WrongRealm;

/// Pairs that one task looks at, at least.
const PIECE: usize = 64;

/// What fails on one node.
#[derive(Default)]
struct OnNode {
    attempts: Vec<u32>,
    /// Principals with enough failures.
    principals: u64,
    /// Realms by which they get in elsewhere.
    realms: Vec<Sym>,
    /// Attempts whose chain shows that the realm was not asked.
    shown: u64,
}

impl Detector for WrongRealm {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Settings
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let thresholds = &scene.thresholds.wrong_realm;
        for (node, on_node) in by_node(scene, found) {
            let single = thresholds.single_principal_failures;
            let enough = on_node.principals >= thresholds.principals
                || (on_node.shown >= single && on_node.shown * 2 > on_node.attempts.len() as u64);
            if enough {
                report(scene, found, node, on_node);
            }
        }
    }
}

/// Failures, by node, of principals that get in from the same source on other nodes only, by a realm that the chain of the
/// failure lacks (or, where chains are not logged, by which nobody gets in on the node).
fn by_node(scene: &Scene<'_>, found: &Found) -> BTreeMap<usize, OnNode> {
    let mut nodes: BTreeMap<usize, OnNode> = BTreeMap::new();
    if scene.joined.nodes.all().len() < 2 {
        return nodes;
    }
    let has = realms_of_nodes(scene);
    let fewest = scene.thresholds.wrong_realm.failures_per_principal;
    let of_pair = |pair: &Pair| {
        let own: Vec<(Sym, usize)> = scene
            .successes
            .own(pair.principal, pair.source)
            .filter(|entry| entry.realm.is_some() && !scene.bytes(entry.realm).starts_with(b"_"))
            .map(|entry| (entry.realm, entry.node as usize))
            .collect();
        if own.is_empty() {
            return None;
        }
        let mut here: BTreeMap<usize, (Vec<u32>, u64)> = BTreeMap::new();
        for &at in scene.index.of_pair(pair).iter().filter(|&&at| found.is_free(at)) {
            let node = scene.node(at);
            if own.iter().any(|&(_, known)| known == node) {
                continue;
            }
            let lacks = match scene.chain(scene.attempt(at).chain) {
                Some(realms) if !realms.is_empty() => {
                    let lacks = own.iter().all(|(realm, _)| !realms.contains(realm));
                    // A reserved user is refused by the reserved realm alone.
                    let stopped = realms.len() == 1 && scene.bytes(realms[0]) == b"reserved";
                    if !lacks || stopped {
                        continue;
                    }
                    true
                }
                _ => {
                    if own.iter().any(|&(realm, _)| has.contains(&(node, realm))) {
                        continue;
                    }
                    false
                }
            };
            let entry = here.entry(node).or_default();
            entry.0.push(at);
            entry.1 += u64::from(lacks);
        }
        here.retain(|_, (attempts, _)| attempts.len() as u64 >= fewest);
        (!here.is_empty()).then_some((pair.principal, own, here))
    };
    let failing: Vec<_> = scene.index.pairs.par_iter().with_min_len(PIECE).filter_map(of_pair).collect();
    let mut last_principal: BTreeMap<usize, Sym> = BTreeMap::new();
    for (principal, own, here) in failing {
        for (node, (attempts, shown)) in here {
            let entry = nodes.entry(node).or_default();
            // Pairs come principal by principal.
            entry.principals += u64::from(last_principal.insert(node, principal) != Some(principal));
            entry.attempts.extend(attempts);
            entry.realms.extend(own.iter().map(|&(realm, _)| realm));
            entry.shown += shown;
        }
    }
    nodes
}

/// Realms by which somebody gets in on a node.
fn realms_of_nodes(scene: &Scene<'_>) -> BTreeSet<(usize, Sym)> {
    let successes = &scene.joined.successes;
    successes.keys().map(|actor| (scene.joined.nodes.index(actor.node), actor.realm)).collect()
}

fn report(scene: &Scene<'_>, found: &mut Found, node: usize, mut on_node: OnNode) {
    on_node.attempts.sort_unstable();
    let attempts = on_node.attempts;
    let shown = on_node.shown as f64 / attempts.len().max(1) as f64;
    let confidence = ((0.65 + 0.3 * shown) * 100.0).round() / 100.0;
    let severity = if on_node.principals >= 3 { Severity::Medium } else { Severity::Low };
    let mut draft = Draft::new(&DOC, severity, (Verdict::Operational, confidence));
    let (realms, total) = ranked(scene, on_node.realms);
    let realms = words::list(&realms, total, 3);
    let name = scene.node_name(node);
    draft.title = format!(
        "Node {name} does not ask realm {realms}: {} with right passwords fail there",
        words::count(on_node.principals, "account", "accounts")
    );
    draft.why.push(campaigns::volume(scene, &attempts));
    draft.why.push(format!(
        "{} fail on {name} only, and get in from the same sources on other nodes by realm {realms}: {}",
        words::count(on_node.principals, "account", "accounts"),
        principals_in_words(scene, &attempts)
    ));
    draft.why.push(if on_node.shown > 0 {
        format!(
            "{} of these attempts show the realms that were asked, and {realms} is not among them",
            words::number(on_node.shown)
        )
    } else {
        format!("{name} does not log realm failures; nobody gets in there by realm {realms}")
    });
    draft.why.extend(campaigns::chain(scene, &attempts));
    draft.nodes = vec![node];
    draft.attempts = attempts;
    found.claim(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::Log;

    #[test]
    fn a_node_lacks_a_realm() {
        for (people, expected) in [(2, 0), (3, 1)] {
            let mut log = Log::new();
            for person in 0..people {
                let (name, source) = (format!("p{person}"), format!("10.5.0.{person}"));
                for at in 0..3 {
                    let time = 3600.0 + f64::from(person * 100 + at * 2000);
                    log.fail_on(time, &name, &source, "n2", &["reserved", "default_file", "default_native"]);
                    log.success_on(time + 20.0, &name, &source, "n1", "ldap1");
                }
            }
            let findings = log.findings();
            assert_eq!(findings.len(), expected, "{findings:?}");
            for finding in findings {
                assert_eq!((finding.kind.as_str(), finding.verdict.as_str()), ("wrong_realm", "operational"));
                assert_eq!(finding.nodes, ["n2"]);
                assert!(finding.title.contains("ldap1"));
            }
        }
    }

    #[test]
    fn wrong_passwords_on_a_node_that_asks_the_realm() {
        let mut log = Log::new();
        for person in 0..5 {
            let (name, source) = (format!("p{person}"), format!("10.5.0.{person}"));
            log.fail_on(3600.0, &name, &source, "n2", &["reserved", "ldap1"]);
            log.fail_on(3610.0, &name, &source, "n2", &["reserved", "ldap1"]);
            log.success_on(3620.0, &name, &source, "n1", "ldap1");
        }
        assert_eq!(log.kinds(), [""; 0]);
    }
}
