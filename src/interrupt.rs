//! Signals. The first of SIGINT, SIGTERM, SIGHUP and SIGQUIT asks everybody who reads to stop, so that what was read can be
//! reported; while nothing is read any more, half an answer is none, and it ends the program after saying so. The second ends the
//! program at once. Whichever ends it: temporary files go with it.
//!
//! Signals are of the process, and so is what is kept here. Reading code asks [`requested`]; only `main` calls [`install`].

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::platform;

/// What a shell reports of a program that SIGINT ended.
pub const EXIT_STATUS: u8 = 130;

/// The exit status of a run without the memory that it needs: that of every answer that could not be given.
const ABORTED: i32 = 2;

static STOP: AtomicBool = AtomicBool::new(false);

static NOW: Mutex<Now> = Mutex::new(Now { doing: "starting", can_stop: false, temporary: BTreeSet::new() });

/// What the process does.
#[derive(Debug)]
struct Now {
    /// In a word or some, for whoever ends it.
    doing: &'static str,
    /// Whether it looks at [`requested`], and can answer from what it has.
    can_stop: bool,
    /// Files that nobody should find.
    temporary: BTreeSet<PathBuf>,
}

/// Nothing panics while it is held.
fn now() -> MutexGuard<'static, Now> {
    NOW.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on signals are handled.
///
/// # Errors
/// If the system refuses a handler, or a thread.
pub fn install() -> io::Result<()> {
    platform::listen(ABORTED, receive)
}

fn receive() {
    let first = !STOP.swap(true, Ordering::Relaxed);
    let now = now();
    if first && now.can_stop {
        return;
    }
    if first {
        // Nothing is left to tell if even this cannot be written.
        let _ = writeln!(io::stderr(), "esaudit: interrupted while {}: no answer was written", now.doing);
    }
    for path in &now.temporary {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        drop(removed);
    }
    platform::exit(i32::from(EXIT_STATUS));
}

/// Forgets a signal: whoever reads in a pager stops a search in it, and not the program that waits for it.
pub fn forget() {
    STOP.store(false, Ordering::Relaxed);
}

/// Whether a signal asked to stop.
#[must_use]
pub fn requested() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Tells what the process does from now on, and whether it looks at [`requested`] meanwhile.
pub fn enter(doing: &'static str, can_stop: bool) {
    let mut now = now();
    (now.doing, now.can_stop) = (doing, can_stop);
}

/// A file or a folder that a signal removes as long as this lives.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Of a path.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        now().temporary.insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        now().temporary.remove(&self.0);
    }
}
