//! Inputs whose records are not lines: search responses and CSV exports.
//!
//! [`sniff`] tells from the first bytes how an input is framed; a [`Framer`] turns any such input into records of one
//! line each for [`super::decode_line`], in one pass and without holding more than one record.

use super::csv::{self, Csv};
use super::documents::Documents;

/// How the records of an input are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One record a line.
    Lines,
    /// JSON documents over several lines, arrays of documents, search responses with the documents inside.
    Documents,
    /// CSV with a header of member names, as Kibana exports it.
    Csv,
}

/// What a [`Framer`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A record, as one line without its end; cut short where the input ends inside it.
    Record(&'a [u8]),
    /// A record longer than the limit; skipped.
    Oversized,
    /// Between records, the input is not what it should be; what follows is read on.
    Broken(&'static str),
}

/// Receives each piece with the line, counted from 1, in which it begins.
pub type Out<'o> = dyn FnMut(u64, Frame<'_>) + 'o;

/// Finds records in a stream of bytes.
pub trait Framer: Send {
    /// Takes the next bytes, in portions of any size.
    fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>);
    /// Says that the input ended.
    fn finish(&mut self, out: &mut Out<'_>);
}

impl Framing {
    /// The name in `coverage.inputs[].format`; `None` for lines, where the lines themselves tell.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Lines => None,
            Self::Documents => Some("documents"),
            Self::Csv => Some("csv"),
        }
    }

    /// The framing that `--input-format` names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lines" => Some(Self::Lines),
            "documents" => Some(Self::Documents),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// A reader of this framing that holds no record longer than `limit` bytes; `None` for lines.
    #[must_use]
    pub fn framer(self, limit: usize) -> Option<Box<dyn Framer>> {
        match self {
            Self::Lines => None,
            Self::Documents => Some(Box::new(Documents::new(limit))),
            Self::Csv => Some(Box::new(Csv::new(limit))),
        }
    }
}

/// Members at the top of search responses, which no event has.
const OF_RESPONSES: [&[u8]; 7] =
    [b"took", b"_scroll_id", b"hits", b"responses", b"rawResponse", b"is_partial", b"pit_id"];

/// Tells the framing from the first bytes of an input. A few suffice, except for the headers of wide CSV exports: 64 KiB
/// are enough for any.
#[must_use]
pub fn sniff(head: &[u8]) -> Framing {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'{') => sniff_object(text),
        Some(b'[') => match text[1..].trim_ascii_start() {
            [b'{', ..] => Framing::Documents,
            _ => Framing::Lines,
        },
        Some(_) if csv::is_header(text) => Framing::Csv,
        _ => Framing::Lines,
    }
}

/// Walks the first object: lines end where it ends, or inside one of its texts if the file begins in the middle.
fn sniff_object(text: &[u8]) -> Framing {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut string_start, mut key_due) = (0, false);
    let mut previous = b' ';
    let mut after_newline = false;
    for (at, &byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    previous = b'"';
                    if depth == 1 && key_due && OF_RESPONSES.contains(&&text[string_start..at]) {
                        return Framing::Documents;
                    }
                    key_due = false;
                }
                b'\n' => return Framing::Lines,
                _ => {}
            }
            continue;
        }
        if byte == b'\n' && depth > 0 {
            after_newline = true;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        if after_newline {
            // Inside a document a line may begin with a name, a value or an end; a new object only where one may stand.
            let begins_anew = byte == b'{' && !matches!(previous, b'[' | b':');
            return if begins_anew { Framing::Lines } else { Framing::Documents };
        }
        match byte {
            b'"' => {
                in_string = true;
                string_start = at + 1;
            }
            b'{' | b'[' => {
                depth += 1;
                key_due = byte == b'{';
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Framing::Lines;
                }
            }
            b',' => key_due = true,
            _ => {}
        }
        previous = byte;
    }
    Framing::Lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framings_are_told_from_their_first_bytes() {
        use Framing::{Csv, Documents, Lines};
        for (text, framing) in [
            ("", Lines),
            ("{\"type\":\"audit\", \"a\":{\"took\":1}}\n{\"took\":1}", Lines),
            ("{\"type\":\"audit\", \"user.name\":\"cut\n{\"type\":\"audit\"}\n", Lines),
            ("{\"type\":\"audit\",\n{\"type\":\"audit\"}\n", Lines),
            ("{\"_index\":\"x\",\"_source\":{\"hits\":1}}\n", Lines),
            ("[2018-06-19T05:16:15,549] [rest] [x]", Lines),
            ("plain, text\n", Lines),
            ("\u{feff}{\n  \"@timestamp\": 1\n}", Documents),
            ("{\"took\":3,\"hits\":{\"hits\":[", Documents),
            ("  {\"_scroll_id\":\"x\"", Documents),
            ("[{\"a\":1},", Documents),
            ("[\n  {\n", Documents),
            ("\"@timestamp\",\"event.action\",\"user.name\"\n", Csv),
            ("'@timestamp;event.action;user.name\r\n", Csv),
        ] {
            assert_eq!(sniff(text.as_bytes()), framing, "{text}");
        }
    }
}
