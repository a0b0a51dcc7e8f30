//! JSON as programs get it: indented by two spaces, or on a line; what a terminal would obey is escaped.

use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::escape;

/// Writes a document, indented by two spaces. Who wants a report cut to `--top` cuts it first.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write_as(document, Indented::default(), out)
}

/// Writes a document on one line.
///
/// # Errors
/// Only those of `out`.
pub fn write_line(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write_as(document, CompactFormatter, out)
}

fn write_as(document: &impl Serialize, formatter: impl Formatter, out: &mut dyn io::Write) -> io::Result<()> {
    // The serializer writes in pieces of a few bytes.
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Visible(formatter));
    document.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    // Not `flush`, which would also flush what `out` gathers, line by line.
    out.into_inner().map(drop).map_err(io::IntoInnerError::into_error)
}

/// JSON in which characters that a terminal would obey or hide are `\uXXXX`.
struct Visible<F>(F);

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Without an end before the last byte, so that many are looked at at once.
        if !fragment.bytes().fold(false, |met, byte| met | (byte >= 0x7f)) {
            return self.0.write_string_fragment(writer, fragment);
        }
        let mut plain = 0;
        for (at, c) in fragment.char_indices() {
            if let Some(escaped) = escape::json(c) {
                self.0.write_string_fragment(writer, &fragment[plain..at])?;
                writer.write_all(escaped.as_bytes())?;
                plain = at + c.len_utf8();
            }
        }
        self.0.write_string_fragment(writer, &fragment[plain..])
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// Indents by two spaces, as serde_json's own does, but writes the end of a line and the beginning of the next at once: of a
/// report of many groups half the bytes are spaces, which that one writes two by two.
#[derive(Default)]
struct Indented {
    depth: usize,
    /// Whether something stands in the list or object that was ended last, or is being written.
    has_value: bool,
}

impl Indented {
    /// A comma, the end of the line, and the indentation of the deepest that documents are.
    const LINE: &[u8; 34] = b",\n                                ";

    fn line<W: ?Sized + io::Write>(&self, writer: &mut W, comma: bool) -> io::Result<()> {
        let mut spaces = 2 * self.depth;
        let once = spaces.min(Self::LINE.len() - 2);
        writer.write_all(&Self::LINE[usize::from(!comma)..2 + once])?;
        spaces -= once;
        (0..spaces).try_for_each(|_| writer.write_all(b" "))
    }

    fn begin<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn end<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_value {
            self.line(writer, false)?;
        }
        writer.write_all(bracket)
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.line(writer, !first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.line(writer, !first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_indented_as_serde_json_indents() {
        let mut deep = serde_json::json!([]);
        for level in 0..40 {
            deep =
                serde_json::json!({"level": level, "none": {}, "empty": [], "list": [1, [deep, null], {"a": "b\nc"}]});
        }
        for document in
            [deep, serde_json::json!({}), serde_json::json!([]), serde_json::json!("text"), serde_json::json!([[]])]
        {
            let mut written = Vec::new();
            write(&document, &mut written).unwrap();
            let expected = serde_json::to_string_pretty(&document).unwrap() + "\n";
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let mut written = Vec::new();
        write(&["a\u{9b}b\u{7f}c\u{202e}d", "plain", "é"], &mut written).unwrap();
        let expected = "[\n  \"a\\u009bb\\u007fc\\u202ed\",\n  \"plain\",\n  \"é\"\n]\n";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
