//! Attempts that no realm judged, and nodes that differ from the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Client, Spell, fails, logs_in, rule, spell, works_around};
use crate::event::{FILE, LDAP, NATIVE, RESERVED};
use crate::scenario::likelihood::From;
use crate::scenario::nuisance::Logging;
use crate::scenario::stage::{Fate, Person, Stage, Turn};
use crate::scenario::truth::{BROKEN, Incident, PERHAPS_BROKEN};
use crate::text::{HOUR, MINUTE, Micros, Text};
use crate::traffic::{Odd, What};
use crate::world::Credential;

/// A time from the beginning on: eight minutes to a day.
fn outage_time(stage: &mut Stage) -> (Micros, Micros) {
    let span = stage.span(8 * MINUTE, 24 * HOUR);
    (stage.at, stage.at + span)
}

/// About so many people whose accounts live in the directory.
fn directory_people(stage: &mut Stage, count: usize) -> Vec<Person> {
    let mut people = stage.some(count * 2);
    people.retain(|person| stage.realm(person.account) == LDAP);
    people
}

/// The logins of directory people become `what`; enough of them fall into this time that there is something to see.
fn people_fail(stage: &mut Stage, during: (Micros, Micros), tag: u16, what: fn(Text) -> What) {
    let known: BTreeMap<u32, Text> = stage
        .people
        .iter()
        .filter(|person| stage.realm(person.account) == LDAP)
        .map(|person| (person.account, person.name))
        .collect();
    rule(stage, during, tag, move |act| match logs_in(act).and_then(|account| known.get(&account)) {
        Some(name) => Fate::Becomes(what(name)),
        None => Fate::Other,
    });
    let crowd = stage.count(4, 60);
    let people = directory_people(stage, crowd);
    let mut sum = 0;
    for person in &people {
        let place = if person.by_kibana { stage.kibana } else { person.places[0] };
        let mut time = during.0 + stage.rng.range(0, (during.1 - during.0) * 4 / 5);
        for _ in 0..1 + stage.rng.index(5) {
            stage.act(time, place, what(person.name), Some(tag));
            time += stage.rng.range(3_000_000, 4 * MINUTE);
            sum += 1;
        }
    }
    judge(stage, tag, during.1 - during.0, people.len(), sum);
}

/// How unlikely an outage is: by what the server log says where there is one; else by so many people none of whom gets in,
/// where successes show; else it is no different from people who mistype.
fn judge(stage: &mut Stage, tag: u16, span: Micros, people: usize, failures: usize) {
    let null = stage.null();
    let ratio = if stage.told_why() {
        null.of_machines(failures)
    } else if stage.shows_success() {
        null.none_gets_in(people, span)
    } else {
        null.on_many(people, 0, span, From::Known)
    };
    stage.truth.incidents[usize::from(tag)].ratio = ratio;
}

fn outage(stage: &Stage, note: Text, also: &[Text]) -> Incident {
    let verdicts = if stage.told_why() { BROKEN } else { PERHAPS_BROKEN };
    let incident = Incident::new("realm_outage", verdicts, note).or(also);
    if stage.told_why() || stage.shows_success() { incident } else { incident.blind(BLIND) }
}

/// What people who all fail may be taken for where neither a reason nor a success is logged.
const BLIND: &[Text] = &["password_spraying", "password_guessing", "credential_stuffing", "stale_credential"];

/// The directory cannot be reached: everybody whose account lives there fails, mostly from where they always come.
pub(crate) fn directory(stage: &mut Stage) {
    let during = outage_time(stage);
    let incident = outage(stage, "the directory is down", &["wrong_realm"]);
    let tag = stage.incident(incident);
    people_fail(stage, during, tag, |name| What::Odd(Odd::DirectoryDown(name)));
}

/// The licence no longer permits the directory's realm.
pub(crate) fn license(stage: &mut Stage) {
    let during = outage_time(stage);
    let incident = outage(stage, "the licence lapsed", &["wrong_realm"]);
    let tag = stage.incident(incident);
    people_fail(stage, during, tag, |name| What::Odd(Odd::Unlicensed(name)));
}

/// The security index is red: reserved users cannot be looked up, Kibana's own first.
pub(crate) fn index(stage: &mut Stage) {
    let when = spell(stage, 10, 300);
    // Without the server log, three built-in users who fail at once may as well have had their passwords changed.
    let also: &[Text] = if stage.told_why() { &[] } else { &["stale_credential"] };
    let incident = outage(stage, "the security index is not available", also);
    let ratio = stage.null().of_machines(when.failures);
    let tag = stage.incident(incident.ratio(ratio));
    let names: [(Text, u32); 3] = [("kibana_system", 1), ("logstash_system", 2), ("beats_system", 3)];
    for (name, account) in names {
        let source = if account == 1 { stage.kibana } else { stage.host() };
        let client = Client { source, credential: Credential::Password(account) };
        works_around(stage, client, when);
        fails(stage, source, What::Odd(Odd::IndexDown(name)), when, tag);
    }
}

/// No thread is left to hash the secrets of keys; the events name the keys' ids as principals.
pub(crate) fn busy(stage: &mut Stage) {
    let when = spell(stage, 5, 60);
    let clients = stage.count(3, 25);
    let incident = outage(stage, "the thread pool is full", &["api_key_bad_secret", "api_key_wrong_type"]);
    let ratio = stage.null().of_machines(when.failures * clients);
    let mut incident = incident.ratio(ratio).at_most(2);
    incident.optional = !stage.told_why();
    let tag = stage.incident(incident);
    for _ in 0..clients {
        let owner = stage.service();
        let key = stage.key(owner);
        let client = Client { source: stage.client_host(), credential: Credential::Key(key) };
        works_around(stage, client, when);
        fails(stage, client.source, What::Odd(Odd::Busy(key)), when, tag);
    }
}

/// A node comes back without the directory's realm: the same people get in elsewhere at the same time, and got in there
/// before.
pub(crate) fn lost(stage: &mut Stage) {
    stage.history(3 * HOUR);
    let during = outage_time(stage);
    let node = stage.node();
    let others = stage.logging.iter().copied().all(Logging::shows_success);
    // A node that lost a realm gives no reason: only the others' successes tell.
    let mut incident = Incident::new("wrong_realm", BROKEN, "one node lost a realm").or(&["realm_outage"]);
    if !others {
        incident = incident.blind(BLIND);
    }
    let tag = stage.incident(incident);
    stage.turns.push((during.0, Turn::Realms(node, vec![RESERVED, FILE, NATIVE])));
    stage.turns.push((during.1, Turn::Realms(node, vec![RESERVED, FILE, NATIVE, LDAP])));
    let crowd = stage.count(5, 60);
    let people = directory_people(stage, crowd);
    let mut seen = 0;
    for person in &people {
        let place = if person.by_kibana { stage.kibana } else { person.places[0] };
        let what = What::Login { name: person.name, account: Some(person.account), right: true };
        for _ in 0..2 {
            let time = stage.start + stage.rng.range(0, stage.at - stage.start);
            stage.act(time, place, what, None).node = node;
        }
        let mut time = during.0 + stage.rng.range(0, (during.1 - during.0) * 4 / 5);
        for _ in 0..1 + stage.rng.index(3) {
            stage.act(time, place, what, Some(tag)).node = node;
            time += stage.rng.range(3_000_000, MINUTE);
            seen += 1;
        }
        let other = (node + 1) % stage.world.nodes.len() as u16;
        stage.act(time, place, what, None).node = other;
    }
    judge(stage, tag, during.1 - during.0, people.len(), seen);
    let known: BTreeSet<u32> =
        stage.people.iter().filter(|p| stage.realm(p.account) == LDAP).map(|person| person.account).collect();
    rule(stage, during, tag, move |act| match logs_in(act) {
        Some(account) if act.node == node && known.contains(&account) => Fate::Becomes(act.what),
        _ => Fate::Other,
    });
}

/// One node's clock is behind or ahead: tokens are refused there and accepted elsewhere all the while.
pub(crate) fn clock(stage: &mut Stage) {
    refused(stage, true);
}

/// The same where the realm read no name: `authentication_failed` without a principal.
pub(crate) fn nameless_tokens(stage: &mut Stage) {
    refused(stage, false);
}

fn refused(stage: &mut Stage, named: bool) {
    let node = stage.node();
    let (from, to) = outage_time(stage);
    let apps = stage.count(2, 12);
    let each = stage.count(5, 150);
    let visible = stage.logging.iter().copied().all(Logging::shows_success);
    let verdicts = if visible { BROKEN } else { PERHAPS_BROKEN };
    let mut incident =
        Incident::new("clock_skew", verdicts, "tokens are refused on one node alone").or(&["wrong_realm"]);
    incident.ratio = stage.null().of_machines(apps * each);
    if !visible && !stage.logging[usize::from(node)].server_log {
        incident = incident.blind(BLIND);
    }
    let tag = stage.incident(incident);
    for _ in 0..apps {
        let account = stage.service();
        let source = stage.host();
        let name = named.then(|| stage.name(account));
        let client = Client { source, credential: Credential::Token(account) };
        let when = Spell { from, to, failures: each };
        works_around(stage, client, when);
        let planned = stage.acts.len();
        fails(stage, source, What::Odd(Odd::JwtRefused(name)), when, tag);
        stage.acts[planned..].iter_mut().for_each(|act| act.node = node);
        for _ in 0..each {
            let time = from + stage.rng.range(0, to - from);
            let other =
                (node + 1 + stage.rng.index(stage.world.nodes.len() - 1) as u16) % stage.world.nodes.len() as u16;
            stage.act(time, source, What::Use(client.credential), None).node = other;
        }
    }
}
