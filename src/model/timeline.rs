//! The story of one actor as data: what `esaudit timeline` tells. Names and order of the JSON are stable, as the report's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Coverage, Evidence, Filters, Finding, Tool, TopChain};

/// Everything `esaudit timeline` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TimelineReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// Whose story it is, and what it leaves out.
    pub filters: Option<Filters>,
    /// Sums over all entries.
    pub totals: TimelineTotals,
    /// What happened, by start.
    pub entries: Vec<Entry>,
    /// The findings, made from all that was read, that the actor is in; numbered as in the report without filters.
    pub findings: Vec<Finding>,
}

/// Sums over all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TimelineTotals {
    /// Failed attempts.
    pub failures: u64,
    /// Events that show a successful authentication; a request may make several.
    pub successes: u64,
    /// Refused actions of somebody who had authenticated.
    pub denials: u64,
    /// Security changes by or to the actor.
    pub changes: u64,
    /// Powerful actions that are no security changes.
    #[serde(default)]
    pub powerful: u64,
}

/// Something that happened once, or again and again without a long pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Entry {
    /// `failures`, `successes`, `denials`, `change` or `powerful`.
    pub kind: String,
    /// First.
    pub start: String,
    /// Last.
    pub end: String,
    /// How often.
    pub count: u64,
    /// The usual pause between two of them: of failures the median, of others the mean.
    pub every_seconds: Option<f64>,
    /// Seconds before it in which nothing of this story happened; null for the first, 0 where things overlap.
    pub quiet_seconds: Option<u64>,
    /// Who, most frequent first, at most 5; of a change, who made it. Failures of many are told together.
    pub principals: Vec<String>,
    /// Distinct principals.
    pub principals_total: u64,
    /// Client addresses, likewise.
    pub sources: Vec<String>,
    /// Distinct addresses.
    pub sources_total: u64,
    /// Nodes.
    pub nodes: Vec<String>,
    /// Why attempts failed.
    pub reason: Option<String>,
    /// What that rests on; where it differs, what most have.
    pub reason_basis: Option<String>,
    /// Realm chains of attempts, most frequent first, at most 5; null = not logged, [] = none was asked.
    pub realm_chains: Vec<TopChain>,
    /// The realm that authenticated, of successes; of who made a change.
    pub realm: Option<String>,
    /// Id of the API key that was refused or used, or that a change is about.
    pub api_key: Option<String>,
    /// Its name.
    pub api_key_name: Option<String>,
    /// `event.action` of a change; the Elasticsearch action of denials and of powerful actions, of run-as the `event.action`.
    pub action: Option<String>,
    /// Class of a powerful action.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<String>,
    /// A node did it of its own accord, for a policy, a transform or a watch.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub by_node: bool,
    /// What a change was made to.
    pub target: Option<String>,
    /// Ids of the findings that its attempts are in.
    pub findings: Vec<String>,
    /// The first line, and the last where it is known.
    pub evidence: Vec<Evidence>,
}
