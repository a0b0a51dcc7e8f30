//! `esaudit impact`.

use super::console::{complain, watched};
use super::found::LoadedReport;
use super::outcome::{left_out, refused, status, write_all};
use crate::aggregate;
use crate::cli::{ImpactRequest, Whom};
use crate::error::Error;
use crate::impact::{Asked, Suspect};
use crate::options::{Filter, Options};
use crate::pipeline::{self, Inputs, Request};
use crate::show;
use crate::words;

/// Reads logs or parts and tells what an actor did.
///
/// # Errors
/// The report cannot be read or has no such finding, parts cannot be used, or there are no threads.
pub fn impact(request: ImpactRequest) -> Result<u8, Error> {
    let ImpactRequest { mut read, whom, surroundings, outputs } = request;
    let is_told = surroundings.is_some();
    let mut not_found = 0;
    read.options.surroundings = surroundings.unwrap_or_default();
    let asked = match whom {
        Whom::Named => {
            let filter = &read.options.filter;
            Asked::Named { principal: filter.principal.clone(), key: filter.key.clone(), source: filter.source.clone() }
        }
        Whom::Finding { id, report: path } => {
            let paths = if let Inputs::Any(paths) = &read.inputs { paths.as_slice() } else { &[] };
            // Ids are those of the whole report: bounds are of what is followed.
            let all = || Request::of(paths, Options { filter: Filter::default(), ..read.options.clone() });
            let LoadedReport { report, name } = LoadedReport::of(path.as_deref(), all)?;
            if let Inputs::Any(paths) = &mut read.inputs
                && paths.is_empty()
            {
                let (files, gone) = show::files(&report);
                let gone = gone.iter().map(|path| format!("{path}: {}", show::NOT_FOUND));
                not_found = gone.inspect(|told| complain(told)).count();
                *paths = files;
            }
            if !is_told {
                read.options.surroundings = aggregate::networks(&report);
            }
            let finding =
                report.findings.iter().find(|finding| finding.id.eq_ignore_ascii_case(&id)).ok_or_else(|| {
                    let has = words::count(report.findings.len() as u64, "finding", "findings");
                    Error::Report(format!("{name}: no {id}; it has {has} (F1, …)"))
                })?;
            let suspect = Suspect::of(finding, &report.findings)
                .ok_or_else(|| Error::Report(format!("{name}: {id} names nobody whose deeds could be told")))?;
            Asked::Finding(Box::new(suspect))
        }
    };
    let (progress, strict, required) = (read.progress.clone(), read.options.strict, read.options.require_events);
    let (impact, mut incomplete) = watched(&progress, || pipeline::impact(read, asked))?;
    if let Some(status) = refused(strict, &impact.coverage) {
        return Ok(status);
    }
    incomplete |= !write_all(&outputs, &impact) || not_found > 0;
    incomplete |= left_out(&impact.coverage, &outputs);
    Ok(status(&impact.coverage, required, incomplete, 0))
}
