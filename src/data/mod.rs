//! Results as data for programs, written from the model itself: JSON, JSON lines, Parquet, and what other
//! programs read.

pub mod ecs;
mod ids;
pub mod json;
pub mod lines;
pub mod navigator;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod stix;
pub mod tables;
