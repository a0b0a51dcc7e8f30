//! Who got in, from where and when. Everything that judging knows of successes comes through this module: of each pair of
//! account and address the first and last success, their number, the hours of the day and the nodes, and the times
//! themselves only where something failed.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::place::Net;
use crate::correlate::Correlated;
use crate::state::{Pos, Series, Sym};
use crate::time::Millis;

/// Milliseconds of an hour.
pub(super) const HOUR: i64 = 3_600_000;

/// Pasts that one task makes, at least.
const PIECE: usize = 1024;

/// Milliseconds of a day.
pub(super) const DAY: i64 = 24 * HOUR;

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

/// How the successes of a pair are spread.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spread {
    /// All on the node.
    pub(super) ever_there: f64,
    /// On every node within a stretch of time, as [`SuccessHistory::within`].
    pub(super) within: f64,
    /// On the node within that stretch.
    pub(super) within_there: f64,
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
    /// Networks of an account, and those of them that lie outside.
    pub(super) nets: [u32; 2],
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
    /// Networks of each account with the time of its first success there.
    networks: HashMap<(u16, Sym, Net), Millis, RandomState>,
}

type Raw<'c> = (u16, Sym, Sym, Sym, Way<'c>);

impl<'c> SuccessHistory<'c> {
    /// `cluster` numbers the cluster of a node of the table, `net` gives the network of an address, and whether it is outside.
    pub(super) fn new(
        joined: &'c Correlated,
        cluster: impl Fn(usize) -> u16,
        net: impl Fn(Sym) -> Option<(Net, bool)>,
    ) -> Self {
        let mut raw: Vec<Raw<'c>> = joined
            .successes
            .iter()
            .map(|(actor, series)| {
                let node = joined.nodes.index(actor.node);
                let way = Way { node: node as u32, realm: actor.realm, series };
                (cluster(node), actor.principal, actor.source, actor.apikey, way)
            })
            .collect();
        raw.par_sort_unstable_by_key(|(cluster, principal, source, key, way)| {
            (*cluster, *principal, *source, *key, way.realm, way.node)
        });
        let mut start = 0;
        let mut runs: Vec<Range<u32>> = Vec::new();
        for run in raw.chunk_by(|a, b| (a.0, a.1, a.2, a.3) == (b.0, b.1, b.2, b.3)) {
            let end = start + run.len() as u32;
            runs.push(start..end);
            start = end;
        }
        let of_run = |run: Range<u32>| past(&raw[run.start as usize..run.end as usize], run);
        let pasts: Vec<Past> = runs.into_par_iter().with_min_len(PIECE).filter_map(of_run).collect();
        let ways = raw.into_iter().map(|(.., way)| way).collect();
        let sorted = |order: fn(&Past) -> (u16, Sym, Sym, Sym)| {
            let mut list: Vec<u32> = (0..pasts.len() as u32).collect();
            list.par_sort_unstable_by_key(|&at| order(&pasts[at as usize]));
            list
        };
        let by_source = sorted(|past| (past.cluster, past.source, past.principal, past.key));
        let mut by_key = sorted(|past| (past.cluster, past.key, past.source, past.principal));
        by_key.retain(|&at| pasts[at as usize].key.is_some());
        let own: Vec<u32> = (0..pasts.len() as u32).collect();
        let mut accounts = sums(&pasts, &own, |past| (past.cluster, past.principal), |past| past.source);
        let sources = sums(&pasts, &by_source, |past| (past.cluster, past.source), |past| past.principal);
        let mut networks: HashMap<_, Millis, RandomState> = HashMap::default();
        for past in pasts.iter().filter(|past| !past.key.is_some()) {
            if let Some((net, outside)) = net(past.source) {
                let first = networks.entry((past.cluster, past.principal, net)).or_insert_with(|| {
                    if let Some(sum) = accounts.get_mut(&(past.cluster, past.principal)) {
                        sum.nets[0] += 1;
                        sum.nets[1] += u32::from(outside);
                    }
                    past.first
                });
                *first = past.first.min(*first);
            }
        }
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
        let wanted = (cluster, principal, source, Sym::NONE);
        let key = |past: &Past| (past.cluster, past.principal, past.source, past.key);
        self.pasts.binary_search_by_key(&wanted, key).ok().map(|at| &self.pasts[at])
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

    /// When an account first got in from a network.
    pub(super) fn network(&self, cluster: u16, principal: Sym, net: Net) -> Option<Millis> {
        self.networks.get(&(cluster, principal, net)).copied()
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

    /// How successes are spread over one node and the others, see [`Spread`], in one look at them.
    pub(super) fn spread(&self, past: &Past, node: usize, start: Millis, end: Millis) -> Spread {
        let mut spread = Spread::default();
        let overlaps = past.first <= end && start <= past.last;
        for way in self.ways(past) {
            let there = way.node as usize == node;
            let within = if overlaps { share_within(way.series, start, end) } else { 0.0 };
            spread.within += within;
            if there {
                spread.ever_there += way.series.count() as f64;
                spread.within_there += within;
            }
        }
        spread
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

fn past(run: &[Raw<'_>], ways: Range<u32>) -> Option<Past> {
    let &(cluster, principal, source, key, _) = run.first()?;
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
    let mut days = Vec::new();
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
                if days.last() != Some(&day) {
                    days.push(day);
                }
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    past.days = days.len().min(usize::from(u16::MAX)) as u16;
    (past.count > 0).then_some(past)
}

/// Sums of pasts that share an account or an address; `order` lists them so that these stand together.
fn sums(
    pasts: &[Past],
    order: &[u32],
    shared: impl Fn(&Past) -> (u16, Sym),
    other: impl Fn(&Past) -> Sym,
) -> HashMap<(u16, Sym), Sum, RandomState> {
    let mut sums = HashMap::default();
    let mut start = 0;
    for run in order.chunk_by(|&a, &b| shared(&pasts[a as usize]) == shared(&pasts[b as usize])) {
        let of = |&at: &u32| &pasts[at as usize];
        let own = || run.iter().map(of).filter(|past| !past.key.is_some());
        let mut sum = Sum {
            range: start..start + run.len() as u32,
            others: 0,
            count: own().map(|past| u64::from(past.count)).sum(),
            days: own().map(|past| u32::from(past.days)).sum(),
            first: Millis(i64::MAX),
            last: Millis(i64::MIN),
            hours: 0,
            nets: [0; 2],
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
        start += run.len() as u32;
        sums.insert(shared(of(&run[0])), sum);
    }
    sums
}
