//! Events and findings in the Elastic Common Schema (8.11), with the action lines of the bulk API, so that they go back into
//! Elasticsearch.
//!
//! They go into data streams that the built-in template for logs serves (`logs-*-*`), and have ids of their own: what is sent
//! twice is there once. Categories and types are those that the schema allows together; what it has no field for stands under
//! `esaudit`.

use std::io;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{ids, json};
use crate::model::events::{Event, message};
use crate::model::{AddressFacts, Finding, Report};

/// Version of the schema.
const VERSION: &str = "8.11.0";

/// The fields of an event that hold texts, numbers or lists of them.
pub const FIELDS: &[&str] = &[
    "@timestamp",
    "ecs.version",
    "message",
    "event.kind",
    "event.category",
    "event.type",
    "event.outcome",
    "event.action",
    "event.reason",
    "event.module",
    "event.dataset",
    "user.name",
    "source.address",
    "source.ip",
    "source.geo.country_iso_code",
    "source.geo.country_name",
    "source.geo.city_name",
    "source.geo.name",
    "source.as.number",
    "source.as.organization.name",
    "service.type",
    "service.node.name",
    "url.path",
    "http.request.id",
    "log.file.path",
    "esaudit.kind",
    "esaudit.line",
    "esaudit.forwarded_for",
    "esaudit.realm_chain",
    "esaudit.reason_basis",
    "esaudit.credential",
    "esaudit.confidence",
    "esaudit.api_key",
    "esaudit.api_key_name",
    "esaudit.target",
    "esaudit.es_action",
    "esaudit.index",
    "esaudit.finding",
    "esaudit.severity",
];

/// Writes an event and its action line.
///
/// # Errors
/// Only those of `out`.
pub fn event(event: &Event, out: &mut dyn io::Write) -> io::Result<()> {
    let place = format!("{}:{} {}", event.evidence.path, event.evidence.line, event.kind);
    action("logs-esaudit.events-default", &ids::hex(&place), out)?;
    json::write_line(&document(event), out)
}

/// An event.
#[must_use]
pub fn document(event: &Event) -> Value {
    let (category, kind) = match event.kind {
        "change" => ("iam", "change"),
        "denied" | "powerful" => ("database", "access"),
        _ => ("authentication", "start"),
    };
    let outcome = match (event.kind, event.action.as_str()) {
        ("attempt" | "denied", _) | (_, "access_denied" | "run_as_denied") => "failure",
        // A change is written before it runs.
        ("change", _) => "unknown",
        _ => "success",
    };
    let finding = event.finding.as_deref();
    let document = json!({
        "@timestamp": event.time,
        "ecs": {"version": VERSION},
        "message": message(event),
        "event": filled([
            ("kind", json!("event")), ("category", json!([category])), ("type", json!([kind])), ("outcome", json!(outcome)),
            ("action", json!(event.action)), ("reason", json!(event.reason)), ("module", json!("elasticsearch")),
            ("dataset", json!("esaudit.events")),
        ]),
        "user": filled([("name", json!(event.principal))]),
        "source": event.source.as_deref().map_or(Value::Null, |source| self::source(source, event.source_known.as_deref())),
        "service": {"type": "elasticsearch", "node": filled([("name", json!(event.node_name.as_ref().or(event.node.as_ref())))])},
        "url": filled([("path", json!(event.url_path))]),
        "http": filled([("request", filled([("id", json!(event.request_id))]))]),
        "log": {"file": {"path": event.evidence.path}},
        "esaudit": filled([
            ("kind", json!(event.kind)), ("line", json!(event.evidence.line)), ("forwarded_for", json!(event.forwarded_for)),
            ("realm_chain", json!(event.realm_chain)), ("reason_basis", json!(event.reason_basis)),
            ("credential", json!(event.credential)), ("confidence", json!(event.confidence)), ("api_key", json!(event.api_key)),
            ("api_key_name", json!(event.api_key_name)), ("target", json!(event.target)), ("es_action", json!(event.es_action)),
            ("index", json!(event.index)), ("finding", json!(finding.map(|finding| &finding.id))),
            ("severity", json!(finding.map(|finding| &finding.severity))),
        ]),
    });
    whole(document)
}

/// Writes the findings of a report, each with its action line.
///
/// # Errors
/// Only those of `out`.
pub fn findings(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| self::finding(finding, out))
}

fn finding(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let first = finding.evidence.first().map(|line| format!("{}:{}", line.path, line.line)).unwrap_or_default();
    let start = finding.start.as_deref().unwrap_or("1970-01-01T00:00:00.000Z");
    action("logs-esaudit.findings-default", &ids::hex(&format!("{} {start} {first}", finding.kind)), out)?;
    let list = |texts: Vec<String>| if texts.is_empty() { Value::Null } else { json!(texts) };
    let addresses = finding.sources.iter().filter(|source| source.parse::<IpAddr>().is_ok());
    let (below, techniques): (Vec<String>, Vec<String>) =
        finding.attack.iter().cloned().partition(|id| id.contains('.'));
    let above = below.iter().filter_map(|id| id.split_once('.')).map(|(id, _)| id.to_owned());
    let mut techniques: Vec<String> = techniques.into_iter().chain(above).collect();
    techniques.sort();
    techniques.dedup();
    let threat = if techniques.is_empty() {
        Value::Null
    } else {
        json!({"framework": "MITRE ATT&CK",
               "technique": filled([("id", list(techniques)), ("subtechnique", filled([("id", list(below))]))])})
    };
    let document = json!({
        "@timestamp": start,
        "ecs": {"version": VERSION},
        "message": finding.title.plain(),
        "event": filled([
            ("kind", json!("alert")), ("category", json!(["intrusion_detection"])), ("type", json!(["info"])),
            ("module", json!("elasticsearch")), ("dataset", json!("esaudit.findings")), ("start", json!(finding.start)),
            ("end", json!(finding.end)), ("severity", json!(severity(&finding.severity))),
            ("reason", json!(finding.diagnosis.plain())),
        ]),
        "rule": {"name": finding.kind},
        "threat": threat,
        "related": filled([("ip", list(addresses.cloned().collect())), ("user", list(finding.principals.clone()))]),
        "esaudit": {
            "finding": finding.id, "severity": finding.severity, "verdict": finding.verdict, "confidence": finding.confidence,
            "failures": finding.failures, "successes": finding.successes, "api_keys": finding.api_keys, "nodes": finding.nodes,
            "why": finding.why, "next_steps": finding.next_steps,
        },
    });
    json::write_line(&whole(document), out)
}

/// Severities as Elastic Security counts them (its risk scores of low, medium, high and critical rules).
fn severity(name: &str) -> u64 {
    match name {
        "critical" => 99,
        "high" => 73,
        "medium" => 47,
        "low" => 21,
        _ => 1,
    }
}

fn action(index: &str, id: &str, out: &mut dyn io::Write) -> io::Result<()> {
    json::write_line(&json!({"create": {"_index": index, "_id": id}}), out)
}

/// A client: what is no address is a name.
fn source(address: &str, known: Option<&AddressFacts>) -> Value {
    let geo = known.and_then(|known| known.geo.as_ref());
    let number = geo.and_then(|geo| geo.as_number);
    filled([
        ("address", json!(address)),
        ("ip", json!(address.parse::<IpAddr>().ok().map(|_| address))),
        (
            "geo",
            geo.map_or(Value::Null, |geo| {
                filled([
                    ("country_iso_code", json!(geo.country)),
                    ("country_name", json!(geo.country_name)),
                    ("city_name", json!(geo.city)),
                    ("name", json!(known.and_then(|known| known.network.as_ref()))),
                ])
            }),
        ),
        (
            "as",
            filled([
                ("number", json!(number)),
                ("organization", filled([("name", json!(geo.and_then(|geo| geo.as_organization.as_ref())))])),
            ]),
        ),
    ])
}

/// An object of what is known; null where nothing is.
fn filled<const N: usize>(members: [(&str, Value); N]) -> Value {
    let known = members.into_iter().filter(|(_, value)| !value.is_null());
    let members: Map<String, Value> = known.map(|(name, value)| (name.to_owned(), value)).collect();
    if members.is_empty() { Value::Null } else { Value::Object(members) }
}

/// A document without members that are null.
fn whole(document: Value) -> Value {
    match document {
        Value::Object(members) => Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}
