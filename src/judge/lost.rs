//! Realms that are asked ordinarily and for a while are not: gone from a node's settings, or no longer licensed. The chain of realms
//! that said no tells so of every failure, whoever fails.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::index::Class;
use super::scene::Scene;
use super::unit::Unit;
use crate::state::{ChainId, Sym};
use crate::time::Millis;

/// Realms of a chain that could have gone on: the reserved realm ends one by itself.
const FEWEST: usize = 2;

/// Accounts without which nothing is known: one may have its password asked of other realms than its tokens.
pub(super) const ACCOUNTS: usize = 3;

/// Times that a longer chain is seen, without which it is not what is usual.
const SEEN: u32 = 2;

/// Chains of a log that are compared with each other: there are as many as ways in which realms are ordered.
const MOST: usize = 64;

/// Share of longer chains amid the shorter ones from which on both are usual on a node.
const AMID: u32 = 10;

/// Which episodes failed while a realm that others are asked about was not asked.
pub(super) fn lacking(scene: &Scene<'_>, units: &[Unit]) -> Vec<bool> {
    let chains = ChainGaps::new(scene);
    let lacking: Vec<bool> =
        units.par_iter().map(|unit| unit.class == Class::Named && chains.lack(scene, unit)).collect();
    let mut accounts: HashMap<u16, HashSet<Sym, RandomState>, RandomState> = HashMap::default();
    for (unit, _) in units.iter().zip(&lacking).filter(|(_, lacking)| **lacking) {
        accounts.entry(unit.cluster).or_default().insert(unit.principal);
    }
    let several = |unit: &Unit| accounts.get(&unit.cluster).is_some_and(|accounts| accounts.len() >= ACCOUNTS);
    units.iter().zip(&lacking).map(|(unit, &lacking)| lacking && several(unit)).collect()
}

/// A chain whatever its order, as realms are asked in that of the last success.
type Realms = Vec<Sym>;

/// The attempts of one set of realms on one node.
#[derive(Debug, Clone, Copy)]
struct Spell {
    first: Millis,
    last: Millis,
    count: u32,
    /// Attempts of longer chains on the node, meanwhile and at other times.
    meanwhile: u32,
    otherwise: u32,
}

/// The chains of a log by what they lack.
struct ChainGaps {
    /// By cluster and chain: the realms of longer chains that it lacks; only of those that lack any.
    missing: HashMap<(u16, ChainId), HashSet<Sym, RandomState>, RandomState>,
    /// Nodes with chains that lacked a realm for a while.
    lost: HashSet<(usize, ChainId), RandomState>,
}

impl ChainGaps {
    fn new(scene: &Scene<'_>) -> Self {
        let none = || Self { missing: HashMap::default(), lost: HashSet::default() };
        // So few that a list is quicker than a map.
        let mut counts: Vec<((u16, ChainId), u32)> = Vec::new();
        let known = |at: u32| {
            let chain = scene.attempt(at).chain;
            scene.chain(chain).filter(|realms| realms.len() >= FEWEST).map(|_| (scene.node(at), chain))
        };
        let all = || (0..scene.joined.attempts.len() as u32).filter_map(|at| Some((at, known(at)?)));
        for (_, (node, chain)) in all() {
            let key = (scene.cluster(node), chain);
            match counts.iter().position(|(known, _)| *known == key) {
                Some(known) => counts[known].1 += 1,
                None if counts.len() == MOST => return none(),
                None => counts.push((key, 1)),
            }
        }
        let set = |chain: ChainId| -> Realms {
            let mut realms = scene.chain(chain).unwrap_or_default().to_vec();
            realms.sort_unstable();
            realms.dedup();
            realms
        };
        let sets: HashMap<ChainId, Realms, RandomState> =
            counts.iter().map(|&((_, chain), _)| (chain, set(chain))).collect();
        let has_more = |one: ChainId, other: ChainId| {
            let (one, other) = (&sets[&one], &sets[&other]);
            other.len() > one.len() && one.iter().all(|realm| other.binary_search(realm).is_ok())
        };
        // Asked of each attempt below, and the same for all attempts of two chains.
        let chains = || sets.keys().copied();
        let pairs = chains().flat_map(|one| chains().map(move |other| (one, other)));
        let longer: HashSet<(ChainId, ChainId), RandomState> =
            pairs.filter(|&(one, other)| has_more(one, other)).collect();
        let longer = |one: ChainId, other: ChainId| longer.contains(&(one, other));
        let mut missing: HashMap<(u16, ChainId), HashSet<Sym, RandomState>, RandomState> = HashMap::default();
        for &((cluster, chain), _) in &counts {
            for &((_, other), _) in counts.iter().filter(|((of, _), count)| *of == cluster && *count >= SEEN) {
                if longer(chain, other) {
                    let lacks = sets[&other].iter().filter(|realm| sets[&chain].binary_search(realm).is_err());
                    missing.entry((cluster, chain)).or_default().extend(lacks.copied());
                }
            }
        }
        if missing.is_empty() {
            return none();
        }
        let mut spells: HashMap<usize, Vec<(ChainId, Spell)>, RandomState> = HashMap::default();
        for (at, (node, chain)) in
            all().filter(|(_, (node, chain))| missing.contains_key(&(scene.cluster(*node), *chain)))
        {
            let time = scene.time(at);
            let new = Spell { first: time, last: time, count: 0, meanwhile: 0, otherwise: 0 };
            let of_node = spells.entry(node).or_default();
            let known = of_node.iter().position(|(other, _)| *other == chain).unwrap_or(of_node.len());
            if known == of_node.len() {
                of_node.push((chain, new));
            }
            let spell = &mut of_node[known].1;
            spell.count += 1;
            (spell.first, spell.last) = (spell.first.min(time), spell.last.max(time));
        }
        for (at, (node, chain)) in all() {
            let of_node = spells.get_mut(&node).into_iter().flatten();
            for (_, spell) in of_node.filter(|(short, _)| longer(*short, chain)) {
                if (spell.first..=spell.last).contains(&scene.time(at)) {
                    spell.meanwhile += 1;
                } else {
                    spell.otherwise += 1;
                }
            }
        }
        let for_a_while = |spell: &Spell| spell.otherwise > 0 && spell.meanwhile * AMID <= spell.count;
        let of_nodes = spells.into_iter().flat_map(|(node, list)| list.into_iter().map(move |spell| (node, spell)));
        let lost =
            of_nodes.filter(|(_, (_, spell))| for_a_while(spell)).map(|(node, (chain, _))| (node, chain)).collect();
        Self { missing, lost }
    }

    /// Whether most tries of an episode lacked a realm: one through which the account gets in, or one that the node asked at other
    /// times.
    fn lack(&self, scene: &Scene<'_>, unit: &Unit) -> bool {
        if self.missing.is_empty() {
            return false;
        }
        let past = scene.pasts_at(unit.cluster, unit.principal, unit.source).next();
        let realm = past.map(|past| past.realm).filter(|realm| realm.is_some());
        let attempts = unit.attempts(scene);
        let lacks = |&&at: &&u32| {
            let chain = scene.attempt(at).chain;
            match (self.missing.get(&(unit.cluster, chain)), realm) {
                (Some(missing), Some(realm)) => missing.contains(&realm),
                (Some(_), None) => self.lost.contains(&(scene.node(at), chain)),
                (None, _) => false,
            }
        };
        attempts.iter().filter(lacks).count() * 2 > attempts.len()
    }
}
