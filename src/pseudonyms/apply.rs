//! Pseudonyms into the joined records, before any sentence is made of them.
//!
//! Records get new symbols whose texts are pseudonyms; what a text says (an internal address, an account of a program) is still
//! judged by the original, see `Joined::judged`. Realms, nodes and actions keep their names, also where a principal is
//! called the same.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Pseudonyms;
use super::texts::Known;
use crate::correlate::{Correlated, Joined};
use crate::error::ProblemKind;
use crate::model::StoredInput;
use crate::state::{ActorSeries, Sym};

/// Stands for messages of the server log that were not understood and are too long to be looked at.
const WITHHELD: &[u8] = b"(withheld, because it may hold names)";

/// How a text is replaced.
type Make = fn(&Pseudonyms, &[u8]) -> String;

/// Replaces symbols, each once.
struct Replacer<'p> {
    names: &'p Pseudonyms,
    joined: Joined,
    done: HashMap<Sym, Sym>,
    /// Originals and what stands for them.
    known: Known,
}

impl Replacer<'_> {
    fn with(&mut self, sym: Sym, make: Make) -> Sym {
        if let Some(&new) = self.done.get(&sym) {
            return new;
        }
        let Some(text) = self.joined.state.symbols.get(sym) else { return sym };
        let shown = make(self.names, text);
        self.known.texts.insert(String::from_utf8_lossy(text).into_owned(), shown.clone());
        let new = self.joined.state.symbols.intern(shown.as_bytes());
        self.done.insert(sym, new);
        self.joined.originals.insert(new, sym);
        new
    }

    fn text(&mut self, sym: Sym) -> Sym {
        self.with(sym, Pseudonyms::text)
    }

    fn series(&mut self, series: ActorSeries) -> ActorSeries {
        let mut replaced = |(mut actor, series): (crate::state::Actor, _)| {
            for sym in [&mut actor.principal, &mut actor.source, &mut actor.apikey, &mut actor.object] {
                *sym = self.text(*sym);
            }
            (actor, series)
        };
        series.into_iter().map(&mut replaced).collect()
    }

    /// Replaces them in every record.
    fn records(&mut self) {
        let mut attempts = std::mem::take(&mut self.joined.attempts);
        for attempt in &mut attempts {
            attempt.principal = self.text(attempt.principal);
            attempt.source = self.text(attempt.source);
        }
        let mut changes = std::mem::take(&mut self.joined.changes);
        for change in &mut changes {
            let record = &mut change.record;
            let named = [&mut change.actor, &mut change.run_by, &mut change.source, &mut change.actor_key];
            let told = [&mut record.user, &mut record.run_by, &mut record.source, &mut record.name];
            let objects = [&mut record.namespace, &mut record.service, &mut record.owner, &mut record.granted_to];
            for sym in named.into_iter().chain(told).chain(objects).chain(&mut record.ids) {
                *sym = self.text(*sym);
            }
        }
        let mut failures = std::mem::take(&mut self.joined.key_failures);
        for failure in &mut failures {
            failure.key = self.text(failure.key);
        }
        let mut keys = std::mem::take(&mut self.joined.keys);
        for key in &mut keys {
            for sym in [&mut key.id, &mut key.name, &mut key.owner] {
                *sym = self.text(*sym);
            }
        }
        let mut powerful = std::mem::take(&mut self.joined.powerful);
        let turned_away = powerful.turned_away.iter_mut().map(|row| &mut row.first);
        for action in powerful.actions.iter_mut().chain(turned_away) {
            let named = [&mut action.principal, &mut action.run_by, &mut action.source, &mut action.apikey];
            for sym in named.into_iter().chain([&mut action.index]) {
                *sym = self.text(*sym);
            }
        }
        self.joined.powerful = powerful;
        let state = &mut self.joined.state;
        let (successes, denials) = (std::mem::take(&mut state.successes), std::mem::take(&mut state.denials));
        let (successes, denials) = (self.series(successes), self.series(denials));
        // Whole texts with names in them come last: a name must not be taken for one.
        for attempt in &mut attempts {
            attempt.path = self.with(attempt.path, Pseudonyms::url_path);
        }
        let mut forwarded = std::mem::take(&mut self.joined.forwarded);
        for sym in forwarded.values_mut() {
            *sym = self.with(*sym, Pseudonyms::list);
        }
        let sampled = std::mem::take(&mut self.joined.state.counted_only.sampled);
        self.joined.state.counted_only.sampled =
            sampled.into_iter().map(|(principal, count)| (self.text(principal), count)).collect();
        let mut lines = std::mem::take(&mut self.joined.reason_lines);
        for record in lines.iter_mut().map(|line| &mut line.record) {
            record.subject = self.text(record.subject);
        }
        for record in lines.iter_mut().map(|line| &mut line.record) {
            record.text = self.message(record.text);
        }
        self.joined.reason_lines = lines;
        self.joined.state.reasons.clear();
        self.joined.state.key_names.clear();
        let joined = &mut self.joined;
        (joined.attempts, joined.changes, joined.key_failures, joined.keys) = (attempts, changes, failures, keys);
        (joined.forwarded, joined.state.successes, joined.state.denials) = (forwarded, successes, denials);
        let mut messages = std::mem::take(&mut self.joined.messages);
        messages.values_mut().flatten().for_each(|message| *message = self.message(*message));
        self.joined.messages = messages;
    }

    /// A message that was not understood.
    fn message(&mut self, sym: Sym) -> Sym {
        let Some(text) = self.joined.state.symbols.get(sym).map(|text| String::from_utf8_lossy(text).into_owned())
        else {
            return sym;
        };
        let shown = self.known.message(self.names, &text);
        let shown = shown.as_deref().map_or(WITHHELD, str::as_bytes);
        self.joined.state.symbols.intern(shown)
    }

    /// Names that stay: realms, nodes and clusters.
    fn keep(&mut self) {
        let joined = &self.joined;
        let nodes = joined.state.nodes.iter().flat_map(|node| [node.id, node.name, node.cluster, node.cluster_name]);
        let realms = joined.state.chains.lists().iter().flatten().copied();
        let kept = nodes.chain(realms).filter_map(|sym| joined.state.symbols.string(sym)).collect();
        self.known.kept = kept;
    }
}

/// Takes the names out of what is said of the filter: those that were asked for are names, too.
pub fn withhold(joined: &mut Correlated) {
    let Some(left_out) = &mut joined.left_out else { return };
    let of_time = |words: &str| words.starts_with("since ") || words.starts_with("until ");
    for words in left_out.in_force.iter_mut().filter(|words| !of_time(&words.plain())) {
        let plain = words.plain();
        let name = plain.split(' ').next().unwrap_or_default();
        *words = format!("{name} (withheld)").into();
    }
}

/// The view of everything that was read under pseudonyms; problems and inputs are renamed along with it.
#[must_use]
pub fn view(
    names: &Pseudonyms,
    everything: Correlated,
    problems: &mut [(String, ProblemKind, String)],
    stored: &mut [StoredInput],
) -> Correlated {
    let joined = everything.into_joined();
    let mut replacer = Replacer { names, joined, done: HashMap::new(), known: Known::default() };
    replacer.keep();
    replacer.records();
    let labels: Vec<String> =
        replacer.joined.state.inputs.iter().map(|input| replacer.known.path(names, &input.label)).collect();
    for (path, ..) in problems {
        *path = replacer.known.path(names, path);
    }
    for input in stored {
        input.path = replacer.known.path(names, &input.path);
    }
    let mut joined = replacer.joined;
    for (input, label) in joined.state.inputs.iter_mut().zip(labels) {
        input.label = label;
        // A line of an unknown file may name anybody.
        input.first_line.clear();
    }
    joined.pseudonymized = true;
    Correlated::of(joined)
}

/// Replaces what names somebody in the parameters of a report.
pub fn parameters(names: &Pseudonyms, parameters: &mut BTreeMap<String, Value>) {
    const NAMING: [&str; 6] = ["addresses", "api_keys", "geoip", "trust_proxy", "surroundings", "key"];
    if let Some(Value::Object(filters)) = parameters.get_mut("filters") {
        let naming = filters.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "since" | "until"));
        naming.for_each(|(_, value)| replace(names, value));
    }
    for (_, value) in parameters.iter_mut().filter(|(name, _)| NAMING.contains(&name.as_str())) {
        replace(names, value);
    }
    parameters.insert("pseudonymized".to_owned(), json!(names.fingerprint()));
}

fn replace(names: &Pseudonyms, value: &mut Value) {
    match value {
        Value::String(text) => {
            *text = match crate::options::Cidr::parse(text) {
                Ok(block) => names.block(block).to_string(),
                // An account, a key, or the name of a file, which may say whose it is.
                Err(_) => names.text(text.as_bytes()),
            };
        }
        Value::Array(list) => list.iter_mut().for_each(|value| replace(names, value)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(names, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
