//! The row of a table without a header, one of whose cells is a record: `2026-03-01T12:34:56Z,es-1,"{""type"":…}"`.
//!
//! Nothing names the columns, so nothing says which of them a client wrote. A row counts only if its other cells are those of a
//! shipper: times, names, numbers of lines; whatever looks like a request makes the record a quotation.

use super::quotation::may_hold_record;
use super::{Context, Sink, TextShape, UNKNOWN, decode_line};
use crate::error::DecodeError;
use crate::event::Record;

/// Such a row.
pub struct BareCell;

/// Cells beside the record, at most.
const MAX_CELLS: usize = 6;

impl TextShape for BareCell {
    fn name(&self) -> &'static str {
        "row"
    }

    fn claims(&self, line: &[u8]) -> bool {
        split(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let Some((others, record)) = split(line) else {
            return Err(DecodeError::at(0, "not the row of a table"));
        };
        if others.len() > MAX_CELLS || !others.iter().all(|cell| is_of_shipper(cell)) {
            let quoted = may_hold_record(&record);
            sink(UNKNOWN, if quoted { Record::Quoted } else { Record::Other });
            return Ok(());
        }
        let name = self.name();
        decode_line(&record, &context.inside()?, &mut |_, record| sink(name, record))
    }
}

/// The cells beside the record, and the record; `None` where no cell begins as one.
fn split(line: &[u8]) -> Option<(Vec<&[u8]>, Vec<u8>)> {
    let at = memchr::memmem::find(line, b"\"{\"\"")?;
    let delimiter = match at.checked_sub(1) {
        Some(before) => line[before],
        None => b',',
    };
    if !matches!(delimiter, b',' | b';' | b'\t' | b'|') {
        return None;
    }
    let (record, rest) = unquote(&line[at + 1..])?;
    let after = match rest.split_first() {
        None => &[][..],
        Some((&byte, after)) if byte == delimiter => after,
        Some(_) => return None,
    };
    let cells = [&line[..at.saturating_sub(1)], after].into_iter().filter(|cells| !cells.is_empty());
    Some((cells.flat_map(|cells| cells.split(move |&byte| byte == delimiter)).collect(), record))
}

/// A text in quotes whose opening one is behind, its doubled quotes single, and what follows.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    loop {
        let at = memchr::memchr(b'"', rest)?;
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.split_first() {
            Some((b'"', after)) => {
                out.push(b'"');
                rest = after;
            }
            _ => return Some((out, rest)),
        }
    }
}

/// Whether a cell is a time, a name of a node or a stream, a level, or a number that is no status of a response.
pub(super) fn is_of_shipper(cell: &[u8]) -> bool {
    const METHODS: [&[u8]; 8] = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"PATCH", b"OPTIONS", b"CONNECT"];
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell);
    if cell.is_empty() {
        return true;
    }
    let dated = cell.len() >= 8 && cell[..4].iter().all(u8::is_ascii_digit);
    let of_time = |byte: &u8| byte.is_ascii_digit() || b"-:.,+ TZ/".contains(byte);
    if dated && cell.iter().all(of_time) {
        return true;
    }
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    cell.len() <= 64 && cell.iter().all(of_name) && cell.iter().any(u8::is_ascii_alphabetic) && !METHODS.contains(&cell)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode};

    const RECORD: &str = r#"{""type"":""audit"", ""timestamp"":""2026-03-01T12:34:56,789+0000"", ""node.id"":""n"", ""event.type"":""rest"", ""event.action"":""authentication_failed"", ""user.name"":""b,o\""b""}"#;

    #[test]
    fn rows_of_shippers_hold_records() {
        for row in [
            format!("2026-03-01T12:34:57.000Z,es-1,\"{RECORD}\""),
            format!("\"2026-03-01 12:34:57\";\"es-1\";\"{RECORD}\";\"stdout\""),
            format!("\"{RECORD}\""),
            format!("\"{RECORD}\",\"es-1\""),
        ] {
            let (format, event) = audit(&row);
            assert_eq!(format, "row");
            assert_eq!(brief(&event), "2026-03-01T12:34:56.789Z authentication_failed n b,o\"b - - -", "{row}");
        }
    }

    #[test]
    fn rows_of_requests_quote_them() {
        for row in [
            format!("2026-03-01T12:34:57.000Z,10.0.0.1,GET,/,200,\"{RECORD}\""),
            format!("10.0.0.1,\"{RECORD}\""),
            format!("2026-03-01T12:34:57.000Z,\"Mozilla/5.0 (X11)\",\"{RECORD}\""),
            format!("2026-03-01T12:34:57.000Z,404,\"{RECORD}\""),
        ] {
            assert_eq!(decode(&row), [("unknown", "quoted".to_owned())], "{row}");
        }
    }
}
