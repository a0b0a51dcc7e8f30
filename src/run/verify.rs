//! `esaudit verify`.

use super::console::terminal;
use crate::cli::VerifyRequest;
use crate::error::Error;
use crate::{output, verify};

/// Checks a report with a manifest and its inputs.
///
/// # Errors
/// There is nothing that could be checked, or standard output cannot be written.
pub fn verify(request: &VerifyRequest) -> Result<u8, Error> {
    let outcome = verify::verify(&request.report, &request.paths)?;
    output::print(|out| verify::write(&outcome, terminal().unicode, out))?;
    Ok(u8::from(!outcome.holds()))
}
