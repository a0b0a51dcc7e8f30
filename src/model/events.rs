//! Single events: what `esaudit events` writes, one a line.

use std::sync::Arc;

use serde::Serialize;

use super::{AddressFacts, Evidence};
use crate::time::Millis;

/// What is told of a finding beside its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFinding {
    /// `F1`, as the report with the same filters names it.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// How severe it is.
    pub severity: String,
    /// hostile, operational, unclear.
    pub verdict: String,
}

/// A failed attempt or a security change, in normal form. `null` means unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Event {
    /// When.
    #[serde(skip)]
    pub at: Millis,
    /// Of attempts the place among all that were joined.
    #[serde(skip)]
    pub attempt: Option<u32>,
    /// The finding that it is in, where findings were made.
    #[serde(skip)]
    pub finding: Option<Arc<InFinding>>,
    /// When, UTC.
    pub time: String,
    /// `attempt`, `success`, `denied`, `change` or `powerful`.
    pub kind: &'static str,
    /// `event.action`.
    pub action: String,
    /// Who failed, or who made the change; null for attempts without a name.
    pub principal: Option<String>,
    /// Client address.
    pub source: Option<String>,
    /// What is known of it beyond the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_known: Option<Box<AddressFacts>>,
    /// `x_forwarded_for` as sent, where the source was not taken from it.
    pub forwarded_for: Option<String>,
    /// Node: the id where it is known, else the name.
    pub node: Option<String>,
    /// Its name.
    pub node_name: Option<String>,
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub realm_chain: Option<Vec<String>>,
    /// False where the order of the realms is not known; else not there.
    #[serde(skip_serializing_if = "super::group::is_ordered")]
    pub realm_chain_ordered: bool,
    /// Why it failed; null for changes.
    pub reason: Option<&'static str>,
    /// What that rests on.
    pub reason_basis: Option<&'static str>,
    /// What was sent: a password, a key, nothing, …; null for changes.
    pub credential: Option<&'static str>,
    /// How surely the reason is this attempt's, 0 to 1; null where nothing measures it.
    pub confidence: Option<f64>,
    /// Id of the API key that was refused, or that the change is about.
    pub api_key: Option<String>,
    /// Its name.
    pub api_key_name: Option<String>,
    /// `url.path`.
    pub url_path: Option<String>,
    /// What a change or a powerful action was made to; of run-as, as whom.
    pub target: Option<String>,
    /// The Elasticsearch action of successes, refusals and powerful actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub es_action: Option<String>,
    /// The index that these name, the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// `request.id`, of changes.
    pub request_id: Option<String>,
    /// Where it stands.
    pub evidence: Evidence,
}

/// What tells why an attempt failed: a line of the server log, or, of a refused API key, other events.
#[derive(Debug, Clone, PartialEq)]
pub struct ReasonSource {
    /// When.
    pub at: Millis,
    /// What it is about, see [`crate::reason::Subject`].
    pub about: &'static str,
    /// Why it failed.
    pub reason: &'static str,
    /// What that rests on.
    pub reason_basis: &'static str,
    /// Who failed, where the line or its attempt names somebody.
    pub principal: Option<String>,
    /// The realm that said no, where the line names it.
    pub realm: Option<String>,
    /// Id of the API key that was refused.
    pub api_key: Option<String>,
    /// Its name.
    pub api_key_name: Option<String>,
    /// Client address of the attempt.
    pub source: Option<String>,
    /// Node: the id where it is known, else the name.
    pub node: Option<String>,
    /// Its name.
    pub node_name: Option<String>,
    /// `trace.id` of the line.
    pub trace_id: Option<String>,
    /// The message, where it may say more than was understood.
    pub message: Option<String>,
    /// How surely the attempt is its own, 0 to 1; null where no attempt fits.
    pub confidence: Option<f64>,
    /// Where that attempt stands.
    pub attempt: Option<Evidence>,
    /// Where it stands itself.
    pub evidence: Evidence,
}

/// What Timesketch asks of a line: a sentence, the time in ISO 8601, and what time it is
/// (<https://timesketch.org/guides/user/import-from-json-csv/>). Other members become attributes; they are flat there.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Timesketch<'e> {
    message: String,
    datetime: String,
    timestamp_desc: &'static str,
    data_type: &'static str,
    kind: &'static str,
    action: &'e str,
    principal: Option<&'e str>,
    source: Option<&'e str>,
    forwarded_for: Option<&'e str>,
    node: Option<&'e str>,
    node_name: Option<&'e str>,
    realm_chain: Option<&'e [String]>,
    #[serde(skip_serializing_if = "super::group::is_ordered")]
    realm_chain_ordered: bool,
    reason: Option<&'e str>,
    reason_basis: Option<&'e str>,
    credential: Option<&'e str>,
    confidence: Option<f64>,
    api_key: Option<&'e str>,
    api_key_name: Option<&'e str>,
    url_path: Option<&'e str>,
    target: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    es_action: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'e str>,
    request_id: Option<&'e str>,
    evidence_path: &'e str,
    evidence_line: u64,
    finding: Option<&'e str>,
    severity: Option<&'e str>,
    /// What Timesketch shows as tags.
    tag: Vec<&'e str>,
}

impl<'e> Timesketch<'e> {
    /// Of an event.
    #[must_use]
    pub fn new(event: &'e Event) -> Self {
        let finding = event.finding.as_deref();
        let timestamp_desc = match event.kind {
            "attempt" => "Authentication Failure Time",
            "change" => "Security Change Time",
            "success" => "Access Time",
            "denied" => "Access Denied Time",
            _ => "Powerful Action Time",
        };
        Self {
            message: message(event),
            // It reads `+00:00`; `Z` only in newer releases.
            datetime: event.time.strip_suffix('Z').map_or_else(|| event.time.clone(), |time| format!("{time}+00:00")),
            timestamp_desc,
            data_type: "elasticsearch:audit",
            kind: event.kind,
            action: &event.action,
            principal: event.principal.as_deref(),
            source: event.source.as_deref(),
            forwarded_for: event.forwarded_for.as_deref(),
            node: event.node.as_deref(),
            node_name: event.node_name.as_deref(),
            realm_chain: event.realm_chain.as_deref(),
            realm_chain_ordered: event.realm_chain_ordered,
            reason: event.reason,
            reason_basis: event.reason_basis,
            credential: event.credential,
            confidence: event.confidence,
            api_key: event.api_key.as_deref(),
            api_key_name: event.api_key_name.as_deref(),
            url_path: event.url_path.as_deref(),
            target: event.target.as_deref(),
            es_action: event.es_action.as_deref(),
            index: event.index.as_deref(),
            request_id: event.request_id.as_deref(),
            evidence_path: &event.evidence.path,
            evidence_line: event.evidence.line,
            finding: finding.map(|finding| finding.id.as_str()),
            severity: finding.map(|finding| finding.severity.as_str()),
            tag: std::iter::once(event.kind)
                .chain(finding.into_iter().flat_map(|finding| [finding.kind.as_str(), finding.verdict.as_str()]))
                .collect(),
        }
    }
}

/// The event in one sentence.
#[must_use]
pub fn message(event: &Event) -> String {
    let mut message = event.action.clone();
    if let Some(action) = &event.es_action {
        message.push_str(&format!(" {action}"));
    }
    for (word, value) in [
        (" to ", &event.index),
        (" by ", &event.principal),
        (if event.kind == "change" { " of " } else { " as " }, &event.target),
        (" from ", &event.source),
        (" on ", if event.node_name.is_some() { &event.node_name } else { &event.node }),
    ] {
        if let Some(value) = value {
            message.push_str(word);
            message.push_str(value);
        }
    }
    if let Some(reason) = event.reason {
        message.push_str(&format!(": {reason}"));
    }
    if let Some(realms) = event.realm_chain.as_ref().filter(|realms| !realms.is_empty()) {
        message.push_str(&format!(" ({})", realms.join(", ")));
    }
    message
}
