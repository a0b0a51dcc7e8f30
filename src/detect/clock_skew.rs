//! One node's clock is wrong.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::campaigns;
use super::draft::{Draft, sources_in_words};
use super::index::Group;
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::successes::count_within;
use super::{Detector, Doc, Found, Stage, words};
use crate::reason::Reason;
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::ClockSkew,
    signature: "tokens or keys are refused on one node while the same clients get in on others",
    meaning: "The node's clock is wrong: it takes tokens or keys for expired, or not yet valid, that the other nodes accept.",
    verdict: "operational; less sure where no server log tells that tokens had expired",
    next_steps: &[
        "Compare the clocks: `date -u` on {nodes} and on another node; [GET /_nodes/stats/os] shows each node's timestamp.",
        "Repair time synchronisation (chrony or ntpd) on {nodes}, and alert on an offset above a second.",
        "Until then take {nodes} out of the load balancer.",
    ],
    false_positives: &[
        "A client that holds an old connection or an old token for that node only.",
        "A node that lags behind in its security index.",
    ],
    attack: &[],
    source: "TokenService and ApiKeyService of Elasticsearch compare expiry with the node's own clock",
};

/// The detector.
#[derive(Debug)]
pub(super) struct ClockSkew;

/// What is refused on one node.
#[derive(Default)]
struct OnNode {
    attempts: Vec<u32>,
    clients: u64,
    /// Attempts of which a log tells that a token or key had expired or was invalid.
    told: u64,
    /// Successes of the same clients on other nodes.
    elsewhere: u64,
}

impl Detector for ClockSkew {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Settings
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        if scene.joined.nodes.all().len() < 2 || !scene.successes.any() {
            return;
        }
        let known = &*found;
        let named = scene.index.anonymous.par_iter().filter(|group| group.key.is_some());
        let clients: Vec<Client> = named.filter_map(|group| client(scene, known, group)).collect();
        let mut nodes: BTreeMap<usize, OnNode> = BTreeMap::new();
        for client in clients {
            let on_node = nodes.entry(client.node).or_default();
            on_node.clients += 1;
            on_node.elsewhere += client.elsewhere;
            on_node.told += client.told;
            on_node.attempts.extend(client.attempts);
        }
        for (node, on_node) in nodes {
            // Where nothing tells of tokens, it takes twice the clients.
            let told = on_node.told * 2 > on_node.attempts.len() as u64;
            let clients = scene.thresholds.clock_skew.clients * if told { 1 } else { 2 };
            if on_node.clients >= clients {
                report(scene, found, node, on_node, told);
            }
        }
    }
}

/// A client that is refused on one node.
struct Client {
    node: usize,
    attempts: Vec<u32>,
    /// See [`OnNode::told`].
    told: u64,
    /// Its successes on other nodes.
    elsewhere: u64,
}

/// A client, if nearly all of its refusals fall on one node while it gets in on others.
fn client(scene: &Scene<'_>, found: &Found, group: &Group) -> Option<Client> {
    let thresholds = &scene.thresholds.clock_skew;
    if (group.len() as u64) < thresholds.failures_per_client {
        return None;
    }
    let is_token = |reason| matches!(reason, Reason::TokenExpired | Reason::TokenInvalid | Reason::ApiKeyExpired);
    let mut by_node: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut total = 0_u64;
    for &at in scene.index.of_anonymous(group) {
        let reason = scene.attempt(at).reason;
        if found.is_free(at) && (is_token(reason) || reason == Reason::Unknown) {
            by_node.entry(scene.node(at)).or_default().push(at);
            total += 1;
        }
    }
    let (node, attempts) = by_node.into_iter().max_by_key(|(_, attempts)| attempts.len())?;
    let share = attempts.len() as f64 / total as f64;
    if (attempts.len() as u64) < thresholds.failures_per_client || share < thresholds.share_on_node {
        return None;
    }
    let (&first, &last) = (attempts.first()?, attempts.last()?);
    // The clocks disagree: what happened at the same time may be told an hour apart.
    const CLOCKS_MS: i64 = 3_600_000;
    let (from, to) = (Millis(scene.time(first).0 - CLOCKS_MS), Millis(scene.time(last).0 + CLOCKS_MS));
    let entries = scene.successes.of_source(group.key);
    let elsewhere = count_within(entries.iter().filter(|entry| entry.node as usize != node), from, to);
    let here = count_within(entries.iter().filter(|entry| entry.node as usize == node), from, to);
    // It gets in on the others throughout, and hardly on this one.
    if elsewhere < attempts.len() as u64 / 2 || elsewhere == 0 || here * 4 > attempts.len() as u64 {
        return None;
    }
    let told = attempts.iter().filter(|&&at| is_token(scene.attempt(at).reason)).count() as u64;
    Some(Client { node, attempts, told, elsewhere })
}

fn report(scene: &Scene<'_>, found: &mut Found, node: usize, mut on_node: OnNode, told: bool) {
    on_node.attempts.sort_unstable();
    let attempts = on_node.attempts;
    let judged = (Verdict::Operational, if told { 0.9 } else { 0.6 });
    let mut draft = Draft::new(&DOC, Severity::Medium, judged);
    let name = scene.node_name(node);
    draft.title = format!(
        "The clock of node {name}, probably: {} refused there and accepted elsewhere",
        words::count(on_node.clients, "client is", "clients are")
    );
    draft.why.push(campaigns::volume(scene, &attempts));
    draft.why.push(format!(
        "{} on {name} alone ({}), while they get in on other nodes {} in the same time",
        words::count(on_node.clients, "client is refused", "clients are refused"),
        sources_in_words(scene, &attempts),
        words::count(on_node.elsewhere, "time", "times")
    ));
    draft.why.push(if told {
        format!("The server log says of {} that a token or key had expired or was not valid", words::count(on_node.told, "attempt", "attempts"))
    } else {
        "No server log tells what was refused: it may be missing credentials, or another kind of key, on that node alone".to_owned()
    });
    draft.nodes = vec![node];
    draft.successes = on_node.elsewhere;
    draft.attempts = attempts;
    found.claim(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::Log;

    #[test]
    fn tokens_are_refused_on_one_node_only() {
        for (clients, expected) in [(1, 0), (2, 1)] {
            let mut log = Log::new();
            for client in 0..clients {
                let source = format!("10.6.0.{client}");
                for at in 0..8 {
                    let time = 3600.0 + f64::from(at * 600 + client);
                    log.refused(time, &source, "n3", "Authentication using token failed - token expired");
                    log.success_on(time + 10.0, "portal", &source, "n1", "_es_token");
                }
            }
            let findings = log.findings();
            let skew: Vec<_> = findings.iter().filter(|finding| finding.kind == "clock_skew").collect();
            assert_eq!(skew.len(), expected, "{findings:?}");
            assert!(skew.iter().all(|finding| finding.nodes == ["n3"] && finding.verdict == "operational"));
        }
    }
}
