//! A finding: what happened, judged.

use serde::{Deserialize, Serialize};

use super::text::Text;
use super::{AccountPower, AfterEntry, Evidence, FindingPart, FindingTimeline};

/// A judged pattern. Texts are plain strings in JSON. Words that do not depend on the log are borrowed: a flood makes 100,000
/// findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Finding {
    /// `F1`, `F2`, … in report order.
    pub id: String,
    /// Kind, see the contract.
    pub kind: String,
    /// critical, high, medium, low, info.
    pub severity: String,
    /// hostile, operational, unclear.
    pub verdict: String,
    /// 0 to 1.
    pub confidence: f64,
    /// How many findings of this size chance alone would make in a log like this one; null where it cannot be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_by_chance: Option<f64>,
    /// The cluster, where there is more than one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// One line.
    pub title: Text,
    /// ATT&CK techniques; empty for operational causes.
    pub attack: Vec<String>,
    /// Principals, at most 50.
    pub principals: Vec<String>,
    /// Distinct principals.
    pub principals_total: u64,
    /// Client addresses, at most 50.
    pub sources: Vec<String>,
    /// Distinct addresses.
    pub sources_total: u64,
    /// Nodes.
    pub nodes: Vec<String>,
    /// API key ids.
    pub api_keys: Vec<String>,
    /// Start.
    pub start: Option<String>,
    /// End.
    pub end: Option<String>,
    /// Failed attempts in it.
    pub failures: u64,
    /// Successes in it.
    pub successes: u64,
    /// What it means, in plain words.
    pub diagnosis: Text,
    /// The measured evidence, sentence by sentence.
    pub why: Vec<Text>,
    /// What to do.
    pub next_steps: Vec<Text>,
    /// When this is a false alarm.
    pub false_positives: Vec<Text>,
    /// What it consists of: the guessing that led to an entry, what was made since.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<FindingPart>,
    /// What followed the entry; null where nobody got in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after_entry: Option<AfterEntry>,
    /// How powerful those are whom it names, where the cluster's own answers tell.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub accounts: Vec<AccountPower>,
    /// Findings that belong with it, by id.
    #[serde(default)]
    pub related: Vec<String>,
    /// Its failures over time.
    #[serde(default)]
    pub timeline: Option<FindingTimeline>,
    /// Lines.
    pub evidence: Vec<Evidence>,
}
