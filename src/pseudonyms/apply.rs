//! Pseudonyms into the joined records, before any sentence is made of them.
//!
//! Records get new symbols whose texts are pseudonyms; what a text says (an internal address, an account of a program) is still
//! judged by the original, see `Joined::judged`. Realms, nodes and actions keep their names, also where a principal is
//! called the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Pseudonyms;
use super::replacer::{Replacer, names_that_stay};
use crate::correlate::{Correlated, Joined};
use crate::error::ProblemKind;
use crate::model::StoredInput;

impl Replacer<'_> {
    /// Replaces them in every record.
    fn records(&mut self, joined: &mut Joined) {
        self.attempts(&mut joined.attempts);
        for change in &mut joined.changes {
            self.change(&mut change.record);
            self.each([&mut change.actor, &mut change.run_by, &mut change.source, &mut change.actor_key]);
        }
        self.each(joined.key_failures.iter_mut().map(|failure| &mut failure.key));
        for key in &mut joined.keys {
            self.each([&mut key.id, &mut key.name, &mut key.owner]);
        }
        let turned_away = joined.powerful.turned_away.iter_mut().map(|row| &mut row.first);
        for action in joined.powerful.actions.iter_mut().chain(turned_away) {
            let named = [&mut action.principal, &mut action.run_by, &mut action.source, &mut action.apikey];
            self.each(named.into_iter().chain([&mut action.index]));
        }
        joined.state.rename_actors(|actor| self.actor(actor));
        self.sampled(&mut joined.state.counted_only);
        self.each(joined.reason_lines.iter_mut().map(|line| &mut line.record.subject));
        let reasons = joined.reason_lines.iter_mut().map(|line| &mut line.record);
        self.whole_texts(&mut joined.attempts, joined.forwarded.values_mut(), reasons);
        joined.messages.values_mut().flatten().for_each(|message| *message = self.message(*message));
        joined.state.reasons.clear();
        joined.state.key_names.clear();
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
    let mut joined = everything.into_joined();
    let kept = names_that_stay(&joined.state);
    let mut replacer = Replacer::new(names, std::mem::take(&mut joined.state.symbols), kept);
    replacer.records(&mut joined);
    replacer.inputs(&mut joined.state.inputs, problems.iter_mut().map(|(path, ..)| path));
    joined.context.rename_paths(|path| *path = replacer.path(path));
    for input in stored {
        input.path = replacer.path(&input.path);
    }
    let (symbols, done) = replacer.finish();
    joined.state.symbols = symbols;
    joined.originals.extend(done.into_iter().map(|(original, shown)| (shown, original)));
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
