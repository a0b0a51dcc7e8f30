//! Overlaps of inputs that were not compared event by event, as those of different parts: how many events may be in several.
//!
//! Two files of a node may well share a time and no event: slices of one log, or its end and begin where it was cut. So an overlap
//! is told where something tells that its inputs hold the same, or where nothing tells that they do not.
//!
//! Where one ends in the millisecond in which another begins, the lines of that millisecond tell ([`State::touching`]), for inputs
//! that were compared, too: to read all files once more because of a place at which a log was cut would be too dear.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::TimeSpan;
use super::event_sample::SampledEvent;
use super::sketches::{Sketch, overlapping, shared_time};
use super::{State, Unsettled};
use crate::copies::{block_of, is_joined};
use crate::fast_reader::ActionKind;
use crate::time::Millis;

/// So many sampled events, none of them in two inputs, tell that these inputs share none: even if one in five events were a copy,
/// that would be seldom.
const ENOUGH: u64 = 16;

/// An overlap that is shorter, in milliseconds, is mostly the place where a log was cut: around it threads write their lines a
/// little out of order, and two lines that are the same may stand on both sides.
const SHORTEST_MS: i64 = 1000;

/// A node, numbered, and a block of time.
type OverlapBlock = (u64, i64);

/// Which inputs overlap.
struct Overlapping {
    /// How wide the blocks are, see [`block_of`].
    scale: u8,
    /// Sketches of inputs that hold events of a node at the same time.
    groups: Vec<(OverlapBlock, Vec<Sketch>)>,
    /// From when to when each input has events of a node.
    spans: BTreeMap<(u64, u32), TimeSpan>,
}

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
        let Overlapping { scale, groups, .. } = self.overlapping(&node_of);
        let mut sampled: BTreeMap<OverlapBlock, Vec<SampledEvent>> = BTreeMap::new();
        for met in self.sampled.iter().filter(|met| self.sampled.is_drawn(met)) {
            sampled.entry((node_of(met.node), block_of(met.time, scale))).or_default().push(*met);
        }
        let mut told = Unsettled::default();
        let mut undecided: BTreeMap<u64, Undecided> = BTreeMap::new();
        for (block, group) in groups {
            let events = sampled.get(&block).map_or(&[][..], Vec::as_slice);
            self.overlap(&group, events, met_again, &mut told, undecided.entry(block.0).or_default());
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

    /// Events that inputs have in common of which one ends in the millisecond in which the other begins. One that stands several times
    /// in an input is not among them: a request leaves the same line for every shard, so both may have some of its lines.
    #[must_use]
    pub fn touching(&self, node_of: impl Fn(u32) -> u64) -> Unsettled {
        let Overlapping { scale, groups, spans } = self.overlapping(&node_of);
        // What overlaps was compared, or is looked at as a whole.
        let mut grouped: BTreeMap<(OverlapBlock, u32), usize> = BTreeMap::new();
        for (number, (block, group)) in groups.iter().enumerate() {
            grouped.extend(group.iter().map(|sketch| ((*block, sketch.input), number)));
        }
        let at_edge = |met: &&SampledEvent| {
            let span = spans.get(&(node_of(met.node), met.input));
            span.is_some_and(|span| [span.first, span.last].contains(&Some(met.time)))
        };
        let mut edges: Vec<(u64, SampledEvent)> =
            self.sampled.iter().filter(at_edge).map(|met| (node_of(met.node), *met)).collect();
        edges.sort_unstable_by_key(|(node, met)| (*node, met.time, met.event, met.input));
        let mut told = Unsettled::default();
        for same in edges.chunk_by(|(a, one), (b, other)| (a, one.time, one.event) == (b, other.time, other.event)) {
            let block = |(node, met): &(u64, SampledEvent)| (*node, block_of(met.time, scale));
            let inputs = || same.chunk_by(|a, b| a.1.input == b.1.input);
            if inputs().any(|of_input| of_input.iter().map(|(_, met)| u64::from(met.count)).sum::<u64>() > 1) {
                continue;
            }
            let unit =
                |edge: &(u64, SampledEvent)| grouped.get(&(block(edge), edge.1.input)).copied().ok_or(edge.1.input);
            let units: BTreeSet<Result<usize, u32>> = same.iter().map(unit).collect();
            if units.len() > 1 {
                let time = same.first().map(|(_, met)| met.time);
                told.add(units.len() as u64 - 1, TimeSpan { first: time, last: time });
            }
        }
        told
    }

    /// Inputs by node and block, those together that overlap.
    fn overlapping(&self, node_of: impl Fn(u32) -> u64) -> Overlapping {
        let scale = self.sketches.scale();
        let mut blocks: BTreeMap<OverlapBlock, BTreeMap<u32, Sketch>> = BTreeMap::new();
        let mut spans: BTreeMap<(u64, u32), TimeSpan> = BTreeMap::new();
        for sketch in self.sketches.iter() {
            let node = node_of(sketch.node);
            let block = blocks.entry((node, block_of(sketch.first, scale))).or_default();
            // An input may name a node in several ways.
            block.entry(sketch.input).and_modify(|known| known.add(sketch)).or_insert(*sketch);
            let span = TimeSpan { first: Some(sketch.first), last: Some(sketch.last) };
            spans.entry((node, sketch.input)).or_default().merge(&span);
        }
        let mut groups = Vec::new();
        for (block, sketches) in blocks.into_iter().filter(|(_, sketches)| sketches.len() > 1) {
            let goes_on = |sketch: &Sketch| {
                let span = &spans[&(block.0, sketch.input)];
                let beyond = |time: Option<Millis>| time.map(|time| block_of(time, scale));
                (beyond(span.first) < Some(block.1), Some(block.1) < beyond(span.last))
            };
            let of_block = overlapping(sketches.into_values().collect(), |sketch| sketch, goes_on);
            groups.extend(of_block.into_iter().map(|group| (block, group)));
        }
        Overlapping { scale, groups, spans }
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
