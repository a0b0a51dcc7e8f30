//! The client behind a proxy: `x_forwarded_for` is written by clients and proxies alike, so it is believed only from an
//! address that the user trusts, and only back to the last hop that is not trusted.

use crate::decode::native::client_address;
use crate::network::{self, Cidr};

/// The last hop that is not trusted, where the connection itself came from a trusted proxy; else `None`: the connection's
/// address stands.
#[must_use]
pub fn client_behind<'f>(origin: Option<&[u8]>, forwarded: Option<&'f [u8]>, trusted: &[Cidr]) -> Option<&'f [u8]> {
    let (origin, forwarded) = (origin?, forwarded?);
    let is_trusted = |address: &[u8]| {
        let address = network::address(&client_address(address));
        address.is_some_and(|address| trusted.iter().any(|block| block.contains(address)))
    };
    if !is_trusted(origin) {
        return None;
    }
    let hops = || forwarded.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty());
    let behind = hops().rev().find(|hop| !is_trusted(hop));
    // All hops trusted: the request began at the outermost of them.
    behind.or_else(|| hops().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = [Cidr::parse("10.0.0.0/8").unwrap(), Cidr::parse("fd00::/8").unwrap()];
        let behind = |origin: &str, forwarded: &'static str| {
            client_behind(Some(origin.as_bytes()), Some(forwarded.as_bytes()), &trusted)
                .map(|client| String::from_utf8_lossy(client).into_owned())
        };
        assert_eq!(behind("10.0.0.5:4711", "203.0.113.9").as_deref(), Some("203.0.113.9"));
        assert_eq!(behind("10.0.0.5:4711", "6.6.6.6, 203.0.113.9, 10.0.0.7").as_deref(), Some("203.0.113.9"), "forged");
        assert_eq!(behind("[fd00::1]:80", "2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(behind("10.0.0.5", "10.0.0.9, 10.0.0.8").as_deref(), Some("10.0.0.9"));
        assert_eq!(behind("203.0.113.1:5", "1.2.3.4"), None, "not a proxy of ours");
        assert_eq!(behind("10.0.0.5", " , "), None);
    }
}
