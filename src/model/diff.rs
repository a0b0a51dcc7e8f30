//! What changed between two reports as data: what `esaudit diff` tells. Names and order of the JSON are stable, as the
//! report's.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::Tool;
use super::text::Text;

/// Everything `esaudit diff` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct DiffReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Which program wrote the new report.
    pub tool: Tool,
    /// The report before.
    pub old: DiffSide,
    /// The report after.
    pub new: DiffSide,
    /// What makes the two hard to compare.
    pub notes: Vec<String>,
    /// The headline numbers.
    pub totals: TotalsChange,
    /// Findings, as ordered in the reports.
    pub findings: Lists<FindingChange>,
    /// Groups of failures, those that changed most first.
    pub groups: Lists<GroupChange>,
    /// Failing API keys, likewise.
    pub api_keys: Lists<RefusedChange>,
}

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct DiffSide {
    /// Its file.
    pub path: String,
    /// First event of the logs that it is about.
    pub first: Option<String>,
    /// Last event.
    pub last: Option<String>,
    /// The filters that were in force.
    pub filters: Vec<Text>,
}

/// A number before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct NumberChange {
    /// Before.
    pub old: u64,
    /// After.
    pub new: u64,
}

impl NumberChange {
    /// Both numbers.
    #[must_use]
    pub fn new(old: u64, new: u64) -> Self {
        Self { old, new }
    }
}

/// The headline numbers before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TotalsChange {
    /// Failed attempts.
    pub failed_attempts: NumberChange,
    /// Distinct principals among them.
    pub principals: NumberChange,
    /// Distinct addresses among them.
    pub sources: NumberChange,
    /// API key invalidations.
    pub api_key_invalidations: NumberChange,
    /// Findings.
    pub findings: NumberChange,
}

/// Things by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Lists<T> {
    /// Only in the new report.
    pub new: Vec<T>,
    /// Only in the old report.
    pub gone: Vec<T>,
    /// More failures than before.
    pub grown: Vec<T>,
    /// Fewer.
    pub shrunk: Vec<T>,
    /// As many as before.
    pub same: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { new: Vec::new(), gone: Vec::new(), grown: Vec::new(), shrunk: Vec::new(), same: Vec::new() }
    }
}

impl<T> Lists<T> {
    /// Puts something where it belongs.
    pub fn add(&mut self, item: T, was: bool, is: bool, count: NumberChange) {
        let list = match (was, is) {
            (false, _) => &mut self.new,
            (true, false) => &mut self.gone,
            _ if count.new > count.old => &mut self.grown,
            _ if count.new < count.old => &mut self.shrunk,
            _ => &mut self.same,
        };
        list.push(item);
    }

    /// Sorts each list by how much changed, the most first; equals stay in order.
    pub fn sort_by_key(&mut self, count: impl Fn(&T) -> NumberChange) {
        for list in [&mut self.new, &mut self.gone, &mut self.grown, &mut self.shrunk, &mut self.same] {
            list.sort_by_key(|item| Reverse(count(item).new.abs_diff(count(item).old)));
        }
    }

    /// The lists that are worth a look, with what became of the things in them.
    #[must_use]
    pub fn changed(&self) -> [(&'static str, &[T]); 4] {
        [("new", &self.new), ("grown", &self.grown), ("shrunk", &self.shrunk), ("gone", &self.gone)]
    }
}

/// A finding before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FindingChange {
    /// Kind.
    pub kind: String,
    /// Title, of the new report where it is in that.
    pub title: Text,
    /// Verdict, likewise.
    pub verdict: String,
    /// Severity before.
    pub severity_old: Option<String>,
    /// Severity after.
    pub severity_new: Option<String>,
    /// Id in the old report.
    pub id_old: Option<String>,
    /// Id in the new report.
    pub id_new: Option<String>,
    /// Its end before.
    pub last_old: Option<String>,
    /// Its end after.
    pub last_new: Option<String>,
    /// Failures in it.
    pub failures: NumberChange,
}

/// A group before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct GroupChange {
    /// Principal; null for attempts without one.
    pub principal: Option<String>,
    /// Realm chain; null = not logged, [] = none was asked.
    pub realm_chain: Option<Vec<String>>,
    /// Reason.
    pub reason: String,
    /// What was sent; absent where one of the reports does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The cluster, where both reports tell several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Keys of another grouping.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, Option<String>>,
    /// Attempts.
    pub count: NumberChange,
    /// Last attempt before.
    pub last_old: Option<String>,
    /// Last attempt after.
    pub last_new: Option<String>,
}

/// A failing API key before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct RefusedChange {
    /// Id; null where no line names it.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Why it is refused.
    pub reason: String,
    /// Refusals.
    pub count: NumberChange,
    /// Last refusal before.
    pub last_old: Option<String>,
    /// Last refusal after.
    pub last_new: Option<String>,
}
