//! Stretches of time in which far more strangers than usual fail: at one address that many share, or from outside
//! altogether. People mistype names and come to other places at a rate that changes little; a campaign changes it (Javed &
//! Paxson, CCS 2013). Needs no success in the log.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::history::{DAY, HOUR};
use super::index::Class;
use super::null::{Null, binomial_tail, poisson_tail};
use super::place::Host;
use super::scene::Scene;
use super::unit::{Standing, Unit, mistyped};
use crate::reserved::RESERVED_USERS;
use crate::state::Sym;
use crate::time::Millis;

/// Widths of the bins that are looked at, milliseconds: sprays of minutes and of a working day.
const WIDTHS: [i64; 2] = [HOUR / 6, 6 * HOUR];

/// How many more than on average an ordinary busy hour has: work is done in about 50 of the 168 hours of a week.
pub(super) const BUSY: f64 = 4.0;

/// Mistyped names for each success: people mistype 1 to 5 % of their passwords and about a tenth as many names, and do a few
/// things at each login.
const MISNAMED: f64 = 0.005;

/// Strangers of a bin that are usual even where the log shows none at other times.
const LEAST: f64 = 0.25;

/// Logarithm of the chance below which a bin stands out, beyond the number of bins looked at.
const CHANCE: f64 = -10.0;

/// A log that is shorter holds no other time that minutes could be compared with.
const SHORT: i64 = HOUR;

/// Fewer episodes are no crowd.
const FEWEST: usize = 5;

/// What lasts longer than a day's work without a rest of this part of it, and fills at most this part of a log that goes on for
/// a day besides, is no business hours.
const DAYS_WORK: i64 = 16 * HOUR;
const RESTS: i64 = 6;
const PART_OF_LOG: i64 = 2;

/// Share of the episodes in such a stretch, and how many there are at least.
const MOST: f64 = 0.9;
const MANY: usize = 30;

/// Share of people who mistype that do so again before they get in, at least: one to four in ten.
const AGAIN: f64 = 0.1;

/// Whether a log of such a length, of which nothing but minutes is known, holds failures of so many accounts: there is nothing to compare with.
pub(super) fn is_all(length: i64, accounts: usize) -> bool {
    length < SHORT && accounts >= FEWEST
}

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
    // Each address first: what one of them does is no crowd of the others.
    let (each, all): (Vec<_>, Vec<_>) = groups.into_iter().partition(|((_, source), _)| source.is_some());
    for ((cluster, source), mut list) in each.into_iter().chain(all) {
        if source.is_none() {
            list.retain(|&at| !units[at as usize].crowd);
        }
        if list.len() < FEWEST {
            continue;
        }
        // Who works there mistypes a name now and then.
        let logins = source.and_then(|source| scene.history.source(cluster, source));
        let rate = logins.map_or(0.0, |sum| MISNAMED * sum.count as f64 / (sum.last.0 - sum.first.0).max(HOUR) as f64);
        let length = scene.length(cluster);
        for width in WIDTHS.map(|width| width.max(length / 5000)) {
            let of_one = source.is_some_and(|source| scene.is_outside(source));
            for at in excess(length, units, &list, width, (rate * width as f64, of_one)) {
                units[at as usize].crowd = true;
            }
        }
        if source.is_none_or(|source| scene.is_outside(source)) {
            unlike_people(length, units, &list).into_iter().for_each(|at| units[at as usize].crowd = true);
        }
    }
    stack_users(scene, units);
    who_falls(scene, units);
}

/// Marks what one address tries when it goes through the users that the stack brings along: each of them logs in from its own
/// program, and where all of those run on one host they work there.
fn stack_users(scene: &Scene<'_>, units: &mut [Unit]) {
    /// Such users at one address within an hour: who sets up a stack mistypes those of a program or two.
    const SEVERAL: usize = 4;
    let stranger = |unit: &Unit| {
        unit.class == Class::Named && unit.before + unit.between + unit.after < 1.0 && unit.source.is_some()
    };
    let mut tried: BTreeMap<(u16, Sym), Vec<(Millis, Sym)>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| stranger(unit) && RESERVED_USERS.contains(&scene.bytes(unit.principal))) {
        tried.entry((unit.cluster, unit.source)).or_default().push((unit.first, unit.principal));
    }
    let mut sweeps: BTreeMap<(u16, Sym), (Millis, Millis)> = BTreeMap::new();
    for (place, mut users) in tried {
        users.sort_unstable();
        for (at, &(first, _)) in users.iter().enumerate() {
            let hour = users[at..].iter().take_while(|(time, _)| time.0 - first.0 <= HOUR);
            let names: BTreeSet<Sym> = hour.take(MANY).map(|(_, user)| *user).collect();
            if names.len() >= SEVERAL {
                let span = sweeps.entry(place).or_insert((first, first));
                span.1 = Millis(first.0 + HOUR);
            }
        }
    }
    for unit in units.iter_mut().filter(|unit| stranger(unit)) {
        let sweep = sweeps.get(&(unit.cluster, unit.source));
        unit.crowd |= sweep.is_some_and(|&(from, to)| (from.0 - HOUR..=to.0).contains(&unit.first.0));
    }
}

/// The episodes of a group that begin in bins with an excess. `of_one`: they come from one address outside. That many accounts
/// fail there is unusual in a log of minutes, too, of which nothing else is known: who exports only the failures, or the minutes
/// of an attack, has such a log.
fn excess(length: i64, units: &[Unit], list: &[u32], width: i64, (mistyped, of_one): (f64, bool)) -> Vec<u32> {
    let mut bins: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for &at in list {
        bins.entry(units[at as usize].first.0.div_euclid(width)).or_default().push(at);
    }
    let all = (length as f64 / width as f64).max(1.0);
    let mut counts: Vec<usize> = bins.values().map(Vec::len).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    // The fullest tenth of the bins is left out of what is usual.
    let left = (all / 10.0).ceil() as usize;
    let usual = counts.iter().skip(left).sum::<usize>() as f64 / (all - left as f64).max(1.0);
    let odd = |count: usize| {
        count >= FEWEST && poisson_tail(count as f64, BUSY * usual.max(LEAST).max(mistyped)) < CHANCE - all.ln()
    };
    let comparable = all >= 4.0 || of_one && is_all(length, list.len());
    bins.into_values().filter(|bin| comparable && odd(bin.len())).flatten().collect()
}

/// The episodes of a group of which no success is logged, where their times or their tries are not those of people: they go on
/// day and night for a part of the log, or hardly anybody tries again.
fn unlike_people(log: i64, units: &[Unit], list: &[u32]) -> Vec<u32> {
    let mut blind: Vec<u32> =
        list.iter().copied().filter(|&at| units[at as usize].standing == Standing::Blind).collect();
    if blind.len() < MANY {
        return Vec::new();
    }
    if nobody_tries_again(blind.iter().map(|&at| &units[at as usize])) {
        return blind;
    }
    blind.sort_by_key(|&at| (units[at as usize].first, at));
    let time = |at: u32| units[at as usize].first.0;
    let many = (MOST * blind.len() as f64).ceil() as usize;
    let Some(stretch) = blind.windows(many).min_by_key(|stretch| time(stretch[many - 1]) - time(stretch[0])) else {
        return Vec::new();
    };
    let length = time(stretch[many - 1]) - time(stretch[0]);
    let rests = stretch.windows(2).any(|pair| time(pair[1]) - time(pair[0]) > length / RESTS);
    let part = length * PART_OF_LOG <= log && log - length >= DAY;
    if length >= DAYS_WORK && !rests && part { stretch.to_vec() } else { Vec::new() }
}

/// Whether so many try once that these are no people, of whom some try again.
pub(super) fn nobody_tries_again<'u>(units: impl Iterator<Item = &'u Unit>) -> bool {
    let (once, all) =
        units.fold((0.0, 0.0), |(once, all), unit| (once + f64::from(u8::from(unit.len() == 1)), all + 1.0));
    binomial_tail(once, all, 1.0 - AGAIN) < CHANCE
}

/// Makes strangers of those who come to a place outside for the first time amid a crowd of strangers, fail, under their own name or
/// quite another, and then get in: to know a password is what the crowd is after.
fn who_falls(scene: &Scene<'_>, units: &mut [Unit]) {
    let mut crowds: BTreeMap<u16, Vec<i64>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| unit.crowd && scene.is_outside(unit.source)) {
        crowds.entry(unit.cluster).or_default().push(unit.first.0);
    }
    crowds.values_mut().for_each(|times| times.sort_unstable());
    for unit in units.iter_mut().filter(|unit| unit.class == Class::Named && scene.is_outside(unit.source)) {
        let (who, standing) = match unit.standing {
            Standing::Later | Standing::Near if unit.before_any == 0.0 => (unit.principal, Standing::Strange),
            Standing::Mistyped => match not_meant(scene, unit) {
                Some(other) => (other, Standing::UnknownAccount),
                None => continue,
            },
            _ => continue,
        };
        let elsewhere = scene.history.account(unit.cluster, who).is_some_and(|sum| sum.others > 1);
        let amid = crowds.get(&unit.cluster).is_some_and(|times| {
            let (from, to) = (unit.first.0 - HOUR / 2, unit.first.0 + HOUR / 2);
            times.partition_point(|&time| time <= to) - times.partition_point(|&time| time < from) >= FEWEST
        });
        if elsewhere && amid {
            (unit.crowd, unit.standing) = (true, standing);
        }
    }
}

/// Who gets in at an address for the first time after tries there under a name that is no slip for their own.
fn not_meant(scene: &Scene<'_>, unit: &Unit) -> Option<Sym> {
    let who = mistyped(scene, unit)?;
    let past = scene.history.pair(unit.cluster, who, unit.source)?;
    (!scene.resemble(unit.principal, who) && past.first > unit.last).then_some(who)
}

/// Strangers' episodes of which each is nothing much, and all are more than chance makes: in the log, or from one source.
pub(super) fn crowded(scene: &Scene<'_>, units: &[Unit], null: &Null) -> Vec<bool> {
    /// Logarithm of the chance below which they are too many.
    const TOO_MANY: f64 = -9.0;
    /// Accounts that a source from which nobody gets in tries.
    const ACCOUNTS: u32 = 3;
    let stranger = |unit: &Unit| {
        unit.class == Class::Named
            && matches!(unit.standing, Standing::Strange | Standing::Unknown | Standing::UnknownAccount)
    };
    let mut of_host: HashMap<(u16, Host), (u32, Millis), RandomState> = HashMap::default();
    let (mut many, mut expected) = (0.0, 0.0);
    for unit in units.iter().filter(|unit| stranger(unit)) {
        let known = of_host.entry((unit.cluster, scene.host(unit.source))).or_insert((0, unit.first));
        *known = (known.0 + 1, known.1.min(unit.first));
        if scene.is_outside(unit.source) {
            many += 1.0;
            expected += null.expected(scene, unit).exp();
        }
    }
    let too_many = many >= 5.0 && poisson_tail(many, (expected / f64::max(many, 1.0)).max(0.1)) < TOO_MANY;
    units
        .iter()
        .map(|unit| {
            // Whoever gets in there first does so after the tries: some have fallen.
            let settled = |since: Millis| {
                let own = scene.history.of_source(unit.cluster, unit.source).filter(|past| !past.key.is_some());
                own.take(64).any(|past| past.first < since)
            };
            let sweeps = stranger(unit)
                && of_host
                    .get(&(unit.cluster, scene.host(unit.source)))
                    .is_some_and(|&(accounts, since)| accounts >= ACCOUNTS && !settled(since));
            unit.crowd || stranger(unit) && (sweeps || too_many && scene.is_outside(unit.source))
        })
        .collect()
}
