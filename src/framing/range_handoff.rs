//! Where the ranges of a file meet: a record that a container runtime cut may begin in one and end in another.

#![expect(
    clippy::cast_possible_truncation,
    reason = "ranges are numbered in 32 bits: each is at least a block of a file"
)]

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::decode::partial::{OpenStreams, StreamChange};

/// What is open where each range of a file begins. Each range is looked at by whoever reads it, and what its lines do is
/// told before the range is folded, so that only the telling is one after the other.
#[derive(Debug, Default)]
pub struct RangeHandoff {
    known: Mutex<KnownHandoff>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct KnownHandoff {
    /// What is open at the start of each range, except the first, up to one that was not told yet.
    open: Vec<OpenStreams>,
    /// What the ranges after that one do.
    early: BTreeMap<u32, StreamChange>,
}

impl KnownHandoff {
    fn before(&self, range: u32) -> Option<OpenStreams> {
        match range {
            0 => Some(OpenStreams::default()),
            range => self.open.get(range as usize - 1).copied(),
        }
    }

    fn tell(&mut self, range: u32, change: StreamChange) {
        self.early.insert(range, change);
        let mut next = self.open.len() as u32;
        while let (Some(change), Some(open)) = (self.early.remove(&next), self.before(next)) {
            self.open.push(change.after(open));
            next += 1;
        }
    }
}

impl RangeHandoff {
    /// Tells what the lines of a range do, and says what is open before them: waits for those who read the ranges before.
    /// Ranges are taken in their order, and nobody waits before telling, so that everybody gets an answer.
    pub(super) fn pass(&self, range: u32, change: StreamChange) -> OpenStreams {
        // The lock is never held where a panic is possible.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.tell(range, change);
        self.changed.notify_all();
        loop {
            if let Some(open) = known.before(range) {
                return open;
            }
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
