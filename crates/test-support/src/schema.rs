//! JSON that the program writes, against the schemas of `docs/schema`: whatever a test makes.
//!
//! Of JSON Schema it knows what the schemas use; a word that it does not know is a failure. A member that a schema does not
//! describe is one, too, though the schemas let other programs meet members of later versions.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value;

/// Words of a schema that say nothing about what is written.
const ABOUT: [&str; 6] = ["$schema", "$defs", "description", "title", "default", "format"];

/// The schemas, by the name of their file.
fn schemas() -> &'static BTreeMap<String, Value> {
    static ALL: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ALL.get_or_init(|| {
        let files = std::fs::read_dir(crate::root().join("docs/schema")).unwrap().map(|entry| entry.unwrap().path());
        let named = files.filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".schema.json")?.to_owned();
            Some((name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()))
        });
        named.collect()
    })
}

/// What of a value is not as the schema of a name says, at a path.
pub fn wrong(name: &str, value: &Value) -> Vec<String> {
    let mut checker = Checker { root: &schemas()[name], wrong: Vec::new() };
    checker.closed(checker.root, value, "");
    checker.wrong
}

/// Asserts that what a run wrote as JSON, to standard output and to files, meets its schema.
///
/// # Panics
/// It does not.
pub(crate) fn assert_met<A: AsRef<OsStr>>(arguments: &[A], output: &Output) {
    let arguments: Vec<&str> = arguments.iter().filter_map(|argument| argument.as_ref().to_str()).collect();
    let Some(verb) = arguments.first() else { return };
    let after = |names: &[&str]| -> Vec<&str> {
        let pairs = arguments.windows(2).filter(|pair| names.contains(&pair[0]));
        pairs.map(|pair| pair[1]).collect()
    };
    let files = after(&["-o", "--output"]);
    let format = after(&["--format"]).last().copied();
    let told = std::str::from_utf8(&output.stdout).unwrap_or_default();
    if let Some(format) = format.or((*verb == "events" && files.is_empty()).then_some("jsonl")) {
        check(verb, format, told, &arguments);
    }
    for file in files.into_iter().filter(|_| output.status.success()) {
        // Formats of other programs have names of two parts, in capitals or not.
        let name = file.to_ascii_lowercase();
        let other =
            [".stix.json", ".navigator.json", ".ocsf.ndjson", ".bulk.ndjson"].iter().any(|end| name.ends_with(end));
        let extension = Path::new(&name).extension().and_then(OsStr::to_str);
        let format = format.or(extension).filter(|_| !other).unwrap_or_default();
        if let Ok(text) = std::fs::read_to_string(file) {
            check(verb, format, &text, &arguments);
        }
    }
}

fn check(verb: &str, format: &str, text: &str, arguments: &[&str]) {
    let lines = matches!(format, "jsonl" | "ndjson" | "timesketch");
    let name = match (verb, format) {
        ("report" | "merge" | "demo", "json") => "report",
        ("report" | "merge" | "demo", "jsonl" | "ndjson") => "report.lines",
        ("events", "jsonl" | "ndjson") => "events.lines",
        ("events", "timesketch") => "timesketch.lines",
        ("explain", "json") if text.contains("\"kinds\"") => "explain",
        ("explain", "json") => "explain-kind",
        ("impact" | "keys" | "timeline" | "diff" | "show" | "verify" | "check", "json") => verb,
        _ => return,
    };
    let documents = if lines { text.lines().collect() } else { vec![text] };
    for document in documents.into_iter().filter(|document| !document.trim().is_empty()) {
        // Tests of what is not JSON are about that themselves.
        let Ok(value) = serde_json::from_str(document) else { continue };
        let wrong = wrong(name, &value);
        assert!(wrong.is_empty(), "{arguments:?}: not as docs/schema/{name}.schema.json says: {wrong:#?}");
    }
}

struct Checker<'s> {
    root: &'s Value,
    wrong: Vec<String>,
}

/// Members of an object that a schema describes; `None` where it lets any stand.
type Described = Option<BTreeSet<String>>;

impl<'s> Checker<'s> {
    /// Checks a value, and that nothing is in it that is not described.
    fn closed(&mut self, schema: &'s Value, value: &Value, path: &str) {
        let described = self.open(schema, value, path);
        let (Some(described), Some(members)) = (described, value.as_object()) else { return };
        for name in members.keys().filter(|name| !described.contains(*name)) {
            self.wrong.push(format!("{path}: {name} is not described"));
        }
    }

    /// Checks a value; which members are described.
    fn open(&mut self, schema: &'s Value, value: &Value, path: &str) -> Described {
        let Some(words) = schema.as_object() else { return None };
        let mut described = Some(BTreeSet::new());
        let mut is_bare = true;
        let mut join = |more: Described| {
            is_bare = false;
            described = described.take().zip(more).map(|(mut all, more)| {
                all.extend(more);
                all
            });
        };
        for (word, about) in words {
            match word.as_str() {
                "$ref" => {
                    let at = about.as_str().unwrap().trim_start_matches('#');
                    let of = self.root.pointer(at).unwrap_or_else(|| panic!("no {at}"));
                    join(self.open(of, value, path));
                }
                "allOf" => about.as_array().unwrap().iter().for_each(|part| join(self.open(part, value, path))),
                "anyOf" | "oneOf" => join(self.one_of(about.as_array().unwrap(), value, path)),
                "properties" => join(self.properties(about, value, path)),
                "additionalProperties" => join(self.others(words.get("properties"), about, value, path)),
                "items" => {
                    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.closed(about, item, &format!("{path}/{at}"));
                    }
                }
                "required" => {
                    let names = about.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                    let missing: Vec<String> = missing.map(|name| format!("{path}: no {name}")).collect();
                    self.wrong.extend(missing);
                }
                word if ABOUT.contains(&word) => {}
                word => self.plain(word, about, value, path),
            }
        }
        described.filter(|_| !is_bare)
    }

    fn properties(&mut self, about: &'s Value, value: &Value, path: &str) -> Described {
        let names = about.as_object().unwrap();
        for (name, of) in names {
            if let Some(member) = value.get(name) {
                self.closed(of, member, &format!("{path}/{name}"));
            }
        }
        Some(names.keys().cloned().collect())
    }

    /// Members beside those that have names.
    fn others(&mut self, named: Option<&Value>, about: &'s Value, value: &Value, path: &str) -> Described {
        let is_named = |name: &str| named.is_some_and(|named| named.get(name).is_some());
        for (name, member) in value.as_object().into_iter().flatten().filter(|(name, _)| !is_named(name)) {
            self.closed(about, member, &format!("{path}/{name}"));
        }
        None
    }

    /// Checks against the first of several that fits.
    fn one_of(&mut self, several: &'s [Value], value: &Value, path: &str) -> Described {
        let before = self.wrong.len();
        let mut least: Option<Vec<String>> = None;
        for one in several {
            let described = self.open(one, value, path);
            let wrong = self.wrong.split_off(before);
            if wrong.is_empty() {
                return described;
            }
            if least.as_ref().is_none_or(|least| wrong.len() < least.len()) {
                least = Some(wrong);
            }
        }
        self.wrong.extend(least.into_iter().flatten());
        None
    }

    fn plain(&mut self, word: &str, about: &Value, value: &Value, path: &str) {
        let is_right = match word {
            "type" => {
                let is = |name: &Value| match name.as_str().unwrap() {
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    name => panic!("no type {name}"),
                };
                about.as_array().map_or_else(|| is(about), |names| names.iter().any(is))
            }
            "const" => value == about,
            "enum" => about.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= about.as_f64().unwrap()),
            word => panic!("schemas say {word}, which nothing here checks"),
        };
        if !is_right {
            let shown: String = value.to_string().chars().take(80).collect();
            self.wrong.push(format!("{path}: {shown} is not of {word} {about}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_found() {
        let report = |more: Value| {
            let mut report = serde_json::to_value(crate::report(&["testdata/incident/es-1"], &[])).unwrap();
            report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            wrong("report", &report)
        };
        assert_eq!(report(json!({})), [""; 0]);
        assert_eq!(report(json!({"nonsense": 1})), [": nonsense is not described"]);
        assert_eq!(report(json!({"schema_version": "1"})), ["/schema_version: \"1\" is not of type \"integer\""]);
        assert_eq!(report(json!({"findings": [{}]})).first().map(|wrong| &wrong[..15]), Some("/findings/0: no"));
    }
}
