//! `esaudit merge`.

use super::console::{remarked, watched};
use super::outcome::{INCOMPLETE, say_unusable, written};
use super::report;
use crate::cli::ReportRequest;
use crate::error::Error;
use crate::output::Output;

/// Merges parts into a larger part, a report, or both.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn merge(request: ReportRequest) -> Result<u8, Error> {
    let ReportRequest { read, outputs, fail_on, .. } = request;
    let progress = read.progress.clone();
    let mut records = read.read()?;
    let mut incomplete = false;
    for output in outputs.list.iter().filter(|output| output.is_part()) {
        incomplete |= !written(output, |out| records.write_part(out));
    }
    let status = if outputs.list.iter().all(Output::is_part) {
        say_unusable(records.part().problems.iter().map(|(_, _, message)| message));
        if records.part().is_incomplete() { INCOMPLETE } else { 0 }
    } else {
        let analysis = watched(&progress, || remarked(records.join()).report());
        report::write(analysis, &outputs, fail_on, None)?
    };
    Ok(if incomplete { INCOMPLETE } else { status })
}
