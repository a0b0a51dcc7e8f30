//! The check of a state that came from elsewhere: that it refers to nothing that is not there, stands in the one order in which
//! states are written, and holds no number that could not have been counted. Whoever wrote it may have meant harm.

use super::coverage::{InputStats, Minutes, TimeSpan};
use super::records::{Outcome, Pos};
use super::remap::RemapIndices;
use super::symbols::{ChainId, Sym};
use super::{MOST_KINDS, MOST_OF_A_KIND, Series, State, Unsettled};
use crate::copies::block_of;
use crate::time::Millis;

/// More of anything was never counted; sums of as many as fit into memory do not overflow.
const MOST: u64 = 1 << 40;

/// No time is further from 1970, in milliseconds: 30,000 years, and what is added to times does not overflow.
const FURTHEST: u64 = 1 << 50;

/// Whether everything referred to is there.
struct Check {
    syms: usize,
    chains: usize,
    nodes: usize,
    chunks: usize,
    sound: bool,
}

impl RemapIndices for Check {
    fn sym(&mut self, sym: &mut Sym) {
        self.sound &= sym.0 as usize <= self.syms;
    }

    fn chain(&mut self, chain: &mut ChainId) {
        self.sound &= (chain.0 as usize) < self.chains;
    }

    fn node(&mut self, node: &mut u32) {
        self.sound &= (*node as usize) < self.nodes;
    }

    fn pos(&mut self, pos: &mut Pos) {
        self.sound &= (pos.chunk as usize) < self.chunks;
    }
}

impl Check {
    fn time(&mut self, time: Millis) {
        self.sound &= time.0.unsigned_abs() <= FURTHEST;
    }

    fn span(&mut self, span: &TimeSpan) {
        self.sound &= span.first.is_some() == span.last.is_some() && span.first <= span.last;
        [span.first, span.last].into_iter().flatten().for_each(|time| self.time(time));
    }

    fn count(&mut self, count: u64) {
        self.sound &= count <= MOST;
    }
}

/// Whether a list stands in an order, no two alike.
fn is_strict<T, K: Ord>(list: impl IntoIterator<Item = T>, key: impl Fn(T) -> K) -> bool {
    let mut last: Option<K> = None;
    list.into_iter().map(key).all(|key| {
        let after = last.as_ref().is_none_or(|last| *last < key);
        last = Some(key);
        after
    })
}

impl State {
    /// Whether it is such as [`State::canonical`] makes it of what was read. Must hold of a state that was read from a file
    /// before anything else is done with it.
    #[must_use]
    pub fn is_sound(&mut self) -> bool {
        let mut check = Check {
            syms: self.symbols.len(),
            chains: self.chains.lists().len(),
            nodes: self.nodes.len(),
            chunks: self.chunks.len(),
            sound: true,
        };
        self.each_index(&mut check);
        self.tables(&mut check);
        // What refers to nothing cannot be looked at further.
        if !check.sound || !self.chains.is_sound() {
            return false;
        }
        self.times(&mut check);
        self.counts(&mut check);
        check.sound && self.is_in_order() && self.adds_up() && self.are_acts_sound() && self.are_series_sound()
    }

    fn tables(&self, check: &mut Check) {
        for list in self.chains.lists() {
            list.iter().for_each(|&sym| check.sym(&mut { sym }));
        }
        for node in &self.nodes {
            [node.id, node.name, node.cluster, node.cluster_name].into_iter().for_each(|sym| check.sym(&mut { sym }));
            check.sound &=
                [&node.minutes, &node.server_minutes, &node.local_minutes].into_iter().all(Minutes::is_sound);
        }
        for (&id, &name) in &self.key_names {
            [id, name].into_iter().for_each(|sym| check.sym(&mut { sym }));
        }
        self.counted_only.sampled.keys().for_each(|&sym| check.sym(&mut { sym }));
        let inputs = self.inputs.len();
        for input in &self.inputs {
            input.nodes.keys().for_each(|&node| check.node(&mut { node }));
        }
        check.sound &= self.chunks.iter().all(|chunk| (chunk.input as usize) < inputs)
            && self.numbers.keys().all(|&chunk| (chunk as usize) < self.chunks.len())
            && self.sketches.is_sound(inputs, self.nodes.len())
            && self.sampled.is_sound(inputs, self.nodes.len())
            && self.requests.is_sound();
    }

    fn times(&self, check: &mut Check) {
        self.attempts.iter().for_each(|attempt| check.time(attempt.time));
        self.realm_failures.iter().for_each(|failure| check.time(failure.time));
        self.grants.iter().for_each(|grant| check.time(grant.time));
        self.changes.iter().for_each(|change| check.time(change.time));
        self.reasons.iter().for_each(|reason| check.time(reason.time));
        for bucket in self.successes.values().chain(self.denials.values()).flat_map(Series::buckets) {
            check.span(&TimeSpan { first: Some(bucket.first), last: Some(bucket.last()) });
        }
        for acts in self.acts.kinds.values() {
            acts.first.iter().map(|act| act.time).chain(acts.last).for_each(|time| check.time(time));
        }
        for (first, last) in self.chunks.iter().filter_map(|chunk| chunk.ends) {
            check.time(first);
            check.time(last);
        }
        for input in &self.inputs {
            check.span(&input.span);
            check.span(&input.local_span);
            input.nodes.values().for_each(|span| check.span(span));
        }
        for node in &self.nodes {
            check.span(&node.span);
            check.span(&node.server_span);
            check.span(&node.local_span);
            node.offsets.values().for_each(|span| check.span(span));
        }
        self.requests.iter().for_each(|met| check.time(met.first));
        self.sampled.iter().for_each(|met| check.time(met.time));
        for sketch in self.sketches.iter() {
            check.span(&TimeSpan { first: Some(sketch.first), last: Some(sketch.last) });
        }
        for span in [&self.evicted.span, &self.counted_only.span, &self.unsettled.span] {
            check.span(span);
        }
        let minutes =
            self.denied_minutes.keys().chain(self.tampered_minutes.keys()).chain(self.counted_only.minutes.keys());
        check.sound &= minutes.into_iter().all(|minute| minute.unsigned_abs() <= FURTHEST / 60_000);
    }

    fn counts(&self, check: &mut Check) {
        for input in &self.inputs {
            let InputStats { bytes, lines, audit_events, server_events, other_lines, undecodable_lines, .. } = *input;
            let InputStats { garbage_lines, oversized_lines, stray_lines, zone_assumed, rises, falls, .. } = *input;
            for count in [bytes, lines, audit_events, server_events, other_lines, undecodable_lines, garbage_lines] {
                check.count(count);
            }
            for count in [oversized_lines, stray_lines, zone_assumed, rises, falls, input.problems_total] {
                check.count(count);
            }
            input.formats.values().for_each(|&count| check.count(count));
        }
        for node in &self.nodes {
            for count in [node.audit_events, node.server_events, node.realm_failures, node.successes, node.failures] {
                check.count(count);
            }
            [node.anonymous, node.decisions, node.opensearch].into_iter().for_each(|count| check.count(count));
        }
        let Unsettled { events: unsettled, .. } = self.unsettled;
        let counted = &self.counted_only;
        let numbers = [
            unsettled,
            self.documents_left_out,
            self.evicted.events,
            counted.attempts,
            counted.more_principals,
            counted.more_sources,
            counted.principals_left_out,
            counted.actors,
        ];
        numbers.into_iter().for_each(|count| check.count(count));
        let maps = self.actions.values().chain(self.products.values()).chain(counted.repeated.values());
        let maps = maps.chain(self.denied_minutes.values()).chain(self.tampered_minutes.values());
        maps.chain(counted.sampled.values()).for_each(|&count| check.count(count));
        counted.minutes.values().flatten().for_each(|&count| check.count(count));
        self.acts.left_out.values().for_each(|&count| check.count(count));
        self.chunks.iter().for_each(|chunk| check.count(chunk.lines));
    }

    /// Whether tables and records stand as they are written.
    fn is_in_order(&self) -> bool {
        let within = |pos: &Pos| u64::from(pos.line) < self.chunks[pos.chunk as usize].lines;
        is_strict(self.symbols.iter(), |text| text.to_vec())
            && is_strict(&self.inputs, |input| input.label.clone())
            && is_strict(&self.chunks, |chunk| (chunk.input, chunk.seq))
            && self.nodes.is_sorted_by_key(|node| (node.id, node.name, node.cluster))
            && self.attempts.is_sorted_by_key(|attempt| (attempt.pos, attempt.time, attempt.key, attempt.outcome))
            && self.attempts.iter().all(|attempt| within(&attempt.pos))
            && self.realm_failures.is_sorted_by_key(|failure| (failure.pos, failure.time, failure.key))
            && self.realm_failures.iter().all(|failure| within(&failure.pos))
            && self.grants.is_sorted_by_key(|grant| (grant.pos, grant.time, grant.request, grant.es_action))
            && self.changes.is_sorted_by_key(|change| (change.pos, change.time, change.identity))
            && self.changes.iter().all(|change| within(&change.pos))
            && self.reasons.is_sorted_by_key(|reason| (reason.pos, reason.time, reason.about, reason.subject))
            && self.reasons.iter().all(|reason| within(&reason.pos))
            && self.traces.is_sorted()
            && self.forwarded.is_sorted()
            && self.marks.is_sorted()
            && self.sequences.is_sorted()
            && self.documents.is_empty()
    }

    /// Whether what is counted twice is the same.
    fn adds_up(&self) -> bool {
        let of_inputs: u64 = self.inputs.iter().map(|input| input.audit_events).sum();
        let of_nodes: u64 = self.nodes.iter().map(|node| node.audit_events).sum();
        let of_actions: u64 = self.actions.values().sum();
        let repeated: u64 = self.counted_only.repeated.values().sum();
        let action = |name: &[u8]| self.actions.get(name).copied().unwrap_or(0);
        let lines = |input: &InputStats| {
            let parts = [
                input.audit_events,
                input.server_events,
                input.other_lines,
                input.undecodable_lines,
                input.oversized_lines,
            ];
            parts.iter().sum::<u64>() == input.lines
                && input.stray_lines <= input.other_lines
                && input.undecodable_lines <= input.problems_total
        };
        let ended = |outcome: Outcome| self.attempts.iter().filter(|attempt| attempt.outcome == outcome).count() as u64;
        of_inputs == of_actions
            // What was met again is no more of the node's.
            && (of_actions.saturating_sub(repeated)..=of_actions).contains(&of_nodes)
            && self.inputs.iter().all(lines)
            && self.counted_only.repeated.iter().all(|(name, &count)| count <= action(name))
            && [Outcome::Failed, Outcome::AnonymousDenied]
                .into_iter()
                .all(|outcome| ended(outcome) <= action(outcome.name().as_bytes()))
    }

    fn are_acts_sound(&self) -> bool {
        self.acts.kinds.len() <= MOST_KINDS
            && self.acts.kinds.values().all(|acts| {
                acts.first.len() <= MOST_OF_A_KIND
                    && acts.first.is_sorted_by_key(|act| (act.time, act.request))
                    && (acts.first.len().max(1) as u64..=MOST).contains(&acts.count)
                    && acts.last >= acts.first.last().map(|act| act.time)
            })
    }

    fn are_series_sound(&self) -> bool {
        let of_list = |list: &super::ActorSeries| is_strict(list.keys(), |actor| *actor);
        let scale = self.sketches.scale();
        of_list(&self.successes)
            && of_list(&self.denials)
            && self.successes.values().chain(self.denials.values()).all(Series::is_sound)
            && self.sketches.iter().all(|sketch| block_of(sketch.first, scale) == block_of(sketch.last, scale))
            && is_strict(self.sketches.iter(), |sketch| (sketch.input, sketch.node, block_of(sketch.first, scale)))
    }
}
