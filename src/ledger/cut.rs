//! Where what is read today ends: behind the last whole line, and, where a container runtime cuts records into lines, where no
//! record is open. What is behind is read by the next run.

use std::fs::File;
use std::io;

use super::remembered::{Hash, TAIL};
use crate::decode::partial::{self, OpenStreams, StreamChange};
use crate::platform;

/// Bytes read at a time.
pub(super) const BLOCK: usize = 64 << 10;

/// Looks for the last place to cut in bytes that pass.
pub(super) struct CutFinder {
    /// Whether records may go over several lines.
    parts: bool,
    /// No record is longer: what is open for so long is none.
    max_line: u64,
    /// Where the next byte stands.
    at: u64,
    cut: u64,
    open: OpenStreams,
    /// The line that has begun, as far as it fits into a record.
    line: Vec<u8>,
}

impl CutFinder {
    /// From a place on where a line begins.
    pub(super) fn new(parts: bool, max_line: usize, from: u64) -> Self {
        Self { parts, max_line: max_line as u64, at: from, cut: from, open: OpenStreams::default(), line: Vec::new() }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.parts {
            let mut rest = bytes;
            while let Some(end) = memchr::memchr(b'\n', rest) {
                self.keep(&rest[..end]);
                self.at += end as u64 + 1;
                self.end_line();
                rest = &rest[end + 1..];
            }
            self.keep(rest);
            self.at += rest.len() as u64;
            return;
        }
        if let Some(end) = memchr::memrchr(b'\n', bytes) {
            self.cut = self.at + end as u64 + 1;
        }
        self.at += bytes.len() as u64;
    }

    fn keep(&mut self, bytes: &[u8]) {
        if (self.line.len() + bytes.len()) as u64 <= self.max_line {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self) {
        let mut change = StreamChange::default();
        if let Some(part) = partial::part(&self.line) {
            change.add(part);
        }
        self.line.clear();
        self.open = change.after(self.open);
        if self.open.iter().next().is_none() || self.at - self.cut > self.max_line {
            self.cut = self.at;
        }
    }

    /// Where to cut.
    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    /// How many bytes passed, from the start of the content.
    pub(super) fn len(&self) -> u64 {
        self.at
    }
}

/// Fills a buffer from a place of a file.
///
/// # Errors
/// Those of reading, and that the file ends before.
pub(super) fn exactly(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match platform::read_at(file, &mut buffer[filled..], at + filled as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Hash of the last bytes of a plain file before a place.
///
/// # Errors
/// As [`exactly`].
pub(super) fn tail_of(file: &File, end: u64) -> io::Result<Hash> {
    let from = end.saturating_sub(TAIL);
    let mut tail = vec![0; usize::try_from(end - from).unwrap_or_default()];
    exactly(file, &mut tail, from)?;
    Ok(Hash::of(&tail))
}

/// The last place to cut in a plain file from `from` to `end`.
///
/// # Errors
/// Those of reading.
pub(super) fn in_file(file: &File, (from, end): (u64, u64), parts: bool, max_line: usize) -> io::Result<u64> {
    let mut block = vec![0; BLOCK];
    if parts {
        let mut finder = CutFinder::new(true, max_line, from);
        while finder.len() < end {
            let most = usize::try_from(end - finder.len()).unwrap_or(usize::MAX).min(BLOCK);
            match platform::read_at(file, &mut block[..most], finder.len()) {
                Ok(0) => break,
                Ok(read) => finder.feed(&block[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(finder.cut());
    }
    // From the end: the last line is short, and what is before it is read later.
    let mut until = end;
    while until > from {
        let start = until.saturating_sub(BLOCK as u64).max(from);
        let length = usize::try_from(until - start).unwrap_or(BLOCK);
        exactly(file, &mut block[..length], start)?;
        if let Some(at) = memchr::memrchr(b'\n', &block[..length]) {
            return Ok(start + at as u64 + 1);
        }
        until = start;
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn cut(text: &str, from: u64, parts: bool) -> u64 {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let cut = in_file(&file, (from, text.len() as u64), parts, 1000).unwrap();
        for size in [1, 3, 1000] {
            let mut finder = CutFinder::new(parts, 1000, from);
            text.as_bytes()[from as usize..].chunks(size).for_each(|bytes| finder.feed(bytes));
            assert_eq!((finder.cut(), finder.len()), (cut, text.len() as u64), "{text:?}");
        }
        cut
    }

    #[test]
    fn a_line_that_has_begun_is_left() {
        assert_eq!(cut("one\ntwo\nthr", 0, false), 8);
        assert_eq!(cut("one\ntwo\nthr", 8, false), 8);
        assert_eq!(cut("one", 0, false), 0);
        assert_eq!(cut("one\n", 4, false), 4);
        let long = format!("a\n{}", "x".repeat(3 * BLOCK));
        assert_eq!(cut(&long, 0, false), 2);
    }

    #[test]
    fn a_record_that_has_begun_is_left() {
        let line = |tag: &str| format!("2026-03-01T12:34:56.789Z stdout {tag} x\n");
        let whole = line("F");
        assert_eq!(cut(&whole.repeat(2), 0, true), 2 * whole.len() as u64);
        assert_eq!(cut(&[whole.clone(), line("P"), line("P")].concat(), 0, true), whole.len() as u64);
        let closed = [whole, line("P"), line("F")].concat();
        assert_eq!(cut(&closed, 0, true), closed.len() as u64);
        // No record is so long.
        let endless = line("P").repeat(100);
        assert!(cut(&endless, 0, true) > 1000);
    }
}
