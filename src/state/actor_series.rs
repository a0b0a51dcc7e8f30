//! Events over time by who and what, sorted: most runs have many clients with few events each, and a sorted list is smaller
//! than a map and quicker to join, to translate and to go through.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::records::Pos;
use super::series::{Actor, Bucket, Series};

/// Events over time by who and what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActorSeries {
    /// By actor, each once.
    list: Vec<(Actor, Series)>,
}

impl ActorSeries {
    /// Number of actors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The events of an actor.
    #[must_use]
    pub fn get(&self, actor: &Actor) -> Option<&Series> {
        self.list.binary_search_by(|(known, _)| known.cmp(actor)).ok().map(|at| &self.list[at].1)
    }

    /// Every actor with its events. The order is that of symbols, which must not show.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Actor, &Series)> + Clone {
        self.list.iter().map(|(actor, series)| (actor, series))
    }

    /// As [`Self::iter`], on all cores.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = (&Actor, &Series)> {
        self.list.par_iter().map(|(actor, series)| (actor, series))
    }

    /// The actors of each account with their events, on all cores.
    pub fn par_accounts(&self) -> impl ParallelIterator<Item = &[(Actor, Series)]> {
        self.list.par_chunk_by(|(a, _), (b, _)| a.principal == b.principal)
    }

    /// Every actor.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Actor> + Clone {
        self.list.iter().map(|(actor, _)| actor)
    }

    /// The events of every actor.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Series> + Clone {
        self.list.iter().map(|(_, series)| series)
    }

    /// Keeps those that `keep` says.
    pub fn retain(&mut self, keep: impl Fn(&Actor, &Series) -> bool) {
        self.list.retain(|(actor, series)| keep(actor, series));
    }

    /// Keeps the events of buckets that `keep` says.
    pub(super) fn keep_buckets(&mut self, mut keep: impl FnMut(&Actor, &Bucket) -> bool) {
        for (actor, series) in &mut self.list {
            if !series.buckets().iter().all(|bucket| keep(actor, bucket)) {
                let kept = series.buckets().iter().copied().filter(|bucket| keep(actor, bucket)).collect();
                *series = Series::of(series.scale(), kept);
            }
        }
        self.list.retain(|(_, series)| !series.buckets().is_empty());
    }

    /// Changes what actors and lines are called. No two become one.
    pub(super) fn translate(&mut self, mut actors: impl FnMut(&mut Actor), mut lines: impl FnMut(&mut Pos)) {
        for (actor, series) in &mut self.list {
            actors(actor);
            series.remap(&mut lines);
        }
    }

    /// Those of a worker, in any order: they are put in theirs when states are joined.
    pub(super) fn unordered(list: Vec<(Actor, Series)>) -> Self {
        Self { list }
    }

    /// Puts them in their order, after [`Self::translate`] and [`Self::unordered`].
    pub(super) fn sort(&mut self) {
        if !self.list.is_sorted_by_key(|(actor, _)| *actor) {
            self.list.par_sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        }
    }

    /// Takes in others that are already translated; `order` as in [`Series::add`].
    pub(super) fn join(&mut self, others: Vec<Self>, order: &(impl Fn(&Pos, &Pos) -> Ordering + Sync)) {
        self.list.reserve_exact(others.iter().map(Self::len).sum());
        others.into_iter().for_each(|other| self.list.extend(other.list));
        self.sort();
        // On all cores those of one actor are taken into the first of them, which leaves the others empty.
        self.list.par_chunk_by_mut(|(a, _), (b, _)| a == b).for_each(|of_actor| {
            let Some(((_, first), others)) = of_actor.split_first_mut() else { return };
            others.iter_mut().for_each(|(_, other)| first.merge(&std::mem::take(other), order));
        });
        self.list.retain(|(_, series)| !series.buckets().is_empty());
    }
}

/// Of several series of one actor, which there are not, any is kept.
impl FromIterator<(Actor, Series)> for ActorSeries {
    fn from_iter<I: IntoIterator<Item = (Actor, Series)>>(series: I) -> Self {
        let mut made = Self { list: series.into_iter().collect() };
        made.sort();
        made.list.dedup_by(|next, kept| next.0 == kept.0);
        made
    }
}

impl IntoIterator for ActorSeries {
    type Item = (Actor, Series);
    type IntoIter = std::vec::IntoIter<(Actor, Series)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Serialize for ActorSeries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::series_columns::serialize(&self.list, serializer)
    }
}

impl<'de> Deserialize<'de> for ActorSeries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(super::series_columns::deserialize(deserializer)?.into_iter().collect())
    }
}
