//! The report as data: member for member the pinned JSON contract (schema_version 1). Writers read it, nothing writes
//! to it after `aggregate` has built it. Members may be added, never renamed or dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use charts::Charts;
use groups::Groups;
use text::Text;

mod addresses;
mod buckets;
mod change;
pub mod charts;
pub mod check;
mod coverage;
pub mod diff;
pub mod events;
pub mod explain;
mod failing_keys;
mod finding;
mod group;
pub mod groups;
pub mod impact;
pub mod keys;
pub mod lines;
mod manifest;
mod power;
mod sections;
mod sigma;
pub mod timeline;
mod tops;

// The texts that a report is made of stand above it, since options tell of filters in them.
pub(crate) use crate::text::{self, call};

pub use addresses::{AddressFacts, KnownAddress, ListedAddress};
pub use buckets::{FindingTimeline, Timeline, TimelineBucket};
pub use change::SecurityChange;
pub use coverage::{CountedOnly, Coverage, Gap, Input, Node, Problem};
pub use failing_keys::{ApiKeys, FailingKey, KeyClient};
pub use finding::Finding;
pub use group::{Group, SourceCount};
pub use manifest::{Build, Manifest, StoredInput};
pub use power::AccountPower;
pub use sections::{
    AfterEntry, BaseRate, Cluster, ContextDocument, Denied, FailureRun, FindingPart, Lane, NewPlace, RunAs,
    ServerRefusal, TurnedAway,
};
pub use sigma::{SigmaMatch, SigmaReport, SigmaStretch, SkippedRule};
pub use tops::{TopChain, TopText, Tops};

/// Version of the JSON contract.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Report {
    /// `SCHEMA_VERSION`.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option and threshold that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// What a filter left out: all that follows is about what is left. Absent where none is in force.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filters: Option<Filters>,
    /// The clusters that the inputs come from, by uuid.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Addresses of which something is known beyond the logs (`[networks]`, `--addresses`, `--geoip`), most failures first.
    /// Absent where nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub addresses: Vec<KnownAddress>,
    /// The headline numbers.
    pub totals: Totals,
    /// How people and machines of this log fail ordinarily.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base_rate: Option<BaseRate>,
    /// Failures by principal, realm chain and reason (or the chosen grouping), most frequent first.
    pub groups: Groups,
    /// How many groups there are: more than listed with `--top`, or where memory is short.
    #[serde(default)]
    pub groups_total: u64,
    /// What happened, judged; most severe first.
    pub findings: Vec<Finding>,
    /// Every security change, by time.
    pub security_changes: Vec<SecurityChange>,
    /// Failing API keys.
    pub api_keys: ApiKeys,
    /// Accounts at addresses from which they had not got in before, by first success; at most 50.
    #[serde(default)]
    pub new_places: Vec<NewPlace>,
    /// How many there are.
    #[serde(default)]
    pub new_places_total: u64,
    /// Requests refused for want of a privilege, by count descending; at most 50.
    #[serde(default)]
    pub denied: Vec<Denied>,
    /// How many rows there are.
    #[serde(default)]
    pub denied_total: u64,
    /// Who acted as somebody else, or tried to, by count descending; at most 50.
    #[serde(default)]
    pub run_as: Vec<RunAs>,
    /// How many rows there are.
    #[serde(default)]
    pub run_as_total: u64,
    /// Who was turned away: tampered requests, connections that an IP filter refused; by count descending, at most 50.
    #[serde(default)]
    pub turned_away: Vec<TurnedAway>,
    /// How many rows there are.
    #[serde(default)]
    pub turned_away_total: u64,
    /// Refusals that stand in a server log without an audit event, by count descending.
    #[serde(default)]
    pub server_refusals: Vec<ServerRefusal>,
    /// What rules of others found (`--sigma`). Absent where none were run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sigma: Option<SigmaReport>,
    /// Failures over time.
    pub timeline: Timeline,
    /// The most frequent values of each key, counted over all attempts whatever the grouping.
    pub tops: Tops,
    /// What charts need beyond that.
    #[serde(default)]
    pub charts: Charts,
    /// What the report rests on (`--manifest`). The last member: the hash is of the report without it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<Manifest>,
}

impl Report {
    /// A report of nothing but what was read.
    pub fn bare(
        tool: Tool,
        parameters: BTreeMap<String, serde_json::Value>,
        coverage: Coverage,
        filters: Option<Filters>,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool,
            parameters,
            coverage,
            filters,
            clusters: Vec::new(),
            addresses: Vec::new(),
            totals: Totals::default(),
            groups: Groups::default(),
            groups_total: 0,
            base_rate: None,
            findings: Vec::new(),
            security_changes: Vec::new(),
            api_keys: ApiKeys { failing: Vec::new() },
            new_places: Vec::new(),
            new_places_total: 0,
            denied: Vec::new(),
            denied_total: 0,
            run_as: Vec::new(),
            run_as_total: 0,
            turned_away: Vec::new(),
            turned_away_total: 0,
            server_refusals: Vec::new(),
            sigma: None,
            timeline: Timeline { bucket_seconds: 60, buckets: Vec::new() },
            tops: Tops::default(),
            charts: Charts::default(),
            manifest: None,
        }
    }

    /// Keeps the most frequent groups only, as `--top` asks of data.
    pub fn cut(&mut self, top: usize) {
        // Of groups that no output lists none may have been made.
        self.coverage.complete &= self.groups_total <= top as u64;
        self.groups.truncate(top);
        self.parameters.insert("top".to_owned(), top.into());
    }
}

/// Name and version of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Tool {
    /// `esaudit`.
    pub name: String,
    /// Semantic version.
    pub version: String,
}

/// The filters in force and how much they left out. `coverage` is about everything that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Filters {
    /// One sentence each: alternatives of one option together; all of them hold.
    pub in_force: Vec<Text>,
    /// Failed attempts.
    pub attempts_left_out: u64,
    /// Security changes.
    pub changes_left_out: u64,
    /// Refusals of API keys.
    pub key_refusals_left_out: u64,
    /// `access_denied` events.
    pub denials_left_out: u64,
}

/// The headline numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Totals {
    /// Failed authentication attempts.
    pub failed_attempts: u64,
    /// Distinct principals among them.
    pub principals: u64,
    /// Distinct client addresses among them.
    pub sources: u64,
    /// `invalidate_apikey(s)` events.
    pub api_key_invalidations: u64,
    /// `tampered_request` events; they are no failed attempts.
    #[serde(default)]
    pub tampered_requests: u64,
}

/// A line of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Input.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// Where reading can begin to come to the line quickly: a byte of the input, decompressed, with which a line begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
    /// The line, from 1, that begins there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset_line: Option<u64>,
}
