//! `esaudit keys`.

use super::console::{remarked, watched};
use super::outcome::{left_out, refused, status, write_all};
use crate::cli::KeysRequest;
use crate::error::Error;

/// Reads logs or parts and lists the lives of API keys.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn keys(request: KeysRequest) -> Result<u8, Error> {
    let KeysRequest { read, query, outputs } = request;
    let progress = read.progress.clone();
    let evidence = watched(&progress, || Ok::<_, Error>(remarked(read.join()?).looked_at()))?;
    let report = evidence.keys(&query);
    if let Some(status) = refused(evidence.options().strict, &report.coverage) {
        return Ok(status);
    }
    let mut incomplete = !write_all(&outputs, &report) || evidence.incomplete;
    incomplete |= left_out(&report.coverage, &outputs);
    Ok(status(&report.coverage, evidence.options().require_events, incomplete, 0))
}
