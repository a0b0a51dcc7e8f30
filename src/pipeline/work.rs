//! Who reads what: workers take what there is to do from the queue. Who decompresses hands chunks to workers that have nothing to
//! decompress, and folds them itself when those do not keep up, so that one gzip file keeps two cores busy and eight keep eight.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::queue::{Parcel, Queue, RangeJob, Ranges, Task};
use crate::copies::Copies;
use crate::error::ProblemKind;
use crate::framing::{
    Chunker, ContainerRange, FramingKind, HEAD, Peeked, RangeHandoff, WantedBytes, WholeFile, read_parts,
};
use crate::input::{self, Opened, Resume, Source, StreamInfo, Streams, UntilSignal};
use crate::interrupt;
use crate::lines::{Chunk, read_range};
use crate::manifest;
use crate::options::Options;
use crate::spill::{self, Segments};
use crate::state::{InputRef, State, StateBuilder};

/// What the bytes of a stream are to the progress.
#[derive(Debug, Clone, Copy)]
enum CountedBytes {
    /// As many as are stored.
    Stored,
    /// What came out of the stored ones.
    Decompressed,
}

/// What workers do with the chunks of inputs.
pub(super) trait TakesChunks {
    /// Notes bytes of an input, which may have no chunk.
    fn bytes(&mut self, input: InputRef<'_>, bytes: u64);
    /// Takes a chunk.
    fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk);
    /// Notes a problem of an input as a whole.
    fn problem(&mut self, input: InputRef<'_>, kind: ProblemKind, message: String);
}

/// Folds chunks, and writes states away that have grown too large.
pub(super) struct Folding<'q> {
    queue: &'q Queue,
    options: &'q Options,
    folder: StateBuilder,
    /// What is known to be a copy.
    copies: Option<Arc<Copies>>,
    /// Whether the state is to be merged with others.
    for_part: bool,
    /// Beyond so many bytes the folder's state is written away.
    share: u64,
    /// States that were written away.
    written: Segments,
    /// States that could not be written away.
    too_full: Vec<State>,
}

impl<'q> Folding<'q> {
    /// `for_part`: see `RunContext`. Beyond `share` bytes a state is written away.
    pub(super) fn new(
        queue: &'q Queue,
        options: &'q Options,
        (for_part, share): (bool, u64),
        copies: Option<Arc<Copies>>,
    ) -> Self {
        let folder = StateBuilder::new(options, queue.threads).without(copies.clone());
        Self { queue, options, folder, copies, for_part, share, written: Segments::default(), too_full: Vec::new() }
    }

    /// The states that are in memory.
    pub(super) fn finish(mut self) -> Vec<State> {
        self.queue.written(self.written);
        self.too_full.push(self.folder.into_state());
        self.too_full
    }

    /// Writes the state away if it has grown too large. Where that fails, it stays in memory: better too much of it than
    /// an answer that lacks something.
    fn make_room(&mut self) {
        if self.folder.weight() <= self.share {
            return;
        }
        let fresh = StateBuilder::new(self.options, self.queue.threads).without(self.copies.clone());
        let full = std::mem::replace(&mut self.folder, fresh).into_state();
        if let Err(error) = self.written.write(&full) {
            self.queue.cannot_spill(spill::problem(&error));
            self.share = u64::MAX;
            self.too_full.push(full);
        }
    }
}

impl TakesChunks for Folding<'_> {
    fn bytes(&mut self, input: InputRef<'_>, bytes: u64) {
        self.folder.input(input).bytes += bytes;
    }

    fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        self.folder.chunk(InputRef { only: input.only && !self.for_part, ..input }, chunk);
        self.make_room();
    }

    fn problem(&mut self, input: InputRef<'_>, kind: ProblemKind, message: String) {
        self.folder.input_problem(input, kind, message);
    }
}

/// Reads what there is to read, and gives it to whatever takes it.
pub(super) struct Worker<'q, T> {
    queue: &'q Queue,
    options: &'q Options,
    taker: T,
}

impl<'q, T: TakesChunks> Worker<'q, T> {
    pub(super) fn new(queue: &'q Queue, options: &'q Options, taker: T) -> Self {
        Self { queue, options, taker }
    }

    /// Works until there is nothing to do, and gives the taker back.
    pub(super) fn run(mut self) -> T {
        let (mut chunk, mut raw) = (Chunk::default(), Chunk::default());
        while let Some(task) = self.queue.next() {
            match task {
                Task::Fold(parcel) => self.fold(parcel),
                Task::Range(ranges, at) => self.range(&ranges, at, &mut raw, &mut chunk),
                Task::Leave(ranges, at) => self.leave(plain(&ranges.label, ranges.first.saturating_add(at))),
                Task::Open(source) => {
                    self.open(&source);
                    self.queue.done_producing();
                }
            }
        }
        self.taker
    }

    /// Notes that the rest of an input was not read.
    fn leave(&mut self, input: InputRef<'_>) {
        self.taker.problem(input, ProblemKind::Interrupted, input::INTERRUPTED.to_owned());
    }

    /// Notes that there is nothing in an input.
    fn empty(&mut self, input: InputRef<'_>) {
        self.taker.problem(input, ProblemKind::Empty, "empty: not a byte in it".to_owned());
    }

    fn open(&mut self, source: &Source) {
        if interrupt::requested() {
            let label = self.queue.unique_label(&source.label);
            return self.leave(plain(&label, 0));
        }
        match input::open(source, self.options.limits) {
            Ok(Opened::Ranges { file, len }) => {
                let label = self.queue.unique_label(&source.label);
                self.plain(source, label, file, len);
            }
            Ok(Opened::Streams(streams)) => {
                self.queue.progress.open(&source.label, source.size, streams.position());
                self.streams(source, streams);
                self.queue.progress.close(&source.label);
            }
            Err(error) if source.resume.is_some() && input::is_elsewhere(&error) => {
                self.queue.unread(&source.label);
            }
            Err(error) if source.resume.is_some() => self.leave_to_next(source, &error),
            Err(error) => {
                let label = self.queue.unique_label(&source.label);
                self.taker.problem(plain(&label, 0), ProblemKind::Unreadable, error.to_string());
            }
        }
    }

    /// Leaves a file to the next run: nothing of it was read, so it is no input of this one.
    fn leave_to_next(&mut self, source: &Source, error: &io::Error) {
        let mut shared = self.queue.lock();
        shared.unread.push(source.label.clone());
        shared.problems.push((source.label.clone(), ProblemKind::Unreadable, error.to_string()));
    }

    /// Opens a plain file of `len` bytes.
    fn plain(&mut self, source: &Source, label: String, file: File, len: u64) {
        let resume = source.resume.as_ref();
        let (from, first) = resume.map_or((0, 0), |resume| (resume.from, resume.chunk));
        let len = resume.and_then(|resume| resume.to).map_or(len, |to| to.min(len));
        let cut = self.cut(&file, resume);
        if let FramingKind::Records(_) = cut {
            // Records are found from the start only.
            let info = StreamInfo { label, compression: input::Compression::None };
            let mut whole = WholeFile { file: &file, at: 0, len };
            self.queue.progress.open(&source.label, None, None);
            self.stream(&Arc::new(info), (cut, resume), &mut UntilSignal(&mut whole), CountedBytes::Stored);
            return self.queue.progress.close(&source.label);
        }
        self.taker.bytes(plain(&label, first), 0);
        if len == 0 {
            self.empty(plain(&label, 0));
        }
        let count = len.saturating_sub(from).div_ceil(self.options.chunk_size.max(1) as u64);
        if let Ok(count @ 1..) = u32::try_from(count) {
            let range_handoff = (cut == FramingKind::Parts).then(RangeHandoff::default);
            let ranges = Arc::new(Ranges { file, from, len, first, label, range_handoff });
            self.queue.add_ranges(RangeJob { ranges, next: 0, count });
        } else if count > 0 {
            let message = "too many chunks: choose a larger --chunk-size".to_owned();
            self.taker.problem(plain(&label, first), ProblemKind::ReadError, message);
        }
    }

    /// How a plain file is cut into records. Where it cannot be read, reading it will say so.
    fn cut(&self, file: &File, resume: Option<&Resume>) -> FramingKind {
        let mut head = Vec::new();
        let _ = WholeFile { file, at: 0, len: HEAD as u64 }.read_to_end(&mut head);
        FramingKind::of(&head, resume.and_then(|resume| resume.framing).or(self.options.input_format))
    }

    fn range(&mut self, ranges: &Ranges, at: u32, raw: &mut Chunk, chunk: &mut Chunk) {
        let size = self.options.chunk_size.max(1) as u64;
        let start = ranges.from + u64::from(at) * size;
        let range = start..(start + size).min(ranges.len);
        self.queue.progress.part(range.end - range.start);
        let input = InputRef { only: self.queue.only, ..plain(&ranges.label, ranges.first.saturating_add(at)) };
        self.taker.bytes(input, range.end - range.start);
        let (Ranges { file, len, .. }, max_line) = (ranges, self.options.max_line);
        let read = match &ranges.range_handoff {
            Some(range_handoff) => {
                let place = ContainerRange { file, len: *len, number: at, bytes: range };
                read_parts(place, range_handoff, max_line, raw, chunk)
            }
            None => read_range(file, range, *len, max_line, chunk),
        };
        match read {
            Ok(()) => {
                self.taker.chunk(input, chunk);
                if chunk.shrunk {
                    let message = "the file became shorter while it was read".to_owned();
                    self.taker.problem(input, ProblemKind::ReadError, message);
                }
            }
            Err(error) => self.failed(input, &error),
        }
    }

    /// Notes that reading an input failed.
    fn failed(&mut self, input: InputRef<'_>, error: &io::Error) {
        let kind = input::problem_kind(error);
        if kind == ProblemKind::ReadError {
            self.queue.unread(input.label);
        }
        self.taker.problem(input, kind, error.to_string());
    }

    fn streams(&mut self, source: &Source, streams: Streams) {
        let mut running = manifest::Running::default();
        let mut observer = |bytes: &[u8]| running.add(bytes);
        let comes_once = streams.comes_once();
        let mut begun = false;
        let observer: Option<&mut input::Observer<'_>> = if self.options.manifest { Some(&mut observer) } else { None };
        let result = streams.observed(observer, &mut |info, reader| {
            begun = true;
            let info = StreamInfo { label: self.queue.unique_label(&info.label), ..info.clone() };
            // The members of a zip archive are read by their place, not as the stream that the archive is.
            let mut reader = UntilSignal(reader);
            let mut peeked = Peeked::new(&mut reader);
            let resume = source.resume.as_ref();
            let cut =
                FramingKind::of(peeked.head(), resume.and_then(|resume| resume.framing).or(self.options.input_format));
            let mut wanted = WantedBytes::of(&mut peeked, cut, resume);
            self.stream(&Arc::new(info), (cut, resume), &mut wanted, CountedBytes::Decompressed);
        });
        match result {
            Err(error)
                if !begun && source.resume.is_some() && input::problem_kind(&error) == ProblemKind::ReadError =>
            {
                self.leave_to_next(source, &error);
            }
            Err(error) => self.failed(plain(&source.label, 0), &error),
            Ok(()) => {}
        }
        if self.options.manifest && comes_once {
            self.queue.lock().stored.push(running.finish(source.label.clone()));
        }
    }

    fn stream(
        &mut self,
        info: &Arc<StreamInfo>,
        (cut, resume): (FramingKind, Option<&Resume>),
        reader: &mut dyn Read,
        counted: CountedBytes,
    ) {
        let sizes = (self.options.chunk_size, self.options.max_line);
        let mut chunker = Chunker::resumed(cut, reader, sizes, resume);
        let (from, first) = resume.map_or((0, 0), |resume| (resume.from, resume.chunk));
        let mut seq = first;
        let mut error: Option<io::Error> = None;
        let mut read = chunker.bytes();
        loop {
            let mut chunk = self.queue.spare();
            match chunker.next(&mut chunk) {
                Ok(true) => {
                    match counted {
                        CountedBytes::Stored => self.queue.progress.part(chunker.bytes() - read),
                        CountedBytes::Decompressed => self.queue.progress.bytes(chunker.bytes() - read),
                    }
                    read = chunker.bytes();
                    let parcel = Parcel { stream: Arc::clone(info), seq, chunk };
                    seq = seq.saturating_add(1);
                    if let Some(parcel) = self.queue.offer(parcel) {
                        self.fold(parcel);
                    }
                }
                Ok(false) => break,
                Err(err) => error = Some(err),
            }
        }
        let input = stream_ref(info, first);
        self.taker.bytes(input, chunker.bytes().saturating_sub(from));
        if chunker.bytes() == 0 && error.is_none() {
            self.empty(input);
        }
        if let Some(error) = error {
            self.failed(input, &error);
        }
    }

    fn fold(&mut self, parcel: Parcel) {
        self.taker.chunk(stream_ref(&parcel.stream, parcel.seq), &parcel.chunk);
        self.queue.give_back(parcel.chunk);
    }
}

fn plain(label: &str, seq: u32) -> InputRef<'_> {
    InputRef { label, compression: input::Compression::None.name(), seq, only: false }
}

fn stream_ref(info: &StreamInfo, seq: u32) -> InputRef<'_> {
    InputRef { label: &info.label, compression: info.compression.name(), seq, only: false }
}
