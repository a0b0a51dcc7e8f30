//! Events met again while records are joined.

use std::collections::BTreeMap;

use super::nodes::NodeTable;
use crate::state::NodeStats;

/// How many events were met again.
#[derive(Debug, Default)]
pub struct Repeated {
    /// By `event.action`.
    pub actions: BTreeMap<Vec<u8>, u64>,
    /// By node of the state, where it is known.
    nodes: BTreeMap<u32, u64>,
}

impl Repeated {
    /// What was met again before records were joined.
    #[must_use]
    pub fn new(actions: BTreeMap<Vec<u8>, u64>) -> Self {
        Self { actions, nodes: BTreeMap::new() }
    }

    /// Adds events.
    pub fn add(&mut self, action: &[u8], node: Option<u32>, count: usize) {
        if count == 0 {
            return;
        }
        *self.actions.entry(action.to_vec()).or_default() += count as u64;
        if let Some(node) = node {
            *self.nodes.entry(node).or_default() += count as u64;
        }
    }

    /// Takes them from what each node logged.
    pub fn take_from(&self, table: &mut NodeTable) {
        for (&node, &count) in &self.nodes {
            take(table.stats_of(node), count);
        }
    }

    /// The same before nodes are united.
    pub fn take_from_state(&self, nodes: &mut [NodeStats]) {
        for (&node, &count) in &self.nodes {
            take(&mut nodes[node as usize], count);
        }
    }
}

fn take(stats: &mut NodeStats, count: u64) {
    stats.audit_events = stats.audit_events.saturating_sub(count);
}
