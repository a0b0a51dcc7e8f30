//! Who got in from where, and who was refused what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::join::Placed;
use super::json::shown;
use super::line::Event;

/// What somebody was refused: principal, key, action, index; how often and from how many addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub who: [Option<String>; 4],
    pub count: u64,
    pub sources: u64,
}

/// Who authenticated, if it was a client: not a node, and not Elasticsearch itself.
fn client(event: &Event) -> Option<String> {
    let name = event.run_by.clone().or(event.user.clone())?;
    let realm = event.user_realm.clone().or(event.realm.clone());
    let of_rest = event.origin_type.as_deref().is_none_or(|origin| origin == "rest");
    let internal = name == "_anonymous" || name.starts_with('_') && realm.is_none_or(|realm| realm.starts_with("__"));
    (of_rest && !internal).then_some(name)
}

pub fn denied(events: &[Placed]) -> (Vec<Denied>, u64) {
    let mut rows: BTreeMap<[Option<String>; 4], Vec<Option<String>>> = BTreeMap::new();
    for (_, event) in events.iter().filter(|(_, event)| event.action == "access_denied") {
        let Some(name) = client(event) else { continue };
        let who = [Some(name), event.apikey.clone(), event.es_action.clone(), event.index.clone()];
        rows.entry(who).or_default().push(event.source());
    }
    let total = rows.len() as u64;
    let made = rows.into_iter().map(|(who, sources)| Denied {
        who: who.map(|text| text.as_deref().map(shown)),
        count: sources.len() as u64,
        sources: sources.into_iter().flatten().collect::<BTreeSet<_>>().len() as u64,
    });
    let mut made: Vec<Denied> = made.collect();
    made.sort_by_key(|row| Reverse(row.count));
    made.truncate(50);
    (made, total)
}

pub fn new_places(events: &[Placed]) -> u64 {
    let decisions = ["access_granted", "access_denied", "authentication_success"];
    let mut firsts: BTreeMap<String, BTreeMap<Option<String>, i64>> = BTreeMap::new();
    for (_, event) in events.iter().filter(|(_, event)| decisions.contains(&event.action.as_str())) {
        let Some(name) = client(event).filter(|_| event.apikey.is_none()) else { continue };
        let first = firsts.entry(name).or_default().entry(event.source()).or_insert(event.time);
        *first = event.time.min(*first);
    }
    let later = |places: &BTreeMap<Option<String>, i64>| {
        let since = places.values().min().copied();
        places.iter().filter(|(source, first)| source.is_some() && Some(**first) > since).count() as u64
    };
    firsts.values().map(later).sum()
}
