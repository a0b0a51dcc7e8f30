//! ECS documents, as the ingest pipelines of Filebeat and Elastic Agent make them, and the exports that hold them.
//!
//! Field names are those of the pipelines' expected results: what has a place in ECS goes there, all else stays under
//! `elasticsearch.audit`.

use serde_json::{Map, Value, json};

use super::text::address;
use super::{Renderer, Shape};
use crate::event::{Action, Event};
use crate::text::rfc3339;

/// How members are laid out.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Dotted,
    Nested,
    /// As Elastic Agent's integration leaves them: nested, with dotted names among them and empty objects.
    Mixed,
}

/// Appends the event in one of the ECS shapes.
pub(super) fn push(renderer: &mut Renderer, buf: &mut Vec<u8>, event: &Event) {
    let (layout, raw) = match renderer.shape {
        Shape::EcsDotted => (Layout::Dotted, Some("message")),
        Shape::Elasticdump | Shape::Filebeat70 => (Layout::Dotted, None),
        Shape::EcsNested | Shape::EcsClient | Shape::SearchPretty => (Layout::Nested, None),
        Shape::Search => (Layout::Mixed, Some("event.original")),
        Shape::Bulk => (Layout::Mixed, None),
        _ => (Layout::Mixed, Some("message")),
    };
    let mut fields = fields(renderer, event, layout == Layout::Mixed);
    if let Some(key) = raw {
        let mut line = Vec::new();
        renderer.native.audit(&mut line, event);
        fields.push((key.to_owned(), String::from_utf8_lossy(&line).into()));
    }
    for (name, _) in &mut fields {
        if renderer.shape == Shape::EcsClient && name.starts_with("source.") {
            *name = name.replacen("source", "client", 1);
        }
        if renderer.shape == Shape::Filebeat70 && name == "event.action" {
            "elasticsearch.audit.event_type".clone_into(name);
        }
    }
    let source = lay_out(fields, layout);
    renderer.documents += 1;
    let id = format!("{}{:012x}", &renderer.node_id[..8], renderer.documents);
    let index = ".ds-logs-elasticsearch.audit-default-2026.03.01-000001";
    let text = match renderer.shape {
        Shape::Elasticdump => {
            json!({"_index": index, "_type": "_doc", "_id": id, "_score": 1, "_source": source}).to_string()
        }
        Shape::Bulk => format!("{}\n{source}", json!({"create": {"_index": index, "_id": id}})),
        Shape::Search => {
            let sort = event.time / 1000;
            json!({"_index": index, "_id": id, "_score": null, "_source": source, "sort": [sort]}).to_string()
        }
        Shape::SearchPretty => {
            let hit = format!("{:#}", json!({"_index": index, "_id": id, "_score": null, "_source": source}));
            hit.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
        }
        _ => source.to_string(),
    };
    buf.extend_from_slice(text.as_bytes());
}

/// The members of the document under their full names.
pub(super) fn fields(renderer: &Renderer, event: &Event, targets: bool) -> Vec<(String, Value)> {
    let mut out: Vec<(String, Value)> = Vec::with_capacity(40);
    let mut add = |key: &str, value: Value| {
        if !value.is_null() {
            out.push((key.to_owned(), value));
        }
    };
    let name = event.action.name();
    let failure = name.ends_with("_denied") || name.ends_with("_failed") || name == "tampered_request";
    // Some pipelines take a change for a failure because nobody told them that it succeeded.
    let failure = failure || (targets && matches!(event.action, Action::Change(_)));
    add("@timestamp", rfc3339(event.time + renderer.clock_error).into());
    add("event.action", name.into());
    add("event.kind", "event".into());
    add("event.category", json!(["database"]));
    add("event.dataset", "elasticsearch.audit".into());
    add("event.module", "elasticsearch".into());
    add("event.outcome", if failure { "failure" } else { "success" }.into());
    add("service.type", "elasticsearch".into());
    add("host.id", renderer.node_id.into());
    add("elasticsearch.node.id", renderer.node_id.into());
    add("elasticsearch.cluster.uuid", renderer.cluster.into());
    add("elasticsearch.audit.layer", event.action.layer().into());
    let who = &event.who;
    add("elasticsearch.audit.authentication.type", json!(who.kind));
    add("user.name", json!(who.user.map(str::to_owned).or_else(|| targets.then(|| target_user(event)).flatten())));
    add("elasticsearch.audit.user.realm", json!(who.realm));
    add("elasticsearch.audit.user.roles", who.roles.map_or(Value::Null, parse));
    add("elasticsearch.audit.user.run_by.name", json!(who.run_by.map(|r| r.0)));
    add("elasticsearch.audit.user.run_by.realm", json!(who.run_by.map(|r| r.1)));
    add("elasticsearch.audit.user.run_as.name", json!(who.run_as.map(|r| r.0)));
    add("elasticsearch.audit.user.run_as.realm", json!(who.run_as.map(|r| r.1)));
    add("elasticsearch.audit.apikey.id", json!(who.key.map(|k| k.0)));
    add("elasticsearch.audit.apikey.name", json!(who.key.map(|k| k.1)));
    add("elasticsearch.audit.authentication.token.name", json!(who.token.map(|t| t.0)));
    add("elasticsearch.audit.authentication.token.type", json!(who.token.map(|t| t.1)));
    let origin = &event.origin;
    add("elasticsearch.audit.origin.type", json!(origin.kind));
    if let Some(source) = origin.source {
        add("source.address", json!(address(event)));
        add("source.ip", source.into());
        add("source.port", origin.port.into());
    }
    add("elasticsearch.audit.realm", json!(event.asked));
    if let Some(path) = origin.path {
        add("url.original", origin.query.map_or(path.to_owned(), |query| format!("{path}?{query}")).into());
    }
    add("http.request.method", json!(origin.method));
    let request = event.request.map(|id| String::from_utf8_lossy(&id).into_owned());
    add("http.request.id", json!(request));
    add("elasticsearch.audit.request.id", json!(request));
    add("elasticsearch.audit.action", json!(event.transport.map(|t| t.0)));
    add("elasticsearch.audit.request.name", json!(event.transport.map(|t| t.1)));
    add("elasticsearch.audit.indices", event.indices.map_or(Value::Null, parse));
    add("elasticsearch.audit.opaque_id", json!(origin.opaque));
    add("trace.id", json!(origin.trace.map(|id| format!("{id:032x}"))));
    add("elasticsearch.audit.x_forwarded_for", json!(origin.forwarded));
    add("elasticsearch.audit.transport.profile", json!(event.rule.map(|r| r.0)));
    add("elasticsearch.audit.rule", json!(event.rule.map(|r| r.1)));
    if let Some((verb, body)) = event.change {
        add(&format!("elasticsearch.audit.{verb}"), parse(body));
    }
    out
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The user that a change is about: a newer integration copies it into `user.name` when the event has no actor.
fn target_user(event: &Event) -> Option<String> {
    let body = parse(event.change?.1);
    let paths = ["/user/name", "/password/user/name", "/disable/user/name", "/apikeys/user/name"];
    paths.iter().find_map(|path| Some(body.pointer(path)?.as_str()?.to_owned()))
}

/// The document; indexing a value by a name makes the objects on the way.
fn lay_out(fields: Vec<(String, Value)>, layout: Layout) -> Value {
    if layout == Layout::Dotted {
        let mut document = Map::new();
        fields.into_iter().for_each(|(key, value)| flatten(&mut document, key, value));
        return Value::Object(document);
    }
    let mut document = json!({});
    for (key, value) in fields {
        match key.strip_prefix("elasticsearch.audit.") {
            Some(rest) if layout == Layout::Mixed && rest != "request.id" => {
                document["elasticsearch"]["audit"][rest] = value;
            }
            _ => *key.split('.').fold(&mut document, |at, name| &mut at[name]) = value,
        }
    }
    if layout == Layout::Mixed {
        for empty in ["cluster", "event", "origin", "user"] {
            document["elasticsearch"]["audit"][empty] = json!({});
        }
    }
    document
}

/// Adds a member under its full name, objects taken apart.
pub(super) fn flatten(document: &mut Map<String, Value>, key: String, value: Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(document, format!("{key}.{name}"), value);
            }
        }
        value => {
            document.insert(key, value);
        }
    }
}
