//! Valid API keys that may not do what they are used for.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::history::{DAY, HOUR};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::{key_in_words, ranked};
use super::words;
use crate::action_class::ActionClass;
use crate::model::text::{Span, Text};
use crate::state::{Actor, Series, Sym};
use crate::text;
use crate::time::Millis;

/// Refused actions of a key from which on it is told; of one action fewer are enough, as a program asks for it again and again.
const DENIALS: u64 = 10;
const DENIALS_OF_ONE: u64 = 5;

/// Actions that one program is refused at most; more of them look like somebody who tries what is possible.
const ACTIONS: u64 = 12;

/// Keys of one owner that begin to be refused the same within so long are so for one cause: a role was narrowed.
const ONSET: i64 = HOUR;

/// A cluster and the id of an API key.
type ClusterKey<'s> = (u16, &'s [u8]);

/// What one key may not do.
pub(super) struct DeniedKey {
    pub(super) draft: Draft,
    /// The actions that were refused, in words.
    actions: String,
}

/// What refusals of one cause share: cluster, owner and actions.
type DeniedCause = (u16, Vec<Sym>, String);

/// Joins refusals that have one cause: the number of the draft of each, and when it began.
#[derive(Default)]
pub(super) struct Narrowed(BTreeMap<DeniedCause, (usize, Option<Millis>)>);

impl Narrowed {
    /// Adds what a key may not do to the drafts, or to the one of other keys that are refused the same.
    pub(super) fn add(&mut self, measure: &Measure<'_, '_>, drafts: &mut Vec<Draft>, denied: DeniedKey) {
        let DeniedKey { draft, actions } = denied;
        if draft.doc.kind != Kind::ApiKeyUnderprivileged || draft.verdict != Verdict::Operational {
            drafts.push(draft);
            return;
        }
        let first = draft.times.first().copied();
        let cause = (draft.cluster, draft.principals.clone(), actions);
        let soon = |known: Option<Millis>| known.zip(first).is_some_and(|(a, b)| (a.0 - b.0).abs() <= ONSET);
        match self.0.get(&cause) {
            Some(&(at, known)) if soon(known) => {
                let owner = measure.scene.text(draft.principals[0]);
                let whole = &mut drafts[at];
                whole.parts.push(draft.part(measure.scene));
                whole.api_keys.extend(draft.api_keys);
                whole.sources.extend(draft.sources);
                whole.nodes.extend(draft.nodes);
                whole.times.extend(draft.times);
                whole.evidence.extend(draft.evidence.into_iter().take(1));
                whole.failures += draft.failures;
                whole.successes += draft.successes;
                whole.severity = whole.severity.max(draft.severity);
                let keys = Text::count(whole.api_keys.len() as u64, "API key", "API keys");
                whole.title = text!("{} of {} may not do {}", keys, Span::principal(&owner), cause.2.clone());
            }
            _ => {
                self.0.insert(cause, (drafts.len(), first));
                drafts.push(draft);
            }
        }
    }
}

/// The drafts of underprivileged keys.
pub(super) fn underprivileged(measure: &Measure<'_, '_>) -> Vec<DeniedKey> {
    let scene = measure.scene;
    let mut denials: Vec<(&Actor, &Series)> =
        scene.joined.denials.iter().filter(|(actor, _)| actor.apikey.is_some()).collect();
    denials.sort_by_key(|(actor, _)| **actor);
    let mut keys: BTreeMap<ClusterKey<'_>, Vec<(&Actor, &Series)>> = BTreeMap::new();
    for (actor, series) in denials {
        let cluster = scene.cluster(scene.joined.nodes.index(actor.node));
        keys.entry((cluster, scene.bytes(actor.apikey))).or_default().push((actor, series));
    }
    let mut drafts = Vec::new();
    for ((cluster, _), mut denials) in keys {
        let total: u64 = denials.iter().map(|(_, series)| series.count()).sum();
        let mut of_action: BTreeMap<Sym, u64> = BTreeMap::new();
        for (actor, series) in &denials {
            *of_action.entry(actor.es_action).or_default() += series.count();
        }
        if total >= DENIALS || of_action.values().any(|&refused| refused >= DENIALS_OF_ONE) {
            let order = |(actor, series): &(&Actor, &Series)| {
                (
                    series.first(),
                    scene.bytes(actor.source),
                    scene.bytes(actor.es_action),
                    scene.joined.nodes.index(actor.node),
                )
            };
            denials.sort_by_key(order);
            drafts.push(draft(measure, cluster, &denials, total));
        }
    }
    drafts
}

/// Whether a key that had been at work elsewhere for hours was used at an address for an hour at most.
fn has_moved(measure: &Measure<'_, '_>, cluster: u16, actor: &Actor) -> bool {
    let of_key = || measure.scene.history.of_key(cluster, actor.apikey);
    let since = |is: &dyn Fn(Sym) -> bool| of_key().filter(|past| is(past.source)).map(|past| past.first).min();
    let here = since(&|source| source == actor.source);
    let elsewhere = since(&|source| source != actor.source);
    here.zip(elsewhere).is_some_and(|(here, elsewhere)| here.0 - elsewhere.0 >= DAY / 4)
        && of_key().filter(|past| past.source == actor.source).all(|past| past.last.0 - past.first.0 <= HOUR)
}

fn draft(measure: &Measure<'_, '_>, cluster: u16, denials: &[(&Actor, &Series)], total: u64) -> DeniedKey {
    let scene = measure.scene;
    let (key, owner) = (denials[0].0.apikey, denials[0].0.principal);
    let repeated = |of: fn(&Actor) -> Sym| -> Vec<Sym> {
        let weighted = denials.iter().flat_map(|(actor, series)| {
            std::iter::repeat_n(of(actor), usize::try_from(series.count().min(1000)).unwrap_or(1))
        });
        weighted.collect()
    };
    let (actions, actions_total) = ranked(scene, repeated(|actor| actor.es_action));
    let (sources, sources_total) = ranked(scene, repeated(|actor| actor.source));
    // No program of the house asks from outside for several kinds of power that it does not have, nor does one that never ran there.
    let powers: BTreeSet<ActionClass> =
        denials.iter().filter_map(|(actor, _)| ActionClass::of_powerful(scene.bytes(actor.es_action))).collect();
    let away = |actor: &Actor| scene.is_outside(actor.source) || has_moved(measure, cluster, actor);
    let curious = powers.len() > 1 && denials.iter().all(|(actor, _)| away(actor));
    let judged = if actions_total > ACTIONS || curious { (Verdict::Unclear, 0.5) } else { (Verdict::Operational, 0.9) };
    let severity = if total >= 1000 { Severity::Medium } else { Severity::Low };
    let mut draft = Draft::new(Kind::ApiKeyUnderprivileged, severity, judged);
    draft.cluster = cluster;
    draft.title =
        format!("API key {} may not do {}", key_in_words(scene, key), words::list(&actions, actions_total, 1)).into();
    let first = denials.iter().filter_map(|(_, series)| series.first()).min();
    let last = denials.iter().filter_map(|(_, series)| series.last()).max();
    let over =
        first.zip(last).map_or_else(String::new, |(first, last)| format!(" in {}", words::duration(last.0 - first.0)));
    draft.why.push(format!(
        "{} refused{over}, from {}",
        words::count(total, "action", "actions"),
        words::list(&sources, sources_total, 3)
    ));
    draft.why.push(format!(
        "The key is valid: an access decision means that it was accepted. Its owner is {}",
        scene.text(owner)
    ));
    draft.why.push(format!("Refused: {}", words::list(&actions, actions_total, 5)));
    let successes: u64 = scene.history.of_key(cluster, key).map(|past| u64::from(past.count)).sum();
    // An access decision counts as a success of authentication, refusals included.
    let granted = successes.saturating_sub(total);
    draft.why.push(if granted > 0 {
        format!("Other actions of the key were granted {}", words::count(granted, "time", "times"))
    } else {
        "No other action of the key was granted in these logs".to_owned()
    });
    draft.failures = total;
    draft.successes = granted;
    draft.principals = vec![owner];
    draft.sources = repeated(|actor| actor.source);
    draft.nodes = denials.iter().map(|(actor, _)| scene.joined.nodes.index(actor.node)).collect();
    draft.api_keys = vec![key];
    draft.times = first.into_iter().chain(last).collect();
    let lines = denials.iter().filter_map(|(_, series)| series.buckets().first());
    draft.evidence = lines.map(|bucket| scene.joined.source_lines.of(bucket.pos)).take(5).collect();
    DeniedKey { draft, actions: words::list(&actions, actions_total, 1) }
}
