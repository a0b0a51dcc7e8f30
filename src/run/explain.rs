//! `esaudit explain`.

use super::files::text;
use crate::error::Error;
use crate::judge::{self, Kind};

/// Prints what a kind of finding means, or a line on each.
///
/// # Errors
/// Standard output cannot be written.
pub fn explain(kind: Option<Kind>) -> Result<u8, Error> {
    match kind {
        None => text(judge::listing().as_bytes()),
        Some(kind) => text(judge::explain(kind).unwrap_or_default().as_bytes()),
    }
}
