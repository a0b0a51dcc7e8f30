//! Who was met lately: clients come back, and the next line is mostly about the one before.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Folder;
use crate::decode::native::client_address;
use crate::prefilter::{Facts, changes};
use crate::state::ActorSeries;
use crate::state::series::{Actor, Series};
use crate::state::symbols::Sym;

/// What the last events told.
#[derive(Debug)]
pub(super) struct Recent {
    /// Members that may have changed since `node` was found.
    stale_node: u64,
    node: u32,
    /// Members that may have changed since `series` was found.
    stale_actor: u64,
    series: Option<u32>,
    /// Node and minute last marked.
    pub(super) minute: (u32, i64),
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            stale_node: changes::ALL,
            node: 0,
            stale_actor: changes::ALL,
            series: None,
            minute: (u32::MAX, i64::MIN),
        }
    }
}

impl Recent {
    /// Notes which members differ from those of the last event.
    #[inline]
    pub(super) fn changed(&mut self, members: u64) {
        self.stale_node |= members;
        self.stale_actor |= members;
    }
}

/// Slots of the cache of clients: a power of two.
const SLOTS: usize = 1024;

/// A client as an event names it.
#[derive(Debug, Default, Clone)]
struct Slot {
    /// The members that name it, one after the other; empty for none.
    name: Vec<u8>,
    series: u32,
}

/// Clients and when they succeeded.
#[derive(Debug, Default)]
pub(super) struct Actors {
    /// Each client with its successes.
    pub(super) successes: Vec<(Actor, Series)>,
    index: HashMap<Actor, u32, RandomState>,
    /// The clients met last, by a hash of their names.
    slots: Vec<Slot>,
    hasher: RandomState,
    name: Vec<u8>,
}

impl Actors {
    /// Bytes that they take, roughly: few have more than some buckets.
    pub(super) fn weight(&self) -> u64 {
        self.successes.len() as u64 * 256
    }

    /// The series by client.
    pub(super) fn into_series(self) -> ActorSeries {
        // Who was only refused has no successes of its own.
        self.successes.into_iter().filter(|(_, series)| !series.buckets().is_empty()).collect()
    }
}

impl Folder {
    /// The node of an event.
    #[inline]
    pub(super) fn node_of(&mut self, event: &impl Facts) -> u32 {
        if self.recent.stale_node & changes::NODE != 0 {
            self.recent.node = self.node(event.node_id(), event.node_name());
            self.recent.stale_node = 0;
        }
        self.recent.node
    }

    /// The successes of the client that authenticated for an event, if it was one: not a node talking to itself or to
    /// another node.
    #[inline]
    pub(super) fn series(&mut self, event: &impl Facts, node: u32) -> Option<u32> {
        if self.recent.stale_actor & changes::ACTOR != 0 {
            self.recent.series = self.find_series(event, node);
            self.recent.stale_actor = 0;
        }
        self.recent.series
    }

    fn find_series(&mut self, event: &impl Facts, node: u32) -> Option<u32> {
        let principal = event.run_by().or(event.user())?;
        if event.origin_type().is_some_and(|origin| origin != b"rest") {
            return None;
        }
        let realm = event.user_realm().or(event.realm());
        if is_internal(principal, realm) {
            return None;
        }
        let origin = event.origin();
        let actors = &mut self.actors;
        if actors.slots.is_empty() {
            actors.slots.resize(SLOTS, Slot::default());
        }
        let name = &mut actors.name;
        name.clear();
        name.extend_from_slice(&node.to_le_bytes());
        for part in [Some(principal), realm, event.apikey_id(), event.apikey_name(), origin.map(portless)] {
            name.extend_from_slice(&part.map_or(u32::MAX, |part| part.len() as u32).to_le_bytes());
            name.extend_from_slice(part.unwrap_or_default());
        }
        let at = actors.hasher.hash_one(name.as_slice()) as usize % SLOTS;
        if actors.slots[at].name == *name {
            return Some(actors.slots[at].series);
        }
        let symbols = &mut self.state.symbols;
        if let (Some(id), Some(name)) = (event.apikey_id(), event.apikey_name()) {
            let (id, name) = (symbols.intern(id), symbols.intern(name));
            self.state.name_key(id, name);
        }
        let source = origin.map(client_address);
        let symbols = &mut self.state.symbols;
        let actor = Actor {
            principal: symbols.intern(principal),
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(event.apikey_id()),
            realm: symbols.intern_opt(realm),
            node,
            es_action: Sym::NONE,
        };
        let actors = &mut self.actors;
        let series = *actors.index.entry(actor).or_insert_with(|| {
            actors.successes.push((actor, Series::default()));
            actors.successes.len() as u32 - 1
        });
        let slot = &mut actors.slots[at];
        slot.name.clone_from(&actors.name);
        slot.series = series;
        Some(series)
    }
}

/// An address of IPv4 without its port, which changes from one connection to the next; any other address as it is. Two
/// addresses that this makes equal have the same [`client_address`].
fn portless(origin: &[u8]) -> &[u8] {
    let digits = origin.iter().rev().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    match origin.split_at(origin.len() - digits) {
        ([host @ .., b':'], [_, ..])
            if digits < 6 && host.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') =>
        {
            host
        }
        _ => origin,
    }
}

/// Whether a user is Elasticsearch itself: `_xpack_security` and its like, in a pseudo realm (audit-format 2), or nobody.
fn is_internal(principal: &[u8], realm: Option<&[u8]>) -> bool {
    principal == b"_anonymous" || principal.starts_with(b"_") && realm.is_none_or(|realm| realm.starts_with(b"__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_without_port_is_equal() {
        let origins: Vec<&[u8]> = [
            &b"10.1.2.3:51504"[..],
            b"10.1.2.3:1",
            b"10.1.2.3",
            b"10.1.2.3:",
            b"10.1.2.3:123456",
            b"::1",
            b"::2",
            b"[::1]:1",
            b"1:2:3",
            b":1",
            b"1:1",
            b"host:1",
            b"host:2",
            b"",
        ]
        .into();
        for one in &origins {
            for other in &origins {
                assert!(portless(one) != portless(other) || client_address(one) == client_address(other));
            }
        }
        assert_eq!(portless(b"10.1.2.3:51504"), b"10.1.2.3");
    }
}
