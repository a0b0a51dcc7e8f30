//! Pseudonyms into a state before it is stored: a part that holds nobody's name.
//!
//! Whoever has such a part and not the key can merge it with others of the same key, and report; originals are not in it, in no
//! record, in no table of texts. Two things that could be guessed back are changed, too. Hashes that are made of names alone, and
//! of what the part tells beside, are hashed once more with the key: what was the same stays the same. The sums by which copies
//! of successes are recognised are sums of hashes of whole events; they are left out.

use super::Pseudonyms;
use super::replacer::{Replacer, names_that_stay};
use crate::error::ProblemKind;
use crate::state::{RecordKey, Sketches, State};

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
        for attempt in &mut state.attempts {
            attempt.principal = self.text(attempt.principal);
            attempt.source = self.text(attempt.source);
        }
        for grant in &mut state.grants {
            for sym in [&mut grant.user, &mut grant.run_by, &mut grant.source, &mut grant.apikey] {
                *sym = self.text(*sym);
            }
        }
        state.changes.iter_mut().for_each(|change| self.change(change));
        state.rename_actors(|actor| self.actor(actor));
        state.rename_acts(|kind| {
            for sym in [&mut kind.principal, &mut kind.run_by, &mut kind.source, &mut kind.apikey] {
                *sym = self.text(*sym);
            }
        });
        for act in state.acts.kinds.values_mut().flat_map(|acts| &mut acts.first) {
            act.index = self.text(act.index);
        }
        self.sampled(&mut state.counted_only);
        let names = std::mem::take(&mut state.key_names);
        state.key_names = names.into_iter().map(|(id, name)| (self.text(id), self.text(name))).collect();
        for reason in &mut state.reasons {
            reason.subject = self.text(reason.subject);
        }
        // Whole texts with names in them come last: a name must not be taken for one.
        for attempt in &mut state.attempts {
            attempt.path = self.with(attempt.path, Pseudonyms::url_path);
        }
        for (_, list) in &mut state.forwarded {
            *list = self.with(*list, Pseudonyms::list);
        }
        for reason in &mut state.reasons {
            reason.text = self.message(reason.text);
        }
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

/// The state under pseudonyms, and problems met before anything was read along with it.
#[must_use]
pub fn stored(names: &Pseudonyms, state: State, problems: &mut [(String, ProblemKind, String)]) -> State {
    // As names are joined they are pseudonymized: names that are not UTF-8 are one spelling by then.
    let mut state = state.spelled();
    let kept = names_that_stay(&state);
    let mut replacer = Replacer::new(names, std::mem::take(&mut state.symbols), kept);
    replacer.state(&mut state);
    replacer.inputs(&mut state.inputs, problems);
    (state.symbols, _) = replacer.finish();
    rekey(names, &mut state);
    state.sketches = Sketches::default();
    state
}
