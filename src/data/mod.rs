//! Results as data for programs, written from the model itself: JSON, JSON lines, Parquet.

pub mod json;
pub mod lines;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod tables;
