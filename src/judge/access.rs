//! Access without failures: an account at a place where it had never been, and rare powerful actions from there. Here it is
//! measured; `suspicion` tells of it.

use std::collections::{BTreeMap, BTreeSet};

use super::deeds::Deed;
use super::entries;
use super::features::{Feature, Features, is_shared};
use super::history::{DAY, HOUR, Past};
use super::kinds::Kind;
use super::measure::Measure;
use super::place::Net;
use super::places::VISIT;
use super::scene::Scene;
use super::score;
use super::unusual;
use super::weights::WeightSubject;
use crate::action_class::ActionClass;
use crate::model::text::Text;
use crate::state::Sym;
use crate::time::Millis;

/// Actions from a new place are put down to its newness within so long.
const NEW: i64 = 2 * DAY;

/// Who makes something to stay so soon after the first success there had got in already.
const SOON: i64 = 60_000;

/// So soon after the first success, what is done was what somebody came for.
const EARLY: i64 = HOUR / 4;

/// Probability that it was not the owner from which on that is asked.
const ASKED: f64 = 0.1;

/// And from which on it is told.
pub(super) const TOLD: f64 = 0.5;

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

/// Somebody at a place that is new to the account, and what was done from there.
pub(super) struct Access<'m> {
    pub(super) past: &'m Past,
    /// Powerful actions from there while the place was new, by time.
    pub(super) deeds: Vec<&'m Deed>,
    /// Other addresses of the same credential.
    pub(super) others: usize,
    /// For how long the account is known elsewhere, milliseconds.
    pub(super) known: i64,
    pub(super) outside: bool,
    /// The first thing seen of the account there is what it did.
    pub(super) direct: bool,
    /// Something was made to stay within a minute.
    pub(super) stays: bool,
    /// Something that the account never did was done soon after its first success in a network outside to which it does not return.
    soon: bool,
    /// A program's account at a host that is new to it, or one at somebody else's desk, did soon what it never did.
    misplaced: bool,
    /// How many other accounts did powerful things from new places outside.
    others_too: usize,
    /// At how many other places the account makes things that stay.
    pub(super) makes_elsewhere: usize,
    /// Its password had been guessed at before.
    pub(super) guessed_at: bool,
    /// It is there again at so many other times.
    pub(super) returns: usize,
    /// The account is seen there before it is anywhere else.
    pub(super) is_first: bool,
    /// What is unusual about it, in sentences.
    pub(super) unusual: Vec<(Feature, Text)>,
    features: Features,
}

impl Access<'_> {
    /// Whether somebody was at a place outside by a password.
    fn is_abroad(&self) -> bool {
        self.outside && !self.past.key.is_some()
    }

    /// Probability that it was not the owner. The owner is asked, even where people travel, where something new was done soon after a
    /// first look around, and by nobody else in this log: of 1,500 scenarios of three independent authors 8 intruders were found so,
    /// and 7 of other people asked. Whatever others do, the owner is where the password had been guessed at. So is who is misplaced.
    pub(super) fn probability(&self) -> f64 {
        let probability = score::logistic(score::sum(&self.features, &[WeightSubject::Kind(Kind::SuspiciousAccess)]));
        let is_asked = self.soon && (self.others_too == 0 || self.guessed_at) && probability >= ASKED;
        if is_asked || self.misplaced { probability.max(TOLD) } else { probability }
    }

    /// What is known of it, as weights are fitted to it.
    pub(super) fn export(&self, scene: &Scene<'_>) -> serde_json::Value {
        serde_json::json!({
            "principal": scene.text(self.past.principal),
            "source": scene.text(self.past.source),
            "api_key": self.past.key.is_some().then(|| scene.text(self.past.key)),
            "time": self.past.first.rfc3339(),
            "features": self.features.export(),
        })
    }
}

/// Every access from a new place from which powerful things were done.
pub(super) fn accesses<'m>(measure: &'m Measure<'_, '_>) -> Vec<Access<'m>> {
    let scene = measure.scene;
    // People set their own passwords anew, at whichever desk they are.
    let at_desk = |deed: &Deed| is_own_password(scene, deed) && !scene.is_outside(deed.source);
    let all = measure.deeds.all().iter();
    let mut deeds: Vec<&Deed> = all.filter(|deed| deed.source.is_some() && !at_desk(deed)).collect();
    let who = |deed: &Deed| (deed.who, deed.key, deed.source, scene.cluster(deed.node));
    deeds.sort_by_key(|deed| (who(deed), deed.time));
    let mut found = Vec::new();
    for run in deeds.chunk_by(|a, b| who(a) == who(b)) {
        let Some(past) = past(measure, run[0]) else { continue };
        let new: Vec<&Deed> =
            run.iter().copied().filter(|deed| (0..NEW).contains(&(deed.time.0 - past.first.0))).collect();
        if !new.is_empty() {
            found.extend(access(measure, past, new));
        }
    }
    others_too(&mut found);
    found
}

/// Notes how many other accounts do the same in this log: where people travel, several do.
fn others_too(found: &mut [Access<'_>]) {
    let mut accounts: BTreeMap<u16, BTreeSet<Sym>> = BTreeMap::new();
    for access in found.iter().filter(|access| access.is_abroad()) {
        accounts.entry(access.past.cluster).or_default().insert(access.past.principal);
    }
    for access in found.iter_mut().filter(|access| access.is_abroad()) {
        let others = accounts.get(&access.past.cluster).map_or(0, |accounts| accounts.len() - 1);
        access.others_too = others;
    }
}

/// From 0, for none, towards 1: each of some counts half as much as the one before.
fn some(number: usize) -> f64 {
    1.0 - 0.5_f64.powi(number.min(16) as i32)
}

/// Whether somebody set a new password of their own.
pub(super) fn is_own_password(scene: &Scene<'_>, deed: &Deed) -> bool {
    deed.object == deed.who && scene.bytes(deed.action) == b"change_password"
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

/// Whether most of those who share a place come there after what was done from it: their passwords were set anew there, or they
/// were made there.
fn shares_what_it_set(scene: &Scene<'_>, past: &Past, deeds: &[&Deed]) -> bool {
    /// Others at a place that are looked at.
    const MOST_OTHERS: usize = 256;
    let others: BTreeSet<Sym> = (scene.history.of_source(past.cluster, past.source).take(MOST_OTHERS))
        .map(|other| other.principal)
        .filter(|&other| other != past.principal)
        .collect();
    let set = deeds.iter().map(|deed| deed.object).filter(|object| others.contains(object)).collect::<BTreeSet<Sym>>();
    set.len() * 2 > others.len()
}

/// Whether a program's account at a host inside that is new to it, or an account at a desk at which one other person works, does
/// within minutes what it never did: something that lasts, or acting as a superuser. Programs do as they always do; what acts as its
/// users wherever it is one, and in their names does no more than they ask for.
fn is_misplaced(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed], known: i64) -> bool {
    /// Kinds of actions at somebody else's desk: to help who sits there takes one or two.
    const KINDS: usize = 3;
    if past.key.is_some() {
        return is_misplaced_key(measure, past, deeds, known);
    }
    let scene = measure.scene;
    let before = scene.is_outside(past.source).then_some(past.first);
    let is_habit = |deed: &&Deed| measure.deeds.is_habit(deed, before);
    let (acts_as_others, others): (Vec<&Deed>, Vec<&Deed>) =
        deeds.iter().partition(|deed| deed.class == ActionClass::RunAs);
    if others.iter().any(is_habit) || others.is_empty() && acts_as_others.iter().any(is_habit) {
        return false;
    }
    let is_early = |deed: &&&Deed| deed.time.0 - past.first.0 <= EARLY;
    let others: BTreeSet<Sym> = (scene.history.of_source(past.cluster, past.source))
        .filter(|other| other.principal != past.principal && !other.key.is_some())
        .map(|other| other.principal)
        .take(2)
        .collect();
    // To give all rights to whoever works at that desk is what whoever works there would do.
    let raises = |deed: &&Deed| deed.gives_everything && others.contains(&deed.object);
    let one_works_there = others.len() == 1 && known >= HOUR;
    if one_works_there && deeds.iter().filter(is_early).any(raises) {
        return true;
    }
    let grave = deeds.iter().any(|deed| deed.lasting || deed.gives_everything);
    if !grave || !deeds.iter().all(|deed| is_early(&deed)) {
        return false;
    }
    let kinds: BTreeSet<Sym> = deeds.iter().map(|deed| deed.action).collect();
    let is_program = scene.is_program(past.cluster, past.principal) || acts_as_others.iter().any(is_habit);
    let program = is_program && !scene.is_outside(past.source) && known >= KNOWN;
    program || one_works_there && kinds.len() >= KINDS
}

/// Whether a key that was at work for long does several powerful things that its owner never did within minutes of coming to a host
/// inside, in a network that is new to it.
fn is_misplaced_key(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed], known: i64) -> bool {
    /// Kinds of actions at least: a job that is new does one or two.
    const KINDS: usize = 3;
    /// How strange the place is at least.
    const STRANGE: f64 = 0.3;
    let scene = measure.scene;
    let kinds: BTreeSet<Sym> = deeds.iter().map(|deed| deed.action).collect();
    known >= KNOWN
        && !scene.is_outside(past.source)
        && kinds.len() >= KINDS
        && deeds.iter().all(|deed| deed.time.0 - past.first.0 <= EARLY && !measure.deeds.is_habit(deed, None))
        && scene.strangeness(past.cluster, past.principal, past.source, past.first) >= STRANGE
}

/// Measures what somebody did from a place; `None` where nothing is known of the account elsewhere.
fn access<'m>(measure: &'m Measure<'_, '_>, past: &'m Past, deeds: Vec<&'m Deed>) -> Option<Access<'m>> {
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
    let other_visits = |times: &mut dyn Iterator<Item = Millis>| -> BTreeSet<i64> {
        times.map(|time| (time.0 - past.first.0) / VISIT).filter(|&visit| visit != 0).collect()
    };
    let visits = other_visits(&mut of_net().map(|other| other.first));
    let goes_on = some(visits.len());
    let pool = net.filter(|_| outside && past.key == Sym::NONE && !visits.is_empty());
    let pool = pool.map_or(0, |net| scene.places.pool(past.cluster, net).saturating_sub(1));
    // A device takes new addresses of its network of IPv6 as it pleases.
    let of_one_host = net.is_some_and(Net::is_v6) && others.iter().all(|other| scene.net(other.source) == net);
    if count < ELSEWHERE || of_one_host {
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
    // To act as somebody else is a part of logging in.
    let acts = |deed: &&&Deed| deed.class != ActionClass::RunAs;
    let direct = !destroys
        && unusual.is_empty()
        && deeds.iter().filter(acts).any(|deed| deed.time.0 - past.first.0 <= OF_ONE_REQUEST);
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
    let late = deeds.iter().map(|deed| entries::lateness(past.first, deed.time)).fold(1.0, f64::min);
    features.set(Feature::Late, late);
    // Of somebody who is seen outside alone, where the desk is is not known.
    let homeless = !outside && others.iter().all(|other| scene.is_outside(other.source));
    features.set(Feature::Own, if homeless { 0.0 } else { 1.0 - (-(known as f64) / KNOWN as f64).exp() });
    features.set(Feature::Near, if near { 1.0 } else { goes_on });
    let shared = holds(is_shared(scene, past.cluster, past.source) && !shares_what_it_set(scene, past, &deeds));
    features.set(Feature::OwnShared, shared.max(f64::from(pool) / f64::from(POOL)).min(1.0));
    features.set(Feature::Few, holds(count < u64::from(past.count) / 4));
    unusual.iter().for_each(|(feature, _)| features.set(*feature, 1.0));
    let returns = other_visits(&mut scene.history.stretches(past).map(|(first, _)| first).filter(|_| outside));
    let delay = deeds.iter().map(|deed| deed.time.0 - past.first.0).min().unwrap_or(0);
    let soon = outside
        && past.key == Sym::NONE
        && habit <= 0.0
        && !near
        && visits.is_empty()
        && (OF_ONE_REQUEST..=EARLY).contains(&delay);
    let stays = made && began;
    Some(Access {
        past,
        others: others.len(),
        known,
        outside,
        direct,
        stays,
        soon,
        misplaced: is_misplaced(measure, past, &deeds, known),
        makes_elsewhere: elsewhere.len(),
        others_too: 0,
        guessed_at: false,
        returns: returns.len(),
        is_first: others.iter().all(|other| other.first > past.first),
        unusual,
        features,
        deeds,
    })
}
