//! Changes of a log under which its judgement must stay, or may go in one direction only. Tests that use them need no truth:
//! they compare what is told before and after.

mod names;

use std::collections::BTreeMap;

pub use names::rename;

use crate::event::{Action, Event, Record};
use crate::rng::Rng;
use crate::scenario::log::{Entry, Log};
use crate::scenario::pace::Pace;
use crate::scenario::play::is_failure;
use crate::text::{HOUR, Micros, SECOND, Text, keep, request_id};

/// A source of evidence that can be taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// The server logs.
    ServerLog,
    /// `realm_authentication_failed`.
    RealmFailures,
    /// `authentication_success` and `access_granted`.
    Successes,
}

/// Where the lines of one act stand: node and place.
type Places = Vec<(usize, usize)>;

/// The lines of each act, by act. Lines of no act are left out.
fn acts(log: &Log) -> BTreeMap<u32, Places> {
    let mut acts: BTreeMap<u32, Places> = BTreeMap::new();
    for (node, of) in log.nodes.iter().enumerate() {
        for (at, entry) in of.entries.iter().enumerate().filter(|(_, entry)| entry.act != u32::MAX) {
            acts.entry(entry.act).or_default().push((node, at));
        }
    }
    acts
}

fn event(entry: &Entry) -> Option<&Event> {
    match &entry.record {
        Record::Audit(event) => Some(event),
        Record::Server(_) => None,
    }
}

fn entry(log: &Log, (node, at): (usize, usize)) -> &Entry {
    &log.nodes[node].entries[at]
}

/// True of an act that failed.
fn failed(log: &Log, places: &Places) -> bool {
    let has = |wanted: fn(&Event) -> bool| places.iter().any(|p| event(entry(log, *p)).is_some_and(wanted));
    has(is_failure) && !has(|event| event.action == Action::AuthenticationSuccess)
}

/// When an act happened and where it came from.
fn when(log: &Log, places: &Places) -> (Micros, Option<Text>) {
    let time = places.iter().map(|p| entry(log, *p).record.time()).min().unwrap_or_default();
    (time, places.iter().find_map(|p| event(entry(log, *p)).and_then(|event| event.origin.source)))
}

fn shift(record: &mut Record, by: Micros) {
    match record {
        Record::Audit(event) => event.time += by,
        Record::Server(line) => line.time += by,
    }
}

/// Moves an act's lines to another time and, if given, to another source.
fn move_to(log: &mut Log, places: &Places, by: Micros, source: Option<Text>) {
    for (node, at) in places {
        let record = &mut log.nodes[*node].entries[*at].record;
        shift(record, by);
        if let (Record::Audit(event), Some(source)) = (record, source)
            && event.origin.kind == Some("rest")
        {
            event.origin.source = Some(source);
        }
    }
}

fn sort(log: &mut Log) {
    log.nodes.iter_mut().for_each(|node| node.sort());
}

/// The failures exchange their times and sources among each other. In a log without an attack nothing hostile may be told
/// of what comes out, at least nothing above low.
pub fn shuffle_failures(log: &mut Log, seed: u64) {
    let mut rng = Rng::named(seed, "shuffle");
    let failing: Vec<Places> = acts(log).into_values().filter(|places| failed(log, places)).collect();
    let mut given: Vec<(Micros, Option<Text>)> = failing.iter().map(|places| when(log, places)).collect();
    for at in (1..given.len()).rev() {
        given.swap(at, rng.index(at + 1));
    }
    for (places, (time, source)) in failing.iter().zip(given) {
        let own = when(log, places).0;
        move_to(log, places, time - own, source);
    }
    sort(log);
}

/// The failures of each incident get other times within the span that they had, their order kept. It never makes
/// something hostile operational, or the reverse.
pub fn repace(log: &mut Log, seed: u64) {
    let mut rng = Rng::named(seed, "repace");
    let mut tagged: BTreeMap<u16, Vec<(Micros, Places)>> = BTreeMap::new();
    for places in acts(log).into_values().filter(|places| failed(log, places)) {
        if let Some(tag) = places.first().and_then(|place| entry(log, *place).tag) {
            tagged.entry(tag).or_default().push((when(log, &places).0, places));
        }
    }
    for mut acts in tagged.into_values() {
        acts.sort_by_key(|(time, _)| *time);
        let (first, last) = (acts[0].0, acts[acts.len() - 1].0);
        // Office hours may lie outside of the span; bursts and pauses may not.
        let pace = [Pace::Fixed, Pace::Jittered(0.3), Pace::Exponential, Pace::Uniform, Pace::Bursts(6)];
        let times = rng.pick(&pace).times(&mut rng, first, last - first, acts.len());
        for ((time, places), new) in acts.iter().zip(times) {
            move_to(log, places, new - time, None);
        }
    }
    sort(log);
}

/// The same act again at another time, as a request of its own.
fn again(log: &mut Log, places: &Places, by: Micros, act: u32, rng: &mut Rng) {
    let id = request_id(rng);
    for (node, at) in places {
        let mut copy = log.nodes[*node].entries[*at].clone();
        shift(&mut copy.record, by);
        copy.act = act;
        if let Record::Audit(event) = &mut copy.record {
            event.request = event.request.map(|_| id);
            event.origin.port = rng.range(32_768, 61_000) as u16;
        }
        log.nodes[*node].entries.push(copy);
    }
}

/// A day of the same ordinary life before the first line: what succeeded and belongs to nothing, once more, earlier. It
/// adds no finding, except of kinds that need history.
pub fn prepend_day(log: &mut Log, seed: u64) {
    let mut rng = Rng::named(seed, "day");
    let (start, _) = log.span();
    let all = acts(log);
    let mut next = all.keys().next_back().map_or(0, |last| last + 1);
    for places in all.into_values() {
        let plain = places.iter().all(|p| entry(log, *p).tag.is_none()) && !failed(log, &places);
        let changes =
            places.iter().any(|p| event(entry(log, *p)).is_some_and(|e| matches!(e.action, Action::Change(_))));
        if plain && !changes {
            let time = when(log, &places).0;
            let new = start - 24 * HOUR + (time - start).rem_euclid(24 * HOUR);
            again(log, &places, new - time - SECOND, next, &mut rng);
            next += 1;
        }
    }
    sort(log);
}

/// So many times as many lines of clients that have nothing to do with the rest, and succeed. It neither hides a finding nor
/// adds one.
pub fn add_traffic(log: &mut Log, times: usize, seed: u64) {
    let mut rng = Rng::named(seed, "traffic");
    let (start, end) = log.span();
    let mut next = acts(log).keys().next_back().map_or(0, |last| last + 1);
    let clients: Vec<(Text, Text)> =
        (0..20).map(|n| (keep(format!("bulk-loader-{n:02}")), keep(format!("10.254.254.{}", 10 + n)))).collect();
    for node in &mut log.nodes {
        let model = node.entries.iter().find(|e| e.tag.is_none() && event(e).is_some_and(is_plain_access)).cloned();
        let Some(model) = model else { continue };
        let count = node.lines() * times;
        for n in 0..count {
            let mut copy = model.clone();
            copy.act = next;
            next += 1;
            if let Record::Audit(event) = &mut copy.record {
                let (user, source) = clients[n % clients.len()];
                event.time = start + ((end - start) as f64 * rng.unit()) as Micros;
                event.who.user = Some(user);
                event.who.key = None;
                event.who.kind = Some("REALM");
                event.origin.source = Some(source);
                event.origin.forwarded = None;
                event.request = Some(request_id(&mut rng));
            }
            node.entries.push(copy);
        }
    }
    sort(log);
}

/// An ordinary access with a password.
fn is_plain_access(event: &Event) -> bool {
    event.action == Action::AccessGranted
        && event.origin.kind == Some("rest")
        && event.who.run_by.is_none()
        && event.transport.is_some_and(|(action, _)| action.starts_with("indices:data/"))
}

/// The tries of each incident once more, each shortly after itself. It never lowers how hostile something is.
pub fn more_guesses(log: &mut Log, seed: u64) {
    let mut rng = Rng::named(seed, "more");
    let all = acts(log);
    let mut next = all.keys().next_back().map_or(0, |last| last + 1);
    for places in all.into_values() {
        if failed(log, &places) && places.iter().any(|p| entry(log, *p).tag.is_some()) {
            let later = rng.range(SECOND / 20, SECOND);
            again(log, &places, later, next, &mut rng);
            next += 1;
        }
    }
    sort(log);
}

/// Takes a source of evidence away from all nodes. It may lower confidence, and never turns a verdict round.
pub fn without(log: &mut Log, evidence: Evidence) {
    for node in &mut log.nodes {
        match evidence {
            Evidence::ServerLog => node.logging.server_log = false,
            Evidence::RealmFailures => node.logging.realm_failures = false,
            Evidence::Successes => (node.logging.successes, node.logging.access_granted) = (false, false),
        }
    }
}
