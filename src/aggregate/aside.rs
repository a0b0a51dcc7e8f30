//! Who acted as somebody else, and who was turned away before anything was looked at.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{LIST_LIMIT, clusters};
use crate::action_class::ActionClass;
use crate::correlate::{Correlated, PowerfulAction};
use crate::model::{RunAs, TurnedAway};
use crate::state::Sym;
use crate::time::Millis;

/// Run-as by who and as whom, the most frequent rows, and how many there are.
pub(super) fn run_as(joined: &Correlated) -> (Vec<RunAs>, u64) {
    type Key<'j> = (Option<&'j [u8]>, Option<&'j [u8]>, bool, usize);
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let mut rows: BTreeMap<Key<'_>, Vec<&PowerfulAction>> = BTreeMap::new();
    let told = joined.powerful.actions.iter().filter(|action| action.class == ActionClass::RunAs && !action.left_out);
    for action in told {
        let cluster = joined.nodes.all()[action.node].cluster;
        let key = (text(action.run_by), text(action.principal), action.granted, cluster);
        rows.entry(key).or_default().push(action);
    }
    let total = rows.len() as u64;
    let mut rows: Vec<(Key<'_>, Vec<&PowerfulAction>)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, actions)| Reverse(actions.len()));
    rows.truncate(LIST_LIMIT);
    let string = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let row = |((principal, run_as, granted, cluster), actions): (Key<'_>, Vec<&PowerfulAction>)| {
        let sources: BTreeSet<Sym> = actions.iter().map(|action| action.source).filter(|sym| sym.is_some()).collect();
        let mut places: Vec<_> = [actions.first(), actions.last()].into_iter().flatten().map(|a| a.place).collect();
        places.dedup();
        RunAs {
            principal: principal.map(string),
            run_as: run_as.map(string),
            granted,
            cluster: clusters::of(joined, cluster),
            count: actions.len() as u64,
            first: actions.first().map(|action| action.time.rfc3339()),
            last: actions.last().map(|action| action.time.rfc3339()),
            sources_total: sources.len() as u64,
            evidence: places.into_iter().map(|place| joined.evidence(place)).collect(),
        }
    };
    (rows.into_iter().map(row).collect(), total)
}

/// Who was turned away, the most frequent rows, and how many there are.
pub(super) fn turned_away(joined: &Correlated) -> (Vec<TurnedAway>, u64) {
    type Key<'j> = (Option<&'j [u8]>, Option<&'j [u8]>, Option<&'j [u8]>, usize);
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let mut rows: BTreeMap<Key<'_>, (u64, &PowerfulAction, Millis)> = BTreeMap::new();
    for row in joined.powerful.turned_away.iter().filter(|row| !row.first.left_out) {
        let cluster = joined.nodes.all()[row.first.node].cluster;
        let key = (text(row.first.es_action), text(row.first.principal), text(row.first.source), cluster);
        // They stand by their first time.
        let known = rows.entry(key).or_insert((0, &row.first, row.last));
        *known = (known.0 + row.count, known.1, known.2.max(row.last));
    }
    let total = rows.len() as u64;
    let mut rows: Vec<(Key<'_>, (u64, &PowerfulAction, Millis))> = rows.into_iter().collect();
    rows.sort_by_key(|(_, (count, ..))| Reverse(*count));
    rows.truncate(LIST_LIMIT);
    let string = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let row =
        |((action, principal, source, cluster), (count, first, last)): (Key<'_>, (u64, &PowerfulAction, Millis))| {
            TurnedAway {
                action: action.map(string).unwrap_or_default(),
                principal: principal.map(string),
                source: source.map(string),
                cluster: clusters::of(joined, cluster),
                count,
                first: Some(first.time.rfc3339()),
                last: Some(last.rfc3339()),
                evidence: vec![joined.evidence(first.place)],
            }
        };
    (rows.into_iter().map(row).collect(), total)
}
