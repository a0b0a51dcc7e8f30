//! The server log as text, and other logs in its layout (Logstash's), whose messages may go over several lines and quote what a
//! client sent.
//!
//! No release writes audit events between its lines, so a record directly below a line of text is part of that message where more
//! of the message follows it: then it is given to the decoders as what a client wrote. Where the next message or the end of the
//! input follows, two logs were put into one file, and it counts.

use super::line::{LineSoFar, quote};
use super::record::{Frame, Framer, Out};
use crate::decode::TextShape;
use crate::decode::audit_text::AuditText;
use crate::decode::server_text::ServerHead;

/// Bytes of records in a row that a message may hold. Clients get into messages by the first line and the headers of a request,
/// of 4 and 16 KB at most (`http.max_initial_line_length`, `http.max_header_size`).
const MOST_IN_MESSAGE: usize = 64 << 10;

/// Whether a text begins with a line of such a log.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    line.first() == Some(&b'[') && ServerHead::read(line).is_some_and(|head| head.holds_no_event())
}

/// The reader.
pub(super) struct Messages {
    line: LineSoFar,
    /// A line of text was last, so that what follows may be part of its message.
    open: bool,
    /// Records below it, of which is not known whether they are: their lines, and where each ends in `bytes`.
    held: Vec<(u64, usize)>,
    bytes: Vec<u8>,
    object: Vec<u8>,
}

/// What a line is.
enum Kind {
    Blank,
    /// A record of its own, as far as it shows.
    Record,
    /// The first line of a message.
    First,
    /// A further line of one.
    Further,
}

impl Kind {
    fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii();
        match line.first() {
            None => Self::Blank,
            Some(b'{') => Self::Record,
            Some(b'[') if ServerHead::read(line).is_some() => Self::First,
            Some(b'[') if AuditText.claims(line) => Self::Record,
            Some(_) => Self::Further,
        }
    }
}

impl Messages {
    /// A reader that keeps no line longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self { line: LineSoFar::new(limit), open: false, held: Vec::new(), bytes: Vec::new(), object: Vec::new() }
    }

    fn end_line(&mut self, out: &mut Out<'_>) {
        if self.line.oversized {
            self.release(false, out);
            out(self.line.number, Frame::Oversized);
        } else {
            match Kind::of(&self.line.bytes) {
                Kind::Record if self.open => self.hold(out),
                Kind::Blank if !self.held.is_empty() => self.hold(out),
                kind => {
                    self.release(matches!(kind, Kind::Further), out);
                    self.open |= matches!(kind, Kind::First);
                    out(self.line.number, Frame::Record(&self.line.bytes));
                }
            }
        }
        self.line.next();
    }

    fn hold(&mut self, out: &mut Out<'_>) {
        self.bytes.extend_from_slice(&self.line.bytes);
        self.held.push((self.line.number, self.bytes.len()));
        if self.bytes.len() > MOST_IN_MESSAGE {
            self.release(false, out);
            self.open = false;
        }
    }

    /// Gives on what was held: `quoted`, as text of a client.
    fn release(&mut self, quoted: bool, out: &mut Out<'_>) {
        let mut start = 0;
        for (number, end) in self.held.drain(..) {
            let line = &self.bytes[start..end];
            start = end;
            if quoted && !line.trim_ascii().is_empty() {
                quote(&mut self.object, line);
                out(number, Frame::Record(&self.object));
            } else {
                out(number, Frame::Record(line));
            }
        }
        self.bytes.clear();
    }
}

impl Framer for Messages {
    fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let mut rest = bytes;
        while let Some(behind) = self.line.take(rest) {
            self.end_line(out);
            rest = behind;
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        if self.line.has_begun() {
            self.end_line(out);
        }
        self.release(false, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::decode;

    const RECORD: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed"}"#;
    const OLD: &str = "[2026-03-01T12:34:56,789] [n] [rest] [authentication_failed] origin_address=[10.0.0.1], principal=[x], uri=[/]";
    const FIRST: &str = "[2026-03-01T12:34:56,700][WARN ][r.suppressed             ] [n] path: /x";

    /// What the decoders make of each line that is no blank, by its number.
    fn read(text: &str, chunk: usize) -> Vec<(u64, String)> {
        let rows = super::super::record::pieces(&mut Messages::new(4096), text.as_bytes(), chunk);
        let rows = rows.into_iter().filter(|(_, row)| !row.is_empty());
        rows.map(|(number, row)| (number, decode(&row)[0].1.clone())).collect()
    }

    #[test]
    fn a_record_inside_a_message_is_quoted() {
        for record in [RECORD, OLD] {
            for more in ["]", "\tat org.elasticsearch.X.y(X.java:1)", "Caused by: x.Y: z"] {
                let text = format!("{FIRST} [\n{record}\n\n{record}\n{more}\n{FIRST}\n");
                assert!(claims(text.as_bytes()));
                let other = text.replace("r.suppressed             ] [n]", "logstash.outputs.elasticsearch][main]");
                assert!(claims(other.as_bytes()), "{other}");
                for chunk in [1, 7, 4096] {
                    let kinds = read(&text, chunk);
                    let kinds: Vec<(u64, &str)> = kinds.iter().map(|(at, kind)| (*at, kind.as_str())).collect();
                    assert_eq!(
                        kinds,
                        [(1, "server"), (2, "quoted"), (4, "quoted"), (5, "other"), (6, "server")],
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn logs_put_into_one_file_are_read() {
        let audit = |kinds: Vec<(u64, String)>| kinds.iter().filter(|(_, kind)| kind.starts_with("2026")).count();
        let trace = "\tat org.elasticsearch.X.y(X.java:1)";
        let long = format!("{RECORD}\n").repeat(MOST_IN_MESSAGE / RECORD.len() + 1);
        for (text, count) in [
            (format!("{FIRST}\n{trace}\n{RECORD}\n{RECORD}\n"), 2),
            (format!("{FIRST}\n{RECORD}\n{FIRST}\n{trace}\n"), 1),
            (format!("{FIRST}\n{RECORD}\n\n{RECORD}"), 2),
            (format!("{FIRST}\n{long}{trace}\n"), MOST_IN_MESSAGE / RECORD.len() + 1),
        ] {
            for chunk in [3, 1 << 20] {
                assert_eq!(audit(read(&text, chunk)), count, "{}", &text[..200]);
            }
        }
    }

    #[test]
    fn other_texts_are_not_claimed() {
        for text in [
            RECORD,
            OLD,
            "[2026-03-01T12:34:56,789][INFO ][o.e.x.s.a.l.LoggingAuditTrail] [n] event.action=\"x\"",
            "[INFO] started",
            "plain",
            "",
        ] {
            assert!(!claims(text.as_bytes()), "{text}");
        }
    }
}
