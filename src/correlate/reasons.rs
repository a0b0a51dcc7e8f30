//! Why each attempt failed, from the server logs: every line that tells a reason is matched to one attempt.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::matching::{Match, Pair, assign};
use super::{Joined, SourceLine, dedupe_across_inputs};
use crate::reason::{Basis, Reason};
use crate::state::{Attempt, ChainId, Outcome, Pos, ReasonRecord, Subject, Sym};
use crate::time::Millis;

/// A refusal of an API key, told by a line of the server log or inferred.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFailure {
    /// The attempt it was joined to: index into [`Joined::attempts`]. `None`: the client is unknown.
    pub attempt: Option<u32>,
    /// The key; [`Sym::NONE`] where nothing names it.
    pub key: Sym,
    /// Why it was refused.
    pub reason: Reason,
    /// When.
    pub time: Millis,
    /// The line that tells the reason; of the attempt itself where none does.
    pub place: SourceLine,
    /// Index into the node table.
    pub node: usize,
    /// How sure the client is, 0 to 1; 0 where it is unknown.
    pub confidence: f64,
    /// What the reason rests on.
    pub basis: Basis,
}

/// A line of the server log that tells a reason, and the attempt that it was matched to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReasonLine {
    /// What it tells.
    pub record: ReasonRecord,
    /// Where it stands.
    pub place: SourceLine,
    /// Index into the node table.
    pub node: usize,
    /// Index into [`Joined::attempts`]. `None`: no attempt fits.
    pub attempt: Option<u32>,
    /// How surely the attempt is its own, 0 to 1; 0 where there is none.
    pub confidence: f64,
}

/// Candidates looked at per line: more stand within the window only in a flood, where the nearest decide.
const MOST_CANDIDATES: usize = 24;

/// Attempts looked at per line and direction in search of candidates.
const MOST_LOOKED_AT: usize = 256;

/// A shared `trace.id` reaches this many windows: the client's whole operation bears it.
const TRACE_WINDOWS: i64 = 20;

/// Logarithms of likelihood ratios for what a pair has in common beside the time.
const SAME_TRACE: f64 = 25.0;
const SAME_PRINCIPAL: f64 = 3.0;
const NAMED_IN_TEXT: f64 = 5.0;

/// Gives attempts the reasons that the server logs tell, and moves their lines out of the state; the result are the
/// refusals of API keys.
pub(super) fn from_server_logs(joined: &mut Joined, window: i64) -> Vec<KeyFailure> {
    let mut lines = distinct_lines(joined);
    let mut explained: Vec<Option<(u32, f64)>> = vec![None; lines.len()];
    let by_node = by_node(joined);
    let mut traces: HashMap<Pos, Sym, RandomState> = HashMap::default();
    traces.extend(joined.state.traces.iter().copied());
    let mut failures = Vec::new();
    // Realm lines first, realm by realm: an attempt may have one of each realm. The others explain an attempt alone.
    let mut of_realms: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    let mut of_attempts: Vec<usize> = Vec::new();
    let mut of_anybody: Vec<usize> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match line.record.about {
            Subject::Realm => {
                let realm = joined.state.symbols.get(line.record.realm).unwrap_or_default();
                of_realms.entry(realm.to_vec()).or_default().push(at);
            }
            Subject::Anybody => of_anybody.push(at),
            _ => of_attempts.push(at),
        }
    }
    for group in of_realms.into_values().chain([of_anybody]) {
        let group: Vec<(usize, &ReasonLine)> = group.into_iter().map(|at| (at, &lines[at])).collect();
        for found in matched(joined, &group, &by_node, &traces, window) {
            let (at, line) = group[found.line as usize];
            explained[at] = Some((found.attempt, found.confidence));
            let ReasonRecord { reason, text, .. } = line.record;
            keep_text(&mut joined.messages, found.attempt, reason, text);
            let attempt = &mut joined.attempts[found.attempt as usize];
            if attempt.basis != Basis::ServerLog || stronger(reason) < stronger(attempt.reason) {
                attempt.reason = reason;
                attempt.basis = Basis::ServerLog;
                note_doubt(&mut joined.doubts, &found);
            }
        }
    }
    let of_attempts: Vec<(usize, &ReasonLine)> = of_attempts.into_iter().map(|at| (at, &lines[at])).collect();
    let matches = matched(joined, &of_attempts, &by_node, &traces, window);
    let mut of_line: Vec<Option<Match>> = vec![None; of_attempts.len()];
    for found in matches {
        of_line[found.line as usize] = Some(found);
    }
    let mut left_over: Vec<Vec<Millis>> = vec![Vec::new(); joined.nodes.all().len()];
    for ((at, line), found) in of_attempts.into_iter().zip(of_line) {
        if found.is_none() {
            left_over[line.node].push(line.record.time);
        }
        if let Some(found) = found {
            explained[at] = Some((found.attempt, found.confidence));
            keep_text(&mut joined.messages, found.attempt, line.record.reason, line.record.text);
            let attempt = &mut joined.attempts[found.attempt as usize];
            attempt.reason = line.record.reason;
            attempt.basis = Basis::ServerLog;
            note_doubt(&mut joined.doubts, &found);
        }
        if line.record.about == Subject::ApiKey {
            // A terminated attempt bears the id that its line may leave out.
            let principal = found.map_or(Sym::NONE, |found| joined.attempts[found.attempt as usize].principal);
            let subject = line.record.subject;
            failures.push(KeyFailure {
                attempt: found.map(|found| found.attempt),
                key: if subject.is_some() { subject } else { principal },
                reason: line.record.reason,
                time: line.record.time,
                place: line.place,
                node: line.node,
                confidence: found.map_or(0.0, |found| found.confidence),
                basis: Basis::ServerLog,
            });
        }
    }
    say_what_silence_means(joined, window, &left_over);
    for (line, found) in lines.iter_mut().zip(explained) {
        if let Some((attempt, confidence)) = found {
            (line.attempt, line.confidence) = (Some(attempt), confidence);
        }
    }
    joined.state.reasons = Vec::new();
    joined.reason_lines = lines;
    failures
}

/// Notes how sure a match is, unless it is as good as certain.
fn note_doubt(doubts: &mut BTreeMap<u32, f64>, found: &Match) {
    if found.confidence < 0.9995 {
        doubts.insert(found.attempt, found.confidence);
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

/// An anonymous attempt that the server log does not mention came without credentials, if that log covers its time and
/// no line near by, `left_over` by node and time, tells of an attempt that was not found.
fn say_what_silence_means(joined: &mut Joined, window: i64, left_over: &[Vec<Millis>]) {
    let nodes = &joined.nodes;
    if nodes.all().iter().all(|node| node.server_log.is_empty()) {
        return;
    }
    let near = window.saturating_mul(TRACE_WINDOWS);
    let is_silent = |attempt: &Attempt| {
        let lines = &left_over[nodes.index(attempt.node)];
        let next = lines.partition_point(|time| time.0 < attempt.time.0.saturating_sub(near));
        let may_be_its = lines.get(next).is_some_and(|time| time.0 <= attempt.time.0.saturating_add(near));
        !may_be_its && nodes.of(attempt.node).server_log_covers(attempt.time, window)
    };
    joined.attempts.par_iter_mut().with_min_len(1024).for_each(|attempt| {
        let unexplained = attempt.outcome == Outcome::AnonymousDenied && attempt.basis == Basis::None;
        if unexplained && is_silent(attempt) {
            attempt.reason = Reason::MissingCredentials;
            attempt.basis = Basis::ServerLog;
        }
    });
}

/// Which of several realms' reasons counts: a realm that knows the account says more than one that does not.
fn stronger(reason: Reason) -> usize {
    const ORDER: [Reason; 7] = [
        Reason::BadPassword,
        Reason::UserDisabled,
        Reason::TokenExpired,
        Reason::TokenInvalid,
        Reason::RealmUnavailable,
        Reason::RealmNotLicensed,
        Reason::UnknownUser,
    ];
    ORDER.iter().position(|&known| known == reason).unwrap_or(ORDER.len())
}

/// The lines, each once although a log and its copy may both be among the inputs, by node, time and place.
fn distinct_lines(joined: &Joined) -> Vec<ReasonLine> {
    let mut lines: Vec<ReasonLine> = joined
        .state
        .reasons
        .iter()
        .map(|&record| ReasonLine {
            record,
            place: joined.source_lines.of(record.pos),
            node: joined.nodes.index(record.node),
            attempt: None,
            confidence: 0.0,
        })
        .collect();
    let identity = |line: &ReasonLine| {
        let record = &line.record;
        (line.node, record.time, record.about, record.subject, record.realm, record.reason, record.trace, record.text)
    };
    let path = |line: &ReasonLine| joined.source_lines.path(line.place.rank);
    lines.sort_by_key(|line| (identity(line), line.place));
    let mut kept = Vec::with_capacity(lines.len());
    let mut start = 0;
    while start < lines.len() {
        let same = identity(&lines[start]);
        let count = lines[start..].iter().take_while(|line| identity(line) == same).count();
        let run = start..start + count;
        let (_, from) = dedupe_across_inputs(&mut lines[run.clone()].iter().map(path).collect::<Vec<_>>());
        kept.extend(run.map(|at| path(&lines[at]) == from));
        start += count;
    }
    let mut kept = kept.into_iter();
    lines.retain(|_| kept.next().unwrap_or(true));
    lines.sort_by_key(|line| (line.node, line.record.time, line.place));
    lines
}

/// Indices of the attempts by node of the table, by time.
fn by_node(joined: &Joined) -> Vec<Vec<u32>> {
    let mut by_node = vec![Vec::new(); joined.nodes.all().len()];
    if !joined.state.reasons.is_empty() {
        for (at, attempt) in joined.attempts.iter().enumerate() {
            by_node[joined.nodes.index(attempt.node)].push(at as u32);
        }
    }
    by_node
}

fn matched(
    joined: &Joined,
    lines: &[(usize, &ReasonLine)],
    by_node: &[Vec<u32>],
    traces: &HashMap<Pos, Sym, RandomState>,
    window: i64,
) -> Vec<Match> {
    let of_line = |(number, (_, line)): (usize, &(usize, &ReasonLine))| {
        let mut found = Vec::new();
        candidates(joined, line, number as u32, &by_node[line.node], traces, window, &mut found);
        found.sort_by(|a: &Pair, b: &Pair| {
            b.bonus.total_cmp(&a.bonus).then((a.apart.abs(), a.attempt).cmp(&(b.apart.abs(), b.attempt)))
        });
        found.truncate(MOST_CANDIDATES);
        found
    };
    let pairs: Vec<Pair> = lines.par_iter().enumerate().flat_map_iter(of_line).collect();
    assign(&pairs, window)
}

/// The attempts of the node that a line may explain, nearest in time first in both directions.
fn candidates(
    joined: &Joined,
    line: &ReasonLine,
    number: u32,
    of_node: &[u32],
    traces: &HashMap<Pos, Sym, RandomState>,
    window: i64,
    pairs: &mut Vec<Pair>,
) {
    let time = line.record.time;
    let attempt = |at: u32| &joined.attempts[at as usize];
    let middle = of_node.partition_point(|&at| attempt(at).time < time);
    let reach = if line.record.trace.is_some() { window.saturating_mul(TRACE_WINDOWS) } else { window };
    let mut look = |at: u32| {
        let attempt = attempt(at);
        let apart = time.0 - attempt.time.0;
        if apart.abs() > reach {
            return false;
        }
        if let Some(bonus) = compatible(joined, line, attempt, traces, apart.abs() <= window) {
            let what = if line.record.subject.is_some() {
                line.record.subject.0
            } else {
                // Symbols are far below; a reason without a subject is a subject of its own.
                u32::MAX - line.record.reason as u32
            };
            pairs.push(Pair { line: number, attempt: at, apart, affinity: (what, attempt.source.0), bonus });
        }
        true
    };
    for &at in of_node[middle..].iter().take(MOST_LOOKED_AT) {
        if !look(at) {
            break;
        }
    }
    for &at in of_node[..middle].iter().rev().take(MOST_LOOKED_AT) {
        if !look(at) {
            break;
        }
    }
}

/// Whether a line may explain an attempt, and what speaks for it beside the time.
fn compatible(
    joined: &Joined,
    line: &ReasonLine,
    attempt: &Attempt,
    traces: &HashMap<Pos, Sym, RandomState>,
    near: bool,
) -> Option<f64> {
    let record = &line.record;
    let mut bonus = 0.0;
    match traces.get(&attempt.pos) {
        Some(&trace) if record.trace.is_some() => {
            if trace != record.trace {
                return None;
            }
            bonus += SAME_TRACE;
        }
        _ if !near => return None,
        _ => {}
    }
    let named = record.subject.is_some() && attempt.principal == record.subject;
    let anonymous = attempt.outcome == Outcome::AnonymousDenied;
    let fits = match record.about {
        // Too busy to check a key: the attempt ends there, in the name of the key's id, which the line leaves out.
        Subject::ApiKey if record.reason == Reason::ServerBusy && !record.subject.is_some() => {
            !anonymous && is_key_id(joined, attempt.principal)
        }
        Subject::ApiKey => anonymous || named,
        Subject::Token => anonymous || !attempt.principal.is_some(),
        Subject::ServiceToken => anonymous || named,
        Subject::Principal => !anonymous && named,
        Subject::Realm => {
            !anonymous && (named || !record.subject.is_some()) && asks(joined, attempt.chain, record.realm)
        }
        Subject::Anybody => !anonymous && attempt.basis == Basis::None,
    };
    if !fits {
        return None;
    }
    if named {
        bonus += SAME_PRINCIPAL;
    }
    if record.about == Subject::Realm && !record.subject.is_some() {
        let symbols = &joined.state.symbols;
        if let (Some(text), Some(name)) = (symbols.get(record.text), symbols.get(attempt.principal))
            && !name.is_empty()
            && memchr::memmem::find(text, name).is_some()
        {
            bonus += NAMED_IN_TEXT;
        }
    }
    Some(bonus)
}

/// Whether a principal has the form of an API key's id: 20 characters of base64url, as Elasticsearch makes them.
fn is_key_id(joined: &Joined, principal: Sym) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    joined.state.symbols.get(principal).is_some_and(|id| id.len() == 20 && id.iter().all(of_base64))
}

/// Whether a realm is in a chain, or the chain is not known.
fn asks(joined: &Joined, chain: ChainId, realm: Sym) -> bool {
    joined.state.chains.get(chain).is_none_or(|realms| realms.contains(&realm))
}

/// Sorts refusals by time, then place.
pub(super) fn sort(failures: &mut [KeyFailure]) {
    failures.sort_by_key(|a| (a.time, a.place, Reverse(a.attempt)));
}
