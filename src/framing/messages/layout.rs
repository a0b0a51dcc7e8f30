//! What a line of a log of text is, behind whatever an envelope puts around each line: an object (docker's json-file, a
//! shipper's document), the time and stream of a container runtime, the name of a pod, syslog's head.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::decode::audit_text::AuditText;
use crate::decode::carried::carried;
use crate::decode::server_text::{self, ServerHead};
use crate::decode::{TextShape, holds_record, looks_like_record, partial, without_colours};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    /// A record of its own, as far as it shows.
    Record,
    /// The first line of a message. `open`: what follows it may be part of it.
    First {
        open: bool,
    },
    /// A further line of one. `opens`: what follows is part of it.
    Further {
        opens: bool,
    },
}

/// A line and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookedAt {
    /// Stands for the stream of lines that it is of, among those in one input.
    pub(super) source: u64,
    pub(super) kind: Kind,
    /// It begins with white space, as further lines of messages do.
    pub(super) indented: bool,
    /// How many brackets it opens more than it closes.
    pub(super) opened: i64,
}

/// How the lines of an input look, learned from those before.
#[derive(Debug, Default)]
pub(super) struct MessageLayout {
    /// Words before the text of a line.
    words: Option<usize>,
    /// Messages of another program, which begin with a time; `None` before the first line.
    timed: Option<bool>,
}

impl MessageLayout {
    /// Looks at the next line.
    pub(super) fn look(&mut self, line: &[u8]) -> LookedAt {
        let plain = without_colours(line);
        let line = plain.as_deref().unwrap_or(line).trim_ascii_end();
        let indented = line.first().is_some_and(u8::is_ascii_whitespace);
        let (source, kind) = self.source_and_kind(line.trim_ascii_start());
        let opened = memchr::memchr2_iter(b'[', b']', line).map(|at| if line[at] == b'[' { 1 } else { -1 }).sum();
        LookedAt { source, kind, indented, opened }
    }

    fn source_and_kind(&mut self, line: &[u8]) -> (u64, Kind) {
        let is_timed = match self.timed {
            None if line.is_empty() => false,
            timed => *self.timed.insert(timed.unwrap_or_else(|| is_of_other_program(line))),
        };
        if line.first() == Some(&b'{') {
            let Some(carried) = carried(line).filter(|_| !is_record_of_node(line)) else { return (0, kind_of(line)) };
            // The node's own lines have a message, too.
            return match kind_of(&carried.text) {
                Kind::Further { .. } if looks_like_record(line) => (0, kind_of(line)),
                kind => (carried.source, kind),
            };
        }
        let kind = kind_of(line);
        if !matches!(kind, Kind::Further { .. }) {
            return (0, kind);
        }
        if let Some(at) = server_text::message_start(line) {
            self.words = Some(words(&line[..at]).count());
            return (named(&line[..at]), Kind::First { open: true });
        }
        if let Some(count) = self.words {
            let end = words(line).nth(count).unwrap_or(line.len());
            return (named(&line[..end]), kind_of(&line[end..]));
        }
        let opens = is_timed && is_unfinished(line);
        (0, if is_timed && begins_time(line) { Kind::First { open: opens } } else { Kind::Further { opens } })
    }
}

/// Whether a text begins with lines of such a log.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    lines.clone().any(holds_message) || lines.find(|line| !line.is_empty()).is_some_and(is_of_other_program)
}

/// Whether a line holds one of the server log as text.
fn holds_message(line: &[u8]) -> bool {
    // Most lines end here.
    if memchr::memmem::find(line, b"][").is_none() || is_record_of_node(line) {
        return false;
    }
    let is_head = |text: &[u8]| ServerHead::read(text).is_some_and(|head| head.holds_no_event());
    match line.first() {
        Some(b'{') => carried(line).is_some_and(|carried| is_head(&carried.text)),
        _ => is_head(line) || server_text::message_start(line).is_some(),
    }
}

/// How nodes from 7.0 on begin each line.
fn is_record_of_node(line: &[u8]) -> bool {
    [&br#"{"type":"#[..], br#"{"type": "#].iter().any(|start| line.starts_with(start))
}

fn kind_of(text: &[u8]) -> Kind {
    let text = text.trim_ascii();
    match text.first() {
        None => Kind::Blank,
        Some(b'{') => Kind::Record,
        Some(b'[') if ServerHead::read(text).is_some() => {
            Kind::First { open: ServerHead::read(text).is_some_and(|head| head.holds_no_event()) }
        }
        Some(b'[') if AuditText.claims(text) => Kind::Record,
        Some(_) => Kind::Further { opens: false },
    }
}

/// Whether a line is the first of a message of a program that is not Elasticsearch and writes the time first, as MySQL does in
/// its log of slow queries, too.
fn is_of_other_program(line: &[u8]) -> bool {
    (begins_time(line) || line.starts_with(b"# Time: "))
        && partial::stream(line).is_none()
        && server_text::message_start(line).is_none()
        && !holds_record(line)
}

/// Whether a line begins with a date: `2026-03-01`, `2026/03/01`, `01-Mar-2026`, `Mar  1 `, in a bracket or behind the
/// priority of syslog too.
fn begins_time(line: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let line = match line {
        [b'[', rest @ ..] => rest,
        [b'<', ..] => line.split(|&byte| byte == b'>').nth(1).unwrap_or_default(),
        _ => line,
    };
    let digit = |byte: &u8| byte.is_ascii_digit();
    match line {
        [b'2', b'0', a, b, b'-' | b'/' | b'.', c, d, b'-' | b'/' | b'.', ..] => [a, b, c, d].into_iter().all(digit),
        [a, b, b'-' | b'/' | b' ', month @ ..] if digit(a) && digit(b) => {
            month.get(..3).is_some_and(|month| MONTHS.contains(&month))
        }
        [_, _, _, b' ', day @ ..] => {
            MONTHS.contains(&&line[..3]) && day.trim_ascii_start().first().is_some_and(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// Whether a line opens a quote or a bracket that it does not close, so that its message goes on in the next.
fn is_unfinished(line: &[u8]) -> bool {
    let (mut open, mut quote) = (0_usize, None);
    for (at, &byte) in line.iter().enumerate() {
        match (byte, quote) {
            // An apostrophe stands inside of a word.
            (b'\'', None) if at > 0 && line[at - 1].is_ascii_alphanumeric() => {}
            (b'\'' | b'"' | b'`', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (b'(' | b'[' | b'{', None) => open += 1,
            (b')' | b']' | b'}', None) => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open > 0 || quote.is_some()
}

/// Where each word of a text begins.
fn words(text: &[u8]) -> impl Iterator<Item = usize> {
    (0..text.len()).filter(|&at| {
        !text[at].is_ascii_whitespace() && at.checked_sub(1).is_none_or(|before| text[before].is_ascii_whitespace())
    })
}

/// Stands for the names in what stands before a line; times and numbers begin with a digit.
fn named(prefix: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let names = prefix.split(u8::is_ascii_whitespace).filter(|word| word.iter().any(u8::is_ascii_alphabetic));
    names.filter(|word| !begins_number(word)).for_each(|word| word.hash(&mut hasher));
    hasher.finish()
}

fn begins_number(word: &[u8]) -> bool {
    word.iter().find(|byte| byte.is_ascii_alphanumeric()).is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_behind_what_stands_before_them() {
        let head = "[2026-03-01T12:34:56,700][WARN ][r.suppressed             ] [n] path: /x";
        let record = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000"}"#;
        for prefix in [
            "",
            "2026-03-01T12:34:56.789012345Z ",
            "2026-03-01T12:34:56.789012345Z stdout F ",
            "es01-1  | ",
            "[pod/es-0/elasticsearch] ",
            "es-0 elasticsearch ",
            "Mar  1 12:34:56 es-1 elasticsearch[42]: ",
        ] {
            let mut layout = MessageLayout::default();
            let mut kind = |text: &str| layout.look(format!("{prefix}{text}").as_bytes()).kind;
            assert!(claims(format!("x\n{prefix}{head}\n").as_bytes()), "{prefix}");
            assert_eq!(kind(head), Kind::First { open: true }, "{prefix}");
            assert_eq!(kind(record), Kind::Record, "{prefix}");
            assert_eq!(kind("\tat org.X"), Kind::Further { opens: false }, "{prefix}");
            assert_eq!(kind(""), Kind::Blank, "{prefix}");
        }
        let (a, b) = ("es-0 elasticsearch ", "es-1 elasticsearch ");
        let mut layout = MessageLayout::default();
        let mut source = |prefix: &str, text: &str| layout.look(format!("{prefix}{text}").as_bytes()).source;
        assert_eq!(source(a, head), source(a, record));
        assert_ne!(source(a, "\tat x"), source(b, "\tat x"));
    }

    #[test]
    fn messages_of_other_programs_begin_with_a_time() {
        for line in [
            "2026-03-01 12:00:00.000 UTC [1] STATEMENT:  INSERT INTO t VALUES ('",
            "01-Mar-2026 12:00:00 x",
            "Mar  1 12:00:00 h x",
            "[2026/03/01 12:00:00] x",
        ] {
            assert!(claims(line.as_bytes()), "{line}");
        }
        for line in ["2026", "x 2026-03-01", "2026-03-01T12:00:00Z stdout F x", "Mars ", ""] {
            assert!(!claims(line.as_bytes()), "{line}");
        }
        for (line, unfinished) in [
            ("VALUES ('", true),
            ("path: /x, params: {", true),
            ("it's the user's (own) \"a ' b\"", false),
            ("[1] LOG: x", false),
        ] {
            assert_eq!(is_unfinished(line.as_bytes()), unfinished, "{line}");
        }
    }
}
