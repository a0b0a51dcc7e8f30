//! Part files: what was learned from some of the inputs, to be merged with the rest elsewhere.
//!
//! A part is, one after the other: [`MAGIC`]; the version of the format, 4 bytes, little-endian; the length of the header, 4
//! bytes; the header ([`Header`]) in [postcard](https://postcard.jamesmunns.com/wire-format), behind it, within its length, the
//! list of [`ContentPiece`]es where files were read bit by bit; the state, in postcard, compressed with zstd; xxh3-128 of all bytes before, 16 bytes, little-endian. The state is in canonical order, so the same
//! inputs give the same part.

mod piece;
mod union;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, PartError, ProblemKind};
use crate::framing;
use crate::options::{Cidr, GroupBy, Options};
use crate::pseudonyms::Pseudonyms;
use crate::state::State;
use crate::time::Zone;
pub use piece::{ContentNames, ContentPiece, missing};
pub use union::PartsUnion;

/// How part files begin: no text file does.
pub const MAGIC: &[u8; 8] = b"\x89esapart";

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 13;

/// Length of the checksum at the end.
const CHECKSUM: usize = 16;

/// Levels above cost three times the time for a tenth of the size.
const LEVEL: i32 = 6;

/// A state takes about so many times the memory of its bytes, at most: a part of more is refused, whoever wrote it.
const IN_MEMORY: u64 = 6;

/// Bytes that any part may take: what a small limit leaves must be enough for a small part.
const LEAST: u64 = 16 << 20;

/// The window of compression is 2 to the power of this at most: level 6 takes 2 MiB.
const WINDOW_LOG: u32 = 22;

/// Memory that [`Part::parse`] may use.
const DEFAULT_MOST: u64 = 4 << 30;

/// The option whose value is the fingerprint of the key, in parts that hold pseudonyms.
const PSEUDONYMS: &str = "pseudonymize";

/// Said of parts whose times without a zone are in none that the user named.
const LEARNED: &str = "the zone that a node's audit log names, else UTC";

/// Options that change what is learned from a line. Parts that are merged must agree in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// By name as on the command line: value.
    options: BTreeMap<String, String>,
}

impl Reading {
    /// Those of a run.
    #[must_use]
    pub fn of(options: &Options) -> Self {
        let proxies: Vec<String> = options.trust_proxy.iter().map(ToString::to_string).collect();
        let list = [
            ("assume-tz", options.assume_tz.map_or_else(|| LEARNED.to_owned(), |zone| zone.to_string())),
            ("input-format", options.input_format.unwrap_or_default().to_owned()),
            ("max-line", options.max_line.to_string()),
            ("max-in-flight", options.max_in_flight.to_string()),
            ("problems", options.max_problems.to_string()),
            ("trust-proxy", proxies.join(",")),
            ("keep-path", options.keeps_paths().to_string()),
        ];
        let under_key = options.pseudonymized.iter().map(|key| (PSEUDONYMS, key.clone()));
        Self { options: list.into_iter().chain(under_key).map(|(name, value)| (name.to_owned(), value)).collect() }
    }

    /// Notes that the part holds pseudonyms of the key of this fingerprint.
    pub fn pseudonymized(&mut self, fingerprint: String) {
        self.options.insert(PSEUDONYMS.to_owned(), fingerprint);
    }

    /// The same, of parts that hold pseudonyms of a key.
    #[must_use]
    pub fn under(mut self, names: Option<&Pseudonyms>) -> Self {
        if let Some(names) = names {
            self.pseudonymized(names.fingerprint());
        }
        self
    }

    /// The first option in which two differ: its name, and both values.
    #[must_use]
    pub fn difference<'a>(&'a self, other: &'a Self) -> Option<(&'a str, &'a str, &'a str)> {
        let value = |of: &'a Self, name: &str| of.options.get(name).map_or("", String::as_str);
        self.options.keys().chain(other.options.keys()).find_map(|name| {
            let (ours, theirs) = (value(self, name), value(other, name));
            (ours != theirs).then_some((name.as_str(), ours, theirs))
        })
    }

    /// The first option that a user asks for, with its value, where the parts were read with another: name, theirs, ours.
    #[must_use]
    pub fn refuses<'a>(&'a self, asked: &'a Self) -> Option<(&'a str, &'a str, &'a str)> {
        let default = Self::of(&Options::default()).options;
        let chosen = |name: &str, value: &String| name != "keep-path" && default.get(name) != Some(value);
        asked.options.iter().find_map(|(name, value)| {
            let ours = self.options.get(name).map_or("", String::as_str);
            (chosen(name, value) && ours != value).then_some((name.as_str(), value.as_str(), ours))
        })
    }

    /// Puts them into the options of a merge.
    ///
    /// # Errors
    /// What cannot be understood, or asks for what the parts do not hold.
    pub fn apply(&self, options: &mut Options) -> Result<(), Error> {
        let get = |name: &str| self.options.get(name).map_or("", String::as_str);
        let number =
            |name: &str| get(name).parse::<usize>().map_err(|_| Error::Inputs(format!("no {name} in the part")));
        options.assume_tz = match get("assume-tz") {
            LEARNED => None,
            zone => Some(Zone::parse(zone).map_err(Error::Inputs)?),
        };
        options.input_format = match get("input-format") {
            "" => None,
            name => Some(
                framing::format_names()
                    .find(|known| *known == name)
                    .ok_or_else(|| Error::Inputs(format!("unknown input format `{name}`")))?,
            ),
        };
        options.max_line = number("max-line")?;
        options.max_in_flight = number("max-in-flight")?;
        options.max_problems = number("problems")?;
        let proxies = get("trust-proxy").split(',').filter(|proxy| !proxy.is_empty());
        options.trust_proxy = proxies.map(Cidr::parse).collect::<Result<_, _>>().map_err(Error::Inputs)?;
        options.keep_paths = get("keep-path") == "true";
        options.pseudonymized = self.options.get(PSEUDONYMS).cloned();
        if options.by.contains(&GroupBy::Path) && !options.keep_paths {
            let message = "the parts hold no paths of requests: scan with --keep-path to group by them";
            return Err(Error::Inputs(message.to_owned()));
        }
        Ok(())
    }
}

/// Problems met before anything was read: path, kind, plain words.
pub type Problems = Vec<(String, ProblemKind, String)>;

/// What stands before the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    /// Version of the program that wrote it.
    tool: String,
    reading: Reading,
    /// Problems met before anything was read: path, kind, plain words.
    problems: Problems,
    /// Bytes of the state before compression.
    size: u64,
}

/// What was learned from some of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// How it was read.
    #[doc(hidden)]
    pub reading: Reading,
    /// Problems met before anything was read: path, kind, plain words.
    pub problems: Problems,
    /// What was learned.
    #[doc(hidden)]
    pub state: State,
    /// What it holds of files that are read bit by bit, in order.
    #[doc(hidden)]
    pub pieces: Vec<ContentPiece>,
}

/// A writer that hashes what passes.
struct HashingWriter<'w> {
    out: &'w mut dyn Write,
    hash: Xxh3,
}

impl Write for HashingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn encoding(error: postcard::Error) -> io::Error {
    io::Error::other(error)
}

impl Part {
    /// Whether some input could not be read whole.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.state.is_incomplete(&self.problems)
    }

    /// How many problems there were.
    #[must_use]
    pub fn problems_total(&self) -> u64 {
        let of_inputs = self.state.inputs.iter().cloned().map(|mut input| {
            input.settle();
            input.problems_total
        });
        self.problems.len() as u64 + of_inputs.sum::<u64>()
    }

    /// Writes the part.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let state = postcard::to_stdvec(&self.state).map_err(encoding)?;
        let header = Header {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            reading: self.reading.clone(),
            problems: self.problems.clone(),
            size: state.len() as u64,
        };
        let mut header = postcard::to_stdvec(&header).map_err(encoding)?;
        if !self.pieces.is_empty() {
            header.extend(postcard::to_stdvec(&self.pieces).map_err(encoding)?);
        }
        let length = u32::try_from(header.len()).map_err(io::Error::other)?;
        let mut out = HashingWriter { out, hash: Xxh3::new() };
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&header)?;
        let mut compressed = zstd::Encoder::new(&mut out, LEVEL)?;
        compressed.write_all(&state)?;
        compressed.finish()?;
        let checksum = out.hash.digest128();
        out.out.write_all(&checksum.to_le_bytes())
    }

    /// Reads a part file; `most` bytes of memory may be used.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn open(path: &Path, most: u64) -> Result<Self, PartError> {
        // What systems say of opening or reading one differs, and says nothing of what to do.
        if path.is_dir() {
            return Err(PartError::Folder);
        }
        Self::read(&mut File::open(path)?, most)
    }

    /// Reads a part whole; `most` bytes of memory may be used.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn read(input: &mut dyn Read, most: u64) -> Result<Self, PartError> {
        let mut bytes = Vec::new();
        input.take(MAGIC.len() as u64).read_to_end(&mut bytes)?;
        if bytes != MAGIC {
            return Err(PartError::Foreign);
        }
        let most = most.max(LEAST);
        input.take(most).read_to_end(&mut bytes)?;
        if bytes.len() as u64 >= most {
            return Err(PartError::TooLarge { needs: bytes.len() as u64 + 1, most });
        }
        Self::parse_within(&bytes, most)
    }

    /// Reads a part from memory.
    ///
    /// # Errors
    /// [`PartError`], but for [`PartError::Io`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PartError> {
        Self::parse_within(bytes, DEFAULT_MOST)
    }

    /// Reads a part from memory; `most` further bytes may be used.
    ///
    /// # Errors
    /// [`PartError`], but for [`PartError::Io`].
    pub fn parse_within(bytes: &[u8], most: u64) -> Result<Self, PartError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(PartError::Foreign)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(PartError::Damaged("cut short"))?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(PartError::Version { found: version, known: VERSION });
        }
        let (rest, checksum) = rest.split_last_chunk::<CHECKSUM>().ok_or(PartError::Damaged("cut short"))?;
        let body = &bytes[..bytes.len() - CHECKSUM];
        if xxhash_rust::xxh3::xxh3_128(body).to_le_bytes() != *checksum {
            return Err(PartError::Damaged("its checksum differs"));
        }
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(PartError::Damaged("cut short"))?;
        let (header, state) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(PartError::Damaged("cut short"))?;
        let (header, pieces) = headed(header)?;
        let needs = header.size.saturating_mul(IN_MEMORY);
        if needs > most.max(LEAST) {
            return Err(PartError::TooLarge { needs, most });
        }
        let mut plain = Vec::new();
        let room = usize::try_from(header.size + 1).map_err(|_| PartError::Damaged("its size"))?;
        plain.try_reserve_exact(room).map_err(|_| PartError::TooLarge { needs, most })?;
        let mut decoder = zstd::Decoder::with_buffer(state).map_err(|_| PartError::Damaged("its compression"))?;
        decoder.window_log_max(WINDOW_LOG).map_err(|_| PartError::Damaged("its compression"))?;
        decoder.take(header.size + 1).read_to_end(&mut plain).map_err(|_| PartError::Damaged("its compression"))?;
        if plain.len() as u64 != header.size {
            return Err(PartError::Damaged("its size"));
        }
        let (mut state, rest) =
            postcard::take_from_bytes::<State>(&plain).map_err(|_| PartError::Damaged("its state"))?;
        if !rest.is_empty() {
            return Err(PartError::Damaged("its state"));
        }
        if !state.is_sound() {
            return Err(PartError::Damaged("its references"));
        }
        Ok(Self { reading: header.reading, problems: header.problems, state, pieces })
    }

    /// The pieces of files that a part says it holds, without reading the rest of it: whoever reads it finds damage.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn pieces_of(path: &Path) -> Result<Vec<ContentPiece>, PartError> {
        let mut file = File::open(path)?;
        let mut start = [0; MAGIC.len() + 8];
        file.read_exact(&mut start).map_err(|_| PartError::Foreign)?;
        let [.., a, b, c, d] = start;
        let mut header = Vec::new();
        file.take(u64::from(u32::from_le_bytes([a, b, c, d]))).read_to_end(&mut header)?;
        Ok(headed(&header)?.1)
    }
}

/// A header, and the pieces behind it.
fn headed(bytes: &[u8]) -> Result<(Header, Vec<ContentPiece>), PartError> {
    let damaged = |_| PartError::Damaged("its header");
    let (header, rest) = postcard::take_from_bytes::<Header>(bytes).map_err(damaged)?;
    if rest.is_empty() {
        return Ok((header, Vec::new()));
    }
    let (pieces, rest) = postcard::take_from_bytes::<Vec<ContentPiece>>(rest).map_err(damaged)?;
    if !rest.is_empty() || !piece::are_sound(&pieces) {
        return Err(PartError::Damaged("its header"));
    }
    Ok((header, pieces))
}

/// Writes a state without header and checksum, for reading back in the same run.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_state(state: &State, level: i32, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Keeping { out: io::BufWriter::new(zstd::Encoder::new(out, level)?), error: None };
    if let Err(error) = postcard::to_io(state, &mut out) {
        return Err(out.error.unwrap_or_else(|| encoding(error)));
    }
    out.out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
    Ok(())
}

/// A writer that keeps why it failed: postcard does not tell.
struct Keeping<W> {
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> Write for Keeping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).inspect_err(|error| self.error = Some(copied(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().inspect_err(|error| self.error = Some(copied(error)))
    }
}

/// The same error once more.
fn copied(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error)
}

/// Reads a state that [`write_state`] wrote.
///
/// # Errors
/// Those of `input`, and what is no state.
pub(crate) fn read_state(input: impl io::BufRead) -> io::Result<State> {
    let mut plain = Vec::new();
    zstd::Decoder::with_buffer(input)?.read_to_end(&mut plain)?;
    postcard::from_bytes(&plain).map_err(encoding)
}

/// Whether paths name part files, all of them.
///
/// # Errors
/// Some do, others do not.
pub fn are_parts(paths: &[OsString]) -> Result<bool, Error> {
    let is_part = |path: &OsString| {
        let path = Path::new(path);
        let mut bytes = Vec::new();
        // Only a file can be looked at and then read again.
        path.is_file()
            && File::open(path).is_ok_and(|file| file.take(MAGIC.len() as u64).read_to_end(&mut bytes).is_ok())
            && bytes == MAGIC
    };
    let (parts, logs): (Vec<&OsString>, Vec<&OsString>) = paths.iter().partition(|path| is_part(path));
    match (parts.first(), logs.first()) {
        (Some(part), Some(log)) => Err(Error::Inputs(format!(
            "{} is a part and {} is not: scan the logs into a part, too",
            Path::new(part).display(),
            Path::new(log).display()
        ))),
        (part, _) => Ok(part.is_some()),
    }
}
