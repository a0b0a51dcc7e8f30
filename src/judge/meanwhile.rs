//! What went on meanwhile: whether the accounts of a campaign got in all the same, and others through their realms.

use super::activity::Activity;
use super::arrivals::Arrivals;
use super::campaign::{Campaign, Family};
use super::features::{Feature, Features, Observed, is_shared};
use super::history::{DAY, HOUR};
use super::index::Class;
use super::lost;
use super::measure::Measure;
use super::unit::Unit;
use crate::state::Sym;
use crate::time::Millis;

/// Episodes of which some may lie apart from the others.
const SEVERAL: usize = 4;

/// Minutes of others at work that would have been seen, without which that none is seen may be chance.
const SEVERAL_MINUTES: f64 = 3.0;

/// A realm is one of a campaign's if it is that of every so many-th of its accounts.
const FAIR: usize = 4;

impl Measure<'_, '_> {
    fn activity(&self) -> &Activity {
        self.activity.get_or_init(|| Activity::new(&self.scene.history))
    }

    /// Who comes to new places outside, and when.
    pub(super) fn arrivals(&self) -> &Arrivals<'_> {
        self.arrivals.get_or_init(|| Arrivals::new(self.scene))
    }

    /// How often the accounts get in while they fail, by how often just before: a client with a wrong password does not get
    /// in, an account that somebody else tries does. 0 too where they did nothing before.
    pub(super) fn works_on(&self, campaign: &Campaign) -> f64 {
        /// Accounts and places of each that are looked at.
        const MOST: usize = 200;
        const MOST_PASTS: usize = 16;
        let scene = self.scene;
        let Some((first, last)) = self.core(campaign) else { return 0.0 };
        let length = (last.0 - first.0).max(HOUR / 6);
        let around = length.clamp(HOUR, DAY);
        let mut accounts: Vec<Sym> =
            self.units_of(campaign).map(|unit| unit.principal).filter(|principal| principal.is_some()).collect();
        accounts.sort_by_key(|&account| scene.shown(account));
        accounts.dedup();
        let (mut before, mut meanwhile) = (0.0, 0.0);
        for &account in accounts.iter().take(MOST) {
            let own = scene.history.of_account(campaign.cluster, account).filter(|past| !past.key.is_some());
            for past in own.take(MOST_PASTS) {
                before += scene.history.within(past, Millis(first.0 - around), Millis(first.0 - 1));
                meanwhile += scene.history.within(past, first, Millis(first.0 + length));
            }
        }
        let expected = before * length as f64 / around as f64;
        if expected < 1.0 { 0.0 } else { (meanwhile / expected).min(1.0) }
    }

    /// Whether others get in through the realms of these accounts meanwhile, and whether a realm was not asked.
    pub(super) fn realms(&self, campaign: &Campaign, features: &mut Features) {
        let scene = self.scene;
        if campaign.family == Family::Bare {
            return;
        }
        let several = features.accounts >= lost::ACCOUNTS;
        let mut lacks = 0.0;
        let mut asked = 0.0;
        for (unit, &at) in self.units_of(campaign).zip(&campaign.units).filter(|(unit, _)| unit.class == Class::Named) {
            let past = scene.pasts_at(unit.cluster, unit.principal, unit.source).next();
            let lacking = self.lacking[at as usize];
            if past.is_none() && !lacking {
                continue;
            }
            let &[first, ..] = unit.attempts(scene) else { continue };
            let Some(chain) = scene.chain(scene.attempt(first).chain).filter(|chain| !chain.is_empty()) else {
                continue;
            };
            asked += 1.0;
            let own = past.map(|past| past.realm).filter(|realm| realm.is_some());
            lacks += f64::from(u8::from(lacking || several && own.is_some_and(|realm| !chain.contains(&realm))));
        }
        features.observe(
            Feature::LacksRealm,
            if asked > 0.0 {
                Observed::Is(lacks / asked)
            } else {
                Observed::Unknown("no record says where the password was checked")
            },
        );
        // So do several who stop at their own places, one after the other.
        let own = features.get(Feature::Own) + features.get(Feature::OwnShared);
        if campaign.surge || own > 0.5 && campaign.units.len() >= 4 && features.get(Feature::OneAccount) == 0.0 {
            // That the accounts themselves get in shows it too.
            features.set(Feature::OwnRealm, self.share_of_realm(campaign));
            let (up, expected) = self.realm_is_up(campaign);
            let up = match up {
                // On other nodes these accounts themselves get in.
                _ if campaign.by_node => Observed::Is(1.0),
                Observed::Is(up) => Observed::Is(up.max(features.get(Feature::WorksOn))),
                unknown => unknown,
            };
            if let Observed::Is(up) = up {
                // That nobody came says the less, the fewer would have.
                features.set(Feature::RealmDown, (1.0 - up) * (1.0 - (-expected / SEVERAL_MINUTES).exp()));
            }
            features.observe(Feature::RealmUp, up);
        }
        if campaign.surge {
            let up = features.get(Feature::RealmUp);
            let all = campaign.units.len().max(1) as f64;
            // Behind an address that many share, an excess while others get in is no outage, whoever is tried.
            let shared = |unit: &&Unit| is_shared(scene, unit.cluster, unit.source);
            let shared = self.units_of(campaign).filter(shared).count() as f64 / all;
            let excess = up * shared * features.get(Feature::ManyAccounts);
            features.set(Feature::Through, excess);
            let asleep: f64 = self.units_of(campaign).map(|unit| self.asleep(unit)).sum();
            features.set(Feature::Asleep, asleep / all);
        }
    }

    /// Share of the accounts of a campaign's realms that are its own.
    fn share_of_realm(&self, campaign: &Campaign) -> f64 {
        let mut accounts: Vec<Sym> = self.units_of(campaign).map(|unit| unit.principal).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let realms = self.main_realms(campaign);
        let all: u32 = realms.iter().map(|&realm| self.activity().accounts(campaign.cluster, realm)).sum();
        (accounts.len() as f64 / f64::from(all.max(1))).min(1.0)
    }

    /// How surely an account was not there around its failures: it did nothing, though it usually does something in so long.
    fn asleep(&self, unit: &Unit) -> f64 {
        let scene = self.scene;
        let (from, to) = (Millis(unit.first.0 - HOUR / 2), Millis(unit.last.0 + HOUR));
        let mut own = scene.history.of_account(unit.cluster, unit.principal).take(64);
        if own.any(|past| scene.history.within(past, from, to) >= 0.5) {
            return 0.0;
        }
        let count = scene.history.account(unit.cluster, unit.principal).map_or(0, |sum| sum.count) as f64;
        1.0 - (-count * (to.0 - from.0) as f64 / scene.length(unit.cluster) as f64).exp()
    }

    /// Where most of a campaign's failures lie: of several episodes some belong to other days, and some begin before it does and
    /// end after.
    fn core(&self, campaign: &Campaign) -> Option<(Millis, Millis)> {
        let (first, last) = campaign.span(self.scene)?;
        if campaign.units.len() < SEVERAL {
            return Some((first, last));
        }
        let quantile =
            |of: usize| campaign.attempts.get(campaign.attempts.len() * of / 10).map(|&at| self.scene.time(at));
        Some((quantile(1).unwrap_or(first), quantile(8).unwrap_or(last)))
    }

    /// The realms through which the accounts get in otherwise: of several, those of a fair part of them. Others' people mistype
    /// meanwhile.
    fn main_realms(&self, campaign: &Campaign) -> Vec<Sym> {
        let scene = self.scene;
        let past = |unit: &Unit| scene.pasts_at(unit.cluster, unit.principal, unit.source).next();
        let mut realms: Vec<Sym> = self.units_of(campaign).filter_map(past).map(|past| past.realm).collect();
        realms.sort_unstable();
        let all = realms.len();
        realms.chunk_by(|a, b| a == b).filter(|run| run.len() * FAIR >= all).map(|run| run[0]).collect()
    }

    /// How much those of the same realms who are not part of it are at work meanwhile, by how much just before: 1 = half as
    /// much, or more; and how many of their minutes would be seen. Where they were hardly at work before, nothing can be known.
    fn realm_is_up(&self, campaign: &Campaign) -> (Observed<f64>, f64) {
        const NOBODY: (Observed<f64>, f64) = (Observed::Unknown("nobody else was at work through the same realm"), 0.0);
        let scene = self.scene;
        let Some((first, last)) = self.core(campaign) else { return NOBODY };
        let mut victims: Vec<Sym> = self.units_of(campaign).map(|unit| unit.principal).collect();
        victims.sort_unstable();
        victims.dedup();
        let realms = self.main_realms(campaign);
        let length = (last.0 - first.0).max(HOUR / 60);
        let around = length.clamp(HOUR, DAY);
        let others = |from: Millis, to: Millis| {
            let all: f64 = realms.iter().map(|&realm| self.activity().within(campaign.cluster, realm, from, to)).sum();
            let own = victims.iter().flat_map(|&victim| scene.history.of_account(campaign.cluster, victim));
            let own = own.filter(|past| !past.key.is_some() && realms.binary_search(&past.realm).is_ok());
            all - own.map(|past| Activity::of_pair(&scene.history, past, from, to)).sum::<f64>()
        };
        let before = others(Millis(first.0 - around), Millis(first.0 - 1));
        let expected = before * length as f64 / around as f64;
        if expected < 1.0 {
            return NOBODY;
        }
        (Observed::Is((2.0 * others(first, Millis(first.0 + length)) / expected).min(1.0)), expected)
    }
}
