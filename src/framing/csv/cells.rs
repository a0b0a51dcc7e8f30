//! The values of a table: what of them is kept, and how they stand in an object.

use super::unguarded;
use crate::decode::json::{self, Scalar, Visitor};

/// Whether a row is the line of dashes below the header of a printed table.
pub(super) fn is_rule(row: &[u8]) -> bool {
    !row.is_empty() && row.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b' '))
}

/// Whether a cell of a printed table is the beginning of a longer value: SQL's `format=txt` cuts what is wider than its column,
/// 30 characters at most, and ends it with `~` (Elasticsearch's `BasicFormatter`).
pub(super) fn is_cut(value: &[u8], width: Option<&usize>) -> bool {
    let is_start = |byte: &&u8| **byte & 0xc0 != 0x80;
    value.ends_with(b"~") && width.is_some_and(|&width| value.iter().filter(is_start).count() >= width)
}

/// A line of text in a table with tabs, whose own tabs and line ends stand as escapes. Objects have escapes of their own.
pub(super) fn without_escapes(value: &[u8]) -> Option<Vec<u8>> {
    if !value.starts_with(b"[") || memchr::memchr(b'\\', value).is_none() {
        return None;
    }
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, rest.first()) {
            (b'\\', Some(b't')) => text.push(b'\t'),
            (b'\\', Some(b'n')) => text.push(b'\n'),
            _ => {
                text.push(byte);
                continue;
            }
        }
        rest = &rest[1..];
    }
    Some(text)
}

/// Names of columns that hold the body of a security change as JSON.
const BODIES: [&[u8]; 6] = [b"put", b"delete", b"change", b"create", b"invalidate", b"activate"];

/// Texts, except for whole documents, flags, and lists of ids and indices, which Kibana joins with commas: neither may hold one.
pub(super) fn write_value(object: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let value = unguarded(value);
    let may_be_document = name == b"_source" || BODIES.contains(&name);
    let is_document = || may_be_document && json::walk(value, &mut ValidateOnly).is_ok();
    let is_flag = || name.ends_with(b".owned_by_authenticated_user") && matches!(value, b"true" | b"false");
    if is_flag() || is_document() {
        object.extend_from_slice(value);
    } else if name.ends_with(b".ids") || name == b"indices" || name.ends_with(b".indices") {
        let inside = value.strip_prefix(b"[").and_then(|value| value.strip_suffix(b"]")).unwrap_or(value);
        object.push(b'[');
        for (at, id) in inside.split(|&byte| byte == b',').enumerate() {
            if at > 0 {
                object.push(b',');
            }
            let id = id.trim_ascii();
            json::write_text(object, id.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\"")).unwrap_or(id));
        }
        object.push(b']');
    } else {
        json::write_text(object, value);
    }
}

/// Looks at nothing: the walk alone validates.
struct ValidateOnly;

impl<'a> Visitor<'a> for ValidateOnly {
    fn enter(&mut self, _: &[u8]) -> bool {
        false
    }
    fn scalar(&mut self, _: &[u8], _: Scalar<'a>) {}
}
