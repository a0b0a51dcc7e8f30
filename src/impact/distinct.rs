//! Things that are kept once each, by number.

use std::collections::HashMap;
use std::hash::Hash;

/// Distinct things, numbered in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Distinct<T> {
    all: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { all: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    /// The number of a thing.
    pub(super) fn number(&mut self, thing: T) -> u32 {
        if let Some(&at) = self.index.get(&thing) {
            return at;
        }
        let at = self.all.len() as u32;
        self.all.push(thing.clone());
        self.index.insert(thing, at);
        at
    }

    /// All, by number.
    pub(super) fn all(&self) -> &[T] {
        &self.all
    }
}
