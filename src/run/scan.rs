//! `esaudit scan`.

use super::console::{complain, watched};
use super::nightly::Nightly;
use super::outcome::{INCOMPLETE, say_unusable, told, written};
use crate::cli::ScanRequest;
use crate::error::{Error, ProblemKind};
use crate::interrupt;
use crate::pipeline::Gathered;
use crate::progress::Verbosity;
use crate::words;

/// Reads logs into a part file.
///
/// # Errors
/// No threads could be started, or what earlier runs left is not to be used.
pub fn scan(request: ScanRequest) -> Result<u8, Error> {
    let ScanRequest { mut read, output, state } = request;
    let nightly = state.map(|state| Nightly::begin(state, output.as_ref(), &mut read)).transpose()?;
    let (progress, strict) = (read.progress.clone(), read.options.strict);
    let mut records = watched(&progress, || {
        let mut records = read.read()?;
        records.part();
        Ok::<_, Error>(records)
    })?;
    let problems = records.part().problems_total();
    if strict && problems > 0 {
        let problems = words::count(problems, "problem", "problems");
        complain(&format!("no part, because of --strict and {problems}; `esaudit report` lists them"));
        return Ok(INCOMPLETE);
    }
    let left_out = records.part().state.counted_only.attempts;
    if strict && left_out > 0 {
        complain(&format!(
            "no part, because of --strict: {} counted only, memory is short (--max-memory)",
            words::count(left_out, "attempt is", "attempts are")
        ));
        return Ok(INCOMPLETE);
    }
    say_unusable(records.part().problems.iter().map(|(_, _, message)| message));
    let interrupted = records.part().state.inputs.iter().any(|input| input.interrupted);
    if nightly.is_some() && (interrupted || interrupt::requested()) {
        complain("interrupted: no part, and the state is as it was, so that the next run reads all of it");
        return Ok(interrupt::EXIT_STATUS);
    }
    if progress.verbosity != Verbosity::Quiet {
        say_changes(&mut records);
    }
    let written = match (&nightly, &output) {
        (Some(nightly), _) => told(nightly.keep(&mut records)),
        (None, Some(output)) => written(output, |out| records.write_part(out)),
        (None, None) => true,
    };
    Ok(if interrupted {
        interrupt::EXIT_STATUS
    } else if records.part().is_incomplete() || !written {
        INCOMPLETE
    } else {
        0
    })
}

/// Says what became of files since the last run, and which could not be read whole.
fn say_changes(records: &mut Gathered) {
    let part = records.part();
    let problems = part.problems.iter().filter(|(_, kind, _)| *kind == ProblemKind::Changed || kind.means_incomplete());
    problems.for_each(|(path, _, message)| complain(&format!("{path}: {message}")));
    for input in &part.state.inputs {
        if let Some(error) = &input.error {
            complain(&format!("{}: {error}", input.label));
        }
    }
}
