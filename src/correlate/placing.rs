//! Which cluster of the logs a folder of dumps is about, and how far clocks of nodes are apart.

use std::collections::BTreeMap;

use super::nodes::NodeTable;
use crate::context::{ClusterContext, Dump, Folder, folders_of_dumps};
use crate::state::{Origin, RecordKey, State};
use crate::time::Millis;

/// Puts dumps together by the clusters of the logs. Without logs they are of one cluster.
pub(super) fn placed(dumps: Vec<Dump>, nodes: &NodeTable) -> ClusterContext {
    if dumps.is_empty() {
        return ClusterContext::default();
    }
    let clusters = nodes.clusters().len().max(1);
    ClusterContext::of(dumps, clusters, |folder| cluster_of(folder, nodes))
}

/// Marks the inputs that lie in a folder of dumps: what is no log there is no reason to complain.
pub(super) fn note_folders(state: &mut State) {
    let folders = folders_of_dumps(&state.dumps);
    if folders.is_empty() {
        return;
    }
    for input in &mut state.inputs {
        input.beside_dumps = folders.iter().any(|folder| input.label.starts_with(folder.as_str()));
    }
}

/// The cluster of a folder: that of its uuid, else that of a node that it names, else the only one. A uuid that contradicts all
/// that the logs name is another cluster's.
fn cluster_of(folder: &Folder, nodes: &NodeTable) -> Option<usize> {
    let clusters = nodes.clusters();
    let only = (clusters.len() <= 1).then_some(0);
    if let Some(uuid) = folder.identity.as_ref().and_then(|identity| identity.cluster_uuid.as_deref()) {
        if let Some(at) = clusters.iter().position(|cluster| cluster.uuid.as_deref() == Some(uuid)) {
            return Some(at);
        }
        if clusters.iter().any(|cluster| cluster.uuid.is_some()) {
            return None;
        }
    }
    let named = nodes.all().iter().find(|node| node.id.as_ref().is_some_and(|id| folder.nodes.contains(id)));
    let strange = !folder.nodes.is_empty() && nodes.all().iter().any(|node| node.id.is_some());
    named.map(|node| node.cluster).or(only.filter(|_| !strange))
}

/// How far the clock of one node is behind or ahead of another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// Index into the node table.
    pub node: usize,
    /// The node that it is compared with.
    pub other: usize,
    /// By how many milliseconds `other` is ahead, at the middle of what requests show.
    pub ahead_ms: i64,
    /// Requests that both have events of.
    pub requests: usize,
}

/// An event of a request: where it came in, on which node of the table, and when.
type RequestEvent = (Origin, usize, i64);

/// Requests that must be shared before clocks are compared.
const REQUESTS: usize = 3;

/// Events of one request that lie further apart say nothing of clocks: such a request waited.
const LONGEST_WAIT_MS: i64 = 6 * 3_600_000;

/// Compares clocks by requests that have events on several nodes: on the node that the client spoke to first, on others within
/// milliseconds. Of each pair of nodes the median counts.
pub(super) fn clock_offsets(state: &State, nodes: &NodeTable) -> Vec<ClockOffset> {
    let mut requests: BTreeMap<(usize, RecordKey), Vec<RequestEvent>> = BTreeMap::new();
    let mut add = |origin: Origin, node: u32, time: Millis, request: RecordKey| {
        requests.entry((nodes.cluster(node), request)).or_default().push((origin, nodes.index(node), time.0));
    };
    state.requests.iter().for_each(|met| add(met.origin, met.node, met.first, met.request));
    // Of many requests there is only a sample; what is powerful is kept of all.
    for (kind, acts) in state.acts.kinds.iter().filter(|(kind, _)| !kind.is_turned_away()) {
        for act in acts.first.iter().filter(|act| act.has_request_id) {
            add(kind.origin, act.node, act.time, act.request);
        }
    }
    let mut between: BTreeMap<(usize, usize), Vec<i64>> = BTreeMap::new();
    for mut events in requests.into_values() {
        events.sort_unstable();
        let Some(&(Origin::Rest, home, begun)) = events.first() else { continue };
        let mut seen = Vec::new();
        for &(_, node, time) in events.iter().filter(|&&(_, node, _)| node != home) {
            if !seen.contains(&node) && (time - begun).abs() <= LONGEST_WAIT_MS {
                seen.push(node);
                let (pair, ahead) =
                    if home < node { ((home, node), time - begun) } else { ((node, home), begun - time) };
                between.entry(pair).or_default().push(ahead);
            }
        }
    }
    let median = |((node, other), mut ahead): ((usize, usize), Vec<i64>)| {
        ahead.sort_unstable();
        let requests = ahead.len();
        (requests >= REQUESTS).then(|| ClockOffset { node, other, ahead_ms: ahead[requests / 2], requests })
    };
    between.into_iter().filter_map(median).collect()
}
