//! Addresses that the user knows: networks by name (`[networks]` of the configuration), and lists of bad and good ones
//! (`--addresses`). Found by the longest block that holds an address, in as many steps as there are lengths of blocks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::Cidr;

/// How the user stands to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressStanding {
    /// In a network of the organisation's own, which has a name.
    Own,
    /// On a list of good addresses.
    Good,
    /// On a list of bad addresses.
    Bad,
}

impl AddressStanding {
    /// The name in reports, and after `@` in filters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// A block of addresses that the user knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownBlock {
    /// How the user stands to it.
    pub standing: AddressStanding,
    /// Name of the network, or what the list says of the address.
    pub label: Option<String>,
    /// The list that has it, as it was named; of networks empty.
    pub list: String,
    /// Its addresses.
    pub block: Cidr,
}

/// Every block that the user knows. Cheap to copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressBook(Arc<Book>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Book {
    /// Sorted.
    blocks: Vec<KnownBlock>,
    /// Those that are networks of one's own.
    networks: AddressIndex,
    /// Those of lists.
    listed: AddressIndex,
}

impl AddressBook {
    /// A book of these blocks; where two lists have the same one, a bad one counts.
    #[must_use]
    pub fn new(mut blocks: Vec<KnownBlock>) -> Self {
        blocks.sort();
        blocks.dedup();
        let of = |is: fn(AddressStanding) -> bool| {
            let numbered = blocks.iter().zip(0_u32..).filter(|(known, _)| is(known.standing));
            AddressIndex::new(numbered.map(|(known, number)| (known.block, number)))
        };
        let networks = of(|standing| standing == AddressStanding::Own);
        let listed = of(|standing| standing != AddressStanding::Own);
        Self(Arc::new(Book { blocks, networks, listed }))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.blocks.is_empty()
    }

    /// Every block, sorted.
    #[must_use]
    pub fn blocks(&self) -> &[KnownBlock] {
        &self.0.blocks
    }

    /// The name of the network of one's own that holds an address: of several the smallest.
    #[must_use]
    pub fn network(&self, address: IpAddr) -> Option<&str> {
        self.0.blocks[self.0.networks.find(address)? as usize].label.as_deref()
    }

    /// What a list says of an address: of several blocks the smallest.
    #[must_use]
    pub fn listed(&self, address: IpAddr) -> Option<&KnownBlock> {
        Some(&self.0.blocks[self.0.listed.find(address)? as usize])
    }

    /// Whether an address is trusted: in a network of one's own, or on a list of good ones.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.network(address).is_some()
            || self.listed(address).is_some_and(|known| known.standing == AddressStanding::Good)
    }

    /// Networks by name, with their blocks.
    #[must_use]
    pub fn networks(&self) -> BTreeMap<&str, Vec<Cidr>> {
        let mut networks: BTreeMap<&str, Vec<Cidr>> = BTreeMap::new();
        for known in self.0.blocks.iter().filter(|known| known.standing == AddressStanding::Own) {
            networks.entry(known.label.as_deref().unwrap_or_default()).or_default().push(known.block);
        }
        networks
    }

    /// Whether something of this name (`office`, `bad`, `good`) is in the book.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.blocks.iter().any(|known| known.is(name))
    }

    /// Whether an address is in what has this name.
    #[must_use]
    pub fn holds(&self, name: &str, address: IpAddr) -> bool {
        let book = &self.0;
        let found = |index: &AddressIndex| index.all(address).any(|number| book.blocks[number as usize].is(name));
        found(&book.networks) || found(&book.listed)
    }
}

impl KnownBlock {
    fn is(&self, name: &str) -> bool {
        match self.standing {
            AddressStanding::Own => self.label.as_deref() == Some(name),
            listed => listed.name() == name,
        }
    }
}

/// Blocks by length, the longest first.
#[derive(Debug, Default, PartialEq, Eq)]
struct AddressIndex(Vec<(Length, Firsts)>);

/// Length of a block, and whether it is one of IPv6.
type Length = (u8, bool);

/// Blocks of one length: first address and number, sorted.
type Firsts = Vec<(u128, u32)>;

impl AddressIndex {
    fn new(blocks: impl Iterator<Item = (Cidr, u32)>) -> Self {
        let mut by_length: BTreeMap<Length, Firsts> = BTreeMap::new();
        for (block, number) in blocks {
            let (is_v6, prefix, first) = block.key();
            by_length.entry((prefix, is_v6)).or_default().push((first, number));
        }
        for list in by_length.values_mut() {
            // Of the same block the last counts: bad comes after good.
            list.sort_unstable_by_key(|&(first, number)| (first, std::cmp::Reverse(number)));
        }
        Self(by_length.into_iter().rev().collect())
    }

    /// The number of the smallest block that holds an address.
    fn find(&self, address: IpAddr) -> Option<u32> {
        self.all(address).next()
    }

    /// The numbers of all that do, the smallest first.
    fn all(&self, address: IpAddr) -> impl Iterator<Item = u32> + '_ {
        let address = address.to_canonical();
        self.0.iter().filter(move |((_, is_v6), _)| *is_v6 == address.is_ipv6()).flat_map(move |((prefix, _), list)| {
            let (_, _, first) = Cidr::around(address, *prefix).key();
            let from = list.partition_point(|&(known, _)| known < first);
            list[from..].iter().take_while(move |&&(known, _)| known == first).map(|&(_, number)| number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(standing: AddressStanding, label: &str, block: &str) -> KnownBlock {
        let list = if standing == AddressStanding::Own { "" } else { "list.txt" };
        let block = Cidr::parse(block).unwrap();
        KnownBlock { standing, label: Some(label.to_owned()), list: list.to_owned(), block }
    }

    #[test]
    fn the_smallest_block_counts_and_bad_before_good() {
        let book = AddressBook::new(vec![
            known(AddressStanding::Own, "all", "10.0.0.0/8"),
            known(AddressStanding::Own, "office", "10.1.2.3/16"),
            known(AddressStanding::Own, "v6", "2001:db8::/32"),
            known(AddressStanding::Bad, "scanner", "198.51.100.7"),
            known(AddressStanding::Good, "probe", "198.51.100.7"),
            known(AddressStanding::Good, "partner", "198.51.100.0/24"),
        ]);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(book.network(at("10.1.9.9")), Some("office"));
        assert_eq!(book.network(at("::ffff:10.2.0.1")), Some("all"));
        assert_eq!(book.network(at("2001:db8:1::1")), Some("v6"));
        assert_eq!(book.network(at("192.0.2.1")), None);
        assert_eq!(book.listed(at("198.51.100.7")).unwrap().label.as_deref(), Some("scanner"));
        assert!(!book.trusts(at("198.51.100.7")) && book.trusts(at("198.51.100.8")) && book.trusts(at("10.1.0.1")));
        assert!(book.holds("office", at("10.1.0.1")) && book.holds("all", at("10.1.0.1")));
        assert!(!book.holds("office", at("10.2.0.1")) && book.holds("bad", at("198.51.100.7")));
        assert!(book.has("v6") && book.has("good") && !book.has("own"));
        assert_eq!(book.networks()["office"].len(), 1);
    }
}
