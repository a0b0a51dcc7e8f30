//! The most frequent values of each key.

use serde::{Deserialize, Serialize};

/// The most frequent values among all attempts, counted exactly: the lists inside groups are cut, so they cannot be added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Tops {
    /// Principals by count descending, then name; null = attempts without one. At most 50.
    pub principals: Vec<TopText>,
    /// Distinct principals, null included.
    pub principals_total: u64,
    /// Realm chains; null = not logged, [] = none was asked. At most 50.
    pub realm_chains: Vec<TopChain>,
    /// Distinct chains, null included.
    pub realm_chains_total: u64,
    /// Reasons; never null.
    pub reasons: Vec<TopText>,
    /// Distinct reasons.
    pub reasons_total: u64,
    /// Client addresses; null = not logged. At most 50.
    pub sources: Vec<TopText>,
    /// Distinct addresses, null included.
    pub sources_total: u64,
    /// Nodes, as in groups: the id where known, else the name; null = not logged. At most 50.
    pub nodes: Vec<TopText>,
    /// Distinct nodes, null included.
    pub nodes_total: u64,
}

/// One value and the attempts that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TopText {
    /// The value; null where the attempts have none.
    pub key: Option<String>,
    /// Attempts.
    pub count: u64,
}

/// One realm chain and the attempts that went through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TopChain {
    /// Realms in the order they were asked; null = not logged, [] = none was asked.
    pub key: Option<Vec<String>>,
    /// Attempts.
    pub count: u64,
}
