//! What the search found: the events that name somebody who is followed, in a form of a few dozen bytes each.
//!
//! Who, what and which indices are kept once each, however often they come.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::distinct::Distinct;
use super::lists::{IndexLists, NotedList};
use crate::action_class::is_restricted;
use crate::fast_reader::ActionKind;
use crate::state::{Origin, RecordKey, Sym, Symbols};
use crate::time::Millis;

/// Who made a request, and where it came in, as an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Who {
    /// Who authenticated.
    pub(super) principal: Sym,
    /// As whom it acts, where that is another.
    pub(super) run_as: Sym,
    /// The API key, if one was used.
    pub(super) key: Sym,
    /// Its name.
    pub(super) key_name: Sym,
    /// The realm that authenticated.
    pub(super) realm: Sym,
    /// Name of the service account token, if one was used.
    pub(super) token: Sym,
    /// Who uses a cross-cluster key at the other cluster.
    pub(super) remote_user: Sym,
    /// Client address without port; of parts of requests that of the coordinating node.
    pub(super) source: Sym,
    /// Where it came in.
    pub(super) origin: Origin,
    /// Node, by id, else by name.
    pub(super) node: Sym,
}

impl Who {
    /// Whether an event tells of a request that came in at its node, and is no part of one that another node passed on. A
    /// cross-cluster key comes in over the transport layer alone (audit-format 1.17).
    pub(super) fn came_in(&self) -> bool {
        matches!(self.origin, Origin::Rest | Origin::Unknown) || self.remote_user.is_some()
    }

    fn remap(mut self, syms: &[Sym]) -> Self {
        let all = [
            &mut self.realm,
            &mut self.principal,
            &mut self.run_as,
            &mut self.key,
            &mut self.key_name,
            &mut self.token,
            &mut self.remote_user,
        ];
        for sym in all.into_iter().chain([&mut self.source, &mut self.node]) {
            *sym = syms[sym.0 as usize];
        }
        self
    }
}

/// What an event says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct What {
    /// `event.action`, by its place in [`ActionKind::NAMED`].
    pub(super) event: u8,
    /// The Elasticsearch action.
    pub(super) action: Sym,
    /// `request.name`.
    pub(super) request_name: Sym,
    /// `url.path`, of successful authentications.
    pub(super) path: Sym,
}

impl What {
    /// Whether it is an event of a kind.
    pub(super) fn is(self, kind: ActionKind) -> bool {
        self.event == kind as u8
    }
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) time: Millis,
    /// Hash of the request id; of an event without one, its own.
    pub(super) request: RecordKey,
    /// Hash of everything that tells events apart.
    pub(super) identity: RecordKey,
    /// Index into [`Hits::inputs`].
    pub(super) input: u32,
    /// Chunk of the input.
    pub(super) seq: u32,
    /// Record within the chunk, from 0.
    pub(super) line: u32,
    /// Number in [`Hits::who`].
    pub(super) who: u32,
    /// Number in [`Hits::what`].
    pub(super) what: u32,
    /// Number of the list of indices that it names.
    pub(super) list: u32,
}

/// What the actor's accounts and keys did before.
#[derive(Debug, Clone, Default)]
pub(super) struct EarlierUse {
    /// Lists of indices that they touched.
    pub(super) touched: BTreeSet<u32>,
    /// Allowed actions by hour since 1970.
    pub(super) hours: BTreeMap<i64, u64>,
    /// The first.
    pub(super) first: Option<Millis>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Hits {
    pub(super) symbols: Symbols,
    /// Labels of inputs.
    pub(super) inputs: Distinct<String>,
    /// Records of each chunk of each input.
    pub(super) chunks: BTreeMap<(u32, u32), u64>,
    pub(super) who: Distinct<Who>,
    pub(super) what: Distinct<What>,
    lists: IndexLists,
    pub(super) events: Vec<Hit>,
    pub(super) before: EarlierUse,
    named: NamedBlocks,
}

/// The indices of blocks, by symbol, once all of them are there.
#[derive(Debug, Default)]
struct NamedBlocks {
    blocks: Vec<Box<[Sym]>>,
    /// By block: whether a restricted index is in it.
    restricted: Vec<bool>,
    /// What was touched before.
    touched: HashSet<Sym>,
}

impl Hits {
    /// Notes a list of indices, which `each` hands out one by one.
    pub(super) fn list(&mut self, each: impl FnOnce(&mut dyn FnMut(&[u8]))) -> NotedList {
        let mut noted = self.lists.note(each);
        while self.lists.is_too_much() {
            noted.number = self.halve()[noted.number as usize];
        }
        noted
    }

    /// Drops half of the names of indices; the new numbers of lists, by old number.
    fn halve(&mut self) -> Vec<u32> {
        let new = self.lists.halve();
        let number = |old: u32| new[old as usize];
        self.events.iter_mut().for_each(|hit| hit.list = number(hit.list));
        self.before.touched = self.before.touched.iter().map(|&list| number(list)).collect();
        new
    }

    /// Makes symbols of the indices: what follows asks for them.
    pub(super) fn name_indices(&mut self) {
        let Self { symbols, lists, named, before, .. } = self;
        let blocks = 0..lists.blocks_total();
        named.restricted = blocks.clone().map(|block| lists.names(block).any(is_restricted)).collect();
        named.blocks = blocks.map(|block| lists.names(block).map(|name| symbols.intern(name)).collect()).collect();
        let touched: BTreeSet<u32> = before.touched.iter().flat_map(|&list| lists.blocks(list)).copied().collect();
        named.touched = touched.iter().flat_map(|&block| named.blocks[block as usize].iter().copied()).collect();
    }

    /// The blocks of a list: lists that are alike share most of theirs.
    pub(super) fn blocks(&self, list: u32) -> &[u32] {
        self.lists.blocks(list)
    }

    /// The indices of a block.
    pub(super) fn block(&self, block: u32) -> &[Sym] {
        &self.named.blocks[block as usize]
    }

    /// The indices of a list.
    pub(super) fn names(&self, list: u32) -> impl Iterator<Item = Sym> {
        self.blocks(list).iter().flat_map(|&block| self.block(block).iter().copied())
    }

    /// How many indices a list has, those whose names were dropped included.
    pub(super) fn names_total(&self, list: u32) -> u64 {
        u64::from(self.lists.total(list))
    }

    /// Whether a list is empty.
    pub(super) fn is_empty(&self, list: u32) -> bool {
        self.lists.total(list) == 0
    }

    /// Whether a restricted index is in a list.
    pub(super) fn is_restricted(&self, list: u32) -> bool {
        self.blocks(list).iter().any(|&block| self.named.restricted[block as usize])
    }

    /// Whether an index was touched before.
    pub(super) fn was_touched(&self, index: Sym) -> bool {
        self.named.touched.contains(&index)
    }

    /// Lists that were cut.
    pub(super) fn lists_cut(&self) -> u64 {
        self.lists.cut()
    }

    /// Of how many names of indices one is kept: 1 where all are.
    pub(super) fn one_in(&self) -> u64 {
        1 << self.lists.halvings()
    }

    /// Takes in what another worker found.
    pub(super) fn absorb(&mut self, other: Self) {
        let syms = self.symbols.absorb(&other.symbols);
        let inputs: Vec<u32> = other.inputs.all().iter().map(|label| self.inputs.number(label.clone())).collect();
        for ((input, seq), lines) in other.chunks {
            *self.chunks.entry((inputs[input as usize], seq)).or_default() += lines;
        }
        let who: Vec<u32> = other.who.all().iter().map(|who| self.who.number(who.remap(&syms))).collect();
        let sym = |sym: Sym| syms[sym.0 as usize];
        let remapped = |what: &What| What {
            action: sym(what.action),
            request_name: sym(what.request_name),
            path: sym(what.path),
            ..*what
        };
        let what: Vec<u32> = other.what.all().iter().map(|one| self.what.number(remapped(one))).collect();
        while self.lists.halvings() < other.lists.halvings() {
            self.halve();
        }
        let lists = self.lists.absorb(&other.lists);
        self.events.extend(other.events.into_iter().map(|hit| Hit {
            input: inputs[hit.input as usize],
            who: who[hit.who as usize],
            what: what[hit.what as usize],
            list: lists[hit.list as usize],
            ..hit
        }));
        self.before.touched.extend(other.before.touched.into_iter().map(|list| lists[list as usize]));
        for (hour, count) in other.before.hours {
            *self.before.hours.entry(hour).or_default() += count;
        }
        self.before.first = [self.before.first, other.before.first].into_iter().flatten().min();
        while self.lists.is_too_much() {
            self.halve();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_found_is_put_together() {
        let mut one = Hits::default();
        one.symbols.intern(b"x");
        let mut other = Hits::default();
        let list = other.list(|each| [&b"a"[..], b"b"].into_iter().for_each(each)).number;
        let none = Sym::NONE;
        let principal = other.symbols.intern(b"alice");
        let who = Who {
            principal,
            run_as: none,
            key: none,
            key_name: none,
            realm: none,
            token: none,
            remote_user: none,
            source: none,
            origin: Origin::Rest,
            node: none,
        };
        let what = What { event: 4, action: none, request_name: none, path: none };
        let hit = Hit {
            time: Millis(1),
            request: RecordKey(1),
            identity: RecordKey(2),
            input: other.inputs.number("a.json".to_owned()),
            seq: 0,
            line: 3,
            who: other.who.number(who),
            what: other.what.number(what),
            list,
        };
        other.events.push(hit);
        one.absorb(other);
        one.name_indices();
        let found = one.events[0];
        assert_eq!(one.symbols.get(one.who.all()[found.who as usize].principal), Some(&b"alice"[..]));
        let indices: Vec<&[u8]> = one.names(found.list).filter_map(|name| one.symbols.get(name)).collect();
        assert_eq!(indices, [b"a", b"b"]);
    }
}
