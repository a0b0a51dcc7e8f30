//! Failures grouped by the chosen keys.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::tops::top;
use super::{clusters, realm_names};
use crate::correlate::{AttributedChange, Correlated, SourceLine};
use crate::credential::Credential;
use crate::model::groups::{GroupSource, GroupTally, Groups};
use crate::model::text::{Span, Text};
use crate::model::{Group, SourceCount};
use crate::options::{GroupBy, Options};
use crate::reason::{Basis, Reason};
use crate::state::{Attempt, ChainId, Outcome, Sym, Symbols};
use crate::text;

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
    credential: Option<Credential>,
    /// Index into the clusters of the node table.
    cluster: Option<u32>,
}

/// The groups of all attempts, the most frequent first.
pub(super) struct Grouped {
    /// The first of them, as many as were asked for.
    pub(super) listed: Groups,
    /// How many there are.
    pub(super) total: u64,
    /// Attempts in those that are not listed.
    pub(super) cut: u64,
}

/// Groups all attempts.
pub(super) fn groups(joined: &Arc<Correlated>, options: &Options) -> Grouped {
    let assigned = Assigned::new(joined, options);
    let total = assigned.keys.len();
    let listed = options.listed.unwrap_or(usize::MAX).min(total);
    let order = GroupOrder::new(joined, &assigned);
    let mut ranked: Vec<RankedGroup> = (0..total as u32).map(|number| order.rank(number)).collect();
    let compare = |a: &RankedGroup, b: &RankedGroup| order.compare(a, b);
    // A flood of names makes millions of groups: only those that are listed are put in order.
    let mut cut = 0;
    if listed < total {
        ranked.select_nth_unstable_by(listed, compare);
        cut = ranked.drain(listed..).map(|ranked| assigned.members(ranked.number).len() as u64).sum();
    }
    ranked.par_sort_unstable_by(compare);
    let order = ranked.iter().map(|ranked| ranked.number).collect();
    let listing = GroupListing { joined: Arc::clone(joined), by: options.by.clone(), assigned, order };
    let listed = if listed <= FEW {
        (0..listed).into_par_iter().map(|at| listing.group(at)).collect::<Vec<_>>().into()
    } else {
        Groups::of(listing, listed)
    };
    Grouped { listed, total: total as u64, cut }
}

/// The keys in force: where none are chosen, clusters are told apart.
fn keys(joined: &Correlated, options: &Options) -> Vec<GroupBy> {
    let mut by = options.by.clone();
    if by == GroupBy::DEFAULT && clusters::are_several(joined) {
        by.push(GroupBy::Cluster);
    }
    by
}

/// So many groups are made at once and kept, since they are looked at more than once.
const FEW: usize = 10_000;

/// What groups are made from when they are looked at.
struct GroupListing {
    joined: Arc<Correlated>,
    by: Vec<GroupBy>,
    assigned: Assigned,
    /// Groups in report order.
    order: Vec<u32>,
}

impl GroupSource for GroupListing {
    fn group(&self, at: usize) -> Group {
        Group { id: format!("G{}", at + 1), ..self.assigned.group(&self.joined, &self.by, self.order[at]) }
    }

    fn tally(&self, at: usize) -> GroupTally {
        let members = self.assigned.members(self.order[at]);
        GroupTally { count: members.len() as u64, of_actions: outcomes(&self.joined, members).iter().sum() }
    }
}

/// A group with what mostly decides its place.
struct RankedGroup {
    /// Attempts.
    count: u32,
    number: u32,
    /// How the text of the principal begins.
    beginning: u64,
}

/// The order of groups.
struct GroupOrder<'j> {
    joined: &'j Correlated,
    assigned: &'j Assigned,
    /// All text is valid, so it need not be made so to be compared as it is shown.
    valid: bool,
}

impl<'j> GroupOrder<'j> {
    fn new(joined: &'j Correlated, assigned: &'j Assigned) -> Self {
        let valid = joined.state.symbols.iter().all(|text| std::str::from_utf8(text).is_ok());
        Self { joined, assigned, valid }
    }

    fn text(&self, sym: Sym) -> Option<Cow<'j, [u8]>> {
        let text = self.joined.state.symbols.get(sym)?;
        Some(if self.valid {
            Cow::Borrowed(text)
        } else {
            match String::from_utf8_lossy(text) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }
        })
    }

    fn rank(&self, number: u32) -> RankedGroup {
        let text = self.text(self.assigned.keys[number as usize].principal).unwrap_or_default();
        let mut beginning = [0; 8];
        let used = text.len().min(8);
        beginning[..used].copy_from_slice(&text[..used]);
        let count = self.assigned.members(number).len() as u32;
        RankedGroup { count, number, beginning: u64::from_be_bytes(beginning) }
    }

    /// By count descending, then what is shown of the keys, then what is not, then the first attempt.
    fn compare(&self, a: &RankedGroup, b: &RankedGroup) -> Ordering {
        (b.count, a.beginning).cmp(&(a.count, b.beginning)).then_with(|| self.compare_keys(a.number, b.number))
    }

    fn compare_keys(&self, a: u32, b: u32) -> Ordering {
        let (key_a, key_b) = (&self.assigned.keys[a as usize], &self.assigned.keys[b as usize]);
        let reason = |key: &GroupKey| key.reason.unwrap_or(Reason::Unknown).name();
        let node = |key: &GroupKey| key.node.and_then(|node| self.joined.nodes.all().get(node as usize)?.label());
        let bytes =
            |key: &GroupKey| [key.principal, key.path, key.source].map(|sym| self.joined.state.symbols.get(sym));
        let first = |number| self.assigned.members(number).first();
        self.text(key_a.principal)
            .cmp(&self.text(key_b.principal))
            .then_with(|| self.chain(key_a.chain).cmp(&self.chain(key_b.chain)))
            .then_with(|| self.is_ordered(key_b.chain).cmp(&self.is_ordered(key_a.chain)))
            .then_with(|| reason(key_a).cmp(reason(key_b)))
            .then_with(|| key_a.credential.map(Credential::name).cmp(&key_b.credential.map(Credential::name)))
            .then_with(|| key_a.cluster.cmp(&key_b.cluster))
            .then_with(|| key_a.outcome.map(Outcome::name).cmp(&key_b.outcome.map(Outcome::name)))
            .then_with(|| node(key_a).cmp(&node(key_b)))
            .then_with(|| self.text(key_a.path).cmp(&self.text(key_b.path)))
            .then_with(|| self.text(key_a.source).cmp(&self.text(key_b.source)))
            // Names that differ only in bytes that are not shown.
            .then_with(|| bytes(key_a).cmp(&bytes(key_b)))
            .then_with(|| first(a).cmp(&first(b)))
    }

    fn is_ordered(&self, chain: Option<ChainId>) -> bool {
        chain.is_none_or(|chain| self.joined.state.chains.is_ordered(chain))
    }

    /// The names in a chain.
    fn chain(&self, chain: Option<ChainId>) -> Option<Vec<Cow<'j, [u8]>>> {
        let realms = self.joined.state.chains.get(chain?)?;
        Some(realms.iter().filter_map(|&realm| self.text(realm)).collect())
    }
}

/// Which attempts belong to which group.
struct Assigned {
    keys: Vec<GroupKey>,
    /// Attempts (indices), group by group, within each in the order of attempts, which is by time and place.
    members: Vec<u32>,
    /// By group: end of its members.
    ends: Vec<u32>,
}

impl Assigned {
    fn new(joined: &Correlated, options: &Options) -> Self {
        let by = keys(joined, options);
        let chosen = |key| by.contains(&key);
        let (by_principal, by_chain, by_reason) =
            (chosen(GroupBy::Principal), chosen(GroupBy::RealmChain), chosen(GroupBy::Reason));
        let (by_source, by_node, by_action) = (chosen(GroupBy::Source), chosen(GroupBy::Node), chosen(GroupBy::Action));
        let (by_credential, by_cluster) = (chosen(GroupBy::Credential), chosen(GroupBy::Cluster));
        let mut index: HashMap<GroupKey, u32, RandomState> = HashMap::default();
        let mut keys: Vec<GroupKey> = Vec::new();
        let mut ends: Vec<u32> = Vec::new();
        let mut groups: Vec<u32> = Vec::with_capacity(joined.attempts.len());
        let mut at = u32::MAX;
        for attempt in joined.attempts.iter() {
            let key = GroupKey {
                principal: if by_principal { attempt.principal } else { Sym::NONE },
                chain: by_chain.then_some(attempt.chain),
                reason: by_reason.then_some(attempt.reason),
                source: if by_source { attempt.source } else { Sym::NONE },
                node: by_node.then(|| joined.nodes.index(attempt.node) as u32),
                outcome: by_action.then_some(attempt.outcome),
                path: attempt.path,
                credential: by_credential.then(|| joined.credential(attempt)),
                cluster: by_cluster.then(|| joined.nodes.cluster(attempt.node) as u32),
            };
            // Attempts of one group tend to follow each other.
            if keys.get(at as usize) != Some(&key) {
                at = *index.entry(key).or_insert_with(|| {
                    keys.push(key);
                    ends.push(0);
                    keys.len() as u32 - 1
                });
            }
            ends[at as usize] += 1;
            groups.push(at);
        }
        drop(index);
        // Counts become starts, then, as the members are put in their places, ends.
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut members = vec![0; groups.len()];
        for (attempt, group) in groups.into_iter().enumerate() {
            let end = &mut ends[group as usize];
            members[*end as usize] = attempt as u32;
            *end += 1;
        }
        Self { keys, members, ends }
    }

    fn members(&self, group: u32) -> &[u32] {
        let start = group.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.members[start as usize..self.ends[group as usize] as usize]
    }

    fn group(&self, joined: &Correlated, by: &[GroupBy], number: u32) -> Group {
        let symbols = &joined.state.symbols;
        let key = &self.keys[number as usize];
        let count = Count::of(joined, self.members(number));
        let (sources, sources_total) = addresses(joined, &count.sources);
        let (forwarded, _) = addresses(joined, &count.forwarded);
        let [failed, anonymous] = outcomes(joined, self.members(number));
        let actions = [(Outcome::Failed, failed), (Outcome::AnonymousDenied, anonymous)]
            .into_iter()
            .filter(|&(_, number)| number > 0)
            .map(|(outcome, number)| (outcome.name().to_owned(), number))
            .collect();
        let mut other = BTreeMap::new();
        for chosen in by {
            let value = match chosen {
                GroupBy::Source => symbols.string(key.source),
                GroupBy::Node => {
                    key.node.and_then(|node| joined.nodes.all().get(node as usize)?.label()).map(str::to_owned)
                }
                GroupBy::Action => key.outcome.map(|outcome| outcome.name().to_owned()),
                GroupBy::Path => symbols.string(key.path),
                GroupBy::Cluster => key.cluster.and_then(|at| joined.nodes.clusters().get(at as usize)?.uuid.clone()),
                GroupBy::Principal | GroupBy::RealmChain | GroupBy::Reason | GroupBy::Credential => continue,
            };
            other.insert(chosen.name().to_owned(), value);
        }
        let mut ends = vec![count.first, count.last];
        ends.dedup();
        let place = |attempt: Option<&Attempt>| attempt.map(|attempt| joined.source_lines.of(attempt.pos));
        let mut source_lines: Vec<SourceLine> = ends.iter().filter_map(|&end| place(end)).collect();
        source_lines.dedup();
        Group {
            id: String::new(),
            principal: symbols.string(key.principal),
            realm_chain: key.chain.and_then(|chain| realm_names(joined, chain)),
            realm_chain_ordered: key.chain.is_none_or(|chain| joined.state.chains.is_ordered(chain)),
            reason: key.reason.unwrap_or(Reason::Unknown).name().to_owned(),
            reason_basis: if key.reason.is_some() { count.basis() } else { Basis::None }.name().to_owned(),
            credential: key.credential.map(|credential| credential.name().to_owned()),
            cluster: key.cluster.and_then(|at| clusters::of(joined, at as usize)),
            by: other,
            count: count.attempts,
            first: count.first.map(|attempt| attempt.time.rfc3339()),
            last: count.last.map(|attempt| attempt.time.rfc3339()),
            sources,
            sources_total,
            forwarded,
            nodes: count
                .nodes
                .iter()
                .filter_map(|&node| joined.nodes.all().get(node)?.label().map(str::to_owned))
                .collect(),
            actions,
            why: key
                .reason
                .map_or_else(Vec::new, |reason| why((reason, count.basis()), key.chain, self.members(number), joined)),
            messages: messages(&count.messages, symbols),
            evidence: source_lines.into_iter().map(|place| joined.evidence(place)).collect(),
        }
    }
}

/// Attempts that failed, and those without credentials.
fn outcomes(joined: &Correlated, members: &[u32]) -> [u64; 2] {
    let mut outcomes = [0; 2];
    for &at in members {
        match joined.attempts[at as usize].outcome {
            Outcome::Failed => outcomes[0] += 1,
            Outcome::AnonymousDenied => outcomes[1] += 1,
        }
    }
    outcomes
}

/// What is counted of a group.
struct Count<'j> {
    attempts: u64,
    first: Option<&'j Attempt>,
    last: Option<&'j Attempt>,
    /// By node of the table: whether it occurs.
    nodes: BTreeSet<usize>,
    /// By basis: attempts.
    bases: [u64; 5],
    sources: HashMap<Sym, u64, RandomState>,
    forwarded: HashMap<Sym, u64, RandomState>,
    /// Messages that were not understood.
    messages: BTreeMap<Sym, u64>,
}

impl<'j> Count<'j> {
    fn of(joined: &'j Correlated, members: &[u32]) -> Self {
        let attempts = || members.iter().map(|&at| &joined.attempts[at as usize]);
        let mut count = Self {
            attempts: members.len() as u64,
            first: attempts().next(),
            last: attempts().next_back(),
            nodes: BTreeSet::new(),
            bases: [0; 5],
            sources: HashMap::default(),
            forwarded: HashMap::default(),
            messages: BTreeMap::new(),
        };
        for attempt in attempts() {
            count.add(attempt, joined);
        }
        for &text in members.iter().flat_map(|&at| joined.messages(at)) {
            *count.messages.entry(text).or_default() += 1;
        }
        count
    }

    fn add(&mut self, attempt: &Attempt, joined: &Correlated) {
        self.nodes.insert(joined.nodes.index(attempt.node));
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

/// Addresses by count, then text, cut to what a list holds, and how many there are.
fn addresses(joined: &Correlated, counts: &HashMap<Sym, u64, RandomState>) -> (Vec<SourceCount>, u64) {
    let symbols = &joined.state.symbols;
    let known = counts.iter().filter_map(|(&address, &count)| Some((symbols.get(address)?, count)));
    top(known.collect(), |address: &[u8], count| SourceCount {
        address: String::from_utf8_lossy(address).into_owned(),
        count,
    })
}

/// Messages shown of a group.
const MOST_MESSAGES: usize = 5;

fn messages(counts: &BTreeMap<Sym, u64>, symbols: &Symbols) -> Vec<String> {
    let mut messages: Vec<(Reverse<u64>, &[u8])> =
        counts.iter().filter_map(|(&text, &count)| Some((Reverse(count), symbols.get(text)?))).collect();
    messages.sort_unstable();
    messages.iter().take(MOST_MESSAGES).map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
}

/// What a reason that no line tells for sure was inferred from, or why none is told although a line does.
fn why(told: (Reason, Basis), chain: Option<ChainId>, members: &[u32], joined: &Correlated) -> Vec<Text> {
    let doubtful = members.iter().filter(|&&at| joined.doubt(at).is_some()).count();
    if told.1 == Basis::Inferred && 2 * doubtful > members.len() {
        return vec![
            "the server log tells this reason of some of the attempts of the same moments and not of which: each of these is \
             likely one of them"
                .into(),
        ];
    }
    let contested = members.iter().filter(|&&at| joined.is_contested(at)).count();
    if contested > 0 {
        return vec![Text::from(format!(
            "of {contested} {} the server log may tell the reason: its line is about one of several attempts of the same \
             moment, and nothing tells about which",
            if contested == 1 { "attempt" } else { "attempts" }
        ))];
    }
    let sentence = match told {
        (Reason::BadPassword, Basis::Inferred) => {
            let realms = chain.and_then(|chain| realm_names(joined, chain)).unwrap_or_default();
            match realms.as_slice() {
                [only] if only == "reserved" => "the reserved realm alone was asked: it ends the attempts of its own \
                                                 users, so the account exists and the password is wrong"
                    .into(),
                [front, ..] => text!(
                    "the realm {} was asked out of its usual order: the node asks it first because it lately \
                     authenticated this principal, so the account exists and the password is wrong",
                    Span::realm(front)
                ),
                [] => "the attempts of this group went through a chain that shows that the account exists".into(),
            }
        }
        (Reason::UnknownUser, Basis::Inferred) => {
            "the node asked all its realms that take such credentials, and none complained in its server log, where they do \
             complain of wrong passwords: no realm knows the account"
                .into()
        }
        (Reason::UserDisabled, Basis::Inferred) => {
            let disabled = members.iter().find_map(|&at| joined.disabled_by(at));
            disabled_account(disabled.and_then(|at| joined.changes.get(at)), joined)
        }
        (Reason::BadPassword, Basis::Context) => {
            "a listing of users has the account, enabled, and every realm that was asked said no: the password was wrong".into()
        }
        (Reason::UnknownUser, Basis::Context) => {
            "a full listing of users does not have the account, and no realm was asked whose users stand elsewhere".into()
        }
        (Reason::UserDisabled, Basis::Context) => {
            "a listing of users has the account as disabled, and its realm did not complain of the password".into()
        }
        (Reason::RealmNotConfigured, Basis::Context) => {
            "the principal authenticates on other nodes by a realm that this node's settings do not have".into()
        }
        (Reason::RealmNotLicensed, Basis::Context) => {
            "the realm that knows the principal is configured on this node, and of a type that the licence does not permit"
                .into()
        }
        (Reason::MissingCredentials, Basis::Inferred) => {
            "no credentials, or ones that leave no line (malformed header, unknown token): the server log, which covers the \
             time, says nothing, and the clients are not known to send keys or tokens"
                .into()
        }
        (Reason::RealmNotConfigured, Basis::Inferred) => {
            "the principal authenticates on other nodes by a realm that this node never asked".into()
        }
        (Reason::ApiKeyInvalidated, Basis::Inferred | Basis::Context) => {
            "the clients used an API key until it was invalidated and are refused from then on".into()
        }
        (Reason::ApiKeyExpired, Basis::Inferred | Basis::Context) => {
            "the clients used an API key until it expired and are refused from then on".into()
        }
        (Reason::ApiKeyWrongType, Basis::Inferred | Basis::Context) => {
            "the principal is the id of an API key: the key service ends attempts with a key of another type than the \
             interface wants"
                .into()
        }
        _ => return Vec::new(),
    };
    vec![sentence]
}

/// Why an account is taken for disabled, and since when and by whom, where the log tells.
fn disabled_account(disabled: Option<&AttributedChange>, joined: &Correlated) -> Text {
    let told = Text::from(
        "no realm that knows the account complained, and yet the attempt failed: the password was right, and the account is \
         disabled",
    );
    let Some(change) = disabled else { return told };
    let told = told.with(": it was disabled at ").with(Span::Exact(change.record.time));
    match joined.state.symbols.string(change.actor) {
        Some(actor) => told.with(" by ").with(Span::principal(&actor)),
        None => told,
    }
}
