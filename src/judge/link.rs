//! Episodes that chance does not explain become campaigns: what shares a cause is linked. Strangers are linked by address,
//! network, victim, dictionary and time; accounts at their own places by account, onset, surge and node.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::accounts::AccountChanges;
use super::contrast;
use super::crowd;
use super::episodes::median;
use super::features::is_shared;
use super::history::{DAY, HOUR};
use super::index::Class;
use super::kindred;
use super::measure::Measure;
use super::names::NameSet;
use super::null::Null;
use super::place::{Host, Net};
use super::scene::Scene;
use super::set_up;
use super::sites::Sites;
use super::surge::{self, Surge};
use super::unit::{Standing, Unit};
use crate::state::Sym;
use crate::time::Millis;

/// Episodes that one task looks at, at least.
const PIECE: usize = 256;

/// An episode is looked at where chance makes fewer of its like than this in the log.
const FEW: f64 = 2.0;

/// Attackers come back: episodes of one pair, and sources with one dictionary, belong together over so long.
const RETURN: i64 = 14 * DAY;

/// Episodes that share a source, a network or a victim belong together over such a pause.
const NEAR: i64 = DAY;

/// Clients of one cause begin within so long of each other: a rollout goes from host to host.
const ONSET: i64 = 600_000;

/// So many of them that stop for long may begin further apart: one stopped client is rare, several in the same hours have one
/// cause.
const SLOW_ONSET: i64 = 2 * HOUR;
const SEVERAL: usize = 4;

/// Tries at logging in through which a client that had got in stays out, from which on it is stopped.
const STOPPED: f32 = 4.0;

/// A host with more tries than this on the days on which it tries is a campaign of its own, however many others try meanwhile.
const FEW_TRIES: usize = 20;

/// Share of names in common from which on two sources try the same list; two with one name each share all.
const SAME_LIST: f64 = 0.3;
const SAME_DICTIONARY: f64 = 0.6;
const DICTIONARY: usize = 4;

/// Names that several addresses try, all of them most, that are one list and no accident among many names.
const LIST: usize = 8;

/// Sources of one campaign try about as often: one tries at most so many times as often as another, few tries apart.
const SAME_PACE: usize = 8;
const FEWEST: usize = 5;

/// Accounts that one host goes through among hosts of which most try so many times fewer: it has a list, and they have a name each.
const THROUGH: usize = 6;
const FEWER: usize = 4;

/// Tries of one account from which on whoever makes them is no part of a crowd that tries many.
const GUESSES: usize = 8;

/// Failures in a row of a person that are more than forgetting.
const MANY: usize = 12;

/// Failures of an address without credentials that are looked at.
const BARE: usize = 5;

/// Strangers without credentials that begin within minutes of each other, from which on one hand is behind them.
const BOTS: usize = 5;

/// And so many at most are about as many as any fewer.
const RESTARTED: usize = 64;

/// Which attempts a campaign is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Linked {
    /// Numbers of its episodes, by time.
    pub(super) units: Vec<u32>,
    /// Whether its clients fail on one node above the others.
    pub(super) by_node: bool,
    /// Whether it is part of a surge.
    pub(super) surge: bool,
}

/// Union-find.
struct Sets(Vec<u32>);

impl Sets {
    fn find(&mut self, at: u32) -> u32 {
        let mut root = at;
        while self.0[root as usize] != root {
            root = self.0[root as usize];
        }
        let mut at = at;
        while self.0[at as usize] != root {
            at = std::mem::replace(&mut self.0[at as usize], root);
        }
        root
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        self.0[one.max(other) as usize] = one.min(other);
    }
}

/// The campaigns of a log, by time.
pub(super) fn link(measure: &Measure<'_, '_>, surges: &[Surge]) -> Vec<Linked> {
    let (scene, units, null) = (measure.scene, measure.units, measure.null);
    let mut by_node = contrast::by_node(scene, units);
    let lacking = shut_out(scene, units, measure.lacking);
    mark_nodes(scene, units, &lacking, &mut by_node);
    let surge_of = surge::surge_of(scene, units, surges);
    let crowded = crowd::crowded(scene, units, null);
    let looked_at: Vec<u32> = (0..units.len() as u32)
        .into_par_iter()
        .with_min_len(PIECE)
        .filter(|&at| {
            let unit = &units[at as usize];
            by_node[at as usize]
                || lacking[at as usize]
                || surge_of[at as usize].is_some()
                || crowded[at as usize]
                || unit.headerless
                || is_odd(scene, unit, null)
        })
        .collect();
    let mut order = looked_at.clone();
    order.sort_by_key(|&at| by_time(scene, &units[at as usize]));
    let mut sets = Sets((0..units.len() as u32).collect());
    let linker = Linker { scene, units, changes: measure.changes, sites: measure.sites };
    let passwords = |at: &&u32| units[**at as usize].class != Class::Anonymous;
    let (local, strange): (Vec<u32>, Vec<u32>) = order
        .iter()
        .filter(passwords)
        .copied()
        .partition(|&at| linker.is_local(at) || surge_of[at as usize].is_some() || lacking[at as usize]);
    let bare: Vec<u32> = order.iter().copied().filter(|&at| units[at as usize].class == Class::Anonymous).collect();
    linker.pairs(&order, &mut sets);
    set_up::pairs(scene, units, &order).into_iter().for_each(|(one, other)| sets.join(one, other));
    linker.strangers(&strange, &mut sets);
    let (nodes, rest): (Vec<u32>, Vec<u32>) =
        local.into_iter().partition(|&at| by_node[at as usize] || lacking[at as usize]);
    linker.locals(&rest, &surge_of, &mut sets);
    linker.nodes(&nodes, &mut sets);
    linker.bare(&bare, &mut sets);
    let linked = groups(&order, &mut sets).into_values().map(|units| Linked {
        by_node: units.iter().any(|&at| by_node[at as usize]),
        surge: units.iter().filter(|&&at| surge_of[at as usize].is_some()).count() * 2 > units.len(),
        units,
    });
    let mut linked: Vec<Linked> = linked.collect();
    linked.sort_by_key(|campaign| by_time(scene, &units[campaign.units[0] as usize]));
    linked
}

/// Of the episodes for which a realm was not asked, those of people and programs that it shuts out: at their own places or at
/// somebody's, and no more tries than people make where nothing had worked.
fn shut_out(scene: &Scene<'_>, units: &[Unit], lacking: &[bool]) -> Vec<bool> {
    let takes_part = |unit: &Unit| {
        let somebodys =
            unit.is_local(scene) || unit.standing == Standing::UnknownAccount || !scene.is_outside(unit.source);
        somebodys && surge::may_have_worked(unit)
    };
    units.iter().zip(lacking).map(|(unit, &lacking)| lacking && takes_part(unit)).collect()
}

/// Marks those of them that fail on one node, where no other node of the cluster shuts anybody out so.
fn mark_nodes(scene: &Scene<'_>, units: &[Unit], lacking: &[bool], by_node: &mut [bool]) {
    let mut nodes: BTreeMap<u16, BTreeSet<usize>> = BTreeMap::new();
    for (unit, _) in units.iter().zip(lacking).filter(|(_, lacking)| **lacking) {
        let of_unit = unit.attempts(scene).iter().map(|&at| scene.node(at));
        nodes.entry(unit.cluster).or_default().extend(of_unit);
    }
    let all = scene.joined.nodes.all();
    let several = |cluster: u16| {
        (0..all.len()).filter(|&node| scene.cluster(node) == cluster && all[node].stats.audit_events > 0).count() > 1
    };
    for ((unit, lacking), chosen) in units.iter().zip(lacking).zip(by_node) {
        let alone = || nodes.get(&unit.cluster).is_some_and(|nodes| nodes.len() == 1) && several(unit.cluster);
        *chosen |= *lacking && alone();
    }
}

/// Tries of an episode a day.
fn pace(unit: &Unit) -> i64 {
    unit.len() as i64 * DAY / (unit.last.0 - unit.first.0).max(60_000)
}

/// Episodes by the set that they are in.
fn groups(list: &[u32], sets: &mut Sets) -> BTreeMap<u32, Vec<u32>> {
    let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &at in list {
        groups.entry(sets.find(at)).or_default().push(at);
    }
    groups
}

/// An order that depends on the log alone.
fn by_time<'s>(scene: &'s Scene<'_>, unit: &Unit) -> impl Ord + use<'s> {
    (unit.first, unit.last, scene.shown(unit.principal), scene.shown(unit.source))
}

/// Whether chance does not explain an episode by itself.
fn is_odd(scene: &Scene<'_>, unit: &Unit, null: &Null) -> bool {
    match unit.class {
        Class::Named => null.expected(scene, unit) < FEW.ln(),
        _ => unit.len() >= BARE || unit.comes_from_outside(scene) && unit.len() > 1,
    }
}

/// Whether an account fails at an inside address of its own of a log that shows no success: that it worked there is not seen, and
/// nothing else is to be thought of it. Of tokens that had expired it is known, wherever they are sent from.
fn is_at_home(scene: &Scene<'_>, unit: &Unit) -> bool {
    unit.standing == Standing::Blind
        && (unit.alone && !unit.crowd && !scene.is_outside(unit.source) || unit.has_expired(scene))
}

struct Linker<'s, 'c> {
    scene: &'s Scene<'c>,
    units: &'s [Unit],
    changes: &'s AccountChanges,
    sites: &'s Sites,
}

impl Linker<'_, '_> {
    fn unit(&self, at: u32) -> &Unit {
        &self.units[at as usize]
    }

    fn is_local(&self, at: u32) -> bool {
        let unit = self.unit(at);
        match unit.standing {
            // What nobody guesses has nothing to do with those who guess.
            _ if unit.is_signed(self.scene) => true,
            Standing::Blind => !unit.crowd && !self.scene.is_outside(unit.source) || is_at_home(self.scene, unit),
            // A program's new hosts: nothing else is known of them than that they are inside.
            Standing::Strange => unit.program && !self.scene.is_outside(unit.source),
            _ => unit.is_local(self.scene),
        }
    }

    /// Joins neighbours in time that share a key and pause at most so long between them.
    fn shared<K: Eq + Hash>(&self, list: &[u32], pause: i64, sets: &mut Sets, key: impl Fn(&Unit) -> Option<K>) {
        let mut last: HashMap<K, (u32, Millis), RandomState> = HashMap::default();
        for &at in list {
            let unit = self.unit(at);
            let Some(key) = key(unit) else { continue };
            let known = last.entry(key).or_insert((at, unit.last));
            if unit.first.0 - known.1.0 <= pause {
                sets.join(known.0, at);
            }
            *known = (at, known.1.max(unit.last));
        }
    }

    fn pairs(&self, list: &[u32], sets: &mut Sets) {
        self.shared(list, RETURN, sets, |unit| {
            let bare = unit.class == Class::Anonymous;
            let place = (unit.source, unit.behind);
            unit.source.is_some().then_some((bare, unit.cluster, unit.principal, place, unit.standing.is_local()))
        });
    }

    fn strangers(&self, list: &[u32], sets: &mut Sets) {
        let source = |unit: &Unit| Some((unit.cluster, unit.source)).filter(|(_, source)| source.is_some());
        let is_shared = |unit: &Unit| is_shared(self.scene, unit.cluster, unit.source);
        self.shared(list, NEAR, sets, |unit| source(unit).filter(|_| !is_shared(unit)));
        // Through a login page strangers mistype all day long.
        self.shared(list, HOUR, sets, |unit| source(unit).filter(|_| is_shared(unit)));
        let outside = |unit: &Unit| self.scene.is_outside(unit.source);
        let net = |unit: &Unit| -> Option<(u16, Net)> {
            let net = self.scene.net(unit.source).filter(|_| outside(unit))?;
            (!self.sites.is_site(unit.cluster, net, unit.first)).then_some((unit.cluster, net))
        };
        self.shared(list, NEAR, sets, net);
        self.victims(list, sets);
        self.crowd(list, sets);
        for (one, other) in kindred::pairs(self.scene, self.units, groups(list, sets).values().map(Vec::as_slice)) {
            sets.join(one, other);
        }
    }

    /// Sources that try the same names.
    fn victims(&self, list: &[u32], sets: &mut Sets) {
        let mut names: HashMap<(u16, Sym), NameSet, RandomState> = HashMap::default();
        for &at in list {
            let unit = self.unit(at);
            names.entry((unit.cluster, unit.source)).or_default().add(self.scene.bytes(unit.principal));
        }
        let tries = self.tries(list);
        let mut last: HashMap<(u16, Sym), (u32, Millis), RandomState> = HashMap::default();
        for &at in list {
            let unit = self.unit(at);
            if !unit.principal.is_some() {
                continue;
            }
            let known = last.entry((unit.cluster, unit.principal)).or_insert((at, unit.last));
            let other = self.unit(known.0);
            if other.source != unit.source {
                let of = |unit: &Unit| names.get(&(unit.cluster, unit.source));
                let (alike, most) =
                    of(other).zip(of(unit)).map_or((0.0, 0), |(a, b)| (a.alike(b), a.len().min(b.len())));
                let pause = unit.first.0 - known.1.0;
                let of = |unit: &Unit| tries.get(&(unit.cluster, unit.source)).copied().unwrap_or(0);
                let (few, many) = (of(other).min(of(unit)), of(other).max(of(unit)));
                let alike = if many <= few.max(FEWEST) * SAME_PACE { alike } else { 0.0 };
                let same = alike >= SAME_LIST && pause <= NEAR
                    || alike >= SAME_DICTIONARY && most >= DICTIONARY && pause <= RETURN;
                if same {
                    sets.join(known.0, at);
                }
            }
            *known = (at, known.1.max(unit.last));
        }
    }

    /// Failures by source.
    fn tries(&self, list: &[u32]) -> HashMap<(u16, Sym), usize, RandomState> {
        let mut tries: HashMap<(u16, Sym), usize, RandomState> = HashMap::default();
        for &at in list {
            let unit = self.unit(at);
            *tries.entry((unit.cluster, unit.source)).or_default() += unit.len();
        }
        tries
    }

    /// Hosts outside that go through several accounts where most of the others outside try one or two.
    fn go_through_names(&self, list: &[u32]) -> HashSet<(u16, Host), RandomState> {
        let mut names: BTreeMap<u16, HashMap<Host, HashSet<Sym, RandomState>, RandomState>> = BTreeMap::new();
        for unit in list.iter().map(|&at| self.unit(at)).filter(|unit| self.scene.is_outside(unit.source)) {
            let hosts = names.entry(unit.cluster).or_default();
            hosts.entry(self.scene.host(unit.source)).or_default().insert(unit.principal);
        }
        let mut through = HashSet::default();
        for (cluster, hosts) in names {
            let mut counts: Vec<i64> = hosts.values().map(|names| names.len() as i64).collect();
            let usual = median(&mut counts).max(1) as usize;
            let many = hosts.into_iter().filter(|(_, names)| names.len() >= THROUGH.max(FEWER * usual));
            through.extend(many.map(|(host, _)| (cluster, host)));
        }
        through
    }

    /// Hosts with a few tries each: what they have in common is that they come in the same hours.
    fn crowd(&self, list: &[u32], sets: &mut Sets) {
        let mut tries: HashMap<(u16, Host), (usize, BTreeSet<i64>), RandomState> = HashMap::default();
        for unit in list.iter().map(|&at| self.unit(at)) {
            let (tries, days) = tries.entry((unit.cluster, self.scene.host(unit.source))).or_default();
            *tries += unit.len();
            days.insert(unit.first.0.div_euclid(DAY));
        }
        let few = |unit: &Unit| {
            let of_host = tries.get(&(unit.cluster, self.scene.host(unit.source)));
            of_host.is_some_and(|(tries, days)| *tries <= FEW_TRIES * days.len())
        };
        let through = self.go_through_names(list);
        // Who guesses one account from several addresses is another, and so is who tries one list from each of some.
        let guessed = |group: &[u32]| {
            let first = self.unit(group[0]);
            group.len() > 1
                && group.iter().all(|&at| self.unit(at).principal == first.principal)
                && group.iter().map(|&at| self.unit(at).len()).sum::<usize>() >= GUESSES
        };
        let listed = |group: &[u32]| {
            let of = |at: &u32| (self.unit(*at).principal, self.unit(*at).source);
            let pairs: HashSet<(Sym, Sym), RandomState> = group.iter().map(of).collect();
            let names: HashSet<Sym, RandomState> = pairs.iter().map(|(name, _)| *name).collect();
            let sources: HashSet<Sym, RandomState> = pairs.iter().map(|(_, source)| *source).collect();
            let all = names.len() * sources.len();
            names.len() >= LIST && sources.len() > 2 && pairs.len() as f64 >= SAME_DICTIONARY * all as f64
        };
        let apart: HashSet<u32, RandomState> =
            groups(list, sets).into_values().filter(|group| guessed(group) || listed(group)).flatten().collect();
        // Who fails at one address alone after a change of the account has a cause of its own.
        let explained = |unit: &Unit| unit.alone && self.changes.before(unit.principal, unit.first, 0).is_some();
        let lists = |unit: &Unit| through.contains(&(unit.cluster, self.scene.host(unit.source)));
        let joins = |at: &u32| {
            few(self.unit(*at)) && !explained(self.unit(*at)) && !apart.contains(at) && !lists(self.unit(*at))
        };
        let crowd: Vec<u32> = list.iter().copied().filter(joins).collect();
        let mut gaps: Vec<i64> =
            crowd.windows(2).map(|pair| self.unit(pair[1]).first.0 - self.unit(pair[0]).first.0).collect();
        let pause = (10 * median(&mut gaps)).clamp(HOUR / 2, 6 * HOUR);
        self.shared(&crowd, pause, sets, |unit| self.scene.is_outside(unit.source).then_some(unit.cluster));
        self.shared(&crowd, ONSET, sets, |unit| (!self.scene.is_outside(unit.source)).then_some(unit.cluster));
    }

    fn locals(&self, list: &[u32], surge_of: &[Option<u32>], sets: &mut Sets) {
        // A place that is merely near, and tries far more than the account's clients do, or far faster, is none of them.
        let mut lengths: BTreeMap<(u16, Sym), (Vec<i64>, Vec<i64>)> = BTreeMap::new();
        for &at in list {
            let unit = self.unit(at);
            let (tries, paces) = lengths.entry((unit.cluster, unit.principal)).or_default();
            tries.push(unit.len() as i64);
            paces.push(pace(unit));
        }
        let usual: BTreeMap<(u16, Sym), (i64, i64)> = lengths
            .into_iter()
            .map(|(who, (mut tries, mut paces))| (who, (median(&mut tries), median(&mut paces))))
            .collect();
        self.shared(list, NEAR, sets, |unit| {
            let who = (unit.cluster, unit.principal);
            let (tries, usual_pace) = usual.get(&who).copied().unwrap_or_default();
            let most = tries.max(FEWEST as i64) as usize * SAME_PACE / 2;
            let hurries = unit.len() >= GUESSES && pace(unit) > usual_pace.saturating_mul(SAME_PACE as i64);
            let alike = matches!(unit.standing, Standing::Own | Standing::OwnShared | Standing::Later)
                || unit.len() <= most && !hurries;
            (unit.principal.is_some() && alike).then_some(who)
        });
        let mut surges: BTreeMap<u32, u32> = BTreeMap::new();
        for &at in list {
            if let Some(surge) = surge_of[at as usize] {
                sets.join(*surges.entry(surge).or_insert(at), at);
            }
        }
        self.onsets(list, sets);
    }

    /// Clients that worked and stop together.
    fn onsets(&self, list: &[u32], sets: &mut Sets) {
        let stopped: Vec<u32> = list
            .iter()
            .copied()
            .filter(|&at| {
                let unit = self.unit(at);
                // People send names.
                let machine = unit.program || unit.class == Class::Nameless || unit.has_expired(self.scene);
                let run = if machine { BARE } else { MANY } as u32;
                (unit.before > 0.0 || unit.settles(self.scene) || is_at_home(self.scene, unit))
                    && (unit.run >= run || unit.sittings >= STOPPED)
            })
            .collect();
        let near = |a: u32, b: u32, pause: i64| {
            let (a, b) = (self.unit(a), self.unit(b));
            a.cluster == b.cluster && a.class == b.class && b.first.0 - a.first.0 <= pause
        };
        let long: Vec<u32> = stopped.iter().copied().filter(|&at| self.unit(at).sittings >= STOPPED).collect();
        for run in long.chunk_by(|&a, &b| near(a, b, SLOW_ONSET)).filter(|run| run.len() >= SEVERAL) {
            run.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
        }
        for run in stopped.chunk_by(|&a, &b| near(a, b, ONSET)) {
            for pair in run.windows(2) {
                let net = |at: u32| self.scene.net(self.unit(at).source);
                if run.len() > 2 || net(pair[0]) == net(pair[1]) {
                    sets.join(pair[0], pair[1]);
                }
            }
        }
    }

    fn nodes(&self, list: &[u32], sets: &mut Sets) {
        self.shared(list, NEAR, sets, |unit| Some(unit.cluster));
    }

    /// Addresses without credentials.
    fn bare(&self, list: &[u32], sets: &mut Sets) {
        // Who gets in, before or after, is a client wherever it stands.
        let never = |unit: &Unit| matches!(unit.standing, Standing::Unknown | Standing::Blind);
        let outside = |unit: &Unit| never(unit) && unit.comes_from_outside(self.scene);
        let near = |a: u32, b: u32| {
            let (a, b) = (self.unit(a), self.unit(b));
            a.cluster == b.cluster && b.first.0 - a.first.0 <= ONSET
        };
        self.shared(list, NEAR, sets, |unit| {
            let alone = outside(unit) && !unit.behind.is_some();
            self.scene.net(unit.source).filter(|_| alone).map(|net| (unit.cluster, net))
        });
        // So are many that begin within minutes of each other, each of a network of its own.
        let strangers: Vec<u32> =
            list.iter().copied().filter(|&at| outside(self.unit(at)) && !self.unit(at).behind.is_some()).collect();
        for run in strangers.chunk_by(|&a, &b| near(a, b)).filter(|run| run.len() >= BOTS) {
            run.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
        }
        // Probes from several places take turns.
        let watch = |unit: &Unit| self.scene.span(unit.cluster).1.0 - unit.last.0 <= HOUR / 2;
        let probes: Vec<u32> =
            list.iter().copied().filter(|&at| self.begins_with_the_log(at) && watch(self.unit(at))).collect();
        self.shared(&probes, i64::MAX / 2, sets, |unit| outside(unit).then_some(unit.cluster));
        let inside: Vec<u32> = list.iter().copied().filter(|&at| !outside(self.unit(at))).collect();
        let (always, later): (Vec<u32>, Vec<u32>) = inside.into_iter().partition(|&at| self.begins_with_the_log(at));
        self.shared(&always, i64::MAX / 2, sets, |unit| Some(unit.cluster));
        for run in later.chunk_by(|&a, &b| near(a, b)) {
            run.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
        }
        self.shared(list, NEAR, sets, |unit| unit.headerless.then_some(unit.cluster));
        // A pod that starts again and again has a new address of its network each time, and asks about as often each time.
        self.shared(&later, NEAR, sets, |unit| {
            let about = unit.len().max(RESTARTED).ilog(SAME_PACE);
            self.scene.net(unit.source).filter(|_| never(unit)).map(|net| (unit.cluster, net, about))
        });
    }

    /// Whether an episode may have begun before the log.
    fn begins_with_the_log(&self, at: u32) -> bool {
        let unit = self.unit(at);
        let gap = (unit.last.0 - unit.first.0) / (unit.len() as i64 - 1).max(1);
        unit.first.0 - self.scene.span(unit.cluster).0.0 <= ONSET.max(3 * gap)
    }
}
