//! What was read, and what it cannot answer.

use super::cannot_tell::cannot_tell;
use super::clusters;
use super::context;
use super::tops::top;
use crate::correlate::{Correlated, KnownNode};
use crate::decode::UNKNOWN;
use crate::error::ProblemKind;
use crate::model::text::{Span, Text};
use crate::model::{self, CountedOnly, Coverage, Gap, Input, Problem, TopText};
use crate::options::Options;
use crate::state::{self, InputProblem, Minutes};
use crate::time::Millis;

/// Problems met before anything was read: path, kind, plain words.
pub type PathProblems<'f> = &'f [(String, ProblemKind, String)];

/// What was read, and what cannot be told from it.
#[must_use]
pub fn coverage(joined: &Correlated, found: PathProblems<'_>, options: &Options) -> Coverage {
    let state = &joined.state;
    let sum = |count: fn(&crate::state::InputStats) -> u64| state.inputs.iter().map(count).sum::<u64>();
    let mut span = state::TimeSpan::default();
    for input in &state.inputs {
        span.merge(&input.span);
    }
    let mut inputs: Vec<Input> = state.inputs.iter().map(input).collect();
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    let (problems, problems_total) = problems(joined, found, options);
    let are_all_listed = problems_total <= problems.len() as u64 || problems.len() < options.max_problems;
    let told: Vec<model::Node> = joined.nodes.all().iter().map(|known| node(joined, known)).collect();
    let counted_only = counted_without_analysis(joined);
    let left_out = state.left_out();
    let cannot_tell = cannot_tell(joined, options, &told, counted_only.as_ref());
    Coverage {
        inputs,
        lines: sum(|input| input.lines),
        audit_events: sum(|input| input.audit_events),
        server_events: sum(|input| input.server_events),
        other_lines: sum(|input| input.other_lines),
        undecodable_lines: sum(|input| input.undecodable_lines),
        oversized_lines: sum(|input| input.oversized_lines),
        other_products: state.products.iter().map(|(product, &count)| (product.name().to_owned(), count)).collect(),
        negotiations: joined.negotiations,
        duplicates: joined.duplicates.values().sum(),
        first: span.first.map(Millis::rfc3339),
        last: span.last.map(Millis::rfc3339),
        actions: joined.actions.clone(),
        // Records without any node name no node; server logs without one neither.
        nodes: joined
            .nodes
            .all()
            .iter()
            .zip(told)
            .filter(|(known, _)| known.label().is_some())
            .map(|(_, node)| node)
            .collect(),
        problems,
        problems_total,
        cannot_tell,
        duplicates_by_action: joined.duplicates.clone(),
        context: context::documents(joined),
        complete: !state.is_incomplete(found)
            && left_out.is_empty()
            && joined.powerful.counted_only().is_empty()
            && are_all_listed,
        interrupted: state.inputs.iter().any(|input| input.interrupted),
        // Judged when the report is complete.
        reconciled: true,
        left_out,
        counted_only,
    }
}

fn counted_without_analysis(joined: &Correlated) -> Option<CountedOnly> {
    let (counted_only, symbols) = (&joined.state.counted_only, &joined.state.symbols);
    let sampled = counted_only.sampled.iter().map(|(&principal, &count)| (symbols.get(principal), count)).collect();
    let (principals_in_part, principals_in_part_total) = top(sampled, |text: Option<&[u8]>, count| TopText {
        key: text.map(|text| String::from_utf8_lossy(text).into_owned()),
        count,
    });
    (counted_only.attempts > 0).then(|| CountedOnly {
        attempts: counted_only.attempts,
        first: counted_only.span.first.map(Millis::rfc3339),
        last: counted_only.span.last.map(Millis::rfc3339),
        principals: counted_only.principals_left_out,
        principals_in_part,
        principals_in_part_total,
    })
}

fn input(stats: &crate::state::InputStats) -> Input {
    // The most frequent format; of equals the one that sorts first.
    let format = stats
        .formats
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse(name.as_str())))
        .map_or(UNKNOWN, |(name, _)| name);
    Input {
        path: stats.label.clone(),
        format: format.to_owned(),
        compression: stats.compression.clone(),
        bytes: stats.bytes,
        lines: stats.lines,
        audit_events: stats.audit_events,
        server_events: stats.server_events,
        other_lines: stats.other_lines,
        undecodable_lines: stats.undecodable_lines,
        oversized_lines: stats.oversized_lines,
        truncated: stats.truncated,
        error: stats.error.clone(),
        first: stats.span.first.map(Millis::rfc3339),
        last: stats.span.last.map(Millis::rfc3339),
    }
}

fn node(joined: &Correlated, node: &KnownNode) -> model::Node {
    let stats = &node.stats;
    let policy = context::policy(joined, node);
    let writes = |event: &str| policy.as_ref().map(|policy| !policy.missing().contains(&event));
    model::Node {
        id: node.id.clone(),
        name: node.name.clone(),
        cluster: clusters::of(joined, node.cluster),
        audit_events: stats.audit_events,
        first: stats.span.first.map(Millis::rfc3339),
        last: stats.span.last.map(Millis::rfc3339),
        logs_realm_failures: shown(stats.realm_failures > 0, stats.failures > 0)
            .or_else(|| writes("realm_authentication_failed")),
        logs_successes: shown(stats.successes > 0, stats.decisions > 0).or_else(|| writes("authentication_success")),
        has_server_log: stats.server_events > 0,
        gaps: gaps(&stats.minutes),
    }
}

/// Whether a node logs a kind of event: yes if it was met; no if it was not although other events show that there was
/// occasion for it; else unknown.
fn shown(met: bool, occasion: bool) -> Option<bool> {
    (met || occasion).then_some(met)
}

fn gaps(minutes: &Minutes) -> Vec<Gap> {
    minutes.gaps().into_iter().map(|(start, end)| Gap { start: start.rfc3339(), end: end.rfc3339() }).collect()
}

/// The first problems by path and line, and how many there were.
fn problems(joined: &Correlated, found: PathProblems<'_>, options: &Options) -> (Vec<Problem>, u64) {
    let mut problems: Vec<Problem> = found
        .iter()
        .map(|(path, kind, message)| Problem {
            path: path.clone(),
            line: None,
            kind: kind.name().to_owned(),
            message: message.clone().into(),
        })
        .collect();
    let mut total = problems.len() as u64;
    for (at, input) in joined.state.inputs.iter().enumerate() {
        total += input.problems_total;
        problems.extend(input.problems.iter().map(|problem| Problem {
            path: input.label.clone(),
            line: problem.at.map(|at_line| joined.source_lines.line(at, at_line)),
            kind: problem.kind.name().to_owned(),
            message: match problem.kind {
                ProblemKind::NotALog => with_first_line(problem, &input.first_line),
                _ => problem.message.clone().into(),
            },
        }));
    }
    problems.sort_by_cached_key(|problem| {
        (problem.path.clone(), problem.line, problem.kind.clone(), problem.message.plain().into_owned())
    });
    problems.truncate(options.max_problems);
    (problems, total)
}

/// What is said of an input in which nothing was recognised, with its first line, which may hold anything.
fn with_first_line(problem: &InputProblem, line: &[u8]) -> Text {
    const SHOWN: usize = 120;
    let line = String::from_utf8_lossy(line.trim_ascii());
    if problem.at.is_some() || line.is_empty() {
        return problem.message.clone().into();
    }
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    Text::from(problem.message.clone()).with("; its first line: ").with(Span::name(&shown))
}
