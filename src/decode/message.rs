//! Documents that carry the raw line and know nothing of it: Filebeat, Fluentd or Logstash without a pipeline.

use super::members::{Field, Members};
use super::{Context, JsonShape, Sink, UNKNOWN, decode_line, is_audit_start};
use crate::error::DecodeError;
use crate::event::Record;

/// The envelope; the line in `event.original` or `message` decides the record, and its time.
pub struct RawMessage;

fn inner<'a>(members: &Members<'a>) -> Option<crate::event::Text<'a>> {
    [Field::EventOriginal, Field::Message].into_iter().find_map(|field| {
        members.text(field).filter(|text| matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')))
    })
}

impl JsonShape for RawMessage {
    fn name(&self) -> &'static str {
        "message"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        // What has a level or a logger is a log line itself, and its message is its own.
        let of_logger = [Field::LogLevel, Field::LogLogger, Field::Level, Field::Component];
        !of_logger.iter().any(|field| members.has(*field)) && inner(members).is_some()
    }

    fn decode(&self, members: Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let line = inner(&members).unwrap_or_default();
        let mut known = false;
        let result = decode_line(&line, &context.inside()?, &mut |_, record| {
            if !matches!(record, Record::Other) {
                known = true;
                sink("message", record);
            }
        });
        match result {
            Err(error) if is_audit_start(&line) => Err(error),
            _ if known => Ok(()),
            _ => {
                sink(UNKNOWN, Record::Other);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode, try_decode};

    #[test]
    fn the_line_decides() {
        let line = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed"}"#;
        let document = |message: &str| {
            serde_json::json!({"@timestamp":"2026-03-02T00:00:00Z","agent":{"type":"filebeat"},"message":message})
                .to_string()
        };
        let (format, event) = audit(&document(line));
        assert_eq!(
            (format, brief(&event).as_str()),
            ("message", "2026-03-01T12:34:56.789Z authentication_failed n - - - -")
        );
        assert_eq!(decode(&document("{not json")), [("unknown", "other".to_owned())]);
        assert_eq!(decode(&document("[index] created")), [("unknown", "other".to_owned())]);
        assert!(try_decode(&document(&line[..100])).is_err());
    }
}
