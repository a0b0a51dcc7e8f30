//! Several things at once: each is a cause of its own.

use crate::changes::Change;
use crate::scenario::living::forgotten;
use crate::scenario::stage::Stage;
use crate::scenario::{broken, hostile, ordinary};
use crate::text::{HOUR, MINUTE, SECOND};
use crate::traffic::What;
use crate::world::Credential;

/// Somebody guesses while the directory is down.
pub(crate) fn attack_in_outage(stage: &mut Stage) {
    broken::realms::directory(stage);
    // Tries on people of the directory would be judged as little as their owners' own.
    let who = if stage.rng.chance(0.5) { ("elastic", 0) } else { (stage.name(stage.admin), stage.admin) };
    hostile::guessing::one_source_on(stage, (who.0, Some(who.1)));
}

/// Somebody sprays while a machine keeps an old password.
pub(crate) fn attack_beside_stale(stage: &mut Stage) {
    broken::passwords::after_change(stage);
    hostile::spraying::one_source(stage);
}

/// Two attackers who have nothing in common.
pub(crate) fn two_attacks(stage: &mut Stage) {
    hostile::guessing::one_source(stage);
    if stage.rng.chance(0.5) {
        hostile::probing::scan(stage);
    } else {
        hostile::guessing::many_sources(stage);
    }
}

/// Somebody gets in on the day on which everybody mistypes.
pub(crate) fn in_on_password_day(stage: &mut Stage) {
    ordinary::people::password_day(stage);
    hostile::entry::guessed(stage);
}

/// Many wrong tries of a person at the usual desk, a reset, and a success: the reset refutes that the guesses found it.
pub(crate) fn reset_before_success(stage: &mut Stage) {
    let person = stage.somebody();
    let count = stage.count(8, 30);
    let tag = stage.incident(forgotten());
    let place = person.places[0];
    stage.history(24 * HOUR);
    stage.room(4 * HOUR);
    for _ in 0..6 {
        let time = stage.moment(0.0, 1.0).min(stage.at - MINUTE);
        stage.act(time, place, What::Use(Credential::Password(person.account)), None);
    }
    let mut time = stage.at;
    for _ in 0..count {
        stage.wrong(time, place, person.name, Some(person.account), Some(tag));
        time += stage.rng.range(3 * SECOND, MINUTE);
    }
    let (admin, source) = (stage.admin, stage.admin_source);
    stage.change(time + MINUTE, source, Change::password(admin, person.name), None);
    for n in 0..5 {
        stage.act(time + (2 + 9 * n) * MINUTE, place, What::Use(Credential::Password(person.account)), Some(tag));
    }
}

/// Somebody sprays from the office's one address, while people behind it forget their passwords.
pub(crate) fn spray_behind_nat(stage: &mut Stage) {
    hostile::spraying::inside_from(stage, stage.nat);
    let last = stage.acts.iter().map(|act| act.time).max().unwrap_or(stage.at);
    for _ in 0..1 + stage.rng.index(4) {
        let person = stage.somebody();
        let tag = stage.incident(forgotten());
        let mut time = stage.rng.range(stage.at - HOUR, last + HOUR);
        for _ in 0..5 + stage.rng.index(16) {
            stage.wrong(time, stage.nat, person.name, Some(person.account), Some(tag));
            time += stage.rng.range(2 * SECOND, 40 * SECOND);
        }
        if stage.rng.chance(0.5) {
            stage.right(time + MINUTE, stage.nat, person.account, Some(tag));
        }
    }
}

/// Somebody guesses while a device keeps an old password.
pub(crate) fn guess_beside_device(stage: &mut Stage) {
    ordinary::people::second_device(stage);
    hostile::guessing::one_source(stage);
}
