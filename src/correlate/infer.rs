//! Reasons that no line tells, inferred from other events where the evidence is strong. Each basis says `inferred`
//! (or `context`, where a listing of keys decides), and [`crate::aggregate`] says from what.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::Correlated;
use super::keys::KeyInfo;
use super::profiles::AttemptProfiles;
use super::reasons::KeyFailure;
use crate::reason::{Basis, Reason};
use crate::reserved::RESERVED_USERS;
use crate::state::{Attempt, ChainId, Outcome, Series, Subject, Sym};
use crate::time::Millis;

/// The order in which Elasticsearch asks realms unless a node has moved one to the front (audit-format 1.7).
const BUILT_IN_ORDER: [&[u8]; 3] = [b"reserved", b"default_file", b"default_native"];

/// Principals whose chains must agree before the order of two realms counts as known.
const AGREEING_PRINCIPALS: u64 = 3;

/// Attempts with a known chain that a node must have before a realm that is never among them counts as not configured.
const CHAINS_OF_A_NODE: u64 = 5;

/// Uses of a key by a client before its refusals are put down to the key's end.
const USES: u64 = 3;

/// A refusal this long after the end of a key is the first one only for a client that used the key as rarely.
const ONSET_MS: i64 = 3_600_000;

/// Confidence of a client inferred from its use of the key, while it uses no other key, and once it does.
const SURE: f64 = 0.85;
const LESS_SURE: f64 = 0.6;

/// Attempts that one task looks at, at least.
const PIECE: usize = 1024;

/// Reasons of attempts that no log explains, and the refusals of keys found on the way.
pub(super) fn infer(joined: &mut Correlated, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
    known_ids(joined, keys, failures);
    if joined.attempts.iter().any(|attempt| attempt.basis == Basis::None && attempt.outcome == Outcome::Failed) {
        let profiles = AttemptProfiles::of(joined);
        let lacking = Lacking::learn(joined, &profiles);
        passwords(joined, &profiles, &lacking);
        unknown_users(joined, &profiles, &lacking);
    }
    let uses = key_uses(joined);
    if !uses.is_empty() {
        ended_keys(joined, keys, &uses, failures);
        name_expired(joined, keys, &uses, failures);
    }
}

/// Infers the reason of each failed attempt that has none by itself, on all cores.
fn each_unexplained(joined: &mut Correlated, reason: impl Fn(&Correlated, &Attempt) -> Option<Reason> + Sync) {
    let mut attempts = std::mem::take(&mut joined.attempts);
    let known = &*joined;
    attempts.par_iter_mut().with_min_len(PIECE).for_each(|attempt| {
        if attempt.outcome == Outcome::Failed
            && attempt.basis == Basis::None
            && let Some(reason) = reason(known, attempt)
        {
            attempt.reason = reason;
            attempt.basis = Basis::Inferred;
        }
    });
    joined.attempts = attempts;
}

/// The attempts, by index, that something holds for.
fn those(joined: &Correlated, holds: impl Fn(&Attempt) -> bool + Sync) -> Vec<usize> {
    let attempts = joined.attempts.par_iter().with_min_len(PIECE).enumerate();
    attempts.filter(|(_, attempt)| holds(attempt)).map(|(at, _)| at).collect()
}

/// An attempt whose principal is the id of an API key was terminated by the key service: the key is of another type than
/// the interface wants (audit-format 1.9).
fn known_ids(joined: &mut Correlated, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
    if keys.is_empty() {
        return;
    }
    let by_id: HashMap<Sym, &KeyInfo, RandomState> = keys.iter().map(|key| (key.id, key)).collect();
    let named = those(joined, |attempt| {
        attempt.outcome == Outcome::Failed && attempt.basis == Basis::None && by_id.contains_key(&attempt.principal)
    });
    if named.is_empty() {
        return;
    }
    // A key that works is of the right type: then the node was too busy to check it, or something else.
    let works: BTreeSet<Sym> = joined.state.successes.keys().map(|actor| actor.apikey).collect();
    for at in named {
        let attempt = joined.attempts[at];
        let Some(key) = by_id.get(&attempt.principal).filter(|key| !works.contains(&key.id)) else { continue };
        // The listing says that it is a key for this interface, or the node's log is there and complains of no type.
        let rest = joined.state.symbols.get(key.kind).is_some_and(|kind| kind != b"cross_cluster");
        if rest || joined.nodes.of(attempt.node).server_log_covers(attempt.time, 0) {
            continue;
        }
        let basis =
            if joined.state.symbols.get(key.kind) == Some(b"cross_cluster") { Basis::Context } else { Basis::Inferred };
        joined.attempts[at].reason = Reason::ApiKeyWrongType;
        joined.attempts[at].basis = basis;
        failures.push(refusal(joined, at, key.id, Reason::ApiKeyWrongType, basis, 1.0));
    }
}

fn refusal(joined: &Correlated, at: usize, key: Sym, reason: Reason, basis: Basis, confidence: f64) -> KeyFailure {
    let attempt = &joined.attempts[at];
    KeyFailure {
        attempt: Some(at as u32),
        key,
        reason,
        time: attempt.time,
        place: joined.source_lines.of(attempt.pos),
        node: joined.nodes.index(attempt.node),
        confidence,
        basis,
    }
}

/// Wrong passwords of known accounts, and realms that a node lacks.
fn passwords(joined: &mut Correlated, profiles: &AttemptProfiles, lacking: &Lacking) {
    let order = RealmOrder::learn(joined, profiles);
    let cluster = |node: usize| joined.nodes.all()[node].cluster;
    let chains: BTreeSet<(usize, u32)> = profiles.failed().map(|way| (cluster(way.node), way.chain.0)).collect();
    let moved = |&(cluster, chain): &(usize, u32)| {
        let realms = joined.state.chains.get(ChainId(chain));
        realms.is_some_and(|realms| order.moved_to_front(joined, cluster, realms))
    };
    let moved: HashSet<(usize, u32), RandomState> = chains.into_iter().filter(moved).collect();
    each_unexplained(joined, |joined, attempt| {
        let symbols = &joined.state.symbols;
        let realms = joined.state.chains.get(attempt.chain).filter(|realms| !realms.is_empty())?;
        let only_reserved = realms.len() == 1 && symbols.get(realms[0]) == Some(b"reserved");
        let reserved = || symbols.get(attempt.principal).is_some_and(|name| RESERVED_USERS.contains(&name));
        if moved.contains(&(joined.nodes.cluster(attempt.node), attempt.chain.0)) || only_reserved && reserved() {
            Some(Reason::BadPassword)
        } else {
            let account = (joined.nodes.cluster(attempt.node), attempt.principal);
            let lacks = lacking.lacks(account, joined.nodes.index(attempt.node));
            lacks.then_some(Reason::RealmNotConfigured)
        }
    });
}

/// Accounts that no realm knows: the node asked all its realms, and none complained in a server log in which realms do
/// complain of wrong passwords. A disabled account does not look like this: the realm that knows it ends the chain early.
fn unknown_users(joined: &mut Correlated, profiles: &AttemptProfiles, lacking: &Lacking) {
    if let Some(silent) = Silent::learn(joined, profiles, lacking) {
        each_unexplained(joined, |joined, attempt| silent.all_asked(joined, attempt).then_some(Reason::UnknownUser));
    }
}

/// What the silence of realms means on each node.
struct Silent {
    /// By node: its realms, where enough principals were asked of all of them and its realms complain of passwords.
    realms: Vec<Option<BTreeSet<Sym>>>,
    /// Principals that some realm of a cluster knows: they succeeded, or a realm complained of their password.
    known: HashSet<Account, RandomState>,
}

impl Silent {
    /// `None` where no realm complains of anything, so that silence means nothing.
    fn learn(joined: &Correlated, profiles: &AttemptProfiles, lacking: &Lacking) -> Option<Self> {
        let mut complains = vec![false; joined.nodes.all().len()];
        let mut known: HashSet<Account, RandomState> = lacking.succeeds.keys().copied().collect();
        for line in &joined.reason_lines {
            let told = &line.record;
            complains[line.node] |= told.about == Subject::Realm;
            if matches!(told.about, Subject::Realm | Subject::Principal) && told.reason != Reason::UnknownUser {
                known.insert((joined.nodes.all()[line.node].cluster, told.subject));
            }
        }
        if !complains.contains(&true) {
            return None;
        }
        let wrong = |attempt: &Attempt| attempt.outcome == Outcome::Failed && attempt.reason == Reason::BadPassword;
        let account = |at: usize| (joined.nodes.cluster(joined.attempts[at].node), joined.attempts[at].principal);
        known.extend(those(joined, wrong).into_iter().map(account));
        let mut asked: Vec<HashSet<Sym, RandomState>> = vec![HashSet::default(); complains.len()];
        for way in profiles.failed() {
            let realms = joined.state.chains.get(way.chain);
            if realms.is_some_and(|realms| realms.len() == lacking.has[way.node].len()) {
                asked[way.node].insert(way.principal);
            }
        }
        let realms = lacking.has.iter().zip(complains).zip(asked).map(|((realms, complains), asked)| {
            let enough = !realms.is_empty() && asked.len() as u64 >= AGREEING_PRINCIPALS;
            (complains && enough).then(|| realms.clone())
        });
        Some(Self { realms: realms.collect(), known })
    }

    /// Whether all realms of the node were asked of a principal that none is known to know, while its server log is there.
    fn all_asked(&self, joined: &Correlated, attempt: &Attempt) -> bool {
        let node = joined.nodes.index(attempt.node);
        let (Some(realms), Some(asked)) = (&self.realms[node], joined.state.chains.get(attempt.chain)) else {
            return false;
        };
        attempt.principal.is_some()
            && !self.known.contains(&(joined.nodes.all()[node].cluster, attempt.principal))
            && asked.len() == realms.len()
            && asked.iter().all(|realm| realms.contains(realm))
            && joined.nodes.all()[node].server_log_covers(attempt.time, 0)
    }
}

/// How often, by principals, one realm of a cluster is asked before another.
struct RealmOrder {
    before: BTreeMap<(usize, Sym, Sym), u64>,
}

impl RealmOrder {
    fn learn(joined: &Correlated, profiles: &AttemptProfiles) -> Self {
        // Each principal counts once a chain, on however many nodes.
        let realms = |chain: ChainId| joined.state.chains.get(chain).filter(|realms| realms.len() > 1);
        let mut asked: Vec<(usize, ChainId, Sym)> = profiles
            .failed()
            .filter(|way| realms(way.chain).is_some())
            .map(|way| (joined.nodes.all()[way.node].cluster, way.chain, way.principal))
            .collect();
        asked.par_sort_unstable_by_key(|(cluster, chain, principal)| (*cluster, chain.0, *principal));
        asked.dedup();
        let mut before: BTreeMap<(usize, Sym, Sym), u64> = BTreeMap::new();
        for run in asked.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (cluster, chain, _) = run[0];
            let realms = realms(chain).unwrap_or_default();
            for (at, &first) in realms.iter().enumerate() {
                for &second in &realms[at + 1..] {
                    *before.entry((cluster, first, second)).or_default() += run.len() as u64;
                }
            }
        }
        Self { before }
    }

    /// Whether the first realm is canonically asked before the second: by the built-in order, else by a clear majority.
    /// `None` where too little is known.
    fn precedes(&self, joined: &Correlated, cluster: usize, first: Sym, second: Sym) -> Option<bool> {
        let built_in = |realm: Sym| {
            let name = joined.state.symbols.get(realm)?;
            BUILT_IN_ORDER.iter().position(|&known| known == name)
        };
        match (built_in(first), built_in(second)) {
            (Some(a), Some(b)) => return Some(a < b),
            (Some(_), None) => return Some(true),
            (None, Some(_)) => return Some(false),
            (None, None) => {}
        }
        let count = |pair| self.before.get(&pair).copied().unwrap_or(0);
        let (forth, back) = (count((cluster, first, second)), count((cluster, second, first)));
        if forth + back < AGREEING_PRINCIPALS || forth == back {
            return None;
        }
        let clear = forth.max(back) >= 4 * forth.min(back);
        clear.then_some(forth > back)
    }

    /// Whether a chain begins with a realm that belongs behind another of it while the rest stands in order: the node
    /// has moved the realm that lately authenticated this principal to the front (audit-format 1.7).
    fn moved_to_front(&self, joined: &Correlated, cluster: usize, realms: &[Sym]) -> bool {
        let Some((&front, rest)) = realms.split_first() else { return false };
        let rest_in_order = rest.windows(2).all(|pair| self.precedes(joined, cluster, pair[0], pair[1]) != Some(false));
        rest_in_order && rest.iter().any(|&realm| self.precedes(joined, cluster, realm, front) == Some(true))
    }
}

/// A principal of a cluster: an account of the same name elsewhere is another.
type Account = (usize, Sym);

/// Realms that authenticate a principal on one node and that another node does not have.
struct Lacking {
    /// Realms by which a principal succeeds in a cluster.
    succeeds: HashMap<Account, BTreeSet<Sym>, RandomState>,
    /// By node: realms met on it.
    has: Vec<BTreeSet<Sym>>,
    /// By node: attempts with a known, not empty chain.
    chains: Vec<u64>,
}

impl Lacking {
    fn learn(joined: &Correlated, profiles: &AttemptProfiles) -> Self {
        let nodes = joined.nodes.all().len();
        let mut lacking =
            Self { succeeds: HashMap::default(), has: vec![BTreeSet::new(); nodes], chains: vec![0; nodes] };
        joined.state.successes.keys().filter(|actor| !actor.apikey.is_some()).for_each(|actor| {
            let pseudo = joined.state.symbols.get(actor.realm).is_none_or(|realm| realm.starts_with(b"_"));
            if !pseudo {
                let account = (joined.nodes.cluster(actor.node), actor.principal);
                lacking.succeeds.entry(account).or_default().insert(actor.realm);
                lacking.has[joined.nodes.index(actor.node)].insert(actor.realm);
            }
        });
        let mut met: HashSet<(usize, ChainId), RandomState> = HashSet::default();
        for (way, count) in profiles.iter() {
            if let Some(realms) = joined.state.chains.get(way.chain).filter(|realms| !realms.is_empty()) {
                lacking.chains[way.node] += count;
                if met.insert((way.node, way.chain)) {
                    lacking.has[way.node].extend(realms.iter().copied());
                }
            }
        }
        lacking
    }

    /// Whether the principal is authenticated elsewhere by realms of which the node has none.
    fn lacks(&self, account: Account, node: usize) -> bool {
        self.chains[node] >= CHAINS_OF_A_NODE
            && self
                .succeeds
                .get(&account)
                .is_some_and(|realms| realms.iter().all(|realm| !self.has[node].contains(realm)))
    }
}

/// A client that used a key until its end and is refused from then on: the refusals are those of the key.
fn ended_keys(joined: &mut Correlated, keys: &[KeyInfo], uses: &Uses, failures: &mut Vec<KeyFailure>) {
    let ends: HashMap<Sym, _, RandomState> = keys.iter().filter_map(|key| Some((key.id, end_of(key)?))).collect();
    let used_one = |source: &Client| uses.get(source).is_some_and(|used| used.keys().any(|key| ends.contains_key(key)));
    let sources: HashSet<Client, RandomState> = uses.keys().copied().filter(used_one).collect();
    if sources.is_empty() {
        return;
    }
    let nodes = &joined.nodes;
    let client = |attempt: &Attempt| (nodes.cluster(attempt.node), attempt.source);
    let mut refused: BTreeMap<Client, Vec<usize>> = BTreeMap::new();
    let unexplained = |attempt: &Attempt| {
        attempt.outcome == Outcome::AnonymousDenied
            && attempt.basis == Basis::None
            && attempt.source.is_some()
            && sources.contains(&client(attempt))
    };
    for at in those(joined, unexplained) {
        refused.entry(client(&joined.attempts[at])).or_default().push(at);
    }
    for (source, attempts) in refused {
        let Some(used) = uses.get(&source) else { continue };
        let time = |at: usize| joined.attempts[at].time;
        // Of several keys that ended, the refusals belong to the one whose end their onset follows most closely.
        let mut best: Option<(Millis, Sym, Reason, Basis, usize)> = None;
        for (&key, use_of_key) in used {
            let Some(&(end, reason, basis)) = ends.get(&key) else { continue };
            let first = attempts.partition_point(|&at| time(at) < end);
            let (Some(&onset), Some(last_use)) = (attempts.get(first), use_of_key.last) else { continue };
            // Refused about as often before: then it is something else.
            let before =
                attempts[..first].iter().filter(|&&at| use_of_key.first.is_some_and(|start| time(at) >= start)).count();
            let gap = use_of_key.span_ms() / i64::try_from(use_of_key.count.max(1)).unwrap_or(1);
            let prompt = time(onset).0 - end.0 <= ONSET_MS.max(4 * gap);
            let until_the_end = last_use.0 <= end.0 + 5_000;
            if use_of_key.count < USES || !until_the_end || !prompt || before * 10 > attempts.len() - first {
                continue;
            }
            let better = best.is_none_or(|(other, other_key, ..)| {
                (end, joined.state.symbols.get(key)) > (other, joined.state.symbols.get(other_key))
            });
            if better {
                best = Some((end, key, reason, basis, first));
            }
        }
        let Some((end, key, reason, basis, first)) = best else { continue };
        let replaced = used.iter().filter(|&(&other, _)| other != key).filter_map(|(_, other)| other.last).max();
        for &at in &attempts[first..] {
            joined.attempts[at].reason = reason;
            joined.attempts[at].basis = basis;
            let sure = replaced.is_none_or(|last| last <= end);
            failures.push(refusal(joined, at, key, reason, basis, if sure { SURE } else { LESS_SURE }));
        }
    }
}

/// When and how a key ended, and what that rests on.
fn end_of(key: &KeyInfo) -> Option<(Millis, Reason, Basis)> {
    let invalidated = key.invalidated.and_then(|end| {
        let basis = if end.change.is_some() { Basis::Inferred } else { Basis::Context };
        Some((end.time?, Reason::ApiKeyInvalidated, basis))
    });
    let basis = if key.listed { Basis::Context } else { Basis::Inferred };
    let expired = key.expires.map(|time| (time, Reason::ApiKeyExpired, basis));
    [invalidated, expired].into_iter().flatten().min_by_key(|&(time, ..)| time)
}

/// Use of a key by a client on all nodes.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    count: u64,
    first: Option<Millis>,
    last: Option<Millis>,
}

impl Use {
    fn add(&mut self, series: &Series) {
        self.count += series.count();
        self.first = [self.first, series.first()].into_iter().flatten().min();
        self.last = self.last.max(series.last());
    }

    fn span_ms(&self) -> i64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => 0,
        }
    }
}

/// A client of a cluster, by address.
type Client = (usize, Sym);

/// By client: the keys it used.
type Uses = BTreeMap<Client, BTreeMap<Sym, Use>>;

fn key_uses(joined: &Correlated) -> Uses {
    let mut uses = Uses::new();
    joined.state.successes.iter().filter(|(actor, _)| actor.apikey.is_some()).for_each(|(actor, series)| {
        uses.entry((joined.nodes.cluster(actor.node), actor.source))
            .or_default()
            .entry(actor.apikey)
            .or_default()
            .add(series);
    });
    uses
}

/// `api key is expired` names no key: it is the one that its client used last before, if that is the only one known to
/// have expired by then.
fn name_expired(joined: &Correlated, keys: &[KeyInfo], uses: &Uses, failures: &mut [KeyFailure]) {
    let by_id: BTreeMap<Sym, &KeyInfo> = keys.iter().map(|key| (key.id, key)).collect();
    for failure in
        failures.iter_mut().filter(|failure| failure.reason == Reason::ApiKeyExpired && !failure.key.is_some())
    {
        let Some(attempt) = failure.attempt.map(|at| &joined.attempts[at as usize]) else { continue };
        let Some(used) = uses.get(&(joined.nodes.cluster(attempt.node), attempt.source)) else { continue };
        let before = used.iter().filter(|(_, of_key)| of_key.last.is_some_and(|last| last <= failure.time));
        let mut candidates: Vec<Sym> = before.map(|(&key, _)| key).collect();
        let expired = |key: &Sym| by_id.get(key).and_then(|key| key.expires).is_some_and(|time| time <= failure.time);
        if candidates.iter().any(expired) {
            candidates.retain(expired);
        }
        if let [only] = candidates.as_slice() {
            failure.key = *only;
        }
    }
}
