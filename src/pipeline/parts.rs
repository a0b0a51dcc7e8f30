//! Merging parts. They are read one after the other; where together they are larger than memory may be used for, what was
//! merged so far is written away, as while reading logs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::gather::settle;
use super::run::RunContext;
use crate::error::Error;
use crate::options::Options;
use crate::part::{ContentNames, Part, PartsUnion};
use crate::spill::{self, Budget, Segments};
use crate::state::{KnownBlocks, State};

/// The union of part files.
pub(super) fn open(mut paths: Vec<OsString>, run: &RunContext) -> Result<Part, Error> {
    // What several hold is taken from the first by name.
    paths.sort();
    let name = |path: &Path| Path::display(path).to_string();
    let mut pieces = Vec::new();
    for path in paths.iter().map(Path::new) {
        // Whatever is wrong with one is told when it is read whole.
        let held = Part::pieces_of(path).unwrap_or_default();
        pieces.extend(held.into_iter().map(|piece| (name(path), piece)));
    }
    let names = ContentNames::of(pieces);
    let mut broken = Vec::new();
    let parts =
        paths.into_iter().map(PathBuf::from).filter_map(|path| match Part::open(&path, run.options.max_memory) {
            Ok(part) => Some((name(&path), part)),
            Err(error) => {
                broken.push((path, error));
                None
            }
        });
    let whole = run.threads.install(|| match names {
        Ok(names) => merge_named(parts, names, &run.options),
        Err(error) => {
            parts.for_each(drop);
            Err(error)
        }
    });
    // Which of them do not go together is no question before all can be read.
    if broken.is_empty() { whole } else { Err(Error::Parts(broken)) }
}

/// Merges parts, given with the names of their files, in any order, but that what several hold is taken from the first. Of
/// `options` counts the memory.
///
/// # Errors
/// Which parts do not fit together, and why.
pub fn merge_parts(parts: impl IntoIterator<Item = (String, Part)>, options: &Options) -> Result<Part, Error> {
    let parts: Vec<(String, Part)> = parts.into_iter().collect();
    let pieces = parts.iter().flat_map(|(name, part)| part.pieces.iter().map(|piece| (name.clone(), piece.clone())));
    let names = ContentNames::of(pieces.collect())?;
    merge_named(parts, names, options)
}

/// Merges parts of which is known what their files are called.
fn merge_named(
    parts: impl IntoIterator<Item = (String, Part)>,
    names: ContentNames,
    options: &Options,
) -> Result<Part, Error> {
    let budget = Budget::new(options, 1);
    let mut union = PartsUnion::new(names);
    let (mut whole, mut written) = (None, Segments::default());
    let (mut failed, mut known) = (None, KnownBlocks::default());
    for (name, part) in parts {
        let mut state = union.take(name, part)?;
        known.take_out(&mut state);
        let merged = match whole.take() {
            Some(whole) => State::merge(whole, state),
            None => state,
        };
        if merged.weight() > budget.share() && failed.is_none() {
            match written.write(&merged) {
                Ok(()) => continue,
                // Better too much memory than an answer that lacks something.
                Err(error) => failed = Some(error),
            }
        }
        whole = Some(merged);
    }
    let (reading, mut problems, pieces) = union.finish()?;
    problems.extend(failed.as_ref().map(spill::problem));
    let mut read_with = options.clone();
    reading.apply(&mut read_with)?;
    let max_in_flight = read_with.max_in_flight.min(budget.in_flight());
    let written = if written.is_empty() { Vec::new() } else { vec![written] };
    let state = settle(whole.into_iter().collect(), written, budget, max_in_flight, &mut problems)
        .canonical(read_with.max_problems);
    problems.sort();
    Ok(Part { reading, problems, state, pieces })
}
