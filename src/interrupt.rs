//! SIGINT and SIGTERM: the first asks everybody who reads to stop, so that what was read can be reported; the second ends
//! the process at once.
//!
//! Signals are of the process, and so is this flag. Reading code asks [`requested`]; only `main` calls [`install`].

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// What a shell reports of a program that SIGINT ended.
pub const EXIT_STATUS: u8 = 130;

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on a first signal sets the flag, a second one ends the process.
///
/// # Errors
/// If the system refuses a handler.
pub fn install() -> io::Result<()> {
    let stop = STOP.get_or_init(|| Arc::new(AtomicBool::new(false)));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Asked before the flag is set, so that it acts from the second signal on.
        signal_hook::flag::register_conditional_shutdown(signal, i32::from(EXIT_STATUS), Arc::clone(stop))?;
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Forgets a signal: whoever reads in a pager stops a search in it, and not the program that waits for it.
pub fn forget() {
    if let Some(stop) = STOP.get() {
        stop.store(false, Ordering::Relaxed);
    }
}

/// Whether a signal asked to stop.
#[must_use]
pub fn requested() -> bool {
    STOP.get().is_some_and(|stop| stop.load(Ordering::Relaxed))
}
