//! `esaudit explain`.

use super::outcome::{INCOMPLETE, write_all};
use crate::cli::ExplainRequest;
use crate::detect;
use crate::document::build::{Explained, Listing};
use crate::error::Error;

/// Tells what a kind of finding means, or a line on each.
///
/// # Errors
/// There is no such kind.
pub fn explain(request: ExplainRequest) -> Result<u8, Error> {
    let docs = detect::docs();
    let complete = match request.kind {
        None => write_all(&request.outputs, &Listing(docs)),
        Some(kind) => {
            let doc = docs.into_iter().find(|doc| doc.kind == kind);
            let doc = doc.ok_or_else(|| Error::Option("no such kind".to_owned()))?;
            write_all(&request.outputs, &Explained { doc, thresholds: request.config.thresholds })
        }
    };
    Ok(if complete { 0 } else { INCOMPLETE })
}
