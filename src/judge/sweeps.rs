//! What no ordinary day explains, whatever it is: tries beyond chance and beyond what hands do.

use super::campaign::Campaign;
use super::features::{Feature, Features};
use super::index::Class;
use super::measure::Measure;
use super::unit::Standing;

/// Features of chance and of volume from which on one client's failures are something, whatever it is.
const BEYOND: f64 = 0.8;

/// Tries of each account from outside from which on it is more than forgetting.
const STUBBORN: usize = 40;

/// Probability at most that nothing happened, where one client fails more often than people do and than chance explains.
const NOTHING: f64 = 0.45;

/// And where that client is an outsider who tries many accounts: of 158 such campaigns of three authors none was ordinary.
const SWEPT: f64 = 0.05;

impl Measure<'_, '_> {
    /// Probability at most that nothing happened, of a campaign of passwords.
    pub(super) fn ordinary_at_most(&self, campaign: &Campaign, features: &Features) -> f64 {
        // What names no account is of one client where it has one source.
        let one = features.accounts == 1 || features.accounts == 0 && features.get(Feature::OneSource) >= 1.0;
        let beyond = features.get(Feature::Chance).min(features.get(Feature::Volume)) >= BEYOND;
        if self.sweeps_from_outside(campaign, features) || self.goes_through_names(campaign, features) {
            return SWEPT;
        }
        // Nor does anybody try each of a few accounts from outside so often.
        let stubborn = features.get(Feature::Outside) >= 1.0
            && features.get(Feature::Volume) >= 1.0
            && campaign.attempts.len() >= STUBBORN * features.accounts.max(1);
        let unusual = stubborn
            || one && (beyond || is_tireless(campaign, features))
            || beyond && sweeps_inside(campaign, features);
        if unusual { NOTHING } else { 1.0 }
    }

    /// Whether one host outside, from which nobody ever gets in, goes through several accounts, each a few times at most: people who
    /// share an address work there.
    fn goes_through_names(&self, campaign: &Campaign, features: &Features) -> bool {
        /// Accounts at least, and tries of each at most.
        const ACCOUNTS: usize = 6;
        const TRIES: usize = 3;
        let scene = self.scene;
        let mut hosts = self.units_of(campaign).map(|unit| scene.host(unit.source));
        let host = hosts.next();
        features.get(Feature::Outside) >= 1.0
            && features.accounts >= ACCOUNTS
            && campaign.attempts.len() <= TRIES * features.accounts
            && hosts.all(|other| Some(other) == host)
            && self.units_of(campaign).all(|unit| {
                unit.class == Class::Named
                    && unit.standing != Standing::Blind
                    && scene.history.of_source(campaign.cluster, unit.source).next().is_none()
            })
    }

    /// Whether one host outside tries many accounts that are not at home there, more than chance makes.
    fn sweeps_from_outside(&self, campaign: &Campaign, features: &Features) -> bool {
        /// Share of its episodes that are of strangers at least, and of those that get in at most: a site has a network, too.
        const STRANGERS: f64 = 0.4;
        const ENTER: f64 = 0.25;
        let strangers = [Feature::Strange, Feature::Unknown, Feature::UnknownAccount];
        let mut hosts = self.units_of(campaign).map(|unit| self.scene.host(unit.source));
        let host = hosts.next();
        features.get(Feature::Outside) >= 1.0
            && features.get(Feature::ManyAccounts) >= 1.0
            && features.get(Feature::Chance) >= BEYOND
            && strangers.iter().map(|&feature| features.get(feature)).sum::<f64>() >= STRANGERS
            && features.get(Feature::Enters) + features.get(Feature::Returns) <= ENTER
            && hosts.all(|other| Some(other) == host)
    }
}

/// Whether one client tries so often, at such a pace, as no hand does: a try every few seconds, dozens of times.
fn is_tireless(campaign: &Campaign, features: &Features) -> bool {
    const TRIES: usize = 40;
    const PACE: i64 = 10_000;
    features.get(Feature::OneSource) >= 1.0 && campaign.attempts.len() >= TRIES && features.gap <= PACE
}

/// Whether one address inside tries several accounts that are strangers there, or many at once, and nothing that is broken shows.
fn sweeps_inside(campaign: &Campaign, features: &Features) -> bool {
    /// Share of its episodes that are of strangers at least.
    const STRANGERS: f64 = 0.9;
    let strangers = [Feature::Strange, Feature::Unknown, Feature::UnknownAccount].map(|feature| features.get(feature));
    // Where no success is logged nobody is known to be a stranger, but far more fail there than at any other time.
    let crowd = features.get(Feature::Crowd) >= 1.0 && features.get(Feature::ManyAccounts) >= 1.0;
    features.get(Feature::OneSource) >= 1.0
        && features.accounts > 1
        && features.get(Feature::Outside) <= 0.0
        && (crowd || strangers.iter().sum::<f64>() >= STRANGERS)
        && !campaign.by_node
        && !campaign.surge
}
