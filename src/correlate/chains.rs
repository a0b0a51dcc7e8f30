//! The realm chain of each attempt, and each attempt once.
//!
//! Most attempts arrive with their chain settled by the chunk they stand in. What remains here: requests that straddle
//! chunks or files, files sorted newest first whose equal times left the order open, and events met in several inputs.

use std::collections::BTreeMap;

use super::genuine;
use super::nodes::NodeTable;
use super::places::{Place, Places};
use crate::state::{Attempt, ChainId, Evicted, Key, Outcome, State, Sym};
use crate::time::Millis;

/// `event.action` of realm failures, for counting those met again.
const REALM_FAILED: &[u8] = b"realm_authentication_failed";

/// An attempt that straddles a stretch of evicted realm failures may have begun this long before it ended: LDAP and
/// Kerberos realms answer within their timeouts, 30 seconds by default.
const LONGEST_ATTEMPT_MS: i64 = 60_000;

/// A loose realm failure with its place.
#[derive(Debug, Clone, Copy)]
struct Loose {
    key: Key,
    place: Place,
    time: Millis,
    realm: Sym,
}

/// Takes the attempts out of the state, each once and with its chain. Events met again are counted in `repeated`.
pub(super) fn join(
    state: &mut State,
    places: &Places,
    nodes: &NodeTable,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<Attempt> {
    let mut attempts = std::mem::take(&mut state.attempts);
    let mut loose: Vec<Loose> = std::mem::take(&mut state.realm_failures)
        .into_iter()
        .map(|failure| Loose {
            key: failure.key,
            place: places.of(failure.pos),
            time: failure.time,
            realm: failure.realm,
        })
        .collect();
    loose.sort_unstable_by_key(|failure| (failure.key, failure.place));
    let several_inputs = state.inputs.iter().filter(|input| input.audit_events > 0).nth(1).is_some();
    if several_inputs || !loose.is_empty() {
        attempts.sort_unstable_by_key(|attempt| (attempt.key, attempt.outcome, attempt.time, places.of(attempt.pos)));
        let mut join = Join { state, places, repeated, loose_at: 0, loose: &loose };
        let mut keep = vec![true; attempts.len()];
        let mut start = 0;
        while start < attempts.len() {
            let key = attempts[start].key;
            let len = attempts[start..].iter().take_while(|attempt| attempt.key == key).count();
            let end = start + len;
            join.run(&mut attempts[start..end], &mut keep[start..end]);
            start = end;
        }
        join.only_loose(loose.len());
        let mut kept = keep.into_iter();
        attempts.retain(|_| kept.next().unwrap_or(true));
    }
    for attempt in &mut attempts {
        if attempt.chain == ChainId::NONE_SEEN {
            let logs = nodes.of(attempt.node).stats.realm_failures > 0;
            if !logs || !attempt.has_request_id || may_lack_evicted(&state.evicted, attempt) {
                attempt.chain = ChainId::UNKNOWN;
            }
        }
    }
    attempts
}

/// Whether realm failures of an attempt may be among those evicted.
fn may_lack_evicted(evicted: &Evicted, attempt: &Attempt) -> bool {
    attempt.outcome == Outcome::Failed
        && evicted.span.first.is_some_and(|first| attempt.time >= first)
        && evicted.span.last.is_some_and(|last| attempt.time.0 <= last.0 + LONGEST_ATTEMPT_MS)
}

struct Join<'s> {
    state: &'s mut State,
    places: &'s Places,
    repeated: &'s mut BTreeMap<Vec<u8>, u64>,
    loose: &'s [Loose],
    /// Where the loose failures not yet looked at begin.
    loose_at: usize,
}

impl Join<'_> {
    fn again(&mut self, action: &[u8], count: usize) {
        if count > 0 {
            *self.repeated.entry(action.to_vec()).or_default() += count as u64;
        }
    }

    /// All attempts of one key, ordered by outcome, time and place.
    fn run(&mut self, attempts: &mut [Attempt], keep: &mut [bool]) {
        let key = attempts[0].key;
        self.only_loose(self.loose.partition_point(|failure| failure.key < key));
        let loose_end = self.loose_at + self.loose[self.loose_at..].partition_point(|failure| failure.key == key);
        let loose = &self.loose[self.loose_at..loose_end];
        self.loose_at = loose_end;
        if attempts.len() == 1 && loose.is_empty() {
            return;
        }
        self.drop_repeated(attempts, keep);
        let failed: Vec<usize> =
            (0..attempts.len()).filter(|&at| keep[at] && attempts[at].outcome == Outcome::Failed).collect();
        match failed.as_slice() {
            [] => self.count_repeated_loose(loose),
            &[only] => self.unite(attempts, only, loose),
            several => self.assign(attempts, keep, several, loose),
        }
    }

    /// Loose failures, up to `end`, of requests that did not fail: only those met again matter.
    fn only_loose(&mut self, end: usize) {
        let loose = self.loose;
        let end = end.max(self.loose_at);
        for run in loose[self.loose_at..end].chunk_by(|a, b| a.key == b.key) {
            self.count_repeated_loose(run);
        }
        self.loose_at = end;
    }

    fn count_repeated_loose(&mut self, loose: &[Loose]) {
        if loose.iter().all(|failure| failure.place.rank == loose[0].place.rank) {
            return;
        }
        let surplus = loose.len() - distinct(loose).len();
        self.again(REALM_FAILED, surplus);
    }

    /// Marks attempts that are the same event met in several inputs.
    fn drop_repeated(&mut self, attempts: &[Attempt], keep: &mut [bool]) {
        let mut start = 0;
        for run in attempts.chunk_by(|a, b| (a.outcome, a.time) == (b.outcome, b.time)) {
            let rank = |attempt: &Attempt| self.places.of(attempt.pos).rank;
            let (count, from) = genuine(&mut run.iter().map(rank).collect::<Vec<_>>());
            for (at, attempt) in run.iter().enumerate() {
                keep[start + at] = rank(attempt) == from;
            }
            let surplus = run.len() - count;
            start += run.len();
            self.again(run[0].outcome.name().as_bytes(), surplus);
        }
    }

    /// One attempt, whose realm failures may stand in several chunks and inputs, some of them copies.
    fn unite(&mut self, attempts: &mut [Attempt], only: usize, loose: &[Loose]) {
        let mut by_input: BTreeMap<u32, Vec<Sym>> = BTreeMap::new();
        for part in loose.chunk_by(|a, b| a.place.rank == b.place.rank) {
            let rank = part[0].place.rank;
            let end = attempts
                .iter()
                .filter(|attempt| attempt.outcome == Outcome::Failed)
                .map(|attempt| (self.places.of(attempt.pos), attempt.time))
                .find(|(place, _)| place.rank == rank);
            by_input.insert(rank, self.ordered(part, end));
        }
        for attempt in attempts.iter().filter(|attempt| attempt.outcome == Outcome::Failed) {
            // What a chunk settled stands nearest to the end of the attempt.
            let settled = self.state.chains.get(attempt.chain).unwrap_or_default();
            by_input.entry(self.places.of(attempt.pos).rank).or_default().extend_from_slice(settled);
        }
        let total: usize = by_input.values().map(Vec::len).sum();
        // The longest account is the base; another input adds the realms it lacks, before or after it as the inputs
        // follow each other in time. A realm is asked once an attempt, so the same realm elsewhere is a copy.
        let longest = by_input.values().map(Vec::len).max().unwrap_or(0);
        let base = by_input.iter().find(|(_, realms)| realms.len() == longest).map_or(0, |(&rank, _)| rank);
        let mut before: Vec<Sym> = Vec::new();
        let mut chain = by_input.remove(&base).unwrap_or_default();
        for (rank, realms) in by_input {
            for realm in realms {
                if !chain.contains(&realm) && !before.contains(&realm) {
                    if rank < base { before.push(realm) } else { chain.push(realm) }
                }
            }
        }
        before.append(&mut chain);
        self.again(REALM_FAILED, total - before.len());
        attempts[only].chain = self.state.chains.intern(&before);
    }

    /// Several attempts of one request and principal: each takes the realm failures since the one before it.
    fn assign(&mut self, attempts: &mut [Attempt], keep: &[bool], several: &[usize], loose: &[Loose]) {
        let dropped: usize = (0..attempts.len())
            .filter(|&at| !keep[at])
            .map(|at| self.state.chains.get(attempts[at].chain).map_or(0, <[Sym]>::len))
            .sum();
        let taken = distinct(loose);
        self.again(REALM_FAILED, dropped + loose.len() - taken.len());
        let mut ends: Vec<(usize, Place)> = several.iter().map(|&at| (at, self.places.of(attempts[at].pos))).collect();
        ends.sort_unstable_by_key(|&(_, place)| place);
        let mut parts: BTreeMap<usize, Vec<Loose>> = BTreeMap::new();
        for failure in taken {
            let time = failure.time;
            // The next end in the file; in a file sorted newest first, the one before; else by time.
            let same = |place: &Place| place.rank == failure.place.rank;
            let next =
                ends.iter().find(|(at, place)| same(place) && *place > failure.place && attempts[*at].time >= time);
            let before = ends
                .iter()
                .rev()
                .find(|(at, place)| same(place) && *place < failure.place && attempts[*at].time >= time);
            let by_time = ends
                .iter()
                .filter(|(at, _)| attempts[*at].time >= time)
                .min_by_key(|(at, place)| (attempts[*at].time, *place));
            let owner = next.or(before).or(by_time).or(ends.last()).map_or(several[0], |&(at, _)| at);
            parts.entry(owner).or_default().push(failure);
        }
        for (at, part) in parts {
            let end = (self.places.of(attempts[at].pos), attempts[at].time);
            let mut realms: Vec<Sym> = Vec::new();
            for of_input in part.chunk_by(|a, b| a.place.rank == b.place.rank) {
                realms.extend(self.ordered(of_input, Some(end)));
            }
            realms.extend_from_slice(self.state.chains.get(attempts[at].chain).unwrap_or_default());
            attempts[at].chain = self.state.chains.intern(&realms);
        }
    }

    /// The realms of loose failures of one input (by place) in the order they were asked; `end` is the attempt's own
    /// event, if it stands in the same input.
    fn ordered(&self, part: &[Loose], end: Option<(Place, Millis)>) -> Vec<Sym> {
        let rank = part[0].place.rank;
        let end = end.filter(|(place, _)| place.rank == rank);
        let ascending = part.is_sorted_by_key(|failure| failure.time);
        let ends_last = end.is_none_or(|(place, _)| part.iter().all(|failure| failure.place < place));
        if ascending && ends_last {
            return part.iter().map(|failure| failure.realm).collect();
        }
        // Newest first. Equal times stand in reversed order, unless the file shows that it keeps their order.
        let input = &self.state.inputs[self.places.input(rank)];
        let with_end = part.iter().find(|failure| end.is_some_and(|(_, time)| failure.time == time));
        let reversed = match (with_end, end) {
            (Some(tie), Some((place, _))) => place < tie.place,
            _ => input.ties_reversed >= input.ties_forward,
        };
        let mut part = part.to_vec();
        if reversed {
            part.reverse();
        }
        part.sort_by_key(|failure| failure.time);
        part.iter().map(|failure| failure.realm).collect()
    }
}

/// Loose failures of one key with copies from other inputs taken out: of each time and realm as many as the input that
/// shows most of them has.
fn distinct(loose: &[Loose]) -> Vec<Loose> {
    let mut by_event: BTreeMap<(Millis, Sym), Vec<Loose>> = BTreeMap::new();
    for failure in loose {
        by_event.entry((failure.time, failure.realm)).or_default().push(*failure);
    }
    let mut kept: Vec<Loose> = by_event
        .into_values()
        .flat_map(|same| {
            let (_, from) = genuine(&mut same.iter().map(|failure| failure.place.rank).collect::<Vec<_>>());
            same.into_iter().filter(move |failure| failure.place.rank == from)
        })
        .collect();
    kept.sort_unstable_by_key(|failure| failure.place);
    kept
}
