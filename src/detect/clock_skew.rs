//! One node's clock is wrong.

use std::collections::BTreeMap;

use super::campaigns;
use super::draft::{Draft, sources_in_words};
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
        "Compare the clocks: `date -u` on {nodes} and on another node; GET /_nodes/stats/os shows each node's timestamp.",
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
        let mut nodes: BTreeMap<usize, OnNode> = BTreeMap::new();
        for group in &scene.index.anonymous {
            if group.key.is_some() {
                client(scene, found, group, &mut nodes);
            }
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

/// Adds a client to the node on which nearly all of its refusals fall, if it gets in on others at the same time.
fn client(scene: &Scene<'_>, found: &Found, group: &super::index::Group, nodes: &mut BTreeMap<usize, OnNode>) {
    let thresholds = &scene.thresholds.clock_skew;
    if (group.len() as u64) < thresholds.failures_per_client {
        return;
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
    let Some((node, attempts)) = by_node.into_iter().max_by_key(|(_, attempts)| attempts.len()) else { return };
    let share = attempts.len() as f64 / total as f64;
    if (attempts.len() as u64) < thresholds.failures_per_client || share < thresholds.share_on_node {
        return;
    }
    let (Some(&first), Some(&last)) = (attempts.first(), attempts.last()) else { return };
    // The clocks disagree: what happened at the same time may be told an hour apart.
    const CLOCKS_MS: i64 = 3_600_000;
    let (from, to) = (Millis(scene.time(first).0 - CLOCKS_MS), Millis(scene.time(last).0 + CLOCKS_MS));
    let entries = scene.successes.of_source(group.key);
    let elsewhere = count_within(entries.iter().filter(|entry| entry.node as usize != node), from, to);
    let here = count_within(entries.iter().filter(|entry| entry.node as usize == node), from, to);
    // It gets in on the others throughout, and hardly on this one.
    if elsewhere < attempts.len() as u64 / 2 || elsewhere == 0 || here * 4 > attempts.len() as u64 {
        return;
    }
    let entry = nodes.entry(node).or_default();
    entry.clients += 1;
    entry.elsewhere += elsewhere;
    entry.told += attempts.iter().filter(|&&at| is_token(scene.attempt(at).reason)).count() as u64;
    entry.attempts.extend(attempts);
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
