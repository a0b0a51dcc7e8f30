//! The realms that settings of nodes name: their order, their types, and which the licence permits.

use std::collections::BTreeMap;

use super::Joined;
use super::accounts::is_near;
use crate::context::Realm;
use crate::state::Sym;

/// The realms of one node.
#[derive(Debug)]
pub(super) struct NodeRealms {
    /// By order, those that are asked.
    realms: Vec<Realm>,
    /// Names of those that the licence does not permit.
    unlicensed: Vec<String>,
}

/// What settings say of realms.
#[derive(Debug)]
pub(super) struct KnownRealms {
    /// By node of the table.
    nodes: Vec<Option<NodeRealms>>,
    /// By cluster: its nodes that are known, of which there are few; a log may name as many clusters and nodes as it likes.
    known_of: BTreeMap<usize, Vec<usize>>,
    /// By cluster: types by name, of all its nodes.
    kinds: Vec<BTreeMap<String, String>>,
}

/// What settings say of an account that succeeds by some realms elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsSay {
    /// The node has one of these realms.
    Has,
    /// It has them, and the licence permits none of them.
    NotLicensed,
    /// It has none of them.
    HasNone,
}

/// Types of the realms that every cluster has, by the names that they bear unless settings name others.
const BUILT_IN: [(&str, &str); 3] = [("reserved", "reserved"), ("default_file", "file"), ("default_native", "native")];

impl KnownRealms {
    pub(super) fn of(joined: &Joined) -> Self {
        let clusters = &joined.context.clusters;
        let mut kinds: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); joined.nodes.clusters().len().max(1)];
        let mut of_node = |node: &super::KnownNode| {
            let facts = clusters.get(node.cluster)?;
            let settings = facts.settings_of(node.id.as_deref()?)?;
            if !settings.fact.tell_of_realms() || settings.as_of.is_some_and(|time| !is_near(joined, time)) {
                return None;
            }
            let mut realms = settings.fact.realms();
            for realm in &realms {
                kinds[node.cluster].insert(realm.name.clone(), realm.kind.clone());
            }
            realms.retain(|realm| realm.enabled);
            let license = facts.license.as_ref().map(|license| &license.fact);
            let barred = |realm: &&Realm| license.is_some_and(|license| !license.permits(&realm.kind));
            let unlicensed = realms.iter().filter(barred).map(|realm| realm.name.clone()).collect();
            Some(NodeRealms { realms, unlicensed })
        };
        let nodes: Vec<Option<NodeRealms>> = joined.nodes.all().iter().map(&mut of_node).collect();
        let mut known_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, node) in joined.nodes.all().iter().enumerate().filter(|&(at, _)| nodes[at].is_some()) {
            known_of.entry(node.cluster).or_default().push(at);
        }
        Self { nodes, known_of, kinds }
    }

    /// The type of a realm.
    pub(super) fn kind(&self, joined: &Joined, cluster: usize, realm: Sym) -> Option<&str> {
        let name = std::str::from_utf8(joined.state.symbols.get(realm)?).ok()?;
        let told = self.kinds.get(cluster).and_then(|kinds| kinds.get(name)).map(String::as_str);
        told.or_else(|| BUILT_IN.iter().find(|(known, _)| *known == name).map(|&(_, kind)| kind))
    }

    /// The types of the realms that a node asks, if its settings are known.
    pub(super) fn kinds_of_node(&self, node: usize) -> Option<impl Iterator<Item = &str>> {
        self.nodes[node].as_ref().map(|known| known.realms.iter().map(|realm| realm.kind.as_str()))
    }

    /// Names of realms by the order in which a cluster asks them, where all nodes that tell agree.
    pub(super) fn order(&self, cluster: usize) -> Option<Vec<&str>> {
        let mut orders = self.known_of.get(&cluster)?.iter().filter_map(|&node| {
            Some(self.nodes[node].as_ref()?.realms.iter().map(|realm| realm.name.as_str()).collect::<Vec<_>>())
        });
        let first = orders.next()?;
        orders.all(|other| other == first).then_some(first)
    }

    /// What a node's settings say of the realms by which an account succeeds.
    pub(super) fn say<'r>(
        &self,
        joined: &Joined,
        node: usize,
        realms: impl Iterator<Item = &'r Sym>,
    ) -> Option<SettingsSay> {
        let known = self.nodes[node].as_ref()?;
        let (mut any, mut permitted) = (false, false);
        for realm in realms {
            let name = joined.state.symbols.string(*realm)?;
            if known.realms.iter().any(|realm| realm.name == name) {
                any = true;
                permitted |= !known.unlicensed.contains(&name);
            }
        }
        Some(match (any, permitted) {
            (false, _) => SettingsSay::HasNone,
            (true, false) => SettingsSay::NotLicensed,
            (true, true) => SettingsSay::Has,
        })
    }
}
