//! `esaudit report`.

use super::console::watched;
use super::outcome::{alarming, refused, status, written};
use crate::cli::{PART, ReportRequest};
use crate::error::Error;
use crate::judge::Severity;
use crate::output::Output;
use crate::part;
use crate::pipeline::{Analysis, Inputs};
use crate::report::{Renderer, View, renderer};

/// Reads logs and reports.
///
/// # Errors
/// The inputs are parts, or no threads could be started.
pub fn report(request: ReportRequest) -> Result<u8, Error> {
    let ReportRequest { read, outputs, top, fail_on } = request;
    if let Inputs::Logs(paths) = &read.inputs
        && part::are_parts(paths)?
    {
        let message = "these are parts of a scan: `esaudit merge` makes the report of them";
        return Err(Error::Inputs(message.to_owned()));
    }
    let progress = read.progress.clone();
    let analysis = watched(&progress, || Ok::<_, Error>(read.read()?.join().report()))?;
    write(analysis, &outputs, top, fail_on)
}

/// Writes a report to every output that wants one; `top` is the number of rows that was asked for.
pub(super) fn write(
    mut analysis: Analysis,
    outputs: &[Output],
    top: Option<Option<usize>>,
    fail_on: Option<Severity>,
) -> Result<u8, Error> {
    if let Some(status) = refused(analysis.options().strict, &analysis.report.coverage) {
        return Ok(status);
    }
    let wanted = outputs.iter().filter(|output| output.format != PART);
    let wanted: Vec<(&Output, &dyn Renderer)> =
        wanted.filter_map(|output| Some((output, renderer(output.format)?))).collect();
    // Data is cut before it is written, tables when they are drawn, so that they can say how much is left: tables first.
    let (data, tables): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, renderer)| renderer.rows().is_none());
    let mut incomplete = analysis.incomplete;
    for (list, cut) in [(tables, None), (data, top.flatten())] {
        if let Some(top) = cut.filter(|_| !list.is_empty()) {
            analysis.report.cut(top);
        }
        analysis.seal()?;
        for (output, renderer) in list {
            let view = View::of(output.style, renderer, top);
            incomplete |= !analysis.within(|report| written(output, |out| renderer.render(report, &view, out)));
        }
    }
    let report = &analysis.report;
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
