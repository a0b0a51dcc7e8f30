//! Which attempt a line of the server log explains.
//!
//! The audit log knows the client and not the reason, the server log the reason and not the client; they share the node
//! and the time to within milliseconds, the line first. So it is an assignment, one line to one attempt, of the
//! largest likelihood: how far apart in time such pairs are, and which clients send which key, is learned from the pairs
//! that leave no choice. Confidence is the likelihood of a pair against that of what could be instead.
//!
//! Everything is ordered by time and place, so the result does not depend on the order of inputs.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// A line, or an attempt, as far as matching needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// Index of the line.
    pub(super) line: u32,
    /// Index of the attempt.
    pub(super) attempt: u32,
    /// Line minus attempt, in milliseconds.
    pub(super) apart: i64,
    /// Who is asked about whom: what the line is about and the client of the attempt, for learning.
    pub(super) affinity: (u32, u32),
    /// Anything else in favour of the pair, as the logarithm of a likelihood ratio.
    pub(super) bonus: f64,
}

/// A matched pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    /// Index of the line.
    pub(super) line: u32,
    /// Index of the attempt.
    pub(super) attempt: u32,
    /// 0 to 1.
    pub(super) confidence: f64,
}

/// Spread of the distance assumed while fewer than [`ENOUGH`] certain pairs are known, in milliseconds.
const UNKNOWN_SPREAD: f64 = 10.0;

/// Certain pairs from which a spread is learned.
const ENOUGH: usize = 8;

/// Share of pairs whose distance is anything within the window: a garbage collection may come between the two logs.
const DELAYED: f64 = 0.03;

/// Likelihood that the attempt of a line is not among the candidates (not logged, lost, outside the window).
const ABSENT: f64 = 0.01;

/// Weight of what was not seen, in the learned preferences of clients for keys.
const UNSEEN: f64 = 0.5;

/// Rounds of improving by exchange; each improves strictly, and dense logs settle within three.
const ROUNDS: usize = 8;

/// What the certain pairs taught.
struct Learned {
    centre: f64,
    spread: f64,
    /// Likelihood of any one distance within the window.
    delayed: f64,
    counts: HashMap<(u32, u32), f64, RandomState>,
    totals: HashMap<u32, f64, RandomState>,
    clients: f64,
}

impl Learned {
    fn from(pairs: &[Pair], certain: impl Iterator<Item = (usize, f64)>, window: i64) -> Self {
        let mut distances: Vec<i64> = Vec::new();
        let mut counts: HashMap<(u32, u32), f64, RandomState> = HashMap::default();
        let mut totals: HashMap<u32, f64, RandomState> = HashMap::default();
        for (at, weight) in certain {
            let pair = &pairs[at];
            distances.push(pair.apart);
            *counts.entry(pair.affinity).or_default() += weight;
            *totals.entry(pair.affinity.0).or_default() += weight;
        }
        distances.sort_unstable();
        let (centre, spread) = if distances.len() < ENOUGH {
            (0.0, UNKNOWN_SPREAD)
        } else {
            let centre = distances[distances.len() / 2];
            let mut off: Vec<u64> = distances.iter().map(|apart| apart.abs_diff(centre)).collect();
            off.sort_unstable();
            // The median distance of a Laplace distribution is ln 2 of its scale. Times are whole milliseconds.
            (centre as f64, (off[off.len() / 2] as f64 / std::f64::consts::LN_2).max(1.0))
        };
        let mut clients: Vec<u32> = pairs.iter().map(|pair| pair.affinity.1).collect();
        clients.sort_unstable();
        clients.dedup();
        let delayed = DELAYED / (2.0 * window.max(1) as f64);
        Self { centre, spread, delayed, counts, totals, clients: clients.len().max(1) as f64 }
    }

    /// Logarithm of the likelihood of a pair.
    fn score(&self, pair: &Pair) -> f64 {
        let apart = (pair.apart as f64 - self.centre).abs() / self.spread;
        let time = ((-apart).exp() / (2.0 * self.spread) + self.delayed).ln();
        let seen = self.counts.get(&pair.affinity).copied().unwrap_or(0.0);
        let total = self.totals.get(&pair.affinity.0).copied().unwrap_or(0.0);
        let client = (seen + UNSEEN / self.clients) / (total + UNSEEN);
        time + client.ln() + pair.bonus
    }
}

/// Matches lines to attempts, one to one. `pairs` are all candidates, those of one line in a row; `window` is the largest
/// distance in milliseconds.
pub(super) fn assign(pairs: &[Pair], window: i64) -> Vec<Match> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let graph = Graph::new(pairs);
    let alone = graph.of_line.iter().filter(|candidates| candidates.len() == 1).map(|candidates| candidates.start);
    let certain = alone.filter(|&at| graph.of_attempt(graph.attempts[at]).len() == 1).map(|at| (at, 1.0));
    let mut learned = Learned::from(pairs, certain, window);
    let mut matches = graph.solve(&learned, window);
    // What the confident matches teach settles more of the others; twice is enough, the third round changes nothing.
    for _ in 0..2 {
        let confident = matches.iter().filter(|(_, confidence)| *confidence >= 0.8).copied();
        learned = Learned::from(pairs, confident, window);
        matches = graph.solve(&learned, window);
    }
    matches
        .into_iter()
        .map(|(at, confidence)| Match { line: pairs[at].line, attempt: pairs[at].attempt, confidence })
        .collect()
}

/// The candidates by line and by attempt; lines and attempts are numbered densely.
struct Graph<'p> {
    pairs: &'p [Pair],
    /// By line: its candidates.
    of_line: Vec<Range<usize>>,
    /// By pair: its line.
    lines: Vec<usize>,
    /// By pair: its attempt.
    attempts: Vec<usize>,
    /// Candidates ordered by attempt.
    by_attempt: Vec<usize>,
    /// By attempt: where its candidates begin in `by_attempt`; one more for the end.
    attempt_starts: Vec<usize>,
}

impl<'p> Graph<'p> {
    fn new(pairs: &'p [Pair]) -> Self {
        let mut of_line = Vec::new();
        let mut lines = vec![0; pairs.len()];
        let mut start = 0;
        for run in pairs.chunk_by(|a, b| a.line == b.line) {
            lines[start..start + run.len()].fill(of_line.len());
            of_line.push(start..start + run.len());
            start += run.len();
        }
        let mut by_attempt: Vec<usize> = (0..pairs.len()).collect();
        by_attempt.sort_by_key(|&at| pairs[at].attempt);
        let mut attempts = vec![0; pairs.len()];
        let mut attempt_starts = vec![0];
        for run in by_attempt.chunk_by(|&a, &b| pairs[a].attempt == pairs[b].attempt) {
            let number = attempt_starts.len() - 1;
            run.iter().for_each(|&at| attempts[at] = number);
            attempt_starts.push(attempt_starts[number] + run.len());
        }
        Self { pairs, of_line, lines, attempts, by_attempt, attempt_starts }
    }

    fn of_attempt(&self, attempt: usize) -> &[usize] {
        &self.by_attempt[self.attempt_starts[attempt]..self.attempt_starts[attempt + 1]]
    }

    /// The chosen pairs, by line, with their confidence.
    fn solve(&self, learned: &Learned, window: i64) -> Vec<(usize, f64)> {
        let scores: Vec<f64> = self.pairs.iter().map(|pair| learned.score(pair)).collect();
        // The best pairs first; equal ones in the order of lines and attempts, which is that of time and place.
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        let mut chosen =
            Chosen { by_line: vec![None; self.of_line.len()], by_attempt: vec![None; self.attempt_starts.len() - 1] };
        for at in order {
            if chosen.by_line[self.lines[at]].is_none() && chosen.by_attempt[self.attempts[at]].is_none() {
                chosen.take(self, at);
            }
        }
        for _ in 0..ROUNDS {
            if !self.exchange(&scores, &mut chosen) {
                break;
            }
        }
        let none = ABSENT.ln() - (2.0 * window.max(1) as f64).ln();
        let taken = chosen.by_line.iter().flatten();
        taken.map(|&at| (at, self.confidence(at, &scores, &chosen, none))).collect()
    }

    /// The pair of a line and an attempt, if it is a candidate.
    fn pair(&self, line: usize, attempt: usize) -> Option<usize> {
        self.of_line[line].clone().find(|&at| self.attempts[at] == attempt)
    }

    /// Exchanges attempts of two lines, or takes a free attempt, where that is likelier; whether anything changed.
    fn exchange(&self, scores: &[f64], chosen: &mut Chosen) -> bool {
        let mut changed = false;
        for (line, candidates) in self.of_line.iter().enumerate() {
            let Some(mine) = chosen.by_line[line] else {
                // A line left over may take an attempt whose line finds another one.
                changed |= self.displace(line, chosen);
                continue;
            };
            for other in candidates.clone().filter(|&other| other != mine) {
                let better = match chosen.by_attempt[self.attempts[other]] {
                    None => (scores[other] > scores[mine]).then_some((vec![mine], vec![other])),
                    Some(theirs) => self.pair(self.lines[theirs], self.attempts[mine]).and_then(|back| {
                        let gain = scores[other] + scores[back] - scores[mine] - scores[theirs];
                        (gain > 1e-9).then(|| (vec![mine, theirs], vec![other, back]))
                    }),
                };
                if let Some((old, new)) = better {
                    old.into_iter().for_each(|at| chosen.drop(self, at));
                    new.into_iter().for_each(|at| chosen.take(self, at));
                    changed = true;
                    break;
                }
            }
        }
        changed
    }

    fn displace(&self, line: usize, chosen: &mut Chosen) -> bool {
        for wanted in self.of_line[line].clone() {
            let Some(theirs) = chosen.by_attempt[self.attempts[wanted]] else {
                chosen.take(self, wanted);
                return true;
            };
            let mut of_other = self.of_line[self.lines[theirs]].clone();
            if let Some(free) = of_other.find(|&at| chosen.by_attempt[self.attempts[at]].is_none()) {
                chosen.drop(self, theirs);
                chosen.take(self, free);
                chosen.take(self, wanted);
                return true;
            }
        }
        false
    }

    /// The likelihood of a pair against that of each alternative: a free attempt, another line for the attempt, an
    /// exchange with another pair, or none at all.
    fn confidence(&self, mine: usize, scores: &[f64], chosen: &Chosen, none: f64) -> f64 {
        let mut against = (none - scores[mine]).exp();
        let says = |pair: usize| self.pairs[pair].affinity.0;
        for other in self.of_line[self.lines[mine]].clone().filter(|&other| other != mine) {
            match chosen.by_attempt[self.attempts[other]] {
                // Lines that say the same may change places: nothing would be said otherwise.
                Some(theirs) if says(theirs) == says(mine) => {}
                None => against += (scores[other] - scores[mine]).exp(),
                Some(theirs) => {
                    if let Some(back) = self.pair(self.lines[theirs], self.attempts[mine]) {
                        against += (scores[other] + scores[back] - scores[mine] - scores[theirs]).exp();
                    }
                }
            }
        }
        for &other in self.of_attempt(self.attempts[mine]) {
            if chosen.by_line[self.lines[other]].is_none() {
                against += (scores[other] - scores[mine]).exp();
            }
        }
        1.0 / (1.0 + against)
    }
}

/// The pairs chosen so far.
struct Chosen {
    by_line: Vec<Option<usize>>,
    by_attempt: Vec<Option<usize>>,
}

impl Chosen {
    fn take(&mut self, graph: &Graph<'_>, at: usize) {
        self.by_line[graph.lines[at]] = Some(at);
        self.by_attempt[graph.attempts[at]] = Some(at);
    }

    fn drop(&mut self, graph: &Graph<'_>, at: usize) {
        self.by_line[graph.lines[at]] = None;
        self.by_attempt[graph.attempts[at]] = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(line: u32, attempt: u32, apart: i64, key: u32, client: u32) -> Pair {
        Pair { line, attempt, apart, affinity: (key, client), bonus: 0.0 }
    }

    #[test]
    fn the_nearest_is_taken_and_nothing_twice() {
        let pairs = [pair(0, 0, 2, 1, 1), pair(0, 1, -90, 1, 2), pair(1, 0, 92, 1, 1), pair(1, 1, 1, 1, 2)];
        let matches = assign(&pairs, 250);
        assert_eq!(matches.iter().map(|found| (found.line, found.attempt)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
        assert!(matches.iter().all(|found| found.confidence > 0.9), "{matches:?}");
    }

    #[test]
    fn what_certain_pairs_taught_settles_a_tie() {
        // Twenty certain pairs: key 7 from client 1, key 8 from client 2. Then both at once, at the same distance.
        let mut pairs: Vec<Pair> = (0..20).map(|at| pair(at, at, 1, 7 + at % 2, 1 + at % 2)).collect();
        pairs.extend([pair(20, 20, 1, 7, 2), pair(20, 21, 1, 7, 1), pair(21, 20, 1, 8, 2), pair(21, 21, 1, 8, 1)]);
        let matches = assign(&pairs, 250);
        let of = |line| matches.iter().find(|found| found.line == line).unwrap();
        assert_eq!((of(20).attempt, of(21).attempt), (21, 20));
        assert!(of(20).confidence > 0.9);
    }

    #[test]
    fn a_tie_without_a_lesson_is_no_better_than_chance() {
        let pairs = [pair(0, 0, 1, 7, 1), pair(0, 1, 1, 7, 2)];
        let matches = assign(&pairs, 250);
        assert_eq!(matches.len(), 1);
        assert!(matches[0].confidence <= 0.5);
    }

    #[test]
    fn a_line_left_over_finds_the_attempt_that_another_can_spare() {
        // Line 0 fits both attempts, line 1 only the one that line 0 likes best.
        let pairs = [pair(0, 0, 1, 7, 1), pair(0, 1, 30, 7, 1), pair(1, 0, 5, 7, 1)];
        let matches = assign(&pairs, 250);
        assert_eq!(matches.iter().map(|found| (found.line, found.attempt)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    }
}
