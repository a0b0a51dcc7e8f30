//! API keys outlive whom they are of: Elasticsearch ends no key when its owner is disabled or deleted. Where such a key comes to
//! a new place outside afterwards and powerful things are done with it, the owner may have kept it.

use std::collections::BTreeMap;

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::Past;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::key_in_words;
use crate::model::text::Span;
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
    for deed in measure.deeds.all().iter().filter(|deed| deed.key.is_some() && scene.is_outside(deed.source)) {
        let cluster = scene.cluster(deed.node);
        if left.contains_key(&(cluster, deed.who)) {
            deeds.entry((cluster, deed.key, deed.source)).or_default().push(deed);
        }
    }
    let drafts = deeds.iter().filter_map(|(&(cluster, key, source), deeds)| {
        let past = scene.history.of_key(cluster, key).find(|past| past.source == source)?;
        let changes = left.get(&(cluster, deeds.first()?.who))?;
        let &(since, gone) = changes[..changes.partition_point(|&(time, _)| time < past.first)].last()?;
        (gone && is_new(measure, past)).then(|| draft(measure, past, since, deeds))
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

fn draft(measure: &Measure<'_, '_>, past: &Past, since: Millis, deeds: &[&Deed]) -> Draft {
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
    consequences::tell_first(measure, &mut draft, "Then", deeds.iter().copied());
    draft.why.push("Not to be known here: whether it is a program that runs with the key and moved".to_owned());
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.api_keys = vec![past.key];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft.successes = u64::from(past.count);
    draft
}
