//! Stretches of time in which far more strangers than usual fail: at one address that many share, or from outside
//! altogether. People mistype names and come to other places at a rate that changes little; a campaign changes it (Javed &
//! Paxson, CCS 2013). Needs no success in the log.

use std::collections::BTreeMap;

use super::history::HOUR;
use super::index::Class;
use super::null::poisson_tail;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;

/// Widths of the bins that are looked at, milliseconds: sprays of minutes and of a working day.
const WIDTHS: [i64; 2] = [HOUR / 6, 6 * HOUR];

/// How many more than on average an ordinary busy hour has: work is done in about 50 of the 168 hours of a week.
const BUSY: f64 = 4.0;

/// Mistyped names for each success: people mistype 1 to 5 % of their passwords and about a tenth as many names, and do a few
/// things at each login.
const MISNAMED: f64 = 0.005;

/// Strangers of a bin that are usual even where the log shows none at other times.
const LEAST: f64 = 0.25;

/// Logarithm of the chance below which a bin stands out, beyond the number of bins looked at.
const CHANCE: f64 = -10.0;

/// A log that is shorter holds no other time that minutes could be compared with.
pub(super) const SHORT: i64 = HOUR;

/// Fewer episodes are no crowd.
pub(super) const FEWEST: usize = 5;

/// Marks the episodes of such stretches.
pub(super) fn mark(scene: &Scene<'_>, units: &mut [Unit]) {
    // Outside, strangers come from anywhere; inside, an address is looked at by itself.
    let mut groups: BTreeMap<(u16, Option<Sym>), Vec<u32>> = BTreeMap::new();
    for (unit, at) in units.iter().zip(0..) {
        let stranger =
            matches!(unit.standing, Standing::Strange | Standing::Unknown | Standing::UnknownAccount | Standing::Blind);
        let outside = scene.is_outside(unit.source);
        if unit.class == Class::Named && stranger && (outside || !unit.alone) {
            if outside {
                groups.entry((unit.cluster, None)).or_default().push(at);
            }
            groups.entry((unit.cluster, Some(unit.source))).or_default().push(at);
        }
    }
    for ((cluster, source), list) in groups.into_iter().filter(|(_, list)| list.len() >= FEWEST) {
        // Who works there mistypes a name now and then.
        let logins = source.and_then(|source| scene.history.source(cluster, source));
        let rate = logins.map_or(0.0, |sum| MISNAMED * sum.count as f64 / (sum.last.0 - sum.first.0).max(HOUR) as f64);
        for width in WIDTHS.map(|width| width.max(scene.length() / 5000)) {
            let of_one = source.is_some_and(|source| scene.is_outside(source));
            for at in excess(scene, units, &list, width, (rate * width as f64, of_one)) {
                units[at as usize].crowd = true;
            }
        }
    }
}

/// The episodes of a group that begin in bins with an excess. `of_one`: they come from one address outside. That many accounts
/// fail there is unusual in a log of minutes, too, of which nothing else is known: who exports only the failures, or the minutes
/// of an attack, has such a log.
fn excess(scene: &Scene<'_>, units: &[Unit], list: &[u32], width: i64, (mistyped, of_one): (f64, bool)) -> Vec<u32> {
    let mut bins: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for &at in list {
        bins.entry(units[at as usize].first.0.div_euclid(width)).or_default().push(at);
    }
    let all = (scene.length() as f64 / width as f64).max(1.0);
    let mut counts: Vec<usize> = bins.values().map(Vec::len).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    // The fullest tenth of the bins is left out of what is usual.
    let left = (all / 10.0).ceil() as usize;
    let usual = counts.iter().skip(left).sum::<usize>() as f64 / (all - left as f64).max(1.0);
    let odd = |count: usize| {
        count >= FEWEST && poisson_tail(count as f64, BUSY * usual.max(LEAST).max(mistyped)) < CHANCE - all.ln()
    };
    let comparable = all >= 4.0 || of_one && scene.length() < SHORT;
    bins.into_values().filter(|bin| comparable && odd(bin.len())).flatten().collect()
}
