//! `esaudit timeline`.

use super::console::{remarked, watched};
use super::outcome::{left_out, refused, status, write_all};
use crate::cli::TimelineRequest;
use crate::error::Error;

/// Reads logs or parts and tells the story of one actor.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn timeline(request: TimelineRequest) -> Result<u8, Error> {
    let TimelineRequest { read, kinds, outputs } = request;
    let (progress, strict, required) = (read.progress.clone(), read.options.strict, read.options.require_events);
    let (story, mut incomplete) = watched(&progress, || Ok::<_, Error>(remarked(read.join()?).story(kinds)))?;
    if let Some(status) = refused(strict, &story.coverage) {
        return Ok(status);
    }
    incomplete |= !write_all(&outputs, &story);
    incomplete |= left_out(&story.coverage, &outputs);
    Ok(status(&story.coverage, required, incomplete, 0))
}
