//! What the silence of a server log means for an attempt without a principal: no credentials, or ones that leave no line.
//! It proves nothing (audit-format 1.13), so it counts only where the rest of the client's life agrees.

use std::collections::BTreeSet;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use rayon::prelude::*;

use super::Joined;
use super::reason_lines::TRACE_WINDOWS;
use crate::reason::{Basis, Reason};
use crate::state::{Attempt, Outcome, Sym};
use crate::time::Millis;

/// Infers `missing_credentials`. `left_over` are the times of lines, by node, whose attempt was not found; `sent` are
/// attempts that are known to have had credentials.
pub(super) fn infer(joined: &mut Joined, window: i64, left_over: &[Vec<Millis>], sent: &BTreeSet<u32>) {
    let nodes = &joined.nodes;
    if nodes.all().iter().all(|node| node.server_log.is_empty()) {
        return;
    }
    let bears = bearers(joined, sent);
    let near = window.saturating_mul(TRACE_WINDOWS);
    let is_silent = |attempt: &Attempt| {
        let lines = left_over.get(nodes.index(attempt.node)).map(Vec::as_slice).unwrap_or_default();
        let next = lines.partition_point(|time| time.0 < attempt.time.0.saturating_sub(near));
        let may_be_its = lines.get(next).is_some_and(|time| time.0 <= attempt.time.0);
        !may_be_its && nodes.of(attempt.node).server_log_covers(attempt.time, window)
    };
    let contested = &joined.contested;
    joined.attempts.par_iter_mut().enumerate().with_min_len(1024).for_each(|(at, attempt)| {
        let unexplained = attempt.outcome == Outcome::AnonymousDenied && attempt.basis == Basis::None;
        let may_have_sent = |at: u32| sent.contains(&at) || contested.contains(&at);
        if unexplained && !may_have_sent(at as u32) && !bears.contains(&attempt.source) && is_silent(attempt) {
            attempt.reason = Reason::MissingCredentials;
            attempt.basis = Basis::Inferred;
        }
    });
}

/// Clients that send keys or tokens, whether these are accepted or refused: of them a silent refusal may as well be of a
/// credential that leaves no line.
fn bearers(joined: &Joined, sent: &BTreeSet<u32>) -> HashSet<Sym, RandomState> {
    let is_token = |realm: Sym| {
        joined.state.symbols.get(realm).is_some_and(|realm| matches!(realm, b"_es_api_key" | b"_service_account"))
    };
    let accepted = joined.state.successes.keys().filter(|actor| actor.apikey.is_some() || is_token(actor.realm));
    let mut bearers: HashSet<Sym, RandomState> = accepted.map(|actor| actor.source).collect();
    let refused = |(at, attempt): &(usize, &Attempt)| {
        let of_token = attempt.basis != Basis::None
            && !matches!(attempt.reason, Reason::MissingCredentials | Reason::RealmNotLicensed | Reason::Unknown);
        attempt.outcome == Outcome::AnonymousDenied && (of_token || sent.contains(&(*at as u32)))
    };
    let refused: Vec<Sym> = joined
        .attempts
        .par_iter()
        .enumerate()
        .with_min_len(1024)
        .filter(refused)
        .map(|(_, attempt)| attempt.source)
        .collect();
    bearers.extend(refused);
    bearers.remove(&Sym::NONE);
    bearers
}
