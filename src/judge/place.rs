//! Where an address lies: its network, and whether it is one of the organisation's.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::network;
pub(super) use crate::network::Net;
use crate::options::{Cidr, Surroundings};
use crate::state::Sym;

/// An address from which this many accounts get in is shared: a NAT, a proxy, Kibana, a terminal server.
pub(super) const SHARED: u32 = 5;

/// What counts as one host: an address, or a network of IPv6, within which a host takes new addresses as it pleases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Host {
    Address(Sym),
    Network(Net),
}

/// The networks of IPv6 that count as one host, and the address that stands for each.
#[derive(Debug)]
pub(super) struct Hosts(HashMap<Net, Sym, RandomState>);

impl Hosts {
    /// The hosts of these addresses; `net` gives the network of one, and `is_one` whether a network may be one host.
    pub(super) fn new(
        sources: impl Iterator<Item = Sym>,
        net: impl Fn(Sym) -> Option<Net>,
        is_one: impl Fn(Net) -> bool,
    ) -> Self {
        let mut hosts: HashMap<Net, Sym, RandomState> = HashMap::default();
        let one = |source| net(source).filter(|net| net.is_v6() && is_one(*net));
        for (source, net) in sources.filter_map(|source| Some((source, one(source)?))) {
            let host = hosts.entry(net).or_insert(source);
            *host = source.min(*host);
        }
        Self(hosts)
    }

    /// The host that an address is of, given its network.
    pub(super) fn host(&self, source: Sym, net: Option<Net>) -> Host {
        net.filter(|net| self.0.contains_key(net)).map_or(Host::Address(source), Host::Network)
    }

    /// The address that stands for the host of an address: the one that came first.
    pub(super) fn of(&self, source: Sym, net: Option<Net>) -> Sym {
        net.and_then(|net| self.0.get(&net)).copied().unwrap_or(source)
    }
}

/// An address, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) net: Net,
    /// Not one of the organisation's networks.
    pub(super) outside: bool,
    /// On a list of bad addresses.
    pub(super) bad: bool,
    pub(super) scanner: bool,
    pub(super) proxy: bool,
}

impl Address {
    /// Reads an address; `None` where it is none.
    pub(super) fn of(text: &[u8], known: &Surroundings) -> Option<Self> {
        let address = network::address(text)?;
        let within = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains(address));
        let (net, outside) = (Net::of(address), known.is_outside(address));
        let bad = known.is_bad(address);
        Some(Self { net, outside, bad, scanner: within(&known.scanners), proxy: within(&known.proxies) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let of = |text: &str| Address::of(text.as_bytes(), &Surroundings::default());
        let net = |text: &str| of(text).map(|address| address.net);
        assert_eq!(net("198.51.100.7"), net("::ffff:198.51.100.250"));
        assert_ne!(net("198.51.100.7"), net("198.51.101.7"));
        assert_eq!(net("2001:db8:0:1::7"), net("2001:db8:0:1:8000::"));
        assert_ne!(net("2001:db8:0:1::7"), net("2001:db8:0:2::7"));
        assert_eq!(of("host.example"), None);
    }
}
