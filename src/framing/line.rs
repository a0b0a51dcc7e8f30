//! Lines out of the pieces in which bytes come, for the readers that look at whole lines.

use crate::decode::json;

/// A line in the making.
pub(super) struct LineSoFar {
    limit: usize,
    /// The line, or as much of it as fits.
    pub(super) bytes: Vec<u8>,
    /// It is longer than the limit.
    pub(super) oversized: bool,
    /// Its number, from 1.
    pub(super) number: u64,
}

impl LineSoFar {
    /// The first line, of `limit` bytes at most.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), oversized: false, number: 1 }
    }

    /// Takes bytes up to the end of the line: gives what is behind it, or `None` where it does not end among these.
    pub(super) fn take<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let end = memchr::memchr(b'\n', bytes);
        let text = &bytes[..end.unwrap_or(bytes.len())];
        if self.bytes.len() + text.len() > self.limit {
            self.oversized = true;
        } else {
            self.bytes.extend_from_slice(text);
        }
        end.map(|end| &bytes[end + 1..])
    }

    /// Whether anything of it has come.
    pub(super) fn has_begun(&self) -> bool {
        !self.bytes.is_empty() || self.oversized
    }

    /// Goes on to the next line.
    pub(super) fn next(&mut self) {
        self.bytes.clear();
        self.oversized = false;
        self.number += 1;
    }
}

/// Makes of a line what a client wrote: an object whose one member the decoders know as a client's.
pub(super) fn quote(object: &mut Vec<u8>, line: &[u8]) {
    object.clear();
    object.extend_from_slice(b"{\"request_body\":");
    json::write_text(object, line);
    object.push(b'}');
}
