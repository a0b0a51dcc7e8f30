//! Clients that fail far faster than they ever got in: what is stored asks as often as it always did, and who guesses asks as often as
//! it can.

use super::campaign::Campaign;
use super::measure::Measure;
use super::names;
use super::unit::Unit;

/// Failures without which nothing is known of a pace.
const TRIES: usize = 20;

/// How many times as fast as before is more than a client that tries again.
const FASTER: f64 = 10.0;

/// Times a millisecond, of a minute at least.
fn rate(count: f64, span: i64) -> f64 {
    count / (span.max(60_000) as f64)
}

impl Measure<'_, '_> {
    /// Whether an account at its own place fails far faster than it used to get in. Not so of a service account: its token is made
    /// of random letters, which nobody guesses where it is used.
    pub(super) fn exceeds(&self, unit: &Unit) -> bool {
        if names::is_service_account(self.scene.bytes(unit.principal)) {
            return false;
        }
        let Some(past) = self.scene.pasts_at(unit.cluster, unit.principal, unit.source).next() else { return false };
        let before = rate(f64::from(unit.before), unit.first.0 - past.first.0);
        unit.before > 0.0
            && unit.run as usize >= TRIES
            && rate(unit.len() as f64, unit.last.0 - unit.first.0) > FASTER * before
    }

    /// The same of one account's tries through several addresses of many together: who balances between proxies sends each some of them.
    pub(super) fn exceeds_through_proxies(&self, campaign: &Campaign) -> bool {
        let units = || self.units_of(campaign);
        let Some((first, last)) = campaign.span(self.scene) else { return false };
        let Some(account) = units().next().map(|unit| unit.principal) else { return false };
        let since = self.scene.history.account(campaign.cluster, account).map_or(first, |sum| sum.first);
        let before: f64 = units().map(|unit| f64::from(unit.before)).sum();
        let tries = campaign.attempts.len();
        units().nth(1).is_some()
            && units().all(|unit| unit.principal == account)
            && tries >= TRIES
            && rate(tries as f64, last.0 - first.0) > FASTER * rate(before, first.0 - since.0)
    }
}
