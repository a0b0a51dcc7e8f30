//! Signals. The first of SIGINT, SIGTERM, SIGHUP and SIGQUIT asks everybody who reads to stop, so that what was read can be
//! reported; while nothing is read any more, half an answer is none, and it ends the program after saying so. The reading then has
//! [`PATIENCE`] to end, and so has the rest until the report is written; where either takes longer, the program ends without it and
//! says so. The second signal ends the program at once. Whichever ends it: temporary files go with it.
//!
//! Signals are of the process, and so is what is kept here. Reading code asks [`requested`]; only `main` calls [`install`].

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::platform;

/// What a shell reports of a program that SIGINT ended.
pub const EXIT_STATUS: u8 = 130;

/// The exit status of a run without the memory that it needs: that of every answer that could not be given.
const ABORTED: i32 = 2;

static STOP: AtomicBool = AtomicBool::new(false);

/// How long reading may go on after a signal, and the rest after the reading.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often is looked whether that is over.
const LOOK: Duration = Duration::from_millis(20);

static NOW: Mutex<Now> =
    Mutex::new(Now { doing: "starting", at_signal: AtSignal::Ends, since: None, temporary: BTreeSet::new() });

/// What the first signal does to a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtSignal {
    /// It ends the program: there is no answer yet.
    Ends,
    /// It ends the phase, which looks at [`requested`] and can answer from what it has.
    Stops,
    /// Nothing: it is for somebody else.
    Passes,
}

/// What the process does.
#[derive(Debug)]
struct Now {
    /// In a word or some, for whoever ends it.
    doing: &'static str,
    at_signal: AtSignal,
    /// Since when something that a signal asked to end goes on: the reading, then the rest.
    since: Option<Instant>,
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
    let mut now = now();
    match now.at_signal {
        AtSignal::Passes if first => {}
        AtSignal::Stops if first => {
            now.since = Some(Instant::now());
            drop(now);
            // Where there is no room for a thread, nobody would end what goes on for too long.
            if let Err(error) = thread::Builder::new().name("patience".to_owned()).spawn(watch) {
                end(
                    &self::now(),
                    &format!("esaudit: interrupted: no answer was written, for lack of a thread: {error}\n"),
                );
            }
        }
        AtSignal::Ends if first => {
            end(&now, &format!("esaudit: interrupted while {}: no answer was written\n", now.doing))
        }
        _ => end(&now, ""),
    }
}

/// Ends the program where what a signal asked to end goes on for too long.
fn watch() {
    loop {
        thread::sleep(LOOK);
        let now = now();
        let Some(since) = now.since.filter(|_| requested()) else { return };
        if now.at_signal != AtSignal::Passes && since.elapsed() > PATIENCE {
            let (doing, most) = (now.doing, PATIENCE.as_secs());
            let told = format!("esaudit: interrupted, and {doing} takes longer than {most} s: no answer was written\n");
            end(&now, &told);
        }
    }
}

/// Ends the program; nobody adds a temporary file meanwhile.
fn end(now: &Now, told: &str) -> ! {
    // Nothing is left to tell if even this cannot be written.
    let _ = io::stderr().write_all(told.as_bytes());
    for path in &now.temporary {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        drop(removed);
    }
    platform::exit(i32::from(EXIT_STATUS));
}

/// Does something short that no signal ends in its middle. It may not make a [`Temporary`].
pub fn undisturbed<T>(act: impl FnOnce() -> T) -> T {
    let _held = now();
    act()
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

/// Tells what the process does from now on, and what a signal does to it meanwhile.
pub fn enter(doing: &'static str, at_signal: AtSignal) {
    let mut now = now();
    if requested() && (now.at_signal, at_signal) == (AtSignal::Stops, AtSignal::Ends) {
        now.since = Some(Instant::now());
    }
    (now.doing, now.at_signal) = (doing, at_signal);
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
