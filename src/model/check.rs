//! An audit-readiness review, as data: what `esaudit check` tells. Member for member the pinned JSON contract: members may be
//! added, never renamed or dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text::Text;
use super::{Coverage, Evidence, Tool};

/// Everything `esaudit check` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Which program wrote it.
    pub tool: Tool,
    /// Every option that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// What was read, and what cannot be told from it.
    pub coverage: Coverage,
    /// The time that ages are counted to: that of the last event, or of the newest dump.
    pub as_of: Option<String>,
    /// What is not as it should be, by severity, then id.
    pub checks: Vec<ReadinessCheck>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ReadinessCheck {
    /// What was looked at: the same from run to run; where there are several of a kind, numbered from 2 on.
    pub id: String,
    /// critical, high, medium, low, info.
    pub severity: String,
    /// One line.
    pub title: Text,
    /// Why it matters, and what shows it.
    pub why: Vec<Text>,
    /// The API calls or settings that mend it.
    pub fix: Vec<Text>,
    /// Nodes.
    pub nodes: Vec<String>,
    /// Accounts, at most 50.
    pub principals: Vec<String>,
    /// API key ids, at most 50.
    pub api_keys: Vec<String>,
    /// Inputs and lines that show it.
    pub evidence: Vec<Evidence>,
}
