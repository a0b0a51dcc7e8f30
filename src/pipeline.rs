//! Ties it together, one way for everybody: a [`Request`] is read to [`Gathered`] (out of logs or parts), these are joined to
//! [`JoinedRun`], and of that a report, a story, or the lives of keys are made. Everything runs in the pool of the run: what
//! sorts or counts all attempts uses rayon, too, and finds the chosen number of threads there.

use crate::error::Error;

mod compared;
mod copies;
mod gather;
mod gathered;
mod impact;
mod joined_run;
mod parts;
mod queue;
mod request;
mod run;
mod sigma;
mod story;
mod work;

pub use gathered::Gathered;
pub use impact::{impact, single_events};
pub use joined_run::{Analysis, JoinedRun};
pub use parts::merge_parts;
pub use request::{Inputs, Request};
pub use run::{LedgerFile, Naming};

/// Reads everything and reports.
///
/// # Errors
/// Parts that cannot be used, or no threads. Logs that cannot be read are problems in the report's coverage, not errors.
pub fn analyze(request: Request) -> Result<Analysis, Error> {
    Ok(request.join()?.report())
}
