//! Passwords that are no longer right.

use super::{Client, Spell, fails, rule, spell, works_around, wrong};
use crate::changes::Change;
use crate::scenario::living::working_time;
use crate::scenario::pace::Pace;
use crate::scenario::stage::{Fate, Stage, Turn};
use crate::scenario::truth::{BROKEN, Incident};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::What;
use crate::world::Credential;

/// An incident of these failures of clients that worked; without any success in the log, nothing proves that they did.
fn stale(stage: &Stage, note: Text, failures: usize, proven: bool) -> Incident {
    let incident = Incident::new("stale_credential", BROKEN, note).ratio(stage.null().of_machines(failures));
    if proven || stage.shows_success() {
        return incident;
    }
    incident.blind(&["password_guessing", "low_and_slow", "password_spraying"])
}

fn change_password(stage: &mut Stage, account: u32, time: Micros) {
    let (admin, source, name) = (stage.admin, stage.admin_source, stage.name(account));
    stage.change(time, source, Change::password(admin, name), None);
}

/// The password of a service is changed, and one client keeps the old one.
pub(crate) fn after_change(stage: &mut Stage) {
    let account = stage.service();
    let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
    let when = spell(stage, 4, 900);
    let incident = stale(stage, "one client keeps the old password", when.failures, true);
    let tag = stage.incident(incident);
    let before = stage.rng.range(SECOND, 5 * MINUTE);
    change_password(stage, account, when.from - before);
    works_around(stage, client, when);
    let what = wrong(stage, account);
    fails(stage, client.source, what, when, tag);
}

/// One account on many hosts: one cause, one finding.
pub(crate) fn many_hosts(stage: &mut Stage) {
    let account = stage.service();
    let hosts = stage.count(3, 40);
    let when = spell(stage, 3, 60);
    let incident = stale(stage, "one account's old password on many hosts", hosts * when.failures, true);
    let tag = stage.incident(incident);
    change_password(stage, account, when.from - SECOND);
    let what = wrong(stage, account);
    for _ in 0..hosts {
        let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
        // Each is repaired at another time.
        let part = Spell { to: when.from + (when.to - when.from) * stage.rng.range(3, 11) / 10, ..when };
        works_around(stage, client, part);
        fails(stage, client.source, what, part, tag);
    }
}

/// Nobody told the audit log of a change (the password lives in a directory, or was mangled on the client): it worked, it
/// fails, it works again.
pub(crate) fn without_change(stage: &mut Stage) {
    let account = stage.service();
    let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
    stage.history(2 * HOUR);
    let when = spell(stage, 5, 600);
    let incident = stale(stage, "it worked from there, fails, and works again", when.failures, false);
    let tag = stage.incident(incident);
    works_around(stage, client, when);
    let what = wrong(stage, account);
    fails(stage, client.source, what, when, tag);
}

/// A rollout hands out a broken secret: many hosts, each its own account, begin to fail together.
pub(crate) fn rollout(stage: &mut Stage) {
    let hosts = stage.count(5, 50);
    stage.history(2 * HOUR);
    let when = spell(stage, 4, 40);
    let mut incident = stale(stage, "a rollout's wrong secret: one cause", hosts * when.failures, false).at_most(3);
    // That the realm lets others in shows it is no outage. Two in five people are of these hosts' realm; where none of them is
    // expected meanwhile, nothing in the log tells one from the other.
    let others = 0.4 * stage.life.logins as f64 * (when.to - when.from) as f64 / (stage.end - stage.start) as f64;
    if others < 3.0 {
        incident = incident.or(&["realm_outage"]);
    }
    let tag = stage.incident(incident);
    let base = stage.host();
    for n in 0..hosts {
        let name = format!("beat-{}-{n:02}", base.len());
        let account = stage.world.account(&name, crate::event::NATIVE, &["svc"]);
        let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
        let late = stage.rng.range(0, (when.to - when.from) / 4 + 1);
        let part = Spell { from: when.from + late, ..when };
        works_around(stage, client, part);
        let what = wrong(stage, account);
        fails(stage, client.source, what, part, tag);
    }
}

/// Pods of one deployment: each lives for a while at a new address, all with the old password.
pub(crate) fn pods(stage: &mut Stage) {
    let account = stage.service();
    let when = spell(stage, 8, 400);
    let incident =
        stale(stage, "a deployment's pods keep the old password: new addresses, one cause", when.failures, true);
    let tag = stage.incident(incident);
    change_password(stage, account, when.from - SECOND);
    let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
    works_around(stage, client, when);
    let lives = 3 + stage.rng.index(12);
    let pods: Vec<Text> = (0..lives).map(|_| stage.host()).collect();
    let what = wrong(stage, account);
    let times =
        Pace::machine(&mut stage.rng).times(&mut stage.rng, when.from + SECOND, when.to - when.from, when.failures);
    for (n, time) in times.into_iter().enumerate() {
        stage.act(time, pods[n * lives / when.failures.max(1)], what, Some(tag));
    }
}

/// A person changes the password, and a phone keeps the old one: from outside, day and night.
pub(crate) fn phone(stage: &mut Stage) {
    let person = stage.somebody();
    let phone = if stage.rng.chance(0.5) { stage.outside() } else { stage.host() };
    let when = spell(stage, 10, 300);
    let incident = stale(stage, "a phone keeps the old password", when.failures, true);
    let tag = stage.incident(incident);
    stage.history(12 * HOUR);
    let client = Client { source: phone, credential: Credential::Password(person.account) };
    for _ in 0..4 + stage.rng.index(20) {
        let time = working_time(stage).min(stage.at - HOUR);
        stage.act(time, phone, What::Use(client.credential), None);
    }
    change_password(stage, person.account, when.from - SECOND);
    let what = wrong(stage, person.account);
    fails(stage, phone, what, when, tag);
}

/// An account is disabled, and what ran under it goes on.
pub(crate) fn disabled(stage: &mut Stage) {
    let account = stage.service();
    let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
    let when = spell(stage, 5, 400);
    let incident = stale(stage, "an account was disabled; its job still runs", when.failures, true);
    let tag = stage.incident(incident);
    let (admin, source, name) = (stage.admin, stage.admin_source, stage.name(account));
    stage.change(when.from, source, Change::disable(admin, name), None);
    stage.turns.push((when.from + SECOND / 2, Turn::Disabled(account, true)));
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.start, stage.at - stage.start, 20) {
        stage.act(time, client.source, What::Use(client.credential), None);
    }
    fails(stage, client.source, What::Use(client.credential), when, tag);
}

/// A service account's token was made anew, and the client keeps the old one.
pub(crate) fn service_token(stage: &mut Stage) {
    let (account, token) = ("elastic/fleet-server", "token-a");
    let client = Client { source: stage.client_host(), credential: Credential::Service(account, token) };
    stage.history(2 * HOUR);
    let when = spell(stage, 5, 400);
    let incident = stale(stage, "a service token is no longer valid", when.failures, false);
    let tag = stage.incident(incident);
    works_around(stage, client, when);
    fails(stage, client.source, What::BadServiceToken(account, token), when, tag);
}

/// A job that runs every hour or every night keeps the old password: slow, for days.
pub(crate) fn cron(stage: &mut Stage) {
    let account = stage.service();
    let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
    let every = [HOUR / 2, HOUR, 3 * HOUR, 24 * HOUR][stage.rng.index(4)];
    let runs = stage.count(8, 120).min((20 * 24 * HOUR / every) as usize);
    let known = stage.rng.chance(0.5);
    stage.history(6 * every);
    stage.room((runs as Micros + 2) * every);
    let incident = stale(stage, "a job keeps the old password", runs, known);
    let tag = stage.incident(incident);
    if known {
        let before = stage.at - MINUTE;
        change_password(stage, account, before);
    }
    let late = stage.rng.range(0, MINUTE);
    let mut time = stage.at - (stage.at - stage.start) / every * every + late;
    let what = wrong(stage, account);
    for _ in 0..(stage.end - stage.start) / every {
        let jitter = stage.rng.range(0, 3 * SECOND);
        let failing = time >= stage.at && time < stage.at + runs as Micros * every;
        if failing {
            stage.act(time + jitter, client.source, what, Some(tag));
        } else {
            stage.act(time + jitter, client.source, What::Use(client.credential), None);
        }
        time += every;
    }
}

/// The password of Kibana's own user is changed, and Kibana keeps the old one: it tries every few seconds.
pub(crate) fn kibana(stage: &mut Stage) {
    let when = spell(stage, 20, 600);
    let incident = stale(stage, "Kibana keeps the old password of its own user", when.failures, true);
    let tag = stage.incident(incident);
    change_password(stage, 1, when.from - SECOND);
    let own = Credential::Password(1);
    let source = stage.kibana;
    rule(stage, (when.from, when.to), tag, move |act| {
        if act.what == What::Use(own) && act.source == source { Fate::Dropped } else { Fate::Other }
    });
    works_around(stage, Client { source, credential: own }, when);
    let what = wrong(stage, 1);
    fails(stage, source, what, when, tag);
}
