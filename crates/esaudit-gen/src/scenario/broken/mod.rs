//! Things that broke.

pub(crate) mod bare;
pub(crate) mod keys;
pub(crate) mod passwords;
pub(crate) mod realms;

use crate::scenario::pace::Pace;
use crate::scenario::stage::{Fate, Rule, Stage};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::{Act, What};
use crate::world::Credential;

/// A client that worked, fails, and mostly works again.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    pub(crate) source: Text,
    pub(crate) credential: Credential,
}

/// When it fails, and how often.
#[derive(Clone, Copy)]
pub(crate) struct Spell {
    pub(crate) from: Micros,
    pub(crate) to: Micros,
    pub(crate) failures: usize,
}

/// A spell from the beginning on: two minutes to two days, `low` to `high` failures.
pub(crate) fn spell(stage: &mut Stage, low: usize, high: usize) -> Spell {
    let failures = stage.count(low, high);
    let span = stage.span((2 * MINUTE).max(failures as Micros * SECOND / 4), 48 * HOUR);
    Spell { from: stage.at, to: stage.at + span, failures }
}

/// It works before the beginning (if the log has any before) and, mostly, after the spell.
pub(crate) fn works_around(stage: &mut Stage, client: Client, spell: Spell) {
    let before = stage.count(2, 40);
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.start, spell.from - stage.start, before) {
        stage.act(time, client.source, What::Use(client.credential), None);
    }
    if stage.rng.chance(0.7) {
        let after = stage.count(1, 40);
        stage.room(spell.to - stage.at + HOUR);
        let start = spell.to + MINUTE;
        let span = (stage.end - start).max(MINUTE);
        for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, start, span, after) {
            stage.act(time, client.source, What::Use(client.credential), None);
        }
    }
}

/// It fails throughout the spell, as its timer and its retries have it.
pub(crate) fn fails(stage: &mut Stage, source: Text, what: What, spell: Spell, tag: u16) {
    let span = spell.to - spell.from;
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, spell.from + SECOND, span, spell.failures) {
        stage.act(time, source, what, Some(tag));
    }
}

/// How a wrong password of this account is sent.
pub(crate) fn wrong(stage: &Stage, account: u32) -> What {
    What::Login { name: stage.name(account), account: Some(account), right: false }
}

/// During this time, ordinary acts become what is decided, and belong to the incident.
pub(crate) fn rule(stage: &mut Stage, (from, to): (Micros, Micros), tag: u16, decide: impl Fn(&Act) -> Fate + 'static) {
    stage.rules.push(Rule { from, to, tag: Some(tag), decide: Box::new(decide) });
}

/// The account that an act logs in with, where it would get in.
pub(crate) fn logs_in(act: &Act) -> Option<u32> {
    match act.what {
        What::Use(Credential::Password(account)) | What::Login { account: Some(account), right: true, .. } => {
            Some(account)
        }
        _ => None,
    }
}
