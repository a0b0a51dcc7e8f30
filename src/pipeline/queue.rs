//! What there is to read: one queue of chunks that somebody else decompressed, ranges of plain files, and inputs not yet opened.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::ProblemKind;
use crate::framing::RangeHandoff;
use crate::input::{Source, StreamInfo};
use crate::interrupt;
use crate::lines::Chunk;
use crate::model::StoredInput;
use crate::progress::Progress;
use crate::spill::Segments;

/// A plain file that is read by ranges.
#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) file: File,
    /// First byte.
    pub(super) from: u64,
    /// Byte after the last.
    pub(super) len: u64,
    /// Number of the first chunk.
    pub(super) first: u32,
    pub(super) label: String,
    /// Where its records may go over several lines.
    pub(super) range_handoff: Option<RangeHandoff>,
}

/// A plain file of which ranges are still to be taken.
#[derive(Debug)]
pub(super) struct RangeJob {
    pub(super) ranges: Arc<Ranges>,
    pub(super) next: u32,
    pub(super) count: u32,
}

/// A chunk on its way from the worker that decompressed it.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) stream: Arc<StreamInfo>,
    pub(super) seq: u32,
    pub(super) chunk: Chunk,
}

/// Something to do.
pub(super) enum Task {
    Fold(Parcel),
    Range(Arc<Ranges>, u32),
    /// The rest of a file, which a signal cut.
    Leave(Arc<Ranges>, u32),
    Open(Source),
}

#[derive(Debug)]
pub(super) struct Shared {
    /// Not yet opened, in reverse order.
    sources: Vec<Source>,
    jobs: VecDeque<RangeJob>,
    parcels: VecDeque<Parcel>,
    /// Workers that are opening or decompressing, and may hand over more work.
    producing: usize,
    /// Buffers to use again.
    spare: Vec<Chunk>,
    /// States that were written away.
    pub(super) written: Vec<Segments>,
    /// Why that failed.
    pub(super) problems: Vec<(String, ProblemKind, String)>,
    /// Labels of streams so far: archives may hold two members of one name.
    labels: std::collections::BTreeMap<String, u32>,
    /// Inputs whose bytes came only once, hashed.
    pub(super) stored: Vec<StoredInput>,
    /// Sources of which another run has to read what is new: by then another file had their name, or reading them failed.
    pub(super) unread: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Queue {
    shared: Mutex<Shared>,
    changed: Condvar,
    pub(super) threads: usize,
    /// Whether there is one source, and not several.
    pub(super) only: bool,
    pub(super) progress: Progress,
}

impl Queue {
    pub(super) fn new(mut sources: Vec<Source>, threads: usize, progress: Progress) -> Self {
        // The largest first, so that the run does not end with one worker on one large file.
        sources.sort_by_key(|source| source.size);
        let only = sources.len() == 1;
        let shared = Shared {
            sources,
            jobs: VecDeque::new(),
            parcels: VecDeque::new(),
            producing: 0,
            spare: Vec::new(),
            written: Vec::new(),
            problems: Vec::new(),
            labels: std::collections::BTreeMap::new(),
            stored: Vec::new(),
            unread: Vec::new(),
        };
        Self { shared: Mutex::new(shared), changed: Condvar::new(), threads, only, progress }
    }

    /// The lock is never held where a panic is possible, so a poisoned lock guards sound data.
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing to do; waits while others may still produce some; `None` when all is done.
    pub(super) fn next(&self) -> Option<Task> {
        let mut shared = self.lock();
        loop {
            if let Some(parcel) = shared.parcels.pop_front() {
                return Some(Task::Fold(parcel));
            }
            if let Some(job) = shared.jobs.front_mut() {
                let (ranges, at) = (Arc::clone(&job.ranges), job.next);
                if interrupt::requested() {
                    shared.jobs.pop_front();
                    return Some(Task::Leave(ranges, at));
                }
                job.next += 1;
                if job.next >= job.count {
                    shared.jobs.pop_front();
                }
                return Some(Task::Range(ranges, at));
            }
            if let Some(source) = shared.sources.pop() {
                shared.producing += 1;
                return Some(Task::Open(source));
            }
            if shared.producing == 0 {
                return None;
            }
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn add_ranges(&self, job: RangeJob) {
        self.lock().jobs.push_back(job);
        self.changed.notify_all();
    }

    /// Hands a chunk over, or gives it back if those who fold have enough to do.
    pub(super) fn offer(&self, parcel: Parcel) -> Option<Parcel> {
        let mut shared = self.lock();
        let folding = self.threads.saturating_sub(shared.producing);
        if shared.parcels.len() >= 2 * folding {
            return Some(parcel);
        }
        shared.parcels.push_back(parcel);
        drop(shared);
        self.changed.notify_one();
        None
    }

    pub(super) fn written(&self, states: Segments) {
        if !states.is_empty() {
            self.lock().written.push(states);
        }
    }

    pub(super) fn cannot_spill(&self, problem: (String, ProblemKind, String)) {
        let mut shared = self.lock();
        if !shared.problems.contains(&problem) {
            shared.problems.push(problem);
        }
    }

    /// Notes that reading a source failed, or has not begun.
    pub(super) fn unread(&self, label: &str) {
        self.lock().unread.push(label.to_owned());
    }

    pub(super) fn done_producing(&self) {
        self.lock().producing -= 1;
        self.changed.notify_all();
    }

    pub(super) fn into_shared(self) -> Shared {
        self.shared.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn spare(&self) -> Chunk {
        self.lock().spare.pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, chunk: Chunk) {
        self.lock().spare.push(chunk);
    }

    /// The label itself the first time, then with a number: `bundle.tar!a.json`, `bundle.tar!a.json#2`.
    pub(super) fn unique_label(&self, label: &str) -> String {
        let mut shared = self.lock();
        let count = shared.labels.entry(label.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 { label.to_owned() } else { format!("{label}#{count}") }
    }
}
