//! What listings of users say of an account at a time: as of their own time, with every change that a log tells of after it.

use std::collections::BTreeMap;

use super::Joined;
use super::realms::Account;
use crate::time::Millis;

/// What an account was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountState {
    /// It was there, and could log in.
    Enabled,
    /// It was there, and disabled.
    Disabled,
    /// It was not there.
    Absent,
}

/// A change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccountChange {
    Put,
    Deleted,
    Enabled,
    Disabled,
}

/// A fact so much older than the first event, or younger than the last, that too much may have changed in between; milliseconds.
/// Thirty days: accounts are made and ended by the month.
pub(crate) const STALE_MS: i64 = 30 * 86_400_000;

/// Whether a fact is near enough to the events of the logs to be used for them.
pub(crate) fn is_near(joined: &Joined, as_of: Millis) -> bool {
    let spans = joined.state.inputs.iter().map(|input| &input.span);
    let (first, last) = (spans.clone().filter_map(|span| span.first).min(), spans.filter_map(|span| span.last).max());
    first.is_none_or(|first| as_of.0 >= first.0.saturating_sub(STALE_MS))
        && last.is_none_or(|last| as_of.0 <= last.0.saturating_add(STALE_MS))
}

/// Changes of accounts, by account and time.
pub(super) struct ListedAccounts {
    changes: BTreeMap<Account, Vec<(Millis, AccountChange)>>,
    /// By cluster: whether its listing is there and near enough.
    usable: Vec<bool>,
}

impl ListedAccounts {
    /// `None` where no listing can be used.
    pub(super) fn of(joined: &Joined) -> Option<Self> {
        let usable: Vec<bool> = joined
            .context
            .clusters
            .iter()
            .map(|facts| facts.users.as_ref().is_some_and(|users| users.as_of.is_none_or(|time| is_near(joined, time))))
            .collect();
        if !usable.contains(&true) {
            return None;
        }
        let mut changes: BTreeMap<Account, Vec<(Millis, AccountChange)>> = BTreeMap::new();
        for change in &joined.changes {
            let what = match joined.state.symbols.get(change.record.action) {
                Some(b"put_user") => AccountChange::Put,
                Some(b"delete_user") => AccountChange::Deleted,
                Some(b"change_enable_user") => AccountChange::Enabled,
                Some(b"change_disable_user") => AccountChange::Disabled,
                _ => continue,
            };
            let account = (joined.nodes.cluster(change.record.node), change.record.name);
            changes.entry(account).or_default().push((change.record.time, what));
        }
        Some(Self { changes, usable })
    }

    /// What an account was at a time; `None` where nothing tells. Whoever knows no time for a listing believes any logged change
    /// rather.
    pub(super) fn at(&self, joined: &Joined, account: Account, time: Millis) -> Option<AccountState> {
        if !self.usable.get(account.0).copied().unwrap_or(false) {
            return None;
        }
        let facts = joined.context.clusters.get(account.0)?;
        let users = facts.users.as_ref()?;
        let name = std::str::from_utf8(joined.state.symbols.get(account.1)?).ok()?;
        let listed = match users.fact.get(name) {
            Some(user) if user.enabled => AccountState::Enabled,
            Some(_) => AccountState::Disabled,
            None if facts.lists_all_users() => AccountState::Absent,
            None => return None,
        };
        let changes: &[(Millis, AccountChange)] = self.changes.get(&account).map_or(&[], Vec::as_slice);
        let Some(as_of) = users.as_of else { return changes.is_empty().then_some(listed) };
        if as_of <= time {
            let last = changes.iter().rev().find(|(at, _)| *at <= time && *at > as_of);
            return Some(match last {
                None => listed,
                Some((_, AccountChange::Put | AccountChange::Enabled)) => AccountState::Enabled,
                Some((_, AccountChange::Deleted)) => AccountState::Absent,
                Some((_, AccountChange::Disabled)) => AccountState::Disabled,
            });
        }
        // What changed between an event and a later listing tells how it was before.
        match changes.iter().find(|(at, _)| *at > time && *at <= as_of) {
            None => Some(listed),
            Some((_, AccountChange::Put)) => None,
            Some((_, AccountChange::Deleted | AccountChange::Disabled)) => Some(AccountState::Enabled),
            Some((_, AccountChange::Enabled)) => Some(AccountState::Disabled),
        }
    }
}
