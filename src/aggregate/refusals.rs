//! Refusals that stand in a server log and have no audit event: those of nodes whose audit log is not there, or does not hold
//! them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::correlate::{Correlated, ReasonLine, SourceLine};
use crate::model::ServerRefusal;
use crate::reason::Reason;
use crate::time::Millis;

/// What refusals have in common: principal, realm, API key, reason, node of the table.
type RefusalKind<'j> = (Option<&'j [u8]>, Option<&'j [u8]>, Option<&'j [u8]>, Reason, usize);

/// The refusals by kind, the most frequent first.
pub(super) fn server_refusals(joined: &Correlated) -> Vec<ServerRefusal> {
    let text = |sym| joined.state.symbols.get(sym);
    let mut kinds: BTreeMap<RefusalKind<'_>, Vec<(Millis, SourceLine)>> = BTreeMap::new();
    for line in joined.reason_lines.iter().filter(|line| line.attempt.is_none() && line.record.about.is_refusal()) {
        let ReasonLine { record, node, place, .. } = line;
        let subject = text(record.subject);
        let (principal, key) = if record.about.is_key() { (None, subject) } else { (subject, None) };
        kinds
            .entry((principal, text(record.realm), key, record.reason, *node))
            .or_default()
            .push((record.time, *place));
    }
    let string = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    // The order of the map is kept among those that are as frequent.
    let mut kinds: Vec<(RefusalKind<'_>, Vec<(Millis, SourceLine)>)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, lines)| Reverse(lines.len()));
    let made = kinds.into_iter().map(|((principal, realm, key, reason, node), lines)| {
        let (first, last) = (lines.iter().min().copied(), lines.iter().max().copied());
        let mut places: Vec<SourceLine> = [first, last].into_iter().flatten().map(|(_, place)| place).collect();
        places.dedup();
        ServerRefusal {
            principal: principal.map(string),
            realm: realm.map(string),
            api_key: key.map(string),
            reason: reason.name().to_owned(),
            count: lines.len() as u64,
            first: first.map(|(time, _)| time.rfc3339()),
            last: last.map(|(time, _)| time.rfc3339()),
            node: joined.nodes.all()[node].label().map(str::to_owned),
            evidence: places.into_iter().map(|place| joined.evidence(place)).collect(),
        }
    });
    made.collect()
}
