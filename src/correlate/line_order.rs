//! Whether the lines of inputs stand in the order of their events: what all requests of each show.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::contradictions::{ReadChain, contradictions, tells};
use super::order_signs::{Numbered, OrderSigns, RequestLine, numbered, too_many};
use super::source_lines::{SourceLine, SourceLines};
use crate::event::{Sequence, SequenceKind};
use crate::state::{Attempt, ChainId, Chains, Outcome, Pos, RecordKey, State, Sym};
use crate::time::Millis;

/// Events that one task looks at, at least.
pub(super) const PIECE: usize = 1024;

/// A realm failure with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loose {
    pub(super) key: RecordKey,
    pub(super) place: SourceLine,
    /// What orders it within its millisecond, where its document tells.
    pub(super) sequence: Option<Sequence>,
    /// Its order before an event of the same place; where its chunk settled it.
    pub(super) within: u32,
    pub(super) time: Millis,
    pub(super) realm: Sym,
}

/// What orders events within their millisecond, by place.
pub(super) type Sequences = HashMap<Pos, Sequence, RandomState>;

/// Shows the lines of each request in each input, in the order of their places: realm failures that no chunk settled, and ends of
/// attempts.
fn each_request(
    attempts: &[Attempt],
    loose: &[Loose],
    tables: (&Chains, &SourceLines, &Sequences),
    mut look: impl FnMut(RecordKey, &[RequestLine]),
) {
    let (chains, source_lines, sequences) = tables;
    let (mut attempts, mut loose) = (attempts, loose);
    let mut lines: Vec<RequestLine> = Vec::new();
    while let Some(key) =
        [attempts.first().map(|end| end.key), loose.first().map(|failure| failure.key)].into_iter().flatten().min()
    {
        lines.clear();
        let (own, later) = loose.split_at(loose.partition_point(|failure| failure.key <= key));
        loose = later;
        lines.extend(own.iter().map(|&Loose { place, time, sequence, realm, .. }| RequestLine {
            place,
            time,
            sequence,
            realm,
            settled: (0, 0),
        }));
        let (own, later) = attempts.split_at(attempts.partition_point(|end| end.key <= key));
        attempts = later;
        let ends = own.iter().filter(|end| end.outcome == Outcome::Failed && end.has_request_id());
        lines.extend(ends.map(|end| RequestLine {
            place: source_lines.of(end.pos),
            time: end.time,
            sequence: sequences.get(&end.pos).copied(),
            realm: Sym::NONE,
            settled: (chains.get(end.chain).map_or(0, <[Sym]>::len), end.flags.ties()),
        }));
        // Stable: what one line holds stands as it was read.
        lines.sort_by_key(|line| line.place);
        lines.chunk_by(|a, b| a.place.rank == b.place.rank).for_each(|of_input| look(key, of_input));
    }
}

/// Takes away numbers that order nothing: of inputs in which they contradict the times, or stand several times in a request, as
/// those of several shards or files do. Gives the requests of the other inputs of which that is true.
pub(super) fn trust_numbers(
    attempts: &[Attempt],
    loose: &mut [Loose],
    sequences: &mut Sequences,
    (chains, source_lines): (&Chains, &SourceLines),
) -> HashSet<RecordKey, RandomState> {
    let mut contradictory = HashSet::default();
    if sequences.is_empty() {
        return contradictory;
    }
    let mut by_kind: BTreeMap<(u32, SequenceKind), (u64, u64)> = BTreeMap::new();
    each_request(attempts, loose, (chains, source_lines, sequences), |key, lines| {
        let Some(kind) = lines[0].sequence.map(|sequence| sequence.kind) else { return };
        let (against, of) = by_kind.entry((lines[0].place.rank, kind)).or_default();
        let numbered = numbered(lines);
        *of += u64::from(numbered != Numbered::No);
        if numbered == Numbered::Contradictory {
            *against += 1;
            contradictory.insert(key);
        }
    });
    let usable = |pos: Pos, sequence: Sequence| {
        let of = by_kind.get(&(source_lines.of(pos).rank, sequence.kind));
        !of.is_some_and(|&(against, of)| too_many(against, of))
    };
    sequences.retain(|pos, sequence| usable(*pos, *sequence));
    for failure in loose.iter_mut() {
        let kind = failure.sequence.map(|sequence| (failure.place.rank, sequence.kind));
        let of = kind.and_then(|kind| by_kind.get(&kind));
        if of.is_some_and(|&(against, of)| too_many(against, of)) {
            failure.sequence = None;
        }
    }
    // Where the numbers order nothing, the lines may.
    contradictory.retain(|key| {
        let own = &loose[loose.partition_point(|failure| failure.key < *key)..];
        own.iter().take_while(|failure| failure.key == *key).any(|failure| failure.sequence.is_some())
    });
    contradictory
}

/// By rank of the input: what its requests show of the order of its lines. `alone` are attempts whose realm failures, if they have
/// any, stand in their own chunk.
pub(super) fn signs(
    attempts: &[Attempt],
    alone: &[Attempt],
    loose: &[Loose],
    tables: (&Chains, &SourceLines, &Sequences),
    inputs: usize,
) -> Vec<OrderSigns> {
    let (chains, source_lines, _) = tables;
    let mut signs = vec![OrderSigns::default(); inputs];
    let settled = alone.par_iter().with_min_len(PIECE).filter(|attempt| attempt.chain != ChainId::NONE_SEEN);
    let settled = settled.filter(|attempt| attempt.outcome == Outcome::Failed && attempt.has_request_id());
    let of_inputs = settled.map(|attempt| {
        let realms = chains.get(attempt.chain).map_or(0, <[Sym]>::len);
        (source_lines.of(attempt.pos).rank, realms, attempt.flags.ties())
    });
    for (rank, realms, ties) in of_inputs.collect::<Vec<_>>() {
        signs[rank as usize].add_settled(realms, ties);
    }
    each_request(attempts, loose, tables, |_, lines| {
        signs[lines[0].place.rank as usize].add(lines, numbered(lines) == Numbered::InOrder);
    });
    signs
}

/// Notes what chains of each input contradict: those of attempts, and, where an input is of one node, those of logins that succeeded.
pub(super) fn contradict(
    state: &State,
    attempts: &[Attempt],
    loose: &[Loose],
    (source_lines, sequences): (&SourceLines, &Sequences),
    signs: &mut [OrderSigns],
) {
    let node_of_input: Vec<Option<u32>> = (0..signs.len() as u32)
        .map(|rank| {
            let nodes = &state.inputs[source_lines.input(rank)].nodes;
            let mut logged = nodes.iter().filter(|(_, span)| span.first.is_some()).map(|(&node, _)| node);
            logged.next().filter(|_| logged.next().is_none())
        })
        .collect();
    let mut lists: Vec<Vec<Sym>> = state.chains.lists().to_vec();
    let known: Vec<bool> =
        lists.iter().zip(0..).map(|(list, id)| tells(list) && state.chains.is_ordered(ChainId(id))).collect();
    let mut numbers: HashMap<Vec<Sym>, u32, RandomState> = HashMap::default();
    let mut of_logins: Vec<ReadChain> = Vec::new();
    each_request(&[], loose, (&state.chains, source_lines, sequences), |_, lines| {
        let (first, last) = (lines[0].place, lines[lines.len() - 1].time);
        let Some(node) = node_of_input[first.rank as usize] else { return };
        let backwards = source_lines.newest_first(first.rank) && reverses_ties(signs, first.rank);
        let realms = in_turn(lines, backwards);
        if tells(&realms) {
            let chain = *numbers.entry(realms).or_insert_with_key(|realms| {
                lists.push(realms.clone());
                lists.len() as u32 - 1
            });
            let (of, principal) = ((first.rank, node), Sym::NONE);
            of_logins.push(ReadChain { of, time: last.max(lines[0].time), place: first, principal, chain });
        }
    });
    let read = |attempt: &Attempt| {
        let tells =
            attempt.outcome == Outcome::Failed && known.get(attempt.chain.0 as usize).is_some_and(|known| *known);
        let place = source_lines.of(attempt.pos);
        tells.then_some(ReadChain {
            of: (place.rank, attempt.node),
            time: attempt.time,
            place,
            principal: attempt.principal,
            chain: attempt.chain.0,
        })
    };
    let kinds = || HashSet::<((u32, u32), u32), RandomState>::default();
    let with = |mut kinds: HashSet<_, _>, read: ReadChain| {
        kinds.insert((read.of, read.chain));
        kinds
    };
    let of_attempts = attempts.par_iter().with_min_len(PIECE).filter_map(read).fold(kinds, with);
    let mut kinds = of_attempts.reduce(kinds, |mut one, other| {
        one.extend(other);
        one
    });
    kinds.extend(of_logins.iter().map(|read| (read.of, read.chain)));
    let reserved = state.symbols.find(b"reserved");
    let found = contradictions(&kinds, &lists, reserved, |wanted| {
        let of_attempts = attempts.par_iter().with_min_len(PIECE).filter_map(read);
        let mut all: Vec<ReadChain> = of_attempts.filter(|read| wanted.contains(&read.of)).collect();
        all.extend(of_logins.iter().filter(|read| wanted.contains(&read.of)));
        all
    });
    for (rank, (count, of)) in found {
        (signs[rank as usize].contradictions, signs[rank as usize].chains) = (count, of);
    }
}

/// The realms of lines in the order in which they were asked, of a file whose equal times may stand backwards.
fn in_turn(lines: &[RequestLine], backwards: bool) -> Vec<Sym> {
    let mut lines = lines.to_vec();
    let rises = lines.is_sorted_by_key(|line| line.time) && lines[0].time < lines[lines.len() - 1].time;
    if numbered(&lines) == Numbered::InOrder {
        lines.sort_by_key(|line| line.sequence);
    } else {
        if backwards && !rises {
            lines.reverse();
        }
        lines.sort_by_key(|line| line.time);
    }
    lines.iter().map(|line| line.realm).collect()
}

/// Whether equal times stand in reversed order in an input sorted newest first: unless its attempts show otherwise.
pub(super) fn reverses_ties(signs: &[OrderSigns], rank: u32) -> bool {
    let OrderSigns { forward, reversed, .. } = signs[rank as usize];
    reversed >= forward
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_stand_reversed_unless_most_attempts_end_after_their_realms() {
        let of = |forward, reversed| {
            let mut signs = OrderSigns::default();
            (signs.forward, signs.reversed) = (forward, reversed);
            signs
        };
        let signs = [of(0, 0), of(2, 1), of(1, 1), of(1, 2)];
        assert_eq!([0, 1, 2, 3].map(|rank| reverses_ties(&signs, rank)), [true, false, true, true]);
    }
}
