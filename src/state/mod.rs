//! The aggregated state: compact records and counters, folded per worker, merged in any order, serialisable.
//!
//! Nothing in a state depends on the order in which events arrived in a way that shows: what is ordered is ordered later
//! by time and place. `merge` is associative and, up to the numbering of symbols, commutative.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "entries of tables are numbered in 32 bits: --max-memory holds fewer; parts of a day are positive"
)]

mod actor_series;
mod acts;
mod canonical;
mod columns;
mod common;
mod counted_only;
mod coverage;
mod event_sample;
mod fold;
mod left_out;
mod merge;
mod overlaps;
mod records;
mod remap;
mod rename;
mod requests;
mod series;
mod series_columns;
mod sketches;
mod sound;
mod spelling;
mod symbols;
mod thinning;

pub use actor_series::ActorSeries;
pub use acts::{Act, ActKind, ActLog, Acts, MOST_KINDS, MOST_OF_A_KIND, Origin};
pub use common::KnownBlocks;
pub use counted_only::CountedAttempts;
pub use coverage::{InputProblem, InputStats, Minutes, NodeStats, TimeSpan};
pub use event_sample::EventSample;
pub use fold::{InputRef, StateBuilder, client_behind};
pub use records::{Attempt, AttemptFlags, ChangeRecord, Grant, Outcome, Pos, RealmFailure, ReasonRecord, RecordKey};
pub use remap::Remap;
pub use requests::{MetRequest, RequestSample};
pub use series::{Actor, Bucket, IN_TRANSPORT, Series};
pub use sketches::{COUNTED, Sketch, Sketches, Unsettled, block_width, overlapping, shared_time};
pub use symbols::{ChainId, Chains, Sym, Symbols};

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::context::Dump;
use crate::error::ProblemKind;
use crate::event::{Product, Sequence};
use crate::numbers::Numbers;
use crate::reason::Cause;
use crate::time::Millis;

/// A chunk that was folded: what turns a line within it into a line of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkInfo {
    /// Index into [`State::inputs`].
    pub input: u32,
    /// Its place among the chunks of the input.
    pub seq: u32,
    /// Lines in it.
    pub lines: u64,
    /// Times of its first and last audit event in the order of lines.
    pub ends: Option<(Millis, Millis)>,
    /// What the exception says whose stack trace begins with its first line, and belongs to the last line before it.
    pub cause: Option<Cause>,
}

/// Realm failures given up because too many requests were in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evicted {
    /// How many.
    pub events: u64,
    /// Their times: chains of attempts in this stretch may lack realms.
    pub span: TimeSpan,
}

/// Bytes of an input between two lines whose place in it is kept.
pub const MARK: u64 = 1 << 20;

/// Everything that was learned from the input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Text.
    pub symbols: Symbols,
    /// Realm chains.
    pub chains: Chains,
    /// Inputs.
    pub inputs: Vec<InputStats>,
    /// Chunks.
    pub chunks: Vec<ChunkInfo>,
    /// By chunk: lines of its records, where records are not lines.
    pub numbers: BTreeMap<u32, Numbers>,
    /// Lines at which reading can begin, and where they stand in their input: about one each [`MARK`] bytes.
    pub marks: Vec<(Pos, u64)>,
    /// Nodes, as records name them.
    pub nodes: Vec<NodeStats>,
    /// Events by `event.action`.
    pub actions: BTreeMap<Vec<u8>, u64>,
    /// Failed attempts.
    #[serde(with = "columns")]
    pub attempts: Vec<Attempt>,
    /// Realm failures not yet joined to an attempt.
    pub realm_failures: Vec<RealmFailure>,
    /// Possible actors of changes.
    pub grants: Vec<Grant>,
    /// Security changes.
    pub changes: Vec<ChangeRecord>,
    /// Successful authentications, as far as access decisions and `authentication_success` of clients show them.
    pub successes: ActorSeries,
    /// `access_denied` events: somebody had authenticated and lacked a privilege.
    pub denials: ActorSeries,
    /// Powerful actions.
    pub acts: ActLog,
    /// Lines of server logs that tell a reason.
    pub reasons: Vec<ReasonRecord>,
    /// `trace.id` of failed attempts that have one.
    pub traces: Vec<(Pos, Sym)>,
    /// `x_forwarded_for` of failed attempts whose source is not taken from it.
    pub forwarded: Vec<(Pos, Sym)>,
    /// Names of API keys, by id; of a key met under several names the one that sorts first.
    pub key_names: BTreeMap<Sym, Sym>,
    /// `access_denied` events by minute since 1970.
    pub denied_minutes: BTreeMap<i64, u64>,
    /// `tampered_request` events by minute since 1970.
    pub tampered_minutes: BTreeMap<i64, u64>,
    /// Realm failures evicted.
    pub evicted: Evicted,
    /// Attempts that are counted and no more.
    pub counted_only: CountedAttempts,
    /// Lines of logs of other products.
    pub products: BTreeMap<Product, u64>,
    /// What tells which events inputs have in common.
    pub sketches: Sketches,
    /// Some of their events.
    pub sampled: EventSample,
    /// Requests that show how far clocks of nodes are apart.
    pub requests: RequestSample,
    /// What orders failures that no chunk settled, where their documents tell.
    pub sequences: Vec<(Pos, Sequence)>,
    /// Hashes of the names of documents, and where these stand: until it is known which of them stand twice.
    pub documents: Vec<(u64, Pos)>,
    /// Documents beyond those, for which there was no memory.
    pub documents_left_out: u64,
    /// Events that may be counted twice.
    pub unsettled: Unsettled,
    /// What clusters say about themselves.
    pub dumps: Vec<Dump>,
}

impl State {
    /// Keeps the number of waiting realm failures bounded: the older half goes.
    pub(crate) fn evict(&mut self, most: usize) {
        let waiting = &mut self.realm_failures;
        if waiting.len() <= most {
            return;
        }
        let half = waiting.len() / 2;
        waiting.select_nth_unstable_by_key(half, |failure| (failure.time, failure.key));
        for failure in waiting.drain(..half) {
            self.evicted.events += 1;
            self.evicted.span.add(failure.time);
        }
    }

    /// Whether some input could not be read whole; `problems` are those met before anything was read.
    #[must_use]
    pub fn is_incomplete(&self, problems: &[(String, ProblemKind, String)]) -> bool {
        problems.iter().any(|(_, kind, _)| kind.means_incomplete())
            || self.inputs.iter().any(|input| input.error.is_some())
    }

    /// Bytes that it takes, roughly.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let records = self.attempts.len() * size_of::<Attempt>()
            + self.realm_failures.len() * size_of::<RealmFailure>()
            + self.reasons.len() * size_of::<ReasonRecord>()
            + self.grants.len() * size_of::<Grant>()
            + self.changes.len() * size_of::<ChangeRecord>()
            + (self.traces.len() + self.forwarded.len()) * size_of::<(Pos, Sym)>()
            + self.documents.len() * size_of::<(u64, Pos)>()
            + self.sequences.len() * size_of::<(Pos, Sequence)>()
            + self.denials.len() * 256;
        let dumps = self.dumps.iter().map(Dump::weight).sum::<u64>();
        records as u64
            + dumps
            + self.symbols.weight()
            + self.acts.weight()
            + self.sketches.weight()
            + self.sampled.weight()
            + self.requests.weight()
    }
}

/// Compares lines by input, chunk and line, whatever numbers the chunks were given.
fn line_order<'s>(inputs: &'s [InputStats], chunks: &'s [ChunkInfo]) -> impl Fn(&Pos, &Pos) -> Ordering + 's {
    |a, b| {
        let place = |pos: &Pos| {
            let chunk = chunks[pos.chunk as usize];
            (&inputs[chunk.input as usize].label, chunk.seq, pos.line)
        };
        if a.chunk == b.chunk { a.line.cmp(&b.line) } else { place(a).cmp(&place(b)) }
    }
}

/// What tells nodes apart, as records name them: the id where there is one, else the name; and the cluster. Which of these
/// are one node is told from all of them together.
type NodeKey = (Sym, Sym, Sym);

/// See [`NodeKey`].
fn node_key(id: Sym, name: Sym, cluster: Sym) -> NodeKey {
    if id.is_some() { (id, Sym::NONE, cluster) } else { (Sym::NONE, name, cluster) }
}

/// A node that was renamed is shown under the name that sorts first, whatever came first.
fn smaller_name(symbols: &Symbols, one: Sym, other: Sym) -> Sym {
    match (symbols.get(one), symbols.get(other)) {
        (Some(a), Some(b)) if b < a => other,
        (None, _) => other,
        _ => one,
    }
}
