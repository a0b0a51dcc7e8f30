//! The part of the report that says what it rests on: inputs, nodes, problems.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TopText;
use super::sections::ContextDocument;
use super::text::Text;

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Coverage {
    /// One entry an input file (or archive member), by path.
    pub inputs: Vec<Input>,
    /// Lines read: audit + server + other + undecodable + oversized.
    pub lines: u64,
    /// Lines that are audit events, duplicates included.
    pub audit_events: u64,
    /// Lines that are server-log events.
    pub server_events: u64,
    /// Recognised as neither.
    pub other_lines: u64,
    /// Those of them that are of other programs' logs, by program.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub other_products: BTreeMap<String, u64>,
    /// `authentication_failed` events that are steps of a negotiation (SPNEGO), no failures.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub negotiations: u64,
    /// Lines that should be records and are not.
    pub undecodable_lines: u64,
    /// Lines above the length limit.
    pub oversized_lines: u64,
    /// Events met again in overlapping inputs; counted nowhere else.
    pub duplicates: u64,
    /// The same by `event.action`.
    #[serde(default)]
    pub duplicates_by_action: BTreeMap<String, u64>,
    /// First event, RFC 3339 UTC.
    pub first: Option<String>,
    /// Last event.
    pub last: Option<String>,
    /// Number of audit events by `event.action`, duplicates excluded.
    pub actions: BTreeMap<String, u64>,
    /// The nodes met, by id then name.
    pub nodes: Vec<Node>,
    /// The first problems, by path and line.
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    pub problems_total: u64,
    /// What these logs cannot answer, and the setting that would change it.
    pub cannot_tell: Vec<Text>,
    /// Documents about the cluster among the inputs that were used.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub context: Vec<ContextDocument>,
    /// Every input was read whole, memory had room for all of it, and no list was cut by a limit: nothing is left out of any
    /// answer.
    #[serde(default)]
    pub complete: bool,
    /// A signal ended the run before everything was read.
    #[serde(default)]
    pub interrupted: bool,
    /// The numbers of the report add up; where not, `problems` says which do not.
    #[serde(default)]
    pub reconciled: bool,
    /// What limits left out of every answer, a phrase each, for what has no room for `cannot_tell`. Not part of the JSON.
    #[serde(skip)]
    pub left_out: Vec<String>,
    /// Attempts that memory had no room for; absent where it had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counted_only: Option<CountedOnly>,
}

impl Coverage {
    /// Whether neither an audit nor a server event was in any input, so that the report says nothing about anybody.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.audit_events == 0 && self.server_events == 0
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Attempts that are in the totals and in the timeline, and in nothing else, because memory is short (`--max-memory`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct CountedOnly {
    /// How many.
    pub attempts: u64,
    /// The first of them.
    pub first: Option<String>,
    /// The last of them.
    pub last: Option<String>,
    /// Principals of whose attempts none is analysed: those that failed least often.
    pub principals: u64,
    /// Principals of whose attempts a part is analysed, since they failed so often that they would fill the memory, and how
    /// many attempts of each are not; most frequent first, at most 50. Numbers of theirs elsewhere are of that part.
    pub principals_in_part: Vec<TopText>,
    /// How many there are.
    pub principals_in_part_total: u64,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Input {
    /// Path as given or discovered; archive members after `!`.
    pub path: String,
    /// Most frequent wire format among its records, `unknown` if none was recognised.
    pub format: String,
    /// `none`, `gzip`, …
    pub compression: String,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Audit events.
    pub audit_events: u64,
    /// Server events.
    pub server_events: u64,
    /// Other lines.
    pub other_lines: u64,
    /// Undecodable lines.
    pub undecodable_lines: u64,
    /// Oversized lines.
    pub oversized_lines: u64,
    /// The input ended in the middle of a line or of a compressed stream.
    pub truncated: bool,
    /// Why it could not be read whole.
    pub error: Option<String>,
    /// First event.
    pub first: Option<String>,
    /// Last event.
    pub last: Option<String>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Node {
    /// `node.id`; null where the logs never tell it.
    pub id: Option<String>,
    /// `node.name`; off by default in audit files.
    pub name: Option<String>,
    /// The uuid of its cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Audit events of this node as they were met: those met again are counted again, as in `audit_events` of the coverage.
    pub audit_events: u64,
    /// Its first event.
    pub first: Option<String>,
    /// Its last event.
    pub last: Option<String>,
    /// Whether it logs `realm_authentication_failed`; null where nothing shows it.
    pub logs_realm_failures: Option<bool>,
    /// Whether it logs `authentication_success`; null where nothing shows it.
    pub logs_successes: Option<bool>,
    /// Whether its server log is among the inputs.
    pub has_server_log: bool,
    /// Stretches without events that its usual rate makes implausible.
    pub gaps: Vec<Gap>,
}

/// A stretch of silence, to the minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Gap {
    /// End of the last minute with an event.
    pub start: String,
    /// Begin of the next minute with one.
    pub end: String,
}

/// A problem met while reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Input.
    pub path: String,
    /// Line, from 1; null where it concerns the whole input.
    pub line: Option<u64>,
    /// Kind, see [`crate::error::ProblemKind`].
    pub kind: String,
    /// What is wrong, in words; in JSON a plain string.
    pub message: Text,
}
