//! Places that stay the same while their address changes: a host of IPv6 takes another one every day or more often (RFC 8981),
//! a phone is given another one of its carrier's with each visit.

use crate::rng::Rng;
use crate::text::Micros;

/// How the address of a place changes.
#[derive(Clone, Debug)]
pub(crate) struct Moving {
    /// What the addresses begin with: one /64 of IPv6, or one to three /24 of a carrier's.
    pub(crate) networks: Vec<String>,
    /// An address is kept so long.
    pub(crate) period: Micros,
}

impl Moving {
    /// One of its addresses.
    pub(crate) fn address(&self, rng: &mut Rng) -> String {
        let network = rng.pick(&self.networks).clone();
        if network.contains(':') {
            let mut part = || rng.below(65_536);
            return format!("{network}:{:x}:{:x}:{:x}:{:x}", part(), part(), part(), part());
        }
        format!("{network}.{}", rng.range(1, 255))
    }
}
