//! Lines that could not be read: what they said is not known, the realm that was asked among it.

use super::source_lines::{SourceLine, SourceLines};
use crate::error::ProblemKind;
use crate::state::{STRAY, State};

/// The events of one request stand so close to each other, in lines: those of other requests stand between them.
const NEAR: u64 = 100;

/// Lines of one input that could not be read.
#[derive(Debug, Default)]
struct OfInput {
    /// By line, from 1.
    lines: Vec<u64>,
    /// Whether there are more of them behind the last.
    goes_on: bool,
}

/// Lines that could not be read, by rank of their input.
#[derive(Debug)]
pub(super) struct DamagedLines(Vec<OfInput>);

impl DamagedLines {
    pub(super) fn new(state: &State, source_lines: &SourceLines) -> Self {
        let of_input = |rank: u32| {
            let at = source_lines.input(rank);
            let input = &state.inputs[at];
            let lost =
                |kind| matches!(kind, ProblemKind::Undecodable | ProblemKind::Oversized | ProblemKind::TruncatedLine);
            // Text by itself is a comment, or what a shell printed, more often than the rest of a record.
            let known = input.problems.iter().filter(|problem| lost(problem.kind) && problem.message != STRAY);
            let places = known.filter_map(|problem| problem.at);
            let mut lines: Vec<u64> = places.map(|place| source_lines.place(at, place)).collect();
            lines.sort_unstable();
            let goes_on = !lines.is_empty()
                && input.problems_total > input.problems.len() as u64
                && (lines.len() as u64) < input.undecodable_lines + input.oversized_lines;
            OfInput { lines, goes_on }
        };
        Self((0..state.inputs.len() as u32).map(of_input).collect())
    }

    /// Whether a line that could not be read may belong to the request that a record belongs to.
    pub(super) fn near(&self, SourceLine { rank, line }: SourceLine) -> bool {
        let Some(OfInput { lines, goes_on }) = self.0.get(rank as usize) else { return false };
        let next = lines.partition_point(|&damaged| damaged < line);
        let before = next.checked_sub(1).map(|at| line - lines[at]);
        let after = lines.get(next).map(|&damaged| damaged - line);
        before.into_iter().chain(after).any(|distance| distance <= NEAR) || *goes_on && next == lines.len()
    }
}
