//! People who mistype, forget, move about and come back.

use crate::changes::Change;
use crate::scenario::living::{forgotten, login, through, working_time};
use crate::scenario::pace::log_uniform;
use crate::scenario::stage::{Person, Stage, moments};
use crate::scenario::truth::{Incident, PERHAPS_BROKEN};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::{Act, Deed, What};
use crate::world::Credential;

/// Nobody of the site may be told as attacking or attacked.
fn nobody_hostile(stage: &mut Stage, what: Text, people: &[Person]) {
    let names = people.iter().map(|person| person.name).collect();
    stage.must_not(what, names, Vec::new(), true);
}

/// Nothing but typing errors, 0.1 to 5 % of all logins.
pub(crate) fn plain(stage: &mut Stage) {
    let some = stage.some(40);
    nobody_hostile(stage, "typing errors", &some);
}

/// The log is one day long or less: every place is new, everybody's first typing error precedes a first success.
pub(crate) fn first_day(stage: &mut Stage) {
    stage.start = stage.at - 2 * HOUR;
    stage.end = stage.at + stage.rng.range(4 * HOUR, 22 * HOUR);
    stage.life.typo = stage.life.typo.max(0.01);
    plain(stage);
}

/// Any user from any of 20 to 2,000 addresses (a pool of virtual desktops, a mobile carrier).
pub(crate) fn roaming(stage: &mut Stage) {
    let count = stage.count(20, 2000);
    let outside = stage.rng.chance(0.5);
    let pool: Vec<Text> = (0..count).map(|_| if outside { stage.outside() } else { stage.host() }).collect();
    for person in 0..stage.people.len() {
        let places = (0..12).map(|_| *stage.rng.pick(&pool)).collect();
        stage.people[person].places = places;
    }
    plain(stage);
}

/// Somebody who forgot tries 5 to 20 times, is given a new password by the help desk, and gets in at the same desk.
pub(crate) fn help_desk(stage: &mut Stage, people: usize) {
    let some = stage.some(people);
    let tag = stage.incident(forgotten().at_most(some.len()));
    for person in &some {
        let mut time = working_time(stage).min(stage.end - HOUR);
        let place = person.places[0];
        let plan = |stage: &mut Stage, time, what| {
            let mut act = Act::new(time, stage.node(), place, what);
            act.incident = Some(tag);
            let act = through(stage, person.by_kibana, act);
            stage.acts.push(act);
        };
        for _ in 0..5 + stage.rng.index(16) {
            plan(stage, time, What::Login { name: person.name, account: Some(person.account), right: false });
            time += moments(&mut stage.rng);
        }
        let (admin, source) = (stage.admin, stage.admin_source);
        time += stage.rng.range(2 * MINUTE, 40 * MINUTE);
        stage.change(time, source, Change::password(admin, person.name), None);
        for _ in 0..3 {
            time += stage.rng.range(20 * SECOND, 5 * MINUTE);
            plan(stage, time, What::Use(Credential::Password(person.account)));
        }
    }
    nobody_hostile(stage, "people who forgot, were given a new password and got in at their desks", &some);
}

/// A day of the help desk.
pub(crate) fn help_desk_day(stage: &mut Stage) {
    stage.room(10 * HOUR);
    let people = stage.count(2, 12);
    help_desk(stage, people);
}

/// Everybody has to change the password: many typing errors on one day, each then gets in.
pub(crate) fn password_day(stage: &mut Stage) {
    stage.room(12 * HOUR);
    let crowd = stage.count(10, 150);
    wave(stage, crowd, 0.35);
}

/// Many come back on one morning, and some no longer know their password.
pub(crate) fn vacation(stage: &mut Stage) {
    stage.room(6 * HOUR);
    let crowd = stage.count(20, 200);
    wave(stage, crowd, 0.15);
}

/// A crowd logs in within hours, each failing with this chance first, a few more times than usual.
fn wave(stage: &mut Stage, crowd: usize, typo: f64) {
    let some: Vec<usize> = (0..crowd).map(|_| stage.rng.index(stage.people.len())).collect();
    let mut acts = Vec::new();
    let length = stage.end - stage.at;
    for who in some {
        let (place, own) = (stage.people[who].places[0], stage.people[who].typo);
        stage.people[who].typo = typo;
        let time = stage.at + stage.rng.range(0, length.min(8 * HOUR));
        login(stage, who, place, time, &mut acts);
        stage.people[who].typo = own;
    }
    stage.acts.append(&mut acts);
    let people = stage.some(60);
    nobody_hostile(stage, "a wave of people who mistype", &people);
}

/// Somebody is called at night: a new place, a typing error or two, then in, with the duties of that person.
pub(crate) fn call(stage: &mut Stage) {
    let person = stage.somebody();
    let place = stage.outside();
    let mut time = stage.moment(0.3, 0.9);
    for _ in 0..stage.rng.index(3) {
        stage.wrong(time, place, person.name, Some(person.account), None);
        time += moments(&mut stage.rng);
    }
    for _ in 0..3 + stage.rng.index(10) {
        stage.right(time, place, person.account, None);
        time += stage.rng.range(MINUTE, 30 * MINUTE);
    }
    nobody_hostile(stage, "somebody on call from home", &[person]);
}

/// Several nights on call.
pub(crate) fn on_call(stage: &mut Stage) {
    stage.history(24 * HOUR);
    stage.room(24 * HOUR);
    for _ in 0..2 + stage.rng.index(4) {
        call(stage);
    }
}

/// Somebody on call reaches the cluster by phone: seldom, from whichever address the carrier gives, and with duties.
pub(crate) fn on_call_phone(stage: &mut Stage) {
    let person = stage.somebody();
    let phone = stage.phone();
    let note = "somebody on call, by phone";
    let incident = Incident::new("suspicious_access", &["unclear", "operational"], note);
    let tag = stage.incident(incident.or(&["persistence"]).optional().at_most(3));
    for _ in 0..stage.count(2, 14) {
        let mut time = stage.moment(0.0, 0.98);
        if stage.rng.chance(0.15) {
            stage.wrong(time, phone, person.name, Some(person.account), Some(tag));
            time += moments(&mut stage.rng);
        }
        stage.right(time, phone, person.account, Some(tag));
        for _ in 0..stage.rng.index(4) {
            time += stage.rng.range(20 * SECOND, 10 * MINUTE);
            let what = match stage.rng.below(3) {
                0 => What::Deed(Credential::Password(person.account), Deed::Settings),
                _ => What::Use(Credential::Password(person.account)),
            };
            stage.act(time, phone, what, Some(tag));
        }
    }
}

/// One to four people with such phones, mostly of one carrier.
pub(crate) fn on_call_phones(stage: &mut Stage) {
    let before = log_uniform(&mut stage.rng, 12.0 * HOUR as f64, 21.0 * 24.0 * HOUR as f64);
    stage.history(before as Micros);
    stage.room(24 * HOUR);
    for _ in 0..1 + stage.rng.index(4) {
        on_call_phone(stage);
    }
}

/// Somebody sets a new password, and a second device keeps the old one for a while: at the desk, or where it alone is.
pub(crate) fn second_device(stage: &mut Stage) {
    let person = stage.somebody();
    let desk = person.places[0];
    let device = if stage.rng.chance(0.5) && !person.by_kibana { desk } else { stage.host() };
    let changed = stage.moment(0.2, 0.7);
    // What changes in a directory is in no audit log.
    if stage.rng.chance(0.7) {
        stage.change(changed, desk, Change::password(person.account, person.name), None);
    }
    let note = "a second device keeps the old password for a while";
    let incident = Incident::new("stale_credential", PERHAPS_BROKEN, note);
    let tag = stage.incident(incident.or(&["password_guessing", "low_and_slow"]).optional());
    if stage.rng.chance(0.6) {
        for _ in 0..stage.count(3, 20) {
            let time = stage.rng.range(stage.start, changed);
            stage.right(time, device, person.account, None);
        }
    }
    let mut time = changed + stage.rng.range(0, 3 * HOUR);
    let period = stage.rng.range(20 * SECOND, 25 * MINUTE);
    for _ in 0..stage.count(8, 60) {
        stage.wrong(time, device, person.name, Some(person.account), Some(tag));
        time += period + stage.rng.range(0, period / 10 + 1);
    }
    if stage.rng.chance(0.5) {
        for n in 0..3 {
            stage.right(time + n * 20 * MINUTE, device, person.account, Some(tag));
        }
    }
    nobody_hostile(stage, "a device with an old password", &[person]);
}

/// One to six of them.
pub(crate) fn second_devices(stage: &mut Stage) {
    stage.history(12 * HOUR);
    stage.room(24 * HOUR);
    for _ in 0..1 + stage.rng.index(6) {
        second_device(stage);
    }
}

/// Everybody moves to new addresses (a new network, a new virtual private network) on one day.
pub(crate) fn migration(stage: &mut Stage) {
    stage.history(24 * HOUR);
    stage.room(24 * HOUR);
    let crowd = stage.count(10, 80);
    let people = stage.some(crowd);
    let mut acts = Vec::new();
    for person in &people {
        let new = stage.host();
        let mut time = stage.at + stage.rng.range(0, 10 * HOUR);
        for _ in 0..3 + stage.rng.index(4) {
            if stage.rng.chance(stage.life.typo) {
                let what = What::Login { name: person.name, account: Some(person.account), right: false };
                acts.push(Act::new(time, stage.node(), new, what));
                time += moments(&mut stage.rng);
            }
            acts.push(Act::new(time, stage.node(), new, What::Use(Credential::Password(person.account))));
            time += stage.rng.range(10 * MINUTE, 3 * HOUR);
        }
    }
    stage.acts.append(&mut acts);
    nobody_hostile(stage, "people who moved to a new network", &people);
}
