//! The realm chain of each attempt, and each attempt once.
//!
//! Most attempts arrive with their chain settled by the chunk they stand in. What remains here: requests that straddle
//! chunks or files, files sorted newest first whose equal times left the order open, and events met in several inputs.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::genuine;
use super::nodes::NodeTable;
use super::places::{Place, Places};
use crate::state::{Attempt, AttemptFlags, ChainId, Evicted, Key, Outcome, State, Sym};
use crate::time::Millis;

/// `event.action` of realm failures, for counting those met again.
const REALM_FAILED: &[u8] = b"realm_authentication_failed";

/// An attempt that straddles a stretch of evicted realm failures may have begun this long before it ended: LDAP and
/// Kerberos realms answer within their timeouts, 30 seconds by default.
const LONGEST_ATTEMPT_MS: i64 = 60_000;

/// Events that one task looks at, at least.
const PIECE: usize = 1024;

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
    let mut all = std::mem::take(&mut state.attempts);
    let mut loose: Vec<Loose> = std::mem::take(&mut state.realm_failures)
        .into_par_iter()
        .with_min_len(PIECE)
        .map(|failure| Loose {
            key: failure.key,
            place: places.of(failure.pos),
            time: failure.time,
            realm: failure.realm,
        })
        .collect();
    loose.par_sort_unstable_by_key(|failure| (failure.key, failure.place));
    let several_inputs = state.inputs.iter().filter(|input| input.audit_events > 0).nth(1).is_some();
    if several_inputs || !loose.is_empty() {
        let mut attempts = take_several(&mut all, &loose);
        attempts.par_sort_unstable_by(|a, b| {
            let key = |attempt: &Attempt| (attempt.key, attempt.outcome, attempt.time);
            key(a).cmp(&key(b)).then_with(|| places.of(a.pos).cmp(&places.of(b.pos)))
        });
        let votes = votes(&attempts, &all, &loose, state.inputs.len(), places);
        let mut join = Join { state, places, repeated, votes };
        let mut keep = vec![true; attempts.len()];
        let mut start = 0;
        let mut loose_start = 0;
        while start < attempts.len() {
            let key = attempts[start].key;
            let end = start + attempts[start..].iter().take_while(|attempt| attempt.key == key).count();
            let loose_end = loose_start + loose[loose_start..].partition_point(|failure| failure.key < key);
            join.without_attempt(&loose[loose_start..loose_end]);
            loose_start = loose_end + loose[loose_end..].iter().take_while(|failure| failure.key == key).count();
            join.run(&mut attempts[start..end], &mut keep[start..end], &loose[loose_end..loose_start]);
            start = end;
        }
        join.without_attempt(&loose[loose_start..]);
        all.extend(attempts.into_iter().zip(keep).filter_map(|(attempt, keep)| keep.then_some(attempt)));
    }
    let evicted = &state.evicted;
    all.par_iter_mut().with_min_len(PIECE).filter(|attempt| attempt.chain == ChainId::NONE_SEEN).for_each(|attempt| {
        let logs = nodes.of(attempt.node).stats.realm_failures > 0;
        if !logs || !attempt.has_request_id() || may_lack_evicted(evicted, attempt) {
            attempt.chain = ChainId::UNKNOWN;
        }
    });
    all
}

/// Takes out the attempts that are not the only event of their key. They are few, and the others need no putting together.
fn take_several(attempts: &mut Vec<Attempt>, loose: &[Loose]) -> Vec<Attempt> {
    let mut keys: Vec<Key> = attempts.par_iter().with_min_len(PIECE).map(|attempt| attempt.key).collect();
    keys.par_sort_unstable();
    let again: Vec<Key> = keys.par_chunk_by(|a, b| a == b).filter(|run| run.len() > 1).map(|run| run[0]).collect();
    drop(keys);
    let is_loose = |key: Key| loose.binary_search_by_key(&key, |failure| failure.key).is_ok();
    let together = |attempt: &Attempt| again.binary_search(&attempt.key).is_ok() || is_loose(attempt.key);
    let places: Vec<usize> = attempts
        .par_iter()
        .with_min_len(PIECE)
        .enumerate()
        .filter(|(_, attempt)| together(attempt))
        .map(|(at, _)| at)
        .collect();
    // From the last to the first, so that what takes the place of one that is taken out stays.
    places.into_iter().rev().map(|at| attempts.swap_remove(at)).collect()
}

/// Whether realm failures of an attempt may be among those evicted.
fn may_lack_evicted(evicted: &Evicted, attempt: &Attempt) -> bool {
    attempt.outcome == Outcome::Failed
        && evicted.span.first.is_some_and(|first| attempt.time >= first)
        && evicted.span.last.is_some_and(|last| attempt.time.0 <= last.0 + LONGEST_ATTEMPT_MS)
}

/// By rank of the input: attempts that stand after a realm failure of their own millisecond, and before one. Shows whether
/// a file sorted newest first keeps or reverses the order of equal times. `alone` are attempts whose realm failures, if they
/// have any, stand in their own chunk.
fn votes(attempts: &[Attempt], alone: &[Attempt], loose: &[Loose], inputs: usize, places: &Places) -> Vec<(u64, u64)> {
    let mut votes = vec![(0, 0); inputs];
    let forward = |attempt: &&Attempt| {
        attempt.flags.has(AttemptFlags::TIE_BEFORE) && attempt.outcome == Outcome::Failed && attempt.has_request_id()
    };
    let of_inputs = alone.par_iter().with_min_len(PIECE).filter(forward).map(|attempt| places.of(attempt.pos).rank);
    for rank in of_inputs.collect::<Vec<u32>>() {
        votes[rank as usize].0 += 1;
    }
    let mut loose_start = 0;
    for run in attempts.chunk_by(|a, b| (a.key, a.outcome) == (b.key, b.outcome)) {
        let key = run[0].key;
        loose_start += loose[loose_start..].partition_point(|failure| failure.key < key);
        let own = loose[loose_start..].iter().take_while(|failure| failure.key == key);
        for attempt in run.iter().filter(|attempt| attempt.outcome == Outcome::Failed && attempt.has_request_id()) {
            let place = places.of(attempt.pos);
            if run.iter().filter(|other| places.of(other.pos).rank == place.rank).nth(1).is_some() {
                continue;
            }
            let ties = own.clone().filter(|tie| tie.place.rank == place.rank && tie.time == attempt.time);
            let after = ties.clone().any(|tie| tie.place > place);
            let before = attempt.flags.has(AttemptFlags::TIE_BEFORE) || ties.clone().any(|tie| tie.place < place);
            let (forward, reversed) = &mut votes[place.rank as usize];
            *forward += u64::from(before && !after);
            *reversed += u64::from(after && !before);
        }
    }
    votes
}

struct Join<'s> {
    state: &'s mut State,
    places: &'s Places,
    repeated: &'s mut BTreeMap<Vec<u8>, u64>,
    votes: Vec<(u64, u64)>,
}

/// An event of a request whose chain is being put together.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A realm said no.
    Realm(Sym),
    /// The attempt ended: its index, and what its chunk settled of the chain.
    End(usize, ChainId),
}

/// A step with what orders it.
#[derive(Debug, Clone, Copy)]
struct Item {
    place: Place,
    time: Millis,
    step: Step,
}

impl Item {
    fn is_end(&self) -> bool {
        matches!(self.step, Step::End(..))
    }
}

impl Join<'_> {
    fn again(&mut self, action: &[u8], count: usize) {
        if count > 0 {
            *self.repeated.entry(action.to_vec()).or_default() += count as u64;
        }
    }

    /// All attempts of one key, ordered by outcome, time and place, and the loose failures of that key.
    fn run(&mut self, attempts: &mut [Attempt], keep: &mut [bool], loose: &[Loose]) {
        if attempts.len() == 1 && loose.is_empty() {
            return;
        }
        self.drop_repeated(attempts, keep);
        let failed: Vec<usize> =
            (0..attempts.len()).filter(|&at| keep[at] && attempts[at].outcome == Outcome::Failed).collect();
        match failed.as_slice() {
            [] => self.without_attempt(loose),
            &[only] => self.unite(attempts, only, loose),
            several => self.assign(attempts, keep, several, loose),
        }
    }

    /// Loose failures of requests that did not fail: only those met again matter.
    fn without_attempt(&mut self, loose: &[Loose]) {
        for run in loose.chunk_by(|a, b| a.key == b.key) {
            if run.iter().any(|failure| failure.place.rank != run[0].place.rank) {
                self.again(REALM_FAILED, run.len() - distinct(run, self.places).len());
            }
        }
    }

    /// Marks attempts that are the same event met in several inputs.
    fn drop_repeated(&mut self, attempts: &[Attempt], keep: &mut [bool]) {
        let mut start = 0;
        for run in attempts.chunk_by(|a, b| (a.outcome, a.time) == (b.outcome, b.time)) {
            let path = |attempt: &Attempt| self.places.path(self.places.of(attempt.pos).rank);
            let (count, from) = genuine(&mut run.iter().map(path).collect::<Vec<_>>());
            for (at, attempt) in run.iter().enumerate() {
                keep[start + at] = path(attempt) == from;
            }
            start += run.len();
            self.again(run[0].outcome.name().as_bytes(), run.len() - count);
        }
    }

    /// One attempt, whose realm failures may stand in several chunks and inputs, some of them copies.
    fn unite(&mut self, attempts: &mut [Attempt], only: usize, loose: &[Loose]) {
        let failed = |attempt: &&Attempt| attempt.outcome == Outcome::Failed;
        let own_rank = self.places.of(attempts[only].pos).rank;
        // What each input tells: realms in loose failures, and realms that a chunk settled.
        let mut accounts: BTreeMap<u32, (Vec<Loose>, Vec<Sym>)> = BTreeMap::new();
        for failure in loose {
            accounts.entry(failure.place.rank).or_default().0.push(*failure);
        }
        for attempt in attempts.iter().filter(failed) {
            let settled = self.state.chains.get(attempt.chain).unwrap_or_default();
            accounts.entry(self.places.of(attempt.pos).rank).or_default().1.extend_from_slice(settled);
        }
        let length = |(loose, settled): &(Vec<Loose>, Vec<Sym>)| loose.len() + settled.len();
        let total: usize = accounts.values().map(length).sum();
        // The longest account is the base; other inputs add the realms it lacks. A realm is asked once an attempt, so
        // the same realm in another input is a copy.
        let base = accounts
            .iter()
            .max_by_key(|(rank, account)| (length(account), **rank == own_rank, std::cmp::Reverse(**rank)))
            .map_or(own_rank, |(&rank, _)| rank);
        let (mut kept, mut settled) = accounts.remove(&base).unwrap_or_default();
        let mut known: Vec<Sym> = kept.iter().map(|failure| failure.realm).chain(settled.iter().copied()).collect();
        for (rank, (more, more_settled)) in accounts {
            for failure in more {
                if !known.contains(&failure.realm) {
                    known.push(failure.realm);
                    kept.push(failure);
                }
            }
            let new = more_settled.into_iter().filter(|realm| !known.contains(realm)).collect::<Vec<_>>();
            known.extend_from_slice(&new);
            let at = if rank < base { 0 } else { settled.len() };
            settled.splice(at..at, new);
        }
        self.again(REALM_FAILED, total - known.len());
        let chain = self.state.chains.intern(&settled);
        let items = self.items(attempts, &[(only, chain)], &kept);
        // All realm failures belong to the only attempt, wherever they stand.
        let realms: Vec<Sym> = self.realms(items.iter().map(|item| item.step));
        attempts[only].chain = self.state.chains.intern(&realms);
    }

    /// Several attempts of one request and principal: each takes the realm failures since the one before it.
    fn assign(&mut self, attempts: &mut [Attempt], keep: &[bool], several: &[usize], loose: &[Loose]) {
        let dropped: usize = (0..attempts.len())
            .filter(|&at| !keep[at])
            .map(|at| self.state.chains.get(attempts[at].chain).map_or(0, <[Sym]>::len))
            .sum();
        let kept = distinct(loose, self.places);
        self.again(REALM_FAILED, dropped + loose.len() - kept.len());
        let ends: Vec<(usize, ChainId)> = several.iter().map(|&at| (at, attempts[at].chain)).collect();
        let items = self.items(attempts, &ends, &kept);
        let mut start = 0;
        for (number, end) in items.iter().enumerate() {
            let Step::End(at, _) = end.step else { continue };
            let is_last = items[number + 1..].iter().all(|item| !item.is_end());
            let stop = if is_last { items.len() } else { number + 1 };
            let realms = self.realms(items[start..stop].iter().map(|item| item.step));
            attempts[at].chain = self.state.chains.intern(&realms);
            start = stop;
        }
    }

    /// The realms of steps, those that a chunk settled standing just before the end.
    fn realms(&self, steps: impl Iterator<Item = Step>) -> Vec<Sym> {
        let mut realms = Vec::new();
        for step in steps {
            match step {
                Step::Realm(realm) => realms.push(realm),
                Step::End(_, settled) => realms.extend_from_slice(self.state.chains.get(settled).unwrap_or_default()),
            }
        }
        realms.retain(|realm| realm.is_some());
        realms
    }

    /// Realm failures and ends of one request in the order in which they happened: the order of the files and lines, if
    /// an end stands last and no time decreases; else by time, and equal times in the order of their file or against it.
    fn items(&self, attempts: &[Attempt], ends: &[(usize, ChainId)], loose: &[Loose]) -> Vec<Item> {
        let node = attempts[0].node;
        let ends = ends.iter().map(|&(at, settled)| Item {
            place: self.places.of(attempts[at].pos),
            time: attempts[at].time,
            step: Step::End(at, settled),
        });
        let realms = loose.iter().map(|failure| Item {
            place: failure.place,
            time: failure.time,
            step: Step::Realm(failure.realm),
        });
        let mut items: Vec<Item> = ends.chain(realms).collect();
        let first_of_node = |rank: u32| {
            let input = &self.state.inputs[self.places.input(rank)];
            let first = input.nodes.get(&node).and_then(|span| span.first);
            (first.is_none(), first)
        };
        items.sort_by_key(|item| (first_of_node(item.place.rank), item.place));
        if items.last().is_some_and(Item::is_end) && items.is_sorted_by_key(|item| item.time) {
            return items;
        }
        items.sort_by_key(|item| item.time);
        for tie in items.chunk_by_mut(|a, b| a.time == b.time) {
            let with_realm = tie.iter().any(|item| !item.is_end());
            let end_at = |item: Option<&Item>| with_realm && item.is_some_and(Item::is_end);
            if end_at(tie.first()) || (!end_at(tie.last()) && self.reverses_ties(tie[0].place.rank)) {
                tie.reverse();
            }
        }
        items
    }

    /// Whether equal times stand in reversed order in an input: as its attempts show, else as its times do.
    fn reverses_ties(&self, rank: u32) -> bool {
        let (forward, reversed) = self.votes[rank as usize];
        if forward == reversed { self.places.newest_first(rank) } else { reversed > forward }
    }
}

/// Loose failures of one key with copies from other inputs taken out: of each time and realm as many as the input that
/// shows most of them has.
fn distinct(loose: &[Loose], places: &Places) -> Vec<Loose> {
    let mut by_event: BTreeMap<(Millis, Sym), Vec<Loose>> = BTreeMap::new();
    for failure in loose {
        by_event.entry((failure.time, failure.realm)).or_default().push(*failure);
    }
    let mut kept: Vec<Loose> = by_event
        .into_values()
        .flat_map(|same| {
            let (_, from) =
                genuine(&mut same.iter().map(|failure| places.path(failure.place.rank)).collect::<Vec<_>>());
            same.into_iter().filter(move |failure| places.path(failure.place.rank) == from)
        })
        .collect();
    kept.sort_unstable_by_key(|failure| failure.place);
    kept
}
