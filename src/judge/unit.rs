//! Episodes: the failures of one account from one address (or of one address, where no account is named) without a long
//! pause, with what history knows of them. Campaigns are made of these.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use rayon::prelude::*;

use super::episodes::cuts;
use super::features::is_shared;
use super::history::{DAY, HOUR, MOST_PASTS, Past, Success};
use super::index::{self, Class, Index, IndexRange};
use super::place::Host;
use super::scene::Scene;
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// From this strangeness on a new place is no ordinary one for the account.
const STRANGE: f64 = 0.5;

/// Failures with a longer pause are two tries at logging in: people try again within seconds, or get help.
pub(super) const SITTING: i64 = HOUR / 4;

/// How an address stands to the account that fails from it, or to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Standing {
    /// The account had got in from there before.
    Own,
    /// It had, and so had many others.
    OwnShared,
    /// Nothing is known of the account before; afterwards this is where it works.
    Later,
    /// The account had got in from the same network, or many others from the address.
    Near,
    /// The account gets in, and from elsewhere.
    Strange,
    /// The account never gets in; whoever works at the address does so right after: a mistyped name.
    Mistyped,
    /// The account never gets in; others do from there.
    UnknownAccount,
    /// The account never gets in, and nobody does from there.
    Unknown,
    /// Successes are not logged: nothing can be known.
    Blind,
}

impl Standing {
    /// Whether ordinary life of the account explains the address.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::Own | Self::OwnShared | Self::Later | Self::Near | Self::Mistyped)
    }
}

/// How much more often a client fails on one node than on the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NodeContrast {
    /// Index into the node table.
    pub(super) node: usize,
    /// Logarithm of the likelihood ratio of "it differs" against "all nodes are alike".
    pub(super) weight: f64,
    /// Successes on other nodes meanwhile.
    pub(super) elsewhere: f64,
}

/// An episode.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    pub(super) class: Class,
    pub(super) cluster: u16,
    pub(super) principal: Sym,
    pub(super) source: Sym,
    /// The stranger for whom a proxy at the address passed the requests on, or [`Sym::NONE`].
    pub(super) behind: Sym,
    range: Range<u32>,
    pub(super) first: Millis,
    pub(super) last: Millis,
    /// Failures in a row without a success between them, at most; with a long pause they are in a row only where the account
    /// had got in before, so that a success is missing.
    pub(super) run: u32,
    /// How many tries at logging in these are: 1 and the pauses between them, as shares of a long one.
    pub(super) sittings: f32,
    /// Stretches of failures between long pauses.
    pub(super) bouts: u32,
    /// Failures of the account in a row, from wherever.
    pub(super) streak: u32,
    pub(super) standing: Standing,
    /// The account fails from nowhere else, and from there nobody else fails or gets in.
    pub(super) alone: bool,
    /// Part of a stretch in which far more strangers than usual fail.
    pub(super) crowd: bool,
    /// Part of a stretch in which clients lack the credentials that they have (see [`super::headerless`]).
    pub(super) headerless: bool,
    /// Successes from there before the first failure ever.
    pub(super) before_any: f32,
    /// Successes from there before, between and after the failures.
    pub(super) before: f32,
    pub(super) between: f32,
    pub(super) after: f32,
    /// The first success from there after the first failure.
    pub(super) entry: Option<Success>,
    pub(super) program: bool,
    pub(super) contrast: Option<Box<NodeContrast>>,
}

impl Unit {
    /// Whether the account gets in from several other addresses of its network.
    pub(super) fn is_among_its_hosts(&self, scene: &Scene<'_>) -> bool {
        let net = scene.net(self.source);
        let own = scene.history.of_account(self.cluster, self.principal).take(MOST_PASTS);
        let beside = own.filter(|past| past.source != self.source && scene.net(past.source) == net);
        net.is_some() && beside.map(|past| past.source).collect::<HashSet<_, RandomState>>().len() > 1
    }

    /// Whether a program got in at last at one more host inside, and has worked there for hours as at its others: it was set right. Who
    /// breaks in does not take over a program's work.
    pub(super) fn was_set_right(&self, scene: &Scene<'_>) -> bool {
        /// Of how often it gets in at another host on average, and for how long.
        const PART: f64 = 0.25;
        const HOURS: i64 = 12 * HOUR;
        let pace = |past: &Past| f64::from(past.count) * DAY as f64 / (past.last.0 - past.first.0).max(DAY) as f64;
        let mut pasts = scene.pasts_at(self.cluster, self.principal, self.source);
        let Some(here) = pasts.find(|past| past.first >= self.first) else { return false };
        if scene.is_outside(self.source)
            || here.last.0 - here.first.0 < HOURS
            || !scene.is_program(self.cluster, self.principal)
        {
            return false;
        }
        let own = scene.history.of_account(self.cluster, self.principal).take(MOST_PASTS);
        let others = own.filter(|past| past.source != self.source && !past.key.is_some());
        let paces: Vec<f64> = others.map(pace).collect();
        paces.len() > 1 && pace(here) >= PART * paces.iter().sum::<f64>() / paces.len() as f64
    }

    /// Whether the account had got in from the network of the address before.
    pub(super) fn is_of_its_net(&self, scene: &Scene<'_>) -> bool {
        let known = scene.net(self.source).and_then(|net| scene.history.network(self.cluster, self.principal, net));
        known.is_some_and(|first| first < self.first)
    }

    /// Whether an account inside, of which nothing is known before, works on where alone it failed: a cluster that takes the place of
    /// another knows none of its clients.
    pub(super) fn settles(&self, scene: &Scene<'_>) -> bool {
        self.standing == Standing::Later && self.alone && !scene.is_outside(self.source)
    }

    /// Its attempts, by time.
    pub(super) fn attempts<'s>(&self, scene: &'s Scene<'_>) -> &'s [u32] {
        scene.index.slice(&self.range)
    }

    /// What the account did with success at its host; without an account, what anybody did from its addresses, which a host of IPv6
    /// has several of.
    pub(super) fn pasts<'s>(&self, scene: &'s Scene<'_>) -> Vec<&'s Past> {
        if self.principal.is_some() {
            return scene.pasts_at(self.cluster, self.principal, self.source).collect();
        }
        // What others do through the proxy is nothing of this one's.
        if self.behind.is_some() {
            return Vec::new();
        }
        let mut sources: Vec<Sym> = self.attempts(scene).iter().map(|&at| scene.attempt(at).source).collect();
        sources.sort_unstable();
        sources.dedup();
        sources.into_iter().flat_map(|source| scene.history.of_source(self.cluster, source)).take(MOST_PASTS).collect()
    }

    /// Whether ordinary life explains the address: of the account, or of somebody of whom nothing else is seen at a desk of
    /// the organisation's.
    pub(super) fn is_local(&self, scene: &Scene<'_>) -> bool {
        match self.standing {
            Standing::Unknown | Standing::Blind => self.alone && !self.crowd && !scene.is_outside(self.source),
            standing => standing.is_local(),
        }
    }

    /// Whether its tokens had expired, most of them: these had been right, so whoever sends them had got in.
    pub(super) fn has_expired(&self, scene: &Scene<'_>) -> bool {
        let attempts = self.attempts(scene);
        let expired = attempts.iter().filter(|&&at| scene.attempt(at).reason == Reason::TokenExpired).count();
        expired * 2 > attempts.len()
    }

    /// Whether most of it is what somebody else signs (see [`index::is_signed`]).
    pub(super) fn is_signed(&self, scene: &Scene<'_>) -> bool {
        let signed = |&&at: &&u32| index::is_signed(scene.bytes(scene.attempt(at).principal));
        self.class == Class::Nameless && self.attempts(scene).iter().filter(signed).count() * 2 > self.len()
    }

    /// Whether it comes from outside, or a proxy inside passed it on from there.
    pub(super) fn comes_from_outside(&self, scene: &Scene<'_>) -> bool {
        scene.is_outside(self.source) || self.behind.is_some()
    }

    /// How many failures.
    pub(super) fn len(&self) -> usize {
        (self.range.end - self.range.start) as usize
    }
}

/// The episodes of all attempts that are grouped by who and where.
pub(super) fn units(scene: &Scene<'_>) -> Vec<Unit> {
    let of_group = |group: &IndexRange| {
        let attempts = scene.index.of(group);
        let start = Index::start(group);
        let cuts = cuts(scene, group, attempts);
        let make = |ends: &[usize]| {
            unit(scene, group, &attempts[ends[0]..ends[1]], start + ends[0] as u32..start + ends[1] as u32)
        };
        let mut units: Vec<Unit> = cuts.windows(2).filter_map(make).collect();
        let before_any = units.first().map_or(0.0, |unit| unit.before);
        units.iter_mut().for_each(|unit| unit.before_any = before_any);
        units
    };
    scene.index.groups().par_iter().with_min_len(64).flat_map_iter(of_group).collect()
}

fn unit(scene: &Scene<'_>, group: &IndexRange, attempts: &[u32], range: Range<u32>) -> Option<Unit> {
    let (&first, &last) = (attempts.first()?, attempts.last()?);
    let cluster = scene.cluster(scene.node(first));
    let (from, to) = (scene.time(first), scene.time(last));
    let history = &scene.history;
    let mut unit = Unit {
        class: group.class,
        cluster,
        principal: group.principal,
        source: group.source,
        behind: group.behind,
        range,
        first: from,
        last: to,
        run: attempts.len() as u32,
        sittings: 1.0,
        bouts: 1,
        streak: 0,
        alone: false,
        crowd: false,
        headerless: false,
        before_any: 0.0,
        standing: Standing::Blind,
        before: 0.0,
        between: 0.0,
        after: 0.0,
        entry: None,
        program: group.principal.is_some() && scene.is_program(cluster, group.principal),
        contrast: None,
    };
    let pasts = unit.pasts(scene);
    for past in &pasts {
        unit.before += history.within(past, Millis(i64::MIN), Millis(from.0 - 1)) as f32;
        unit.between += history.within(past, from, to) as f32;
        unit.after += history.within(past, Millis(to.0 + 1), Millis(i64::MAX)) as f32;
        let entry = history.first_after(past, from);
        unit.entry = [unit.entry, entry].into_iter().flatten().min_by_key(|success| success.time);
    }
    unit.standing = if group.principal.is_some() { standing(scene, &unit, &pasts) } else { bare(scene, &unit) };
    (unit.run, unit.sittings) = longest_run(scene, attempts, &pasts, &unit);
    let pauses = scene.gaps(attempts).into_iter().filter(|&gap| gap > SITTING).count();
    unit.bouts = 1 + pauses as u32;
    unit.contrast = contrast(scene, attempts, &pasts, &unit).map(Box::new);
    Some(unit)
}

/// How the address stands to the account; `own` is what that did at its host.
fn standing(scene: &Scene<'_>, unit: &Unit, own: &[&Past]) -> Standing {
    let history = &scene.history;
    if !history.any() || !logs_successes(scene, unit) {
        return Standing::Blind;
    }
    let account = history.account(unit.cluster, unit.principal).filter(|sum| sum.count > 0);
    let source = history.source(unit.cluster, unit.source).filter(|sum| sum.count > 0 || sum.first < unit.first);
    let shared = source.is_some() && is_shared(scene, unit.cluster, unit.source);
    if unit.before > 0.0 {
        // A program that stops getting in at the address where it works is itself there, whoever else comes through it.
        let itself = unit.program && unit.between < 1.0;
        return if shared && !itself { Standing::OwnShared } else { Standing::Own };
    }
    let Some(account) = account else {
        return match source {
            Some(_) if !shared && mistyped(scene, unit).is_some() => Standing::Mistyped,
            Some(_) => Standing::UnknownAccount,
            None => Standing::Unknown,
        };
    };
    let known_before = account.first < unit.first;
    let settles = !is_restless(scene, unit);
    let count: u64 = own.iter().map(|past| u64::from(past.count)).sum();
    if !settles {
        return Standing::Strange;
    }
    // The first days of a log know nobody: where an account goes on working is where it works.
    if !own.is_empty() && !known_before {
        let rare = count * 10 < account.count;
        let away = scene.is_outside(unit.source) && account.nets[1] <= 1 && account.others > 1;
        let home = count * 2 >= account.count;
        return if home || shared || !rare && !away { Standing::Later } else { Standing::Strange };
    }
    // Nor does the log know where a program worked that failed before it began: within a day all come to where they work.
    let (start, _) = scene.span(unit.cluster);
    let since_before = unit.first.0 - start.0 <= HOUR;
    let before = if since_before { Millis(start.0 + DAY) } else { unit.first };
    let strangeness = scene.strangeness(unit.cluster, unit.principal, unit.source, before);
    if strangeness < STRANGE { Standing::Near } else { Standing::Strange }
}

/// Whether failures come from ever new addresses of one network of IPv6: hosts take one or two a day (RFC 8981), and who takes one
/// a try does not want to be known again.
pub(super) fn is_restless(scene: &Scene<'_>, unit: &Unit) -> bool {
    /// Addresses that the devices of one person take on a day.
    const ADDRESSES: i64 = 4;
    if matches!(scene.host(unit.source), Host::Address(_)) {
        return false;
    }
    let addresses: HashSet<Sym, RandomState> =
        unit.attempts(scene).iter().map(|&at| scene.attempt(at).source).collect();
    addresses.len() as i64 > ADDRESSES * (1 + (unit.last.0 - unit.first.0) / DAY)
}

/// Who works at the address and got in right after a few tries under a name that nobody has.
pub(super) fn mistyped(scene: &Scene<'_>, unit: &Unit) -> Option<Sym> {
    /// Tries under a mistyped name before it is noticed.
    const TRIES: usize = 6;
    /// How soon after the name is written right.
    const SOON: i64 = HOUR / 4;
    let soon = Millis(unit.last.0 + SOON);
    // A key that was used from there before is of somebody who works there, too.
    let own = scene.history.of_source(unit.cluster, unit.source);
    let mut own = own.filter(|past| !past.key.is_some() || past.first < unit.first).take(MOST_PASTS);
    let owner = own.find(|past| scene.history.within(past, unit.last, soon) >= 1.0)?;
    (unit.len() <= TRIES).then_some(owner.principal)
}

/// How the address of failures without an account stands.
fn bare(scene: &Scene<'_>, unit: &Unit) -> Standing {
    if !scene.history.any() || !logs_successes(scene, unit) {
        return Standing::Blind;
    }
    let shared = is_shared(scene, unit.cluster, unit.source);
    match (unit.before > 0.0, unit.after > 0.0 || unit.between > 0.0) {
        (true, _) if shared => Standing::OwnShared,
        (true, _) => Standing::Own,
        (false, true) => Standing::Later,
        (false, false) => Standing::Unknown,
    }
}

/// Whether the nodes that an episode reached log successes.
fn logs_successes(scene: &Scene<'_>, unit: &Unit) -> bool {
    let attempts = unit.attempts(scene);
    [attempts.first(), attempts.last()].into_iter().flatten().any(|&at| scene.shows_successes(scene.node(at)))
}

/// The longest run of failures of an episode, and how many tries at logging in it is.
fn longest_run(scene: &Scene<'_>, attempts: &[u32], pasts: &[&Past], unit: &Unit) -> (u32, f32) {
    let broken = unit.between > 0.0;
    let elsewhere = |from: Millis, to: Millis| {
        let mut own = scene.history.of_account(unit.cluster, unit.principal).filter(|past| !past.key.is_some());
        !unit.program && own.by_ref().take(MOST_PASTS).any(|past| scene.history.within(past, from, to) >= 0.5)
    };
    // That nothing of a success is seen is no sign that there was none.
    let pause = if unit.standing == Standing::Blind { HOUR } else { SITTING };
    let (mut run, mut most) = ((0, 1.0), (0, 1.0));
    let mut last: Option<Millis> = None;
    for &at in attempts {
        let time = scene.time(at);
        let gap = last.map_or(0, |last| time.0 - last.0);
        let ended = last.is_none_or(|last| {
            let got_in = || pasts.iter().any(|past| scene.history.within(past, last, time) >= 1.0);
            let paused = gap > pause && (unit.before == 0.0 || gap > HOUR && elsewhere(last, time));
            paused || broken && got_in()
        });
        let share = (gap as f64 / SITTING as f64).min(1.0) as f32;
        run = if ended { (1, 1.0) } else { (run.0 + 1, run.1 + share) };
        most = if run.0 > most.0 { run } else { most };
        last = Some(time);
    }
    most
}

/// The node on which a client fails most above the others.
fn contrast(scene: &Scene<'_>, attempts: &[u32], pasts: &[&Past], unit: &Unit) -> Option<NodeContrast> {
    /// How far around few failures on a node successes are compared.
    const AROUND: i64 = HOUR / 6;
    /// Share of the failures without a name that are on a node that differs, at least.
    const ALL: f64 = 0.95;
    if pasts.is_empty() || unit.before + unit.between + unit.after < 1.0 {
        return None;
    }
    let mut nodes: Vec<usize> = attempts.iter().map(|&at| scene.node(at)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut best: Option<NodeContrast> = None;
    for &node in nodes.iter().take(8).filter(|&&node| scene.shows_successes(node)) {
        let mut here = attempts.iter().filter(|&&at| scene.node(at) == node).map(|&at| scene.time(at));
        let (Some(first), last) = (here.next(), here.next_back()) else { continue };
        let last = last.unwrap_or(first);
        let failed = attempts.iter().filter(|&&at| scene.node(at) == node).count() as f64;
        // Who is refused without a name is somebody else each time, and fails wherever it asks.
        if unit.class == Class::Nameless && failed < ALL * attempts.len() as f64 {
            continue;
        }
        // Successes before the first and after the last of many failures are of the time before and after.
        let around = if attempts.len() < 4 { AROUND } else { 0 };
        let (from, to) = (Millis(first.0 - around), Millis(last.0 + around));
        let others = attempts.iter().filter(|&&at| scene.node(at) != node && (from..=to).contains(&scene.time(at)));
        let others = others.count() as f64;
        let there: f64 = pasts.iter().map(|past| scene.history.within_on(past, node, from, to)).sum();
        let everywhere: f64 = pasts.iter().map(|past| scene.history.within(past, from, to)).sum();
        let elsewhere = (everywhere - there).max(0.0);
        let weight = contrast_weight((failed, there), (others, elsewhere));
        if weight > best.map_or(0.0, |best| best.weight) {
            best = Some(NodeContrast { node, weight, elsewhere });
        }
    }
    best
}

/// Logarithm of the likelihood ratio of two rates of failures, (failures, successes) each, against one. The rate of the other nodes
/// is at most a small one: a node does not differ by failing more where all fail.
fn contrast_weight(here: (f64, f64), there: (f64, f64)) -> f64 {
    /// Share of failures on nodes of which nothing is wrong.
    const USUAL: f64 = 0.1;
    let term = |(failed, got_in): (f64, f64), rate: f64| {
        let part = |count: f64, share: f64| if count > 0.0 { count * share.max(1e-9).ln() } else { 0.0 };
        part(failed, rate) + part(got_in, 1.0 - rate)
    };
    let rate = |(failed, got_in): (f64, f64)| failed / (failed + got_in).max(1e-9);
    if there.0 + there.1 < 1.0 || rate(here) <= rate(there) {
        return 0.0;
    }
    let both = (here.0 + there.0, here.1 + there.1);
    term(here, rate(here)) + term(there, rate(there).min(USUAL)) - term(here, rate(both)) - term(there, rate(both))
}

/// Whether gaps are alike: most are about the usual one. Few gaps tell nothing.
pub(super) fn is_regular(gaps: &[i64], usual: i64) -> bool {
    /// Gaps, how far from the usual one, and share of them that are so near.
    const FEWEST: usize = 9;
    const NEAR: i64 = 5;
    const MOST: f64 = 0.8;
    let near = gaps.iter().filter(|&&gap| (gap - usual).abs() * NEAR <= usual).count();
    gaps.len() >= FEWEST && usual > 0 && near as f64 >= MOST * gaps.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_fails_alone_stands_out() {
        assert!(contrast_weight((10.0, 0.0), (0.0, 20.0)) > 15.0);
        assert!(contrast_weight((2.0, 5.0), (1.0, 9.0)) < 1.0);
        assert!(contrast_weight((53.0, 0.0), (105.0, 215.0)) < 0.0, "all nodes fail");
        assert_eq!(contrast_weight((10.0, 0.0), (0.0, 0.0)), 0.0);
        assert_eq!(contrast_weight((1.0, 9.0), (5.0, 5.0)), 0.0);
    }

    #[test]
    fn an_episode_is_small() {
        // Judging's memory grows with these: a million of them are 128 MB at most.
        assert!(size_of::<Unit>() <= 128, "{}", size_of::<Unit>());
    }
}
