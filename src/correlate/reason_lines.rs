//! The lines of server logs that tell reasons, each once, with what other lines make of them.

use std::cmp::Reverse;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{Joined, SourceLine, dedupe_across_inputs};
use crate::decode::reason::with_cause;
use crate::reason::{Basis, Cause, Reason, Subject};
use crate::state::{ReasonRecord, Sym};
use crate::time::Millis;

/// A refusal of an API key, told by a line of the server log or inferred.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFailure {
    /// The attempt it was joined to: index into [`Joined::attempts`]. `None`: the client is unknown.
    pub attempt: Option<u32>,
    /// The key; [`Sym::NONE`] where nothing names it.
    pub key: Sym,
    /// Why it was refused.
    pub reason: Reason,
    /// When.
    pub time: Millis,
    /// The line that tells the reason; of the attempt itself where none does.
    pub place: SourceLine,
    /// Index into the node table.
    pub node: usize,
    /// How sure the client is, 0 to 1; 0 where it is unknown.
    pub confidence: f64,
    /// What the reason rests on.
    pub basis: Basis,
}

/// A line of the server log that tells a reason, and the attempt that it was matched to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReasonLine {
    /// What it tells.
    pub record: ReasonRecord,
    /// Where it stands.
    pub place: SourceLine,
    /// Index into the node table.
    pub node: usize,
    /// Index into [`Joined::attempts`]. `None`: no attempt fits.
    pub attempt: Option<u32>,
    /// How surely the attempt is its own, 0 to 1; 0 where there is none.
    pub confidence: f64,
}

/// An attempt is told as a line's own, and its client as that of a refusal, where that is likelier than not.
pub(super) const LIKELIER_THAN_NOT: f64 = 0.5;

impl ReasonLine {
    /// The attempt, where it is likelier than not the line's own.
    #[must_use]
    pub fn own_attempt(&self) -> Option<u32> {
        self.attempt.filter(|_| self.confidence > LIKELIER_THAN_NOT)
    }
}

/// A shared `trace.id` reaches this many windows: the client's whole operation bears it.
pub(super) const TRACE_WINDOWS: i64 = 20;

/// A password hash that could not be read explains the end of an attempt of its user within this time: the two lines are
/// written by one thread, with nothing between them that waits.
const HASH_TO_END_MS: i64 = 1_000;

/// Moves the lines out of the state: each once although a log and its copy may both be among the inputs, by node, time and
/// place.
pub(super) fn take(joined: &mut Joined) -> Vec<ReasonLine> {
    resolve_causes(joined);
    let mut lines = distinct_lines(joined);
    explain_hashes(&mut lines);
    joined.state.reasons = Vec::new();
    lines
}

/// What stack traces say that begin with a chunk.
fn resolve_causes(joined: &mut Joined) {
    let chunks = &joined.state.chunks;
    let first: HashMap<(u32, u32), Cause, RandomState> =
        chunks.iter().filter_map(|chunk| Some(((chunk.input, chunk.seq), chunk.cause?))).collect();
    for record in joined.state.reasons.iter_mut().filter(|record| record.awaits_cause) {
        let chunk = &chunks[record.pos.chunk as usize];
        if u64::from(record.pos.line) + 1 == chunk.lines
            && let Some(&cause) = first.get(&(chunk.input, chunk.seq + 1))
        {
            record.reason = with_cause(record.reason, cause);
        }
    }
}

/// The lines, each once although a log and its copy may both be among the inputs, by node, time and place.
fn distinct_lines(joined: &Joined) -> Vec<ReasonLine> {
    let mut lines: Vec<ReasonLine> = joined
        .state
        .reasons
        .iter()
        .map(|&record| ReasonLine {
            record,
            place: joined.source_lines.of(record.pos),
            node: joined.nodes.index(record.node),
            attempt: None,
            confidence: 0.0,
        })
        .collect();
    let identity = |line: &ReasonLine| {
        let record = &line.record;
        (line.node, record.time, record.about, record.subject, record.realm, record.reason, record.trace, record.text)
    };
    let path = |line: &ReasonLine| joined.source_lines.path(line.place.rank);
    lines.sort_by_key(|line| (identity(line), line.place));
    let mut kept = Vec::with_capacity(lines.len());
    let mut start = 0;
    while start < lines.len() {
        let same = identity(&lines[start]);
        let count = lines[start..].iter().take_while(|line| identity(line) == same).count();
        let run = start..start + count;
        let (_, from) = dedupe_across_inputs(&mut lines[run.clone()].iter().map(path).collect::<Vec<_>>());
        kept.extend(run.map(|at| path(&lines[at]) == from));
        start += count;
    }
    let mut kept = kept.into_iter();
    lines.retain(|_| kept.next().unwrap_or(true));
    lines.sort_by_key(|line| (line.node, line.record.time, line.place));
    lines
}

/// The end of an attempt behind a password hash that could not be read tells of no wrong password. `lines` are by node, then
/// time.
fn explain_hashes(lines: &mut Vec<ReasonLine>) {
    let mut spent = vec![false; lines.len()];
    let hashes = |line: &ReasonLine| line.record.about == Subject::PasswordHash;
    for at in (0..lines.len()).rev().filter(|&at| hashes(&lines[at])).collect::<Vec<_>>() {
        let (node, record) = (lines[at].node, lines[at].record);
        let following = lines[at..]
            .iter()
            .take_while(|line| line.node == node && line.record.time.0 <= record.time.0.saturating_add(HASH_TO_END_MS));
        let end = following.enumerate().find(|(_, line)| {
            line.record.about == Subject::Principal
                && line.record.subject == record.subject
                && line.record.reason == Reason::BadPassword
        });
        if let Some(end) = end.map(|(after, _)| at + after) {
            lines[end].record.reason = record.reason;
            spent[at] = true;
        }
    }
    let mut spent = spent.into_iter();
    lines.retain(|_| !spent.next().unwrap_or_default());
}

/// Sorts refusals by time, then place.
pub(super) fn sort(failures: &mut [KeyFailure]) {
    failures.sort_by_key(|a| (a.time, a.place, Reverse(a.attempt)));
}
