//! One way to write a state: the same events give the same bytes, whatever the threads, the order of the inputs and the
//! parts they came in.

use rayon::prelude::*;

use super::records::Pos;
use super::remap::{Remap, RemapIndices};
use super::symbols::{ChainId, Chains, Sym, Symbols};
use super::{ChunkInfo, State};

/// Which texts and chains are referred to.
pub(super) struct Used {
    syms: Vec<bool>,
    chains: Vec<bool>,
}

impl Used {
    /// All of a state's.
    pub(super) fn all(state: &State) -> Self {
        Self { syms: vec![true; state.symbols.len() + 1], chains: vec![true; state.chains.lists().len()] }
    }

    /// Those that something in a state refers to.
    fn of(state: &mut State) -> Self {
        let mut used =
            Self { syms: vec![false; state.symbols.len() + 1], chains: vec![false; state.chains.lists().len()] };
        state.each_index(&mut used);
        for (list, _) in state.chains.lists().iter().zip(&used.chains).filter(|&(_, &met)| met) {
            list.iter().for_each(|sym| used.syms[sym.0 as usize] = true);
        }
        let names = state.nodes.iter().flat_map(|node| [node.id, node.name, node.cluster, node.cluster_name]);
        let names = names.chain(state.counted_only.sampled.keys().copied());
        for sym in names.chain(state.key_names.iter().flat_map(|(&id, &name)| [id, name])) {
            used.syms[sym.0 as usize] = true;
        }
        used
    }
}

impl RemapIndices for Used {
    fn sym(&mut self, sym: &mut Sym) {
        self.syms[sym.0 as usize] = true;
    }

    fn chain(&mut self, chain: &mut ChainId) {
        self.chains[chain.0 as usize] = true;
    }

    fn node(&mut self, _: &mut u32) {}

    fn pos(&mut self, _: &mut Pos) {}
}

impl State {
    /// Drops texts and chains that nothing refers to, and numbers everything by its content. Records keep their order, but for
    /// series, which are put in theirs.
    pub(crate) fn renumber(&mut self) {
        let used = Used::of(self);
        let remap = self.number_tables(&used);
        if !remap.is_identity() {
            self.remap_records(&remap);
        }
        self.successes.sort();
        self.denials.sort();
    }

    /// Numbers what stands in tables by its content, but for what is not used, which is dropped: texts in their order, inputs
    /// by path, chunks by input and place. Tells how records are to be translated.
    pub(super) fn number_tables(&mut self, used: &Used) -> Remap {
        let syms = self.sort_symbols(&used.syms);
        let chains = self.sort_chains(&used.chains, &syms);
        let nodes = self.sort_nodes(&syms);
        let (inputs, chunks) = self.sort_inputs(&nodes);
        self.key_names = self.key_names.iter().map(|(id, name)| (syms[id.0 as usize], syms[name.0 as usize])).collect();
        self.counted_only.translate(&syms);
        Remap { syms, chains, nodes, chunks, inputs }
    }

    fn sort_symbols(&mut self, used: &[bool]) -> Vec<Sym> {
        let mut order: Vec<Sym> = (1..used.len() as u32).map(Sym).filter(|sym| used[sym.0 as usize]).collect();
        let text = |sym: &Sym| self.symbols.get(*sym);
        if order.len() == self.symbols.len() && order.is_sorted_by_key(text) {
            return (0..used.len() as u32).map(Sym).collect();
        }
        order.par_sort_unstable_by(|a, b| text(a).cmp(&text(b)));
        let mut sorted = Symbols::default();
        let mut map = vec![Sym::NONE; used.len()];
        for old in order {
            if let Some(text) = self.symbols.get(old) {
                map[old.0 as usize] = sorted.intern(text);
            }
        }
        self.symbols = sorted;
        map
    }

    fn sort_chains(&mut self, used: &[bool], syms: &[Sym]) -> Vec<ChainId> {
        let mut lists: Vec<(Vec<Sym>, usize)> = Vec::new();
        for (at, list) in self.chains.lists().iter().enumerate().filter(|&(at, _)| used[at]) {
            lists.push((list.iter().map(|sym| syms[sym.0 as usize]).collect(), at));
        }
        lists.sort_unstable();
        let mut sorted = Chains::default();
        let mut map = vec![ChainId::NONE_SEEN; used.len()];
        for (list, at) in lists {
            map[at] = sorted.intern(&list);
        }
        self.chains = sorted;
        map
    }

    fn sort_nodes(&mut self, syms: &[Sym]) -> Vec<u32> {
        for node in &mut self.nodes {
            node.id = syms[node.id.0 as usize];
            node.name = syms[node.name.0 as usize];
            node.cluster = syms[node.cluster.0 as usize];
            node.cluster_name = syms[node.cluster_name.0 as usize];
        }
        let (nodes, map) = sort_by_key(std::mem::take(&mut self.nodes), |node| (node.id, node.name, node.cluster));
        self.nodes = nodes;
        map
    }

    /// Gives the new numbers of inputs, and of chunks.
    fn sort_inputs(&mut self, nodes: &[u32]) -> (Vec<u32>, Vec<u32>) {
        for input in &mut self.inputs {
            let spans = std::mem::take(&mut input.nodes);
            input.nodes = spans.into_iter().map(|(node, span)| (nodes[node as usize], span)).collect();
        }
        let (inputs, moved) = sort_by_key(std::mem::take(&mut self.inputs), |input| input.label.clone());
        self.inputs = inputs;
        for chunk in &mut self.chunks {
            *chunk = ChunkInfo { input: moved[chunk.input as usize], ..*chunk };
        }
        let (chunks, map) = sort_by_key(std::mem::take(&mut self.chunks), |chunk| (chunk.input, chunk.seq));
        self.chunks = chunks;
        self.numbers = std::mem::take(&mut self.numbers)
            .into_iter()
            .map(|(chunk, numbers)| (map[chunk as usize], numbers))
            .collect();
        (moved, map)
    }

    /// Puts everything in an order that depends on the events alone, and keeps the first `max_problems` problems of each
    /// input.
    #[must_use]
    pub fn canonical(mut self, max_problems: usize) -> Self {
        self.renumber();
        // Each worker kept as many of its own.
        self.inputs.iter_mut().for_each(|input| input.trim_problems(max_problems));
        self.attempts.par_sort_unstable_by_key(|attempt| (attempt.pos, attempt.time, attempt.key, attempt.outcome));
        self.realm_failures.par_sort_by_key(|failure| (failure.pos, failure.time, failure.key));
        self.grants.par_sort_unstable_by_key(|grant| (grant.pos, grant.time, grant.request, grant.es_action));
        self.changes.sort_by_key(|change| (change.pos, change.time, change.identity));
        self.reasons.par_sort_unstable_by_key(|reason| (reason.pos, reason.time, reason.about, reason.subject));
        self.traces.par_sort_unstable();
        self.forwarded.par_sort_unstable();
        self.marks.par_sort_unstable();
        self.documents.sort_unstable();
        self.sequences.par_sort_unstable();
        self.requests.settle();
        self.dumps.sort_unstable();
        self
    }
}

/// Sorts, and tells for each old place the new one.
fn sort_by_key<T, K: Ord>(list: Vec<T>, key: impl Fn(&T) -> K) -> (Vec<T>, Vec<u32>) {
    let mut numbered: Vec<(usize, T)> = list.into_iter().enumerate().collect();
    numbered.sort_by_cached_key(|(_, item)| key(item));
    let mut map = vec![0; numbered.len()];
    for (new, (old, _)) in numbered.iter().enumerate() {
        map[*old] = new as u32;
    }
    (numbered.into_iter().map(|(_, item)| item).collect(), map)
}
