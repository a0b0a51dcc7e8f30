//! Nodes under one identity: some records name a node by id, others only by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Minutes, NodeStats, State, Sym};
use crate::time::Millis;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `node.id`.
    pub id: Option<String>,
    /// `node.name`.
    pub name: Option<String>,
    /// Counters of all its records.
    pub stats: NodeStats,
    /// Stretches of time that its server log covers, by time: from its first line to its last, without unusual silence
    /// in between, where a file may be missing.
    pub server_log: Vec<(Millis, Millis)>,
}

impl Node {
    /// Whether the server log covers a time, give or take a window in milliseconds.
    #[must_use]
    pub fn server_log_covers(&self, time: Millis, window: i64) -> bool {
        self.server_log.iter().any(|(start, end)| start.0 - window <= time.0 && time.0 <= end.0.saturating_add(window))
    }

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
    /// Unites records that name a node only by name with the node whose id has that name, if it is the only one, else
    /// with the node that the paths of the inputs tie to the name.
    #[must_use]
    pub fn new(state: &State) -> Self {
        let by_path = ties_by_path(state);
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
                Some(_) => at,
                None => by_path.get(&at).copied().unwrap_or(at),
            })
            .collect();
        // What is known by name alone lends its name to the id that it is tied to.
        let mut names: BTreeMap<usize, Sym> = BTreeMap::new();
        for (at, node) in state.nodes.iter().enumerate().filter(|&(at, _)| target[at] != at) {
            names.entry(target[at]).or_insert(node.name);
        }
        let mut united: BTreeMap<usize, Node> = BTreeMap::new();
        for (at, stats) in state.nodes.iter().enumerate() {
            let owner = &state.nodes[target[at]];
            let name =
                if owner.name.is_some() { owner.name } else { names.get(&target[at]).copied().unwrap_or_default() };
            let node = united.entry(target[at]).or_insert_with(|| Node {
                id: state.symbols.string(owner.id),
                name: state.symbols.string(name),
                stats: NodeStats { id: owner.id, name, ..NodeStats::default() },
                server_log: Vec::new(),
            });
            node.stats.merge(stats);
        }
        for node in united.values_mut() {
            node.server_log = covered(&node.stats);
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

fn covered(stats: &NodeStats) -> Vec<(Millis, Millis)> {
    let (Some(first), Some(last)) = (stats.server_span.first, stats.server_span.last) else { return Vec::new() };
    let gaps = silences(&stats.server_minutes);
    let starts = std::iter::once(first).chain(gaps.iter().map(|gap| gap.1));
    let ends = gaps.iter().map(|gap| gap.0).chain(std::iter::once(last));
    starts.zip(ends).collect()
}

/// Stretches in which a server log is so silent that a part of it must be missing. Server logs are uneven: minutes, and
/// in a quiet cluster hours, mean nothing. Each hour is taken to be silent with the frequency of the other hours; what
/// chance would bring about less often than once in a million is no chance.
fn silences(minutes: &Minutes) -> Vec<(Millis, Millis)> {
    const CHANCE: f64 = 1e-6;
    let active: Vec<i64> = minutes.iter().collect();
    let (Some(first), Some(last)) = (active.first(), active.last()) else { return Vec::new() };
    let mut hours: Vec<i64> = active.iter().map(|minute| minute.div_euclid(60)).collect();
    hours.dedup();
    let span = last.div_euclid(60) - first.div_euclid(60) + 1;
    let silent = |pair: &[i64]| (pair[1].div_euclid(60) - pair[0].div_euclid(60) - 1).max(0);
    let unusual = |pair: &[i64]| {
        let others = (span - silent(pair)) as f64;
        // Half an hour more of either kind: few hours prove little.
        let frequency = (hours.len() as f64 + 0.5) / (others + 1.0);
        silent(pair) > 0 && (1.0 - frequency).powf(silent(pair) as f64) < CHANCE
    };
    let stretch = |pair: &[i64]| (Millis((pair[0] + 1) * 60_000), Millis(pair[1] * 60_000));
    active.windows(2).filter(|pair| unusual(pair)).map(stretch).collect()
}

/// Text server logs name their node only by name, audit files by default only by id. Where no record has both, paths may
/// tell: the two stand in one input, or one folder, that holds no other node; or a folder of the path bears the name and
/// holds the files of no other id. What two rules, or two folders, tell differently is not tied.
///
/// By index of the node without id: index of the node without name.
fn ties_by_path(state: &State) -> BTreeMap<usize, usize> {
    // Audit events that name their node only by name are of a node configured so: another one than that of the ids.
    let only_name = |at: usize| {
        let node = &state.nodes[at];
        !node.id.is_some() && node.name.is_some() && node.audit_events == 0
    };
    let only_id = |at: usize| state.nodes[at].id.is_some() && !state.nodes[at].name.is_some();
    let mut source_lines: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for input in &state.inputs {
        let nodes =
            input.nodes.keys().map(|&node| node as usize).filter(|&at| only_name(at) || state.nodes[at].id.is_some());
        for at in nodes {
            for place in [input.label.as_str(), folder(&input.label)] {
                source_lines.entry(place).or_default().insert(at);
            }
        }
    }
    let mut ties: BTreeSet<(usize, usize)> = BTreeSet::new();
    for nodes in source_lines.values().filter(|nodes| nodes.len() == 2) {
        let pair = (nodes.iter().copied().find(|&at| only_name(at)), nodes.iter().copied().find(|&at| only_id(at)));
        if let (Some(name), Some(id)) = pair {
            ties.insert((name, id));
        }
    }
    for name in (0..state.nodes.len()).filter(|&at| only_name(at)) {
        let Some(text) = state.symbols.string(state.nodes[name].name) else { continue };
        // All ids below a folder of that name, also those that have another name: then it is no folder of one node.
        let below = state.inputs.iter().filter(|input| folders(&input.label).any(|part| part == text));
        let ids: BTreeSet<usize> = below
            .flat_map(|input| input.nodes.keys().map(|&node| node as usize))
            .filter(|&at| state.nodes[at].id.is_some())
            .collect();
        if let Some(&id) = ids.first().filter(|&&id| ids.len() == 1 && only_id(id)) {
            ties.insert((name, id));
        }
    }
    let count = |same: &dyn Fn(&(usize, usize)) -> bool| ties.iter().filter(|tie| same(tie)).count();
    let unambiguous = |&(name, id): &(usize, usize)| count(&|tie| tie.0 == name) == 1 && count(&|tie| tie.1 == id) == 1;
    ties.iter().copied().filter(unambiguous).collect()
}

/// The folder of an input, on disk or in an archive (`bundle.tar!es-1/audit.json`).
fn folder(label: &str) -> &str {
    label.rfind(['/', '!']).map_or("", |at| &label[..=at])
}

/// The names of the folders that an input stands in.
fn folders(label: &str) -> impl Iterator<Item = &str> {
    folder(label).split(['/', '!']).filter(|part| !part.is_empty())
}
