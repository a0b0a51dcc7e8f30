//! Which node an event is of.

use super::StateBuilder;
use crate::fast_reader::AuditFields;
use crate::state::coverage::NodeStats;
use crate::state::{node_key, smaller_name};

impl StateBuilder {
    /// The node of an audit event, which also tells its cluster.
    pub(super) fn audit_node(&mut self, event: &impl AuditFields) -> u32 {
        let at = self.node_in(event.node_id(), event.node_name(), event.cluster_uuid());
        if let Some(name) = event.cluster_name() {
            let name = self.state.symbols.intern(name);
            let node = &mut self.state.nodes[at as usize];
            if node.cluster_name != name {
                node.cluster_name = smaller_name(&self.state.symbols, node.cluster_name, name);
            }
        }
        at
    }

    /// The node of an event, in the cluster that the event names.
    pub(super) fn node_in(&mut self, id: Option<&[u8]>, name: Option<&[u8]>, cluster: Option<&[u8]>) -> u32 {
        let symbols = &mut self.state.symbols;
        let [id, name, cluster] = [id, name, cluster].map(|text| symbols.intern_opt(text));
        let nodes = &mut self.state.nodes;
        let at = *self.nodes.entry(node_key(id, name, cluster)).or_insert_with(|| {
            nodes.push(NodeStats { id, name, cluster, ..NodeStats::default() });
            nodes.len() as u32 - 1
        });
        let node = &mut self.state.nodes[at as usize];
        if node.name != name {
            node.name = smaller_name(&self.state.symbols, node.name, name);
        }
        at
    }
}
