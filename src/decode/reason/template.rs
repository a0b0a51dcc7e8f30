//! What a row of the tables says.

use crate::reason::{Reason, Subject};

/// A message of Elasticsearch's source: who writes it, at which level, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The whole message; `{user}`, `{key}`, `{realm}`, `{cause}`, `{n}` and `{}` are holes.
    pub text: &'static str,
    /// Who writes it.
    pub from: From,
    /// At which levels.
    pub levels: Levels,
    /// What it says.
    pub says: Says,
    /// Whose attempt it may explain.
    pub subject: Subject,
    /// Where it stands in Elasticsearch's source, and where that matters since or until when.
    pub source: &'static str,
}

/// Loggers.
#[derive(Debug, Clone, Copy)]
pub enum From {
    /// Any under `org.elasticsearch.xpack.security.authc`: the text is found nowhere else.
    Authc,
    /// Those of these classes there: other loggers may use the same few words.
    Class(&'static [&'static str]),
}

/// Levels as log4j names them.
pub type Levels = &'static [&'static str];

pub(super) const WARN: Levels = &["WARN"];
pub(super) const INFO: Levels = &["INFO"];
pub(super) const DEBUG: Levels = &["DEBUG"];
pub(super) const WARN_OR_ERROR: Levels = &["WARN", "ERROR"];

/// What a message says.
#[derive(Debug, Clone, Copy)]
pub enum Says {
    /// This.
    Reason(Reason),
    /// What the exception says that stands in the message: the first row that fits, else the reason.
    Cause(&'static [CauseRow], Reason),
    /// What the directory answered, which stands in the message; else the reason.
    Directory(Reason),
    /// What the exception says that is attached to the line; else the reason.
    Attached(Reason),
}

/// A message of an exception, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct CauseRow {
    /// The whole message.
    pub text: &'static str,
    /// What it says.
    pub reason: Reason,
}
