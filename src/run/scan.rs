//! `esaudit scan`.

use super::console::{complain, watched};
use super::outcome::{INCOMPLETE, written};
use crate::cli::ScanRequest;
use crate::error::Error;
use crate::interrupt;

/// Reads logs into a part file.
///
/// # Errors
/// No threads could be started.
pub fn scan(request: ScanRequest) -> Result<u8, Error> {
    let ScanRequest { read, output } = request;
    let (progress, strict) = (read.progress.clone(), read.options.strict);
    let mut records = watched(&progress, || {
        let mut records = read.read()?;
        records.part();
        Ok::<_, Error>(records)
    })?;
    let problems = records.part().problems_total();
    if strict && problems > 0 {
        complain(&format!("no part, because of --strict and {problems} problems; `esaudit report` lists them"));
        return Ok(INCOMPLETE);
    }
    let left_out = records.part().state.counted_only.attempts;
    if strict && left_out > 0 {
        complain(&format!(
            "no part, because of --strict: {left_out} attempts are counted only, memory is short (--max-memory)"
        ));
        return Ok(INCOMPLETE);
    }
    let written = written(&output, |out| records.write_part(out));
    let part = records.part();
    Ok(if part.state.inputs.iter().any(|input| input.interrupted) {
        interrupt::EXIT_STATUS
    } else if part.is_incomplete() || !written {
        INCOMPLETE
    } else {
        0
    })
}
