//! Which attempts are kept where there is no room for all: those of the principals that fail most often.

use std::collections::BTreeMap;
use std::io;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::Budget;
use super::segment::Segments;
use super::text_counts::TextCount;
use crate::state::{Attempt, RecordKey};

/// Bytes that the attempts of a principal take at least.
fn cost(tally: TextCount) -> u64 {
    u64::from(tally.count) * size_of::<Attempt>() as u64 + u64::from(tally.length) + 16
}

/// A principal may take so much of what is kept; of one that takes more a sample is kept.
const MOST_OF_ONE: u64 = 4;

/// Bytes that an entry of a hash table takes while the table grows.
const ENTRY: u64 = 40;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Principals, all of whose attempts are kept.
    whole: HashSet<u64, RandomState>,
    /// Principals, of whose attempts those are kept whose hash is below this.
    sampled: BTreeMap<u64, u64>,
    /// Nothing is left out.
    pub(super) everything: bool,
    /// Attempts in all, as met.
    pub(super) attempts: u64,
    /// Distinct principals and sources of all attempts; null is none.
    pub(super) principals: u64,
    pub(super) sources: u64,
}

impl Kept {
    /// Whether an attempt is kept, by its principal's hash and its own.
    pub(super) fn keeps(&self, principal: u64, key: RecordKey) -> bool {
        self.everything
            || self.whole.contains(&principal)
            || self.sampled.get(&principal).is_some_and(|&below| scatter(key.0) < below)
    }

    /// Whether any attempt of a principal is kept.
    pub(super) fn knows(&self, principal: u64) -> bool {
        self.everything || self.whole.contains(&principal) || self.sampled.contains_key(&principal)
    }

    /// Principals of whose attempts none is kept.
    pub(super) fn left_out(&self) -> u64 {
        let null = null();
        let kept = self.whole.iter().chain(self.sampled.keys()).filter(|&&hash| hash != null).count();
        if self.everything { 0 } else { self.principals.saturating_sub(kept as u64) }
    }
}

/// The hash of no text.
fn null() -> u64 {
    RecordKey::of(&[None]).0
}

/// Spreads hashes whose low and high bits were used before.
fn scatter(hash: u64) -> u64 {
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Goes through a list of tallies once for each class of hashes, with the sums of each hash of the class.
fn each_class(
    written: &mut [Segments],
    classes: u64,
    read: fn(&mut Segments, &mut dyn FnMut(TextCount)) -> io::Result<()>,
    each: &mut dyn FnMut(TextCount),
) -> io::Result<()> {
    for class in 0..classes {
        let mut sums: HashMap<u64, (u32, u32), RandomState> = HashMap::default();
        for segments in written.iter_mut() {
            read(segments, &mut |tally| {
                if tally.hash % classes == class {
                    let (count, length) = sums.entry(tally.hash).or_default();
                    *count = count.saturating_add(tally.count);
                    *length = (*length).max(tally.length);
                }
            })?;
        }
        for (hash, (count, length)) in sums {
            each(TextCount { hash, count, length });
        }
    }
    Ok(())
}

/// Chooses what is kept.
///
/// # Errors
/// Where temporary files cannot be read.
pub(super) fn choose(written: &mut [Segments], budget: Budget) -> io::Result<Kept> {
    let mut most = 0_u64;
    for segments in written.iter_mut() {
        segments.principals(&mut |_| most += 1)?;
        segments.sources(&mut |_| most += 1)?;
    }
    let classes = (most * ENTRY).div_ceil(budget.pass().max(1)).max(1);
    let mut kept = Kept::default();
    let null = null();
    each_class(written, classes, |segments, each| segments.sources(each), &mut |tally| {
        kept.sources += u64::from(tally.hash != null);
    })?;
    // Sums by count: how many principals, what all of theirs take.
    let mut by_count: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let cap = budget.kept() / MOST_OF_ONE;
    let mut heavy: Vec<TextCount> = Vec::new();
    each_class(written, classes, |segments, each| segments.principals(each), &mut |tally| {
        kept.principals += u64::from(tally.hash != null);
        kept.attempts += u64::from(tally.count);
        if cost(tally) > cap {
            heavy.push(tally);
        } else {
            let (principals, bytes) = by_count.entry(tally.count).or_default();
            *principals += 1;
            *bytes += cost(tally);
        }
    })?;
    let mut room = budget.kept();
    if heavy.iter().map(|tally| cost(*tally)).sum::<u64>() + by_count.values().map(|(_, bytes)| bytes).sum::<u64>()
        <= room
    {
        kept.everything = true;
        return Ok(kept);
    }
    // Half of the room at most for those that need most of it.
    let each = cap.min(room / 2 / (heavy.len() as u64).max(1));
    for tally in heavy {
        let share = each as f64 / cost(tally) as f64;
        kept.sampled.insert(tally.hash, (share.min(1.0) * u64::MAX as f64) as u64);
        room = room.saturating_sub(each.min(cost(tally)));
    }
    // All whose count is above the edge, and of those at the edge as many as there is room for, by hash.
    let (mut edge, mut below) = (0, u64::MAX);
    for (&count, &(_, bytes)) in by_count.iter().rev() {
        if bytes > room {
            (edge, below) = (count, (room as f64 / bytes as f64 * u64::MAX as f64) as u64);
            break;
        }
        room -= bytes;
    }
    let Kept { whole, sampled, .. } = &mut kept;
    each_class(written, classes, |segments, each| segments.principals(each), &mut |tally| {
        let fits = tally.count > edge || tally.count == edge && scatter(tally.hash) < below;
        if fits && !sampled.contains_key(&tally.hash) {
            whole.insert(tally.hash);
        }
    })?;
    Ok(kept)
}
