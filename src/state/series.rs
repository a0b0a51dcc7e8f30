//! When something happened, for things that happen often: buckets of time that are narrow while there are few of them and
//! widen as they fill, so that a series costs at most 2 KiB however long it is.
//!
//! The result does not depend on the order of arrival: a width is given up only when the buckets met so far are too many
//! for it, and more events never make them fewer.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::records::Pos;
use super::symbols::Sym;
use crate::time::Millis;

/// Buckets a series may have.
const MOST_BUCKETS: usize = 64;

/// What stands for the action of successes with an API key that came over the transport layer and name no user of another
/// cluster: mostly parts of a request that another node counts, unless the key shows nowhere else.
pub const IN_TRANSPORT: &[u8] = b"(transport)";

/// Whose success, or refusal, it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// Who authenticated: `user.run_by.name` on run-as, else `user.name`; with an API key its owner.
    pub principal: Sym,
    /// Client address without port.
    pub source: Sym,
    /// The API key, if one was used: then the success says nothing about the owner's password.
    pub apikey: Sym,
    /// The realm that authenticated.
    pub realm: Sym,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// The Elasticsearch action of refusals; [`Sym::NONE`] for successes, or the name [`IN_TRANSPORT`].
    pub es_action: Sym,
    /// The first index of refusals; of successes with a cross-cluster key who uses it at the other cluster.
    pub object: Sym,
}

/// Events within one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The first.
    pub first: Millis,
    /// Line of the first.
    pub pos: Pos,
    /// Events.
    pub count: u32,
    /// Milliseconds to the last; no more than fit, which only a bucket of 97 days and more would exceed, and a series has those
    /// only after 17 years.
    span: u32,
}

impl Bucket {
    /// So many events, from the first, whose line is `pos`, to the last.
    pub(super) fn new(count: u32, first: Millis, last: Millis, pos: Pos) -> Self {
        let span = last.0.saturating_sub(first.0).max(0);
        Self { first, pos, count, span: u32::try_from(span).unwrap_or(u32::MAX) }
    }

    /// The last.
    #[must_use]
    #[inline]
    pub fn last(&self) -> Millis {
        Millis(self.first.0.saturating_add(i64::from(self.span)))
    }
}

/// Events over time, exact in count, first and last, and within each bucket.
///
/// Most series are one event: it stands in the series itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    buckets: Buckets,
}

/// The buckets of a series, by time, 2^scale seconds wide and aligned to 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Buckets {
    /// One, a second wide.
    One(Bucket),
    /// Any other number, or width.
    Many { scale: u8, list: Vec<Bucket> },
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: Buckets::Many { scale: 0, list: Vec::new() } }
    }
}

impl Series {
    /// A series of buckets that are 2^scale seconds wide.
    pub(super) fn of(scale: u8, mut list: Vec<Bucket>) -> Self {
        let buckets = match (scale, list.as_slice()) {
            (0, [only]) => Buckets::One(*only),
            _ => {
                list.shrink_to_fit();
                Buckets::Many { scale, list }
            }
        };
        Self { buckets }
    }

    /// See [`Series::bucket_seconds`].
    pub(super) fn scale(&self) -> u8 {
        match &self.buckets {
            Buckets::One(_) => 0,
            Buckets::Many { scale, .. } => *scale,
        }
    }

    fn last_mut(&mut self) -> Option<&mut Bucket> {
        match &mut self.buckets {
            Buckets::One(only) => Some(only),
            Buckets::Many { list, .. } => list.last_mut(),
        }
    }

    fn slot(&self, time: Millis) -> i64 {
        time.0.div_euclid(1000) >> self.scale()
    }

    /// Adds an event; `order` compares lines of different chunks, so that of two first events at the same time the same
    /// one is kept whatever arrives first.
    #[inline]
    pub fn add(&mut self, time: Millis, pos: Pos, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let (slot, scale) = (self.slot(time), self.scale());
        if let Some(last) = self.last_mut() {
            // Most events are of the last bucket, and not its first.
            if time > last.first && last.first.0.div_euclid(1000) >> scale == slot {
                let end = last.last().max(time);
                *last = Bucket::new(last.count.saturating_add(1), last.first, end, last.pos);
                return;
            }
        }
        self.insert(Bucket::new(1, time, time, pos), order);
    }

    /// Adds several events, with room for no more than they take; `order` as in [`Series::add`].
    pub(super) fn add_all(
        &mut self,
        mut events: impl ExactSizeIterator<Item = (Millis, Pos)>,
        order: &impl Fn(&Pos, &Pos) -> Ordering,
    ) {
        let more = events.len();
        if more + self.buckets().len() > 1 {
            let (scale, mut list) = match std::mem::take(self).buckets {
                Buckets::One(only) => (0, vec![only]),
                Buckets::Many { scale, list } => (scale, list),
            };
            // One beyond the most stands there until it is widened.
            list.reserve_exact(more.min((MOST_BUCKETS + 1).saturating_sub(list.len())));
            if list.is_empty() {
                list.extend(events.next().map(|(time, pos)| Bucket::new(1, time, time, pos)));
            }
            self.buckets = Buckets::Many { scale, list };
        }
        events.for_each(|(time, pos)| self.add(time, pos, order));
        let Buckets::Many { scale, list } = &mut self.buckets else { return };
        *self = Self::of(*scale, std::mem::take(list));
    }

    fn insert(&mut self, bucket: Bucket, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let slot = self.slot(bucket.first);
        let of = |scale: u8, known: &Bucket| known.first.0.div_euclid(1000) >> scale;
        match &mut self.buckets {
            Buckets::Many { scale: 0, list } if list.is_empty() => self.buckets = Buckets::One(bucket),
            Buckets::One(only) if of(0, only) == slot => join(only, &bucket, order),
            Buckets::One(only) => {
                let list = if of(0, only) < slot { vec![*only, bucket] } else { vec![bucket, *only] };
                self.buckets = Buckets::Many { scale: 0, list };
            }
            Buckets::Many { scale, list } => {
                // Logs are nearly in order: the last bucket is tried first.
                let after_all = list.last().is_none_or(|last| of(*scale, last) < slot);
                let found = if after_all {
                    Err(list.len())
                } else {
                    list.binary_search_by_key(&slot, |known| of(*scale, known))
                };
                match found {
                    Ok(at) => join(&mut list[at], &bucket, order),
                    Err(at) => {
                        list.insert(at, bucket);
                        self.shrink(order);
                    }
                }
            }
        }
    }

    /// Adds the events of another series whose positions are already translated; `order` as in [`Series::add`].
    pub fn merge(&mut self, other: &Self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let scale = self.scale().max(other.scale());
        let slot = |bucket: &Bucket| bucket.first.0.div_euclid(1000) >> scale;
        let (mut own, mut others) = (self.buckets().iter().peekable(), other.buckets().iter().peekable());
        let mut list: Vec<Bucket> = Vec::with_capacity(own.len() + others.len());
        loop {
            let next = match (own.peek(), others.peek()) {
                (Some(a), Some(b)) if slot(b) < slot(a) => others.next(),
                (Some(_), _) => own.next(),
                (None, _) => others.next(),
            };
            let Some(next) = next else { break };
            match list.last_mut() {
                Some(last) if slot(last) == slot(next) => join(last, next, order),
                _ => list.push(*next),
            }
        }
        *self = Self { buckets: Buckets::Many { scale, list } };
        self.shrink(order);
        if let Buckets::Many { scale, list } = &mut self.buckets {
            *self = Self::of(*scale, std::mem::take(list));
        }
    }

    fn shrink(&mut self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        while self.buckets().len() > MOST_BUCKETS {
            self.widen(order);
        }
    }

    fn widen(&mut self, order: &impl Fn(&Pos, &Pos) -> Ordering) {
        let Buckets::Many { scale, list } = &mut self.buckets else { return };
        *scale += 1;
        let slot = |bucket: &Bucket| bucket.first.0.div_euclid(1000) >> *scale;
        list.dedup_by(|next, last| {
            let together = slot(last) == slot(next);
            if together {
                join(last, next, order);
            }
            together
        });
    }

    /// Whether its width and number of buckets are such as adding events makes them.
    pub(super) fn is_sound(&self) -> bool {
        let scale = self.scale();
        let slot = |time: Millis| time.0.div_euclid(1000) >> scale;
        let buckets = self.buckets();
        scale < 48
            && (1..=MOST_BUCKETS).contains(&buckets.len())
            && buckets.iter().all(|bucket| {
                bucket.count > 0 && bucket.first <= bucket.last() && slot(bucket.first) == slot(bucket.last())
            })
            && buckets.windows(2).all(|pair| slot(pair[0].first) < slot(pair[1].first))
    }

    /// Translates the positions.
    pub(super) fn remap(&mut self, mut translate: impl FnMut(&mut Pos)) {
        match &mut self.buckets {
            Buckets::One(only) => translate(&mut only.pos),
            Buckets::Many { list, .. } => list.iter_mut().for_each(|bucket| translate(&mut bucket.pos)),
        }
    }

    /// The buckets, by time.
    #[must_use]
    #[inline]
    pub fn buckets(&self) -> &[Bucket] {
        match &self.buckets {
            Buckets::One(only) => std::slice::from_ref(only),
            Buckets::Many { list, .. } => list,
        }
    }

    /// Width of a bucket in seconds: how exactly the series can be cut.
    #[must_use]
    pub fn bucket_seconds(&self) -> u64 {
        1 << self.scale()
    }

    /// Events.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets().iter().map(|bucket| u64::from(bucket.count)).sum()
    }

    /// First event.
    #[must_use]
    pub fn first(&self) -> Option<Millis> {
        self.buckets().first().map(|bucket| bucket.first)
    }

    /// Last event.
    #[must_use]
    pub fn last(&self) -> Option<Millis> {
        self.buckets().last().map(Bucket::last)
    }

    /// The first bucket that holds an event at or after `time`. Its `first` is that event, unless it lies before `time`:
    /// then only the bucket's `last` is known to lie after it.
    #[must_use]
    pub fn at_or_after(&self, time: Millis) -> Option<&Bucket> {
        self.buckets().get(self.buckets().partition_point(|bucket| bucket.last() < time))
    }

    /// The events from `start` to `end`, inclusive, counted as by [`Series::count_within`].
    #[must_use]
    pub fn within(&self, start: Millis, end: Millis) -> Self {
        let cut = |bucket: &Bucket| {
            let (first_in, last_in) = (inside(bucket.first, start, end), inside(bucket.last(), start, end));
            match (first_in, last_in) {
                (true, true) => Some(*bucket),
                (true, false) => Some(Bucket::new(1, bucket.first, bucket.first, bucket.pos)),
                (false, true) => Some(Bucket::new(1, bucket.last(), bucket.last(), bucket.pos)),
                (false, false) => None,
            }
        };
        Self::of(self.scale(), self.buckets().iter().filter_map(cut).collect())
    }

    /// Events from `start` to `end`, inclusive; of buckets that reach beyond, only those are counted whole whose first
    /// and last event lie within, the others count one for each of the two that does.
    #[must_use]
    pub fn count_within(&self, start: Millis, end: Millis) -> u64 {
        self.buckets()
            .iter()
            .map(|bucket| {
                let (first_in, last_in) = (inside(bucket.first, start, end), inside(bucket.last(), start, end));
                if first_in && last_in { u64::from(bucket.count) } else { u64::from(first_in) + u64::from(last_in) }
            })
            .sum()
    }
}

fn inside(time: Millis, start: Millis, end: Millis) -> bool {
    start <= time && time <= end
}

#[inline]
fn join(into: &mut Bucket, other: &Bucket, order: &impl Fn(&Pos, &Pos) -> Ordering) {
    let last = into.last().max(other.last());
    // The order of places is asked only where times are equal: it may compare the names of files.
    let earlier =
        other.first < into.first || other.first == into.first && order(&other.pos, &into.pos) == Ordering::Less;
    let start = if earlier { other } else { &*into };
    *into = Bucket::new(into.count.saturating_add(other.count), start.first, last, start.pos);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(times: &[i64]) -> Series {
        let mut series = Series::default();
        for &time in times {
            // The line follows from the time, so that every order of arrival names the same line.
            series.add(Millis(time), Pos { chunk: 0, line: time.rem_euclid(1 << 30) as u32 }, &Pos::cmp);
        }
        series
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(times in prop::collection::vec(-5_000_000_i64..500_000_000, 1..300), cut in any::<prop::sample::Index>()) {
            let whole = series(&times);
            let mut sorted = times.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&series(&sorted), &whole);
            let cut = cut.index(times.len());
            let (mut left, mut right) = (series(&times[..cut]), series(&times[cut..]));
            let order = Pos::cmp;
            let other = left.clone();
            left.merge(&right, &order);
            right.merge(&other, &order);
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(&right, &whole);
            prop_assert_eq!(whole.count(), times.len() as u64);
            prop_assert_eq!(whole.first(), sorted.first().map(|&time| Millis(time)));
            prop_assert_eq!(whole.last(), sorted.last().map(|&time| Millis(time)));
            prop_assert!(whole.buckets().len() <= MOST_BUCKETS);
        }
    }

    #[test]
    fn few_events_stay_exact() {
        let series = series(&[1_000, 61_000, 3_600_000]);
        assert_eq!(series.bucket_seconds(), 1);
        assert_eq!(series.at_or_after(Millis(61_000)).unwrap().first, Millis(61_000));
        assert_eq!(series.at_or_after(Millis(61_001)).unwrap().first, Millis(3_600_000));
        assert!(series.at_or_after(Millis(3_600_001)).is_none());
        assert_eq!(series.count_within(Millis(1_000), Millis(61_000)), 2);
    }
}
