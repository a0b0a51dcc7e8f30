//! Reasons that listings of users tell, and inferences that they correct.

use std::collections::BTreeSet;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use rayon::prelude::*;

use super::Joined;
use super::accounts::{AccountState, ListedAccounts};
use super::disabled::is_account;
use super::known_realms::KnownRealms;
use super::realms::{Account, Lacking};
use crate::reason::{Basis, Reason};
use crate::reserved::RESERVED_USERS;
use crate::state::{Attempt, AttemptFlags, Outcome};

/// Attempts that one task looks at, at least.
const PIECE: usize = 1024;

/// What is needed to tell a reason.
struct ListingTeller<'t> {
    accounts: ListedAccounts,
    known: &'t KnownRealms,
    lacking: &'t Lacking,
    /// Clusters in which somebody got in by a file realm: whom those know no listing tells.
    files_used: BTreeSet<usize>,
    /// Nodes and minutes in which a realm or the node itself could not answer.
    outages: HashSet<(usize, i64), RandomState>,
}

/// Gives attempts the reasons that listings of users tell, where no log does, and takes back what contradicts them.
pub(super) fn by_listings(joined: &mut Joined, known: &KnownRealms, lacking: &Lacking) {
    let Some(accounts) = ListedAccounts::of(joined) else { return };
    let is_file = |joined: &Joined, cluster: usize, realm| known.kind(joined, cluster, realm) == Some("file");
    let files_used = lacking
        .succeeds
        .iter()
        .filter(|((cluster, _), realms)| realms.iter().any(|&realm| is_file(joined, *cluster, realm)))
        .map(|((cluster, _), _)| *cluster)
        .collect();
    let lines = joined.reason_lines.iter().filter(|line| {
        matches!(line.record.reason, Reason::RealmUnavailable | Reason::ServerBusy | Reason::RealmNotLicensed)
    });
    let outages = lines.map(|line| (line.node, line.record.time.0.div_euclid(60_000))).collect();
    let teller = ListingTeller { accounts, known, lacking, files_used, outages };
    let mut attempts = std::mem::take(&mut joined.attempts);
    let all = &*joined;
    attempts.par_iter_mut().with_min_len(PIECE).for_each(|attempt| {
        let open = matches!(attempt.basis, Basis::None | Basis::Inferred);
        if open && attempt.outcome == Outcome::Failed && is_account(all, attempt.principal) {
            teller.tell(all, attempt);
        }
    });
    joined.attempts = attempts;
}

impl ListingTeller<'_> {
    fn tell(&self, joined: &Joined, attempt: &mut Attempt) {
        let cluster = joined.nodes.cluster(attempt.node);
        let account = (cluster, attempt.principal);
        let Some(state) = self.accounts.at(joined, account, attempt.time) else { return };
        let told = match state {
            AccountState::Enabled => self.enabled(joined, attempt, cluster),
            AccountState::Disabled => self.disabled(joined, attempt, cluster),
            AccountState::Absent => self.absent(joined, attempt, account),
        };
        match (attempt.basis, told) {
            (Basis::None, Some(reason)) => (attempt.reason, attempt.basis) = (reason, Basis::Context),
            (Basis::Inferred, Some(reason)) if reason != attempt.reason && contradicts(state, attempt.reason) => {
                (attempt.reason, attempt.basis) = (reason, Basis::Context);
            }
            // Nothing tells the right reason; the inferred one is wrong all the same.
            (Basis::Inferred, None) if contradicts(state, attempt.reason) => {
                (attempt.reason, attempt.basis) = (Reason::Unknown, Basis::None);
            }
            _ => {}
        }
    }

    /// Whether the realm that listings are of was asked and said no; `None` where the chain is not known.
    fn asked(&self, joined: &Joined, attempt: &Attempt, cluster: usize) -> Option<bool> {
        let chain = joined.state.chains.get(attempt.chain)?;
        let reserved = joined.state.symbols.get(attempt.principal).is_some_and(|name| RESERVED_USERS.contains(&name));
        let own = if reserved { "reserved" } else { "native" };
        Some(chain.iter().any(|&realm| self.known.kind(joined, cluster, realm) == Some(own)))
    }

    /// Whether realms, or the node, could not answer at the time.
    fn is_out(&self, joined: &Joined, attempt: &Attempt) -> bool {
        let (node, minute) = (joined.nodes.index(attempt.node), attempt.time.0.div_euclid(60_000));
        (minute - 1..=minute + 1).any(|minute| self.outages.contains(&(node, minute)))
    }

    /// An account that exists, whose realm was asked: its password was wrong.
    fn enabled(&self, joined: &Joined, attempt: &Attempt, cluster: usize) -> Option<Reason> {
        let asked = self.asked(joined, attempt, cluster) != Some(false);
        (asked && !self.is_out(joined, attempt)).then_some(Reason::BadPassword)
    }

    /// A disabled account: whether its realm complained tells whether the password was right, too.
    fn disabled(&self, joined: &Joined, attempt: &Attempt, cluster: usize) -> Option<Reason> {
        if self.is_out(joined, attempt) {
            return None;
        }
        match self.asked(joined, attempt, cluster) {
            Some(true) => Some(Reason::BadPassword),
            Some(false) => Some(Reason::UserDisabled),
            // A wrong password is complained of in the server log, a disabled account is not.
            None => {
                let covered = joined.nodes.of(attempt.node).server_log_covers(attempt.time, 0);
                covered.then_some(Reason::UserDisabled)
            }
        }
    }

    /// An account that is in no listing: unknown where no realm was asked whose users no listing tells.
    fn absent(&self, joined: &Joined, attempt: &Attempt, account: Account) -> Option<Reason> {
        let listed = |kind: &str| matches!(kind, "native" | "reserved" | "file");
        let cluster = account.0;
        let over_transport = attempt.flags.has(AttemptFlags::TRANSPORT);
        if over_transport || self.files_used.contains(&cluster) || self.lacking.succeeds.contains_key(&account) {
            return None;
        }
        let all_listed = match joined.state.chains.get(attempt.chain) {
            Some(chain) => {
                let kind = |&realm| self.known.kind(joined, cluster, realm);
                chain.iter().all(|realm| kind(realm).is_some_and(listed))
                    && chain.iter().any(|realm| kind(realm) == Some("native"))
            }
            None => self.known.kinds_of_node(joined.nodes.index(attempt.node))?.all(listed),
        };
        (all_listed && !self.is_out(joined, attempt)).then_some(Reason::UnknownUser)
    }
}

/// Whether a reason that was inferred cannot be, as the listing shows.
fn contradicts(state: AccountState, reason: Reason) -> bool {
    match state {
        AccountState::Enabled => matches!(reason, Reason::UnknownUser | Reason::UserDisabled),
        AccountState::Disabled => reason == Reason::UnknownUser,
        AccountState::Absent => false,
    }
}
