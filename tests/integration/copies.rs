//! An event that is met again counts once: in copies of files, members of archives, runs of lines, parts, and documents of one id.

use std::collections::BTreeMap;
use std::process::Output;

use esaudit::Report;
use proptest::prelude::*;
use serde_json::{Value, json};
use test_support::line::{Line, asked, failed};
use test_support::{Inputs, assert_equal, difference, ended, esaudit};

fn arguments(verb: &[&str], paths: &[&str]) -> Output {
    let arguments: Vec<&str> = verb.iter().chain(paths).copied().collect();
    esaudit(&arguments)
}

/// What a verb tells, without where it stands and how much was read.
fn told(verb: &[&str], paths: &[&str]) -> Value {
    let output = arguments(verb, paths);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut all: Vec<Value> = serde_json::Deserializer::from_str(&text).into_iter().map(Result::unwrap).collect();
    all.iter_mut().for_each(strip);
    if verb[0] == "events" {
        all.sort_by_key(ToString::to_string);
    }
    Value::Array(all)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in [
                "inputs",
                "evidence",
                "lines",
                "audit_events",
                "server_events",
                "other_lines",
                "duplicates",
                "duplicates_by_action",
                "first_lines",
                "problems",
                "problems_total",
                "path",
                "line",
            ] {
                members.remove(name);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Files of the incident that comes with the program.
fn incident() -> Vec<(String, Vec<u8>)> {
    let root = test_support::root().join("testdata/incident");
    let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

const VERBS: [&[&str]; 5] = [
    &["report", "--format", "json"],
    &["keys", "--format", "json"],
    &["timeline", "--format", "json", "--principal", "*"],
    &[
        "events",
        "--kind",
        "attempts,successes,denied,changes,powerful",
        "--principal",
        "svc-exporter-617",
        "--format",
        "jsonl",
    ],
    &["impact", "--format", "json", "--principal", "svc-exporter-617"],
];

#[test]
fn an_archive_of_the_same_files_changes_nothing() {
    let files = incident();
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let mut archive = Inputs::new();
    let bundle = archive.add("b.tar", &test_support::tar(&borrowed));
    let folder = test_support::root().join("testdata/incident");
    let (folder, bundle) = (folder.to_str().unwrap(), bundle.to_str().unwrap());
    for verb in VERBS {
        let (once, twice) = (told(verb, &[folder]), told(verb, &[folder, bundle]));
        assert_same(&once, &twice, &verb.join(" "));
    }
}

/// Successes and refusals of a few clients over some hours, a line each second, with failures among them.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for at in 0..4000_i64 {
        let (request, millis) = (format!("r{at}"), at * 1000);
        match at % 40 {
            7 => lines.extend([asked(millis, &request, "reserved"), failed(millis, &request)]),
            11 => lines.push(
                Line::new(millis, "access_denied")
                    .user("eve")
                    .request(&request)
                    .from("10.0.0.9:1")
                    .text("action", "indices:data/read/get")
                    .end(),
            ),
            13 => lines.push(
                Line::new(millis, "access_granted")
                    .user("ops")
                    .request(&request)
                    .from("10.0.0.7:1")
                    .text("action", "cluster:admin/settings/update")
                    .end(),
            ),
            _ => lines.push(
                Line::new(millis, "access_granted")
                    .user("app")
                    .request(&request)
                    .from("10.0.0.8:1")
                    .text("action", "indices:data/read/search")
                    .end(),
            ),
        }
    }
    lines
}

#[track_caller]
fn assert_same(one: &Value, other: &Value, about: &str) {
    if let Some(difference) = difference(&format!("{one:#}"), &format!("{other:#}")) {
        panic!("{about}: {}", &difference[..difference.len().min(1500)]);
    }
}

fn numbers(report: &Report) -> Value {
    let mut value = serde_json::to_value(report).unwrap();
    strip(&mut value);
    value["coverage"]["cannot_tell"] =
        json!(report.coverage.cannot_tell.iter().filter(|text| text.contains("once or twice")).count());
    value
}

fn assert_once(files: &[(&str, &[String])]) {
    let whole = Inputs::of(&[("whole.json", &lines())]);
    let names: Vec<&str> = files.iter().map(|file| file.0).collect();
    assert_same(&numbers(&Inputs::of(files).report(&[])), &numbers(&whole.report(&[])), &names.join(" "));
}

#[test]
fn copies_of_a_file_and_of_runs_of_its_lines_count_once() {
    let lines = lines();
    assert_once(&[("a.json", &lines), ("b.json", &lines)]);
    assert_once(&[("a.json", &lines), ("b.json", &lines[1200..1350])]);
    // The first line of a block of time.
    assert_once(&[("a.json", &lines), ("b.json", &lines[2558..2559])]);
    assert_once(&[("a.json", &lines[..2500]), ("b.json", &lines[1500..])]);
    assert_once(&[("b.json", &lines[..2500]), ("a.json", &lines[2400..]), ("c.json", &lines[2450..2460])]);
}

#[test]
fn one_log_in_several_files_is_all_of_it() {
    let lines = lines();
    assert_once(&[("a.json", &lines[..2000]), ("b.json", &lines[2000..])]);
    let (odd, even): (Vec<_>, Vec<_>) = lines.iter().cloned().enumerate().partition(|(at, _)| at % 2 == 1);
    let of = |half: Vec<(usize, String)>| half.into_iter().map(|(_, line)| line).collect::<Vec<_>>();
    assert_once(&[("a.json", &of(odd)), ("b.json", &of(even))]);
}

#[test]
fn identical_lines_of_one_file_are_two_events() {
    let line = Line::new(0, "access_granted").user("app").request("r").from("10.0.0.8:1").end();
    let report = Inputs::of(&[("a.json", &[line.clone(), line])]).report(&[]);
    assert_eq!(report.coverage.actions["access_granted"], 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_runs_of_lines_that_together_are_all_count_once(
        cuts in prop::collection::vec((0..6100_usize, 0..3000_usize), 1..4),
    ) {
        let lines = lines();
        let mut files: Vec<(String, Vec<String>)> = vec![("m.json".to_owned(), lines.clone())];
        for (at, (start, len)) in cuts.into_iter().enumerate() {
            let start = start.min(lines.len());
            let name = if at % 2 == 0 { format!("a{at}.json") } else { format!("z{at}.json") };
            files.push((name, lines[start..(start + len).min(lines.len())].to_vec()));
        }
        let files: Vec<(&str, &[String])> = files.iter().map(|(name, lines)| (name.as_str(), lines.as_slice())).collect();
        assert_once(&files);
    }
}

#[test]
fn parts_of_the_same_log_count_once() {
    let lines = lines();
    let inputs = Inputs::of(&[("a.json", &lines), ("b.json", &lines)]);
    let folder = tempfile::tempdir().unwrap();
    let mut parts = Vec::new();
    for name in ["a", "b"] {
        let log = inputs.path().join(format!("{name}.json"));
        let part = folder.path().join(format!("{name}.esa"));
        let output = esaudit(&["scan", log.to_str().unwrap(), "-o", part.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        parts.push(part.to_str().unwrap().to_owned());
    }
    let whole = folder.path().join("whole.json");
    std::fs::write(&whole, ended(&lines)).unwrap();
    let paths: Vec<&str> = parts.iter().map(String::as_str).collect();
    let of_parts = told(&["merge", "--format", "json"], &paths);
    assert_same(&of_parts, &told(VERBS[0], &[whole.to_str().unwrap()]), "parts");
}

/// The lengths of the realm chains, and how many attempts have each.
fn chains(report: &Report) -> BTreeMap<Option<usize>, u64> {
    let mut chains = BTreeMap::new();
    for group in report.groups.iter() {
        *chains.entry(group.realm_chain.map(|realms| realms.len())).or_default() += group.count;
    }
    chains
}

#[test]
fn a_last_line_that_stands_twice_does_not_say_that_no_realm_was_asked() {
    let (one, other, end) = (asked(0, "r", "reserved"), asked(0, "r", "ldap1"), failed(0, "r"));
    // Of another request, which ended twice without any.
    let bare = [failed(5, "s"), failed(5, "s")];
    // The lines, and where a second file begins.
    for ([first, second, third, fourth], cut) in [
        ([&one, &other, &end, &end], 0),
        ([&one, &other, &end, &end], 1),
        ([&one, &other, &end, &end], 2),
        ([&end, &one, &other, &end], 0),
    ] {
        let lines = [first, second, third, fourth, &bare[0], &bare[1]];
        let inputs = Inputs::of(&[("a.json", &lines[..cut]), ("b.json", &lines[cut..])]);
        for chunk in ["64", "400", "1048576"] {
            let both = inputs.both(&["--chunk-size", chunk]);
            assert_equal(&both, &format!("{lines:?} in chunks of {chunk}, cut at {cut}"));
            let report = inputs.report(&["--chunk-size", chunk]);
            assert_eq!(chains(&report), BTreeMap::from([(None, 1), (Some(0), 2), (Some(2), 1)]), "{lines:?}");
            let told = format!("{:?}", report.coverage.cannot_tell);
            assert!(told.contains("realm chains of 1 attempt: "), "{told}");
        }
    }
}

/// Documents as elasticdump writes them.
fn document(id: &str, line: &str) -> String {
    let source: Value = serde_json::from_str(line).unwrap();
    json!({"_index":"audit","_type":"_doc","_id":id,"_source":source}).to_string()
}

#[test]
fn a_document_counts_once_however_often_it_was_written() {
    let attempt = [asked(0, "r", "reserved"), asked(0, "r", "ldap1"), failed(0, "r")];
    let granted = Line::new(5, "access_granted").user("app").request("s").from("10.0.0.8:1").end();
    let mut documents: Vec<String> =
        attempt.iter().chain([&granted]).zip(0..).map(|(line, id)| document(&id.to_string(), line)).collect();
    documents.extend(documents.clone());
    let report = Inputs::of(&[("dump.json", &documents)]).report(&[]);
    assert_eq!((report.totals.failed_attempts, report.coverage.duplicates), (1, 4));
    assert_eq!(report.coverage.actions["access_granted"], 1);
    let chains: Vec<_> = report.groups.iter().map(|group| group.realm_chain.clone()).collect();
    assert_eq!(chains.len(), 1, "{chains:?}");
    assert_eq!(chains[0].as_ref().map(Vec::len), Some(2));
}

#[test]
fn a_line_that_was_shipped_twice_counts_once() {
    let shipped = |id: &str, offset: u64, line: &str| {
        let source = json!({"log":{"offset":offset,"file":{"path":"/var/log/es_audit.json"}},"message":line});
        json!({"_index":"audit","_id":id,"_source":source}).to_string()
    };
    let attempt = [asked(0, "r", "reserved"), asked(0, "r", "ldap1"), failed(0, "r")];
    // An id of its own each time, the same place in the file.
    let documents: Vec<String> =
        (0..6).map(|at| shipped(&format!("id{at}"), (at % 3) * 300, &attempt[at as usize % 3])).collect();
    let report = Inputs::of(&[("dump.json", &documents)]).report(&[]);
    assert_eq!(report.totals.failed_attempts, 1);
    let lengths: Vec<_> = report.groups.iter().map(|group| group.realm_chain.as_ref().map(Vec::len)).collect();
    assert_eq!(lengths, [Some(2)]);
}

#[test]
fn what_comes_through_a_pipe_and_overlaps_is_told() {
    let lines = lines();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let log = inputs.path().join("a.json");
    let command =
        format!("cat {} | {} report --format json - {}", log.display(), env!("CARGO_BIN_EXE_esaudit"), log.display());
    let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = report["coverage"]["cannot_tell"].to_string();
    assert!(told.contains("once or twice"), "{told}");
}

/// Events of 7.x and later as the text of 6.x has them: no request id, no id of the node.
fn as_text(lines: &[String]) -> Vec<String> {
    let pairs = [
        ("origin.type", "origin_type"),
        ("origin.address", "origin_address"),
        ("user.name", "principal"),
        ("action", "action"),
        ("url.path", "uri"),
    ];
    let text = |line: &String| {
        let event: Value = serde_json::from_str(line).unwrap();
        let get = |name: &str| event[name].as_str();
        let pairs: Vec<String> =
            pairs.iter().filter_map(|(name, old)| Some(format!("{old}=[{}]", get(name)?))).collect();
        let time = &get("timestamp").unwrap()[..23];
        let (layer, action) = (get("event.type").unwrap_or("rest"), get("event.action").unwrap());
        format!("[{time}] [es-1] [{layer}] [{action}]\t{}", pairs.join(", "))
    };
    lines.iter().map(text).collect()
}

#[test]
fn a_copy_in_another_form_is_told() {
    let named = |line: String| line.replace("\"node.id\":\"n1\"", "\"node.id\":\"n1\", \"node.name\":\"es-1\"");
    let lines: Vec<String> = lines().into_iter().map(named).collect();
    let inputs = Inputs::of(&[("n/a.json", &lines), ("n/a_access.log", &as_text(&lines))]);
    let report = inputs.report(&[]);
    let told = format!("{:?}", report.coverage.cannot_tell);
    assert!(told.contains("events, mostly successes, happened once or twice"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    let mut merge = vec!["merge".to_owned(), "--format".to_owned(), "json".to_owned()];
    for name in ["a.json", "a_access.log"] {
        let part = folder.path().join(format!("{name}.esa"));
        let log = inputs.path().join("n").join(name);
        let output = esaudit(&["scan", log.to_str().unwrap(), "-o", part.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        merge.push(part.to_str().unwrap().to_owned());
    }
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    let report: Value = serde_json::from_slice(&esaudit(&merge).stdout).unwrap();
    let told = report["coverage"]["cannot_tell"].to_string();
    assert!(told.contains("events, mostly successes, happened once or twice"), "{told}");
}

#[test]
fn slices_of_one_log_are_no_copies() {
    let lines = lines();
    let slice = |odd: usize| -> Vec<String> { lines.iter().skip(odd).step_by(2).cloned().collect() };
    let report = Inputs::of(&[("a.json", &slice(0)), ("b.json", &slice(1))]).report(&[]);
    let told = format!("{:?}", report.coverage.cannot_tell);
    assert!(!told.contains("once or twice"), "{told}");
}
