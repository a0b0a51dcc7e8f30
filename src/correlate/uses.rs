//! Which client used which API key, and until when.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::Joined;
use crate::state::{Actor, IN_TRANSPORT, Series, State, Sym};
use crate::time::Millis;

/// Use of a key by a client on all nodes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClientUse {
    pub(super) count: u64,
    pub(super) first: Option<Millis>,
    pub(super) last: Option<Millis>,
}

impl ClientUse {
    fn add(&mut self, series: &Series) {
        self.count += series.count();
        self.first = [self.first, series.first()].into_iter().flatten().min();
        self.last = self.last.max(series.last());
    }

    pub(super) fn span_ms(&self) -> i64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => 0,
        }
    }

    /// Whether it had begun by then.
    pub(super) fn began_by(&self, time: Millis) -> bool {
        self.first.is_some_and(|first| first <= time)
    }

    /// Whether it was over by then.
    pub(super) fn ended_by(&self, time: Millis) -> bool {
        self.last.is_some_and(|last| last <= time)
    }
}

/// Decides of the uses of keys that came over the transport layer alone: where a key shows nowhere else they are its uses, as
/// those of a cross-cluster key whose events lack the other cluster's user, or of requests that came in at a node that logs no
/// access (audit-format 1.17, 1.19); where it does, they are parts of requests that are counted.
pub(super) fn settle_transport(state: &mut State) {
    let transport = state.symbols.find(IN_TRANSPORT);
    let Some(transport) = transport else { return };
    let direct: HashSet<Sym, RandomState> =
        state.successes.keys().filter(|actor| actor.es_action != transport).map(|actor| actor.apikey).collect();
    let settled = std::mem::take(&mut state.successes).into_iter().filter_map(|(actor, series)| {
        let is_part = actor.es_action == transport;
        let kept = !is_part || !direct.contains(&actor.apikey);
        kept.then_some((if is_part { Actor { es_action: Sym::NONE, ..actor } } else { actor }, series))
    });
    state.successes = settled.collect();
}

/// A client of a cluster, by address.
pub(super) type Client = (usize, Sym);

/// By client: the keys it used.
#[derive(Debug, Default)]
pub(super) struct Uses(BTreeMap<Client, BTreeMap<Sym, ClientUse>>);

impl Uses {
    pub(super) fn of(joined: &Joined) -> Self {
        let mut uses: HashMap<(Client, Sym), ClientUse, RandomState> = HashMap::default();
        let of_keys = joined.state.successes.iter().filter(|(actor, _)| actor.apikey.is_some());
        of_keys.for_each(|(actor, series)| {
            let client = (joined.nodes.cluster(actor.node), actor.source);
            uses.entry((client, actor.apikey)).or_default().add(series);
        });
        let mut by_client: BTreeMap<Client, BTreeMap<Sym, ClientUse>> = BTreeMap::new();
        for ((client, key), used) in uses {
            by_client.entry(client).or_default().insert(key, used);
        }
        Self(by_client)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a client used.
    pub(super) fn of_client(&self, client: Client) -> Option<&BTreeMap<Sym, ClientUse>> {
        self.0.get(&client)
    }

    /// The clients and their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Client, &BTreeMap<Sym, ClientUse>)> {
        self.0.iter().map(|(&client, used)| (client, used))
    }
}
