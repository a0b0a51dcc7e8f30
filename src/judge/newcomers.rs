//! Accounts that somebody made and that were used from another place outside, where otherwise nobody comes from there: made from
//! outside, as the log may begin when an intruder is in already, so that nothing tells of the entry; or made inside with all
//! rights, or by nobody whom a line names, and used outside within the hour, as by whoever sits at an administrator's desk. And
//! accounts that give themselves all rights, and those that are given them by a program which had never changed anybody's.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::access;
use super::consequences::{self, TOLD};
use super::deeds::{self, Deed};
use super::draft::Draft;
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::place::Net;
use super::ranked::key_in_words;
use super::scene::Scene;
use crate::action_class::ActionClass;
use crate::model::text::{Span, Text};
use crate::reserved::RESERVED_USERS;
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// An account that was made to stay is tried out soon.
const USED: i64 = DAY;

/// And one that was made at somebody else's desk at once.
const AT_ONCE: i64 = HOUR;

/// Requests of a program from which on its work is known.
const WORK: u64 = 50;

/// Other accounts that come from outside, from which on it is usual there that people do: so many, or one in so many of all where
/// the new account has all rights.
const USUAL: usize = 2;
const USUAL_PART: usize = 4;

/// Confidence of what is to be looked at: a cluster may be set up from outside, too.
const CONFIDENCE: f64 = 0.6;

/// Whether so many of all accounts come from outside that one more with all rights is nothing new.
pub(super) fn is_usual(abroad: usize, all: usize) -> bool {
    abroad >= USUAL.max(all / USUAL_PART)
}

/// The drafts of accounts that were made so, by who made them.
pub(super) fn used_abroad(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut makers: BTreeMap<(u16, Sym, Sym), Vec<&Deed>> = BTreeMap::new();
    let unsigned = deeds::unsigned(scene);
    let all = measure.deeds.all().iter().filter(|deed| deed.source.is_some()).chain(&unsigned);
    let of_weight = |deed: &Deed| scene.is_outside(deed.source) || deed.gives_everything;
    for deed in all.filter(|deed| scene.bytes(deed.action) == b"put_user" && of_weight(deed)) {
        makers.entry((scene.cluster(deed.node), deed.who, deed.source)).or_default().push(deed);
    }
    if makers.is_empty() {
        return Vec::new();
    }
    let (abroad, nets) = (scene.history.abroad(), nets(scene));
    let usual = |maker: (u16, Sym, Sym), deeds: &[&Deed]| {
        if deeds.iter().any(|deed| is_nobodys_place(measure, maker.0, deed, &nets)) {
            return false;
        }
        let Some((all, abroad)) = abroad.get(&maker.0) else { return false };
        let made: BTreeSet<Sym> = deeds.iter().map(|deed| deed.object).chain([maker.1]).collect();
        let others = abroad.len() - made.iter().filter(|&account| abroad.contains(account)).count();
        let all_rights = deeds.iter().all(|deed| deed.gives_everything);
        if all_rights { is_usual(others, *all) } else { others >= USUAL }
    };
    let rare = makers.into_iter().filter(|(maker, deeds)| !usual(*maker, deeds));
    rare.filter_map(|(maker, deeds)| draft(measure, maker, &deeds, &nets)).collect()
}

/// When and where outside an account that was made was first used, if it is new, and used nowhere else than outside.
fn used(measure: &Measure<'_, '_>, cluster: u16, deed: &Deed, nets: &Nets) -> Option<(Sym, Millis)> {
    let scene = measure.scene;
    let mut pasts = scene.history.of_account(cluster, deed.object).filter(|past| !past.key.is_some()).peekable();
    pasts.peek()?;
    let soon = if scene.is_outside(deed.source) { USED } else { AT_ONCE };
    let abroad = pasts.map(|past| {
        let new = (0..=soon).contains(&(past.first.0 - deed.time.0));
        (new && scene.is_outside(past.source)).then_some((past.first, past.source))
    });
    let (first, source) = abroad.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    let elsewhere = scene.net(source) != scene.net(deed.source);
    (elsewhere || is_nobodys_place(measure, cluster, deed, nets)).then_some((source, first))
}

/// Who gets in from each network outside: up to three accounts, which is one more than makes a place nobody's.
type Nets = HashMap<(u16, Net), Vec<Sym>, RandomState>;

fn nets(scene: &Scene<'_>) -> Nets {
    let mut nets: Nets = HashMap::default();
    for past in scene.history.pasts().iter().filter(|past| scene.is_outside(past.source)) {
        let Some(net) = scene.net(past.source) else { continue };
        let accounts = nets.entry((past.cluster, net)).or_default();
        if accounts.len() < 3 && !accounts.contains(&past.principal) {
            accounts.push(past.principal);
        }
    }
    nets
}

/// Whether somebody who had been at work elsewhere for a day comes to a network outside where nobody had been, and gives all rights to
/// an account there within the hour, and nobody but these two ever gets in from there.
fn is_nobodys_place(measure: &Measure<'_, '_>, cluster: u16, deed: &Deed, nets: &Nets) -> bool {
    let scene = measure.scene;
    let Some(net) = scene.net(deed.source).filter(|_| scene.is_outside(deed.source)) else { return false };
    let there = scene.history.network(cluster, deed.who, net);
    let since = scene.history.account(cluster, deed.who).map(|sum| sum.first);
    let new = there
        .zip(since)
        .is_some_and(|(there, since)| (0..=HOUR).contains(&(deed.time.0 - there.0)) && there.0 - since.0 >= DAY);
    let theirs = |&account: &Sym| account == deed.who || account == deed.object;
    deed.gives_everything
        && !deed.key.is_some()
        && new
        && nets.get(&(cluster, net)).is_some_and(|accounts| accounts.iter().all(theirs))
}

fn draft(
    measure: &Measure<'_, '_>,
    (cluster, who, from): (u16, Sym, Sym),
    deeds: &[&Deed],
    nets: &Nets,
) -> Option<Draft> {
    let scene = measure.scene;
    let uses: Vec<(&Deed, Sym, Millis)> = deeds
        .iter()
        .filter_map(|deed| used(measure, cluster, deed, nets).map(|(source, first)| (*deed, source, first)))
        .collect();
    if uses.is_empty() {
        return None;
    }
    let mut draft = Draft::new(Kind::Persistence, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = cluster;
    let names: Vec<String> = deeds.iter().map(|deed| scene.text(deed.object)).collect();
    let (maker, source) = (scene.text(who), scene.text(from));
    let made = Text::list(names.iter().map(|name| Span::principal(name)), names.len() as u64, 3);
    draft.title = if who.is_some() {
        text!("{} made {} from {}, used from outside", Span::principal(&maker), made, Span::address(&source))
    } else {
        text!("Somebody made {}, used from outside soon after", made)
    };
    draft.why.push(if deeds.iter().any(|deed| is_nobodys_place(measure, cluster, deed, nets)) {
        "It had been at work elsewhere for a day or longer, and nobody else ever gets in from that network"
    } else {
        "Hardly anybody else gets in from outside the internal networks in this log"
    });
    let word = if from.is_some() { "There" } else { "A" };
    consequences::tell_first(measure, &mut draft, word, deeds.iter().copied());
    for (deed, place, first) in uses.iter().take(TOLD) {
        draft.why.push(text!(
            "{} was used from {} at {}",
            Span::principal(&scene.text(deed.object)),
            Span::address(&scene.text(*place)),
            *first
        ));
    }
    draft.why.push(if !who.is_some() {
        "Not to be known here: who made it, as no line of these logs says so"
    } else if scene.is_outside(from) {
        "Not to be known here: how its maker got in, as nothing of it is in these logs"
    } else {
        "Not to be known here: who sat there"
    });
    draft.principals = deeds.iter().map(|deed| deed.object).chain(who.is_some().then_some(who)).collect();
    draft.sources = uses.iter().map(|(_, place, _)| *place).chain(from.is_some().then_some(from)).collect();
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain(uses.iter().map(|(.., first)| *first)).collect();
    Some(draft)
}

/// The drafts of accounts that gave themselves all rights, and had made no change of anybody's before: administrators have them.
pub(super) fn raised(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let of_itself = |deed: &&Deed| {
        deed.object == deed.who
            && deed.gives_everything
            && deed.source.is_some()
            && scene.bytes(deed.action) == b"put_user"
            && !RESERVED_USERS.contains(&scene.bytes(deed.who))
    };
    let first = |deed: &&Deed| changed_nobody_before(measure, deed);
    let known = |deed: &&Deed| {
        let own = scene.history.of_account(scene.cluster(deed.node), deed.who).map(|past| past.first).min();
        own.is_some_and(|first| deed.time.0 - first.0 >= HOUR)
    };
    let all = measure.deeds.all().iter().filter(of_itself).filter(first).filter(known);
    all.map(|deed| raise(measure, deed)).collect()
}

/// Whether who did something had changed nobody's rights or keys before in its cluster, with the key that was used where one was.
fn changed_nobody_before(measure: &Measure<'_, '_>, deed: &Deed) -> bool {
    let scene = measure.scene;
    let before = measure.deeds.of(deed.who).iter().take_while(|other| other.time < deed.time);
    let alike = |other: &&Deed| scene.cluster(other.node) == scene.cluster(deed.node) && other.key == deed.key;
    before.filter(alike).all(|other| {
        !matches!(other.class, ActionClass::Security | ActionClass::Keys) || access::is_own_password(scene, other)
    })
}

fn raise(measure: &Measure<'_, '_>, deed: &Deed) -> Draft {
    let scene = measure.scene;
    let (who, source) = (scene.text(deed.who), scene.text(deed.source));
    let title = text!("{} gave itself all rights from {}", Span::principal(&who), Span::address(&source));
    let why = "The account had changed nobody's rights before in this log, as administrators do";
    let mut draft = raised_by(measure, deed, title, why);
    draft.principals = vec![deed.who];
    draft
}

/// The drafts of accounts to which a key or a program gave all rights that had been at work for a day or longer and had changed
/// nobody's rights: what programs do they do always.
pub(super) fn raised_by_programs(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let of_program = |deed: &&Deed| {
        deed.gives_everything
            && deed.source.is_some()
            && scene.bytes(deed.action) == b"put_user"
            && deed.object != deed.who
            && is_known_program(scene, deed)
            && changed_nobody_before(measure, deed)
    };
    let raise = |deed: &Deed| {
        let (who, made) = (scene.text(deed.who), scene.text(deed.object));
        let title = if deed.key.is_some() {
            let key = key_in_words(scene, deed.key);
            text!("{} of {} gave all rights to {}", Span::key(&key), Span::principal(&who), Span::principal(&made))
        } else {
            text!("{}, a program's account, gave all rights to {}", Span::principal(&who), Span::principal(&made))
        };
        let why =
            "It had been at work for a day or longer and had changed nobody's rights; programs do as they always do";
        let mut draft = raised_by(measure, deed, title, why);
        draft.principals = vec![deed.who, deed.object];
        draft.api_keys = deed.key.is_some().then_some(deed.key).into_iter().collect();
        draft
    };
    measure.deeds.all().iter().filter(of_program).map(raise).collect()
}

/// Whether a key, or the account of a program, had been at work for a day before it did something.
fn is_known_program(scene: &Scene<'_>, deed: &Deed) -> bool {
    let cluster = scene.cluster(deed.node);
    let since = |pasts: &mut dyn Iterator<Item = &Past>| {
        let known = pasts.map(|past| (past.first.0, u64::from(past.count)));
        known.reduce(|(first, count), (other, more)| (first.min(other), count + more))
    };
    let known = if deed.key.is_some() {
        since(&mut scene.history.of_key(cluster, deed.key))
    } else if scene.is_program(cluster, deed.who) {
        since(&mut scene.history.of_account(cluster, deed.who).filter(|past| !past.key.is_some()))
    } else {
        None
    };
    known.is_some_and(|(first, count)| deed.time.0 - first >= DAY && count >= WORK)
}

/// What all drafts of who gave somebody all rights have in common.
fn raised_by(measure: &Measure<'_, '_>, deed: &Deed, title: Text, why: &str) -> Draft {
    let scene = measure.scene;
    let mut draft = Draft::new(Kind::Persistence, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = scene.cluster(deed.node);
    draft.title = title;
    draft.why.push(why.to_owned());
    let later = measure.deeds.of(deed.who).iter().filter(|other| other.key == deed.key);
    let since = later.filter(|other| (0..=DAY).contains(&(other.time.0 - deed.time.0)));
    let since: Vec<&Deed> = since.take(TOLD).collect();
    consequences::tell_first(measure, &mut draft, "Then", since.iter().copied());
    draft.times = since.iter().map(|other| other.time).collect();
    draft.nodes = since.iter().map(|other| other.node).collect();
    draft.why.push("Not to be known here: whether somebody had asked for it");
    draft.sources = vec![deed.source];
    draft
}
