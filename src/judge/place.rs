//! Where an address lies: its network, and whether it is one of the organisation's.

use std::net::IpAddr;

use crate::options::{Cidr, Surroundings};

/// A network as hosts of one owner share it: 256 addresses of IPv4, a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Net(u64, bool);

/// An address, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) net: Net,
    /// Not one of the organisation's networks.
    pub(super) outside: bool,
    pub(super) scanner: bool,
    pub(super) proxy: bool,
}

impl Address {
    /// Reads an address; `None` where it is none.
    pub(super) fn of(text: &[u8], known: &Surroundings) -> Option<Self> {
        let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
        let canonical = address.to_canonical();
        let net = match canonical {
            IpAddr::V4(v4) => Net(u64::from(u32::from(v4) >> 8), false),
            IpAddr::V6(v6) => Net((u128::from(v6) >> 64) as u64, true),
        };
        let within = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains(address));
        let outside = match known.internal_networks.as_slice() {
            [] => !is_private(canonical),
            networks => !within(networks),
        };
        Some(Self { net, outside, scanner: within(&known.scanners), proxy: within(&known.proxies) })
    }
}

/// Addresses that are not reached from the internet.
fn is_private(address: IpAddr) -> bool {
    match address {
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
