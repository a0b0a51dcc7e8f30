//! Small logs for the tests of judging, written as Elasticsearch writes them and read the whole way.

use std::fmt::Write as _;

use crate::correlate::{Correlated, correlate};
use crate::lines::{Chunk, StreamChunker};
use crate::model::Finding;
use crate::options::Options;
use crate::state::{InputRef, StateBuilder};
use crate::time::Millis;

/// 2026-03-01T00:00:00Z.
const START: i64 = 1_772_323_200_000;

/// An address outside.
pub(super) const OUTSIDE: &str = "203.0.113.9";
/// An address inside.
pub(super) const INSIDE: &str = "10.1.2.3";

/// A log that is written event by event; times are seconds from its start, in any order.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: Vec<(i64, String)>,
    requests: u64,
    pub(super) options: Options,
}

impl Log {
    /// A log of a day in which somebody else works all the time, so that it has a beginning, an end and successes.
    pub(super) fn new() -> Self {
        let mut log = Self::default();
        for hour in 0..=24 {
            log.success(f64::from(hour) * 3600.0, "bystander", "10.9.9.9");
        }
        log
    }

    fn line(&mut self, seconds: f64, node: &str, action: &str, rest: &str) {
        let time = START + (seconds * 1000.0).round() as i64;
        self.requests += 1;
        let kind = if action.contains("key") || action.contains("password") || action.contains("user") {
            "security_config_change"
        } else {
            "rest"
        };
        let line = format!(
            r#"{{"type":"audit", "timestamp":"{}", "node.id":"{node}", "event.type":"{kind}", "event.action":"{action}", {rest}}}"#,
            Millis(time).rfc3339()
        );
        self.lines.push((time, line));
    }

    fn origin(&self, source: &str) -> String {
        let source = if source.contains(':') { format!("[{source}]") } else { source.to_owned() };
        format!(r#""origin.type":"rest", "origin.address":"{source}:4711", "request.id":"request{}""#, self.requests)
    }

    /// A wrong password on the first node, which does not log realm failures.
    pub(super) fn fail(&mut self, seconds: f64, principal: &str, source: &str) {
        self.fail_on(seconds, principal, source, "n1", &[]);
    }

    /// A wrong password on a node, with the realms that said no.
    pub(super) fn fail_on(&mut self, seconds: f64, principal: &str, source: &str, node: &str, chain: &[&str]) {
        let origin = self.origin(source);
        for realm in chain {
            let rest = format!(r#""user.name":"{principal}", "realm":"{realm}", {origin}"#);
            self.line(seconds, node, "realm_authentication_failed", &rest);
        }
        self.line(seconds, node, "authentication_failed", &format!(r#""user.name":"{principal}", {origin}"#));
    }

    /// A token that is refused on the first node: no name is known.
    pub(super) fn token(&mut self, seconds: f64, source: &str) {
        let origin = self.origin(source);
        self.line(seconds, "n1", "authentication_failed", &origin);
    }

    /// A request without credentials, or with a key that is refused.
    pub(super) fn anonymous(&mut self, seconds: f64, source: &str, node: &str) {
        let origin = self.origin(source);
        self.line(seconds, node, "anonymous_access_denied", &origin);
    }

    /// A wrong password on the first node, as a proxy passes it on that names its client.
    pub(super) fn fail_for(&mut self, seconds: f64, principal: &str, proxy: &str, client: &str) {
        let origin = self.origin(proxy);
        let rest = format!(r#""user.name":"{principal}", {origin}, "x_forwarded_for":"{client}""#);
        self.line(seconds, "n1", "authentication_failed", &rest);
    }

    /// A request without credentials, as a proxy passes it on that names its client.
    pub(super) fn passed_on(&mut self, seconds: f64, proxy: &str, client: &str) {
        let origin = self.origin(proxy);
        let rest = format!(r#"{origin}, "x_forwarded_for":"{client}""#);
        self.line(seconds, "n1", "anonymous_access_denied", &rest);
    }

    /// The same, with the reason in the server log, whose line comes first.
    pub(super) fn refused(&mut self, seconds: f64, source: &str, node: &str, message: &str) {
        self.anonymous(seconds, source, node);
        self.server(seconds - 0.001, node, message);
    }

    /// A line of the server log.
    pub(super) fn server(&mut self, seconds: f64, node: &str, message: &str) {
        let time = START + (seconds * 1000.0).round() as i64;
        let line = format!(
            r#"{{"@timestamp":"{}", "log.level":"WARN", "message":"{message}", "log.logger":"org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator", "elasticsearch.node.id":"{node}"}}"#,
            Millis(time).rfc3339()
        );
        self.lines.push((time, line));
    }

    /// A success by password on the first node.
    pub(super) fn success(&mut self, seconds: f64, principal: &str, source: &str) {
        self.success_on(seconds, principal, source, "n1", "default_native");
    }

    /// An action that is allowed, on the first node.
    pub(super) fn granted(&mut self, seconds: f64, principal: &str, source: &str, es_action: &str) {
        let origin = self.origin(source);
        let rest = format!(
            r#""authentication.type":"REALM", "user.name":"{principal}", "user.realm":"default_native", {origin}, "action":"{es_action}""#
        );
        self.line(seconds, "n1", "access_granted", &rest);
    }

    /// A success by password.
    pub(super) fn success_on(&mut self, seconds: f64, principal: &str, source: &str, node: &str, realm: &str) {
        let origin = self.origin(source);
        let rest = format!(
            r#""authentication.type":"REALM", "user.name":"{principal}", "user.realm":"{realm}", {origin}, "action":"indices:data/read/search""#
        );
        self.line(seconds, node, "access_granted", &rest);
    }

    /// An action with an API key: `access_granted` or `access_denied`.
    pub(super) fn key(&mut self, seconds: f64, key: &str, source: &str, outcome: &str, es_action: &str) {
        let origin = self.origin(source);
        let rest = format!(
            r#""authentication.type":"API_KEY", "user.name":"owner", "user.realm":"_es_api_key", "apikey.id":"{key}", "apikey.name":"{key}-name", {origin}, "action":"{es_action}""#
        );
        self.line(seconds, "n1", outcome, &rest);
    }

    /// A security change by somebody; `body` is the member that says what was changed.
    pub(super) fn change(
        &mut self,
        seconds: f64,
        actor: &str,
        source: &str,
        (action, es_action, body): (&str, &str, &str),
    ) {
        let origin = self.origin(source);
        let request = format!(r#""request.id":"request{}""#, self.requests);
        let rest = format!(
            r#""authentication.type":"REALM", "user.name":"{actor}", "user.realm":"default_native", {origin}, "action":"cluster:admin/xpack/security/{es_action}""#
        );
        self.line(seconds, "n1", "access_granted", &rest);
        self.line(seconds, "n1", action, &format!("{request}, {body}"));
    }

    /// An account that acts as another.
    pub(super) fn run_as(&mut self, seconds: f64, principal: &str, source: &str, other: &str) {
        let origin = self.origin(source);
        let rest = format!(
            r#""user.name":"{principal}", "user.realm":"default_native", "user.run_as.name":"{other}", {origin}, "action":"indices:data/read/search""#
        );
        self.line(seconds, "n1", "run_as_granted", &rest);
    }

    /// A security change of which no line says who made it.
    pub(super) fn unsigned(&mut self, seconds: f64, action: &str, body: &str) {
        self.line(seconds, "n1", action, body);
    }

    /// Invalidation of keys by id.
    pub(super) fn invalidate(&mut self, seconds: f64, actor: &str, ids: &[&str]) {
        let ids = ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        let body = format!(r#""invalidate":{{"apikeys":{{"ids":[{ids}],"owned_by_authenticated_user":false}}}}"#);
        self.change(seconds, actor, INSIDE, ("invalidate_apikeys", "api_key/invalidate", &body));
    }

    /// Its events, joined.
    pub(super) fn joined(&mut self) -> Correlated {
        self.lines.sort();
        let text = self.lines.iter().fold(String::new(), |mut text, (_, line)| {
            let _ = writeln!(text, "{line}");
            text
        });
        let mut folder = StateBuilder::new(&self.options, 1);
        let mut bytes = text.as_bytes();
        let mut chunker = StreamChunker::new(&mut bytes, 1 << 20, self.options.max_line);
        let mut chunk = Chunk::default();
        let mut seq = 0;
        while chunker.next(&mut chunk).unwrap() {
            folder.chunk(InputRef { label: "log", compression: "none", seq, only: false }, &chunk);
            seq += 1;
        }
        correlate(folder.into_state(), &[], &self.options)
    }

    /// What is found in it.
    pub(super) fn findings(mut self) -> Vec<Finding> {
        super::judge(&self.joined(), &self.options).findings.into_iter().map(|judged| judged.finding).collect()
    }

    /// Kind, severity and verdict of each finding.
    pub(super) fn told(self) -> Vec<(String, String, String)> {
        self.findings().into_iter().map(|finding| (finding.kind, finding.severity, finding.verdict)).collect()
    }
}

/// Gaps that keep no clock, about `mean` long: the same each time.
pub(super) fn irregular(count: usize, from: f64, mean: f64) -> Vec<f64> {
    const SHARES: [f64; 7] = [0.2, 1.9, 0.5, 1.1, 0.3, 2.3, 0.7];
    let mut time = from;
    (0..count)
        .map(|at| {
            let now = time;
            time += mean * SHARES[at % SHARES.len()];
            now
        })
        .collect()
}
