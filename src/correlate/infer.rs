//! Reasons that no line tells, inferred from other events where the evidence is strong. Each basis says `inferred`
//! (or `context`, where a listing of keys decides), and [`crate::aggregate`] says from what.

use std::collections::{BTreeMap, BTreeSet};

use super::Correlated;
use super::keys::KeyInfo;
use super::reasons::KeyFailure;
use crate::reason::{Basis, Reason};
use crate::state::{Attempt, Outcome, Series, Subject, Sym};
use crate::time::Millis;

/// Users that the reserved realm alone answers for (audit-format 1.8).
const RESERVED_USERS: [&[u8]; 7] = [
    b"elastic",
    b"kibana",
    b"kibana_system",
    b"logstash_system",
    b"beats_system",
    b"apm_system",
    b"remote_monitoring_user",
];

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

/// Reasons of attempts that no log explains, and the refusals of keys found on the way.
pub(super) fn infer(joined: &mut Correlated, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
    known_ids(joined, keys, failures);
    passwords(joined);
    unknown_users(joined);
    ended_keys(joined, keys, failures);
    name_expired(joined, keys, failures);
}

/// An attempt whose principal is the id of an API key was terminated by the key service: the key is of another type than
/// the interface wants (audit-format 1.9).
fn known_ids(joined: &mut Correlated, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
    let by_id: BTreeMap<Sym, &KeyInfo> = keys.iter().map(|key| (key.id, key)).collect();
    // A key that works is of the right type: then the node was too busy to check it, or something else.
    let works: BTreeSet<Sym> = joined.successes().map(|actor| actor.apikey).collect();
    for at in 0..joined.attempts.len() {
        let attempt = joined.attempts[at];
        let Some(key) = by_id.get(&attempt.principal) else { continue };
        if attempt.outcome != Outcome::Failed || attempt.basis != Basis::None || works.contains(&key.id) {
            continue;
        }
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
        place: joined.places.of(attempt.pos),
        node: joined.nodes.index(attempt.node),
        confidence,
        basis,
    }
}

/// Wrong passwords of known accounts, and realms that a node lacks.
fn passwords(joined: &mut Correlated) {
    let order = RealmOrder::learn(joined);
    let lacking = Lacking::learn(joined);
    let mut moved: BTreeMap<u32, bool> = BTreeMap::new();
    for at in 0..joined.attempts.len() {
        let attempt = joined.attempts[at];
        if attempt.outcome != Outcome::Failed || attempt.basis != Basis::None {
            continue;
        }
        let symbols = &joined.state.symbols;
        let Some(realms) = joined.state.chains.get(attempt.chain).filter(|realms| !realms.is_empty()) else { continue };
        let reserved = symbols.get(attempt.principal).is_some_and(|name| RESERVED_USERS.contains(&name));
        let only_reserved = realms.len() == 1 && symbols.get(realms[0]) == Some(b"reserved");
        let known_account = *moved.entry(attempt.chain.0).or_insert_with(|| order.moved_to_front(joined, realms));
        let reason = if reserved && only_reserved || known_account {
            Reason::BadPassword
        } else if lacking.realm_of(attempt.principal, joined.nodes.index(attempt.node)).is_some() {
            Reason::RealmNotConfigured
        } else {
            continue;
        };
        joined.attempts[at].reason = reason;
        joined.attempts[at].basis = Basis::Inferred;
    }
}

/// Accounts that no realm knows: the node asked all its realms, and none complained in a server log in which realms do
/// complain of wrong passwords. A disabled account does not look like this: the realm that knows it ends the chain early.
fn unknown_users(joined: &mut Correlated) {
    let silent = Silent::learn(joined);
    for at in 0..joined.attempts.len() {
        let attempt = joined.attempts[at];
        if attempt.outcome == Outcome::Failed && attempt.basis == Basis::None && silent.all_asked(joined, &attempt) {
            joined.attempts[at].reason = Reason::UnknownUser;
            joined.attempts[at].basis = Basis::Inferred;
        }
    }
}

/// What the silence of realms means on each node.
struct Silent {
    /// By node: its realms, where enough principals were asked of all of them and its realms complain of passwords.
    realms: Vec<Option<BTreeSet<Sym>>>,
    /// Principals that some realm knows: they succeeded, or a realm complained of their password.
    known: BTreeSet<Sym>,
}

impl Silent {
    fn learn(joined: &Correlated) -> Self {
        let nodes = joined.nodes.all().len();
        let lacking = Lacking::learn(joined);
        let mut complains = vec![false; nodes];
        let mut known: BTreeSet<Sym> = lacking.succeeds.keys().copied().collect();
        for line in &joined.reason_lines {
            let told = &line.record;
            complains[line.node] |= told.about == Subject::Realm;
            if matches!(told.about, Subject::Realm | Subject::Principal) && told.reason != Reason::UnknownUser {
                known.insert(told.subject);
            }
        }
        let mut asked: Vec<BTreeSet<Sym>> = vec![BTreeSet::new(); nodes];
        for attempt in joined.attempts.iter().filter(|attempt| attempt.outcome == Outcome::Failed) {
            if attempt.reason == Reason::BadPassword {
                known.insert(attempt.principal);
            }
            let node = joined.nodes.index(attempt.node);
            if joined.state.chains.get(attempt.chain).is_some_and(|realms| realms.len() == lacking.has[node].len()) {
                asked[node].insert(attempt.principal);
            }
        }
        let realms = lacking.has.into_iter().zip(complains).zip(asked).map(|((realms, complains), asked)| {
            (complains && !realms.is_empty() && asked.len() as u64 >= AGREEING_PRINCIPALS).then_some(realms)
        });
        Self { realms: realms.collect(), known }
    }

    /// Whether all realms of the node were asked of a principal that none is known to know, while its server log is there.
    fn all_asked(&self, joined: &Correlated, attempt: &Attempt) -> bool {
        let node = joined.nodes.index(attempt.node);
        let (Some(realms), Some(asked)) = (&self.realms[node], joined.state.chains.get(attempt.chain)) else {
            return false;
        };
        attempt.principal.is_some()
            && !self.known.contains(&attempt.principal)
            && asked.len() == realms.len()
            && asked.iter().all(|realm| realms.contains(realm))
            && joined.nodes.all()[node].server_log_covers(attempt.time, 0)
    }
}

/// How often, by principals, one realm is asked before another.
struct RealmOrder {
    before: BTreeMap<(Sym, Sym), u64>,
}

impl RealmOrder {
    fn learn(joined: &Correlated) -> Self {
        let mut seen: BTreeSet<(Sym, u32)> = BTreeSet::new();
        let mut before: BTreeMap<(Sym, Sym), u64> = BTreeMap::new();
        for attempt in joined.attempts.iter().filter(|attempt| attempt.outcome == Outcome::Failed) {
            let Some(realms) = joined.state.chains.get(attempt.chain).filter(|realms| realms.len() > 1) else {
                continue;
            };
            if !seen.insert((attempt.principal, attempt.chain.0)) {
                continue;
            }
            for (at, &first) in realms.iter().enumerate() {
                for &second in &realms[at + 1..] {
                    *before.entry((first, second)).or_default() += 1;
                }
            }
        }
        Self { before }
    }

    /// Whether the first realm is canonically asked before the second: by the built-in order, else by a clear majority.
    /// `None` where too little is known.
    fn precedes(&self, joined: &Correlated, first: Sym, second: Sym) -> Option<bool> {
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
        let (forth, back) = (count((first, second)), count((second, first)));
        if forth + back < AGREEING_PRINCIPALS || forth == back {
            return None;
        }
        let clear = forth.max(back) >= 4 * forth.min(back);
        clear.then_some(forth > back)
    }

    /// Whether a chain begins with a realm that belongs behind another of it while the rest stands in order: the node
    /// has moved the realm that lately authenticated this principal to the front (audit-format 1.7).
    fn moved_to_front(&self, joined: &Correlated, realms: &[Sym]) -> bool {
        let Some((&front, rest)) = realms.split_first() else { return false };
        let rest_in_order = rest.windows(2).all(|pair| self.precedes(joined, pair[0], pair[1]) != Some(false));
        rest_in_order && rest.iter().any(|&realm| self.precedes(joined, realm, front) == Some(true))
    }
}

/// Realms that authenticate a principal on one node and that another node does not have.
struct Lacking {
    /// Realms by which a principal succeeds.
    succeeds: BTreeMap<Sym, BTreeSet<Sym>>,
    /// By node: realms met on it.
    has: Vec<BTreeSet<Sym>>,
    /// By node: attempts with a known, not empty chain.
    chains: Vec<u64>,
}

impl Lacking {
    fn learn(joined: &Correlated) -> Self {
        let nodes = joined.nodes.all().len();
        let mut lacking = Self { succeeds: BTreeMap::new(), has: vec![BTreeSet::new(); nodes], chains: vec![0; nodes] };
        for actor in joined.successes() {
            let pseudo = joined.state.symbols.get(actor.realm).is_none_or(|realm| realm.starts_with(b"_"));
            if !pseudo && !actor.apikey.is_some() {
                lacking.succeeds.entry(actor.principal).or_default().insert(actor.realm);
                lacking.has[joined.nodes.index(actor.node)].insert(actor.realm);
            }
        }
        for attempt in &joined.attempts {
            if let Some(realms) = joined.state.chains.get(attempt.chain).filter(|realms| !realms.is_empty()) {
                let node = joined.nodes.index(attempt.node);
                lacking.chains[node] += 1;
                lacking.has[node].extend(realms.iter().copied());
            }
        }
        lacking
    }

    /// The realm that authenticates the principal elsewhere, if the node has none that does.
    fn realm_of(&self, principal: Sym, node: usize) -> Option<Sym> {
        let realms = self.succeeds.get(&principal)?;
        let enough = self.chains[node] >= CHAINS_OF_A_NODE;
        let has_none = realms.iter().all(|realm| !self.has[node].contains(realm));
        (enough && has_none).then(|| realms.iter().next().copied()).flatten()
    }
}

/// A client that used a key until its end and is refused from then on: the refusals are those of the key.
fn ended_keys(joined: &mut Correlated, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
    let by_id: BTreeMap<Sym, &KeyInfo> = keys.iter().map(|key| (key.id, key)).collect();
    let mut refused: BTreeMap<Sym, Vec<usize>> = BTreeMap::new();
    for (at, attempt) in joined.attempts.iter().enumerate() {
        if attempt.outcome == Outcome::AnonymousDenied && attempt.basis == Basis::None && attempt.source.is_some() {
            refused.entry(attempt.source).or_default().push(at);
        }
    }
    if refused.is_empty() {
        return;
    }
    let uses = key_uses(joined);
    for (source, attempts) in refused {
        let Some(used) = uses.get(&source) else { continue };
        let time = |at: usize| joined.attempts[at].time;
        // Of several keys that ended, the refusals belong to the one whose end their onset follows most closely.
        let mut best: Option<(Millis, Sym, Reason, Basis, usize)> = None;
        for (&key, use_of_key) in used {
            let Some((end, reason, basis)) = by_id.get(&key).and_then(|key| end_of(key)) else { continue };
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

/// By client: the keys it used.
fn key_uses(joined: &Correlated) -> BTreeMap<Sym, BTreeMap<Sym, Use>> {
    let mut uses: BTreeMap<Sym, BTreeMap<Sym, Use>> = BTreeMap::new();
    for actor in joined.successes().filter(|actor| actor.apikey.is_some()) {
        if let Some(series) = joined.state.successes.get(actor) {
            uses.entry(actor.source).or_default().entry(actor.apikey).or_default().add(series);
        }
    }
    uses
}

/// `api key is expired` names no key: it is the one that its client used last before, if that is the only one known to
/// have expired by then.
fn name_expired(joined: &Correlated, keys: &[KeyInfo], failures: &mut [KeyFailure]) {
    let by_id: BTreeMap<Sym, &KeyInfo> = keys.iter().map(|key| (key.id, key)).collect();
    let uses = key_uses(joined);
    for failure in
        failures.iter_mut().filter(|failure| failure.reason == Reason::ApiKeyExpired && !failure.key.is_some())
    {
        let Some(source) = failure.attempt.map(|at| joined.attempts[at as usize].source) else { continue };
        let Some(used) = uses.get(&source) else { continue };
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
