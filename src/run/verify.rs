//! `esaudit verify`.

use super::console::watched;
use super::outcome::{INCOMPLETE, write_all};
use crate::cli::VerifyRequest;
use crate::error::Error;
use crate::interrupt::{self, AtSignal};
use crate::progress::{HASHING, Progress};
use crate::verify;

/// Checks a report with a manifest and its inputs.
///
/// # Errors
/// There is nothing that could be checked.
pub fn verify(request: &VerifyRequest) -> Result<u8, Error> {
    interrupt::enter(HASHING, AtSignal::Ends);
    let progress = Progress::default();
    let check = || verify::verify(&request.report, &request.paths, request.signature.as_ref(), &progress);
    let outcome = watched(&progress, check)?;
    let complete = write_all(&request.outputs, &outcome);
    Ok(if complete { u8::from(!outcome.holds()) } else { INCOMPLETE })
}
