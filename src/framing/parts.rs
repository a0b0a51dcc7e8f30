//! Puts the records together that a container runtime cut into several lines.
//!
//! The record stands where its first part stood, and empty lines stand for the others, so that every line keeps its
//! number. What follows a first part waits until the last part is met. A record whose parts lie further apart than the
//! longest line allows is too long, whatever lies between.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;

use super::{RangeHandoff, WholeFile};
use crate::decode::partial::{self, PartialLine, Stream, StreamChange};
use crate::lines::{Chunk, Note, StreamChunker, lines, read_range};

/// Cuts a stream into chunks of lines in which every record is one line.
pub struct Parts<'r> {
    lines: StreamChunker<'r>,
    raw: Chunk,
    joiner: Joiner,
    finished: bool,
}

impl<'r> Parts<'r> {
    /// Joins the lines of another chunker.
    pub fn new(lines: StreamChunker<'r>, max_line: usize) -> Self {
        Self { lines, raw: Chunk::default(), joiner: Joiner::new(max_line), finished: false }
    }

    /// See [`super::Chunker::next`].
    ///
    /// # Errors
    /// Those of the stream, once.
    pub fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.clear();
        // The first chunk begins with the first record, however many parts that has.
        while chunk.is_empty() {
            if self.finished {
                return Ok(false);
            }
            if !self.lines.next(&mut self.raw)? {
                self.finished = true;
                self.joiner.finish(chunk);
                continue;
            }
            if self.joiner.is_idle() && !lines(self.raw.bytes()).any(partial::continues) {
                // Most chunks are whole: no copy.
                std::mem::swap(chunk, &mut self.raw);
                // Of other chunks it is not known, and what is known must not depend on the size of chunks.
                chunk.offset = None;
                return Ok(true);
            }
            self.joiner.lines(&self.raw, chunk);
        }
        Ok(true)
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.bytes
    }
}

/// A range of a file, by its number among the ranges of that file.
#[derive(Debug, Clone)]
pub struct ContainerRange<'f> {
    /// The file.
    pub file: &'f File,
    /// Its length when it was opened.
    pub len: u64,
    /// Number of the range; every range before is read, too.
    pub number: u32,
    /// Its bytes.
    pub bytes: Range<u64>,
}

/// Reads the chunk of the records that start in a range, `raw` is for its lines.
///
/// # Errors
/// Those of reading the range.
pub fn read_parts(
    place: ContainerRange<'_>,
    range_handoff: &RangeHandoff,
    max_line: usize,
    raw: &mut Chunk,
    chunk: &mut Chunk,
) -> io::Result<()> {
    chunk.clear();
    let ContainerRange { file, len, number, bytes } = place;
    let read = read_range(file, bytes, len, max_line, raw);
    let mut change = StreamChange::default();
    if read.is_ok() {
        let short = lines(raw.bytes()).filter(|line| line.len() <= max_line);
        short.filter_map(partial::part).for_each(|part| change.add(part));
    }
    let open = range_handoff.pass(number, change);
    read?;
    if !change.parts && !change.meets(open) {
        std::mem::swap(chunk, raw);
        chunk.offset = None;
        return Ok(());
    }
    let mut joiner = Joiner::new(max_line);
    joiner.open.extend(open.iter().map(|stream| OpenRecord { stream, parts: Vec::new(), line: None, span: 0 }));
    joiner.lines(raw, chunk);
    if joiner.is_waiting() {
        let at = raw.offset.map_or(len, |offset| offset + raw.bytes().len() as u64 + raw.skipped);
        joiner.look_ahead(&mut WholeFile { file, at, len }, chunk);
    }
    chunk.shrunk = raw.shrunk;
    Ok(())
}

/// Bytes that are read at a time where parts are missing: docker and the others cut at 16 KiB.
const AHEAD: usize = 32 << 10;

/// The lines of a chunk, whether each has its end, and how many bytes at its start are left out.
fn physical(raw: &Chunk) -> impl Iterator<Item = (&[u8], bool, usize)> {
    let mut rest = raw.bytes();
    std::iter::from_fn(move || {
        let line = lines(rest).next()?;
        let has_end = line.len() < rest.len();
        rest = &rest[line.len() + usize::from(has_end)..];
        let hole = if rest.is_empty() { usize::try_from(raw.skipped).unwrap_or(usize::MAX) } else { 0 };
        Some((line, has_end, hole))
    })
}

/// A line that waits.
enum Held {
    Line(Vec<u8>),
    Oversized,
    /// A record that is not complete.
    Open,
}

/// A record of which parts are missing.
struct OpenRecord {
    stream: Stream,
    parts: Vec<Vec<u8>>,
    /// Number of the line of the first part; `None` once the record is too long, and where it began before the range.
    line: Option<u64>,
    /// Bytes from the first part on.
    span: usize,
}

/// Puts lines together, one after the other.
pub(super) struct Joiner {
    max_line: usize,
    held: VecDeque<Held>,
    /// Number of the first line held.
    first_held: u64,
    open: Vec<OpenRecord>,
    /// Lines in the chunk.
    written: u32,
    ended: bool,
}

impl Joiner {
    /// A joiner of records of `max_line` bytes at most.
    pub(super) fn new(max_line: usize) -> Self {
        Self { max_line, held: VecDeque::new(), first_held: 0, open: Vec::new(), written: 0, ended: true }
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty() && self.held.is_empty()
    }

    /// Whether a record waits for its parts.
    fn is_waiting(&self) -> bool {
        self.open.iter().any(|open| open.line.is_some())
    }

    fn lines(&mut self, raw: &Chunk, chunk: &mut Chunk) {
        for (line, has_end, hole) in physical(raw) {
            self.pass(hole);
            self.line(line, has_end, chunk);
        }
        if raw.oversized_tail {
            self.oversized(chunk);
        }
    }

    /// Takes a line, and gives what need not wait.
    pub(super) fn line(&mut self, line: &[u8], has_end: bool, chunk: &mut Chunk) {
        self.pass(line.len() + 1);
        let part = partial::part(line).filter(|_| line.len() <= self.max_line);
        if part.is_some_and(|part| self.goes_on(part, line)) {
            return self.put(Held::Line(Vec::new()), true, chunk);
        }
        let Some(part) = part.filter(|part| part.continues) else {
            return self.put_line(line, has_end, chunk);
        };
        self.open.push(OpenRecord {
            stream: part.stream,
            parts: vec![line.to_vec()],
            line: Some(self.first_held + self.held.len() as u64),
            span: line.len(),
        });
        self.put(Held::Open, true, chunk);
    }

    /// Takes a line if it is a part of an open record.
    fn goes_on(&mut self, part: PartialLine, line: &[u8]) -> bool {
        let Some(at) = self.open.iter().position(|open| open.stream == part.stream) else { return false };
        if self.open[at].line.is_some() {
            self.open[at].parts.push(line.to_vec());
        }
        if !part.continues {
            self.close(at);
        }
        true
    }

    /// Takes the missing parts out of what follows the lines, which are somebody else's.
    fn look_ahead(&mut self, rest: &mut WholeFile<'_>, chunk: &mut Chunk) {
        let max_line = self.max_line;
        let (mut following, mut raw) = (StreamChunker::new(rest, AHEAD, max_line), Chunk::default());
        // Who reads those lines as their own tells of errors.
        while self.is_waiting()
            && let Ok(true) = following.next(&mut raw)
        {
            for (line, _, hole) in physical(&raw) {
                self.pass(hole.saturating_add(line.len() + 1));
                if let Some(part) = partial::part(line).filter(|_| line.len() <= max_line) {
                    self.goes_on(part, line);
                }
                if !self.is_waiting() {
                    break;
                }
            }
            if raw.oversized_tail {
                self.pass(max_line + 1);
            }
        }
        self.finish(chunk);
    }

    /// Takes a line that is too long.
    pub(super) fn oversized(&mut self, chunk: &mut Chunk) {
        self.pass(self.max_line + 1);
        self.put(Held::Oversized, true, chunk);
    }

    /// Lets bytes pass by the open records, some of which become too long.
    fn pass(&mut self, bytes: usize) {
        for open in &mut self.open {
            open.span = open.span.saturating_add(bytes);
            if open.span > self.max_line
                && let Some(line) = open.line.take()
            {
                open.parts = Vec::new();
                set(&mut self.held, self.first_held, line, Held::Oversized);
            }
        }
    }

    /// Gives up waiting for more parts of a record.
    fn close(&mut self, at: usize) {
        let open = self.open.remove(at);
        if let Some(line) = open.line {
            let parts: Vec<&[u8]> = open.parts.iter().map(Vec::as_slice).collect();
            let record = partial::join(&parts).unwrap_or_default();
            set(&mut self.held, self.first_held, line, Held::Line(record));
        }
    }

    /// Most lines need not wait, and then need no copy of their own.
    fn put_line(&mut self, line: &[u8], has_end: bool, chunk: &mut Chunk) {
        if !self.held.is_empty() {
            return self.put(Held::Line(line.to_vec()), has_end, chunk);
        }
        if chunk.is_empty() {
            self.written = 0;
        }
        self.ended = has_end;
        chunk.append_line(line);
        self.first_held += 1;
        self.written += 1;
        if !has_end {
            chunk.open_end();
        }
    }

    fn put(&mut self, held: Held, has_end: bool, chunk: &mut Chunk) {
        self.held.push_back(held);
        self.ended = has_end;
        self.flush(chunk);
    }

    /// Writes the lines that need not wait.
    fn flush(&mut self, chunk: &mut Chunk) {
        if chunk.is_empty() {
            self.written = 0;
        }
        while let Some(first) = self.held.front() {
            match first {
                Held::Open => return,
                Held::Line(line) => chunk.append_line(line),
                Held::Oversized => {
                    chunk.append_line(b"");
                    chunk.notes.push((self.written, Note::Oversized));
                }
            }
            self.held.pop_front();
            self.first_held += 1;
            self.written += 1;
        }
        if !self.ended {
            chunk.open_end();
        }
    }

    /// Says that the input ended.
    pub(super) fn finish(&mut self, chunk: &mut Chunk) {
        while !self.open.is_empty() {
            self.close(0);
        }
        self.flush(chunk);
    }
}

fn set(held: &mut VecDeque<Held>, first: u64, line: u64, with: Held) {
    let slot = usize::try_from(line - first).ok().and_then(|at| held.get_mut(at));
    if let Some(slot) = slot {
        *slot = with;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::lines::length;

    /// The lines of a chunk, `!` for those too long.
    fn shown(chunk: &Chunk, max_line: usize) -> Vec<String> {
        // Of a hole any part may be left out.
        let shown = |line: &[u8]| match length(line) {
            length if length > max_line => "!".to_owned(),
            _ => String::from_utf8_lossy(&line[line.len() - length(line)..]).into_owned(),
        };
        let mut found: Vec<String> = lines(chunk.bytes()).map(shown).collect();
        for (at, _) in &chunk.notes {
            assert_eq!(found[*at as usize], "");
            found[*at as usize] = "!".to_owned();
        }
        found.extend(chunk.oversized_tail.then(|| "!".to_owned()));
        found
    }

    /// The lines of all chunks.
    fn joined(text: &str, chunk_size: usize, max_line: usize) -> Vec<String> {
        let mut reader = text.as_bytes();
        let mut parts = Parts::new(StreamChunker::new(&mut reader, chunk_size, max_line), max_line);
        let (mut chunk, mut found) = (Chunk::default(), Vec::new());
        while parts.next(&mut chunk).unwrap() {
            found.extend(shown(&chunk, max_line));
        }
        assert_eq!(parts.bytes(), text.len() as u64);
        found
    }

    /// The same by ranges, which several threads take one after the other.
    fn by_ranges(text: &str, size: u64, max_line: usize, threads: usize) -> Vec<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let len = text.len() as u64;
        let (range_handoff, next, found) = (RangeHandoff::default(), AtomicU32::new(0), Mutex::new(BTreeMap::new()));
        let work = || {
            let (mut raw, mut chunk) = (Chunk::default(), Chunk::default());
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let start = u64::from(number) * size;
                if start >= len {
                    return;
                }
                let place = ContainerRange { file: &file, len, number, bytes: start..(start + size).min(len) };
                read_parts(place, &range_handoff, max_line, &mut raw, &mut chunk).unwrap();
                found.lock().unwrap().insert(number, shown(&chunk, max_line));
            }
        };
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        found.into_inner().unwrap().into_values().flatten().collect()
    }

    fn cri(parts: &[&str]) -> String {
        parts.iter().map(|part| format!("2026-03-01T12:34:56.789Z std{part}\n")).collect()
    }

    #[test]
    fn a_record_stands_where_it_began_and_every_line_keeps_its_number() {
        let text = cri(&["out F one", "out P two ", "err P x", "out P and ", "out F half", "err F y", "out F three"]);
        let head = "2026-03-01T12:34:56.789Z std";
        let expected = [
            "out F one".to_owned(),
            "out F two and half".into(),
            "err F xy".into(),
            "".into(),
            "".into(),
            "".into(),
            "out F three".into(),
        ]
        .map(|line| if line.is_empty() { line } else { format!("{head}{line}") });
        for chunk_size in [1, 50, 100, 1 << 20] {
            assert_eq!(joined(&text, chunk_size, 1000), expected, "{chunk_size}");
            assert_eq!(by_ranges(&text, chunk_size as u64, 1000, 2), expected, "{chunk_size}");
        }
    }

    #[test]
    fn records_too_long_are_said_at_their_beginning_and_passed_over() {
        let long = ["out P aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; 4];
        let text = cri(&[&long[..], &["out F end", "out F next"]].concat());
        for chunk_size in [1, 100, 1 << 20] {
            let found = joined(&text, chunk_size, 150);
            assert_eq!(found[..5], ["!", "", "", "", ""], "{chunk_size}");
            assert!(found[5].ends_with("next"));
        }
    }

    #[test]
    fn what_never_ends_is_given_at_the_end() {
        let text = cri(&["out P begun", "err F x"]);
        let found = joined(text.trim_end(), 1000, 1000);
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with("out P begun"), "{found:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn chunks_do_not_show(parts in prop::collection::vec(prop::sample::select(vec![
            "2026-03-01T12:34:56.789Z stdout P a", "2026-03-01T12:34:56.789Z stdout F b",
            "2026-03-01T12:34:56.789Z stderr P c", "2026-03-01T12:34:56.789Z stderr F dddddddddddddddddddddddddddd",
            r#"{"log":"e","stream":"stdout","time":"t"}"#, r#"{"log":"f\n","stream":"stdout","time":"t"}"#,
            r#"{"log":"g","stream":"x","time":"t"}"#, r#"{"log":"h","stream":"stderr","time":"t"}"#,
            "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0 behind a hole",
            "", "other", "oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooong",
        ]), 0..30), chunk_size in 1_usize..300, max_line in 1_usize..200, ended in any::<bool>(), threads in 1_usize..4) {
            let mut text = parts.join("\n");
            if ended && !text.is_empty() {
                text.push('\n');
            }
            let whole = joined(&text, 1 << 20, max_line);
            prop_assert_eq!(&whole, &joined(&text, chunk_size, max_line));
            prop_assert_eq!(&whole, &by_ranges(&text, chunk_size as u64, max_line, threads), "{}", text);
            prop_assert_eq!(whole.len(), lines(text.as_bytes()).count());
        }
    }
}
