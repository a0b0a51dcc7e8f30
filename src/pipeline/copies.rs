//! What inputs have in common, found once they are read: blocks of time that are the same to the last event, and blocks whose
//! events have to be compared one by one, for which the inputs are read once more.

#![expect(clippy::cast_possible_truncation, reason = "nodes are numbered in 32 bits")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::compared::{self, ComparedEvent};
use super::work::TakesChunks;
use crate::copies::{Copies, InputCopies, NodeBlock, block_of, node_hash};
use crate::correlate::NodeTable;
use crate::decode::{Context, decode_line};
use crate::error::ProblemKind;
use crate::event::Record;
use crate::fast_reader::{AuditFields, Probe};
use crate::lines::{Chunk, hole, length};
use crate::options::Options;
use crate::state::{InputRef, Sketch, State, Sym, TimeSpan, Unsettled, overlapping, shared_time};

/// Bytes of inputs up to which every overlap is looked at. Of more, one that is shorter than [`SHORTEST_MS`] is taken for the place
/// where a log was cut in two, around which threads write their lines a little out of order.
const SMALL: u64 = 256 << 20;

/// See [`SMALL`].
const SHORTEST_MS: i64 = 1000;

/// What inputs have in common.
#[derive(Debug, Default)]
pub(super) struct Common {
    copies: Copies,
    /// Names of the inputs whose events have to be compared.
    to_compare: BTreeSet<String>,
    /// Events that are there twice, at most, and may be counted so as long as nothing is read again.
    open: Unsettled,
    /// Those for which there is no memory.
    too_many: Unsettled,
}

/// Everything of one node and one block in one input.
struct CopyRow {
    at: NodeBlock,
    /// Place of the input by name.
    rank: u32,
    sketch: Sketch,
}

/// What the inputs of a state have in common; `None` if nothing.
pub(super) fn find(state: &State, options: &Options) -> Option<Common> {
    let several = state.inputs.iter().filter(|input| input.audit_events > 0).nth(1).is_some();
    if !several && state.documents.is_empty() {
        return None;
    }
    let mut order: Vec<usize> = (0..state.inputs.len()).collect();
    order.sort_by(|&a, &b| state.inputs[a].label.cmp(&state.inputs[b].label));
    let mut ranks = vec![0; order.len()];
    order.iter().zip(0..).for_each(|(&input, rank)| ranks[input] = rank);
    let mut finding = CopySearch { state, order, common: Common::default(), inputs: BTreeMap::new() };
    finding.common.copies.scale = state.sketches.scale();
    if several {
        finding.blocks(&ranks, options);
    }
    finding.documents(&ranks);
    finding.finish()
}

struct CopySearch<'s> {
    state: &'s State,
    /// Inputs by name.
    order: Vec<usize>,
    common: Common,
    /// By rank.
    inputs: BTreeMap<u32, InputCopies>,
}

impl CopySearch<'_> {
    fn blocks(&mut self, ranks: &[u32], options: &Options) {
        let rows = rows(self.state, ranks);
        // The first and the last block of an input.
        let mut ends: HashMap<(u32, u32), (i64, i64)> = HashMap::new();
        for row in &rows {
            ends.entry((row.at.0, row.sketch.input)).or_insert((row.at.1, row.at.1)).1 = row.at.1;
        }
        let mut nodes = false;
        let bytes: u64 = self.state.inputs.iter().map(|input| input.bytes).sum();
        let mut room = options.max_memory / 64;
        for block in rows.chunk_by(|a, b| a.at == b.at).filter(|block| block.len() > 1) {
            let (node, at) = block[0].at;
            let goes_on = |sketch: &Sketch| {
                let (first, last) = ends[&(node, sketch.input)];
                (first < at, at < last)
            };
            for group in groups(block, goes_on) {
                nodes = true;
                self.group(&group, bytes, &mut room);
            }
        }
        if nodes {
            self.common.copies.nodes = numbers(self.state);
        }
    }

    /// Inputs that hold events of one node at the same time.
    fn group(&mut self, group: &[&CopyRow], bytes: u64, room: &mut u64) {
        let (from, until) = shared_time(group.iter().map(|row| &row.sketch));
        let span = TimeSpan { first: Some(from), last: Some(until) };
        let total: u64 = group.iter().map(|row| u64::from(row.sketch.count)).sum();
        let most = group.iter().map(|row| u64::from(row.sketch.count)).max().unwrap_or(0);
        if group.iter().all(|row| row.sketch.is_same(&group[0].sketch)) {
            self.common.open.add(total - most, span);
            // Of inputs that hold the same the first by name counts.
            for row in group.iter().skip(1) {
                self.inputs.entry(row.rank).or_default().blocks.insert(row.at);
            }
        } else if until.0.saturating_sub(from.0) < SHORTEST_MS && bytes > SMALL {
            // See there.
        } else if total > *room {
            self.common.too_many.add(total - most, span);
        } else {
            *room -= total;
            self.common.open.add(total - most, span);
            self.common.copies.compared.insert(group[0].at);
            for row in group {
                self.inputs.entry(row.rank).or_default();
                let label = self.state.inputs[self.order[row.rank as usize]].label.clone();
                self.common.to_compare.insert(label);
            }
        }
    }

    fn documents(&mut self, ranks: &[u32]) {
        let place = |&(name, pos): &(u64, crate::state::Pos)| {
            let chunk = self.state.chunks[pos.chunk as usize];
            (ranks[chunk.input as usize], name, (chunk.seq, pos.line))
        };
        let mut places: Vec<_> = self.state.documents.iter().map(place).collect();
        places.sort_unstable();
        for again in places.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|again| again.len() > 1) {
            let (rank, name, first) = again[0];
            self.inputs.entry(rank).or_default().documents.insert(name, first);
            self.common.open.add(again.len() as u64 - 1, TimeSpan::default());
        }
    }

    fn finish(self) -> Option<Common> {
        let Self { state, order, mut common, inputs } = self;
        if inputs.is_empty() && common.too_many.events == 0 {
            return None;
        }
        let named = |(rank, mut input): (u32, InputCopies)| {
            input.number = rank;
            (state.inputs[order[rank as usize]].label.clone(), Arc::new(input))
        };
        common.copies.inputs = inputs.into_iter().map(named).collect();
        Some(common)
    }
}

/// The sketches of a state by node, block and input.
fn rows(state: &State, ranks: &[u32]) -> Vec<CopyRow> {
    let nodes = NodeTable::new(state);
    let scale = state.sketches.scale();
    let row = |sketch: &Sketch| CopyRow {
        at: (nodes.index(sketch.node) as u32, block_of(sketch.first, scale)),
        rank: ranks[sketch.input as usize],
        sketch: *sketch,
    };
    let mut rows: Vec<CopyRow> = state.sketches.iter().map(row).collect();
    rows.sort_by_key(|row| (row.at, row.rank));
    // A node that records name in several ways.
    rows.dedup_by(|next, kept| {
        let same = (next.at, next.rank) == (kept.at, kept.rank);
        if same {
            kept.sketch.add(&next.sketch);
        }
        same
    });
    rows
}

/// Those of a block whose events lie between each other's.
fn groups(block: &[CopyRow], goes_on: impl Fn(&Sketch) -> (bool, bool)) -> Vec<Vec<&CopyRow>> {
    let mut groups = overlapping(block.iter().collect(), |row: &&CopyRow| &row.sketch, goes_on);
    groups.iter_mut().for_each(|group| group.sort_by_key(|row| row.rank));
    groups
}

/// Numbers of nodes, however records name them.
fn numbers(state: &State) -> HashMap<u64, u32> {
    let table = NodeTable::new(state);
    let text = |sym: Sym| state.symbols.get(sym);
    let number = |(node, at): (&crate::state::NodeStats, u32)| {
        let identity = text(node.id).or(text(node.name));
        (node_hash(identity, text(node.cluster)), table.index(at) as u32)
    };
    state.nodes.iter().zip(0..).map(number).collect()
}

impl Common {
    /// Inputs that have to be read to compare their events, by name.
    pub(super) fn to_compare(&self) -> impl Iterator<Item = &str> {
        self.to_compare.iter().map(String::as_str)
    }

    /// What one worker compares with.
    pub(super) fn comparing<'c>(&'c self, options: &'c Options) -> Comparing<'c> {
        Comparing {
            common: self,
            context: Context::new(options.zone()).forced(options.input_format),
            max_line: options.max_line,
            probe: Probe::new(options.zone()),
            probing: options.input_format.is_none(),
            met: Vec::new(),
        }
    }

    /// Takes in what workers met, and gives what is a copy, if anything is; what there is no memory for is noted.
    pub(super) fn settle(self, met: Vec<ComparedEvent>, unsettled: &mut Unsettled) -> Option<Arc<Copies>> {
        let Self { mut copies, too_many, .. } = self;
        unsettled.add(too_many.events, too_many.span);
        copies.shared = compared::settle(met, unsettled);
        let any = |input: &Arc<InputCopies>| !input.blocks.is_empty() || !input.documents.is_empty();
        let found = !copies.shared.is_empty() || copies.inputs.values().any(any);
        found.then(|| Arc::new(copies))
    }

    /// Notes everything as not settled.
    pub(super) fn leave(self, unsettled: &mut Unsettled) {
        for open in [self.open, self.too_many] {
            unsettled.add(open.events, open.span);
        }
    }
}

/// Notes the events that have to be compared, one worker's share.
pub(super) struct Comparing<'c> {
    common: &'c Common,
    context: Context,
    max_line: usize,
    probe: Probe,
    probing: bool,
    /// What was met.
    pub(super) met: Vec<ComparedEvent>,
}

impl Comparing<'_> {
    fn event(&mut self, event: &impl AuditFields, number: u32) {
        note(self.common, &mut self.met, event, number);
    }
}

fn note(common: &Common, met: &mut Vec<ComparedEvent>, event: &impl AuditFields, number: u32) {
    let copies = &common.copies;
    if let Some(node) = copies.node_of(event)
        && copies.compared.contains(&(node, block_of(event.time(), copies.scale)))
    {
        met.push(ComparedEvent::new(event, node, number));
    }
}

impl TakesChunks for Comparing<'_> {
    fn bytes(&mut self, _: InputRef<'_>, _: u64) {}

    fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        if !self.common.to_compare.contains(input.label) {
            return;
        }
        let Some(number) = self.common.copies.inputs.get(input.label).map(|copies| copies.number) else { return };
        let bytes = chunk.bytes();
        let probing = self.probing && chunk.format.is_none();
        self.probe.forget();
        let mut probe = std::mem::replace(&mut self.probe, Probe::new(self.context.assume_tz));
        let mut at = 0;
        while at < bytes.len() {
            let taken = if probing { probe.take(bytes, at, self.max_line) } else { None };
            if let Some(event) = taken {
                self.event(&event, number);
                at = event.next;
                continue;
            }
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
            let line = &bytes[at..end];
            at = end + 1;
            if length(line) > self.max_line {
                continue;
            }
            let line = &line[hole(line).min(line.len())..];
            let (common, met) = (self.common, &mut self.met);
            // What is wrong with a line was told when it was folded.
            let _ = decode_line(line, &self.context, &mut |_, record| {
                if let Record::Audit(event) = record {
                    note(common, met, &event, number);
                }
            });
        }
        self.probe = probe;
    }

    fn problem(&mut self, _: InputRef<'_>, _: ProblemKind, _: String) {}
}
