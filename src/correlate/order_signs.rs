//! Signs that the lines of an input do not stand in the order of its events, nor in that order turned around.
//!
//! A node appends the lines of a request one after the other, so their times never go back, and the end of an attempt stands
//! behind the failures of its realms. A file that was turned around shows the opposite in all of its requests. What shows
//! something else has been put into another order since: within a millisecond nothing tells then which realm was asked first.

use super::source_lines::SourceLine;
use crate::event::Sequence;
use crate::state::Sym;
use crate::time::Millis;

/// Of the requests of an input that could show it, this share may contradict the others before its lines count as shuffled; a
/// program writes each of them in order, so that none should.
const SHUFFLED_SHARE: f64 = 0.01;

/// And so many must: one may be two requests that bear one id, or a step of the clock.
const SHUFFLED_LEAST: u64 = 2;

/// The line of a realm failure, or of the end of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestLine {
    pub(super) place: SourceLine,
    pub(super) time: Millis,
    /// What orders it within its millisecond, where its document tells.
    pub(super) sequence: Option<Sequence>,
    /// The realm that said no; [`Sym::NONE`] for an end.
    pub(super) realm: Sym,
    /// Of an end: realm failures that its chunk settled, and how many of them are of its own millisecond.
    pub(super) settled: (usize, usize),
}

impl RequestLine {
    fn is_end(&self) -> bool {
        !self.realm.is_some()
    }
}

/// How the lines of one request are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    /// Not all of them, or not by one kind of number.
    No,
    /// Each by another number, in the order of their times.
    InOrder,
    /// Some alike, or against their times: by several shards or files.
    Contradictory,
}

/// How lines of one request are numbered. An end stands last, and need not be.
pub(super) fn numbered(lines: &[RequestLine]) -> Numbered {
    let mut numbers: Vec<(Sequence, Millis)> =
        lines.iter().filter_map(|line| Some((line.sequence?, line.time))).collect();
    let without = lines.iter().filter(|line| !line.is_end() && line.sequence.is_none()).count();
    if numbers.len() < 2 || without > 0 || numbers.iter().any(|one| one.0.kind != numbers[0].0.kind) {
        return Numbered::No;
    }
    numbers.sort_unstable();
    match numbers.windows(2).all(|pair| pair[0].0.is_followed_by(pair[1].0) && pair[0].1 <= pair[1].1) {
        true => Numbered::InOrder,
        false => Numbered::Contradictory,
    }
}

/// Whether so many contradict the others that this is no accident.
pub(super) fn too_many(against: u64, of: u64) -> bool {
    against >= SHUFFLED_LEAST && against as f64 >= SHUFFLED_SHARE * of as f64
}

/// What the requests of one input show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OrderSigns {
    /// Attempts that end after all realm failures of their millisecond.
    pub(super) forward: u64,
    /// Before all of them.
    pub(super) reversed: u64,
    /// Between them.
    between: u64,
    /// Requests whose times rise from line to line.
    rising: u64,
    /// Fall.
    falling: u64,
    /// Do both.
    both: u64,
    /// Chains that no node has, and such as contradict others of their node.
    pub(super) contradictions: u64,
    /// Chains looked at.
    pub(super) chains: u64,
}

impl OrderSigns {
    /// An attempt whose realm failures, if it has any, stand before it in the same chunk, the times rising.
    pub(super) fn add_settled(&mut self, realms: usize, ties: usize) {
        self.forward += u64::from(ties > 0);
        self.rising += u64::from(realms > ties);
    }

    /// The lines of a request, in the order of their places. `numbered` are in the order of their numbers, and of their times.
    pub(super) fn add(&mut self, lines: &[RequestLine], numbered: bool) {
        let mut ends = lines.iter().enumerate().filter(|(_, line)| line.is_end());
        let end = ends.next();
        if ends.next().is_some() || has_twice(lines) {
            return;
        }
        let (settled, ties) = end.map_or((0, 0), |(_, end)| end.settled);
        if let Some((_, end)) = end {
            let tied = lines.iter().filter(|line| !line.is_end() && line.time == end.time);
            let order = |line: &RequestLine| match (line.sequence, end.sequence) {
                (Some(one), Some(other)) if numbered => one.number.cmp(&other.number),
                _ => line.place.cmp(&end.place),
            };
            let after = tied.clone().any(|line| order(line).is_gt());
            let before = ties > 0 || tied.clone().any(|line| order(line).is_lt());
            self.forward += u64::from(before && !after);
            self.reversed += u64::from(after && !before);
            self.between += u64::from(after && before);
        }
        if !numbered {
            let steps = || lines.windows(2).filter(|pair| pair[0].place != pair[1].place);
            let rises = settled > ties || steps().any(|pair| pair[0].time < pair[1].time);
            let falls = steps().any(|pair| pair[0].time > pair[1].time);
            self.rising += u64::from(rises && !falls);
            self.falling += u64::from(falls && !rises);
            self.both += u64::from(falls && rises);
        }
    }

    /// Whether lines of one millisecond stand in no order that is known. `rises`: the input as a whole stands oldest first. Then
    /// ends before their realm failures do not show that it was turned around: it was sorted by something, too.
    pub(super) fn is_shuffled(self, rises: bool) -> bool {
        let Self { forward, reversed, between, rising, falling, both, contradictions, chains } = self;
        let ties = if rises { reversed } else { forward.min(reversed) } + between;
        let steps = rising.min(falling) + both;
        let against = ties + steps + contradictions;
        too_many(ties, forward + reversed + between)
            || too_many(steps, rising + falling + both)
            || too_many(contradictions, chains)
            || too_many(against, forward + reversed + between + rising + falling + both + chains)
    }
}

/// Whether a realm stands there twice: several attempts, or a request met again.
fn has_twice(lines: &[RequestLine]) -> bool {
    let mut realms: Vec<Sym> = lines.iter().map(|line| line.realm).collect();
    realms.sort_unstable();
    realms.windows(2).any(|pair| pair[0] == pair[1])
}
