//! Reasons that no line tells, inferred from other events where the evidence is strong. Each basis says `inferred`
//! (or `context`, where a listing of keys decides), and [`crate::aggregate`] says from what.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::Joined;
use super::disabled::Disabled;
use super::keys::KeyInfo;
use super::known_realms::{KnownRealms, SettingsSay};
use super::profiles::AttemptProfiles;
use super::realms::{Kinds, Lacking, RealmOrder, SilentRealms};
use super::reason_lines::KeyFailure;
use super::told::by_listings;
use super::uses::{Client, KeyUse, Uses};
use crate::reason::{Basis, Reason};
use crate::reserved::RESERVED_USERS;
use crate::state::{Attempt, AttemptFlags, ChainId, Outcome, Sym};
use crate::time::Millis;

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
pub(super) fn infer(joined: &mut Joined, keys: &[KeyInfo], uses: &Uses, failures: &mut Vec<KeyFailure>) {
    known_ids(joined, keys, failures);
    if joined.attempts.iter().any(|attempt| attempt.basis == Basis::None && attempt.outcome == Outcome::Failed) {
        let profiles = AttemptProfiles::of(joined);
        let lacking = Lacking::learn(joined, &profiles);
        let known = KnownRealms::of(joined);
        passwords(joined, &profiles, &lacking, &known);
        let kinds = Kinds::learn(joined, &profiles);
        disabled_accounts(joined, &lacking, &kinds);
        if let Some(silent) = SilentRealms::learn(joined, &profiles, &lacking, &kinds) {
            each_unexplained(joined, |joined, at, attempt| {
                let is_silent = !joined.contested.contains(&at);
                (is_silent && silent.all_asked(joined, attempt)).then_some((Reason::UnknownUser, Basis::Inferred))
            });
        }
        by_listings(joined, &known, &lacking);
    }
    if !uses.is_empty() {
        ended_keys(joined, keys, uses, failures);
    }
}

/// Infers the reason of each failed attempt that has none by itself, on all cores.
fn each_unexplained(joined: &mut Joined, reason: impl Fn(&Joined, u32, &Attempt) -> Option<(Reason, Basis)> + Sync) {
    let mut attempts = std::mem::take(&mut joined.attempts);
    let known = &*joined;
    attempts.par_iter_mut().enumerate().with_min_len(PIECE).for_each(|(at, attempt)| {
        if attempt.outcome == Outcome::Failed
            && attempt.basis == Basis::None
            && let Some(told) = reason(known, at as u32, attempt)
        {
            (attempt.reason, attempt.basis) = told;
        }
    });
    joined.attempts = attempts;
}

/// The attempts, by index, that something holds for.
fn those(joined: &Joined, holds: impl Fn(&Attempt) -> bool + Sync) -> Vec<usize> {
    let attempts = joined.attempts.par_iter().with_min_len(PIECE).enumerate();
    attempts.filter(|(_, attempt)| holds(attempt)).map(|(at, _)| at).collect()
}

/// An attempt whose principal is the id of an API key. Over REST the key service terminated it: the key is of another type
/// than the interface wants. Over the transport layer every refusal of a cross-cluster key looks so, whatever its reason
/// (audit-format 1.9): only its end, where that is known, tells one.
fn known_ids(joined: &mut Joined, keys: &[KeyInfo], failures: &mut Vec<KeyFailure>) {
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
    let mut works = vec![false; joined.state.symbols.len() + 1];
    joined.state.successes.keys().for_each(|actor| works[actor.apikey.0 as usize] = true);
    for at in named {
        let attempt = joined.attempts[at];
        let Some(&key) = by_id.get(&attempt.principal) else { continue };
        let ended = end_of(key).filter(|&(end, ..)| end <= attempt.time);
        let wrong_type = || wrong_type(joined, key, &attempt).filter(|_| !works[key.id.0 as usize]);
        let Some((reason, basis)) = ended.map(|(_, reason, basis)| (reason, basis)).or_else(wrong_type) else {
            continue;
        };
        joined.attempts[at].reason = reason;
        joined.attempts[at].basis = basis;
        failures.push(refusal(joined, at, key.id, reason, basis, 1.0));
    }
}

/// Whether an attempt was of a key of the wrong type, and what that rests on.
fn wrong_type(joined: &Joined, key: &KeyInfo, attempt: &Attempt) -> Option<(Reason, Basis)> {
    let kind = joined.state.symbols.get(key.kind);
    // The listing says that it is a key for this interface, or the node's log is there and complains of no type.
    let right = kind.is_some_and(|kind| kind != b"cross_cluster");
    let over_transport = attempt.flags.has(AttemptFlags::TRANSPORT);
    if right || over_transport || joined.nodes.of(attempt.node).server_log_covers(attempt.time, 0) {
        return None;
    }
    let listed = kind == Some(b"cross_cluster");
    Some((Reason::ApiKeyWrongType, if listed { Basis::Context } else { Basis::Inferred }))
}

fn refusal(joined: &Joined, at: usize, key: Sym, reason: Reason, basis: Basis, confidence: f64) -> KeyFailure {
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
fn passwords(joined: &mut Joined, profiles: &AttemptProfiles, lacking: &Lacking, known: &KnownRealms) {
    let order = RealmOrder::learn(joined, profiles, known);
    let cluster = |node: usize| joined.nodes.all()[node].cluster;
    let chains: BTreeSet<(usize, u32)> = profiles.failed().map(|way| (cluster(way.node), way.chain.0)).collect();
    let moved = |(cluster, chain): (usize, u32)| {
        let realms = joined.state.chains.ordered(ChainId(chain))?;
        let basis = if order.is_configured(cluster, realms) { Basis::Context } else { Basis::Inferred };
        order.moved_to_front(joined, cluster, realms).then_some(((cluster, chain), basis))
    };
    let moved: HashMap<(usize, u32), Basis, RandomState> = chains.into_iter().filter_map(moved).collect();
    each_unexplained(joined, |joined, _, attempt| {
        let symbols = &joined.state.symbols;
        let realms = joined.state.chains.get(attempt.chain).filter(|realms| !realms.is_empty())?;
        let only_reserved = realms.len() == 1 && symbols.get(realms[0]) == Some(b"reserved");
        let reserved = || symbols.get(attempt.principal).is_some_and(|name| RESERVED_USERS.contains(&name));
        let moved = moved.get(&(joined.nodes.cluster(attempt.node), attempt.chain.0)).copied();
        if let Some(basis) = moved.or((only_reserved && reserved()).then_some(Basis::Inferred)) {
            Some((Reason::BadPassword, basis))
        } else {
            let account = (joined.nodes.cluster(attempt.node), attempt.principal);
            let node = joined.nodes.index(attempt.node);
            let elsewhere = lacking.succeeds.get(&account).and_then(|realms| known.say(joined, node, realms.iter()));
            match elsewhere {
                // Settings know better than what the log happens to show.
                Some(SettingsSay::Has) => None,
                Some(SettingsSay::NotLicensed) => Some((Reason::RealmNotLicensed, Basis::Context)),
                Some(SettingsSay::HasNone) => Some((Reason::RealmNotConfigured, Basis::Context)),
                None => lacking.lacks(account, node).then_some((Reason::RealmNotConfigured, Basis::Inferred)),
            }
        }
    });
}

/// Accounts that are disabled, with the change that disabled them where the log has it.
fn disabled_accounts(joined: &mut Joined, lacking: &Lacking, kinds: &Kinds) {
    let disabled = Disabled::learn(joined);
    let of = |joined: &Joined, attempt: &Attempt| disabled.is_disabled(joined, attempt, lacking, kinds);
    let found = those(joined, |attempt| {
        attempt.outcome == Outcome::Failed && attempt.basis == Basis::None && of(joined, attempt)
    });
    for at in found {
        let by = disabled.by(joined, &joined.attempts[at]);
        let attempt = &mut joined.attempts[at];
        attempt.reason = Reason::UserDisabled;
        attempt.basis = Basis::Inferred;
        if let Some(change) = by {
            joined.disabled_by.insert(at as u32, change);
        }
    }
}

/// A client that used a key until its end and is refused from then on: the refusals are those of the key.
fn ended_keys(joined: &mut Joined, keys: &[KeyInfo], uses: &Uses, failures: &mut Vec<KeyFailure>) {
    let ends: HashMap<Sym, _, RandomState> = keys.iter().filter_map(|key| Some((key.id, end_of(key)?))).collect();
    let with_ended = uses.iter().filter(|(_, key)| ends.contains_key(key));
    let sources: HashSet<Client, RandomState> = with_ended.map(|(client, _)| client).collect();
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
        let Some(used) = uses.of_client(source) else { continue };
        let time = |at: usize| joined.attempts[at].time;
        // Of several keys that ended, the refusals belong to the one whose end their onset follows most closely.
        let mut best: Option<(Millis, Sym, Reason, Basis, usize)> = None;
        for &KeyUse { key, used: use_of_key, .. } in used {
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
        let replaced = used.iter().filter(|other| other.key != key).filter_map(|other| other.used.last).max();
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

#[cfg(test)]
mod tests {
    use super::super::keys::{How, Invalidation};
    use super::*;

    #[test]
    fn a_key_ends_with_what_comes_first_and_rests_on_what_tells_of_it() {
        let (early, late) = (Millis(1), Millis(2));
        let invalidated = |time, change| Some(Invalidation { time, change, how: How::Id });
        let ended =
            |expires, invalidated, listed| end_of(&KeyInfo { expires, invalidated, listed, ..KeyInfo::default() });
        assert_eq!(ended(None, None, true), None);
        assert_eq!(ended(Some(late), None, true), Some((late, Reason::ApiKeyExpired, Basis::Context)));
        assert_eq!(ended(Some(late), None, false), Some((late, Reason::ApiKeyExpired, Basis::Inferred)));
        let (by_event, by_listing) = (invalidated(Some(early), Some(0)), invalidated(Some(early), None));
        assert_eq!(ended(Some(late), by_event, true), Some((early, Reason::ApiKeyInvalidated, Basis::Inferred)));
        assert_eq!(ended(Some(late), by_listing, true), Some((early, Reason::ApiKeyInvalidated, Basis::Context)));
        assert_eq!(
            ended(Some(early), invalidated(Some(late), Some(0)), false),
            Some((early, Reason::ApiKeyExpired, Basis::Inferred))
        );
        // Before 8.12 a listing does not say when.
        assert_eq!(ended(None, invalidated(None, None), true), None);
    }
}
