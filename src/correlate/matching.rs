//! Which attempt a line of the server log explains.
//!
//! The audit log knows the client and not the reason, the server log the reason and not the client; they share the node
//! and the time to within milliseconds, the line first. So it is an assignment, one line to one attempt, of the
//! largest likelihood: how far apart in time such pairs are, and which clients send which key, is learned from the pairs
//! that leave no choice. How sure each pair is, [`super::shares`] tells.
//!
//! Everything is ordered by time and place, so the result does not depend on the order of inputs.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::reason::Reason;
use crate::state::{ChainId, Sym};

/// A line, or an attempt, as far as matching needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatchCandidate {
    /// Index of the line.
    pub(super) line: u32,
    /// Index of the attempt.
    pub(super) attempt: u32,
    /// Line minus attempt, in milliseconds.
    pub(super) apart: i64,
    /// Who is asked about whom: what the line is about and the client of the attempt, for learning.
    pub(super) affinity: (u32, u32),
    /// Principal and realm chain of the attempt: with its client, what a report tells attempts apart by.
    pub(super) who: (Sym, ChainId),
    /// What the line tells.
    pub(super) reason: Reason,
    /// Anything else in favour of the pair, as the logarithm of a likelihood ratio.
    pub(super) bonus: f64,
}

/// Spread of the distance assumed while fewer than [`ENOUGH`] certain pairs are known, in milliseconds.
const UNKNOWN_SPREAD: f64 = 10.0;

/// Certain pairs from which a spread is learned.
const ENOUGH: usize = 8;

/// Share of pairs whose distance is anything within the window: a garbage collection may come between the two logs.
const DELAYED: f64 = 0.03;

/// Weight of what was not seen, in the learned preferences of clients for keys.
const UNSEEN: f64 = 0.5;

/// Rounds of improving by exchange; each improves strictly, and dense logs settle within three.
const ROUNDS: usize = 8;

/// What the certain pairs taught.
pub(super) struct Learned {
    centre: f64,
    spread: f64,
    /// Likelihood of any one distance within the window.
    delayed: f64,
    counts: HashMap<(u32, u32), f64, RandomState>,
    totals: HashMap<u32, f64, RandomState>,
    clients: f64,
}

impl Learned {
    /// `certain` are places of pairs, and how sure they are.
    pub(super) fn from(pairs: &[MatchCandidate], certain: impl Iterator<Item = (usize, f64)>, window: i64) -> Self {
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
    fn score(&self, pair: &MatchCandidate) -> f64 {
        let apart = (pair.apart as f64 - self.centre).abs() / self.spread;
        let time = ((-apart).exp() / (2.0 * self.spread) + self.delayed).ln();
        let seen = self.counts.get(&pair.affinity).copied().unwrap_or(0.0);
        let total = self.totals.get(&pair.affinity.0).copied().unwrap_or(0.0);
        let client = (seen + UNSEEN / self.clients) / (total + UNSEEN);
        time + client.ln() + pair.bonus
    }
}

/// The candidates by line and by attempt; lines and attempts are numbered densely.
pub(super) struct Graph<'p> {
    /// The candidates.
    pub(super) pairs: &'p [MatchCandidate],
    /// By line: its candidates.
    pub(super) of_line: Vec<Range<usize>>,
    /// By pair: its line.
    pub(super) lines: Vec<usize>,
    /// By pair: its attempt.
    pub(super) attempts: Vec<usize>,
    /// Candidates ordered by attempt.
    by_attempt: Vec<usize>,
    /// By attempt: where its candidates begin in `by_attempt`; one more for the end.
    attempt_starts: Vec<usize>,
}

impl<'p> Graph<'p> {
    pub(super) fn new(pairs: &'p [MatchCandidate]) -> Self {
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

    /// The candidates of an attempt.
    pub(super) fn of_attempt(&self, attempt: usize) -> &[usize] {
        &self.by_attempt[self.attempt_starts[attempt]..self.attempt_starts[attempt + 1]]
    }

    /// The likeliest assignment.
    pub(super) fn solve(&self, learned: &Learned) -> Solved {
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
        Solved { scores, chosen }
    }

    /// The pair of a line and an attempt, if it is a candidate.
    pub(super) fn pair(&self, line: usize, attempt: usize) -> Option<usize> {
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
}

/// The likeliest assignment.
pub(super) struct Solved {
    /// By pair: the logarithm of its likelihood.
    pub(super) scores: Vec<f64>,
    /// The pairs that are part of it.
    pub(super) chosen: Chosen,
}

/// The pairs chosen so far.
pub(super) struct Chosen {
    /// By line: its pair.
    pub(super) by_line: Vec<Option<usize>>,
    /// By attempt: its pair.
    pub(super) by_attempt: Vec<Option<usize>>,
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
