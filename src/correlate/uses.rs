//! Which client used which API key, and until when.

use rayon::prelude::*;

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
    fn of(series: &Series) -> Self {
        Self { count: series.count(), first: series.first(), last: series.last() }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
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
    if state.successes.keys().all(|actor| actor.es_action != transport) {
        return;
    }
    let mut direct = vec![false; state.symbols.len() + 1];
    let others = state.successes.keys().filter(|actor| actor.es_action != transport);
    others.for_each(|actor| direct[actor.apikey.0 as usize] = true);
    let settled = std::mem::take(&mut state.successes).into_iter().filter_map(|(actor, series)| {
        let is_part = actor.es_action == transport;
        let kept = !is_part || !direct[actor.apikey.0 as usize];
        kept.then_some((if is_part { Actor { es_action: Sym::NONE, ..actor } } else { actor }, series))
    });
    state.successes = settled.collect();
}

/// A client of a cluster, by address.
pub(super) type Client = (usize, Sym);

/// Use of one key by one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyUse {
    client: Client,
    pub(super) key: Sym,
    pub(super) used: ClientUse,
}

/// Which clients used which keys: by client, then key, each pair once. Most clients used one or two, for which a list takes a
/// tenth of the memory of a map.
#[derive(Debug, Default)]
pub(super) struct Uses(Vec<KeyUse>);

impl Uses {
    pub(super) fn of(joined: &Joined) -> Self {
        let of_keys = joined.state.successes.par_iter().filter(|(actor, _)| actor.apikey.is_some());
        let mut uses: Vec<KeyUse> = of_keys
            .map(|(actor, series)| KeyUse {
                client: (joined.nodes.cluster(actor.node), actor.source),
                key: actor.apikey,
                used: ClientUse::of(series),
            })
            .collect();
        uses.par_sort_unstable_by_key(|one| (one.client, one.key));
        uses.dedup_by(|next, kept| {
            let same = (next.client, next.key) == (kept.client, kept.key);
            if same {
                kept.used.add(&next.used);
            }
            same
        });
        Self(uses)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a client used, by number; `None` where it used none.
    pub(super) fn of_client(&self, client: Client) -> Option<&[KeyUse]> {
        let rest = &self.0[self.0.partition_point(|one| one.client < client)..];
        let own = &rest[..rest.partition_point(|one| one.client == client)];
        (!own.is_empty()).then_some(own)
    }

    /// The clients and their keys, those of a client together.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Client, Sym)> {
        self.0.iter().map(|one| (one.client, one.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_keys() {
        let pairs = [(0, 1, 7), (0, 1, 8), (0, 3, 7), (1, 1, 9)];
        let uses = Uses(
            pairs
                .iter()
                .map(|&(cluster, source, key)| KeyUse {
                    client: (cluster, Sym(source)),
                    key: Sym(key),
                    used: ClientUse::default(),
                })
                .collect(),
        );
        let keys = |cluster: usize, source: u32| {
            Some(uses.of_client((cluster, Sym(source)))?.iter().map(|one| one.key.0).collect::<Vec<_>>())
        };
        assert_eq!([keys(0, 1), keys(0, 3), keys(1, 1)], [Some(vec![7, 8]), Some(vec![7]), Some(vec![9])]);
        assert_eq!([keys(0, 0), keys(0, 2), keys(1, 3), keys(2, 1)], [const { None }; 4]);
    }
}
