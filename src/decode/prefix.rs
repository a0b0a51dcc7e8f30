//! A record behind whatever a transport writes before it: the time and the host of syslog, the name of a file or of a stream,
//! a number. Which prefixes there are is not asked; what begins a record is looked for, from the left, so that text inside of
//! a record never counts as one.
//!
//! What a line quotes does not count either: a record in quotes, behind a name of what clients write, or in a line of a log of
//! requests (`quotation`).

use super::cell::is_of_shipper;
use super::client::payload_rank;
use super::json;
use super::quotation::{may_hold_record, quotes};
use super::{Context, Sink, TEXT_SHAPES, TextShape, UNKNOWN, decode_line, looks_like_record, ruby};
use crate::error::DecodeError;
use crate::event::Record;

/// Anything before a record.
pub struct Prefixed;

/// Longest prefix: syslog with structured data.
pub(super) const MAX_PREFIX: usize = 2048;

/// Places behind a record, or the begin of a line, that are tried: labels and structured data may look like the begin of a record.
const MAX_TRIES: usize = 12;

impl TextShape for Prefixed {
    fn name(&self) -> &'static str {
        "prefixed"
    }

    fn claims(&self, line: &[u8]) -> bool {
        next_start(line, 0).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let context = context.inside()?;
        let (mut known, mut damaged, mut quoted, mut product) = (false, None, false, None);
        // Records may stand behind each other, each with a prefix of its own.
        let (mut segment, mut from, mut tries, mut given_up) = (0, 0, 0, false);
        while let Some(at) = next_start(line, from).filter(|at| at - segment <= MAX_PREFIX) {
            if tries == MAX_TRIES {
                given_up = may_hold_record(&line[from..]);
                break;
            }
            tries += 1;
            if quotes(&line[segment..at]) {
                quoted = may_hold_record(&line[at..]);
                break;
            }
            let mut give = |record: Record<'_>| {
                let is_record = matches!(record, Record::Audit(_) | Record::Server(_) | Record::Damaged);
                quoted |= matches!(record, Record::Quoted);
                if let Record::OfProduct(named) = record {
                    product = Some(named);
                }
                if is_record {
                    sink(self.name(), record);
                }
                is_record
            };
            match take(&line[segment..at], &line[at..], &context, &mut give) {
                Took::Record(length) => {
                    known = true;
                    (segment, from, tries) = (at + length, at + length, 0);
                }
                Took::Nothing(length) => from = at + length.max(1),
                Took::Broken(error) => {
                    damaged = Some(error);
                    break;
                }
            }
        }
        match damaged {
            // That a record was cut or damaged must be said.
            Some(error) if !known => return Err(error),
            Some(_) => sink(self.name(), Record::Damaged),
            None if known && given_up => sink(self.name(), Record::Damaged),
            None if known => {}
            None if quoted || may_hold_record(line) => sink(UNKNOWN, Record::Quoted),
            None => sink(UNKNOWN, product.map_or(Record::Other, Record::OfProduct)),
        }
        Ok(())
    }
}

/// What stands where a record may begin.
enum Took {
    /// A record, of so many bytes.
    Record(usize),
    /// No record; so many bytes are no begin of one.
    Nothing(usize),
    Broken(DecodeError),
}

/// Where a record may begin, from a byte on: an object, a text with an object in it, or the bracket of a time.
fn next_start(line: &[u8], from: usize) -> Option<usize> {
    let rest = line.get(from..)?;
    memchr::memchr3_iter(b'{', b'[', b'"', rest).map(|at| from + at).find(|&at| {
        let begins = match &line[at..] {
            [b'{', b'"' | b' ' | b'\\', ..] => true,
            [b'[', time @ ..] if begins_year(time) => true,
            [b'"', b'{', b'\\', ..] => true,
            [b'"', b'[', b'2', b'0', ..] => true,
            _ => false,
        };
        let stands_alone = at.checked_sub(1).is_none_or(|before| separates(line, before));
        begins && (stands_alone || line[at] == b'{' && is_in_single_quotes(&line[from..at]))
    })
}

/// Whether a quote that YAML and lists of texts put around a line opens before it: after nothing but what separates elements, or
/// after a name under which envelopes carry lines.
fn is_in_single_quotes(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b"'") else { return false };
    matches!(before.trim_ascii(), b"" | b"-" | b"[" | b",") || is_payload_name(before)
}

/// Whether a text begins as a date does.
fn begins_year(text: &[u8]) -> bool {
    matches!(text, [b'1' | b'2', a, b, c, b'-', ..] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()))
}

/// Whether a bracket of a line opens what begins a time, be the rest of it damaged: without one, no record of text can stand
/// behind a prefix, and [`may_hold_record`] finds none either.
#[must_use]
pub(crate) fn holds_time_start(line: &[u8]) -> bool {
    memchr::memchr_iter(b'[', line).any(|at| line[at + 1..].starts_with(b"20") || begins_year(&line[at + 1..]))
}

/// Whether the byte before a record ends what stands before it. Names and numbers go on, and a quote says that what follows is
/// quoted.
fn separates(line: &[u8], at: usize) -> bool {
    match line[at] {
        // The end of a colour.
        b'm' => line[..at].iter().rev().take(4).any(|&byte| byte == b'['),
        b'"' | b'\'' | b'`' | b'\\' => false,
        byte => !byte.is_ascii_alphanumeric(),
    }
}

fn take(prefix: &[u8], text: &[u8], context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    match text.first() {
        Some(b'{') if prefix.ends_with(b"'") => take_single_quoted(text, context, give),
        Some(b'{') => take_object(text, context, give),
        Some(b'"') => take_text(prefix, text, context, give),
        // What stands in a tag or in brackets does not go up to the end of the line.
        _ if matches!(prefix, [.., b'(' | b'[' | b'{' | b'<' | b'>']) && !is_priority(prefix) => Took::Nothing(1),
        _ => take_line(text, context, give),
    }
}

/// `<134>`, the priority of syslog.
fn is_priority(prefix: &[u8]) -> bool {
    matches!(prefix, [b'<', digits @ .., b'>'] if digits.iter().all(u8::is_ascii_digit))
}

fn take_object(text: &[u8], context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    let (rewritten, length) = match json::members(text) {
        Ok((_, rest)) => (None, text.len() - rest.len()),
        Err(error) => match ruby::object(text) {
            Some((json, length)) => (Some(json), length),
            None if looks_like_record(text) => return Took::Broken(error),
            None => return Took::Nothing(1),
        },
    };
    if !ends(&text[length..]) {
        return Took::Nothing(length);
    }
    read(rewritten.as_deref().unwrap_or(&text[..length]), length, context, give)
}

/// An object in single quotes, two of which stand for one inside.
fn take_single_quoted(text: &[u8], context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    let (mut object, mut at) = (Vec::with_capacity(text.len()), 0);
    loop {
        let Some(quote) = memchr::memchr(b'\'', &text[at..]).map(|found| at + found) else { return Took::Nothing(1) };
        object.extend_from_slice(&text[at..quote]);
        at = quote + 1;
        if text.get(at) != Some(&b'\'') {
            break;
        }
        object.push(b'\'');
        at += 1;
    }
    let rest = &text[at..];
    let is_element = rest.strip_prefix(b",").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"'"));
    if is_element || ends(rest) { read(&object, at, context, give) } else { Took::Nothing(at) }
}

/// Whether a text ends in a name under which envelopes carry lines, and what assigns to it.
fn is_payload_name(prefix: &[u8]) -> bool {
    let name = prefix.trim_ascii_end().strip_suffix(b"=").or_else(|| prefix.trim_ascii_end().strip_suffix(b":"));
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'@');
    name.is_some_and(|name| {
        let start = name.iter().rposition(|byte| !is_name(byte)).map_or(0, |at| at + 1);
        payload_rank(&name[start..]).is_some()
    })
}

/// A text that holds a record, if its name is one under which envelopes carry lines.
fn take_text(prefix: &[u8], text: &[u8], context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    let named = is_payload_name(prefix);
    match json::string(text) {
        Ok((inner, rest)) => {
            let length = text.len() - rest.len();
            if named { read(&inner.text(), length, context, give) } else { Took::Nothing(length) }
        }
        Err(error) if named && looks_like_record(&text[1..]) => Took::Broken(error),
        Err(_) => Took::Nothing(1),
    }
}

/// A line of text, which goes up to the end of the line.
fn take_line(text: &[u8], context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    let length = text.len();
    let text = without_ingestion(text);
    let is_text = |shape: &&&dyn TextShape| matches!(shape.name(), "server-text" | "audit-text") && shape.claims(text);
    match TEXT_SHAPES.iter().find(is_text) {
        Some(_) => read(text, length, context, give),
        None => Took::Nothing(1),
    }
}

/// The time at which CloudWatch took a line in, which its command line prints behind it: a tab and 13 digits.
fn without_ingestion(text: &[u8]) -> &[u8] {
    match text.len().checked_sub(14).and_then(|at| text.split_at_checked(at)) {
        Some((text, [b'\t', digits @ ..])) if digits.iter().all(u8::is_ascii_digit) => text,
        _ => text,
    }
}

fn read(text: &[u8], length: usize, context: &Context, give: &mut dyn FnMut(Record<'_>) -> bool) -> Took {
    let mut known = false;
    match decode_line(text, context, &mut |_, record| known |= give(record)) {
        Ok(()) if known => Took::Record(length),
        Err(error) if !known && looks_like_record(text) => Took::Broken(error),
        _ => Took::Nothing(length),
    }
}

/// Whether what follows an object only ends what it stands in, or begins the next record.
fn ends(rest: &[u8]) -> bool {
    let closing = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b')' | b']' | b'}' | 0);
    let after = &rest[rest.iter().take_while(|byte| closing(byte)).count()..];
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match &after[digits..] {
        [] => true,
        // Octet counting: the length of the next line stands before it.
        [b' ', b'<', ..] if digits > 0 => true,
        [b'{', b'"', ..] => true,
        // Further cells of a table without a header.
        _ => match rest.split_first() {
            Some((b'\t', cells)) => cells.split(|&byte| byte == b'\t').all(is_of_shipper),
            first => matches!(first, Some((0, _))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, decode, try_decode};

    const LINE: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "event.type":"rest", "event.action":"authentication_failed"}"#;

    #[test]
    fn prefixes_are_taken_off() {
        for (prefix, name) in [
            ("es01_1  | ", "compose"),
            ("es01-1  |", "compose"),
            ("\u{1b}[36mes01_1  |\u{1b}[0m ", "compose"),
            ("\u{1b}[36;1mes01_1  \u{1b}[0m| ", "compose"),
            ("[pod/es-0/elasticsearch] ", "kubectl"),
            ("Mar  1 12:34:56 es-1 elasticsearch[4242]: ", "prefixed"),
            ("<134>1 2026-03-01T12:34:56.789Z es-1 elasticsearch 42 - - ", "prefixed"),
            ("es-0 elasticsearch ", "prefixed"),
        ] {
            assert_eq!(audit(&format!("{prefix}{LINE}")).0, name, "{prefix}");
        }
        // YAML, lists of texts, colours between all tokens.
        for wrapped in [
            format!("  message: '{LINE}'"),
            format!("- '{LINE}'"),
            format!("          '{LINE}',"),
            format!("PrimaryResult\tes\t{LINE}\t2026-03-01T12:00:00Z"),
            format!("{LINE}\tes-1\t2026-03-01 12:00:00"),
            format!("    textPayload: '{}'", LINE.replace("\"rest\"", "\"rest\", \"user.name\":\"o''brien\"")),
        ] {
            assert_eq!(audit(&wrapped).0, "prefixed", "{wrapped}");
        }
        assert_eq!(decode(&format!("['{LINE}', '{LINE}']")).len(), 2);
        assert_eq!(audit(&LINE.replace("\":", "\"\u{1b}[0m:\u{1b}[0;32m")).0, "native");
        let text = "es01_1  | [2026-03-01T12:34:56,789][WARN ][o.e.x.S] [n] message";
        assert_eq!(decode(text), [("compose", "server".to_owned())]);
    }

    #[test]
    fn however_many_records_one_line_holds_all_count() {
        for between in ["", ",", " ", "\0", "\t", "\r", "312 <134>1 2026-03-01T12:34:56.789Z h es 42 - - "] {
            let line = vec![LINE; 40].join(between);
            let records = decode(&line).into_iter().filter(|(_, brief)| brief.starts_with("2026"));
            assert_eq!(records.count(), 40, "{between:?}");
        }
        // Too much that looks like one between two of them is told.
        let line = format!("{LINE} {} {LINE}", "{\"a\":1} ".repeat(20));
        let kinds: Vec<String> = decode(&line).into_iter().map(|(_, brief)| brief).collect();
        assert_eq!(kinds[1..], ["damaged"], "{kinds:?}");
    }

    #[test]
    fn text_that_holds_an_object_is_other() {
        for line in ["took {\"a\":1}", "GET / {\"broken"] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
        let old =
            "[2026-03-01T12:00:10,000] [n] [rest] [authentication_failed] origin_address=[6.6.6.6], principal=[x]";
        for line in [format!("ftp [pid 1] [{old}] FAIL LOGIN"), format!("imap-login: user=<{old}>, rip=6.6.6.6")] {
            assert_eq!(decode(&line), [("unknown", "quoted".to_owned())], "{line}");
        }
        assert!(try_decode(&format!("{LINE}\tx y {{")).is_err());
        for line in [format!("INSERT INTO t VALUES(1,'{LINE}');"), format!("user: '{LINE}'"), format!("got '{LINE}'")] {
            assert_eq!(decode(&line), [("unknown", "quoted".to_owned())], "{line}");
        }
        for line in ["x ={\"type\":\"audit\"}", "said \"{\"type\":\"audit\"}"] {
            assert_eq!(decode(line), [("unknown", "quoted".to_owned())], "{line}");
        }
        assert!(try_decode(&format!("Mar  1 12:34:56 es-1 es: {}", &LINE[..90])).is_err());
    }
}
