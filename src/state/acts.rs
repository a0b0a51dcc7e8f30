//! Powerful actions: who was allowed, or refused, to do what changes a cluster or reaches what ordinary privileges do not.
//!
//! They are rare in any log, and a program that repeats one all day long must not fill memory: of each kind of act (who, from
//! where, with what, which action) the first [`MOST_OF_A_KIND`] are kept and the others counted, and of the kinds the
//! [`MOST_KINDS`] that tell most. What is kept depends on the events alone: the first by time of a union are among the
//! first of each part, and so it is with the kinds that come first.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::records::{Pos, RecordKey};
use super::symbols::{Sym, Symbols};
use crate::action_class::ActionClass;
use crate::time::Millis;

/// Acts of one kind that are kept: what a person does by hand is seldom more.
pub const MOST_OF_A_KIND: usize = 64;

/// Kinds that are kept: a cluster has some hundreds of people and programs, each with some dozens of such actions.
pub const MOST_KINDS: usize = 10_000;

/// Where a request came in (`origin.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// From a client.
    Rest,
    /// From another node: as a part of a request, or of another cluster.
    Transport,
    /// From the node itself: a policy, a transform or a watch acts with the privileges of who last put it (audit-format
    /// 1.20).
    LocalNode,
    /// The event does not say.
    Unknown,
}

impl Origin {
    /// Reads `origin.type`.
    #[must_use]
    pub fn of(text: Option<&[u8]>) -> Self {
        match text {
            Some(b"rest") => Self::Rest,
            Some(b"transport") => Self::Transport,
            Some(b"local_node") => Self::LocalNode,
            _ => Self::Unknown,
        }
    }
}

/// A kind of act: everything but when, on which node and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ActKind {
    /// The effective user.
    pub principal: Sym,
    /// Realm of that user.
    pub realm: Sym,
    /// Who authenticated, on run-as.
    pub run_by: Sym,
    /// Client address without port.
    pub source: Sym,
    /// The API key, if one was used.
    pub apikey: Sym,
    /// The Elasticsearch action; of requests that were turned away before any, the `event.action`.
    pub es_action: Sym,
    /// Its class.
    pub class: ActionClass,
    /// A restricted index is among those that it is about.
    pub restricted: bool,
    /// Whether it was allowed.
    pub granted: bool,
    /// Where the request came in.
    pub origin: Origin,
}

impl ActKind {
    /// Whether it is no act, but somebody who was turned away: a tampered request, a connection that an IP filter refused.
    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        self.class == ActionClass::Other && !self.restricted && !self.granted
    }

    /// Every symbol, for translation.
    pub(super) fn syms_mut(&mut self) -> [&mut Sym; 6] {
        [
            &mut self.principal,
            &mut self.realm,
            &mut self.run_by,
            &mut self.source,
            &mut self.apikey,
            &mut self.es_action,
        ]
    }

    /// Which kinds are kept before others: access to restricted indices, then by class; of one class whichever, but
    /// everywhere the same.
    fn rank(&self, symbols: &Symbols) -> (u8, u64) {
        let weight = if self.restricted { 0 } else { self.class as u8 + 1 };
        let text = |sym| symbols.get(sym);
        let flags = [u8::from(self.granted), self.origin as u8, self.class as u8, u8::from(self.restricted)];
        let texts = [
            text(self.principal),
            text(self.realm),
            text(self.run_by),
            text(self.source),
            text(self.apikey),
            text(self.es_action),
            Some(&flags[..]),
        ];
        (weight, RecordKey::of(&texts).0)
    }
}

/// One act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When.
    pub time: Millis,
    /// Hash of the request id, which is the same on all nodes of a request; of the event itself where there is none.
    pub request: RecordKey,
    /// Its line.
    pub pos: Pos,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// The restricted index, else the first of those that it is about.
    pub index: Sym,
    /// How many indices it is about.
    pub indices: u32,
    /// Whether there was a request id.
    pub has_request_id: bool,
}

/// The acts of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Acts {
    /// The first, by time; where all are kept, those beyond in any order.
    pub first: Vec<Act>,
    /// How many there are in all.
    pub count: u64,
    /// When the last happened.
    pub last: Option<Millis>,
}

impl Acts {
    /// Adds an act, whatever is there already if `all` are kept; `order` compares lines of different chunks.
    pub(super) fn add(&mut self, act: Act, all: bool, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        self.count += 1;
        self.last = self.last.max(Some(act.time));
        self.keep(act, all, order);
    }

    fn keep(&mut self, act: Act, all: bool, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        if all && self.first.len() >= MOST_OF_A_KIND {
            self.first.push(act);
            return;
        }
        let before = |known: &Act| {
            let by_time = (known.time, known.request).cmp(&(act.time, act.request));
            by_time.then_with(|| order(&known.pos, &act.pos)) == Ordering::Less
        };
        if self.first.len() == MOST_OF_A_KIND && self.first.last().is_some_and(before) {
            return;
        }
        let at = self.first.partition_point(before);
        self.first.insert(at, act);
        self.first.truncate(MOST_OF_A_KIND);
    }

    fn merge(&mut self, other: Self, all: bool, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        self.count += other.count;
        self.last = self.last.max(other.last);
        other.first.into_iter().for_each(|act| self.keep(act, all, order));
    }
}

/// Acts by kind.
pub(super) type ActsByKind = HashMap<ActKind, Acts, RandomState>;

/// The powerful actions of a log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ActLog {
    /// By kind.
    #[serde(with = "as_list")]
    pub kinds: HashMap<ActKind, Acts, RandomState>,
    /// Acts of kinds that are not kept, by class.
    pub left_out: BTreeMap<ActionClass, u64>,
    /// All acts of a kind are kept: somebody asked for each of them. Never so in a part.
    #[serde(skip)]
    pub keeps_all: bool,
}

impl ActLog {
    /// Adds an act. Of who was turned away the first are always enough.
    pub(super) fn add(&mut self, kind: ActKind, act: Act, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let all = self.keeps_all && !kind.is_turned_away();
        self.kinds.entry(kind).or_default().add(act, all, order);
    }

    /// Keeps the kinds that tell most.
    pub(super) fn trim(&mut self, symbols: &Symbols) {
        if self.kinds.len() <= MOST_KINDS {
            return;
        }
        let mut ranked: Vec<((u8, u64), ActKind)> = self.kinds.keys().map(|kind| (kind.rank(symbols), *kind)).collect();
        ranked.select_nth_unstable_by_key(MOST_KINDS, |(rank, _)| *rank);
        for (_, kind) in ranked.drain(MOST_KINDS..) {
            let count = self.kinds.remove(&kind).map_or(0, |acts| acts.count);
            *self.left_out.entry(kind.class).or_default() += count;
        }
    }

    /// Takes in the acts of another log that are already translated.
    pub(super) fn merge(&mut self, other: Self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        self.keeps_all |= other.keeps_all;
        for (kind, acts) in other.kinds {
            let all = self.keeps_all && !kind.is_turned_away();
            match self.kinds.entry(kind) {
                hashbrown::hash_map::Entry::Vacant(entry) => {
                    entry.insert(acts);
                }
                hashbrown::hash_map::Entry::Occupied(mut entry) => entry.get_mut().merge(acts, all, order),
            }
        }
        for (class, count) in other.left_out {
            *self.left_out.entry(class).or_default() += count;
        }
    }

    /// Bytes that it takes, roughly.
    pub(super) fn weight(&self) -> u64 {
        // Where all are kept, it was seen before that they fit.
        (self.kinds.len() * 512) as u64
    }
}

/// Serialises a map of acts as a sorted list: its keys are no text, and its order is random.
mod as_list {
    use super::{ActKind, Acts, ActsByKind};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(map: &ActsByKind, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list: Vec<(&ActKind, &Acts)> = map.iter().collect();
        list.sort_unstable_by_key(|(kind, _)| **kind);
        list.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ActsByKind, D::Error> {
        Ok(Vec::<(ActKind, Acts)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(principal: u32, class: ActionClass) -> ActKind {
        ActKind {
            principal: Sym(principal),
            realm: Sym::NONE,
            run_by: Sym::NONE,
            source: Sym::NONE,
            apikey: Sym::NONE,
            es_action: Sym::NONE,
            class,
            restricted: false,
            granted: true,
            origin: Origin::Rest,
        }
    }

    fn act(time: i64) -> Act {
        Act {
            time: Millis(time),
            request: RecordKey(time.unsigned_abs()),
            pos: Pos { chunk: 0, line: 0 },
            node: 0,
            index: Sym::NONE,
            indices: 0,
            has_request_id: true,
        }
    }

    proptest! {
        #[test]
        fn the_first_are_kept_however_they_arrive(times in prop::collection::vec(0_i64..500, 1..200), cut in any::<prop::sample::Index>()) {
            let log = |times: &[i64]| {
                let mut log = ActLog::default();
                times.iter().for_each(|&time| log.add(kind(1, ActionClass::Keys), act(time), &Pos::cmp));
                log
            };
            let whole = log(&times);
            let cut = cut.index(times.len());
            let (one, mut other) = (log(&times[..cut]), log(&times[cut..]));
            other.merge(one, &Pos::cmp);
            prop_assert_eq!(&other, &whole);
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let acts = &whole.kinds[&kind(1, ActionClass::Keys)];
            prop_assert_eq!(acts.count, times.len() as u64);
            prop_assert_eq!(acts.last, sorted.last().map(|&time| Millis(time)));
            let kept: Vec<i64> = acts.first.iter().map(|act| act.time.0).collect();
            prop_assert_eq!(&kept[..], &sorted[..times.len().min(MOST_OF_A_KIND)]);
        }
    }

    #[test]
    fn the_kinds_that_tell_most_are_kept_and_the_others_counted() {
        let mut symbols = Symbols::default();
        let kinds: Vec<ActKind> = (0..MOST_KINDS as u32 + 10)
            .map(|at| {
                let name = symbols.intern(at.to_string().as_bytes());
                kind(name.0, if at < 20 { ActionClass::Settings } else { ActionClass::Security })
            })
            .collect();
        let mut log = ActLog::default();
        for kind in &kinds {
            (0..2).for_each(|time| log.add(*kind, act(time), &Pos::cmp));
        }
        log.trim(&symbols);
        assert_eq!(log.kinds.len(), MOST_KINDS);
        assert_eq!(log.left_out, BTreeMap::from([(ActionClass::Settings, 20)]));
    }
}
