//! Envelope of docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`.

use super::members::{Field, Members};
use super::{Context, JsonShape, Sink, decode_line};
use crate::error::DecodeError;

/// The envelope; what is inside decides the record.
pub struct Docker;

impl JsonShape for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        // Fluentd and Fluent Bit keep the two and name the time otherwise.
        members.has(Field::DockerLog) && (members.has(Field::DockerStream) || members.has(Field::DockerTime))
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let inner = members.text(Field::DockerLog).unwrap_or_default();
        decode_line(&inner, &context.inside()?, &mut |_, record| sink("docker", record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Record;
    use crate::time::Zone;

    #[test]
    fn the_line_inside_is_decoded() {
        let line = br#"{"log":"{\"type\": \"audit\", \"timestamp\":\"2019-06-11T15:03:32,102+0000\", \"event.action\":\"access_granted\"}\n","stream":"stdout","time":"2019-06-11T15:03:32.102456789Z"}"#;
        let mut seen = Vec::new();
        decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
            seen.push((format, matches!(record, Record::Audit(_))));
        })
        .unwrap();
        assert_eq!(seen, [("docker", true)]);
    }

    #[test]
    fn endless_nesting_is_refused() {
        let mut line = "{}".to_owned();
        for _ in 0..6 {
            line = serde_json::json!({"log": line, "stream": "stdout", "time": "x"}).to_string();
        }
        assert!(decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |_, _| {}).is_err());
    }
}
