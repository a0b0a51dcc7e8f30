//! One node differs: of the failures of clients at their own places, far more fall on one node than its share of what these
//! clients do. Found by a cumulative sum over the episodes in their order (Page 1954), so that many clients with one failure
//! each weigh as much as one client with many.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::history::{DAY, Past};
use super::index::Class;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;
use crate::time::Millis;

/// Share of the failures that a differing node has at least.
const MOST: f64 = 0.95;

/// How much one client can say at most, for and against.
const ONE: f64 = 10.0;
const LEAST: f64 = 3.0;

/// The sum from which on chance does not explain it, beyond the logarithm of the number of episodes looked at; a sum that
/// falls so far below its height is over.
const CERTAIN: f64 = 9.0;
const OVER: f64 = 8.0;

/// Who mistyped fails fewer times than this, and gets in on the same node within so long.
const FEW: usize = 5;
const SOON: i64 = 300_000;

/// Successes elsewhere right after a few failures that are counted.
const AT_ONCE: f64 = 2.0;

/// Successes on the node for each failure there from which on it does not differ: a clock that is ahead refuses old tokens and
/// takes fresh ones.
const SOME: f64 = 0.5;

/// Successes that the node's share of everybody's counts for where a client's own are few.
const PRIOR: f64 = 2.0;

/// One in so many clients at either end of a stretch is not looked at.
const CORE: usize = 10;

/// Successes that the clients themselves would have on the node from which on theirs alone tell.
const ENOUGH: f64 = 6.0;

/// One in so many of the clients at least comes through a realm that is theirs.
const MANY: usize = 4;

/// Share of its usual successes that a differing node lets the same realms have at most.
const SHUT: f64 = 0.5;

/// Whether each episode is a part of what one node does otherwise than the others.
pub(super) fn by_node(scene: &Scene<'_>, units: &[Unit]) -> Vec<bool> {
    let mut chosen = vec![false; units.len()];
    expired_on_one(scene, units, &mut chosen);
    let nodes = scene.joined.nodes.all();
    let shows: Vec<usize> = (0..nodes.len()).filter(|&node| scene.shows_successes(node)).collect();
    if shows.len() < 2 {
        return chosen;
    }
    let mut order: Vec<u32> = (0..units.len() as u32).filter(|&at| is_looked_at(scene, &units[at as usize])).collect();
    order.sort_by_key(|&at| {
        let unit = &units[at as usize];
        (unit.cluster, unit.first, unit.last, scene.shown(unit.principal), scene.shown(unit.source))
    });
    let of_node = |node: usize| {
        let stats = &nodes[node].stats;
        (stats.decisions + stats.successes) as f64
    };
    let mut clusters: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    shows.into_iter().for_each(|node| clusters.entry(scene.cluster(node)).or_default().push(node));
    for (cluster, nodes) in clusters {
        let all: f64 = nodes.iter().map(|&node| of_node(node)).sum();
        let nodes: Vec<ComparedNode> =
            nodes.into_iter().map(|node| ComparedNode { node, usual: of_node(node) / all.max(1.0) }).collect();
        let own: Vec<u32> = order.iter().copied().filter(|&at| units[at as usize].cluster == cluster).collect();
        for some in nodes.chunks((MOST_SCORES / own.len().max(1)).max(1)) {
            let scores = Scores::of(scene, units, &own, some);
            for (column, &ComparedNode { node, usual }) in some.iter().enumerate() {
                for stretch in stretches(&scores.of_node(&own, column)) {
                    let members = stretch.iter().filter(|(_, score)| *score > 0.0);
                    let members: Vec<u32> = members.map(|(at, _)| *at).collect();
                    if !is_alone(units, &members) && is_shut(scene, units, &members, node, usual) {
                        members.into_iter().for_each(|at| chosen[at as usize] = true);
                    }
                }
            }
        }
    }
    chosen
}

/// A node that may differ, and its share of what the nodes of its cluster do.
#[derive(Debug, Clone, Copy)]
struct ComparedNode {
    node: usize,
    usual: f64,
}

/// Scores that are held at once, 32 MiB of them. What a client did with success is looked at once for all nodes that fit.
const MOST_SCORES: usize = 1 << 22;

/// What each of some episodes says for each of some nodes.
struct Scores {
    nodes: usize,
    /// Episode by episode.
    list: Vec<f64>,
}

impl Scores {
    fn of(scene: &Scene<'_>, units: &[Unit], own: &[u32], nodes: &[ComparedNode]) -> Self {
        let mut columns = vec![usize::MAX; scene.joined.nodes.all().len()];
        nodes.iter().enumerate().for_each(|(column, judged)| columns[judged.node] = column);
        let mut list = vec![0.0; own.len() * nodes.len()];
        list.par_chunks_mut(nodes.len().max(1)).zip(own).with_min_len(64).for_each_init(
            || vec![Spread::default(); nodes.len()],
            |spreads, (row, &at)| score(scene, &units[at as usize], (nodes, &columns), spreads, row),
        );
        Self { nodes: nodes.len(), list }
    }

    /// The episodes with what they say for one node.
    fn of_node(&self, own: &[u32], column: usize) -> Vec<(u32, f64)> {
        own.iter().zip(self.list.chunks(self.nodes)).map(|(&at, row)| (at, row[column])).collect()
    }
}

/// What a client did on one node.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    /// All its successes there.
    ever: f64,
    /// Those meanwhile.
    let_in: f64,
    /// Those meanwhile from one of several addresses, or of one of several accounts.
    of_past: f64,
    failed: f64,
}

/// Clients that are known to get in, or whose tokens are refused.
fn is_looked_at(scene: &Scene<'_>, unit: &Unit) -> bool {
    let gets_in = unit.before + unit.between + unit.after >= 1.0;
    let named = unit.class == Class::Named && unit.is_local(scene) && gets_in;
    let nameless = unit.class == Class::Nameless && unit.standing != Standing::Unknown;
    unit.source.is_some() && (named || nameless)
}

/// What an episode says for nodes that differ, given with the place of each node of the table among them.
fn score(
    scene: &Scene<'_>,
    unit: &Unit,
    (nodes, columns): (&[ComparedNode], &[usize]),
    spreads: &mut [Spread],
    row: &mut [f64],
) {
    spreads.fill(Spread::default());
    let until = if unit.len() < FEW { Millis(unit.last.0 + SOON) } else { unit.last };
    let (mut all, mut let_in) = (0.0, 0.0);
    for past in pasts(scene, unit) {
        all += f64::from(past.count);
        let_in += scene.history.spread(past, unit.first, until, |node, ever, within| {
            if let Some(spread) = spreads.get_mut(columns[node]) {
                spread.ever += ever;
                spread.of_past += within;
            }
        });
        for spread in spreads.iter_mut() {
            spread.let_in += std::mem::take(&mut spread.of_past);
        }
    }
    for &at in unit.attempts(scene) {
        if let Some(spread) = spreads.get_mut(columns[scene.node(at)]) {
            spread.failed += 1.0;
        }
    }
    for ((score, judged), spread) in row.iter_mut().zip(nodes).zip(spreads.iter()) {
        *score = score_of(unit, *judged, spread, (all, let_in));
    }
}

/// What an episode says for a node that differs: how its failures and the successes meanwhile are spread, each more of them
/// saying less, or the contrast of this client alone. What fails elsewhere speaks against it. `all` are its successes, `let_in`
/// those meanwhile, on all nodes.
fn score_of(unit: &Unit, ComparedNode { node, usual }: ComparedNode, there: &Spread, (all, let_in): (f64, f64)) -> f64 {
    let few = unit.len() < FEW;
    let enough = if few { 0.5 } else { SOME * unit.len() as f64 };
    let let_in_there = there.let_in;
    let share = ((there.ever + PRIOR * usual) / (all + PRIOR)).clamp(0.01, 0.99);
    if let_in_there >= enough {
        // It lets the client in all the while, or at once: somebody mistyped.
        return ((1.0 - MOST) / share).ln().clamp(-LEAST, 0.0);
    }
    let failed = unit.len().max(1) as f64;
    let here = there.failed;
    let sum = here * (MOST / share).ln() + (failed - here) * ((1.0 - MOST) / (1.0 - share)).ln();
    let sum = sum * (1.0 + failed.ln()) / failed;
    if few {
        // Whoever fails here and gets in right after gets in elsewhere each time, where it is the node.
        let elsewhere = if here > 0.0 { (let_in - let_in_there).clamp(0.0, AT_ONCE) } else { 0.0 };
        return (sum - elsewhere * (1.0 - share).ln()).clamp(-LEAST, ONE);
    }
    let alone = unit.contrast.as_ref().filter(|contrast| contrast.node == node);
    sum.max(alone.map_or(f64::MIN, |contrast| contrast.weight)).clamp(-LEAST, ONE)
}

/// What the client of an episode did with success.
fn pasts<'s>(scene: &'s Scene<'_>, unit: &Unit) -> impl Iterator<Item = &'s Past> {
    /// Clients behind one address that are looked at.
    const MOST_PASTS: usize = 64;
    let own = scene.pasts_at(unit.cluster, unit.principal, unit.source).filter(|_| unit.principal.is_some());
    let source = if unit.principal.is_some() { Sym::NONE } else { unit.source };
    let of_source = scene.history.of_source(unit.cluster, source).filter(move |_| source.is_some());
    own.chain(of_source.take(MOST_PASTS))
}

/// The stretches whose sum chance does not explain, each up to its height.
fn stretches(own: &[(u32, f64)]) -> Vec<&[(u32, f64)]> {
    let enough = CERTAIN + (own.len().max(1) as f64).ln();
    let mut found = Vec::new();
    let (mut start, mut sum, mut height, mut top) = (0, 0.0, 0.0, 0);
    for (place, &(_, score)) in own.iter().enumerate() {
        sum += score;
        if sum > height {
            (height, top) = (sum, place + 1);
        }
        if sum <= 0.0 || height - sum > OVER {
            if height >= enough {
                found.push(&own[start..top]);
            }
            (start, sum, height, top) = (place + 1, 0.0, 0.0, place + 1);
        }
    }
    if height >= enough {
        found.push(&own[start..top]);
    }
    found
}

/// Whether all of it is one account's at an address that is not its own: whoever tries it may keep to a node.
fn is_alone(units: &[Unit], members: &[u32]) -> bool {
    let mut all = members.iter().map(|&at| &units[at as usize]);
    let Some(first) = all.next() else { return true };
    let own = matches!(first.standing, Standing::Own | Standing::Later) || first.class == Class::Nameless;
    !own && all.all(|unit| unit.principal == first.principal)
}

/// Whether the node lets hardly anybody in meanwhile through the realms of these clients.
fn is_shut(scene: &Scene<'_>, units: &[Unit], members: &[u32], node: usize, usual: f64) -> bool {
    let of = |at: &u32| &units[*at as usize];
    // The first few, and the last, may have failed there before it began or after it was over.
    let few = members.len() / CORE;
    let core = members.get(few..members.len() - few).unwrap_or(members);
    let (Some(from), Some(to)) = (core.iter().map(|at| of(at).first).min(), core.iter().map(|at| of(at).last).max())
    else {
        return false;
    };
    // These clients themselves, where they do enough elsewhere to tell; else everybody of their realms.
    let mut realms: Vec<Sym> = Vec::new();
    let (mut here, mut elsewhere) = (0.0, 0.0);
    for past in members.iter().flat_map(|at| pasts(scene, of(at))) {
        realms.push(past.realm);
        let there = scene.history.within_on(past, node, from, to);
        here += there;
        elsewhere += scene.history.within(past, from, to) - there;
    }
    let shut = |here: f64, elsewhere: f64| {
        let expected = elsewhere * usual / (1.0 - usual).max(0.01);
        elsewhere >= 1.0 && here <= SHUT * expected.max(3.0)
    };
    let enough = elsewhere >= 2.0 * members.len() as f64 || elsewhere * usual / (1.0 - usual).max(0.01) >= ENOUGH;
    // Whoever tries many accounts from one address may keep to a node: then the others there tell.
    let apart = members.iter().any(|at| scene.host(of(at).source) != scene.host(of(&members[0]).source));
    let alone = members.iter().all(|at| of(at).principal == of(&members[0]).principal);
    if enough && (apart || alone) {
        return shut(here, elsewhere);
    }
    // Who mistyped there meanwhile comes through another realm, which is not theirs.
    let all = realms.len();
    realms.sort_unstable();
    let realms: Vec<Sym> =
        realms.chunk_by(|a, b| a == b).filter(|own| own.len() * MANY >= all).map(|own| own[0]).collect();
    let cluster = of(&members[0]).cluster;
    let (mut here, mut elsewhere) = (0.0, 0.0);
    for past in scene.history.pasts().iter().filter(|past| past.cluster == cluster && !past.key.is_some()) {
        if past.last < from || past.first.0 > to.0 + DAY || realms.binary_search(&past.realm).is_err() {
            continue;
        }
        let there = scene.history.within_on(past, node, from, to);
        here += there;
        elsewhere += scene.history.within(past, from, to) - there;
    }
    let expected = elsewhere * usual / (1.0 - usual).max(0.01);
    (apart || alone || expected >= ENOUGH) && shut(here, elsewhere)
}

/// Marks the clients whose tokens one node alone takes for expired: a token that has expired has done so on every node.
fn expired_on_one(scene: &Scene<'_>, units: &[Unit], chosen: &mut [bool]) {
    /// Tokens refused on other nodes meanwhile, as a share of those on the one, from which on it is not alone.
    const OTHERS: usize = 10;
    let mut nodes: BTreeMap<(u16, usize), Vec<u32>> = BTreeMap::new();
    let mut all: BTreeMap<u16, usize> = BTreeMap::new();
    let named = |unit: &Unit| matches!(unit.class, Class::Named | Class::Nameless) && unit.source.is_some();
    for (unit, at) in units.iter().zip(0..).filter(|(unit, _)| named(unit) && unit.has_expired(scene)) {
        *all.entry(unit.cluster).or_default() += unit.len();
        let mut tries: BTreeMap<usize, usize> = BTreeMap::new();
        unit.attempts(scene).iter().for_each(|&at| *tries.entry(scene.node(at)).or_default() += 1);
        // What fails on several nodes fails by no node's doing.
        if let Some((&node, _)) = tries.iter().find(|&(_, &there)| there as f64 >= MOST * unit.len() as f64) {
            nodes.entry((unit.cluster, node)).or_default().push(at);
        }
    }
    if nodes.is_empty() {
        return;
    }
    let by_node = failures_by_node(scene);
    let tries = |list: &[u32]| list.iter().map(|&at| units[at as usize].len()).sum::<usize>();
    for ((cluster, node), list) in &nodes {
        let alike = alike(scene, *cluster);
        if alike.len() < 2 || (all[cluster] - tries(list)) * OTHERS > tries(list) {
            continue;
        }
        let share = share(&by_node, &alike, *node, tries(list));
        let mut clients: BTreeMap<&[u8], f64> = BTreeMap::new();
        for unit in list.iter().map(|&at| &units[at as usize]) {
            // Who gets in on other nodes meanwhile could have failed there, each time.
            let elsewhere: f64 = pasts(scene, unit)
                .map(|past| {
                    let everywhere = scene.history.within(past, unit.first, unit.last);
                    everywhere - scene.history.within_on(past, *node, unit.first, unit.last)
                })
                .sum();
            let tries = if elsewhere >= 1.0 { unit.len() as f64 } else { 1.0 };
            let known = clients.entry(scene.bytes(unit.source)).or_default();
            *known = (*known - tries * share.ln()).min(ONE);
        }
        if clients.len() > 1 && clients.values().sum::<f64>() >= CERTAIN {
            list.iter().for_each(|&at| chosen[at as usize] = true);
        }
    }
}

/// The nodes of a cluster of which there are audit events.
fn alike(scene: &Scene<'_>, cluster: u16) -> Vec<usize> {
    let nodes = scene.joined.nodes.all();
    (0..nodes.len()).filter(|&node| scene.cluster(node) == cluster && nodes[node].stats.audit_events > 0).collect()
}

/// A node's share of the failures of its cluster, so many of its own left out.
fn share(by_node: &[u32], alike: &[usize], node: usize, own: usize) -> f64 {
    let all: f64 = alike.iter().map(|&other| f64::from(by_node[other])).sum();
    (f64::from(by_node[node]) - own as f64 + 1.0) / (all - own as f64 + alike.len() as f64)
}

/// Failures by node of the table.
pub(super) fn failures_by_node(scene: &Scene<'_>) -> Vec<u32> {
    let mut failures = vec![0; scene.joined.nodes.all().len()];
    (0..scene.joined.attempts.len() as u32).for_each(|at| failures[scene.node(at)] += 1);
    failures
}

/// How surely it is no chance that several clients fail on one node alone where no success tells how they fare elsewhere, from 0
/// to 1: by how the other failures of the cluster are spread over its nodes, of which `by_node` counts all.
pub(super) fn one_node<'u>(
    scene: &Scene<'_>,
    by_node: &[u32],
    attempts: &[u32],
    units: impl Iterator<Item = &'u Unit>,
) -> f64 {
    /// Failures of a client that count, and logarithm of the odds that count as certain.
    const SEVERAL: usize = 3;
    const SURE: f64 = 6.0;
    /// Failures of a client from which on it would have come to other nodes, if it does not keep to one, and how many keep to one.
    const MANY: usize = 9;
    const FAITHFUL: f64 = 0.5;
    let Some(node) = attempts.first().map(|&at| scene.node(at)) else { return 0.0 };
    if attempts.iter().any(|&at| scene.node(at) != node) {
        return 0.0;
    }
    let unseen = !scene.shows_successes(node);
    let home =
        |unit: &&Unit| unit.has_expired(scene) || (unit.standing == Standing::Blind || unseen) && unit.is_local(scene);
    let mut clients: Vec<(Sym, bool)> =
        units.filter(|unit| unit.len() >= SEVERAL).filter(home).map(|unit| (unit.source, unit.len() < MANY)).collect();
    clients.sort_unstable();
    clients.dedup_by_key(|(source, _)| *source);
    let alike = alike(scene, scene.cluster(node));
    if clients.len() < 2 || alike.len() < 2 {
        return 0.0;
    }
    let share = share(by_node, &alike, node, attempts.len());
    let many = clients.iter().filter(|(_, few)| !few).count() as f64;
    ((clients.len() as f64 * -share.ln() - many * FAITHFUL.ln()) / SURE).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_failures_on_one_node_stands_out() {
        let alike: Vec<(u32, f64)> = (0..40).map(|at| (at, if at % 2 == 0 { 0.6 } else { -2.3 })).collect();
        assert!(stretches(&alike).is_empty());
        let mut lost = alike;
        lost.splice(20..20, (100..130).map(|at| (at, 0.6)));
        assert_eq!(stretches(&lost).len(), 1);
        assert!(stretches(&lost)[0].len() >= 30);
    }
}
