//! Ties it together: discover, read in parallel, fold per worker, merge once, join, count. Everything runs in its
//! pool: what sorts or counts all attempts uses rayon, too, and finds the chosen number of threads there.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use crate::aggregate;
use crate::correlate::{Correlated, correlate};
use crate::decode::apikeys::{self, ApiKey};
use crate::detect;
use crate::error::ProblemKind;
use crate::filter;
use crate::input;
use crate::manifest;
use crate::model::{Report, StoredInput};
use crate::options::Options;
use crate::part::{Part, Problems, Reading};
use crate::progress::READING;
use crate::pseudonyms;
use crate::spill::{self, Budget, Segments};
use crate::state::{InputStats, State, StateBuilder};

mod parts;
mod tell;
mod work;

pub use parts::merge_parts;
pub use tell::{tell, tell_part};
use work::{Queue, Shared, Worker};

/// What a run gives.
#[derive(Debug)]
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// Some input could not be read whole; the report says which.
    pub incomplete: bool,
    /// The inputs as they are stored, where a manifest was asked for: see [`manifest::seal`].
    pub stored: Vec<StoredInput>,
    /// What it rests on. Who ends the process next need not free it.
    pub joined: Arc<Correlated>,
    /// The threads that made it. Groups are made while they are written: whoever writes the report does it there.
    pub threads: rayon::ThreadPool,
}

/// Everything that was read, joined.
#[derive(Debug)]
pub struct Evidence {
    /// Attempts, changes and keys.
    pub joined: Correlated,
    /// Problems met before anything was read: path, kind, plain words.
    pub problems: Problems,
    /// Some input could not be read whole.
    pub incomplete: bool,
    /// The inputs as they are stored, where a manifest was asked for.
    pub stored: Vec<StoredInput>,
}

impl Evidence {
    /// What was not read, or is not held, in plain words: for outputs that have no room for it.
    #[must_use]
    pub fn lacks(&self) -> Vec<String> {
        let unread = self.problems.iter().map(|(path, _, message)| format!("{path}: {message}"));
        let inputs = self.joined.state.inputs.iter();
        let broken = inputs.filter_map(|input| Some(format!("{}: {}", input.label, input.error.as_ref()?)));
        let left_out = self.joined.state.counted_only.attempts;
        let left_out = (left_out > 0)
            .then(|| format!("{left_out} attempts are left out, for which memory is short (--max-memory)"));
        unread.chain(broken).chain(left_out).collect()
    }
}

/// Reads everything and reports.
///
/// # Errors
/// As [`read`].
pub fn analyze(paths: &[OsString], options: &Options) -> Result<Analysis, rayon::ThreadPoolBuildError> {
    let pool = pool(options)?;
    let gathered = gather(&pool, look(paths, options), options);
    Ok(conclude(pool, gathered, options))
}

/// Judges and reports what was scanned before.
///
/// # Errors
/// As [`read`].
pub fn analyze_part(part: Part, options: &Options) -> Result<Analysis, rayon::ThreadPoolBuildError> {
    Ok(conclude(pool(options)?, part.into(), options))
}

/// How the inputs of a part are named.
#[derive(Debug, Clone, Copy, Default)]
pub struct Naming<'n> {
    /// Put before every path.
    pub prefix: &'n str,
    /// The path of standard input, `-` unless chosen.
    pub stdin: Option<&'n str>,
}

/// Reads everything, to be merged with other parts.
///
/// # Errors
/// As [`read`].
pub fn scan(
    paths: &[OsString],
    options: &Options,
    Naming { prefix, stdin }: Naming<'_>,
) -> Result<Part, rayon::ThreadPoolBuildError> {
    let pool = pool(options)?;
    let mut found = look(paths, options);
    if let Some(name) = stdin {
        let sources = found.sources.iter_mut().filter(|source| source.is_stdin).map(|source| &mut source.label);
        let problems = found.problems.iter_mut().map(|(path, ..)| path).filter(|path| *path == "-");
        sources.chain(problems).for_each(|label| name.clone_into(label));
    }
    let Gathered { mut state, mut problems, .. } = gather(&pool, found, options);
    for label in state.inputs.iter_mut().map(|input| &mut input.label).chain(problems.iter_mut().map(|(path, ..)| path))
    {
        label.insert_str(0, prefix);
    }
    Ok(pool.install(|| Part { reading: Reading::of(options), problems, state: state.canonical(options.max_problems) }))
}

fn conclude(threads: rayon::ThreadPool, gathered: Gathered, options: &Options) -> Analysis {
    let (report, incomplete, stored, joined) = threads.install(|| {
        let mut read = join(gathered, options);
        options.progress.phase("judging");
        read.look_at(options);
        let Evidence { joined, problems, incomplete, stored } = read;
        let joined = Arc::new(joined);
        let report = aggregate::report(&joined, || detect::detect(&joined, options), &problems, options);
        (report, incomplete, stored, joined)
    });
    let incomplete = incomplete || !report.coverage.reconciled;
    Analysis { report, incomplete, stored, joined, threads }
}

impl Evidence {
    /// Leaves out what the filter does, then replaces what names somebody, where the user wants that.
    fn look_at(&mut self, options: &Options) {
        filter::apply(&mut self.joined, &options.filter);
        self.pseudonymize(options);
    }

    /// Replaces what names somebody by pseudonyms, where the user wants that; before anything is shown, and after
    /// everything that asks for names.
    pub fn pseudonymize(&mut self, options: &Options) {
        if let Some(names) = &options.pseudonyms {
            pseudonyms::apply(names, &mut self.joined, &mut self.problems, &mut self.stored);
        }
    }
}

/// Reads everything, joins it, and leaves out what the filter does.
///
/// # Errors
/// Only if no worker threads can be started. Inputs that cannot be read are problems, not errors.
pub fn read(paths: &[OsString], options: &Options) -> Result<Evidence, rayon::ThreadPoolBuildError> {
    let mut read = read_whole(paths, options)?;
    read.look_at(options);
    Ok(read)
}

/// Joins what was scanned before, and leaves out what the filter does.
///
/// # Errors
/// As [`read`].
pub fn read_part(part: Part, options: &Options) -> Result<Evidence, rayon::ThreadPoolBuildError> {
    Ok(pool(options)?.install(|| {
        let mut read = join(part.into(), options);
        read.look_at(options);
        read
    }))
}

/// Reads everything and joins it, whatever the filter.
///
/// # Errors
/// As [`read`].
pub fn read_whole(paths: &[OsString], options: &Options) -> Result<Evidence, rayon::ThreadPoolBuildError> {
    let pool = pool(options)?;
    let gathered = gather(&pool, look(paths, options), options);
    Ok(pool.install(|| join(gathered, options)))
}

/// Writes attempts, changes and reasons as Parquet to an empty or new folder.
///
/// # Errors
/// Those of the file system; then the folder is as it was before.
#[cfg(feature = "parquet")]
pub fn export(joined: &Correlated, folder: &std::path::Path) -> io::Result<()> {
    use crate::options::EventKinds;
    use crate::report::{parquet, tables};
    crate::output::folder(folder, |within| {
        let kinds = EventKinds { attempts: true, changes: false };
        let attempts = aggregate::events(joined, kinds).map(tables::attempt);
        let changes = aggregate::changes(joined).map(|(time, node, change)| tables::change(time, node, change));
        let reasons = aggregate::reasons(joined).map(tables::reason);
        parquet::write(&tables::ATTEMPTS, attempts, &within.join(tables::ATTEMPTS.name))?;
        parquet::write(&tables::CHANGES, changes, &within.join(tables::CHANGES.name))?;
        parquet::write(&tables::REASONS, reasons, &within.join(tables::REASONS.name))
    })
}

fn pool(options: &Options) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()
}

/// What was read, before anything is joined.
struct Gathered {
    state: State,
    /// Problems met before anything was read: path, kind, plain words.
    problems: Problems,
    /// The inputs as they are stored, where a manifest was asked for.
    stored: Vec<StoredInput>,
}

impl From<Part> for Gathered {
    fn from(part: Part) -> Self {
        Self { state: part.state, problems: part.problems, stored: Vec::new() }
    }
}

fn look(paths: &[OsString], options: &Options) -> input::Found {
    options.progress.phase("looking for files");
    input::discover(paths)
}

fn gather(pool: &rayon::ThreadPool, found: input::Found, options: &Options) -> Gathered {
    let sources = found.sources.clone();
    let progress = &options.progress;
    progress.total(found.sources.iter().map(|source| source.size).sum());
    progress.phase(READING);
    let threads = pool.current_num_threads();
    let budget = Budget::new(options, threads);
    let options = &Options { max_in_flight: options.max_in_flight.min(budget.in_flight()), ..options.clone() };
    let queue = Queue::new(found.sources, threads);
    let folder = || StateBuilder::new(options, threads);
    let worker = || Worker::new(&queue, options, folder(), budget.share());
    let states: Vec<State> = pool.broadcast(|_| worker().run()).into_iter().flatten().collect();
    progress.phase("merging");
    let Shared { written, mut problems, mut stored, .. } = queue.into_shared();
    problems.extend(found.problems);
    let state = pool.install(|| settle(states, written, budget, options.max_in_flight, &mut problems));
    if options.manifest {
        stored.extend(pool.install(|| manifest::stored(&sources)));
        stored.extend(options.api_keys.iter().map(|path| manifest::of_path(path)));
    }
    // Last of all, so that nothing of what was read or hashed escapes it.
    let changed = sources.iter().filter_map(|source| Some((source.label.clone(), source.change()?)));
    problems.extend(changed.map(|(label, message)| (label, ProblemKind::Changed, message)));
    Gathered { state, problems, stored }
}

/// One state out of those in memory and those that were written away.
fn settle(
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
        problems.push(spill_problem(&error));
        State::default()
    })
}

/// What is said where temporary files do not work.
fn spill_problem(error: &io::Error) -> (String, ProblemKind, String) {
    let folder = std::env::temp_dir().to_string_lossy().into_owned();
    let message = format!(
        "memory is short (--max-memory) and temporary files cannot be used: {error}; set TMPDIR to a folder with room"
    );
    (folder, ProblemKind::ReadError, message)
}

fn join(gathered: Gathered, options: &Options) -> Evidence {
    let Gathered { state, mut problems, stored } = gathered;
    options.progress.phase("joining");
    note_inputs(&state, options);
    let listing = listing(options, &mut problems);
    let incomplete = state.is_incomplete(&problems);
    let joined = correlate(state, &listing, options);
    Evidence { joined, problems, incomplete, stored }
}

/// Notes what was read as what.
fn note_inputs(state: &State, options: &Options) {
    let mut inputs: Vec<&InputStats> = state.inputs.iter().collect();
    inputs.sort_by(|a, b| a.label.cmp(&b.label));
    for input in inputs {
        options.progress.note(|| {
            let formats: Vec<String> = input.formats.iter().map(|(name, count)| format!("{count} {name}")).collect();
            let formats = if formats.is_empty() { "nothing recognised".to_owned() } else { formats.join(", ") };
            let (lines, bytes) = (input.lines, input.bytes);
            format!("{}: {formats}; {lines} lines, {bytes} bytes, compression {}", input.label, input.compression)
        });
    }
}

/// Reads the listings of API keys; what cannot be read is a problem.
fn listing(options: &Options, problems: &mut Problems) -> Vec<ApiKey> {
    let mut keys = Vec::new();
    for path in &options.api_keys {
        let read = std::fs::read(path).map_err(|error| error.to_string()).and_then(|text| apikeys::parse(&text));
        match read {
            Ok(listed) => keys.extend(listed),
            Err(message) => problems.push((path.to_string_lossy().into_owned(), ProblemKind::Unreadable, message)),
        }
    }
    keys
}
