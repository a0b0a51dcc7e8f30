//! Networks outside at which many people are at work: an office with public addresses, a campus, a pool. Who tries accounts there
//! stands beside them, so what comes from such a network is known by its address, and not by the network.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::place::{Net, SHARED};
use super::scene::Scene;
use super::unit::Unit;
use crate::time::Millis;

/// Accounts that get in, for each that is tried, from which on a network is that of people: of the names that are tried in an
/// attack fewer fall.
const AT_WORK: f64 = 0.25;

/// Who gets in from a network, and who fails there.
#[derive(Debug, Clone, Copy, Default)]
struct Site {
    /// Accounts that get in.
    accounts: u32,
    /// When each of the first few of them first did, by time.
    first: [Option<Millis>; SHARED as usize],
    /// Accounts that fail.
    tried: u32,
}

impl Site {
    fn enter(&mut self, mut time: Millis) {
        self.accounts += 1;
        for known in &mut self.first {
            match known {
                Some(first) if *first <= time => {}
                Some(first) => std::mem::swap(first, &mut time),
                None => {
                    *known = Some(time);
                    return;
                }
            }
        }
    }

    /// Whether people are at work there: several got in before a time, or more than fall to those who try.
    fn is_at_work(&self, before: Millis) -> bool {
        let settled = self.first.last().copied().flatten().is_some_and(|last| last < before);
        settled || self.accounts >= SHARED && f64::from(self.accounts) >= AT_WORK * f64::from(self.tried)
    }
}

/// The networks outside from which somebody fails, by cluster.
#[derive(Debug)]
pub(super) struct Sites(HashMap<(u16, Net), Site, RandomState>);

impl Sites {
    pub(super) fn new(scene: &Scene<'_>, units: &[Unit]) -> Self {
        let outside = |source| scene.net(source).filter(|_| scene.is_outside(source));
        let mut sites: HashMap<(u16, Net), Site, RandomState> = HashMap::default();
        let mut last = None;
        for unit in units.iter().filter(|unit| unit.principal.is_some()) {
            let Some(net) = outside(unit.source) else { continue };
            let place = (unit.cluster, unit.principal, net);
            let tried = &mut sites.entry((unit.cluster, net)).or_default().tried;
            *tried += u32::from(last.replace(place) != Some(place));
        }
        for (cluster, net, first) in scene.history.networks() {
            if let Some(site) = sites.get_mut(&(cluster, net)) {
                site.enter(first);
            }
        }
        Self(sites)
    }

    /// Whether people are at work in a network.
    pub(super) fn is_site(&self, cluster: u16, net: Net, before: Millis) -> bool {
        self.0.get(&(cluster, net)).is_some_and(|site| site.is_at_work(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_at_work_are_told_from_those_who_fell() {
        let site = |entries: &[i64], tried| {
            let mut site = Site { tried, ..Site::default() };
            entries.iter().for_each(|&time| site.enter(Millis(time)));
            site
        };
        let times = [50, 10, 40, 20, 30, 60];
        assert!(site(&times, 1000).is_at_work(Millis(51)));
        assert!(!site(&times, 1000).is_at_work(Millis(50)));
        assert!(!site(&times[..4], 4).is_at_work(Millis(100)));
        assert!(site(&times, 24).is_at_work(Millis(0)));
        assert!(!site(&times, 25).is_at_work(Millis(0)));
    }
}
