//! What the search found: the events that name somebody who is followed, in a form of a few dozen bytes each.
//!
//! Who, what and which indices are kept once each, however often they come: a request over thousands of indices, made again and
//! again, costs their names once. A list of indices is kept in blocks whose ends its own names decide, so that lists that
//! differ by an index share all other blocks.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::fast_reader::ActionKind;
use crate::state::{Origin, RecordKey, Sym, Symbols};
use crate::time::Millis;

/// Names of a list that are kept; a log line of the longest that is read names more only if they are of a few letters each.
pub(super) const LONGEST_LIST: usize = 100_000;

/// A block ends at one name in so many.
const BLOCK: u64 = 32;

/// Distinct things, numbered in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Distinct<T> {
    all: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { all: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// The number of a thing.
    pub(super) fn number(&mut self, thing: T) -> u32 {
        if let Some(&at) = self.index.get(&thing) {
            return at;
        }
        let at = self.all.len() as u32;
        self.all.push(thing.clone());
        self.index.insert(thing, at);
        at
    }

    /// All, by number.
    pub(super) fn all(&self) -> &[T] {
        &self.all
    }
}

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
    /// Number in [`Hits::lists`].
    pub(super) list: u32,
}

/// What the actor's accounts and keys did before.
#[derive(Debug, Clone, Default)]
pub(super) struct EarlierUse {
    /// Indices that they touched.
    pub(super) touched: std::collections::BTreeSet<Sym>,
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
    blocks: Distinct<Box<[Sym]>>,
    /// Lists of indices, by blocks.
    lists: Distinct<Box<[u32]>>,
    /// By name: whether a block ends at it, where that was asked.
    ends_block: Vec<Option<bool>>,
    pub(super) events: Vec<Hit>,
    pub(super) before: EarlierUse,
    /// Lists that were cut.
    pub(super) lists_cut: u64,
}

impl Hits {
    /// The number of a list of indices.
    pub(super) fn list(&mut self, names: &[Sym]) -> u32 {
        self.lists_cut += u64::from(names.len() > LONGEST_LIST);
        let names = &names[..names.len().min(LONGEST_LIST)];
        let mut cut = Vec::new();
        let mut start = 0;
        for (at, &sym) in names.iter().enumerate() {
            if self.ends_block(sym) || at + 1 == names.len() {
                cut.push(start..at + 1);
                start = at + 1;
            }
        }
        let blocks: Box<[u32]> = cut.into_iter().map(|range| self.blocks.number(names[range].into())).collect();
        self.lists.number(blocks)
    }

    fn ends_block(&mut self, sym: Sym) -> bool {
        let Self { symbols, ends_block, .. } = self;
        let at = sym.0 as usize;
        if at >= ends_block.len() {
            ends_block.resize(at + 1, None);
        }
        *ends_block[at].get_or_insert_with(|| RecordKey::of(&[symbols.get(sym)]).0.is_multiple_of(BLOCK))
    }

    /// The blocks of a list: lists that are alike share most of theirs.
    pub(super) fn blocks(&self, list: u32) -> &[u32] {
        &self.lists.all()[list as usize]
    }

    /// The indices of a block.
    pub(super) fn block(&self, block: u32) -> &[Sym] {
        &self.blocks.all()[block as usize]
    }

    /// The indices of a list.
    pub(super) fn names(&self, list: u32) -> impl Iterator<Item = Sym> {
        self.blocks(list).iter().flat_map(|&block| self.block(block).iter().copied())
    }

    /// Whether a list is empty.
    pub(super) fn is_empty(&self, list: u32) -> bool {
        self.lists.all()[list as usize].is_empty()
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
        let blocks: Vec<u32> = other
            .blocks
            .all()
            .iter()
            .map(|block| self.blocks.number(block.iter().map(|&name| sym(name)).collect()))
            .collect();
        let lists: Vec<u32> = other
            .lists
            .all()
            .iter()
            .map(|list| self.lists.number(list.iter().map(|&block| blocks[block as usize]).collect()))
            .collect();
        self.events.extend(other.events.into_iter().map(|hit| Hit {
            input: inputs[hit.input as usize],
            who: who[hit.who as usize],
            what: what[hit.what as usize],
            list: lists[hit.list as usize],
            ..hit
        }));
        self.before.touched.extend(other.before.touched.into_iter().map(sym));
        for (hour, count) in other.before.hours {
            *self.before.hours.entry(hour).or_default() += count;
        }
        self.before.first = [self.before.first, other.before.first].into_iter().flatten().min();
        self.lists_cut += other.lists_cut;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hits: &mut Hits, names: impl IntoIterator<Item = String>) -> Vec<Sym> {
        names.into_iter().map(|name| hits.symbols.intern(name.as_bytes())).collect()
    }

    #[test]
    fn lists_that_are_alike_share_their_blocks() {
        let mut hits = Hits::default();
        let all = names(&mut hits, (0..5000).map(|at| format!("logs-{at}")));
        let mut lists = Vec::new();
        for without in 0..100 {
            let mut some = all.clone();
            some.remove(without * 40);
            let list = hits.list(&some);
            assert_eq!(hits.names(list).collect::<Vec<_>>(), some);
            lists.push(list);
        }
        let kept: usize = hits.blocks.all().iter().map(|block| block.len()).sum();
        assert!(kept < 30_000, "{kept} of 500,000 names are kept");
        assert_eq!(hits.list(&[]), hits.list(&[]));
    }

    #[test]
    fn what_workers_found_is_put_together() {
        let mut one = Hits::default();
        one.symbols.intern(b"x");
        let mut other = Hits::default();
        let list = names(&mut other, ["a".to_owned(), "b".to_owned()]);
        let list = other.list(&list);
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
        let found = one.events[0];
        assert_eq!(one.symbols.get(one.who.all()[found.who as usize].principal), Some(&b"alice"[..]));
        let indices: Vec<&[u8]> = one.names(found.list).filter_map(|name| one.symbols.get(name)).collect();
        assert_eq!(indices, [b"a", b"b"]);
    }
}
