//! The most frequent values of each key.

use std::cmp::Reverse;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{LIST_LIMIT, realm_names};
use crate::correlate::Correlated;
use crate::model::{TopChain, TopText, Tops};
use crate::state::Sym;

/// Counts of one key over all attempts.
pub(super) fn tally<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<(K, u64)> {
    let mut counts: HashMap<K, u64, RandomState> = HashMap::default();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Sorts by count, then value, and keeps the first; the total stands beside.
pub(super) fn top<T: Ord, V>(mut values: Vec<(T, u64)>, entry: impl Fn(T, u64) -> V) -> (Vec<V>, u64) {
    let total = values.len() as u64;
    let order = |a: &(T, u64), b: &(T, u64)| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0));
    if values.len() > LIST_LIMIT {
        values.select_nth_unstable_by(LIST_LIMIT, order);
        values.truncate(LIST_LIMIT);
    }
    values.sort_by(order);
    (values.into_iter().map(|(value, count)| entry(value, count)).collect(), total)
}

/// Attempts by who made them: counted once, for the lists and for the charts.
pub(super) struct Tallies {
    /// By principal.
    pub(super) principals: Vec<(Sym, u64)>,
    /// By client address.
    pub(super) sources: Vec<(Sym, u64)>,
}

impl Tallies {
    /// Counts all attempts.
    pub(super) fn of(joined: &Correlated) -> Self {
        let (principals, sources) = rayon::join(
            || tally(joined.attempts.iter().map(|attempt| attempt.principal)),
            || tally(joined.attempts.iter().map(|attempt| attempt.source)),
        );
        Self { principals, sources }
    }
}

/// The most frequent values of each key over all attempts.
pub(super) fn tops(joined: &Correlated, tallies: &Tallies) -> Tops {
    let symbols = &joined.state.symbols;
    let attempts = || joined.attempts.iter();
    // Texts are compared as bytes, and made displayable only for the few that are shown.
    let texts = |values: &[(Sym, u64)]| {
        let values = values.iter().map(|(sym, count)| (symbols.get(*sym), *count)).collect();
        top(values, |text: Option<&[u8]>, count| TopText {
            key: text.map(|text| String::from_utf8_lossy(text).into_owned()),
            count,
        })
    };
    let (principals, principals_total) = texts(&tallies.principals);
    let (sources, sources_total) = texts(&tallies.sources);
    let chains = tally(attempts().map(|attempt| attempt.chain));
    let chains = chains.into_iter().map(|(chain, count)| (realm_names(joined, chain), count)).collect();
    let (realm_chains, realm_chains_total) = top(chains, |key, count| TopChain { key, count });
    let reasons = tally(attempts().map(|attempt| attempt.reason));
    let reasons = reasons.into_iter().map(|(reason, count)| (reason.name(), count)).collect();
    let (reasons, reasons_total) = top(reasons, |reason: &str, count| TopText { key: Some(reason.to_owned()), count });
    let nodes = tally(attempts().map(|attempt| joined.nodes.index(attempt.node)));
    let nodes = nodes.into_iter().map(|(node, count)| (joined.nodes.all()[node].label(), count)).collect();
    let (nodes, nodes_total) = top(nodes, |node: Option<&str>, count| TopText { key: node.map(str::to_owned), count });
    Tops {
        principals,
        principals_total,
        realm_chains,
        realm_chains_total,
        reasons,
        reasons_total,
        sources,
        sources_total,
        nodes,
        nodes_total,
    }
}
