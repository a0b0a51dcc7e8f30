//! Two passes: the first tells whom to follow, the second searches the inputs for them.

use std::ffi::OsString;

use super::joined_run::JoinedRun;
use super::queue::Queue;
use super::request::{Inputs, Request};
use super::run::{RunContext, SEARCHING};
use super::work::{TakesChunks, Worker};
use crate::error::{Error, ProblemKind};
use crate::impact::{self, AnswerBasis, Asked, Finder, Plan, Search, SearchResult, Wanted};
use crate::input;
use crate::lines::Chunk;
use crate::model::events::Event;
use crate::model::impact::ImpactReport;
use crate::options::{EventKinds, Options};
use crate::part::are_parts;
use crate::progress::Progress;
use crate::state::InputRef;
use crate::{filter, interrupt};

/// Tells what an actor did, and whether some input could not be read whole. Times of the filter bound it; whom it is about is
/// in `asked`.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn impact(request: Request, asked: Asked) -> Result<(ImpactReport, bool), Error> {
    let logs = logs(&request)?;
    let read = request.join()?;
    let (joined, run) = (&read.joined, &read.run);
    run.phase("following");
    let options = &run.options;
    let plan =
        run.threads.install(|| Plan::new(joined, asked, filter::range(joined, &options.filter), &options.surroundings));
    let source = match logs {
        None => AnswerBasis::Records(OF_PARTS),
        Some(paths) => match searched(&paths, &plan.wanted(), run) {
            Some(found) => AnswerBasis::Events(Box::new(found)),
            None => AnswerBasis::Records(OF_PIPES),
        },
    };
    run.phase("counting");
    let report = run.threads.install(|| impact::report(joined, &plan, source, &read.problems, options));
    Ok((report, read.incomplete))
}

/// What was read, and single successes and refusals of those whom the filter names, by time: they take a pass of their own.
/// Where the inputs cannot be read again, why in words.
///
/// # Errors
/// Parts that cannot be used, or no threads.
pub fn single_events(
    request: Request,
    kinds: EventKinds,
) -> Result<(JoinedRun, Vec<Event>, Option<&'static str>), Error> {
    let logs = logs(&request)?;
    let again = (kinds.powerful && logs.is_some()).then(|| request.clone());
    let mut read = request.join()?;
    if let (Some(again), Some(paths)) = (again, &logs)
        && acts_missing(&read) > 0
        && read_again(paths).is_some()
    {
        let needs = acts_missing(&read).saturating_mul(ACT_BYTES);
        if needs <= again.options.max_memory / 4 {
            // Two of them do not fit into memory.
            drop(read);
            read = Request { options: Options { keep_acts: true, ..again.options }, ..again }.join()?;
        }
    }
    if !kinds.successes && !kinds.denied {
        return Ok((read.looked_at(), Vec::new(), None));
    }
    let filter = &read.run.options.filter;
    let plan = read.run.threads.install(|| Plan::of_names(&read.joined, filter));
    let (found, lacks) = match logs {
        None => (None, Some(OF_PARTS)),
        Some(paths) => match searched(&paths, &plan.wanted(), &read.run) {
            Some(found) => (Some(found), None),
            None => (None, Some(OF_PIPES)),
        },
    };
    let events = |found| impact::events(&read.joined, &plan, found, kinds, filter);
    let events = found.map_or_else(Vec::new, |found| read.run.threads.install(|| events(found)));
    Ok((read.looked_at(), events, lacks))
}

/// The paths that are named, where they are logs.
fn logs(request: &Request) -> Result<Option<Vec<OsString>>, Error> {
    Ok(match &request.inputs {
        Inputs::Any(paths) if are_parts(paths)? => None,
        Inputs::Any(paths) | Inputs::Logs(paths) => Some(paths.clone()),
        Inputs::Parts(_) | Inputs::Part(_) => None,
    })
}

/// Why there is no second pass.
const OF_PARTS: &str = "parts do not hold it, name the logs themselves";
const OF_PIPES: &str = "what comes through a pipe can be read once, name files";

/// Bytes that a powerful action takes while it is joined, as it is kept and as it is told, with what the lists grow by.
const ACT_BYTES: u64 = 512;

/// Powerful actions that are counted and no more.
fn acts_missing(read: &JoinedRun) -> u64 {
    read.joined.powerful.counted_only().values().sum()
}

/// The inputs, to be read once more; `None` where one of them cannot.
fn read_again(paths: &[OsString]) -> Option<Vec<input::Source>> {
    let sources = input::discover(paths).sources;
    let once_only = sources.iter().any(|source| source.is_stdin || source.size.is_none());
    (!once_only && !interrupt::requested()).then_some(sources)
}

/// What the inputs hold of those who are wanted; `None` where one of them cannot be read again.
fn searched(paths: &[OsString], wanted: &Wanted, run: &RunContext) -> Option<SearchResult> {
    let sources = read_again(paths)?;
    run.phase(SEARCHING);
    // How far it is counts the first pass, which takes longer.
    let queue = Queue::new(sources, run.threads.current_num_threads(), Progress::default());
    let search = Search::new(wanted, &run.options, run.copies.clone());
    let worker = || Worker::new(&queue, &run.options, Searching(search.finder()));
    Some(SearchResult::together(run.threads.broadcast(|_| worker().run().0.finish())))
}

/// Gives chunks to a finder. What is wrong with an input the first pass has told.
struct Searching<'s>(Finder<'s>);

impl TakesChunks for Searching<'_> {
    fn bytes(&mut self, _: InputRef<'_>, _: u64) {}

    fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        self.0.chunk(input, chunk);
    }

    fn problem(&mut self, _: InputRef<'_>, _: ProblemKind, _: String) {}
}
