//! Logstash's `rubydebug` codec: an object over several lines, `"name" => value`, from a line that is `{` to one that is `}`.

use super::record::{Frame, Framer, Out};
use crate::decode::ruby;

/// Whether a text begins with such an object.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    let Some(inside) = text.strip_prefix(b"{") else { return false };
    let inside = inside.trim_ascii_start();
    let line = &inside[..memchr::memchr(b'\n', inside).unwrap_or(inside.len())];
    line.starts_with(b"\"") && memchr::memmem::find(line, b"\" => ").is_some()
}

/// The reader.
pub(super) struct RubyDebug {
    limit: usize,
    /// The line that is being read.
    line: Vec<u8>,
    number: u64,
    /// The object that has begun.
    object: Vec<u8>,
    start: u64,
    oversized: bool,
    /// The line is longer than the limit, and nothing of it is kept.
    too_long: bool,
}

impl RubyDebug {
    /// A reader that keeps no object longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), number: 1, object: Vec::new(), start: 1, oversized: false, too_long: false }
    }

    fn end_line(&mut self, out: &mut Out<'_>) {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        if text == b"{" && !self.object.is_empty() {
            // The object before has no end.
            self.emit(out);
        }
        if self.object.is_empty() && !self.oversized {
            self.start = self.number;
        }
        let alone = std::mem::take(&mut self.too_long) && self.object.is_empty();
        self.oversized |= alone;
        if !self.object.is_empty() || !text.trim_ascii().is_empty() {
            if self.object.len() + line.len() < self.limit {
                self.object.extend_from_slice(&line);
                self.object.push(b'\n');
            } else {
                self.oversized = true;
            }
        }
        if alone || text == b"}" || !self.object.starts_with(b"{") && !self.object.is_empty() {
            self.emit(out);
        }
        self.number += 1;
        self.line = line;
        self.line.clear();
    }

    fn emit(&mut self, out: &mut Out<'_>) {
        if self.oversized {
            out(self.start, Frame::Oversized);
        } else {
            match ruby::object(&self.object) {
                Some((json, _)) => out(self.start, Frame::Record(&json)),
                None if self.object.starts_with(b"{") => {
                    out(self.start, Frame::Broken("an object of rubydebug that cannot be read"));
                }
                None => out(self.start, Frame::Record(self.object.trim_ascii_end())),
            }
        }
        self.object.clear();
        self.oversized = false;
        self.start = self.number;
    }
}

impl Framer for RubyDebug {
    fn feed(&mut self, mut bytes: &[u8], out: &mut Out<'_>) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.keep(&bytes[..end]);
            self.end_line(out);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        if !self.line.is_empty() || self.too_long {
            self.end_line(out);
        }
        if !self.object.is_empty() || self.oversized {
            self.emit(out);
        }
    }
}

impl RubyDebug {
    fn keep(&mut self, bytes: &[u8]) {
        if self.too_long || self.line.len() + bytes.len() > self.limit {
            (self.too_long, self.oversized) = (true, self.oversized || !self.object.is_empty());
            self.line.clear();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_become_lines_in_any_portions() {
        let text = "{\n  \"a\" => \"x }\",\n \"b\" => {\n \"c\" => nil\n }\n}\n{\n \"d\" => 1\n}\n{\n \"cut\" => ";
        let read = |chunk| super::super::record::pieces(&mut RubyDebug::new(1000), text.as_bytes(), chunk);
        let found = read(1000);
        assert_eq!(found, read(1));
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 7, 10]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&found[0].1).unwrap()["b"]["c"], serde_json::Value::Null);
        assert!(found[2].1.starts_with("an object of rubydebug"));
        // A line longer than the limit is one record, wherever it is cut into portions.
        let long =
            format!("{}\n{{\n \"a\" => 1,\n \"{}\" => 2\n}}\n{{\n \"d\" => 1\n}}\n", "x".repeat(70), "y".repeat(70));
        let read = |chunk| super::super::record::pieces(&mut RubyDebug::new(50), long.as_bytes(), chunk);
        let kinds: Vec<_> = read(1000).into_iter().map(|(line, text)| (line, text == "oversized")).collect();
        assert_eq!(kinds, [(1, true), (2, true), (6, false)]);
        assert_eq!(read(1000), read(7));
        assert!(claims(text.as_bytes()) && !claims(b"{\n \"a\": 1") && !claims(b"{}"));
    }
}
