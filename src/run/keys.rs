//! `esaudit keys`.

use super::console::watched;
use super::outcome::{refused, status, written};
use crate::cli::KeysRequest;
use crate::error::Error;
use crate::report::View;

/// Reads logs or parts and lists the lives of API keys.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn keys(request: KeysRequest) -> Result<u8, Error> {
    let KeysRequest { read, query, outputs, top } = request;
    let progress = read.progress.clone();
    let evidence = watched(&progress, || Ok::<_, Error>(read.read()?.join().looked_at()))?;
    let report = evidence.keys(&query);
    if let Some(status) = refused(evidence.options().strict, &report.coverage) {
        return Ok(status);
    }
    let mut incomplete = evidence.incomplete;
    for output in &outputs {
        let view = View { style: output.style, top };
        incomplete |= !written(output, |out| report.render(output.format, &view, out));
    }
    Ok(status(&report.coverage, evidence.options().require_events, incomplete, 0))
}
