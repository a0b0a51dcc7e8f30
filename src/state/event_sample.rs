//! A sample of events that are too many to be kept one by one: what tells whether parts that overlap hold the same events, where
//! their sums differ ([`super::Sketch`]).
//!
//! Which events are in it depends on the events alone: those whose rank, by a hash, is high enough that there are at most
//! [`MOST`] entries; of a short log all. So of an event that two inputs hold both entries are in it or none, and a union of
//! samples is the sample of the union. Failures and changes are not in it: they are compared where they are joined.
//!
//! Beside those that are drawn it holds the first and the last events of each input and node, so that a line at which one input
//! ends and another begins is recognised however long they are.

use serde::{Deserialize, Serialize};

use super::thinning::HIGHEST;
use crate::copies::{event_hash, is_joined, sketch_hash};
use crate::fast_reader::AuditFields;
use crate::time::Millis;

/// Entries of a state: 45 KB of a part.
const MOST: usize = 1 << 12;

/// Events of the first and of the last millisecond of an input and node that are in it whatever their rank, each: a millisecond may
/// hold any number.
const MOST_OF_AN_EDGE: usize = 16;

/// Bits of a hash that come of [`crate::copies::sketch_hash`], which every event has anyway; the others are of all that it says.
const QUICK: u32 = 32;

/// An event of an input, or several that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SampledEvent {
    /// Index into [`super::State::inputs`].
    pub input: u32,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// When it happened.
    pub time: Millis,
    /// Hash of what it says, the highest byte first: as a number it would take more.
    pub event: [u8; 8],
    /// How many.
    pub count: u32,
}

impl SampledEvent {
    fn of((input, node): (u32, u32), event: &impl AuditFields, quick: u64) -> Self {
        let low = u64::MAX >> QUICK;
        let hash = quick & !low | event_hash(event, 0) & low;
        Self { input, node, time: event.time(), event: hash.to_be_bytes(), count: 1 }
    }

    /// One in 2 to the power of this has so high a rank.
    fn rank(&self) -> u8 {
        u8::try_from(u64::from_be_bytes(self.event).leading_zeros()).unwrap_or(HIGHEST)
    }

    /// Whether two are the same events of one input.
    fn is_same(&self, other: &Self) -> bool {
        (self.input, self.node, self.time, self.event) == (other.input, other.node, other.time, other.event)
    }
}

/// The sample.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventSample {
    /// The least rank.
    scale: u8,
    /// By input, node, time and event, each once.
    list: Vec<SampledEvent>,
}

impl EventSample {
    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &SampledEvent> {
        self.list.iter()
    }

    /// Whether every event is in it that could be.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.scale == 0
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, keep: impl Fn(&SampledEvent) -> bool) {
        self.list.retain(keep);
    }

    /// Adds an event of an input and a node, whose [`crate::copies::sketch_hash`] is known.
    #[inline]
    pub(super) fn add(&mut self, (input, node): (u32, u32), event: &impl AuditFields, quick: u64) {
        if quick.leading_zeros() >= u32::from(self.scale).min(QUICK) {
            self.met((input, node), event, quick);
        }
    }

    /// Few get here.
    #[cold]
    fn met(&mut self, (input, node): (u32, u32), event: &impl AuditFields, quick: u64) {
        if is_joined(event.what()) {
            return;
        }
        let met = SampledEvent::of((input, node), event, quick);
        if self.is_drawn(&met) {
            // A bulk request leaves the same line for every shard.
            match self.list.last_mut() {
                Some(last) if last.is_same(&met) => last.count = last.count.saturating_add(1),
                _ => self.list.push(met),
            }
        }
    }

    /// Adds an event at an edge of a chunk, unless [`EventSample::add`] took it. In between nothing may be settled.
    pub(super) fn add_edge(&mut self, (input, node): (u32, u32), event: &impl AuditFields) {
        let met = SampledEvent::of((input, node), event, sketch_hash(event));
        if !self.is_drawn(&met) {
            self.list.push(met);
        }
    }

    /// Whether its rank alone puts an event into the sample.
    #[must_use]
    pub fn is_drawn(&self, met: &SampledEvent) -> bool {
        met.rank() >= self.scale
    }

    /// Settles it if it has grown beyond a limit, which rises with what is left.
    pub(super) fn settle_beyond(&mut self, limit: &mut usize) {
        if self.list.len() >= (*limit).max(2 * MOST) {
            self.settle();
            *limit = 2 * self.list.len();
        }
    }

    /// Puts it in order, each event once, and leaves as many as there may be.
    pub(super) fn settle(&mut self) {
        self.list.sort_unstable();
        self.list.dedup_by(|next, kept| {
            let same = next.is_same(kept);
            if same {
                kept.count = kept.count.saturating_add(next.count);
            }
            same
        });
        while self.drawn() > MOST && self.scale < HIGHEST {
            self.scale += 1;
        }
        let mut stays = self.stays().into_iter();
        self.list.retain(|_| stays.next().unwrap_or(false));
    }

    /// How many were drawn.
    fn drawn(&self) -> usize {
        self.list.iter().filter(|met| self.is_drawn(met)).count()
    }

    /// Which entries of the list, in order, are drawn or stand at an edge. Those of one millisecond stand by their hash, so which
    /// of too many stay depends on them alone.
    fn stays(&self) -> Vec<bool> {
        let mut stays = Vec::with_capacity(self.list.len());
        for of_node in self.list.chunk_by(|a, b| (a.input, a.node) == (b.input, b.node)) {
            let ends = [of_node.first(), of_node.last()].map(|met| met.map(|met| met.time));
            for same in of_node.chunk_by(|a, b| a.time == b.time) {
                let is_edge = ends.contains(&same.first().map(|met| met.time));
                let stays_at = |(at, met)| is_edge && at < MOST_OF_AN_EDGE || self.is_drawn(met);
                stays.extend(same.iter().enumerate().map(stays_at));
            }
        }
        stays
    }

    /// Takes in others that are already translated.
    pub(super) fn join(&mut self, others: impl IntoIterator<Item = Self>) {
        for other in others {
            self.scale = self.scale.max(other.scale);
            self.list.extend(other.list);
        }
        self.settle();
    }

    /// Changes what inputs and nodes are called.
    pub(super) fn translate(&mut self, inputs: &[u32], nodes: &[u32]) {
        for met in &mut self.list {
            met.input = inputs[met.input as usize];
            met.node = nodes[met.node as usize];
        }
        self.settle();
    }

    /// Whether it is such as [`EventSample::settle`] leaves it, of so many inputs and nodes.
    pub(super) fn is_sound(&self, inputs: usize, nodes: usize) -> bool {
        self.scale <= HIGHEST
            && (self.drawn() <= MOST || self.scale == HIGHEST)
            && self.list.iter().all(|met| (met.input as usize) < inputs && (met.node as usize) < nodes && met.count > 0)
            && self.list.is_sorted_by(|a, b| a < b && !a.is_same(b))
            && self.stays().into_iter().all(|stays| stays)
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> u64 {
        (self.list.len() * size_of::<SampledEvent>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Action, AuditEvent};

    /// Events of two inputs, in chunks of some, as they are folded.
    fn whole(numbers: impl IntoIterator<Item = u64>) -> EventSample {
        let (mut sample, mut limit) = (EventSample::default(), 0);
        let numbers: Vec<u64> = numbers.into_iter().collect();
        for chunk in numbers.chunks(1000) {
            let times: Vec<i64> = chunk.iter().map(|&number| time(number)).collect();
            let edges = [times.iter().min().copied(), times.iter().max().copied()];
            let event = |number: u64| {
                // Some are the same as others.
                let request = (number / 3 * 3).to_string();
                let action = Action::from_name(b"access_granted".as_slice().into(), Some(b"rest"));
                let mut event = AuditEvent::new(Millis(time(number)), action);
                event.request_id = Some(request.into_bytes().into());
                event
            };
            for &number in chunk {
                sample.add(((number % 2) as u32, 0), &event(number), sketch_hash(&event(number)));
            }
            for &number in chunk.iter().filter(|&&number| edges.contains(&Some(time(number)))) {
                sample.add_edge(((number % 2) as u32, 0), &event(number));
            }
            sample.settle_beyond(&mut limit);
        }
        sample.settle();
        sample
    }

    fn time(number: u64) -> i64 {
        (number / 60) as i64
    }

    #[test]
    fn of_few_all_are_kept_and_of_many_those_that_every_input_keeps() {
        let sample = whole(0..3000);
        assert!(sample.is_whole() && sample.is_sound(2, 1));
        assert_eq!(sample.iter().map(|met| met.count).sum::<u32>(), 3000);
        let sample = whole(0..300_000);
        assert!(!sample.is_whole() && sample.is_sound(2, 1));
        assert!((MOST / 4..=MOST).contains(&sample.drawn()), "{}", sample.drawn());
        // Thirty events of each input at each edge are twenty different ones.
        for (input, edge) in [(0, time(0)), (0, time(299_999)), (1, time(0)), (1, time(299_999))] {
            let met = sample.iter().filter(|met| (met.input, met.time) == (input, Millis(edge))).count();
            assert!((MOST_OF_AN_EDGE..MOST_OF_AN_EDGE + 3).contains(&met), "{met} of input {input}");
        }
        // Three numbers are one event, of which both inputs hold some.
        let mut events: Vec<_> = sample.iter().map(|met| (met.time, met.event)).collect();
        events.sort_unstable();
        assert!(events.chunk_by(|a, b| a == b).all(|same| same.len() == 2));
    }

    #[test]
    fn what_settling_does_not_leave_is_refused() {
        let sample = whole(0..300_000);
        let harms: [fn(&mut EventSample); 6] = [
            |sample| sample.list[0].input = 2,
            |sample| sample.list[0].node = 1,
            |sample| sample.list[0].count = 0,
            |sample| sample.list[100].event = [0xff; 8],
            |sample| sample.list.swap(0, 1),
            |sample| sample.list[1] = sample.list[0],
        ];
        for (number, harm) in harms.into_iter().enumerate() {
            let mut harmed = sample.clone();
            harm(&mut harmed);
            assert!(sample.is_sound(2, 1) && !harmed.is_sound(2, 1), "harm {number}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_union_of_samples_is_the_sample_of_the_union(
            cuts in prop::collection::vec(0_u64..60_000, 1..6),
            from_the_end in any::<bool>(),
        ) {
            let mut cuts = cuts;
            cuts.extend([0, 60_000]);
            cuts.sort_unstable();
            let mut parts: Vec<_> = cuts.windows(2).map(|ends| whole((ends[0]..ends[1]).rev())).collect();
            if from_the_end {
                parts.reverse();
            }
            let mut joined = EventSample::default();
            joined.join(parts);
            prop_assert!(joined == whole(0..60_000));
        }
    }
}
