//! From paths to decompressed bytes: discovery, compression by magic bytes, archives read as folders.
//!
//! Inputs are opened for reading only, nothing is unpacked to disk, and the names of archive members are never opened.

mod archive;
mod bounds;
mod codec;
mod compression;
mod damage;
mod discover;
mod encoding;
mod frames;
mod look;
#[cfg(feature = "parquet")]
mod parquet;
mod tar;
mod zip;

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read, Seek};
use std::path::PathBuf;

use crate::options::Limits;
use crate::platform::{self, Special, modified};
use archive::{PEEK, StreamFormat};
pub use bounds::{INTERRUPTED, Observer, UntilSignal, interrupted};
use bounds::{InputBudget, Stored};
pub use compression::{Compression, problem_kind};
pub use discover::{Discovered, discover};
pub use look::{Look, Resume, StoredForm, is_elsewhere, look};

/// A file, or standard input, to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How to open it.
    pub path: PathBuf,
    /// As shown in reports: as the user gave it or as found in a folder; bytes that are not UTF-8 are replaced.
    pub label: String,
    /// Whether it is standard input (`path` is `-`).
    pub is_stdin: bool,
    /// Stored size, of regular files.
    pub size: Option<u64>,
    /// When it was written to last, seconds since 1970 and nanoseconds, of regular files.
    pub modified: Option<(i64, i64)>,
    /// What of it is to be read, where that is not all.
    pub resume: Option<Resume>,
}

impl Source {
    /// What became of a file since it was found, if anything did: what was added to it is not in a report.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        let size = self.size?;
        if self.is_stdin {
            return None;
        }
        let Ok(now) = std::fs::metadata(&self.path) else {
            return Some("it was moved or removed while it was read".to_owned());
        };
        let now_size = now.len();
        match now_size.cmp(&size) {
            std::cmp::Ordering::Greater => Some(format!(
                "it grew from {size} to {now_size} bytes while it was read: what was added may not be in this report"
            )),
            std::cmp::Ordering::Less => Some(format!("it shrank from {size} to {now_size} bytes while it was read")),
            std::cmp::Ordering::Equal if modified(&now) != self.modified => {
                Some("it was written to while it was read".to_owned())
            }
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// One stream of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Label of the source, with the member for archives: `bundle.tar.gz!es-1/prod_audit.json`.
    pub label: String,
    /// The innermost compression of its bytes.
    pub compression: Compression,
}

/// An opened input.
#[derive(Debug)]
pub enum Opened {
    /// A regular file of plain bytes: its ranges may be read in parallel.
    Ranges {
        /// The file, opened for reading.
        file: File,
        /// Its length when it was opened.
        len: u64,
    },
    /// Anything else: streams, one after the other.
    Streams(Streams),
}

/// The streams of a compressed file, an archive, or an input that cannot be read by ranges.
#[derive(Debug)]
pub struct Streams {
    label: String,
    file: File,
    /// It is a regular file, to be read from its start.
    whole: bool,
    /// It is no regular file: a read may wait, and its bytes come only once.
    may_wait: bool,
    /// Stored size, of regular files.
    size: u64,
    limits: Limits,
}

impl Streams {
    /// A handle on a regular file whose position tells how far the file was read.
    #[must_use]
    pub fn position(&self) -> Option<File> {
        if self.whole { self.file.try_clone().ok() } else { None }
    }

    /// Calls `each` once for every stream with a reader of its decompressed bytes.
    ///
    /// A damaged stream gives what decompressed before the damage and then an error (see [`problem_kind`]); the streams
    /// after it follow where that is possible. `each` need not read to the end.
    ///
    /// # Errors
    /// Those of the container itself.
    pub fn for_each(self, each: &mut dyn FnMut(&StreamInfo, &mut dyn Read)) -> io::Result<()> {
        self.observed(None, each)
    }

    /// The first bytes, `most` of them, of the one stream that a compressed file holds, and its innermost compression; `None` of
    /// archives, and of what else is no text that somebody compressed.
    ///
    /// # Errors
    /// There is no memory for a decoder. What is damaged has a shorter head.
    pub fn compressed_head(self, most: u64) -> io::Result<Option<(Vec<u8>, Compression)>> {
        let budget = InputBudget::new(self.limits, self.size);
        let stored = Stored { file: self.file, budget: &budget, may_wait: self.may_wait, observer: None };
        archive::compressed_head(stored, most)
    }

    /// Whether its bytes come only once, as those of a pipe do.
    #[must_use]
    pub fn comes_once(&self) -> bool {
        self.may_wait
    }

    /// The same; `observer` is given the bytes as they are stored, if they come only once.
    ///
    /// # Errors
    /// As [`Streams::for_each`].
    pub fn observed<'o>(
        self,
        observer: Option<&'o mut Observer<'o>>,
        each: &mut dyn FnMut(&StreamInfo, &mut dyn Read),
    ) -> io::Result<()> {
        let budget = InputBudget::new(self.limits, self.size);
        let observer = observer.filter(|_| self.may_wait);
        let stored = Stored { file: self.file, budget: &budget, may_wait: self.may_wait, observer };
        archive::streams(self.label, stored, self.whole, each)
    }
}

/// Opens an input and tells by its first bytes how it is stored.
///
/// # Errors
/// If it cannot be opened, or not even its first bytes can be read.
pub fn open(source: &Source, limits: Limits) -> io::Result<Opened> {
    let mut file =
        if source.is_stdin { platform::standard_input()? } else { platform::open_without_waiting(&source.path)? };
    let meta = file.metadata()?;
    if source.resume.is_some_and(|resume| resume.id != platform::file_id(&source.path, &meta)) {
        return Err(look::elsewhere());
    }
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !source.is_stdin && is_endless(&mut file, &meta) {
        return Err(io::Error::other("a device, not a log: not read"));
    }
    // Standard input that a shell opened on a file is as good as the file, unless something has read from it already.
    let whole = meta.is_file() && (!source.is_stdin || file.stream_position()? == 0);
    if whole {
        let mut head = [0; PEEK];
        let seen = read_full(|at, buffer| platform::read_at(&file, buffer, at), &mut head)?;
        // On Windows that moved the place from which a stream would go on.
        file.rewind()?;
        // Files of /proc have a length of 0 and content all the same.
        let len = meta.len();
        if (len > 0 || seen == 0) && StreamFormat::of(&head[..seen]) == StreamFormat::Plain {
            return Ok(Opened::Ranges { file, len });
        }
    }
    let (label, size, may_wait) = (source.label.clone(), meta.len(), !meta.is_file());
    Ok(Opened::Streams(Streams { label, file, whole, may_wait, size, limits }))
}

/// Whether a file is a disk, or gives bytes for ever as `/dev/zero` does: a device that is neither a terminal nor at its end at
/// once.
fn is_endless(file: &mut File, meta: &Metadata) -> bool {
    let gives = |file: &mut File| file.read(&mut [0]).is_ok_and(|read| read > 0);
    match platform::special(meta) {
        Some(Special::Blocks) => true,
        Some(Special::Characters) => !file.is_terminal() && gives(file),
        Some(Special::Fifo | Special::Socket) | None => false,
    }
}

/// Reads until the buffer is full or the end is reached; `read` is given the position.
fn read_full(mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::Path;

    fn source(path: &Path) -> Source {
        Source {
            path: path.to_owned(),
            label: "label".to_owned(),
            is_stdin: false,
            size: None,
            modified: None,
            resume: None,
        }
    }

    fn streams(path: &Path) -> Vec<(String, Compression, Vec<u8>)> {
        let Opened::Streams(streams) = open(&source(path), Limits::default()).unwrap() else { panic!("ranges") };
        let mut all = Vec::new();
        streams
            .for_each(&mut |info, reader| {
                let mut data = Vec::new();
                reader.read_to_end(&mut data).unwrap();
                all.push((info.label.clone(), info.compression, data));
            })
            .unwrap();
        all
    }

    fn write(data: &[u8]) -> tempfile::TempPath {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(data).unwrap();
        file.into_temp_path()
    }

    #[test]
    fn plain_files_are_given_as_ranges_whatever_their_name() {
        for data in [&b""[..], b"x", &[b'a'; 2000], b"\x1f", b"\x1f\x8b"] {
            let path = write(data);
            let Opened::Ranges { file, len } = open(&source(&path), Limits::default()).unwrap() else {
                panic!("streams")
            };
            assert_eq!(len, data.len() as u64);
            let mut read = vec![0; data.len()];
            assert_eq!(platform::read_at(&file, &mut read, 0).unwrap(), data.len());
            assert_eq!(read, data);
        }
    }

    #[test]
    fn gzip_is_told_by_content() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"hello").unwrap();
        let path = write(&encoder.finish().unwrap());
        assert_eq!(streams(&path), [("label".to_owned(), Compression::Gzip, b"hello".to_vec())]);
    }

    #[test]
    fn devices_are_not_read_for_ever() {
        let open = |path: &str| open(&source(Path::new(path)), Limits::default());
        for path in ["/dev/zero", "/dev/urandom", "/dev/full"].into_iter().filter(|path| Path::new(path).exists()) {
            assert!(open(path).unwrap_err().to_string().contains("device"), "{path}");
        }
        assert!(streams(Path::new("/dev/null"))[0].2.is_empty());
    }

    #[test]
    fn a_file_without_a_length_may_have_content() {
        let path = Path::new("/proc/self/status");
        if path.exists() {
            assert!(!streams(path)[0].2.is_empty());
        }
    }

    #[test]
    fn looking_at_a_pipe_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        if !std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()) {
            return;
        }
        let data: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        for len in [0, 3, 512, data.len()] {
            let (path, data) = (fifo.clone(), data[..len].to_vec());
            let sent = data.clone();
            let writer = std::thread::spawn(move || {
                let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                for piece in sent.chunks(100) {
                    file.write_all(piece).unwrap();
                }
            });
            assert_eq!(streams(&fifo), [("label".to_owned(), Compression::None, data)]);
            writer.join().unwrap();
        }
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open(&source(folder.path()), Limits::default()).is_err());
        assert!(open(&source(&folder.path().join("missing")), Limits::default()).is_err());
    }
}
