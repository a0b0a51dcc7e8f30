//! API keys that were made in the log and used for one visit outside, in a network from which neither their owner nor anybody else
//! had come: whoever gets hold of somebody's session makes a key with it, and works with that. Programs that are given a key stay.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::newcomers;
use super::place::Net;
use super::ranked::key_in_words;
use super::scene::Scene;
use crate::model::text::Span;
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// How long a visit is at most; the log goes on for as long.
const VISIT: i64 = 6 * HOUR;

/// Uses that are more than a try whether the key works.
const FEWEST: u32 = 5;

/// How sure: somebody may try out a key at home.
const CONFIDENCE: f64 = 0.6;

/// The drafts of such keys.
pub(super) fn visits(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let pasts = scene.history.pasts().iter();
    let candidates: Vec<(&Past, Millis)> =
        pasts.filter(|past| past.key.is_some()).filter_map(|past| Some((past, made(scene, past)?))).collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    let mut nets: HashMap<(u16, Net), Millis, RandomState> = HashMap::default();
    for (cluster, net, first) in scene.history.networks() {
        let known = nets.entry((cluster, net)).or_insert(first);
        *known = first.min(*known);
    }
    let abroad = scene.history.abroad();
    let is_rare = |past: &Past| {
        abroad.get(&past.cluster).is_none_or(|(all, abroad)| {
            !newcomers::is_usual(abroad.len() - usize::from(abroad.contains(&past.principal)), *all)
        })
    };
    let is_new = |past: &Past, made: Millis| {
        let known = scene.net(past.source).and_then(|net| nets.get(&(past.cluster, net)));
        known.is_none_or(|&first| first >= made)
    };
    let mut deeds: HashMap<Sym, Vec<&Deed>, RandomState> = HashMap::default();
    for deed in measure.deeds.all().iter().filter(|deed| deed.key.is_some()) {
        deeds.entry(deed.key).or_default().push(deed);
    }
    let odd = candidates.into_iter().filter(|(past, made)| is_rare(past) && is_new(past, *made));
    let done = |past: &Past| deeds.get(&past.key).map(Vec::as_slice).unwrap_or_default();
    odd.map(|(past, made)| draft(measure, past, made, done(past))).collect()
}

/// When a key was made, of a place outside at which alone it was used, for a visit: by somebody who was at work inside for hours
/// before, and never outside.
fn made(scene: &Scene<'_>, past: &Past) -> Option<Millis> {
    let is_visit = past.count >= FEWEST
        && past.last.0 - past.first.0 <= VISIT
        && scene.span(past.cluster).1.0 - past.last.0 >= VISIT;
    if !is_visit || !scene.is_outside(past.source) {
        return None;
    }
    let made = scene.key(past.key).filter(|key| key.created_by.is_some())?.created?;
    let of_key = || scene.history.of_key(past.cluster, past.key);
    let of_owner = || scene.history.of_account(past.cluster, past.principal).filter(|own| !own.key.is_some());
    ((0..=DAY).contains(&(past.first.0 - made.0))
        && of_key().all(|other| other.source == past.source)
        && !scene.is_program(past.cluster, past.principal)
        && of_owner().any(|own| made.0 - own.first.0 >= VISIT)
        && of_owner().all(|own| !scene.is_outside(own.source)))
    .then_some(made)
}

fn draft(measure: &Measure<'_, '_>, past: &Past, made: Millis, deeds: &[&Deed]) -> Draft {
    let scene = measure.scene;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = past.cluster;
    let (owner, source) = (scene.text(past.principal), scene.text(past.source));
    let key = key_in_words(scene, past.key);
    draft.title = text!(
        "A new key of {} was used from {}, where nobody had been",
        Span::principal(&owner),
        Span::address(&source)
    );
    draft.why.push(text!("{} was made at {} and used first at {}", Span::key(&key), made, past.first));
    draft.why.push("It was used nowhere else, and its owner gets in from inside alone".to_owned());
    draft.why.push("Hardly anybody else gets in from outside the internal networks in this log".to_owned());
    consequences::tell_first(measure, &mut draft, "With it", deeds.iter().copied());
    draft.why.push("Not to be known here: whether its owner sat there");
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.api_keys = vec![past.key];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft.successes = u64::from(past.count);
    draft
}
