//! Joins records into answers: attempts get their realm chain, security changes their actor, and events met again in
//! overlapping inputs are taken out.

mod actors;
mod chains;
mod nodes;
mod places;

pub use actors::Change;
pub use nodes::{Node, NodeTable};
pub use places::{Place, Places};

use std::collections::BTreeMap;

use crate::state::{Attempt, State};

/// The joined result of a run.
#[derive(Debug)]
pub struct Correlated {
    /// Tables, inputs and counters. Its `attempts`, `changes`, `grants` and `realm_failures` have been moved out.
    pub state: State,
    /// Lines and the order of inputs.
    pub places: Places,
    /// Nodes, with their several names united.
    pub nodes: NodeTable,
    /// Distinct failed attempts, by time, then place.
    pub attempts: Vec<Attempt>,
    /// Distinct security changes, by time, then place.
    pub changes: Vec<Change>,
    /// Events by `event.action`, duplicates excluded.
    pub actions: BTreeMap<String, u64>,
    /// Events met again.
    pub duplicates: u64,
}

/// Joins the records of a complete state.
#[must_use]
pub fn correlate(mut state: State) -> Correlated {
    state.inputs.iter_mut().for_each(crate::state::InputStats::settle);
    let places = Places::new(&state);
    let nodes = NodeTable::new(&state);
    let mut repeated = BTreeMap::new();
    let mut attempts = chains::join(&mut state, &places, &nodes, &mut repeated);
    attempts.sort_unstable_by_key(|attempt| (attempt.time, places.of(attempt.pos)));
    let changes = actors::join(&mut state, &places, &nodes, &mut repeated);
    let mut actions = BTreeMap::new();
    for (action, count) in &state.actions {
        let distinct = count - repeated.get(action).copied().unwrap_or(0);
        *actions.entry(String::from_utf8_lossy(action).into_owned()).or_insert(0) += distinct;
    }
    let duplicates = repeated.values().sum();
    Correlated { state, places, nodes, attempts, changes, actions, duplicates }
}

/// Of the same event met in several inputs: how often it really happened (the most often any one input shows it), and
/// which input to take it from (the first in chronological order of those that show it most often).
///
/// `inputs` are the ranks of the inputs, one entry an occurrence.
fn genuine(inputs: &mut [u32]) -> (usize, u32) {
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
        assert_eq!(genuine(&mut [3, 1, 1, 3, 2]), (2, 1));
        assert_eq!(genuine(&mut [4]), (1, 4));
    }
}
