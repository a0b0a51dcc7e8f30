//! What is remembered of one file.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::xxh3_128;

use crate::framing;
use crate::input::Look;

/// Bytes at the begin of a content by which it is recognised: the first line of an audit log has a time and a request id of its
/// own.
pub(super) const HEAD: usize = 4096;

/// Bytes before the end of what was read by which is told that it is still what was read.
pub(super) const TAIL: u64 = 4096;

/// No content is longer, in bytes: what is added to offsets does not overflow.
const FURTHEST: u64 = 1 << 56;

/// A hash of bytes: xxh3-128, in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hash(pub(super) u128);

impl Hash {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u128::from_str_radix(&digits, 16).map(Self).map_err(de::Error::custom)
    }
}

/// How a file was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeptForm {
    /// As plain bytes.
    Plain,
    /// One compressed stream.
    Compressed,
    /// An archive, which is read whole or not at all.
    Whole,
}

/// What is remembered of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The content, whatever the file is called: a hash made when it was met first.
    pub(super) content: Hash,
    /// Where it lay.
    pub(super) path: String,
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Stored size.
    pub(super) size: u64,
    pub(super) form: KeptForm,
    /// Name of the compression.
    pub(super) compression: String,
    /// How records are separated, as `--input-format` names it; nothing of archives.
    pub(super) framing: String,
    /// How many of its first bytes are hashed, and the hash.
    pub(super) head_bytes: usize,
    pub(super) head: Hash,
    /// Bytes of the content that were read.
    pub(super) read: u64,
    /// Hash of the last of them; of an archive, of all that is stored. States of format 1 lack it of what is compressed.
    pub(super) tail: Option<Hash>,
    /// Hash of the last bytes as they were stored. States of format 1 lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<Hash>,
    /// Records that were read, where records are found from the start only.
    pub(super) records: u64,
    /// Number of the next chunk.
    pub(super) chunks: u32,
    /// Whether nothing was left behind what was read, such as the begin of a line.
    pub(super) finished: bool,
    /// Whether it was renamed or copied since it was met first: whoever wrote it has done with it.
    pub(super) rolled: bool,
    /// Runs in a row that found it as it was.
    pub(super) still: u32,
    /// Run in which it was met first.
    pub(super) first_run: u32,
    /// Run in which it was met last.
    pub(super) last_run: u32,
}

/// A file that holds nothing but what a remembered one begins with, compared to its last byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct RememberedCopy {
    /// The content that it is a copy of.
    pub(super) of: Hash,
    pub(super) device: u64,
    pub(super) inode: u64,
    /// Stored size.
    pub(super) size: u64,
    /// Hash of the last bytes as they are stored.
    pub(super) end: Hash,
}

impl RememberedCopy {
    /// Of a file that was compared.
    pub(super) fn of(content: Hash, look: &Look) -> Self {
        Self { of: content, device: look.id.0, inode: look.id.1, size: look.size, end: Hash::of(&look.end) }
    }
}

/// Runs in a row that find a file as it was, behind which a line that has begun is taken for one that nobody ends. One is not
/// enough: two runs may follow each other at once.
const STILL: u32 = 3;

impl Remembered {
    /// Whether a run may have written it, of so many.
    pub(super) fn is_sound(&self, runs: u32) -> bool {
        let named = self.framing.is_empty() || framing::format_names().any(|name| name == self.framing);
        named
            && self.head_bytes <= HEAD
            && self.read <= FURTHEST
            && self.size <= FURTHEST
            && self.records <= FURTHEST
            && self.still <= runs
            && (1..=self.last_run).contains(&self.first_run)
            && self.last_run <= runs
    }

    /// Whether a file is stored as it was: an inode that was given out again, with as many bytes, ends otherwise.
    pub(super) fn is_unchanged(&self, look: &Look) -> bool {
        (self.device, self.inode, self.size) == (look.id.0, look.id.1, look.size)
            && self.end.is_none_or(|end| end == Hash::of(&look.end))
    }

    /// Whether a file has the inode or the name that it had.
    pub(super) fn is_in_place(&self, path: &str, look: &Look) -> bool {
        (self.device, self.inode) == look.id || self.path == path
    }

    /// Whether whoever wrote it has done with it, now that it lies there.
    pub(super) fn is_rolled(&self, path: &str, id: (u64, u64)) -> bool {
        self.rolled || self.path != path || (self.device, self.inode) != id
    }

    /// Whether a line that has begun in it will not be ended.
    pub(super) fn is_left(&self, path: &str, look: &Look) -> bool {
        self.is_unchanged(look) && (self.is_rolled(path, look.id) || self.still + 1 >= STILL)
    }

    #[cfg(test)]
    pub(super) fn example(content: u128) -> Self {
        Self {
            content: Hash(content),
            path: "a.json".to_owned(),
            device: 1,
            inode: 2,
            size: 30,
            form: KeptForm::Plain,
            compression: "none".to_owned(),
            framing: "lines".to_owned(),
            head_bytes: 3,
            head: Hash::of(b"abc"),
            read: 20,
            tail: None,
            end: None,
            records: 0,
            chunks: 1,
            finished: false,
            rolled: false,
            still: 0,
            first_run: 1,
            last_run: 3,
        }
    }
}
