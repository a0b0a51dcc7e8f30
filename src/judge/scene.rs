//! What judging looks at.

use std::ops::RangeBounds;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::history::{DAY, Past, SuccessHistory};
use super::index::Index;
use super::names;
use super::place::{Address, Host, Hosts, Net, SHARED};
use super::places::Places;
use super::proxies;
use crate::correlate::{Correlated, KeyInfo, KnownNode, SourceLine};
use crate::geography::{Geo, Geography};
use crate::network;
use crate::options::{Options, Surroundings};
use crate::reserved::{KIBANA_USERS, SYSTEM_USERS};
use crate::state::{Attempt, ChainId, Sym, TimeSpan};
use crate::time::Millis;

/// The joined records, how they group, and what the user knows.
#[derive(Debug)]
pub(super) struct Scene<'c> {
    pub(super) joined: &'c Correlated,
    surroundings: &'c Surroundings,
    geography: &'c Geography,
    pub(super) index: Index,
    pub(super) history: SuccessHistory<'c>,
    pub(super) places: Places,
    hosts: Hosts,
    addresses: HashMap<Sym, Option<Address>, RandomState>,
    /// The users that Kibana itself logs in as.
    kibana_users: Vec<Sym>,
    /// By number of an attempt: the stranger for whom a proxy passed it on.
    behind: HashMap<u32, Sym, RandomState>,
    /// By number of a node in the table: whether it logs successes.
    shows: Vec<bool>,
    /// Of all clusters: first and last audit event.
    whole: (Millis, Millis),
    /// The same by number of a cluster.
    spans: Vec<(Millis, Millis)>,
}

impl<'c> Scene<'c> {
    pub(super) fn new(joined: &'c Correlated, options: &'c Options) -> Self {
        let surroundings = &options.surroundings;
        let mut addresses = addresses(joined, surroundings);
        let doors = front_doors(joined, &addresses);
        for address in addresses.values_mut().flatten().filter(|address| doors.contains(&address.net.site())) {
            address.outside = false;
        }
        let net = |source: Sym| addresses.get(&source).copied().flatten().map(|address| (address.net, address.outside));
        let history = SuccessHistory::new(joined, |node| cluster_of(joined, node), net);
        let outside = |source: Sym| addresses.get(&source).copied().flatten().is_some_and(|address| address.outside);
        let clusters = joined.nodes.clusters().len().clamp(1, usize::from(u16::MAX)) as u16;
        let shows = shows_successes(joined);
        // Where no success is logged, whether somebody gets in from there is not known.
        let any = history.any() && shows.contains(&true);
        let is_stranger = |source: Sym| {
            any && outside(source) && (0..clusters).all(|cluster| history.source(cluster, source).is_none())
        };
        let net_of = |source: Sym| addresses.get(&source).copied().flatten().map(|address| address.net);
        let desks = networks_of_desks(&history, &addresses);
        let hosts = Hosts::new(addresses.keys().copied(), net_of, |net| !desks.contains(&net));
        let behind = proxies::strangers(joined, surroundings, outside);
        let stranger = |at: u32| behind.get(&at).copied().unwrap_or(Sym::NONE);
        let index = Index::new(joined, is_stranger, |source| hosts.of(source, net_of(source)), stranger);
        let places =
            Places::new(&history, |cluster, account| is_program(joined, surroundings, &history, cluster, account), net);
        Self {
            joined,
            surroundings,
            geography: &options.geography,
            index,
            history,
            places,
            hosts,
            behind,
            addresses,
            kibana_users: KIBANA_USERS.iter().filter_map(|user| joined.state.symbols.find(user)).collect(),
            shows,
            whole: span_of(joined, |_| true),
            spans: (0..clusters).map(|cluster| span_of(joined, |of| of == cluster)).collect(),
        }
    }

    pub(super) fn attempt(&self, at: u32) -> &'c Attempt {
        &self.joined.attempts[at as usize]
    }

    pub(super) fn time(&self, at: u32) -> Millis {
        self.attempt(at).time
    }

    /// The times between attempts that stand by time, milliseconds.
    pub(super) fn gaps(&self, attempts: &[u32]) -> Vec<i64> {
        attempts.windows(2).map(|pair| self.time(pair[1]).0 - self.time(pair[0]).0).collect()
    }

    /// Index of an attempt's node in the node table.
    pub(super) fn node(&self, at: u32) -> usize {
        self.joined.nodes.index(self.attempt(at).node)
    }

    /// Number of the cluster of a node of the table.
    pub(super) fn cluster(&self, node: usize) -> u16 {
        cluster_of(self.joined, node)
    }

    /// How reports name a cluster; `None` where there is only one.
    pub(super) fn cluster_name(&self, cluster: u16) -> Option<String> {
        let clusters = self.joined.nodes.clusters();
        if clusters.len() < 2 { None } else { clusters.get(usize::from(cluster))?.uuid.clone() }
    }

    /// Whether a node of the table logs successes.
    pub(super) fn shows_successes(&self, node: usize) -> bool {
        self.shows[node]
    }

    pub(super) fn place(&self, at: u32) -> SourceLine {
        self.joined.source_lines.of(self.attempt(at).pos)
    }

    /// A text from the log to judge by; see [`Scene::shown`].
    pub(super) fn bytes(&self, sym: Sym) -> &'c [u8] {
        self.joined.judged(sym).unwrap_or_default()
    }

    /// Whether one of two names may be the other, written wrong or in part.
    pub(super) fn resemble(&self, one: Sym, other: Sym) -> bool {
        names::resemble(self.bytes(one), self.bytes(other))
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

    /// An address, read; `None` where it is none.
    pub(super) fn address(&self, source: Sym) -> Option<Address> {
        self.addresses.get(&source).copied().flatten()
    }

    pub(super) fn net(&self, source: Sym) -> Option<Net> {
        self.address(source).map(|address| address.net)
    }

    /// The host that an address is of.
    pub(super) fn host(&self, source: Sym) -> Host {
        self.hosts.host(source, self.net(source))
    }

    /// The failures of an account within a time, from the addresses that are asked for.
    pub(super) fn tries_at(
        &self,
        cluster: u16,
        principal: Sym,
        within: impl RangeBounds<Millis>,
        is_there: impl Fn(Sym) -> bool,
    ) -> Vec<u32> {
        let own = self.index.of_account(principal).filter(|group| is_there(group.source));
        let when = |&&at: &&u32| within.contains(&self.time(at)) && self.cluster(self.node(at)) == cluster;
        own.flat_map(|group| self.index.of(group).iter().filter(when).copied()).collect()
    }

    /// What an account did by itself from the host that an address is of.
    pub(super) fn pasts_at(&self, cluster: u16, principal: Sym, source: Sym) -> impl Iterator<Item = &Past> {
        /// Addresses of one host that are looked at.
        const MOST_ADDRESSES: usize = 64;
        let host = self.host(source);
        let is_address = matches!(host, Host::Address(_));
        let pair = if is_address { self.history.pair(cluster, principal, source) } else { None };
        let own = (!is_address).then(|| self.history.of_account(cluster, principal)).into_iter().flatten();
        let of_host = own.filter(move |past| !past.key.is_some() && self.host(past.source) == host);
        pair.into_iter().chain(of_host.take(MOST_ADDRESSES))
    }

    /// Whether a source lies outside the organisation's networks; not so where it is no address, or of a site at which most
    /// accounts are at work.
    pub(super) fn is_outside(&self, source: Sym) -> bool {
        self.address(source).is_some_and(|address| address.outside)
    }

    /// Whether a proxy inside passed an attempt on for a stranger outside.
    pub(super) fn is_passed_on(&self, at: u32) -> bool {
        self.behind.contains_key(&at)
    }

    /// Whether an attempt comes from outside, or was passed on from there.
    pub(super) fn comes_from_outside(&self, at: u32) -> bool {
        self.is_outside(self.attempt(at).source) || self.is_passed_on(at)
    }

    /// Whether a list of the user's says that a source is bad.
    pub(super) fn is_bad(&self, source: Sym) -> bool {
        self.address(source).is_some_and(|address| address.bad)
    }

    /// What databases say of a source. What is wrong with one is told where addresses are listed.
    pub(super) fn geo(&self, source: Sym) -> Option<Geo> {
        if self.geography.is_empty() {
            return None;
        }
        self.geography.find(network::address(self.bytes(source))?).ok()?
    }

    pub(super) fn is_proxy(&self, source: Sym) -> bool {
        self.address(source).is_some_and(|address| address.proxy)
    }

    /// Whether a Kibana gets in from an address.
    pub(super) fn is_kibana(&self, cluster: u16, source: Sym) -> bool {
        self.kibana_users.iter().any(|&user| self.history.pair(cluster, user, source).is_some())
    }

    /// Whether an account is the one by which the Kibana at an address gets in.
    pub(super) fn is_of_kibana(&self, cluster: u16, principal: Sym, source: Sym) -> bool {
        self.kibana_users.contains(&principal) && self.history.pair(cluster, principal, source).is_some()
    }

    pub(super) fn is_scanner(&self, source: Sym) -> bool {
        self.address(source).is_some_and(|address| address.scanner)
    }

    /// Whether an account is that of a program: named so by the user, a user of Elasticsearch's own programs, a service
    /// account (`namespace/service`), or at work around the clock.
    pub(super) fn is_program(&self, cluster: u16, principal: Sym) -> bool {
        is_program(self.joined, self.surroundings, &self.history, cluster, principal)
    }

    /// What is known of an API key.
    pub(super) fn key(&self, id: Sym) -> Option<&'c KeyInfo> {
        self.joined.key(id)
    }

    /// First and last audit event of the log of a cluster.
    pub(super) fn span(&self, cluster: u16) -> (Millis, Millis) {
        self.spans.get(usize::from(cluster)).copied().unwrap_or(self.whole)
    }

    /// How long the log of a cluster is.
    pub(super) fn length(&self, cluster: u16) -> i64 {
        length(self.span(cluster))
    }

    /// First and last audit event of all clusters.
    pub(super) fn whole_span(&self) -> (Millis, Millis) {
        self.whole
    }

    /// How long the logs of all clusters are together.
    pub(super) fn whole_length(&self) -> i64 {
        length(self.whole)
    }
}

fn length((first, last): (Millis, Millis)) -> i64 {
    (last.0 - first.0).max(1)
}

/// First and last audit event of the clusters with such numbers.
fn span_of(joined: &Correlated, is: impl Fn(u16) -> bool) -> (Millis, Millis) {
    let mut span = TimeSpan::default();
    let nodes = joined.nodes.all().iter().enumerate().filter(|(at, _)| is(cluster_of(joined, *at)));
    nodes.for_each(|(_, node)| span.merge(&node.stats.span));
    (span.first.unwrap_or_default(), span.last.unwrap_or_default())
}

/// By number of a node in the table: whether it logs successes. Who is denied what was asked for had got in, too, but of the others
/// such records say nothing.
fn shows_successes(joined: &Correlated) -> Vec<bool> {
    let mut denied = vec![0; joined.nodes.all().len()];
    joined.denials.iter().for_each(|(actor, series)| denied[joined.nodes.index(actor.node)] += series.count());
    let shows = |(node, denied): (&KnownNode, u64)| node.stats.successes > 0 || node.stats.decisions > denied;
    joined.nodes.all().iter().zip(denied).map(shows).collect()
}

/// See [`Scene::is_program`].
fn is_program(
    joined: &Correlated,
    known: &Surroundings,
    history: &SuccessHistory<'_>,
    cluster: u16,
    principal: Sym,
) -> bool {
    let name = joined.judged(principal).unwrap_or_default();
    let busy = || history.account(cluster, principal).is_some_and(|sum| sum.daily || sum.restless);
    SYSTEM_USERS.contains(&name)
        || names::is_service_account(name)
        || known.service_accounts.iter().any(|account| account.as_bytes() == name)
        || busy()
}

/// Number of the cluster of a node of the table. Nothing joins across clusters.
fn cluster_of(joined: &Correlated, node: usize) -> u16 {
    joined.nodes.all()[node].cluster.min(usize::from(u16::MAX)) as u16
}

/// Sites outside at which most of the accounts are first seen: gateways of the organisation's, or networks with public addresses.
/// Where the clients behind a gateway are is not known. Whom an intruder got in as was at work elsewhere before. A /48 of IPv6 is
/// one organisation's (RFC 6177), so some of the accounts are enough where they are there for days.
fn front_doors(
    joined: &Correlated,
    addresses: &HashMap<Sym, Option<Address>, RandomState>,
) -> HashSet<Net, RandomState> {
    /// Of all accounts one in so many, of those that stay at a site of IPv6 for so long.
    const PART: usize = 8;
    const STAYS: i64 = DAY;
    let actors = || joined.successes.iter().filter(|(actor, _)| !actor.apikey.is_some());
    let outside = |source: Sym| {
        let address = addresses.get(&source).copied().flatten().filter(|address| address.outside)?;
        Some(address.net.site())
    };
    // Actors of a site are its accounts by address, realm and node, so no fewer than its accounts.
    let mut actors_of: HashMap<Net, u32, RandomState> = HashMap::default();
    for site in actors().filter_map(|(actor, _)| outside(actor.source)) {
        *actors_of.entry(site).or_default() += 1;
    }
    if actors_of.values().all(|&actors| actors < SHARED) {
        return HashSet::default();
    }
    let text = |source: Sym| joined.judged(source).unwrap_or_default();
    let mut homes: HashMap<Sym, (Option<Millis>, Sym), RandomState> = HashMap::default();
    for (actor, series) in actors() {
        let seen = (series.first(), actor.source);
        let home = homes.entry(actor.principal).or_insert(seen);
        if (seen.0, text(seen.1)) < (home.0, text(home.1)) {
            *home = seen;
        }
    }
    let mut accounts_of: HashMap<Net, u32, RandomState> = HashMap::default();
    for site in homes.values().filter_map(|&(_, source)| outside(source)) {
        *accounts_of.entry(site).or_default() += 1;
    }
    let mut staying: HashMap<Net, HashSet<Sym, RandomState>, RandomState> = HashMap::default();
    for (actor, series) in actors() {
        let Some(site) = outside(actor.source).filter(|site| site.is_v6()) else { continue };
        let Some((first, home)) = homes.get(&actor.principal) else { continue };
        let stays = first.zip(series.last()).is_some_and(|(first, last)| last.0 - first.0 >= STAYS);
        if stays && outside(*home) == Some(site) {
            staying.entry(site).or_default().insert(actor.principal);
        }
    }
    let is_door = |own: usize, part: usize| own >= SHARED as usize && own * part >= homes.len();
    let doors = accounts_of.iter().filter(|&(_, &own)| is_door(own as usize, 2)).map(|(&site, _)| site);
    doors.chain(staying.iter().filter(|(_, own)| is_door(own.len(), PART)).map(|(&site, _)| site)).collect()
}

/// Networks of IPv6 inside from which several accounts get in: a network of desks or servers, not one host. Outside, one client
/// that takes a new address for each account looks the same.
fn networks_of_desks(
    history: &SuccessHistory<'_>,
    addresses: &HashMap<Sym, Option<Address>, RandomState>,
) -> HashSet<Net, RandomState> {
    let inside = addresses.values().flatten().filter(|address| address.net.is_v6() && !address.outside);
    let inside: HashSet<Net, RandomState> = inside.map(|address| address.net).collect();
    let mut accounts: HashMap<(u16, Net), u32, RandomState> = HashMap::default();
    for (cluster, net, _) in history.networks().filter(|(_, net, _)| inside.contains(net)) {
        *accounts.entry((cluster, net)).or_default() += 1;
    }
    accounts.into_iter().filter(|&(_, accounts)| accounts >= SHARED).map(|((_, net), _)| net).collect()
}

/// Every address met, read once.
fn addresses(joined: &Correlated, known: &Surroundings) -> HashMap<Sym, Option<Address>, RandomState> {
    let tried = joined.attempts.iter().map(|attempt| attempt.source);
    let got_in = joined.successes.keys().map(|actor| actor.source);
    let changed = joined.changes.iter().map(|change| change.source);
    // Many records name few addresses: each is marked, which is quicker than to look it up.
    let mut met = vec![false; joined.state.symbols.len() + 1];
    tried.chain(got_in).chain(changed).for_each(|source| met[source.0 as usize] = true);
    let met = met.into_iter().zip(0..).filter(|(met, _)| *met);
    met.map(|(_, at)| (Sym(at), joined.judged(Sym(at)).and_then(|address| Address::of(address, known)))).collect()
}
