//! `esaudit diff`.

use std::path::Path;

use super::outcome::{INCOMPLETE, alarming, write_all};
use crate::cli::DiffRequest;
use crate::diff;
use crate::error::Error;
use crate::model::diff::FindingChange;

/// Compares two reports.
///
/// # Errors
/// One of them cannot be read.
pub fn diff(request: &DiffRequest) -> Result<u8, Error> {
    let (old, new) = (diff::load(&request.old)?, diff::load(&request.new)?);
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let diff = diff::diff((&name(&request.old), &old), (&name(&request.new), &new));
    let incomplete = !write_all(&request.outputs, &diff);
    // New ones, and those that have become so severe: a campaign that goes on with a success is the finding that it was.
    let was_below = |found: &&FindingChange| !alarming(found.severity_old.as_deref().into_iter(), request.fail_on);
    let worse = diff.findings.new.iter().chain(&diff.findings.grown).filter(was_below);
    let severities = worse.filter_map(|found| found.severity_new.as_deref());
    Ok(if incomplete { INCOMPLETE } else { u8::from(alarming(severities, request.fail_on)) })
}
