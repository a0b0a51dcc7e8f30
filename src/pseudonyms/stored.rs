//! Pseudonyms into a state before it is stored: a part that holds nobody's name.
//!
//! Whoever has such a part and not the key can merge it with others of the same key, and report; originals are not in it, in no
//! record, in no table of texts. Two things that could be guessed back are changed, too. Hashes that are made of names alone, and
//! of what the part tells beside, are hashed once more with the key: what was the same stays the same. The sums by which copies
//! of successes are recognised are sums of hashes of whole events; they are left out.

use super::Pseudonyms;
use super::replacer::{Replacer, names_that_stay};
use crate::state::{EventSample, RecordKey, Sketches, State};

impl Pseudonyms {
    /// A hash that nobody can make from guessed names who lacks the key.
    fn rekey(&self, key: RecordKey) -> RecordKey {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.hash("key", &key.0.to_le_bytes())[..8]);
        RecordKey(u64::from_le_bytes(bytes))
    }
}

impl Replacer<'_> {
    /// Replaces them in every record of a state.
    fn state(&mut self, state: &mut State) {
        self.attempts(&mut state.attempts);
        for grant in &mut state.grants {
            self.each([&mut grant.user, &mut grant.run_by, &mut grant.source, &mut grant.apikey]);
        }
        state.changes.iter_mut().for_each(|change| self.change(change));
        state.rename_actors(|actor| self.actor(actor));
        state.rename_acts(|kind| {
            self.each([&mut kind.principal, &mut kind.run_by, &mut kind.source, &mut kind.apikey]);
        });
        self.each(state.acts.kinds.values_mut().flat_map(|acts| &mut acts.first).map(|act| &mut act.index));
        self.sampled(&mut state.counted_only);
        let names = std::mem::take(&mut state.key_names);
        state.key_names = names.into_iter().map(|(id, name)| (self.text(id), self.text(name))).collect();
        self.each(state.reasons.iter_mut().map(|reason| &mut reason.subject));
        let forwarded = state.forwarded.iter_mut().map(|(_, list)| list);
        self.whole_texts(&mut state.attempts, forwarded, state.reasons.iter_mut());
    }
}

/// Hashes that names went into, under the key. Those of requests that have an id are of random numbers, and stay.
fn rekey(names: &Pseudonyms, state: &mut State) {
    state.attempts.iter_mut().for_each(|attempt| attempt.key = names.rekey(attempt.key));
    state.realm_failures.iter_mut().for_each(|failure| failure.key = names.rekey(failure.key));
    state.changes.iter_mut().for_each(|change| change.identity = names.rekey(change.identity));
    for acts in state.acts.kinds.values_mut() {
        for act in acts.first.iter_mut().filter(|act| !act.has_request_id) {
            act.request = names.rekey(act.request);
        }
        acts.first.sort_by_key(|act| (act.time, act.request));
    }
}

/// The state under pseudonyms, and further paths of inputs along with it.
#[must_use]
pub fn stored(names: &Pseudonyms, state: State, paths: Vec<&mut String>) -> State {
    // As names are joined they are pseudonymized: names that are not UTF-8 are one spelling by then.
    let mut state = state.spelled();
    // What clusters say about themselves is names from end to end, and patterns of them.
    state.dumps = Vec::new();
    let kept = names_that_stay(&state);
    let mut replacer = Replacer::new(names, std::mem::take(&mut state.symbols), kept);
    replacer.state(&mut state);
    replacer.inputs(&mut state.inputs, paths);
    (state.symbols, _) = replacer.finish();
    rekey(names, &mut state);
    state.sketches = Sketches::default();
    state.sampled = EventSample::default();
    state
}
