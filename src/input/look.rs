//! A glance at a regular file before it is read: which file it is, how it is stored, how its content begins. And what of it is to
//! be read, where a run before has read some.

use std::fs::File;
use std::io;

use super::{Compression, Opened, Source, open, read_full};
use crate::options::Limits;
use crate::platform::{self, FileId};

/// What of a source is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The file that was looked at: another that took its name meanwhile is not read.
    pub id: FileId,
    /// First byte of the content, after decompression.
    pub from: u64,
    /// Byte after the last; `None` for the end, wherever it is.
    pub to: Option<u64>,
    /// Number of the first chunk.
    pub chunk: u32,
    /// Records before, where records are found from the start only.
    pub records: u64,
    /// Whether nothing follows behind the last byte, so that a record that is open there is complete.
    pub ends: bool,
    /// How records are separated, as `--input-format` names it; `None` to be told from the content.
    pub framing: Option<&'static str>,
}

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredForm {
    /// As plain bytes.
    Plain,
    /// One stream, compressed.
    Compressed(Compression),
    /// An archive, or anything else of which no bytes are bytes of a log.
    Whole,
}

/// What a glance shows.
#[derive(Debug, Clone)]
pub struct Look {
    /// Device and inode.
    pub id: FileId,
    /// Stored size.
    pub size: u64,
    /// How it is stored.
    pub form: StoredForm,
    /// The first bytes of the content after decompression; of an archive as they are stored.
    pub head: Vec<u8>,
    /// The last bytes as they are stored, 4,096 of them at most.
    pub end: Vec<u8>,
}

/// Bytes that are looked at where a file ends.
const END: u64 = 4096;

/// Looks at the first bytes, `most` of them, of a regular file. What is no regular file has no glance: reading it would use it up.
///
/// # Errors
/// It cannot be opened or read.
pub fn look(source: &Source, most: usize, limits: Limits) -> io::Result<Look> {
    let file = File::open(&source.path)?;
    let meta = file.metadata()?;
    let stored = |file: &File| {
        let mut head = vec![0; most];
        let read = read_full(|at, buffer| platform::read_at(file, buffer, at), &mut head)?;
        head.truncate(read);
        Ok::<_, io::Error>(head)
    };
    let (form, head) = match open(source, limits)? {
        Opened::Ranges { .. } => (StoredForm::Plain, stored(&file)?),
        Opened::Streams(streams) => match streams.compressed_head(most as u64)? {
            Some((head, compression)) => (StoredForm::Compressed(compression), head),
            None => (StoredForm::Whole, stored(&file)?),
        },
    };
    let mut end = vec![0; usize::try_from(meta.len().min(END)).unwrap_or_default()];
    let from = meta.len() - end.len() as u64;
    let read = read_full(|at, buffer| platform::read_at(&file, buffer, from + at), &mut end)?;
    end.truncate(read);
    Ok(Look { id: platform::file_id(&source.path, &meta), size: meta.len(), form, head, end })
}

/// Why a source was not read: under its name lies another file than that which was looked at.
#[derive(Debug)]
struct Elsewhere;

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it was renamed while files were looked for: the next run reads it")
    }
}

impl std::error::Error for Elsewhere {}

pub(super) fn elsewhere() -> io::Error {
    io::Error::other(Elsewhere)
}

/// Whether a source could not be opened because another file, or none, bears its name by now.
#[must_use]
pub fn is_elsewhere(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.get_ref().is_some_and(|cause| cause.is::<Elsewhere>())
}
