//! How sure each match of line and attempt is: its likelihood against that of what could be instead, of those alternatives
//! alone that would change what is said.
//!
//! Of two refusals in one millisecond and one line, nothing tells whose it is: neither is explained. Where as many lines tell
//! the same reason as there are refusals, it is the reason of each, and only who sent which key is open. Of nine lines and ten
//! refusals, each of the ten is as likely as any, and none is singled out.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::matching::{Graph, Learned, MatchCandidate, Solved};
use crate::reason::Reason;

/// A matched pair. Each likelihood is from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    /// Index of the line.
    pub(super) line: u32,
    /// Index of the attempt.
    pub(super) attempt: u32,
    /// How sure it is that the line tells of the client of the attempt.
    pub(super) client: f64,
    /// How sure it is that this very attempt failed for the reason of the line.
    pub(super) event: f64,
    /// How sure it is, among the lines and attempts at hand, that an attempt of this principal and client failed for this
    /// reason: which of its attempts it was does not matter, nor which of the lines that tell the same.
    pub(super) reason: f64,
    /// An attempt without a line could have this one as well: that this one has it is by order alone.
    pub(super) tied: bool,
}

/// An attempt without a line that one may be about nonetheless.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ContestedAttempt {
    /// Index of the attempt.
    pub(super) attempt: u32,
    /// The likeliest of what the lines tell.
    pub(super) reason: Reason,
    /// How likely it failed for that, from 0 to 1: of ten refusals and nine lines each for nine in ten.
    pub(super) share: f64,
}

/// Lines matched to attempts.
#[derive(Debug, Default)]
pub(super) struct SharedReasons {
    /// The pairs.
    pub(super) matches: Vec<Match>,
    /// Attempts without a line that one may be about nonetheless, at least as likely as [`CONTESTED`].
    pub(super) contested: Vec<ContestedAttempt>,
}

/// Likelihood that a line is about an attempt from which on there is no silence about it: what a fact lacks, see
/// [`super::reasons`].
const CONTESTED: f64 = 0.1;

/// How likely another attempt has to be against the chosen one for the choice to be one by order.
const AS_LIKELY: f64 = 0.5;

/// Likelihood that the attempt of a line is not among the candidates (not logged, lost, outside the window).
const ABSENT: f64 = 0.01;

/// Matches lines to attempts, one to one. `pairs` are all candidates, those of one line in a row; `window` is the largest
/// distance in milliseconds.
pub(super) fn assign(pairs: &[MatchCandidate], window: i64) -> SharedReasons {
    if pairs.is_empty() {
        return SharedReasons::default();
    }
    let graph = Graph::new(pairs);
    let alone = graph.of_line.iter().filter(|candidates| candidates.len() == 1).map(|candidates| candidates.start);
    let certain = alone.filter(|&at| graph.of_attempt(graph.attempts[at]).len() == 1).map(|at| (at, 1.0));
    let mut solved = graph.solve(&Learned::from(pairs, certain, window));
    // The logarithm of the likelihood of a line without its attempt.
    let none = ABSENT.ln() - (2.0 * window.max(1) as f64).ln();
    // What the confident matches teach settles more of the others; twice is enough, the third round changes nothing.
    for _ in 0..2 {
        let shares = Shares::new(&graph, &solved, none);
        let sure = shares.all().map(|(at, one)| (at, one.client.min(one.event))).filter(|(_, sure)| *sure >= 0.8);
        let learned = Learned::from(pairs, sure, window);
        solved = graph.solve(&learned);
    }
    let shares = Shares::new(&graph, &solved, none);
    SharedReasons { matches: shares.all().map(|(_, one)| one).collect(), contested: shares.contested() }
}

/// What the chosen pairs could give up, and to whom.
struct Shares<'g> {
    graph: &'g Graph<'g>,
    solved: &'g Solved,
    none: f64,
    /// By attempt without a line, and reason: how many chosen lines could be its own instead, each by how likely that is.
    wanted: HashMap<(usize, Reason), f64, RandomState>,
    /// By line: how many attempts without a line could have it, each by how likely that is.
    open: Vec<f64>,
}

impl<'g> Shares<'g> {
    fn new(graph: &'g Graph<'g>, solved: &'g Solved, none: f64) -> Self {
        let mut shares = Self { graph, solved, none, wanted: HashMap::default(), open: vec![0.0; graph.of_line.len()] };
        for (line, &chosen) in solved.chosen.by_line.iter().enumerate() {
            let Some(mine) = chosen else { continue };
            for other in graph.of_line[line].clone() {
                if !shares.is_free(other) {
                    continue;
                }
                let odds = shares.odds(&[other], &[mine]);
                shares.open[line] += odds;
                *shares.wanted.entry((graph.attempts[other], graph.pairs[mine].reason)).or_default() += odds;
            }
        }
        shares
    }

    /// The chosen pairs, by line, and how sure they are.
    fn all(&self) -> impl Iterator<Item = (usize, Match)> {
        self.solved.chosen.by_line.iter().flatten().map(|&at| (at, self.of(at)))
    }

    /// Whether the attempt of a pair has no line.
    fn is_free(&self, pair: usize) -> bool {
        self.solved.chosen.by_attempt[self.graph.attempts[pair]].is_none()
    }

    /// How much likelier some pairs are than others.
    fn odds(&self, these: &[usize], those: &[usize]) -> f64 {
        let sum = |pairs: &[usize]| pairs.iter().map(|&at| self.solved.scores[at]).sum::<f64>();
        (sum(these) - sum(those)).exp()
    }

    /// The likelihood of a pair against that of each alternative: a free attempt, another line for the attempt, an
    /// exchange with another pair, or none at all.
    fn of(&self, mine: usize) -> Match {
        let (graph, chosen) = (self.graph, &self.solved.chosen);
        let pair = &graph.pairs[mine];
        let absent = (self.none - self.solved.scores[mine]).exp();
        let (mut client, mut event, mut reason, mut tied) = (absent, absent, 0.0, false);
        for other in graph.of_line[graph.lines[mine]].clone().filter(|&other| other != mine) {
            let instead = &graph.pairs[other];
            let (odds, says, tells) = match chosen.by_attempt[graph.attempts[other]] {
                None => {
                    let odds = self.odds(&[other], &[mine]);
                    tied |= odds >= AS_LIKELY && !are_alike(pair, instead);
                    (odds, None, None)
                }
                Some(theirs) => {
                    let Some(back) = graph.pair(graph.lines[theirs], graph.attempts[mine]) else { continue };
                    let line = &graph.pairs[theirs];
                    (self.odds(&[other, back], &[mine, theirs]), Some(line.affinity.0), Some(line.reason))
                }
            };
            // Lines that say the same may change places: nothing would be said otherwise.
            if says != Some(pair.affinity.0) && instead.affinity.1 != pair.affinity.1 {
                client += odds;
            }
            if tells != Some(pair.reason) {
                event += odds;
                // Of several lines that may explain that attempt, only one can do so at the cost of its own.
                let wanted = self.wanted.get(&(graph.attempts[other], pair.reason)).map_or(1.0, |lines| lines.max(1.0));
                reason += if are_alike(pair, instead) { 0.0 } else { odds / wanted };
            }
        }
        for &other in graph.of_attempt(graph.attempts[mine]) {
            if chosen.by_line[graph.lines[other]].is_none() {
                let odds = self.odds(&[other], &[mine]);
                client += odds;
                if graph.pairs[other].reason != pair.reason {
                    (event, reason) = (event + odds, reason + odds);
                }
            }
        }
        let share = |against: f64| 1.0 / (1.0 + against);
        let (client, event, reason) = (share(client), share(event), share(reason));
        Match { line: pair.line, attempt: pair.attempt, client, event, reason, tied }
    }

    /// Attempts without a line that one may be about, in order.
    fn contested(&self) -> Vec<ContestedAttempt> {
        let (graph, chosen) = (self.graph, &self.solved.chosen);
        // By attempt: the odds of all that the lines tell, and of the likeliest.
        let mut odds: BTreeMap<u32, Vec<(Reason, f64)>> = BTreeMap::new();
        for other in (0..graph.pairs.len()).filter(|&other| self.is_free(other)) {
            let Some(mine) = chosen.by_line[graph.lines[other]] else { continue };
            let (pair, free) = (&graph.pairs[mine], &graph.pairs[other]);
            if are_alike(pair, free) {
                continue;
            }
            // A line goes to one of those that could have it.
            let of_line = self.odds(&[other], &[mine]) / self.open[graph.lines[other]].max(1.0);
            let reasons = odds.entry(free.attempt).or_default();
            match reasons.iter_mut().find(|(reason, _)| *reason == pair.reason) {
                Some((_, sum)) => *sum += of_line,
                None => reasons.push((pair.reason, of_line)),
            }
        }
        let told = odds.into_iter().filter_map(|(attempt, reasons)| {
            let all: f64 = reasons.iter().map(|(_, odds)| odds).sum();
            let (reason, odds) = reasons.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
            (all / (1.0 + all) >= CONTESTED).then_some(ContestedAttempt { attempt, reason, share: odds / (1.0 + all) })
        });
        told.collect()
    }
}

/// Whether a report tells the attempts of two pairs apart by nothing but their time.
fn are_alike(one: &MatchCandidate, other: &MatchCandidate) -> bool {
    (one.affinity.1, one.who) == (other.affinity.1, other.who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{ChainId, Sym};

    fn pair(line: u32, attempt: u32, apart: i64, key: u32, client: u32) -> MatchCandidate {
        MatchCandidate {
            line,
            attempt,
            apart,
            affinity: (key, client),
            who: (Sym::NONE, ChainId(0)),
            reason: Reason::ApiKeyInvalidated,
            bonus: 0.0,
        }
    }

    #[test]
    fn the_nearest_is_taken_and_nothing_twice() {
        let pairs = [pair(0, 0, 2, 1, 1), pair(0, 1, -90, 1, 2), pair(1, 0, 92, 1, 1), pair(1, 1, 1, 1, 2)];
        let matches = assign(&pairs, 250).matches;
        assert_eq!(matches.iter().map(|found| (found.line, found.attempt)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
        assert!(matches.iter().all(|found| found.client > 0.9), "{matches:?}");
    }

    #[test]
    fn what_certain_pairs_taught_settles_a_tie() {
        // Twenty certain pairs: key 7 from client 1, key 8 from client 2. Then both at once, at the same distance.
        let mut pairs: Vec<MatchCandidate> = (0..20).map(|at| pair(at, at, 1, 7 + at % 2, 1 + at % 2)).collect();
        pairs.extend([pair(20, 20, 1, 7, 2), pair(20, 21, 1, 7, 1), pair(21, 20, 1, 8, 2), pair(21, 21, 1, 8, 1)]);
        let matches = assign(&pairs, 250).matches;
        let of = |line| matches.iter().find(|found| found.line == line).unwrap();
        assert_eq!((of(20).attempt, of(21).attempt), (21, 20));
        assert!(of(20).client > 0.9);
    }

    #[test]
    fn a_tie_without_a_lesson_is_no_better_than_chance() {
        let pairs = [pair(0, 0, 1, 7, 1), pair(0, 1, 1, 7, 2)];
        let matches = assign(&pairs, 250).matches;
        assert_eq!(matches.len(), 1);
        assert!(matches[0].client <= 0.5);
    }

    #[test]
    fn a_line_left_over_finds_the_attempt_that_another_can_spare() {
        // Line 0 fits both attempts, line 1 only the one that line 0 likes best.
        let pairs = [pair(0, 0, 1, 7, 1), pair(0, 1, 30, 7, 1), pair(1, 0, 5, 7, 1)];
        let matches = assign(&pairs, 250).matches;
        assert_eq!(matches.iter().map(|found| (found.line, found.attempt)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }

    #[test]
    fn lines_that_tell_the_same_explain_all_and_one_line_of_two_none() {
        // Two keys, two clients, one millisecond: who sent which key is not known, and why both were refused is.
        let both = [pair(0, 0, 0, 7, 1), pair(0, 1, 0, 7, 2), pair(1, 0, 0, 8, 1), pair(1, 1, 0, 8, 2)];
        let told = assign(&both, 250);
        assert!(told.matches.iter().all(|one| one.reason > 0.99 && one.client < 0.5), "{told:?}");
        let other =
            both.map(|one| if one.line == 1 { MatchCandidate { reason: Reason::ApiKeyExpired, ..one } } else { one });
        assert!(assign(&other, 250).matches.iter().all(|one| one.reason <= 0.5));
        let told = assign(&both[..2], 250);
        assert!(told.matches[0].reason <= 0.5);
        let left: Vec<u32> = told.contested.iter().map(|left| left.attempt).collect();
        assert_eq!(left, [1]);
    }

    #[test]
    fn one_client_is_known_though_its_request_is_not() {
        let told = assign(&[pair(0, 0, 0, 7, 1), pair(0, 1, 0, 7, 1)], 250);
        let found = told.matches[0];
        assert!(found.client > 0.9 && found.reason > 0.99 && found.event < 0.5, "{told:?}");
        assert!(told.contested.is_empty());
    }

    #[test]
    fn nine_lines_of_ten_refusals_explain_each_by_nine_in_ten() {
        let pairs: Vec<MatchCandidate> =
            (0..9).flat_map(|line| (0..10).map(move |attempt| pair(line, attempt, 0, 7, attempt))).collect();
        let told = assign(&pairs, 250);
        assert!(told.matches.iter().all(|one| (one.reason - 0.9).abs() < 1e-9 && one.tied), "{told:?}");
        // The tenth too: which one has no line is by order.
        let [left] = told.contested.as_slice() else { panic!("{told:?}") };
        assert!(left.reason == Reason::ApiKeyInvalidated && (left.share - 0.9).abs() < 1e-9, "{left:?}");
    }
}
