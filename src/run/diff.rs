//! `esaudit diff`.

use std::path::Path;

use super::outcome::{INCOMPLETE, alarming, write_all};
use crate::cli::DiffRequest;
use crate::diff;
use crate::error::Error;

/// Compares two reports.
///
/// # Errors
/// One of them cannot be read.
pub fn diff(request: &DiffRequest) -> Result<u8, Error> {
    let (old, new) = (diff::load(&request.old)?, diff::load(&request.new)?);
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let diff = diff::diff((&name(&request.old), &old), (&name(&request.new), &new));
    let incomplete = !write_all(&request.outputs, &diff);
    let severities = diff.findings.new.iter().filter_map(|found| found.severity_new.as_deref());
    Ok(if incomplete { INCOMPLETE } else { u8::from(alarming(severities, request.fail_on)) })
}
