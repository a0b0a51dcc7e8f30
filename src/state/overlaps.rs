//! Overlaps of inputs that were not compared event by event, as those of different parts: how many events may be in several.
//!
//! Two files of a node may well share a time and no event: slices of one log, or its end and begin where it was cut. So an overlap
//! is told where something tells that its inputs hold the same, or where nothing tells that they do not.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::TimeSpan;
use super::event_sample::SampledEvent;
use super::sketches::{Sketch, overlapping, shared_time};
use super::{State, Unsettled};
use crate::copies::{block_of, is_joined};
use crate::fast_reader::ActionKind;

/// So many sampled events, none of them in two inputs, tell that these inputs share none: even if one in five events were a copy,
/// that would be seldom.
const ENOUGH: u64 = 16;

/// An overlap that is shorter, in milliseconds, is mostly the place where a log was cut: around it threads write their lines a
/// little out of order, and two lines that are the same may stand on both sides.
const SHORTEST_MS: i64 = 1000;

/// What the samples say of a block of time in which inputs overlap.
#[derive(Default)]
struct Samples {
    /// Events of the overlap that would be met twice if these inputs held the same.
    comparable: u64,
    /// Events that are in several inputs.
    shared: u64,
    /// How many more of these there are than the input has that has most.
    surplus: u64,
}

/// Overlaps of a node of which nothing tells whether they hold the same.
#[derive(Default)]
struct Undecided {
    /// Of the short ones, and of the others.
    open: [Unsettled; 2],
    comparable: u64,
}

impl State {
    /// Events that several inputs may have in common, at most. `node_of` numbers nodes however records name them; `met_again` says
    /// whether failures or changes were met again, or whole blocks.
    #[must_use]
    pub fn overlaps(&self, node_of: impl Fn(u32) -> u64, met_again: bool) -> Unsettled {
        let scale = self.sketches.scale();
        let mut blocks: BTreeMap<(u64, i64), BTreeMap<u32, Sketch>> = BTreeMap::new();
        for sketch in self.sketches.iter() {
            let block = blocks.entry((node_of(sketch.node), block_of(sketch.first, scale))).or_default();
            // An input may name a node in several ways.
            block.entry(sketch.input).and_modify(|known| known.add(sketch)).or_insert(*sketch);
        }
        // The first and the last block of an input.
        let mut ends: BTreeMap<(u64, u32), (i64, i64)> = BTreeMap::new();
        for (&(node, block), sketches) in &blocks {
            for &input in sketches.keys() {
                ends.entry((node, input)).or_insert((block, block)).1 = block;
            }
        }
        let mut sampled: BTreeMap<(u64, i64), Vec<SampledEvent>> = BTreeMap::new();
        for met in self.sampled.iter() {
            sampled.entry((node_of(met.node), block_of(met.time, scale))).or_default().push(*met);
        }
        let mut told = Unsettled::default();
        let mut undecided: BTreeMap<u64, Undecided> = BTreeMap::new();
        for (block, sketches) in blocks.into_iter().filter(|(_, sketches)| sketches.len() > 1) {
            let events = sampled.get(&block).map_or(&[][..], Vec::as_slice);
            let goes_on = |sketch: &Sketch| {
                let (first, last) = ends[&(block.0, sketch.input)];
                (first < block.1, block.1 < last)
            };
            for group in overlapping(sketches.into_values().collect(), |sketch| sketch, goes_on) {
                self.overlap(&group, events, met_again, &mut told, undecided.entry(block.0).or_default());
            }
        }
        for Undecided { open: [short, long], comparable } in undecided.into_values() {
            if comparable < ENOUGH {
                told.add(long.events, long.span);
            }
            if comparable < ENOUGH && met_again {
                told.add(short.events, short.span);
            }
        }
        told
    }

    /// Looks at inputs that overlap in a block; `events` are the sampled ones of the block.
    fn overlap(
        &self,
        group: &[Sketch],
        events: &[SampledEvent],
        met_again: bool,
        told: &mut Unsettled,
        undecided: &mut Undecided,
    ) {
        let (first, last) = shared_time(group.iter());
        let span = TimeSpan { first: Some(first), last: Some(last) };
        let counts = || group.iter().map(not_joined);
        let most = counts().sum::<u64>() - counts().max().unwrap_or(0);
        let inputs: BTreeSet<u32> = group.iter().map(|sketch| sketch.input).collect();
        let within = |met: &&SampledEvent| inputs.contains(&met.input);
        let samples = Samples::of(events.iter().filter(within).copied().collect(), &span);
        // Forms may not agree in what they hold of one event.
        let forms = |input: u32| self.inputs[input as usize].formats.keys();
        let agree = inputs.iter().all(|&input| forms(input).eq(forms(group[0].input)));
        let is_short = last.0.saturating_sub(first.0) < SHORTEST_MS;
        if samples.shared > u64::from(is_short) * samples.comparable / 2 {
            told.add(if agree && self.sampled.is_whole() { samples.surplus } else { most }, span);
        } else if group.windows(2).any(|pair| pair[0].is_like(&pair[1])) || met_again && !agree {
            told.add(most, span);
        } else if agree && !self.sampled.is_whole() {
            undecided.open[usize::from(!is_short)].add(most, span);
            undecided.comparable += samples.comparable;
        }
    }
}

impl Samples {
    fn of(mut events: Vec<SampledEvent>, span: &TimeSpan) -> Self {
        let mut samples = Self::default();
        let mut of_inputs: BTreeMap<u32, u64> = BTreeMap::new();
        events.sort_unstable_by_key(|met| (met.time, met.event, met.input));
        for same in events.chunk_by(|a, b| (a.time, a.event) == (b.time, b.event)) {
            let counts = || same.iter().map(|met| u64::from(met.count));
            samples.shared += u64::from(same.len() > 1);
            samples.surplus += counts().sum::<u64>() - counts().max().unwrap_or(0);
            if span.first <= Some(same[0].time) && Some(same[0].time) <= span.last {
                same.iter().for_each(|met| *of_inputs.entry(met.input).or_default() += 1);
            }
        }
        samples.comparable = of_inputs.values().sum::<u64>() - of_inputs.values().max().unwrap_or(&0);
        samples
    }
}

/// Events of a block that are not compared where they are joined.
fn not_joined(sketch: &Sketch) -> u64 {
    let kinds = ActionKind::ALL_NAMED.into_iter().zip(sketch.kinds);
    let joined: u64 = kinds.filter(|(kind, _)| is_joined(*kind)).map(|(_, count)| u64::from(count)).sum();
    u64::from(sketch.count).saturating_sub(joined)
}
