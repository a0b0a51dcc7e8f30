//! `esaudit impact`.

use super::console::{complain, watched};
use super::found::LoadedReport;
use super::outcome::{left_out, refused, status, write_all};
use crate::aggregate;
use crate::cli::{ImpactRequest, Whom};
use crate::error::{Error, ProblemKind};
use crate::impact::{Asked, Suspect};
use crate::model::{Coverage, Problem};
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
    let mut gone: Option<Vec<String>> = None;
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
                let (files, missing) = show::files(&report);
                missing.iter().for_each(|path| complain(&format!("{path}: {}", show::NOT_FOUND)));
                gone = Some(missing.into_iter().map(str::to_owned).collect());
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
    let (mut impact, mut incomplete) = watched(&progress, || pipeline::impact(read, asked))?;
    if let Some(gone) = gone {
        incomplete |= !gone.is_empty();
        only_named(&mut impact.coverage, gone);
    }
    if let Some(status) = refused(strict, &impact.coverage) {
        return Ok(status);
    }
    incomplete |= !write_all(&outputs, &impact);
    incomplete |= left_out(&impact.coverage, &outputs);
    Ok(status(&impact.coverage, required, incomplete, 0))
}

/// What is told of inputs that only a report names, which anybody may have written: no text of what is no log, and which are gone.
fn only_named(coverage: &mut Coverage, gone: Vec<String>) {
    let foreign = coverage.problems.iter_mut().filter(|problem| problem.kind == ProblemKind::NotALog.name());
    foreign.for_each(|problem| problem.message = "nothing in it was recognised; name it to see why".into());
    coverage.complete &= gone.is_empty();
    coverage.problems_total += gone.len() as u64;
    let kind = ProblemKind::Unreadable.name();
    let missing = |path| Problem { path, line: None, kind: kind.to_owned(), message: show::NOT_FOUND.into() };
    coverage.problems.splice(0..0, gone.into_iter().map(missing));
}
