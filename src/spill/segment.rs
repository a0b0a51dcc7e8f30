//! States in temporary files. The files have no name, so they are gone on every exit.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::text_counts::{self, TextCount};
use crate::part;
use crate::state::State;

/// Compressing harder than this takes longer than writing what it saves.
const LEVEL: i32 = 1;

/// States that were written away, and how often each principal and source occurs in them. All in one file: a flood is
/// written away in more pieces than a process may have files open.
#[derive(Debug, Default)]
pub struct Segments {
    file: Option<File>,
    list: Vec<Segment>,
}

/// Where a state and its tallies stand in the file.
#[derive(Debug)]
struct Segment {
    state: Range<u64>,
    principals: Range<u64>,
    sources: Range<u64>,
}

impl Segments {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was written away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Writes a state to a temporary file.
    ///
    /// # Errors
    /// Where there is no room for temporary files. What was written before can still be read.
    pub fn write(&mut self, state: &State) -> io::Result<()> {
        let end = self.list.last().map_or(0, |last| last.sources.end);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(end))?;
        let mut out = BufWriter::new(file);
        part::write_state(state, LEVEL, &mut out)?;
        let state_end = out.stream_position()?;
        let (principals, sources) = text_counts::count(state);
        write_counts(&principals, &mut out)?;
        let principals_end = out.stream_position()?;
        write_counts(&sources, &mut out)?;
        let sources_end = out.stream_position()?;
        out.flush()?;
        self.list.push(Segment {
            state: end..state_end,
            principals: state_end..principals_end,
            sources: principals_end..sources_end,
        });
        Ok(())
    }

    /// Reads one back.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn read(&mut self, at: usize) -> io::Result<State> {
        part::read_state(self.part(at, |segment| &segment.state)?)
    }

    pub(super) fn principals(&mut self, each: &mut dyn FnMut(TextCount)) -> io::Result<()> {
        (0..self.len()).try_for_each(|at| read_counts(self.part(at, |segment| &segment.principals)?, each))
    }

    pub(super) fn sources(&mut self, each: &mut dyn FnMut(TextCount)) -> io::Result<()> {
        (0..self.len()).try_for_each(|at| read_counts(self.part(at, |segment| &segment.sources)?, each))
    }

    fn part(&mut self, at: usize, which: fn(&Segment) -> &Range<u64>) -> io::Result<BufReader<io::Take<&mut File>>> {
        let (Some(file), Some(segment)) = (&mut self.file, self.list.get(at)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let range = which(segment);
        file.seek(SeekFrom::Start(range.start))?;
        Ok(BufReader::new(file.take(range.end - range.start)))
    }
}

fn write_counts(tallies: &[TextCount], out: &mut impl Write) -> io::Result<()> {
    for tally in tallies {
        out.write_all(&tally.hash.to_le_bytes())?;
        out.write_all(&tally.count.to_le_bytes())?;
        out.write_all(&tally.length.to_le_bytes())?;
    }
    Ok(())
}

fn read_counts(mut file: impl Read, each: &mut dyn FnMut(TextCount)) -> io::Result<()> {
    let (mut hash, mut count, mut length) = ([0; 8], [0; 4], [0; 4]);
    loop {
        match file.read_exact(&mut hash) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        file.read_exact(&mut count)?;
        file.read_exact(&mut length)?;
        each(TextCount {
            hash: u64::from_le_bytes(hash),
            count: u32::from_le_bytes(count),
            length: u32::from_le_bytes(length),
        });
    }
}
