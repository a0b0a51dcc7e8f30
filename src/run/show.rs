//! `esaudit show`.

use super::console::complain;
use super::found::LoadedReport;
use super::outcome::{INCOMPLETE, write_all};
use crate::cli::ShowRequest;
use crate::error::Error;
use crate::options::Options;
use crate::pipeline::Request;
use crate::{output, show};

/// Shows the lines behind a finding or a group of a report.
///
/// # Errors
/// The report cannot be read or has no such finding or group, or standard output cannot be written.
pub fn show(request: &ShowRequest) -> Result<u8, Error> {
    let read = || Request::of(&request.paths, Options::default());
    let found = LoadedReport::of(request.report.as_deref(), read)?;
    let lines = show::find(&found.report, &found.name, &request.id, &request.paths)?;
    let mut complete = true;
    let mut remarks = Vec::new();
    if request.raw {
        output::print(|out| {
            remarks = show::write_raw(&lines, request.context, out)?;
            Ok(())
        })?;
    } else {
        let (shown, said) = show::read(&lines, request.context);
        complete = write_all(&request.outputs, &shown);
        remarks = said;
    }
    remarks.iter().for_each(|remark| complain(remark));
    Ok(if remarks.is_empty() && complete { 0 } else { INCOMPLETE })
}
