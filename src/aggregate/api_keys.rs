//! Failing API keys: what is refused, since when, by whose hand it ended, and who still uses it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::LIST_LIMIT;
use crate::correlate::{Correlated, KeyFailure};
use crate::model::{ApiKeys, FailingKey, KeyClient};
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// A refusal is put down to a client only if that is likelier than everything else together.
pub(super) const LEAST_CONFIDENCE: f64 = 0.5;

pub(super) fn api_keys(joined: &Correlated) -> ApiKeys {
    let symbols = &joined.state.symbols;
    let mut by_key: BTreeMap<(Option<&[u8]>, Reason), Vec<&KeyFailure>> = BTreeMap::new();
    for failure in joined.key_failures.iter() {
        by_key.entry((symbols.get(failure.key), failure.reason)).or_default().push(failure);
    }
    let mut failing: Vec<FailingKey> =
        by_key.into_iter().map(|((_, reason), failures)| failing_key(joined, reason, &failures)).collect();
    failing.sort_by(|a, b| (Reverse(a.count), &a.id, &a.reason).cmp(&(Reverse(b.count), &b.id, &b.reason)));
    ApiKeys { failing }
}

/// The address of a refusal's client, if it is known well enough.
pub(super) fn client(joined: &Correlated, failure: &KeyFailure) -> Option<Sym> {
    let attempt = failure.attempt.filter(|_| failure.confidence >= LEAST_CONFIDENCE)?;
    Some(joined.attempts[attempt as usize].source).filter(|source| source.is_some())
}

fn failing_key(joined: &Correlated, reason: Reason, failures: &[&KeyFailure]) -> FailingKey {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let id = failures[0].key;
    let known = joined.key(id);
    let end = known.and_then(|key| key.invalidated);
    let by = end.and_then(|end| end.change).and_then(|at| text(joined.changes[at].actor));
    let mut clients: BTreeMap<&[u8], (u64, f64)> = BTreeMap::new();
    let mut unattributed = 0;
    for failure in failures {
        match client(joined, failure).and_then(|source| joined.state.symbols.get(source)) {
            Some(address) => {
                let (count, confidence) = clients.entry(address).or_default();
                *count += 1;
                *confidence += failure.confidence;
            }
            None => unattributed += 1,
        }
    }
    let mut clients: Vec<KeyClient> = clients
        .into_iter()
        .map(|(address, (count, sum))| KeyClient {
            address: String::from_utf8_lossy(address).into_owned(),
            count,
            confidence: rounded(sum / count as f64),
        })
        .collect();
    clients.sort_by(|a, b| (Reverse(a.count), &a.address).cmp(&(Reverse(b.count), &b.address)));
    let clients_total = clients.len() as u64;
    clients.truncate(LIST_LIMIT);
    // The failures stand by time.
    let (first, last) = (failures[0], failures[failures.len() - 1]);
    let mut lines = vec![joined.evidence(first.place)];
    if last.place != first.place {
        lines.push(joined.evidence(last.place));
    }
    FailingKey {
        id: text(id),
        name: known.and_then(|key| text(key.name)),
        owner: known.and_then(|key| text(key.owner)),
        reason: reason.name().to_owned(),
        reason_basis: failures.iter().map(|failure| failure.basis).min().unwrap_or(first.basis).name().to_owned(),
        count: failures.len() as u64,
        first: Some(first.time.rfc3339()),
        last: Some(last.time.rfc3339()),
        invalidated_at: end.and_then(|end| end.time).map(Millis::rfc3339),
        invalidated_by: by,
        expires: known.and_then(|key| key.expires).map(Millis::rfc3339),
        clients,
        clients_total,
        unattributed,
        evidence: lines,
    }
}

/// Confidence to three places: more would pretend.
pub(super) fn rounded(confidence: f64) -> f64 {
    (confidence * 1000.0).round() / 1000.0
}
