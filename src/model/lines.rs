//! Lines behind a finding or a group, as data: what `esaudit show` tells. Names and order of the JSON are stable, as the report's.

use serde::Serialize;

/// Everything `esaudit show` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct LinesReport<'l> {
    /// Version of this contract.
    pub schema_version: u32,
    /// The lines, by path and number.
    pub lines: Vec<ListedLine<'l>>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ListedLine<'l> {
    /// Input.
    pub path: &'l str,
    /// Line, from 1.
    pub line: u64,
    /// Whether it is a line of the evidence, and not one around it.
    pub is_evidence: bool,
    /// As it stands there.
    pub text: &'l str,
    /// Bytes of it that were left out, of long lines.
    pub bytes_left_out: u64,
}
