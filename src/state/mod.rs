//! The aggregated state: compact records and counters, folded per worker, merged in any order, serialisable.
//!
//! Nothing in a state depends on the order in which events arrived in a way that shows: what is ordered is ordered later
//! by time and place. `merge` is associative and, up to the numbering of symbols, commutative.

mod coverage;
mod fold;
mod records;
mod series;
mod symbols;

pub use coverage::{InputProblem, InputStats, Minutes, NodeStats, Span};
pub use fold::{Folder, InputRef};
pub use records::{Attempt, AttemptFlags, ChangeRecord, Grant, Key, Outcome, Pos, RealmFailure, ReasonRecord, Subject};
pub use series::{Actor, Bucket, Series};
pub use symbols::{ChainId, Chains, Sym, Symbols};

use std::cmp::Ordering;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::numbers::Numbers;
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
}

/// Realm failures given up because too many requests were in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evicted {
    /// How many.
    pub events: u64,
    /// Their times: chains of attempts in this stretch may lack realms.
    pub span: Span,
}

/// Bytes of an input between two lines whose place in it is kept.
pub const MARK: u64 = 1 << 20;

/// Events over time by who and what.
pub type ActorSeries = HashMap<Actor, Series, RandomState>;

/// Serialises a map of series as a sorted list: its keys are no text, and its order is random.
mod as_list {
    use super::{Actor, ActorSeries, Series};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(map: &ActorSeries, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list: Vec<(&Actor, &Series)> = map.iter().collect();
        list.sort_unstable_by_key(|(actor, _)| **actor);
        list.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ActorSeries, D::Error> {
        Ok(Vec::<(Actor, Series)>::deserialize(deserializer)?.into_iter().collect())
    }
}

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
    pub attempts: Vec<Attempt>,
    /// Realm failures not yet joined to an attempt.
    pub realm_failures: Vec<RealmFailure>,
    /// Possible actors of changes.
    pub grants: Vec<Grant>,
    /// Security changes.
    pub changes: Vec<ChangeRecord>,
    /// Successful authentications, as far as access decisions and `authentication_success` of clients show them.
    #[serde(with = "as_list")]
    pub successes: ActorSeries,
    /// `access_denied` events: somebody had authenticated and lacked a privilege.
    #[serde(with = "as_list")]
    pub denials: ActorSeries,
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
    /// Realm failures evicted.
    pub evicted: Evicted,
}

/// Translations of the indices of one state into those of another.
#[derive(Debug, Clone)]
pub struct Remap {
    syms: Vec<Sym>,
    chains: Vec<ChainId>,
    nodes: Vec<u32>,
    chunk_base: u32,
}

impl Remap {
    fn sym(&self, sym: &mut Sym) {
        *sym = self.syms[sym.0 as usize];
    }

    fn pos(&self, pos: &mut Pos) {
        pos.chunk += self.chunk_base;
    }
}

impl State {
    /// Joins two states into one.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        let remap = self.absorb_tables(&mut other);
        other.remap_records(&remap);
        self.append_records(other);
        self
    }

    /// First step of a merge: takes in the tables and counters of `other` and tells how its records translate. The steps
    /// are apart so that the second can run in parallel for many states.
    pub fn absorb_tables(&mut self, other: &mut Self) -> Remap {
        let syms = self.symbols.absorb(&other.symbols);
        let chains = self.chains.absorb(&other.chains, &syms);
        let nodes = self.absorb_nodes(&other.nodes, &syms);
        let inputs = self.absorb_inputs(std::mem::take(&mut other.inputs), &nodes);
        let chunk_base = self.chunks.len() as u32;
        self.chunks
            .extend(other.chunks.drain(..).map(|chunk| ChunkInfo { input: inputs[chunk.input as usize], ..chunk }));
        for (chunk, numbers) in std::mem::take(&mut other.numbers) {
            self.numbers.insert(chunk_base + chunk, numbers);
        }
        for (action, count) in std::mem::take(&mut other.actions) {
            *self.actions.entry(action).or_default() += count;
        }
        for (minute, count) in std::mem::take(&mut other.denied_minutes) {
            *self.denied_minutes.entry(minute).or_default() += count;
        }
        for (id, name) in std::mem::take(&mut other.key_names) {
            self.name_key(syms[id.0 as usize], syms[name.0 as usize]);
        }
        self.evicted.events += other.evicted.events;
        self.evicted.span.merge(&other.evicted.span);
        Remap { syms, chains, nodes, chunk_base }
    }

    /// Second step of a merge: translates the records of this state.
    pub fn remap_records(&mut self, remap: &Remap) {
        for attempt in &mut self.attempts {
            remap.pos(&mut attempt.pos);
            remap.sym(&mut attempt.principal);
            remap.sym(&mut attempt.source);
            remap.sym(&mut attempt.path);
            attempt.node = remap.nodes[attempt.node as usize];
            attempt.chain = remap.chains[attempt.chain.0 as usize];
        }
        for failure in &mut self.realm_failures {
            remap.pos(&mut failure.pos);
            remap.sym(&mut failure.realm);
        }
        for map in [&mut self.successes, &mut self.denials] {
            // Two actors never become one: symbols and nodes are translated one to one, but for nodes that turn out to be
            // the same, which cannot happen within one state.
            *map = std::mem::take(map)
                .into_iter()
                .map(|(mut actor, mut series)| {
                    for sym in [
                        &mut actor.principal,
                        &mut actor.source,
                        &mut actor.apikey,
                        &mut actor.realm,
                        &mut actor.es_action,
                    ] {
                        remap.sym(sym);
                    }
                    actor.node = remap.nodes[actor.node as usize];
                    series.remap(|pos| remap.pos(pos));
                    (actor, series)
                })
                .collect();
        }
        for reason in &mut self.reasons {
            remap.pos(&mut reason.pos);
            reason.node = remap.nodes[reason.node as usize];
            for sym in [&mut reason.subject, &mut reason.realm, &mut reason.trace, &mut reason.text] {
                remap.sym(sym);
            }
        }
        for (pos, _) in &mut self.marks {
            remap.pos(pos);
        }
        for (pos, text) in self.traces.iter_mut().chain(&mut self.forwarded) {
            remap.pos(pos);
            remap.sym(text);
        }
        for grant in &mut self.grants {
            remap.pos(&mut grant.pos);
            for sym in [
                &mut grant.user,
                &mut grant.realm,
                &mut grant.run_by,
                &mut grant.source,
                &mut grant.es_action,
                &mut grant.apikey,
            ] {
                remap.sym(sym);
            }
        }
        for change in &mut self.changes {
            remap.pos(&mut change.pos);
            change.node = remap.nodes[change.node as usize];
            for sym in change.syms_mut() {
                remap.sym(sym);
            }
        }
    }

    /// Third step of a merge: takes in records that are already translated.
    pub fn append_records(&mut self, mut other: Self) {
        let (successes, denials) = (std::mem::take(&mut other.successes), std::mem::take(&mut other.denials));
        let order = line_order(&self.inputs, &self.chunks);
        for (mine, theirs) in [(&mut self.successes, successes), (&mut self.denials, denials)] {
            // Each entry is merged on its own, so the random order of the map does not show.
            for (actor, series) in theirs {
                match mine.entry(actor) {
                    hashbrown::hash_map::Entry::Vacant(entry) => {
                        entry.insert(series);
                    }
                    hashbrown::hash_map::Entry::Occupied(mut entry) => entry.get_mut().merge(&series, &order),
                }
            }
        }
        self.attempts.append(&mut other.attempts);
        self.realm_failures.append(&mut other.realm_failures);
        self.grants.append(&mut other.grants);
        self.changes.append(&mut other.changes);
        self.reasons.append(&mut other.reasons);
        self.traces.append(&mut other.traces);
        self.forwarded.append(&mut other.forwarded);
        self.marks.append(&mut other.marks);
    }

    /// Notes the name of an API key.
    fn name_key(&mut self, id: Sym, name: Sym) {
        match self.key_names.entry(id) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(name);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let first = smaller_name(&self.symbols, *entry.get(), name);
                entry.insert(first);
            }
        }
    }

    fn absorb_nodes(&mut self, others: &[NodeStats], syms: &[Sym]) -> Vec<u32> {
        let mut index: HashMap<(Sym, Sym), u32, RandomState> =
            self.nodes.iter().enumerate().map(|(at, node)| (node_key(node.id, node.name), at as u32)).collect();
        let mut map = Vec::with_capacity(others.len());
        for other in others {
            let (id, name) = (syms[other.id.0 as usize], syms[other.name.0 as usize]);
            let at = *index.entry(node_key(id, name)).or_insert_with(|| {
                self.nodes.push(NodeStats { id, name, ..NodeStats::default() });
                self.nodes.len() as u32 - 1
            });
            let node = &mut self.nodes[at as usize];
            node.merge(other);
            node.name = smaller_name(&self.symbols, node.name, name);
            map.push(at);
        }
        map
    }

    fn absorb_inputs(&mut self, others: Vec<InputStats>, nodes: &[u32]) -> Vec<u32> {
        let mut index: HashMap<String, u32, RandomState> =
            self.inputs.iter().enumerate().map(|(at, input)| (input.label.clone(), at as u32)).collect();
        let mut map = Vec::with_capacity(others.len());
        for mut other in others {
            let mut translated = BTreeMap::new();
            for (node, span) in std::mem::take(&mut other.nodes) {
                translated.entry(nodes[node as usize]).or_insert_with(Span::default).merge(&span);
            }
            other.nodes = translated;
            let at = *index.entry(other.label.clone()).or_insert_with(|| {
                self.inputs.push(InputStats::default());
                self.inputs.len() as u32 - 1
            });
            self.inputs[at as usize].merge(other);
            map.push(at);
        }
        map
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

/// What tells nodes apart: the id where there is one, else the name.
fn node_key(id: Sym, name: Sym) -> (Sym, Sym) {
    if id.is_some() { (id, Sym::NONE) } else { (Sym::NONE, name) }
}

/// A node that was renamed is shown under the name that sorts first, whatever came first.
fn smaller_name(symbols: &Symbols, one: Sym, other: Sym) -> Sym {
    match (symbols.get(one), symbols.get(other)) {
        (Some(a), Some(b)) if b < a => other,
        (None, _) => other,
        _ => one,
    }
}
