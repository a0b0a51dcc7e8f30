//! What the user chose: plain data with defaults, no I/O, no clap.

use serde::{Deserialize, Serialize};

/// A key by which failures are grouped (`--by`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupBy {
    /// `user.name`.
    Principal,
    /// The ordered realms that said no.
    RealmChain,
    /// The reason of the failure.
    Reason,
    /// Client address without port.
    Source,
    /// Node.
    Node,
    /// `event.action`.
    Action,
    /// `url.path`.
    Path,
}

impl GroupBy {
    /// Every key, in the order of the contract.
    pub const ALL: [Self; 7] =
        [Self::Principal, Self::RealmChain, Self::Reason, Self::Source, Self::Node, Self::Action, Self::Path];

    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::RealmChain => "realm-chain",
            Self::Reason => "reason",
            Self::Source => "source",
            Self::Node => "node",
            Self::Action => "action",
            Self::Path => "path",
        }
    }
}

/// Lines longer than this many bytes are skipped (64 MiB): a search over thousands of indices makes lines of
/// megabytes, nothing legitimate comes near this.
pub const DEFAULT_MAX_LINE: usize = 64 << 20;

/// Bytes of input one worker takes at a time. Large enough to amortise a read, small enough to stay in the L2 cache.
pub const DEFAULT_CHUNK: usize = 1 << 20;

/// Realm failures that may wait for the end of their request at one time; beyond it the oldest are evicted, and said.
pub const DEFAULT_MAX_IN_FLIGHT: usize = 8_000_000;

/// Problems listed by name; all are counted.
pub const DEFAULT_PROBLEMS: usize = 100;

/// Server log and audit log of one node share their clock and are written within milliseconds of each other; a garbage
/// collection or a slow disk may come between.
pub const DEFAULT_MATCH_WINDOW_MS: i64 = 250;

/// Everything that can change the answer, or how fast it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Worker threads; 0 = as many as the machine has. Never changes the answer.
    pub threads: usize,
    /// Bytes per chunk. Never changes the answer.
    pub chunk_size: usize,
    /// Longest line that is read.
    pub max_line: usize,
    /// Bound of the requests in flight.
    pub max_in_flight: usize,
    /// How many problems are listed.
    pub max_problems: usize,
    /// Grouping keys.
    pub by: Vec<GroupBy>,
    /// Groups shown; `None` = all.
    pub top: Option<usize>,
    /// Listings of API keys: responses of `GET /_security/api_key` or `_query/api_key`.
    pub api_keys: Vec<std::path::PathBuf>,
    /// How far a line of the server log and the attempt it explains may be apart, in milliseconds.
    pub match_window_ms: i64,
    /// Zone of times that carry none.
    pub assume_tz: crate::time::Zone,
    /// The shape that all inputs are read as, one of [`crate::decode::format_names`]; `None` = as their content says.
    pub input_format: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            chunk_size: DEFAULT_CHUNK,
            max_line: DEFAULT_MAX_LINE,
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            max_problems: DEFAULT_PROBLEMS,
            by: vec![GroupBy::Principal, GroupBy::RealmChain, GroupBy::Reason],
            top: None,
            api_keys: Vec::new(),
            match_window_ms: DEFAULT_MATCH_WINDOW_MS,
            assume_tz: crate::time::Zone::UTC,
            input_format: None,
        }
    }
}
