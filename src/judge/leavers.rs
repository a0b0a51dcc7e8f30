//! API keys outlive whom they are of: Elasticsearch ends no key when its owner is disabled or deleted. Where such a key comes to
//! a new place outside afterwards and powerful things are done with it, or the owner had tried to get in there, or nobody had used
//! it before, the owner may have kept it.

use std::collections::BTreeMap;

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::Past;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::key_in_words;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// How sure: programs keep the keys of who left, and move.
const CONFIDENCE: f64 = 0.7;

/// The drafts of keys of those who were disabled or deleted before.
pub(super) fn keys(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut left: BTreeMap<(u16, Sym), Vec<(Millis, bool)>> = BTreeMap::new();
    for (_, change) in scene.joined.changes_left().filter(|(_, change)| change.record.name.is_some()) {
        let record = &change.record;
        let gone = match scene.bytes(record.action) {
            b"change_disable_user" | b"delete_user" => true,
            b"change_enable_user" | b"put_user" => false,
            _ => continue,
        };
        let cluster = scene.cluster(scene.joined.nodes.index(record.node));
        left.entry((cluster, record.name)).or_default().push((record.time, gone));
    }
    left.values_mut().for_each(|changes| changes.sort_unstable());
    let mut deeds: BTreeMap<(u16, Sym, Sym), Vec<&Deed>> = BTreeMap::new();
    for deed in measure.deeds.all().iter().filter(|deed| deed.key.is_some()) {
        deeds.entry((scene.cluster(deed.node), deed.key, deed.source)).or_default().push(deed);
    }
    let abroad = scene.history.pasts().iter().filter(|past| past.key.is_some() && scene.is_outside(past.source));
    let drafts = abroad.filter_map(|past| {
        let changes = left.get(&(past.cluster, past.principal))?;
        let &(since, gone) = changes[..changes.partition_point(|&(time, _)| time < past.first)].last()?;
        if !gone || !is_new(measure, past) {
            return None;
        }
        let deeds = deeds.get(&(past.cluster, past.key, past.source)).map(Vec::as_slice).unwrap_or_default();
        // Who is locked out, tries there, and then uses the key there is its owner.
        let at_host = |from| scene.host(from) == scene.host(past.source);
        let tries = scene.tries_at(past.cluster, past.principal, since..past.first, at_host);
        let unused = scene.history.of_key(past.cluster, past.key).all(|other| other.first >= since);
        let is_odd = !deeds.is_empty() || !tries.is_empty() || unused;
        is_odd.then(|| draft(measure, past, since, (deeds, tries, unused)))
    });
    let mut drafts: Vec<Draft> = drafts.collect();
    drafts.sort_by(|a, b| a.times.cmp(&b.times));
    drafts
}

/// Whether a key comes to the network of a place for the first time, and its owner never was there.
fn is_new(measure: &Measure<'_, '_>, past: &Past) -> bool {
    let scene = measure.scene;
    let net = scene.net(past.source);
    let near = |other: &Past| scene.net(other.source) == net && other.first < past.first;
    let history = &scene.history;
    !history.of_key(past.cluster, past.key).chain(history.of_account(past.cluster, past.principal)).any(near)
}

fn draft(
    measure: &Measure<'_, '_>,
    past: &Past,
    since: Millis,
    (deeds, tries, unused): (&[&Deed], Vec<u32>, bool),
) -> Draft {
    let scene = measure.scene;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = past.cluster;
    let (owner, source) = (scene.text(past.principal), scene.text(past.source));
    draft.title = text!(
        "{} of {}, who had been locked out, was used from {} for the first time",
        Span::key(&key_in_words(scene, past.key)),
        Span::principal(&owner),
        Span::address(&source)
    );
    draft.why.push(text!("{} was disabled or deleted at {}, which ends no API key", Span::principal(&owner), since));
    draft.why.push(text!(
        "The key came to {} at {}; neither it nor its owner was there before",
        Span::address(&source),
        past.first
    ));
    if unused {
        draft.why.push("Nobody had used the key before that in these logs".to_owned());
    }
    if tries.is_empty() {
        draft.why.push("Not to be known here: whether it is a program that runs with the key and moved".to_owned());
    } else {
        let failures = Text::count(tries.len() as u64, "failure", "failures");
        draft.why.push(text!("The owner had tried to get in from there after that, by password: {}", failures));
    }
    consequences::tell_first(measure, &mut draft, "Then", deeds.iter().copied());
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.api_keys = vec![past.key];
    draft.attempts = tries;
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft.successes = u64::from(past.count);
    draft
}
