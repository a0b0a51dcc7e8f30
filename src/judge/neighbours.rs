//! What other failures say of an episode: those of other accounts at the same address, those of the same account elsewhere,
//! and those that it made there before.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::history::{MOST_PASTS, Past};
use super::index::Class;
use super::place::Host;
use super::scene::Scene;
use super::unit::{SITTING, Standing, Unit, is_restless, mistyped};
use crate::state::Sym;
use crate::time::Millis;

/// Failures before a success that are more than a typing error.
const GUESSES: u32 = 5;

/// Accounts that never get in from an address and fail there, from which on nothing there is an account's own place.
const SWEPT: u32 = 3;

/// Completes the episodes by what others say of them. They come by group: account, then host.
pub(super) fn tell(scene: &Scene<'_>, units: &mut [Unit]) {
    let of_one = |a: &Unit, b: &Unit| (a.class, a.principal, a.source) == (b.class, b.principal, b.source);
    units.par_chunk_by_mut(of_one).for_each(taint);
    units
        .par_chunk_by_mut(|a, b| a.principal.is_some() && a.principal == b.principal)
        .for_each(|of_account| streaks(scene, of_account));
    lists(scene, units);
    neighbours(scene, units);
}

/// Names that nobody has, one after the other at one address, are none that somebody mistyped who then gets in there: a name
/// that is mistyped resembles the right one.
fn lists(scene: &Scene<'_>, units: &mut [Unit]) {
    let mut of_address: HashMap<(u16, Sym), Vec<usize>, RandomState> = HashMap::default();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.standing == Standing::Mistyped) {
        of_address.entry((unit.cluster, unit.source)).or_default().push(at);
    }
    for mut others in of_address.into_values() {
        others.retain(|&at| {
            let owner = mistyped(scene, &units[at]).unwrap_or(Sym::NONE);
            !scene.resemble(units[at].principal, owner)
        });
        others.sort_unstable_by_key(|&at| (units[at].first, units[at].last));
        let goes_on = |&a: &usize, &b: &usize| units[b].first.0 - units[a].last.0 <= SITTING;
        let lists: Vec<&[usize]> = others.chunk_by(goes_on).collect();
        let several = |list: &&[usize]| list.iter().any(|&at| units[at].principal != units[list[0]].principal);
        let listed: Vec<usize> = lists.into_iter().filter(several).flatten().copied().collect();
        listed.into_iter().for_each(|at| units[at].standing = Standing::UnknownAccount);
    }
}

/// What the failures of others from the same address say of an episode: nothing is anybody's own place where strangers try
/// one account after the other.
fn neighbours(scene: &Scene<'_>, units: &mut [Unit]) {
    let mut of_host: HashMap<(u16, Host), u32, RandomState> = HashMap::default();
    let mut of_account: HashMap<(u16, Sym), u32, RandomState> = HashMap::default();
    // Addresses of one owner outside, or one host inside: how many strangers, and since when.
    let mut swept: HashMap<(u16, Host), (u32, Millis), RandomState> = HashMap::default();
    let mut last = None;
    for unit in units.iter().filter(|unit| unit.class == Class::Named) {
        let pair = (unit.cluster, unit.principal, scene.host(unit.source));
        if last == Some(pair) {
            continue;
        }
        last = Some(pair);
        *of_host.entry((unit.cluster, pair.2)).or_default() += 1;
        *of_account.entry((unit.cluster, unit.principal)).or_default() += 1;
        if is_stranger(scene, unit) {
            let spot = swept.entry((unit.cluster, spot(scene, unit.source))).or_insert((0, unit.first));
            *spot = (spot.0 + 1, spot.1.min(unit.first));
        }
    }
    for unit in units.iter_mut().filter(|unit| unit.class == Class::Nameless && unit.standing == Standing::Blind) {
        unit.alone = !of_host.contains_key(&(unit.cluster, scene.host(unit.source)));
    }
    for unit in units.iter_mut().filter(|unit| unit.class == Class::Named) {
        let others = scene.history.source(unit.cluster, unit.source).map_or(0, |sum| sum.others);
        let own = scene.pasts_at(unit.cluster, unit.principal, unit.source).next();
        unit.alone = of_host.get(&(unit.cluster, scene.host(unit.source))) == Some(&1)
            && of_account.get(&(unit.cluster, unit.principal)) == Some(&1)
            && others <= u32::from(own.is_some())
            && !is_restless(scene, unit);
        let Some(&(strangers, since)) = swept.get(&(unit.cluster, spot(scene, unit.source))) else { continue };
        let visited = others > strangers / SWEPT;
        let settled = own.is_some_and(|past| past.first < since);
        let movable = matches!(unit.standing, Standing::Own | Standing::Near | Standing::Later);
        if movable && strangers >= SWEPT && !visited && !settled {
            unit.standing = Standing::Strange;
        }
    }
}

/// Whether an account never got in before from the network of an address that fails. Outside, one that roams is a stranger
/// wherever it is for the first time: alone that says little, of several accounts at one address much.
fn is_stranger(scene: &Scene<'_>, unit: &Unit) -> bool {
    let known = |net| scene.history.network(unit.cluster, unit.principal, net).is_some_and(|first| first < unit.first);
    match unit.standing {
        Standing::Strange | Standing::Unknown | Standing::UnknownAccount => true,
        Standing::Near => scene.is_outside(unit.source) && scene.net(unit.source).is_some_and(|net| !known(net)),
        _ => false,
    }
}

/// Where a stranger comes from: a network outside, a host inside.
fn spot(scene: &Scene<'_>, source: Sym) -> Host {
    match scene.address(source) {
        Some(address) if address.outside => Host::Network(address.net),
        _ => scene.host(source),
    }
}

/// How many failures an account has in a row: one that roams fails a little at each of many places.
fn streaks(scene: &Scene<'_>, units: &mut [Unit]) {
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by_key(|&at| (units[at].cluster, units[at].first, units[at].last));
    let goes_on = |one: &Unit, other: &Unit| {
        let got_in = |past: &Past| scene.history.within(past, one.last, other.first.max(one.last)) >= 0.5;
        let mut own = scene.history.of_account(one.cluster, one.principal).filter(|past| !past.key.is_some());
        one.cluster == other.cluster
            && one.principal.is_some()
            && one.between + other.between < 1.0
            && !own.by_ref().take(MOST_PASTS).any(got_in)
    };
    let streaks: Vec<Vec<usize>> =
        order.chunk_by(|&a, &b| goes_on(&units[a], &units[b])).map(<[usize]>::to_vec).collect();
    for streak in streaks {
        let all: usize = streak.iter().map(|&at| units[at].run as usize).sum();
        streak.iter().for_each(|&at| units[at].streak = all as u32);
    }
}

/// Who got in from a strange place after failures has made nothing of it the account's own: what fails from there later is
/// judged as what failed there first.
fn taint(units: &mut [Unit]) {
    let mut tainted: Option<(u16, Standing)> = None;
    for unit in units {
        match tainted {
            Some((cluster, standing)) if cluster == unit.cluster && unit.standing == Standing::Own => {
                unit.standing = standing
            }
            _ if unit.standing == Standing::Strange && unit.entry.is_some() && unit.run >= GUESSES => {
                tainted = Some((unit.cluster, unit.standing));
            }
            _ => {}
        }
    }
}
