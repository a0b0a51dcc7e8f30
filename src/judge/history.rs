//! Who got in, from where and when. Everything that judging knows of successes comes through this module: of each pair of
//! account and address the first and last success, their number, the hours of the day and the nodes, and the times
//! themselves only where something failed.

use std::collections::BTreeMap;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::index::sorted_by;
use super::place::Net;
use crate::correlate::Correlated;
use crate::state::{Pos, Series, Sym};
use crate::time::Millis;
pub(super) use crate::time::{DAY, HOUR};

/// Pasts of an account or an address that are looked at where each of them says something.
pub(super) const MOST_PASTS: usize = 64;

/// Pasts that one task makes, at least.
const PIECE: usize = 1024;

/// What is known of the successes of one account from one address with one credential.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Past {
    /// Number of its cluster.
    pub(super) cluster: u16,
    pub(super) principal: Sym,
    pub(super) source: Sym,
    /// The API key; [`Sym::NONE`] = the account authenticated itself.
    pub(super) key: Sym,
    /// The realm that said yes; one of them, where there were several.
    pub(super) realm: Sym,
    pub(super) first: Millis,
    pub(super) last: Millis,
    pub(super) count: u32,
    /// Hours of the day (UTC) with a success, a bit each.
    pub(super) hours: u32,
    /// Days, at most, on which there was a success.
    pub(super) days: u16,
    /// Nodes, a bit each; those beyond 63 share one.
    pub(super) nodes: u64,
    ways: Range<u32>,
}

/// Successes on one node through one realm.
#[derive(Debug, Clone, Copy)]
struct Way<'c> {
    node: u32,
    realm: Sym,
    series: &'c Series,
}

/// A success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Success {
    pub(super) time: Millis,
    /// Its line, or that of a success shortly before it.
    pub(super) pos: Pos,
}

/// All that an account or an address did with success, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// Numbers of its pasts: of an account in [`SuccessHistory::pasts`], of an address in the list by address.
    range: Range<u32>,
    /// Distinct addresses of an account, or accounts of an address, without keys.
    pub(super) others: u32,
    /// Successes without keys.
    pub(super) count: u64,
    /// Days with a success, of each other address or account by itself.
    pub(super) days: u32,
    pub(super) first: Millis,
    pub(super) last: Millis,
    /// Hours of the day with a success.
    pub(super) hours: u32,
    /// Whether an account gets in at the same time of each day, as jobs do and nobody else.
    pub(super) daily: bool,
    /// Whether an account is at work around the clock, at one of its addresses or at all together.
    pub(super) restless: bool,
    /// Networks of an account, and those of them that lie outside.
    pub(super) nets: [u32; 2],
    /// Numbers of these in [`SuccessHistory::networks`]; none of an address.
    networks: Range<u32>,
}

/// The successes of a run, to be looked up.
#[derive(Debug)]
pub(super) struct SuccessHistory<'c> {
    ways: Vec<Way<'c>>,
    pasts: Vec<Past>,
    by_source: Vec<u32>,
    by_key: Vec<u32>,
    accounts: HashMap<(u16, Sym), Sum, RandomState>,
    sources: HashMap<(u16, Sym), Sum, RandomState>,
    /// Networks with the time of the first success there: those of an account together, by network.
    networks: Vec<(Net, Millis)>,
}

type Raw<'c> = (u16, Sym, Sym, Sym, Way<'c>);

impl<'c> SuccessHistory<'c> {
    /// `cluster` numbers the cluster of a node of the table, `net` gives the network of an address, and whether it is outside.
    pub(super) fn new(
        joined: &'c Correlated,
        cluster: impl Fn(usize) -> u16 + Sync,
        net: impl Fn(Sym) -> Option<(Net, bool)> + Sync,
    ) -> Self {
        let mut raw: Vec<Raw<'c>> = joined
            .successes
            .par_iter()
            .map(|(actor, series)| {
                let node = joined.nodes.index(actor.node);
                let way = Way { node: node as u32, realm: actor.realm, series };
                (cluster(node), actor.principal, actor.source, actor.apikey, way)
            })
            .collect();
        // They come by account, address and key: only what one of these did on several nodes is still to be ordered.
        raw.par_chunk_by_mut(|a, b| (a.1, a.2, a.3) == (b.1, b.2, b.3)).for_each(|of_client| {
            of_client.sort_unstable_by_key(|(cluster, .., way)| (*cluster, way.realm, way.node));
        });
        if joined.nodes.clusters().len() > 1 {
            raw.par_sort_by_key(|(cluster, ..)| *cluster);
        }
        let of_run = |run: Range<u32>| past(&raw[run.start as usize..run.end as usize], run);
        let runs = runs(&raw, |a, b| (a.0, a.1, a.2, a.3) == (b.0, b.1, b.2, b.3));
        let mut pasts: Vec<Past> = runs.into_par_iter().with_min_len(PIECE).map(of_run).collect();
        pasts.retain(|past| past.count > 0);
        let ways: Vec<Way<'c>> = raw.into_par_iter().map(|(.., way)| way).collect();
        let own: Vec<u32> = (0..pasts.len() as u32).collect();
        // Sorting is counting, which keeps the order of equals: the pasts of an address stay in the order of accounts.
        let of_clusters = |list: Vec<u32>| match pasts.last() {
            Some(last) if last.cluster > 0 => {
                sorted_by(&list, usize::from(last.cluster) + 1, |at| Sym(u32::from(pasts[at as usize].cluster)))
            }
            _ => list,
        };
        let symbols = joined.state.symbols.len() + 1;
        let by_source = of_clusters(sorted_by(&own, symbols, |at| pasts[at as usize].source));
        let mut by_key = by_source.clone();
        by_key.retain(|&at| pasts[at as usize].key.is_some());
        let by_key = of_clusters(sorted_by(&by_key, symbols, |at| pasts[at as usize].key));
        let (accounts, sources) = rayon::join(
            || sums(&pasts, &own, |past| (past.cluster, past.principal), |past| past.source),
            || sums(&pasts, &by_source, |past| (past.cluster, past.source), |past| past.principal),
        );
        let (mut accounts, networks) = with_networks(&pasts, accounts, net);
        accounts.par_iter_mut().with_min_len(PIECE).for_each(|(_, sum)| {
            let own = &pasts[sum.range.start as usize..sum.range.end as usize];
            sum.daily = is_daily(sum, own, &ways);
            let each = own.iter().filter(|past| !past.key.is_some());
            let mut each = each.map(|past| (past.hours, u64::from(past.count), u32::from(past.days)));
            sum.restless = is_restless((sum.hours, sum.count, sum.days)) || each.any(is_restless);
        });
        let (accounts, sources) = (accounts.into_iter().collect(), sources.into_iter().collect());
        Self { ways, pasts, by_source, by_key, accounts, sources, networks }
    }

    /// Whether the logs show successes at all.
    pub(super) fn any(&self) -> bool {
        !self.pasts.is_empty()
    }

    /// How many addresses somebody gets in from.
    pub(super) fn addresses(&self) -> usize {
        self.sources.len()
    }

    /// Every pair with its credential, by cluster, account, address and key.
    pub(super) fn pasts(&self) -> &[Past] {
        &self.pasts
    }

    /// What an account did by itself from an address.
    pub(super) fn pair(&self, cluster: u16, principal: Sym, source: Sym) -> Option<&Past> {
        // Among those of the account, and not among all: each look at a distant one is a wait for memory.
        let range = self.account(cluster, principal)?.range.clone();
        let own = &self.pasts[range.start as usize..range.end as usize];
        own.binary_search_by_key(&(source, Sym::NONE), |past| (past.source, past.key)).ok().map(|at| &own[at])
    }

    /// An account in sum.
    pub(super) fn account(&self, cluster: u16, principal: Sym) -> Option<&Sum> {
        self.accounts.get(&(cluster, principal))
    }

    /// An address in sum.
    pub(super) fn source(&self, cluster: u16, source: Sym) -> Option<&Sum> {
        self.sources.get(&(cluster, source))
    }

    /// Every place and credential of an account.
    pub(super) fn of_account(&self, cluster: u16, principal: Sym) -> impl Iterator<Item = &Past> {
        let range = self.account(cluster, principal).map_or(0..0, |sum| sum.range.clone());
        self.pasts[range.start as usize..range.end as usize].iter()
    }

    /// Every account and credential of an address.
    pub(super) fn of_source(&self, cluster: u16, source: Sym) -> impl Iterator<Item = &Past> {
        let range = self.source(cluster, source).map_or(0..0, |sum| sum.range.clone());
        self.by_source[range.start as usize..range.end as usize].iter().map(|&at| &self.pasts[at as usize])
    }

    /// Every client of an API key.
    pub(super) fn of_key(&self, cluster: u16, key: Sym) -> impl Iterator<Item = &Past> {
        let past = |&at: &u32| &self.pasts[at as usize];
        let start = self.by_key.partition_point(|at| (past(at).cluster, past(at).key) < (cluster, key));
        self.by_key[start..].iter().map(past).take_while(move |past| (past.cluster, past.key) == (cluster, key))
    }

    /// The clients of every API key, by cluster, then key.
    pub(super) fn keys(&self) -> impl Iterator<Item = impl Iterator<Item = &Past> + Clone> {
        let past = |&at: &u32| &self.pasts[at as usize];
        let same = move |a: &u32, b: &u32| (past(a).cluster, past(a).key) == (past(b).cluster, past(b).key);
        self.by_key.chunk_by(same).map(move |clients| clients.iter().map(past))
    }

    /// By cluster: how many accounts got in, and those of them that did from outside.
    pub(super) fn abroad(&self) -> BTreeMap<u16, (usize, HashSet<Sym, RandomState>)> {
        let mut clusters: BTreeMap<u16, (usize, HashSet<Sym, RandomState>)> = BTreeMap::new();
        for (&(cluster, account), sum) in &self.accounts {
            let (all, abroad) = clusters.entry(cluster).or_default();
            *all += 1;
            if sum.nets[1] > 0 {
                abroad.insert(account);
            }
        }
        clusters
    }

    /// Every account's networks, with the time of its first success there, by cluster.
    pub(super) fn networks(&self) -> impl Iterator<Item = (u16, Net, Millis)> {
        self.accounts.iter().flat_map(|((cluster, _), sum)| {
            let own = &self.networks[sum.networks.start as usize..sum.networks.end as usize];
            own.iter().map(|&(net, first)| (*cluster, net, first))
        })
    }

    /// When an account first got in from a network.
    pub(super) fn network(&self, cluster: u16, principal: Sym, net: Net) -> Option<Millis> {
        let range = self.account(cluster, principal)?.networks.clone();
        let own = &self.networks[range.start as usize..range.end as usize];
        own.binary_search_by_key(&net, |(net, _)| *net).ok().map(|at| own[at].1)
    }

    fn ways(&self, past: &Past) -> &[Way<'c>] {
        &self.ways[past.ways.start as usize..past.ways.end as usize]
    }

    /// The first success at or after a time.
    pub(super) fn first_after(&self, past: &Past, time: Millis) -> Option<Success> {
        let of_way = |way: &Way<'_>| {
            let bucket = way.series.at_or_after(time)?;
            let exact = if bucket.first >= time { bucket.first } else { bucket.last() };
            Some(Success { time: exact, pos: bucket.pos })
        };
        self.ways(past).iter().filter_map(of_way).min_by_key(|success| success.time)
    }

    /// The last success before a time, as far as it is known.
    pub(super) fn last_before(&self, past: &Past, time: Millis) -> Option<Millis> {
        let of_way = |way: &Way<'_>| {
            let buckets = way.series.buckets();
            let bucket = buckets[..buckets.partition_point(|bucket| bucket.first < time)].last()?;
            Some(if bucket.last() < time { bucket.last() } else { bucket.first })
        };
        self.ways(past).iter().filter_map(of_way).max()
    }

    /// Successes from `start` to `end`, inclusive; those in a bucket that reaches beyond by the share of it that does not.
    pub(super) fn within(&self, past: &Past, start: Millis, end: Millis) -> f64 {
        self.ways(past).iter().map(|way| share_within(way.series, start, end)).sum()
    }

    /// As [`SuccessHistory::within`], on one node.
    pub(super) fn within_on(&self, past: &Past, node: usize, start: Millis, end: Millis) -> f64 {
        let ways = self.ways(past).iter().filter(|way| way.node as usize == node);
        ways.map(|way| share_within(way.series, start, end)).sum()
    }

    /// How successes are spread over nodes: `tell` is told the node of each of their series, all of its successes, and those
    /// within a stretch of time, as [`SuccessHistory::within`], which are given in sum.
    pub(super) fn spread(&self, past: &Past, start: Millis, end: Millis, mut tell: impl FnMut(usize, f64, f64)) -> f64 {
        let overlaps = past.first <= end && start <= past.last;
        let mut sum = 0.0;
        for way in self.ways(past) {
            let within = if overlaps { share_within(way.series, start, end) } else { 0.0 };
            sum += within;
            tell(way.node as usize, way.series.count() as f64, within);
        }
        sum
    }

    /// Stretches of time in which a pair succeeded, first to last of each.
    pub(super) fn stretches(&self, past: &Past) -> impl Iterator<Item = (Millis, Millis)> {
        self.ways(past).iter().flat_map(|way| way.series.buckets().iter().map(|bucket| (bucket.first, bucket.last())))
    }
}

fn share_within(series: &Series, start: Millis, end: Millis) -> f64 {
    let buckets = series.buckets();
    let from = buckets.partition_point(|bucket| bucket.last() < start);
    let within = buckets[from..].iter().take_while(|bucket| bucket.first <= end);
    within
        .map(|bucket| {
            let (from, to) = (bucket.first.0.max(start.0), bucket.last().0.min(end.0));
            let whole = bucket.last().0 - bucket.first.0;
            if from == bucket.first.0 && to == bucket.last().0 || whole == 0 {
                f64::from(bucket.count)
            } else {
                f64::from(bucket.count) * (to - from) as f64 / whole as f64
            }
        })
        .sum()
}

/// What one account did from one address with one credential, which are those of the first of these.
fn past(run: &[Raw<'_>], ways: Range<u32>) -> Past {
    let (cluster, principal, source, key, _) = run[0];
    let mut past = Past {
        cluster,
        principal,
        source,
        key,
        realm: Sym::NONE,
        first: Millis(i64::MAX),
        last: Millis(i64::MIN),
        count: 0,
        hours: 0,
        days: 0,
        nodes: 0,
        ways,
    };
    // Most have one day, for which nothing need be allocated.
    let (mut day_met, mut days) = (None, Vec::new());
    for (.., way) in run {
        past.realm = if past.realm.is_some() { past.realm } else { way.realm };
        past.nodes |= 1 << way.node.min(63);
        for bucket in way.series.buckets() {
            past.first = past.first.min(bucket.first);
            past.last = past.last.max(bucket.last());
            past.count = past.count.saturating_add(bucket.count);
            let (from, to) = (bucket.first.0.div_euclid(HOUR), bucket.last().0.div_euclid(HOUR));
            (from..=to.min(from + 23))
                .take(bucket.count as usize)
                .for_each(|hour| past.hours |= 1 << hour.rem_euclid(24));
            for day in [bucket.first.0.div_euclid(DAY), bucket.last().0.div_euclid(DAY)] {
                // Buckets stand by time: most are of the day of the one before.
                if day_met != Some(day) {
                    days.extend(day_met.replace(day));
                }
            }
        }
    }
    if !days.is_empty() {
        days.extend(day_met);
        days.sort_unstable();
        days.dedup();
    }
    past.days = days.len().max(usize::from(past.count > 0)).min(usize::from(u16::MAX)) as u16;
    past
}

/// Whether hours, successes and days are of somebody at work around the clock: people sleep, and what works around the clock comes at
/// least every hour.
fn is_restless((hours, count, days): (u32, u64, u32)) -> bool {
    /// Hours of the day with a success, and successes on a day.
    const HOURS: u32 = 20;
    const A_DAY: u64 = 20;
    hours.count_ones() >= HOURS && count >= A_DAY * u64::from(days)
}

/// Whether the first success of each day, of those that an account has by itself, comes at the same time.
fn is_daily(sum: &Sum, pasts: &[Past], ways: &[Way<'_>]) -> bool {
    /// Days without which chance may make them alike, and how far apart they are at most: people are never so punctual.
    const DAYS: usize = 4;
    const APART: i64 = HOUR / 12;
    if sum.hours.count_ones() > 2 || (sum.days as usize) < DAYS {
        return false;
    }
    let own = pasts.iter().filter(|past| !past.key.is_some());
    let ways = own.flat_map(|past| &ways[past.ways.start as usize..past.ways.end as usize]);
    let mut times: Vec<(i64, i64)> = ways
        .flat_map(|way| way.series.buckets())
        .map(|bucket| (bucket.first.0.div_euclid(DAY), bucket.first.0.rem_euclid(DAY)))
        .collect();
    times.sort_unstable();
    times.dedup_by_key(|(day, _)| *day);
    let span = times.iter().map(|(_, time)| *time).fold((DAY, 0), |(from, to), time| (from.min(time), to.max(time)));
    times.len() >= DAYS && span.1 - span.0 <= APART
}

/// Where those that are alike begin and end in a list in which they stand together.
fn runs<T>(list: &[T], alike: impl Fn(&T, &T) -> bool) -> Vec<Range<u32>> {
    let mut start = 0;
    let range = |run: &[T]| {
        let end = start + run.len() as u32;
        std::mem::replace(&mut start, end)..end
    };
    list.chunk_by(alike).map(range).collect()
}

/// Sums by cluster and account, or address.
type Sums = Vec<((u16, Sym), Sum)>;

/// Sums of pasts that share an account or an address; `order` lists them so that these stand together.
fn sums(
    pasts: &[Past],
    order: &[u32],
    shared: impl Fn(&Past) -> (u16, Sym) + Sync,
    other: impl Fn(&Past) -> Sym + Sync,
) -> Sums {
    let of = |&at: &u32| &pasts[at as usize];
    let sum_of = |range: Range<u32>| {
        let run = &order[range.start as usize..range.end as usize];
        let own = || run.iter().map(of).filter(|past| !past.key.is_some());
        let mut sum = Sum {
            range,
            others: 0,
            count: own().map(|past| u64::from(past.count)).sum(),
            days: own().map(|past| u32::from(past.days)).sum(),
            first: Millis(i64::MAX),
            last: Millis(i64::MIN),
            hours: 0,
            daily: false,
            restless: false,
            nets: [0; 2],
            networks: 0..0,
        };
        let mut last = None;
        for past in own() {
            sum.others += u32::from(last != Some(other(past)));
            last = Some(other(past));
        }
        for past in run.iter().map(of) {
            sum.first = sum.first.min(past.first);
            sum.last = sum.last.max(past.last);
            sum.hours |= past.hours;
        }
        (shared(of(&run[0])), sum)
    };
    let runs = runs(order, |a, b| shared(of(a)) == shared(of(b)));
    runs.into_par_iter().with_min_len(PIECE / 16).map(sum_of).collect()
}

/// Notes the networks of accounts; `net` gives that of an address, and whether it is outside.
fn with_networks(
    pasts: &[Past],
    accounts: Sums,
    net: impl Fn(Sym) -> Option<(Net, bool)> + Sync,
) -> (Sums, Vec<(Net, Millis)>) {
    let of_account = |(account, mut sum): ((u16, Sym), Sum)| {
        let own = &pasts[sum.range.start as usize..sum.range.end as usize];
        let own = own.iter().filter(|past| !past.key.is_some());
        let place = |past: &Past| net(past.source).map(|(net, outside)| (net, past.first, outside));
        let mut nets: Vec<(Net, Millis, bool)> = own.filter_map(place).collect();
        // The first success there stands first.
        nets.sort_unstable();
        nets.dedup_by_key(|(net, ..)| *net);
        sum.nets = [nets.len() as u32, nets.iter().filter(|(.., outside)| *outside).count() as u32];
        (account, sum, nets)
    };
    let found: Vec<_> = accounts.into_par_iter().with_min_len(PIECE / 16).map(of_account).collect();
    let mut networks = Vec::with_capacity(found.iter().map(|(.., nets)| nets.len()).sum());
    let place = |(account, mut sum, nets): (_, Sum, Vec<(Net, Millis, bool)>)| {
        let start = networks.len() as u32;
        networks.extend(nets.into_iter().map(|(net, first, _)| (net, first)));
        sum.networks = start..networks.len() as u32;
        (account, sum)
    };
    let accounts = found.into_iter().map(place).collect();
    (accounts, networks)
}
