//! Audit lines as Elasticsearch writes them, member by member.

use std::fmt::Write;

/// 2026-03-01T12:00:00Z, the zero of the tests' times.
pub const ZERO: i64 = 1_772_366_400_000;

/// An audit line in the making.
#[derive(Debug, Clone)]
pub struct Line(String);

impl Line {
    /// An event of node `n1` so many milliseconds after [`ZERO`].
    pub fn new(millis: i64, action: &str) -> Self {
        Self::on("n1", millis, action)
    }

    /// An event of a node.
    pub fn on(node: &str, millis: i64, action: &str) -> Self {
        let time = chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap().format("%Y-%m-%dT%H:%M:%S,%3f%z");
        let layer = match action {
            "access_granted" | "access_denied" | "run_as_granted" => "transport",
            _ if ["put_", "delete_", "change_", "create_", "invalidate_"]
                .iter()
                .any(|verb| action.starts_with(verb)) =>
            {
                "security_config_change"
            }
            _ => "rest",
        };
        Self(format!(
            r#"{{"type":"audit", "timestamp":"{time}", "node.id":"{node}", "event.type":"{layer}", "event.action":"{action}""#
        ))
    }

    /// A text member.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        write!(self.0, ", \"{name}\":{}", serde_json::Value::from(value)).unwrap();
        self
    }

    /// A member that is JSON already.
    pub fn raw(mut self, name: &str, value: &str) -> Self {
        write!(self.0, ", \"{name}\":{value}").unwrap();
        self
    }

    pub fn user(self, name: &str) -> Self {
        self.text("user.name", name)
    }

    pub fn realm(self, name: &str) -> Self {
        self.text("realm", name)
    }

    pub fn request(self, id: &str) -> Self {
        self.text("request.id", id)
    }

    pub fn from(self, origin: &str) -> Self {
        self.text("origin.address", origin)
    }

    /// The line, without its end.
    pub fn end(&self) -> String {
        format!("{}}}", self.0)
    }
}

/// `realm_authentication_failed` of node `n1` and user `kim`.
pub fn asked(millis: i64, request: &str, realm: &str) -> String {
    Line::new(millis, "realm_authentication_failed").user("kim").request(request).realm(realm).end()
}

/// `authentication_failed` of node `n1` and user `kim`.
pub fn failed(millis: i64, request: &str) -> String {
    Line::new(millis, "authentication_failed").user("kim").from("10.0.0.1:40000").request(request).end()
}
