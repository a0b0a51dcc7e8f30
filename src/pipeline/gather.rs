//! Logs to records: discover, read in parallel, fold per worker, merge once.

use std::ffi::OsString;
use std::path::Path;

use super::gathered::Gathered;
use super::run::{Naming, RunContext};
use super::work::{Folding, Queue, Shared, Worker};
use crate::error::ProblemKind;
use crate::input;
use crate::manifest;
use crate::options::Options;
use crate::part::{Part, Problems, Reading};
use crate::progress::READING;
use crate::spill::{self, Budget, Segments};
use crate::state::State;

/// Reads everything below `paths`.
pub(super) fn gather(paths: &[OsString], naming: &Naming, run: RunContext) -> Gathered {
    let RunContext { options, progress, threads: pool, .. } = &run;
    progress.phase("looking for files");
    let found = named(input::discover(paths), naming);
    let sources = found.sources.clone();
    progress.total(found.sources.iter().map(|source| source.size).sum());
    progress.phase(READING);
    let threads = pool.current_num_threads();
    let budget = Budget::new(options, threads);
    let bounded = Options { max_in_flight: options.max_in_flight.min(budget.in_flight()), ..options.clone() };
    let queue = Queue::new(found.sources, threads, progress.clone());
    let worker = || Worker::new(&queue, &bounded, Folding::new(&queue, &bounded, budget.share()));
    let states: Vec<State> = pool.broadcast(|_| worker().run().finish()).into_iter().flatten().collect();
    progress.phase("merging");
    let Shared { written, mut problems, mut stored, .. } = queue.into_shared();
    problems.extend(found.problems);
    let mut state = pool.install(|| settle(states, written, budget, bounded.max_in_flight, &mut problems));
    if options.manifest {
        stored.extend(pool.install(|| manifest::stored(&sources)));
        stored.extend(options.api_keys.iter().map(|path| manifest::of_path(path)));
    }
    // Last of all, so that nothing of what was read or hashed escapes it.
    let changed = sources.iter().filter_map(|source| Some((source.label.clone(), source.change()?)));
    problems.extend(changed.map(|(label, message)| (label, ProblemKind::Changed, message)));
    let labels = state.inputs.iter_mut().map(|input| &mut input.label);
    for label in labels.chain(problems.iter_mut().map(|(path, ..)| path)) {
        if let Some(base) = &naming.base
            && let Ok(within) = Path::new(label.as_str()).strip_prefix(base)
        {
            *label = within.to_string_lossy().into_owned();
        }
        label.insert_str(0, &naming.prefix);
    }
    let part = Part { reading: Reading::of(options), problems, state };
    Gathered::of_logs(part, stored, run)
}

/// Standard input under the path that was chosen for it.
fn named(mut found: input::Found, naming: &Naming) -> input::Found {
    if let Some(name) = &naming.stdin {
        let sources = found.sources.iter_mut().filter(|source| source.is_stdin).map(|source| &mut source.label);
        let problems = found.problems.iter_mut().map(|(path, ..)| path).filter(|path| *path == "-");
        sources.chain(problems).for_each(|label| label.clone_from(name));
    }
    found
}

/// One state out of those in memory and those that were written away.
pub(super) fn settle(
    states: Vec<State>,
    mut written: Vec<Segments>,
    budget: Budget,
    max_in_flight: usize,
    problems: &mut Problems,
) -> State {
    if written.is_empty() {
        return State::merge_all(states);
    }
    let mut rest = Segments::default();
    let reduced = states.iter().try_for_each(|state| rest.write(state)).and_then(|()| {
        drop(states);
        written.push(rest);
        spill::reduce(written, budget, max_in_flight)
    });
    reduced.unwrap_or_else(|error| {
        problems.push(spill::problem(&error));
        State::default()
    })
}
