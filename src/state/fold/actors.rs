//! Clients and when they succeeded. Most lines of a log are successes, and of many clients in turn: to go to the series of each
//! at once would be to wait for memory at each line. They are noted one after the other, and put into their series by the
//! thousand.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::state::ActorSeries;
use crate::state::records::Pos;
use crate::state::series::{Actor, Series};
use crate::time::Millis;

/// So few series stay in the caches of a processor: successes go there at once.
const FEW: usize = 1 << 12;

/// Successes that are noted before they are put into their series, at most.
const MOST_NOTED: usize = 1 << 18;

/// No series.
const NONE: u32 = u32::MAX;

/// A success that is not in its series yet.
#[derive(Debug, Clone, Copy)]
struct Noted {
    time: Millis,
    pos: Pos,
    client: u32,
    node: u32,
}

/// A client on whatever node.
#[derive(Debug)]
struct FoldedClient {
    /// Its `node` means nothing.
    actor: Actor,
    /// Its first series: index into [`Actors::successes`].
    first: u32,
}

/// The successes of a client on one node.
#[derive(Debug)]
struct OnNode {
    client: u32,
    node: u32,
    /// The next series of the client.
    next: u32,
    series: Series,
}

/// Clients and when they succeeded.
#[derive(Debug, Default)]
pub(super) struct Actors {
    clients: Vec<FoldedClient>,
    /// By client: index into `clients`.
    index: HashTable<u32>,
    /// What clients did on each node, but for what is in `noted`.
    successes: Vec<OnNode>,
    /// By client and node: index into `successes`, while these are few.
    few: HashTable<u32>,
    noted: Vec<Noted>,
    /// The same of refusals, which are few.
    denials: Vec<(Actor, Series)>,
    denied: HashTable<u32>,
    /// The clients met last.
    pub(super) met: RecentClients,
    pub(super) hasher: RandomState,
}

impl Actors {
    /// Bytes that they take, roughly: few have more than some buckets.
    pub(super) fn weight(&self) -> u64 {
        self.clients.len() as u64 * 64 + self.successes.len() as u64 * 112 + self.denials.len() as u64 * 256
    }

    /// The number of a client, whatever its node.
    pub(super) fn of(&mut self, actor: Actor) -> u32 {
        let actor = Actor { node: 0, ..actor };
        let (clients, hasher) = (&mut self.clients, &self.hasher);
        let hash = hasher.hash_one(actor);
        if let Some(&at) = self.index.find(hash, |&at| clients[at as usize].actor == actor) {
            return at;
        }
        let at = clients.len() as u32;
        clients.push(FoldedClient { actor, first: NONE });
        self.index.insert_unique(hash, at, |&at| hasher.hash_one(clients[at as usize].actor));
        at
    }

    /// The client of a number on a node.
    pub(super) fn actor(&self, client: u32, node: u32) -> Actor {
        Actor { node, ..self.clients[client as usize].actor }
    }

    /// Notes a success; `order` as in [`Series::add`].
    #[inline]
    pub(super) fn add(
        &mut self,
        (client, node): (u32, u32),
        time: Millis,
        pos: Pos,
        order: &impl Fn(&Pos, &Pos) -> Ordering,
    ) {
        if self.successes.len() <= FEW {
            let at = self.one_of_few(client, node);
            self.successes[at as usize].series.add(time, pos, order);
            return;
        }
        self.noted.push(Noted { time, pos, client, node });
        if self.noted.len() >= MOST_NOTED.min(2 * self.successes.len()) {
            self.settle(order);
        }
    }

    fn one_of_few(&mut self, client: u32, node: u32) -> u32 {
        let (successes, hasher) = (&self.successes, &self.hasher);
        let hash = hasher.hash_one((client, node));
        let is = |&at: &u32| (successes[at as usize].client, successes[at as usize].node) == (client, node);
        if let Some(&at) = self.few.find(hash, is) {
            return at;
        }
        let at = self.begin(client, node);
        let (successes, hasher) = (&self.successes, &self.hasher);
        let hash_of = |&at: &u32| hasher.hash_one((successes[at as usize].client, successes[at as usize].node));
        self.few.insert_unique(hash, at, hash_of);
        at
    }

    /// A new series of a client, the first of its list.
    fn begin(&mut self, client: u32, node: u32) -> u32 {
        let at = self.successes.len() as u32;
        let next = std::mem::replace(&mut self.clients[client as usize].first, at);
        self.successes.push(OnNode { client, node, next, series: Series::default() });
        at
    }

    /// Puts what was noted into the series, client by client.
    pub(super) fn settle(&mut self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let noted = std::mem::take(&mut self.noted);
        let mut ends = vec![0_u32; self.clients.len() + 1];
        noted.iter().for_each(|noted| ends[noted.client as usize + 1] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        // Each end stands where the client begins, and moves on with each of its successes.
        let mut places = vec![0_u32; noted.len()];
        for (noted, at) in noted.iter().zip(0..) {
            let end = &mut ends[noted.client as usize];
            places[*end as usize] = at;
            *end += 1;
        }
        let mut rest = places.as_mut_slice();
        let (mut start, mut nodes) = (0, Vec::new());
        for (client, end) in (0..self.clients.len() as u32).zip(ends) {
            let Some((own, others)) = rest.split_at_mut_checked((end - start) as usize) else { break };
            (rest, start) = (others, end);
            if !own.is_empty() {
                self.settle_client(client, own, (&noted, &mut nodes), order);
            }
        }
        self.noted = noted;
        self.noted.clear();
    }

    /// Puts successes of one client, given by their places in `noted`, into its series; `nodes` is room to work in.
    fn settle_client(
        &mut self,
        client: u32,
        own: &mut [u32],
        (noted, nodes): (&[Noted], &mut Vec<(u32, Range<usize>)>),
        order: &impl Fn(&Pos, &Pos) -> Ordering,
    ) {
        let node = |at: &u32| noted[*at as usize].node;
        own.sort_unstable_by_key(|at| (node(at), *at));
        nodes.clear();
        let mut start = 0;
        for of_node in own.chunk_by(|a, b| node(a) == node(b)) {
            nodes.push((node(&of_node[0]), start..start + of_node.len()));
            start += of_node.len();
        }
        let add = |series: &mut Series, of_node: Range<usize>| {
            let events = own[of_node].iter().map(|&at| noted[at as usize]);
            series.add_all(events.map(|noted| (noted.time, noted.pos)), order);
        };
        // Each series of the client takes what is its own, and what is left begins new ones.
        let mut left = nodes.len();
        let mut at = self.clients.get(client as usize).map_or(NONE, |client| client.first);
        while let Some(known) = self.successes.get_mut(at as usize).filter(|_| left > 0) {
            if let Ok(found) = nodes.binary_search_by_key(&known.node, |(node, _)| *node) {
                add(&mut known.series, std::mem::take(&mut nodes[found].1));
                left -= 1;
            }
            at = known.next;
        }
        for (node, of_node) in nodes.drain(..).filter(|(_, of_node)| !of_node.is_empty()) {
            let new = self.begin(client, node);
            add(&mut self.successes[new as usize].series, of_node);
        }
    }

    /// The refusals of a client.
    pub(super) fn denials_of(&mut self, actor: Actor) -> &mut Series {
        let (denials, hasher) = (&mut self.denials, &self.hasher);
        let hash = hasher.hash_one(actor);
        let known = self.denied.find(hash, |&at| denials[at as usize].0 == actor).copied();
        let at = known.unwrap_or_else(|| {
            let at = denials.len() as u32;
            denials.push((actor, Series::default()));
            self.denied.insert_unique(hash, at, |&at| hasher.hash_one(denials[at as usize].0));
            at
        });
        &mut self.denials[at as usize].1
    }

    /// The successes and the refusals by client, in any order. Nothing may be noted any more.
    pub(super) fn into_series(self) -> (ActorSeries, ActorSeries) {
        drop((self.index, self.few, self.met, self.noted));
        let clients = self.clients;
        let of = |OnNode { client, node, series, .. }| (Actor { node, ..clients[client as usize].actor }, series);
        (ActorSeries::unordered(self.successes.into_iter().map(of).collect()), ActorSeries::unordered(self.denials))
    }
}

/// Slots that one look at memory brings.
const SLOTS: usize = 5;

/// Clients as lines name them, and their numbers, the last met first. Of the texts 64 bits of a hash with a seed of its own for
/// each run are kept: that another client is taken for one happens once in 2^61 look-ups, whatever names somebody chooses.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Set {
    /// 0 = not used yet.
    fingerprints: [u64; SLOTS],
    /// [`NO_CLIENT`] = it is none whose successes count.
    clients: [u32; SLOTS],
}

const NO_CLIENT: u32 = u32::MAX;

const _: () = assert!(size_of::<Set>() == 64, "a line of a processor's caches");

impl Set {
    const EMPTY: Self = Self { fingerprints: [0; SLOTS], clients: [NO_CLIENT; SLOTS] };

    /// The slot of a client. All are compared whichever it is: where it stands cannot be guessed.
    #[inline]
    fn slot(&self, fingerprint: u64) -> Option<usize> {
        let hits =
            self.fingerprints.iter().rev().fold(0_u32, |hits, &known| hits << 1 | u32::from(known == fingerprint));
        (hits != 0).then(|| hits.trailing_zeros() as usize)
    }

    fn insert(&mut self, fingerprint: u64, client: u32) {
        self.fingerprints.rotate_right(1);
        self.clients.rotate_right(1);
        (self.fingerprints[0], self.clients[0]) = (fingerprint, client);
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
    /// The number of a client, if it was met lately: that it has none is known, too.
    #[inline]
    pub(super) fn get(&self, fingerprint: u64) -> Option<Option<u32>> {
        let set = self.sets.get(self.place(fingerprint))?;
        let client = *set.clients.get(set.slot(fingerprint)?)?;
        Some((client != NO_CLIENT).then_some(client))
    }

    #[inline]
    fn place(&self, fingerprint: u64) -> usize {
        fingerprint as usize & self.sets.len().wrapping_sub(1)
    }

    /// Notes a client.
    pub(super) fn put(&mut self, fingerprint: u64, client: Option<u32>) {
        if self.noted >= FULL * self.sets.len() && self.sets.len() < SETS.1 {
            let more = (2 * self.sets.len()).clamp(SETS.0, SETS.1);
            let before = std::mem::replace(&mut self.sets, vec![Set::EMPTY; more]);
            for set in before {
                let slots = set.fingerprints.into_iter().zip(set.clients).rev();
                slots.filter(|(known, _)| *known != 0).for_each(|(known, client)| self.insert(known, client));
            }
        }
        self.noted += 1;
        self.insert(fingerprint, client.unwrap_or(NO_CLIENT));
    }

    fn insert(&mut self, fingerprint: u64, client: u32) {
        let place = self.place(fingerprint);
        if let Some(set) = self.sets.get_mut(place) {
            set.insert(fingerprint, client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let mut actors = Actors::default();
        let mut plain: BTreeMap<(u32, u32), Series> = BTreeMap::new();
        (0..clients).for_each(|number| assert_eq!(actors.of(actor(number)), number));
        assert_eq!(actors.of(Actor { node: 3, ..actor(5) }), 5);
        let mut random = 1_u64;
        for line in 0..6 * clients {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Some have hundreds of them, on many nodes; many have none.
            let client = ((random >> 33) as u32 % clients) & ((random >> 50) as u32 | 0x7c0);
            let node = (random >> 20) as u32 % if client < 64 { 40 } else { 3 };
            let (time, pos) = (Millis(i64::from(line) * 700 - i64::from(line % 3) * 1000), Pos { chunk: 0, line });
            actors.add((client, node), time, pos, &Pos::cmp);
            plain.entry((client, node)).or_default().add(time, pos, &Pos::cmp);
        }
        assert!(actors.successes.len() > FEW && !actors.noted.is_empty());
        actors.settle(&Pos::cmp);
        assert!(plain.values().any(|series| series.bucket_seconds() > 1));
        let (successes, _) = actors.into_series();
        let successes: BTreeMap<(u32, u32), Series> =
            successes.into_iter().map(|(actor, series)| ((actor.principal.0, actor.node), series)).collect();
        assert!(successes == plain);
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
