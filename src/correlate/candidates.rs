//! Which attempts a line of the server log may explain, and what speaks for each beside the time.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Joined;
use super::history::KeyHistory;
use super::matching::MatchCandidate;
use super::reason_lines::{ReasonLine, TRACE_WINDOWS};
use crate::reason::{Basis, Reason, Subject};
use crate::state::{Attempt, ChainId, Outcome, Pos, Sym};

/// Candidates kept per line: more stand within the window only in a flood, where the nearest decide.
const MOST_CANDIDATES: usize = 24;

/// Attempts looked at per line in search of candidates.
const MOST_LOOKED_AT: usize = 256;

/// Logarithms of likelihood ratios for what a pair has in common beside the time.
const SAME_TRACE: f64 = 25.0;
const SAME_PRINCIPAL: f64 = 3.0;
const NAMED_IN_TEXT: f64 = 5.0;

/// The attempts, so that those near a line are found.
pub(super) struct Candidates {
    /// By node of the table: its attempts, by time.
    by_node: Vec<Vec<u32>>,
    traces: HashMap<Pos, Sym, RandomState>,
    window: i64,
}

impl Candidates {
    pub(super) fn new(joined: &Joined, window: i64) -> Self {
        let mut by_node = vec![Vec::new(); joined.nodes.all().len()];
        for (at, attempt) in joined.attempts.iter().enumerate() {
            by_node[joined.nodes.index(attempt.node)].push(at as u32);
        }
        Self { by_node, traces: joined.state.traces.iter().copied().collect(), window }
    }

    /// The attempts that a line may explain, the likeliest and nearest first. A line comes before the event that ends its
    /// attempt, in the same millisecond at the latest, unless it is one of those that come after (audit-format 1.14).
    pub(super) fn of(
        &self,
        joined: &Joined,
        line: &ReasonLine,
        number: u32,
        history: &KeyHistory<'_>,
    ) -> Vec<MatchCandidate> {
        let time = line.record.time;
        let of_node = self.by_node[line.node].as_slice();
        let attempt = |at: u32| &joined.attempts[at as usize];
        let reach = if line.record.trace.is_some() { self.window.saturating_mul(TRACE_WINDOWS) } else { self.window };
        let mut pairs = Vec::new();
        let mut look = |at: u32| {
            let apart = time.0 - attempt(at).time.0;
            if apart.abs() > reach {
                return false;
            }
            let near = apart.abs() <= self.window;
            if let Some(bonus) = self.compatible(joined, line, attempt(at), history, near) {
                let affinity = (what(line), attempt(at).source.0);
                let who = (attempt(at).principal, attempt(at).chain);
                pairs.push(MatchCandidate {
                    line: number,
                    attempt: at,
                    apart,
                    affinity,
                    who,
                    reason: line.record.reason,
                    bonus,
                });
            }
            true
        };
        if line.record.about.comes_after() {
            let end = of_node.partition_point(|&at| attempt(at).time <= time);
            let _ = of_node[..end].iter().rev().take(MOST_LOOKED_AT).all(|&at| look(at));
        } else {
            let start = of_node.partition_point(|&at| attempt(at).time < time);
            let _ = of_node[start..].iter().take(MOST_LOOKED_AT).all(|&at| look(at));
        }
        pairs.sort_by(|a: &MatchCandidate, b: &MatchCandidate| {
            b.bonus.total_cmp(&a.bonus).then((a.apart.abs(), a.attempt).cmp(&(b.apart.abs(), b.attempt)))
        });
        pairs.truncate(MOST_CANDIDATES);
        pairs
    }

    /// Whether a line may explain an attempt, and what speaks for it beside the time.
    fn compatible(
        &self,
        joined: &Joined,
        line: &ReasonLine,
        attempt: &Attempt,
        history: &KeyHistory<'_>,
        near: bool,
    ) -> Option<f64> {
        let record = &line.record;
        let mut bonus = 0.0;
        match self.traces.get(&attempt.pos) {
            Some(&trace) if record.trace.is_some() => {
                if trace != record.trace {
                    return None;
                }
                bonus += SAME_TRACE;
            }
            _ if !near => return None,
            _ => {}
        }
        if !fits(joined, line, attempt, history) {
            return None;
        }
        if record.subject.is_some() && attempt.principal == record.subject {
            bonus += SAME_PRINCIPAL;
        }
        if record.about == Subject::ApiKey && attempt.outcome == Outcome::AnonymousDenied {
            bonus += history.favour(
                (joined.nodes.cluster(attempt.node), attempt.source),
                record.subject,
                record.reason,
                record.time,
            );
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
}

/// What a line says, as a number: lines that say the same may stand for each other.
fn what(line: &ReasonLine) -> u32 {
    let record = &line.record;
    // Symbols are far below; a reason without a subject is a subject of its own.
    if record.subject.is_some() { record.subject.0 } else { u32::MAX - record.reason as u32 }
}

/// Whether an attempt is of the kind that a line tells of.
fn fits(joined: &Joined, line: &ReasonLine, attempt: &Attempt, history: &KeyHistory<'_>) -> bool {
    let record = &line.record;
    let named = record.subject.is_some() && attempt.principal == record.subject;
    let anonymous = attempt.outcome == Outcome::AnonymousDenied;
    let of_key = || !anonymous && (history.knows(attempt.principal) || is_key_id(joined, attempt.principal));
    let free = attempt.basis == Basis::None;
    match record.about {
        // Any failure of a cross-cluster key ends in the name of its id, which the line may leave out.
        Subject::ApiKey if record.reason == Reason::ServerBusy && !record.subject.is_some() => of_key(),
        Subject::ApiKey => anonymous || named || (!record.subject.is_some() && of_key()),
        Subject::TerminatedKey => of_key(),
        Subject::Token => anonymous || !attempt.principal.is_some(),
        Subject::ServiceToken if record.subject.is_some() => anonymous || named,
        Subject::ServiceToken => !anonymous && is_service_account(joined, attempt.principal),
        Subject::Principal | Subject::PasswordHash | Subject::Negotiation => !anonymous && named,
        Subject::Realm => {
            !anonymous && (named || !record.subject.is_some()) && asks(joined, attempt.chain, record.realm)
        }
        // The native realm does not name itself where it could not read an account.
        Subject::RealmCheck => {
            !anonymous && named && (!record.realm.is_some() || asks(joined, attempt.chain, record.realm))
        }
        Subject::Anybody => !anonymous && free,
        Subject::Unreadable => !anonymous && !attempt.principal.is_some(),
        Subject::Anonymous | Subject::NoCredentials => anonymous && free,
        Subject::OtherCredentials => anonymous,
    }
}

/// Whether a principal has the form of an API key's id: 20 characters of base64url, as Elasticsearch makes them.
pub(super) fn is_key_id(joined: &Joined, principal: Sym) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    joined.state.symbols.get(principal).is_some_and(|id| id.len() == 20 && id.iter().all(of_base64))
}

/// Whether a principal is `namespace/service`.
fn is_service_account(joined: &Joined, principal: Sym) -> bool {
    let parts = joined.state.symbols.get(principal).map(|name| name.split(|&byte| byte == b'/'));
    parts.is_some_and(|parts| parts.count() == 2)
}

/// Whether a realm is in a chain, or the chain is not known.
fn asks(joined: &Joined, chain: ChainId, realm: Sym) -> bool {
    joined.state.chains.get(chain).is_none_or(|realms| realms.contains(&realm))
}
