//! Results as data for programs, written from the model itself: JSON, JSON lines, Parquet, and what other
//! programs read.

pub mod ecs;
mod ids;
pub mod json;
pub mod lines;
pub mod navigator;
pub mod ocsf;
pub mod ocsf_tables;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod report_tables;
pub mod sigma_rules;
pub mod stix;
pub mod tables;
