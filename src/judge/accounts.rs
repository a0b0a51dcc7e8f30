//! Changes of accounts, by the account that they change: a known cause of failures, and what refutes that guesses found a
//! password.

use crate::state::Sym;
use crate::time::Millis;

use super::scene::Scene;

/// How long after a change the failures that it causes may begin: Elasticsearch caches credentials for 20 minutes after
/// their last use (`xpack.security.authc.realms.native.*.cache.ttl`), and a client may rest meanwhile.
const CACHED: i64 = 1_800_000;

/// Clocks of nodes differ.
const CLOCKS: i64 = 5000;

/// Changes of accounts.
#[derive(Debug)]
pub(super) struct AccountChanges {
    /// Account, time, index into `joined.changes`; by account, then time.
    changes: Vec<(Sym, Millis, u32)>,
}

impl AccountChanges {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let of_account = |action: &[u8]| {
            matches!(
                action,
                b"change_password" | b"put_user" | b"delete_user" | b"change_enable_user" | b"change_disable_user"
            )
        };
        let mut changes: Vec<(Sym, Millis, u32)> = scene
            .joined
            .changes
            .iter()
            .zip(0..)
            .filter(|(change, _)| change.record.name.is_some() && of_account(scene.bytes(change.record.action)))
            .map(|(change, at)| (change.record.name, change.record.time, at))
            .collect();
        changes.sort_unstable();
        Self { changes }
    }

    /// The last change of an account that may be the cause of failures that begin at a time and come so far apart.
    pub(super) fn before(&self, account: Sym, time: Millis, gap: i64) -> Option<u32> {
        let end = self.changes.partition_point(|&(name, at, _)| (name, at.0) <= (account, time.0 + CLOCKS));
        let &(name, at, change) = self.changes[..end].last()?;
        (name == account && time.0 - at.0 <= CACHED.max(2 * gap)).then_some(change)
    }

    /// A change of an account within a time.
    pub(super) fn within(&self, account: Sym, from: Millis, to: Millis) -> Option<u32> {
        let start = self.changes.partition_point(|&(name, at, _)| (name, at) < (account, from));
        let &(name, at, change) = self.changes.get(start)?;
        (name == account && at <= to).then_some(change)
    }
}
