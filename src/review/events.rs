//! Events that nodes do not write, and what that hides; policies that leave events out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::draft::{CheckDraft, ReviewScene, ReviewedNode, few};
use crate::context::AuditPolicy;
use crate::judge::Severity;
use crate::model::call::{ApiCall, Method};
use crate::model::text::{Span, Text};
use crate::text;

/// An event that should be written.
struct WantedEvent {
    name: &'static str,
    id: &'static str,
    severity: Severity,
    /// What is hidden without it.
    hides: &'static str,
}

/// What is lost without each event (audit-event reference of Elasticsearch; audit-format 1).
const WANTED: &[WantedEvent] = &[
    WantedEvent {
        name: "authentication_failed",
        id: "event_not_written.authentication_failed",
        severity: Severity::Critical,
        hides: "no failed login is written: guessing and spraying leave nothing",
    },
    WantedEvent {
        name: "anonymous_access_denied",
        id: "event_not_written.anonymous_access_denied",
        severity: Severity::High,
        hides: "requests without credentials, and those with refused API keys and tokens, leave nothing",
    },
    WantedEvent {
        name: "security_config_change",
        id: "event_not_written.security_config_change",
        severity: Severity::High,
        hides: "users, roles and API keys that an intruder makes or ends leave nothing",
    },
    WantedEvent {
        name: "access_granted",
        id: "event_not_written.access_granted",
        severity: Severity::Medium,
        hides: "who made a security change cannot be told, nor what somebody did after an entry",
    },
    WantedEvent {
        name: "access_denied",
        id: "event_not_written.access_denied",
        severity: Severity::Medium,
        hides: "what accounts and keys tried beyond their privileges leaves nothing",
    },
    WantedEvent {
        name: "realm_authentication_failed",
        id: "event_not_written.realm_authentication_failed",
        severity: Severity::Medium,
        hides: "realm chains are not known: which realms were asked, and so whether an account exists",
    },
    WantedEvent {
        name: "authentication_success",
        id: "event_not_written.authentication_success",
        severity: Severity::Low,
        hides: "whether guessing ended in an entry shows only in what was done afterwards",
    },
    WantedEvent {
        name: "run_as_granted",
        id: "event_not_written.run_as_granted",
        severity: Severity::Low,
        hides: "who acts under another's name cannot be told",
    },
    WantedEvent {
        name: "run_as_denied",
        id: "event_not_written.run_as_denied",
        severity: Severity::Low,
        hides: "who tried to act under another's name leaves nothing",
    },
    WantedEvent {
        name: "tampered_request",
        id: "event_not_written.tampered_request",
        severity: Severity::Low,
        hides: "requests that were tampered with leave nothing",
    },
    WantedEvent {
        name: "connection_denied",
        id: "event_not_written.connection_denied",
        severity: Severity::Low,
        hides: "connections that IP filters refuse leave nothing",
    },
];

const INCLUDE: &str = "xpack.security.audit.logfile.events.include";

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let nodes = scene.settings();
    let mut drafts = Vec::new();
    drafts.extend(off(&nodes));
    for wanted in WANTED {
        drafts.extend(not_written(scene, &nodes, wanted));
    }
    drafts.extend(policies(scene, &nodes));
    drafts
}

/// Nodes on which auditing is off.
fn off(nodes: &[ReviewedNode]) -> Option<CheckDraft> {
    let off: Vec<&ReviewedNode> = nodes.iter().filter(|node| !node.settings.audit().enabled).collect();
    let first = off.first()?;
    let mut draft = CheckDraft::new(
        "audit_off",
        Severity::Critical,
        text!("Auditing is off on {}", few(off.iter().map(|node| node.span()), off.len())),
    )
    .why("these nodes write no audit event at all: nothing of what happens on them can be told afterwards")
    .fix(text!(
        "Set {} in elasticsearch.yml of every node, and restart it",
        Span::Code("xpack.security.audit.enabled: true".into())
    ))
    .shown_by(&first.path);
    draft.nodes = off.iter().map(|node| node.id.clone()).collect();
    Some(draft)
}

/// Nodes that do not write an event, as their settings say or, without those, as their logs show.
fn not_written(scene: &ReviewScene<'_>, nodes: &[ReviewedNode], wanted: &WantedEvent) -> Option<CheckDraft> {
    let silent: Vec<(&ReviewedNode, AuditPolicy)> = nodes
        .iter()
        .map(|node| (node, node.settings.audit()))
        .filter(|(_, policy)| policy.enabled && !policy.events.contains(wanted.name))
        .collect();
    let by_logs: Vec<(String, Span)> = scene
        .joined
        .nodes
        .all()
        .iter()
        .filter(|node| {
            !node.is_opensearch() && !nodes.iter().any(|known| Some(known.id.as_str()) == node.id.as_deref())
        })
        .filter(|node| {
            let stats = &node.stats;
            match wanted.name {
                "realm_authentication_failed" => stats.failures > 0 && stats.realm_failures == 0,
                "authentication_success" => stats.decisions > 0 && stats.successes == 0,
                _ => false,
            }
        })
        .filter_map(|node| Some((node.label()?.to_owned(), Span::node(&node.spoken()))))
        .collect();
    if silent.is_empty() && by_logs.is_empty() {
        return None;
    }
    let spans = silent.iter().map(|(node, _)| node.span()).chain(by_logs.iter().map(|(_, span)| span.clone()));
    let total = silent.len() + by_logs.len();
    let title = text!("{} is not written by {}", Span::Code(wanted.name.into()), few(spans, total));
    let mut draft = CheckDraft::new(wanted.id, wanted.severity, title).why(wanted.hides);
    if let Some((node, _)) = silent.first() {
        draft = draft.why("the settings of these nodes leave it out").shown_by(&node.path);
    }
    if !by_logs.is_empty() {
        draft = draft.why("their logs hold none although there was occasion for it");
    }
    let mut include: Vec<&str> =
        silent.first().map_or_else(Vec::new, |(_, policy)| policy.events.iter().map(String::as_str).collect());
    // One list for all, so that the next call does not undo the one before.
    include.extend(WANTED.iter().map(|event| event.name));
    include.sort_unstable();
    include.dedup();
    draft = draft.fix(setting(INCLUDE, json!(include)));
    if silent.iter().any(|(node, _)| !node.settings.list("xpack.security.audit.logfile.events.exclude").is_empty()) {
        draft = draft.fix(setting("xpack.security.audit.logfile.events.exclude", Value::Null));
    }
    draft.nodes = silent.iter().map(|(node, _)| node.id.clone()).chain(by_logs.into_iter().map(|(id, _)| id)).collect();
    Some(draft)
}

/// A dynamic setting of the cluster.
fn setting(name: &str, value: Value) -> ApiCall {
    ApiCall::new(Method::Put, "/_cluster/settings").body(json!({"persistent": {name: value}}))
}

/// Policies of `ignore_filters`, each once for all nodes that have it.
fn policies(scene: &ReviewScene<'_>, nodes: &[ReviewedNode]) -> Vec<CheckDraft> {
    type Rules = BTreeMap<String, Vec<String>>;
    let mut policies: BTreeMap<(String, Rules), Vec<&ReviewedNode>> = BTreeMap::new();
    for node in nodes {
        for (policy, rules) in node.settings.audit().filters {
            policies.entry((policy, rules)).or_default().push(node);
        }
    }
    policies.into_iter().map(|((policy, rules), nodes)| hiding(scene, &policy, &rules, &nodes)).collect()
}

fn hiding(
    scene: &ReviewScene<'_>,
    policy: &str,
    rules: &BTreeMap<String, Vec<String>>,
    nodes: &[&ReviewedNode],
) -> CheckDraft {
    let users = rules.get("users").cloned().unwrap_or_default();
    let broad = |list: &Vec<String>| list.iter().any(|name| name == "*" || name == "/.*/");
    let powerful = users.iter().any(|user| {
        let of_node = |node: &&ReviewedNode| {
            let facts = scene.joined.context.clusters.get(node.cluster)?;
            let listed = facts.users.as_ref()?.fact.get(user)?;
            Some(crate::context::Might::of(&listed.roles, |name| facts.role(name)).superuser)
        };
        user == "elastic" || nodes.iter().filter_map(of_node).any(|superuser| superuser)
    });
    let no_name = users.iter().any(String::is_empty);
    let everything = !rules.is_empty() && rules.values().all(broad);
    let severity = if everything || powerful || no_name { Severity::High } else { Severity::Medium };
    let told = rules.iter().map(|(what, list)| {
        let shown = |name: &String| {
            let name = if what == "users" { scene.shown(name) } else { name.clone() };
            if name.is_empty() { Span::Plain("(no name)".into()) } else { Span::name(&name) }
        };
        Text::from(format!("{what} ")).with(few(list.iter().map(shown), list.len()))
    });
    let mut what = Text::new();
    for one in told {
        if !what.is_empty() {
            what.push(", ");
        }
        what.push(one);
    }
    let mut draft = CheckDraft::new(
        "policy_hides",
        severity,
        text!("Policy {} leaves out events of {}", Span::name(policy), what),
    )
    .why("events that meet all of its conditions are never written, whatever they are; only security changes stand above it");
    if powerful {
        draft = draft.why("an account as good as superuser is among them: whoever takes it over is not seen");
    }
    if no_name {
        draft = draft.why("an empty user name leaves out every event without one: all refusals of API keys, tokens and anonymous requests");
    }
    draft.principals = users.iter().filter(|user| !user.is_empty()).map(|user| scene.shown(user)).collect();
    draft.nodes = nodes.iter().map(|node| node.id.clone()).collect();
    let name = format!("xpack.security.audit.logfile.events.ignore_filters.{policy}.*");
    draft.fix(setting(&name, Value::Null)).shown_by(&nodes.first().map(|node| node.path.clone()).unwrap_or_default())
}
