//! Where an address lies: its network, and whether it is reached from the internet.

use std::net::IpAddr;

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
}
