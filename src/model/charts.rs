//! What charts need beyond the tables of the report: bounded, and member for member in the JSON report under `charts`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Numbers for charts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Charts {
    /// Who failed when.
    pub heat: Heat,
    /// Realm chains and how they ended, most frequent first, at most 50.
    pub realm_flows: Vec<Flow>,
    /// Distinct pairs of chain and reason.
    pub realm_flows_total: u64,
    /// API keys over time: the refused first, then the ended, then the most used; at most 40.
    pub key_lives: Vec<KeyLife>,
    /// API keys met.
    pub key_lives_total: u64,
}

/// Failed attempts by who and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Heat {
    /// Start of the first bucket; null without attempts.
    pub start: Option<String>,
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// The most frequent principals, at most 20.
    pub principals: Vec<HeatRow>,
    /// The most frequent client addresses, at most 20.
    pub sources: Vec<HeatRow>,
}

/// The failed attempts of one principal or source over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct HeatRow {
    /// Who; null = attempts without one.
    pub key: Option<String>,
    /// All its attempts.
    pub count: u64,
    /// Attempts by bucket, at most 100.
    pub counts: Vec<u64>,
}

/// Attempts that went through the same realms and ended for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Flow {
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub realm_chain: Option<Vec<String>>,
    /// Reason.
    pub reason: String,
    /// Attempts.
    pub count: u64,
}

/// One API key over time; `esaudit keys` tells more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KeyLife {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// As of the last event: `active`, `invalidated`, `expired`, `unknown`.
    pub status: String,
    /// When it was created.
    pub created_at: Option<String>,
    /// When it expires or expired.
    pub expires: Option<String>,
    /// When it was invalidated.
    pub invalidated_at: Option<String>,
    /// By whom.
    pub invalidated_by: Option<String>,
    /// Events of its use.
    pub used: u64,
    /// First use.
    pub first_used: Option<String>,
    /// Last use.
    pub last_used: Option<String>,
    /// Refusals.
    pub refused: u64,
    /// First refusal.
    pub first_refused: Option<String>,
    /// Last refusal.
    pub last_refused: Option<String>,
    /// Refusals by reason.
    pub reasons: BTreeMap<String, u64>,
}
