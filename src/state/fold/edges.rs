//! The first and the last events of a node in a chunk: those that may stand in another input, too, where one log was cut in two.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::StateBuilder;
use crate::copies::is_joined;
use crate::decode::decode_line;
use crate::event::Record;
use crate::fast_reader::AuditFields;
use crate::lines::{hole, length};
use crate::time::Millis;

/// Where the first and the last events of each node stand in the chunk being folded.
#[derive(Debug, Default)]
pub(super) struct ChunkEdges {
    of_nodes: Vec<NodeEdges>,
    /// Nodes of which there are any.
    touched: Vec<u32>,
    /// Where the line at hand begins.
    pub(super) line: usize,
}

/// Lines of the first and of the last millisecond of a node.
#[derive(Debug)]
struct NodeEdges {
    first: Millis,
    last: Millis,
    heads: Vec<usize>,
    tails: Vec<usize>,
}

impl NodeEdges {
    const NONE: Self = Self { first: Millis(i64::MAX), last: Millis(i64::MIN), heads: Vec::new(), tails: Vec::new() };
}

impl ChunkEdges {
    /// Notes an event of the line at hand.
    #[inline]
    pub(super) fn add(&mut self, node: u32, time: Millis) {
        let at = node as usize;
        if at >= self.of_nodes.len() {
            self.of_nodes.resize_with(at + 1, || NodeEdges::NONE);
        }
        let edges = &mut self.of_nodes[at];
        if time >= edges.last {
            if time > edges.last {
                edges.last = time;
                edges.tails.clear();
            }
            edges.tails.push(self.line);
        }
        if time <= edges.first {
            if time < edges.first {
                if edges.heads.is_empty() {
                    self.touched.push(node);
                }
                edges.first = time;
                edges.heads.clear();
            }
            edges.heads.push(self.line);
        }
    }
}

/// Bytes of lines of one millisecond that are kept at most before they are read.
const MOST_HELD: usize = 64 << 10;

/// The first and the last events of the nodes of the input at hand, as far as this worker has met it. A file grows at its end, so that
/// each chunk brings later events than the one before: their lines are kept as they are, and read when no more come.
#[derive(Debug, Default)]
pub(super) struct InputEdges {
    /// By node: the first time known, and the last with the lines of its events.
    of_nodes: HashMap<u32, HeldEdges, RandomState>,
}

#[derive(Debug)]
struct HeldEdges {
    first: Millis,
    last: Millis,
    lines: Vec<u8>,
}

impl StateBuilder {
    /// Notes the first and the last events of the chunk.
    pub(super) fn sample_edges(&mut self, bytes: &[u8]) {
        let mut edges = std::mem::take(&mut self.edges);
        let mut input = std::mem::take(&mut self.input_edges);
        for node in edges.touched.drain(..) {
            let NodeEdges { first, last, heads, tails } =
                std::mem::replace(&mut edges.of_nodes[node as usize], NodeEdges::NONE);
            let held = input.of_nodes.entry(node).or_insert_with(|| HeldEdges { first, last, lines: Vec::new() });
            let is_head = first <= held.first;
            if is_head {
                held.first = first;
                heads.into_iter().for_each(|start| self.sample_line(line(bytes, start), (node, first)));
            }
            if last > held.last {
                held.lines.clear();
            }
            // Where all of the chunk is of one millisecond its lines were read as its first ones.
            if last >= held.last && !(is_head && first == last) {
                for start in tails {
                    held.lines.extend_from_slice(line(bytes, start));
                    held.lines.push(b'\n');
                }
            }
            held.last = last.max(held.last);
            if held.lines.len() > MOST_HELD {
                self.sample_held(node, held);
            }
        }
        (self.edges, self.input_edges) = (edges, input);
        self.state.sampled.settle_beyond(&mut self.most_sampled);
    }

    /// Puts the last events of the input at hand into the sample.
    pub(super) fn end_edges(&mut self) {
        for (node, mut held) in std::mem::take(&mut self.input_edges).of_nodes {
            self.sample_held(node, &mut held);
        }
    }

    fn sample_held(&mut self, node: u32, held: &mut HeldEdges) {
        for line in std::mem::take(&mut held.lines).split_inclusive(|&byte| byte == b'\n') {
            self.sample_line(line.strip_suffix(b"\n").unwrap_or(line), (node, held.last));
        }
    }

    /// Puts the events of a line into the sample that are of a node and a time, unless it has taken them already.
    fn sample_line(&mut self, line: &[u8], (node, time): (u32, Millis)) {
        if length(line) > self.max_line {
            return;
        }
        let (line, context) = (&line[hole(line).min(line.len())..], self.context);
        // What is wrong with a line was told when it was folded.
        let _ = decode_line(line, &context, &mut |_, record| {
            if let Record::Audit(event) = record
                && event.time == time
                && !is_joined(event.what())
                && self.audit_node(&event) == node
            {
                self.state.sampled.add_edge((self.at.0, node), &event);
            }
        });
    }
}

/// The line that begins at a place.
fn line(bytes: &[u8], start: usize) -> &[u8] {
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |len| start + len);
    &bytes[start..end]
}
