//! Disabled accounts. A disabled user passes its realm and fails afterwards: the realm that accepted the password writes no
//! failure, so where failures of realms are logged the chain is empty or stops before that realm (audit-format 1.10).

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::Joined;
use super::candidates::is_key_id;
use super::realms::{Account, Kinds, Lacking};
use crate::state::{Actor, Attempt, Series, Sym};
use crate::time::Millis;

/// What is known of accounts that were disabled.
pub(super) struct Disabled {
    /// By account: when it was disabled or enabled, by which change (index into [`Joined::changes`]), by time.
    changes: BTreeMap<Account, Vec<(Millis, bool, usize)>>,
    /// By principal: when it last succeeded with a password.
    last_success: HashMap<Account, Millis, RandomState>,
}

impl Disabled {
    pub(super) fn learn(joined: &Joined) -> Self {
        let mut changes: BTreeMap<Account, Vec<(Millis, bool, usize)>> = BTreeMap::new();
        for (at, change) in joined.changes.iter().enumerate() {
            let disables = match joined.state.symbols.get(change.record.action) {
                Some(b"change_disable_user") => true,
                Some(b"change_enable_user") => false,
                _ => continue,
            };
            let account = (joined.nodes.cluster(change.record.node), change.record.name);
            changes.entry(account).or_default().push((change.record.time, disables, at));
        }
        let mut last_success: HashMap<Account, Millis, RandomState> = HashMap::default();
        // Of each account by itself, on all cores: it has many series.
        let of_account = |of_account: &[(Actor, Series)]| {
            let mut last: Vec<(Account, Millis)> = Vec::new();
            for (actor, series) in of_account.iter().filter(|(actor, _)| !actor.apikey.is_some()) {
                let account = (joined.nodes.cluster(actor.node), actor.principal);
                let time = series.last().unwrap_or(Millis(i64::MIN));
                match last.last_mut().filter(|(known, _)| *known == account) {
                    Some((_, known)) => *known = time.max(*known),
                    None => last.push((account, time)),
                }
            }
            last
        };
        let accounts: Vec<(Account, Millis)> =
            joined.state.successes.par_accounts().flat_map_iter(of_account).collect();
        for (account, time) in accounts {
            let last = last_success.entry(account).or_insert(time);
            *last = time.max(*last);
        }
        Self { changes, last_success }
    }

    /// The last change of the account before an attempt, and whether it disabled it.
    fn before(&self, joined: &Joined, attempt: &Attempt) -> Option<(bool, usize)> {
        let changes = self.changes.get(&account(joined, attempt))?;
        let before = changes.partition_point(|(time, ..)| *time <= attempt.time);
        changes.get(before.checked_sub(1)?).map(|&(_, disables, at)| (disables, at))
    }

    /// The change that disabled the account of an attempt.
    pub(super) fn by(&self, joined: &Joined, attempt: &Attempt) -> Option<usize> {
        self.before(joined, attempt).filter(|(disables, _)| *disables).map(|(_, at)| at)
    }

    /// Whether an attempt looks like one of a disabled account whose password was right.
    pub(super) fn is_disabled(&self, joined: &Joined, attempt: &Attempt, lacking: &Lacking, kinds: &Kinds) -> bool {
        let Some(chain) = joined.state.chains.get(attempt.chain).filter(|_| attempt.has_request_id()) else {
            return false;
        };
        let node = joined.nodes.index(attempt.node);
        if !kinds.any(node) || !is_account(joined, attempt.principal) {
            return false;
        }
        let disabled = match self.before(joined, attempt) {
            Some((false, _)) => return false,
            Some((true, _)) => true,
            None => false,
        };
        let succeeds_later = self.last_success.get(&account(joined, attempt)).is_some_and(|&last| last > attempt.time);
        // A realm that is not seen to complain may have done so in a line that could not be read.
        if !disabled && (succeeds_later || joined.lines_lost) {
            return false;
        }
        // Only a realm that complains of other passwords says anything by not complaining.
        let of_kind = |realm: Sym| match chain.first() {
            Some(&first) => kinds.of(node, first).is_some_and(|kind| kind.contains(&realm)),
            None => kinds.of(node, realm).is_some(),
        };
        match lacking.succeeds.get(&account(joined, attempt)) {
            Some(realms) => {
                realms.iter().all(|realm| !chain.contains(realm)) && realms.iter().any(|&realm| of_kind(realm))
            }
            // Nothing tells which realm knows the account: only an empty chain, or a change, does.
            None => chain.is_empty() || disabled && chain.iter().all(|&realm| !is_last(kinds, node, chain, realm)),
        }
    }
}

fn account(joined: &Joined, attempt: &Attempt) -> Account {
    (joined.nodes.cluster(attempt.node), attempt.principal)
}

/// Whether a chain goes on to all realms of its kind.
fn is_last(kinds: &Kinds, node: usize, chain: &[Sym], realm: Sym) -> bool {
    kinds.of(node, realm).is_none_or(|kind| kind.iter().all(|of_kind| chain.contains(of_kind)))
}

/// Whether a principal may be a user's: no placeholder, service account, issuer and subject, or id of a key.
pub(super) fn is_account(joined: &Joined, principal: Sym) -> bool {
    let name = joined.state.symbols.get(principal).unwrap_or_default();
    !matches!(name.first(), None | Some(b'<' | b'_')) && !name.contains(&b'/') && !is_key_id(joined, principal)
}
