//! Requests to the cluster that a report recommends, built from parts: names are never pasted into a text.
//!
//! Path segments and values of the query are percent-encoded (RFC 3986: all but unreserved characters), which curl sends as it
//! stands and Kibana's console leaves alone (`encodePath` in `src/plugins/console/server/lib/utils` of elastic/kibana);
//! bodies are written by `serde_json`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::escape;

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As written in a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Delete].into_iter().find(|method| method.name() == name)
    }
}

/// A request to the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    method: Method,
    /// Path and query, encoded.
    target: String,
    has_query: bool,
    body: Option<Value>,
    /// The first name that no request can hold safely.
    refused: Option<String>,
}

impl ApiCall {
    /// A request to a path of our own, such as `/_security/user`.
    #[must_use]
    pub fn new(method: Method, path: &'static str) -> Self {
        Self { method, target: path.to_owned(), has_query: false, body: None, refused: None }
    }

    /// Adds a path segment that is a name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.check(name);
        self.target.push('/');
        encode(&mut self.target, name);
        self
    }

    /// Adds path segments of our own, without a slash before them.
    #[must_use]
    pub fn then(mut self, path: &'static str) -> Self {
        self.target.push('/');
        self.target.push_str(path);
        self
    }

    /// Adds a value to the query.
    #[must_use]
    pub fn query(mut self, key: &'static str, value: &str) -> Self {
        self.check(value);
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.target.push_str(key);
        self.target.push('=');
        encode(&mut self.target, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.check_strings(&body);
        self.body = Some(body);
        self
    }

    /// Notes a name that must not come into a command: one that holds what a terminal would obey or an eye cannot see, and
    /// the dot segments, which clients resolve even when they are encoded.
    fn check(&mut self, name: &str) {
        let unsafe_name = name.is_empty()
            || name == "."
            || name == ".."
            || name.trim() != name
            || name.chars().any(|c| escape::is_hidden(c) || c == char::REPLACEMENT_CHARACTER);
        if unsafe_name && self.refused.is_none() {
            self.refused = Some(name.to_owned());
        }
    }

    fn check_strings(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.check(text),
            Value::Array(items) => items.iter().for_each(|item| self.check_strings(item)),
            Value::Object(members) => members.values().for_each(|member| self.check_strings(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The name for whose sake there is no command.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Method, path and query; `None` where a name forbids it.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        self.refused.is_none().then(|| format!("{} {}", self.method.name(), self.target))
    }

    /// The body, on one line.
    #[must_use]
    pub fn body_line(&self) -> Option<String> {
        self.body.as_ref().map(Value::to_string)
    }

    /// In sentences of JSON: the request, or that there is none.
    #[must_use]
    pub fn plain(&self) -> String {
        let name = self.refused.as_deref().unwrap_or_default();
        match (self.line(), self.body_line()) {
            (None, _) => format!("{}{name}{}", Self::REFUSAL[0], Self::REFUSAL[1]),
            (Some(line), None) => line,
            (Some(line), Some(body)) => format!("{line} with {body}"),
        }
    }

    /// What stands before and after the name for whose sake there is no command.
    pub const REFUSAL: [&str; 2] = ["(no command: the name `", "` cannot be written into one safely)"];

    /// For Kibana's Dev Tools.
    #[must_use]
    pub fn console(&self) -> Option<String> {
        let line = self.line()?;
        Some(self.body_line().map_or_else(|| line.clone(), |body| format!("{line}\n{body}")))
    }

    /// For a POSIX shell in which `ES_URL` holds the cluster's address.
    #[must_use]
    pub fn curl(&self) -> Option<String> {
        self.line()?;
        let mut out = format!("curl -X {} \"$ES_URL\"{}", self.method.name(), quoted(&self.target));
        if let Some(body) = self.body_line() {
            let _ = write!(out, " -H 'Content-Type: application/json' -d {}", quoted(&body));
        }
        Some(out)
    }

    /// Reads a request of a template of our own: `POST /_security/user/{principal}/_password`, `DELETE /_security/api_key with
    /// {"username":"{principal}"}`. `value` tells the name that a placeholder stands for; where it tells none, the
    /// placeholder stays, in angle brackets.
    pub(super) fn template(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (method, rest) = template.split_once(' ')?;
        let (target, body) = rest.split_once(" with ").map_or((rest, None), |(target, body)| (target, Some(body)));
        let mut call = Self {
            method: Method::parse(method)?,
            target: String::with_capacity(target.len() + 16),
            has_query: target.contains('?'),
            body: None,
            refused: None,
        };
        let mut rest = target;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            call.target.push_str(before);
            match value(name) {
                Some(value) => {
                    call.check(&value);
                    encode(&mut call.target, &value);
                }
                None => call.target.push_str(&format!("<{name}>")),
            }
            rest = after;
        }
        call.target.push_str(rest);
        match body {
            None => Some(call),
            Some(body) => {
                let body = fill_body(serde_json::from_str(body).ok()?, &value);
                Some(call.body(body))
            }
        }
    }
}

/// Puts names in the place of the strings that are placeholders.
fn fill_body(body: Value, value: &impl Fn(&str) -> Option<String>) -> Value {
    match body {
        Value::String(text) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => Value::String(value(name).unwrap_or_else(|| format!("<{name}>"))),
            None => Value::String(text),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(|item| fill_body(item, value)).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, member)| (key, fill_body(member, value))).collect())
        }
        other => other,
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// A word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(name: &str) -> ApiCall {
        ApiCall::new(Method::Post, "/_security/user").name(name).then("_password")
    }

    #[test]
    fn names_stay_in_their_place() {
        assert_eq!(password("jdoe").line().unwrap(), "POST /_security/user/jdoe/_password");
        let hostile = password("elastic/_disable?");
        assert_eq!(hostile.line().unwrap(), "POST /_security/user/elastic%2F_disable%3F/_password");
        assert_eq!(password("jürgen a").line().unwrap(), "POST /_security/user/j%C3%BCrgen%20a/_password");
        let key = ApiCall::new(Method::Get, "/_security/api_key").query("id", "a&b=c").query("active_only", "false");
        assert_eq!(key.line().unwrap(), "GET /_security/api_key?id=a%26b%3Dc&active_only=false");
        let body =
            ApiCall::new(Method::Delete, "/_security/api_key").body(serde_json::json!({"username": "a\",\"b\":\"c'd"}));
        assert_eq!(body.console().unwrap(), "DELETE /_security/api_key\n{\"username\":\"a\\\",\\\"b\\\":\\\"c'd\"}");
        assert_eq!(
            body.curl().unwrap(),
            "curl -X DELETE \"$ES_URL\"'/_security/api_key' -H 'Content-Type: application/json' -d \
             '{\"username\":\"a\\\",\\\"b\\\":\\\"c'\\''d\"}'"
        );
    }

    #[test]
    fn a_name_that_cannot_be_told_gives_no_command() {
        for name in ["", ".", "..", "a\nb", "a\u{202e}b", " a", "a\u{200b}", "a\u{fffd}"] {
            let call = password(name);
            assert_eq!((call.line(), call.console(), call.curl()), (None, None, None), "{name:?}");
            assert_eq!(call.refused(), Some(name));
            assert!(call.plain().contains("no command"));
        }
        let body = ApiCall::new(Method::Delete, "/_security/api_key").body(serde_json::json!({"ids": ["a", "b\x1b"]}));
        assert_eq!(body.refused(), Some("b\x1b"));
    }

    #[test]
    fn templates_are_filled_by_parts() {
        let value = |name: &str| (name == "principal").then(|| "x/\"{key}".to_owned());
        let call = ApiCall::template("DELETE /_security/api_key with {\"username\":\"{principal}\"}", value).unwrap();
        assert_eq!(call.plain(), "DELETE /_security/api_key with {\"username\":\"x/\\\"{key}\"}");
        let call = ApiCall::template("GET /_security/user/{principal}/{key}?id={principal}", value).unwrap();
        assert_eq!(call.plain(), "GET /_security/user/x%2F%22%7Bkey%7D/<key>?id=x%2F%22%7Bkey%7D");
    }
}
