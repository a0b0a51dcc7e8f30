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

/// A client as a line names it, and its series. Of the texts 64 bits of a hash with a seed of its own for each run are kept: that
/// another client is taken for it happens once in 2^63 look-ups, whatever names somebody chooses.
#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    /// 0 = not used yet.
    fingerprint: u64,
    series: Option<u32>,
}

/// Two slots that one look at memory brings.
type Set = [Slot; 2];

/// Sets at first, and at most: then they take 8 MiB.
const SETS: (usize, usize) = (1 << 10, 1 << 18);

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
        set.iter().find(|slot| slot.fingerprint == fingerprint).map(|slot| slot.series)
    }

    #[inline]
    fn place(&self, fingerprint: u64) -> usize {
        fingerprint as usize & self.sets.len().wrapping_sub(1)
    }

    /// Notes a client.
    pub(super) fn put(&mut self, fingerprint: u64, series: Option<u32>) {
        if self.noted >= self.sets.len() && self.sets.len() < SETS.1 {
            let more = (4 * self.sets.len()).clamp(SETS.0, SETS.1);
            let before = std::mem::replace(&mut self.sets, vec![Set::default(); more]);
            for slot in before.into_iter().flatten().filter(|slot| slot.fingerprint != 0) {
                self.insert(slot);
            }
        }
        self.noted += 1;
        self.insert(Slot { fingerprint, series });
    }

    fn insert(&mut self, slot: Slot) {
        let place = self.place(slot.fingerprint);
        if let Some([first, second]) = self.sets.get_mut(place) {
            (*second, *first) = (*first, slot);
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
        // More than there are sets at first, and as many clients.
        let many = 4 * SETS.0 as u64;
        (1..=many).for_each(|client| met.put(client << 1, (client % 3 != 0).then_some(client as u32)));
        let known = (1..=many).filter(|&client| met.get(client << 1).is_some());
        assert!(known.count() > many as usize / 2);
        for client in (1..=many).filter(|&client| met.get(client << 1).is_some()) {
            assert_eq!(met.get(client << 1), Some((client % 3 != 0).then_some(client as u32)));
        }
        assert_eq!(met.get(1), None);
    }
}
