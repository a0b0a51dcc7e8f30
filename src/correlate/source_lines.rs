//! Where records stand: the line of an input from chunk and line within it, and the chronological order of the inputs.

use std::collections::BTreeMap;

use crate::numbers::Numbers;
use crate::state::{Pos, State};

/// Place of a record: rank of its input, then line from 1; of inputs whose records are not lines, records are counted
/// instead (see [`SourceLines::number`]). Comparing places compares reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceLine {
    /// Rank of the input, see [`SourceLines::input`].
    pub rank: u32,
    /// Line, from 1.
    pub line: u64,
}

/// Translates positions into places.
#[derive(Debug, Clone)]
pub struct SourceLines {
    /// By chunk: rank of its input and lines before it.
    chunks: Vec<(u32, u64)>,
    /// By rank: index of the input.
    inputs: Vec<u32>,
    /// By input: its chunks in order.
    bases: Vec<Vec<ChunkBase>>,
    /// By chunk: lines of its records, where records are not lines.
    numbers: BTreeMap<u32, Numbers>,
    /// By rank: lines, from 1, at which reading can begin, and where they stand; in order.
    marks: Vec<Vec<(u64, u64)>>,
    /// By rank: place of the input among all by path.
    paths: Vec<u32>,
    /// By rank: whether times fall more often than they rise, or less often.
    falls: Vec<std::cmp::Ordering>,
}

/// Where a chunk of an input begins.
#[derive(Debug, Clone, Copy)]
struct ChunkBase {
    seq: u32,
    /// Lines before it.
    before: u64,
    chunk: u32,
}

impl SourceLines {
    /// Ranks the inputs by their first event, then by path, and counts the lines before each chunk.
    #[must_use]
    pub fn new(state: &State) -> Self {
        let mut inputs: Vec<u32> = (0..state.inputs.len() as u32).collect();
        inputs.sort_by_key(|&at| {
            let input = &state.inputs[at as usize];
            (input.span.first.is_none(), input.span.first, &input.label)
        });
        let mut ranks = vec![0; inputs.len()];
        for (rank, &at) in inputs.iter().enumerate() {
            ranks[at as usize] = rank as u32;
        }
        let mut order: Vec<usize> = (0..state.chunks.len()).collect();
        order.sort_unstable_by_key(|&at| (state.chunks[at].input, state.chunks[at].seq));
        let mut chunks = vec![(0, 0); state.chunks.len()];
        let mut bases = vec![Vec::new(); inputs.len()];
        let mut steps: Vec<(u64, u64)> =
            inputs.iter().map(|&at| &state.inputs[at as usize]).map(|i| (i.rises, i.falls)).collect();
        let mut before = 0;
        let mut current = None;
        let mut last = None;
        for at in order {
            let chunk = state.chunks[at];
            if current != Some(chunk.input) {
                current = Some(chunk.input);
                before = 0;
                last = None;
            }
            if let Some((first, end)) = chunk.ends {
                let (rises, falls) = &mut steps[ranks[chunk.input as usize] as usize];
                *rises += u64::from(last.is_some_and(|last| first > last));
                *falls += u64::from(last.is_some_and(|last| first < last));
                last = Some(end);
            }
            chunks[at] = (ranks[chunk.input as usize], before);
            bases[chunk.input as usize].push(ChunkBase { seq: chunk.seq, before, chunk: at as u32 });
            before += chunk.lines;
        }
        let mut by_path: Vec<usize> = (0..inputs.len()).collect();
        by_path.sort_by_key(|&rank| &state.inputs[inputs[rank] as usize].label);
        let mut paths = vec![0; inputs.len()];
        for (order, rank) in by_path.into_iter().enumerate() {
            paths[rank] = order as u32;
        }
        let mut marks = vec![Vec::new(); inputs.len()];
        for (pos, offset) in &state.marks {
            let (rank, before) = chunks[pos.chunk as usize];
            marks[rank as usize].push((before + u64::from(pos.line) + 1, *offset));
        }
        marks.iter_mut().for_each(|marks: &mut Vec<_>| marks.sort_unstable());
        let falls = steps.into_iter().map(|(rises, falls)| falls.cmp(&rises)).collect();
        Self { chunks, inputs, bases, numbers: state.numbers.clone(), marks, paths, falls }
    }

    /// The place of a record.
    #[must_use]
    pub fn of(&self, pos: Pos) -> SourceLine {
        let (rank, before) = self.chunks[pos.chunk as usize];
        SourceLine { rank, line: before + u64::from(pos.line) + 1 }
    }

    /// The last line at or before a place, but not the first of its input, whose offset is known: line, from 1, and offset.
    #[must_use]
    pub fn mark(&self, place: SourceLine) -> Option<(u64, u64)> {
        let marks = &self.marks[place.rank as usize];
        let next = marks.partition_point(|(line, _)| *line <= place.line);
        next.checked_sub(1).map(|at| marks[at]).filter(|(line, _)| *line > 1)
    }

    /// Place of an input, by rank, among all by path.
    #[must_use]
    pub fn path(&self, rank: u32) -> u32 {
        self.paths[rank as usize]
    }

    /// Whether the events of an input, by rank, stand newest first.
    #[must_use]
    pub fn newest_first(&self, rank: u32) -> bool {
        self.falls[rank as usize].is_gt()
    }

    /// Whether the events of an input, by rank, stand oldest first.
    #[must_use]
    pub fn oldest_first(&self, rank: u32) -> bool {
        self.falls[rank as usize].is_lt()
    }

    /// Index of the input of a rank.
    #[must_use]
    pub fn input(&self, rank: u32) -> usize {
        self.inputs[rank as usize] as usize
    }

    /// Line, from 1, of a chunk of an input (by sequence number) and a line within it.
    #[must_use]
    pub fn line(&self, input: usize, (seq, line): (u32, u32)) -> u64 {
        let bases = &self.bases[input];
        let base = bases.binary_search_by_key(&seq, |base| base.seq).ok().map(|at| bases[at]);
        base.map_or(u64::from(line) + 1, |base| self.shown(base, u64::from(line)))
    }

    /// The line, from 1, of a place as a reader of the input counts lines.
    #[must_use]
    pub fn number(&self, place: SourceLine) -> u64 {
        let bases = &self.bases[self.input(place.rank)];
        let next = bases.partition_point(|base| base.before < place.line);
        match next.checked_sub(1).map(|at| bases[at]) {
            Some(base) => self.shown(base, place.line - base.before - 1),
            None => place.line,
        }
    }

    fn shown(&self, base: ChunkBase, line: u64) -> u64 {
        self.numbers.get(&base.chunk).map_or(base.before + line + 1, |numbers| numbers.get(line))
    }
}
