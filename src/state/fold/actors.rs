//! Clients and when they succeeded. Most lines of a log are successes, and of many clients in turn: to go to the series of each
//! at once would be to wait for memory at each line. They are noted one after the other, and put into their series by the
//! thousand.

use std::cmp::Ordering;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::state::ActorSeries;
use crate::state::records::Pos;
use crate::state::series::{Actor, Series};
use crate::time::Millis;

/// Series of so few clients stay in the caches of a processor: their successes go there at once.
const FEW: usize = 1 << 12;

/// Successes that are noted before they are put into their series, at most.
const MOST_NOTED: usize = 1 << 18;

/// A success that is not in its series yet.
#[derive(Debug, Clone, Copy)]
struct Noted {
    time: Millis,
    pos: Pos,
    series: u32,
}

/// Clients and when they succeeded.
#[derive(Debug, Default)]
pub(super) struct Actors {
    /// Each client with its successes, but for those in `noted`.
    successes: Vec<(Actor, Series)>,
    /// By client: index into `successes`.
    index: HashTable<u32>,
    noted: Vec<Noted>,
    /// The same of refusals, which are few.
    denials: Vec<(Actor, Series)>,
    denied: HashTable<u32>,
    /// The clients met last, each on its node; and on any node.
    pub(super) met: RecentClients,
    pub(super) elsewhere: RecentClients,
    pub(super) hasher: RandomState,
}

/// The series of an actor in a list, new if it was not known.
fn series_of(list: &mut Vec<(Actor, Series)>, index: &mut HashTable<u32>, hasher: &RandomState, actor: Actor) -> u32 {
    let hash = hasher.hash_one(actor);
    if let Some(&at) = index.find(hash, |&at| list[at as usize].0 == actor) {
        return at;
    }
    let at = list.len() as u32;
    list.push((actor, Series::default()));
    index.insert_unique(hash, at, |&at| hasher.hash_one(list[at as usize].0));
    at
}

impl Actors {
    /// Bytes that they take, roughly: few have more than some buckets.
    pub(super) fn weight(&self) -> u64 {
        self.successes.len() as u64 * 128 + self.denials.len() as u64 * 256
    }

    /// The number of a client.
    pub(super) fn of(&mut self, actor: Actor) -> u32 {
        series_of(&mut self.successes, &mut self.index, &self.hasher, actor)
    }

    /// The number of the client of another number on a node.
    pub(super) fn on(&mut self, series: u32, node: u32) -> u32 {
        let actor = Actor { node, ..self.actor(series) };
        self.of(actor)
    }

    /// The client of a number.
    pub(super) fn actor(&self, series: u32) -> Actor {
        self.successes[series as usize].0
    }

    /// Notes a success; `order` as in [`Series::add`].
    #[inline]
    pub(super) fn add(&mut self, series: u32, time: Millis, pos: Pos, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        if self.successes.len() <= FEW {
            self.successes[series as usize].1.add(time, pos, order);
            return;
        }
        self.noted.push(Noted { time, pos, series });
        if self.noted.len() >= MOST_NOTED.min(2 * self.successes.len()) {
            self.settle(order);
        }
    }

    /// Puts what was noted into the series, series by series.
    pub(super) fn settle(&mut self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let mut ends = vec![0_u32; self.successes.len() + 1];
        self.noted.iter().for_each(|noted| ends[noted.series as usize + 1] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        // Each end stands where the series begins, and moves on with each of its successes.
        let mut places = vec![0_u32; self.noted.len()];
        for (noted, at) in self.noted.iter().zip(0..) {
            let end = &mut ends[noted.series as usize];
            places[*end as usize] = at;
            *end += 1;
        }
        let mut rest = places.as_slice();
        let mut start = 0;
        for ((_, series), end) in self.successes.iter_mut().zip(ends) {
            let Some((own, others)) = rest.split_at_checked((end - start) as usize) else { break };
            (rest, start) = (others, end);
            if !own.is_empty() {
                let noted = own.iter().map(|&at| self.noted[at as usize]);
                series.add_all(noted.map(|noted| (noted.time, noted.pos)), order);
            }
        }
        self.noted.clear();
    }

    /// The refusals of a client.
    pub(super) fn denials_of(&mut self, actor: Actor) -> &mut Series {
        let at = series_of(&mut self.denials, &mut self.denied, &self.hasher, actor);
        &mut self.denials[at as usize].1
    }

    /// The successes and the refusals by client, in any order. Nothing may be noted any more.
    pub(super) fn into_series(mut self) -> (ActorSeries, ActorSeries) {
        drop((self.index, self.met, self.elsewhere, self.noted));
        // Who was only refused has no successes of its own.
        self.successes.retain(|(_, series)| !series.buckets().is_empty());
        (ActorSeries::unordered(self.successes), ActorSeries::unordered(self.denials))
    }
}

/// Slots that one look at memory brings.
const SLOTS: usize = 5;

/// Clients as lines name them, and their series, the last met first. Of the texts 64 bits of a hash with a seed of its own for
/// each run are kept: that another client is taken for one happens once in 2^61 look-ups, whatever names somebody chooses.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Set {
    /// 0 = not used yet.
    fingerprints: [u64; SLOTS],
    /// [`NO_SERIES`] = it has none.
    series: [u32; SLOTS],
}

const NO_SERIES: u32 = u32::MAX;

const _: () = assert!(size_of::<Set>() == 64, "a line of a processor's caches");

impl Set {
    const EMPTY: Self = Self { fingerprints: [0; SLOTS], series: [NO_SERIES; SLOTS] };

    /// The slot of a client. All are compared whichever it is: where it stands cannot be guessed.
    #[inline]
    fn slot(&self, fingerprint: u64) -> Option<usize> {
        let hits =
            self.fingerprints.iter().rev().fold(0_u32, |hits, &known| hits << 1 | u32::from(known == fingerprint));
        (hits != 0).then(|| hits.trailing_zeros() as usize)
    }

    fn insert(&mut self, fingerprint: u64, series: u32) {
        self.fingerprints.rotate_right(1);
        self.series.rotate_right(1);
        (self.fingerprints[0], self.series[0]) = (fingerprint, series);
    }
}

/// Sets at first, and at most: then they take 8 MiB.
const SETS: (usize, usize) = (1 << 8, 1 << 17);

/// Clients in a set on average from which on there are to be more sets: few sets are full then, and the memory that is looked
/// at is small.
const FULL: usize = 3;

/// The clients met last, by a hash of their names.
#[derive(Debug, Default)]
pub(super) struct RecentClients {
    /// A power of two of them, or none.
    sets: Vec<Set>,
    /// How many clients were noted, those that had to be noted again among them.
    noted: usize,
}

impl RecentClients {
    /// The series of a client, if it was met lately: that it has none is known, too.
    #[inline]
    pub(super) fn get(&self, fingerprint: u64) -> Option<Option<u32>> {
        let set = self.sets.get(self.place(fingerprint))?;
        let series = *set.series.get(set.slot(fingerprint)?)?;
        Some((series != NO_SERIES).then_some(series))
    }

    #[inline]
    fn place(&self, fingerprint: u64) -> usize {
        fingerprint as usize & self.sets.len().wrapping_sub(1)
    }

    /// Notes a client.
    pub(super) fn put(&mut self, fingerprint: u64, series: Option<u32>) {
        if self.noted >= FULL * self.sets.len() && self.sets.len() < SETS.1 {
            let more = (2 * self.sets.len()).clamp(SETS.0, SETS.1);
            let before = std::mem::replace(&mut self.sets, vec![Set::EMPTY; more]);
            for set in before {
                let slots = set.fingerprints.into_iter().zip(set.series).rev();
                slots.filter(|(known, _)| *known != 0).for_each(|(known, series)| self.insert(known, series));
            }
        }
        self.noted += 1;
        self.insert(fingerprint, series.unwrap_or(NO_SERIES));
    }

    fn insert(&mut self, fingerprint: u64, series: u32) {
        let place = self.place(fingerprint);
        if let Some(set) = self.sets.get_mut(place) {
            set.insert(fingerprint, series);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::symbols::Sym;

    fn actor(number: u32) -> Actor {
        let none = Sym::NONE;
        Actor {
            principal: Sym(number),
            source: none,
            apikey: none,
            realm: none,
            node: 0,
            es_action: none,
            object: none,
        }
    }

    #[test]
    fn what_is_noted_is_as_what_is_added_at_once() {
        let clients = 2 * FEW as u32;
        let (mut actors, mut plain) = (Actors::default(), Actors::default());
        (0..clients)
            .for_each(|number| assert_eq!((actors.of(actor(number)), plain.of(actor(number))), (number, number)));
        let mut random = 1_u64;
        for line in 0..3 * clients {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Some have hundreds of them, many none.
            let series = ((random >> 33) as u32 % clients) & ((random >> 50) as u32 | 0x7c0);
            let (time, pos) = (Millis(i64::from(line) * 700 - i64::from(line % 3) * 1000), Pos { chunk: 0, line });
            actors.add(series, time, pos, &Pos::cmp);
            plain.successes[series as usize].1.add(time, pos, &Pos::cmp);
        }
        assert!(!actors.noted.is_empty());
        actors.settle(&Pos::cmp);
        assert_eq!(actors.successes, plain.successes);
        assert!(plain.successes.iter().any(|(_, series)| series.bucket_seconds() > 1));
    }

    #[test]
    fn clients_are_met_again() {
        let mut met = RecentClients::default();
        assert_eq!(met.get(7), None);
        // More than there are slots at first.
        let many = 16 * (SLOTS * SETS.0) as u64;
        let name = |client: u64| client.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        (1..=many).for_each(|client| met.put(name(client), (client % 3 != 0).then_some(client as u32)));
        let known = (1..=many).filter(|&client| met.get(name(client)).is_some());
        assert!(known.count() > many as usize * 9 / 10);
        for client in (1..=many).filter(|&client| met.get(name(client)).is_some()) {
            assert_eq!(met.get(name(client)), Some((client % 3 != 0).then_some(client as u32)));
        }
        assert_eq!(met.get(name(many + 1)), None);
    }
}
