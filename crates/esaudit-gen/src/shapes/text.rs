//! Events as text: the plain lines of 5.x, and the server lines of the docker images of 7.0 to 7.2.

use std::io::Write;

use serde_json::Value;

use super::Renderer;
use crate::event::{Action, Event};
use crate::native::push_address;
use crate::text::{Text, quoted};

/// A line of 5.x: `[time] [node] [layer] [action]<tab>key=[value], …`, as the samples of Filebeat's module have it.
/// No node id, no request id, no port.
pub(super) fn push_5x(renderer: &mut Renderer, buf: &mut Vec<u8>, event: &Event) {
    buf.push(b'[');
    renderer.local.push(buf, event.time + renderer.clock_error, b',');
    let _ = write!(buf, "] [{}] [{}] [{}]\t", renderer.node_name, event.action.layer(), event.action.name());
    let origin = &event.origin;
    let rest = event.action.layer() == "rest";
    let address = origin.source.map(|s| if s.contains(':') { format!("[{s}]") } else { s.to_owned() });
    let uri = origin.path.map(|path| origin.query.map_or(path.to_owned(), |query| format!("{path}?{query}")));
    let own = |text: Option<Text>| text.map(str::to_owned);
    let members = [
        ("realm", own(event.asked).filter(|_| event.action == Action::RealmAuthenticationFailed)),
        ("origin_type", own(origin.kind).filter(|_| !rest)),
        ("origin_address", address),
        ("principal", own(event.who.user)),
        (
            "realm",
            own(event
                .asked
                .filter(|_| event.action == Action::AuthenticationSuccess)
                .or(event.who.realm.filter(|_| !rest))),
        ),
        ("roles", event.who.roles.filter(|_| !rest).map(bare_list)),
        ("action", event.transport.map(|t| t.0.to_owned())),
        ("indices", event.indices.map(bare_list)),
        ("request", event.transport.map(|t| t.1.to_owned())),
        ("uri", uri),
        ("transport_profile", event.rule.map(|r| r.0.to_owned())),
        ("rule", event.rule.map(|r| r.1.to_owned())),
    ];
    let mut separator = "";
    for (key, value) in members {
        if let Some(value) = value {
            let _ = write!(buf, "{separator}{key}=[{}]", value.replace(['\n', '\r'], " "));
            separator = ", ";
        }
    }
}

/// A JSON array of strings as Java prints a list within brackets: `a,b`.
fn bare_list(json: Text) -> String {
    serde_json::from_str::<Vec<String>>(json).unwrap_or_default().join(",")
}

/// The event as log4j prints a `StringMapMessage` when no pattern tells it otherwise, `key="value"` sorted by key and
/// unescaped, within a JSON server line.
pub(super) fn push_docker_7(renderer: &mut Renderer, buf: &mut Vec<u8>, event: &Event) {
    let mut native = Vec::new();
    renderer.native.audit(&mut native, event);
    let members: serde_json::Map<String, Value> = serde_json::from_slice(&native).unwrap_or_default();
    let mut message = String::new();
    // A map of serde_json is sorted by key.
    for (key, value) in &members {
        if matches!(key.as_str(), "type" | "timestamp" | "@timestamp" | "cluster.uuid") {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !message.is_empty() {
            message.push(' ');
        }
        message.push_str(&format!("{key}=\"{value}\""));
    }
    buf.extend_from_slice(b"{\"type\": \"server\", \"timestamp\": \"");
    renderer.local.push(buf, event.time + renderer.clock_error, b',');
    renderer.local.push_zone(buf);
    let _ = write!(
        buf,
        "\", \"level\": \"INFO\", \"component\": \"o.e.x.s.a.l.LoggingAuditTrail\", \"cluster.name\": {}, \"node.name\": {}, \"cluster.uuid\": {}, \"node.id\": {},  \"message\": {}  }}",
        quoted(renderer.cluster_name),
        quoted(renderer.node_name),
        quoted(renderer.cluster),
        quoted(renderer.node_id),
        quoted(&message)
    );
}

/// `origin.address` as text.
pub(super) fn address(event: &Event) -> Option<String> {
    let mut out = Vec::new();
    push_address(&mut out, event.origin.source?, event.origin.port);
    String::from_utf8(out).ok()
}
