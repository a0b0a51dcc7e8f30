//! States in temporary files. The files have no name, so they are gone on every exit.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::choose::{self, Tally};
use crate::part;
use crate::state::State;

/// Compressing harder than this takes longer than writing what it saves.
const LEVEL: i32 = 1;

/// A state that was written away, and how often each principal and source occurs in it.
#[derive(Debug)]
pub struct Segment {
    state: File,
    principals: File,
    sources: File,
}

impl Segment {
    /// Writes a state to a temporary file.
    ///
    /// # Errors
    /// Where there is no room for temporary files.
    pub fn write(state: &State) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        let mut out = BufWriter::new(&mut file);
        part::write_state(state, LEVEL, &mut out)?;
        out.flush()?;
        drop(out);
        let (principals, sources) = choose::tallies(state);
        Ok(Self { state: file, principals: tally_file(&principals)?, sources: tally_file(&sources)? })
    }

    /// Reads it back.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn read(&mut self) -> io::Result<State> {
        self.state.seek(SeekFrom::Start(0))?;
        part::read_state(BufReader::new(&mut self.state))
    }

    pub(super) fn principals(&mut self, each: &mut dyn FnMut(Tally)) -> io::Result<()> {
        read_tallies(&mut self.principals, each)
    }

    pub(super) fn sources(&mut self, each: &mut dyn FnMut(Tally)) -> io::Result<()> {
        read_tallies(&mut self.sources, each)
    }
}

fn tally_file(tallies: &[Tally]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let mut out = BufWriter::new(&mut file);
    for tally in tallies {
        out.write_all(&tally.hash.to_le_bytes())?;
        out.write_all(&tally.count.to_le_bytes())?;
        out.write_all(&tally.length.to_le_bytes())?;
    }
    out.flush()?;
    drop(out);
    Ok(file)
}

fn read_tallies(file: &mut File, each: &mut dyn FnMut(Tally)) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let mut file = BufReader::new(file);
    let (mut hash, mut count, mut length) = ([0; 8], [0; 4], [0; 4]);
    loop {
        match file.read_exact(&mut hash) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        file.read_exact(&mut count)?;
        file.read_exact(&mut length)?;
        each(Tally {
            hash: u64::from_le_bytes(hash),
            count: u32::from_le_bytes(count),
            length: u32::from_le_bytes(length),
        });
    }
}
