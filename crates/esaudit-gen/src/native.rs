//! Lines as Elasticsearch itself writes them: the audit file (`LoggingAuditTrail` through the pattern layout of
//! `x-pack/plugin/core/src/main/config/log4j2.properties`) and the server log in its forms.

use std::io::Write;

use crate::cli::{Args, FormatVersion, ServerFormat};
use crate::event::{Event, Origin, ServerLine};
use crate::text::{Clock, Micros, Text, push_escaped, push_hex, push_number, quoted, rfc3339};
use crate::world::{Node, World};

/// Writes the lines of one node.
#[derive(Clone)]
pub(crate) struct NativeWriter {
    version: FormatVersion,
    server: ServerFormat,
    /// The beginning of each line of 7.3 and later, up to the time.
    start: Text,
    clock: Clock,
    utc: Clock,
    cluster: Text,
    cluster_name: Text,
    node_name: Text,
    /// The members between the time and `event.type`, the same on every line of a node.
    head: String,
    node_id: Text,
    /// The node's clock error.
    error: Micros,
}

/// Appends `, "key":"value"`.
fn member(buf: &mut Vec<u8>, key: &str, value: Option<Text>) {
    if let Some(value) = value {
        buf.extend_from_slice(key.as_bytes());
        push_escaped(buf, value.as_bytes());
        buf.push(b'"');
    }
}

/// Appends `, "key":value`, the value being JSON already.
fn raw(buf: &mut Vec<u8>, key: &str, value: Option<Text>) {
    if let Some(value) = value {
        buf.extend_from_slice(key.as_bytes());
        buf.extend_from_slice(value.as_bytes());
    }
}

/// Appends an address as `origin.address` has it: `10.1.2.3:51504`, `[::1]:51504`.
pub(crate) fn push_address(buf: &mut Vec<u8>, source: Text, port: u16) {
    if source.contains(':') {
        buf.push(b'[');
        buf.extend_from_slice(source.as_bytes());
        buf.push(b']');
    } else {
        buf.extend_from_slice(source.as_bytes());
    }
    buf.push(b':');
    push_number(buf, u64::from(port));
}

impl NativeWriter {
    /// A writer for this node.
    pub(crate) fn new(args: &Args, world: &World, node: &Node) -> Self {
        let (version, cluster) = (args.format_version, world.cluster);
        let mut head = String::new();
        if version == FormatVersion::V8 {
            head.push_str(", \"cluster.uuid\":");
            head.push_str(&quoted(cluster));
        }
        if node.shows_name {
            head.push_str(", \"node.name\":");
            head.push_str(&quoted(node.name));
        }
        head.push_str(", \"node.id\":");
        head.push_str(&quoted(node.id));
        Self {
            version,
            server: args.server_format,
            // A stream's lines come from the pattern of the docker images, which has a space after the first colon.
            start: if args.shape().is_stream() {
                "{\"type\": \"audit\", \"timestamp\":\""
            } else {
                "{\"type\":\"audit\", \"timestamp\":\""
            },
            clock: Clock::new(args.tz),
            utc: Clock::new(0),
            cluster,
            cluster_name: world.cluster_name,
            node_name: node.name,
            head,
            node_id: node.id,
            error: node.clock_error,
        }
    }

    /// Appends one audit line, without its line end.
    pub(crate) fn audit(&mut self, buf: &mut Vec<u8>, event: &Event) {
        let v8 = self.version == FormatVersion::V8;
        match self.version {
            FormatVersion::V8 | FormatVersion::V7 => buf.extend_from_slice(self.start.as_bytes()),
            FormatVersion::V71 | FormatVersion::V65 => buf.extend_from_slice(b"{\"@timestamp\":\""),
        }
        self.clock.push(buf, event.time + self.error, b',');
        if matches!(self.version, FormatVersion::V8 | FormatVersion::V7) {
            self.clock.push_zone(buf);
        }
        buf.push(b'"');
        buf.extend_from_slice(self.head.as_bytes());
        member(buf, ", \"event.type\":\"", Some(event.action.layer()));
        member(buf, ", \"event.action\":\"", Some(event.action.name()));
        let who = &event.who;
        if v8 {
            member(buf, ", \"authentication.type\":\"", who.kind);
        }
        member(buf, ", \"user.name\":\"", who.user);
        member(buf, ", \"user.run_by.name\":\"", who.run_by.map(|r| r.0));
        member(buf, ", \"user.run_as.name\":\"", who.run_as.map(|r| r.0));
        member(buf, ", \"user.realm\":\"", who.realm);
        member(buf, ", \"user.run_by.realm\":\"", who.run_by.map(|r| r.1));
        member(buf, ", \"user.run_as.realm\":\"", who.run_as.map(|r| r.1));
        raw(buf, ", \"user.roles\":", who.roles);
        member(buf, ", \"apikey.id\":\"", who.key.map(|k| k.0));
        member(buf, ", \"apikey.name\":\"", who.key.map(|k| k.1));
        member(buf, ", \"authentication.token.name\":\"", who.token.map(|t| t.0));
        member(buf, ", \"authentication.token.type\":\"", who.token.map(|t| t.1));
        let origin = &event.origin;
        member(buf, ", \"origin.type\":\"", origin.kind);
        if let Some(source) = origin.source {
            buf.extend_from_slice(b", \"origin.address\":\"");
            if !v8 && event.rule.is_some() {
                // The IP filter did not show a port before 8.3.
                buf.extend_from_slice(source.as_bytes());
            } else {
                push_address(buf, source, origin.port);
            }
            buf.push(b'"');
        }
        member(buf, ", \"realm\":\"", event.asked);
        member(buf, ", \"url.path\":\"", origin.path);
        member(buf, ", \"url.query\":\"", origin.query);
        member(buf, ", \"request.method\":\"", origin.method);
        if let (Some(id), true) = (&event.request, self.version != FormatVersion::V65) {
            buf.extend_from_slice(b", \"request.id\":\"");
            buf.extend_from_slice(id);
            buf.push(b'"');
        }
        member(buf, ", \"action\":\"", event.transport.map(|t| t.0));
        member(buf, ", \"request.name\":\"", event.transport.map(|t| t.1));
        raw(buf, ", \"indices\":", event.indices);
        self.client_members(buf, origin);
        member(buf, ", \"transport.profile\":\"", event.rule.map(|r| r.0));
        member(buf, ", \"rule\":\"", event.rule.map(|r| r.1));
        if let Some((verb, body)) = event.change {
            buf.extend_from_slice(b", \"");
            buf.extend_from_slice(verb.as_bytes());
            buf.extend_from_slice(b"\":");
            buf.extend_from_slice(body.as_bytes());
        }
        buf.push(b'}');
    }

    /// `opaque_id`, `trace.id` (8.x), `x_forwarded_for`.
    fn client_members(&self, buf: &mut Vec<u8>, origin: &Origin) {
        member(buf, ", \"opaque_id\":\"", origin.opaque);
        if let (Some(id), FormatVersion::V8) = (origin.trace, self.version) {
            buf.extend_from_slice(b", \"trace.id\":\"");
            push_hex(buf, id);
            buf.push(b'"');
        }
        member(buf, ", \"x_forwarded_for\":\"", origin.forwarded);
    }

    /// Appends one server-log line, without its line end.
    pub(crate) fn server(&mut self, buf: &mut Vec<u8>, line: &ServerLine) {
        match self.server {
            ServerFormat::Ecs => self.server_ecs(buf, line),
            ServerFormat::Json7 => self.server_json7(buf, line),
            ServerFormat::Text => self.server_text(buf, line),
            ServerFormat::Csv => {
                let mut text = Vec::new();
                self.server_text(&mut text, line);
                let message = String::from_utf8_lossy(&text).replace('"', "\"\"");
                let _ = write!(buf, "{},\"{message}\"", rfc3339(line.time + self.error));
            }
        }
    }

    /// 8.x: `ECSJsonLayout`, member order as in lines that users posted.
    fn server_ecs(&mut self, buf: &mut Vec<u8>, line: &ServerLine) {
        buf.extend_from_slice(b"{\"@timestamp\":\"");
        self.utc.push(buf, line.time + self.error, b'.');
        buf.extend_from_slice(b"Z\", \"log.level\": \"");
        buf.extend_from_slice(line.level.trim_end().as_bytes());
        buf.extend_from_slice(b"\", \"message\":\"");
        push_escaped(buf, line.message.as_bytes());
        buf.extend_from_slice(
            b"\", \"ecs.version\": \"1.2.0\",\"service.name\":\"ES_ECS\",\"event.dataset\":\"elasticsearch.server\",\"process.thread.name\":\"elasticsearch[",
        );
        push_escaped(buf, self.node_name.as_bytes());
        buf.extend_from_slice(b"][transport_worker][T#3]\",\"log.logger\":\"");
        buf.extend_from_slice(line.logger.as_bytes());
        buf.push(b'"');
        if let Some(trace) = line.trace {
            buf.extend_from_slice(b",\"trace.id\":\"");
            push_hex(buf, trace);
            buf.push(b'"');
        }
        let _ = write!(
            buf,
            ",\"elasticsearch.cluster.uuid\":{},\"elasticsearch.node.id\":{},\"elasticsearch.node.name\":{},\"elasticsearch.cluster.name\":{}}}",
            quoted(self.cluster),
            quoted(self.node_id),
            quoted(self.node_name),
            quoted(self.cluster_name)
        );
    }

    /// 7.x: `ESJsonLayout`.
    fn server_json7(&mut self, buf: &mut Vec<u8>, line: &ServerLine) {
        buf.extend_from_slice(b"{\"type\": \"server\", \"timestamp\": \"");
        self.clock.push(buf, line.time + self.error, b',');
        self.clock.push_zone(buf);
        let _ = write!(
            buf,
            "\", \"level\": \"{}\", \"component\": \"{}\", \"cluster.name\": {}, \"node.name\": {}, \"message\": {}, \"cluster.uuid\": {}, \"node.id\": {}  }}",
            line.level.trim_end(),
            short_logger(line.logger),
            quoted(self.cluster_name),
            quoted(self.node_name),
            quoted(&line.message),
            quoted(self.cluster),
            quoted(self.node_id)
        );
    }

    /// The plain text of `.log` files.
    fn server_text(&mut self, buf: &mut Vec<u8>, line: &ServerLine) {
        buf.push(b'[');
        self.clock.push(buf, line.time + self.error, b',');
        let logger = short_logger(line.logger);
        let _ = write!(buf, "][{:5}][{logger:<25}] [{}] {}", line.level, self.node_name, line.message);
    }
}

/// A class name as log4j's `%c{1.}` shortens it: `o.e.x.s.a.ApiKeyAuthenticator`.
fn short_logger(full: &str) -> String {
    let mut parts: Vec<&str> = full.split('.').collect();
    let class = parts.pop().unwrap_or_default();
    let mut out: String = parts.iter().filter_map(|p| p.get(..1)).flat_map(|p| [p, "."]).collect();
    out.push_str(class);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_are_shortened_as_log4j_does() {
        assert_eq!(
            short_logger("org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator"),
            "o.e.x.s.a.ApiKeyAuthenticator"
        );
    }

    #[test]
    fn ipv6_addresses_are_bracketed() {
        let mut out = Vec::new();
        push_address(&mut out, "::1", 51504);
        assert_eq!(out, b"[::1]:51504");
    }
}
