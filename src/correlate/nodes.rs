//! Nodes under one identity: some records name a node by id, others only by name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::state::{InputStats, Minutes, NodeStats, State, Sym, TimeSpan};
use crate::time::Millis;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownCluster {
    /// `cluster.uuid`; `None` for the nodes whose uuid no event tells, which are taken as one cluster.
    pub uuid: Option<String>,
    /// `cluster.name`; of several the one that sorts first.
    pub name: Option<String>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNode {
    /// `node.id`.
    pub id: Option<String>,
    /// `node.name`.
    pub name: Option<String>,
    /// Index into [`NodeTable::clusters`].
    pub cluster: usize,
    /// Counters of all its records.
    pub stats: NodeStats,
    /// Stretches of time that its server log covers, by time: from its first line to its last, without unusual silence
    /// in between, where a file may be missing. Empty until the zones of server logs are settled.
    pub server_log: Vec<(Millis, Millis)>,
}

impl KnownNode {
    /// Whether the server log covers a time, give or take a window in milliseconds.
    #[must_use]
    pub fn server_log_covers(&self, time: Millis, window: i64) -> bool {
        // Stretches stand by time and do not touch: the last that begins before the time ends last.
        let begun = self.server_log.partition_point(|(start, _)| start.0.saturating_sub(window) <= time.0);
        begun.checked_sub(1).is_some_and(|at| time.0 <= self.server_log[at].1.0.saturating_add(window))
    }

    /// Whether it is a node of OpenSearch, Open Distro or Search Guard, as its audit records show.
    #[must_use]
    pub fn is_opensearch(&self) -> bool {
        self.stats.opensearch > 0
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
    nodes: Vec<KnownNode>,
    /// By index in the state: index here.
    index: Vec<u32>,
    clusters: Vec<KnownCluster>,
}

impl NodeTable {
    /// Unites what records name by one id, and records that name a node only by name with the node whose id has that name, if
    /// it is the only one, else with the node that the paths of the inputs tie to the name.
    #[must_use]
    pub fn new(state: &State) -> Self {
        let homes = Homes::of(state);
        let target = targets(state, &homes);
        // What is known by name alone lends its name to the id that it is tied to.
        let mut names: BTreeMap<usize, Sym> = BTreeMap::new();
        for (at, &name) in homes.names.iter().enumerate().filter(|&(at, _)| homes.of[at] == at && target[at] != at) {
            names.entry(target[at]).or_insert(name);
        }
        let mut united: BTreeMap<usize, (KnownNode, Sym)> = BTreeMap::new();
        for (at, stats) in state.nodes.iter().enumerate() {
            let home = target[at];
            let owner = &state.nodes[home];
            let own_name = homes.names[home];
            let name = if own_name.is_some() { own_name } else { names.get(&home).copied().unwrap_or_default() };
            let (node, cluster) = united.entry(home).or_insert_with(|| {
                let id = state.symbols.string(owner.id);
                let stats = NodeStats { id: owner.id, name, cluster: owner.cluster, ..NodeStats::default() };
                let name = state.symbols.string(name);
                (KnownNode { id, name, cluster: 0, stats, server_log: Vec::new() }, owner.cluster)
            });
            node.stats.merge(stats);
            node.stats.cluster_name = smaller(state, node.stats.cluster_name, stats.cluster_name);
            if !cluster.is_some() {
                *cluster = stats.cluster;
            }
        }
        let uuid = |cluster: Sym| state.symbols.get(cluster);
        let mut nodes: Vec<(usize, (KnownNode, Sym))> = united.into_iter().collect();
        nodes.sort_by(|(_, (a, in_a)), (_, (b, in_b))| {
            (&a.id, &a.name, uuid(*in_a)).cmp(&(&b.id, &b.name, uuid(*in_b)))
        });
        let mut place = vec![0; state.nodes.len()];
        for (at, (home, _)) in nodes.iter().enumerate() {
            place[*home] = at as u32;
        }
        let index = target.iter().map(|&home| place[home]).collect();
        let mut nodes: Vec<(KnownNode, Sym)> = nodes.into_iter().map(|(_, node)| node).collect();
        let clusters = clusters(state, &mut nodes);
        Self { nodes: nodes.into_iter().map(|(node, _)| node).collect(), index, clusters }
    }

    /// Changes what is known of the server log of each node, given with its index, and sees again what the logs cover.
    pub(super) fn settle_server_logs(&mut self, mut settle: impl FnMut(usize, &mut NodeStats)) {
        for (at, node) in self.nodes.iter_mut().enumerate() {
            settle(at, &mut node.stats);
            node.server_log = covered(&node.stats);
        }
    }

    /// The node that a record names by its index in the state.
    #[must_use]
    pub fn of(&self, in_state: u32) -> &KnownNode {
        &self.nodes[self.index(in_state)]
    }

    /// Index in this table of a node of the state.
    #[must_use]
    pub fn index(&self, in_state: u32) -> usize {
        self.index[in_state as usize] as usize
    }

    /// All nodes, by id then name.
    #[must_use]
    pub fn all(&self) -> &[KnownNode] {
        &self.nodes
    }

    /// The clusters, by uuid, the one without last. Nothing is joined across them.
    #[must_use]
    pub fn clusters(&self) -> &[KnownCluster] {
        &self.clusters
    }

    /// The cluster, as an index into [`Self::clusters`], of a node of the state.
    #[must_use]
    pub fn cluster(&self, in_state: u32) -> usize {
        self.of(in_state).cluster
    }
}

/// The name that sorts first.
fn smaller(state: &State, one: Sym, other: Sym) -> Sym {
    match (state.symbols.get(one), state.symbols.get(other)) {
        (Some(a), Some(b)) if b < a => other,
        (None, _) => other,
        _ => one,
    }
}

/// Events of a node under another uuid that are so few against those under its own are its first ones, before it knew its
/// cluster, although only its name tells that it is the same.
const FIRST_EVENTS: u64 = 20;

/// Uuids at the same time under which one id is met, among which an entry looks for its own: the busiest. Real nodes have two.
const MOST_HOMES: usize = 64;

/// What records name by one id, or by one name, under several uuids, or once with and once without.
struct Homes {
    /// By entry of the state: the one that stands for the node.
    of: Vec<usize>,
    /// By entry that stands for a node: the name that sorts first.
    names: Vec<Sym>,
    /// The same: its audit events.
    audit_events: Vec<u64>,
}

impl Homes {
    /// A node that was met under several uuids in turn is one: the first events of a node may carry a random one, and a
    /// disaster recovery makes a new one. It is of the cluster that most of its events name. One that was met under two at the
    /// same time is two nodes. Events without a uuid are of the node that has most of the others.
    fn of(state: &State) -> Self {
        let entries = &state.nodes;
        let mut same: BTreeMap<(Sym, Sym), Vec<usize>> = BTreeMap::new();
        for (at, node) in entries.iter().enumerate() {
            let name = if node.id.is_some() { Sym::NONE } else { node.name };
            same.entry((node.id, name)).or_default().push(at);
        }
        let mut of: Vec<usize> = (0..entries.len()).collect();
        for ((id, name), mut same) in same {
            if !id.is_some() && !name.is_some() {
                // Nothing says that they are one.
                continue;
            }
            same.sort_by_key(|&at| {
                let node = &entries[at];
                (!node.cluster.is_some(), Reverse((node.audit_events, node.span.last)), state.symbols.get(node.cluster))
            });
            let mut homes: Vec<usize> = Vec::new();
            for at in same {
                let node = &entries[at];
                let is_home = |&&home: &&usize| {
                    let home = &entries[home];
                    let in_turn = !overlap(&home.span, &node.span);
                    let few = node.audit_events.saturating_mul(FIRST_EVENTS) <= home.audit_events;
                    !node.cluster.is_some() || in_turn && (id.is_some() || few)
                };
                match homes.iter().take(MOST_HOMES).find(is_home) {
                    Some(&home) => of[at] = home,
                    None => homes.push(at),
                }
            }
        }
        let mut names = vec![Sym::NONE; entries.len()];
        let mut audit_events = vec![0; entries.len()];
        for (node, &home) in entries.iter().zip(&of) {
            names[home] = smaller(state, names[home], node.name);
            audit_events[home] += node.audit_events;
        }
        Self { of, names, audit_events }
    }

    /// The entries that stand for a node.
    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.of.len()).filter(|&at| self.of[at] == at)
    }
}

/// Whether two spans share more than an end.
fn overlap(one: &TimeSpan, other: &TimeSpan) -> bool {
    one.first < other.last && other.first < one.last && one.first.is_some() && other.first.is_some()
}

/// By entry of the state: the entry that stands for its node, ids and names united.
fn targets(state: &State, homes: &Homes) -> Vec<usize> {
    let by_path = ties_by_path(state, homes);
    let mut with_name: BTreeMap<Sym, Vec<usize>> = BTreeMap::new();
    let mut in_cluster: BTreeMap<(Sym, Sym), Vec<usize>> = BTreeMap::new();
    for at in homes.iter().filter(|&at| state.nodes[at].id.is_some() && homes.names[at].is_some()) {
        with_name.entry(homes.names[at]).or_default().push(at);
        in_cluster.entry((homes.names[at], state.nodes[at].cluster)).or_default().push(at);
    }
    let target = |at: usize| {
        let (node, name) = (&state.nodes[at], homes.names[at]);
        let Some(named) = with_name.get(&name) else { return by_path.get(&at).copied().unwrap_or(at) };
        let of = |cluster: Sym| in_cluster.get(&(name, cluster)).map_or(&[][..], Vec::as_slice);
        let (of_its, of_none) =
            if node.cluster.is_some() { (of(node.cluster), of(Sym::NONE)) } else { (&named[..], &[][..]) };
        match (of_its, of_none) {
            (&[only], []) | ([], &[only]) if !node.id.is_some() => only,
            _ => at,
        }
    };
    homes.of.iter().map(|&home| target(home)).collect()
}

/// The clusters of the nodes, each given with its uuid; notes in each node which it is. A node of which only a server log is
/// known, which tells no uuid, is of the only cluster there is; so is every node where the only uuid stands in a server log:
/// audit events of 7.x carry none, and not every node's server log is at hand.
fn clusters(state: &State, nodes: &mut [(KnownNode, Sym)]) -> Vec<KnownCluster> {
    let mut uuids: Vec<Sym> = nodes.iter().map(|(_, uuid)| *uuid).filter(|uuid| uuid.is_some()).collect();
    uuids.sort_by_key(|&uuid| state.symbols.get(uuid));
    uuids.dedup();
    let places: BTreeMap<Sym, usize> = uuids.iter().enumerate().map(|(at, &uuid)| (uuid, at)).collect();
    let audited = state.nodes.iter().any(|node| node.cluster.is_some() && node.audit_events > 0);
    let of_the_only = |node: &KnownNode| uuids.len() == 1 && (node.stats.audit_events == 0 || !audited);
    let mut names = vec![Sym::NONE; uuids.len() + 1];
    let mut unknown = uuids.is_empty();
    for (node, uuid) in nodes {
        let known = places.get(uuid).copied();
        node.cluster = known.or_else(|| of_the_only(node).then_some(0)).unwrap_or(uuids.len());
        unknown |= node.cluster == uuids.len();
        names[node.cluster] = smaller(state, names[node.cluster], node.stats.cluster_name);
    }
    let string = |sym: Sym| state.symbols.string(sym);
    let mut clusters: Vec<KnownCluster> = uuids
        .iter()
        .zip(&names)
        .map(|(&uuid, &name)| KnownCluster { uuid: string(uuid), name: string(name) })
        .collect();
    if unknown {
        clusters.push(KnownCluster { uuid: None, name: string(names[uuids.len()]) });
    }
    clusters
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
/// tell: the two stand in one input, in one folder, or in files of one folder that are named alike but for what Elasticsearch
/// adds, and no other node does; or a folder of the path, or the file, bears the name and holds the records of no other id.
/// What two rules, or two folders, tell differently is not tied.
///
/// By index of the node without id: index of the node without name.
fn ties_by_path(state: &State, homes: &Homes) -> BTreeMap<usize, usize> {
    // Audit events that name their node only by name are of a node configured so: another one than that of the ids.
    let only_name =
        |at: usize| !state.nodes[at].id.is_some() && homes.names[at].is_some() && homes.audit_events[at] == 0;
    let only_id = |at: usize| state.nodes[at].id.is_some() && !homes.names[at].is_some();
    let of_input =
        |input: &InputStats| input.nodes.keys().map(|&node| homes.of[node as usize]).collect::<BTreeSet<_>>();
    let mut source_lines: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for input in &state.inputs {
        for at in of_input(input).into_iter().filter(|&at| only_name(at) || state.nodes[at].id.is_some()) {
            for place in [input.label.as_str(), folder(&input.label), series(&input.label)] {
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
    for (name, ids) in below_names(state, homes, homes.iter().filter(|&at| only_name(at))) {
        if let Some(&id) = ids.first().filter(|&&id| ids.len() == 1 && only_id(id)) {
            ties.insert((name, id));
        }
    }
    let mut of_name: BTreeMap<usize, u32> = BTreeMap::new();
    let mut of_id: BTreeMap<usize, u32> = BTreeMap::new();
    for (name, id) in &ties {
        *of_name.entry(*name).or_default() += 1;
        *of_id.entry(*id).or_default() += 1;
    }
    ties.iter().copied().filter(|(name, id)| of_name.get(name) == Some(&1) && of_id.get(id) == Some(&1)).collect()
}

/// By entry without id: all ids in files, or below a folder, of its name, also those that have another name: then it is no
/// place of one node.
fn below_names(state: &State, homes: &Homes, entries: impl Iterator<Item = usize>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in entries {
        if let Some(name) = state.symbols.string(homes.names[at]) {
            by_name.entry(name).or_default().push(at);
        }
    }
    let mut below: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for input in &state.inputs {
        let mut parts: BTreeSet<&str> = folders(&input.label).collect();
        parts.extend(name_in(&input.label[folder(&input.label).len()..], |part| by_name.contains_key(part)));
        for &name in parts.into_iter().filter_map(|part| by_name.get(part)).flatten() {
            let ids = input.nodes.keys().map(|&node| homes.of[node as usize]);
            below.entry(name).or_default().extend(ids.filter(|&at| state.nodes[at].id.is_some()));
        }
    }
    below
}

/// The longest of known names that a file's name holds as words of its own: `es-1` in `audit.es-1.json`, not in `es-10.json`.
fn name_in(file: &str, is_known: impl Fn(&str) -> bool) -> Option<&str> {
    /// Words of a file's name that are looked at.
    const WORDS: usize = 16;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let bytes = file.as_bytes();
    let inside = |at: usize| at > 0 && at < bytes.len() && word(bytes[at - 1]) && word(bytes[at]);
    let ends: Vec<usize> = (0..=bytes.len()).filter(|&at| !inside(at)).take(2 * WORDS).collect();
    let parts =
        ends.iter().enumerate().flat_map(|(at, &start)| ends[at + 1..].iter().map(move |&end| &file[start..end]));
    parts.filter(|part| is_known(part)).max_by_key(|part| part.len())
}

/// What the path of an input has in common with the other logs of its node, where several nodes' logs stand in one folder: all
/// but how Elasticsearch's log4j2.properties names each log of a node (`prod.log`, `prod_audit.json`), rolled ones
/// (`prod-2025-05-31-1.log.gz`) too.
fn series(label: &str) -> &str {
    const ENDINGS: [&str; 7] = [".gz", ".zst", ".bz2", ".xz", ".log", ".json", ".txt"];
    const KINDS: [&str; 2] = ["_audit", "_server"];
    let name = folder(label).len();
    let mut end = label.len();
    while let Some(ending) = ENDINGS.iter().find(|ending| label[name..end].ends_with(**ending)) {
        end -= ending.len();
    }
    let rolled = label[name..end].bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
    // A date has ten bytes, and a hyphen before it.
    if rolled > 10 {
        end -= rolled;
    }
    let kind = KINDS.iter().find(|kind| label[name..end].ends_with(**kind));
    &label[..end - kind.map_or(0, |kind| kind.len())]
}

/// The folder of an input, on disk or in an archive (`bundle.tar!es-1/audit.json`).
fn folder(label: &str) -> &str {
    label.rfind(['/', '!']).map_or("", |at| &label[..=at])
}

/// The names of the folders that an input stands in.
fn folders(label: &str) -> impl Iterator<Item = &str> {
    folder(label).split(['/', '!']).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_of_a_node_are_named_alike() {
        for name in [
            "prod.log",
            "prod_audit.json",
            "prod_audit-2025-05-31-1.json.gz",
            "prod-2025-05-31-12.log.gz",
            "prod_server.json",
        ] {
            assert_eq!(series(&format!("logs/{name}")), "logs/prod", "{name}");
        }
        assert_eq!(series("bundle.tar!es-1.prod_audit.json"), "bundle.tar!es-1.prod");
        assert_eq!(series("es-1.log"), "es-1");
        assert_eq!(["", "/", ".gz", "a/.json", "-"].map(series), ["", "/", "", "a/", "-"]);
    }

    #[test]
    fn a_name_is_found_in_the_name_of_a_file_as_words_of_its_own() {
        let known = |part: &str| ["es-1", "es-10", "es-1-hot", "audit"].contains(&part);
        assert_eq!(name_in("es-10.prod.json", known), Some("es-10"));
        assert_eq!(name_in("prod_es-1-hot.json", known), Some("es-1-hot"));
        assert_eq!(name_in("audit.es-1.json", |part| part == "es-1"), Some("es-1"));
        assert_eq!(name_in("es-100.json", known), None);
        assert_eq!(name_in("", known), None);
        assert_eq!(name_in("日es-1本.json", known), None);
    }

    /// A server log with a line at these minutes.
    fn of(active: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
        let mut minutes = Minutes::default();
        active.into_iter().for_each(|minute| minutes.add(Millis(minute * 60_000)));
        silences(&minutes).into_iter().map(|(from, to)| (from.0 / 60_000, to.0 / 60_000)).collect()
    }

    /// A line an hour, in these hours.
    fn hours(hours: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
        of(hours.into_iter().map(|hour| hour * 60 + 30))
    }

    #[test]
    fn hours_in_which_there_is_always_a_line_are_missed() {
        assert_eq!(of([]), []);
        assert_eq!(hours(0..200), []);
        assert_eq!(hours((0..100).chain(110..200)), [(99 * 60 + 31, 110 * 60 + 30)]);
        // Two hours without a line are chance where one in 200 is; five are not.
        assert_eq!(hours((0..100).chain(102..200)), []);
        assert_eq!(hours((0..100).chain(105..200)).len(), 1);
        // From one minute to the next, and within two hours that follow each other, no hour is silent.
        assert_eq!(of((0..6000).filter(|minute| minute % 120 != 61)), []);
    }

    #[test]
    fn a_log_that_is_silent_every_other_hour_misses_nothing() {
        assert_eq!(hours((0..200).step_by(2)), []);
        assert_eq!(hours((0..100).step_by(2).chain((110..200).step_by(2))), []);
    }
}
