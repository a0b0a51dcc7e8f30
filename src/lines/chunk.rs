//! A chunk of whole lines.

use std::io;

use crate::numbers::Numbers;

/// Whole lines, one after the other, the last perhaps without its line end.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The bytes that were read.
    pub(super) buffer: Vec<u8>,
    /// Which of them are the lines of this chunk.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The last line is longer than the limit: its bytes are not here.
    pub oversized_tail: bool,
    /// The file ended before the length it had when it was opened.
    pub shrunk: bool,
    /// Lines, counted from 0, that stand for something else than their bytes; in order.
    pub notes: Vec<(u32, Note)>,
    /// The lines of the input in which the lines of this chunk begin; empty where they are lines of the input.
    pub numbers: Numbers,
    /// The format of all records, where the framing decides it.
    pub format: Option<&'static str>,
    /// Where in the input its first byte stands; unknown where records are put together.
    pub offset: Option<u64>,
    /// NUL bytes at the start of its last line that are not here: see [`length`].
    pub skipped: u64,
}

/// The length of a line by which it is judged too long. A hole, as copying a log away leaves one at the start of a line, may be
/// larger than any record, which must not be lost with it: leading NUL bytes do not count, and of many one may stand for all.
#[must_use]
pub fn length(line: &[u8]) -> usize {
    line.len() - hole(line)
}

/// NUL bytes at the start.
#[must_use]
pub fn hole(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let whole = bytes.chunks(ZEROS.len()).take_while(|part| **part == ZEROS[..part.len()]).map(<[u8]>::len).sum();
    bytes[whole..].iter().take_while(|&&byte| byte == 0).count() + whole
}

/// What an empty line in a chunk stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A record longer than the limit.
    Oversized,
    /// A place where the input is not what it should be.
    Broken(&'static str),
    /// The end of an input that ends in the middle.
    FramingKind(&'static str),
}

impl Chunk {
    /// The lines.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether nothing is in it, not even a line that was too long.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end && !self.oversized_tail
    }

    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.oversized_tail = false;
        self.shrunk = false;
        self.notes.clear();
        self.numbers.clear();
        self.format = None;
        self.offset = None;
        self.skipped = 0;
    }

    /// Appends bytes of lines. Only for chunks that are put together so from the start.
    pub fn append(&mut self, bytes: &[u8]) {
        self.buffer.truncate(self.end);
        self.buffer.extend_from_slice(bytes);
        self.end = self.buffer.len();
    }

    /// Appends a line, without its end, and the end.
    pub fn append_line(&mut self, line: &[u8]) {
        let start = self.end;
        self.append(line);
        // A record cut out of another form may hold line ends between its members.
        while let Some(at) = memchr::memchr(b'\n', &self.buffer[start..]) {
            self.buffer[start + at] = b' ';
        }
        self.append(b"\n");
    }

    /// Takes the end of the last line away, if there is one.
    pub fn open_end(&mut self) {
        if self.bytes().ends_with(b"\n") {
            self.end -= 1;
        }
    }

    /// Leaves one NUL byte of those with which the line at `start` begins; `filled` is where it ends so far.
    pub(super) fn skip_hole(&mut self, start: usize, filled: &mut usize) {
        let surplus = hole(&self.buffer[start..*filled]).saturating_sub(1);
        if surplus > 0 {
            self.buffer.copy_within(start + surplus..*filled, start);
            *filled -= surplus;
            self.skipped += surplus as u64;
        }
    }

    /// Makes room for `len` bytes without clearing what a former use left (it is overwritten before it is read).
    ///
    /// # Errors
    /// There is no memory for so many.
    pub(super) fn grow(&mut self, len: usize) -> io::Result<()> {
        if self.buffer.len() < len {
            let short = || {
                format!("no memory for a block of {len} bytes: fewer --threads need less, and a smaller --chunk-size")
            };
            let reserved = self.buffer.try_reserve(len - self.buffer.len());
            reserved.map_err(|_| io::Error::new(io::ErrorKind::OutOfMemory, short()))?;
            self.buffer.resize(len, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_without_memory_is_an_error() {
        let mut chunk = Chunk::default();
        chunk.grow(8).unwrap();
        assert_eq!(chunk.grow(isize::MAX as usize).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(chunk.buffer.len(), 8);
    }
}
