//! Failures that share the chosen keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Evidence;
use super::text::Text;

/// Attempts from one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SourceCount {
    /// Client address without port.
    pub address: String,
    /// Attempts.
    pub count: u64,
}

/// Failures that share the chosen keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Group {
    /// `G1`, `G2`, … in report order.
    #[serde(default)]
    pub id: String,
    /// Principal; null for attempts without one.
    pub principal: Option<String>,
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub realm_chain: Option<Vec<String>>,
    /// False where the order of the realms is not known, since lines of one millisecond stand in none; else not there.
    #[serde(skip_serializing_if = "is_ordered", default = "ordered")]
    pub realm_chain_ordered: bool,
    /// Reason of the contract.
    pub reason: String,
    /// explicit, server_log, context, inferred, none; where the attempts differ, what most of them have.
    pub reason_basis: String,
    /// What was presented: none, password, token, api_key, service_token, certificate, unknown.
    #[serde(default)]
    pub credential: Option<String>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// Keys of a grouping other than the default (`--by`): `source`, `node`, `action`, `path`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by: BTreeMap<String, Option<String>>,
    /// Attempts.
    pub count: u64,
    /// First attempt.
    pub first: Option<String>,
    /// Last attempt.
    pub last: Option<String>,
    /// Addresses, most frequent first, at most 50.
    pub sources: Vec<SourceCount>,
    /// Distinct addresses.
    pub sources_total: u64,
    /// What the requests say they were forwarded for (`x_forwarded_for`, as sent), most frequent first, at most 50: the
    /// clients behind a proxy, or what somebody wants them taken for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub forwarded: Vec<SourceCount>,
    /// Nodes.
    pub nodes: Vec<String>,
    /// Attempts by `event.action`.
    pub actions: BTreeMap<String, u64>,
    /// What an inferred reason was inferred from.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub why: Vec<Text>,
    /// Messages of the server log about these attempts that were not understood, most frequent first, at most 5.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub messages: Vec<String>,
    /// First and last line at least.
    pub evidence: Vec<Evidence>,
}

/// Whether nothing is said of the order of a chain, since it is known.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) fn is_ordered(ordered: &bool) -> bool {
    *ordered
}

/// A chain of which nothing is said has an order.
pub(super) fn ordered() -> bool {
    true
}
