//! API keys that no longer work.

use super::{Client, Spell, fails, spell, works_around};
use crate::changes::Change;
use crate::scenario::hostile::cover::{end_keys, use_up};
use crate::scenario::pace::Pace;
use crate::scenario::stage::{Stage, Turn};
use crate::scenario::truth::{ANY, BROKEN, Incident, PERHAPS_BROKEN};
use crate::text::{HOUR, MINUTE, SECOND, Text};
use crate::traffic::What;
use crate::world::Credential;

/// Refused keys of this kind. Without the server log a refused key looks like no credentials at all.
fn refused(stage: &Stage, kind: Text, note: Text, failures: usize) -> Incident {
    let ratio = stage.null().of_machines(failures);
    if stage.told_why() {
        return Incident::new(kind, BROKEN, note).ratio(ratio);
    }
    // That a key was ended shows without a reason; how else it came to be refused does not.
    let known = kind == "api_key_invalidated_in_use" || kind == "api_key_rotation_outage";
    let also: &[Text] = if known { &[] } else { UNTOLD };
    let incident = Incident::new(kind, PERHAPS_BROKEN, note).or(&["missing_credentials"]).or(also).ratio(ratio);
    if stage.shows_success() { incident } else { incident.blind(BLIND) }
}

/// Kinds of refused keys that the reason alone tells apart.
const UNTOLD: &[Text] = &["api_key_expired_in_use", "api_key_unknown", "api_key_bad_secret"];

/// What refused keys may be taken for where neither a reason nor a success is logged.
const BLIND: &[Text] = &["api_key_guessing", "unauthenticated_scan"];

/// A key and one to five clients of it.
fn clients(stage: &mut Stage) -> (u32, Vec<Client>) {
    let owner = stage.service();
    let key = stage.key(owner);
    let hosts = 1 + stage.rng.index(5);
    (key, (0..hosts).map(|_| Client { source: stage.client_host(), credential: Credential::Key(key) }).collect())
}

/// It worked, and now every request is refused.
fn all_fail(stage: &mut Stage, clients: &[Client], when: Spell, tag: u16) {
    for client in clients {
        for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.start, when.from - stage.start, 15) {
            stage.act(time, client.source, What::Use(client.credential), None);
        }
        fails(stage, client.source, What::Use(client.credential), when, tag);
    }
}

fn invalidate(stage: &mut Stage, key: u32, when: Spell) {
    let (admin, source) = (stage.admin, stage.admin_source);
    stage.world.keys[key as usize].invalidated = Some((when.from, admin));
    let (id, name) = (stage.world.keys[key as usize].id, stage.world.keys[key as usize].name);
    let by_name = stage.rng.chance(0.4);
    let change = if by_name {
        Change::invalidate_name(admin, name, vec![key])
    } else {
        Change::invalidate_ids(admin, &[(key, id)])
    };
    stage.change(when.from - SECOND / 10, source, change, None);
}

/// A key is ended while one to five clients use it.
pub(crate) fn invalidated(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 4, 300);
    let incident = refused(stage, "api_key_invalidated_in_use", "a key was ended while in use", when.failures);
    let tag = stage.incident(incident.or(&["api_key_rotation_outage"]));
    invalidate(stage, key, when);
    all_fail(stage, &clients, when, tag);
}

/// A new key of the same owner is made, the old one ended, and some clients keep the old one for a while.
pub(crate) fn rotation(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 4, 300);
    let incident =
        refused(stage, "api_key_rotation_outage", "a key was rotated before its clients were", when.failures);
    let tag = stage.incident(incident.or(&["api_key_invalidated_in_use"]));
    let (admin, source) = (stage.admin, stage.admin_source);
    let owner = stage.world.keys[key as usize].owner;
    let new = stage.key(owner);
    let (id, name) = (stage.world.keys[new as usize].id, stage.world.keys[new as usize].name);
    stage.change(when.from - MINUTE, source, Change::create_key(admin, (new, id, name), true, None), None);
    invalidate(stage, key, when);
    all_fail(stage, &clients, when, tag);
    stage.room(when.to - stage.at + HOUR);
    for client in &clients {
        for n in 1..6 {
            stage.act(when.to + n * 8 * MINUTE, client.source, What::Use(Credential::Key(new)), None);
        }
    }
}

/// A key reaches its end.
pub(crate) fn expired(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 4, 300);
    let incident = refused(stage, "api_key_expired_in_use", "a key expired while in use", when.failures);
    let tag = stage.incident(incident);
    stage.world.keys[key as usize].expires = Some(when.from);
    all_fail(stage, &clients, when, tag);
}

/// A client brings a key that this cluster never had (it was meant for another).
pub(crate) fn unknown(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 4, 300);
    let incident = refused(stage, "api_key_unknown", "a key of another cluster", when.failures);
    let mut incident = incident.or(&["stale_credential"]);
    incident.verdicts = PERHAPS_BROKEN.to_vec();
    // It never worked here, so that nothing but the reason tells it from a stranger's.
    let incident = if stage.told_why() { incident } else { incident.blind(BLIND) };
    let tag = stage.incident(incident);
    stage.world.keys[key as usize].known = false;
    for client in &clients {
        fails(stage, client.source, What::Use(client.credential), when, tag);
    }
}

/// The security index comes back from an old snapshot: five to 60 keys unknown from one moment on, one cause.
pub(crate) fn restored(stage: &mut Stage) {
    let count = stage.count(5, 60);
    stage.history(2 * HOUR);
    let when = spell(stage, 3, 30);
    let incident =
        refused(stage, "api_key_unknown", "keys lost with a restored index: one cause", count * when.failures);
    let tag = stage.incident(incident.at_most(3));
    for _ in 0..count {
        let owner = stage.service();
        let key = stage.key(owner);
        let client = Client { source: stage.client_host(), credential: Credential::Key(key) };
        stage.turns.push((when.from, Turn::Known(key, false)));
        all_fail(stage, &[client], when, tag);
    }
}

/// A secret was mangled on its way to the clients.
pub(crate) fn bad_secret(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    stage.history(2 * HOUR);
    let when = spell(stage, 4, 300);
    let incident = refused(stage, "api_key_bad_secret", "a secret was mangled on the clients", when.failures);
    let tag = stage.incident(incident);
    for client in clients {
        works_around(stage, client, when);
        fails(stage, client.source, What::WrongSecret(key), when, tag);
    }
}

/// A key for cross-cluster use is sent to the REST layer: the event names its id as principal.
pub(crate) fn wrong_type(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 4, 200);
    let incident = refused(stage, "api_key_wrong_type", "a cross-cluster key on the REST layer", when.failures);
    let incident = incident.or(&["stale_credential"]);
    // The event names the key's id as it would a person.
    let incident = if stage.told_why() { incident } else { incident.blind(&["password_guessing", "low_and_slow"]) };
    let tag = stage.incident(incident);
    stage.world.keys[key as usize].cross_cluster = true;
    let id = stage.world.keys[key as usize].id;
    for client in clients {
        fails(stage, client.source, What::Use(client.credential), when, tag);
    }
    // The event's `user.name` is the key's id: it may be told as a key or as a principal.
    stage.truth.incidents[usize::from(tag)].seen.principals.insert(id);
}

/// A key lacks a privilege: authenticated, and denied.
pub(crate) fn underprivileged(stage: &mut Stage) {
    let (key, clients) = clients(stage);
    let when = spell(stage, 6, 200);
    let incident = Incident::new("api_key_underprivileged", PERHAPS_BROKEN, "a key lacks a privilege");
    let ratio = stage.null().of_machines(when.failures);
    let tag = stage.incident(incident.ratio(ratio));
    let owner = stage.name(stage.world.keys[key as usize].owner);
    stage.turns.push((when.from, Turn::Lacks(key, true)));
    all_fail(stage, &clients, when, tag);
    stage.truth.incidents[usize::from(tag)].seen.principals.insert(owner);
}

/// The administrator ends a dozen keys in use from the usual place: told, and no more than unclear.
pub(crate) fn ended_by_admin(stage: &mut Stage) {
    let count = stage.count(12, 80);
    let owner = stage.service();
    let keys: Vec<u32> = (0..count).map(|_| stage.key(owner)).collect();
    stage.history(6 * HOUR);
    stage.room(4 * HOUR);
    let ratio = stage.null().ended(count);
    let source = stage.admin_source;
    let note = "the administrator ends many keys in use";
    let tag = stage.incident(
        Incident::new("mass_invalidation", &["unclear", "operational"], note)
            .or(&["api_key_rotation_outage", "api_key_invalidated_in_use"])
            .ratio(ratio)
            .at_most(2),
    );
    let kinds = &["api_key_rotation_outage", "mass_invalidation", "missing_credentials"];
    let note = "what becomes of the clients";
    let after = stage
        .incident(Incident::new("api_key_invalidated_in_use", ANY, note).or(kinds).at_most(3).optional().with(&[tag]));
    end_keys(stage, &keys, source, tag);
    use_up(stage, &keys, after);
}
