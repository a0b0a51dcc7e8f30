//! Where the tries of a campaign come from: what its successes are weighed against.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::arrivals::Crowd;
use super::features::{Feature, is_of_many, was_shared};
use super::history::HOUR;
use super::measure::Measure;
use super::place::{Host, Net, SHARED};
use super::scene::Scene;
use super::tell::Judgement;
use crate::state::Sym;
use crate::time::Millis;

/// The tries of a campaign by address, by time, and how many came from each network.
pub(super) struct Tries {
    cluster: u16,
    /// When the campaign began.
    start: Millis,
    sources: HashMap<Sym, Vec<u32>, RandomState>,
    nets: HashMap<Net, usize, RandomState>,
    /// How many accounts were tried from each address.
    accounts: HashMap<Sym, usize, RandomState>,
    /// Which were, by address and account.
    pairs: HashSet<(Sym, Sym), RandomState>,
    /// How many were tried from each host.
    by_host: HashMap<Host, usize, RandomState>,
    /// From everywhere.
    pub(super) all: usize,
    /// Logarithm of the odds that who comes to a new place outside meanwhile is one of theirs.
    pub(super) amid: f64,
}

impl Tries {
    pub(super) fn new(measure: &Measure<'_, '_>, judgement: &Judgement) -> Self {
        let (scene, campaign) = (measure.scene, &judgement.campaign);
        let many = judgement.features.get(Feature::ManySources) * judgement.features.get(Feature::Outside) >= 0.5;
        let start = campaign.span(scene).map_or(Millis(i64::MAX), |(start, _)| start);
        let (sources, nets, accounts) = (HashMap::default(), HashMap::default(), HashMap::default());
        let all = campaign.attempts.len();
        let pair = |&at: &u32| (scene.attempt(at).source, scene.attempt(at).principal);
        let pairs: HashSet<(Sym, Sym), RandomState> = campaign.attempts.iter().map(pair).collect();
        let at_host: HashSet<(Host, Sym), RandomState> =
            pairs.iter().map(|&(source, account)| (scene.host(source), account)).collect();
        let mut by_host: HashMap<Host, usize, RandomState> = HashMap::default();
        at_host.into_iter().for_each(|(host, _)| *by_host.entry(host).or_default() += 1);
        let cluster = campaign.cluster;
        let mut tries = Self { cluster, start, sources, nets, accounts, pairs, by_host, all, amid: 0.0 };
        for (source, _) in &tries.pairs {
            *tries.accounts.entry(*source).or_default() += 1;
        }
        for (at, source) in campaign.attempts.iter().map(|&at| (at, scene.attempt(at).source)) {
            tries.sources.entry(source).or_default().push(at);
            if let Some(net) = scene.net(source) {
                *tries.nets.entry(net).or_default() += 1;
            }
        }
        if let Some(span) = campaign.span(scene).filter(|_| many) {
            // Good & Turing: the sources that are seen once tell how many are not seen.
            let unseen = tries.sources.values().filter(|tries| tries.len() == 1).count() as f64 / all.max(1) as f64;
            let unknown = [Feature::Unknown, Feature::UnknownAccount].map(|feature| judgement.features.get(feature));
            let known = (1.0 - unknown.iter().sum::<f64>()).max(0.0);
            let crowd = Crowd { tries: all as f64, unseen, known };
            tries.amid = measure.arrivals().odds(campaign.cluster, span, crowd).max(0.0);
        }
        tries
    }

    /// Whether many get in from an address of their own accord: they did before it began, or more accounts got in than were tried,
    /// or, inside, several that were not tried at all.
    pub(super) fn is_site(&self, scene: &Scene<'_>, source: Sym) -> bool {
        let accounts = scene.history.source(self.cluster, source).map_or(0, |sum| sum.others as usize);
        let tried = self.accounts.get(&source).copied().unwrap_or(0);
        let not_tried = || {
            let own = scene.history.of_source(self.cluster, source).filter(|past| !past.key.is_some());
            own.filter(|past| !self.pairs.contains(&(source, past.principal))).take(SHARED as usize).count()
        };
        is_of_many(scene, self.cluster, source)
            && (tried < accounts
                || was_shared(scene, self.cluster, source, self.start)
                || !scene.is_outside(source) && not_tried() == SHARED as usize)
    }

    /// From an address, or from the network of one outside where hardly anybody else is.
    pub(super) fn of(&self, measure: &Measure<'_, '_>, source: Sym) -> usize {
        let scene = measure.scene;
        let own = |net: &Net| !measure.sites.is_site(self.cluster, *net, self.start);
        let net = scene.net(source).filter(|_| scene.is_outside(source)).filter(own);
        let of_net = net.and_then(|net| self.nets.get(&net)).copied();
        of_net.or_else(|| self.sources.get(&source).map(Vec::len)).unwrap_or(0)
    }

    /// Whether accounts were tried from an address that who gets in there cannot have meant: several others, or one whose name
    /// does not resemble its own.
    pub(super) fn are_for_others(&self, scene: &Scene<'_>, (principal, source): (Sym, Sym)) -> bool {
        let all = self.accounts.get(&source).copied().unwrap_or(0);
        let others = all - usize::from(self.pairs.contains(&(source, principal)));
        let tries = self.sources.get(&source).map_or(&[][..], Vec::as_slice);
        let tried = || tries.iter().map(|&at| scene.attempt(at).principal).find(|&tried| tried != principal);
        let unlike = |other: Sym| !scene.resemble(other, principal);
        others > 1 || others == 1 && tried().is_some_and(unlike)
    }

    /// Whether so many accounts were tried from a host outside, which is none where many get in, that it is the campaign's own: that
    /// somebody comes to this very address for the first time meanwhile is no chance.
    pub(super) fn is_its_own(&self, scene: &Scene<'_>, source: Sym) -> bool {
        /// Accounts: who shares an address with as many does so all the time.
        const MANY: usize = 10;
        let tried = self.by_host.get(&scene.host(source)).copied().unwrap_or(0);
        scene.is_outside(source) && tried >= MANY && !self.is_site(scene, source)
    }

    /// How many other accounts were tried from an address moments before an account got in there; two stand for more.
    pub(super) fn just_before(&self, scene: &Scene<'_>, (principal, source): (Sym, Sym), time: Millis) -> usize {
        /// Whoever tries one account after the other goes on at once with one that is right.
        const MOMENT: i64 = HOUR / 30;
        let tries = self.sources.get(&source).map_or(&[][..], Vec::as_slice);
        let before = &tries[..tries.partition_point(|&at| scene.time(at) <= time)];
        let recent = before.iter().rev().take_while(|&&at| time.0 - scene.time(at).0 <= MOMENT);
        let mut others = recent.map(|&at| scene.attempt(at).principal).filter(|&tried| tried != principal);
        let Some(first) = others.next() else { return 0 };
        1 + usize::from(others.any(|tried| tried != first))
    }
}
