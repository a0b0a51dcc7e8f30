//! Joining states. Their tables are taken in two and two at once, each into that of the other, and their records only once
//! all tables are one and numbered by content: then every record is translated and moved once, on all cores.

use rayon::prelude::*;

use super::canonical::Used;
use super::remap::Remap;
use super::{ActorSeries, State, line_order};

/// A state whose tables are those of all the states that it stands for, and the others' records, which are still theirs.
struct Union {
    whole: State,
    /// Whether any of them has attempts.
    has_attempts: bool,
    rest: Vec<(State, Remap)>,
}

impl Union {
    fn of(whole: State) -> Self {
        Self { has_attempts: whole.has_attempts(), whole, rest: Vec::new() }
    }

    fn join(mut self, mut other: Self) -> Self {
        let remap = self.whole.absorb(&mut other.whole, self.has_attempts && other.has_attempts);
        self.has_attempts |= other.has_attempts;
        self.rest.extend(other.rest.into_iter().map(|(state, first)| (state, first.then(&remap))));
        self.rest.push((other.whole, remap));
        self
    }
}

impl State {
    /// Joins states into one, whose tables are numbered by their content: series need no order but that.
    #[must_use]
    pub fn merge_all(states: Vec<Self>) -> Self {
        let Some(Union { mut whole, rest, .. }) = states.into_par_iter().map(Union::of).reduce_with(Union::join) else {
            return Self::default();
        };
        let used = Used::all(&whole);
        let numbered = whole.number_tables(&used);
        let translate = |(mut state, remap): (Self, Remap)| {
            state.remap_records(&remap.then(&numbered));
            state
        };
        let ((), others) =
            rayon::join(|| whole.remap_records(&numbered), || rest.into_par_iter().map(translate).collect::<Vec<_>>());
        whole.append_all(others);
        whole
    }

    /// Takes another state into one, which keeps its numbers.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        let remap = self.absorb_tables(&mut other);
        other.remap_records(&remap);
        self.append_records(other);
        self
    }

    /// Third step of a merge: takes in records that are already translated.
    pub fn append_records(&mut self, other: Self) {
        self.append_all(vec![other]);
    }

    fn append_all(&mut self, mut others: Vec<Self>) {
        let order = line_order(&self.inputs, &self.chunks);
        let (successes, denials) = (&mut self.successes, &mut self.denials);
        let of_others = |list: fn(&mut Self) -> &mut ActorSeries, others: &mut [Self]| {
            others.iter_mut().map(|other| std::mem::take(list(other))).collect::<Vec<_>>()
        };
        let more_successes = of_others(|state| &mut state.successes, &mut others);
        let more_denials = of_others(|state| &mut state.denials, &mut others);
        rayon::join(|| successes.join(more_successes, &order), || denials.join(more_denials, &order));
        let acts = &mut self.acts;
        others.iter_mut().for_each(|other| acts.merge(std::mem::take(&mut other.acts), &order));
        acts.trim(&self.symbols);
        self.requests.join(others.iter_mut().map(|other| std::mem::take(&mut other.requests)));
        self.sketches.join(others.iter_mut().map(|other| std::mem::take(&mut other.sketches)).collect());
        self.sampled.join(others.iter_mut().map(|other| std::mem::take(&mut other.sampled)));
        self.attempts.reserve(others.iter().map(|other| other.attempts.len()).sum());
        self.realm_failures.reserve(others.iter().map(|other| other.realm_failures.len()).sum());
        for mut other in others {
            // All threads touch the new memory; what was taken in is given back before the next.
            self.attempts.par_extend(other.attempts);
            self.realm_failures.par_extend(other.realm_failures);
            self.grants.append(&mut other.grants);
            self.changes.append(&mut other.changes);
            self.reasons.append(&mut other.reasons);
            self.traces.append(&mut other.traces);
            self.forwarded.append(&mut other.forwarded);
            self.marks.append(&mut other.marks);
            self.documents.append(&mut other.documents);
            self.sequences.append(&mut other.sequences);
            self.dumps.append(&mut other.dumps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::{Chunk, StreamChunker};
    use crate::options::Options;
    use crate::state::{InputRef, StateBuilder};

    /// Failures, successes and refusals of many, some of them in every file.
    fn log(file: usize) -> String {
        let mut log = String::new();
        for at in 0..40 {
            let (who, minute) = (at * 7 % (file + 3), at % 60);
            let action =
                ["authentication_failed", "access_granted", "access_denied", "realm_authentication_failed"][at % 4];
            log.push_str(&format!(
                r#"{{"type":"audit", "timestamp":"2026-03-01T{file:02}:{minute:02}:00,000+0000", "node.id":"n{}", "event.type":"rest", "event.action":"{action}", "authentication.type":"REALM", "user.name":"user-{who}", "user.realm":"r{}", "realm":"r1", "origin.type":"rest", "origin.address":"10.0.{file}.{who}:1", "request.id":"r{file}-{}", "action":"indices:data/read/search"}}"#,
                file % 3,
                at % 2,
                at / 2
            ));
            log.push('\n');
        }
        log
    }

    fn state(file: usize) -> State {
        let options = Options::default();
        let mut folder = StateBuilder::new(&options, 1);
        let text = log(file);
        let mut bytes = text.as_bytes();
        let mut chunker = StreamChunker::new(&mut bytes, 700, options.max_line);
        let (mut chunk, mut seq, label) = (Chunk::default(), 0, format!("{file}.json"));
        while chunker.next(&mut chunk).unwrap() {
            folder.chunk(InputRef { label: &label, compression: "none", seq, only: false }, &chunk);
            seq += 1;
        }
        folder.into_state()
    }

    #[test]
    fn at_once_is_as_one_after_the_other() {
        let states: Vec<State> = (0..9).map(state).collect();
        let all = State::merge_all(states.clone()).canonical(10);
        assert!(!all.attempts.is_empty() && !all.successes.is_empty() && !all.denials.is_empty());
        assert_eq!(all.attempts.len(), states.iter().map(|state| state.attempts.len()).sum::<usize>());
        let mut stepwise = State::default();
        for mut state in states.iter().rev().cloned() {
            let remap = stepwise.absorb_tables(&mut state);
            state.remap_records(&remap);
            stepwise.append_records(state);
        }
        assert_eq!(stepwise.canonical(10), all);
        for threads in [1, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| State::merge_all(states.clone())).canonical(10), all);
        }
        assert_eq!(State::merge_all(Vec::new()), State::default());
    }

    /// What looks at the first few of many must find the same ones.
    #[test]
    fn texts_are_numbered_alike_whatever_came_first() {
        let states: Vec<State> = (0..9).map(state).collect();
        let one = State::merge_all(states.clone()).spelled();
        let other = State::merge_all(states.into_iter().rev().collect()).spelled();
        assert!(one.symbols.iter().is_sorted());
        assert_eq!(one.symbols, other.symbols);
        assert_eq!(one.successes, other.successes);
    }
}
