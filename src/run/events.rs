//! `esaudit events`.

use super::console::{complain, watched};
use super::outcome::{refused, status, write_all};
use crate::cli::EventsRequest;
use crate::document::build::Events;
use crate::document::formats::{Form, Shows};
use crate::error::Error;
use crate::output::Output;
use crate::pipeline;

/// Reads logs or parts and writes attempts and changes, one a line.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn events(request: EventsRequest) -> Result<u8, Error> {
    let EventsRequest { read, kinds, outputs } = request;
    let progress = read.progress.clone();
    let (mut evidence, found, lacks) = watched(&progress, || pipeline::single_events(read, kinds))?;
    if let Some(why) = lacks {
        complain(&format!("single successes and refusals are left out: {why}"));
    }
    let coverage = evidence.coverage();
    if let Some(status) = refused(evidence.options().strict, &coverage) {
        return Ok(status);
    }
    let tells_findings =
        |output: &Output| matches!(output.format.shows, Shows::Data(Form::Timesketch | Form::EcsBulk | Form::Ocsf));
    if kinds.attempts && outputs.list.iter().any(tells_findings) {
        evidence.find();
    }
    let events = Events(Box::new(|| Box::new(evidence.events_with(kinds, &found))));
    // Lines have no room for what is not among them.
    let lacking = evidence.lacks(kinds);
    lacking.iter().for_each(|lack| complain(lack));
    let incomplete = !write_all(&outputs, &events) || evidence.incomplete || lacks.is_some() || !lacking.is_empty();
    Ok(status(&coverage, evidence.options().require_events, incomplete, 0))
}
