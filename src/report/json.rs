//! The report as JSON: the contract, indented by two spaces.

use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};

use super::{Renderer, View, escape, model::Report};

/// `--format json`. Renders the whole report: who wants it cut to `--top` cuts it first ([`Report::cut`]).
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn about(&self) -> &'static str {
        "the whole report for programs; names and order are stable"
    }

    fn render(&self, report: &Report, _view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        write(report, out)
    }
}

/// Writes a document, indented by two spaces.
pub(crate) fn write(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write_as(document, PrettyFormatter::new(), out)
}

/// Writes a document on one line.
pub(super) fn write_line(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
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
        if fragment.bytes().all(|byte| byte < 0x7f) {
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
