//! Reports that can be shared: nothing that names somebody is left in any output, and everything else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use esaudit::Part;
use esaudit::internals::document::formats::{Form, offered};
use esaudit::internals::model::Report;
use esaudit::internals::model::keys::KeysReport;

use test_support::line::{Line, failed};
use test_support::{Inputs, esaudit};

const LOGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident");
const LISTING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident/api_keys.json");

fn key(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn run(verb: &str, options: &[&str]) -> Vec<u8> {
    let output = esaudit(&[&[verb, LOGS, "--api-keys", LISTING], options].concat());
    assert!(output.status.success(), "{verb} {options:?}: {output:?}");
    output.stdout
}

fn report(options: &[&str]) -> Report {
    serde_json::from_slice(&run("report", &[&["--format", "json"], options].concat())).unwrap()
}

/// Everything that names somebody, of the logs of all tests.
fn originals() -> &'static BTreeSet<String> {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    KNOWN.get_or_init(found_originals)
}

fn found_originals() -> BTreeSet<String> {
    let report = report(&[]);
    let keys: KeysReport = serde_json::from_slice(&run("keys", &["--format", "json"])).unwrap();
    let mut all: Vec<Option<String>> = Vec::new();
    for group in report.groups.iter() {
        all.push(group.principal);
        all.extend(group.sources.into_iter().chain(group.forwarded).map(|source| Some(source.address)));
    }
    for finding in report.findings {
        all.extend([finding.principals, finding.sources, finding.api_keys].concat().into_iter().map(Some));
    }
    for change in report.security_changes {
        all.extend(change.ids.into_iter().chain(change.resolved_ids).map(Some));
        all.extend([change.actor, change.run_by, change.source, change.name, change.owner, change.target]);
    }
    for key in report.api_keys.failing {
        all.extend([key.id, key.name, key.owner, key.invalidated_by]);
        all.extend(key.clients.into_iter().map(|client| Some(client.address)));
    }
    for key in keys.keys {
        all.extend([Some(key.id), key.name, key.owner]);
    }
    all.into_iter().flatten().collect()
}

#[test]
fn no_original_is_left_in_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "key", "correct horse battery staple");
    let originals = originals();
    assert!(originals.len() > 100, "{}", originals.len());
    let mut outputs: Vec<(String, Vec<u8>)> = Vec::new();
    let hidden = ["--pseudonymize", key.as_str(), "--top", "0"];
    let people_and_data = || offered(&[Form::Json]).map(|format| format.name);
    for format in offered(&[Form::Json, Form::Lines]) {
        let name = format.name;
        outputs.push((name.to_owned(), run("report", &[&hidden[..], &["--format", name, "--manifest"]].concat())));
    }
    let by = ["--by", "principal,source,path", "--format", "json"];
    outputs.push(("paths".to_owned(), run("report", &[&hidden[..], &by].concat())));
    let filter = ["--principal", "rosa*", "--source", "198.18.0.0/16", "--format", "json"];
    outputs.push(("filter".to_owned(), run("report", &[&hidden[..], &filter].concat())));
    for format in people_and_data() {
        outputs.push((format!("keys {format}"), run("keys", &[&hidden[..], &["--format", format]].concat())));
    }
    for format in ["ndjson", "csv", "timesketch"] {
        outputs.push((format!("events {format}"), run("events", &["--pseudonymize", &key, "--format", format])));
    }
    for format in people_and_data() {
        let story = ["--pseudonymize", &key, "--principal", "rosa*", "--format", format];
        outputs.push((format!("timeline {format}"), run("timeline", &story)));
    }
    let (part, early, late) =
        (folder.path().join("part"), folder.path().join("early.json"), folder.path().join("late.json"));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    assert!(esaudit(&["scan", LOGS, "-o", &path(&part)]).status.success());
    let merged = esaudit(&["merge", &path(&part), "--pseudonymize", &key, "--top", "0", "--format", "json"]);
    assert!(merged.status.success(), "{merged:?}");
    outputs.push(("merge".to_owned(), merged.stdout));
    fs::write(&early, run("report", &[&hidden[..], &["--format", "json", "--until", "2026-03-01T11:00:00Z"]].concat()))
        .unwrap();
    fs::write(&late, run("report", &[&hidden[..], &["--format", "json"]].concat())).unwrap();
    for format in people_and_data() {
        let compared = esaudit(&["diff", &path(&early), &path(&late), "--format", format]);
        outputs.push((format!("diff {format}"), compared.stdout));
    }
    for (name, bytes) in &outputs {
        assert!(bytes.len() > 200, "{name}");
    }
    for (name, bytes) in &outputs {
        let text = String::from_utf8_lossy(bytes);
        let left: Vec<_> = originals.iter().filter(|original| text.contains(original.as_str())).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

#[test]
fn everything_but_names_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "key", "correct horse battery staple");
    let (plain, hidden) = (report(&[]), report(&["--pseudonymize", &key]));
    assert_eq!(plain.totals, hidden.totals);
    assert_eq!(plain.timeline, hidden.timeline);
    assert_eq!(plain.coverage.actions, hidden.coverage.actions);
    assert_eq!(plain.tops.realm_chains, hidden.tops.realm_chains);
    let judged = |report: &Report| -> Vec<_> {
        report.findings.iter().map(|f| (f.kind.clone(), f.severity.clone(), f.failures, f.sources_total)).collect()
    };
    assert_eq!(judged(&plain), judged(&hidden));
    let mut counts = [&plain, &hidden].map(|report| {
        report.groups.iter().map(|g| (g.count, g.reason.clone(), g.realm_chain.clone())).collect::<Vec<_>>()
    });
    counts.iter_mut().for_each(|list| list.sort());
    assert_eq!(counts[0], counts[1]);
    assert_ne!(hidden.parameters["pseudonymized"], serde_json::Value::Null);
}

#[test]
fn names_are_the_same_with_the_same_key_and_others_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let one = key(folder.path(), "one", "correct horse battery staple");
    let same = key(folder.path(), "same", "correct horse battery staple\n");
    let other = key(folder.path(), "other", "incorrect horse battery staple");
    let principals = |report: &Report| -> BTreeSet<_> { report.groups.iter().map(|g| g.principal.clone()).collect() };
    let first = principals(&report(&["--pseudonymize", &one]));
    assert_eq!(first, principals(&report(&["--pseudonymize", &same])));
    let shared: Vec<_> =
        principals(&report(&["--pseudonymize", &other])).intersection(&first).flatten().cloned().collect();
    assert!(shared.is_empty(), "{shared:?}");
    // Another log, the same person.
    let inputs = Inputs::of(&[("kim.log", &[failed(0, "r"), failed(5, "q")])]);
    let log = inputs.path().join("kim.log");
    let output = esaudit(&["report", log.to_str().unwrap(), "--format", "json", "--pseudonymize", &one]);
    let text = String::from_utf8(output.stdout).unwrap();
    let alone: Report = serde_json::from_str(&text).unwrap();
    let kim = esaudit::internals::pseudonyms::Pseudonyms::new(b"correct horse battery staple").unwrap().text(b"kim");
    assert_eq!(alone.groups.get(0).unwrap().principal, Some(kim.clone()));
    // In a path, too.
    assert!(alone.coverage.inputs[0].path.ends_with(&format!("/{kim}.log")), "{}", alone.coverage.inputs[0].path);
    assert!(!text.contains("kim"));
}

#[test]
fn realms_and_nodes_keep_their_names_although_somebody_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "key", "correct horse battery staple");
    let realm = Line::new(0, "realm_authentication_failed").user("native1").realm("native1").request("r").end();
    let line = Line::new(1, "authentication_failed").user("native1").from("10.0.0.1:5").request("r").end();
    let inputs = Inputs::of(&[("a", &[realm, line])]);
    let report = inputs.report(&["--pseudonymize", &key]);
    assert_eq!(report.groups.get(0).unwrap().realm_chain, Some(vec!["native1".to_owned()]));
    assert_ne!(report.groups.get(0).unwrap().principal.as_deref(), Some("native1"));
    assert_eq!(report.groups.get(0).unwrap().nodes, ["n1"]);
}

#[test]
fn useless_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, short) = (key(folder.path(), "empty", "\n"), key(folder.path(), "short", "secret"));
    let missing = folder.path().join("missing");
    for (file, says) in [(empty.as_str(), "empty"), (&short, "6 bytes"), (missing.to_str().unwrap(), "No such file")] {
        let output = esaudit(&["report", LOGS, "--pseudonymize", file]);
        assert_eq!(output.status.code(), Some(64), "{says}");
        assert!(output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).contains(says), "{output:?}");
    }
}

#[test]
fn paths_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "key", "correct horse battery staple");
    let inputs = Inputs::of(&[
        ("home/rosa.meier/ACME GmbH/prod_audit.json", &[failed(0, "r")]),
        ("cases/4711234567/b.json", &[String::from("no log")]),
    ]);
    for format in ["json", "jsonl", "html", "md", "table", "csv"] {
        let paths = ["home", "cases", "gone-for-good.json"].map(|name| inputs.path().join(name));
        let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        let output = esaudit(
            &[&["report", "--pseudonymize", &key, "--manifest", "--format", format, "--top", "0"], &paths[..]].concat(),
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.len() > 100, "{format}: {}", String::from_utf8_lossy(&output.stderr));
        for name in ["rosa", "meier", "ACME", "GmbH", "4711234567", "gone"] {
            assert!(!text.contains(name), "{format}: {name}\n{text}");
        }
        assert!(!matches!(format, "json" | "jsonl" | "html") || text.contains("_audit.json"), "{text}");
    }
}

#[test]
fn messages_are_kept_without_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "key", "correct horse battery staple");
    // Somebody is called as words of the messages are.
    let attempt = |millis: i64, user: &str, request: &str| {
        let line = |action| Line::new(millis, action).user(user).from("10.0.0.1:5").request(request);
        [line("realm_authentication_failed").realm("ldap1").end(), line("authentication_failed").end()]
    };
    let lines = [attempt(0, "failed", "r"), attempt(1000, "kim", "s")].concat();
    let server = |time: &str, text: &str| {
        format!(
            r#"{{"@timestamp":"2026-03-01T{time}.999Z","log.level":"WARN","message":"{text}","log.logger":"org.elasticsearch.xpack.security.authc.AuthenticationService","elasticsearch.node.id":"n1"}}"#
        )
    };
    let told = [
        server("11:00:00", "starting"),
        server(
            "11:59:59",
            "Authentication to realm ldap1 failed - access refused for [Zebulon Quux] from 203.0.113.77 ('failed')",
        ),
        server("12:00:00", "Authentication to realm ldap1 failed - the weather in Trumpington was bad for user kim"),
        server("13:00:00", "stopping"),
    ];
    let inputs = Inputs::of(&[("audit.json", &lines), ("server.json", &told)]);
    let log = inputs.path().to_str().unwrap().to_owned();
    let output = esaudit(&["report", &log, "--format", "json", "--pseudonymize", &key]);
    let text = String::from_utf8(output.stdout).unwrap();
    let plain = String::from_utf8(esaudit(&["report", &log, "--format", "json"]).stdout).unwrap();
    assert!(plain.contains("Zebulon Quux"), "the test is about a message that is shown: {plain}");
    assert!(text.contains("access refused for [name-"), "{text}");
    for name in ["Zebulon", "Quux", "Trumpington", "203.0.113.77", "\"principal\": \"failed\"", "kim"] {
        assert!(!text.contains(name), "{name}\n{text}");
    }
}

/// The texts of a part, those of its header and inputs too.
fn texts(part: &Part) -> Vec<String> {
    let state = &part.state;
    let symbols = state.symbols.iter().map(|text| String::from_utf8_lossy(text).into_owned());
    let labels = state.inputs.iter().map(|input| format!("{} {:?}", input.label, input.first_line));
    symbols.chain(labels).chain([format!("{:?} {:?}", part.reading, part.problems)]).collect()
}

#[test]
fn parts_can_hold_pseudonyms_only() {
    let folder = tempfile::tempdir().unwrap();
    let (key, other) =
        (key(folder.path(), "key", "correct horse battery staple"), key(folder.path(), "o", "another key, long"));
    let scan = |node: &str, options: &[&str]| {
        let path = folder.path().join(format!("{node}{}.esa", options.len())).to_str().unwrap().to_owned();
        let output = esaudit(&[&["scan", &format!("{LOGS}/{node}"), "--quiet", "-o", &path], options].concat());
        assert!(output.status.success(), "{output:?}");
        path
    };
    let hidden = ["--pseudonymize", key.as_str()];
    let parts = ["es-1", "es-2", "es-3"].map(|node| scan(node, &hidden));
    let originals = originals();
    for path in &parts {
        let part = Part::open(Path::new(path), 1 << 30).unwrap();
        let texts = texts(&part);
        assert!(texts.len() > 20);
        let left: Vec<_> =
            originals.iter().filter(|name| texts.iter().any(|text| text.contains(name.as_str()))).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // What is made of them is what is made of the logs, but for what names alone tell.
    let merged = |options: &[&str]| {
        let paths: Vec<&str> = parts.iter().map(String::as_str).collect();
        esaudit(&[&["merge"], &paths[..], &["--format", "json", "--quiet"], options].concat())
    };
    let of_parts: Report = serde_json::from_slice(&merged(&[]).stdout).unwrap();
    let nodes = ["es-1", "es-2", "es-3"].map(|node| format!("{LOGS}/{node}"));
    let arguments = ["report", &nodes[0], &nodes[1], &nodes[2], "--format", "json", "--quiet", "--pseudonymize", &key];
    let of_logs: Report = serde_json::from_slice(&esaudit(&arguments).stdout).unwrap();
    assert_eq!(of_parts.totals, of_logs.totals);
    assert_eq!(of_parts.security_changes, of_logs.security_changes);
    assert_eq!(of_parts.api_keys, of_logs.api_keys);
    assert!(of_logs.api_keys.failing.iter().any(|key| key.invalidated_by.is_some() && key.owner.is_some()));
    // The lists of what is replaced, in records that are stored and in joined ones, agree.
    let findings = |report: &Report| {
        let mut findings = report.findings.clone();
        for finding in &mut findings {
            finding.expected_by_chance = None;
            finding.confidence = 0.0;
            finding.why.retain(|why| !why.plain().starts_with("Of what may explain it"));
        }
        findings
    };
    assert_eq!(findings(&of_parts), findings(&of_logs));
    let counted = |report: &Report| {
        let counts =
            report.groups.iter().map(|group| (group.principal.clone(), group.realm_chain.clone(), group.count));
        counts.collect::<BTreeSet<_>>()
    };
    assert_eq!(counted(&of_parts), counted(&of_logs));
    let told = of_parts.coverage.cannot_tell.iter().map(|text| text.plain().to_string()).collect::<Vec<_>>().join("\n");
    assert!(told.contains("are pseudonyms here") && told.contains("parts under pseudonyms"), "{told}");
    // Keys are not mixed, and no name is taken in again.
    assert_eq!(merged(&hidden).stdout, merged(&[]).stdout, "there is nothing left to hide");
    for (options, word) in
        [(vec!["--pseudonymize", other.as_str()], "another key"), (vec!["--api-keys", LISTING], "--api-keys")]
    {
        let refused = merged(&options);
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(word), "{refused:?}");
    }
    let plain = scan("es-2", &[]);
    let mixed = esaudit(&["merge", &parts[0], &plain, "--format", "json"]);
    assert_eq!(mixed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mixed.stderr).contains("--pseudonymize"), "{mixed:?}");
    // A merge hides what it writes, too.
    let (one, whole) = (folder.path().join("one.esa"), scan("es-1", &[]));
    let output = esaudit(&["merge", &whole, "--pseudonymize", &key, "-o", one.to_str().unwrap(), "--quiet"]);
    assert!(output.status.success(), "{output:?}");
    assert!(Part::open(&one, 1 << 30).unwrap().state == Part::open(Path::new(&parts[0]), 1 << 30).unwrap().state);
}

/// `-v` says what was read as what, by the paths of inputs.
#[test]
fn nothing_on_standard_error_names_an_input() {
    let inputs = Inputs::of(&[("kim-of-sales.json", &[failed(0, "r")])]);
    let key = key(inputs.path(), "key", "0123456789abcdef0123456789abcdef");
    let log = inputs.path().join("kim-of-sales.json");
    for verb in ["report", "events", "keys"] {
        let run = esaudit(&[verb, log.to_str().unwrap(), "-v", "--pseudonymize", &key]);
        let told = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success() && told.contains("reading: ") && !told.contains("kim-of-sales"), "{told}");
    }
}
