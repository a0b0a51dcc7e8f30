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

/// Of so few attempts that could show where they end, one that ends where none can is enough: a shuffled one shows it as often as not,
/// and the accident is one of thousands.
const FEW: u64 = 5;

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
        ties > 0 && forward + reversed + between <= FEW
            || too_many(ties, forward + reversed + between)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SequenceKind;

    /// A realm failure of a request, by line and time.
    fn failure(realm: u32, line: u64, time: i64) -> RequestLine {
        let place = SourceLine { rank: 0, line };
        RequestLine { place, time: Millis(time), sequence: None, realm: Sym(realm), settled: (0, 0) }
    }

    fn end(line: u64, time: i64) -> RequestLine {
        RequestLine { realm: Sym::NONE, ..failure(1, line, time) }
    }

    fn by(kind: SequenceKind, number: u64, line: RequestLine) -> RequestLine {
        RequestLine { sequence: Some(Sequence { kind, number }), ..line }
    }

    fn counted(number: u64, line: RequestLine) -> RequestLine {
        by(SequenceKind::Event, number, line)
    }

    fn signs(lines: &[RequestLine]) -> OrderSigns {
        let mut signs = OrderSigns::default();
        signs.add(lines, numbered(lines) == Numbered::InOrder);
        signs
    }

    /// Ends after, before and between their realm failures; times that rise, fall, and do both.
    fn counts(signs: OrderSigns) -> [u64; 6] {
        let OrderSigns { forward, reversed, between, rising, falling, both, .. } = signs;
        [forward, reversed, between, rising, falling, both]
    }

    #[test]
    fn numbers_order_a_request_that_has_one_of_each_line() {
        let one = counted(1, failure(1, 1, 5));
        assert_eq!(numbered(&[one]), Numbered::No);
        assert_eq!(numbered(&[one, failure(2, 2, 5)]), Numbered::No);
        assert_eq!(numbered(&[one, by(SequenceKind::SeqNo, 2, failure(2, 2, 5))]), Numbered::No);
        assert_eq!(numbered(&[one, counted(2, failure(2, 2, 5))]), Numbered::InOrder);
        assert_eq!(numbered(&[one, counted(2, failure(2, 2, 5)), end(3, 5)]), Numbered::InOrder, "an end stands last");
        assert_eq!(numbered(&[counted(9, failure(2, 1, 6)), one]), Numbered::InOrder, "wherever the lines stand");
    }

    #[test]
    fn numbers_that_are_alike_or_against_the_times_contradict() {
        let one = counted(1, failure(1, 1, 5));
        assert_eq!(numbered(&[one, counted(1, failure(2, 2, 5))]), Numbered::Contradictory);
        assert_eq!(numbered(&[one, counted(2, failure(2, 2, 4))]), Numbered::Contradictory);
        assert_eq!(numbered(&[one, counted(2, failure(2, 2, 5)), counted(2, end(3, 5))]), Numbered::Contradictory);
    }

    #[test]
    fn two_of_a_hundred_are_too_many() {
        let cases = [((0, 0), false), ((1, 1), false), ((2, 2), true), ((2, 200), true), ((2, 201), false)];
        for ((against, of), expected) in cases {
            assert_eq!(too_many(against, of), expected, "{against} of {of}");
        }
    }

    #[test]
    fn an_end_stands_after_before_or_between_the_failures_of_its_millisecond() {
        assert_eq!(counts(signs(&[failure(1, 1, 5), failure(2, 2, 5), end(3, 5)])), [1, 0, 0, 0, 0, 0]);
        assert_eq!(counts(signs(&[end(1, 5), failure(1, 2, 5), failure(2, 3, 5)])), [0, 1, 0, 0, 0, 0]);
        assert_eq!(counts(signs(&[failure(1, 1, 5), end(2, 5), failure(2, 3, 5)])), [0, 0, 1, 0, 0, 0]);
        assert_eq!(counts(signs(&[failure(1, 1, 5), failure(2, 2, 5)])), [0; 6], "no end");
        assert_eq!(counts(signs(&[failure(1, 1, 4), end(2, 5)])), [0, 0, 0, 1, 0, 0], "not of its millisecond");
        let settled = RequestLine { settled: (1, 1), ..end(1, 5) };
        assert_eq!(counts(signs(&[settled])), [1, 0, 0, 0, 0, 0], "what its chunk settled stood before it");
        assert_eq!(counts(signs(&[settled, failure(2, 2, 5)])), [0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn numbers_tell_where_an_end_stands_rather_than_places() {
        let lines = [counted(3, end(1, 5)), counted(1, failure(1, 2, 5)), counted(2, failure(2, 3, 5))];
        assert_eq!(counts(signs(&lines)), [1, 0, 0, 0, 0, 0]);
        let of_files = lines.map(|line| by(SequenceKind::Event, 1, line));
        assert_eq!(counts(signs(&of_files)), [0, 1, 0, 0, 0, 0], "not such as order nothing");
        let apart = [counted(2, failure(2, 1, 6)), counted(1, failure(1, 2, 5))];
        assert_eq!(counts(signs(&apart)), [0; 6], "nor do the places tell of times");
    }

    #[test]
    fn times_rise_fall_or_do_both() {
        assert_eq!(counts(signs(&[failure(1, 1, 4), failure(2, 2, 5), end(3, 5)])), [1, 0, 0, 1, 0, 0]);
        assert_eq!(counts(signs(&[end(1, 6), failure(2, 2, 5), failure(1, 3, 4)])), [0, 0, 0, 0, 1, 0]);
        assert_eq!(counts(signs(&[failure(1, 1, 4), failure(2, 2, 6), failure(3, 3, 5)])), [0, 0, 0, 0, 0, 1]);
        assert_eq!(counts(signs(&[failure(1, 1, 6), failure(2, 1, 5)])), [0; 6], "one line holds both");
        let settled = RequestLine { settled: (2, 1), ..end(1, 5) };
        assert_eq!(counts(signs(&[settled])), [1, 0, 0, 1, 0, 0], "in its chunk one was before its millisecond");
        assert_eq!(counts(signs(&[settled, failure(3, 2, 4)])), [1, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn what_may_be_several_attempts_shows_nothing() {
        assert_eq!(counts(signs(&[end(1, 5), failure(1, 2, 5), end(3, 5)])), [0; 6]);
        assert_eq!(counts(signs(&[failure(1, 1, 6), failure(1, 2, 5), end(3, 5)])), [0; 6]);
    }

    #[test]
    fn settled_attempts_count_as_they_were_settled() {
        let mut signs = OrderSigns::default();
        for (realms, ties) in [(0, 0), (2, 0), (2, 2), (3, 1)] {
            signs.add_settled(realms, ties);
        }
        assert_eq!(counts(signs), [2, 0, 0, 2, 0, 0]);
    }

    #[test]
    fn what_was_turned_around_is_no_disorder_and_what_is_mixed_is() {
        let of = |forward, reversed, between, rising, falling, both| OrderSigns {
            forward,
            reversed,
            between,
            rising,
            falling,
            both,
            ..OrderSigns::default()
        };
        // As it was written, and newest first.
        assert!(!of(500, 0, 0, 500, 0, 0).is_shuffled(true));
        assert!(!of(0, 500, 0, 0, 500, 0).is_shuffled(false));
        // Equal times turned around in a file that is not.
        assert!(of(0, 500, 0, 0, 0, 0).is_shuffled(true));
        // Ends on both sides, or between; times that go both ways.
        assert!(of(250, 250, 0, 0, 0, 0).is_shuffled(false));
        assert!(!of(500, 1, 0, 0, 0, 0).is_shuffled(false), "one may be an accident");
        assert!(of(0, 0, 2, 0, 0, 0).is_shuffled(true));
        // Of few one is enough.
        assert!(of(0, 1, 0, 1, 0, 0).is_shuffled(true) && of(4, 0, 1, 0, 0, 0).is_shuffled(false));
        assert!(of(1, 1, 0, 0, 0, 0).is_shuffled(false), "one on either side");
        assert!(!of(5, 0, 1, 5, 0, 0).is_shuffled(true), "six are not few");
        assert!(!of(0, 3, 0, 0, 3, 0).is_shuffled(false) && !of(3, 0, 0, 0, 0, 0).is_shuffled(false));
        assert!(of(0, 0, 0, 250, 250, 0).is_shuffled(true));
        assert!(of(0, 0, 0, 0, 0, 2).is_shuffled(true));
        assert!(!of(0, 0, 0, 500, 3, 1).is_shuffled(true), "below one of a hundred");
        let contradictory = |contradictions, chains| OrderSigns { contradictions, chains, ..OrderSigns::default() };
        assert!(contradictory(2, 200).is_shuffled(true));
        assert!(!contradictory(2, 201).is_shuffled(true));
        // One of each kind is too many of all, where there are few.
        assert!(OrderSigns { contradictions: 1, chains: 10, ..of(10, 1, 0, 10, 0, 0) }.is_shuffled(true));
        assert!(!OrderSigns { contradictions: 1, chains: 100, ..of(100, 1, 0, 100, 0, 0) }.is_shuffled(true));
    }
}
