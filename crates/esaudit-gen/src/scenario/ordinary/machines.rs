//! Probes, builds, challenges and other things that fail without anything being wrong.

use crate::changes::Change;
use crate::cli::{FormatVersion, ServerFormat};
use crate::scenario::hostile::probing;
use crate::scenario::living::{forgotten, login};
use crate::scenario::pace::Pace;
use crate::scenario::stage::{Fate, Rule, Stage};
use crate::scenario::truth::{ANY, Incident, PERHAPS_BROKEN, SUSPECT};
use crate::shapes::Shape;
use crate::text::{HOUR, MINUTE, Micros, SECOND};
use crate::traffic::What;
use crate::world::Credential;

/// Load balancers ask `/` without credentials, at a fixed cadence, as long as the log lasts.
pub(crate) fn probes(stage: &mut Stage, balancers: usize) {
    let note = "probes without credentials may be told, not as an attack";
    let mut incident = Incident::new("missing_credentials", PERHAPS_BROKEN, note);
    incident = incident.or(&["unauthenticated_scan"]).optional().at_most(balancers);
    let tag = stage.incident(incident);
    let mut sources = Vec::new();
    for _ in 0..balancers {
        let source = stage.host();
        let span = stage.end - stage.start;
        let count = stage.count(30, 1500);
        let path = *stage.rng.pick(&["/", "/_cluster/health", "/_cat/health"]);
        for time in Pace::Jittered(0.01).times(&mut stage.rng, stage.start, span, count) {
            stage.act(time, source, What::Bare, Some(tag)).path = Some(path);
        }
        sources.push(source);
    }
    stage.must_not("health checks", Vec::new(), sources, true);
}

/// One to three balancers.
pub(crate) fn health_checks(stage: &mut Stage) {
    let balancers = 1 + stage.rng.index(3);
    probes(stage, balancers);
}

/// Builds: a new address each, a key of the pipeline's, now and then a test that fails on purpose.
pub(crate) fn builds(stage: &mut Stage) {
    let owner = stage.service();
    let key = stage.key(owner);
    let runs = stage.count(5, 60);
    for _ in 0..runs {
        let runner = stage.host();
        let mut time = stage.moment(0.0, 0.95);
        for _ in 0..2 + stage.rng.index(6) {
            stage.act(time, runner, What::Use(Credential::Key(key)), None);
            time += stage.rng.range(SECOND, 3 * MINUTE);
        }
    }
}

/// Pipelines that make a key or an account for each run, use it from a runner of a changing pool, and end it.
pub(crate) fn pipelines(stage: &mut Stage) {
    stage.history(12 * HOUR);
    stage.room(12 * HOUR);
    let runs = stage.count(5, 80);
    pipeline(stage, runs);
}

/// So many runs of one pipeline.
pub(crate) fn pipeline(stage: &mut Stage, runs: usize) {
    let maker = stage.service();
    let runners = stage.count(1, 60);
    let hired = stage.rng.chance(0.3);
    let pool: Vec<_> = (0..runners).map(|_| if hired { stage.outside() } else { stage.host() }).collect();
    let accounts = stage.rng.chance(0.3);
    for _ in 0..runs {
        let runner = *stage.rng.pick(&pool);
        let time = stage.moment(0.02, 0.97);
        let end = time + stage.rng.range(MINUTE, 50 * MINUTE);
        stage.right(time, runner, maker, None);
        let used = if accounts {
            let account = stage.service();
            let name = stage.name(account);
            stage.change(time + SECOND, runner, Change::put_user(maker, name, &["svc"]), None);
            stage.change(end, runner, Change::disable(maker, name), None);
            Credential::Password(account)
        } else {
            let key = short_key(stage, maker, (time, end));
            let (id, name) = (stage.world.keys[key as usize].id, stage.world.keys[key as usize].name);
            stage.change(time + SECOND, runner, Change::create_key(maker, (key, id, name), true, Some("1h")), None);
            if stage.rng.chance(0.8) {
                stage.change(end, runner, Change::invalidate_ids(maker, &[(key, id)]), None);
            }
            Credential::Key(key)
        };
        for _ in 0..2 + stage.rng.index(8) {
            let use_time = stage.rng.range(time + 2 * SECOND, end);
            stage.act(use_time, runner, What::Use(used), None);
        }
    }
    stage.must_not("what a pipeline makes for itself", vec![stage.name(maker)], pool, true);
}

/// A key that lives from one time to another.
fn short_key(stage: &mut Stage, maker: u32, (made, ended): (Micros, Micros)) -> u32 {
    let name = format!("run-{}", stage.world.fresh_number());
    let mut rng = stage.rng.clone();
    let key = stage.world.key(&mut rng, &name, maker, made);
    stage.rng = rng;
    stage.world.keys[key as usize].invalidated = Some((ended, maker));
    key
}

/// A pipeline whose tests try a wrong password once in each run, from another address each time.
pub(crate) fn ci(stage: &mut Stage) {
    stage.history(12 * HOUR);
    stage.room(12 * HOUR);
    builds(stage);
    let owner = stage.service();
    let key = stage.key(owner);
    let note = "a test that fails on purpose may be told, not as an attack";
    let mut incident = Incident::new("stale_credential", PERHAPS_BROKEN, note);
    incident = incident.or(&["password_guessing", "low_and_slow"]).optional().at_most(1);
    let tag = stage.incident(incident);
    for _ in 0..stage.count(5, 60) {
        let (runner, time) = (stage.host(), stage.moment(0.0, 0.95));
        stage.act(time, runner, What::Use(Credential::Key(key)), None);
        stage.wrong(time + SECOND, runner, "it-invalid-user", None, Some(tag));
        stage.act(time + 2 * SECOND, runner, What::Use(Credential::Key(key)), None);
    }
    stage.must_not("a build's own test of a wrong password", vec!["it-invalid-user"], Vec::new(), true);
}

/// Challenge and response: a request without credentials, and the same client in a moment later, each time.
pub(crate) fn challenges(stage: &mut Stage) {
    let clients = 1 + stage.rng.index(12);
    let mut sources = Vec::new();
    for _ in 0..clients {
        let person = stage.somebody();
        let source = stage.host();
        for _ in 0..stage.count(3, 40) {
            let time = stage.moment(0.0, 1.0);
            let node = stage.node();
            stage.act(time, source, What::Bare, None).node = node;
            let later = time + stage.rng.range(5_000, SECOND);
            stage.act(later, source, What::Use(Credential::Password(person.account)), None).node = node;
        }
        sources.push(source);
    }
    if stage.shows_success() {
        stage.must_not("challenge and response", Vec::new(), sources, false);
    } else {
        stage.must_not("challenge and response", Vec::new(), sources, true);
    }
}

/// A site of Kerberos clients.
pub(crate) fn spnego(stage: &mut Stage) {
    challenges(stage);
    if !stage.shows_success() {
        let note = "without successes in the log, challenges look like missing credentials";
        let mut incident = Incident::new("missing_credentials", PERHAPS_BROKEN, note).optional().at_most(3);
        let sources = stage.truth.must_not.last().map(|n| n.sources.clone()).unwrap_or_default();
        incident.seen.sources.extend(sources);
        incident.seen.at(stage.start);
        incident.seen.at(stage.end);
        stage.incident(incident);
    }
}

/// A scanner of the company's own, weekly from a known host: it may be asked about.
pub(crate) fn scanner(stage: &mut Stage) {
    stage.history(8 * 24 * HOUR);
    stage.room(24 * HOUR);
    let source = stage.host();
    let note = "the company's own scanner may be asked about";
    let mut incident =
        Incident::new("unauthenticated_scan", SUSPECT, note).or(&["missing_credentials"]).optional().at_most(3);
    incident.verdicts = ANY.to_vec();
    let tag = stage.incident(incident);
    let count = 40 + stage.rng.index(300);
    let paths = probing::paths(stage, count);
    for week in 0..2 {
        let start = stage.at - week * 7 * 24 * HOUR;
        for (path, time) in paths.iter().zip(Pace::Exponential.times(&mut stage.rng, start, HOUR, count)) {
            stage.act(time, source, What::Bare, Some(tag)).path = Some(path);
        }
    }
}

/// A week of silence, then everybody is back.
pub(crate) fn holidays(stage: &mut Stage) {
    stage.history(9 * 24 * HOUR);
    stage.room(24 * HOUR);
    let quiet = (stage.at - 7 * 24 * HOUR, stage.at);
    stage.rules.push(Rule {
        from: quiet.0,
        to: quiet.1,
        tag: None,
        decide: Box::new(|act| match act.what {
            What::Login { .. } => Fate::Dropped,
            _ => Fate::Other,
        }),
    });
    let mut acts = Vec::new();
    for who in 0..stage.people.len().min(80) {
        let place = stage.people[who].places[0];
        let time: Micros = stage.at + stage.rng.range(0, 4 * HOUR);
        login(stage, who, place, time, &mut acts);
    }
    stage.acts.append(&mut acts);
    let names = stage.people.iter().take(80).map(|p| p.name).collect();
    stage.must_not("people back from holidays", names, Vec::new(), true);
}

/// Two clusters in one folder: wrong passwords in one and the right one in the other, by somebody who took one for the other.
pub(crate) fn two_clusters(stage: &mut Stage) {
    // Lines of 7.x do not say which cluster they are of.
    (stage.form.version, stage.form.server, stage.form.shape) = (FormatVersion::V8, ServerFormat::Ecs, Shape::Native);
    let mut other = Stage::new("beside", stage.seed, 1, |_| {});
    other.life.logins = other.life.logins.min(500);
    other.life.requests = other.life.requests.min(500);
    (other.start, other.end) = (stage.start, stage.end);
    (other.form.version, other.form.server, other.form.shape) = (FormatVersion::V8, ServerFormat::Ecs, Shape::Native);
    let source = stage.host();
    let tries = 3 + stage.rng.index(6);
    let mut time = stage.at;
    let tag = stage.incident(forgotten());
    for _ in 0..tries {
        stage.wrong(time, source, "elastic", Some(0), Some(tag));
        time += stage.rng.range(2 * SECOND, 30 * SECOND);
    }
    for n in 0..6 {
        other.right(time + n * MINUTE, source, 0, None);
    }
    stage.beside = Some(Box::new(other));
    stage.must_not("failures in one cluster, a success in another", vec!["elastic"], vec![source], true);
}
