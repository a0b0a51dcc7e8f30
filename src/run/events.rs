//! `esaudit events`.

use super::console::watched;
use super::outcome::{refused, status, written};
use crate::aggregate;
use crate::cli::EventsRequest;
use crate::error::Error;
use crate::report;

/// Reads logs or parts and writes attempts and changes, one a line.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn events(request: EventsRequest) -> Result<u8, Error> {
    let EventsRequest { read, kinds, outputs } = request;
    let progress = read.progress.clone();
    let evidence = watched(&progress, || Ok::<_, Error>(read.read()?.join().looked_at()))?;
    let coverage = evidence.coverage();
    if let Some(status) = refused(evidence.options().strict, &coverage) {
        return Ok(status);
    }
    let mut incomplete = evidence.incomplete;
    for output in &outputs {
        let events = aggregate::events(&evidence.joined, kinds);
        incomplete |= !written(output, |out| report::events::write(events, output.format, out));
    }
    Ok(status(&coverage, evidence.options().require_events, incomplete, 0))
}
