//! The clusters that the inputs come from.

use crate::correlate::{Correlated, KnownNode};
use crate::model::Cluster;
use crate::state::TimeSpan;
use crate::time::Millis;

/// The clusters that have audit events, or all where none has.
pub(super) fn clusters(joined: &Correlated) -> Vec<Cluster> {
    let mut members: Vec<Vec<&KnownNode>> = vec![Vec::new(); joined.nodes.clusters().len()];
    joined.nodes.all().iter().for_each(|node| members[node.cluster].push(node));
    let made = joined.nodes.clusters().iter().zip(&members).map(|(cluster, members)| {
        let nodes = || members.iter().copied();
        let mut span = TimeSpan::default();
        nodes().for_each(|node| span.merge(&node.stats.span));
        Cluster {
            uuid: cluster.uuid.clone(),
            name: cluster.name.clone(),
            nodes: nodes().filter_map(KnownNode::label).map(str::to_owned).collect(),
            first: span.first.map(Millis::rfc3339),
            last: span.last.map(Millis::rfc3339),
            audit_events: nodes().map(|node| node.stats.audit_events).sum(),
        }
    });
    let clusters: Vec<Cluster> = made.collect();
    let audited = clusters.iter().filter(|cluster| cluster.audit_events > 0).count();
    if audited == 0 { clusters } else { clusters.into_iter().filter(|cluster| cluster.audit_events > 0).collect() }
}

/// Whether clusters must be told apart.
pub(super) fn are_several(joined: &Correlated) -> bool {
    joined.nodes.clusters().len() > 1
}

/// The uuid of the cluster of a node of the table, where there is more than one.
pub(super) fn uuid(joined: &Correlated, node: usize) -> Option<String> {
    of(joined, joined.nodes.all().get(node)?.cluster)
}

/// The uuid of a cluster, where there is more than one.
pub(super) fn of(joined: &Correlated, cluster: usize) -> Option<String> {
    joined.nodes.clusters().get(cluster).filter(|_| are_several(joined))?.uuid.clone()
}
