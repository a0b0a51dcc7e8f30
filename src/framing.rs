//! Inputs whose records are not simply lines, to chunks: documents and CSV become one line a record; records that a
//! container runtime cut into several lines are put together again.
//!
//! Who reads documents or CSV has to see them from their start, so they are read as a stream even where they are a plain
//! file; the chunks are decoded by all workers. Ranges of a plain container log are read by themselves.
//!
//! The ways of separating records stand in one registry, [`FRAMINGS`]: a file each, and an entry.

mod csv;
mod documents;
mod line;
mod messages;
mod parts;
mod range_handoff;
mod record;
mod requests;
mod rubydebug;

use std::fs::File;
use std::io::{self, Read};

use crate::decode::{self, partial};
use crate::input::Resume;
use crate::lines::{Chunk, Note, StreamChunker, lines};
use crate::platform::read_at;
use csv::Csv;
use documents::Documents;
use messages::Messages;
use parts::Parts;
pub use parts::{ContainerRange, read_parts};
pub use range_handoff::RangeHandoff;
pub use record::{Frame, Framer, Out};
use requests::FramedRequests;
use rubydebug::RubyDebug;

/// One way of separating records that are not lines.
struct FramingEntry {
    /// The name in `coverage.inputs[].format` and of `--input-format`.
    name: &'static str,
    /// Whether the first bytes of an input, without byte-order mark and white space, are of it.
    claims: fn(&[u8]) -> bool,
    /// A reader that holds no record longer than so many bytes.
    framer: fn(usize) -> Box<dyn Framer>,
    /// The framing decides the format of all records, whatever they hold.
    names_records: bool,
}

/// In the order in which they are asked.
static FRAMINGS: [FramingEntry; 6] = [
    FramingEntry {
        name: "rubydebug",
        claims: rubydebug::claims,
        framer: |limit| Box::new(RubyDebug::new(limit)),
        names_records: true,
    },
    FramingEntry {
        name: "containers",
        claims: documents::claims_containers,
        framer: |limit| Box::new(Documents::containers(limit)),
        names_records: false,
    },
    FramingEntry {
        name: "documents",
        claims: documents::claims,
        framer: |limit| Box::new(Documents::new(limit)),
        names_records: false,
    },
    FramingEntry { name: "csv", claims: csv::claims, framer: |limit| Box::new(Csv::new(limit)), names_records: true },
    FramingEntry {
        name: "server-log",
        claims: messages::claims,
        framer: |limit| Box::new(Messages::new(limit)),
        names_records: false,
    },
    FramingEntry {
        name: "requests",
        claims: requests::claims,
        framer: |limit| Box::new(FramedRequests::new(limit)),
        names_records: true,
    },
];

/// How the records of an input are separated, where they are not lines.
#[derive(Clone, Copy)]
pub struct Framing(&'static FramingEntry);

impl PartialEq for Framing {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Framing {}

impl std::fmt::Debug for Framing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Framing {
    /// The name in `coverage.inputs[].format`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name, where every record of an input is of that format.
    #[must_use]
    pub fn record_format(self) -> Option<&'static str> {
        self.0.names_records.then_some(self.0.name)
    }

    /// The framing that `--input-format` names; `None` also for lines.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FRAMINGS.iter().find(|entry| entry.name == name).map(Self)
    }

    /// A reader of this framing that holds no record longer than `limit` bytes.
    #[must_use]
    pub fn framer(self, limit: usize) -> Box<dyn Framer> {
        (self.0.framer)(limit)
    }

    /// Tells the framing from the first bytes of an input; `None` for lines. A few suffice, except for the headers of wide
    /// CSV exports: 64 KiB are enough for any.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        FRAMINGS.iter().find(|entry| (entry.claims)(text)).map(Self)
    }
}

/// The names that `--input-format` knows: the framings, then the shapes.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    std::iter::once("lines").chain(FRAMINGS.iter().map(|entry| entry.name)).chain(decode::shape_names())
}

/// Whether whatever writes records of a format writes nothing else: audit events as JSON, their exports, and the files in
/// which container runtimes wrap every line.
#[must_use]
pub fn is_structured(format: &str) -> bool {
    Framing::named(format).is_some() || decode::is_structured(format)
}

/// Bytes from the start of an input that tell how its records are separated.
pub const HEAD: usize = 64 << 10;

/// How an input is cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingKind {
    /// At line ends; any range of the input can be read by itself.
    Lines,
    /// At line ends, but records may go over several lines; ranges can be read by themselves, in their order.
    Parts,
    /// Otherwise.
    Records(Framing),
}

impl FramingKind {
    /// Tells from the first bytes of an input; `forced` is what `--input-format` names.
    #[must_use]
    pub fn of(head: &[u8], forced: Option<&str>) -> Self {
        let framing = match forced {
            Some("lines") => return Self::Lines,
            Some("docker" | "cri") => return Self::Parts,
            Some(name) => Framing::named(name).or_else(|| Framing::sniff(head)),
            None => Framing::sniff(head),
        };
        match framing {
            Some(framing) => Self::Records(framing),
            None if lines(head).any(|line| partial::stream(line).is_some()) => Self::Parts,
            None => Self::Lines,
        }
    }
}

/// Cuts a stream into chunks, one after the other.
pub enum Chunker<'r> {
    /// At line ends.
    Lines(StreamChunker<'r>),
    /// At line ends, parts joined.
    Parts(Box<Parts<'r>>),
    /// Into records.
    Records(Box<Records<'r>>),
}

impl<'r> Chunker<'r> {
    /// A chunker that gives chunks of about `chunk_size` bytes.
    pub fn new(cut: FramingKind, reader: &'r mut dyn Read, chunk_size: usize, max_line: usize) -> Self {
        Self::resumed(cut, reader, (chunk_size, max_line), None)
    }

    /// The same for an input that was read before: `reader` goes on where that ended, or begins at the start where records are
    /// found from there only.
    pub fn resumed(
        cut: FramingKind,
        reader: &'r mut dyn Read,
        (chunk_size, max_line): (usize, usize),
        resume: Option<&Resume>,
    ) -> Self {
        if let FramingKind::Records(framing) = cut {
            return Self::Records(Box::new(Records {
                reader,
                framer: framing.framer(max_line),
                format: framing.record_format(),
                chunk_size: chunk_size.max(1),
                portion: vec![0; chunk_size.clamp(1, HEAD)],
                finished: false,
                error: None,
                bytes: 0,
                known: resume.map_or(0, |resume| resume.records),
                ends: resume.is_none_or(|resume| resume.ends),
            }));
        }
        let lines =
            StreamChunker::new(reader, chunk_size, max_line).starting_at(resume.map_or(0, |resume| resume.from));
        if cut == FramingKind::Parts { Self::Parts(Box::new(Parts::new(lines, max_line))) } else { Self::Lines(lines) }
    }

    /// Fills the next chunk; `false` at the end of the stream. What was read before an error comes before or after it.
    ///
    /// # Errors
    /// Those of the stream, once.
    pub fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        match self {
            Self::Lines(lines) => lines.next(chunk),
            Self::Parts(parts) => parts.next(chunk),
            Self::Records(records) => records.next(chunk),
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.bytes,
            Self::Parts(parts) => parts.bytes(),
            Self::Records(records) => records.bytes,
        }
    }
}

/// Cuts a stream into records.
pub struct Records<'r> {
    reader: &'r mut dyn Read,
    framer: Box<dyn Framer>,
    format: Option<&'static str>,
    chunk_size: usize,
    portion: Vec<u8>,
    finished: bool,
    error: Option<io::Error>,
    bytes: u64,
    /// Records to come that were given before.
    known: u64,
    /// Whether the stream ends where its reader does.
    ends: bool,
}

impl Records<'_> {
    fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.clear();
        chunk.format = self.format;
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut count = 0;
        while !self.finished && chunk.bytes().len() < self.chunk_size {
            match self.reader.read(&mut self.portion) {
                Ok(0) => self.finish(chunk, &mut count),
                Ok(read) => {
                    self.bytes += read as u64;
                    let mut new = unknown(&mut self.known, into(chunk, &mut count, Note::Broken));
                    self.framer.feed(&self.portion[..read], &mut new);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What was read before it comes first.
                    self.error = Some(error);
                    self.finish(chunk, &mut count);
                }
            }
        }
        Ok(!chunk.is_empty() || !self.finished || self.error.is_some())
    }

    fn finish(&mut self, chunk: &mut Chunk, count: &mut u32) {
        self.finished = true;
        if !self.ends && self.error.is_none() {
            return;
        }
        let before = *count;
        self.framer.finish(&mut unknown(&mut self.known, into(chunk, count, Note::FramingKind)));
        let noted = chunk.notes.last().is_some_and(|(at, _)| at + 1 == *count);
        // A record that only the end of the input ended is like a line without its end.
        if *count > before && !noted {
            chunk.open_end();
        }
    }
}

/// Passes over the pieces that are known.
fn unknown<'k>(known: &'k mut u64, mut out: impl FnMut(u64, Frame<'_>) + 'k) -> impl FnMut(u64, Frame<'_>) + 'k {
    move |line, piece| match known.checked_sub(1) {
        Some(left) => *known = left,
        None => out(line, piece),
    }
}

/// Appends each piece to a chunk.
fn into<'c>(
    chunk: &'c mut Chunk,
    count: &'c mut u32,
    broken: fn(&'static str) -> Note,
) -> impl FnMut(u64, Frame<'_>) + use<'c> {
    move |line, piece| {
        let note = match piece {
            Frame::Record(record) => {
                chunk.append_line(record);
                None
            }
            Frame::Oversized => Some(Note::Oversized),
            Frame::Broken(message) => Some(broken(message)),
        };
        if let Some(note) = note {
            chunk.append_line(b"");
            chunk.notes.push((*count, note));
        }
        chunk.numbers.push(line);
        *count += 1;
    }
}

/// A file from its start to the length that it had when it was opened.
pub struct WholeFile<'f> {
    /// The file.
    pub file: &'f File,
    /// Where the next read begins.
    pub at: u64,
    /// Its length when it was opened.
    pub len: u64,
}

impl Read for WholeFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        let want = buffer.len().min(left);
        let read = read_at(self.file, &mut buffer[..want], self.at)?;
        if read == 0 && want > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
        }
        self.at += read as u64;
        Ok(read)
    }
}

/// Of a stream what of it is to be read.
pub struct WantedBytes<'r> {
    reader: &'r mut dyn Read,
    /// Bytes to pass over.
    skip: u64,
    /// Bytes to give then.
    left: u64,
}

impl<'r> WantedBytes<'r> {
    /// What of a stream that is cut so is new; all of it where nothing was read before.
    pub fn of(reader: &'r mut dyn Read, cut: FramingKind, resume: Option<&Resume>) -> Self {
        let to = resume.and_then(|resume| resume.to).unwrap_or(u64::MAX);
        let from_start = matches!(cut, FramingKind::Records(_));
        let skip = resume.filter(|_| !from_start).map_or(0, |resume| resume.from);
        Self { reader, skip, left: to.saturating_sub(skip) }
    }
}

impl Read for WantedBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut passed = [0; 16 << 10];
        while self.skip > 0 {
            let most = usize::try_from(self.skip).unwrap_or(usize::MAX).min(passed.len());
            match self.reader.read(&mut passed[..most])? {
                0 => return Ok(0),
                read => self.skip -= read as u64,
            }
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// A stream whose first bytes have been looked at.
pub struct Peeked<'r> {
    head: Vec<u8>,
    given: usize,
    error: Option<io::Error>,
    reader: &'r mut dyn Read,
}

impl<'r> Peeked<'r> {
    /// Reads the first bytes.
    pub fn new(reader: &'r mut dyn Read) -> Self {
        let mut head = vec![0; HEAD];
        let (mut filled, mut error) = (0, None);
        while filled < head.len() && error.is_none() {
            match reader.read(&mut head[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => error = Some(err),
            }
        }
        head.truncate(filled);
        Self { head, given: 0, error, reader }
    }

    /// The first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.head[self.given..];
        if rest.is_empty() {
            return match self.error.take() {
                Some(error) => Err(error),
                None => self.reader.read(buffer),
            };
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framings_are_told_from_their_first_bytes() {
        for (text, framing) in [
            ("", None),
            ("{\"type\":\"audit\", \"a\":{\"took\":1}}\n{\"took\":1}", None),
            ("{\"type\":\"audit\", \"user.name\":\"cut\n{\"type\":\"audit\"}\n", None),
            ("{\"type\":\"audit\",\n{\"type\":\"audit\"}\n", None),
            ("{\"_index\":\"x\",\"_source\":{\"hits\":1}}\n", None),
            ("[2018-06-19T05:16:15,549] [rest] [x]", None),
            ("[2026-03-01T12:34:56,789][WARN ][o.e.x.X] [n] x\n", Some("server-log")),
            ("plain, text\n", None),
            ("\u{feff}{\n  \"@timestamp\": 1\n}", Some("documents")),
            ("{\"took\":3,\"hits\":{\"hits\":[", Some("documents")),
            ("  {\"_scroll_id\":\"x\"", Some("documents")),
            ("[{\"a\":1},", Some("documents")),
            ("[\n  {\n", Some("documents")),
            ("\"@timestamp\",\"event.action\",\"user.name\"\n", Some("csv")),
            ("'@timestamp;event.action;user.name\r\n", Some("csv")),
        ] {
            assert_eq!(Framing::sniff(text.as_bytes()).map(Framing::name), framing, "{text}");
        }
    }
}
