//! Attempts and security changes one by one, by time.

use std::collections::BTreeMap;

use super::api_keys::rounded;
use super::{realm_names, security_change};
use crate::action_class::ActionClass;
use crate::correlate::{Correlated, PowerfulAction, SourceLine};
use crate::model::events::Event;
use crate::options::EventKinds;
use crate::reason::Basis;
use crate::state::Sym;
use crate::time::Millis;

/// What a filter has left, in order; each event is made when it is asked for, of those whose time is `wanted`. `found` are events
/// of other kinds, in order.
pub fn events<'e>(
    joined: &'e Correlated,
    kinds: EventKinds,
    found: &'e [Event],
    wanted: impl Fn(Millis) -> bool + Copy + 'e,
) -> impl Iterator<Item = Event> + 'e {
    let actions = joined.powerful.actions.iter().filter(move |action| kinds.powerful && !action.left_out);
    let powerful = actions.filter(move |action| wanted(action.time)).map(|action| powerful(joined, action));
    let others = in_order(powerful, found.iter().filter(move |event| wanted(event.at)).cloned());
    in_order(attempts_and_changes(joined, kinds, wanted), others)
}

/// Two lists in order as one; of one millisecond the first list comes first.
fn in_order(one: impl Iterator<Item = Event>, other: impl Iterator<Item = Event>) -> impl Iterator<Item = Event> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if first.at <= second.at => one.next(),
        (_, Some(_)) => other.next(),
        (_, None) => one.next(),
    })
}

fn attempts_and_changes(
    joined: &Correlated,
    kinds: EventKinds,
    wanted: impl Fn(Millis) -> bool + Copy,
) -> impl Iterator<Item = Event> {
    let keys: BTreeMap<u32, (Sym, f64)> = joined
        .key_failures
        .iter()
        .filter_map(|failure| Some((failure.attempt?, (failure.key, failure.confidence))))
        .collect();
    let attempts = if kinds.attempts { joined.attempts.as_slice() } else { &[] };
    let changes = joined.changes_left().filter(move |(_, change)| kinds.changes && wanted(change.record.time));
    let attempts = attempts.iter().enumerate().filter(move |(_, attempt)| wanted(attempt.time));
    let mut attempts = attempts.map(|(at, attempt)| (attempt.time, attempt, at as u32)).peekable();
    let mut changes = changes.peekable();
    std::iter::from_fn(move || {
        // Both stand by time; of one millisecond the places of the two at hand decide.
        let attempt_at = attempts.peek().map(|(time, attempt, _)| (*time, joined.source_lines.of(attempt.pos)));
        let change_at: Option<(Millis, SourceLine)> =
            changes.peek().map(|(_, change)| (change.record.time, change.place));
        let attempt_first = match (attempt_at, change_at) {
            (Some(attempt), Some(change)) => attempt <= change,
            (attempt, _) => attempt.is_some(),
        };
        if attempt_first {
            attempts.next().map(|(_, _, at)| attempt(joined, at, keys.get(&at).copied()))
        } else {
            changes.next().map(|(at, _)| change(joined, at))
        }
    })
}

fn attempt(joined: &Correlated, at: u32, refusal: Option<(Sym, f64)>) -> Event {
    let attempt = &joined.attempts[at as usize];
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let node = joined.nodes.of(attempt.node);
    let key = refusal.map(|(key, _)| key).filter(|key| key.is_some());
    let confidence = match attempt.basis {
        Basis::Explicit => Some(1.0),
        Basis::None => None,
        Basis::ServerLog => Some(joined.doubt(at).map_or(1.0, rounded)),
        Basis::Context | Basis::Inferred => joined.doubt(at).or(refusal.map(|(_, confidence)| confidence)).map(rounded),
    };
    Event {
        at: attempt.time,
        time: attempt.time.rfc3339(),
        kind: "attempt",
        action: attempt.outcome.name().to_owned(),
        principal: text(attempt.principal),
        source: text(attempt.source),
        source_known: None,
        attempt: Some(at),
        finding: None,
        forwarded_for: joined.forwarded.get(&attempt.pos).and_then(|&sym| text(sym)),
        node: node.label().map(str::to_owned),
        node_name: node.name.clone(),
        realm_chain: realm_names(joined, attempt.chain),
        realm_chain_ordered: joined.state.chains.is_ordered(attempt.chain),
        reason: Some(attempt.reason.name()),
        reason_basis: Some(attempt.basis.name()),
        credential: Some(joined.credential(attempt).name()),
        confidence,
        api_key: key.and_then(text),
        api_key_name: key.and_then(|key| joined.key(key)).and_then(|key| text(key.name)),
        url_path: text(attempt.path),
        target: None,
        es_action: None,
        index: None,
        request_id: None,
        evidence: joined.evidence(joined.source_lines.of(attempt.pos)),
    }
}

fn powerful(joined: &Correlated, action: &PowerfulAction) -> Event {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let node = &joined.nodes.all()[action.node];
    let run_as = action.class == ActionClass::RunAs;
    let event = match (run_as, action.granted) {
        (true, true) => "run_as_granted",
        (true, false) => "run_as_denied",
        (false, true) => "access_granted",
        (false, false) => "access_denied",
    };
    Event {
        at: action.time,
        time: action.time.rfc3339(),
        kind: "powerful",
        action: event.to_owned(),
        principal: text(action.who()),
        source: text(action.source),
        source_known: None,
        attempt: None,
        finding: None,
        forwarded_for: None,
        node: node.label().map(str::to_owned),
        node_name: node.name.clone(),
        realm_chain: None,
        realm_chain_ordered: true,
        reason: None,
        reason_basis: None,
        credential: None,
        confidence: None,
        api_key: text(action.apikey),
        api_key_name: joined.key(action.apikey).and_then(|key| text(key.name)),
        url_path: None,
        target: text(action.principal).filter(|_| action.run_by.is_some()),
        es_action: text(action.es_action),
        index: text(action.index),
        request_id: None,
        evidence: joined.evidence(action.place),
    }
}

fn change(joined: &Correlated, at: usize) -> Event {
    let change = &joined.changes[at];
    let told = security_change(joined, at, change);
    let only_key = match (told.ids.as_slice(), told.resolved_ids.as_slice()) {
        ([only], _) | ([], [only]) => Some(only.clone()),
        _ => None,
    };
    let known = only_key.as_ref().and_then(|id| joined.state.symbols.find(id.as_bytes())).and_then(|id| joined.key(id));
    Event {
        at: change.record.time,
        time: told.time,
        kind: "change",
        action: told.action,
        principal: told.actor,
        source: told.source,
        source_known: None,
        attempt: None,
        finding: None,
        forwarded_for: None,
        node: told.node,
        node_name: joined.nodes.of(change.record.node).name.clone(),
        realm_chain: None,
        realm_chain_ordered: true,
        reason: None,
        reason_basis: None,
        credential: None,
        confidence: None,
        api_key: only_key,
        api_key_name: known.and_then(|key| joined.state.symbols.string(key.name)),
        url_path: None,
        target: told.target,
        es_action: None,
        index: None,
        request_id: told.request_id,
        evidence: told.evidence,
    }
}
