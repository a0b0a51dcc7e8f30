//! Tables of text: CSV as Kibana and others export it, with a header of names and texts in quotes with line ends and doubled
//! quotes (audit-format 4), with tabs or padded with blanks too, and the tables that ES|QL and SQL print. Each row becomes one
//! JSON object with dotted names for the decoders.

use super::record::{Frame, Framer, Out};
use crate::decode::json;

mod cells;
mod header;

use cells::{is_cut, is_rule, without_escapes, write_value};
pub(super) use header::claims;
use header::{MAX_HEADER, columns, is_preface};

/// The reader.
pub(super) struct Csv {
    limit: usize,
    delimiter: u8,
    names: Option<Vec<Vec<u8>>>,
    line: u64,
    start: u64,
    /// The fields of the row, one after another, and where each ends.
    row: Vec<u8>,
    ends: Vec<usize>,
    oversized: bool,
    quoted: bool,
    /// A quote inside quotes: it ends the field, or is the first of two.
    after_quote: bool,
    /// The row has had a byte.
    begun: bool,
    /// The field has had none, so that a quote opens it.
    field_due: bool,
    /// The last byte was a carriage return outside of quotes.
    after_return: bool,
    /// The last field was in quotes, so that blanks at its ends are its own.
    was_quoted: bool,
    /// Where the field begins.
    field_start: usize,
    /// Fields of the row, those without a name included.
    fields: usize,
    /// How wide the columns of a printed table are, by the line below its header.
    widths: Vec<usize>,
    object: Vec<u8>,
}

impl Csv {
    /// A reader that keeps no row longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            delimiter: b',',
            names: None,
            line: 1,
            start: 1,
            row: Vec::new(),
            ends: Vec::new(),
            oversized: false,
            quoted: false,
            after_quote: false,
            begun: false,
            field_due: true,
            after_return: false,
            was_quoted: false,
            field_start: 0,
            fields: 0,
            widths: Vec::new(),
            object: Vec::new(),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.row.len() + bytes.len() > self.limit.max(if self.names.is_none() { MAX_HEADER } else { 0 }) {
            self.oversized = true;
        } else if !self.oversized {
            self.row.extend_from_slice(bytes);
        }
    }

    /// The field is complete. Fields beyond the columns have no name.
    fn end_field(&mut self) {
        self.field_due = true;
        self.fields += 1;
        // Padding is no part of a value.
        if !std::mem::take(&mut self.was_quoted) && self.names.is_some() && !self.oversized {
            let kept = self.row[self.field_start..].trim_ascii_end().len();
            self.row.truncate(self.field_start + kept);
        }
        self.field_start = self.row.len();
        if self.names.as_ref().is_none_or(|names| self.ends.len() < names.len()) {
            self.ends.push(self.row.len());
        }
    }

    /// The row is complete.
    fn end(&mut self, out: &mut Out<'_>) {
        self.end_field();
        if self.oversized {
            out(self.start, Frame::Oversized);
        } else if self.names.is_none() {
            self.read_header(out);
        } else if self.begun {
            self.end_row(out);
        }
        self.row.clear();
        self.ends.clear();
        (self.fields, self.field_start, self.was_quoted) = (0, 0, false);
        (self.oversized, self.quoted, self.after_quote, self.begun) = (false, false, false, false);
        self.start = self.line;
    }

    /// A row of another number of fields than the header has names would put values under the names of others.
    fn end_row(&mut self, out: &mut Out<'_>) {
        let names = self.names.as_ref().map_or(0, Vec::len);
        if self.fields == names || names == 0 {
            self.emit(out);
        } else if is_rule(&self.row) {
            self.widths = self.row.split(|&byte| byte == b'+').map(<[u8]>::len).collect();
        } else {
            out(self.start, Frame::Broken("a row that has another number of fields than the header"));
        }
    }

    fn read_header(&mut self, out: &mut Out<'_>) {
        let line = self.row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.row);
        if is_preface(line) {
            return;
        }
        match columns(line) {
            Some((delimiter, names)) => {
                self.delimiter = delimiter;
                self.names = Some(names);
            }
            None if self.row.trim_ascii().is_empty() => {}
            None => {
                out(self.start, Frame::Broken("the first row does not name the columns"));
                self.names = Some(Vec::new());
            }
        }
    }

    fn emit(&mut self, out: &mut Out<'_>) {
        let mut object = std::mem::take(&mut self.object);
        object.clear();
        object.push(b'{');
        let (mut start, mut any_cut) = (0, false);
        for (column, (name, &end)) in self.names.iter().flatten().zip(&self.ends).enumerate() {
            let value = self.row.get(start..end).unwrap_or_default();
            start = end;
            if is_cut(value, self.widths.get(column)) {
                any_cut = true;
                continue;
            }
            if value.is_empty() || matches!(unguarded(value), b"-" | b"(null)" | b"null") {
                continue;
            }
            let unescaped = if self.delimiter == b'\t' { without_escapes(value) } else { None };
            let value = unescaped.as_deref().unwrap_or(value);
            if object.len() > 1 {
                object.push(b',');
            }
            json::write_text(&mut object, name);
            object.push(b':');
            write_value(&mut object, name, value);
        }
        object.push(b'}');
        out(self.start, Frame::Record(&object));
        if any_cut {
            out(
                self.start,
                Frame::Broken("a cell that the printed table cut: what it held is unknown (format=csv does not cut)"),
            );
        }
        self.object = object;
    }

    fn byte(&mut self, byte: u8, out: &mut Out<'_>) {
        // The header is kept as it stands: its delimiter is not known before its end.
        if self.names.is_none() {
            match byte {
                b'\n' => self.end(out),
                _ => self.keep(&[byte]),
            }
            return;
        }
        if self.quoted {
            match byte {
                b'"' if self.after_quote => {
                    self.after_quote = false;
                    self.keep(b"\"");
                    return;
                }
                b'"' => {
                    self.after_quote = true;
                    return;
                }
                _ if !self.after_quote => {
                    self.keep(&[byte]);
                    return;
                }
                // The quote before ended the field.
                _ => (self.quoted, self.after_quote) = (false, false),
            }
        }
        match byte {
            b'\n' => self.end(out),
            b'\r' => {
                self.after_return = true;
                return;
            }
            b'"' if self.field_due => {
                (self.quoted, self.begun, self.field_due, self.was_quoted) = (true, true, false, true);
            }
            b' ' if self.field_due && self.delimiter != b' ' => {}
            b' ' if self.was_quoted => {}
            _ if byte == self.delimiter => {
                self.begun = true;
                self.end_field();
            }
            _ => {
                self.begun |= !byte.is_ascii_whitespace();
                self.field_due = false;
                if self.after_return {
                    self.keep(b"\r");
                }
                self.keep(&[byte]);
            }
        }
        self.after_return = false;
    }
}

impl Framer for Csv {
    fn feed(&mut self, mut bytes: &[u8], out: &mut Out<'_>) {
        while let Some(&byte) = bytes.first() {
            if self.quoted && !self.after_quote {
                // Most bytes of an export are inside quotes: take them whole.
                let run = memchr::memchr2(b'"', b'\n', bytes).unwrap_or(bytes.len());
                if run > 0 {
                    self.keep(&bytes[..run]);
                    bytes = &bytes[run..];
                    continue;
                }
            }
            if byte == b'\n' {
                self.line += 1;
            }
            self.byte(byte, out);
            bytes = &bytes[1..];
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        if self.begun || self.oversized || (self.names.is_none() && !self.row.is_empty()) {
            self.end(out);
        }
    }
}

/// A text without the sign that keeps spreadsheets from reading it as a formula.
fn unguarded(text: &[u8]) -> &[u8] {
    match text {
        [b'\'', rest @ ..] if matches!(rest.first(), Some(b'=' | b'+' | b'-' | b'@')) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::testing::{audit, brief};

    fn pieces(text: &[u8], limit: usize, chunk: usize) -> Vec<(u64, String)> {
        super::super::record::pieces(&mut Csv::new(limit), text, chunk)
    }

    #[test]
    fn what_stands_before_the_header_is_no_header() {
        let line = r#""{""type"":""audit"", ""timestamp"":""2026-03-01T12:34:56,789+0000"", ""event.type"":""rest"", ""event.action"":""x""}""#;
        for preface in ["#TYPE Microsoft.PowerShell.Commands.MatchInfo\n", "sep=,\n", ""] {
            let text = format!("{preface}\"LineNumber\",\"Line\"\n\"1\",{line}\n");
            assert!(claims(text.as_bytes()), "{preface}");
            let rows = pieces(text.as_bytes(), 1 << 20, 7);
            assert_eq!(rows.len(), 1, "{rows:?}");
            assert_eq!(audit(&rows[0].1).0, "wrapped", "{preface}");
        }
    }

    #[test]
    fn rows_become_objects() {
        let text = "\u{feff}\"@timestamp\",\"event.action\",\"user.name\",message\r\n\"Mar 1, 2026 @ 12:34:56.789\",a,\"x \"\"y\"\"\nz\\\",-\r\n\r\n,b,'-,\"\"\n2,c\"d,'=x,";
        let expected = [
            (2, r#"{"@timestamp":"Mar 1, 2026 @ 12:34:56.789","event.action":"a","user.name":"x \"y\"\u000az\\"}"#),
            (5, r#"{"event.action":"b"}"#),
            (6, r#"{"@timestamp":"2","event.action":"c\"d","user.name":"=x"}"#),
        ]
        .map(|(line, text)| (line, text.to_owned()));
        for chunk in [1, 3, 1000] {
            assert_eq!(pieces(text.as_bytes(), 1000, chunk), expected, "{chunk}");
        }
    }

    #[test]
    fn an_exported_event_is_the_event() {
        let text = "'@timestamp;event.action;user.name;source.ip;source.port;elasticsearch.node.id;http.request.id\n\"Mar 1, 2026 @ 12:34:56.789\";authentication_failed;bob;10.0.0.1;\"51,504\";n1;r1\n";
        let rows = pieces(text.as_bytes(), 1000, 1000);
        let (format, event) = audit(&rows[0].1);
        assert_eq!((format, rows[0].0), ("ecs", 2));
        assert_eq!(brief(&event), "2026-03-01T12:34:56.789Z authentication_failed n1 bob - 10.0.0.1:51504 r1");
        assert!(event.zone_assumed);
    }

    #[test]
    fn ids_and_documents_keep_their_structure() {
        let text = "@timestamp,elasticsearch.audit.invalidate.apikeys.ids,_source\n1,\"a, b\",\"{\"\"x\"\":[1]}\"\n2,\"[\"\"a\"\",\"\"b\"\"]\",{x\n";
        let rows: Vec<String> = pieces(text.as_bytes(), 1000, 1000).into_iter().map(|(_, row)| row).collect();
        assert_eq!(
            rows,
            [
                r#"{"@timestamp":"1","elasticsearch.audit.invalidate.apikeys.ids":["a","b"],"_source":{"x":[1]}}"#,
                r#"{"@timestamp":"2","elasticsearch.audit.invalidate.apikeys.ids":["a","b"],"_source":"{x"}"#,
            ]
        );
    }

    #[test]
    fn rows_over_the_limit_are_said_and_skipped() {
        let text = format!("@timestamp,message\n1,{}\n2,x\n", "y".repeat(100));
        assert_eq!(
            pieces(text.as_bytes(), 50, 7),
            [(2, "oversized".to_owned()), (3, r#"{"@timestamp":"2","message":"x"}"#.to_owned())]
        );
    }

    #[test]
    fn a_cut_cell_is_no_name() {
        let text = "     @timestamp     | event.action |   user.name    \n--------------------+--------------+----------------\n2026-03-01T12:00:00Z|a             |a-name~          \n2026-03-01T12:00:00Z|a             |backup-service-~\n";
        let rows = pieces(text.as_bytes(), 1000, 1000);
        assert_eq!(
            rows[0],
            (3, r#"{"@timestamp":"2026-03-01T12:00:00Z","event.action":"a","user.name":"a-name~"}"#.to_owned())
        );
        assert_eq!(rows[1], (4, r#"{"@timestamp":"2026-03-01T12:00:00Z","event.action":"a"}"#.to_owned()));
        assert!(rows[2].1.starts_with("a cell that the printed table cut"), "{rows:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_portions_give_the_same(parts in prop::collection::vec(prop::sample::select(vec![
            "a", "\"", "\"\"", ",", "\n", "\r\n", " ", "'=", "-", "\\", "\u{1}",
        ]), 0..40), chunk in 1_usize..5, limit in 0_usize..40) {
            let text = format!("@timestamp,message\n{}", parts.concat());
            let whole = pieces(text.as_bytes(), limit, 1 << 20);
            prop_assert_eq!(&whole, &pieces(text.as_bytes(), limit, chunk));
            for (_, row) in whole {
                prop_assert!(row == "oversized" || row.starts_with("a row that") || serde_json::from_str::<serde_json::Value>(&row).is_ok(), "{}", row);
            }
        }
    }
}
