//! The report and its renderers.

pub mod model;
