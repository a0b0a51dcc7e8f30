//! The realm chain of each attempt, and each attempt once.
//!
//! Most attempts arrive with their chain settled by the chunk they stand in. What remains here: requests that straddle
//! chunks or files, files sorted newest first whose equal times left the order open, and events met in several inputs.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::dedupe_across_inputs;
use super::line_order::{Loose, PIECE, Sequences, contradict, reverses_ties, signs, trust_numbers};
use super::nodes::NodeTable;
use super::order_signs::OrderSigns;
use super::source_lines::{SourceLine, SourceLines};
use crate::event::Sequence;
use crate::state::{Attempt, ChainId, Chains, Evicted, Outcome, RecordKey, State, Sym};
use crate::time::Millis;

/// `event.action` of realm failures, for counting those met again.
const REALM_FAILED: &[u8] = b"realm_authentication_failed";

/// An attempt that straddles a stretch of evicted realm failures may have begun this long before it ended: LDAP and
/// Kerberos realms answer within their timeouts, 30 seconds by default.
const LONGEST_ATTEMPT_MS: i64 = 60_000;

/// Takes the attempts out of the state, each once and with its chain. Events met again are counted in `repeated`.
pub(super) fn join(
    state: &mut State,
    source_lines: &SourceLines,
    nodes: &NodeTable,
    repeated: &mut BTreeMap<Vec<u8>, u64>,
) -> Vec<Attempt> {
    let mut all = std::mem::take(&mut state.attempts);
    let mut sequences: Sequences = std::mem::take(&mut state.sequences).into_iter().collect();
    let mut loose: Vec<Loose> = std::mem::take(&mut state.realm_failures)
        .into_par_iter()
        .with_min_len(PIECE)
        .map(|failure| Loose {
            key: failure.key,
            place: source_lines.of(failure.pos),
            sequence: sequences.get(&failure.pos).copied(),
            within: 0,
            time: failure.time,
            realm: failure.realm,
        })
        .collect();
    // Stable, here and below: events of one line stand in the order in which they were read.
    loose.par_sort_by_key(|failure| (failure.key, failure.place));
    let several_inputs = state.inputs.iter().filter(|input| input.audit_events > 0).nth(1).is_some();
    if several_inputs || !loose.is_empty() {
        let mut attempts = take_several(&mut all, &loose);
        attempts.par_sort_unstable_by(|a, b| {
            let key = |attempt: &Attempt| (attempt.key, attempt.outcome, attempt.time);
            key(a).cmp(&key(b)).then_with(|| source_lines.of(a.pos).cmp(&source_lines.of(b.pos)))
        });
        let unnumbered = trust_numbers(&attempts, &mut loose, &mut sequences, (&state.chains, source_lines));
        let mut signs = signs(&attempts, &all, &loose, (&state.chains, source_lines, &sequences), state.inputs.len());
        let mut join = Join { state, source_lines, repeated, signs: &signs, sequences: &sequences, unnumbered };
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
        contradict(state, &all, &loose, (source_lines, &sequences), &mut signs);
        shuffled(state, &mut all, &signs, source_lines);
    }
    let evicted = &state.evicted;
    let may_be_empty = |attempt: &Attempt| {
        nodes.of(attempt.node).stats.realm_failures > 0
            && attempt.has_request_id()
            && !may_lack_evicted(evicted, attempt)
    };
    let ended_again = ended_again(&all, may_be_empty);
    all.par_iter_mut().with_min_len(PIECE).filter(|attempt| attempt.chain == ChainId::NONE_SEEN).for_each(|attempt| {
        let again = attempt.outcome == Outcome::Failed && ended_again.binary_search(&attempt.key).is_ok();
        if again || !may_be_empty(attempt) {
            attempt.chain = ChainId::UNKNOWN;
        }
    });
    all
}

/// Requests that ended several times, with realms asked before some of the ends and none before others. Such an end may be the
/// line of another, written or shipped twice: that no realm stands before it does not say that none was asked.
fn ended_again(all: &[Attempt], may_be_empty: impl Fn(&Attempt) -> bool + Sync) -> Vec<RecordKey> {
    let failed = || all.par_iter().with_min_len(PIECE).filter(|attempt| attempt.outcome == Outcome::Failed);
    let bare = |attempt: &&Attempt| attempt.chain == ChainId::NONE_SEEN && may_be_empty(attempt);
    let mut bare: Vec<RecordKey> = failed().filter(bare).map(|attempt| attempt.key).collect();
    bare.par_sort_unstable();
    let asked = |attempt: &&Attempt| {
        attempt.chain != ChainId::NONE_SEEN && !bare.is_empty() && bare.binary_search(&attempt.key).is_ok()
    };
    let mut again: Vec<RecordKey> = failed().filter(asked).map(|attempt| attempt.key).collect();
    again.par_sort_unstable();
    again
}

/// Takes out the attempts that are not the only event of their key. They are few, and the others need no putting together.
fn take_several(attempts: &mut Vec<Attempt>, loose: &[Loose]) -> Vec<Attempt> {
    let mut keys: Vec<RecordKey> = attempts.par_iter().with_min_len(PIECE).map(|attempt| attempt.key).collect();
    keys.par_sort_unstable();
    let again: Vec<RecordKey> =
        keys.par_chunk_by(|a, b| a == b).filter(|run| run.len() > 1).map(|run| run[0]).collect();
    drop(keys);
    let is_loose = |key: RecordKey| loose.binary_search_by_key(&key, |failure| failure.key).is_ok();
    let together = |attempt: &Attempt| again.binary_search(&attempt.key).is_ok() || is_loose(attempt.key);
    let source_lines: Vec<usize> = attempts
        .par_iter()
        .with_min_len(PIECE)
        .enumerate()
        .filter(|(_, attempt)| together(attempt))
        .map(|(at, _)| at)
        .collect();
    // From the last to the first, so that what takes the place of one that is taken out stays.
    source_lines.into_iter().rev().map(|at| attempts.swap_remove(at)).collect()
}

/// All realm failures of one key, in the order of their places: the loose ones, and those that chunks settled. How an input
/// was cut into chunks must not show. The lines of what was settled are not known: just before the end. Nor are the times,
/// save those of the end's own millisecond: the millisecond before it, since a settled chunk runs forward.
fn unsettle(attempts: &mut [Attempt], loose: &[Loose], chains: &Chains, source_lines: &SourceLines) -> Vec<Loose> {
    let mut all = loose.to_vec();
    for attempt in attempts.iter_mut().filter(|attempt| attempt.outcome == Outcome::Failed) {
        let settled = chains.get(attempt.chain).unwrap_or_default();
        let earlier = settled.len().saturating_sub(attempt.flags.ties());
        for (at, &realm) in settled.iter().enumerate() {
            let time = Millis(attempt.time.0.saturating_sub(i64::from(at < earlier)));
            let (key, place) = (attempt.key, source_lines.of(attempt.pos));
            all.push(Loose { key, place, sequence: None, within: at as u32, time, realm });
        }
        attempt.chain = ChainId::NONE_SEEN;
    }
    all.sort_by_key(|failure| (failure.place, failure.within));
    all
}

/// Whether realm failures of an attempt may be among those evicted.
fn may_lack_evicted(evicted: &Evicted, attempt: &Attempt) -> bool {
    attempt.outcome == Outcome::Failed
        && evicted.span.first.is_some_and(|first| attempt.time >= first)
        && evicted.span.last.is_some_and(|last| attempt.time.0 <= last.0 + LONGEST_ATTEMPT_MS)
}

struct Join<'s> {
    state: &'s mut State,
    source_lines: &'s SourceLines,
    repeated: &'s mut BTreeMap<Vec<u8>, u64>,
    signs: &'s [OrderSigns],
    sequences: &'s Sequences,
    /// Requests whose numbers contradict their times.
    unnumbered: HashSet<RecordKey, RandomState>,
}

/// Makes sets of the chains that chunks settled in inputs whose lines of one millisecond stand in no order.
fn shuffled(state: &mut State, attempts: &mut [Attempt], signs: &[OrderSigns], source_lines: &SourceLines) {
    let is_shuffled = |(signs, rank): (&OrderSigns, u32)| signs.is_shuffled(source_lines.oldest_first(rank));
    let ranks: Vec<bool> = signs.iter().zip(0..).map(is_shuffled).collect();
    if !ranks.contains(&true) {
        return;
    }
    for (rank, _) in ranks.iter().enumerate().filter(|(_, shuffled)| **shuffled) {
        state.inputs[source_lines.input(rank as u32)].shuffled = true;
    }
    let mut sets: HashMap<ChainId, ChainId, RandomState> = HashMap::default();
    for attempt in attempts.iter_mut().filter(|attempt| ranks[source_lines.of(attempt.pos).rank as usize]) {
        let chain = attempt.chain;
        attempt.chain = *sets.entry(chain).or_insert_with(|| as_set(state, chain));
    }
}

/// A chain without its order: its realms by name.
fn as_set(state: &mut State, chain: ChainId) -> ChainId {
    let Some(realms) = state.chains.get(chain) else { return chain };
    let mut realms = realms.to_vec();
    realms.sort_by(|&a, &b| state.symbols.get(a).cmp(&state.symbols.get(b)));
    state.chains.intern_set(&realms)
}

/// A step of a request whose chain is being put together: a realm failure, or the end of an attempt.
#[derive(Debug, Clone, Copy)]
struct ChainStep {
    place: SourceLine,
    /// Its order among the steps of one place, the end last.
    within: u32,
    time: Millis,
    sequence: Option<Sequence>,
    /// The realm that said no; [`Sym::NONE`] for an end.
    realm: Sym,
    /// The attempt that ended here.
    end: Option<usize>,
}

impl ChainStep {
    fn is_end(&self) -> bool {
        self.end.is_some()
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
            &[only] => {
                let loose = unsettle(attempts, loose, &self.state.chains, self.source_lines);
                self.unite(attempts, only, &loose);
            }
            several => {
                let loose = unsettle(attempts, loose, &self.state.chains, self.source_lines);
                self.assign(attempts, several, &loose);
            }
        }
    }

    /// Loose failures of requests that did not fail: only those met again matter.
    fn without_attempt(&mut self, loose: &[Loose]) {
        for run in loose.chunk_by(|a, b| a.key == b.key) {
            if run.iter().any(|failure| failure.place.rank != run[0].place.rank) {
                self.again(REALM_FAILED, run.len() - distinct(run, self.source_lines).len());
            }
        }
    }

    /// Marks attempts that are the same event met in several inputs.
    fn drop_repeated(&mut self, attempts: &[Attempt], keep: &mut [bool]) {
        let mut start = 0;
        for run in attempts.chunk_by(|a, b| (a.outcome, a.time) == (b.outcome, b.time)) {
            let path = |attempt: &Attempt| self.source_lines.path(self.source_lines.of(attempt.pos).rank);
            let (count, from) = dedupe_across_inputs(&mut run.iter().map(path).collect::<Vec<_>>());
            for (at, attempt) in run.iter().enumerate() {
                keep[start + at] = path(attempt) == from;
            }
            start += run.len();
            self.again(run[0].outcome.name().as_bytes(), run.len() - count);
        }
    }

    /// One attempt, whose realm failures may stand in several chunks and inputs, some of them copies.
    fn unite(&mut self, attempts: &mut [Attempt], only: usize, loose: &[Loose]) {
        let own_rank = self.source_lines.of(attempts[only].pos).rank;
        // What each input tells.
        let mut accounts: BTreeMap<u32, Vec<Loose>> = BTreeMap::new();
        for failure in loose {
            accounts.entry(failure.place.rank).or_default().push(*failure);
        }
        // The longest account is the base; other inputs add the realms it lacks. A realm is asked once an attempt, so
        // the same realm in another input is a copy.
        let base = accounts
            .iter()
            .max_by_key(|(rank, account)| (account.len(), **rank == own_rank, std::cmp::Reverse(**rank)))
            .map_or(own_rank, |(&rank, _)| rank);
        let mut kept = accounts.remove(&base).unwrap_or_default();
        let mut realms: BTreeSet<Sym> = kept.iter().map(|failure| failure.realm).collect();
        for failure in accounts.into_values().flatten() {
            if realms.insert(failure.realm) {
                kept.push(failure);
            }
        }
        self.again(REALM_FAILED, loose.len() - kept.len());
        let items = self.items(attempts, &[only], &kept);
        // All realm failures belong to the only attempt, wherever they stand.
        attempts[only].chain = self.chain(&attempts[only], &items);
    }

    /// Several attempts of one request and principal: each takes the realm failures since the one before it.
    fn assign(&mut self, attempts: &mut [Attempt], several: &[usize], loose: &[Loose]) {
        let kept = distinct(loose, self.source_lines);
        self.again(REALM_FAILED, loose.len() - kept.len());
        let items = self.items(attempts, several, &kept);
        let mut start = 0;
        let last = items.iter().rposition(ChainStep::is_end);
        for (number, item) in items.iter().enumerate() {
            let Some(at) = item.end else { continue };
            let stop = if last == Some(number) { items.len() } else { number + 1 };
            attempts[at].chain = self.chain(&attempts[at], &items[start..stop]);
            start = stop;
        }
    }

    /// The realms of steps of a request.
    fn chain(&mut self, attempt: &Attempt, items: &[ChainStep]) -> ChainId {
        let realms: Vec<Sym> = items.iter().map(|item| item.realm).filter(|realm| realm.is_some()).collect();
        let chain = self.state.chains.intern(&realms);
        let unknown = self.unnumbered.contains(&attempt.key) || self.is_torn(attempt.node, items);
        if unknown { as_set(self.state, chain) } else { chain }
    }

    /// Whether realm failures of one millisecond stand in inputs that overlap in time, without numbers: neither was written before
    /// the other, so nothing tells which realm was asked first.
    fn is_torn(&self, node: u32, items: &[ChainStep]) -> bool {
        let span = |rank: u32| self.state.inputs[self.source_lines.input(rank)].nodes.get(&node);
        let overlap = |a: u32, b: u32| match (span(a), span(b)) {
            (Some(a), Some(b)) => a.first < b.last && b.first < a.last,
            _ => true,
        };
        let realms: Vec<&ChainStep> = items.iter().filter(|item| !item.is_end()).collect();
        realms.chunk_by(|a, b| a.time == b.time).any(|tie| {
            let numbered = tie.iter().all(|item| item.sequence.is_some());
            !numbered
                && tie.windows(2).any(|pair| {
                    let (a, b) = (pair[0].place.rank, pair[1].place.rank);
                    a != b && overlap(a, b)
                })
        })
    }

    /// Realm failures and ends of one request in the order in which they happened: by time; those of one millisecond by
    /// file, and within a file in the order of its lines, or against it where they stand newest first.
    fn items(&self, attempts: &[Attempt], ends: &[usize], loose: &[Loose]) -> Vec<ChainStep> {
        let node = attempts[0].node;
        let only_one = ends.len() == 1;
        let ends = ends.iter().map(|&at| ChainStep {
            place: self.source_lines.of(attempts[at].pos),
            within: u32::MAX,
            time: attempts[at].time,
            sequence: self.sequences.get(&attempts[at].pos).copied(),
            realm: Sym::NONE,
            end: Some(at),
        });
        let realms = loose.iter().map(|&Loose { place, within, time, sequence, realm, .. }| ChainStep {
            place,
            within,
            time,
            sequence,
            realm,
            end: None,
        });
        let mut items: Vec<ChainStep> = ends.chain(realms).collect();
        let kind = |item: &ChainStep| item.sequence.map(|sequence| sequence.kind);
        let of_first = items.iter().find_map(kind);
        // The only end stands last, and its chunk does not keep its number where it holds nothing else of the request.
        let is_numbered =
            |item: &ChainStep| kind(item) == of_first || only_one && item.is_end() && kind(item).is_none();
        let in_order = of_first.is_some() && !self.unnumbered.contains(&attempts[0].key);
        if in_order && items.iter().all(is_numbered) {
            items.sort_by_key(|item| (item.time, only_one && item.is_end(), item.sequence, item.place));
            return items;
        }
        // By what each file holds of the node: files of one log follow each other, whatever their names.
        let file = |rank: u32| {
            let span = self.state.inputs[self.source_lines.input(rank)].nodes.get(&node);
            (span.and_then(|span| span.first), span.and_then(|span| span.last), self.source_lines.path(rank))
        };
        items.sort_by_key(|item| (file(item.place.rank), item.place, item.within));
        for of_file in items.chunk_by_mut(|a, b| a.place.rank == b.place.rank) {
            let rank = of_file[0].place.rank;
            let rises = of_file.is_sorted_by_key(|item| item.time)
                && of_file.first().map(|item| item.time) < of_file.last().map(|item| item.time);
            if rises || !self.source_lines.newest_first(rank) {
                continue;
            }
            of_file.sort_by_key(|item| item.time);
            for tie in of_file.chunk_by_mut(|a, b| a.time == b.time) {
                // An attempt ends after its realms were asked.
                let (end_first, end_last) = (tie[0].is_end(), tie[tie.len() - 1].is_end());
                let backwards = if end_first == end_last { reverses_ties(self.signs, rank) } else { end_first };
                if backwards {
                    tie.reverse();
                }
            }
        }
        items.sort_by_key(|item| item.time);
        for tie in items.chunk_by_mut(|a, b| a.time == b.time).filter(|tie| only_one && tie[0].is_end()) {
            // Sorted by time, oldest first, after a sort that put the newest first.
            if tie.iter().all(|item| !self.source_lines.newest_first(item.place.rank)) {
                tie.reverse();
            }
        }
        items
    }
}

/// Loose failures of one key with copies from other inputs taken out: of each time and realm as many as the input that
/// shows most of them has.
fn distinct(loose: &[Loose], source_lines: &SourceLines) -> Vec<Loose> {
    let mut by_event: BTreeMap<(Millis, Sym), Vec<Loose>> = BTreeMap::new();
    for failure in loose {
        by_event.entry((failure.time, failure.realm)).or_default().push(*failure);
    }
    let mut kept: Vec<Loose> = by_event
        .into_values()
        .flat_map(|same| {
            let (_, from) = dedupe_across_inputs(
                &mut same.iter().map(|failure| source_lines.path(failure.place.rank)).collect::<Vec<_>>(),
            );
            same.into_iter().filter(move |failure| source_lines.path(failure.place.rank) == from)
        })
        .collect();
    kept.sort_unstable_by_key(|failure| (failure.place, failure.within));
    kept
}
