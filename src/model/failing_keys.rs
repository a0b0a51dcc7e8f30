//! API keys that were refused.

use serde::{Deserialize, Serialize};

use super::Evidence;

/// Failing API keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ApiKeys {
    /// By count descending, then id.
    pub failing: Vec<FailingKey>,
}

/// One failing API key, or all failures of one reason whose key no line names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FailingKey {
    /// Key id; null where the reason does not name it.
    pub id: Option<String>,
    /// Key name.
    pub name: Option<String>,
    /// Owner of the key.
    pub owner: Option<String>,
    /// Reason.
    pub reason: String,
    /// What the reason rests on, see [`super::Group::reason_basis`]; the strongest of all refusals.
    pub reason_basis: String,
    /// Refusals.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// When it was invalidated.
    pub invalidated_at: Option<String>,
    /// By whom.
    pub invalidated_by: Option<String>,
    /// When it expires or expired.
    pub expires: Option<String>,
    /// Who still uses it, at most 50.
    pub clients: Vec<KeyClient>,
    /// Distinct clients.
    pub clients_total: u64,
    /// Refusals that no client could be joined to.
    pub unattributed: u64,
    /// Lines.
    pub evidence: Vec<Evidence>,
}

/// A client of a failing key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KeyClient {
    /// Address.
    pub address: String,
    /// Refusals attributed to it.
    pub count: u64,
    /// 0 to 1.
    pub confidence: f64,
}
