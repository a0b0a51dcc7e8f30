//! One line to what it is: an audit event, a server line, something else, or broken.

use chrono::{DateTime, NaiveDateTime};

use super::json::Json;

/// What a line is.
#[derive(Debug)]
pub enum Line {
    Audit(Box<Event>),
    /// Time, node id, node name; and whether a container runtime wrapped the line.
    Server(Option<i64>, Option<String>, Option<String>, bool),
    Other,
    /// Text that stands by itself: broken in a file of nothing but JSON events, at home in what a server writes.
    Text,
    /// A record that is broken.
    Undecodable,
    /// Bytes that are no text: broken among records, nothing of interest in a file without any.
    Garbage,
}

/// An audit event, as far as the report uses it.
#[derive(Debug, Clone)]
pub struct Event {
    pub time: i64,
    pub action: String,
    pub is_change: bool,
    pub node_id: Option<String>,
    pub node_name: Option<String>,
    pub user: Option<String>,
    pub user_realm: Option<String>,
    pub run_by: Option<String>,
    pub authentication_type: Option<String>,
    pub realm: Option<String>,
    pub origin: Option<String>,
    pub url_path: Option<String>,
    pub request_id: Option<String>,
    pub es_action: Option<String>,
    pub origin_type: Option<String>,
    pub apikey: Option<String>,
    /// The first of `indices`; `None` also where none matched.
    pub index: Option<String>,
    pub body: Json,
}

impl Event {
    /// `node.id`, else `node.name`.
    pub fn node(&self) -> Option<String> {
        self.node_id.clone().or_else(|| self.node_name.clone())
    }

    /// `origin.address` without its port.
    pub fn source(&self) -> Option<String> {
        self.origin.as_deref().map(without_port)
    }
}

/// Reads a line without its line end. `offset` is the assumed zone in seconds east of UTC.
pub fn read(line: &[u8], offset: i64) -> Line {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') {
        let is_text = std::str::from_utf8(line).is_ok() && line.iter().all(|&b| b == b'\t' || !(b < 0x20 || b == 0x7f));
        return match is_text {
            true if line.is_empty() => Line::Other,
            true => Line::Text,
            false => Line::Garbage,
        };
    }
    let Some(json) = Json::parse(line) else { return Line::Undecodable };
    let kind = json.text("type");
    let layer = json.text("event.type");
    if let Some(action) = json.text("event.action")
        && (kind.as_deref() == Some("audit")
            || matches!(layer.as_deref(), Some("rest" | "transport" | "ip_filter" | "security_config_change")))
    {
        return audit(json, action, layer.as_deref(), offset);
    }
    if let (Some(inner), Some(_), Some(_)) = (json.text("log"), json.text("stream"), json.text("time")) {
        return match read(&super::json::original(&inner), offset) {
            Line::Text => Line::Other,
            Line::Server(time, id, name, _) => Line::Server(time, id, name, true),
            line => line,
        };
    }
    if kind.as_deref() == Some("server") || (json.at("log.level").is_some() && json.at("message").is_some()) {
        let id = json.text("node.id").or_else(|| json.text("elasticsearch.node.id"));
        let name = json.text("node.name").or_else(|| json.text("elasticsearch.node.name"));
        return Line::Server(time_of(&json, offset), id, name, false);
    }
    Line::Other
}

fn audit(json: Json, action: String, layer: Option<&str>, offset: i64) -> Line {
    let Some(time) = time_of(&json, offset) else { return Line::Undecodable };
    let filled = |path: &str| json.text(path).filter(|text| !text.is_empty());
    const VERBS: [&str; 7] =
        ["put_", "delete_", "change_", "create_", "invalidate_", "activate_", "update_user_profile"];
    Line::Audit(Box::new(Event {
        time,
        is_change: layer == Some("security_config_change") || VERBS.iter().any(|verb| action.starts_with(verb)),
        action,
        node_id: filled("node.id"),
        node_name: filled("node.name"),
        user: json.text("user.name"),
        user_realm: json.text("user.realm"),
        run_by: json.text("user.run_by.name"),
        authentication_type: json.text("authentication.type"),
        realm: json.text("realm"),
        origin: filled("origin.address"),
        url_path: json.text("url.path"),
        request_id: filled("request.id"),
        es_action: json.text("action"),
        origin_type: json.text("origin.type"),
        apikey: json.text("apikey.id"),
        index: Some(json.texts("indices"))
            .filter(|all| all.iter().all(|one| one != "-*"))
            .and_then(|all| all.into_iter().next()),
        body: json,
    }))
}

fn time_of(json: &Json, offset: i64) -> Option<i64> {
    let text = json.text("timestamp").or_else(|| json.text("@timestamp"))?.replace(',', ".");
    for form in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%:z"] {
        if let Ok(time) = DateTime::parse_from_str(&text.replace('Z', "+0000"), form) {
            return Some(time.timestamp_millis());
        }
    }
    let local = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(local.and_utc().timestamp_millis() - offset * 1000)
}

fn without_port(origin: &str) -> String {
    if let Ok(socket) = origin.parse::<std::net::SocketAddr>() {
        return socket.ip().to_string();
    }
    if let Ok(ip) = origin.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return ip.to_string();
    }
    match origin.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host.to_owned(),
        _ => origin.to_owned(),
    }
}
