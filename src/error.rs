//! What can go wrong, told with the path and the line, and whether reading can go on.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// The file was written to while it was read.
    Changed,
    /// A file without a byte in it.
    Empty,
    /// The input begins with a byte-order mark, which is skipped.
    ByteOrderMark,
    /// Lines end in CR LF.
    CrLf,
    /// NUL bytes before a record, as a hole in a file leaves them; the record is used.
    NulBytes,
    /// Bytes that are not UTF-8: they are kept as they are and shown as U+FFFD.
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
