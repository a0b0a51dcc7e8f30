//! Bytes to chunks of whole lines, bounded in memory.
//!
//! A chunk owns the lines that *start* in its range of bytes, so that the ranges of one file can be framed by different
//! workers that know nothing of each other; every line is owned once, whatever the size of the ranges. Line numbers are
//! relative to the chunk; they become absolute when every chunk before has been counted.

mod chunk;

use std::fs::File;
use std::io::{self, Read};

pub use chunk::{Chunk, Note, hole, length};

use crate::input;
use crate::interrupt;
use crate::platform::read_at;

/// Bytes read beyond a range at first, for the end of its last line: most lines are shorter.
const SLACK: usize = 8 << 10;

/// Bytes read at least where that did not suffice.
const MORE: usize = 64 << 10;

/// Bytes of a line of a processor's caches.
const CACHE_LINE: usize = 64;

/// By how many bytes a place in a file and the block that it is read to differ in where their cache lines begin. A kernel
/// copies 512 MiB in 0.06 s where both agree, else in 0.29 s (measured on Linux 6, AMD): so much more is read instead.
fn misplaced(at: u64, block: &[u8]) -> u64 {
    at.wrapping_sub(block.as_ptr().addr() as u64) % CACHE_LINE as u64
}

/// The lines of a text: each without its `\n`, the last one also if it has none, provided it is not empty.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = match memchr::memchr(b'\n', rest) {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        Some(line)
    })
}

/// Reads the chunk of the lines that start in `range` of a file of `len` bytes.
///
/// # Errors
/// Those of reading.
pub fn read_range(
    file: &File,
    range: std::ops::Range<u64>,
    len: u64,
    max_line: usize,
    chunk: &mut Chunk,
) -> io::Result<()> {
    chunk.clear();
    // Where the block stands decides from where on is read.
    let enough = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).saturating_add(CACHE_LINE + SLACK);
    chunk.grow(enough.min(usize::try_from(len).unwrap_or(usize::MAX)))?;
    // One byte before the range tells whether a line starts with it.
    let before = range.start.saturating_sub(1);
    let from = before.saturating_sub(misplaced(before, &chunk.buffer));
    let lead = usize::try_from(before - from).unwrap_or(usize::MAX);
    let owned = usize::try_from(range.end - from).unwrap_or(usize::MAX);
    let mut filled = 0;
    let mut want = owned.saturating_add(SLACK);
    fill(file, from, len, &mut filled, want, chunk)?;
    if range.start > 0 {
        match memchr::memchr(b'\n', chunk.buffer.get(lead..filled.min(owned.saturating_sub(1))).unwrap_or_default()) {
            Some(at) => chunk.start = lead + at + 1,
            None => return Ok(()), // a line that started before goes on through the whole range
        }
    }
    // The last owned line starts before `owned` and ends at the first line end from `owned - 1` on.
    let mut searched = owned.saturating_sub(1).max(chunk.start).min(filled);
    loop {
        if let Some(at) = memchr::memchr(b'\n', &chunk.buffer[searched..filled]) {
            chunk.end = searched + at + 1;
            break;
        }
        let at_end = from + chunk.skipped + filled as u64 >= len || filled < want;
        let lines = &chunk.buffer[chunk.start..filled];
        let last = chunk.start + memchr::memrchr(b'\n', lines).map_or(0, |at| at + 1);
        chunk.skip_hole(last, &mut filled);
        searched = filled;
        if at_end || length(&chunk.buffer[last..filled]) > max_line {
            chunk.end = filled;
            break;
        }
        want = filled.saturating_add(filled.max(MORE));
        fill(file, from + chunk.skipped, len, &mut filled, want, chunk)?;
    }
    chunk.offset = Some(from + chunk.start as u64);
    cut_oversized_tail(chunk, max_line);
    Ok(())
}

/// If the last line is longer than the limit, takes it out of the chunk.
fn cut_oversized_tail(chunk: &mut Chunk, max_line: usize) {
    let bytes = &chunk.buffer[chunk.start..chunk.end];
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line_start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    if length(&text[line_start..]) > max_line {
        chunk.end = chunk.start + line_start;
        chunk.oversized_tail = true;
        chunk.skipped = 0;
    }
}

/// Fills the buffer up to `want` bytes or the end of the file as it was when it was opened.
fn fill(file: &File, from: u64, len: u64, filled: &mut usize, want: usize, chunk: &mut Chunk) -> io::Result<()> {
    let available = usize::try_from(len.saturating_sub(from)).unwrap_or(usize::MAX);
    let want = want.min(available);
    chunk.grow(want)?;
    while *filled < want {
        if interrupt::requested() {
            return Err(input::interrupted());
        }
        match read_at(file, &mut chunk.buffer[*filled..want], from + *filled as u64) {
            Ok(0) => {
                chunk.shrunk = true;
                break;
            }
            Ok(count) => *filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Cuts a stream into chunks, one after the other.
pub struct StreamChunker<'r> {
    reader: &'r mut dyn Read,
    chunk_size: usize,
    max_line: usize,
    /// The beginning of a line whose end is not read yet.
    carry: Vec<u8>,
    /// The line that is being read is too long and already counted.
    discarding: bool,
    finished: bool,
    /// There was no memory for a chunk: what is left cannot be given.
    starved: bool,
    /// Where the carry stands in the stream, if there is one.
    carry_at: u64,
    /// NUL bytes left out of the line that has begun.
    skipped: u64,
    /// Bytes read so far.
    pub bytes: u64,
}

impl<'r> StreamChunker<'r> {
    /// A chunker that gives chunks of about `chunk_size` bytes.
    pub fn new(reader: &'r mut dyn Read, chunk_size: usize, max_line: usize) -> Self {
        Self {
            reader,
            chunk_size: chunk_size.max(1),
            max_line,
            carry: Vec::new(),
            discarding: false,
            finished: false,
            starved: false,
            carry_at: 0,
            skipped: 0,
            bytes: 0,
        }
    }

    /// The same, of a stream that goes on at this byte of its content.
    #[must_use]
    pub fn starting_at(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    fn make_room(&mut self, chunk: &mut Chunk, bytes: usize) -> io::Result<()> {
        chunk.grow(bytes).inspect_err(|_| self.starved = true)
    }

    /// Fills the next chunk; `false` at the end of the stream. After an error, the next call gives what was read before
    /// it, then ends; where memory was short, it ends.
    ///
    /// # Errors
    /// Those of the stream, or that there is no memory for a chunk; once.
    pub fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.clear();
        if self.starved {
            return Ok(false);
        }
        chunk.skipped = std::mem::take(&mut self.skipped);
        let mut error = None;
        let mut filled = self.carry.len();
        // Where the first byte of the buffer stands.
        let mut start = if filled > 0 { self.carry_at } else { self.bytes };
        self.make_room(chunk, filled.max(self.chunk_size))?;
        chunk.buffer[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut searched = 0;
        // Last line end met, exclusive; and whether the chunk ends there whatever follows.
        let (mut whole, mut closed) = (0, false);
        while !(self.finished || filled >= self.chunk_size && whole > 0) {
            if filled == chunk.buffer.len() {
                self.make_room(chunk, filled.saturating_mul(2))?;
            }
            match self.reader.read(&mut chunk.buffer[filled..]) {
                Ok(0) => self.finished = true,
                Ok(count) => {
                    self.bytes += count as u64;
                    filled += count;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => {
                    self.finished = true;
                    error = Some(err);
                }
            }
            if self.discarding {
                match memchr::memchr(b'\n', &chunk.buffer[..filled]) {
                    Some(at) => {
                        chunk.buffer.copy_within(at + 1..filled, 0);
                        filled -= at + 1;
                        start += at as u64 + 1;
                        self.discarding = false;
                    }
                    None => {
                        start += filled as u64;
                        filled = 0;
                    }
                }
                searched = 0;
            }
            let fresh = &chunk.buffer[searched..filled];
            if chunk.skipped > 0 {
                // Behind a line of which bytes are left out nothing else stands in the chunk: places are counted in it.
                if let Some(at) = memchr::memchr(b'\n', fresh) {
                    whole = searched + at + 1;
                    closed = true;
                    break;
                }
            } else if let Some(at) = memchr::memrchr(b'\n', fresh) {
                whole = searched + at + 1;
            }
            chunk.skip_hole(whole, &mut filled);
            searched = filled;
            if length(&chunk.buffer[whole..filled]) > self.max_line {
                // The line that has begun is too long: count it with this chunk, skip the rest of it.
                chunk.oversized_tail = true;
                chunk.skipped = 0;
                self.discarding = true;
                filled = whole;
                break;
            }
        }
        chunk.end = if self.finished && !closed { filled } else { whole };
        self.carry.extend_from_slice(&chunk.buffer[chunk.end..filled]);
        self.carry_at = if closed { self.bytes - self.carry.len() as u64 } else { start + chunk.end as u64 };
        if chunk.end < filled && !closed {
            // They are those of the line that is carried.
            self.skipped = std::mem::take(&mut chunk.skipped);
        }
        chunk.offset = Some(start);
        if let Some(error) = error {
            // What was read is given by the next call, as the carry.
            let kept = chunk.buffer[..chunk.end].to_vec();
            self.carry = kept;
            self.carry_at = start;
            self.skipped = chunk.skipped;
            return Err(error);
        }
        Ok(!chunk.is_empty() || !self.finished)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lack_of_memory_is_told_once_and_ends_the_stream() {
        let mut text = &b"one\ntwo\n"[..];
        let mut chunker = StreamChunker::new(&mut text, isize::MAX as usize, 100);
        let mut chunk = Chunk::default();
        assert_eq!(chunker.next(&mut chunk).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert!(!chunker.next(&mut chunk).unwrap());
    }

    /// The lines, and how many were too long, by the obvious way.
    fn expected(text: &[u8], max_line: usize) -> (Vec<Vec<u8>>, usize) {
        let mut all: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        if all.last().is_some_and(|line| line.is_empty()) {
            all.pop();
        }
        let kept: Vec<Vec<u8>> = all.iter().filter(|line| length(line) <= max_line).map(|line| one_nul(line)).collect();
        let oversized = all.len() - kept.len();
        (kept, oversized)
    }

    /// A line with one NUL byte for all that it begins with.
    fn one_nul(line: &[u8]) -> Vec<u8> {
        line[hole(line).saturating_sub(1)..].to_vec()
    }

    fn take(text: &[u8], chunk: &Chunk, max_line: usize, found: &mut Vec<Vec<u8>>, oversized: &mut usize) {
        for line in lines(chunk.bytes()) {
            if length(line) > max_line { *oversized += 1 } else { found.push(one_nul(line)) }
        }
        *oversized += usize::from(chunk.oversized_tail);
        if !chunk.bytes().is_empty() {
            // Lines stand where the chunk says.
            let start = chunk.offset.unwrap() as usize;
            let end = start + chunk.bytes().len() + chunk.skipped as usize;
            let begins = |at: usize| at == 0 || text[at - 1] == b'\n';
            assert!(begins(start) && (begins(end) || end == text.len()), "{text:?}: {start}..{end}");
            let there: Vec<_> = lines(&text[start..end]).map(one_nul).collect();
            assert_eq!(there, lines(chunk.bytes()).map(one_nul).collect::<Vec<_>>());
        }
    }

    fn by_ranges(text: &[u8], size: u64, max_line: usize) -> (Vec<Vec<u8>>, usize) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file.rewind().unwrap();
        let len = text.len() as u64;
        let (mut found, mut oversized, mut chunk, mut at) = (Vec::new(), 0, Chunk::default(), 0);
        while at < len {
            let end = (at + size).min(len);
            read_range(&file, at..end, len, max_line, &mut chunk).unwrap();
            take(text, &chunk, max_line, &mut found, &mut oversized);
            at = end;
        }
        (found, oversized)
    }

    /// A reader that gives its text in pieces of changing size.
    struct Pieces<'t>(&'t [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 7 + 1;
            let count = self.1.min(buffer.len()).min(self.0.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn by_stream(text: &[u8], size: usize, max_line: usize) -> (Vec<Vec<u8>>, usize) {
        let mut reader = Pieces(text, 3);
        let mut chunker = StreamChunker::new(&mut reader, size, max_line);
        let (mut found, mut oversized, mut chunk) = (Vec::new(), 0, Chunk::default());
        while chunker.next(&mut chunk).unwrap() {
            take(text, &chunk, max_line, &mut found, &mut oversized);
        }
        assert_eq!(chunker.bytes, text.len() as u64);
        (found, oversized)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn every_line_is_met_once(text in "[ab\n]{0,60}(\0{0,50}[ab\n\0]{0,40}){0,3}", size in 1_u64..40, max_line in 1_usize..30) {
            let want = expected(text.as_bytes(), max_line);
            prop_assert_eq!(by_ranges(text.as_bytes(), size, max_line), want.clone());
            prop_assert_eq!(by_stream(text.as_bytes(), size as usize, max_line), want);
        }
    }

    #[test]
    fn lines_longer_than_the_slack() {
        let text = [b"x".repeat(SLACK * 3), b"y".repeat(10), b"z".repeat(SLACK * 5)].join(&b'\n');
        for size in [100, 5000, 1 << 20] {
            assert_eq!(by_ranges(&text, size, 1 << 20), expected(&text, 1 << 20));
            assert_eq!(by_ranges(&text, size, SLACK), expected(&text, SLACK));
        }
    }

    /// A hole may be larger than any record, and memory must not be.
    #[test]
    fn a_hole_is_skipped_whatever_its_size() {
        let text = [&b"first\n"[..], &vec![0; 5_000_000], b"second\n", &vec![0; 3_000_000], b"\nthird"].concat();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&text).unwrap();
        for size in [1_000, 1 << 20, 1 << 24] {
            let want = expected(&text, 1_000);
            assert_eq!((want.0.len(), want.1), (4, 0));
            assert_eq!(by_ranges(&text, size, 1_000), want);
            assert_eq!(by_stream(&text[..], size as usize, 1_000), want);
        }
        let mut chunk = Chunk::default();
        read_range(&file, 0..1_000, text.len() as u64, 1_000, &mut chunk).unwrap();
        assert!(chunk.bytes().starts_with(b"first\n\0") && chunk.bytes().ends_with(b"\0second\n"));
        assert!(chunk.buffer.len() < 200_000, "{}", chunk.buffer.len());
    }

    #[test]
    fn what_was_read_before_an_error_is_given() {
        struct Breaks(usize);
        impl Read for Breaks {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 1 {
                    return Err(io::Error::other("broken"));
                }
                buffer[..6].copy_from_slice(b"one\ntw");
                Ok(6)
            }
        }
        let mut reader = Breaks(0);
        let mut chunker = StreamChunker::new(&mut reader, 100, 100);
        let mut chunk = Chunk::default();
        assert!(chunker.next(&mut chunk).is_err());
        assert!(chunker.next(&mut chunk).unwrap());
        assert_eq!(chunk.bytes(), b"one\ntw");
        assert!(!chunker.next(&mut chunk).unwrap());
    }
}
