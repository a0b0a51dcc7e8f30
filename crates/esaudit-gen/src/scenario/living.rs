//! Ordinary life: people who log in, mistype and move about; machines that ask at their own cadence; an administrator.

use crate::changes::Change;
use crate::event::{NATIVE, ServerLine};
use crate::scenario::nuisance::Front;
use crate::scenario::stage::{Machine, Stage, moments};
use crate::scenario::truth::{Incident, PERHAPS_BROKEN};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text, keep};
use crate::traffic::{Act, Odd, What};
use crate::world::Credential;

/// All ordinary acts of this site from the beginning of its log to the end, in no order.
pub(crate) fn live(stage: &mut Stage) -> Vec<Act> {
    let mut acts = Vec::new();
    people(stage, &mut acts);
    for at in 0..stage.machines.len() {
        let machine = stage.machines[at].clone();
        machine_life(stage, &machine, &mut acts);
    }
    administrator(stage, &mut acts);
    strangers(stage, &mut acts);
    for _ in 0..stage.life.assertions {
        let time = working_time(stage);
        acts.push(Act::new(time, stage.node(), stage.kibana, What::Odd(Odd::AssertionRefused)));
    }
    acts
}

/// Chance that a stranger tries again.
pub(crate) const STRANGERS_GO_ON: f64 = 0.3;

/// Strangers at a page for login: people of the site who mistype their name somewhere, and people who have no account.
fn strangers(stage: &mut Stage, acts: &mut Vec<Act>) {
    if stage.life.strangers == 0 {
        return;
    }
    let note = "strangers at a page for login that anybody can reach";
    let kinds = &["credential_stuffing", "password_guessing", "low_and_slow"];
    let incident = Incident::new("password_spraying", &["unclear", "operational"], note);
    let tag = stage.incident(incident.or(kinds).optional().at_most(20));
    for _ in 0..stage.life.strangers {
        let who = stage.rng.chance(0.3).then(|| stage.somebody());
        let typed = match &who {
            Some(person) => keep(misname(stage, person.name)),
            None => keep(format!("{}@mail.example", stage.world.fresh_person())),
        };
        let place = stage.outside();
        let mut time = working_time(stage);
        let put = |stage: &mut Stage, acts: &mut Vec<Act>, time: Micros, what: What, tag: Option<u16>| {
            let mut act = Act::new(time, stage.node(), place, what);
            act.incident = tag;
            acts.push(act);
        };
        loop {
            put(stage, acts, time, What::Login { name: typed, account: None, right: false }, Some(tag));
            time += moments(&mut stage.rng);
            if !stage.rng.chance(STRANGERS_GO_ON) {
                break;
            }
        }
        if let Some(person) = who {
            let right = What::Login { name: person.name, account: Some(person.account), right: true };
            put(stage, acts, time, right, None);
        }
    }
}

/// A time at which a person works.
pub(crate) fn working_time(stage: &mut Stage) -> Micros {
    let (start, length) = (stage.start, stage.end - stage.start);
    let mut time = start;
    for _ in 0..24 {
        time = start + stage.rng.range(0, length.max(1));
        let (day, hour) = (time.div_euclid(24 * HOUR), time.rem_euclid(24 * HOUR) / HOUR);
        // 1 January 1970 was a Thursday.
        let works = (day + 3).rem_euclid(7) < 5 && (hour - stage.life.opens).rem_euclid(24) < 10;
        if works || stage.rng.chance(stage.life.night) {
            break;
        }
    }
    time
}

fn people(stage: &mut Stage, acts: &mut Vec<Act>) {
    let mut sum = 0.0;
    let reached: Vec<f64> = stage
        .people
        .iter()
        .map(|p| {
            sum += p.weight;
            sum
        })
        .collect();
    for _ in 0..stage.life.logins {
        let mark = stage.rng.unit() * sum;
        let who = reached.partition_point(|r| *r < mark).min(stage.people.len() - 1);
        let time = working_time(stage);
        let place = place(stage, who);
        login(stage, who, place, time, acts);
    }
}

/// Where a person logs in from this time. Somebody who moved may stay.
fn place(stage: &mut Stage, who: usize) -> Text {
    if stage.rng.chance(stage.life.wanders) {
        let new = if stage.rng.chance(0.6) { stage.outside() } else { stage.host() };
        if stage.rng.chance(0.5) {
            stage.people[who].places.push(new);
        }
        return new;
    }
    let places = stage.people[who].places.len();
    let at = if stage.rng.chance(0.7) { 0 } else { stage.rng.index(places) };
    stage.people[who].places[at]
}

/// The act as the cluster sees it: through Kibana, the client is only a header.
pub(crate) fn through(stage: &Stage, by_kibana: bool, mut act: Act) -> Act {
    if by_kibana {
        let forwards = matches!(stage.life.front, Front::Kibana { forwards: true });
        act.forwarded = forwards.then_some(act.source);
        act.source = stage.kibana;
    }
    act
}

/// A login: perhaps a few wrong passwords, then the right one and some requests; or the person gives up.
pub(crate) fn login(stage: &mut Stage, who: usize, place: Text, start: Micros, acts: &mut Vec<Act>) {
    let (account, name, typo, by_kibana) = {
        let person = &stage.people[who];
        (person.account, person.name, person.typo, person.by_kibana)
    };
    let mut time = start;
    let forgot = stage.rng.chance(stage.life.forgets);
    let tag = forgot.then(|| stage.incident(forgotten()));
    let put = |stage: &mut Stage, acts: &mut Vec<Act>, time: Micros, what: What| {
        let mut act = Act::new(time, stage.node(), place, what);
        act.incident = tag;
        acts.push(through(stage, by_kibana, act));
    };
    if stage.rng.chance(stage.life.misnames) {
        let typed = keep(misname(stage, name));
        put(stage, acts, time, What::Login { name: typed, account: None, right: false });
        time += moments(&mut stage.rng);
    }
    let mut more = if forgot { 1.0 } else { typo };
    let mut tries = 0;
    while stage.rng.chance(more) && tries < 40 {
        put(stage, acts, time, What::Login { name, account: Some(account), right: false });
        time += moments(&mut stage.rng);
        tries += 1;
        more = if forgot { stage.life.insists } else { stage.life.again };
    }
    // One in fifteen who mistyped turns to something else; somebody who forgot mostly has to ask.
    if tries > 0 && stage.rng.chance(if forgot { 0.7 } else { 0.07 }) {
        return;
    }
    put(stage, acts, time, What::Login { name, account: Some(account), right: true });
    for _ in 0..stage.rng.index(3) {
        time += stage.rng.range(5 * SECOND, 40 * MINUTE);
        put(stage, acts, time, What::Use(Credential::Password(account)));
    }
}

/// Many wrong tries of somebody who forgot may be told, not as an attack.
pub(crate) fn forgotten() -> Incident {
    let incident = Incident::new("password_guessing", PERHAPS_BROKEN, "somebody forgot a password");
    incident.or(&["stale_credential", "low_and_slow"]).optional()
}

/// A name as it is mistyped: capitals, a blank, two letters exchanged, one left out.
fn misname(stage: &mut Stage, name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = stage.rng.index(letters.len().saturating_sub(1));
    match stage.rng.below(4) {
        0 => return format!("{name} "),
        1 => letters[0] = letters[0].to_ascii_uppercase(),
        2 => letters.swap(at, at + 1),
        _ => {
            letters.remove(at);
        }
    }
    let typed: String = letters.into_iter().collect();
    if typed == name { format!("{name}.") } else { typed }
}

/// The times at which a machine asks, all machines together keeping to the budget of requests.
pub(crate) fn asks(stage: &mut Stage, machine: &Machine) -> Vec<Micros> {
    let length = (stage.end - stage.start) as f64;
    let wanted: f64 = stage.machines.iter().map(|m| length / m.period as f64).sum();
    let period = machine.period as f64 * (wanted / stage.life.requests as f64).max(1.0);
    let mut at = stage.rng.unit() * period.min(length);
    let mut times = Vec::new();
    while at < length {
        let early = machine.jitter * (stage.rng.unit() - 0.5) * period;
        times.push(stage.start + (at + early) as Micros);
        at += period;
    }
    times
}

fn machine_life(stage: &mut Stage, machine: &Machine, acts: &mut Vec<Act>) {
    for time in asks(stage, machine) {
        let node = machine.sticks_to.unwrap_or_else(|| stage.node());
        let what = match machine.credential {
            // A key's secret is not mistyped; a connection may lose its header.
            Credential::Key(_) if stage.rng.chance(stage.life.slips) => What::Bare,
            Credential::Password(account) if stage.rng.chance(stage.life.slips) => {
                What::Login { name: stage.name(account), account: Some(account), right: false }
            }
            credential => What::Use(credential),
        };
        acts.push(Act::new(time, node, machine.source, what));
    }
}

/// The administrator's day: logins, and one ordinary change in two days.
fn administrator(stage: &mut Stage, acts: &mut Vec<Act>) {
    let days = ((stage.end - stage.start) as f64 / (24 * HOUR) as f64).max(0.2);
    for _ in 0..(days * 1.5).ceil() as usize {
        let time = working_time(stage);
        let admin = stage.admin;
        acts.push(Act::new(time, stage.node(), stage.admin_source, What::Use(Credential::Password(admin))));
        if stage.rng.chance(0.35) {
            let change = ordinary_change(stage);
            stage.changes.push(change);
            let index = stage.changes.len() as u32 - 1;
            let later = time + stage.rng.range(SECOND, 20 * MINUTE);
            acts.push(Act::new(later, stage.node(), stage.admin_source, What::Change(index)));
        }
    }
}

fn ordinary_change(stage: &mut Stage) -> Change {
    let admin = stage.admin;
    match stage.rng.below(3) {
        0 => {
            let role: Text = stage.rng.pick::<Text>(&["logs-reader", "apm-writer", "team-a"]);
            Change::put_role(admin, role)
        }
        1 => {
            let name = stage.service_name();
            let account = stage.world.account(&name, NATIVE, &["svc"]);
            Change::put_user(admin, stage.name(account), &["svc"])
        }
        _ => {
            let token: Text = stage.rng.pick::<Text>(&["token-b", "token-c"]);
            Change::service_token(admin, token)
        }
    }
}

/// Lines of a server log that tell no reason of a failure, though some hold its words.
pub(crate) fn server_noise(stage: &mut Stage) -> Vec<ServerLine> {
    const LINES: [(Text, Text, Text); 6] = [
        (
            "INFO",
            "org.elasticsearch.cluster.metadata.MetadataMappingService",
            "[logs-app-2026.03/3vJ0kL] update_mapping [_doc]",
        ),
        (
            "INFO",
            "org.elasticsearch.monitor.jvm.JvmGcMonitorService",
            "[gc][young][81][9] overhead, spent [310ms] collecting",
        ),
        (
            "WARN",
            "org.elasticsearch.repositories.s3.S3Repository",
            "The provided token has expired (Service: Amazon S3; Status Code: 400)",
        ),
        ("WARN", "org.elasticsearch.transport.TcpTransport", "exception caught on transport layer, closing connection"),
        ("INFO", "org.elasticsearch.cluster.routing.allocation.AllocationService", "current.health=\"GREEN\""),
        ("WARN", "org.elasticsearch.ingest.geoip.GeoIpDownloader", "failed to download database, invalid credentials"),
    ];
    (0..3 + stage.rng.index(30))
        .map(|_| {
            let (level, logger, message) = *stage.rng.pick(&LINES);
            ServerLine { time: stage.moment(0.0, 1.0), level, logger, message: message.to_owned(), trace: None }
        })
        .collect()
}
