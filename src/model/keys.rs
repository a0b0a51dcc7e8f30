//! The life of every API key as data: what `esaudit keys` tells. Names and order of the JSON are stable, as the report's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Coverage, Evidence, Filters, Tool};

/// Everything `esaudit keys` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KeysReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// What a filter left out. Absent where none is in force.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub filters: Option<Filters>,
    /// The time that `status` is about: `--as-of`, else that of the last event.
    pub as_of: Option<String>,
    /// All keys met, whatever was asked for.
    pub totals: KeyTotals,
    /// The keys asked for, by id.
    pub keys: Vec<Key>,
    /// Refusals of keys that no line names, by reason.
    pub unnamed: Vec<Unnamed>,
}

/// Counts of all keys met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KeyTotals {
    /// Keys met, in the logs or in a listing.
    pub keys: u64,
    /// In use or usable.
    pub active: u64,
    /// Invalidated.
    pub invalidated: u64,
    /// Expired.
    pub expired: u64,
    /// Known from refusals alone.
    pub unknown: u64,
    /// Keys that were refused.
    pub refused: u64,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Key {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// `rest`, `cross_cluster`, `managed`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Realm of the owner.
    pub owner_realm: Option<String>,
    /// `active`, `invalidated`, `expired`, or `unknown`: neither its creation, nor its use, nor a listing is there.
    pub status: String,
    /// Whether a listing (`--api-keys`) names it.
    pub listed: bool,
    /// When it was created.
    pub created_at: Option<String>,
    /// By whom.
    pub created_by: Option<ChangeActor>,
    /// When it expires or expired; null = never, or unknown, see `expiration_known`.
    pub expires: Option<String>,
    /// Whether the logs or a listing tell if it expires.
    pub expiration_known: bool,
    /// When it was invalidated; null with status `invalidated` where the listing does not say when.
    pub invalidated_at: Option<String>,
    /// By whom; null where no event tells.
    pub invalidated_by: Option<ChangeActor>,
    /// How the invalidation named it: `id`, `name`, `owner`, `realm`, or `listing` where no event tells.
    pub invalidated_how: Option<String>,
    /// Its use, as access decisions and successful authentications of clients show it.
    pub used: Use,
    /// Refusals.
    pub refused: Refused,
}

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ChangeActor {
    /// User.
    pub name: Option<String>,
    /// Realm.
    pub realm: Option<String>,
    /// Address.
    pub source: Option<String>,
    /// The line of the change.
    pub evidence: Evidence,
}

/// Use of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Use {
    /// Events; a request may make several.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// From where, most first, at most 50.
    pub clients: Vec<UseClient>,
    /// Distinct addresses.
    pub clients_total: u64,
    /// Who used it at the other cluster, of cross-cluster keys, most first, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remote_users: Vec<RemoteUser>,
}

/// A user of another cluster who used a cross-cluster key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct RemoteUser {
    /// `cross_cluster_access.user.name`.
    pub name: String,
    /// Events.
    pub count: u64,
}

/// Use of a key from one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct UseClient {
    /// Address; null where the events have none.
    pub address: Option<String>,
    /// Events.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
}

/// Refusals of a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Refused {
    /// How often.
    pub count: u64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
    /// By reason.
    pub reasons: BTreeMap<String, u64>,
    /// Refusals by what their reason rests on: `server_log`, `context`, `inferred`.
    pub bases: BTreeMap<String, u64>,
    /// From where, most first, at most 50.
    pub clients: Vec<RefusedClient>,
    /// Distinct addresses.
    pub clients_total: u64,
    /// Refusals that no client could be joined to.
    pub unattributed: u64,
    /// From the end of the key to the first refusal at or after it, in seconds.
    pub first_after_end_seconds: Option<i64>,
    /// From the end of the key to the last refusal.
    pub last_after_end_seconds: Option<i64>,
    /// First and last line.
    pub evidence: Vec<Evidence>,
}

/// Refusals of a key from one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct RefusedClient {
    /// Address.
    pub address: String,
    /// Refusals put down to it.
    pub count: u64,
    /// How sure that is, 0 to 1, on average.
    pub confidence: f64,
    /// First.
    pub first: Option<String>,
    /// Last.
    pub last: Option<String>,
}

/// Refusals of keys that no line names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Unnamed {
    /// Reason.
    pub reason: String,
    /// What is known of them.
    pub refused: Refused,
}
