//! What rules of others (Sigma) found among single events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Evidence;

/// Everything that `--sigma` adds to a report. Rules are run over failed attempts, security changes and powerful actions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SigmaReport {
    /// Rules and correlations that were run.
    pub rules: u64,
    /// Those that found something, in the order in which they were read.
    pub matches: Vec<SigmaMatch>,
    /// Those that were not run.
    pub skipped: Vec<SkippedRule>,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SigmaMatch {
    /// The rule's title.
    pub title: String,
    /// Its id.
    pub id: Option<String>,
    /// informational, low, medium, high, critical, as the rule says.
    pub level: Option<String>,
    /// The file that it stands in.
    pub file: String,
    /// Events that meet it, or that are in stretches of a correlation.
    pub events: u64,
    /// The first of them.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
    /// Of correlations the stretches of time in which they hold, by first event, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stretches: Vec<SigmaStretch>,
    /// How many there are.
    #[serde(default)]
    pub stretches_total: u64,
    /// The first lines.
    pub evidence: Vec<Evidence>,
}

/// A stretch of time in which a correlation holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SigmaStretch {
    /// What its events have in common, by field.
    pub group: BTreeMap<String, String>,
    /// The first event.
    pub first: String,
    /// The last.
    pub last: String,
    /// Events.
    pub events: u64,
}

/// A rule that was not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct SkippedRule {
    /// The rule's title.
    pub title: String,
    /// The file that it stands in.
    pub file: String,
    /// Why.
    pub why: String,
}
