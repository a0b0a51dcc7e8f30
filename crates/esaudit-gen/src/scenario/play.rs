//! Plays a stage: ordinary acts under the rules, planned acts, turns, all in order of time; then the log and its truth.

use crate::event::{Action, Event, Record};
use crate::scenario::living::{live, server_noise};
use crate::scenario::log::{Entry, Log, NodeLog};
use crate::scenario::nuisance::Front;
use crate::scenario::stage::{Fate, Stage, Turn, names_keys};
use crate::scenario::truth::{Incident, PERHAPS_BROKEN, Truth};
use crate::text::{MINUTE, Micros, Text, keep};
use crate::traffic::{Act, Odd, Traffic, What};
use crate::world::{Credential, World};

/// Plays the stage and the one beside it; gives also the number of requests.
pub(crate) fn play(mut stage: Stage) -> (Log, Truth, usize) {
    let beside = stage.beside.take();
    let (mut log, truth, mut requests) = play_one(stage);
    if let Some(other) = beside {
        let (other, _, more) = play_one(*other);
        requests += more;
        log.nodes.extend(other.nodes.into_iter().map(|mut node| {
            node.node.name = keep(format!("b-{}", node.node.name));
            node.entries.iter_mut().for_each(|entry| entry.tag = None);
            node
        }));
    }
    (log, truth, requests)
}

fn play_one(mut stage: Stage) -> (Log, Truth, usize) {
    let ordinary = live(&mut stage);
    let mut acts: Vec<Act> = ordinary.into_iter().filter_map(|act| under_rules(&stage, act)).collect();
    acts.append(&mut stage.acts);
    acts.retain(|act| (stage.start..stage.end).contains(&act.time));
    acts.sort_by_key(|act| act.time);
    stage.move_about(&mut acts);
    stage.turns.sort_by_key(|turn| turn.0);
    let noise: Vec<_> = (0..stage.world.nodes.len()).map(|_| server_noise(&mut stage)).collect();
    let entries = perform(&mut stage, &acts);
    let nodes =
        stage.world.nodes.iter().zip(entries).zip(noise).enumerate().map(|(at, ((node, mut entries), noise))| {
            let lines = noise.into_iter().map(|line| Entry { record: Record::Server(line), tag: None, act: u32::MAX });
            entries.extend(lines);
            let quiet = |time: Micros| {
                stage.silent.iter().any(|(n, from, to)| usize::from(*n) == at && (*from..*to).contains(&time))
            };
            entries.retain(|entry| !quiet(entry.record.time()) || matches!(entry.record, Record::Server(_)));
            let mut log =
                NodeLog { node: node.clone(), cluster: stage.world.cluster, logging: stage.logging[at], entries };
            log.sort();
            log
        });
    let log = Log { args: stage.args(), nodes: nodes.collect() };
    let mut truth = std::mem::take(&mut stage.truth);
    observe(&stage, &log, &acts, &mut truth);
    lives(&stage, &log, &mut truth);
    truth.incidents.extend(crowd_unseen(&stage, &log));
    truth.settle();
    (log, truth, acts.len())
}

/// That a node lives while it writes no audit events is known by its server log alone: where that tells nothing, it may as well
/// have been down.
fn lives(stage: &Stage, log: &Log, truth: &mut Truth) {
    /// Minutes with a line that show it: of a node that stops or starts there may be one at either end.
    const MINUTES: usize = 3;
    for &(node, from, to) in &stage.silent {
        let node = &log.nodes[usize::from(node)];
        let lines = node.entries.iter().filter(|entry| matches!(entry.record, Record::Server(_)));
        let mut minutes: Vec<Micros> = lines
            .map(|entry| entry.record.time())
            .filter(|time| node.logging.server_log && (from..to).contains(time))
            .map(|time| time / MINUTE)
            .collect();
        minutes.dedup();
        if minutes.len() < MINUTES {
            let gaps = truth.incidents.iter_mut().filter(|incident| incident.kind == "audit_gap");
            gaps.for_each(|incident| incident.optional = true);
        }
    }
}

/// Where no node logs a success, nothing tells the address that everybody has from one that tries everybody: the crowd's own
/// typing errors may be taken for anything.
fn crowd_unseen(stage: &Stage, log: &Log) -> Option<Incident> {
    let address = match stage.life.front {
        Front::Direct => return None,
        Front::Nat => stage.nat,
        Front::Kibana { .. } | Front::Both => stage.kibana,
    };
    if stage.logging.iter().any(|logging| logging.shows_success()) {
        return None;
    }
    let kinds = &["password_guessing", "credential_stuffing", "low_and_slow", "stale_credential"];
    let note = "typing errors behind one address, and no success in the log";
    let mut incident = Incident::new("password_spraying", PERHAPS_BROKEN, note).blind(kinds).at_most(20);
    incident.seen.sources.insert(address);
    let (start, end) = log.span();
    incident.seen.at(start);
    incident.seen.at(end);
    Some(incident)
}

/// What becomes of an ordinary act.
fn under_rules(stage: &Stage, mut act: Act) -> Option<Act> {
    for rule in stage.rules.iter().filter(|rule| (rule.from..rule.to).contains(&act.time)) {
        match (rule.decide)(&act) {
            Fate::Other => {}
            Fate::Dropped => return None,
            Fate::Becomes(what) => {
                act.what = what;
                act.incident = rule.tag;
                break;
            }
        }
    }
    Some(act)
}

fn turn(world: &mut World, turn: &Turn) {
    match turn {
        Turn::Realms(node, realms) => world.nodes[usize::from(*node)].realms.clone_from(realms),
        Turn::Disabled(account, disabled) => world.accounts[*account as usize].disabled = *disabled,
        Turn::Known(key, known) => world.keys[*key as usize].known = *known,
        Turn::Lacks(key, lacks) => world.keys[*key as usize].lacks = *lacks,
    }
}

/// The lines of every node, each with the act that it comes from.
fn perform(stage: &mut Stage, acts: &[Act]) -> Vec<Vec<Entry>> {
    let mut traffic = Traffic::new(&stage.args(), &stage.world);
    traffic.names_keys = names_keys(stage.form);
    let mut entries: Vec<Vec<Entry>> = stage.world.nodes.iter().map(|_| Vec::new()).collect();
    let mut turns = stage.turns.iter().peekable();
    for (at, act) in acts.iter().enumerate() {
        while let Some((_, next)) = turns.next_if(|(time, _)| *time <= act.time) {
            turn(&mut stage.world, next);
        }
        traffic.perform(&stage.world, &stage.changes, act);
        traffic.done.clear();
        for (node, records) in traffic.pending.iter_mut().enumerate() {
            let line = |record| Entry { record, tag: act.incident, act: at as u32 };
            entries[node].extend(records.drain(..).map(line));
        }
    }
    entries
}

/// True of the event that ends a failed attempt, or refuses what was asked for.
pub(crate) fn is_failure(event: &Event) -> bool {
    matches!(
        event.action,
        Action::AuthenticationFailed | Action::AnonymousAccessDenied | Action::AccessDenied | Action::ConnectionDenied
    )
}

/// Fills in who, from where and when, from the lines that are written.
fn observe(stage: &Stage, log: &Log, acts: &[Act], truth: &mut Truth) {
    for node in &log.nodes {
        for entry in node.entries.iter().filter(|entry| node.logging.writes(&entry.record)) {
            let (Some(tag), Record::Audit(event)) = (entry.tag, &entry.record) else { continue };
            let act = &acts[entry.act as usize];
            for (index, incident) in truth.incidents.iter_mut().enumerate() {
                if index != usize::from(tag) && !incident.with.contains(&tag) {
                    continue;
                }
                let seen = &mut incident.seen;
                seen.at(event.time + node.node.clock_error);
                if is_failure(event) {
                    seen.failures += 1;
                } else if event.action == Action::AccessGranted || event.action == Action::AuthenticationSuccess {
                    seen.successes += 1;
                }
                seen.sources.insert(act.source);
                let (name, key) = party(stage, act);
                seen.principals.extend(name);
                seen.keys.extend(key);
                if let What::Change(index) = act.what {
                    let keys = &stage.changes[index as usize].keys;
                    seen.keys.extend(keys.iter().map(|key| stage.world.keys[*key as usize].id));
                }
            }
        }
    }
}

/// Whose name, and which key's id, an act is about.
fn party(stage: &Stage, act: &Act) -> (Option<Text>, Option<Text>) {
    let of = |credential: Credential| match credential {
        Credential::Password(account) | Credential::Token(account) => (Some(stage.name(account)), None),
        Credential::Key(key) => (None, Some(stage.world.keys[key as usize].id)),
        Credential::Service(account, _) => (Some(account), None),
    };
    match act.what {
        What::Use(credential) | What::Deed(credential, _) => of(credential),
        What::Login { name, .. } => (Some(name), None),
        What::WrongSecret(key) | What::Odd(Odd::KeyError(key) | Odd::Busy(key)) => of(Credential::Key(key)),
        What::Change(index) => (Some(stage.name(stage.changes[index as usize].actor)), None),
        What::BadServiceToken(account, _) => (Some(account), None),
        What::Odd(Odd::DirectoryDown(name) | Odd::Unlicensed(name) | Odd::IndexDown(name)) => (Some(name), None),
        What::Odd(Odd::JwtRefused(name)) => (name, None),
        What::Odd(Odd::AssertionRefused) => (Some("<unauthenticated-saml-user>"), None),
        _ => (None, None),
    }
}
