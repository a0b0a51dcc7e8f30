//! Many tries on one account or few.

use super::{DICTIONARY, lair, lasts, paced, stick, victim};
use crate::scenario::likelihood::From;
use crate::scenario::pace::Pace;
use crate::scenario::stage::Stage;
use crate::scenario::truth::{HOSTILE, Incident, SUSPECT};
use crate::text::{HOUR, MINUTE, Micros, Text};

/// Kinds under which guessing is rightly told.
pub(crate) const GUESSING: &[Text] = &["low_and_slow"];

/// Plans these tries on one account, from these addresses in turn.
pub(crate) fn tries(stage: &mut Stage, who: (Text, Option<u32>), sources: &[Text], times: &[Micros], tag: u16) {
    let planned = stage.acts.len();
    for (n, time) in times.iter().enumerate() {
        stage.wrong(*time, sources[n % sources.len()], who.0, who.1, Some(tag));
    }
    stick(stage, planned);
}

/// One address, one account, 8 to 900 tries within twenty seconds to three days.
pub(crate) fn one_source(stage: &mut Stage) {
    let who = victim(stage);
    one_source_on(stage, who);
}

/// The same on this account.
pub(crate) fn one_source_on(stage: &mut Stage, who: (Text, Option<u32>)) {
    let (source, verdicts) = lair(stage);
    let count = stage.count(8, 900);
    let times = paced(stage, count, 72 * HOUR);
    let ratio = stage.null().on_one(count, lasts(&times), stage.from(&[source]));
    let note = "one address tries one account";
    let tag = stage.incident(Incident::new("password_guessing", verdicts, note).or(GUESSING).ratio(ratio));
    tries(stage, who, &[source], &times, tag);
}

/// One account from many addresses, up to a fresh one for each try.
pub(crate) fn many_sources(stage: &mut Stage) {
    let who = victim(stage);
    let count = stage.count(15, 600);
    let share = [1, 2, 5, 12][stage.rng.index(4)];
    let sources = stage.outside_pool((count / share).max(3));
    let times = paced(stage, count, 96 * HOUR);
    let ratio = stage.null().on_one(count, lasts(&times), From::New(sources.len()));
    let kinds = &["low_and_slow", "credential_stuffing", "password_spraying"];
    let note = "one account from many addresses: one cause";
    let tag = stage.incident(Incident::new("password_guessing", HOSTILE, note).or(kinds).ratio(ratio));
    tries(stage, who, &sources, &times, tag);
}

/// At the login page: the address is one that everybody has, whoever stands behind it.
pub(crate) fn at_kibana(stage: &mut Stage) {
    let person = stage.somebody();
    let count = stage.count(20, 500);
    let times = paced(stage, count, 12 * HOUR);
    let ratio = stage.null().on_one(count, lasts(&times), From::Known);
    let note = "guesses behind an address that everybody logs in from";
    let tag = stage.incident(Incident::new("password_guessing", SUSPECT, note).or(GUESSING).ratio(ratio));
    behind_kibana(stage, (person.name, Some(person.account)), &times, tag);
}

/// Tries through Kibana, which may name the client.
pub(crate) fn behind_kibana(stage: &mut Stage, who: (Text, Option<u32>), times: &[Micros], tag: u16) {
    let client = stage.outside();
    let forwarded = stage.rng.chance(0.5).then_some(client);
    let kibana = stage.kibana;
    let planned = stage.acts.len();
    tries(stage, who, &[kibana], times, tag);
    stage.acts[planned..].iter_mut().for_each(|act| act.forwarded = forwarded);
}

/// A few tries an hour, for days.
pub(crate) fn slow(stage: &mut Stage) {
    let who = victim(stage);
    let (source, verdicts) = lair(stage);
    let gap = stage.rng.range(8 * MINUTE, 90 * MINUTE);
    let count = stage.count(24, 260);
    let span = gap * count as Micros;
    stage.room(span + HOUR);
    let pace = Pace::draw(&mut stage.rng);
    let times = pace.times(&mut stage.rng, stage.at, span, count);
    let ratio = stage.null().on_one(count, span, stage.from(&[source]));
    let note = "a few tries an hour for days";
    let tag = stage.incident(Incident::new("low_and_slow", verdicts, note).or(&["password_guessing"]).ratio(ratio));
    tries(stage, who, &[source], &times, tag);
}

/// The same names in the same order from a dozen addresses within a week: one dictionary is one campaign. Seen so in sshd
/// logs of the open Internet.
pub(crate) fn dictionary(stage: &mut Stage) {
    let (names, addresses) = (8 + stage.rng.index(10), 5 + stage.rng.index(10));
    let sources = stage.outside_pool(addresses);
    let span = stage.span(6 * HOUR, 7 * 24 * HOUR);
    let starts = Pace::draw(&mut stage.rng).times(&mut stage.rng, stage.at, span, addresses);
    let ratio = stage.null().on_many(names, names - 2, span, From::New(addresses));
    let kinds = &["credential_stuffing", "password_guessing", "low_and_slow"];
    let note = "one dictionary from a dozen addresses over days is one campaign";
    let tag = stage.incident(Incident::new("password_spraying", HOSTILE, note).or(kinds).ratio(ratio));
    let gap = stage.rng.range(MINUTE / 100, 4 * MINUTE);
    for (source, start) in sources.iter().zip(starts) {
        for (n, name) in DICTIONARY.iter().take(names).enumerate() {
            let account = stage.world.find(name);
            stage.wrong(start + n as Micros * gap, source, name, account, Some(tag));
        }
    }
}

/// One address guesses one name and sprays dozens in the same minutes: one campaign.
pub(crate) fn and_spray(stage: &mut Stage) {
    let source = stage.outside();
    let count = stage.count(20, 200);
    let times = paced(stage, count, 6 * HOUR);
    let crowd = stage.count(10, 40);
    let others = stage.some(crowd);
    let ratio = stage.null().on_one(count, lasts(&times), From::New(1));
    let kinds = &["password_guessing", "credential_stuffing", "low_and_slow"];
    let note = "guessing and spraying from one address in the same minutes is one campaign";
    let tag = stage.incident(Incident::new("password_spraying", HOSTILE, note).or(kinds).ratio(ratio));
    tries(stage, ("test", None), &[source], &times, tag);
    let more = Pace::draw(&mut stage.rng).times(&mut stage.rng, stage.at, lasts(&times), others.len());
    for (person, time) in others.iter().zip(more) {
        stage.wrong(time, source, person.name, Some(person.account), Some(tag));
    }
}
