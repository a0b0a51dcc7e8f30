//! `esaudit explain`.

use super::files::text;
use crate::config::Config;
use crate::detect::{self, Kind};
use crate::error::Error;

/// Prints what a kind of finding means, or a line on each.
///
/// # Errors
/// Standard output cannot be written.
pub fn explain(kind: Option<Kind>, config: &Config) -> Result<u8, Error> {
    match kind {
        None => text(detect::listing().as_bytes()),
        Some(kind) => text(detect::explain(kind, &config.thresholds).unwrap_or_default().as_bytes()),
    }
}
