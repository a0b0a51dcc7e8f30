//! Refused API keys become campaigns: the refusals of one key for one reason, linked by what ended the keys, by onset, and by
//! a client that tries many.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::campaign::{Campaign, Family};
use super::features::{Feature, Features, is_shared};
use super::history::DAY;
use super::place::Host;
use super::retries;
use super::scene::Scene;
use crate::correlate::KeyFailure;
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// Clients of one cause begin within so long of each other.
const ONSET: i64 = 900_000;

/// Strangers who try keys belong together over such a pause.
const CROWD: i64 = 3_600_000;

/// Keys that one client sends before it is one who tries keys.
const KEYS: usize = 5;

/// A replacement is put down to the end of the old key within so long.
const REPLACED: i64 = 2 * DAY;

/// Refusals of one key, or of one client where no line names the key, for one reason.
#[derive(Debug)]
struct KeyRefusals {
    cluster: u16,
    key: Sym,
    reason: Reason,
    /// By time.
    refusals: Vec<u32>,
    first: Millis,
    last: Millis,
    /// Clients, each once.
    sources: Vec<Sym>,
    /// One of them had used the key before, or each of them some key where no line names it.
    worked: bool,
    /// By which change the key was ended.
    ended_by: Option<usize>,
}

/// The campaigns of refused keys.
pub(super) fn campaigns(scene: &Scene<'_>) -> Vec<Campaign> {
    let refused = refused(scene);
    let mut sets: Vec<usize> = (0..refused.len()).collect();
    link(scene, &refused, &mut sets);
    let mut causes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..refused.len() {
        causes.entry(find(&mut sets, at)).or_default().push(at);
    }
    causes.into_values().map(|cause| campaign(scene, &refused, &cause)).chain(terminated(scene)).collect()
}

/// Attempts whose account is the id of a key: of the wrong type, or refused by a node that was too busy. Those that begin
/// together and worked before have one cause.
fn terminated(scene: &Scene<'_>) -> Vec<Campaign> {
    let mut keys: BTreeMap<(u16, &[u8]), Vec<u32>> = BTreeMap::new();
    for &at in &scene.index.terminated {
        let cluster = scene.cluster(scene.node(at));
        keys.entry((cluster, scene.shown(scene.attempt(at).principal))).or_default().push(at);
    }
    let first = |attempts: &[u32]| scene.time(attempts[0]);
    let mut keys: Vec<(u16, bool, Vec<u32>)> = keys
        .into_iter()
        .map(|((cluster, _), attempts)| {
            (cluster, worked(scene, cluster, scene.attempt(attempts[0]).principal, first(&attempts)), attempts)
        })
        .collect();
    keys.sort_by_key(|(cluster, worked, attempts)| {
        (*cluster, *worked, first(attempts), scene.shown(scene.attempt(attempts[0]).principal))
    });
    let near = |a: &(u16, bool, Vec<u32>), b: &(u16, bool, Vec<u32>)| {
        (a.0, a.1) == (b.0, b.1) && first(&b.2).0 - first(&a.2).0 <= ONSET
    };
    keys.chunk_by(near)
        .map(|run| {
            let mut attempts: Vec<u32> = run.iter().flat_map(|(.., attempts)| attempts.iter().copied()).collect();
            attempts.sort_unstable();
            let mut ids: Vec<Sym> = run.iter().map(|(.., attempts)| scene.attempt(attempts[0]).principal).collect();
            ids.sort_by_key(|&key| scene.shown(key));
            Campaign {
                family: Family::Keys,
                cluster: run[0].0,
                units: Vec::new(),
                attempts,
                refusals: Vec::new(),
                keys: ids,
                by_node: false,
                surge: false,
            }
        })
        .collect()
}

/// Whether a key was used before a time.
fn worked(scene: &Scene<'_>, cluster: u16, key: Sym, before: Millis) -> bool {
    scene.history.of_key(cluster, key).any(|past| past.first < before)
}

fn find(sets: &mut [usize], at: usize) -> usize {
    let mut root = at;
    while sets[root] != root {
        root = sets[root];
    }
    let mut at = at;
    while sets[at] != root {
        at = std::mem::replace(&mut sets[at], root);
    }
    root
}

fn join(sets: &mut [usize], one: usize, other: usize) {
    let (one, other) = (find(sets, one), find(sets, other));
    sets[one.max(other)] = one.min(other);
}

/// What refusals of one list share: cluster, reason, key and client.
type Together<'s> = (u16, Reason, &'s [u8], &'s [u8]);

fn refused(scene: &Scene<'_>) -> Vec<KeyRefusals> {
    let mut lists: BTreeMap<Together<'_>, Vec<u32>> = BTreeMap::new();
    let judged = |failure: &KeyFailure| {
        !matches!(failure.reason, Reason::ApiKeyError | Reason::ServerBusy | Reason::RealmUnavailable)
    };
    for (failure, at) in scene.joined.key_failures.iter().zip(0..).filter(|(failure, _)| judged(failure)) {
        let source = failure.attempt.map_or(Sym::NONE, |attempt| scene.attempt(attempt).source);
        let source = if failure.key.is_some() { &b""[..] } else { scene.bytes(source) };
        let cause = (scene.cluster(failure.node), failure.reason, scene.bytes(failure.key), source);
        lists.entry(cause).or_default().push(at);
    }
    let mut refused: Vec<KeyRefusals> =
        lists.into_iter().map(|((cluster, reason, ..), list)| one(scene, cluster, reason, list)).collect();
    refused.sort_by_key(|one| {
        // The numbers of symbols are no order that outputs may show.
        let sources: BTreeSet<&[u8]> = one.sources.iter().map(|&source| scene.shown(source)).collect();
        (one.first, one.last, scene.shown(one.key), sources)
    });
    refused
}

fn one(scene: &Scene<'_>, cluster: u16, reason: Reason, mut refusals: Vec<u32>) -> KeyRefusals {
    let failure = |at: u32| &scene.joined.key_failures[at as usize];
    refusals.sort_by_key(|&at| (failure(at).time, failure(at).place));
    let mut sources: Vec<Sym> =
        refusals.iter().filter_map(|&at| failure(at).attempt).map(|at| scene.attempt(at).source).collect();
    sources.retain(|source| source.is_some());
    sources.sort_unstable();
    sources.dedup();
    let key = failure(refusals[0]).key;
    let (first, last) = (failure(refusals[0]).time, failure(refusals[refusals.len() - 1]).time);
    let has_key = |source: &Sym| {
        let mut own = scene.history.of_source(cluster, *source);
        own.any(|past| past.key.is_some() && past.first < first)
    };
    let had_keys = !sources.is_empty() && sources.iter().all(has_key);
    let used = |past: &super::history::Past| past.first < first && sources.binary_search(&past.source).is_ok();
    KeyRefusals {
        cluster,
        key,
        reason,
        first,
        last,
        worked: if key.is_some() { scene.history.of_key(cluster, key).any(used) } else { had_keys },
        ended_by: scene.key(key).and_then(|key| key.invalidated?.change),
        sources,
        refusals,
    }
}

fn link(scene: &Scene<'_>, refused: &[KeyRefusals], sets: &mut [usize]) {
    // What ended them: one change, or changes of one actor within an onset.
    let mut ends: BTreeMap<(u16, Sym), (usize, Millis)> = BTreeMap::new();
    let mut ended: Vec<usize> = (0..refused.len()).filter(|&at| refused[at].ended_by.is_some()).collect();
    let change = |at: usize| refused[at].ended_by.map(|change| &scene.joined.changes[change]);
    ended.sort_by_key(|&at| (change(at).map(|change| change.record.time), at));
    for at in ended {
        let Some(change) = change(at) else { continue };
        let known = ends.entry((refused[at].cluster, change.actor)).or_insert((at, change.record.time));
        if change.record.time.0 - known.1.0 <= ONSET && refused[at].reason == refused[known.0].reason {
            join(sets, known.0, at);
        }
        *known = (at, change.record.time);
    }
    // Keys that stop together, whatever the cause: each of a client of its own, which tries no other.
    let mut keys_of: HashMap<(u16, Sym), u32, RandomState> = HashMap::default();
    for one in refused.iter().filter(|one| one.key.is_some()) {
        one.sources.iter().for_each(|&source| *keys_of.entry((one.cluster, source)).or_default() += 1);
    }
    let faithful = |one: &KeyRefusals| {
        !one.sources.is_empty() && one.sources.iter().all(|&source| keys_of.get(&(one.cluster, source)) == Some(&1))
    };
    let mut stopped: BTreeMap<(u16, Reason), Vec<usize>> = BTreeMap::new();
    let stops = |one: &KeyRefusals| one.ended_by.is_none() && (one.worked || !one.key.is_some() || faithful(one));
    for (at, one) in refused.iter().enumerate().filter(|(_, one)| stops(one)) {
        stopped.entry((one.cluster, one.reason)).or_default().push(at);
    }
    for ((_, reason), list) in stopped {
        // Keys that worked are not found any more where their index was lost, or expire together where they were made together: each
        // is missed when its client comes next.
        let near = |a: usize, b: usize| {
            let (a, b) = (&refused[a], &refused[b]);
            let together = match reason {
                Reason::ApiKeyNotFound => true,
                Reason::ApiKeyExpired => alike(scene, a, b),
                _ => false,
            };
            b.first.0 - a.first.0 <= if together && a.worked && b.worked { DAY } else { ONSET }
        };
        for run in list.chunk_by(|&a, &b| near(a, b)) {
            for pair in
                run.windows(2).filter(|pair| run.len() > 2 || alike(scene, &refused[pair[0]], &refused[pair[1]]))
            {
                join(sets, pair[0], pair[1]);
            }
        }
    }
    // Who sends many keys, and networks of such.
    let tried =
        |one: &KeyRefusals| !one.worked && matches!(one.reason, Reason::ApiKeyNotFound | Reason::ApiKeyBadSecret);
    let mut clients: BTreeMap<(u16, Sym), (usize, Millis)> = BTreeMap::new();
    let mut nets = BTreeMap::new();
    let mut crowd: BTreeMap<u16, (usize, Millis)> = BTreeMap::new();
    for (at, one) in refused.iter().enumerate().filter(|(_, one)| tried(one)) {
        for &source in &one.sources {
            let last = clients.entry((one.cluster, source)).or_insert((at, one.last));
            if one.first.0 - last.1.0 <= DAY && !is_shared(scene, one.cluster, source) {
                join(sets, last.0, at);
            }
            *last = (at, last.1.max(one.last));
            if let Some(net) = scene.net(source).filter(|_| scene.is_outside(source)) {
                // Strangers who try keys in the same hours are one.
                let other = crowd.entry(one.cluster).or_insert((at, one.last));
                if one.first.0 - other.1.0 <= CROWD {
                    join(sets, other.0, at);
                }
                *other = (at, other.1.max(one.last));
                let last = nets.entry((one.cluster, net)).or_insert((at, one.last));
                if one.first.0 - last.1.0 <= DAY {
                    join(sets, last.0, at);
                }
                *last = (at, last.1.max(one.last));
            }
        }
    }
}

/// Whether two keys are of one owner or their clients neighbours.
fn alike(scene: &Scene<'_>, one: &KeyRefusals, other: &KeyRefusals) -> bool {
    let owner = |one: &KeyRefusals| scene.key(one.key).map(|key| key.owner).filter(|owner| owner.is_some());
    let nets = |one: &KeyRefusals| one.sources.iter().filter_map(|&source| scene.net(source)).collect::<BTreeSet<_>>();
    owner(one).is_some() && owner(one) == owner(other) || !nets(one).is_disjoint(&nets(other))
}

fn campaign(scene: &Scene<'_>, refused: &[KeyRefusals], cause: &[usize]) -> Campaign {
    let failure = |at: u32| &scene.joined.key_failures[at as usize];
    let mut refusals: Vec<u32> = cause.iter().flat_map(|&at| refused[at].refusals.iter().copied()).collect();
    refusals.sort_by_key(|&at| (failure(at).time, failure(at).place));
    let mut attempts: Vec<u32> = refusals.iter().filter_map(|&at| failure(at).attempt).collect();
    attempts.sort_unstable();
    attempts.dedup();
    let mut keys: Vec<Sym> = cause.iter().map(|&at| refused[at].key).filter(|key| key.is_some()).collect();
    keys.sort_by_key(|&key| scene.shown(key));
    keys.dedup();
    Campaign {
        family: Family::Keys,
        cluster: refused[cause[0]].cluster,
        units: Vec::new(),
        attempts,
        refusals,
        keys,
        by_node: false,
        surge: false,
    }
}

/// The features of refused keys.
pub(super) fn measure(scene: &Scene<'_>, campaign: &Campaign, features: &mut Features) {
    let failure = |at: &u32| &scene.joined.key_failures[*at as usize];
    let all = campaign.refusals.len().max(1) as f64;
    let share =
        |reason: Reason| campaign.refusals.iter().filter(|at| failure(at).reason == reason).count() as f64 / all;
    for (feature, reason) in [
        (Feature::Invalidated, Reason::ApiKeyInvalidated),
        (Feature::Expired, Reason::ApiKeyExpired),
        (Feature::NotFound, Reason::ApiKeyNotFound),
        (Feature::BadSecret, Reason::ApiKeyBadSecret),
        (Feature::WrongType, Reason::ApiKeyWrongType),
    ] {
        features.set(feature, share(reason));
    }
    let Some((first, _)) = campaign.span(scene) else { return };
    if campaign.refusals.is_empty() {
        // Nothing tells why: a key that had worked is of the right type.
        let busy = campaign.keys.iter().filter(|&&key| worked(scene, campaign.cluster, key, first)).count() as f64;
        let busy = busy / campaign.keys.len().max(1) as f64;
        features.set(Feature::WrongType, 1.0 - busy);
        features.set(Feature::Unjudged, busy);
    }
    let mut sources: Vec<Sym> = campaign.attempts.iter().map(|&at| scene.attempt(at).source).collect();
    sources.retain(|source| source.is_some());
    sources.sort_unstable();
    sources.dedup();
    let worked = |key: &Sym| {
        let used = |past: &super::history::Past| past.first < first && sources.binary_search(&past.source).is_ok();
        scene.history.of_key(campaign.cluster, *key).any(used)
    };
    let keys = campaign.keys.len().max(1) as f64;
    // Where no line names the key, any key that the client used before may be the one.
    let worked = if campaign.keys.is_empty() {
        let used = sources.iter().filter(|&&source| {
            scene.history.of_source(campaign.cluster, source).any(|past| past.key.is_some() && past.first < first)
        });
        used.count() as f64 / sources.len().max(1) as f64
    } else {
        campaign.keys.iter().filter(|key| worked(key)).count() as f64 / keys
    };
    features.set(Feature::KeyWorked, worked);
    let known = campaign.keys.iter().filter(|&&key| is_known(scene, campaign.cluster, key)).count() as f64;
    features.set(Feature::KeyKnown, known / keys);
    let hosts: BTreeSet<Host> = sources.iter().map(|&source| scene.host(source)).collect();
    let many = campaign.keys.len() >= KEYS && campaign.keys.len() > 2 * hosts.len();
    features.set(Feature::ManyKeys, f64::from(u8::from(many)));
    features.set(Feature::Repeats, features.get(Feature::NotFound) * repeats(scene, campaign));
    let ended = |key: &&Sym| {
        let change = scene.key(**key).and_then(|key| key.invalidated?.change);
        let source = change.and_then(|change| scene.joined.changes.get(change)).map(|change| change.source);
        source.is_some_and(|source| source.is_some() && sources.binary_search(&source).is_ok())
    };
    features.set(Feature::OwnEnd, campaign.keys.iter().filter(ended).count() as f64 / keys);
    let times = || campaign.attempts.iter().map(|&at| scene.time(at)).collect::<Vec<Millis>>();
    features.of_a_job = campaign.keys.len() <= 1
        && hosts.len() == 1
        && !sources.iter().any(|&source| scene.is_outside(source))
        && retries::comes_at_its_hour(&times());
    // One key of several hosts is a deployment's: who tries keys shares none with others.
    let together = if campaign.keys.len() == 1 { (hosts.len().max(1) as f64).log10().min(1.0) } else { 0.0 };
    features.set(Feature::Together, together);
    // Who logs in at a desk of somebody's has nothing to do with keys: a client of theirs had used one, or the owner of these.
    let owners: BTreeSet<Sym> = campaign.keys.iter().filter_map(|&key| owner(scene, campaign.cluster, key)).collect();
    let of_keys = |past: &super::history::Past| past.key.is_some() || owners.contains(&past.principal);
    let share = |is: &dyn Fn(&super::history::Past) -> bool| {
        let had = |source: &&Sym| {
            scene.history.of_source(campaign.cluster, **source).any(|past| past.first < first && is(past))
        };
        sources.iter().filter(had).count() as f64 / sources.len().max(1) as f64
    };
    let (local, own) = (share(&|_| true), share(&of_keys));
    features.set(Feature::Own, own);
    features.set(Feature::UnknownAccount, local - own);
    // Where no node tells of a success, nobody is known to have got in before.
    let nodes = 0..scene.joined.nodes.all().len();
    let shown = nodes.filter(|&node| scene.cluster(node) == campaign.cluster).any(|node| scene.shows_successes(node));
    features.set(Feature::Unknown, if sources.is_empty() || !shown { 0.0 } else { 1.0 - local });
    features.set(Feature::Replaced, if replaced(scene, campaign, &sources, first).is_empty() { 0.0 } else { 1.0 });
    features.set(Feature::ByNode, on_one_node(scene, campaign, &sources));
    features.expected = -features.get(Feature::Volume) * 20.0;
    features.set(Feature::Chance, features.get(Feature::Volume));
}

/// Share of the keys that clients which send no other send again and again.
fn repeats(scene: &Scene<'_>, campaign: &Campaign) -> f64 {
    const AGAIN: usize = 3;
    let mut sent: Vec<(Sym, Sym)> = campaign
        .refusals
        .iter()
        .map(|&at| &scene.joined.key_failures[at as usize])
        .filter_map(|failure| Some((scene.attempt(failure.attempt?).source, failure.key)))
        .collect();
    sent.sort_unstable();
    let mut again: Vec<Sym> = sent
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|of_source| of_source.len() >= AGAIN && of_source[0].1 == of_source[of_source.len() - 1].1)
        .map(|of_source| of_source[0].1)
        .collect();
    again.sort_unstable();
    again.dedup();
    again.len() as f64 / campaign.keys.len().max(1) as f64
}

/// Share of the keys that are refused on one node while their clients are accepted with them on others.
fn on_one_node(scene: &Scene<'_>, campaign: &Campaign, sources: &[Sym]) -> f64 {
    /// Uses elsewhere that count as accepted.
    const USES: f64 = 3.0;
    let Some((first, last)) = campaign.span(scene) else { return 0.0 };
    let mut nodes: Vec<usize> =
        campaign.refusals.iter().map(|&at| scene.joined.key_failures[at as usize].node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let apart = |key: &&Sym| {
        let (mut here, mut everywhere) = (0.0, 0.0);
        let own =
            scene.history.of_key(campaign.cluster, **key).filter(|past| sources.binary_search(&past.source).is_ok());
        for past in own.take(64) {
            everywhere += scene.history.within(past, first, last);
            here += nodes.iter().map(|&node| scene.history.within_on(past, node, first, last)).sum::<f64>();
        }
        everywhere - here >= USES && here < 0.1 * everywhere
    };
    campaign.keys.iter().filter(apart).count() as f64 / campaign.keys.len().max(1) as f64
}

/// Whose a key is, where its making or its use tells.
fn owner(scene: &Scene<'_>, cluster: u16, key: Sym) -> Option<Sym> {
    let made = scene.key(key).map(|key| key.owner).filter(|owner| owner.is_some());
    made.or_else(|| scene.history.of_key(cluster, key).next().map(|past| past.principal))
}

/// Whether a key is known by more than its refusals: made, listed, named, or in use.
fn is_known(scene: &Scene<'_>, cluster: u16, key: Sym) -> bool {
    let info = scene.key(key);
    info.is_some_and(|key| key.created.is_some() || key.listed || key.invalidated.is_some())
        || scene.history.of_key(cluster, key).next().is_some()
}

/// A client that began to use another key after it was refused: client, new key, when first. The new key must be new to
/// it: a client that had used both all along was not rotated.
pub(super) fn replaced(
    scene: &Scene<'_>,
    campaign: &Campaign,
    sources: &[Sym],
    first: Millis,
) -> Vec<(Sym, Sym, Millis)> {
    // There may be as many keys as successes of the client.
    let refused: HashSet<Sym, RandomState> = campaign.keys.iter().copied().collect();
    let mut replaced = Vec::new();
    for &source in sources {
        let new = scene
            .history
            .of_source(campaign.cluster, source)
            .filter(|past| past.first > first && past.first.0 - first.0 <= REPLACED)
            .filter(|past| past.key.is_some() && !refused.contains(&past.key))
            .min_by_key(|past| (past.first, scene.shown(past.key)));
        replaced.extend(new.map(|past| (source, past.key, past.first)));
    }
    replaced.sort_by_key(|&(source, key, time)| (time, scene.shown(source), scene.shown(key)));
    replaced
}
