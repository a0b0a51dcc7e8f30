//! Merging parts. They are read one after the other; where together they are larger than memory may be used for, what was
//! merged so far is written away, as while reading logs.

use crate::options::Options;
use crate::part::{Part, Union};
use crate::spill::{Budget, Segments};
use crate::state::State;

use super::{pool, settle, spill_problem};

/// Merges parts, given with the names of their files, in any order. Of `options` count the memory and the threads.
///
/// # Errors
/// Which parts do not fit together, and why; or that no threads can be started.
pub fn merge_parts(parts: impl IntoIterator<Item = (String, Part)>, options: &Options) -> Result<Part, String> {
    let pool = pool(options).map_err(|error| error.to_string())?;
    let budget = Budget::new(options, 1);
    let mut union = Union::default();
    let (mut whole, mut written) = (None, Segments::default());
    let mut failed = None;
    for (name, part) in parts {
        let state = union.take(name, part)?;
        let merged = match whole.take() {
            Some(whole) => pool.install(|| State::merge(whole, state)),
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
    let (reading, mut problems) = union.finish()?;
    problems.extend(failed.as_ref().map(spill_problem));
    let mut read_with = options.clone();
    reading.apply(&mut read_with)?;
    let max_in_flight = read_with.max_in_flight.min(budget.in_flight());
    let written = if written.is_empty() { Vec::new() } else { vec![written] };
    let state = pool.install(|| {
        settle(whole.into_iter().collect(), written, budget, max_in_flight, &mut problems)
            .canonical(read_with.max_problems)
    });
    problems.sort();
    Ok(Part { reading, problems, state })
}
