//! The generator against a slow, separate re-count of what it wrote.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::Path;

use clap::{Parser, ValueEnum};
use serde_json::Value;

use crate::cli::Args;
use crate::generate;
use crate::shapes::Shape;

/// Runs the generator with these options in a folder of its own.
fn run(options: &str) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("logs");
    let line = format!("esaudit-gen --out {} {options}", out.display());
    let truth = generate(&Args::parse_from(line.split_whitespace())).unwrap();
    (folder, truth)
}

/// The files of a folder tree, in an order in which rolled files come before the file that is still written.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            let name = path.display().to_string();
            if name.ends_with(".gz") {
                let mut plain = Vec::new();
                flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
                bytes = plain;
            }
            found.push((name, bytes));
        }
    }
    let number =
        |name: &str| name.rsplit('-').next().and_then(|n| n.split('.').next()?.parse().ok()).unwrap_or(u32::MAX);
    found.sort_by_key(|(name, _)| (name.rsplit_once('/').map(|(f, _)| f.to_owned()), number(name), name.clone()));
    found
}

/// All lines of the node folders as JSON, in order.
fn lines(folder: &Path) -> Vec<Value> {
    let mut out = Vec::new();
    for (name, bytes) in files(&folder.join("logs")) {
        if !name.ends_with("api_keys.json") {
            for line in String::from_utf8(bytes).unwrap().lines() {
                out.push(serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}")));
            }
        }
    }
    out
}

/// One group: principal, chain, and the count per source.
type Groups = BTreeMap<(Option<String>, Option<Vec<String>>), BTreeMap<String, u64>>;

/// The groups of these lines, by the plain reading of what a group is.
fn recount(lines: &[Value]) -> Groups {
    let text = |line: &Value, key: &str| line[key].as_str().map(str::to_owned);
    let mut chains: HashMap<_, Vec<String>> = HashMap::new();
    let mut logging = BTreeSet::new();
    for line in lines.iter().filter(|l| l["event.action"] == "realm_authentication_failed") {
        let key = (text(line, "node.id"), text(line, "request.id"), text(line, "user.name"));
        chains.entry(key).or_default().push(text(line, "realm").unwrap());
        logging.insert(text(line, "node.id"));
    }
    let mut groups = Groups::new();
    for line in lines {
        if line["event.action"] != "authentication_failed" && line["event.action"] != "anonymous_access_denied" {
            continue;
        }
        let (node, request, user) = (text(line, "node.id"), text(line, "request.id"), text(line, "user.name"));
        let logged = logging.contains(&node) && request.is_some();
        let chain = logged.then(|| chains.get(&(node, request, user.clone())).cloned().unwrap_or_default());
        let address = text(line, "origin.address").unwrap();
        let source = address.rsplit_once(':').unwrap().0.trim_matches(['[', ']']).to_owned();
        *groups.entry((user, chain)).or_default().entry(source).or_default() += 1;
    }
    groups
}

/// The groups of the truth, reasons put together.
fn told(truth: &Value, list: &str) -> Groups {
    let mut groups = Groups::new();
    for group in truth[list].as_array().unwrap() {
        let chain = group["realm_chain"].as_array();
        let chain = chain.map(|c| c.iter().map(|r| r.as_str().unwrap().to_owned()).collect());
        let sources = groups.entry((group["principal"].as_str().map(str::to_owned), chain)).or_default();
        let mut sum = 0;
        for source in group["sources"].as_array().unwrap() {
            let count = source["count"].as_u64().unwrap();
            *sources.entry(source["address"].as_str().unwrap().to_owned()).or_default() += count;
            sum += count;
        }
        assert_eq!(group["count"], sum);
    }
    groups
}

/// Checks everything in the truth that can be counted from the lines.
fn reconcile(options: &str) {
    let (folder, truth) = run(options);
    let lines = lines(folder.path());
    let audit: Vec<Value> = lines.iter().filter(|l| l.get("event.action").is_some()).cloned().collect();
    assert_eq!(truth["lines"], lines.len(), "{options}");
    assert_eq!(truth["audit_events"], audit.len());
    let mut actions = BTreeMap::new();
    for line in &audit {
        *actions.entry(line["event.action"].as_str().unwrap().to_owned()).or_insert(0_u64) += 1;
    }
    assert_eq!(truth["actions"], serde_json::to_value(actions).unwrap());
    let groups = recount(&audit);
    assert!(groups == told(&truth, "groups"), "{options}: groups differ");
    assert!(groups == told(&truth, "groups_audit_only"), "{options}: groups differ");
    for change in truth["security_changes"].as_array().unwrap().iter().filter(|c| c["request_id"].is_string()) {
        let same = |l: &&Value| l["request.id"] == change["request_id"] && l["node.id"] == change["node"];
        let event = audit.iter().filter(same).find(|l| l["event.action"] == change["action"]).unwrap();
        assert_eq!(event["event.type"], "security_config_change");
        let actor =
            audit.iter().filter(same).find(|l| l["action"].as_str().is_some_and(|a| a.starts_with("cluster:admin/")));
        assert_eq!(actor.unwrap()["user.name"], change["actor"]);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let options = "--seed 7 --days 0.1 --plant all --server-log --roll-lines 5000 --failure-share 0.1";
    let ((one, first), (two, second)) = (run(options), run(options));
    assert_eq!(first, second);
    let strip = |folder: &Path| -> Vec<Vec<u8>> { files(&folder.join("logs")).into_iter().map(|f| f.1).collect() };
    assert!(strip(one.path()) == strip(two.path()));
    let (_other, third) = run("--seed 8 --days 0.1 --plant all --server-log --roll-lines 5000 --failure-share 0.1");
    assert_ne!(first["groups"], third["groups"]);
}

#[test]
fn the_truth_reconciles_with_a_recount() {
    reconcile("--days 0.1 --plant all --server-log --log-successes es-2 --failure-share 0.13");
    reconcile("--days 0.1 --nodes 2 --plant all:strong --roll-lines 3000 --gzip rolled --no-realm-events none");
    reconcile("--days 0.1 --plant all:weak --gzip all --no-realm-events all --tz -07:30 --behind-proxy");
}

#[test]
fn older_formats_reconcile_too() {
    reconcile("--days 0.1 --plant all:edge --format-version 7 --server-log --server-format json7");
    reconcile("--days 0.1 --plant all:edge --format-version 7.1 --failure-share 0.1 --show-node-name all");
    reconcile("--days 0.1 --format-version 6.5 --failure-share 0.1 --roll daily");
}

#[test]
fn every_kind_is_written_when_planted() {
    let (_folder, truth) = run("--days 1 --rate 0.1 --plant all:edge");
    for incident in truth["incidents"].as_array().unwrap() {
        let failures = incident["failures"].as_u64().unwrap();
        assert!(failures >= 10 || incident["kind"] == "mass_invalidation", "{incident}");
        assert!(incident["start"].is_string());
    }
}

/// The shapes, of the envelopes some: they differ in what stands around a line.
fn some_shapes() -> impl Iterator<Item = &'static Shape> {
    let envelopes = Shape::value_variants().iter().filter(|shape| shape.is_envelope()).step_by(8);
    Shape::value_variants().iter().filter(|shape| !shape.is_envelope()).chain(envelopes)
}

#[test]
fn every_shape_holds_the_same_events() {
    let options = "--days 0.05 --nodes 2 --plant all:edge --server-log --no-realm-events es-2";
    let (_native, expected) = run(options);
    for shape in some_shapes() {
        let name = shape.to_possible_value().unwrap().get_name().to_owned();
        let (folder, truth) = run(&format!("{options} --shape {name}"));
        if shape.has_changes() {
            assert_eq!(truth["actions"], expected["actions"], "{name}");
            assert_eq!(truth["groups"], expected["groups"], "{name}");
            assert_eq!(truth["security_changes"], expected["security_changes"], "{name}");
        }
        assert_eq!(truth["totals"]["failed_attempts"], expected["totals"]["failed_attempts"], "{name}");
        if shape.is_envelope() {
            // Reading them back is for whoever reads logs.
            continue;
        }
        let mut events = 0;
        for (path, bytes) in files(&folder.path().join("logs")) {
            let text = String::from_utf8(bytes).unwrap();
            if !path.contains("prod_server") && !path.contains("api_keys") {
                events += events_in(*shape, &text);
            }
        }
        let all = if shape.is_stream() { &truth["lines"] } else { &truth["audit_events"] };
        assert_eq!(*all, events, "{name}");
    }
}

/// Counts, having looked at each.
fn each(records: impl Iterator<Item = Value>) -> usize {
    records.fold(0, |count, record| count + usize::from(!record.is_null()))
}

/// The number of records in a file of this shape; fails if one is not well-formed.
fn events_in(shape: Shape, text: &str) -> usize {
    let json = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    match shape {
        Shape::Search | Shape::SearchPretty => json(text)["hits"]["hits"].as_array().unwrap().len(),
        Shape::Bulk => each(text.lines().map(json)) / 2,
        Shape::Csv => text.lines().count() - 1,
        Shape::Text5 => text.lines().filter(|l| l.starts_with('[') && l.contains("]\t")).count(),
        Shape::Compose => each(text.lines().map(|l| json(l.split_once(" | ").unwrap().1))),
        Shape::Docker | Shape::Docker7text => each(text.lines().map(|l| json(json(l)["log"].as_str().unwrap()))),
        Shape::Cri => {
            let mut line = String::new();
            let mut count = 0;
            for part in text.lines() {
                line.push_str(&part[part.find("stdout ").unwrap() + 9..]);
                if part.contains(" stdout F ") {
                    json(&line);
                    line.clear();
                    count += 1;
                }
            }
            count
        }
        _ => each(text.lines().map(json)),
    }
}

#[test]
fn attempts_are_listed_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("attempts.ndjson");
    let options =
        format!("--days 0.1 --failing-keys 5 --failing-rate 0.5 --server-log --truth-attempts {}", list.display());
    let (_logs, truth) = run(&options);
    let attempts = fs::read_to_string(&list).unwrap();
    assert_eq!(truth["totals"]["failed_attempts"], attempts.lines().count());
    let with_key = attempts.lines().filter(|l| !l.contains("\"api_key\":null")).count() as u64;
    let keys = truth["failing_keys"].as_array().unwrap();
    assert_eq!(keys.len(), 5);
    assert_eq!(keys.iter().map(|k| k["count"].as_u64().unwrap()).sum::<u64>(), with_key);
}

#[test]
fn a_size_is_met_in_every_shape_and_by_every_number_of_nodes() {
    let met = |options: &str, target: f64| {
        let (folder, truth) = run(options);
        let bytes = truth["audit_bytes"].as_f64().unwrap();
        assert!((bytes / target - 1.0).abs() < 0.05, "{options}: {bytes}");
        let of_files = files(&folder.path().join("logs")).iter().map(|(_, bytes)| bytes.len()).sum::<usize>() as f64;
        assert!(of_files / target < 1.1, "{options}: files of {of_files}");
    };
    met("--days 0.5 --bytes 20MB", 20e6);
    met("--days 0.01 --bytes 2MB --failure-share 0.9 --nodes 8", 2e6);
    for shape in some_shapes() {
        let shape = shape.to_possible_value().unwrap();
        for (bytes, target) in [("1MB", 1e6), ("4MB", 4e6)] {
            for nodes in [1, 3] {
                met(&format!("--shape {} --bytes {bytes} --nodes {nodes}", shape.get_name()), target);
            }
        }
    }
}

#[test]
fn many_accounts_come_from_where_the_options_say() {
    let shape = "--accounts 50 --keys 60 --decisions 1 --indices 20 --failure-share 0.3 --noise 0 --bytes 300kB";
    let seen = |addresses: &str| {
        let (folder, _) = run(&format!("{shape} --addresses {addresses}"));
        let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut actions: BTreeMap<String, u64> = BTreeMap::new();
        for line in lines(folder.path()) {
            *actions.entry(line["event.action"].as_str().unwrap().to_owned()).or_default() += 1;
            if let Some(name) = line["user.name"].as_str().filter(|name| name.starts_with("member-")) {
                let address = line["origin.address"].as_str().unwrap();
                places.entry(name.to_owned()).or_default().insert(address.rsplit_once(':').unwrap().0.to_owned());
            }
            if line["event.action"] == "access_granted" {
                assert_eq!(line["indices"].as_array().unwrap().len(), 20);
            }
        }
        assert!(actions["access_granted"] > 100 && actions["authentication_failed"] > 10, "{actions:?}");
        places
    };
    let own = seen("2-3");
    assert!(own.len() > 30 && own.values().all(|places| places.len() <= 3));
    let mut all: Vec<&String> = own.values().flatten().collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "an address is one account's");
    let any = seen("any:1000");
    assert!(any.values().map(BTreeSet::len).max() > Some(3));
}
