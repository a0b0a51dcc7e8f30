//! What came of a run: which outputs were written, and the exit status.

use std::io::{self, Write};

use super::console::complain;
use super::nothing;
use crate::document::formats::Results;
use crate::error::Error;
use crate::escape;
use crate::interrupt::{self, AtSignal};
use crate::judge::Severity;
use crate::model::Coverage;
use crate::output::{Output, Outputs};
use crate::spill;
use crate::words;

/// Exit status: some input could not be read whole, or a result could not be written.
pub const INCOMPLETE: u8 = 2;

/// Writes one output of another kind than results; says so where that fails, and lets the others be written.
pub(super) fn written(output: &Output, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> bool {
    interrupt::enter("writing", AtSignal::Ends);
    told(output.write(render))
}

/// Writes results to every output, whatever became of those before; whether all were written.
pub(super) fn write_all(outputs: &Outputs, results: &dyn Results) -> bool {
    interrupt::enter("writing", AtSignal::Ends);
    let failed = outputs.list.iter().filter(|output| !told(outputs.write(output, results))).count();
    failed == 0
}

/// Says what went wrong; whether nothing did.
pub(super) fn told(written: Result<(), Error>) -> bool {
    if let Err(error) = &written {
        complain(&error.to_string());
    }
    written.is_ok()
}

/// With `--strict`, the exit status where anything is wrong with the inputs, or where memory did not suffice for all that is in
/// them; what it is goes to standard error.
pub(super) fn refused(strict: bool, coverage: &Coverage) -> Option<u8> {
    if !strict {
        return None;
    }
    if let Some(left_out) = &coverage.counted_only {
        let attempts = words::count(left_out.attempts, "attempt is", "attempts are");
        complain(&format!("no report, because of --strict: {attempts} counted only, memory is short (--max-memory)"));
    }
    if coverage.problems_total == 0 {
        return coverage.counted_only.as_ref().map(|_| INCOMPLETE);
    }
    let mut out = io::stderr().lock();
    let shown = |text: &str| escape::terminal(text, false);
    // Nothing is left to tell if even this cannot be written.
    let problems = words::count(coverage.problems_total, "problem", "problems");
    let _ = writeln!(out, "esaudit: no report, because of --strict and {problems}:");
    for problem in &coverage.problems {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        let (path, message) = (shown(&problem.path), shown(&problem.message.plain()));
        let _ = writeln!(out, "  {path}{line}: {} ({message})", problem.kind);
    }
    let more = coverage.problems_total - coverage.problems.len() as u64;
    if more > 0 {
        let _ = writeln!(out, "  and {more} more (--problems)");
    }
    Some(if coverage.interrupted { interrupt::EXIT_STATUS } else { INCOMPLETE })
}

/// The exit status of a run whose outputs are written: `done`, unless something is lacking, also that fewer audit
/// events than `required` were read, or no event at all. Says on standard error what nobody may overlook.
pub(super) fn status(coverage: &Coverage, required: u64, incomplete: bool, done: u8) -> u8 {
    if coverage.interrupted {
        complain("interrupted: the report is of what was read before");
    }
    say_unusable(coverage.problems.iter().map(|problem| problem.message.plain()));
    if !coverage.reconciled {
        complain("the numbers of this report do not add up; do not rely on it");
    }
    let short = coverage.audit_events < required;
    if coverage.holds_nothing() {
        nothing::explain(coverage).iter().for_each(|line| complain(line));
    } else if short {
        let found = coverage.audit_events;
        complain(&format!("{found} audit events, fewer than --require-events {required}"));
    }
    if coverage.interrupted {
        interrupt::EXIT_STATUS
    } else if incomplete || short || coverage.holds_nothing() {
        INCOMPLETE
    } else {
        done
    }
}

/// Says that temporary files cannot be used, which is nothing that an input is to blame for.
pub(super) fn say_unusable<M: AsRef<str>>(mut problems: impl Iterator<Item = M>) {
    if let Some(message) = problems.find(|message| spill::is_problem(message.as_ref())) {
        complain(message.as_ref());
    }
}

/// Says what limits left out, where an output has no room for it, however quiet the run is; whether there was anything to say.
pub(super) fn left_out(coverage: &Coverage, outputs: &Outputs) -> bool {
    let is_untold = outputs.list.iter().any(|output| !output.format.tells_coverage());
    let left_out: &[String] = if is_untold { &coverage.left_out } else { &[] };
    left_out.iter().for_each(|what| complain(what));
    !left_out.is_empty()
}

/// Whether a severity is at or above the one to fail on.
pub(super) fn alarming<'s>(mut severities: impl Iterator<Item = &'s str>, fail_on: Option<Severity>) -> bool {
    severities.any(|severity| Severity::parse(severity).zip(fail_on).is_some_and(|(has, least)| has >= least))
}
