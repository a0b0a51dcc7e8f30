//! What a report rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a report rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Every input as it is stored, by path.
    pub inputs: Vec<StoredInput>,
    /// The program as it was built.
    pub tool: Build,
    /// Every option and threshold that can change the answer.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// SHA-256 of the report as `--format json` writes it without this manifest.
    pub report_sha256: String,
    /// SHA-256 of this manifest without this member, as JSON without blanks: nothing above is changed unnoticed. Reports of
    /// 0.1.0 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest_sha256: Option<String>,
}

/// An input as it is stored: compressed, if it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct StoredInput {
    /// Path as given or discovered.
    pub path: String,
    /// SHA-256 of its bytes; null where they could not be read.
    pub sha256: Option<String>,
    /// How many bytes these are.
    pub size: Option<u64>,
    /// When it was written to last; null of what comes through a pipe.
    pub modified: Option<String>,
    /// Why there is no hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// A program as it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Build {
    /// `esaudit`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// Commit of its sources, with `-dirty` where they differed; null where the build did not know.
    pub commit: Option<String>,
    /// Platform it was built for.
    pub target: String,
    /// `release` or `debug`.
    pub profile: String,
}
