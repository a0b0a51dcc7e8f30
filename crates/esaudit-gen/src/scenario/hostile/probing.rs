//! Secrets and ids of API keys tried; paths tried without credentials.

use super::{lair, lasts, paced, stick};
use crate::scenario::likelihood::From;
use crate::scenario::stage::Stage;
use crate::scenario::truth::{Incident, SUSPECT};
use crate::text::{HOUR, Text, keep};
use crate::traffic::What;
use crate::world::Credential;

/// An incident of refused keys. Without a server log a refused key is no different from none at all.
fn guessing(stage: &Stage, note: Text, verdicts: &'static [Text], ratio: f64) -> Incident {
    if stage.told_why() {
        return Incident::new("api_key_guessing", verdicts, note).ratio(ratio);
    }
    let looks = &["unauthenticated_scan", "missing_credentials"];
    let mut incident = Incident::new("api_key_guessing", SUSPECT, note).or(looks).ratio(ratio);
    // Where no success shows either, nothing tells it from a probe.
    incident.optional = !stage.shows_success();
    incident
}

/// Many secrets for one to three keys that exist.
pub(crate) fn secrets(stage: &mut Stage) {
    let owner = stage.service();
    let keys: Vec<u32> = (0..1 + stage.rng.index(3)).map(|_| stage.key(owner)).collect();
    let (source, verdicts) = lair(stage);
    let count = stage.count(15, 1500);
    let times = paced(stage, count, 24 * HOUR);
    let ratio = stage.null().on_one(count, lasts(&times), From::New(1));
    let incident = guessing(stage, "many secrets of a key", verdicts, ratio);
    let tag = stage.incident(incident);
    let planned = stage.acts.len();
    for (n, time) in times.iter().enumerate() {
        stage.act(*time, source, What::WrongSecret(keys[n % keys.len()]), Some(tag));
    }
    stick(stage, planned);
}

/// Many ids that do not exist.
pub(crate) fn ids(stage: &mut Stage) {
    let owner = stage.service();
    let count = stage.count(15, 700);
    let (source, verdicts) = lair(stage);
    let times = paced(stage, count, 24 * HOUR);
    let ratio = stage.null().on_many(count, count, lasts(&times), From::New(1));
    let incident = guessing(stage, "many ids of keys", verdicts, ratio);
    let tag = stage.incident(incident);
    let planned = stage.acts.len();
    for time in times {
        let key = stage.key(owner);
        stage.world.keys[key as usize].known = false;
        stage.act(time, source, What::Use(Credential::Key(key)), Some(tag));
    }
    stick(stage, planned);
}

const PATHS: [Text; 24] = [
    "/_cat/indices",
    "/_nodes",
    "/.kibana",
    "/_search",
    "/_snapshot",
    "/_cluster/state",
    "/_security/user",
    "/solr/admin",
    "/actuator/env",
    "/.env",
    "/_plugin/head",
    "/manager/html",
    "/_aliases",
    "/_mapping",
    "/phpmyadmin",
    "/.git/config",
    "/_all/_settings",
    "/_template",
    "/console/",
    "/owa/auth",
    "/_stats",
    "/_tasks",
    "/cgi-bin/test",
    "/api/v1/pods",
];

/// So many paths.
pub(crate) fn paths(stage: &mut Stage, count: usize) -> Vec<Text> {
    (0..count)
        .map(|n| match PATHS.get(n) {
            Some(path) => path,
            None => keep(format!("/{}/{}", ["backup", "users", "logs", "data"][n % 4], stage.rng.below(100_000))),
        })
        .collect()
}

/// Many paths without credentials from an address that never authenticates.
pub(crate) fn scan(stage: &mut Stage) {
    let count = stage.count(8, 600);
    let list = paths(stage, count);
    let source = if stage.rng.chance(0.8) { stage.outside() } else { stage.host() };
    let times = paced(stage, count, 24 * HOUR);
    let ratio = stage.null().paths(count);
    let note = "many paths without credentials from one address that never gets in";
    let tag =
        stage.incident(Incident::new("unauthenticated_scan", SUSPECT, note).or(&["missing_credentials"]).ratio(ratio));
    let planned = stage.acts.len();
    for (path, time) in list.into_iter().zip(times) {
        stage.act(time, source, What::Bare, Some(tag)).path = Some(path);
    }
    stick(stage, planned);
}
