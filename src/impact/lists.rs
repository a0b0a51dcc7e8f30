//! Lists of indices that events name, as they are gathered: requests over thousands of indices, made again and again, and lists
//! that differ by an index or two.
//!
//! A list is kept in blocks whose ends its own names decide, so that lists that are alike share all blocks but those in which they
//! differ. Blocks are compared as the text that they are: a name is hashed once, and made a symbol only where all is counted.
//!
//! Names without end, as somebody may ask for indices that there are not, do not fill the memory: then those are kept whose hash
//! is small, half as many each time, so that the same names are kept whatever the order in which lists came.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::distinct::Distinct;
use crate::action_class::is_restricted;

/// Names of a list that are kept; a log line of the longest that is read names more only if they are of a few letters each.
pub(super) const LONGEST_LIST: usize = 100_000;

/// A block ends at one name in so many.
const BLOCK: u64 = 32;

/// What all lists may weigh: some 800,000 different names, more than ten times as many as the largest clusters that are known
/// have indices.
const MOST_WEIGHT: u64 = 64 << 20;

/// What a name weighs beside its text: where it is counted, it is a symbol and has a row.
const NAME_WEIGHT: u64 = 64;

/// Restricted indices are dropped so many halvings later than others.
const RESTRICTED: u32 = 16;

/// The most halvings.
const MOST_HALVINGS: u32 = 48;

/// What was noted of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotedList {
    /// Its number.
    pub(super) number: u32,
    /// Hash of its first name.
    pub(super) first: Option<u64>,
    /// Its names, each once.
    pub(super) names: u32,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KeptList {
    /// Its names, those that are not kept included.
    names: u32,
    blocks: Box<[u32]>,
}

/// Lists, by number.
#[derive(Debug, Clone)]
pub(super) struct IndexLists {
    /// Texts of blocks one after the other: of each name its length, then itself.
    text: Vec<u8>,
    /// End of each block in `text`.
    ends: Vec<usize>,
    /// Blocks by their text.
    table: HashTable<u32>,
    hasher: RandomState,
    lists: Distinct<KeptList>,
    /// How often the names that are kept were halved.
    halvings: u32,
    weight: u64,
    most: u64,
    /// Lists that were cut.
    cut: u64,
    at_hand: NamesAtHand,
}

impl Default for IndexLists {
    fn default() -> Self {
        Self::of_weight(MOST_WEIGHT)
    }
}

/// The names of the list at hand, as text of blocks, and of each its end there and its hash.
#[derive(Debug, Clone, Default)]
struct NamesAtHand {
    text: Vec<u8>,
    names: Vec<(usize, u64)>,
    sorted: Vec<u64>,
}

impl NamesAtHand {
    fn clear(&mut self) {
        self.text.clear();
        self.names.clear();
    }

    fn push(&mut self, name: &[u8]) {
        put(&mut self.text, name);
        self.names.push((self.text.len(), xxh3_64(name)));
    }

    /// Leaves each name once: documents of an index name a thing at two places.
    fn once_each(&mut self) {
        self.sorted.clear();
        self.sorted.extend(self.names.iter().map(|name| name.1));
        self.sorted.sort_unstable();
        if self.sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            let before = std::mem::take(&mut self.text);
            self.names.clear();
            let mut met = HashSet::new();
            names(&before).filter(|name| met.insert(*name)).for_each(|name| self.push(name));
        }
    }

    /// Leaves those that are kept after so many halvings.
    fn sift(&mut self, halvings: u32) {
        if halvings > 0 {
            let before = std::mem::take(&mut self.text);
            self.names.clear();
            names(&before).filter(|name| is_kept(name, halvings)).for_each(|name| self.push(name));
        }
    }
}

/// Whether a name is kept after so many halvings.
fn is_kept(name: &[u8], halvings: u32) -> bool {
    let halvings = if is_restricted(name) { halvings.saturating_sub(RESTRICTED) } else { halvings };
    // Ends of blocks are told by the lowest bits.
    xxh3_64(name).leading_zeros() >= halvings
}

/// Adds a name to the text of a block; lengths in base 128.
fn put(text: &mut Vec<u8>, name: &[u8]) {
    let mut length = name.len();
    while length > 0x7f {
        text.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    text.push(length as u8);
    text.extend_from_slice(name);
}

/// The names of the text of blocks.
fn names(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (mut length, mut shift) = (0, 0);
        loop {
            let (&byte, rest) = text.split_first()?;
            text = rest;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let (name, rest) = text.split_at_checked(length)?;
        text = rest;
        Some(name)
    })
}

impl IndexLists {
    fn of_weight(most: u64) -> Self {
        Self {
            text: Vec::new(),
            ends: Vec::new(),
            table: HashTable::new(),
            hasher: RandomState::default(),
            lists: Distinct::default(),
            halvings: 0,
            weight: 0,
            most,
            cut: 0,
            at_hand: NamesAtHand::default(),
        }
    }

    /// Notes a list of names, which `each` hands out one by one.
    pub(super) fn note(&mut self, each: impl FnOnce(&mut dyn FnMut(&[u8]))) -> NotedList {
        let names = &mut self.at_hand;
        names.clear();
        let mut is_cut = false;
        each(&mut |name| {
            is_cut |= names.names.len() >= LONGEST_LIST;
            if !is_cut {
                names.push(name);
            }
        });
        self.cut += u64::from(is_cut);
        names.once_each();
        let first = names.names.first().map(|name| name.1);
        let total = names.names.len() as u32;
        NotedList { number: self.keep(total), first, names: total }
    }

    /// The number of the list at hand, which has so many names.
    fn keep(&mut self, total: u32) -> u32 {
        let mut at_hand = std::mem::take(&mut self.at_hand);
        at_hand.sift(self.halvings);
        let mut blocks = Vec::new();
        let (mut start, mut within) = (0, 0);
        for (at, &(end, hash)) in at_hand.names.iter().enumerate() {
            within += 1;
            if hash.is_multiple_of(BLOCK) || at + 1 == at_hand.names.len() {
                blocks.push(self.block_number(&at_hand.text[start..end], within));
                (start, within) = (end, 0);
            }
        }
        self.at_hand = at_hand;
        self.list_number(KeptList { names: total, blocks: blocks.into() })
    }

    /// The number of a block of so many names.
    fn block_number(&mut self, block: &[u8], names: u64) -> u32 {
        let Self { text, ends, table, hasher, weight, .. } = self;
        let hash = hasher.hash_one(block);
        if let Some(&known) = table.find(hash, |&at| block_text(text, ends, at) == block) {
            return known;
        }
        let number = ends.len() as u32;
        text.extend_from_slice(block);
        ends.push(text.len());
        *weight += block.len() as u64 + names * NAME_WEIGHT;
        table.insert_unique(hash, number, |&at| hasher.hash_one(block_text(text, ends, at)));
        number
    }

    fn list_number(&mut self, list: KeptList) -> u32 {
        let (known, blocks) = (self.lists.all().len(), list.blocks.len() as u64);
        let number = self.lists.number(list);
        if number as usize == known {
            // It is kept twice, as a list and as what it is found by.
            self.weight += 8 * blocks;
        }
        number
    }

    /// Whether there is more than may be.
    pub(super) fn is_too_much(&self) -> bool {
        self.weight > self.most && self.halvings < MOST_HALVINGS
    }

    /// Drops half of the names; the new numbers of lists, by old number.
    pub(super) fn halve(&mut self) -> Vec<u32> {
        let halved = Self { halvings: self.halvings + 1, cut: self.cut, ..Self::of_weight(self.most) };
        let before = std::mem::replace(self, halved);
        self.take(&before)
    }

    /// Takes in the lists of another worker, whose names were halved as often or less; their new numbers, by old number. Its
    /// own keep theirs.
    pub(super) fn absorb(&mut self, other: &Self) -> Vec<u32> {
        self.cut += other.cut;
        if other.halvings != self.halvings {
            return self.take(other);
        }
        let blocks: Vec<u32> = (0..other.blocks_total())
            .map(|block| self.block_number(other.block(block), other.names(block).count() as u64))
            .collect();
        let lists = other.lists.all().iter();
        lists
            .map(|list| {
                let blocks = list.blocks.iter().map(|&block| blocks[block as usize]).collect();
                self.list_number(KeptList { names: list.names, blocks })
            })
            .collect()
    }

    fn take(&mut self, other: &Self) -> Vec<u32> {
        let of_list = |list: &KeptList| {
            self.at_hand.clear();
            list.blocks.iter().flat_map(|&block| other.names(block)).for_each(|name| self.at_hand.push(name));
            self.keep(list.names)
        };
        other.lists.all().iter().map(of_list).collect()
    }

    /// How often the names that are kept were halved.
    pub(super) fn halvings(&self) -> u32 {
        self.halvings
    }

    /// Lists that were cut.
    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    /// How many names a list has, those that are not kept included.
    pub(super) fn total(&self, list: u32) -> u32 {
        self.lists.all()[list as usize].names
    }

    /// The blocks of a list.
    pub(super) fn blocks(&self, list: u32) -> &[u32] {
        &self.lists.all()[list as usize].blocks
    }

    /// How many blocks there are.
    pub(super) fn blocks_total(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The names of a block.
    pub(super) fn names(&self, block: u32) -> impl Iterator<Item = &[u8]> {
        names(self.block(block))
    }

    fn block(&self, block: u32) -> &[u8] {
        block_text(&self.text, &self.ends, block)
    }
}

fn block_text<'t>(text: &'t [u8], ends: &[usize], block: u32) -> &'t [u8] {
    let at = block as usize;
    let start = if at == 0 { 0 } else { ends[at - 1] };
    // Bounds hold: ends grow, and the last is that of the text.
    &text[start..ends[at]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(lists: &mut IndexLists, names: &[String]) -> NotedList {
        lists.note(|each| names.iter().for_each(|name| each(name.as_bytes())))
    }

    fn told(lists: &IndexLists, list: u32) -> Vec<String> {
        let names = lists.blocks(list).iter().flat_map(|&block| lists.names(block));
        names.map(|name| String::from_utf8(name.to_vec()).unwrap()).collect()
    }

    #[test]
    fn lists_that_are_alike_share_their_blocks() {
        let mut lists = IndexLists::default();
        let all: Vec<String> = (0..5000).map(|at| format!("logs-{at}")).collect();
        for without in 0..100 {
            let mut some = all.clone();
            some.remove(without * 40);
            let noted = note(&mut lists, &some);
            assert_eq!(told(&lists, noted.number), some);
            assert_eq!((lists.total(noted.number), noted.names), (4999, 4999));
            assert_eq!(note(&mut lists, &some), noted, "it is one list");
        }
        assert!(lists.text.len() < 300_000, "{} bytes of 500,000 names", lists.text.len());
        let none = note(&mut lists, &[]);
        assert_eq!((none.names, none.first, told(&lists, none.number).len()), (0, None, 0));
    }

    #[test]
    fn a_name_that_comes_again_is_one() {
        let mut lists = IndexLists::default();
        let names = ["a", "b", "a", "", "b", ""].map(str::to_owned);
        let noted = note(&mut lists, &names);
        assert_eq!((told(&lists, noted.number), noted.names), (vec!["a".into(), "b".into(), String::new()], 3));
        let long = ["x".repeat(100_000), "y".repeat(127), "z".repeat(128)];
        let noted = note(&mut lists, &long);
        assert_eq!(told(&lists, noted.number), long);
    }

    #[test]
    fn names_without_end_are_halved_and_the_same_ones_whoever_finds_them() {
        let list = |number: usize| -> Vec<String> {
            let names = (0..200).map(move |at| format!("index-{number}-{at}"));
            names.chain([format!(".security-{number}")]).collect()
        };
        let found = |parts: &[std::ops::Range<usize>]| {
            let worker = |numbers: &std::ops::Range<usize>| {
                let mut lists = IndexLists::of_weight(100_000);
                for number in numbers.clone() {
                    note(&mut lists, &list(number));
                    while lists.is_too_much() {
                        lists.halve();
                    }
                }
                lists
            };
            let mut all = IndexLists::of_weight(100_000);
            for part in parts {
                let found = worker(part);
                while all.halvings() < found.halvings() {
                    all.halve();
                }
                all.absorb(&found);
                while all.is_too_much() {
                    all.halve();
                }
            }
            let mut names: Vec<String> = (0..all.blocks_total())
                .flat_map(|block| {
                    all.names(block).map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>()
                })
                .collect();
            names.sort();
            (all.halvings(), all.weight, names)
        };
        let (halvings, weight, names) = found(std::slice::from_ref(&(0..100)));
        assert!((1..10).contains(&halvings) && weight <= 100_000, "{halvings} {weight}");
        let restricted = names.iter().filter(|name| name.starts_with(".security")).count();
        assert_eq!(restricted, 100, "restricted indices are dropped last");
        assert!((200..2000).contains(&(names.len() - restricted)), "{}", names.len());
        for parts in [&[50..100, 0..50][..], &[90..100, 0..3, 3..90]] {
            assert_eq!(found(parts), (halvings, weight, names.clone()));
        }
    }
}
