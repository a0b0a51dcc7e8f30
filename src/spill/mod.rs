//! Bounded memory. A worker whose share of the state grows beyond its limit writes it to a temporary file and begins anew.
//! If all of it together is small enough after all, it is read back and nothing shows. If not, attempts are left out: those
//! of the principals that failed least often, since a flood of made-up names is what fills memory. What is left out is
//! counted exactly (each event once, by the minute), and the report says how much it is.
//!
//! What is kept depends on the events and the limit alone, not on threads, chunks or the order of inputs: whoever crosses
//! the limit in one run has a worker that crosses it in every other, because the workers' limits add up to less.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "entries of tables are numbered in 32 bits: --max-memory holds fewer; shares are between 0 and 1, and bits are written as they are read"
)]

mod choose;
mod machine;
mod reduce;
mod segment;
mod text_counts;

pub use machine::{default_limit, most_threads};
pub use reduce::reduce;
pub use segment::Segments;

use std::io;

use crate::error::ProblemKind;
use crate::options::Options;

/// How the memory of a run is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes in all.
    most: u64,
    workers: u64,
}

/// Bytes that a run takes whatever it reads.
const BASE: u64 = 24 << 20;

/// Bytes that a realm failure in flight takes while it is joined.
const IN_FLIGHT: u64 = 72;

impl Budget {
    /// The budget of a run with so many workers.
    #[must_use]
    pub fn new(options: &Options, workers: usize) -> Self {
        Self { most: options.max_memory.max(1 << 20), workers: workers.max(1) as u64 }
    }

    /// What is kept may weigh so much (`choose::cost`). With joining, judging and reporting it takes 6.4 times as much at
    /// its peak: 480 bytes an attempt were measured in a flood of new names, for 75 that it weighs.
    fn kept(self) -> u64 {
        (self.most - BASE.min(self.most / 2)) / 7
    }

    /// A worker writes its state away beyond so many bytes.
    #[must_use]
    pub fn share(self) -> u64 {
        self.kept() / (2 * self.workers)
    }

    /// Bytes that one pass over what is left out may take.
    fn pass(self) -> u64 {
        self.most / 8
    }

    /// Realm failures that may wait for the end of their request.
    #[must_use]
    pub fn in_flight(self) -> usize {
        usize::try_from(self.most / 8 / IN_FLIGHT).unwrap_or(usize::MAX)
    }
}

/// What is said where temporary files do not work.
#[must_use]
pub fn problem(error: &io::Error) -> (String, ProblemKind, String) {
    let folder = std::env::temp_dir().to_string_lossy().into_owned();
    let message = format!("{NO_TEMPORARY}: {error}; set TMPDIR to a folder with room");
    (folder, ProblemKind::ReadError, message)
}

/// How the messages of [`problem`] begin.
const NO_TEMPORARY: &str = "memory is short (--max-memory) and temporary files cannot be used";

/// Whether a message is one of [`problem`]'s.
#[must_use]
pub fn is_problem(message: &str) -> bool {
    message.starts_with(NO_TEMPORARY)
}
