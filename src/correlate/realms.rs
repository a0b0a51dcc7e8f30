//! What chains of realms show together: their order, which realms a node has, and which take the same kind of credential.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::Joined;
use super::known_realms::KnownRealms;
use super::profiles::AttemptProfiles;
use crate::reason::{Reason, Subject};
use crate::state::{Actor, Attempt, ChainId, Outcome, Series, Sym};

/// The order in which Elasticsearch asks realms unless a node has moved one to the front (audit-format 1.7).
const BUILT_IN_ORDER: [&[u8]; 3] = [b"reserved", b"default_file", b"default_native"];

/// Principals whose chains must agree before the order of two realms counts as known.
const AGREEING_PRINCIPALS: u64 = 3;

/// Attempts with a known chain that a node must have before a realm that is never among them counts as not configured.
const CHAINS_OF_A_NODE: u64 = 5;

/// Attempts that one task looks at, at least.
const PIECE: usize = 1024;

/// A principal of a cluster: an account of the same name elsewhere is another.
pub(super) type Account = (usize, Sym);

/// Realms of a chain that tells of their order: no node has as many, and what is longer is no chain of one attempt.
const MOST_REALMS: usize = 64;

/// How often, by principals, one realm of a cluster is asked before another.
pub(super) struct RealmOrder {
    before: BTreeMap<(usize, Sym, Sym), u64>,
    /// By cluster and realm: its place, where settings tell.
    configured: BTreeMap<(usize, Sym), usize>,
}

impl RealmOrder {
    pub(super) fn learn(joined: &Joined, profiles: &AttemptProfiles, known: &KnownRealms) -> Self {
        // Each principal counts once a chain, on however many nodes.
        let some = |realms: &&[Sym]| (2..=MOST_REALMS).contains(&realms.len());
        let realms = |chain: ChainId| joined.state.chains.ordered(chain).filter(some);
        let mut asked: Vec<(usize, ChainId, Sym)> = profiles
            .failed()
            .filter(|way| realms(way.chain).is_some())
            .map(|way| (joined.nodes.all()[way.node].cluster, way.chain, way.principal))
            .collect();
        asked.par_sort_unstable_by_key(|(cluster, chain, principal)| (*cluster, chain.0, *principal));
        asked.dedup();
        let mut before: BTreeMap<(usize, Sym, Sym), u64> = BTreeMap::new();
        for run in asked.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (cluster, chain, _) = run[0];
            let realms = realms(chain).unwrap_or_default();
            for (at, &first) in realms.iter().enumerate() {
                for &second in &realms[at + 1..] {
                    *before.entry((cluster, first, second)).or_default() += run.len() as u64;
                }
            }
        }
        let mut configured = BTreeMap::new();
        for cluster in 0..joined.nodes.clusters().len() {
            for (at, realm) in known.order(cluster).unwrap_or_default().into_iter().enumerate() {
                if let Some(realm) = joined.state.symbols.find(realm.as_bytes()) {
                    configured.insert((cluster, realm), at);
                }
            }
        }
        Self { before, configured }
    }

    /// Whether the first realm is canonically asked before the second: by settings, by the built-in order, else by a clear majority.
    /// `None` where too little is known.
    fn precedes(&self, joined: &Joined, cluster: usize, first: Sym, second: Sym) -> Option<bool> {
        let built_in = |realm: Sym| {
            let name = joined.state.symbols.get(realm)?;
            BUILT_IN_ORDER.iter().position(|&known| known == name)
        };
        let place = |realm: Sym| self.configured.get(&(cluster, realm));
        if let (Some(a), Some(b)) = (place(first), place(second)) {
            return Some(a < b);
        }
        match (built_in(first), built_in(second)) {
            (Some(a), Some(b)) => return Some(a < b),
            (Some(_), None) => return Some(true),
            (None, Some(_)) => return Some(false),
            (None, None) => {}
        }
        let count = |pair| self.before.get(&pair).copied().unwrap_or(0);
        let (forth, back) = (count((cluster, first, second)), count((cluster, second, first)));
        if forth + back < AGREEING_PRINCIPALS || forth == back {
            return None;
        }
        let clear = forth.max(back) >= 4 * forth.min(back);
        clear.then_some(forth > back)
    }

    /// Whether a chain begins with a realm that belongs behind another of it while the rest stands in order: the node
    /// has moved the realm that lately authenticated this principal to the front (audit-format 1.7).
    pub(super) fn moved_to_front(&self, joined: &Joined, cluster: usize, realms: &[Sym]) -> bool {
        let Some((&front, rest)) = realms.split_first() else { return false };
        let rest_in_order = rest.windows(2).all(|pair| self.precedes(joined, cluster, pair[0], pair[1]) != Some(false));
        rest_in_order && rest.iter().any(|&realm| self.precedes(joined, cluster, realm, front) == Some(true))
    }

    /// Whether settings tell the place of each of these realms.
    pub(super) fn is_configured(&self, cluster: usize, realms: &[Sym]) -> bool {
        realms.iter().all(|realm| self.configured.contains_key(&(cluster, *realm)))
    }
}

/// Realms that authenticate a principal on one node and that another node does not have.
pub(super) struct Lacking {
    /// Realms by which a principal succeeds in a cluster.
    pub(super) succeeds: HashMap<Account, BTreeSet<Sym>, RandomState>,
    /// By node: realms met on it.
    pub(super) has: Vec<BTreeSet<Sym>>,
    /// By node: attempts with a known, not empty chain.
    chains: Vec<u64>,
}

impl Lacking {
    pub(super) fn learn(joined: &Joined, profiles: &AttemptProfiles) -> Self {
        let nodes = joined.nodes.all().len();
        let mut lacking =
            Self { succeeds: HashMap::default(), has: vec![BTreeSet::new(); nodes], chains: vec![0; nodes] };
        // Of each account by itself, on all cores: it comes from many addresses, and is authenticated by few realms.
        let ways = |of_account: &[(Actor, Series)]| {
            let own = of_account.iter().map(|(actor, _)| actor).filter(|actor| !actor.apikey.is_some());
            let mut ways: Vec<(Sym, u32)> = own.map(|actor| (actor.realm, actor.node)).collect();
            ways.sort_unstable();
            ways.dedup();
            let pseudo = |realm: Sym| joined.state.symbols.get(realm).is_none_or(|realm| realm.starts_with(b"_"));
            ways.retain(|(realm, _)| !pseudo(*realm));
            of_account.first().map(|(actor, _)| (actor.principal, ways))
        };
        let accounts: Vec<(Sym, Vec<(Sym, u32)>)> = joined.state.successes.par_accounts().filter_map(ways).collect();
        for (principal, ways) in accounts {
            for (realm, node) in ways {
                lacking.succeeds.entry((joined.nodes.cluster(node), principal)).or_default().insert(realm);
                lacking.has[joined.nodes.index(node)].insert(realm);
            }
        }
        let mut met: HashSet<(usize, ChainId), RandomState> = HashSet::default();
        for (way, count) in profiles.iter() {
            if let Some(realms) = joined.state.chains.get(way.chain).filter(|realms| !realms.is_empty()) {
                lacking.chains[way.node] += count;
                if met.insert((way.node, way.chain)) {
                    lacking.has[way.node].extend(realms.iter().copied());
                }
            }
        }
        lacking
    }

    /// Whether the principal is authenticated elsewhere by realms of which the node has none.
    pub(super) fn lacks(&self, account: Account, node: usize) -> bool {
        self.chains[node] >= CHAINS_OF_A_NODE
            && self
                .succeeds
                .get(&account)
                .is_some_and(|realms| realms.iter().all(|realm| !self.has[node].contains(realm)))
    }
}

/// The realms of each node by the kind of credential that they take. Which kinds there are is not logged, but realms that are
/// asked for one credential take the same kind: a realm that does not is skipped without an event (audit-format 1.11).
pub(super) struct Kinds {
    /// By node.
    of_node: Vec<KindsOfNode>,
}

/// The realms of one node.
#[derive(Debug, Clone, Default)]
struct KindsOfNode {
    kinds: Vec<BTreeSet<Sym>>,
    /// By realm: index into `kinds`.
    of_realm: BTreeMap<Sym, usize>,
}

impl KindsOfNode {
    /// Makes the realms of a chain one kind, with those that some of them were asked with before.
    fn unite(&mut self, realms: &[Sym]) {
        let known: BTreeSet<usize> = realms.iter().filter_map(|realm| self.of_realm.get(realm).copied()).collect();
        // The largest takes the others in, so that no realm moves more often than the logarithm of their number.
        let into = known.iter().copied().max_by_key(|&at| self.kinds[at].len()).unwrap_or_else(|| {
            self.kinds.push(BTreeSet::new());
            self.kinds.len() - 1
        });
        for other in known.into_iter().filter(|&other| other != into) {
            let moved = std::mem::take(&mut self.kinds[other]);
            self.of_realm.extend(moved.iter().map(|&realm| (realm, into)));
            self.kinds[into].extend(moved);
        }
        self.of_realm.extend(realms.iter().map(|&realm| (realm, into)));
        self.kinds[into].extend(realms.iter().copied());
    }
}

impl Kinds {
    pub(super) fn learn(joined: &Joined, profiles: &AttemptProfiles) -> Self {
        let mut of_node = vec![KindsOfNode::default(); joined.nodes.all().len()];
        let mut met: BTreeSet<(usize, u32)> = BTreeSet::new();
        met.extend(profiles.failed().map(|way| (way.node, way.chain.0)));
        for (node, chain) in met {
            let Some(realms) = joined.state.chains.get(ChainId(chain)).filter(|realms| !realms.is_empty()) else {
                continue;
            };
            of_node[node].unite(realms);
        }
        Self { of_node }
    }

    /// The realms of a node that take what a realm takes.
    pub(super) fn of(&self, node: usize, realm: Sym) -> Option<&BTreeSet<Sym>> {
        let of_node = self.of_node.get(node)?;
        of_node.of_realm.get(&realm).and_then(|&at| of_node.kinds.get(at))
    }

    /// Whether any realm of a node is known to refuse what it is asked.
    pub(super) fn any(&self, node: usize) -> bool {
        self.of_node.get(node).is_some_and(|of_node| !of_node.kinds.is_empty())
    }
}

/// Accounts that no realm knows: the node asked all its realms that take such a credential, and none complained in a server
/// log in which realms do complain of wrong passwords. A disabled account does not look like this: the realm that knows it
/// ends the chain early.
pub(super) struct SilentRealms<'k> {
    kinds: &'k Kinds,
    /// By node: whether its realms complain of passwords.
    complains: Vec<bool>,
    /// Realms, sorted, by node, that enough principals were asked all for, in whatever order.
    whole: HashSet<(usize, Vec<Sym>), RandomState>,
    /// Principals that some realm of a cluster knows: they succeeded, or a realm complained of their password.
    known: HashSet<Account, RandomState>,
}

impl<'k> SilentRealms<'k> {
    /// `None` where no realm complains of anything, so that silence means nothing.
    pub(super) fn learn(
        joined: &Joined,
        profiles: &AttemptProfiles,
        lacking: &Lacking,
        kinds: &'k Kinds,
    ) -> Option<Self> {
        let mut complains = vec![false; joined.nodes.all().len()];
        let mut known: HashSet<Account, RandomState> = lacking.succeeds.keys().copied().collect();
        for line in &joined.reason_lines {
            let told = &line.record;
            complains[line.node] |= told.about == Subject::Realm;
            let of_account = matches!(told.about, Subject::Realm | Subject::RealmCheck | Subject::Principal);
            if of_account && told.reason != Reason::UnknownUser {
                known.insert((joined.nodes.all()[line.node].cluster, told.subject));
            }
        }
        if !complains.contains(&true) {
            return None;
        }
        let attempts = joined.attempts.par_iter().with_min_len(PIECE);
        let wrong =
            attempts.filter(|attempt| attempt.outcome == Outcome::Failed && attempt.reason == Reason::BadPassword);
        known.extend(wrong.map(|attempt| (joined.nodes.cluster(attempt.node), attempt.principal)).collect::<Vec<_>>());
        let mut asked: HashMap<(usize, ChainId), HashSet<Sym, RandomState>, RandomState> = HashMap::default();
        for way in profiles.failed() {
            let realms = joined.state.chains.get(way.chain).unwrap_or_default();
            if is_whole(kinds, way.node, realms) {
                asked.entry((way.node, way.chain)).or_default().insert(way.principal);
            }
        }
        let enough = |asked: &HashSet<Sym, RandomState>| asked.len() as u64 >= AGREEING_PRINCIPALS;
        let realms = |chain: ChainId| sorted(joined.state.chains.get(chain).unwrap_or_default());
        let whole = asked.iter().filter(|(_, asked)| enough(asked));
        let whole = whole.map(|(&(node, chain), _)| (node, realms(chain))).collect();
        Some(Self { kinds, complains, whole, known })
    }

    /// Whether all realms of the node that take such a credential were asked of a principal that none is known to know,
    /// while its server log is there.
    pub(super) fn all_asked(&self, joined: &Joined, attempt: &Attempt) -> bool {
        let node = joined.nodes.index(attempt.node);
        let Some(asked) = joined.state.chains.get(attempt.chain) else { return false };
        attempt.principal.is_some()
            && self.complains[node]
            && !self.known.contains(&(joined.nodes.cluster(attempt.node), attempt.principal))
            && is_whole(self.kinds, node, asked)
            && self.whole.contains(&(node, sorted(asked)))
            && joined.nodes.all()[node].server_log_covers(attempt.time, 0)
    }
}

/// The realms of a chain in one order for all chains of the same realms.
fn sorted(realms: &[Sym]) -> Vec<Sym> {
    let mut realms = realms.to_vec();
    realms.sort_unstable();
    realms
}

/// Whether a chain holds all realms of its kind.
fn is_whole(kinds: &Kinds, node: usize, realms: &[Sym]) -> bool {
    let kind = realms.first().and_then(|&first| kinds.of(node, first));
    kind.is_some_and(|kind| kind.len() == realms.len() && realms.iter().all(|realm| kind.contains(realm)))
}
