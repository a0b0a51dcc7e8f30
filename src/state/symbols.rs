//! Interned text: principals, addresses, realms, … become 4-byte symbols, so that a record is small and equality is one
//! comparison of integers.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

/// A text known to one [`Symbols`] table; 0 is "absent".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Sym(pub u32);

impl Sym {
    /// No text.
    pub const NONE: Self = Self(0);

    /// Whether there is a text.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
}

/// A table of distinct texts, numbered from 1 in order of arrival.
///
/// The numbers depend on the order in which text arrived; nothing that is shown may be ordered by them. The hash is
/// seeded at random per process, so that names chosen by an attacker cannot flood one bucket.
#[derive(Clone, Default)]
pub struct Symbols {
    bytes: Vec<u8>,
    /// End of each text in `bytes`.
    ends: Vec<u64>,
    table: HashTable<u32>,
    hasher: RandomState,
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

fn slice<'b>(bytes: &'b [u8], ends: &[u64], index: u32) -> &'b [u8] {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    // Bounds hold: ends grow and the last is bytes.len().
    &bytes[start as usize..ends[index] as usize]
}

impl Symbols {
    /// The symbol of a text, new if it was not known.
    pub fn intern(&mut self, text: &[u8]) -> Sym {
        let hash = self.hasher.hash_one(text);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&index) = self.table.find(hash, |&index| slice(bytes, ends, index) == text) {
            return Sym(index + 1);
        }
        let index = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.table.insert_unique(hash, index, |&index| hasher.hash_one(slice(bytes, ends, index)));
        Sym(index + 1)
    }

    /// The symbol of an optional text.
    pub fn intern_opt(&mut self, text: Option<&[u8]>) -> Sym {
        text.map_or(Sym::NONE, |text| self.intern(text))
    }

    /// The symbol of a text that is already known.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<Sym> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |&index| slice(&self.bytes, &self.ends, index) == text).map(|&index| Sym(index + 1))
    }

    /// The text of a symbol of this table; `None` for [`Sym::NONE`].
    #[must_use]
    pub fn get(&self, sym: Sym) -> Option<&[u8]> {
        sym.0.checked_sub(1).map(|index| slice(&self.bytes, &self.ends, index))
    }

    /// The text made displayable: invalid UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn string(&self, sym: Sym) -> Option<String> {
        self.get(sym).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that the table takes, roughly: its text, and 16 a text for finding it.
    #[must_use]
    pub fn weight(&self) -> u64 {
        (self.bytes.len() + self.ends.len() * 16) as u64
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts, in order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|index| slice(&self.bytes, &self.ends, index))
    }

    /// A table of texts in this order, where one may stand several times: each keeps its number, for [`Self::absorb`].
    #[must_use]
    pub(super) fn of_texts<T: AsRef<[u8]>>(texts: impl Iterator<Item = T>) -> Self {
        let mut table = Self::default();
        for text in texts {
            table.bytes.extend_from_slice(text.as_ref());
            table.ends.push(table.bytes.len() as u64);
        }
        table
    }

    /// Takes in the texts of another table; the result translates its symbols (index = old symbol).
    pub fn absorb(&mut self, other: &Self) -> Vec<Sym> {
        std::iter::once(Sym::NONE).chain(other.iter().map(|text| self.intern(text))).collect()
    }
}

impl PartialEq for Symbols {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes
    }
}

impl Serialize for Symbols {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Lengths, which are small numbers, and not ends.
        let lengths: Vec<u64> = self.iter().map(|text| text.len() as u64).collect();
        (&self.bytes, lengths).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Symbols {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (bytes, lengths): (Vec<u8>, Vec<u64>) = Deserialize::deserialize(deserializer)?;
        let mut symbols = Self::default();
        let mut start: usize = 0;
        for (number, length) in lengths.into_iter().enumerate() {
            let text = usize::try_from(length)
                .ok()
                .and_then(|length| bytes.get(start..start.checked_add(length)?))
                .ok_or_else(|| serde::de::Error::custom("a text reaches beyond the table"))?;
            if symbols.intern(text).0 as usize != number + 1 {
                return Err(serde::de::Error::custom("a text stands twice in the table"));
            }
            start += text.len();
        }
        Ok(symbols)
    }
}

/// Interned realm chains: lists of realm symbols. Chain 0 is "no realm event was seen".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chains {
    lists: Vec<Vec<Sym>>,
    #[serde(skip)]
    index: hashbrown::HashMap<Vec<Sym>, u32, RandomState>,
    /// Chains whose order is not known: `correlate` alone tells which.
    #[serde(skip)]
    sets: hashbrown::HashMap<Vec<Sym>, u32, RandomState>,
}

/// A realm chain known to one [`Chains`] table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ChainId(pub u32);

impl ChainId {
    /// No realm event was seen for the attempt.
    pub const NONE_SEEN: Self = Self(0);
    /// Realm events of the attempt are not logged, or cannot be joined: set by `correlate` only.
    pub const UNKNOWN: Self = Self(u32::MAX);
}

impl Default for Chains {
    fn default() -> Self {
        Self { lists: vec![Vec::new()], index: hashbrown::HashMap::default(), sets: hashbrown::HashMap::default() }
    }
}

impl Chains {
    /// All chains, by id; the first is the empty one.
    #[must_use]
    pub fn lists(&self) -> &[Vec<Sym>] {
        &self.lists
    }

    /// Whether the first chain is the empty one, and no other is.
    pub(super) fn is_sound(&self) -> bool {
        self.lists.iter().enumerate().all(|(id, list)| list.is_empty() == (id == 0)) && !self.lists.is_empty()
    }

    /// The id of a list of realms.
    pub fn intern(&mut self, realms: &[Sym]) -> ChainId {
        if realms.is_empty() {
            return ChainId::NONE_SEEN;
        }
        if self.index.len() + self.sets.len() + 1 < self.lists.len() {
            // After deserialising, the index is rebuilt once.
            self.index = self.lists.iter().enumerate().skip(1).map(|(id, list)| (list.clone(), id as u32)).collect();
            self.sets.clear();
        }
        if let Some(&id) = self.index.get(realms) {
            return ChainId(id);
        }
        let id = self.lists.len() as u32;
        self.lists.push(realms.to_vec());
        self.index.insert(realms.to_vec(), id);
        ChainId(id)
    }

    /// The id of realms that were asked in an order that is not known; given sorted. Of one there is but one order.
    pub fn intern_set(&mut self, realms: &[Sym]) -> ChainId {
        if realms.len() < 2 {
            return self.intern(realms);
        }
        if let Some(&id) = self.sets.get(realms) {
            return ChainId(id);
        }
        // The index must not take it for a chain that has an order.
        self.intern(&realms[..1]);
        let id = self.lists.len() as u32;
        self.lists.push(realms.to_vec());
        self.sets.insert(realms.to_vec(), id);
        ChainId(id)
    }

    /// Whether the order of a chain is known.
    #[must_use]
    pub fn is_ordered(&self, chain: ChainId) -> bool {
        self.sets.is_empty() || self.get(chain).and_then(|realms| self.sets.get(realms)).is_none_or(|&id| id != chain.0)
    }

    /// The realms of a chain whose order is known.
    #[must_use]
    pub fn ordered(&self, chain: ChainId) -> Option<&[Sym]> {
        self.get(chain).filter(|_| self.is_ordered(chain))
    }

    /// The realms of a chain; `None` for [`ChainId::UNKNOWN`].
    #[must_use]
    pub fn get(&self, chain: ChainId) -> Option<&[Sym]> {
        self.lists.get(chain.0 as usize).map(Vec::as_slice)
    }

    /// Takes in another table whose realms translate by `syms`; the result translates its chains.
    pub fn absorb(&mut self, other: &Self, syms: &[Sym]) -> Vec<ChainId> {
        other
            .lists
            .iter()
            .map(|list| {
                let realms: Vec<Sym> = list.iter().map(|sym| syms[sym.0 as usize]).collect();
                self.intern(&realms)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_once_and_to_the_byte() {
        let mut symbols = Symbols::default();
        let a = symbols.intern(b"alice\xff");
        assert_eq!(symbols.intern(b"alice\xff"), a);
        let b = symbols.intern(b"alice\xfe");
        assert_ne!(a, b);
        assert_eq!(symbols.get(a), Some(&b"alice\xff"[..]));
        assert_eq!(symbols.get(Sym::NONE), None);
        assert_eq!(symbols.intern(b""), symbols.intern(b""));
        assert!(symbols.intern(b"").is_some());
    }

    #[test]
    fn tables_survive_serialisation_and_absorb_each_other() {
        let mut one = Symbols::default();
        one.intern(b"x");
        let y = one.intern(b"y");
        let mut chains = Chains::default();
        let chain = chains.intern(&[y]);
        let json = serde_json::to_string(&(&one, &chains)).unwrap();
        let (other, mut other_chains): (Symbols, Chains) = serde_json::from_str(&json).unwrap();
        assert_eq!(other, one);
        assert_eq!(other_chains.intern(&[y]), chain);
        let mut two = Symbols::default();
        two.intern(b"y");
        let map = two.absorb(&other);
        assert_eq!(two.get(map[y.0 as usize]), Some(&b"y"[..]));
        assert_eq!(two.len(), 2);
        let mut two_chains = Chains::default();
        assert_eq!(two_chains.absorb(&other_chains, &map).len(), 2);
    }
}
