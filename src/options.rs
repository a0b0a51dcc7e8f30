//! What the user chose: plain data with defaults, no I/O, no clap.

use std::net::IpAddr;

use crate::geography::Geography;
pub use crate::network::Cidr;
use crate::network::is_private;

use serde::{Deserialize, Serialize};

mod addresses;
pub mod filter;
mod share;

pub use addresses::{AddressBook, AddressStanding, KnownBlock};
pub use filter::Filter;
pub use share::Share;

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
    /// What was sent: a password, a key, nothing.
    Credential,
    /// Cluster.
    Cluster,
}

impl GroupBy {
    /// Every key, in the order of the contract.
    pub const ALL: [Self; 9] = [
        Self::Principal,
        Self::RealmChain,
        Self::Reason,
        Self::Credential,
        Self::Source,
        Self::Node,
        Self::Cluster,
        Self::Action,
        Self::Path,
    ];

    /// The keys where none are chosen. Where there is more than one cluster, that is a key, too.
    pub const DEFAULT: [Self; 4] = [Self::Principal, Self::RealmChain, Self::Reason, Self::Credential];

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
            Self::Credential => "credential",
            Self::Cluster => "cluster",
        }
    }
}

/// Lines longer than this many bytes are skipped (64 MiB): a search over thousands of indices makes lines of
/// megabytes, nothing legitimate comes near this.
pub const DEFAULT_MAX_LINE: usize = 64 << 20;

/// Bytes of input one worker takes at a time. Large enough to amortise a read, small enough to stay in the L2 cache.
pub const DEFAULT_CHUNK: usize = 1 << 20;

/// Bytes of a chunk, at most: its lines are numbered in 32 bits.
pub const MOST_CHUNK: usize = 1 << 30;

/// Realm failures that may wait for the end of their request at one time; beyond it the oldest are evicted, and said.
pub const DEFAULT_MAX_IN_FLIGHT: usize = 8_000_000;

/// How much may come out of the compressed parts of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all; nested layers count each by itself.
    pub decompressed: u64,
    /// Decompressed bytes for each stored byte.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { decompressed: 1 << 40, ratio: 1000 }
    }
}
/// Bytes of memory where the machine does not tell how much it has.
pub const DEFAULT_MAX_MEMORY: u64 = 2 << 30;

/// Problems listed by name; all are counted.
pub const DEFAULT_PROBLEMS: usize = 100;

/// What the user knows of the surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Scanners that the organisation runs itself: their failures are at most info.
    pub scanners: Vec<Cidr>,
    /// Load balancers and proxies: behind such a source stand many clients.
    pub proxies: Vec<Cidr>,
    /// Accounts of programs.
    pub service_accounts: Vec<String>,
    /// The organisation's own networks; empty = the private address ranges.
    pub internal_networks: Vec<Cidr>,
    /// Networks by name, and lists of bad and good addresses.
    pub known: AddressBook,
}

impl Surroundings {
    /// Whether an address is in none of the organisation's networks. Those that have a name are its own as well, and what is on
    /// a list of good addresses counts as they do.
    #[must_use]
    pub fn is_outside(&self, address: IpAddr) -> bool {
        if self.known.trusts(address) {
            return false;
        }
        match self.internal_networks.as_slice() {
            [] => !is_private(address),
            networks => !networks.iter().any(|block| block.contains(address)),
        }
    }

    /// Whether a list says that an address is bad.
    #[must_use]
    pub fn is_bad(&self, address: IpAddr) -> bool {
        self.known.listed(address).is_some_and(|known| known.standing == AddressStanding::Bad)
    }
}

/// Server log and audit log of one node share their clock and are written within milliseconds of each other; a garbage
/// collection or a slow disk may come between.
pub const DEFAULT_MATCH_WINDOW_MS: i64 = 250;

/// Which events are asked for (`esaudit events`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventKinds {
    /// Failed attempts.
    pub attempts: bool,
    /// What shows that somebody got in: authentications, and actions that were allowed.
    pub successes: bool,
    /// Refused actions of somebody who had authenticated.
    pub denied: bool,
    /// Security changes.
    pub changes: bool,
    /// Powerful actions.
    pub powerful: bool,
}

/// What a story tells (`esaudit timeline`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryKinds {
    /// Failed attempts.
    pub failures: bool,
    /// Successes.
    pub successes: bool,
    /// Refused actions.
    pub denied: bool,
    /// Security changes.
    pub changes: bool,
    /// Powerful actions.
    pub powerful: bool,
}

impl StoryKinds {
    /// Everything.
    pub const ALL: Self = Self { failures: true, successes: true, denied: true, changes: true, powerful: true };
}

/// Which API keys are asked for (`esaudit keys`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyQuery {
    /// The time that states and expirations are about; `None` = the last event.
    pub as_of: Option<crate::time::Millis>,
    /// Only keys that expire within so many milliseconds from then.
    pub expiring_within: Option<i64>,
    /// Only keys that never expire.
    pub no_expiration: bool,
}

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
    /// Bytes of memory to use at most, roughly; beyond it attempts are counted and no more, and said.
    pub max_memory: u64,
    /// How many problems are listed.
    pub max_problems: usize,
    /// Whether a single problem is one too many: then no report is written.
    pub strict: bool,
    /// Audit events below which the exit status tells that something is missing.
    pub require_events: u64,
    /// What may come out of compressed inputs.
    pub limits: Limits,
    /// Whether the report gets a manifest of its inputs.
    pub manifest: bool,
    /// Grouping keys.
    pub by: Vec<GroupBy>,
    /// Whether paths of requests are kept though nothing is grouped by them: they take memory.
    pub keep_paths: bool,
    /// Whether every powerful action is kept: otherwise of each kind the first are, and the others counted.
    pub keep_acts: bool,
    /// Groups that are written out, the most frequent first; `None` = all. Never changes an answer: how many there are is
    /// always told.
    pub listed: Option<usize>,
    /// Proxies whose `x_forwarded_for` is believed: the source is the last hop that is not one of them.
    pub trust_proxy: Vec<Cidr>,
    /// Databases that tell the country, the network and the kind of an address.
    pub geography: Geography,
    /// Rules of others that single events are asked by.
    pub sigma: Option<std::sync::Arc<crate::sigma::SigmaRules>>,
    /// Lists of addresses, as they were named: what they say stands in the surroundings.
    pub address_lists: Vec<std::path::PathBuf>,
    /// Listings of API keys: responses of `GET /_security/api_key` or `_query/api_key`.
    pub api_keys: Vec<std::path::PathBuf>,
    /// How far a line of the server log and the attempt it explains may be apart, in milliseconds.
    pub match_window_ms: i64,
    /// Zone of times that carry none; `None`: of a server log that of the node's audit log, else UTC.
    pub assume_tz: Option<crate::time::Zone>,
    /// The shape that all inputs are read as, one of those that `--help` lists; `None` = as their content says.
    pub input_format: Option<&'static str>,
    /// What is known of the surroundings.
    pub surroundings: Surroundings,
    /// What was read is under pseudonyms of the key of this fingerprint: parts that hold no names.
    pub pseudonymized: Option<String>,
    /// What to look at.
    pub filter: Filter,
}

impl Options {
    /// The zone of times that carry none, where nothing else tells it.
    #[must_use]
    pub fn zone(&self) -> crate::time::Zone {
        self.assume_tz.unwrap_or(crate::time::Zone::UTC)
    }

    /// Whether attempts know the path of their request.
    #[must_use]
    pub fn keeps_paths(&self) -> bool {
        self.keep_paths || self.by.contains(&GroupBy::Path)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            sigma: None,
            chunk_size: DEFAULT_CHUNK,
            max_line: DEFAULT_MAX_LINE,
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            max_memory: DEFAULT_MAX_MEMORY,
            max_problems: DEFAULT_PROBLEMS,
            require_events: 0,
            strict: false,
            limits: Limits::default(),
            manifest: false,
            by: GroupBy::DEFAULT.to_vec(),
            keep_paths: false,
            keep_acts: false,
            listed: None,
            trust_proxy: Vec::new(),
            geography: Geography::default(),
            address_lists: Vec::new(),
            api_keys: Vec::new(),
            match_window_ms: DEFAULT_MATCH_WINDOW_MS,
            assume_tz: None,
            input_format: None,
            surroundings: Surroundings::default(),
            pseudonymized: None,
            filter: Filter::default(),
        }
    }
}
