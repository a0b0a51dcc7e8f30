//! Joins records into answers: attempts get their realm chain, security changes their actor, and events met again in
//! overlapping inputs are taken out.

#![expect(
    clippy::cast_possible_truncation,
    reason = "entries of tables are numbered in 32 bits: --max-memory holds fewer"
)]

mod accounts;
mod actors;
mod candidates;
mod chains;
mod contradictions;
mod credentials;
mod disabled;
mod history;
mod infer;
mod keys;
mod known_realms;
mod line_order;
mod matching;
mod nodes;
mod order_signs;
mod placing;
mod powerful;
mod profiles;
mod realms;
mod reason_lines;
mod reasons;
mod shares;
mod silence;
mod source_lines;
mod told;
mod uses;
mod view;
mod zones;

pub(crate) use accounts::{STALE_MS, is_near};
pub use actors::AttributedChange;
pub use keys::{How, Invalidation, KeyInfo};
pub use nodes::{KnownCluster, KnownNode, NodeTable};
pub use placing::ClockOffset;
pub use powerful::{FurtherActions, PowerfulAction, PowerfulActions, TurnedAwayClient};
pub use reason_lines::{KeyFailure, ReasonLine};
pub use source_lines::{SourceLine, SourceLines};
pub use view::{Correlated, LeftOut, Selection};

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use history::KeyHistory;
use rayon::prelude::*;
use uses::Uses;

use crate::context::{ClusterContext, Dump};
use crate::model::Evidence;
use crate::options::Options;
use crate::reason::Basis;
use crate::state::{Attempt, Pos, State, Sym};
use crate::time::Millis;

/// The joined records of a run, which nobody changes: what is looked at is a view of them, see [`Correlated`].
#[derive(Debug, Clone)]
pub struct Joined {
    /// Tables, inputs and counters. Its `attempts`, `changes`, `grants`, `realm_failures` and `reasons` have
    /// been moved out, as have its `acts`.
    pub state: State,
    /// Lines and the order of inputs.
    pub source_lines: SourceLines,
    /// Nodes, with their several names united.
    pub nodes: NodeTable,
    /// Distinct failed attempts, by time, then place.
    pub attempts: Vec<Attempt>,
    /// Distinct security changes, by time, then content.
    pub changes: Vec<AttributedChange>,
    /// Powerful actions.
    pub powerful: PowerfulActions,
    /// `x_forwarded_for` of attempts, by the place of their event.
    pub forwarded: HashMap<Pos, Sym, RandomState>,
    /// Refusals of API keys, by time.
    pub key_failures: Vec<KeyFailure>,
    /// Distinct lines of server logs that tell a reason, by node, then time.
    pub reason_lines: Vec<ReasonLine>,
    /// Messages of the server log that tell of an attempt (index into `attempts`) in words that were not understood.
    pub messages: BTreeMap<u32, Vec<Sym>>,
    /// How surely the line that gives an attempt (index into `attempts`) its reason is its own, where that is not certain.
    doubts: BTreeMap<u32, f64>,
    /// Attempts (indexes into `attempts`) that a line of the server log may explain, or may not: it is about one of several, and
    /// nothing else explains them.
    contested: BTreeSet<u32>,
    /// Changes (index into `changes`) that disabled the account of an attempt (index into `attempts`).
    disabled_by: BTreeMap<u32, usize>,
    /// Events that say that an authentication failed and are steps of a negotiation.
    pub negotiations: u64,
    /// Whether lines of the inputs that begin as records do could not be read.
    lines_lost: bool,
    /// What clusters say about themselves.
    pub context: ClusterContext,
    /// How far clocks of nodes are apart.
    pub clock_offsets: Vec<ClockOffset>,
    /// The API keys met, by id.
    pub keys: Vec<KeyInfo>,
    /// By change (index into `changes`): the keys (indexes into `keys`) that it ended.
    pub ended_by: BTreeMap<usize, Vec<u32>>,
    /// Events by `event.action`, duplicates excluded.
    pub actions: BTreeMap<String, u64>,
    /// Events met again, by `event.action`.
    pub duplicates: BTreeMap<String, u64>,
    /// What pseudonyms stand for, where records have them.
    pub originals: std::collections::HashMap<Sym, Sym>,
    /// Whether names are pseudonyms.
    pub pseudonymized: bool,
}

impl Joined {
    /// What is known of an API key.
    #[must_use]
    pub fn key(&self, id: Sym) -> Option<&KeyInfo> {
        // The keys stand by their original ids.
        let text = |sym| self.judged(sym);
        let id = text(id)?;
        self.keys.binary_search_by(|key| text(key.id).cmp(&Some(id))).ok().map(|at| &self.keys[at])
    }

    /// The text by which a record is judged: of a pseudonym the original, which nothing may show.
    #[must_use]
    pub fn judged(&self, sym: Sym) -> Option<&[u8]> {
        self.state.symbols.get(self.originals.get(&sym).copied().unwrap_or(sym))
    }

    /// A place as evidence.
    #[must_use]
    pub fn evidence(&self, place: SourceLine) -> Evidence {
        let path = self.state.inputs[self.source_lines.input(place.rank)].label.clone();
        let (offset_line, offset) = self.source_lines.mark(place).unzip();
        Evidence { path, line: self.source_lines.number(place), offset, offset_line }
    }

    /// When the last event of all inputs happened.
    #[must_use]
    pub fn last_event(&self) -> Option<Millis> {
        self.state.inputs.iter().filter_map(|input| input.span.last).max()
    }
}

/// Joins the records of a complete state; `beside` are dumps that stand beside the inputs.
#[must_use]
pub fn correlate(state: State, beside: &[Dump], options: &Options) -> Correlated {
    let mut state = state.spelled();
    let lines_lost = state.inputs.iter().any(crate::state::InputStats::lost_records);
    placing::note_folders(&mut state);
    state.inputs.iter_mut().for_each(crate::state::InputStats::settle);
    uses::settle_transport(&mut state);
    let mut nodes = NodeTable::new(&state);
    zones::settle(&mut state, &mut nodes, options);
    let source_lines = SourceLines::new(&state);
    let mut dumps = std::mem::take(&mut state.dumps);
    dumps.extend_from_slice(beside);
    let context = placing::placed(dumps, &nodes);
    let listing = keys::intern_listing(&mut state, &context);
    let clock_offsets = placing::clock_offsets(&state, &nodes);
    let mut repeated = std::mem::take(&mut state.counted_only.repeated);
    let mut attempts = chains::join(&mut state, &source_lines, &nodes, &mut repeated);
    // Places are looked up only where times are equal.
    let by_time = |a: &Attempt, b: &Attempt| {
        a.time.cmp(&b.time).then_with(|| source_lines.of(a.pos).cmp(&source_lines.of(b.pos)))
    };
    let changes = || actors::join(&mut state, &source_lines, &nodes, &mut repeated);
    let ((), changes) = rayon::join(|| attempts.par_sort_unstable_by(by_time), changes);
    let mut actions = BTreeMap::new();
    for (action, count) in &state.actions {
        let distinct = count - repeated.get(action).copied().unwrap_or(0);
        *actions.entry(String::from_utf8_lossy(action).into_owned()).or_insert(0) += distinct;
    }
    let powerful = powerful::join(&mut state, &source_lines, &nodes);
    let mut duplicates = BTreeMap::new();
    for (action, count) in repeated.into_iter().filter(|(_, count)| *count > 0) {
        *duplicates.entry(String::from_utf8_lossy(&action).into_owned()).or_insert(0) += count;
    }
    let forwarded = std::mem::take(&mut state.forwarded).into_iter().collect();
    let mut joined = Joined {
        state,
        source_lines,
        nodes,
        attempts,
        changes,
        powerful,
        forwarded,
        key_failures: Vec::new(),
        reason_lines: Vec::new(),
        messages: BTreeMap::new(),
        doubts: BTreeMap::new(),
        contested: BTreeSet::new(),
        disabled_by: BTreeMap::new(),
        negotiations: 0,
        lines_lost,
        context,
        clock_offsets,
        keys: Vec::new(),
        ended_by: BTreeMap::new(),
        actions,
        duplicates,
        originals: std::collections::HashMap::new(),
        pseudonymized: options.pseudonymized.is_some(),
    };
    let mut keys = keys::collect(&joined, listing);
    let uses = Uses::of(&joined);
    let mut told = reasons::from_server_logs(&mut joined, &KeyHistory::new(&keys, &uses), options.match_window_ms);
    keys::add(&joined, &mut keys, &told.failures);
    infer::infer(&mut joined, &keys, &uses, &mut told.failures);
    silence::infer(&mut joined, options.match_window_ms, &told.left_over, &told.sent);
    let attempts = &joined.attempts;
    joined.contested.retain(|&at| attempts[at as usize].basis == Basis::None);
    reason_lines::sort(&mut told.failures);
    joined.key_failures = told.failures;
    for (key, at) in keys.iter().zip(0..) {
        if let Some(change) = key.invalidated.and_then(|end| end.change) {
            joined.ended_by.entry(change).or_default().push(at);
        }
    }
    joined.keys = keys;
    Correlated::of(joined)
}

/// Takes the attempts out of a state, each once and with its chain; events met again are counted in `repeated`.
pub(crate) fn distinct_attempts(state: &mut State, repeated: &mut BTreeMap<Vec<u8>, u64>) -> Vec<Attempt> {
    let (source_lines, nodes) = (SourceLines::new(state), NodeTable::new(state));
    chains::join(state, &source_lines, &nodes, repeated)
}

/// Of the same event met in several inputs: how often it really happened (the most often any one input shows it), and
/// which input to take it from (the first by path of those that show it most often).
///
/// `inputs` are the places of the inputs by path ([`SourceLines::path`]), one entry an occurrence.
fn dedupe_across_inputs(inputs: &mut [u32]) -> (usize, u32) {
    inputs.sort_unstable();
    let mut best = (0, 0);
    for run in inputs.chunk_by(|a, b| a == b) {
        if run.len() > best.0 {
            best = (run.len(), run[0]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_that_shows_it_most_often_counts() {
        assert_eq!(dedupe_across_inputs(&mut [3, 1, 1, 3, 2]), (2, 1));
        assert_eq!(dedupe_across_inputs(&mut [4]), (1, 4));
    }
}
