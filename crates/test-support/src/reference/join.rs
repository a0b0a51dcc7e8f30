//! The joins, each by looking at every event again: duplicates, realm chains, actors.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Event;
use super::{File, Place};

/// An event and where it stands: the index of its file (by path) and its line.
pub type Placed = (Place, Event);

const FAILED: &str = "authentication_failed";
const REALM_FAILED: &str = "realm_authentication_failed";
const ANONYMOUS: &str = "anonymous_access_denied";

/// What makes two events one, for the kinds that are recognised when met again.
fn identity(event: &Event) -> Option<Vec<Option<String>>> {
    if ![FAILED, REALM_FAILED, ANONYMOUS].contains(&event.action.as_str()) && !event.is_change {
        return None;
    }
    let mut parts = vec![event.node(), Some(event.time.to_string()), Some(event.action.clone())];
    let principal = event.user.clone().filter(|_| event.action != ANONYMOUS);
    if event.request_id.is_some() {
        parts.extend([event.request_id.clone(), principal, event.realm.clone()]);
    } else {
        parts.extend([None, principal, event.origin.clone(), event.url_path.clone(), event.realm.clone()]);
    }
    Some(parts)
}

/// What makes two events one, for all other kinds: they are compared only where inputs overlap.
fn content(event: &Event) -> Vec<Option<String>> {
    let path = event.url_path.clone().filter(|_| event.request_id.is_none());
    let texts = [event.request_id.clone(), event.es_action.clone(), event.user.clone(), path, event.index.clone()];
    let parts = [event.node(), Some(event.time.to_string()), Some(event.action.clone())];
    parts.into_iter().chain(texts).collect()
}

/// A node and a block of 1,024 seconds.
type Block = (Option<String>, i64);

fn block(event: &Event) -> Block {
    (event.node(), event.time.div_euclid(1_024_000))
}

/// Everything of one file within a block, as far as it tells whether another file holds the same.
#[derive(Default)]
struct Share {
    times: Vec<i64>,
    events: Vec<Vec<Option<String>>>,
}

impl Share {
    fn overlaps(&self, other: &Self) -> bool {
        let ends = |share: &Self| (share.times.iter().min().copied(), share.times.iter().max().copied());
        let ((first, last), (others_first, others_last)) = (ends(self), ends(other));
        first < others_last && others_first < last || self.events == other.events
    }
}

/// The files of each block whose events lie between each other's, in groups.
fn overlaps(all: &[Placed]) -> BTreeMap<(Block, usize), usize> {
    let mut blocks: BTreeMap<Block, BTreeMap<usize, Share>> = BTreeMap::new();
    for (place, event) in all {
        let share = blocks.entry(block(event)).or_default().entry(place.file).or_default();
        share.times.push(event.time);
        let origin = event.origin.clone().filter(|_| event.request_id.is_none());
        share.events.push(content(event).into_iter().chain([event.realm.clone(), origin]).collect());
    }
    let mut groups = BTreeMap::new();
    for (block, mut files) in blocks {
        files.values_mut().for_each(|share| share.events.sort());
        let mut sorted: Vec<(usize, Share)> = files.into_iter().collect();
        sorted
            .sort_by_key(|(file, share)| (share.times.iter().min().copied(), share.times.iter().max().copied(), *file));
        let mut start = 0;
        for at in 0..sorted.len() {
            if !sorted[start..at].iter().any(|(_, other)| other.overlaps(&sorted[at].1)) {
                start = at;
            }
            groups.insert((block.clone(), sorted[at].0), start);
        }
    }
    groups
}

/// What makes two events one, and the overlap that they are in.
type Identity = (Option<usize>, Vec<Option<String>>);

/// Keeps of each event the copies of the one file that has most of them. Gives what stays, and how many went, by action.
pub fn without_duplicates(all: Vec<Placed>) -> (Vec<Placed>, BTreeMap<String, u64>) {
    let groups = overlaps(&all);
    let identity = |place: &Place, event: &Event| match identity(event) {
        Some(identity) => (None, identity),
        None => (groups.get(&(block(event), place.file)).copied(), content(event)),
    };
    let mut copies: BTreeMap<Identity, BTreeMap<usize, u64>> = BTreeMap::new();
    for (place, event) in &all {
        *copies.entry(identity(place, event)).or_default().entry(place.file).or_default() += 1;
    }
    let (kept, gone): (Vec<Placed>, Vec<Placed>) = all.into_iter().partition(|(place, event)| {
        let files = &copies[&identity(place, event)];
        let most = files.values().max();
        files.iter().find(|(_, count)| Some(*count) == most).map(|(file, _)| *file) == Some(place.file)
    });
    let mut by_action = BTreeMap::new();
    for (_, event) in gone {
        *by_action.entry(super::json::shown(&event.action)).or_insert(0) += 1;
    }
    (kept, by_action)
}

/// How many requests of a file end after a realm failure of the same millisecond, and how many before one.
pub fn tie_votes(events: &[Placed], file: usize) -> (u64, u64) {
    let mut votes = (0, 0);
    let of_file = || events.iter().filter(|(place, event)| place.file == file && event.request_id.is_some());
    for (end, failed) in of_file().filter(|(_, event)| event.action == FAILED) {
        let same = |event: &Event| {
            (event.node(), &event.request_id, &event.user) == (failed.node(), &failed.request_id, &failed.user)
        };
        if of_file().filter(|(_, event)| event.action == FAILED && same(event)).count() > 1 {
            continue;
        }
        let ties: Vec<&Placed> = of_file()
            .filter(|(_, event)| event.action == REALM_FAILED && event.time == failed.time && same(event))
            .collect();
        votes.0 += u64::from(!ties.is_empty() && ties.iter().all(|(place, _)| place < end));
        votes.1 += u64::from(!ties.is_empty() && ties.iter().all(|(place, _)| place > end));
    }
    votes
}

/// Whether a node logs realm failures: one was seen.
pub fn logs_realm_failures(events: &[Placed], node: &Option<String>) -> bool {
    events.iter().any(|(_, event)| event.action == REALM_FAILED && event.node() == *node)
}

/// The realm chain of a failed attempt: `None` where it is not logged.
pub fn chain(events: &[Placed], files: &[File], attempt: &Placed) -> Option<Vec<String>> {
    let (place, failed) = attempt;
    if !logs_realm_failures(events, &failed.node()) {
        return None;
    }
    failed.request_id.as_ref()?;
    if failed.action == ANONYMOUS {
        return Some(Vec::new());
    }
    let mut same: Vec<&Placed> = events
        .iter()
        .filter(|(_, event)| {
            (event.action == FAILED || event.action == REALM_FAILED)
                && event.node() == failed.node()
                && event.request_id == failed.request_id
                && event.user == failed.user
        })
        .collect();
    put_in_order(&mut same, files);
    let ends: Vec<usize> = (0..same.len()).filter(|&at| same[at].1.action == FAILED).collect();
    let asked: Vec<&Placed> = if ends.len() == 1 {
        same.clone()
    } else {
        let own = ends.iter().position(|&at| same[at].0 == *place)?;
        let start = own.checked_sub(1).map_or(0, |previous| ends[previous] + 1);
        let end = if own + 1 == ends.len() { same.len() } else { ends[own] };
        same[start..end].to_vec()
    };
    let no_realm = |all: &[&Placed]| all.iter().all(|(_, event)| event.action != REALM_FAILED);
    // One of several ends of a request may be a line that stands twice.
    if no_realm(&asked) && !no_realm(&same) {
        return None;
    }
    Some(
        asked
            .iter()
            .filter(|(_, event)| event.action == REALM_FAILED)
            .filter_map(|(_, event)| event.realm.clone())
            .collect(),
    )
}

/// The order in which the realms of one request were asked: by time. Of one millisecond, the files of a node follow each
/// other by their first event of it, then by their last, then by path.
fn put_in_order(same: &mut [&Placed], files: &[File]) {
    let node = same.first().and_then(|(_, event)| event.node());
    let mut in_turn: Vec<usize> = (0..files.len()).collect();
    in_turn.sort_by_key(|&file| (files[file].span_of(&node), file));
    let mut times: Vec<i64> = same.iter().map(|(_, event)| event.time).collect();
    times.sort_unstable();
    times.dedup();
    let is_end = |placed: &Placed| placed.1.action == FAILED;
    let only_one = same.iter().filter(|placed| is_end(placed)).count() == 1;
    let mut ordered: Vec<&Placed> = Vec::new();
    for time in times {
        let mut tie: Vec<&Placed> = Vec::new();
        for &file in &in_turn {
            let mut of_file: Vec<&Placed> = same.iter().copied().filter(|(place, _)| place.file == file).collect();
            of_file.sort_by_key(|(place, _)| *place);
            let times: Vec<i64> = of_file.iter().map(|(_, event)| event.time).collect();
            let rises = times.is_sorted() && times.first() != times.last();
            let mut part: Vec<&Placed> = of_file.into_iter().filter(|(_, event)| event.time == time).collect();
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            // The end of an attempt comes after its realm failures; if it stands on neither side, or on both, the rest
            // of the file tells.
            let backwards = if is_end(first) == is_end(last) { files[file].reverses_ties() } else { is_end(first) };
            if files[file].newest_first && !rises && backwards {
                part.reverse();
            }
            tie.extend(part);
        }
        if only_one && is_end(tie[0]) && tie.iter().all(|(place, _)| !files[place.file].newest_first) {
            tie.reverse();
        }
        ordered.extend(tie);
    }
    same.copy_from_slice(&ordered);
}

/// Who made a security change: name, realm, run by, address.
#[derive(Debug, Default, Clone)]
pub struct Actor {
    pub name: Option<String>,
    pub realm: Option<String>,
    pub run_by: Option<String>,
    pub source: Option<String>,
}

/// The actor of a security change.
pub fn actor(events: &[Placed], (_, changed): &Placed) -> Actor {
    let granted = granted(events, changed);
    let source = changed.source().or_else(|| unanimous(&granted, Event::source));
    if changed.user.is_some() && (changed.authentication_type.is_some() || changed.user_realm.is_some()) {
        let (name, realm, run_by) = (changed.user.clone(), changed.user_realm.clone(), changed.run_by.clone());
        return Actor { name, realm, run_by, source };
    }
    Actor {
        name: unanimous(&granted, |event| event.user.clone()),
        realm: unanimous(&granted, |event| event.user_realm.clone().or_else(|| event.realm.clone())),
        run_by: unanimous(&granted, |event| event.run_by.clone()),
        source,
    }
}

/// What events say, if they do not contradict each other.
fn unanimous(events: &[&Event], said: fn(&Event) -> Option<String>) -> Option<String> {
    let said: BTreeSet<String> = events.iter().filter_map(|event| said(event)).collect();
    if said.len() == 1 { said.into_iter().next() } else { None }
}

/// The events that may have allowed a security change. Where they stand says nothing: their times do.
fn granted<'e>(events: &'e [Placed], changed: &Event) -> Vec<&'e Event> {
    let internal = |event: &Event| {
        let name = event.user.as_deref().unwrap_or_default();
        matches!(name, "_xpack_security" | "_system")
            || (name.starts_with('_') && matches!(event.user_realm.as_deref(), Some("__attach" | "__fallback")))
    };
    let mut candidates: Vec<&Event> = events
        .iter()
        .map(|(_, event)| event)
        .filter(|event| {
            is_cause(event)
                && event.user.is_some()
                && event.node() == changed.node()
                && event.request_id.is_some()
                && event.request_id == changed.request_id
        })
        .collect();
    let mut prefer = |better: &dyn Fn(&Event) -> bool| {
        if candidates.iter().any(|event| better(event)) {
            candidates.retain(|event| better(event));
        }
    };
    prefer(&|event| !internal(event));
    prefer(&|event| event.action == "access_granted");
    prefer(&|event| event.run_by.is_some());
    prefer(&|event| event.time <= changed.time);
    let nearest = candidates.iter().map(|event| (event.time - changed.time).abs()).min();
    candidates.retain(|event| Some((event.time - changed.time).abs()) == nearest);
    candidates
}

/// Whether an event is one that a security change comes from.
fn is_cause(event: &Event) -> bool {
    let at_path = |path: &str| {
        let changed = ["user", "role", "privilege", "api_key", "cross_cluster", "service", "profile"];
        let reads = ["_has_privileges", "_privileges", "_suggest", "_clear_cache"];
        let rest = path.strip_prefix("/_security/").or_else(|| path.strip_prefix("/_xpack/security/"));
        rest.is_some_and(|rest| {
            changed.iter().any(|object| rest.starts_with(object)) && !reads.iter().any(|verb| rest.ends_with(verb))
        })
    };
    match event.action.as_str() {
        "access_granted" => {
            event.es_action.as_deref().is_some_and(|action| action.starts_with("cluster:admin/xpack/security/"))
        }
        "authentication_success" => event.url_path.as_deref().is_some_and(at_path),
        _ => false,
    }
}
