//! `esaudit report`.

use std::ffi::OsString;
use std::sync::Arc;

use super::console::{self, complain, remarked, watched};
use super::embed;
use super::outcome::{alarming, left_out, refused, status, told};
use crate::cli::ReportRequest;
use crate::document::formats::Shows;
use crate::error::Error;
use crate::interrupt::{self, AtSignal};
use crate::judge::Severity;
use crate::output::{Output, Outputs};
use crate::part;
use crate::pipeline::{Analysis, Inputs};
use crate::signing::Signer;

/// Reads logs and reports.
///
/// # Errors
/// The inputs are parts, or no threads could be started.
pub fn report(request: ReportRequest) -> Result<u8, Error> {
    let ReportRequest { read, mut outputs, fail_on, embed, sign } = request;
    if let Inputs::Logs(paths) = &read.inputs
        && part::are_parts(paths)?
    {
        let message = "these are parts of a scan: `esaudit merge` makes the report of them";
        return Err(Error::Inputs(message.to_owned()));
    }
    outputs.signer = sign.map(|key| Signer::load(&key, console::password)).transpose()?.map(Arc::new);
    let embedded = match &read.inputs {
        Inputs::Logs(paths) if embed => Some(paths.clone()),
        _ => None,
    };
    let progress = read.progress.clone();
    let analysis = watched(&progress, || Ok::<_, Error>(remarked(read.join()?).report()))?;
    write(analysis, &outputs, fail_on, embedded.as_deref())
}

/// Writes a report to every output that wants one; pages with lines of the evidence, where the paths of the logs are given.
pub(super) fn write(
    mut analysis: Analysis,
    outputs: &Outputs,
    fail_on: Option<Severity>,
    embedded: Option<&[OsString]>,
) -> Result<u8, Error> {
    if let Some(status) = refused(analysis.options().strict, &analysis.report.coverage) {
        return Ok(status);
    }
    // Data is cut before it is written, documents when they are drawn, so that they can say how much is left: documents first.
    let wanted = outputs.list.iter().filter(|output| !output.is_part());
    let (documents, data): (Vec<&Output>, Vec<&Output>) =
        wanted.partition(|output| matches!(output.format.shows, Shows::Document(..)));
    let unhashed = analysis.unhashed();
    unhashed.iter().for_each(|told| complain(told));
    let mut incomplete = analysis.incomplete || !unhashed.is_empty();
    interrupt::enter("writing", AtSignal::Ends);
    for (list, cut) in [(documents, None), (data, outputs.top.flatten())] {
        if let Some(top) = cut.filter(|_| !list.is_empty()) {
            analysis.report.cut(top);
        }
        analysis.seal()?;
        for output in list {
            incomplete |= !analysis.within(|report| match embedded {
                Some(paths) if output.format.name == "html" => {
                    told(outputs.write(output, &embed::embedded(report, paths)))
                }
                _ => told(outputs.write(output, report)),
            });
        }
    }
    let report = &analysis.report;
    incomplete |= left_out(&report.coverage, outputs);
    let severities = report.findings.iter().map(|finding| finding.severity.as_str());
    let status = status(
        &report.coverage,
        analysis.options().require_events,
        incomplete,
        u8::from(alarming(severities, fail_on)),
    );
    // The process ends next, and the system frees memory at once that would take long to free piece by piece.
    std::mem::forget(analysis);
    Ok(status)
}
