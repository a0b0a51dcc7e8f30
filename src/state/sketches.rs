//! What tells whether two inputs hold the same events: of each input, node and block of time one sum over all events, their
//! number, and when the first and the last of them happened.
//!
//! However long the log, there are at most [`MOST`] of them: blocks widen as they fill, as those of a series do, so that what is
//! kept depends on the events alone.

use serde::{Deserialize, Serialize};

use super::coverage::TimeSpan;
use crate::copies::block_of;
use crate::fast_reader::ActionKind;
use crate::time::Millis;

/// Sketches of a state: 8 MB.
const MOST: usize = 1 << 17;

/// Widest blocks: wider ones hold all of time.
const WIDEST: u8 = 48;

/// Kinds of events that are counted apart: those of [`ActionKind`] that have one name each.
pub const COUNTED: usize = ActionKind::NAMED.len();

/// The events of a node in one input within a block of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// Index into [`super::State::inputs`].
    pub input: u32,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// When the first happened.
    pub first: Millis,
    /// When the last happened.
    pub last: Millis,
    /// Sum of [`crate::copies::sketch_hash`], wrapped.
    pub sum: u64,
    /// How many.
    pub count: u32,
    /// How many of each kind, by [`ActionKind::NAMED`].
    pub kinds: [u32; COUNTED],
}

impl Sketch {
    fn empty(input: u32, node: u32, time: Millis) -> Self {
        Self { input, node, first: time, last: time, sum: 0, count: 0, kinds: [0; COUNTED] }
    }

    /// Adds events of the same node.
    pub fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.sum = self.sum.wrapping_add(other.sum);
        self.count = self.count.saturating_add(other.count);
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Whether two hold the same events, as far as can be told.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.count, self.sum, self.first, self.last) == (other.count, other.sum, other.first, other.last)
    }

    /// Whether two hold as many events of each kind in the same time, whatever else these say.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.count > 1 && (self.kinds, self.first, self.last) == (other.kinds, other.first, other.last)
    }

    /// Whether events of both happened between events of the other. One log in several files is cut somewhere, and within the
    /// millisecond of the cut both may have some.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first < other.last && other.first < self.last || self.is_same(other)
    }
}

/// Those of a block whose events lie between each other's, in no certain order. `goes_on` says whether the input of a sketch holds
/// events of the node before the block, and after it: a block may begin or end with the only event that two inputs have in common.
#[must_use]
pub fn overlapping<T>(
    mut block: Vec<T>,
    sketch: impl Fn(&T) -> &Sketch,
    goes_on: impl Fn(&Sketch) -> (bool, bool),
) -> Vec<Vec<T>> {
    block.sort_by_key(|row| {
        let Sketch { first, last, count, sum, input, .. } = *sketch(row);
        (first, last, count, sum, input)
    });
    let reaches_beyond = |one: &Sketch, other: &Sketch| {
        let touches = one.first <= other.last && other.first <= one.last;
        let ((before, after), (other_before, other_after)) = (goes_on(one), goes_on(other));
        let begins = one.first < other.last || before || other_after;
        touches && begins && (other.first < one.last || other_before || after)
    };
    let overlap = |one: &Sketch, other: &Sketch| one.overlaps(other) || reaches_beyond(one, other);
    let mut groups: Vec<Vec<T>> = Vec::new();
    for row in block {
        match groups.last_mut() {
            Some(group) if group.iter().any(|other| overlap(sketch(other), sketch(&row))) => group.push(row),
            _ => groups.push(vec![row]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// What at least two of some sketches, two or more, reach over.
pub fn shared_time<'s>(sketches: impl Iterator<Item = &'s Sketch>) -> (Millis, Millis) {
    let (mut firsts, mut lasts): (Vec<Millis>, Vec<Millis>) =
        sketches.map(|sketch| (sketch.first, sketch.last)).unzip();
    firsts.sort_unstable();
    lasts.sort_unstable();
    (firsts[1], lasts[lasts.len() - 2])
}

/// All of a state, by input, node and block, each once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sketches {
    /// How much wider than the narrowest their blocks are, see [`block_of`].
    scale: u8,
    list: Vec<Sketch>,
}

impl Sketches {
    /// See [`block_of`].
    #[must_use]
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Sketch> {
        self.list.iter()
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, keep: impl Fn(&Sketch) -> bool) {
        self.list.retain(keep);
    }

    /// Takes in others that are already translated.
    pub(super) fn join(&mut self, others: Vec<Self>) {
        for other in others {
            self.scale = self.scale.max(other.scale);
            self.list.extend(other.list);
        }
        self.settle();
    }

    /// Puts them in order, those of one block together, in blocks so wide that they are few enough.
    fn settle(&mut self) {
        loop {
            let scale = self.scale;
            let key = |sketch: &Sketch| (sketch.input, sketch.node, block_of(sketch.first, scale));
            if !self.list.is_sorted_by_key(key) {
                self.list.sort_unstable_by_key(key);
            }
            self.list.dedup_by(|next, kept| {
                let same = key(next) == key(kept);
                if same {
                    kept.add(next);
                }
                same
            });
            if self.list.len() <= MOST || self.scale >= WIDEST {
                return;
            }
            self.scale += 1;
        }
    }

    /// Changes what inputs and nodes are called.
    pub(super) fn translate(&mut self, inputs: &[u32], nodes: &[u32]) {
        for sketch in &mut self.list {
            sketch.input = inputs[sketch.input as usize];
            sketch.node = nodes[sketch.node as usize];
        }
        self.settle();
    }

    /// Whether they are such as adding events makes them, of so many inputs and nodes.
    pub(super) fn is_sound(&self, inputs: usize, nodes: usize) -> bool {
        self.scale <= WIDEST
            && self.list.iter().all(|sketch| {
                (sketch.input as usize) < inputs && (sketch.node as usize) < nodes && sketch.first <= sketch.last
            })
    }

    /// Bytes that they take.
    pub(super) fn weight(&self) -> u64 {
        (self.list.len() * size_of::<Sketch>()) as u64
    }
}

/// Sketches of the chunk being folded.
#[derive(Debug, Default)]
pub(super) struct Sketching {
    whole: Sketches,
    /// By node: the block at hand.
    open: Vec<Option<Sketch>>,
    /// Nodes that have one.
    touched: Vec<u32>,
    /// From when to when, in milliseconds, the block of the last event reaches.
    block: (i64, i64),
    /// The number of closed ones at which they are put together.
    settle_at: usize,
}

impl Sketching {
    /// Adds an event of the input at hand.
    #[inline]
    pub(super) fn add(&mut self, (input, node): (u32, u32), time: Millis, what: ActionKind, hash: u64) {
        let at = node as usize;
        if at >= self.open.len() {
            self.open.resize(at + 1, None);
        }
        if !(self.block.0..self.block.1).contains(&time.0) {
            self.enter(time);
        }
        let start = self.block.0;
        let open = &mut self.open[at];
        let sketch = match open {
            Some(sketch) if sketch.first.0 >= start && sketch.last.0 < self.block.1 => sketch,
            _ => {
                match open.take() {
                    Some(done) => self.whole.list.push(done),
                    None => self.touched.push(node),
                }
                open.insert(Sketch::empty(input, node, time))
            }
        };
        sketch.first = sketch.first.min(time);
        sketch.last = sketch.last.max(time);
        sketch.sum = sketch.sum.wrapping_add(hash);
        sketch.count = sketch.count.saturating_add(1);
        if let Some(kind) = sketch.kinds.get_mut(what as usize) {
            *kind = kind.saturating_add(1);
        }
    }

    /// Moves on to the block of a time.
    #[cold]
    fn enter(&mut self, time: Millis) {
        if self.whole.list.len() >= self.settle_at.max(4096) {
            self.whole.settle();
            self.settle_at = 2 * self.whole.list.len();
        }
        // They may be wider now: what is open stays in narrower ones, which are put together at the end.
        let width = block_width(self.whole.scale);
        let start = block_of(time, self.whole.scale).saturating_mul(width);
        self.block = (start, start.saturating_add(width));
    }

    /// Ends a chunk: the next may be of another input.
    pub(super) fn end(&mut self) {
        for node in self.touched.drain(..) {
            self.whole.list.extend(self.open[node as usize].take());
        }
    }

    /// All.
    pub(super) fn finish(mut self) -> Sketches {
        self.end();
        self.whole.settle();
        self.whole
    }

    /// Bytes that they take.
    pub(super) fn weight(&self) -> u64 {
        self.whole.weight()
    }
}

/// Milliseconds of a block.
#[must_use]
pub fn block_width(scale: u8) -> i64 {
    1_000_i64.saturating_mul(1_i64.checked_shl(10 + u32::from(scale)).unwrap_or(i64::MAX))
}

/// Overlaps of inputs that could not be settled: events that may be counted twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unsettled {
    /// How many, at most.
    pub events: u64,
    /// When they happened.
    pub span: TimeSpan,
}

impl Unsettled {
    /// Adds events of a sketch.
    pub fn add(&mut self, events: u64, span: TimeSpan) {
        self.events += events;
        self.span.merge(&span);
    }
}
