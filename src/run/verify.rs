//! `esaudit verify`.

use super::outcome::{INCOMPLETE, write_all};
use crate::cli::VerifyRequest;
use crate::error::Error;
use crate::verify;

/// Checks a report with a manifest and its inputs.
///
/// # Errors
/// There is nothing that could be checked.
pub fn verify(request: &VerifyRequest) -> Result<u8, Error> {
    let outcome = verify::verify(&request.report, &request.paths, request.signature.as_ref())?;
    let complete = write_all(&request.outputs, &outcome);
    Ok(if complete { u8::from(!outcome.holds()) } else { INCOMPLETE })
}
