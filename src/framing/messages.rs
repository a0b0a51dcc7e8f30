//! The server log as text, other logs in its layout (Logstash's) and of programs that write the time first: messages that may go
//! over several lines and quote what a client sent, as the user's name in `Password authentication failed for USER` does. The
//! same line by line inside envelopes, where each line of a message is a line of the envelope.
//!
//! Records below a message are part of it where more of it follows: they are given to the decoders as what a client wrote. Where
//! another message follows, or the end of the input, or where they are more than fit into a message, both logs went to one
//! output, as those of many containers do, or into one file, and they count.
//!
//! A line of the server log is a message of its own, but for one that stands in a bracket which the message before opened and a
//! further line closes: somebody sent line ends in what a message quotes.

mod layout;

use std::collections::{BTreeMap, VecDeque};

use super::line::{LineSoFar, quote};
use super::parts::Joiner;
use super::record::{Frame, Framer, Out};
use crate::lines::{Chunk, lines};
use layout::{Kind, LookedAt, MessageLayout};

/// Bytes of records in a row that a message may hold. Clients get into messages by the first line and the headers of a request,
/// of 4 and 16 KB at most (`http.max_initial_line_length`, `http.max_header_size`).
const MOST_IN_MESSAGE: usize = 64 << 10;

/// Streams of lines that are told apart in one input; a log that names more is read as if those were one.
const MOST_SOURCES: usize = 4096;

/// Whether a text begins with lines of such a log.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    layout::claims(text)
}

/// The reader.
pub(super) struct Messages {
    line: LineSoFar,
    /// Puts together what container runtimes cut.
    joiner: Joiner,
    joined: Chunk,
    /// Number of the line before.
    number: u64,
    held: HeldMessage,
}

impl Messages {
    /// A reader that keeps no line longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self {
            line: LineSoFar::new(limit),
            joiner: Joiner::new(limit),
            joined: Chunk::default(),
            number: 0,
            held: HeldMessage::default(),
        }
    }

    fn end_line(&mut self, out: &mut Out<'_>) {
        if self.line.oversized {
            self.joiner.oversized(&mut self.joined);
        } else {
            self.joiner.line(&self.line.bytes, true, &mut self.joined);
        }
        self.line.next();
        self.give_joined(out);
    }

    fn give_joined(&mut self, out: &mut Out<'_>) {
        let mut oversized = self.joined.notes.iter().map(|(at, _)| *at).peekable();
        for (at, line) in (0_u32..).zip(lines(self.joined.bytes())) {
            self.number += 1;
            match oversized.next_if_eq(&at) {
                Some(_) => self.held.oversized(self.number, out),
                None => self.held.line(self.number, line, out),
            }
        }
        self.joined.clear();
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
        self.joiner.finish(&mut self.joined);
        self.give_joined(out);
        self.held.release(out);
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It may be part of a message.
    Undecided,
    /// It begins as a message does, in a bracket that another left open.
    Enclosed,
    /// It is given on as it is.
    Own,
    /// A client wrote it.
    Quoted,
}

/// A line that waits, or stands behind one that does.
struct Waiting {
    number: u64,
    source: u64,
    fate: Fate,
    line: Vec<u8>,
}

/// The lines of which is not known whether a message goes on behind them.
#[derive(Default)]
struct HeldMessage {
    layout: MessageLayout,
    /// Whether the last message of a source may go on.
    open: BTreeMap<u64, bool>,
    /// By source: brackets that its last message opened and did not close; none where it closed all.
    brackets: BTreeMap<u64, i64>,
    waiting: VecDeque<Waiting>,
    /// Bytes that wait.
    bytes: usize,
    object: Vec<u8>,
}

impl HeldMessage {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out<'_>) {
        let LookedAt { source, kind, indented, opened } = self.layout.look(line);
        let source = if self.open.len() < MOST_SOURCES || self.open.contains_key(&source) { source } else { 0 };
        let is_open = self.open.get(&source).is_some_and(|open| *open);
        let fate = match kind {
            Kind::Record if is_open && indented => Fate::Quoted,
            Kind::Record if is_open => Fate::Undecided,
            Kind::First { .. } if self.brackets.contains_key(&source) => Fate::Enclosed,
            Kind::First { open } => {
                self.decide(source, Fate::Undecided, Fate::Own);
                self.open.insert(source, open);
                if opened > 0 {
                    self.brackets.insert(source, opened);
                }
                Fate::Own
            }
            Kind::Further { opens } => {
                self.decide(source, Fate::Undecided, Fate::Quoted);
                if let Some(left) = self.brackets.get_mut(&source) {
                    *left += opened;
                    if *left <= 0 {
                        self.brackets.remove(&source);
                        self.decide(source, Fate::Enclosed, Fate::Quoted);
                    }
                }
                if opens {
                    self.open.insert(source, true);
                }
                Fate::Own
            }
            Kind::Record | Kind::Blank => Fate::Own,
        };
        if self.waiting.is_empty() && fate == Fate::Own {
            return out(number, Frame::Record(line));
        }
        self.bytes += line.len();
        self.waiting.push_back(Waiting { number, source, fate, line: line.to_vec() });
        self.give_decided(out);
        if self.bytes > MOST_IN_MESSAGE {
            self.release(out);
            self.open.clear();
            self.brackets.clear();
        }
    }

    fn oversized(&mut self, number: u64, out: &mut Out<'_>) {
        self.release(out);
        out(number, Frame::Oversized);
    }

    /// Decides on the lines of a source of which so much is known.
    fn decide(&mut self, of: u64, known: Fate, fate: Fate) {
        let own = self.waiting.iter_mut().filter(|waiting| waiting.source == of);
        own.filter(|waiting| waiting.fate == known).for_each(|waiting| waiting.fate = fate);
    }

    /// Gives on the lines before the first that is undecided.
    fn give_decided(&mut self, out: &mut Out<'_>) {
        let is_decided = |first: &Waiting| matches!(first.fate, Fate::Own | Fate::Quoted);
        while self.waiting.front().is_some_and(is_decided)
            && let Some(first) = self.waiting.pop_front()
        {
            self.bytes -= first.line.len();
            if first.fate == Fate::Quoted {
                quote(&mut self.object, &first.line);
                out(first.number, Frame::Record(&self.object));
            } else {
                out(first.number, Frame::Record(&first.line));
            }
        }
    }

    /// Gives on all: what is undecided counts.
    fn release(&mut self, out: &mut Out<'_>) {
        for waiting in &mut self.waiting {
            if waiting.fate != Fate::Quoted {
                waiting.fate = Fate::Own;
            }
        }
        self.give_decided(out);
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

    /// Puts an envelope around each line.
    fn wrapped(text: &str, envelope: fn(&str) -> String) -> String {
        text.lines().map(|line| envelope(line) + "\n").collect()
    }

    fn docker(line: &str) -> String {
        serde_json::json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-03-01T12:34:56.7Z"})
            .to_string()
    }

    const ENVELOPES: [fn(&str) -> String; 6] = [
        str::to_owned,
        docker,
        |line| format!("2026-03-01T12:34:56.789Z stdout F {line}"),
        |line| format!("es01-1  | {line}"),
        |line| format!("Mar  1 12:34:56 es-1 elasticsearch[42]: {line}"),
        |line| {
            serde_json::json!({"@timestamp": "2026-03-01T12:34:56.7Z", "message": line, "host": {"name": "h"}})
                .to_string()
        },
    ];

    #[test]
    fn a_record_inside_a_message_is_quoted() {
        for envelope in ENVELOPES {
            for record in [RECORD, OLD] {
                for more in ["]", "\tat org.elasticsearch.X.y(X.java:1)", "Caused by: x.Y: z"] {
                    let text = wrapped(&format!("{FIRST} [\n{record}\n\n{record}\n{more}\n{FIRST}\n"), envelope);
                    assert!(claims(text.as_bytes()));
                    let other = text.replace("r.suppressed             ] [n]", "logstash.outputs.elasticsearch][main]");
                    assert!(claims(other.as_bytes()), "{other}");
                    for chunk in [1, 7, 4096] {
                        let kinds = read(&text, chunk);
                        let kinds: Vec<(u64, &str)> =
                            kinds.iter().filter(|(at, _)| *at != 3).map(|(at, kind)| (*at, kind.as_str())).collect();
                        assert_eq!(
                            kinds,
                            [(1, "server"), (2, "quoted"), (4, "quoted"), (5, "other"), (6, "server")],
                            "{text}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_message_in_a_bracket_that_another_left_open_is_quoted() {
        let open = format!("{FIRST} [x");
        let refusal = FIRST.replace("r.suppressed             ", "o.e.x.s.a.RealmsAuthenticator");
        let forged = format!("{refusal}\n{refusal} [y]");
        for envelope in ENVELOPES {
            let fates = |text: &str| -> Vec<String> {
                read(&wrapped(text, envelope), 64).into_iter().map(|(_, kind)| kind).collect()
            };
            let kinds = fates(&format!("{open}\n{forged}\ny] but expected z\n{FIRST}\n"));
            assert_eq!(kinds, ["server", "quoted", "quoted", "other", "server"]);
            // A message that was cut, and the next with its own lines.
            let kinds = fates(&format!("{open}\n{FIRST}\n\tat x.Y.z(Y.java:1)\nCaused by: x.Y[z]\n{FIRST}\n"));
            assert_eq!(kinds, ["server", "server", "other", "other", "server"]);
        }
    }

    #[test]
    fn a_record_between_two_messages_counts() {
        for envelope in ENVELOPES {
            for record in [RECORD, OLD] {
                let kinds = read(&wrapped(&format!("{FIRST}\n{record}\n{FIRST}\n"), envelope), 64);
                assert!(kinds[1].1.starts_with("2026"), "{kinds:?}");
            }
        }
    }

    #[test]
    fn a_line_of_the_server_log_inside_a_message_is_quoted() {
        let line = r#"{"@timestamp":"2026-03-01T12:34:56.789Z", "log.level": "WARN", "message":"Authentication using apikey failed - api key [K] has been invalidated", "log.logger":"org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator"}"#;
        for envelope in ENVELOPES {
            let kinds = read(&wrapped(&format!("{FIRST}\n{line}\n\tat x\n"), envelope), 64);
            assert_eq!(kinds[1].1, "quoted", "{}", envelope("x"));
        }
    }

    #[test]
    fn streams_of_one_envelope_are_told_apart() {
        let on = |name: &str, line: &str| format!("[pod/{name}/elasticsearch] {line}\n");
        let text = [on("a", FIRST), on("a", RECORD), on("b", FIRST), on("b", RECORD), on("a", "\tat x")].concat();
        let kinds = read(&text, 9);
        assert_eq!((kinds[1].1.as_str(), &kinds[3].1[..4]), ("quoted", "2026"));
    }

    #[test]
    fn what_a_runtime_cut_is_put_together() {
        let part = |text: &str| serde_json::json!({"log": text, "stream": "stdout", "time": "x"}).to_string();
        let (head, tail) = RECORD.split_at(60);
        let text = format!("{}\n{}\n{}\n{}\n", docker(FIRST), part(head), docker(tail), docker("\tat x"));
        let kinds = read(&text, 4096);
        assert_eq!(kinds.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(kinds[1].1, "quoted");
    }

    #[test]
    fn a_statement_of_a_data_base_is_quoted() {
        let head = "2026-03-01 12:00:00.000 UTC [1] STATEMENT:  INSERT INTO t VALUES ('";
        for record in [RECORD, OLD] {
            let slow = "# Time: 2026-03-01T12:00:00.000000Z\n# Query_time: 1\nINSERT INTO t VALUES ('";
            for text in [
                format!("{head}\n\t{record}\n\t')\n"),
                format!("{head}\n{record}\n')\n"),
                format!("{slow}\n{record}\n');\n"),
            ] {
                assert!(claims(text.as_bytes()));
                assert!(read(&text, 50).iter().any(|(_, kind)| kind == "quoted"), "{text}");
            }
        }
        let text = format!("2026-03-01 12:00:00,000 main WARN x\n{RECORD}\nWARNING: y\n");
        assert!(read(&text, 50)[1].1.starts_with("2026"));
    }

    #[test]
    fn logs_put_into_one_file_are_read() {
        let audit = |kinds: Vec<(u64, String)>| kinds.iter().filter(|(_, kind)| kind.starts_with("2026")).count();
        let trace = "\tat org.elasticsearch.X.y(X.java:1)";
        let long = format!("{RECORD}\n").repeat(MOST_IN_MESSAGE / RECORD.len() + 1);
        for (text, count) in [
            (format!("{FIRST}\n{trace}\n{RECORD}\n{RECORD}\n"), 2),
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
