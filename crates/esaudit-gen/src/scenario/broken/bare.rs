//! Clients that begin to send no credentials.

use super::{Client, Spell, fails, spell, works_around};
use crate::scenario::stage::Stage;
use crate::scenario::truth::{BROKEN, Incident};
use crate::text::{HOUR, MINUTE, Text};
use crate::traffic::What;
use crate::world::Credential;

fn missing(stage: &Stage, note: Text, failures: usize) -> Incident {
    let incident = Incident::new("missing_credentials", BROKEN, note).ratio(stage.null().of_machines(failures));
    if stage.shows_success() { incident } else { incident.blind(&["unauthenticated_scan"]) }
}

/// A proxy loses the Authorization header: a few clients behind one address.
pub(crate) fn header_lost(stage: &mut Stage) {
    stage.history(2 * HOUR);
    let when = spell(stage, 10, 400);
    let incident = missing(stage, "a proxy loses the Authorization header", when.failures);
    let tag = stage.incident(incident);
    let proxy = stage.host();
    for _ in 0..2 + stage.rng.index(10) {
        let account = stage.service();
        works_around(stage, Client { source: proxy, credential: Credential::Password(account) }, when);
    }
    fails(stage, proxy, What::Bare, when, tag);
}

/// The log begins as an upgrade turns security on: most clients send nothing, and are repaired one by one.
pub(crate) fn turned_on(stage: &mut Stage) {
    stage.start = stage.at - MINUTE;
    stage.room(8 * HOUR);
    let clients = stage.count(5, 40);
    let mut incident = missing(stage, "security was turned on: clients send nothing until repaired", clients * 5);
    incident = incident.at_most(2);
    incident.verdicts.push("unclear");
    let tag = stage.incident(incident);
    for _ in 0..clients {
        let account = stage.service();
        let client = Client { source: stage.client_host(), credential: Credential::Password(account) };
        let repaired = stage.at + stage.rng.range(10 * MINUTE, 6 * HOUR);
        let when = Spell { from: stage.at, to: repaired, failures: stage.count(4, 60) };
        fails(stage, client.source, What::Bare, when, tag);
        for n in 1..8 {
            stage.act(repaired + n * 10 * MINUTE, client.source, What::Use(client.credential), None);
        }
    }
}
