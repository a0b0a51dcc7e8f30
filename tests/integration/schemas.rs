//! The schemas of `docs/schema` are those of the model, and what is written meets them: nothing is missing, nothing has another
//! type, and nothing is there that they do not describe.

use std::path::Path;

use esaudit::internals::schemas;
use test_support::{esaudit, generate, python};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema")
}

#[test]
fn the_schemas_are_those_of_the_model() {
    let all = schemas::all();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, schema) in &all {
            std::fs::write(folder().join(format!("{name}.schema.json")), schema).unwrap();
        }
    }
    for (name, schema) in &all {
        let kept = std::fs::read_to_string(folder().join(format!("{name}.schema.json"))).unwrap_or_default();
        assert!(kept == *schema, "{name}: renew it with UPDATE_SNAPSHOTS=1 cargo test --test integration schemas::");
    }
    let files = std::fs::read_dir(folder()).unwrap();
    let files = files.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".json"));
    assert_eq!(files.count(), all.len(), "a schema of nothing in docs/schema");
}

/// Each schema is closed at the places from which it is used, so that what it does not describe is an error.
const VALIDATE: &str = r#"
import json, pathlib, sys
from jsonschema import Draft202012Validator as Validator

def close(node, is_definition=False):
    if isinstance(node, list):
        return [close(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {}
    for name, value in node.items():
        if name == '$defs':
            closed[name] = {key: close(item, True) for key, item in value.items()}
        elif name == 'properties':
            closed[name] = {key: close(item) for key, item in value.items()}
        elif name == 'allOf':
            closed[name] = [close(item, True) for item in value]
        else:
            closed[name] = close(value)
    if ('properties' in node or '$ref' in node or 'allOf' in node) and not is_definition:
        closed['unevaluatedProperties'] = False
    return closed

def limits(node):
    """What a schema asks of single values beside their type: the words that may stand, and the least numbers."""
    if isinstance(node, list):
        return set().union(*map(limits, node))
    if not isinstance(node, dict):
        return set()
    own = {*node.get('enum', []), node.get('const'), node.get('minimum')} if 'properties' not in node else set()
    return own.union(*map(limits, node.values()))

def thinned(value, known):
    """A value in whose lists one item of each shape is left, and its shape: items of one shape are valid alike, and to ask takes
    long."""
    if isinstance(value, list):
        kept = {}
        for item in value:
            item, shape = thinned(item, known)
            kept.setdefault(shape, item)
        return list(kept.values()), frozenset(kept)
    if isinstance(value, dict):
        items = {name: thinned(item, known) for name, item in value.items()}
        return {name: item for name, (item, _) in items.items()}, frozenset((name, shape) for name, (_, shape) in items.items())
    if isinstance(value, str):
        return value, f'text {value}' if value in known else 'text'
    least = [number for number in known if isinstance(number, (int, float))]
    return value, repr(value) if value is None or isinstance(value, bool) else f'{type(value)} {[value < one for one in least]}'

schemas, written = map(pathlib.Path, sys.argv[1:3])
wrong = []
for path in sorted(written.iterdir()):
    schema = json.loads((schemas / (path.name.split('+')[0] + '.schema.json')).read_text())
    Validator.check_schema(schema)
    validator = Validator(close(schema))
    text = path.read_text()
    documents = [json.loads(line) for line in text.splitlines()] if '.lines' in path.name else [json.loads(text)]
    assert documents, path
    for document in thinned(documents, limits(schema))[0]:
        wrong += [f'{path.name}: {list(error.absolute_path)}: {error.message[:300]}' for error in validator.iter_errors(document)]
print('\n'.join(wrong[:20]) or 'valid')
"#;

#[test]
fn what_is_written_meets_them() {
    let Some(python) = python::with("jsonschema") else { return };
    // Every member of every output, and not many of each: to validate is what takes long.
    let (made, _) =
        generate(&["--seed", "5", "--nodes", "2", "--days", "0.02", "--rate", "0.2", "--plant", "all:edge"]);
    let made = made.path().join("logs");
    let made = made.to_str().unwrap();
    let written = tempfile::tempdir().unwrap();
    let file = |name: &str| written.path().join(name).to_str().unwrap().to_owned();
    let incident = "testdata/incident";
    let lists = tempfile::tempdir().unwrap();
    let list = lists.path().join("bad.txt");
    std::fs::write(&list, "198.18.0.0/15 scanner\n").unwrap();
    let report = file("report+manifest");
    let [old, new] = ["old.json", "new.json"].map(|name| lists.path().join(name).to_str().unwrap().to_owned());
    let runs: &[(&str, &[&str])] = &[
        (
            "report+manifest",
            &["report", incident, "--format", "json", "--manifest", "--addresses", list.to_str().unwrap()],
        ),
        ("report+made", &["report", made, "--format", "json"]),
        (
            "report+filtered",
            &["report", made, "--format", "json", "--since", "2026-03-01T12:00", "--by", "source,node"],
        ),
        ("report+context", &["report", incident, "--format", "json", "--api-keys", "testdata/incident/api_keys.json"]),
        ("report.lines+", &["report", incident, "--format", "jsonl", "--manifest"]),
        ("report.lines+made", &["report", made, "--format", "jsonl"]),
        ("events.lines+", &["events", made, "--kind", "attempts,changes,powerful", "--format", "jsonl"]),
        (
            "events.lines+all",
            &["events", incident, "--kind", "attempts,successes,denied,changes,powerful", "--principal", "root.admin"],
        ),
        ("timesketch.lines+", &["events", incident, "--kind", "attempts,changes,powerful", "--format", "timesketch"]),
        ("impact+", &["impact", "F1", incident, "--format", "json"]),
        ("impact+made", &["impact", "F1", made, "--format", "json"]),
        ("keys+", &["keys", made, "--format", "json"]),
        ("timeline+", &["timeline", made, "--principal", "root.admin", "--format", "json"]),
        ("show+", &["show", "F1", incident, "--format", "json"]),
        ("verify+", &["verify", &report, "--format", "json"]),
        ("explain+", &["explain", "--format", "json"]),
        ("explain-kind+", &["explain", "persistence", "--format", "json"]),
    ];
    let run = |name: &str, arguments: &[&str]| {
        let output = esaudit(&[arguments, &["-o", name]].concat());
        assert!(matches!(output.status.code(), Some(0 | 2)), "{arguments:?}: {output:?}");
    };
    for (name, arguments) in runs {
        let output = esaudit(arguments);
        assert!(!output.stdout.is_empty(), "{arguments:?}: {output:?}");
        std::fs::write(file(name), output.stdout).unwrap();
    }
    run(&old, &["report", "testdata/incident/es-1", "--quiet"]);
    run(&new, &["report", incident, "--quiet"]);
    std::fs::write(file("diff+"), esaudit(&["diff", &old, &new, "--format", "json"]).stdout).unwrap();
    let told = python::run(&python, VALIDATE, &[folder().to_str().unwrap(), written.path().to_str().unwrap()]);
    assert_eq!(told.trim(), "valid");
}
