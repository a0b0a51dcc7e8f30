//! Few tries each on many accounts.

use super::{lair, lasts, paced, stick};
use crate::scenario::likelihood::From;
use crate::scenario::pace::{Pace, log_uniform};
use crate::scenario::stage::Stage;
use crate::scenario::truth::{HOSTILE, Incident, SUSPECT};
use crate::text::{HOUR, MINUTE, Micros, Text, keep};

/// A list of names to try: people of the site, and a share of names that do not exist here.
pub(crate) fn names(stage: &mut Stage, count: usize, exist: f64) -> Vec<(Text, Option<u32>)> {
    let known = (count as f64 * exist) as usize;
    let mut list: Vec<(Text, Option<u32>)> =
        stage.some(known).into_iter().map(|person| (person.name, Some(person.account))).collect();
    let form = stage.rng.below(3);
    while list.len() < count {
        let name = stage.world.fresh_person();
        list.push((keep(if form == 0 { format!("{name}@web.example") } else { name }), None));
    }
    for at in (1..list.len()).rev() {
        let other = stage.rng.index(at + 1);
        list.swap(at, other);
    }
    list
}

/// How many of these names do not exist.
pub(crate) fn unknown(list: &[(Text, Option<u32>)]) -> usize {
    list.iter().filter(|name| name.1.is_none()).count()
}

/// Plans a try of each name at these times, from these addresses: in turn, or each time another.
pub(crate) fn tries(stage: &mut Stage, list: &[(Text, Option<u32>)], sources: &[Text], times: &[Micros], tag: u16) {
    let planned = stage.acts.len();
    let by_chance = stage.rng.chance(0.5);
    for (n, time) in times.iter().enumerate() {
        let (name, account) = list[n % list.len()];
        let at = if by_chance && sources.len() > 1 { stage.rng.index(sources.len()) } else { n % sources.len() };
        stage.wrong(*time, sources[at], name, account, Some(tag));
    }
    stick(stage, planned);
}

fn spray(note: Text, verdicts: &[Text]) -> Incident {
    Incident::new("password_spraying", verdicts, note).or(&["credential_stuffing"])
}

/// One address, 8 to 300 accounts, one to four tries each.
pub(crate) fn one_source(stage: &mut Stage) {
    let (count, exist) = (stage.count(8, 300), 0.3 + 0.7 * stage.rng.unit());
    let list = names(stage, count, exist);
    let source = stage.outside();
    let times = paced(stage, count * [1, 1, 2, 4][count % 4], 48 * HOUR);
    let ratio = stage.null().on_many(count, unknown(&list), lasts(&times), From::New(1));
    let tag = stage.incident(spray("one address sprays", HOSTILE).ratio(ratio));
    tries(stage, &list, &[source], &times, tag);
}

/// Five to 300 addresses.
pub(crate) fn many_sources(stage: &mut Stage) {
    let (count, exist) = (stage.count(30, 400), 0.3 + 0.7 * stage.rng.unit());
    let list = names(stage, count, exist);
    let addresses = stage.count(5, 300);
    let sources = stage.outside_pool(addresses);
    let each = 1 + stage.rng.index(3);
    let times = paced(stage, count * each, 48 * HOUR);
    let ratio = stage.null().on_many(count, unknown(&list), lasts(&times), From::New(sources.len()));
    let tag = stage.incident(spray("many addresses spray one list", HOSTILE).ratio(ratio));
    tries(stage, &list, &sources, &times, tag);
}

/// Rounds of one try each, with hours between them so that no account locks.
pub(crate) fn rounds(stage: &mut Stage) {
    let count = stage.count(10, 150);
    let list = names(stage, count, 0.7);
    let addresses = [1, 1, 3, 10][stage.rng.index(4)];
    let sources = stage.outside_pool(addresses);
    let rounds = 2 + stage.rng.index(6);
    let rest = log_uniform(&mut stage.rng, (31 * MINUTE) as f64, (30 * HOUR) as f64) as Micros;
    let round = stage.rng.range(MINUTE, 30 * MINUTE);
    stage.room((rest + round) * rounds as Micros);
    let ratio = stage.null().on_many(count, unknown(&list), round, From::New(sources.len()));
    let tag = stage.incident(spray("one spray in rounds: one cause", HOSTILE).ratio(ratio));
    for n in 0..rounds as Micros {
        let start = stage.at + n * (rest + round);
        let times = Pace::draw(&mut stage.rng).times(&mut stage.rng, start, round, count);
        tries(stage, &list, &sources, &times, tag);
    }
}

/// From within: a machine of the site, somebody's desk, or the office's one address.
pub(crate) fn inside(stage: &mut Stage) {
    let source = if stage.rng.chance(0.4) { stage.nat } else { lair(stage).0 };
    inside_from(stage, source);
}

/// The same from this address.
pub(crate) fn inside_from(stage: &mut Stage, source: Text) {
    let count = stage.count(15, 200);
    let list = names(stage, count, 0.9);
    let times = paced(stage, count, 12 * HOUR);
    let from = stage.from(&[source]);
    let ratio = stage.null().on_many(count, unknown(&list), lasts(&times), from);
    let tag = stage.incident(spray("a spray from a place that others use", SUSPECT).ratio(ratio));
    tries(stage, &list, &[source], &times, tag);
}

/// A campaign as it was planned.
pub(crate) struct Campaign {
    /// The names tried.
    pub(crate) list: Vec<(Text, Option<u32>)>,
    pub(crate) sources: Vec<Text>,
    pub(crate) times: Vec<Micros>,
    pub(crate) tag: u16,
}

/// What stuffing is: many accounts, many addresses, about one try each.
pub(crate) fn stuff(stage: &mut Stage, count: usize, longest: Micros) -> Campaign {
    let exist = 0.3 * stage.rng.unit();
    let list = names(stage, count, exist);
    let share = [1, 2, 4][stage.rng.index(3)];
    let sources = stage.outside_pool((count / share).max(40));
    let times = paced(stage, count, longest);
    let ratio = stage.null().on_many(count, unknown(&list), lasts(&times), From::New(sources.len()));
    let note = "another name and mostly another address each time: one campaign";
    // Where an address tries several names, a list of pairs and a list of names with one password look the same.
    let also: &[Text] = if share == 4 { &["password_spraying"] } else { &[] };
    let tag = stage.incident(Incident::new("credential_stuffing", HOSTILE, note).or(also).ratio(ratio));
    tries(stage, &list, &sources, &times, tag);
    Campaign { list, sources, times, tag }
}

/// Within six hours.
pub(crate) fn stuffing(stage: &mut Stage) {
    let count = stage.count(120, 1500);
    stuff(stage, count, 6 * HOUR);
}

/// Over half a day to four days.
pub(crate) fn stuffing_slow(stage: &mut Stage) {
    let count = stage.count(200, 1500);
    stage.room(12 * HOUR);
    stuff(stage, count, 96 * HOUR);
}

/// About a try an hour for days, each on another account from another address: below every threshold but that of the whole
/// (Javed and Paxson, CCS 2013).
pub(crate) fn stealthy(stage: &mut Stage) {
    let count = stage.count(40, 300);
    let list = names(stage, count, 0.6);
    let addresses = (count / (1 + stage.rng.index(3))).max(20);
    let sources = stage.outside_pool(addresses);
    let span = stage.rng.range(15 * MINUTE, 90 * MINUTE) * count as Micros;
    stage.room(span + HOUR);
    let times = Pace::draw(&mut stage.rng).times(&mut stage.rng, stage.at, span, count);
    let ratio = stage.null().on_many(count, unknown(&list), span, From::New(sources.len()));
    let note = "a try an hour, each of another account from another address: one campaign";
    let tag = stage.incident(spray(note, HOSTILE).or(&["low_and_slow"]).ratio(ratio));
    tries(stage, &list, &sources, &times, tag);
}
