//! What administrators do.

use crate::changes::Change;
use crate::event::REALMS;
use crate::scenario::pace::Pace;
use crate::scenario::stage::{Fate, Rule, Stage};
use crate::scenario::truth::{Incident, SUSPECT};
use crate::text::{HOUR, MINUTE, SECOND};
use crate::traffic::{Deed, What};
use crate::world::Credential;

/// A person leaves: disabled, and the few keys of that person ended in the same minute.
pub(crate) fn leaver(stage: &mut Stage) {
    let person = stage.somebody();
    let time = stage.moment(0.1, 0.9);
    let (admin, source) = (stage.admin, stage.admin_source);
    let keys: Vec<u32> = (0..stage.rng.index(4)).map(|_| stage.key(person.account)).collect();
    keys.iter().for_each(|key| stage.world.keys[*key as usize].invalidated = Some((time, admin)));
    let realm = REALMS[usize::from(stage.realm(person.account))];
    stage.change(time, source, Change::invalidate_owner(admin, person.name, realm, keys), None);
    stage.change(time + 5 * SECOND, source, Change::disable(admin, person.name), None);
    // Nobody logs in under that name any more.
    let account = person.account;
    let end = stage.end;
    stage.rules.push(Rule {
        from: time,
        to: end,
        tag: None,
        decide: Box::new(move |act| match act.what {
            What::Use(Credential::Password(who)) | What::Login { account: Some(who), .. } if who == account => {
                Fate::Dropped
            }
            _ => Fate::Other,
        }),
    });
    stage.must_not("a leaver's account and keys", vec![stage.name(admin)], vec![source], false);
}

/// One to eight leavers.
pub(crate) fn leavers(stage: &mut Stage) {
    stage.history(12 * HOUR);
    stage.room(12 * HOUR);
    for _ in 0..1 + stage.rng.index(8) {
        leaver(stage);
    }
}

/// A key is rotated as it should be: the new one first, clients moved, then the old one ended.
pub(crate) fn rotate(stage: &mut Stage) {
    let owner = stage.service();
    let (old, new) = (stage.key(owner), stage.key(owner));
    let client = stage.host();
    let made = stage.moment(0.3, 0.6);
    let moved = made + stage.rng.range(MINUTE, HOUR);
    let (admin, source) = (stage.admin, stage.admin_source);
    let parts = |stage: &Stage, key: u32| (stage.world.keys[key as usize].id, stage.world.keys[key as usize].name);
    let (id, name) = parts(stage, new);
    stage.change(made, source, Change::create_key(admin, (new, id, name), true, None), None);
    let before = moved - stage.start - SECOND;
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.start, before, 12) {
        stage.act(time, client, What::Use(Credential::Key(old)), None);
    }
    let ended = moved + stage.rng.range(MINUTE, HOUR);
    stage.world.keys[old as usize].invalidated = Some((ended, admin));
    let (id, _) = parts(stage, old);
    stage.change(ended, source, Change::invalidate_ids(admin, &[(old, id)]), None);
    let after = (stage.end - moved).max(MINUTE);
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, moved, after, 12) {
        stage.act(time, client, What::Use(Credential::Key(new)), None);
    }
    stage.must_not("a key rotated as it should be", vec![stage.name(admin)], vec![client, source], false);
}

/// Many keys are rotated so, by habit.
pub(crate) fn rotation(stage: &mut Stage) {
    stage.history(24 * HOUR);
    stage.room(12 * HOUR);
    for _ in 0..3 + stage.rng.index(20) {
        rotate(stage);
    }
}

/// A job takes snapshots and deletes old indices every night or hour.
pub(crate) fn nightly(stage: &mut Stage) {
    let account = stage.service();
    let source = stage.host();
    let every = [HOUR, 6 * HOUR, 24 * HOUR][stage.rng.index(3)];
    let mut time = stage.start + stage.rng.range(0, every);
    while time < stage.end {
        for (n, deed) in [Deed::Snapshot, Deed::DeleteIndex].into_iter().enumerate() {
            stage.act(time + n as i64 * SECOND, source, What::Deed(Credential::Password(account), deed), None);
        }
        time += every;
    }
    stage.must_not("backups by habit", vec![stage.name(account)], vec![source], false);
}

/// Backups, and an administrator with work to do at the usual place.
pub(crate) fn backups(stage: &mut Stage) {
    stage.history(48 * HOUR);
    stage.room(24 * HOUR);
    nightly(stage);
    let (admin, source) = (stage.admin, stage.admin_source);
    for _ in 0..4 + stage.rng.index(10) {
        let time = stage.moment(0.0, 1.0);
        let deed = *stage.rng.pick(&[Deed::Settings, Deed::Snapshot, Deed::ReadUsers, Deed::PutRepository]);
        stage.act(time, source, What::Deed(Credential::Password(admin), deed), None);
    }
    stage.must_not("an administrator at work", vec![stage.name(admin)], vec![source], true);
}

/// Nodes are restarted one by one, hosts are replaced: settings, a few keys made, no failures to speak of.
pub(crate) fn deploys(stage: &mut Stage) {
    stage.room(6 * HOUR);
    let (admin, source) = (stage.admin, stage.admin_source);
    for n in 0..2 + stage.rng.index(8) as i64 {
        let time = stage.at + n * 12 * MINUTE;
        stage.act(time, source, What::Deed(Credential::Password(admin), Deed::Settings), None);
        let owner = stage.service();
        let key = stage.key(owner);
        let (id, name) = (stage.world.keys[key as usize].id, stage.world.keys[key as usize].name);
        stage.change(time + MINUTE, source, Change::create_key(admin, (key, id, name), true, Some("90d")), None);
        let host = stage.host();
        // A client that is there a moment before its key is.
        if stage.rng.chance(0.4) {
            stage.act(time + MINUTE - SECOND, host, What::Bare, None);
        }
        for m in 0..8 {
            stage.act(time + (2 + 10 * m) * MINUTE, host, What::Use(Credential::Key(key)), None);
        }
    }
    stage.must_not("a deployment", vec![stage.name(admin)], vec![source], true);
}

/// The administrator has a new laptop: a new place and some powerful requests. It may be asked about, no more.
pub(crate) fn new_laptop(stage: &mut Stage) {
    stage.history(48 * HOUR);
    stage.room(24 * HOUR);
    let (admin, laptop) = (stage.admin, stage.host());
    let note = "an administrator's new laptop may be asked about";
    let kinds = &["persistence"];
    let mut incident = Incident::new("suspicious_access", SUSPECT, note).or(kinds).optional();
    incident.verdicts = vec!["unclear", "hostile", "operational"];
    let tag = stage.incident(incident);
    let mut time = stage.at;
    for _ in 0..5 + stage.rng.index(15) {
        stage.act(time, laptop, What::Use(Credential::Password(admin)), Some(tag));
        time += stage.rng.range(MINUTE, HOUR);
        if stage.rng.chance(0.2) {
            stage.act(time, laptop, What::Deed(Credential::Password(admin), Deed::Settings), Some(tag));
        }
    }
}
