//! Addresses: how they are read, their networks and blocks, and whether they are reached from the internet.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Reads a value that may be an address.
#[must_use]
pub fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A network as hosts of one owner share it: 256 addresses of IPv4, a /64 of IPv6 (RFC 6177 gives a site no less).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(u64, bool);

impl Net {
    /// The network of an address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(u32::from(v4) >> 8), false),
            IpAddr::V6(v6) => Self((u128::from(v6) >> 64) as u64, true),
        }
    }

    /// Whether it is a network of IPv6, within which one host has many addresses: it takes a new one every day (RFC 8981).
    #[must_use]
    pub fn is_v6(self) -> bool {
        self.1
    }

    /// The networks of one site: a /48 of IPv6 (RFC 6177), of IPv4 the network itself.
    #[must_use]
    pub fn site(self) -> Self {
        if self.1 { Self(self.0 & !0xffff, true) } else { self }
    }
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr(IpNet);

impl Cidr {
    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address.
    ///
    /// # Errors
    /// A message for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let block = if text.contains('/') { text.parse().ok() } else { text.parse::<IpAddr>().ok().map(IpNet::from) };
        block.map(Self).ok_or_else(|| format!("`{text}` is neither an address nor a block such as 10.0.0.0/8"))
    }

    /// Whether the block holds an address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The block of a length that holds an address; what is longer than an address is cut to one.
    #[must_use]
    pub fn around(address: IpAddr, prefix: u8) -> Self {
        Self(IpNet::new(address, prefix).unwrap_or_else(|_| address.into()).trunc())
    }

    /// What two blocks of the same addresses have in common: the version, the length, the first address.
    #[must_use]
    pub fn key(self) -> (bool, u8, u128) {
        let first = match self.0.network() {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        };
        (self.0.network().is_ipv6(), self.0.prefix_len(), first)
    }

    /// The block of the same length that holds what its addresses become; `image` keeps common prefixes.
    #[must_use]
    pub fn map(self, image: impl Fn(IpAddr) -> IpAddr) -> Self {
        Self::around(image(self.0.addr()), self.0.prefix_len())
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an address is not reached from the internet: the private, shared, link-local and loopback ranges.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 100.64.0.0/10 is shared address space behind carrier NAT (RFC 6598), in use inside clouds.
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            let head = v6.segments()[0];
            v6.is_loopback() || v6.is_unspecified() || head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80
        }
    }
}

/// Whether an address is of no host on the internet: multicast, documentation, and what RFC 6890 reserves beside the private
/// ranges.
#[must_use]
pub fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            // 192.0.0.0/24 is for protocols, 198.18.0.0/15 for benchmarks, 240.0.0.0/4 for later.
            a == 0
                || a >= 224
                || v4.is_documentation()
                || (a, b, c) == (192, 0, 0)
                || (a == 198 && (b == 18 || b == 19))
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            v6.is_multicast() || (first, second) == (0x2001, 0x0db8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses() {
        for inside in ["10.1.2.3", "192.168.0.1", "172.31.0.1", "127.0.0.1", "::1", "fd00::1", "fe80::1", "100.64.0.9"]
        {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "203.0.113.7", "2001:db8::1", "100.128.0.1", "172.32.0.1"] {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn reserved_addresses() {
        for reserved in
            ["192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "255.255.255.255", "0.1.2.3", "2001:db8::1"]
        {
            assert!(is_reserved(reserved.parse().unwrap()), "{reserved}");
        }
        for used in ["8.8.8.8", "198.20.0.1", "192.0.1.1", "2a02::1"] {
            assert!(!is_reserved(used.parse().unwrap()), "{used}");
        }
    }

    #[test]
    fn blocks_of_addresses() {
        let block = |text: &str| Cidr::parse(text).unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(block("10.0.0.0/8").contains(address("10.255.1.2")));
        assert!(block("10.0.0.0/8").contains(address("::ffff:10.1.2.3")));
        assert!(!block("10.0.0.0/8").contains(address("11.0.0.1")));
        assert!(block("192.0.2.7").contains(address("192.0.2.7")));
        assert!(!block("192.0.2.7").contains(address("192.0.2.8")));
        assert!(block("fd00::/8").contains(address("fd12::1")));
        assert!(block("0.0.0.0/0").contains(address("203.0.113.9")));
        assert!(!block("0.0.0.0/0").contains(address("2001:db8::1")));
        for wrong in ["10.0.0.0/33", "10.0.0/8", "x", "", "::/129", "10.0.0.0/"] {
            assert!(Cidr::parse(wrong).is_err(), "{wrong}");
        }
    }
}
