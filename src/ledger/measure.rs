//! What of a file is new, and how far it is to be read.

use std::fs::File;
use std::io;

use super::cut::{self, CutFinder};
use super::proof::{self, Passing, SeenSource};
use super::remembered::{Hash, Remembered};
use crate::error::ProblemKind;
use crate::framing::{Framing, FramingKind};
use crate::input::{self, Opened, Resume, Source, Streams};
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
    seen: &SeenSource,
    framing: &'static str,
    known: Option<&Remembered>,
    options: &Options,
) -> io::Result<Measured> {
    let SeenSource { source, look } = seen;
    let is_whole = look.form == input::StoredForm::Whole;
    let still = known.is_some_and(|known| known.is_unchanged(look));
    let left = known.is_some_and(|known| known.is_left(&source.label, look));
    if still && known.is_some_and(|known| is_whole || known.finished) {
        return Ok(Measured::Nothing);
    }
    // By its begin alone nothing that lies elsewhere is taken for what was read.
    if known.is_some_and(|known| known.tail.is_none() && known.read > 0 && !known.is_in_place(&source.label, look)) {
        return Ok(Measured::Replaced(REPLACED.to_owned()));
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
    if is_whole {
        let tail = Some(seen.hash()?);
        return Ok(match known {
            None => Measured::Read(Extent { read: look.size, finished: true, tail, resume }),
            Some(known) if known.tail.is_none_or(|known| Some(known) == tail) => Measured::Nothing,
            Some(_) => Measured::Replaced("it is another archive than the one that was read".to_owned()),
        });
    }
    let wanted = Source { resume: Some(resume), ..source.clone() };
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
            && tail != cut::tail_of(file, from)?
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
        let tail = Some(cut::tail_of(file, to)?);
        let resume = Resume { to: Some(to), ends, ..resume };
        Ok(Measured::Read(Extent { read: to, finished, tail, resume }))
    }

    /// A compressed stream has to be decompressed to know how long it is.
    fn compressed(&self, streams: Streams, resume: Resume) -> io::Result<Measured> {
        let from = resume.from;
        let mut pass = Pass::new(from, CutFinder::new(self.parts, self.max_line, 0));
        let mut error = None;
        let ended = streams.for_each(&mut |_, reader| {
            let take = &mut |block: &[u8]| {
                pass.take(block);
                true
            };
            error = proof::blocks(reader, take).err();
        });
        let error = error.or(ended.err());
        let kind = error.as_ref().map(input::problem_kind);
        // How long it is nobody knows then: what was not seen of it would count as read.
        if let Some(error) = error.filter(|_| kind == Some(ProblemKind::ReadError)) {
            return Err(error);
        }
        // One that ends early may still be being written.
        let early = kind == Some(ProblemKind::CorruptCompression);
        let length = pass.finder.len();
        if length < from && (self.still || !early) {
            let said = format!("it was truncated: {length} bytes after decompression, of which {from} had been read");
            return Ok(Measured::Replaced(said));
        }
        if length >= from && self.known.and_then(|known| known.tail).is_some_and(|tail| pass.tail != Some(tail)) {
            return Ok(Measured::Replaced(REPLACED.to_owned()));
        }
        let finished = self.still || !early;
        let read = if finished { length } else { pass.cut.0 };
        if read <= from && !(finished && is_records(resume.framing)) && !(self.still && early) {
            return Ok(Measured::Nothing);
        }
        let resume = Resume { to: (!finished).then_some(read), ends: finished, ..resume };
        let read = read.max(from);
        Ok(Measured::Read(Extent { read, finished, tail: pass.tail_before(read), resume }))
    }
}

/// Why a file is read anew whose inode or begin is known.
const REPLACED: &str = "it was replaced: what it held where reading had ended is not there any more";

/// Whether records are found from the start only.
fn is_records(framing: Option<&str>) -> bool {
    framing.is_some_and(|name| Framing::named(name).is_some())
}

/// A look at all of a compressed content.
struct Pass {
    /// How much of it was read before, and the hash of the end of that.
    from: u64,
    tail: Option<Hash>,
    passing: Passing,
    finder: CutFinder,
    /// The last place to cut behind what was read before, and the hash of what stands before it.
    cut: (u64, Option<Hash>),
}

impl Pass {
    fn new(from: u64, finder: CutFinder) -> Self {
        let tail = (from == 0).then(|| Hash::of(&[]));
        Self { from, tail, passing: Passing::default(), finder, cut: (from, None) }
    }

    fn take(&mut self, bytes: &[u8]) {
        let at = self.finder.len();
        self.passing.push(bytes);
        self.finder.feed(bytes);
        let passed = |place: u64| at < place && place <= at + bytes.len() as u64;
        if passed(self.from) {
            self.tail = Some(self.passing.before(self.from));
        }
        let cut = self.finder.cut();
        if passed(cut) && cut > self.from {
            self.cut = (cut, Some(self.passing.before(cut)));
        }
    }

    /// Hash of what stands before the place to which it is read.
    fn tail_before(&self, read: u64) -> Option<Hash> {
        match read {
            read if read <= self.from => self.tail,
            read if read == self.finder.len() => Some(self.passing.before(read)),
            _ => self.cut.1,
        }
    }
}
