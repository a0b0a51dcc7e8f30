//! How far a run has come: counters that workers add to and somebody may look at. Counting costs an addition a chunk.

use std::fs::File;
use std::io::Seek;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The phase in which bytes are read.
pub const READING: &str = "reading";

/// The phase in which bytes are read to be hashed, and no more.
pub const HASHING: &str = "hashing";

/// How much a run tells of itself on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Progress, where somebody looks.
    #[default]
    Normal,
    /// Also what was read as what, and how long it took.
    Verbose,
}

/// A handle on the counters of one run. Never changes the answer, so all are equal.
#[derive(Debug, Clone)]
pub struct Progress {
    /// How much is told.
    pub verbosity: Verbosity,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Counters {
    begun: Instant,
    /// Stored bytes to read; 0 = unknown.
    total: AtomicU64,
    /// Of these, read, those of inputs in progress aside.
    stored: AtomicU64,
    /// Bytes after decompression.
    bytes: AtomicU64,
    open: Mutex<Vec<OpenInput>>,
    phases: Mutex<Vec<(&'static str, Instant)>>,
    notes: Mutex<Vec<String>>,
    remarks: Mutex<Vec<String>>,
}

/// An input that is being read from start to end.
#[derive(Debug)]
struct OpenInput {
    label: String,
    size: u64,
    /// Shares its position with whoever reads it.
    file: Option<File>,
}

/// What can be seen of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// What is being done.
    pub phase: &'static str,
    /// Since the start.
    pub elapsed: Duration,
    /// Stored bytes read.
    pub stored: u64,
    /// Stored bytes there are; 0 = unknown.
    pub total: u64,
    /// Bytes after decompression.
    pub bytes: u64,
    /// An input that is being read.
    pub label: String,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new(Verbosity::default())
    }
}

impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    /// Of a run that begins now.
    #[must_use]
    pub fn new(verbosity: Verbosity) -> Self {
        let counters = Counters {
            begun: Instant::now(),
            total: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            open: Mutex::default(),
            phases: Mutex::default(),
            notes: Mutex::default(),
            remarks: Mutex::default(),
        };
        Self { verbosity, counters: Arc::new(counters) }
    }

    /// What is done from now on.
    pub fn phase(&self, name: &'static str) {
        locked(&self.counters.phases).push((name, Instant::now()));
    }

    /// How many stored bytes there are to read, if that is known of all inputs.
    pub fn total(&self, bytes: Option<u64>) {
        self.counters.total.store(bytes.unwrap_or(0), Ordering::Relaxed);
    }

    /// Bytes were read and decompressed.
    pub fn bytes(&self, bytes: u64) {
        self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A part of an input that is read in parts is done.
    pub fn part(&self, bytes: u64) {
        self.counters.stored.fetch_add(bytes, Ordering::Relaxed);
        self.bytes(bytes);
    }

    /// An input of a stored size is read from now on; `file` is a clone of what is read, where its position tells how far.
    pub fn open(&self, label: &str, size: Option<u64>, file: Option<File>) {
        let size = size.unwrap_or(0);
        locked(&self.counters.open).push(OpenInput { label: label.to_owned(), size, file });
    }

    /// The input is done, as far as it is read from start to end.
    pub fn close(&self, label: &str) {
        let mut open = locked(&self.counters.open);
        if let Some(at) = open.iter().rposition(|open| open.label == label) {
            let done = open.remove(at);
            self.counters.stored.fetch_add(done.size, Ordering::Relaxed);
        }
    }

    /// Notes something for those who asked for more.
    pub fn note(&self, text: impl FnOnce() -> String) {
        if self.verbosity == Verbosity::Verbose {
            locked(&self.counters.notes).push(text());
        }
    }

    /// Keeps something that everybody is told who did not ask for quiet.
    pub fn remark(&self, text: String) {
        locked(&self.counters.remarks).push(text);
    }

    /// What everybody is told.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        locked(&self.counters.remarks).clone()
    }

    /// What was noted, and how long each phase took until now.
    #[must_use]
    pub fn told(&self) -> (Vec<String>, Vec<(&'static str, Duration)>) {
        let phases = locked(&self.counters.phases);
        let ends = phases.iter().skip(1).map(|(_, at)| *at).chain([Instant::now()]);
        let lasted = phases.iter().zip(ends).map(|((name, at), end)| (*name, end.duration_since(*at))).collect();
        (locked(&self.counters.notes).clone(), lasted)
    }

    /// How far it is.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let counters = &self.counters;
        let mut open = locked(&counters.open);
        let at = |open: &mut OpenInput| {
            open.file.as_mut().and_then(|file| file.stream_position().ok()).unwrap_or(0).min(open.size)
        };
        let under_way: u64 = open.iter_mut().map(at).sum();
        Snapshot {
            phase: locked(&counters.phases).last().map_or("", |(name, _)| name),
            elapsed: counters.begun.elapsed(),
            stored: counters.stored.load(Ordering::Relaxed) + under_way,
            total: counters.total.load(Ordering::Relaxed),
            bytes: counters.bytes.load(Ordering::Relaxed),
            label: open.last().map(|open| open.label.clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_positions_add_up() {
        use std::io::Read as _;
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(100).unwrap();
        let progress = Progress::default();
        progress.total(Some(150));
        progress.part(50);
        progress.open("a.gz", Some(100), Some(file.try_clone().unwrap()));
        file.read_exact(&mut [0; 30]).unwrap();
        progress.bytes(300);
        let snapshot = progress.snapshot();
        assert_eq!((snapshot.stored, snapshot.total, snapshot.bytes, snapshot.label.as_str()), (80, 150, 350, "a.gz"));
        progress.close("a.gz");
        assert_eq!(progress.snapshot().stored, 150);
        assert_eq!(progress.snapshot().label, "");
    }
}
