//! A sample of requests, and when each node first met them: a request that went from one node to another shows how far their
//! clocks are apart.
//!
//! Which requests are in it depends on their ids alone: those whose rank, by a hash, is high enough that there are at most
//! [`MOST`] entries. So two nodes have the same requests in it, whoever reads their logs, and a union of samples is the
//! sample of the union.

use serde::{Deserialize, Serialize};

use super::acts::Origin;
use super::records::RecordKey;
use super::thinning::{HIGHEST, thin};
use crate::copies::glance;
use crate::time::Millis;

/// Entries of a state: some requests for each pair of ten nodes if one in ten is shared; 25 KB of a part.
const MOST: usize = 1 << 11;

/// A request as one node met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetRequest {
    /// Hash of the request id.
    pub request: RecordKey,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// How it came to the node, where it came in several ways the first of [`Origin`]'s.
    pub origin: Origin,
    /// When it first came that way.
    pub first: Millis,
    /// One in 2 to the power of this has so high a rank.
    rank: u8,
}

/// The sample.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestSample {
    /// The least rank.
    scale: u8,
    /// By request and node, each once.
    list: Vec<MetRequest>,
}

impl RequestSample {
    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &MetRequest> {
        self.list.iter()
    }

    /// Adds an event; the request id may be anything.
    #[inline]
    pub(super) fn add(&mut self, id: &[u8], node: u32, origin: Option<&[u8]>, first: Millis) {
        let rank = rank(id);
        if rank >= self.scale {
            self.met(MetRequest { request: RecordKey::of(&[Some(id)]), node, origin: Origin::of(origin), first, rank });
        }
    }

    /// Few get here.
    #[cold]
    fn met(&mut self, met: MetRequest) {
        // A request has several events on a node, one after the other.
        match self.list.last_mut() {
            Some(last) if (last.request, last.node) == (met.request, met.node) => last.join(&met),
            _ => self.list.push(met),
        }
        if self.list.len() >= 2 * MOST {
            self.settle();
        }
    }

    /// Puts it in order, each node once for a request, and leaves as many as there may be.
    pub(super) fn settle(&mut self) {
        let key = |met: &MetRequest| (met.request, met.node);
        self.list.sort_unstable_by_key(key);
        self.list.dedup_by(|next, kept| {
            let same = key(next) == key(kept);
            if same {
                kept.join(next);
            }
            same
        });
        thin(&mut self.list, &mut self.scale, MOST, |met| met.rank);
    }

    /// Takes in others that are already translated.
    pub(super) fn join(&mut self, others: impl IntoIterator<Item = Self>) {
        for other in others {
            self.scale = self.scale.max(other.scale);
            self.list.extend(other.list);
        }
        self.settle();
    }

    /// The nodes, for translation; what is in order by them is no more.
    pub(super) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        self.list.iter_mut().map(|met| &mut met.node)
    }

    /// Whether it is such as [`RequestSample::settle`] leaves it.
    pub(super) fn is_sound(&self) -> bool {
        self.scale <= HIGHEST
            && (self.list.len() <= MOST || self.scale == HIGHEST)
            && self.list.iter().all(|met| (self.scale..=HIGHEST).contains(&met.rank))
            && self.list.is_sorted_by(|a, b| (a.request, a.node) < (b.request, b.node))
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> u64 {
        (self.list.len() * size_of::<MetRequest>()) as u64
    }
}

impl MetRequest {
    /// Takes in what another event of the same request on the same node tells.
    fn join(&mut self, other: &Self) {
        (self.origin, self.first) = (self.origin, self.first).min((other.origin, other.first));
    }
}

/// The rank of a request id: quicker to have than a hash of all of it, which few need.
#[inline]
fn rank(id: &[u8]) -> u8 {
    u8::try_from(glance(Some(id)).leading_zeros()).unwrap_or(HIGHEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u64) -> Vec<u8> {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string().into_bytes()
    }

    fn event(sample: &mut RequestSample, number: u64) {
        let (node, origin) =
            ((number % 3) as u32, if number.is_multiple_of(3) { b"rest".as_slice() } else { b"transport" });
        let first = Millis((number * 7919 % 1000) as i64);
        sample.add(&id(number / 5), node, Some(origin), first);
    }

    fn whole(numbers: impl IntoIterator<Item = u64>) -> RequestSample {
        let mut sample = RequestSample::default();
        numbers.into_iter().for_each(|number| event(&mut sample, number));
        sample.settle();
        sample
    }

    #[test]
    fn of_many_requests_some_stay_on_every_node_that_met_them() {
        let sample = whole(0..200_000);
        assert!(sample.scale > 0 && sample.is_sound());
        assert!((MOST / 4..=MOST).contains(&sample.list.len()), "{}", sample.list.len());
        // Five numbers have all three nodes.
        let of_each = sample.list.chunk_by(|a, b| a.request == b.request);
        assert!(of_each.into_iter().all(|met| met.len() == 3 && met[0].origin == Origin::Rest));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_union_of_samples_is_the_sample_of_the_union(
            cuts in prop::collection::vec(0_u64..60_000, 1..6),
            from_the_end in any::<bool>(),
        ) {
            let mut cuts = cuts;
            cuts.extend([0, 60_000]);
            cuts.sort_unstable();
            let mut parts: Vec<_> = cuts.windows(2).map(|ends| whole((ends[0]..ends[1]).rev())).collect();
            if from_the_end {
                parts.reverse();
            }
            let mut joined = RequestSample::default();
            joined.join(parts);
            prop_assert!(joined == whole(0..60_000));
        }
    }
}
