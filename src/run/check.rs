//! `esaudit check`.

use super::console::{remarked, watched};
use super::outcome::{INCOMPLETE, alarming, left_out, refused, status, write_all};
use crate::cli::CheckRequest;
use crate::error::Error;

/// Reads logs and dumps, and tells what would not show when it is needed. Dumps alone are enough.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn check(request: CheckRequest) -> Result<u8, Error> {
    let CheckRequest { read, outputs, fail_on } = request;
    let (progress, strict, required) = (read.progress.clone(), read.options.strict, read.options.require_events);
    let (report, mut incomplete) = watched(&progress, || Ok::<_, Error>(remarked(read.join()?).review()))?;
    if let Some(status) = refused(strict, &report.coverage) {
        return Ok(status);
    }
    incomplete |= !write_all(&outputs, &report);
    incomplete |= left_out(&report.coverage, &outputs);
    let done = u8::from(alarming(report.checks.iter().map(|check| check.severity.as_str()), fail_on));
    let coverage = &report.coverage;
    // Settings, users and keys can be looked at without a log.
    if coverage.holds_nothing() && coverage.context.iter().any(|document| document.used) && !coverage.interrupted {
        return Ok(if incomplete { INCOMPLETE } else { done });
    }
    Ok(status(coverage, required, incomplete, done))
}
