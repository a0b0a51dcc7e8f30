//! Failures grouped by the chosen keys, and the most frequent values of each key.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::LIST_LIMIT;
use crate::correlate::{Correlated, Place};
use crate::options::{GroupBy, Options};
use crate::reason::{Basis, Reason};
use crate::report::model::{Group, SourceCount, TopChain, TopText, Tops};
use crate::state::{Attempt, ChainId, Outcome, Sym, Symbols};
use crate::time::Millis;

/// The values by which an attempt is grouped; keys that were not chosen are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct GroupKey {
    principal: Sym,
    chain: Option<ChainId>,
    reason: Option<Reason>,
    source: Sym,
    /// Index into the node table.
    node: Option<u32>,
    outcome: Option<Outcome>,
    path: Sym,
}

/// What is counted of a group.
#[derive(Debug, Clone)]
struct Count {
    attempts: u64,
    failed: u64,
    first: (Millis, Place),
    last: (Millis, Place),
    /// By node of the table: whether it occurs.
    nodes: Vec<bool>,
    /// By basis: attempts.
    bases: [u64; 5],
    sources: HashMap<Sym, u64, RandomState>,
    forwarded: HashMap<Sym, u64, RandomState>,
    /// Messages that were not understood.
    messages: BTreeMap<Sym, u64>,
}

/// The groups of all attempts.
pub(super) fn groups(joined: &Correlated, options: &Options) -> Groups {
    let chosen = |key| options.by.contains(&key);
    let (by_principal, by_chain, by_reason) =
        (chosen(GroupBy::Principal), chosen(GroupBy::RealmChain), chosen(GroupBy::Reason));
    let (by_source, by_node, by_action) = (chosen(GroupBy::Source), chosen(GroupBy::Node), chosen(GroupBy::Action));
    let mut index: HashMap<GroupKey, u32, RandomState> = HashMap::default();
    let mut counts: Vec<(GroupKey, Count)> = Vec::new();
    let node_count = joined.nodes.all().len();
    let mut at = u32::MAX;
    for (number, attempt) in joined.attempts.iter().enumerate() {
        let node = joined.nodes.index(attempt.node);
        let key = GroupKey {
            principal: if by_principal { attempt.principal } else { Sym::NONE },
            chain: by_chain.then_some(attempt.chain),
            reason: by_reason.then_some(attempt.reason),
            source: if by_source { attempt.source } else { Sym::NONE },
            node: by_node.then_some(node as u32),
            outcome: by_action.then_some(attempt.outcome),
            path: attempt.path,
        };
        // Attempts of one group tend to follow each other.
        if counts.get(at as usize).is_none_or(|(last, _)| *last != key) {
            at = *index.entry(key).or_insert_with(|| {
                let place = (attempt.time, joined.places.of(attempt.pos));
                counts.push((key, Count::new(place, node_count)));
                counts.len() as u32 - 1
            });
        }
        let count = &mut counts[at as usize].1;
        count.add(attempt, node, joined);
        for &text in joined.messages.get(&(number as u32)).into_iter().flatten() {
            *count.messages.entry(text).or_default() += 1;
        }
    }
    let mut groups: Vec<Group> = counts.iter().map(|(key, count)| group(joined, options, key, count)).collect();
    groups.sort_by(|a, b| {
        (Reverse(a.count), &a.principal, &a.realm_chain)
            .cmp(&(Reverse(b.count), &b.principal, &b.realm_chain))
            .then_with(|| (&a.reason, &a.by, &a.first).cmp(&(&b.reason, &b.by, &b.first)))
            .then_with(|| (&a.evidence, &a.last).cmp(&(&b.evidence, &b.last)))
    });
    for (at, group) in groups.iter_mut().enumerate() {
        group.id = format!("G{}", at + 1);
    }
    let left_out = groups.split_off(options.top.unwrap_or(groups.len()).min(groups.len()));
    Groups { listed: groups, left_out: left_out.iter().map(|group| group.count).sum() }
}

/// Groups in the order of the contract.
pub(super) struct Groups {
    /// As many as were asked for.
    pub(super) listed: Vec<Group>,
    /// Attempts in the others.
    pub(super) left_out: u64,
}

impl Count {
    fn new(at: (Millis, Place), nodes: usize) -> Self {
        Self {
            attempts: 0,
            failed: 0,
            first: at,
            last: at,
            nodes: vec![false; nodes],
            bases: [0; 5],
            sources: HashMap::default(),
            forwarded: HashMap::default(),
            messages: BTreeMap::new(),
        }
    }

    fn add(&mut self, attempt: &Attempt, node: usize, joined: &Correlated) {
        self.attempts += 1;
        self.failed += u64::from(attempt.outcome == Outcome::Failed);
        let at = (attempt.time, joined.places.of(attempt.pos));
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.nodes[node] = true;
        self.bases[attempt.basis as usize] += 1;
        *self.sources.entry(attempt.source).or_default() += 1;
        if let Some(&forwarded) = joined.forwarded.get(&attempt.pos) {
            *self.forwarded.entry(forwarded).or_default() += 1;
        }
    }

    /// The basis that most attempts have; of equals the stronger.
    fn basis(&self) -> Basis {
        const BASES: [Basis; 5] = [Basis::Explicit, Basis::ServerLog, Basis::Context, Basis::Inferred, Basis::None];
        BASES.into_iter().max_by_key(|&basis| (self.bases[basis as usize], Reverse(basis))).unwrap_or(Basis::None)
    }
}

fn group(joined: &Correlated, options: &Options, key: &GroupKey, count: &Count) -> Group {
    let symbols = &joined.state.symbols;
    let (sources, sources_total) = addresses(joined, &count.sources);
    let (forwarded, _) = addresses(joined, &count.forwarded);
    let mut actions = BTreeMap::new();
    for (outcome, number) in
        [(Outcome::Failed, count.failed), (Outcome::AnonymousDenied, count.attempts - count.failed)]
    {
        if number > 0 {
            actions.insert(outcome.name().to_owned(), number);
        }
    }
    let mut by = BTreeMap::new();
    for chosen in &options.by {
        let value = match chosen {
            GroupBy::Source => symbols.string(key.source),
            GroupBy::Node => key
                .node
                .and_then(|node| joined.nodes.all().get(node as usize))
                .and_then(|node| node.label())
                .map(str::to_owned),
            GroupBy::Action => key.outcome.map(|outcome| outcome.name().to_owned()),
            GroupBy::Path => symbols.string(key.path),
            GroupBy::Principal | GroupBy::RealmChain | GroupBy::Reason => continue,
        };
        by.insert(chosen.name().to_owned(), value);
    }
    let mut lines = vec![joined.evidence(count.first.1)];
    if count.first.1 != count.last.1 {
        lines.push(joined.evidence(count.last.1));
    }
    Group {
        id: String::new(),
        principal: symbols.string(key.principal),
        realm_chain: key.chain.and_then(|chain| realm_names(joined, chain)),
        reason: key.reason.unwrap_or(Reason::Unknown).name().to_owned(),
        reason_basis: if key.reason.is_some() { count.basis() } else { Basis::None }.name().to_owned(),
        by,
        count: count.attempts,
        first: Some(count.first.0.rfc3339()),
        last: Some(count.last.0.rfc3339()),
        sources,
        sources_total,
        forwarded,
        nodes: joined
            .nodes
            .all()
            .iter()
            .zip(&count.nodes)
            .filter(|&(_, &met)| met)
            .filter_map(|(node, _)| node.label().map(str::to_owned))
            .collect(),
        actions,
        why: key.reason.map_or_else(Vec::new, |reason| why(reason, count.basis(), key.chain, joined)),
        messages: messages(&count.messages, symbols),
        evidence: lines,
    }
}

/// Addresses by count, then text, cut to what a list holds, and how many there are.
fn addresses(joined: &Correlated, counts: &HashMap<Sym, u64, RandomState>) -> (Vec<SourceCount>, u64) {
    let symbols = &joined.state.symbols;
    let mut addresses: Vec<SourceCount> = counts
        .iter()
        .filter_map(|(&address, &count)| symbols.string(address).map(|address| SourceCount { address, count }))
        .collect();
    addresses.sort_by(|a, b| (Reverse(a.count), &a.address).cmp(&(Reverse(b.count), &b.address)));
    let total = addresses.len() as u64;
    addresses.truncate(LIST_LIMIT);
    (addresses, total)
}

/// Messages shown of a group.
const MOST_MESSAGES: usize = 5;

fn messages(counts: &BTreeMap<Sym, u64>, symbols: &Symbols) -> Vec<String> {
    let mut messages: Vec<(Reverse<u64>, &[u8])> =
        counts.iter().filter_map(|(&text, &count)| Some((Reverse(count), symbols.get(text)?))).collect();
    messages.sort_unstable();
    messages.iter().take(MOST_MESSAGES).map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
}

/// What a reason that no line tells was inferred from.
fn why(reason: Reason, basis: Basis, chain: Option<ChainId>, joined: &Correlated) -> Vec<String> {
    let sentence = match (reason, basis) {
        (Reason::BadPassword, Basis::Inferred) => {
            let realms = chain.and_then(|chain| realm_names(joined, chain)).unwrap_or_default();
            match realms.as_slice() {
                [only] if only == "reserved" => {
                    "the reserved realm alone was asked: it ends the attempts of its own users, \
                                                 so the account exists and the password is wrong"
                        .to_owned()
                }
                [front, ..] => format!(
                    "the realm {front} was asked out of its usual order: the node asks it first because it lately \
                     authenticated this principal, so the account exists and the password is wrong"
                ),
                [] => "the attempts of this group went through a chain that shows that the account exists".to_owned(),
            }
        }
        (Reason::UnknownUser, Basis::Inferred) => {
            "the node asked all its realms, and none complained in its server log, where they do complain of wrong \
             passwords: no realm knows the account"
                .to_owned()
        }
        (Reason::RealmNotConfigured, Basis::Inferred) => {
            "the principal authenticates on other nodes by a realm that this node never asked".to_owned()
        }
        (Reason::ApiKeyInvalidated, Basis::Inferred | Basis::Context) => {
            "the clients used an API key until it was invalidated and are refused from then on".to_owned()
        }
        (Reason::ApiKeyExpired, Basis::Inferred | Basis::Context) => {
            "the clients used an API key until it expired and are refused from then on".to_owned()
        }
        (Reason::ApiKeyWrongType, Basis::Inferred | Basis::Context) => {
            "the principal is the id of an API key: the key \
                                                                        service ends attempts with a key of another \
                                                                        type than the interface wants"
                .to_owned()
        }
        _ => return Vec::new(),
    };
    vec![sentence]
}

fn realm_names(joined: &Correlated, chain: ChainId) -> Option<Vec<String>> {
    let symbols = &joined.state.symbols;
    joined.state.chains.get(chain).map(|realms| realms.iter().filter_map(|&realm| symbols.string(realm)).collect())
}

/// Counts of one key over all attempts.
fn tally<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<(K, u64)> {
    let mut counts: HashMap<K, u64, RandomState> = HashMap::default();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Sorts by count, then value, and keeps the first; the total stands beside.
fn top<T: Ord, V>(mut values: Vec<(T, u64)>, entry: impl Fn(T, u64) -> V) -> (Vec<V>, u64) {
    let total = values.len() as u64;
    let order = |a: &(T, u64), b: &(T, u64)| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0));
    if values.len() > LIST_LIMIT {
        values.select_nth_unstable_by(LIST_LIMIT, order);
        values.truncate(LIST_LIMIT);
    }
    values.sort_by(order);
    (values.into_iter().map(|(value, count)| entry(value, count)).collect(), total)
}

/// The most frequent values of each key over all attempts.
pub(super) fn tops(joined: &Correlated) -> Tops {
    let symbols = &joined.state.symbols;
    let attempts = || joined.attempts.iter();
    // Texts are compared as bytes, and made displayable only for the few that are shown.
    let texts = |values: Vec<(Sym, u64)>| {
        let values = values.into_iter().map(|(sym, count)| (symbols.get(sym), count)).collect();
        top(values, |text: Option<&[u8]>, count| TopText {
            key: text.map(|text| String::from_utf8_lossy(text).into_owned()),
            count,
        })
    };
    let (principals, principals_total) = texts(tally(attempts().map(|attempt| attempt.principal)));
    let (sources, sources_total) = texts(tally(attempts().map(|attempt| attempt.source)));
    let chains = tally(attempts().map(|attempt| attempt.chain));
    let chains = chains.into_iter().map(|(chain, count)| (realm_names(joined, chain), count)).collect();
    let (realm_chains, realm_chains_total) = top(chains, |key, count| TopChain { key, count });
    let reasons = tally(attempts().map(|attempt| attempt.reason));
    let reasons = reasons.into_iter().map(|(reason, count)| (reason.name(), count)).collect();
    let (reasons, reasons_total) = top(reasons, |reason: &str, count| TopText { key: Some(reason.to_owned()), count });
    let nodes = tally(attempts().map(|attempt| joined.nodes.index(attempt.node)));
    let nodes = nodes.into_iter().map(|(node, count)| (joined.nodes.all()[node].label(), count)).collect();
    let (nodes, nodes_total) = top(nodes, |node: Option<&str>, count| TopText { key: node.map(str::to_owned), count });
    Tops {
        principals,
        principals_total,
        realm_chains,
        realm_chains_total,
        reasons,
        reasons_total,
        sources,
        sources_total,
        nodes,
        nodes_total,
    }
}
