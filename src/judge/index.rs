//! The attempts by what can be known of them, then by who and where. Symbols are small numbers, so grouping is counting
//! sort: linear, and a flood of a million distinct names costs no more than one name a million times.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use crate::correlate::Correlated;
use crate::reason::{Basis, Reason};
use crate::state::{Attempt, Outcome, Sym};
use crate::time::Millis;

/// Attempts that one task looks at, at least.
const PIECE: usize = 1024;

/// What an attempt can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A password or token of an account was judged, as far as is known.
    Named,
    /// Credentials were refused and no account is named, or only a placeholder that stands for everybody.
    Nameless,
    /// No credentials, as far as is known.
    Anonymous,
    /// No realm judged it.
    Unjudged,
    /// An API key was refused.
    Key,
    /// The account is the id of an API key: its authentication was terminated.
    Terminated,
}

/// Names that stand for whoever tried, and are no account (audit-format 2).
pub(super) fn is_placeholder(name: &[u8]) -> bool {
    name.first() == Some(&b'<') || name == b"_anonymous"
}

/// Whether a name stands for whoever sends what somebody else signs, an assertion, a ticket, a JWT or a certificate: nobody guesses
/// those.
pub(super) fn is_signed(name: &[u8]) -> bool {
    name.first() == Some(&b'<') || is_claimed(name)
}

/// Whether a name is what something signed says that was not accepted: the account that the realm would have made of it is not known.
fn is_claimed(name: &[u8]) -> bool {
    is_claim(name) || is_subject(name)
}

/// Whether a name is the subject of a client's certificate, a distinguished name (RFC 4514), as the PKI realm has it.
fn is_subject(name: &[u8]) -> bool {
    const ATTRIBUTES: [&[u8]; 8] = [b"CN=", b"UID=", b"OU=", b"O=", b"DC=", b"C=", b"SERIALNUMBER=", b"EMAILADDRESS="];
    ATTRIBUTES.iter().any(|start| name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start)))
}

/// Whether an attempt without a reason was made with an API key whose id stands in the place of the account: no realm is
/// asked for one.
fn is_key(joined: &Correlated, attempt: &Attempt) -> bool {
    attempt.basis == Basis::None
        && joined.state.chains.get(attempt.chain).is_none_or(<[_]>::is_empty)
        && joined.judged(attempt.principal).is_some_and(looks_like_id)
}

/// Ids that Elasticsearch makes are 20 characters of base64url; a name that a person chose hardly has digits and both cases.
fn looks_like_id(name: &[u8]) -> bool {
    let has = |of: fn(&u8) -> bool| name.iter().any(of);
    let turns = name.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    name.len() == 20
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && (has(u8::is_ascii_digit) || has(|byte| matches!(byte, b'-' | b'_')) || turns >= 6)
}

/// Whether a name is what a JWT that was not accepted claims: its issuer, audience and subject, with slashes between.
fn is_claim(name: &[u8]) -> bool {
    name.starts_with(b"https://") || name.starts_with(b"http://")
}

/// Whether a reason says that no realm judged.
fn is_unjudged(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RealmUnavailable
            | Reason::RealmNotLicensed
            | Reason::RealmNotConfigured
            | Reason::ServerBusy
            | Reason::ApiKeyError
    )
}

impl Class {
    fn of(joined: &Correlated, attempt: &Attempt, is_stranger: bool) -> Self {
        match attempt.reason {
            // An outage is no cover: who tries names from where nobody gets in is looked at all the same.
            _ if is_stranger
                && attempt.outcome == Outcome::Failed
                && joined
                    .judged(attempt.principal)
                    .is_some_and(|name| !is_placeholder(name) && !looks_like_id(name)) =>
            {
                Self::Named
            }
            reason if is_unjudged(reason) => Self::Unjudged,
            Reason::ApiKeyInvalidated
            | Reason::ApiKeyExpired
            | Reason::ApiKeyNotFound
            | Reason::ApiKeyBadSecret
            | Reason::ApiKeyWrongType => Self::Key,
            Reason::TokenExpired | Reason::TokenInvalid if attempt.outcome == Outcome::AnonymousDenied => {
                Self::Nameless
            }
            _ if attempt.outcome == Outcome::AnonymousDenied => Self::Anonymous,
            _ if joined.judged(attempt.principal).is_none_or(|name| is_placeholder(name) || is_claimed(name)) => {
                Self::Nameless
            }
            _ if is_key(joined, attempt) => Self::Terminated,
            _ => Self::Named,
        }
    }
}

/// A stretch of one of the lists of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexRange {
    /// Who was tried; [`Sym::NONE`] where no account is named.
    pub(super) principal: Sym,
    /// From where, the first of the addresses of one host; [`Sym::NONE`] where it was not logged.
    pub(super) source: Sym,
    /// The stranger for whom a proxy there passed it on, or [`Sym::NONE`]; see [`super::proxies`].
    pub(super) behind: Sym,
    pub(super) class: Class,
    range: Range<u32>,
}

/// The attempts, grouped, by time within a group. Groups are ordered by the number of their symbol, which means nothing:
/// what is shown must be ordered otherwise.
#[derive(Debug)]
pub(super) struct Index {
    list: Vec<u32>,
    groups: Vec<IndexRange>,
    /// Attempts that no realm judged, by time, and why not.
    pub(super) unjudged: Vec<(u32, Reason)>,
    /// Attempts with the id of an API key as account, by time.
    pub(super) terminated: Vec<u32>,
}

impl Index {
    /// `is_stranger` says of an address that it lies outside and nobody gets in from there, `host` gives an address that stands
    /// for the host that an address is of, `behind` who stands behind a proxy that made an attempt.
    pub(super) fn new(
        joined: &Correlated,
        is_stranger: impl Fn(Sym) -> bool + Sync,
        host: impl Fn(Sym) -> Sym,
        behind: impl Fn(u32) -> Sym,
    ) -> Self {
        let attempts = &joined.attempts;
        let symbols = joined.state.symbols.len() + 1;
        let mut classes: Vec<Class> = attempts
            .par_iter()
            .with_min_len(PIECE)
            .map(|attempt| Class::of(joined, attempt, is_stranger(attempt.source)))
            .collect();
        admit_passers(attempts, &mut classes);
        let unjudged = unjudged(attempts, &mut classes);
        let those = |class: Class| -> Vec<u32> {
            (0..attempts.len() as u32).filter(|&at| classes[at as usize] == class).collect()
        };
        let principal = |at: u32| attempts[at as usize].principal;
        let source = |at: u32| host(attempts[at as usize].source);
        let mut list = Vec::with_capacity(attempts.len());
        let mut groups = Vec::new();
        let by_source = sorted_by(&those(Class::Named), symbols, source);
        let by_pair = sorted_by(&by_source, symbols, principal);
        add(&mut list, &mut groups, &by_pair, Class::Named, |at| (principal(at), source(at), Sym::NONE));
        for class in [Class::Nameless, Class::Anonymous] {
            let sorted = sorted_by(&those(class), symbols, source);
            let (passed_on, sorted): (Vec<u32>, Vec<u32>) = sorted.into_iter().partition(|&at| behind(at).is_some());
            for sorted in [sorted, sorted_by(&passed_on, symbols, &behind)] {
                add(&mut list, &mut groups, &sorted, class, |at| (Sym::NONE, source(at), behind(at)));
            }
        }
        // What stands for a host need not have made any of them.
        for group in &mut groups {
            group.source = attempts[list[group.range.start as usize] as usize].source;
        }
        Self { list, groups, unjudged, terminated: those(Class::Terminated) }
    }

    /// The attempts by account and host, or by host where there is no account.
    pub(super) fn groups(&self) -> &[IndexRange] {
        &self.groups
    }

    /// The groups of an account.
    pub(super) fn of_account(&self, principal: Sym) -> impl Iterator<Item = &IndexRange> {
        let named = &self.groups[..self.groups.partition_point(|group| group.class == Class::Named)];
        let start = named.partition_point(|group| group.principal < principal);
        named[start..].iter().take_while(move |group| group.principal == principal)
    }

    /// The attempts of a group, by time.
    pub(super) fn of(&self, group: &IndexRange) -> &[u32] {
        self.slice(&group.range)
    }

    /// A stretch of the list of all groups' attempts.
    pub(super) fn slice(&self, range: &Range<u32>) -> &[u32] {
        &self.list[range.start as usize..range.end as usize]
    }

    /// Where the list of a group begins within the list of all.
    pub(super) fn start(group: &IndexRange) -> u32 {
        group.range.start
    }
}

fn add(
    list: &mut Vec<u32>,
    groups: &mut Vec<IndexRange>,
    sorted: &[u32],
    class: Class,
    key: impl Fn(u32) -> (Sym, Sym, Sym),
) {
    for run in sorted.chunk_by(|&a, &b| key(a) == key(b)) {
        let (principal, source, behind) = key(run[0]);
        let start = list.len() as u32;
        list.extend_from_slice(run);
        groups.push(IndexRange { principal, source, behind, class, range: start..list.len() as u32 });
    }
}

/// What a client fails of that no realm judges.
struct Unjudged {
    first: Millis,
    last: Millis,
    reason: Reason,
    /// Attempts that were not judged, and others meanwhile.
    many: u32,
    others: u32,
}

/// Counts those among the clients that no realm judged who come from where nobody gets in, and try no more than others do whom
/// an outage shuts out: somebody at home who tries the own account.
fn admit_passers(attempts: &[Attempt], classes: &mut [Class]) {
    /// Addresses from which one account is tried at most.
    const PLACES: u32 = 3;
    /// One of so many of the others tries as often, at least.
    const SHARE: usize = 20;
    let is_stranger = |(attempt, class): &(&Attempt, &Class)| **class == Class::Named && is_unjudged(attempt.reason);
    let pair = |attempt: &Attempt| (attempt.principal, attempt.source);
    let mut strangers: HashMap<(Sym, Sym), u32, RandomState> = HashMap::default();
    let mut others: HashMap<(Sym, Sym), u32, RandomState> = HashMap::default();
    for (attempt, class) in attempts.iter().zip(classes.iter()) {
        if is_stranger(&(attempt, class)) {
            *strangers.entry(pair(attempt)).or_default() += 1;
        } else if *class == Class::Unjudged {
            *others.entry(pair(attempt)).or_default() += 1;
        }
    }
    let mut names: HashMap<Sym, u32, RandomState> = HashMap::default();
    let mut places: HashMap<Sym, u32, RandomState> = HashMap::default();
    for (principal, source) in strangers.keys() {
        *names.entry(*source).or_default() += 1;
        *places.entry(*principal).or_default() += 1;
    }
    let mut tries: Vec<u32> = others.into_values().collect();
    tries.sort_unstable_by(|a, b| b.cmp(a));
    let Some(&most) = tries.get(tries.len() / SHARE) else { return };
    for at in 0..attempts.len() {
        let (principal, source) = pair(&attempts[at]);
        if is_stranger(&(&attempts[at], &classes[at]))
            && strangers[&(principal, source)] <= most
            && names[&source] == 1
            && places[&principal] <= PLACES
        {
            classes[at] = Class::Unjudged;
        }
    }
}

/// The attempts that no realm judged. What a client fails without a known reason while its other attempts are not judged is one
/// of them, and so are a few with another: lines of one moment are taken for each other, and nothing else differs.
fn unjudged(attempts: &[Attempt], classes: &mut [Class]) -> Vec<(u32, Reason)> {
    /// For each other so many that were not judged.
    const FEW: u32 = 5;
    let mut clients: HashMap<(Sym, Sym), Unjudged, RandomState> = HashMap::default();
    let pair = |attempt: &Attempt| (attempt.principal, attempt.source);
    for (attempt, _) in attempts.iter().zip(classes.iter()).filter(|(_, class)| **class == Class::Unjudged) {
        let (time, reason) = (attempt.time, attempt.reason);
        let new = || Unjudged { first: time, last: time, reason, many: 0, others: 0 };
        let client = clients.entry(pair(attempt)).or_insert_with(new);
        (client.first, client.last) = (client.first.min(time), client.last.max(time));
        client.many += 1;
    }
    let meanwhile = |client: &Unjudged, attempt: &Attempt| (client.first..=client.last).contains(&attempt.time);
    for (attempt, _) in attempts.iter().zip(classes.iter()).filter(|(_, class)| **class == Class::Named) {
        if let Some(client) = clients.get_mut(&pair(attempt)).filter(|client| meanwhile(client, attempt)) {
            client.others += 1;
        }
    }
    let mut list = Vec::new();
    for (at, attempt) in attempts.iter().enumerate() {
        let class = &mut classes[at];
        let of_client = |client: &&Unjudged| {
            let few = client.others * FEW <= client.many;
            meanwhile(client, attempt) && (few || attempt.basis == Basis::None)
        };
        let reason = match *class {
            Class::Unjudged => Some(attempt.reason),
            Class::Named => clients.get(&pair(attempt)).filter(of_client).map(|client| client.reason),
            _ => None,
        };
        if let Some(reason) = reason {
            *class = Class::Unjudged;
            list.push((at as u32, reason));
        }
    }
    list
}

/// Stable counting sort by a symbol below `symbols`.
pub(super) fn sorted_by(list: &[u32], symbols: usize, key: impl Fn(u32) -> Sym) -> Vec<u32> {
    let mut ends = vec![0_u32; symbols + 1];
    for &at in list {
        ends[key(at).0 as usize + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut sorted = vec![0; list.len()];
    for &at in list {
        let slot = &mut ends[key(at).0 as usize];
        sorted[*slot as usize] = at;
        *slot += 1;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_keys() {
        assert!(looks_like_id(b"VuaCfGcBCdbkQm-e5aOx"));
        for name in [&b"elastic"[..], b"production-exporter1", b"VuaCfGcBCdbkQm-e5aO", b"VuaCfGcBCdbkQm@e5aOx"] {
            assert!(!looks_like_id(name));
        }
    }

    #[test]
    fn counting_sort_keeps_the_order_of_equals() {
        let keys = [3, 1, 3, 0, 1];
        let sorted = sorted_by(&[0, 1, 2, 3, 4], 4, |at| Sym(keys[at as usize]));
        assert_eq!(sorted, [3, 1, 4, 0, 2]);
    }
}
