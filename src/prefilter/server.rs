//! Server-log lines of 8.x and later that tell no reason: they are counted, and nothing of them is kept, so a full decode
//! would be for nothing.
//!
//! A line is taken only if it is, to the byte, what the ECS appender writes when nothing needs escaping (its members in
//! their order, some absent, all of them plain text) and its message holds none of the words that every message with a
//! reason has. Any other line goes to the decoder; a property test holds the two to the same answer.

use crate::decode::json::plain_prefix;
use crate::decode::reason::{NEEDLE, TOKEN_NEEDLE};
use crate::time::{self, Stamp, Zone};

/// A line that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLine<'l> {
    /// When.
    pub stamp: Stamp,
    /// `elasticsearch.node.id`.
    pub node_id: Option<&'l [u8]>,
    /// `elasticsearch.node.name`.
    pub node_name: Option<&'l [u8]>,
}

/// The members in the order of the appender.
const LAYOUT: [&[u8]; 12] = [
    b"\"@timestamp\":",
    b"\"log.level\":",
    b"\"message\":",
    b"\"ecs.version\":",
    b"\"service.name\":",
    b"\"event.dataset\":",
    b"\"process.thread.name\":",
    b"\"log.logger\":",
    b"\"elasticsearch.cluster.uuid\":",
    b"\"elasticsearch.node.id\":",
    b"\"elasticsearch.node.name\":",
    b"\"elasticsearch.cluster.name\":",
];

/// Places in [`LAYOUT`].
const TIMESTAMP: usize = 0;
const LEVEL: usize = 1;
const MESSAGE: usize = 2;
const DATASET: usize = 5;
const NODE_ID: usize = 9;
const NODE_NAME: usize = 10;

/// Takes a line, without its end, that tells no reason; `None` leaves it to the decoder.
#[must_use]
pub fn take(line: &[u8], assumed: Zone) -> Option<ServerLine<'_>> {
    let mut rest = line.strip_suffix(b"\r").unwrap_or(line).strip_prefix(b"{")?;
    let mut values: [Option<&[u8]>; LAYOUT.len()] = [None; LAYOUT.len()];
    let mut ended = false;
    for (value, name) in values.iter_mut().zip(LAYOUT) {
        let Some(after) = rest.strip_prefix(name) else { continue };
        let after = after.strip_prefix(b" ").unwrap_or(after).strip_prefix(b"\"")?;
        let (text, after) = after.split_at(plain_prefix(after));
        *value = Some(text);
        rest = match after.strip_prefix(b"\"")? {
            b"}" => {
                ended = true;
                break;
            }
            after => after.strip_prefix(b",")?,
        };
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    let message = values[MESSAGE].filter(|_| ended && values[LEVEL].is_some())?;
    if values[DATASET].is_some_and(|dataset| dataset != b"elasticsearch.server") {
        return None;
    }
    let tells = |word| memchr::memmem::find(message, word).is_some();
    if tells(NEEDLE) || tells(TOKEN_NEEDLE) {
        return None;
    }
    let stamp = time::parse(values[TIMESTAMP]?, assumed)?;
    Some(ServerLine { stamp, node_id: values[NODE_ID], node_name: values[NODE_NAME] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::reason::classify;
    use crate::decode::{Context, decode_line};
    use crate::event::Record;

    const LINES: [&str; 4] = [
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "INFO", "message":"[gc][318412] overhead, spent [301ms]", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"elasticsearch[es-1][T#3]","log.logger":"org.elasticsearch.X","elasticsearch.cluster.uuid":"u","elasticsearch.node.id":"kE3p","elasticsearch.node.name":"es-1","elasticsearch.cluster.name":"prod"}"#,
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"plain", "elasticsearch.node.id":"n"}"#,
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"Authentication using apikey failed - api key is expired", "elasticsearch.node.id":"n"}"#,
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"x", "event.dataset":"elasticsearch.deprecation"}"#,
    ];

    /// Time, node id and node name.
    type Told = (Stamp, Option<Vec<u8>>, Option<Vec<u8>>);

    /// What the decoder makes of a line, if that is one server event without a reason.
    fn decoded(line: &[u8]) -> Option<Told> {
        let mut found = None;
        decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
            if let ("server-ecs", Record::Server(event)) = (format, record)
                && let (None, Some(time)) = (classify(&event.message), event.time)
            {
                let stamp = Stamp { time, zone_assumed: event.zone_assumed };
                found = Some((stamp, event.node_id.map(Into::into), event.node_name.map(Into::into)));
            }
        })
        .ok()?;
        found
    }

    #[test]
    fn the_appender_s_lines_are_taken_and_reasons_are_not() {
        let taken = LINES.map(|line| take(line.as_bytes(), Zone::UTC).is_some());
        assert_eq!(taken, [true, true, false, false]);
        assert_eq!(take(LINES[0].as_bytes(), Zone::UTC).and_then(|line| line.node_name), Some(&b"es-1"[..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6000))]

        #[test]
        fn what_is_taken_is_what_the_decoder_says(
            line in prop::sample::select(LINES.to_vec()),
            at in any::<prop::sample::Index>(),
            other in any::<prop::sample::Index>(),
            kind in 0..6,
            byte in any::<u8>(),
        ) {
            let mut text = line.as_bytes().to_vec();
            let (at, other) = (at.index(text.len()), other.index(text.len()));
            match kind {
                0 => text[at] = byte,
                1 => {
                    text.remove(at);
                }
                2 => text.insert(at, byte),
                3 => text.truncate(at),
                4 => {
                    let piece = text[at.min(other)..at.max(other)].to_vec();
                    text.splice(at..at, piece);
                }
                _ => {}
            }
            if let Some(taken) = take(&text, Zone::UTC) {
                let taken = (taken.stamp, taken.node_id.map(<[u8]>::to_vec), taken.node_name.map(<[u8]>::to_vec));
                prop_assert_eq!(Some(taken), decoded(&text), "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}
