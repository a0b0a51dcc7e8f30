//! Server-log lines in JSON: 7.x (`"type":"server"`) and ECS from 8.0 on (audit-format 3).

use super::members::{Field, Members};
use super::{Context, JsonShape, Sink, UNKNOWN, product, reason};
use crate::error::DecodeError;
use crate::event::{Record, ServerEvent};
use crate::time;

/// ECS JSON of 8.x and later, and what Filebeat makes of any server line.
pub struct EcsServer;

/// JSON of 7.x.
pub struct JsonServer;

impl JsonShape for EcsServer {
    fn name(&self) -> &'static str {
        "server-ecs"
    }

    fn is_structured(&self) -> bool {
        false
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        let dataset = members.text(Field::EventDataset);
        let is_line = (members.has(Field::LogLevel) || dataset.as_deref() == Some(DATASET))
            && members.has(Field::Message)
            && members.has(Field::AtTimestamp);
        (is_line || members.has(Field::LoggerName) || is_bare_message(members))
            // An action marks the audit logs of Elasticsearch and Kibana.
            && !members.has(Field::EventAction)
            && dataset.is_none_or(|dataset| !is_other_log(&dataset))
            && !carries_record(members)
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        match product::of_members(members).filter(|_| !is_bare_message(members)) {
            Some(product) => sink(UNKNOWN, Record::OfProduct(product)),
            None => sink(self.name(), server_event(members, context)),
        }
        Ok(())
    }
}

/// The dataset of server lines.
const DATASET: &[u8] = b"elasticsearch.server";

/// Whether a document has a time and a message alone, as an export of two columns has them, and the message is a whole one that
/// tells a reason, which nobody else writes.
fn is_bare_message(members: &Members<'_>) -> bool {
    const OF_LINES: [Field; 10] = [
        // Kibana's lines of 7.x have one.
        Field::Type,
        Field::LogLevel,
        Field::Level,
        Field::LogLogger,
        Field::Component,
        Field::LoggerName,
        Field::EventDataset,
        Field::ServiceName,
        Field::AgentBinary,
        Field::LogSource,
    ];
    members.has(Field::AtTimestamp)
        && !OF_LINES.iter().any(|field| members.has(*field))
        && members
            .text(Field::Message)
            .is_some_and(|text| reason::classify(&reason::Message { text: &text, ..Default::default() }).is_some())
}

/// Whether the message is a line of a log itself, which a shipper that knew no better put there.
fn carries_record(members: &Members<'_>) -> bool {
    !members.has(Field::LogLogger)
        && members
            .text(Field::Message)
            .is_some_and(|message| message.trim_ascii_start().starts_with(b"{\"") || message.starts_with(b"[20"))
}

/// Datasets of Elasticsearch's other logs: deprecation (`deprecation.elasticsearch`, `elasticsearch.deprecation`), slow
/// logs (`elasticsearch.index_search_slowlog`, `elasticsearch.slowlog`), garbage collection.
fn is_other_log(dataset: &[u8]) -> bool {
    [&b"deprecation"[..], b"slowlog", b"audit", b".gc"].iter().any(|name| memchr::memmem::find(dataset, name).is_some())
}

impl JsonShape for JsonServer {
    fn name(&self) -> &'static str {
        "server-json"
    }

    fn is_structured(&self) -> bool {
        false
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.text(Field::Type).as_deref() == Some(b"server")
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        sink(self.name(), server_event(members, context));
        Ok(())
    }
}

/// How lines of 7.x begin.
const STARTS: [&[u8]; 2] = [br#"{"type": "server""#, br#"{"type":"server""#];

/// Whether a line begins as those of 7.x do, so that it can be nothing else.
pub(crate) fn begins_server_line(line: &[u8]) -> bool {
    STARTS.iter().any(|start| line.starts_with(start))
}

/// Decodes the first line of a record of 7.x that has a stack trace: that goes over the following lines, `"stacktrace": [`
/// and so on, which are nobody's. `None` where it is no such line.
pub fn decode_head(line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Option<()> {
    let members = line.strip_suffix(b",").filter(|line| begins_server_line(line))?;
    let whole = [members, b"}"].concat();
    let members = Members::read(&whole).ok().filter(|members| members.has(Field::Message))?;
    JsonServer.decode(&members, context, sink).ok()
}

fn server_event<'a>(members: &Members<'a>, context: &Context) -> Record<'a> {
    let stamp = members
        .text(Field::Timestamp)
        .or_else(|| members.text(Field::AtTimestamp))
        .and_then(|text| time::parse(&text, context.assume_tz));
    Record::Server(ServerEvent {
        time: stamp.map(|stamp| stamp.time),
        zone_assumed: stamp.is_some_and(|stamp| stamp.zone_assumed),
        node_id: members.text(Field::NodeId),
        node_name: members.text(Field::NodeName),
        cluster_uuid: members.text(Field::ClusterUuid),
        level: members.text(Field::LogLevel).or_else(|| members.text(Field::Level)),
        logger: members.text(Field::LogLogger).or_else(|| members.text(Field::Component)),
        message: members.text(Field::Message).unwrap_or_default(),
        trace_id: members.text(Field::TraceId),
        error: members.text(Field::ErrorType).zip(members.text(Field::ErrorMessage)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode, server, try_decode};

    #[test]
    fn server_lines_direct_and_through_filebeat() {
        for (line, format, logger) in [
            (
                r#"{"@timestamp":"2024-03-07T14:00:20.001Z", "log.level": "WARN", "message":"m", "event.dataset":"elasticsearch.server","log.logger":"L","elasticsearch.node.id":"n","elasticsearch.node.name":"es-1"}"#,
                "server-ecs",
                "L",
            ),
            (
                r#"{"@timestamp":"2024-03-07T14:00:20.001Z","log":{"level":"WARN","offset":1},"message":"m","event":{"dataset":"elasticsearch.server","kind":"event"},"elasticsearch":{"component":"L","node":{"id":"n","name":"es-1"},"server":{"x":1}}}"#,
                "server-ecs",
                "L",
            ),
            (
                r#"{"type": "server", "timestamp": "2024-03-07T14:00:20,001Z", "level": "WARN", "component": "L", "node.name": "es-1", "node.id": "n", "message": "m"}"#,
                "server-json",
                "L",
            ),
        ] {
            let (name, event) = server(line);
            assert_eq!(name, format);
            assert_eq!(event.time.unwrap().rfc3339(), "2024-03-07T14:00:20.001Z");
            assert_eq!(event.node_id.as_deref(), Some(&b"n"[..]));
            assert_eq!(event.node_name.as_deref(), Some(&b"es-1"[..]));
            assert_eq!(event.logger.as_deref(), Some(logger.as_bytes()));
            assert_eq!(&event.message[..], b"m");
        }
    }

    #[test]
    fn a_record_whose_stack_trace_goes_over_lines_is_its_first_line() {
        let head = r#"{"type": "server", "timestamp": "2024-03-07T14:00:20,001Z", "level": "WARN", "component": "L", "node.name": "es-1", "message": "m", "node.id": "n" ,"#;
        let (name, event) = server(head);
        assert_eq!((name, &event.message[..]), ("server-json", &b"m"[..]));
        assert_eq!(event.node_id.as_deref(), Some(&b"n"[..]));
        for line in [
            r#""stacktrace": ["java.io.IOException: {\"a\"}","#,
            r#""at a.B.<init>(B.java:1) [x.jar:1]","#,
            r#""... 7 more"] }"#,
        ] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
        // Cut where it could be any record.
        for line in [
            &head[..head.len() - 1],
            &head[..head.len() - 20],
            r#"{"type": "server", "timestamp": "x","#,
            r#"{"type": "audit","#,
        ] {
            assert!(try_decode(line).is_err(), "{line}");
        }
    }

    #[test]
    fn other_logs_are_other() {
        for line in [
            r#"{"type":"deprecation","timestamp":"2021-02-10T14:24:38,466Z","level":"DEPRECATION","component":"o.e.d.X","message":"[types removal] x"}"#,
            r#"{"type":"index_search_slowlog","timestamp":"2021-02-10T14:24:38,466Z","level":"WARN","component":"i.s.s.query","message":"[i][0]"}"#,
            r#"{"@timestamp":"2022-01-25T15:12:08.686Z","log.level":"CRITICAL","data_stream.dataset":"deprecation.elasticsearch","message":"x","event.dataset":"deprecation.elasticsearch"}"#,
            r#"{"@timestamp":"2022-01-25T15:12:08.686Z","log.level":"WARN","elasticsearch.slowlog.took":"1ms","message":"x","event.dataset":"elasticsearch.index_search_slowlog"}"#,
            r#"{"@timestamp":"2022-01-25T15:12:08.686Z","log":{"level":"INFO"},"message":"User [x] has logged in","event":{"action":"user_login","category":["authentication"]}}"#,
        ] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
    }

    #[test]
    fn a_message_and_a_time_are_enough_where_the_message_is_whole() {
        let document = |message: &str, more: &str| {
            format!(r#"{{"@timestamp":"2026-03-01T12:34:56.789Z","message":"{message}"{more}}}"#)
        };
        let said = "Authentication to realm native1 failed - Password authentication failed for bob";
        assert_eq!(server(&document(said, "")).0, "server-ecs");
        assert_eq!(server(&document(said, r#","elasticsearch.node.name":"es-1""#)).0, "server-ecs");
        for line in [
            document("started", ""),
            document(&format!("upstream said: {said}"), ""),
            document(said, r#","service.name":"shop""#),
            document(said, r#","event.dataset":"shop.log""#),
            document(said, r#","type":"log","tags":["error","elasticsearch"],"pid":7"#),
        ] {
            assert_eq!(decode(&line)[0].0, "unknown", "{line}");
        }
    }
}
