//! What every detector looks at.

use std::net::IpAddr;
use std::sync::OnceLock;

use super::cases::{self, Case};
use super::index::{Index, Pair};
use super::successes::Successes;
use crate::correlate::{Correlated, KeyInfo, SourceLine};
use crate::options::{Options, Surroundings, Thresholds};
use crate::reserved::SYSTEM_USERS;
use crate::state::{Attempt, ChainId, Sym};
use crate::time::Millis;

/// The scene of a run: the joined records, how they group, and what the user knows.
#[derive(Debug)]
pub(super) struct Scene<'c> {
    pub(super) joined: &'c Correlated,
    pub(super) thresholds: &'c Thresholds,
    surroundings: &'c Surroundings,
    pub(super) index: Index,
    pub(super) successes: Successes<'c>,
    /// First and last audit event.
    pub(super) span: (Millis, Millis),
    cases: OnceLock<Vec<Case>>,
}

impl<'c> Scene<'c> {
    pub(super) fn new(joined: &'c Correlated, options: &'c Options) -> Self {
        let mut span = crate::state::Span::default();
        for node in joined.nodes.all() {
            span.merge(&node.stats.span);
        }
        let (index, successes) = rayon::join(|| Index::new(joined), || Successes::new(joined));
        Self {
            joined,
            thresholds: &options.thresholds,
            surroundings: &options.surroundings,
            index,
            successes,
            span: (span.first.unwrap_or_default(), span.last.unwrap_or_default()),
            cases: OnceLock::new(),
        }
    }

    /// The judged pairs, made when first asked for.
    pub(super) fn cases(&self) -> &[Case] {
        self.cases.get_or_init(|| cases::judge(self))
    }

    pub(super) fn attempt(&self, at: u32) -> &'c Attempt {
        &self.joined.attempts[at as usize]
    }

    pub(super) fn time(&self, at: u32) -> Millis {
        self.attempt(at).time
    }

    /// Index of an attempt's node in the node table.
    pub(super) fn node(&self, at: u32) -> usize {
        self.joined.nodes.index(self.attempt(at).node)
    }

    pub(super) fn place(&self, at: u32) -> SourceLine {
        self.joined.source_lines.of(self.attempt(at).pos)
    }

    pub(super) fn pair(&self, at: usize) -> &Pair {
        &self.index.pairs[at]
    }

    /// A text from the log to judge by; see [`Scene::shown`].
    pub(super) fn bytes(&self, sym: Sym) -> &'c [u8] {
        self.joined.judged(sym).unwrap_or_default()
    }

    /// A text from the log as it may be shown, or ordered by where the order shows.
    pub(super) fn shown(&self, sym: Sym) -> &'c [u8] {
        self.joined.state.symbols.get(sym).unwrap_or_default()
    }

    /// A text from the log; `(not logged)` where there is none.
    pub(super) fn text(&self, sym: Sym) -> String {
        self.joined.state.symbols.string(sym).unwrap_or_else(|| "(not logged)".to_owned())
    }

    /// How a sentence names a node of the table.
    pub(super) fn node_name(&self, node: usize) -> String {
        let node = &self.joined.nodes.all()[node];
        node.name.clone().or_else(|| node.id.clone()).unwrap_or_else(|| "(not logged)".to_owned())
    }

    /// The realms that were asked, where the log tells them.
    pub(super) fn chain(&self, chain: ChainId) -> Option<&'c [Sym]> {
        self.joined.state.chains.get(chain)
    }

    pub(super) fn address(&self, source: Sym) -> Option<IpAddr> {
        std::str::from_utf8(self.bytes(source)).ok()?.parse().ok()
    }

    /// The address of a source as it may be shown.
    pub(super) fn shown_address(&self, source: Sym) -> Option<IpAddr> {
        std::str::from_utf8(self.shown(source)).ok()?.parse().ok()
    }

    /// Whether a source lies outside the organisation's networks; not so where it is no address.
    pub(super) fn is_outside(&self, source: Sym) -> bool {
        let Some(address) = self.address(source) else { return false };
        match self.surroundings.internal_networks.as_slice() {
            [] => !is_private(address.to_canonical()),
            networks => !networks.iter().any(|network| network.contains(address)),
        }
    }

    pub(super) fn is_proxy(&self, source: Sym) -> bool {
        let blocks = &self.surroundings.proxies;
        !blocks.is_empty() && self.address(source).is_some_and(|a| blocks.iter().any(|block| block.contains(a)))
    }

    pub(super) fn is_scanner(&self, source: Sym) -> bool {
        let blocks = &self.surroundings.scanners;
        !blocks.is_empty() && self.address(source).is_some_and(|a| blocks.iter().any(|block| block.contains(a)))
    }

    /// Whether an account is that of a program: named so by the user, a user of Elasticsearch's own programs, or a service
    /// account (`namespace/service`).
    pub(super) fn is_service(&self, principal: Sym) -> bool {
        let name = self.bytes(principal);
        SYSTEM_USERS.contains(&name)
            || name.contains(&b'/')
            || self.surroundings.service_accounts.iter().any(|account| account.as_bytes() == name)
    }

    /// Whether nobody had got in from this source before a time. Says nothing where successes are not logged.
    pub(super) fn is_stranger(&self, source: Sym, before: Millis) -> bool {
        self.successes.any()
            && !self.successes.of_source(source).iter().any(|entry| entry.series.first().is_some_and(|t| t < before))
    }

    /// What is known of an API key.
    pub(super) fn key(&self, id: Sym) -> Option<&'c KeyInfo> {
        let keys = &self.joined.keys;
        keys.binary_search_by(|key| self.bytes(key.id).cmp(self.bytes(id))).ok().map(|at| &keys[at])
    }

    /// The name of an API key.
    pub(super) fn key_name(&self, id: Sym) -> Option<String> {
        self.key(id).and_then(|key| self.joined.state.symbols.string(key.name))
    }

    /// Known refusals of an API key.
    pub(super) fn key_failures_of(&self, id: Sym) -> usize {
        self.joined.key_failures.iter().filter(|failure| failure.key == id).count()
    }

    /// Milliseconds of a threshold in seconds.
    pub(super) fn ms(seconds: u64) -> i64 {
        i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000)
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
}
