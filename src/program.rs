//! What `main.rs` is made of; no part of the API.

pub use crate::cli::{Command, parse};
pub use crate::config::print as configuration;
pub use crate::interrupt::install as watch_signals;
pub use crate::run::*;
