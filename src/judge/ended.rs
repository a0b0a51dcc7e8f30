//! Many API keys ended at once, out of the actor's habit. Counted are keys that existed or were in use; those of an account
//! that is disabled or deleted with them are no news.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::features::Feature;
use super::history::{DAY, HOUR};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::{NAMED, ranked};
use super::scene::Scene;
use super::score;
use super::weights::WeightSubject;
use super::words;
use crate::correlate::AttributedChange;
use crate::event::is_invalidation;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Invalidations of one actor belong together over such a pause.
const PAUSE: i64 = HOUR;

/// And what lasts so long is no sweep of one hand's.
const STEADY: i64 = 2 * HOUR;

/// Keys of all of a realm are taken for so many where the log does not know them.
const REALM: usize = 10;

/// Fewer keys are nobody's news.
const FEWEST: usize = 5;

/// Who makes a key and ends it within so long made it for a task: pipelines do, and it is no news.
const OF_A_TASK: i64 = HOUR;

/// Who made a key, and when.
type Makers = BTreeMap<Sym, (Sym, Millis)>;

/// What one actor ended without a long pause.
struct Sweep<'c> {
    changes: Vec<&'c AttributedChange>,
    /// Keys that are known to have existed, each once.
    keys: Vec<Sym>,
    /// How many, those included that the event does not name.
    count: usize,
    /// Realms all of whose keys were ended; how many those are is not known.
    realms: Vec<Sym>,
}

impl Sweep<'_> {
    fn duration(&self) -> i64 {
        let times = || self.changes.iter().map(|change| change.record.time.0);
        times().max().zip(times().min()).map_or(0, |(last, first)| last - first)
    }

    /// Whether it is one key after the other for hours, as a pipeline ends them that makes one for each task; how many that are
    /// says then only how long it was at work.
    fn is_steady(&self) -> bool {
        self.duration() >= STEADY && self.count <= self.changes.len()
    }

    /// Keys an hour, of sweeps that tell it.
    fn pace(&self) -> f64 {
        if self.count < FEWEST { 0.0 } else { self.count as f64 / (self.duration().max(PAUSE) as f64 / HOUR as f64) }
    }
}

/// The drafts of mass invalidations.
pub(super) fn mass_invalidations(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut resolved: BTreeMap<usize, Vec<Sym>> = BTreeMap::new();
    for key in &scene.joined.keys {
        if let Some(change) = key.invalidated.and_then(|end| end.change) {
            resolved.entry(change).or_default().push(key.id);
        }
    }
    let mut actors: BTreeMap<(u16, &[u8]), Vec<usize>> = BTreeMap::new();
    for (at, change) in scene.joined.changes_left() {
        if is_invalidation(scene.bytes(change.record.action)) {
            let cluster = scene.cluster(scene.joined.nodes.index(change.record.node));
            actors.entry((cluster, scene.bytes(change.actor))).or_default().push(at);
        }
    }
    // Keys that were made, by whom, then time; where no line names who did it, too.
    let is_made = |change: &&AttributedChange| scene.bytes(change.record.action) == b"create_apikey";
    let mut created: Vec<&AttributedChange> =
        scene.joined.changes_left().map(|(_, change)| change).filter(is_made).collect();
    created.sort_by_key(|change| (change.actor, change.record.time));
    let made = |change: &&AttributedChange| {
        let maker = (change.actor, change.record.time);
        change.record.ids.iter().map(move |&id| (id, maker)).collect::<Vec<_>>()
    };
    let makers: Makers = created.iter().flat_map(made).collect();
    let mut drafts = Vec::new();
    for ((cluster, _), changes) in actors {
        let time = |at: usize| scene.joined.changes[at].record.time.0;
        let sweeps: Vec<Sweep<'_>> = changes
            .chunk_by(|&a, &b| time(b) - time(a) <= PAUSE)
            .map(|run| sweep(measure, run, &resolved, &makers))
            .collect();
        for at in 0..sweeps.len() {
            drafts.extend(draft(measure, (cluster, &created), &sweeps, at));
        }
    }
    drafts
}

fn sweep<'c>(
    measure: &Measure<'_, 'c>,
    run: &[usize],
    resolved: &BTreeMap<usize, Vec<Sym>>,
    makers: &Makers,
) -> Sweep<'c> {
    let scene = measure.scene;
    let mut sweep = Sweep { changes: Vec::new(), keys: Vec::new(), count: 0, realms: Vec::new() };
    for &at in run {
        let change = &scene.joined.changes[at];
        if is_leaver(measure, change) {
            continue;
        }
        let record = &change.record;
        let cluster = scene.cluster(scene.joined.nodes.index(record.node));
        let keys = || record.ids.iter().chain(resolved.get(&at).into_iter().flatten()).copied();
        let single = keys().count() == 1;
        let of_a_task = |key: &Sym| {
            // Of a key whose making is not logged its first use says when it was made; who ends many at once does no task.
            makers.get(key).map_or_else(
                || single && is_brief(scene, cluster, *key, record.time),
                |&(maker, made)| {
                    let own = maker.is_some() && maker == change.actor;
                    own && (0..=OF_A_TASK).contains(&(record.time.0 - made.0))
                },
            )
        };
        if keys().next().is_some() && keys().all(|key| of_a_task(&key)) {
            continue;
        }
        sweep.changes.push(change);
        sweep.keys.extend(keys().filter(|key| !of_a_task(key)));
        let realm =
            record.ids.is_empty() && !record.name.is_some() && !record.owner.is_some() && record.owner_realm.is_some();
        if realm {
            sweep.count += REALM;
            sweep.realms.push(record.owner_realm);
        }
    }
    sweep.realms.sort_by_key(|&realm| scene.shown(realm));
    sweep.realms.dedup();
    sweep.keys.sort_by_key(|&key| scene.shown(key));
    sweep.keys.dedup();
    sweep.count = sweep.count.max(sweep.keys.len());
    sweep
}

/// Whether a key was used for the first time so shortly before its end that it was made for a task, and the log would show it if it
/// had been in use before.
fn is_brief(scene: &Scene<'_>, cluster: u16, key: Sym, end: Millis) -> bool {
    let first = scene.history.of_key(cluster, key).map(|past| past.first).min();
    let known = |first: Millis| first.0 - scene.span(cluster).0.0 >= OF_A_TASK;
    first.is_some_and(|first| known(first) && (0..=OF_A_TASK).contains(&(end.0 - first.0)))
}

/// Whether the owner of the keys is disabled or deleted along with them.
fn is_leaver(measure: &Measure<'_, '_>, change: &AttributedChange) -> bool {
    let scene = measure.scene;
    let (from, to) = (Millis(change.record.time.0 - DAY), Millis(change.record.time.0 + DAY));
    change.record.owner.is_some()
        && measure.changes.within(change.record.owner, from, to).is_some_and(|at| {
            let action = scene.bytes(scene.joined.changes[at as usize].record.action);
            matches!(action, b"delete_user" | b"change_disable_user")
        })
}

fn draft(
    measure: &Measure<'_, '_>,
    (cluster, created): (u16, &[&AttributedChange]),
    sweeps: &[Sweep<'_>],
    at: usize,
) -> Option<Draft> {
    let scene = measure.scene;
    let sweep = &sweeps[at];
    let (&first, &last) = (sweep.changes.first()?, sweep.changes.last()?);
    // A Kibana ends the keys of its rules as these are switched off; people who do so through it have their own names.
    if sweep.count < FEWEST || scene.is_of_kibana(cluster, first.actor, first.source) {
        return None;
    }
    let since = Millis(first.record.time.0 - DAY);
    let in_use =
        |key: &&Sym| refused(measure, **key) || scene.history.of_key(cluster, **key).any(|past| past.last >= since);
    // Whoever makes as many keys as are ended rotates them, be it in the wrong order.
    let mut ended = sweep.keys.clone();
    ended.sort_unstable();
    let other = |change: &&&AttributedChange| !change.record.ids.iter().any(|id| ended.binary_search(id).is_ok());
    let start = created.partition_point(|change| (change.actor, change.record.time) < (first.actor, since));
    let until = Millis(last.record.time.0 + DAY);
    let end = created.partition_point(|change| (change.actor, change.record.time) <= (first.actor, until));
    let made = created[start..end].iter().filter(other).count();
    if made >= sweep.count {
        return None;
    }
    let used: Vec<Sym> = sweep.keys.iter().filter(in_use).copied().collect();
    let alike = |one: &Sweep<'_>| one.count * 2 >= sweep.count || sweep.is_steady() && one.pace() * 2.0 >= sweep.pace();
    let habit = sweeps.iter().enumerate().filter(|&(other, one)| other != at && alike(one)).count();
    let outside = scene.is_outside(first.source);
    let past = scene.history.pair(cluster, first.actor, first.source);
    let new = past.is_some_and(|past| first.record.time.0 - past.first.0 < DAY)
        && scene.history.account(cluster, first.actor).is_some_and(|sum| first.record.time.0 - sum.first.0 >= DAY);
    let mut features = measure.none();
    features.set(Feature::Ended, ((sweep.count as f64).log10() / 2.0).min(1.0));
    features.set(Feature::InUse, used.len() as f64 / sweep.count as f64);
    features.set(Feature::Habit, (habit as f64 / 2.0).min(1.0));
    features.set(Feature::Replaced, (made as f64 / sweep.count as f64).min(1.0));
    // Where the actor was at work before, that it lies outside says nothing.
    let known = past.is_some_and(|past| first.record.time.0 - past.first.0 >= OF_A_TASK) && !new;
    features.set(Feature::Outside, f64::from(u8::from(outside && !known)));
    features.set(Feature::Strange, f64::from(u8::from(new)));
    let probability = score::logistic(score::sum(&features, &[WeightSubject::Kind(Kind::MassInvalidation)]));
    if probability < 0.5 {
        return None;
    }
    let hostile = outside && new;
    let verdict = if hostile { Verdict::Hostile } else { Verdict::Unclear };
    let severity = if used.len() >= FEWEST || hostile { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new(Kind::MassInvalidation, severity, (verdict, score::rounded(probability)));
    draft.cluster = cluster;
    let actor = if first.actor.is_some() { scene.text(first.actor) } else { "Somebody".to_owned() };
    let who = || Span::principal(&actor);
    let realms: Vec<String> = sweep.realms.iter().map(|&realm| scene.text(realm)).collect();
    draft.title = match realms.as_slice() {
        [] => text!("{} invalidated {}", who(), Text::count(sweep.count as u64, "API key", "API keys")),
        [realm] => text!("{} invalidated every API key of realm {}", who(), Span::realm(realm)),
        many => text!("{} invalidated every API key of {} realms", who(), many.len() as u64),
    };
    let source =
        if first.source.is_some() { text!(" from {}", Span::address(&scene.text(first.source))) } else { Text::new() };
    let lasted = last.record.time.0 - first.record.time.0;
    draft.why.push(text!(
        "{} by {}{} at {}{}",
        Text::count(sweep.changes.len() as u64, "invalidation", "invalidations"),
        who(),
        source,
        first.record.time,
        if lasted > 0 { text!(", within {}", Span::Duration(lasted)) } else { Text::new() }
    ));
    let (names, total) = ranked(scene, sweep.keys.clone());
    if total > 0 {
        draft.why.push(format!("Known keys: {}", words::list(&names, total, 5)));
    }
    draft.why.push(match used.len() as u64 {
        0 => "None of them is known to have been in use on the day before".to_owned(),
        many => format!("{} in use on the day before", words::count(many, "of them was", "of them were")),
    });
    draft.why.push(match habit as u64 {
        0 => format!("{actor} ended no such number of keys at another time in these logs"),
        many => format!("{actor} ended as many keys {} besides", words::count(many, "time", "times")),
    });
    if new {
        draft.why.push("The actor had never got in from there until that day".to_owned());
    }
    if outside {
        draft.why.push("The source lies outside the internal networks".to_owned());
    }
    let refused: Vec<Sym> = sweep.keys.iter().copied().filter(|&key| refused(measure, key)).collect();
    if !refused.is_empty() {
        let (names, total) = ranked(scene, refused);
        draft.why.push(format!("Still sent, and refused since: {}", words::list(&names, total, NAMED)));
    }
    draft.principals = vec![first.actor];
    draft.sources = sweep.changes.iter().map(|change| change.source).collect();
    draft.nodes = sweep.changes.iter().map(|change| scene.joined.nodes.index(change.record.node)).collect();
    draft.times = vec![first.record.time, last.record.time];
    draft.evidence = sweep.changes.iter().map(|change| change.place).take(5).chain([last.place]).collect();
    draft.api_keys.clone_from(&sweep.keys);
    Some(draft)
}

/// Whether a key is refused in these logs.
fn refused(measure: &Measure<'_, '_>, key: Sym) -> bool {
    measure.refused_keys.binary_search(&key).is_ok()
}
