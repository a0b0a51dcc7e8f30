//! Somebody gets in, and what is done then.

use super::{lair, lasts, paced, spraying, victim};
use crate::changes::Change;
use crate::event::NATIVE;
use crate::scenario::hostile::guessing;
use crate::scenario::hostile::spraying::Campaign;
use crate::scenario::likelihood::From;
use crate::scenario::nuisance::Logging;
use crate::scenario::pace::Pace;
use crate::scenario::stage::Stage;
use crate::scenario::truth::{HOSTILE, Incident, SUSPECT};
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::{Deed, What};
use crate::world::Credential;

/// Kinds under which a compromise is rightly told: its guessing and what was made since are parts of it.
const ENTRY: &[Text] = &["persistence", "suspicious_access"];

const DEEDS: [Deed; 8] = [
    Deed::PutRepository,
    Deed::Snapshot,
    Deed::DeleteIndex,
    Deed::DeleteByQuery,
    Deed::Settings,
    Deed::Reindex,
    Deed::ReadUsers,
    Deed::Scroll,
];

/// A compromise of this ratio; it can be told only where a success shows.
fn compromise(verdicts: &[Text], note: Text, ratio: f64) -> Incident {
    let mut incident = Incident::new("account_compromise", verdicts, note).or(ENTRY).ratio(ratio);
    incident.needs_success = true;
    incident
}

/// Who is in, from where and since when.
#[derive(Clone, Copy)]
struct Intruder {
    account: u32,
    source: Text,
    time: Micros,
    tag: u16,
}

/// What intruders do: nothing but looking (a third), or rare powerful things, keys and users of their own, used later from
/// there or from elsewhere.
fn aftermath(stage: &mut Stage, who: Intruder) {
    let Intruder { account, source, mut time, tag } = who;
    for _ in 0..1 + stage.rng.index(6) {
        time += stage.rng.range(SECOND, 10 * MINUTE);
        stage.act(time, source, What::Use(Credential::Password(account)), Some(tag));
    }
    if stage.rng.chance(0.35) {
        return;
    }
    for _ in 0..stage.rng.index(4) {
        time += stage.rng.range(5 * SECOND, 30 * MINUTE);
        let deed = *stage.rng.pick(&DEEDS);
        stage.act(time, source, What::Deed(Credential::Password(account), deed), Some(tag));
    }
    time += stage.rng.range(5 * SECOND, 2 * HOUR);
    if stage.rng.chance(0.6) {
        make_key(stage, Intruder { time, ..who });
    }
    if stage.rng.chance(0.4) {
        make_user(stage, Intruder { time, ..who });
    }
}

/// A key of the intruder's own, and its use.
fn make_key(stage: &mut Stage, who: Intruder) {
    let key = stage.key(who.account);
    let (id, name) = (stage.world.keys[key as usize].id, stage.world.keys[key as usize].name);
    let with_id = stage.rng.chance(0.7);
    stage.change(who.time, who.source, Change::create_key(who.account, (key, id, name), with_id, None), Some(who.tag));
    let from = if stage.rng.chance(0.6) { who.source } else { stage.outside() };
    let mut time = who.time;
    for _ in 0..stage.rng.index(12) {
        time += stage.rng.range(10 * SECOND, HOUR);
        stage.act(time, from, What::Use(Credential::Key(key)), Some(who.tag));
    }
}

/// A user of the intruder's own, and its first logins.
fn make_user(stage: &mut Stage, who: Intruder) {
    let name = *stage.rng.pick(&["svc_backup", "sync-agent", "monitor2", "helpdesk1", "svc-update"]);
    let user = stage.world.account(name, NATIVE, &["superuser"]);
    stage.change(who.time, who.source, Change::put_user(who.account, stage.name(user), &["superuser"]), Some(who.tag));
    let mut time = who.time;
    for _ in 0..stage.rng.index(6) {
        time += stage.rng.range(30 * SECOND, 3 * HOUR);
        stage.right(time, who.source, user, Some(who.tag));
    }
}

/// The owner's own logins before, from the owner's own places, so that there is something to differ from.
fn owner_lives(stage: &mut Stage, account: u32) {
    let places = match stage.people.iter().find(|person| person.account == account) {
        Some(person) if person.by_kibana => vec![stage.kibana],
        Some(person) => person.places.clone(),
        None => vec![stage.admin_source],
    };
    for _ in 0..stage.count(3, 40) {
        let time = stage.start + stage.rng.range(0, (stage.end - stage.start).max(1));
        let place = *stage.rng.pick(&places);
        stage.right(time, place, account, None);
    }
}

/// An account that exists.
fn existing(stage: &mut Stage) -> (Text, u32) {
    loop {
        if let (name, Some(account)) = victim(stage) {
            return (name, account);
        }
    }
}

/// Guesses on one account, then in.
fn after_guesses(stage: &mut Stage, who: (Text, u32), times: &[Micros], place: (Text, &'static [Text])) {
    let (source, verdicts) = place;
    let span = lasts(times);
    let gap = (span / times.len().max(1) as Micros).max(SECOND);
    let entered = times.last().copied().unwrap_or(stage.at) + gap;
    stage.room(entered - stage.at + HOUR);
    owner_lives(stage, who.1);
    let ratio = stage.null().got_in(times.len(), span, stage.from(&[source]));
    let next = stage.truth.incidents.len() as u16;
    let guesses = Incident::new("password_guessing", verdicts, "its guesses").or(guessing::GUESSING).ratio(ratio);
    let guesses = stage.incident(guesses.part_of(next + 1));
    let tag = stage.incident(compromise(verdicts, "guessed, then in", ratio).with(&[guesses]));
    guessing::tries(stage, (who.0, Some(who.1)), &[source], times, guesses);
    stage.right(entered, source, who.1, Some(tag));
    aftermath(stage, Intruder { account: who.1, source, time: entered, tag });
}

/// Six to 900 guesses at any pace, then in.
pub(crate) fn guessed(stage: &mut Stage) {
    let who = existing(stage);
    let place = lair(stage);
    let count = stage.count(6, 900);
    let times = paced(stage, count, 48 * HOUR);
    after_guesses(stage, who, &times, place);
}

/// A few guesses an hour for days, then in.
pub(crate) fn guessed_slowly(stage: &mut Stage) {
    let who = existing(stage);
    let place = lair(stage);
    let gap = stage.rng.range(6 * MINUTE, HOUR);
    let count = stage.count(20, 200);
    let times = Pace::draw(&mut stage.rng).times(&mut stage.rng, stage.at, gap * count as Micros, count);
    after_guesses(stage, who, &times, place);
}

/// Guesses behind Kibana's address, then in from there: the owner logs in from the same address every day.
pub(crate) fn guessed_at_kibana(stage: &mut Stage) {
    let person = stage.somebody();
    let count = stage.count(20, 400);
    let times = paced(stage, count, 6 * HOUR);
    let kibana = stage.kibana;
    let ratio = stage.null().on_one(count, lasts(&times), From::Known);
    let note = "guesses behind an address that everybody logs in from";
    let kinds = &["low_and_slow", "account_compromise"];
    let guesses = stage.incident(Incident::new("password_guessing", SUSPECT, note).or(kinds).ratio(ratio));
    let mut entry = compromise(SUSPECT, "the success behind Kibana may be the owner's", 0.0).with(&[guesses]);
    entry.optional = true;
    let tag = stage.incident(entry);
    guessing::behind_kibana(stage, (person.name, Some(person.account)), &times, guesses);
    let entered = times.last().copied().unwrap_or(stage.at) + stage.rng.range(SECOND, 5 * MINUTE);
    stage.right(entered, kibana, person.account, Some(tag));
}

/// Some of a spray's or a stuffing's accounts fall.
fn some_fall(stage: &mut Stage, campaign: &Campaign) {
    let ratio = stage.truth.incidents[usize::from(campaign.tag)].ratio;
    let existing: Vec<u32> = campaign.list.iter().filter_map(|name| name.1).collect();
    let falls = 1 + stage.rng.index(3);
    for _ in 0..falls.min(existing.len()) {
        let account = *stage.rng.pick(&existing);
        if stage.truth.incidents.iter().any(|i| i.kind == "account_compromise" && i.note == stage.name(account)) {
            continue;
        }
        let (source, at) = (*stage.rng.pick(&campaign.sources), *stage.rng.pick(&campaign.times) + SECOND);
        owner_lives(stage, account);
        // One success of an account's own wanderer among the tries is chance; the source's other tries make it none.
        let tag = stage.incident(compromise(HOSTILE, stage.name(account), ratio));
        if stage.rng.chance(0.6) {
            stage.wrong(at - SECOND / 2, source, stage.name(account), Some(account), Some(tag));
        }
        stage.right(at, source, account, Some(tag));
        aftermath(stage, Intruder { account, source, time: at, tag });
    }
}

/// A spray that some accounts fall to: one spray, and a compromise each.
pub(crate) fn sprayed(stage: &mut Stage) {
    let count = stage.count(20, 250);
    let list = spraying::names(stage, count, 0.8);
    let addresses = [1, 1, 1, 4, 20][stage.rng.index(5)];
    let sources = stage.outside_pool(addresses);
    let times = paced(stage, count, 24 * HOUR);
    let ratio = stage.null().on_many(count, spraying::unknown(&list), lasts(&times), From::New(addresses));
    let tag = stage.incident(
        Incident::new("password_spraying", HOSTILE, "a spray that some fell to")
            .or(&["credential_stuffing"])
            .ratio(ratio),
    );
    spraying::tries(stage, &list, &sources, &times, tag);
    some_fall(stage, &Campaign { list, sources, times, tag });
}

/// Stuffing that some accounts fall to.
pub(crate) fn stuffed(stage: &mut Stage) {
    let count = stage.count(150, 900);
    let campaign = spraying::stuff(stage, count, 24 * HOUR);
    some_fall(stage, &campaign);
}

/// Powerful requests show as `access_granted` only, so nine in ten of these logs have it.
fn logs_access(stage: &mut Stage) {
    if stage.rng.chance(0.9) {
        stage.logging.iter_mut().for_each(|logging| logging.access_granted = true);
    }
}

/// Deeds need `access_granted` to be seen.
fn shows_deeds(stage: &Stage) -> bool {
    stage.logging.iter().all(|logging| logging.access_granted)
}

/// The right password at once, from where the account never was, then rare powerful requests.
pub(crate) fn silent(stage: &mut Stage) {
    logs_access(stage);
    let (_, account) = existing(stage);
    let wanted = stage.rng.range(24 * HOUR, 10 * 24 * HOUR);
    stage.history(wanted);
    stage.room(6 * HOUR);
    let lives = stage.acts.len();
    owner_lives(stage, account);
    let lived = stage.acts[lives..].iter().filter(|act| act.time < stage.at).count();
    let source = stage.outside();
    let kinds = 3 + stage.rng.index(4);
    let ratio = stage.null().powerful(kinds).min(3.0 + kinds as f64 * 1.7 + (lived as f64 + 1.0).log10());
    let mut incident =
        Incident::new("suspicious_access", SUSPECT, "no failures: a new place, then rare powerful requests");
    incident = incident.or(&["persistence", "account_compromise"]).ratio(ratio);
    incident.optional = !shows_deeds(stage) || lived < 3;
    let tag = stage.incident(incident);
    stage.right(stage.at, source, account, Some(tag));
    let mut time = stage.at;
    for n in 0..kinds {
        time += stage.rng.range(3 * SECOND, 20 * MINUTE);
        let deed = DEEDS[(n * 3 + kinds) % DEEDS.len()];
        let as_elastic = account != 0 && stage.rng.chance(0.1);
        let act = stage.act(time, source, What::Deed(Credential::Password(account), deed), Some(tag));
        act.runs_as = as_elastic.then_some(0);
    }
    let who = Intruder { account, source, time, tag };
    if stage.rng.chance(0.5) { make_key(stage, who) } else { make_user(stage, who) }
}

/// The entry is not in the log: a superuser's key and a new superuser are made from outside as the log begins, and used.
pub(crate) fn back_door(stage: &mut Stage) {
    logs_access(stage);
    stage.room(12 * HOUR);
    let (account, source) = (stage.admin, stage.outside());
    let ratio = stage.null().powerful(3);
    let mut incident =
        Incident::new("persistence", SUSPECT, "a key and a user made from outside; the entry is not in the log");
    incident = incident.or(&["suspicious_access", "account_compromise"]).ratio(ratio).at_most(2);
    incident.optional = !stage.logging.iter().copied().all(Logging::shows_success) || !shows_deeds(stage);
    let tag = stage.incident(incident);
    owner_lives(stage, account);
    let who = Intruder { account, source, time: stage.at + MINUTE, tag };
    make_key(stage, who);
    make_user(stage, Intruder { time: who.time + 5 * MINUTE, ..who });
    stage.act(who.time + 8 * MINUTE, source, What::Deed(Credential::Password(account), Deed::Settings), Some(tag));
}

/// A key that worked from its own host is used from outside, for what it never did.
pub(crate) fn stolen_key(stage: &mut Stage) {
    logs_access(stage);
    stage.history(24 * HOUR);
    stage.room(6 * HOUR);
    let owner = stage.service();
    let key = stage.key(owner);
    let host = stage.host();
    let lived = stage.count(5, 60);
    for time in Pace::machine(&mut stage.rng).times(&mut stage.rng, stage.start, stage.end - stage.start, lived) {
        stage.act(time, host, What::Use(Credential::Key(key)), None);
    }
    let source = stage.outside();
    let kinds = 3 + stage.rng.index(4);
    let ratio = stage.null().powerful(kinds);
    let mut incident = Incident::new("suspicious_access", SUSPECT, "a key is used from outside for what it never did");
    incident = incident.or(&["persistence", "account_compromise"]).ratio(ratio);
    incident.optional = !shows_deeds(stage);
    let owner = stage.name(owner);
    incident.seen.principals.insert(owner);
    let tag = stage.incident(incident);
    let mut time = stage.at;
    for n in 0..kinds {
        time += stage.rng.range(3 * SECOND, 20 * MINUTE);
        let deed = DEEDS[(n * 3 + kinds) % DEEDS.len()];
        stage.act(time, source, What::Deed(Credential::Key(key), deed), Some(tag));
    }
}
