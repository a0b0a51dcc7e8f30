//! How often principals and sources occur in a state, by the hash of their text, so that states that know other texts can be
//! compared.

use crate::state::{Attempt, RecordKey, State, Sym};

/// How often a text occurs, by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextCount {
    pub(super) hash: u64,
    pub(super) count: u32,
    /// Bytes of the text.
    pub(super) length: u32,
}

/// The published hash of a text: the same on every machine.
pub(super) fn hash(state: &State, sym: Sym) -> u64 {
    RecordKey::of(&[state.symbols.get(sym)]).0
}

/// How often each principal and each source occurs among the attempts of a state.
pub(super) fn count(state: &State) -> (Vec<TextCount>, Vec<TextCount>) {
    let counted = |of: fn(&Attempt) -> Sym| {
        let mut counts = vec![0_u32; state.symbols.len() + 1];
        for attempt in &state.attempts {
            counts[of(attempt).0 as usize] += 1;
        }
        let met = counts.into_iter().enumerate().filter(|&(_, count)| count > 0);
        met.map(|(at, count)| {
            let sym = Sym(at as u32);
            let length = state.symbols.get(sym).map_or(0, <[u8]>::len) as u32;
            TextCount { hash: hash(state, sym), count, length }
        })
        .collect()
    };
    (counted(|attempt| attempt.principal), counted(|attempt| attempt.source))
}
