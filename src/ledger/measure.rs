//! What of a file is new, and how far it is to be read.

use std::fs::File;
use std::io::{self, Read};

use super::cut::{self, CutFinder};
use super::remembered::{Hash, KeptForm, Remembered, TAIL};
use crate::error::ProblemKind;
use crate::framing::{Framing, FramingKind};
use crate::input::{self, Look, Opened, Resume, Source, Streams};
use crate::options::Options;

/// What there is to do with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Measured {
    /// Nothing of it is new.
    Nothing,
    /// It is to be read.
    Read(Extent),
    /// It is not what was read before: why, in words.
    Replaced(String),
}

/// How far a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes of its content that are read then.
    pub(super) read: u64,
    /// Whether nothing is left behind them.
    pub(super) finished: bool,
    /// Hash of the last of them.
    pub(super) tail: Option<Hash>,
    /// What reads them.
    pub(super) resume: Resume,
}

/// How the records of a file are separated, as `--input-format` names it.
pub(super) fn framing_of(head: &[u8], options: &Options) -> &'static str {
    match FramingKind::of(head, options.input_format) {
        FramingKind::Lines => "lines",
        FramingKind::Parts => "docker",
        FramingKind::Records(framing) => framing.name(),
    }
}

/// Measures a file that goes on what is remembered, if anything is. Where it is stored as in the run before, its last record is
/// taken for complete; a line that has begun only where it is left ([`Remembered::is_left`]).
///
/// # Errors
/// It cannot be opened or read, or another file has its name by now.
pub(super) fn measure(
    source: &Source,
    look: &Look,
    framing: &'static str,
    known: Option<&Remembered>,
    options: &Options,
) -> io::Result<Measured> {
    let is_whole = look.form == input::StoredForm::Whole;
    let still = known.is_some_and(|known| known.is_unchanged(look.id, look.size));
    let left = known.is_some_and(|known| known.is_left(&source.label, look.id, look.size));
    if known.is_some_and(|known| is_whole || known.finished && still) {
        return Ok(Measured::Nothing);
    }
    let resume = Resume {
        id: look.id,
        from: known.map_or(0, |known| known.read),
        to: None,
        chunk: known.map_or(0, |known| known.chunks),
        records: known.map_or(0, |known| known.records),
        ends: true,
        framing: (!is_whole).then_some(framing),
    };
    let wanted = Source { resume: Some(resume), ..source.clone() };
    if is_whole {
        return Ok(Measured::Read(Extent { read: look.size, finished: true, tail: None, resume }));
    }
    let file = Watched { known, still, left, parts: framing == "docker", max_line: options.max_line };
    match input::open(&wanted, options.limits)? {
        Opened::Ranges { file: plain, len } => file.plain(&plain, len.min(look.size), resume),
        Opened::Streams(streams) => file.compressed(streams, resume),
    }
}

struct Watched<'k> {
    known: Option<&'k Remembered>,
    /// Whether it is stored as in the run before.
    still: bool,
    /// Whether a line that has begun will not be ended.
    left: bool,
    /// Whether records may go over several lines.
    parts: bool,
    max_line: usize,
}

impl Watched<'_> {
    fn plain(&self, file: &File, size: u64, resume: Resume) -> io::Result<Measured> {
        let from = resume.from;
        if size < from {
            return Ok(Measured::Replaced(format!("it was truncated: {size} bytes, of which {from} had been read")));
        }
        if let Some(tail) = self.known.and_then(|known| known.tail)
            && tail != tail_of(file, from)?
        {
            return Ok(Measured::Replaced(REPLACED.to_owned()));
        }
        let to = if self.left { size } else { cut::in_file(file, (from, size), self.parts, self.max_line)? };
        let is_records = is_records(resume.framing);
        let ends = self.still && to == size;
        // Records may wait for what follows them even where every line is whole.
        let finished = to == size && (ends || !is_records);
        if to == from && !(ends && is_records) {
            return Ok(Measured::Nothing);
        }
        let tail = Some(tail_of(file, to)?);
        let resume = Resume { to: Some(to), ends, ..resume };
        Ok(Measured::Read(Extent { read: to, finished, tail, resume }))
    }

    /// A compressed stream has to be decompressed to know how long it is.
    fn compressed(&self, streams: Streams, resume: Resume) -> io::Result<Measured> {
        let from = resume.from;
        let mut pass = Pass { from, tail: Vec::new(), finder: CutFinder::new(self.parts, self.max_line, 0), cut: from };
        let mut error = None;
        let ended = streams.for_each(&mut |_, reader| error = pass.read(reader).err());
        let error = error.or(ended.err());
        if self.known.is_some_and(|known| known.form != KeptForm::Compressed)
            && let Some(tail) = self.known.and_then(|known| known.tail)
            && pass.finder.len() >= from
            && tail != Hash::of(&pass.tail)
        {
            return Ok(Measured::Replaced(REPLACED.to_owned()));
        }
        // One that ends early may still be being written.
        let early = error.is_some_and(|error| input::problem_kind(&error) == ProblemKind::CorruptCompression);
        let finished = self.still || !early;
        let read = if finished { pass.finder.len() } else { pass.cut };
        if read <= from && !(finished && is_records(resume.framing)) && !(self.still && early) {
            return Ok(Measured::Nothing);
        }
        let resume = Resume { to: (!finished).then_some(read), ends: finished, ..resume };
        Ok(Measured::Read(Extent { read: read.max(from), finished, tail: None, resume }))
    }
}

/// Why a file is read anew whose inode or begin is known.
const REPLACED: &str = "it was replaced: what it held where reading had ended is not there any more";

/// Whether records are found from the start only.
fn is_records(framing: Option<&str>) -> bool {
    framing.is_some_and(|name| Framing::named(name).is_some())
}

fn tail_of(file: &File, end: u64) -> io::Result<Hash> {
    let from = end.saturating_sub(TAIL);
    let mut tail = vec![0; usize::try_from(end - from).unwrap_or_default()];
    cut::exactly(file, &mut tail, from)?;
    Ok(Hash::of(&tail))
}

/// A look at all of a compressed content.
struct Pass {
    /// How much of it was read before.
    from: u64,
    /// The last bytes of that.
    tail: Vec<u8>,
    finder: CutFinder,
    /// The last place to cut behind what was read before.
    cut: u64,
}

impl Pass {
    fn read(&mut self, reader: &mut dyn Read) -> io::Result<()> {
        let mut block = vec![0; 64 << 10];
        loop {
            let read = match reader.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.take(&block[..read]);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let at = self.finder.len();
        let within = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
        self.tail.extend_from_slice(&bytes[within(self.from.saturating_sub(TAIL))..within(self.from)]);
        self.finder.feed(bytes);
        self.cut = self.finder.cut().max(self.from);
    }
}
