//! What can go wrong: why there is no answer, and what is wrong with the inputs of an answer that there is.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why there is no answer. What is wrong with single inputs is no error: it is told in the report's coverage.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No worker threads could be started.
    Threads(io::Error),
    /// The system refused to read or write something.
    Io(io::Error),
    /// A file could not be read.
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A result could not be written.
    Output {
        /// What was to be written, in words.
        what: String,
        /// What the system says.
        error: io::Error,
    },
    /// Part files that cannot be used, by path.
    Parts(Vec<(PathBuf, PartError)>),
    /// Inputs that do not go together, or not with what is asked of them: words for the user.
    Inputs(String),
    /// A file that is no report of this program, or lacks what is asked of it: words for the user.
    Report(String),
    /// An option's value that means nothing: words for the user.
    Option(String),
}

impl Error {
    /// The messages for the user, one for each thing that went wrong.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Parts(parts) => parts.iter().map(|(path, error)| format!("{}: {error}", path.display())).collect(),
            other => vec![other.to_string()],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads(error) => {
                write!(
                    f,
                    "no threads could be started: {error}; fewer --threads need less, or more memory is to be allowed (ulimit -v)"
                )
            }
            Self::Io(error) => error.fmt(f),
            Self::File { path, error } if error.kind() == std::io::ErrorKind::IsADirectory => {
                write!(f, "{}: a folder, where a file is asked for", path.display())
            }
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            // What was asked for is wrong, not where it goes.
            Self::Output { error, .. }
                if error.kind() == std::io::ErrorKind::InvalidInput && error.get_ref().is_some() =>
            {
                error.fmt(f)
            }
            Self::Output { what, error } => write!(f, "{what}: {error}"),
            Self::Parts(_) => f.write_str(&self.messages().join("; ")),
            Self::Inputs(message) | Self::Report(message) | Self::Option(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } | Self::Output { error, .. } => Some(error),
            Self::Parts(parts) => parts.first().map(|(_, error)| error as _),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why a part file cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum PartError {
    /// Reading failed.
    Io(io::Error),
    /// It is a folder.
    Folder,
    /// It is no part file.
    Foreign,
    /// It was written by a version of the program with another format.
    Version {
        /// The format of the file.
        found: u32,
        /// The format that this program reads.
        known: u32,
    },
    /// Bytes are missing or were changed.
    Damaged(&'static str),
    /// What it holds takes more memory than may be used.
    TooLarge {
        /// Bytes that it would take.
        needs: u64,
        /// Bytes that may be used.
        most: u64,
    },
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Folder => f.write_str("a folder, not a part file: name the part files in it (FOLDER/*.esa)"),
            Self::Foreign => f.write_str("not a part file: `esaudit scan` writes them"),
            Self::Version { found, known } => write!(
                f,
                "a part file of format {found}, this is esaudit {} and reads format {known}: scan and merge with the same \
                 version",
                env!("CARGO_PKG_VERSION")
            ),
            Self::TooLarge { needs, most } => write!(
                f,
                "a part file that may take {} MiB of memory, and {} MiB may be used: raise --max-memory, if whoever sent it is \
                 trusted",
                needs.div_ceil(1 << 20),
                most >> 20
            ),
            Self::Damaged(what) => write!(f, "a damaged part file ({what}): copy or scan it again"),
        }
    }
}

impl std::error::Error for PartError {}

impl From<io::Error> for PartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Kind of a problem met while reading; its name appears in `coverage.problems[].kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The path could not be opened or listed.
    Unreadable,
    /// Reading failed in the middle; what came before is used.
    ReadError,
    /// A compressed stream ended early or was damaged; what decompressed before is used.
    CorruptCompression,
    /// A line that should be a record and is not.
    Undecodable,
    /// A line longer than the limit, skipped.
    Oversized,
    /// The last line ended in the middle.
    TruncatedLine,
    /// An input without a single recognised record.
    NotALog,
    /// What is compressed in an input is larger than the limits allow; what decompressed before is used.
    DecompressionLimit,
    /// A signal ended the run before the input was read whole.
    Interrupted,
    /// The file was written to while it was read; or it was truncated or replaced since the run before, with `--state`.
    Changed,
    /// A file without a byte in it.
    Empty,
    /// The input begins with a byte-order mark, which is skipped.
    ByteOrderMark,
    /// Lines end in CR LF.
    CrLf,
    /// NUL bytes before a record, as a hole in a file leaves them; the record is used.
    NulBytes,
    /// Bytes that are not UTF-8: names of such are read as Windows-1252, or shown with U+FFFD.
    InvalidUtf8,
    /// A record names a member twice; the first is used.
    DuplicateMember,
    /// A member of a record has another type than its name says; it counts as absent.
    WrongType,
    /// Objects or arrays nested deeper than any record of Elasticsearch; the record is used.
    DeepNesting,
    /// A time that no Elasticsearch can have written; the record is used.
    ImplausibleTime,
    /// The report's own numbers do not add up.
    NotReconciled,
    /// Text that a client wrote, or a line of another product, looks like a record of Elasticsearch; it does not count.
    Quoted,
}

impl ProblemKind {
    /// Whether some input was not read whole, so that the exit status is 2.
    #[must_use]
    pub fn means_incomplete(self) -> bool {
        matches!(
            self,
            Self::Unreadable
                | Self::ReadError
                | Self::CorruptCompression
                | Self::DecompressionLimit
                | Self::Interrupted
        )
    }

    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::ReadError => "read_error",
            Self::CorruptCompression => "corrupt_compression",
            Self::Undecodable => "undecodable",
            Self::Oversized => "oversized",
            Self::TruncatedLine => "truncated_line",
            Self::NotALog => "not_a_log",
            Self::DecompressionLimit => "decompression_limit",
            Self::Interrupted => "interrupted",
            Self::Changed => "changed",
            Self::Empty => "empty",
            Self::ByteOrderMark => "byte_order_mark",
            Self::CrLf => "crlf",
            Self::NulBytes => "nul_bytes",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::DuplicateMember => "duplicate_member",
            Self::WrongType => "wrong_type",
            Self::DeepNesting => "deep_nesting",
            Self::ImplausibleTime => "implausible_time",
            Self::NotReconciled => "not_reconciled",
            Self::Quoted => "quoted",
        }
    }
}

/// Why a line could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong, in plain words, without any text from the log.
    pub message: &'static str,
    /// Byte within the line where it was noticed.
    pub offset: usize,
}

impl DecodeError {
    /// An error noticed at a byte of the line.
    #[must_use]
    pub fn at(offset: usize, message: &'static str) -> Self {
        Self { message, offset }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {})", self.message, self.offset + 1)
    }
}

impl std::error::Error for DecodeError {}
