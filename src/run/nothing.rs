//! What is said on standard error where no input held anything: a wrong all-clear is the worst answer.

use crate::error::ProblemKind;
use crate::model::Coverage;

/// Inputs named one by one; more are counted.
const MOST_NAMED: usize = 5;

/// Lines for standard error: that nothing was found, what was met instead, and the likely cause.
pub(super) fn explain(coverage: &Coverage) -> Vec<String> {
    let inputs = &coverage.inputs;
    let mut told = vec![match inputs.len() {
        0 => "no audit and no server event: there was no input to read".to_owned(),
        1 => format!("no audit and no server event in the {} lines of the one input", coverage.lines),
        many => format!("no audit and no server event in the {} lines of {many} inputs", coverage.lines),
    }];
    // Problems of inputs as a whole say what they look like; those of lines follow.
    let mut problems: Vec<_> = coverage.problems.iter().collect();
    problems.sort_by_key(|problem| (problem.line.is_some(), &problem.path));
    for problem in problems.iter().take(MOST_NAMED) {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        told.push(format!("  {}{line}: {}", problem.path, problem.message.plain()));
    }
    let more = coverage.problems_total.saturating_sub(problems.len().min(MOST_NAMED) as u64);
    if more > 0 {
        told.push(format!("  and {more} more"));
    }
    told.push(cause(coverage).to_owned());
    told
}

fn cause(coverage: &Coverage) -> &'static str {
    if coverage.problems.iter().any(|problem| problem.kind == ProblemKind::ReadError.name() && problem.line.is_none()) {
        return "likely cause: what was to be read could not be read, as said above; nothing is known of what it holds";
    }
    if coverage.inputs.is_empty() {
        return "likely cause: the path is wrong, or the folder is empty; the audit log is <cluster>_audit.json in the folder path.logs of each node";
    }
    if coverage.undecodable_lines > 0 || coverage.oversized_lines > 0 {
        return "likely cause: the records are damaged, cut, or in a wrapping that is not read; --input-format names it where the content does not tell";
    }
    if coverage.inputs.iter().all(|input| input.bytes == 0) {
        return "likely cause: the files are empty: auditing may be off (xpack.security.audit.enabled), or the log was rolled over";
    }
    "likely cause: these are other files than the audit log (<cluster>_audit.json) and the server log (<cluster>_server.json, <cluster>.log) of Elasticsearch"
}
