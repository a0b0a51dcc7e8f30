//! Security changes and what tells reasons, row by row, by time, then place.

use super::api_keys::rounded;
use super::security_change;
use crate::correlate::{Correlated, KeyFailure, Place, ReasonLine};
use crate::reason::Basis;
use crate::report::events::Told;
use crate::report::model::SecurityChange;
use crate::state::{Subject, Sym};
use crate::time::Millis;

/// The security changes that a filter has left, with time and name of the node.
pub fn changes(joined: &Correlated) -> impl Iterator<Item = (Millis, Option<String>, SecurityChange)> {
    joined.changes_left().map(|(at, change)| {
        let node = joined.nodes.of(change.record.node);
        (change.record.time, node.name.clone(), security_change(joined, at, change))
    })
}

/// What tells a reason.
enum Teller<'j> {
    /// A line of the server log.
    Line(&'j ReasonLine),
    /// Other events, of a refused API key.
    Events(&'j KeyFailure),
}

impl Teller<'_> {
    fn order(&self) -> (Millis, Place) {
        match self {
            Self::Line(line) => (line.record.time, line.place),
            Self::Events(failure) => (failure.time, failure.place),
        }
    }
}

/// The lines of server logs that tell a reason, and the refusals of API keys that other events tell, as far as a filter
/// has left them.
pub fn reasons(joined: &Correlated) -> impl Iterator<Item = Told> {
    // Lines that tell of keys are among the refusals, too.
    let inferred = joined.key_failures.iter().filter(|failure| failure.basis != Basis::ServerLog);
    let mut tellers: Vec<Teller<'_>> =
        joined.reason_lines.iter().map(Teller::Line).chain(inferred.map(Teller::Events)).collect();
    tellers.sort_by_key(Teller::order);
    tellers.into_iter().map(|teller| match teller {
        Teller::Line(line) => of_line(joined, line),
        Teller::Events(failure) => of_events(joined, failure),
    })
}

fn of_line(joined: &Correlated, line: &ReasonLine) -> Told {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let record = &line.record;
    let is_key = record.about == Subject::ApiKey;
    // An attempt with a key that the node knew bears its id, which the line may leave out.
    let principal = line.attempt.map_or(Sym::NONE, |at| joined.attempts[at as usize].principal);
    let subject = if record.subject.is_some() { record.subject } else { principal };
    let refusal = KeyFailure {
        attempt: line.attempt,
        key: if is_key { subject } else { Sym::NONE },
        reason: record.reason,
        time: record.time,
        place: line.place,
        node: line.node,
        confidence: line.confidence,
        basis: Basis::ServerLog,
    };
    Told {
        about: record.about.name(),
        principal: text(if is_key { principal } else { subject }),
        realm: text(record.realm),
        trace_id: text(record.trace),
        message: text(record.text),
        ..of_events(joined, &refusal)
    }
}

fn of_events(joined: &Correlated, refusal: &KeyFailure) -> Told {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let attempt = refusal.attempt.map(|at| &joined.attempts[at as usize]);
    let node = &joined.nodes.all()[refusal.node];
    Told {
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
        attempt: attempt.map(|attempt| joined.evidence(joined.places.of(attempt.pos))),
        evidence: joined.evidence(refusal.place),
    }
}
