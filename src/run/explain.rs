//! `esaudit explain`.

use super::outcome::{INCOMPLETE, write_all};
use crate::cli::ExplainRequest;
use crate::document::build::{Explained, KindListing};
use crate::error::Error;
use crate::judge;

/// Tells what a kind of finding means, or a line on each.
///
/// # Errors
/// There is no such kind.
pub fn explain(request: ExplainRequest) -> Result<u8, Error> {
    let mut docs = judge::docs();
    let complete = match request.kind {
        None => write_all(&request.outputs, &KindListing(docs.collect())),
        Some(kind) => {
            let doc = docs.find(|doc| doc.kind == kind);
            write_all(&request.outputs, &Explained(doc.ok_or_else(|| Error::Option("no such kind".to_owned()))?))
        }
    };
    Ok(if complete { 0 } else { INCOMPLETE })
}
