//! How strange a place is to an account, by what it and everybody did before.

use super::place::Host;
use super::places::{DAYS_OF_EVERYBODY, Newness, PRIOR_NEW, newness};
use super::scene::Scene;
use crate::state::Sym;
use crate::time::Millis;

impl Scene<'_> {
    /// Chance that an account is at such a new place on a day.
    pub(super) fn new_place(&self, cluster: u16, account: Sym, source: Sym, before: Millis) -> f64 {
        let who = usize::from(self.is_program(cluster, account));
        let place = self.address(source).map(|address| (address.net, address.outside));
        let known = place.and_then(|(net, _)| self.history.network(cluster, account, net));
        let newness = newness(place, known, before);
        let everybody = self.places.shares[who][newness as usize];
        let Some(sum) = self.history.account(cluster, account) else { return everybody };
        // The place that is being judged is left out.
        let itself = self.history.pair(cluster, account, source);
        let days = f64::from(sum.days.saturating_sub(itself.map_or(0, |past| u32::from(past.days))));
        let known_net = u32::from(known.is_some());
        let new = match newness {
            Newness::Address => sum.others.saturating_sub(1 + u32::from(itself.is_some())),
            Newness::Network => sum.nets[0].saturating_sub(1 + known_net),
            Newness::Outside => sum.nets[1].saturating_sub(known_net),
        };
        ((f64::from(new) + DAYS_OF_EVERYBODY * everybody) / (days + DAYS_OF_EVERYBODY)).min(1.0)
    }

    /// How strange a place is to an account before a time, from 0 to 1: 1 = as strange as to somebody who never leaves the
    /// desk.
    pub(super) fn strangeness(&self, cluster: u16, account: Sym, source: Sym, before: Millis) -> f64 {
        let network = self.net(source).and_then(|net| self.history.network(cluster, account, net));
        // A network of its own is a little less strange, to programs much less: their hosts come and go.
        let near = network.is_some_and(|first| first < before);
        // Nor is another address of the same host a place.
        if near && matches!(self.host(source), Host::Network(_)) {
            return 0.0;
        }
        let discount = match (near, self.is_program(cluster, account)) {
            (true, true) => 0.3,
            (true, false) => 0.8,
            (false, _) => 1.0,
        };
        discount * (self.new_place(cluster, account, source, before).ln() / PRIOR_NEW.ln()).clamp(0.0, 1.0)
    }
}
