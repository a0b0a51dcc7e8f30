//! Replaces texts by pseudonyms, each once, whatever records they stand in.

use std::collections::{HashMap, HashSet};

use super::Pseudonyms;
use super::texts::KnownTexts;
use crate::state::{Actor, Attempt, ChangeRecord, CountedAttempts, InputStats, ReasonRecord, State, Sym, Symbols};

/// How a text is replaced.
type Make = fn(&Pseudonyms, &[u8]) -> String;

/// Replaces symbols, each once.
pub(super) struct Replacer<'p> {
    names: &'p Pseudonyms,
    /// The texts of the records; pseudonyms are added to them.
    symbols: Symbols,
    /// Symbols, and what stands for them.
    done: HashMap<Sym, Sym>,
    /// Originals and what stands for them.
    known: KnownTexts,
}

impl<'p> Replacer<'p> {
    /// For records that have these texts; names in `kept` stay.
    pub(super) fn new(names: &'p Pseudonyms, symbols: Symbols, kept: HashSet<String>) -> Self {
        Self { names, symbols, done: HashMap::new(), known: KnownTexts { kept, ..KnownTexts::default() } }
    }

    /// The texts with what stands for them, and what stands for which.
    pub(super) fn finish(self) -> (Symbols, HashMap<Sym, Sym>) {
        (self.symbols, self.done)
    }

    /// What stands for a text.
    pub(super) fn with(&mut self, sym: Sym, make: Make) -> Sym {
        if let Some(&new) = self.done.get(&sym) {
            return new;
        }
        let Some(text) = self.symbols.get(sym) else { return sym };
        let shown = make(self.names, text);
        self.known.texts.insert(String::from_utf8_lossy(text).into_owned(), shown.clone());
        let new = self.symbols.intern(shown.as_bytes());
        self.done.insert(sym, new);
        new
    }

    /// What stands for a name or an address.
    pub(super) fn text(&mut self, sym: Sym) -> Sym {
        self.with(sym, Pseudonyms::text)
    }

    /// What stands for each of some names and addresses.
    pub(super) fn each<'s>(&mut self, syms: impl IntoIterator<Item = &'s mut Sym>) {
        for sym in syms {
            *sym = self.text(*sym);
        }
    }

    /// Whom attempts are of, and where they came from.
    pub(super) fn attempts(&mut self, attempts: &mut [Attempt]) {
        attempts.iter_mut().for_each(|attempt| self.each([&mut attempt.principal, &mut attempt.source]));
    }

    /// Whole texts with names in them. They come last, after every record: a name must not be taken for one.
    pub(super) fn whole_texts<'r>(
        &mut self,
        attempts: &mut [Attempt],
        forwarded: impl Iterator<Item = &'r mut Sym>,
        reasons: impl Iterator<Item = &'r mut ReasonRecord>,
    ) {
        for attempt in attempts {
            attempt.path = self.with(attempt.path, Pseudonyms::url_path);
        }
        for list in forwarded {
            *list = self.with(*list, Pseudonyms::list);
        }
        for reason in reasons {
            reason.text = self.message(reason.text);
        }
    }

    /// Whom events over time are of.
    pub(super) fn actor(&mut self, actor: &mut Actor) {
        self.each([&mut actor.principal, &mut actor.source, &mut actor.apikey, &mut actor.object]);
    }

    /// What a change itself names. Roles are not: they say what was given.
    pub(super) fn change(&mut self, record: &mut ChangeRecord) {
        let told = [&mut record.user, &mut record.run_by, &mut record.source, &mut record.name];
        let objects = [&mut record.namespace, &mut record.service, &mut record.owner, &mut record.granted_to];
        self.each(told.into_iter().chain(objects).chain(&mut record.ids));
        for sym in &mut record.privileges {
            *sym = self.with(*sym, Pseudonyms::privilege);
        }
    }

    /// Principals of whose attempts a sample is kept.
    pub(super) fn sampled(&mut self, counted_only: &mut CountedAttempts) {
        let sampled = std::mem::take(&mut counted_only.sampled);
        counted_only.sampled = sampled.into_iter().map(|(principal, count)| (self.text(principal), count)).collect();
    }

    /// A message that was not understood.
    pub(super) fn message(&mut self, sym: Sym) -> Sym {
        let Some(text) = self.symbols.get(sym).map(|text| String::from_utf8_lossy(text).into_owned()) else {
            return sym;
        };
        let shown = self.known.message(self.names, &text);
        self.symbols.intern(shown.as_bytes())
    }

    /// What stands for a path of an input.
    pub(super) fn path(&self, path: &str) -> String {
        self.known.path(self.names, path)
    }

    /// Paths of inputs, and what is said of them.
    pub(super) fn inputs<'s>(&self, inputs: &mut [InputStats], paths: impl IntoIterator<Item = &'s mut String>) {
        for path in paths {
            *path = self.path(path);
        }
        for input in inputs {
            input.label = self.path(&input.label);
            // A line of an unknown file may name anybody.
            input.first_line.clear();
        }
    }
}

/// Names that stay: those of realms, nodes and clusters.
pub(super) fn names_that_stay(state: &State) -> HashSet<String> {
    let nodes = state.nodes.iter().flat_map(|node| [node.id, node.name, node.cluster, node.cluster_name]);
    let realms = state.chains.lists().iter().flatten().copied();
    nodes.chain(realms).filter_map(|sym| state.symbols.string(sym)).collect()
}
