//! What runs before have read, so that the next one reads only what is new: `esaudit scan --state FILE`.
//!
//! A file is recognised by how its content begins, after decompression, whatever it is called and however it is stored meanwhile;
//! device, inode and size tell that nothing happened to it, and which of several copies is the one that goes on. No clock is
//! asked. What was read of it ends with a line, and is known by a hash of its end, so that a file that was truncated or replaced
//! is not taken for one that grew.
//!
//! A state file is untrusted when it is read: its length is bounded, each of its numbers is checked, and what it names is only
//! looked for among the inputs.

mod cut;
mod measure;
mod plan;
mod proof;
mod recognise;
mod remembered;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::part::{self, Reading};
use crate::platform::{self, Special};
pub use plan::NightPlan;
use remembered::{Hash, Remembered, RememberedCopy};

/// The version of the format that is written. The one before, which knew files by less, is read too.
const FORMAT: u32 = 2;
const OLDEST_FORMAT: u32 = 1;

/// How a state file begins.
const BEGIN: &[u8] = b"{\n  \"tool\": {\n    \"name\": \"esaudit\",\n";

/// Files that are remembered at most; those that were not met for the longest time are forgotten.
pub const MOST_FILES: usize = 1 << 17;

/// What runs before have read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Tells state files apart; made of what the first run met.
    id: u64,
    /// Runs so far.
    run: u32,
    /// How they read.
    reading: Option<Reading>,
    /// Files, by content.
    files: Vec<Remembered>,
    /// Files that hold nothing but what these begin with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    copies: Vec<RememberedCopy>,
    /// A part that the last run wrote, and that may not have its name yet.
    pub pending: Option<PendingPart>,
}

/// A part on its way to its name: a run that ends between its last two steps leaves it so, and the next completes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingPart {
    /// Folder of both names.
    pub folder: PathBuf,
    /// The name that it has to get.
    pub name: String,
    /// Its last 16 bytes, which are a checksum of all before, in hexadecimal digits.
    pub checksum: String,
}

/// What stands before the content of a state file, and tells who wrote it.
#[derive(Debug, Serialize, Deserialize)]
struct StateFile<B> {
    tool: WrittenBy,
    /// Format of the state.
    state: u32,
    /// Format of the parts that belong to it.
    parts: u32,
    /// Of the content, as JSON without spaces.
    checksum: String,
    content: B,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenBy {
    name: String,
    version: String,
}

/// Why a state file cannot be used.
#[derive(Debug)]
enum StateRefused {
    Foreign,
    Version { tool: String, state: u32, parts: u32 },
    Damaged,
}

impl fmt::Display for StateRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let this = env!("CARGO_PKG_VERSION");
        match self {
            Self::Foreign => f.write_str(
                "not a state of `esaudit scan --state`: name a file that is not there yet, and the first run makes it",
            ),
            Self::Version { tool, state, parts } => write!(
                f,
                "a state of format {state} with parts of format {parts}, by esaudit {tool}; this is esaudit {this}, whose formats \
                 are {FORMAT} and {}. Parts of both cannot be merged: make a report of the old ones with the old version, move \
                 them and this file away, and run again, which reads everything anew that is still there",
                part::VERSION
            ),
            Self::Damaged => f.write_str(
                "a damaged state: put back a copy of it that is as old as the newest part, or move it and its parts away and run \
                 again, which reads everything anew that is still there",
            ),
        }
    }
}

impl Ledger {
    /// Before the first run.
    #[must_use]
    pub fn new() -> Self {
        Self { id: 0, run: 0, reading: None, files: Vec::new(), copies: Vec::new(), pending: None }
    }

    /// Refuses what no state can be kept in, by looking at it: to open a named pipe is to wait for others.
    ///
    /// # Errors
    /// It is something else than a file.
    pub fn demand_file(path: &Path) -> Result<(), Error> {
        let Ok(meta) = std::fs::metadata(path) else { return Ok(()) };
        if meta.is_file() {
            return Ok(());
        }
        let what = match platform::special(&meta) {
            _ if meta.is_dir() => "a folder",
            Some(Special::Fifo) => "a named pipe",
            Some(Special::Socket) => "a socket",
            Some(Special::Blocks | Special::Characters) | None => "a device",
        };
        Err(Error::Inputs(format!(
            "{}: {what}, where --state needs a file that keeps what was read: name one that is not there yet, and the first run \
             makes it",
            path.display()
        )))
    }

    /// Reads a state file. One that is missing or empty is that of no run.
    ///
    /// # Errors
    /// It cannot be read, or is no state of this version of the program: the message says what to do.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::demand_file(path)?;
        let bytes = match files::read(path, files::LIST) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::new()),
            read => read.map_err(|error| Error::File { path: path.to_owned(), error })?,
        };
        if bytes.is_empty() {
            return Ok(Self::new());
        }
        Self::parse(&bytes).map_err(|refused| Error::Inputs(format!("{}: {refused}", path.display())))
    }

    fn parse(bytes: &[u8]) -> Result<Self, StateRefused> {
        // Of one that was cut the begin is left.
        let is_own = bytes.starts_with(BEGIN) || BEGIN.starts_with(bytes);
        let unread = |_| if is_own { StateRefused::Damaged } else { StateRefused::Foreign };
        let head: StateFile<IgnoredAny> = serde_json::from_slice(bytes).map_err(unread)?;
        if head.tool.name != "esaudit" {
            return Err(StateRefused::Foreign);
        }
        if !(OLDEST_FORMAT..=FORMAT).contains(&head.state) || head.parts != part::VERSION {
            let tool = head.tool.version.chars().filter(|c| c.is_ascii_graphic()).take(20).collect();
            return Err(StateRefused::Version { tool, state: head.state, parts: head.parts });
        }
        let file: StateFile<Self> = serde_json::from_slice(bytes).map_err(|_| StateRefused::Damaged)?;
        let ledger = file.content;
        let sound = ledger.checksum().is_ok_and(|sum| sum == file.checksum) && ledger.is_sound();
        if sound { Ok(ledger) } else { Err(StateRefused::Damaged) }
    }

    fn checksum(&self) -> serde_json::Result<String> {
        Ok(Hash::of(&serde_json::to_vec(self)?).to_string())
    }

    fn is_sound(&self) -> bool {
        let in_order = self.files.is_sorted_by(|a, b| a.content < b.content);
        let pending =
            |pending: &PendingPart| !pending.name.contains('/') && !matches!(pending.name.as_str(), "" | "." | "..");
        self.files.len() <= MOST_FILES
            && self.copies.len() <= MOST_FILES
            && self.copies.is_sorted()
            && in_order
            && self.files.iter().all(|file| file.is_sound(self.run))
            && self.run < u32::MAX
            && self.pending.as_ref().is_none_or(pending)
    }

    /// As it is written to a file.
    ///
    /// # Errors
    /// None that could happen: it is written to memory.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        let written = || {
            let tool = WrittenBy { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
            let checksum = self.checksum()?;
            let file = StateFile { tool, state: FORMAT, parts: part::VERSION, checksum, content: self };
            let mut json = serde_json::to_vec_pretty(&file)?;
            json.push(b'\n');
            Ok(json)
        };
        written().map_err(|error: serde_json::Error| Error::Io(error.into()))
    }

    /// Number of the next run, from 1.
    #[must_use]
    pub fn next_run(&self) -> u32 {
        self.run + 1
    }

    /// The part of the next run, beside the state, where no other name is asked for: `es-1.state` has `es-1-000001.esa`.
    #[must_use]
    pub fn numbered(&self, state: &Path) -> PathBuf {
        let stem = state.file_stem().unwrap_or_default().to_string_lossy();
        state.with_file_name(format!("{stem}-{:06}.esa", self.next_run()))
    }

    /// Refuses to read otherwise than the runs before, with whose parts those of this run could not be merged.
    ///
    /// # Errors
    /// Which option differs.
    pub fn check(&self, reading: &Reading) -> Result<(), Error> {
        let Some((option, used, asked)) = self.reading.as_ref().and_then(|known| known.difference(reading)) else {
            return Ok(());
        };
        Err(Error::Inputs(format!(
            "--{option} is `{asked}`, and was `{used}` in the runs before, whose parts could not be merged with that of this one: \
             give the same options, or begin with another --state and a folder for its parts"
        )))
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn ledger() -> Ledger {
        let files = vec![Remembered::example(1), Remembered::example(2)];
        Ledger { run: 3, id: 7, reading: Some(Reading::of(&Options::default())), files, ..Ledger::new() }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Ledger::parse(&ledger().to_json().unwrap()).unwrap(), ledger());
        assert_eq!(Ledger::load(Path::new("/no/such/state")).unwrap(), Ledger::new());
    }

    #[test]
    fn what_is_no_state_of_this_version_is_refused_with_what_to_do() {
        let json = String::from_utf8(ledger().to_json().unwrap()).unwrap();
        for (text, told) in [
            ("text".to_owned(), "not a state"),
            ("{}".to_owned(), "not a state"),
            (json.replace("\"state\": 2", "\"state\": 0"), "format 0"),
            (json.replace(&format!("\"parts\": {}", part::VERSION), "\"parts\": 2"), "parts of format 2"),
            (json.replace("\"run\": 3", "\"run\": 4"), "damaged"),
            (json[..json.len() / 2].to_owned(), "damaged"),
            (json[..10].to_owned(), "damaged"),
        ] {
            let refused = Ledger::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn numbers_that_no_run_writes_are_damage() {
        let harms: [fn(&mut Ledger); 6] = [
            |ledger| ledger.files[0].read = u64::MAX,
            |ledger| ledger.files[0].first_run = 4,
            |ledger| ledger.files[0].framing = "x".to_owned(),
            |ledger| ledger.files.swap(0, 1),
            |ledger| ledger.run = u32::MAX,
            |ledger| {
                let (folder, name) = (PathBuf::from("/etc"), "../passwd".to_owned());
                ledger.pending = Some(PendingPart { folder, name, checksum: String::new() });
            },
        ];
        for harm in harms {
            let mut ledger = ledger();
            harm(&mut ledger);
            assert!(matches!(Ledger::parse(&ledger.to_json().unwrap()), Err(StateRefused::Damaged)), "{ledger:?}");
        }
    }
}
