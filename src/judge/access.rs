//! Access without failures: an account at a place where it had never been, and rare powerful actions from there.

use std::collections::BTreeSet;

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::features::{Feature, is_shared};
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::places::VISIT;
use super::scene::Scene;
use super::score;
use super::unusual;
use super::weights::WeightSubject;
use super::words;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Actions from a new place are put down to its newness within so long.
const NEW: i64 = 2 * DAY;

/// Who makes something to stay so soon after the first success there had got in already.
const SOON: i64 = 60_000;

/// So soon after the first success, what is done was what somebody came for; and the probability from which on that is asked of the
/// owner. Of the independent logs' intruders outside 56 did something new within so long, 42 of them at once; of other people one.
const EARLY: i64 = HOUR / 4;
const ASKED: f64 = 0.1;

/// Probability from which on it is told as hostile.
const SURE: f64 = 0.8;

/// The events of one request are written within so long of each other.
const OF_ONE_REQUEST: i64 = 100;

/// Keys that are ended at once and not one of a leaver's.
const DESTROYED: usize = 5;

/// Kinds of powerful actions from which on more say no more.
const MANY: f64 = 5.0;

/// An account that has been known for so long has places of its own, as good as surely.
const KNOWN: i64 = 8 * HOUR;

/// Other accounts that come from a network outside at several times, from another address each, from which on it is a pool of
/// addresses that many share, as those of carriers and of proxies are.
const POOL: u32 = 2;

/// Successes elsewhere without which no place of an account is new.
const ELSEWHERE: u64 = 3;

/// The drafts of suspicious accesses.
pub(super) fn suspicious(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    // People set their own passwords anew, at whichever desk they are.
    let at_desk = |deed: &Deed| is_own_password(scene, deed) && !scene.is_outside(deed.source);
    let all = measure.deeds.all().iter();
    let mut deeds: Vec<&Deed> = all.filter(|deed| deed.source.is_some() && !at_desk(deed)).collect();
    let who = |deed: &Deed| (deed.who, deed.key, deed.source, scene.cluster(deed.node));
    deeds.sort_by_key(|deed| (who(deed), deed.time));
    let mut drafts = Vec::new();
    for run in deeds.chunk_by(|a, b| who(a) == who(b)) {
        let Some(past) = past(measure, run[0]) else { continue };
        let new: Vec<&Deed> =
            run.iter().copied().filter(|deed| (0..NEW).contains(&(deed.time.0 - past.first.0))).collect();
        if !new.is_empty() {
            drafts.extend(draft(measure, past, &new));
        }
    }
    drafts
}

/// Whether somebody set a new password of their own.
fn is_own_password(scene: &Scene<'_>, deed: &Deed) -> bool {
    deed.object == deed.who && scene.bytes(deed.action) == b"change_password"
}

/// Whether the account gets in at its other places with what was set: an intruder's password would have locked its owner out. Tokens
/// of before outlive it, so it is no proof.
fn gets_in_elsewhere(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> bool {
    let history = &measure.scene.history;
    let Some(set) = deeds.iter().map(|deed| deed.time).max() else { return false };
    let from = Millis(set.0 + HOUR);
    let mut own = history.of_account(past.cluster, past.principal).filter(|other| !other.key.is_some());
    own.any(|other| other.source != past.source && history.within(other, from, Millis(i64::MAX)) >= 1.0)
        && measure.changes.within(past.principal, from, Millis(i64::MAX)).is_none()
}

/// What somebody did from the address of a deed with its credential.
fn past<'m>(measure: &'m Measure<'_, '_>, deed: &Deed) -> Option<&'m Past> {
    let history = &measure.scene.history;
    let cluster = measure.scene.cluster(deed.node);
    if deed.key.is_some() {
        return history.of_key(cluster, deed.key).find(|past| past.source == deed.source);
    }
    history.pair(cluster, deed.who, deed.source)
}

/// How many failures of an account at an address there were before its first success there.
fn failures(measure: &Measure<'_, '_>, past: &Past) -> u64 {
    let scene = measure.scene;
    let there =
        scene.index.of_account(past.principal).filter(|group| scene.host(group.source) == scene.host(past.source));
    let before = |&&at: &&u32| scene.time(at) < past.first && scene.cluster(scene.node(at)) == past.cluster;
    there.map(|group| scene.index.of(group).iter().filter(before).count() as u64).sum()
}

fn draft(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> Option<Draft> {
    let scene = measure.scene;
    // The other places of the same credential, before or after: the log may begin when somebody is in already.
    let others: Vec<&Past> = if past.key.is_some() {
        scene.history.of_key(past.cluster, past.key).filter(|other| other.source != past.source).collect()
    } else {
        let own = scene.history.of_account(past.cluster, past.principal);
        own.filter(|other| !other.key.is_some() && other.source != past.source).collect()
    };
    let (from, to) =
        others.iter().fold((past.first, past.first), |(from, to), other| (from.min(other.first), to.max(other.last)));
    let known = (past.first.0 - from.0).max((to.0 - past.last.0) / 2);
    let count: u64 = others.iter().map(|other| u64::from(other.count)).sum();
    let outside = scene.is_outside(past.source);
    let net = scene.net(past.source);
    let of_net = || others.iter().filter(|other| net.is_some() && scene.net(other.source) == net);
    let near = of_net().any(|other| other.first < past.first);
    // Where it goes on to come from addresses of this network at other times it is somebody's phone rather than an entry.
    let visits: BTreeSet<i64> =
        of_net().map(|other| (other.first.0 - past.first.0) / VISIT).filter(|&visit| visit != 0).collect();
    let goes_on = 1.0 - 0.5_f64.powi(visits.len().min(8) as i32);
    let pool = net.filter(|_| outside && past.key == Sym::NONE && !visits.is_empty());
    let pool = pool.map_or(0, |net| scene.places.pool(past.cluster, net).saturating_sub(1));
    if count < ELSEWHERE {
        return None;
    }
    let holds = |holds: bool| f64::from(u8::from(holds));
    // What an intruder does later from elsewhere makes no habit of it; inside it is rather the owner's work.
    let before = outside.then_some(past.first);
    let habit = deeds.iter().filter(|deed| measure.deeds.is_habit(deed, before)).count() as f64 / deeds.len() as f64;
    let usual = habit * if outside { 0.5 } else { 0.9 };
    // What was made to stay, at once and from a place where nobody had got in: an entry that the log does not show.
    let made = deeds.iter().any(|deed| deed.lasting) && deeds.iter().all(|deed| deed.time.0 - past.first.0 <= HOUR);
    let began = deeds.iter().any(|deed| deed.lasting && deed.time.0 - past.first.0 <= SOON);
    // Who came to destroy need not look around, and an owner is not in two countries.
    let destroys = deeds.iter().any(|deed| deed.ids.len() >= DESTROYED);
    let unusual = unusual::of(scene, past);
    let direct =
        !destroys && unusual.is_empty() && deeds.iter().any(|deed| deed.time.0 - past.first.0 <= OF_ONE_REQUEST);
    // Who makes such things from place to place, before or after, has the habit: a pipeline that runs anywhere. Who makes them at
    // one desk has it there.
    let of_who = measure.deeds.of(past.principal).iter().filter(|deed| deed.lasting && deed.source.is_some());
    let elsewhere: BTreeSet<Sym> = of_who.map(|deed| deed.source).filter(|&source| source != past.source).collect();
    let habitual = elsewhere.len() > 1;
    let mut features = measure.none();
    let strange = scene.strangeness(past.cluster, past.principal, past.source, past.first);
    features.set(Feature::Strange, strange);
    features.set(Feature::Outside, f64::from(u8::from(outside)) * strange);
    let mut kinds: Vec<Sym> = deeds.iter().map(|deed| deed.action).collect();
    kinds.sort_unstable();
    kinds.dedup();
    features.set(Feature::Deeds, (kinds.len() as f64 / MANY).min(1.0) * (1.0 - usual));
    features.set(Feature::MakesAtOnce, holds(made && began && !habitual));
    features.set(Feature::Direct, holds(direct && !(made && began)));
    let late = deeds.iter().map(|deed| consequences::lateness(past.first, deed.time)).fold(1.0, f64::min);
    features.set(Feature::Late, late);
    // Of somebody who is seen outside alone, where the desk is is not known.
    let homeless = !outside && others.iter().all(|other| scene.is_outside(other.source));
    features.set(Feature::Own, if homeless { 0.0 } else { 1.0 - (-(known as f64) / KNOWN as f64).exp() });
    features.set(Feature::Near, if near { 1.0 } else { goes_on });
    let shared = holds(is_shared(scene, past.cluster, past.source));
    features.set(Feature::OwnShared, shared.max(f64::from(pool) / f64::from(POOL)).min(1.0));
    features.set(Feature::Few, holds(count < u64::from(past.count) / 4));
    unusual.iter().for_each(|(feature, _)| features.set(*feature, 1.0));
    let probability = score::logistic(score::sum(&features, &[WeightSubject::Kind(Kind::SuspiciousAccess)]));
    // Whoever does what the account never did, soon after a first look around outside, is worth a question, even where people
    // travel.
    let delay = deeds.iter().map(|deed| deed.time.0 - past.first.0).min().unwrap_or(0);
    let asked = outside
        && past.key == Sym::NONE
        && habit <= 0.0
        && (OF_ONE_REQUEST..=EARLY).contains(&delay)
        && probability >= ASKED;
    let probability = if asked { probability.max(0.5) } else { probability };
    if probability < 0.5 {
        return None;
    }
    let kind = if made && began { Kind::Persistence } else { Kind::SuspiciousAccess };
    let owner = deeds.iter().all(|deed| is_own_password(scene, deed)) && gets_in_elsewhere(measure, past, deeds);
    let hostile = probability >= SURE && !owner && !(direct && made && began);
    // What else it may be is as likely then, whatever the weights say.
    let probability = if hostile { probability } else { probability.min(SURE - 0.01) };
    let verdict = if hostile { Verdict::Hostile } else { Verdict::Unclear };
    let severity = if hostile { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new(kind, severity, (verdict, score::rounded(probability)));
    draft.cluster = past.cluster;
    let (principal, source) = (scene.text(past.principal), scene.text(past.source));
    let (who, from) = (|| Span::principal(&principal), || Span::address(&source));
    draft.title = text!("{} got in from {} for the first time, and changed the cluster's security", who(), from());
    draft.why.push(match failures(measure, past) {
        0 => text!("First success of {} from {} at {}, without a failure", who(), from(), past.first),
        many => text!(
            "First success of {} from {} at {}, after {}",
            who(),
            from(),
            past.first,
            Text::count(many, "failure", "failures")
        ),
    });
    draft.why.push(format!(
        "It is at work for {} from {}, and from here for the first time",
        words::duration(known),
        words::count(others.len() as u64, "other address", "other addresses")
    ));
    if outside {
        draft.why.push("The source lies outside the internal networks".to_owned());
    }
    if direct {
        draft.why.push("It is the first thing seen of the account there: who breaks in looks around".to_owned());
    }
    if owner {
        draft.why.push("The account gets in at its other places afterwards, as its owner would".to_owned());
    }
    draft.why.extend(unusual.into_iter().map(|(_, sentence)| sentence));
    for deed in deeds.iter().take(8) {
        draft.why.push(text!("Then {}", consequences::deed_in_words(measure, deed)));
        draft.evidence.push(deed.place);
    }
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft
        .why
        .extend(past.key.is_some().then(|| format!("With API key {}", super::ranked::key_in_words(scene, past.key))));
    draft.api_keys = deeds.iter().flat_map(|deed| deed.ids.iter().copied()).chain([past.key]).collect();
    draft.successes = u64::from(past.count);
    Some(draft)
}
