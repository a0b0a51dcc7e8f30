//! Folds the events of a chunk into the state.
//!
//! What one chunk shows completely is joined here, so that a flood of failures costs one record an attempt: the realm
//! failures of an attempt that ends in the same chunk become its chain. What may straddle chunks, or whose order the
//! chunk alone cannot tell, is kept as loose records for `correlate`.

mod actors;
mod ascii_lookahead;
mod audit;
mod chunk;
mod edges;
mod enveloped;
mod join;
mod nodes;
mod proxy;
mod recent;
mod server_lines;
mod silent;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use actors::Actors;
use audit::count_action;
use edges::{ChunkEdges, InputEdges};
use join::Failure;
pub use proxy::client_behind;
use recent::Recent;
use silent::SilentLines;
use tally::TimeOrder;

use super::coverage::InputStats;
use super::sketches::Sketching;
use super::symbols::Sym;
use super::{ActLog, NodeKey, State, line_order};
use crate::copies::{Copies, OfInput};
use crate::decode::Context;
use crate::error::ProblemKind;
use crate::fast_reader::{ActionKind, EnvelopedProbe, Probe};
use crate::options::{Cidr, Options};

/// Which input a chunk belongs to, and where in it.
#[derive(Debug, Clone, Copy)]
pub struct InputRef<'i> {
    /// Path as shown; identifies the input.
    pub label: &'i str,
    /// Name of its compression.
    pub compression: &'static str,
    /// Place of the chunk among the chunks of the input.
    pub seq: u32,
    /// Whether there is no other input that it could be compared with, now or as a part: then what tells copies is not kept.
    pub only: bool,
}

/// Documents whose names are kept, at most, by each of some workers: an eighth of the memory, 16 bytes each.
fn most_documents(options: &Options, workers: usize) -> usize {
    usize::try_from(options.max_memory / 128).unwrap_or(usize::MAX) / workers.max(1)
}

/// Folds chunks into a [`State`], one worker's share.
#[derive(Debug)]
pub struct StateBuilder {
    /// What was learned so far.
    state: State,
    context: Context,
    max_line: usize,
    max_problems: usize,
    max_in_flight: usize,
    keep_path: bool,
    /// Proxies whose `x_forwarded_for` is believed.
    trusted: Vec<Cidr>,
    inputs: HashMap<String, u32, RandomState>,
    nodes: HashMap<NodeKey, u32, RandomState>,
    failures: Vec<Failure>,
    /// The chain being put together.
    realms: Vec<Sym>,
    chunk: u32,
    /// The format of all records of the chunk, where its framing decides it.
    format: Option<&'static str>,
    probe: Probe,
    /// Whether lines are given to the probe: unless the user says what they are, and in tests that compare.
    probing: bool,
    enveloped: EnvelopedProbe,
    silent: SilentLines,
    recent: Recent,
    /// The last record that awaits an exception, and the line at which that would begin.
    awaiting: Option<(usize, u32)>,
    /// Of the chunk being folded.
    order: TimeOrder,
    actors: Actors,
    sketching: Sketching,
    edges: ChunkEdges,
    input_edges: InputEdges,
    /// Entries of the sample at which it is settled.
    most_sampled: usize,
    /// What is known to be a copy, of all inputs and of that at hand.
    copies: Option<Arc<Copies>>,
    copies_here: Option<OfInput>,
    /// Input and sequence number of the chunk at hand.
    at: (u32, u32),
    /// See [`InputRef::only`].
    only: bool,
    /// Documents whose names are kept, at most.
    most_documents: usize,
    /// Events by [`ActionKind`], of those whose names are known.
    actions: [u64; ActionKind::Other as usize + 1],
}

impl StateBuilder {
    /// A folder with an empty state. `workers` share the bound on requests in flight.
    #[must_use]
    pub fn new(options: &Options, workers: usize) -> Self {
        let acts = ActLog { keeps_all: options.keep_acts, ..ActLog::default() };
        Self {
            state: State { acts, ..State::default() },
            context: Context::new(options.zone()).forced(options.input_format),
            max_line: options.max_line,
            max_problems: options.max_problems,
            max_in_flight: (options.max_in_flight / workers.max(1)).max(1),
            keep_path: options.keeps_paths(),
            trusted: options.trust_proxy.clone(),
            inputs: HashMap::default(),
            nodes: HashMap::default(),
            failures: Vec::new(),
            realms: Vec::new(),
            chunk: 0,
            format: None,
            probe: Probe::new(options.zone()),
            probing: options.input_format.is_none(),
            enveloped: EnvelopedProbe::new(options.zone()),
            silent: SilentLines::new(options.zone()),
            recent: Recent::default(),
            awaiting: None,
            order: TimeOrder::default(),
            actors: Actors::default(),
            sketching: Sketching::default(),
            edges: ChunkEdges::default(),
            input_edges: InputEdges::default(),
            most_sampled: 0,
            copies: None,
            copies_here: None,
            at: (0, 0),
            only: false,
            most_documents: most_documents(options, workers),
            actions: [0; ActionKind::Other as usize + 1],
        }
    }

    /// The same, for inputs of which is known what is a copy.
    #[must_use]
    pub fn without(self, copies: Option<Arc<Copies>>) -> Self {
        Self { copies, ..self }
    }

    /// The state, complete.
    #[must_use]
    pub fn into_state(mut self) -> State {
        self.end_edges();
        for input in &mut self.state.inputs {
            input.trim_problems(self.max_problems);
        }
        for (what, count) in ActionKind::NAMED.into_iter().zip(self.actions) {
            if count > 0 {
                count_action(&mut self.state.actions, what.as_bytes(), count);
            }
        }
        self.actors.settle(&line_order(&self.state.inputs, &self.state.chunks));
        (self.state.successes, self.state.denials) = self.actors.into_series();
        self.state.acts.trim(&self.state.symbols);
        self.state.sketches = self.sketching.finish();
        self.state.sampled.settle();
        self.state.requests.settle();
        self.state
    }

    /// Bytes that it takes, roughly.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.state.weight() + self.actors.weight() + self.sketching.weight()
    }

    /// Notes bytes, problems and the end of an input; works for inputs of which no chunk was read, too.
    pub fn input(&mut self, input: InputRef<'_>) -> &mut InputStats {
        let at = self.input_index(input);
        &mut self.state.inputs[at as usize]
    }

    /// Notes a problem of an input as a whole; the same problem again is one.
    pub fn input_problem(&mut self, input: InputRef<'_>, kind: ProblemKind, message: String) {
        let stats = self.input(input);
        stats.interrupted |= kind == ProblemKind::Interrupted;
        stats.truncated |= kind == ProblemKind::CorruptCompression;
        if kind.means_incomplete() {
            stats.error.get_or_insert_with(|| message.clone());
        }
        stats.whole.insert((kind, message));
    }

    fn input_index(&mut self, input: InputRef<'_>) -> u32 {
        if let Some(&at) = self.inputs.get(input.label) {
            return at;
        }
        let at = self.state.inputs.len() as u32;
        self.state.inputs.push(InputStats {
            label: input.label.to_owned(),
            compression: input.compression.to_owned(),
            ..InputStats::default()
        });
        self.inputs.insert(input.label.to_owned(), at);
        at
    }
}
