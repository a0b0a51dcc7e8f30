//! `esaudit show`.

use super::console::{complain, terminal};
use super::outcome::INCOMPLETE;
use crate::cli::ShowRequest;
use crate::error::Error;
use crate::{output, show};

/// Prints the lines behind a finding or a group of a report.
///
/// # Errors
/// The report cannot be read or has no such finding or group, or standard output cannot be written.
pub fn show(request: &ShowRequest) -> Result<u8, Error> {
    let lines = show::find(&request.report, &request.id, &request.paths)?;
    let how = show::How { context: request.context, raw: request.raw, unicode: terminal().unicode };
    let mut remarks = Vec::new();
    output::print(|out| {
        remarks = show::write(&lines, how, out)?;
        Ok(())
    })?;
    remarks.iter().for_each(|remark| complain(remark));
    Ok(if remarks.is_empty() { 0 } else { INCOMPLETE })
}
