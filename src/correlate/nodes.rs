//! Nodes under one identity: some records name a node by id, others only by name.

use std::collections::BTreeMap;

use crate::state::{NodeStats, State, Sym};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `node.id`.
    pub id: Option<String>,
    /// `node.name`.
    pub name: Option<String>,
    /// Counters of all its records.
    pub stats: NodeStats,
}

impl Node {
    /// How lists name it: the id, which is stable and unique, else the name.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.id.as_deref().or(self.name.as_deref())
    }

    /// How a sentence names it: `es-3 (x7Yk…)`, or what is known.
    #[must_use]
    pub fn spoken(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) => format!("{name} ({id})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "without id or name".to_owned(),
        }
    }
}

/// The nodes met, by label.
#[derive(Debug, Clone)]
pub struct NodeTable {
    nodes: Vec<Node>,
    /// By index in the state: index here.
    index: Vec<u32>,
}

impl NodeTable {
    /// Unites records that name a node only by name with the node whose id has that name, if it is the only one.
    #[must_use]
    pub fn new(state: &State) -> Self {
        let mut with_name: BTreeMap<Sym, Vec<usize>> = BTreeMap::new();
        for (at, node) in state.nodes.iter().enumerate() {
            if node.id.is_some() && node.name.is_some() {
                with_name.entry(node.name).or_default().push(at);
            }
        }
        let target: Vec<usize> = state
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| match with_name.get(&node.name).map(Vec::as_slice) {
                Some(&[only]) if !node.id.is_some() => only,
                _ => at,
            })
            .collect();
        let mut united: BTreeMap<usize, Node> = BTreeMap::new();
        for (at, stats) in state.nodes.iter().enumerate() {
            let owner = &state.nodes[target[at]];
            let node = united.entry(target[at]).or_insert_with(|| Node {
                id: state.symbols.string(owner.id),
                name: state.symbols.string(owner.name),
                stats: NodeStats { id: owner.id, name: owner.name, ..NodeStats::default() },
            });
            node.stats.merge(stats);
        }
        let mut nodes: Vec<(usize, Node)> = united.into_iter().collect();
        nodes.sort_by(|(_, a), (_, b)| (&a.id, &a.name).cmp(&(&b.id, &b.name)));
        let mut index = vec![0; state.nodes.len()];
        for (at, slot) in index.iter_mut().enumerate() {
            *slot = nodes.iter().position(|(owner, _)| *owner == target[at]).unwrap_or_default() as u32;
        }
        Self { nodes: nodes.into_iter().map(|(_, node)| node).collect(), index }
    }

    /// The node that a record names by its index in the state.
    #[must_use]
    pub fn of(&self, in_state: u32) -> &Node {
        &self.nodes[self.index(in_state)]
    }

    /// Index in this table of a node of the state.
    #[must_use]
    pub fn index(&self, in_state: u32) -> usize {
        self.index[in_state as usize] as usize
    }

    /// All nodes, by id then name.
    #[must_use]
    pub fn all(&self) -> &[Node] {
        &self.nodes
    }
}
