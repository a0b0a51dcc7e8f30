//! Parts of the report beside groups and findings: clusters, the base rate, new places, denials, refusals without an audit
//! event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Evidence;
use super::text::Text;

/// One Elasticsearch cluster among the inputs. Nothing is joined across clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Cluster {
    /// `cluster.uuid`; null for the nodes whose uuid no event tells, which are taken as one cluster.
    pub uuid: Option<String>,
    /// `cluster.name`, off by default in audit files.
    pub name: Option<String>,
    /// Its nodes, as in [`super::Coverage::nodes`]: the id where known, else the name.
    pub nodes: Vec<String>,
    /// First audit event.
    pub first: Option<String>,
    /// Last audit event.
    pub last: Option<String>,
    /// Audit events.
    pub audit_events: u64,
}

/// How the people and machines of this log fail ordinarily.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct BaseRate {
    /// Logins, failed ones included; null where successes are not logged.
    pub logins: Option<u64>,
    /// Failed attempts in no finding and in findings that are not hostile.
    pub failed: u64,
    /// `failed` of `logins`; null where successes are not logged.
    pub share: Option<f64>,
    /// Runs of failures of one account before it got in.
    pub runs: Vec<FailureRun>,
    /// Failed attempts in no finding.
    pub unexplained: u64,
    /// The same in words.
    pub sentence: Text,
}

/// How many runs of failures had a length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FailureRun {
    /// Failures in a row.
    pub length: u64,
    /// Runs of this length.
    pub count: u64,
}

/// An account at an address from which it had not got in before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct NewPlace {
    /// Who.
    pub principal: String,
    /// Client address.
    pub source: String,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// First success from there.
    pub first: String,
    /// Since when the log tells of this account.
    pub history_since: Option<String>,
    /// Successes from there.
    pub successes: u64,
    /// Powerful actions from there.
    pub powerful: u64,
}

/// Requests that were refused for want of a privilege (403) after the client had authenticated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Denied {
    /// Who; with an API key its owner.
    pub principal: Option<String>,
    /// The API key, if one was used.
    pub api_key: Option<String>,
    /// Elasticsearch action.
    pub action: Option<String>,
    /// First index of the request, or null where it names none.
    pub index: Option<String>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Events.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// Distinct client addresses.
    pub sources_total: u64,
    /// What the actor lacked, where the cluster's own answers tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lacks: Option<Text>,
    /// The status with which it was answered, where it is the anonymous user's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anonymous_status: Option<u16>,
    /// First and last line at least.
    pub evidence: Vec<Evidence>,
}

/// Somebody who acted as somebody else, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct RunAs {
    /// Who authenticated.
    pub principal: Option<String>,
    /// As whom.
    pub run_as: Option<String>,
    /// Whether it was allowed.
    pub granted: bool,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Requests, of each kind the first 64.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// Distinct client addresses.
    pub sources_total: u64,
    /// First and last line.
    pub evidence: Vec<Evidence>,
}

/// Somebody whose requests were not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TurnedAway {
    /// `tampered_request` or `connection_denied`.
    pub action: String,
    /// Who, where the event says.
    pub principal: Option<String>,
    /// Client address.
    pub source: Option<String>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Events, as met.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// The first line.
    pub evidence: Vec<Evidence>,
}

/// A refusal that stands in a server log and has no audit event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ServerRefusal {
    /// Who, where the line names them.
    pub principal: Option<String>,
    /// The realm that refused, where the line names it.
    pub realm: Option<String>,
    /// The API key, where the line names it.
    pub api_key: Option<String>,
    /// Reason of the contract.
    pub reason: String,
    /// Lines.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// Node.
    pub node: Option<String>,
    /// First and last line at least.
    pub evidence: Vec<Evidence>,
}

/// A part of a finding: the guessing that led to a break-in, or what was made after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FindingPart {
    /// Kind, as of findings.
    pub kind: String,
    /// One line.
    pub title: Text,
    /// Start.
    pub start: Option<String>,
    /// End.
    pub end: Option<String>,
    /// Failed attempts in it.
    pub failures: u64,
    /// Distinct principals.
    pub principals_total: u64,
    /// Distinct client addresses.
    pub sources_total: u64,
    /// API key ids.
    pub api_keys: Vec<String>,
}

/// What followed an entry, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct AfterEntry {
    /// The entry.
    pub from: Option<String>,
    /// The last event.
    pub until: Option<String>,
    /// Events.
    pub events: u64,
    /// Events by class of action.
    pub classes: BTreeMap<String, u64>,
    /// Distinct indices.
    pub indices: u64,
    /// Powerful actions.
    pub powerful: u64,
    /// Things made that outlive the session: keys, tokens, users, roles.
    pub persistence: u64,
    /// Whether events go on until the log ends.
    pub active_at_end: bool,
    /// Width of the buckets of its lanes.
    #[serde(default)]
    pub bucket_seconds: u64,
    /// The same over time: events, then powerful actions by class.
    #[serde(default)]
    pub lanes: Vec<Lane>,
}

/// Something over time, from an entry on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Lane {
    /// `events`, or a class of actions.
    pub name: String,
    /// Counts by bucket, at most 60.
    pub counts: Vec<u64>,
}

/// A document about the cluster among the inputs, and what it was used for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ContextDocument {
    /// What it is: `api_keys`, …
    pub kind: String,
    /// Where it stands.
    pub path: String,
    /// The time that it tells of, if known.
    pub as_of: Option<String>,
    /// Whether it was used: not where it is of another cluster, or too far from the time of the logs.
    #[serde(default)]
    pub used: bool,
    /// What it says that explains events.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub says: Vec<Text>,
}
