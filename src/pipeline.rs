//! Ties it together, one way for everybody: a [`Request`] is read to [`Records`] (out of logs or parts), these are joined to
//! [`Evidence`], and of that a report, a story, or the lives of keys are made. Everything runs in the pool of the run: what
//! sorts or counts all attempts uses rayon, too, and finds the chosen number of threads there.

use crate::error::Error;

mod evidence;
mod gather;
mod parts;
mod records;
mod request;
mod run;
mod story;
mod work;

pub use evidence::{Analysis, Evidence};
pub use parts::merge_parts;
pub use records::Records;
pub use request::{Inputs, Request};
pub use run::Naming;

/// Reads everything and reports.
///
/// # Errors
/// Parts that cannot be used, or no threads. Logs that cannot be read are problems in the report's coverage, not errors.
pub fn analyze(request: Request) -> Result<Analysis, Error> {
    Ok(request.read()?.join().report())
}
