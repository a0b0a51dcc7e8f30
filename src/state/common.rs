//! What a state holds that another held before it: blocks of time of a node that are the same to the last event. Of parts nothing
//! else can be taken out; their failures and changes are compared where they are joined, and of what else overlaps is told that it
//! does (`overlaps`).

use std::collections::{BTreeMap, HashSet};

use super::coverage::TimeSpan;
use super::series::{Actor, Bucket};
use super::sketches::{COUNTED, Sketch};
use super::{ActLog, State, Unsettled};
use crate::copies::{block_of, is_joined, node_hash};
use crate::fast_reader::ActionKind;
use crate::time::Millis;

/// A node, by what names it, and a block of time.
type CommonBlock = (u64, i64);

/// The blocks of the states met so far.
#[derive(Debug, Default)]
pub struct KnownBlocks {
    scale: u8,
    blocks: BTreeMap<CommonBlock, Vec<Sketch>>,
}

impl KnownBlocks {
    /// Takes out of a state what was met before, and remembers the rest.
    pub fn take_out(&mut self, state: &mut State) {
        self.widen(state.sketches.scale());
        let nodes: Vec<u64> = state.nodes.iter().map(|node| identity(state, node)).collect();
        let block = |sketch: &Sketch| (nodes[sketch.node as usize], block_of(sketch.first, self.scale));
        let mut of_state: BTreeMap<CommonBlock, Vec<Sketch>> = BTreeMap::new();
        for sketch in state.sketches.iter() {
            of_state.entry(block(sketch)).or_default().push(*sketch);
        }
        let mut again = HashSet::new();
        for (block, sketches) in &of_state {
            let Some(known) = self.blocks.get(block) else { continue };
            if sketches.iter().all(|sketch| known.iter().any(|other| other.is_same(sketch))) {
                again.insert(*block);
            }
        }
        if !again.is_empty() {
            let mut open = Unsettled::default();
            let everything = of_state.keys().all(|block| again.contains(block));
            let mut cut = BlockCut { nodes: &nodes, scale: self.scale, again: &again, all: &of_state, open: &mut open };
            cut.out_of(state, everything);
            state.unsettled.add(open.events, open.span);
        }
        for (block, sketches) in of_state.into_iter().filter(|(block, _)| !again.contains(block)) {
            self.blocks.entry(block).or_default().extend(sketches);
        }
    }

    /// Puts blocks together, where those of a state are wider.
    fn widen(&mut self, scale: u8) {
        if scale <= self.scale {
            return;
        }
        self.scale = scale;
        let mut wider: BTreeMap<CommonBlock, Vec<Sketch>> = BTreeMap::new();
        for ((node, _), sketches) in std::mem::take(&mut self.blocks) {
            for sketch in sketches {
                let list = wider.entry((node, block_of(sketch.first, scale))).or_default();
                // Inputs of different states may bear one number; what is put together is what a node logged without a pause.
                match list.iter_mut().find(|other| other.input == sketch.input && !other.overlaps(&sketch)) {
                    Some(other) => other.add(&sketch),
                    None => list.push(sketch),
                }
            }
        }
        self.blocks = wider;
    }
}

/// What names a node in records of any form.
fn identity(state: &State, node: &super::NodeStats) -> u64 {
    let text = |sym| state.symbols.get(sym);
    node_hash(text(node.id).or(text(node.name)), text(node.cluster))
}

/// Takes blocks out of a state.
struct BlockCut<'c> {
    nodes: &'c [u64],
    scale: u8,
    again: &'c HashSet<CommonBlock>,
    all: &'c BTreeMap<CommonBlock, Vec<Sketch>>,
    open: &'c mut Unsettled,
}

impl BlockCut<'_> {
    fn is_again(&self, node: u32, time: Millis) -> bool {
        self.again.contains(&(self.nodes[node as usize], block_of(time, self.scale)))
    }

    /// Whether the events of a bucket stay; of one that is wider than a block only where all its blocks go, they go.
    fn stays(&mut self, actor: &Actor, bucket: &Bucket) -> bool {
        let node = self.nodes[actor.node as usize];
        let (first, last) = (block_of(bucket.first, self.scale), block_of(bucket.last(), self.scale));
        if first == last {
            return !self.again.contains(&(node, first));
        }
        let blocks = self.all.range((node, first)..=(node, last)).map(|(block, _)| block);
        let (mut some, mut every) = (false, true);
        for block in blocks {
            let again = self.again.contains(block);
            some |= again;
            every &= again;
        }
        if some && !every {
            self.open.add(u64::from(bucket.count), TimeSpan { first: Some(bucket.first), last: Some(bucket.last()) });
        }
        !every
    }

    fn out_of(&mut self, state: &mut State, everything: bool) {
        self.counts(state);
        let mut successes = std::mem::take(&mut state.successes);
        successes.keep_buckets(|actor, bucket| self.stays(actor, bucket));
        state.successes = successes;
        let mut denials = std::mem::take(&mut state.denials);
        let minutes = &mut state.denied_minutes;
        denials.keep_buckets(|actor, bucket| {
            let stays = self.stays(actor, bucket);
            if !stays && !everything {
                // Within a bucket the minutes are not known.
                let minute = bucket.first.0.div_euclid(60_000);
                if let Some(count) = minutes.get_mut(&minute) {
                    *count = count.saturating_sub(u64::from(bucket.count));
                }
            }
            stays
        });
        state.denials = denials;
        if everything {
            state.denied_minutes.clear();
            state.tampered_minutes.clear();
            state.acts = ActLog::default();
        } else {
            state.denied_minutes.retain(|_, count| *count > 0);
            self.acts(state);
        }
        let (nodes, scale, again) = (self.nodes, self.scale, self.again);
        state.sketches.retain(|sketch| !again.contains(&(nodes[sketch.node as usize], block_of(sketch.first, scale))));
        state.sampled.retain(|met| !again.contains(&(nodes[met.node as usize], block_of(met.time, scale))));
    }

    /// Counts what is taken out as met again.
    fn counts(&mut self, state: &mut State) {
        let gone: Vec<Sketch> =
            state.sketches.iter().filter(|sketch| self.is_again(sketch.node, sketch.first)).copied().collect();
        for sketch in gone {
            let stats = &mut state.nodes[sketch.node as usize];
            for kind in ActionKind::ALL_NAMED.into_iter().filter(|&kind| !is_joined(kind)) {
                let Some(&count) = sketch.kinds.get(kind as usize).filter(|count| **count > 0) else { continue };
                let count = u64::from(count);
                match kind {
                    ActionKind::AccessGranted | ActionKind::AccessDenied => {
                        stats.decisions = stats.decisions.saturating_sub(count);
                    }
                    ActionKind::AuthenticationSuccess => stats.successes = stats.successes.saturating_sub(count),
                    _ => {}
                }
                let name = ActionKind::NAMED[kind as usize].as_bytes().to_vec();
                *state.counted_only.repeated.entry(name).or_default() += count;
            }
        }
    }

    /// Acts that are kept one by one; of those that are only counted it is not known when they happened.
    fn acts(&mut self, state: &mut State) {
        let mut kinds = std::mem::take(&mut state.acts.kinds);
        kinds.retain(|_, acts| {
            let kept = acts.first.len() as u64;
            let counted_only = acts.count - kept;
            acts.first.retain(|act| !self.is_again(act.node, act.time));
            acts.count -= kept - acts.first.len() as u64;
            if counted_only > 0 && kept > acts.first.len() as u64 {
                self.open.add(counted_only, TimeSpan { first: None, last: acts.last });
            }
            acts.count > 0
        });
        state.acts.kinds = kinds;
    }
}

const _: () = assert!(COUNTED == ActionKind::ALL_NAMED.len(), "each kind with a name is counted");
