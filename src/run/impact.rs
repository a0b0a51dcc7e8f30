//! `esaudit impact`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::console::{complain, watched};
use super::found::LoadedReport;
use super::outcome::{left_out, refused, status, write_all};
use crate::aggregate;
use crate::cli::{ImpactRequest, Whom};
use crate::error::{Error, ProblemKind};
use crate::impact::{Asked, Suspect};
use crate::model::{Coverage, Input, Problem};
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
    let mut of_report: Option<InputsOfReport> = None;
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
                let missing = missing.into_iter().map(|path| (path.to_owned(), NotRead::Gone)).collect();
                *paths = files;
                of_report = Some(InputsOfReport { then: report.coverage.inputs.clone(), missing });
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
    let again = of_report.as_ref().map(|_| (read.clone(), asked.clone()));
    let (mut impact, mut incomplete) = watched(&progress, || pipeline::impact(read, asked))?;
    if let (Some(mut inputs), Some((mut read, asked))) = (of_report, again) {
        // Of a run that a signal ended it is not known.
        let met = if impact.coverage.interrupted { &[][..] } else { impact.coverage.inputs.as_slice() };
        let foreign = inputs.take_foreign(met);
        if let (Inputs::Any(paths), false) = (&mut read.inputs, foreign.is_empty()) {
            // What they hold is of nobody in the report.
            paths.retain(|path| !foreign.contains(path));
            (impact, incomplete) = watched(&progress, || pipeline::impact(read, asked))?;
        }
        incomplete |= !inputs.missing.is_empty();
        only_named(&mut impact.coverage, inputs.missing);
    }
    if let Some(status) = refused(strict, &impact.coverage) {
        return Ok(status);
    }
    incomplete |= !write_all(&outputs, &impact);
    incomplete |= left_out(&impact.coverage, &outputs);
    Ok(status(&impact.coverage, required, incomplete, 0))
}

/// The inputs of a report, which alone says where they are.
struct InputsOfReport {
    /// As they were when the report was made.
    then: Vec<Input>,
    /// Those that are not read, by name.
    missing: Vec<(String, NotRead)>,
}

/// Why an input of a report is not read.
enum NotRead {
    Gone,
    /// Another file lies there, or one that was not among the inputs.
    Foreign,
}

impl InputsOfReport {
    /// Gives the files of which something was read that is no input of the report, as its names, sizes and times tell.
    fn take_foreign(&mut self, now: &[Input]) -> Vec<OsString> {
        // Of a path that the report has several times the first counts: else it could guess.
        let mut then: HashMap<&str, &Input> = HashMap::new();
        for input in &self.then {
            then.entry(&input.path).or_insert(input);
        }
        let is_foreign = |input: &&Input| then.get(input.path.as_str()).is_none_or(|then| !is_still(then, input));
        let foreign: Vec<&Input> = now.iter().filter(is_foreign).collect();
        self.missing.extend(foreign.iter().map(|input| (input.path.clone(), NotRead::Foreign)));
        foreign.iter().filter_map(|input| show::file_of(&input.path)).map(PathBuf::into_os_string).collect()
    }
}

/// Whether an input is what it was, or a log that has grown since, or was not read to its end: its first event is the same.
fn is_still(then: &Input, now: &Input) -> bool {
    let has_other_end = now.bytes > then.bytes || now.error.is_some();
    let is_same = (now.bytes, now.lines, &now.last) == (then.bytes, then.lines, &then.last);
    now.first == then.first && (is_same || has_other_end && then.first.is_some())
}

/// What is told of inputs that only a report names, which anybody may have written: no text of what is no log, and which are not
/// read.
fn only_named(coverage: &mut Coverage, not_read: Vec<(String, NotRead)>) {
    let foreign = coverage.problems.iter_mut().filter(|problem| problem.kind == ProblemKind::NotALog.name());
    foreign.for_each(|problem| problem.message = "nothing in it was recognised; name it to see why".into());
    coverage.complete &= not_read.is_empty();
    coverage.problems_total += not_read.len() as u64;
    let problem = |(path, why)| {
        let (kind, message) = match why {
            NotRead::Gone => (ProblemKind::Unreadable, show::NOT_FOUND),
            NotRead::Foreign => (ProblemKind::Changed, FOREIGN),
        };
        Problem { path, line: None, kind: kind.name().to_owned(), message: message.into() }
    };
    coverage.problems.splice(0..0, not_read.into_iter().map(problem));
}

/// What is said of a file that lies where an input of a report was.
const FOREIGN: &str =
    "not what the report was made of: its size or its times differ; not counted, name the files that are meant";
