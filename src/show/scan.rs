//! Reading lines by their numbers, and printing them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use crate::decode::{Context, decode_line};
use crate::document::LogLine;
use crate::event::Record;
use crate::lines::hole;
use crate::model::Evidence;
use crate::model::text::Logged;
use crate::platform::read_at;
use crate::time::Zone;

/// Bytes shown of a line; the whole response of a search may be one.
const SHOWN: usize = 64 << 10;

/// Bytes kept of a line that is wanted raw.
const RAW: usize = 256 << 20;

/// Bytes that are passed over before a line of a plain file that only the report names: it says of about each MiB where reading can
/// begin, and the longest line that is read is as long as half of this.
const MOST_PASSED: u64 = 128 << 20;

/// Bytes that may come out of a compressed file that only the report names.
const MOST_DECOMPRESSED: u64 = 8 << 30;

/// Lines that a record written over several may have.
const RECORD_LINES: u32 = 10_000;

/// A line that could not be shown, or no longer is what it was.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) line: u64,
    pub(super) why: &'static str,
}

impl Missed {
    pub(super) fn gone(line: &Evidence) -> Self {
        Self { line: line.line, why: "no such line any more: the file has changed" }
    }
}

/// Bytes in which one can go forward.
pub(super) trait Forward: BufRead {
    /// Goes to a byte that has not been read yet.
    fn go_to(&mut self, offset: u64) -> io::Result<()>;
}

/// A plain file.
pub(super) struct Plain<'f>(BufReader<At<'f>>);

struct At<'f> {
    file: &'f File,
    at: u64,
    /// Bytes that may be read from a place on, and those that are left of them.
    most: u64,
    left: u64,
}

impl<'f> Plain<'f> {
    /// Gives at most so many bytes from the start, and from each place that is gone to.
    pub(super) fn new(file: &'f File, most: u64) -> Self {
        Self(BufReader::with_capacity(SHOWN, At { file, at: 0, most, left: most }))
    }
}

impl Read for At<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("not shown: no such line near the place that the report has for it"));
        }
        let room = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = read_at(self.file, &mut out[..room], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl BufRead for Plain<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Forward for Plain<'_> {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        let At { file, most, .. } = *self.0.get_ref();
        self.0 = BufReader::with_capacity(SHOWN, At { file, at: offset, most, left: most });
        Ok(())
    }
}

/// A stream.
pub(super) struct Skipping<'r> {
    reader: BufReader<&'r mut dyn Read>,
    at: u64,
}

impl<'r> Skipping<'r> {
    pub(super) fn new(reader: &'r mut dyn Read) -> Self {
        Self { reader: BufReader::with_capacity(SHOWN, reader), at: 0 }
    }
}

impl Read for Skipping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Skipping<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
        self.at += amount as u64;
    }
}

impl Forward for Skipping<'_> {
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        let ahead = offset.saturating_sub(self.at);
        io::copy(&mut self.take(ahead), &mut io::sink())?;
        Ok(())
    }
}

/// A line, and how many bytes of it were left out.
struct ScannedLine {
    bytes: Vec<u8>,
    left_out: u64,
}

/// The next line without its end, and of the NUL bytes of a hole before it one; `None` at the end of the input.
fn next_line(input: &mut dyn Forward, most: usize) -> io::Result<Option<ScannedLine>> {
    let mut line = ScannedLine { bytes: Vec::new(), left_out: 0 };
    let mut any = false;
    loop {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return Ok(any.then_some(line));
        }
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = &buffer[..end.unwrap_or(buffer.len())];
        let used = part.len() + usize::from(end.is_some());
        let in_hole = line.bytes.iter().all(|&byte| byte == 0);
        let hole = if in_hole { hole(part) } else { 0 };
        let part = &part[hole.saturating_sub(usize::from(line.bytes.is_empty()))..];
        let kept = part.len().min(most.saturating_sub(line.bytes.len()));
        line.bytes.extend_from_slice(&part[..kept]);
        line.left_out += (part.len() - kept) as u64;
        input.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

/// Shows the wanted lines, which are in order; gives back those that are not there. `is_lines`: a line is a record.
pub(super) fn scan(
    input: &mut dyn Forward,
    wanted: &[Evidence],
    is_lines: bool,
    printer: &mut Printer<'_, '_>,
) -> io::Result<Vec<Missed>> {
    let context = printer.context;
    let most = if printer.is_raw() { RAW } else { SHOWN };
    let mut missed = Vec::new();
    let mut next = wanted.iter().peekable();
    let mut before: VecDeque<(u64, ScannedLine)> = VecDeque::new();
    let (mut number, mut after, mut record) = (1, 0, Depth::default());
    let mut lines_of_record = 0;
    while next.peek().is_some() || after > 0 || record.is_open() {
        if let Some(place) = next.peek().filter(|_| after == 0 && !record.is_open())
            && let (Some(offset), Some(line)) = (place.offset, place.offset_line)
            && line > number
            && line <= place.line.saturating_sub(context)
        {
            input.go_to(offset)?;
            number = line;
            before.clear();
        }
        let Some(line) = next_line(input, most)? else { break };
        if next.peek().is_some_and(|place| place.line == number) {
            next.next();
            for (number, line) in before.drain(..) {
                printer.line(number, &line, false)?;
            }
            printer.line(number, &line, true)?;
            record = Depth::default();
            record.add(&line.bytes);
            lines_of_record = 1;
            if is_lines && line.left_out == 0 && !is_record(&line.bytes) {
                missed.push(Missed { line: number, why: "no longer a record: the file has changed" });
                record = Depth::default();
            }
            if is_lines {
                // A line that was cut in the middle does not go on.
                record = Depth::default();
            }
            after = context;
        } else if record.is_open() {
            printer.line(number, &line, true)?;
            record.add(&line.bytes);
            lines_of_record += 1;
            if lines_of_record >= RECORD_LINES {
                record = Depth::default();
            }
        } else if after > 0 {
            printer.line(number, &line, false)?;
            after -= 1;
        } else if context > 0 {
            if before.len() as u64 == context {
                before.pop_front();
            }
            before.push_back((number, line));
        }
        number += 1;
    }
    missed.extend(next.map(Missed::gone));
    Ok(missed)
}

/// Whether a line still is a record of a log.
fn is_record(line: &[u8]) -> bool {
    let mut known = false;
    let decoded = decode_line(&line[hole(line)..], &Context::new(Zone::UTC), &mut |_, record| {
        known |= matches!(record, Record::Audit(_) | Record::Server(_));
    });
    decoded.is_ok() && known
}

/// Excerpt deep a JSON text is in objects and lists.
#[derive(Debug, Default)]
struct Depth {
    depth: u64,
    in_text: bool,
    escaped: bool,
}

impl Depth {
    fn add(&mut self, line: &[u8]) {
        for &byte in line {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_open(&self) -> bool {
        self.depth > 0
    }
}

/// Where lines go.
pub(super) enum LineSink<'o> {
    /// Into a list.
    Lines(&'o mut Vec<LogLine>),
    /// Out, as they are.
    Raw(&'o mut dyn Write),
    /// Nowhere: whether every one of them is a record.
    Proof(&'o mut bool),
}

/// Passes on the lines of an input.
pub(super) struct Printer<'p, 'o> {
    path: Logged,
    context: u64,
    taker: &'p mut LineSink<'o>,
    /// The last line that was passed on.
    last: Option<u64>,
    /// Whether another input came before.
    any: bool,
    /// Whether the file is one that only the report names.
    is_unnamed: bool,
}

impl<'p, 'o> Printer<'p, 'o> {
    pub(super) fn new(path: &str, context: u64, taker: &'p mut LineSink<'o>, any: bool) -> Self {
        Self { path: Logged::new(path), context, taker, last: None, any, is_unnamed: false }
    }

    /// The same for a file that only the report names, which anybody may have written: of what stands around its lines only records
    /// are passed on, and what is passed over before them has an end.
    pub(super) fn unnamed(self) -> Self {
        Self { is_unnamed: true, ..self }
    }

    pub(super) fn most_passed(&self) -> u64 {
        if self.is_unnamed { MOST_PASSED } else { u64::MAX }
    }

    pub(super) fn most_decompressed(&self) -> u64 {
        if self.is_unnamed { MOST_DECOMPRESSED } else { u64::MAX }
    }

    fn is_raw(&self) -> bool {
        matches!(self.taker, LineSink::Raw(_))
    }

    fn line(&mut self, number: u64, line: &ScannedLine, wanted: bool) -> io::Result<()> {
        if self.is_unnamed && !wanted && !is_record(&line.bytes) {
            return Ok(());
        }
        let follows = self.last.is_some_and(|last| last + 1 == number);
        let after_gap = self.context > 0 && !follows && (self.any || self.last.is_some());
        self.last = Some(number);
        match self.taker {
            LineSink::Proof(fits) => {
                **fits &= is_record(&line.bytes);
                Ok(())
            }
            LineSink::Raw(out) => {
                out.write_all(&line.bytes)?;
                out.write_all(b"\n")
            }
            LineSink::Lines(list) => {
                let bytes = line.bytes.strip_suffix(b"\r").unwrap_or(&line.bytes);
                list.push(LogLine {
                    path: self.path.clone(),
                    number,
                    is_evidence: wanted,
                    after_gap,
                    text: Logged::new(&String::from_utf8_lossy(bytes)),
                    left_out: line.left_out,
                });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::build::ShownLines;
    use crate::document::formats::{Results as _, View};
    use crate::document::terminal;

    fn at(line: u64, mark: Option<(u64, u64)>) -> Evidence {
        let (offset_line, offset) = mark.unzip();
        Evidence { path: "p".to_owned(), line, offset, offset_line }
    }

    fn show(text: &str, wanted: &[Evidence], context: u64) -> (String, Vec<u64>) {
        let mut lines = Vec::new();
        let mut reader = text.as_bytes();
        let mut input = Skipping::new(&mut reader);
        let mut taker = LineSink::Lines(&mut lines);
        let missed = scan(&mut input, wanted, false, &mut Printer::new("p", context, &mut taker, false)).unwrap();
        let shown = ShownLines(lines);
        let mut out = Vec::new();
        terminal::write(&shown.document(), &View::default(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), missed.iter().map(|missed| missed.line).collect())
    }

    #[test]
    fn lines_by_number_with_context_and_offsets() {
        let text = "one\ntwo\nthree\nfour\nfive\nsix\n";
        assert_eq!(show(text, &[at(2, None)], 0), ("p:2: two\n".to_owned(), vec![]));
        let (shown, missed) = show(text, &[at(1, None), at(5, Some((4, 14))), at(9, None)], 1);
        assert_eq!(shown, "p:1: one\np-2- two\n--\np-4- four\np:5: five\np-6- six\n");
        assert_eq!(missed, [9]);
        // An offset that would skip a line of the context is not used.
        assert_eq!(show(text, &[at(4, Some((4, 14)))], 1).0, "p-3- three\np:4: four\np-5- five\n");
    }

    #[test]
    fn a_record_of_several_lines_is_shown_whole() {
        let text = "[\n {\n  \"a\": \"}\"\n },\n {}\n]\n";
        assert_eq!(show(text, &[at(2, None)], 0).0, "p:2:  {\np:3:   \"a\": \"}\"\np:4:  },\n");
    }
}
