//! Clients that send no credentials.

use rayon::prelude::*;

use super::campaigns;
use super::draft::{Draft, ranked, sources_in_words};
use super::index::{Group, episodes};
use super::kinds::{Kind, Severity, Verdict};
use super::scene::Scene;
use super::{Detector, Doc, Found, Stage, words};
use crate::model::text::{Span, Text};
use crate::reason::{Basis, Reason};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

static DOC: Doc = Doc {
    kind: Kind::MissingCredentials,
    signature: "anonymous_access_denied without a reason in the server log, from many clients that begin at the same time",
    meaning: "Clients send requests without credentials: security was turned on (it is on by default from 8.0), a proxy strips the Authorization header, or a deployment lost its secret.",
    verdict: "operational; less sure where no server log tells that no API key was refused",
    next_steps: &[
        "Give the clients credentials, best an API key each ([POST /_security/api_key], send `encoded` as Authorization: ApiKey …): {sources}.",
        "If security was just turned on, list the clients that never had credentials before; if a proxy is in front, check that it passes the Authorization header on.",
        "Check that they use https: GET https://{node}:9200/ with the CA of the cluster.",
        "Where the server log of {nodes} is at hand, read it for these times: a refused API key looks the same in the audit log.",
    ],
    false_positives: &[
        "Load balancers and monitors that probe without credentials: name them as proxies or scanners in the configuration file.",
        "API keys that were refused on a node whose server log is not among the inputs.",
    ],
    attack: &[],
    source: "audit-events reference of Elasticsearch (anonymous_access_denied); security by default since 8.0",
};

/// The detector.
#[derive(Debug)]
pub(super) struct MissingCredentials;

/// A client without credentials.
struct Client {
    source: Sym,
    first: Millis,
    /// Whether it sent none from the beginning of the log on.
    always: bool,
    attempts: Vec<u32>,
}

impl Detector for MissingCredentials {
    fn doc(&self) -> &'static Doc {
        &DOC
    }

    fn stage(&self) -> Stage {
        Stage::Client
    }

    fn detect(&self, scene: &Scene<'_>, found: &mut Found) {
        let thresholds = &scene.thresholds.missing_credentials;
        let mut clients = clients(scene, found);
        clients.sort_by_key(|client| (client.first, scene.bytes(client.source)));
        let (always, sudden): (Vec<Client>, Vec<Client>) = clients.into_iter().partition(|client| client.always);
        let onsets: Vec<Millis> = sudden.iter().map(|client| client.first).collect();
        for range in episodes(&onsets, Scene::ms(thresholds.onset_window_seconds)) {
            if range.len() as u64 >= thresholds.sources {
                report(scene, found, &sudden[range], true);
            }
        }
        if always.len() as u64 >= thresholds.sources {
            report(scene, found, &always, false);
        }
    }
}

/// The clients that are refused without credentials more than a few times.
fn clients(scene: &Scene<'_>, found: &Found) -> Vec<Client> {
    let thresholds = &scene.thresholds.missing_credentials;
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    let onset = Scene::ms(thresholds.onset_window_seconds);
    let of_source = |group: &Group| {
        let mut clients = Vec::new();
        if (group.len() as u64) < thresholds.failures_per_source || !group.key.is_some() {
            return clients;
        }
        if scene.is_scanner(group.key) || scene.is_proxy(group.key) {
            return clients;
        }
        let attempts: Vec<u32> = scene
            .index
            .of_anonymous(group)
            .iter()
            .copied()
            .filter(|&at| found.is_free(at))
            .filter(|&at| matches!(scene.attempt(at).reason, Reason::Unknown | Reason::MissingCredentials))
            .collect();
        let times: Vec<Millis> = attempts.iter().map(|&at| scene.time(at)).collect();
        for range in episodes(&times, pause) {
            if (range.len() as u64) < thresholds.failures_per_source {
                continue;
            }
            let (first, last) = (times[range.start], times[range.end - 1]);
            let gap = (last.0 - first.0) / (range.len() as i64 - 1).max(1);
            // What comes within the first gaps of the log may have come before it.
            let always = first.0 - scene.span.0.0 <= onset.max(2 * gap);
            clients.push(Client { source: group.key, first, always, attempts: attempts[range].to_vec() });
        }
        clients
    };
    scene.index.anonymous.par_iter().flat_map_iter(of_source).collect()
}

fn report(scene: &Scene<'_>, found: &mut Found, clients: &[Client], sudden: bool) {
    let mut attempts: Vec<u32> = clients.iter().flat_map(|client| client.attempts.iter().copied()).collect();
    attempts.sort_unstable();
    let told = attempts.iter().filter(|&&at| scene.attempt(at).basis != Basis::None).count();
    let told = told as f64 / attempts.len().max(1) as f64;
    let confidence = if sudden { 0.7 + 0.25 * told } else { 0.6 };
    // Who has never had credentials here and comes from outside is looking around.
    let outside = clients.iter().filter(|client| scene.is_outside(client.source)).count() * 2 > clients.len();
    let severity = match clients.len() {
        _ if !sudden => Severity::Info,
        _ if outside => Severity::Low,
        0..20 => Severity::Medium,
        _ => Severity::High,
    };
    let confidence = (confidence * 100.0).round() / 100.0;
    let mut draft =
        Draft::new(&DOC, severity, (if outside { Verdict::Unclear } else { Verdict::Operational }, confidence));
    let count = words::count(clients.len() as u64, "client sends", "clients send");
    draft.title = format!("{count} no credentials: {}", sources_in_words(scene, &attempts));
    draft.why.push(campaigns::volume(scene, &attempts));
    if let (true, [first, .., last]) = (sudden, clients) {
        draft.why.push(text!(
            "Sudden onset: {} began within {} from {} on, which one cause explains",
            Text::count(clients.len() as u64, "client", "clients"),
            Span::Duration(last.first.0 - first.first.0),
            first.first
        ));
    } else {
        draft.why.push("They have been doing so since the log begins: probes, most likely".to_owned());
    }
    if outside {
        draft.why.push("Most of them lie outside the internal networks: they may be scanners".to_owned());
    }
    let worked: Vec<Sym> = clients
        .iter()
        .filter(|client| !scene.is_stranger(client.source, client.first) && scene.successes.any())
        .map(|client| client.source)
        .collect();
    if !worked.is_empty() {
        let (names, total) = ranked(scene, worked);
        draft.why.push(format!("Got in before with credentials: {}", words::list(&names, total, 5)));
    } else if scene.successes.any() {
        draft.why.push("None of them had got in with credentials before".to_owned());
    }
    draft.why.push(if told > 0.5 {
        format!("The server log names no API key or token for {} of them", words::percent(told))
    } else {
        "No server log tells whether an API key or token was refused instead".to_owned()
    });
    draft.attempts = attempts;
    found.claim(draft);
}

#[cfg(test)]
mod tests {
    use super::super::testing::Log;

    #[test]
    fn many_clients_begin_at_once() {
        for (clients, expected) in [(4, 0), (5, 1)] {
            let mut log = Log::new();
            for client in 0..clients {
                (0..20).for_each(|at| {
                    log.anonymous(7200.0 + f64::from(client * 7 + at * 30), &format!("10.4.0.{client}"), "n1")
                });
            }
            let told = log.told();
            assert_eq!(told.len(), expected, "{told:?}");
            assert!(told.iter().all(|(kind, _, verdict)| kind == "missing_credentials" && verdict == "operational"));
        }
    }

    #[test]
    fn probes_are_at_most_info() {
        let mut log = Log::new();
        for client in 0..8 {
            (0..200).for_each(|at| log.anonymous(f64::from(client + at * 30), &format!("10.4.0.{client}"), "n1"));
        }
        assert!(log.told().iter().all(|(_, severity, _)| severity == "info"));
    }
}
