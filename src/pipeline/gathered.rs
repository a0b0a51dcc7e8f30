//! What was read, before anything is joined.

use std::collections::HashMap;
use std::io::{self, Write};

use super::joined_run::JoinedRun;
use super::run::RunContext;
use crate::context::{Dump, DumpFacts};
use crate::correlate::{NodeTable, correlate};
use crate::decode::apikeys;
use crate::error::ProblemKind;
use crate::files;
use crate::ledger::Ledger;
use crate::model::StoredInput;
use crate::options::Options;
use crate::part::{self, Part, Problems};
use crate::progress::Progress;
use crate::pseudonyms;
use crate::state::{EventSample, InputStats, Sketches, State};

/// The records of all inputs.
#[derive(Debug)]
pub struct Gathered {
    part: Part,
    /// Whether the state is in the order that parts have.
    canonical: bool,
    /// Whether logs were read, and no parts.
    of_logs: bool,
    /// The inputs as they are stored, where a manifest was asked for.
    stored: Vec<StoredInput>,
    /// What is remembered for the next run.
    ledger: Option<Ledger>,
    run: RunContext,
}

impl Gathered {
    /// Those of logs that were read now.
    pub(super) fn of_logs(part: Part, stored: Vec<StoredInput>, ledger: Option<Ledger>, run: RunContext) -> Self {
        Self { part, canonical: false, of_logs: true, stored, ledger, run }
    }

    /// Those of a part.
    pub(super) fn of_part(part: Part, run: RunContext) -> Self {
        Self { part, canonical: true, of_logs: false, stored: Vec::new(), ledger: None, run }
    }

    /// What can be stored of them, to be merged with others.
    pub fn part(&mut self) -> &Part {
        self.pseudonymize();
        if !std::mem::replace(&mut self.canonical, true) {
            let state = std::mem::take(&mut self.part.state);
            self.part.state = self.run.threads.install(|| state.canonical(self.run.options.max_problems));
        }
        &self.part
    }

    /// What the next run is to know, where only what was new was read. The part has to be kept before this is.
    #[must_use]
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// What is stored holds pseudonyms only, where nobody is to be named.
    fn pseudonymize(&mut self) {
        let Self { part, run, canonical, .. } = self;
        let (Some(names), None) = (&run.pseudonyms, &run.options.pseudonymized) else { return };
        let state = std::mem::take(&mut part.state);
        let Part { problems, pieces, .. } = part;
        let paths = problems.iter_mut().map(|(path, ..)| path);
        let paths = paths.chain(pieces.iter_mut().flat_map(|piece| [&mut piece.label, &mut piece.path]));
        let paths: Vec<&mut String> = paths.collect();
        part.state = run.threads.install(|| pseudonyms::stored(names, state, paths));
        part.pieces.sort();
        part.reading.pseudonymized(names.fingerprint());
        run.options.pseudonymized = Some(names.fingerprint());
        *canonical = false;
    }

    /// Writes them as a part file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_part(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.part().write(out)
    }

    /// Joins attempts with realm chains and reasons, changes with actors.
    #[must_use]
    pub fn join(self) -> JoinedRun {
        let Self { part: Part { mut state, mut problems, pieces, .. }, stored, run, of_logs, .. } = self;
        problems.extend(part::missing(&pieces));
        if of_logs {
            // What logs have in common was compared, but for what stands where one ends and another begins.
            let nodes = NodeTable::new(&state);
            let touching = state.touching(|node| nodes.index(node) as u64);
            state.unsettled.add(touching.events, touching.span);
            state.sketches = Sketches::default();
            state.sampled = EventSample::default();
        }
        run.phase("joining");
        if run.pseudonyms.is_none() {
            // Paths name whom they belong to.
            note_inputs(&state, &run.progress);
        }
        let beside = listings(&run.options, &mut problems);
        let incomplete = state.is_incomplete(&problems);
        let joined = run.threads.install(|| correlate(state, &beside, &run.options));
        JoinedRun { joined, problems, incomplete, stored, in_findings: HashMap::new(), findings: Vec::new(), run }
    }
}

/// Notes what was read as what.
fn note_inputs(state: &State, progress: &Progress) {
    let mut inputs: Vec<&InputStats> = state.inputs.iter().collect();
    inputs.sort_by(|a, b| a.label.cmp(&b.label));
    for input in inputs {
        progress.note(|| {
            let formats: Vec<String> = input.formats.iter().map(|(name, count)| format!("{count} {name}")).collect();
            let formats = if formats.is_empty() { "nothing recognised".to_owned() } else { formats.join(", ") };
            let (lines, bytes) = (input.lines, input.bytes);
            format!("{}: {formats}; {lines} lines, {bytes} bytes, compression {}", input.label, input.compression)
        });
    }
}

/// Reads the listings of API keys that the user names; what cannot be read is a problem.
fn listings(options: &Options, problems: &mut Problems) -> Vec<Dump> {
    let mut found = Vec::new();
    for path in &options.api_keys {
        let read =
            files::read(path, files::LIST).map_err(|error| error.to_string()).and_then(|text| apikeys::parse(&text));
        match read {
            Ok(keys) => {
                let path = path.to_string_lossy().into_owned();
                found.push(Dump { path, facts: DumpFacts::ApiKeys(keys) });
            }
            Err(message) => problems.push((path.to_string_lossy().into_owned(), ProblemKind::Unreadable, message)),
        }
    }
    found
}
