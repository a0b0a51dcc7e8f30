//! Keys of others ended by somebody who is in; a node that stops to write.

use crate::changes::Change;
use crate::scenario::pace::{Pace, log_uniform};
use crate::scenario::stage::Stage;
use crate::scenario::truth::{ANY, Incident};
use crate::text::{HOUR, MINUTE, Micros, SECOND};
use crate::traffic::{Deed, What};
use crate::world::Credential;

/// Twelve to 120 keys in use are ended at once from a place where the administrator never was.
pub(crate) fn keys_ended(stage: &mut Stage) {
    let count = stage.count(12, 120);
    let owner = stage.service();
    let keys: Vec<u32> = (0..count).map(|_| stage.key(owner)).collect();
    let source = stage.outside();
    stage.history(6 * HOUR);
    stage.room(4 * HOUR);
    let ratio = stage.null().ended(count);
    let verdicts = &["unclear", "hostile"];
    let tag = stage.incident(
        Incident::new("mass_invalidation", verdicts, "keys in use ended at once from a new place")
            .or(&["suspicious_access", "account_compromise", "persistence", "api_key_rotation_outage"])
            .ratio(ratio),
    );
    let note = "what becomes of the clients";
    let kinds = &["api_key_rotation_outage", "mass_invalidation", "missing_credentials"];
    let after = stage
        .incident(Incident::new("api_key_invalidated_in_use", ANY, note).or(kinds).at_most(3).optional().with(&[tag]));
    end_keys(stage, &keys, source, tag);
    use_up(stage, &keys, after);
}

/// Ends these keys: by their ids, in one request or in several within minutes.
pub(crate) fn end_keys(stage: &mut Stage, keys: &[u32], source: crate::text::Text, tag: u16) {
    let admin = stage.admin;
    let portion = if stage.rng.chance(0.5) { keys.len() } else { 1 + keys.len() / 5 };
    let mut time = stage.at;
    for part in keys.chunks(portion) {
        let ids: Vec<_> = part.iter().map(|key| (*key, stage.world.keys[*key as usize].id)).collect();
        part.iter().for_each(|key| stage.world.keys[*key as usize].invalidated = Some((time, admin)));
        stage.change(time, source, Change::invalidate_ids(admin, &ids), Some(tag));
        time += stage.rng.range(2 * SECOND, MINUTE);
    }
}

/// The clients of these keys: at work before, refused after.
pub(crate) fn use_up(stage: &mut Stage, keys: &[u32], tag: u16) {
    for key in keys.iter().take(40) {
        let client = stage.host();
        for _ in 0..2 + stage.rng.index(4) {
            let time = stage.moment(0.0, 1.0).min(stage.at - SECOND);
            stage.act(time, client, What::Use(Credential::Key(*key)), None);
        }
        let (count, span) = (3 + stage.rng.index(8), 2 * HOUR);
        for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.at + 5 * MINUTE, span, count) {
            stage.act(time, client, What::Use(Credential::Key(*key)), Some(tag));
        }
    }
}

/// A node writes nothing for one to 30 hours while the others see the cluster at work; half of the time a setting was
/// changed just before.
pub(crate) fn gap(stage: &mut Stage) {
    let node = stage.node();
    let span = log_uniform(&mut stage.rng, (HOUR) as f64, (30 * HOUR) as f64) as Micros;
    stage.history(span);
    stage.room(2 * span);
    stage.life.requests = stage.life.requests.max(8000);
    // Steady machines give the node enough to write at any hour.
    for _ in 0..4 {
        let owner = stage.service();
        let source = stage.host();
        stage.machine_at(source, Credential::Password(owner), 2 * MINUTE);
        if let Some(machine) = stage.machines.last_mut() {
            machine.sticks_to = None;
        }
    }
    let hours = (stage.end - stage.start) as f64 / HOUR as f64;
    let per_hour = stage.life.requests as f64 / hours / stage.world.nodes.len() as f64 * 0.5;
    let ratio = stage.null().silence(per_hour, span);
    let mut incident =
        Incident::new("audit_gap", &["unclear", "hostile"], "one node's audit log is silent while it lives");
    incident.optional = !stage.shows_success();
    let silent = &stage.world.nodes[usize::from(node)];
    incident.nodes = vec![silent.name, silent.id];
    let tag = stage.incident(incident.ratio(ratio));
    stage.truth.incidents[usize::from(tag)].seen.at(stage.at + span);
    stage.truth.incidents[usize::from(tag)].seen.at(stage.at);
    stage.silent.push((node, stage.at, stage.at + span));
    if stage.rng.chance(0.5) {
        let (admin, source) = (stage.admin, stage.admin_source);
        let act =
            stage.act(stage.at - 2 * SECOND, source, What::Deed(Credential::Password(admin), Deed::Settings), None);
        act.node = node;
    }
}
