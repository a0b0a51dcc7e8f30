//! Why each attempt failed, from the server logs: every line that tells a reason is matched to one attempt.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Joined;
use super::candidates::Candidates;
use super::history::KeyHistory;
use super::matching::MatchCandidate;
use super::reason_lines::{self, KeyFailure, LIKELIER_THAN_NOT, ReasonLine};
use super::shares::{ContestedAttempt, Match, SharedReasons, assign};
use crate::reason::{Basis, Reason, Subject};
use crate::state::Sym;
use crate::time::Millis;

/// A reason is told as a fact from the first likelihood on, as an inference from the second, and not at all below: of two or
/// three attempts that fit a line alike, none is singled out.
const FACT: f64 = 0.9;
const INFERENCE: f64 = 0.75;

/// What the lines told, beside the reasons of attempts.
#[derive(Debug, Default)]
pub(super) struct MatchedReasons {
    /// The refusals of API keys.
    pub(super) failures: Vec<KeyFailure>,
    /// By node: times of lines whose attempt was not found, by time.
    pub(super) left_over: Vec<Vec<Millis>>,
    /// Attempts without a principal that are known to have had credentials.
    pub(super) sent: BTreeSet<u32>,
}

/// Lines that are matched together, each to an attempt of its own. An attempt may have one of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Round {
    /// What one realm said; of each realm one.
    Realm,
    /// The same at DEBUG.
    RealmCheck,
    /// What ends an attempt.
    End,
    /// What may explain an attempt that nothing else explains.
    Rest,
    /// What comes behind.
    After,
}

impl Round {
    fn of(subject: Subject) -> Option<Self> {
        match subject {
            Subject::Realm => Some(Self::Realm),
            Subject::RealmCheck => Some(Self::RealmCheck),
            Subject::ApiKey
            | Subject::TerminatedKey
            | Subject::Principal
            | Subject::PasswordHash
            | Subject::Token
            | Subject::ServiceToken
            | Subject::Unreadable => Some(Self::End),
            Subject::Anybody | Subject::Anonymous => Some(Self::Rest),
            Subject::NoCredentials | Subject::OtherCredentials => Some(Self::After),
            Subject::Negotiation => None,
        }
    }
}

/// Gives attempts the reasons that the server logs tell, and moves their lines out of the state.
pub(super) fn from_server_logs(joined: &mut Joined, history: &KeyHistory<'_>, window: i64) -> MatchedReasons {
    let mut told =
        MatchedReasons { left_over: vec![Vec::new(); joined.nodes.all().len()], ..MatchedReasons::default() };
    if joined.state.reasons.is_empty() {
        return told;
    }
    let mut lines = reason_lines::take(joined);
    take_negotiations(joined, &mut lines, history, window);
    let candidates = Candidates::new(joined, window);
    let mut rounds: BTreeMap<(Round, Vec<u8>), Vec<usize>> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(round) = Round::of(line.record.about) else { continue };
        let by_realm = matches!(round, Round::Realm | Round::RealmCheck);
        let realm = joined.state.symbols.get(line.record.realm).filter(|_| by_realm);
        rounds.entry((round, realm.unwrap_or_default().to_vec())).or_default().push(at);
    }
    for ((round, _), group) in rounds {
        let of_group: Vec<&ReasonLine> = group.iter().map(|&at| &lines[at]).collect();
        let mut found: Vec<Option<Match>> = vec![None; group.len()];
        let assigned = matched(joined, &of_group, &candidates, history, window);
        for one in assigned.matches {
            found[one.line as usize] = Some(one);
        }
        for left in assigned.contested {
            leave(joined, &left);
        }
        for (at, found) in group.into_iter().zip(found) {
            apply(joined, &mut lines[at], found, round, &mut told);
        }
    }
    name_keys(joined, history, &mut told.failures);
    told.left_over.iter_mut().for_each(|times| times.sort_unstable());
    joined.reason_lines = lines;
    told
}

/// Gives a line its attempt, and the attempt its reason.
fn apply(joined: &mut Joined, line: &mut ReasonLine, found: Option<Match>, round: Round, told: &mut MatchedReasons) {
    let record = line.record;
    if found.is_none() && round != Round::After {
        told.left_over[line.node].push(record.time);
    }
    if let Some(found) = found {
        (line.attempt, line.confidence) = (Some(found.attempt), found.client);
        if found.reason >= INFERENCE {
            explain(joined, line, &found, told);
        } else {
            joined.contested.insert(found.attempt);
        }
    }
    if record.about.is_key() {
        // Where it may as well be another's, the client is not known.
        let found = found.filter(|found| found.client > LIKELIER_THAN_NOT);
        // A terminated attempt, and any of a cross-cluster key, bears the id that its line may leave out.
        let principal = found.map_or(Sym::NONE, |found| joined.attempts[found.attempt as usize].principal);
        let subject = record.subject;
        told.failures.push(KeyFailure {
            attempt: found.map(|found| found.attempt),
            key: if subject.is_some() { subject } else { principal },
            reason: record.reason,
            time: record.time,
            place: line.place,
            node: line.node,
            confidence: found.map_or(0.0, |found| found.client),
            basis: Basis::ServerLog,
        });
    }
}

/// Gives an attempt the reason that a line tells, unless it has a better one.
fn explain(joined: &mut Joined, line: &ReasonLine, found: &Match, told: &mut MatchedReasons) {
    let record = line.record;
    keep_text(&mut joined.messages, found.attempt, record.reason, record.text);
    if record.about == Subject::OtherCredentials {
        told.sent.insert(found.attempt);
        return;
    }
    let attempt = &mut joined.attempts[found.attempt as usize];
    let basis = if found.reason >= FACT && !found.tied { Basis::ServerLog } else { Basis::Inferred };
    if (worth(basis), stronger(record.reason)) < (worth(attempt.basis), stronger(attempt.reason)) {
        attempt.reason = record.reason;
        attempt.basis = basis;
        note_doubt(&mut joined.doubts, found);
    }
}

/// What is said of an attempt that got no line although one may be about it: where it is as likely as others of the same moment
/// to have failed for a reason, the same as of them.
fn leave(joined: &mut Joined, left: &ContestedAttempt) {
    if left.share < INFERENCE {
        joined.contested.insert(left.attempt);
        return;
    }
    let attempt = &mut joined.attempts[left.attempt as usize];
    if (worth(Basis::Inferred), stronger(left.reason)) < (worth(attempt.basis), stronger(attempt.reason)) {
        (attempt.reason, attempt.basis) = (left.reason, Basis::Inferred);
        joined.doubts.insert(left.attempt, left.share);
    }
}

/// Names the keys of refusals whose lines leave the id out, by who used which key until when.
fn name_keys(joined: &Joined, history: &KeyHistory<'_>, failures: &mut [KeyFailure]) {
    for failure in failures.iter_mut().filter(|failure| !failure.key.is_some()) {
        let Some(attempt) = failure.attempt.map(|at| &joined.attempts[at as usize]) else { continue };
        let client = (joined.nodes.cluster(attempt.node), attempt.source);
        if let Some(key) = history.name(client, failure.reason, failure.time) {
            failure.key = key;
        }
    }
}

/// Takes out the attempts that are steps of a negotiation: the client sends another token, and that decides.
fn take_negotiations(joined: &mut Joined, lines: &mut [ReasonLine], history: &KeyHistory<'_>, window: i64) {
    let steps: Vec<&ReasonLine> = lines.iter().filter(|line| line.record.about == Subject::Negotiation).collect();
    if steps.is_empty() {
        return;
    }
    let candidates = Candidates::new(joined, window);
    let mut steps: Vec<u32> =
        matched(joined, &steps, &candidates, history, window).matches.iter().map(|found| found.attempt).collect();
    steps.sort_unstable();
    joined.negotiations = steps.len() as u64;
    let mut at = 0;
    joined.attempts.retain(|_| {
        at += 1;
        steps.binary_search(&(at - 1)).is_err()
    });
}

/// Notes how sure a match is, unless it is as good as certain.
fn note_doubt(doubts: &mut BTreeMap<u32, f64>, found: &Match) {
    if found.event < 0.9995 {
        doubts.insert(found.attempt, found.event);
    } else {
        doubts.remove(&found.attempt);
    }
}

/// A message that was not understood is evidence all the same.
fn keep_text(messages: &mut BTreeMap<u32, Vec<Sym>>, attempt: u32, reason: Reason, text: Sym) {
    if reason == Reason::Unknown && text.is_some() {
        messages.entry(attempt).or_default().push(text);
    }
}

/// Which of several bases counts: what the node says of an attempt comes before what its record shows.
fn worth(basis: Basis) -> usize {
    const ORDER: [Basis; 4] = [Basis::ServerLog, Basis::Explicit, Basis::Context, Basis::Inferred];
    ORDER.iter().position(|&known| known == basis).unwrap_or(ORDER.len())
}

/// Which of several realms' reasons counts: a realm that knows the account says more than one that does not.
fn stronger(reason: Reason) -> usize {
    const ORDER: [Reason; 9] = [
        Reason::BadPassword,
        Reason::UserDisabled,
        Reason::TokenExpired,
        Reason::TokenInvalid,
        Reason::MalformedCredentials,
        Reason::ServerBusy,
        Reason::RealmUnavailable,
        Reason::RealmNotLicensed,
        Reason::UnknownUser,
    ];
    ORDER.iter().position(|&known| known == reason).unwrap_or(ORDER.len())
}

fn matched(
    joined: &Joined,
    lines: &[&ReasonLine],
    candidates: &Candidates,
    history: &KeyHistory<'_>,
    window: i64,
) -> SharedReasons {
    let of_line = |(number, line): (usize, &&ReasonLine)| candidates.of(joined, line, number as u32, history);
    let pairs: Vec<MatchCandidate> = lines.par_iter().enumerate().flat_map_iter(of_line).collect();
    assign(&pairs, window)
}
