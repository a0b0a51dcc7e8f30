//! What an account never did before: it wakes up after weeks, is at two places at once, or works at an hour at which it never
//! worked. Each says little by itself, as people travel, have phones and are called at night; and none can be known where the
//! log tells little of the account.

use super::features::Feature;
use super::history::{DAY, HOUR, Past};
use super::scene::Scene;
use super::whereabouts;
use crate::model::text::{Span, Text};
use crate::text;
use crate::time::Millis;

/// An account that did nothing for so long was not in use: longer than most holidays.
const DORMANT: i64 = 21 * DAY;

/// Successes so near each other are of two who work at the same time.
const AT_ONCE: i64 = HOUR / 12;

/// Days of work without which the hours of an account are not known.
const KNOWN_DAYS: u32 = 5;

/// Other places of an account that are looked at.
const PLACES: usize = 64;

/// What is unusual about the first success of an account at an address, in sentences.
pub(super) fn of(scene: &Scene<'_>, past: &Past) -> Vec<(Feature, Text)> {
    let mut found = Vec::new();
    if past.key.is_some() {
        return found;
    }
    let own = scene.history.of_account(past.cluster, past.principal);
    let others: Vec<&Past> =
        own.filter(|other| !other.key.is_some() && other.source != past.source).take(PLACES).collect();
    let time = past.first;
    let last = others.iter().filter_map(|other| scene.history.last_before(other, time)).max();
    if let Some(rest) = last.map(|last| time.0 - last.0).filter(|&rest| rest >= DORMANT) {
        found.push((Feature::Dormant, text!("It had not got in from anywhere for {} before", Span::Duration(rest))));
    }
    let net = scene.net(past.source);
    let (from, to) = (Millis(time.0 - AT_ONCE), Millis(time.0 + AT_ONCE));
    let at_once = |other: &&&Past| scene.net(other.source) != net && scene.history.within(other, from, to) >= 1.0;
    if let Some(other) = others.iter().filter(at_once).min_by_key(|other| scene.shown(other.source)) {
        let place = scene.text(other.source);
        found.push((Feature::AtOnce, text!("It got in from {} within the same minutes", Span::address(&place))));
    }
    let days: u32 = others.iter().map(|other| u32::from(other.days)).sum();
    let hours = others.iter().fold(0, |hours, other| hours | other.hours);
    let hour = time.0.div_euclid(HOUR).rem_euclid(24);
    let near = [hour + 23, hour, hour + 1].iter().any(|hour| hours >> (hour % 24) & 1 == 1);
    if days >= KNOWN_DAYS && !near {
        found.push((
            Feature::OddHour,
            text!("At {}, about which hour of the day (UTC) it gets in from nowhere else", time),
        ));
    }
    found.extend(whereabouts::of(scene, past, &others));
    found
}
