//! Security changes and what tells reasons, row by row, by time, then place.

use std::collections::BTreeMap;

use super::api_keys::rounded;
use super::security_change;
use crate::correlate::{Correlated, KeyFailure, ReasonLine, SourceLine};
use crate::model::SecurityChange;
use crate::model::events::ReasonSource;
use crate::reason::{Basis, Subject};
use crate::state::Sym;
use crate::time::Millis;

/// The security changes that a filter has left, of those whose time is `wanted`, with time and name of the node.
pub fn changes(
    joined: &Correlated,
    wanted: impl Fn(Millis) -> bool,
) -> impl Iterator<Item = (Millis, Option<String>, SecurityChange)> {
    joined.changes_left().filter(move |(_, change)| wanted(change.record.time)).map(|(at, change)| {
        let node = joined.nodes.of(change.record.node);
        (change.record.time, node.name.clone(), security_change(joined, at, change))
    })
}

/// What tells a reason.
enum Teller<'j> {
    /// A line of the server log that is not about an API key.
    Line(&'j ReasonLine),
    /// The refusal of an API key, and the line of the server log that tells it, if one does.
    Refusal(&'j KeyFailure, Option<&'j ReasonLine>),
}

impl Teller<'_> {
    fn order(&self) -> (Millis, SourceLine) {
        match self {
            Self::Line(line) => (line.record.time, line.place),
            Self::Refusal(refusal, _) => (refusal.time, refusal.place),
        }
    }
}

/// The lines of server logs that tell a reason, and the refusals of API keys that other events tell, as far as a filter
/// has left them, of those whose time is `wanted`.
pub fn reasons(joined: &Correlated, wanted: impl Fn(Millis) -> bool) -> impl Iterator<Item = ReasonSource> {
    let is_key = |line: &&ReasonLine| line.record.about.is_key();
    let of_keys: BTreeMap<SourceLine, &ReasonLine> =
        joined.reason_lines.iter().filter(is_key).map(|line| (line.place, line)).collect();
    let line =
        |refusal: &KeyFailure| of_keys.get(&refusal.place).copied().filter(|_| refusal.basis == Basis::ServerLog);
    let refusals = joined.key_failures.iter().map(|refusal| Teller::Refusal(refusal, line(refusal)));
    let others = joined.reason_lines.iter().filter(|line| !is_key(line)).map(Teller::Line);
    let mut tellers: Vec<Teller<'_>> = refusals.chain(others).filter(|teller| wanted(teller.order().0)).collect();
    tellers.sort_by_key(Teller::order);
    tellers.into_iter().map(|teller| match teller {
        Teller::Line(line) => {
            let record = &line.record;
            let told = ReasonSource { about: record.about.name(), ..told(joined, &as_refusal(line)) };
            // The attempt tells who failed where the line does not.
            let subject = joined.state.symbols.string(record.subject);
            with_line(joined, ReasonSource { principal: subject.or(told.principal), ..told }, line)
        }
        Teller::Refusal(refusal, None) => told(joined, refusal),
        Teller::Refusal(refusal, Some(line)) => with_line(joined, told(joined, refusal), line),
    })
}

/// A line about no key in the form of those that are about one.
fn as_refusal(line: &ReasonLine) -> KeyFailure {
    KeyFailure {
        attempt: line.own_attempt(),
        key: Sym::NONE,
        reason: line.record.reason,
        time: line.record.time,
        place: line.place,
        node: line.node,
        confidence: line.confidence,
        basis: Basis::ServerLog,
    }
}

/// What only a line of the server log tells.
fn with_line(joined: &Correlated, told: ReasonSource, line: &ReasonLine) -> ReasonSource {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let record = &line.record;
    ReasonSource { realm: text(record.realm), trace_id: text(record.trace), message: text(record.text), ..told }
}

fn told(joined: &Correlated, refusal: &KeyFailure) -> ReasonSource {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let attempt = refusal.attempt.map(|at| &joined.attempts[at as usize]);
    let node = &joined.nodes.all()[refusal.node];
    ReasonSource {
        at: refusal.time,
        about: Subject::ApiKey.name(),
        reason: refusal.reason.name(),
        reason_basis: refusal.basis.name(),
        principal: attempt.and_then(|attempt| text(attempt.principal)),
        realm: None,
        api_key: text(refusal.key),
        api_key_name: joined.key(refusal.key).and_then(|key| text(key.name)),
        source: attempt.and_then(|attempt| text(attempt.source)),
        node: node.label().map(str::to_owned),
        node_name: node.name.clone(),
        trace_id: None,
        message: None,
        confidence: attempt.map(|_| rounded(refusal.confidence)),
        attempt: attempt.map(|attempt| joined.evidence(joined.source_lines.of(attempt.pos))),
        evidence: joined.evidence(refusal.place),
    }
}
