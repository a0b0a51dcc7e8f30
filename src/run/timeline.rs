//! `esaudit timeline`.

use super::console::watched;
use super::outcome::{refused, status, written};
use crate::cli::TimelineRequest;
use crate::error::Error;
use crate::report::View;

/// Reads logs or parts and tells the story of one actor.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn timeline(request: TimelineRequest) -> Result<u8, Error> {
    let TimelineRequest { read, outputs, top } = request;
    let (progress, strict, required) = (read.progress.clone(), read.options.strict, read.options.require_events);
    let (story, mut incomplete) = watched(&progress, || Ok::<_, Error>(read.read()?.join().story()))?;
    if let Some(status) = refused(strict, &story.coverage) {
        return Ok(status);
    }
    for output in &outputs {
        let view = View { style: output.style, top };
        incomplete |= !written(output, |out| story.render(output.format, &view, out));
    }
    Ok(status(&story.coverage, required, incomplete, 0))
}
