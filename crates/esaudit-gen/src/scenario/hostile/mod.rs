//! Attacks.

pub(crate) mod cover;
pub(crate) mod entry;
pub(crate) mod guessing;
pub(crate) mod probing;
pub(crate) mod spraying;

use crate::scenario::pace::Pace;
use crate::scenario::stage::Stage;
use crate::scenario::truth::{HOSTILE, SUSPECT};
use crate::text::{Micros, SECOND, Text};

/// Names that every dictionary tries first.
pub(crate) const DICTIONARY: [Text; 20] = [
    "root",
    "admin",
    "test",
    "oracle",
    "postgres",
    "elastic",
    "kibana",
    "user",
    "guest",
    "ubuntu",
    "ftpuser",
    "git",
    "jenkins",
    "backup",
    "support",
    "administrator",
    "Admin",
    "admin ",
    "sa",
    "logstash",
];

/// Whose password is tried: a person mostly, then the built-in superuser, the administrator, a name from a dictionary.
pub(crate) fn victim(stage: &mut Stage) -> (Text, Option<u32>) {
    match stage.rng.below(10) {
        0..=5 => {
            let person = stage.somebody();
            (person.name, Some(person.account))
        }
        6 | 7 => ("elastic", Some(0)),
        8 => (stage.name(stage.admin), Some(stage.admin)),
        _ => {
            let name = *stage.rng.pick(&DICTIONARY);
            (name, stage.world.find(name))
        }
    }
}

/// The address that an attacker works from: mostly outside; else a machine of the site that never had to do with the
/// cluster, the desk of somebody else, or an outside address that people of the site have too (a hotel, a public proxy).
pub(crate) fn lair(stage: &mut Stage) -> (Text, &'static [Text]) {
    match stage.rng.below(12) {
        0..=7 => (stage.outside(), HOSTILE),
        8 | 9 => (stage.host(), SUSPECT),
        10 => {
            let desk = stage.somebody().places[0];
            if desk == stage.nat { (stage.outside(), HOSTILE) } else { (desk, SUSPECT) }
        }
        _ => {
            let shared = stage.outside();
            for _ in 0..3 + stage.rng.index(6) {
                let who = stage.rng.index(stage.people.len());
                stage.people[who].places.push(shared);
            }
            stage.shared.push(shared);
            (shared, SUSPECT)
        }
    }
}

/// Times of so many tries: any pace, at most seven a second.
pub(crate) fn paced(stage: &mut Stage, tries: usize, longest: Micros) -> Vec<Micros> {
    let shortest = (tries as Micros * SECOND / 7).max(20 * SECOND);
    let span = stage.span(shortest, longest.max(shortest + SECOND));
    let pace = Pace::draw(&mut stage.rng);
    pace.times(&mut stage.rng, stage.at, span, tries)
}

/// How long these times last.
pub(crate) fn lasts(times: &[Micros]) -> Micros {
    times.last().zip(times.first()).map_or(0, |(last, first)| last - first)
}

/// An attacker may talk to one node only; the acts planned from here on then go there.
pub(crate) fn stick(stage: &mut Stage, planned: usize) {
    if stage.rng.chance(0.3) {
        let node = stage.node();
        stage.acts[planned..].iter_mut().for_each(|act| act.node = node);
    }
}
