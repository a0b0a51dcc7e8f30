//! Server-log lines as text: `[2026-03-01T12:34:56,789][WARN ][o.e.x.s.a.ApiKeyAuthenticator] [node-1] message`
//! (audit-format 3). The other logs in that layout are recognised and `Other`; the further lines of a stack trace are
//! nobody's.

use super::audit_text::{self, bracket};
use super::prefix::MAX_PREFIX;
use super::quotation::quotes;
use super::text_event::{self, is_audit_logger};
use super::{Context, Sink, TextShape, UNKNOWN, decode_line, product};
use crate::error::DecodeError;
use crate::event::{Product, Record, ServerEvent};
use crate::time;

/// One line of `<cluster>.log`.
pub struct ServerText;

const LEVELS: [&[u8]; 7] = [b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL", b"CRITICAL"];

/// Where a line of the server log begins behind what an envelope put before it; `None` where it does not, or where another
/// product quotes it.
#[must_use]
pub(crate) fn message_start(line: &[u8]) -> Option<usize> {
    let head = &line[..line.len().min(MAX_PREFIX)];
    memchr::memchr_iter(b'[', head)
        .filter(|&at| line[at + 1..].starts_with(b"20"))
        .find(|&at| ServerHead::read(&line[at..]).is_some_and(|head| head.holds_no_event()))
        .filter(|&at| !quotes(&line[..at]))
}

/// Loggers of the other logs, which share the layout: deprecation, slow logs, as the layout abbreviates them.
const OTHER_LOGS: [&[u8]; 8] = [
    b"o.e.d.",
    b"org.elasticsearch.deprecation",
    b"deprecation.",
    b"i.s.s.",
    b"i.i.s.",
    b"index.search.slowlog",
    b"index.indexing.slowlog",
    b"esql.slowlog",
];

/// The parts of a line.
pub(crate) struct ServerHead<'a> {
    pub(crate) time: &'a [u8],
    pub(crate) level: &'a [u8],
    pub(crate) logger: &'a [u8],
    /// A bracket follows the logger at once.
    pipeline: bool,
    pub(crate) node_name: Option<&'a [u8]>,
    pub(crate) message: &'a [u8],
}

impl<'a> ServerHead<'a> {
    /// Takes a line apart; `None` where it is of another form.
    pub(crate) fn read(line: &'a [u8]) -> Option<Self> {
        let (time, rest) = bracket(line)?;
        let (level, rest) = bracket(rest)?;
        if !LEVELS.contains(&level.trim_ascii()) {
            return None;
        }
        let (logger, after) = rest.strip_prefix(b"[")?.split_at_checked(memchr::memchr(b']', rest)?.checked_sub(1)?)?;
        let after = after.get(1..)?;
        let rest = after.trim_ascii_start();
        // Without a node name the message follows, which may begin with a bracket as well; loggers put the node first.
        let (node_name, message) = match bracket(rest) {
            Some((name, message)) if !name.is_empty() => (Some(name), message),
            _ => (None, rest),
        };
        let pipeline = after.first() == Some(&b'[');
        Some(Self { time, level: level.trim_ascii(), logger: logger.trim_ascii(), pipeline, node_name, message })
    }

    fn is_other_log(&self) -> bool {
        OTHER_LOGS.iter().any(|prefix| self.logger.starts_with(prefix))
    }

    /// Whether the message may be a record: OpenSearch's log4j sink.
    fn may_hold_record(&self) -> bool {
        matches!(self.logger, b"audit" | b"sgaudit")
    }

    /// Whether the line is of the server log and its message is neither an audit event nor a record.
    pub(crate) fn holds_message_only(&self) -> bool {
        !self.is_other_log() && self.holds_no_event() && self.product().is_none()
    }

    /// Whether its message is neither an audit event nor a record, whosever line it is.
    pub(crate) fn holds_no_event(&self) -> bool {
        !is_audit_logger(self.logger) && !self.may_hold_record()
    }

    /// Whose line it is, if not of Elasticsearch.
    fn product(&self) -> Option<Product> {
        product::of_text(self.time, self.logger, self.pipeline)
    }
}

impl TextShape for ServerText {
    fn name(&self) -> &'static str {
        "server-text"
    }

    fn claims(&self, line: &[u8]) -> bool {
        line.starts_with(b"[") && ServerHead::read(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let head = ServerHead::read(line).ok_or(DecodeError::at(0, "not a server-log line"))?;
        if head.is_other_log() {
            sink(self.name(), Record::Other);
            return Ok(());
        }
        let stamp = time::parse(head.time, context.assume_tz);
        if is_audit_logger(head.logger) {
            // 6.x and 7.0 to 7.2 in containers.
            let event = stamp.and_then(|stamp| {
                audit_text::event_of_message(head.message, stamp).or_else(|| text_event::event(head.message, stamp))
            });
            if let Some(mut event) = event {
                event.node_name = event.node_name.take().or(head.node_name.map(Into::into));
                sink(self.name(), Record::Audit(event));
                return Ok(());
            }
        }
        if head.may_hold_record() && head.message.starts_with(b"{") {
            return decode_line(head.message, &context.inside()?, sink);
        }
        if let Some(product) = head.product() {
            sink(UNKNOWN, Record::OfProduct(product));
            return Ok(());
        }
        sink(
            self.name(),
            Record::Server(ServerEvent {
                time: stamp.map(|stamp| stamp.time),
                zone_assumed: stamp.is_some_and(|stamp| stamp.zone_assumed),
                node_id: None,
                node_name: head.node_name.map(Into::into),
                cluster_uuid: None,
                level: Some(head.level.into()),
                logger: Some(head.logger.into()),
                message: head.message.into(),
                trace_id: None,
                error: None,
            }),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode, server};

    #[test]
    fn the_node_and_the_message_are_told_apart() {
        let (format, event) = server(
            "[2026-03-01T12:34:56,789][WARN ][o.e.x.s.a.ApiKeyAuthenticator] [node-1] Authentication using apikey failed - api key [x] has been invalidated",
        );
        assert_eq!(format, "server-text");
        assert_eq!(event.time.unwrap().rfc3339(), "2026-03-01T12:34:56.789Z");
        assert!(event.zone_assumed);
        assert_eq!(event.node_name.as_deref(), Some(&b"node-1"[..]));
        assert_eq!(event.logger.as_deref(), Some(&b"o.e.x.s.a.ApiKeyAuthenticator"[..]));
        assert!(event.message.starts_with(b"Authentication using apikey failed - api key [x]"));
    }

    #[test]
    fn other_logs_and_stack_traces_are_other() {
        for line in [
            "[2026-03-01T12:34:56,789][CRITICAL][o.e.d.r.RestController] [node-1] deprecated",
            "[2026-03-01T12:34:56,789][WARN ][i.s.s.query] [node-1] took[1s]",
        ] {
            assert_eq!(decode(line), [("server-text", "other".to_owned())], "{line}");
        }
        for line in [
            "[2026-03-01T12:34:56.789+0000][1234][gc,start] GC(1) Pause",
            "\tat org.elasticsearch.Foo.bar(Foo.java:1)",
            "Caused by: java.lang.Exception: x",
            "[",
            "[]",
        ] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
    }

    #[test]
    fn audit_events_in_the_layout_of_the_server_log() {
        let (_, event) = audit(
            "[2018-06-19T05:16:15,549][INFO ][o.e.x.s.a.l.LoggingAuditTrail] [es-1] [rest] [authentication_failed]\torigin_address=[10.0.0.1], principal=[bob], uri=[/x?y]",
        );
        assert_eq!(brief(&event), "2018-06-19T05:16:15.549Z authentication_failed es-1 bob - 10.0.0.1 -");
        let (format, _) = audit(
            r#"[2024-01-29T20:23:43,756][INFO ][sgaudit] [es-1] {"audit_category":"FAILED_LOGIN","@timestamp":"2024-01-29T20:23:43.756+00:00"}"#,
        );
        assert_eq!(format, "opensearch");
    }
}
