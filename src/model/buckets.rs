//! Failures over time.

use serde::{Deserialize, Serialize};

/// The failures of one finding over time, empty buckets included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct FindingTimeline {
    /// Start of the first bucket.
    pub start: String,
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// Failures by bucket, at most 60.
    pub counts: Vec<u64>,
}

/// Failures over time; only buckets in which something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// Width of a bucket.
    pub bucket_seconds: u64,
    /// By start.
    pub buckets: Vec<TimelineBucket>,
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct TimelineBucket {
    /// Start.
    pub start: String,
    /// Attempts that ended in `authentication_failed`.
    pub authentication_failed: u64,
    /// Attempts that ended in `anonymous_access_denied`.
    pub anonymous_access_denied: u64,
    /// `access_denied` events.
    pub access_denied: u64,
    /// `tampered_request` events.
    #[serde(default)]
    pub tampered_request: u64,
}
