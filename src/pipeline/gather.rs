//! Logs to records: discover, read in parallel, fold per worker, merge once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::copies;
use super::gathered::Gathered;
use super::queue::{Queue, Shared};
use super::run::{COMPARING, LedgerFile, Naming, READING_AGAIN, RunContext};
use super::work::{Folding, Worker};
use crate::copies::Copies;
use crate::error::ProblemKind;
use crate::input::{self, Source};
use crate::interrupt;
use crate::ledger::{MOST_FILES, NightPlan};
use crate::manifest;
use crate::model::StoredInput;
use crate::options::Options;
use crate::part::{Part, Problems, Reading};
use crate::progress::{Progress, READING};
use crate::spill::{self, Budget, Segments};
use crate::state::{State, Unsettled};

/// Reads everything below `paths`; where runs before have read some of it, what is new.
pub(super) fn gather(paths: &[OsString], naming: &Naming, ledger: Option<LedgerFile>, mut run: RunContext) -> Gathered {
    run.phase("looking for files");
    let mut found = named(input::discover(paths), naming);
    // What could not be found or read is said beside.
    let is_told = !found.problems.is_empty();
    let mut nothing = found.sources.is_empty();
    let mut plan = ledger.map(|LedgerFile { ledger, id }| {
        let sources = std::mem::take(&mut found.sources);
        run.threads.install(|| NightPlan::new(ledger, sources, id, &run.options))
    });
    if let Some(plan) = &mut plan {
        nothing |= plan.met_nothing;
        found.sources = std::mem::take(&mut plan.sources);
        found.problems.append(&mut plan.problems);
        // Paths name whom they belong to.
        let (notes, remarks) = (plan.notes.drain(..), plan.remarks.drain(..));
        if run.pseudonyms.is_none() {
            notes.for_each(|note| run.progress.note(|| note));
            remarks.for_each(|remark| run.progress.remark(remark));
        } else if remarks.len() > 0 {
            run.progress.remark(format!("{} of the files are not read, for they are copies", remarks.len()));
        }
    }
    // Whoever reads a report is told by that; a part that is empty every night would look like a quiet cluster.
    if nothing && run.for_part && !is_told {
        run.progress.remark("nothing to read: the path is wrong, or no file in the folder holds anything".to_owned());
    }
    let sources = found.sources;
    run.progress.total(sources.iter().map(|source| source.size).sum());
    run.phase(READING);
    let first = read(&sources, &run, &run.progress, None);
    let (ReadOnce { mut state, mut problems, mut stored, unread }, copies) = without_copies(first, &sources, &run);
    run.copies = copies;
    problems.extend(found.problems);
    if run.options.manifest {
        stored.extend(run.threads.install(|| manifest::stored(&sources, &Progress::default())));
        let beside = run.options.api_keys.iter().chain(&run.options.address_lists).map(PathBuf::as_path);
        stored.extend(beside.chain(run.options.geography.paths()).map(manifest::of_path));
    }
    // Last of all, so that nothing of what was read or hashed escapes it. What was added to a file that is read bit by bit is for
    // the next run.
    let whole = sources.iter().filter(|source| source.resume.is_none());
    let changed = whole.filter_map(|source| Some((source.label.clone(), source.change()?)));
    problems.extend(changed.map(|(label, message)| (label, ProblemKind::Changed, message)));
    let reading = Reading::of(&run.options);
    let stored_as = reading.clone().under(run.pseudonyms.as_ref());
    let (ledger, mut pieces) = match plan.map(|plan| plan.settle(&state, &unread, stored_as)) {
        Some((ledger, pieces, forgotten)) => {
            if forgotten > 0 {
                run.progress.remark(format!(
                    "{forgotten} of the files are more than a state remembers ({MOST_FILES}): every run reads them again; give \
                     each folder a state of its own"
                ));
            }
            (Some(ledger), pieces)
        }
        None => (None, Vec::new()),
    };
    let labels = state.inputs.iter_mut().map(|input| &mut input.label);
    let labels = labels.chain(state.dumps.iter_mut().map(|dump| &mut dump.path));
    let labels = labels.chain(problems.iter_mut().map(|(path, ..)| path));
    for label in labels.chain(pieces.iter_mut().flat_map(|piece| [&mut piece.label, &mut piece.path])) {
        if let Some(base) = &naming.base
            && let Ok(within) = Path::new(label.as_str()).strip_prefix(base)
        {
            *label = within.to_string_lossy().into_owned();
        }
        label.insert_str(0, &naming.prefix);
    }
    let part = Part { reading, problems, state, pieces };
    Gathered::of_logs(part, stored, ledger, run)
}

/// What was read of all inputs.
struct ReadOnce {
    state: State,
    problems: Problems,
    /// Inputs that come only once, as they are stored.
    stored: Vec<StoredInput>,
    /// Sources that another file had the name of by then, or of which reading failed.
    unread: Vec<String>,
}

/// Reads the sources, all but what is known to be a copy.
fn read(sources: &[Source], run: &RunContext, progress: &Progress, copies: Option<&Arc<Copies>>) -> ReadOnce {
    let RunContext { options, threads: pool, .. } = run;
    let threads = pool.current_num_threads();
    let budget = Budget::new(options, threads);
    let bounded = Options { max_in_flight: options.max_in_flight.min(budget.in_flight()), ..options.clone() };
    let queue = Queue::new(sources.to_vec(), threads, progress.clone());
    let folding = || Folding::new(&queue, &bounded, (run.for_part, budget.share()), copies.map(Arc::clone));
    let worker = || Worker::new(&queue, &bounded, folding());
    let states: Vec<State> = pool.broadcast(|_| worker().run().finish()).into_iter().flatten().collect();
    run.phase("merging");
    let Shared { written, mut problems, stored, unread, .. } = queue.into_shared();
    let state = pool.install(|| settle(states, written, budget, bounded.max_in_flight, &mut problems));
    ReadOnce { state, problems, stored, unread }
}

/// Reads once more, without what is a copy, if inputs have anything in common.
fn without_copies(first: ReadOnce, sources: &[Source], run: &RunContext) -> (ReadOnce, Option<Arc<Copies>>) {
    let mut read_once = first;
    let common = run.threads.install(|| copies::find(&read_once.state, &run.options));
    read_once.state.documents = Vec::new();
    let Some(common) = common else { return (read_once, None) };
    let once_only = sources.iter().any(|source| source.is_stdin || source.size.is_none());
    if once_only || interrupt::requested() {
        common.leave(&mut read_once.state.unsettled);
        return (read_once, None);
    }
    run.phase(COMPARING);
    let concerned = |source: &&Source| common.to_compare().any(|label| label.starts_with(&source.label));
    let of_those: Vec<Source> = sources.iter().filter(concerned).cloned().collect();
    let queue = Queue::new(of_those, run.threads.current_num_threads(), Progress::default());
    let worker = || Worker::new(&queue, &run.options, common.comparing(&run.options));
    let met = run.threads.broadcast(|_| worker().run().met).into_iter().flatten().collect();
    if interrupt::requested() {
        // What was read is whole; to read it again would end at once.
        common.leave(&mut read_once.state.unsettled);
        return (read_once, None);
    }
    let mut unsettled = Unsettled::default();
    let Some(copies) = common.settle(met, &mut unsettled) else {
        read_once.state.unsettled.add(unsettled.events, unsettled.span);
        return (read_once, None);
    };
    // Two of them do not fit into memory.
    read_once.state = State::default();
    run.phase(READING_AGAIN);
    let mut again = read(sources, run, &Progress::default(), Some(&copies));
    again.stored = read_once.stored;
    again.unread.append(&mut read_once.unread);
    again.state.unsettled.add(unsettled.events, unsettled.span);
    (again, Some(copies))
}

/// Standard input under the path that was chosen for it.
fn named(mut found: input::Discovered, naming: &Naming) -> input::Discovered {
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
    if let Err(error) = states.iter().try_for_each(|state| rest.write(state)) {
        problems.push(spill::problem(&error));
        return in_memory(states, written, problems);
    }
    drop(states);
    written.push(rest);
    spill::reduce(&mut written, budget, max_in_flight).unwrap_or_else(|error| {
        problems.push(spill::problem(&error));
        in_memory(Vec::new(), written, problems)
    })
}

/// One state, whatever memory it takes: better too much of it than an answer that lacks what was read. What cannot be read back
/// is a problem.
fn in_memory(states: Vec<State>, written: Vec<Segments>, problems: &mut Problems) -> State {
    let mut whole = State::merge_all(states);
    for mut segments in written {
        for at in 0..segments.len() {
            match segments.read(at) {
                Ok(state) => whole = State::merge(whole, state),
                Err(error) => problems.push(spill::problem(&error)),
            }
        }
    }
    whole
}
