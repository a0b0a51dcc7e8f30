//! What kinds of findings mean, as data: what `esaudit explain` tells. Names and order of the JSON are stable, as the report's.

use serde::Serialize;

use super::text::Text;

/// Every kind: what `esaudit explain` tells without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KindsReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// The kinds, by name.
    pub kinds: Vec<KindSignature>,
}

/// A kind in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KindSignature {
    /// Its name.
    pub kind: &'static str,
    /// What it looks like.
    pub signature: &'static str,
}

/// One kind: what `esaudit explain KIND` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KindReport {
    /// Version of this contract.
    pub schema_version: u32,
    /// Its name.
    pub kind: &'static str,
    /// What it looks like.
    pub signature: &'static str,
    /// What it means.
    pub meaning: Text,
    /// How it is judged.
    pub verdict: &'static str,
    /// What to do.
    pub next_steps: Vec<Text>,
    /// When it is a false alarm.
    pub false_positives: Vec<&'static str>,
    /// ATT&CK techniques.
    pub attack: Vec<&'static str>,
    /// What this rests on.
    pub source: &'static str,
}
