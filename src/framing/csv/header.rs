//! The first row of a table: whether it is one of events, and what its columns are called.

use super::unguarded;

/// Names of which a header has one: when it was.
const TIMES: [&[u8]; 5] = [b"@timestamp", b"timestamp", b"audit_utc_timestamp", b"Time", b"_source.@timestamp"];

/// Names of which a header has one: what it was, or the raw line.
const ACTIONS: [&[u8]; 9] = [
    b"event.action",
    b"event_type",
    b"elasticsearch.audit.event_type",
    b"audit_category",
    b"message",
    b"event.original",
    b"_source",
    b"_source.event.action",
    b"log.level",
];

/// Kibana's default, and what its settings offer.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// Longest header that is looked at.
pub(super) const MAX_HEADER: usize = 64 * 1024;

/// Whether the first line of a text is the header of an export. A header that does not end is none.
#[must_use]
pub(in crate::framing) fn claims(text: &[u8]) -> bool {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let rows = text.get(line.len() + 1..).unwrap_or_default();
    if is_preface(line) {
        let line = &rows[..memchr::memchr(b'\n', rows).unwrap_or(rows.len())];
        return columns(line).is_some();
    }
    match columns(line) {
        Some((_, names)) if names_events(&names) => true,
        Some((delimiter, names)) => carries_lines(delimiter, &names, rows),
        None => false,
    }
}

/// `sep=;`, by which Excel is told the delimiter, and `#TYPE …`, with which `Export-Csv` of PowerShell 5 begins.
pub(super) fn is_preface(line: &[u8]) -> bool {
    line.starts_with(b"#TYPE ")
        || matches!(line.trim_ascii().strip_prefix(b"sep="), Some([delimiter]) if DELIMITERS.contains(delimiter))
}

/// Whether a row under a header of any names holds the line of a log: then the names tell which column that is, and which ones
/// a client wrote.
fn carries_lines(delimiter: u8, names: &[Vec<u8>], rows: &[u8]) -> bool {
    let row = rows.trim_ascii_start();
    let line = &row[..memchr::memchr(b'\n', row).unwrap_or(row.len())];
    if matches!(line.first(), None | Some(b'{' | b'[')) || line.starts_with(b"\"{\\") {
        return false;
    }
    let is_row = if names.len() == 1 { line.starts_with(b"\"") } else { line.contains(&delimiter) };
    is_row && [&b"{\"\""[..], b"{\"", b"[20"].iter().any(|mark| memchr::memmem::find(line, mark).is_some())
}

/// Whether the names are those of events: when, and what.
fn names_events(names: &[Vec<u8>]) -> bool {
    let has = |known: &[&[u8]]| names.iter().any(|name| known.contains(&name.as_slice()));
    names.len() > 1 && has(&TIMES) && has(&ACTIONS)
}

/// Delimiter and names of a header line, whatever the names are.
pub(super) fn columns(line: &[u8]) -> Option<(u8, Vec<Vec<u8>>)> {
    if line.len() > MAX_HEADER {
        return None;
    }
    let split = |delimiter: u8| -> Vec<Vec<u8>> { line.split(|&byte| byte == delimiter).map(name).collect() };
    let all = DELIMITERS.map(|delimiter| (delimiter, split(delimiter)));
    if let Some((delimiter, names)) = all.iter().find(|(_, names)| names_events(names)) {
        return Some((*delimiter, names.clone()));
    }
    // The delimiter that makes the most of names is the one.
    let (delimiter, names) = all.into_iter().rev().max_by_key(|(_, names)| names.len())?;
    let fits = names.iter().all(|name| is_name(name));
    let alone = names.len() == 1 && line.starts_with(b"\"");
    (fits && (names.len() > 1 || alone)).then_some((delimiter, names))
}

/// Whether a text may be the name of a column.
fn is_name(name: &[u8]) -> bool {
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"_.@- []#()/$".contains(byte);
    (1..=64).contains(&name.len()) && name.iter().any(u8::is_ascii_alphabetic) && name.iter().all(of_name)
}

/// A name of the header: without quotes, and without the sign that keeps spreadsheets from reading `@` as a formula.
fn name(text: &[u8]) -> Vec<u8> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    unguarded(text).to_vec()
}
