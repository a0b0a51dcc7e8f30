//! Taking the tables of one state into those of another, and translating its records.

use std::cell::RefCell;
use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::records::Pos;
use super::symbols::{ChainId, Sym};
use super::{ActLog, ActorSeries, ChunkInfo, InputStats, NodeKey, NodeStats, State, TimeSpan, node_key, smaller_name};

/// What is done with the indices that records carry.
pub(super) trait RemapIndices {
    /// A text.
    fn sym(&mut self, sym: &mut Sym);
    /// A realm chain.
    fn chain(&mut self, chain: &mut ChainId);
    /// A node.
    fn node(&mut self, node: &mut u32);
    /// A line of a chunk.
    fn pos(&mut self, pos: &mut Pos);
}

/// Translations of the indices of one state into those of another.
#[derive(Debug, Clone)]
pub struct Remap {
    pub(super) syms: Vec<Sym>,
    pub(super) chains: Vec<ChainId>,
    pub(super) nodes: Vec<u32>,
    pub(super) chunks: Vec<u32>,
    pub(super) inputs: Vec<u32>,
}

impl Remap {
    /// Whether everything keeps its number.
    pub(super) fn is_identity(&self) -> bool {
        let keeps = |(at, to): (usize, u32)| at as u32 == to;
        self.syms.iter().map(|sym| sym.0).enumerate().all(keeps)
            && self.chains.iter().map(|chain| chain.0).enumerate().all(keeps)
            && [&self.nodes, &self.chunks, &self.inputs].iter().all(|map| map.iter().copied().enumerate().all(keeps))
    }

    /// This translation and then another, as one.
    pub(super) fn then(mut self, next: &Self) -> Self {
        let mut translate = next;
        self.syms.iter_mut().for_each(|sym| translate.sym(sym));
        self.chains.iter_mut().for_each(|chain| translate.chain(chain));
        self.nodes.iter_mut().for_each(|node| translate.node(node));
        self.chunks.iter_mut().for_each(|chunk| *chunk = next.chunks[*chunk as usize]);
        self.inputs.iter_mut().for_each(|input| *input = next.inputs[*input as usize]);
        self
    }
}

impl RemapIndices for &Remap {
    fn sym(&mut self, sym: &mut Sym) {
        *sym = self.syms[sym.0 as usize];
    }

    fn chain(&mut self, chain: &mut ChainId) {
        *chain = self.chains[chain.0 as usize];
    }

    fn node(&mut self, node: &mut u32) {
        *node = self.nodes[*node as usize];
    }

    fn pos(&mut self, pos: &mut Pos) {
        pos.chunk = self.chunks[pos.chunk as usize];
    }
}

impl State {
    /// First step of a merge: takes in the tables and counters of `other` and tells how its records translate. The steps
    /// are apart so that the second can run in parallel for many states.
    pub fn absorb_tables(&mut self, other: &mut Self) -> Remap {
        let both = self.has_attempts() && other.has_attempts();
        self.absorb(other, both)
    }

    /// Whether it stands for attempts, analysed or only counted.
    pub(super) fn has_attempts(&self) -> bool {
        self.counted_only.attempts > 0 || !self.attempts.is_empty()
    }

    /// Takes in the tables and counters of another. `both` says whether both stand for attempts, some of which may not be
    /// among their own records yet.
    pub(super) fn absorb(&mut self, other: &mut Self, both: bool) -> Remap {
        let syms = self.symbols.absorb(&other.symbols);
        let chains = self.chains.absorb(&other.chains, &syms);
        let nodes = self.absorb_nodes(&other.nodes, &syms);
        let inputs = self.absorb_inputs(std::mem::take(&mut other.inputs), &nodes);
        let chunk_base = self.chunks.len() as u32;
        let chunks = (0..other.chunks.len() as u32).map(|chunk| chunk_base + chunk).collect();
        self.chunks
            .extend(other.chunks.drain(..).map(|chunk| ChunkInfo { input: inputs[chunk.input as usize], ..chunk }));
        for (chunk, numbers) in std::mem::take(&mut other.numbers) {
            self.numbers.insert(chunk_base + chunk, numbers);
        }
        for (action, count) in std::mem::take(&mut other.actions) {
            *self.actions.entry(action).or_default() += count;
        }
        for (product, count) in std::mem::take(&mut other.products) {
            *self.products.entry(product).or_default() += count;
        }
        for (minute, count) in std::mem::take(&mut other.denied_minutes) {
            *self.denied_minutes.entry(minute).or_default() += count;
        }
        for (minute, count) in std::mem::take(&mut other.tampered_minutes) {
            *self.tampered_minutes.entry(minute).or_default() += count;
        }
        for (id, name) in std::mem::take(&mut other.key_names) {
            self.name_key(syms[id.0 as usize], syms[name.0 as usize]);
        }
        self.evicted.events += other.evicted.events;
        self.evicted.span.merge(&other.evicted.span);
        self.counted_only.merged |= self.counted_only.attempts + other.counted_only.attempts > 0 && both;
        self.counted_only.merge(std::mem::take(&mut other.counted_only), &syms);
        self.documents_left_out += other.documents_left_out;
        self.unsettled.add(other.unsettled.events, other.unsettled.span);
        Remap { syms, chains, nodes, chunks, inputs }
    }

    /// Second step of a merge: translates the records of this state.
    pub fn remap_records(&mut self, remap: &Remap) {
        let mut indices = remap;
        self.each_index(&mut indices);
        self.sketches.translate(&remap.inputs, &remap.nodes);
        self.sampled.translate(&remap.inputs, &remap.nodes);
    }

    /// Shows every index that a record carries.
    pub(super) fn each_index(&mut self, indices: &mut impl RemapIndices) {
        for attempt in &mut self.attempts {
            indices.pos(&mut attempt.pos);
            indices.sym(&mut attempt.principal);
            indices.sym(&mut attempt.source);
            indices.sym(&mut attempt.path);
            indices.node(&mut attempt.node);
            indices.chain(&mut attempt.chain);
        }
        for failure in &mut self.realm_failures {
            indices.pos(&mut failure.pos);
            indices.sym(&mut failure.realm);
        }
        for map in [&mut self.successes, &mut self.denials] {
            each_actor(map, indices);
        }
        each_act(&mut self.acts, indices);
        self.requests.nodes_mut().for_each(|node| indices.node(node));
        for reason in &mut self.reasons {
            indices.pos(&mut reason.pos);
            indices.node(&mut reason.node);
            for sym in [&mut reason.subject, &mut reason.realm, &mut reason.trace, &mut reason.text] {
                indices.sym(sym);
            }
        }
        for (pos, _) in &mut self.marks {
            indices.pos(pos);
        }
        for (_, pos) in &mut self.documents {
            indices.pos(pos);
        }
        for (pos, _) in &mut self.sequences {
            indices.pos(pos);
        }
        for (pos, text) in self.traces.iter_mut().chain(&mut self.forwarded) {
            indices.pos(pos);
            indices.sym(text);
        }
        for grant in &mut self.grants {
            indices.pos(&mut grant.pos);
            for sym in [
                &mut grant.user,
                &mut grant.realm,
                &mut grant.run_by,
                &mut grant.source,
                &mut grant.es_action,
                &mut grant.apikey,
            ] {
                indices.sym(sym);
            }
        }
        for change in &mut self.changes {
            indices.pos(&mut change.pos);
            indices.node(&mut change.node);
            change.syms_mut().for_each(|sym| indices.sym(sym));
        }
    }

    /// Notes the name of an API key.
    pub(super) fn name_key(&mut self, id: Sym, name: Sym) {
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
        let key = |node: &NodeStats| node_key(node.id, node.name, node.cluster);
        let mut index: HashMap<NodeKey, u32, RandomState> =
            self.nodes.iter().enumerate().map(|(at, node)| (key(node), at as u32)).collect();
        let mut map = Vec::with_capacity(others.len());
        for other in others {
            let [id, name, cluster, cluster_name] =
                [other.id, other.name, other.cluster, other.cluster_name].map(|sym| syms[sym.0 as usize]);
            let at = *index.entry(node_key(id, name, cluster)).or_insert_with(|| {
                self.nodes.push(NodeStats { id, name, cluster, cluster_name, ..NodeStats::default() });
                self.nodes.len() as u32 - 1
            });
            let node = &mut self.nodes[at as usize];
            node.merge(other);
            node.name = smaller_name(&self.symbols, node.name, name);
            node.cluster_name = smaller_name(&self.symbols, node.cluster_name, cluster_name);
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
                translated.entry(nodes[node as usize]).or_insert_with(TimeSpan::default).merge(&span);
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

/// Shows the indices of acts. Two kinds never become one.
fn each_act(log: &mut ActLog, indices: &mut impl RemapIndices) {
    log.kinds = std::mem::take(&mut log.kinds)
        .into_iter()
        .map(|(mut kind, mut acts)| {
            kind.syms_mut().into_iter().for_each(|sym| indices.sym(sym));
            for act in &mut acts.first {
                indices.pos(&mut act.pos);
                indices.node(&mut act.node);
                indices.sym(&mut act.index);
            }
            (kind, acts)
        })
        .collect();
}

/// Shows the indices of series. Two actors never become one: symbols and nodes are translated one to one, but for nodes that
/// turn out to be the same, which cannot happen within one state.
fn each_actor<I: RemapIndices>(series: &mut ActorSeries, indices: &mut I) {
    let indices = RefCell::new(indices);
    series.translate(
        |actor| {
            let mut indices = indices.borrow_mut();
            for sym in [
                &mut actor.principal,
                &mut actor.source,
                &mut actor.apikey,
                &mut actor.realm,
                &mut actor.es_action,
                &mut actor.object,
            ] {
                indices.sym(sym);
            }
            indices.node(&mut actor.node);
        },
        |pos| indices.borrow_mut().pos(pos),
    );
}
