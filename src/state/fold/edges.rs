//! The first and the last events of a node in a chunk: those that may stand in another input, too, where one log was cut in two.

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

impl StateBuilder {
    /// Puts the first and the last events of the chunk into the sample, which may have taken some already.
    pub(super) fn sample_edges(&mut self, bytes: &[u8]) {
        let mut edges = std::mem::take(&mut self.edges);
        for node in edges.touched.drain(..) {
            let NodeEdges { first, last, mut heads, tails } =
                std::mem::replace(&mut edges.of_nodes[node as usize], NodeEdges::NONE);
            heads.extend(tails);
            // Where all is of one millisecond, each line is both.
            heads.sort_unstable();
            heads.dedup();
            for start in heads {
                self.sample_line(bytes, start, (node, [first, last]));
            }
        }
        self.edges = edges;
        self.state.sampled.settle_beyond(&mut self.most_sampled);
    }

    /// Puts the events of a line into the sample that are of a node and of one of these times.
    fn sample_line(&mut self, bytes: &[u8], start: usize, (node, times): (u32, [Millis; 2])) {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |len| start + len);
        let line = &bytes[start..end];
        if length(line) > self.max_line {
            return;
        }
        let (line, context) = (&line[hole(line).min(line.len())..], self.context);
        // What is wrong with a line was told when it was folded.
        let _ = decode_line(line, &context, &mut |_, record| {
            if let Record::Audit(event) = record
                && times.contains(&event.time)
                && !is_joined(event.what())
                && self.audit_node(&event) == node
            {
                self.state.sampled.add_edge((self.at.0, node), &event);
            }
        });
    }
}
