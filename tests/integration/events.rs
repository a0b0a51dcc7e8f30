//! `esaudit events`: every attempt, in every format.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use test_support::line::Line;
use test_support::{Inputs, esaudit};

const LOGS: &str = "testdata/incident";

fn run(options: &[&str]) -> String {
    let output = esaudit(&[&["events", LOGS][..], options].concat());
    assert_eq!(output.status.code(), Some(0), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(options: &[&str]) -> Vec<Value> {
    run(options).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_attempt_once_in_order_with_all_that_is_known() {
    let events = lines(&[]);
    let report = test_support::report(&[LOGS], &[]);
    assert_eq!(events.len() as u64, report.totals.failed_attempts);
    assert!(events.is_sorted_by_key(|event| event["time"].as_str().unwrap().to_owned()));
    // The groups of the report are those of the events.
    for group in report.groups.iter().take(10) {
        let chain = serde_json::to_value(&group.realm_chain).unwrap();
        let principal = serde_json::to_value(&group.principal).unwrap();
        let of_group: Vec<&Value> = events
            .iter()
            .filter(|event| event["principal"] == principal && event["realm_chain"] == chain)
            .filter(|event| event["reason"] == group.reason.as_str())
            .collect();
        assert_eq!(of_group.len() as u64, group.count, "{group:?}");
        assert_eq!(of_group[0]["time"], group.first.clone().unwrap());
        assert_eq!(of_group[0]["evidence"], serde_json::to_value(&group.evidence[0]).unwrap());
    }
    let refused = events.iter().find(|event| event["reason"] == "api_key_invalidated").unwrap();
    for (name, value) in [
        ("kind", "attempt"),
        ("action", "anonymous_access_denied"),
        ("source", "10.40.3.41"),
        ("node_name", "es-3"),
        ("reason_basis", "server_log"),
        ("api_key", "rzrt1XHfRGZktPOSBH_G"),
        ("api_key_name", "billing-key-620"),
    ] {
        assert_eq!(refused[name], value, "{name}");
    }
    let sure = |event: &Value| event["confidence"].as_f64();
    assert!(events.iter().filter(|event| event["reason_basis"] == "server_log").all(|event| sure(event) > Some(0.0)));
    assert!(events.iter().filter(|event| event["reason_basis"] == "none").all(|event| sure(event).is_none()));
}

#[test]
fn changes_stand_between_the_attempts() {
    let both = lines(&["--kind", "attempts,changes"]);
    assert!(both.is_sorted_by_key(|event| event["time"].as_str().unwrap().to_owned()));
    let changes: Vec<&Value> = both.iter().filter(|event| event["kind"] == "change").collect();
    assert_eq!(changes.len(), 4);
    assert_eq!(both.len() - 4, lines(&[]).len());
    let only: Vec<Value> = lines(&["--kind", "changes"]);
    assert_eq!(only.iter().collect::<Vec<_>>(), changes);
    assert_eq!((&only[0]["principal"], &only[0]["target"]), (&"root.admin".into(), &"billing-key-620".into()));
}

#[test]
fn csv_has_a_line_each_and_keeps_formulas_from_being_run() {
    let csv = run(&["--format", "csv"]);
    assert_eq!(csv.lines().count(), 1 + lines(&[]).len());
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.starts_with("time,kind,action,principal,source,") && columns == 28, "{columns}");
    let line = Line::new(0, "authentication_failed").user("=1+1").from("10.0.0.1:40000").end();
    let inputs = Inputs::of(&[("audit.json", &[line])]);
    let output = esaudit(&["events", "--format", "csv", inputs.path().to_str().unwrap()]);
    assert!(String::from_utf8(output.stdout).unwrap().contains(",\"'=1+1\","));
}

#[test]
fn timesketch_gets_what_it_asks_for() {
    for event in lines(&["--format", "timesketch", "--kind", "attempts,changes"]) {
        for name in ["message", "datetime", "timestamp_desc"] {
            assert!(event[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {event}");
        }
        let time = event["datetime"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with("+00:00"), "{time}");
        assert!(event.as_object().unwrap().values().all(|value| !value.is_object()), "flat: {event}");
    }
}

#[test]
fn the_same_bytes_whatever_threads_and_chunks() {
    let options = ["--kind", "attempts,changes"];
    let one = run(&[&options[..], &["--threads", "1"]].concat());
    for more in [&["--threads", "4", "--chunk-size", "1000"][..], &["--threads", "3", "--chunk-size", "70000"]] {
        assert_eq!(run(&[&options[..], more].concat()), one, "{more:?}");
    }
}

/// Attempts, chains, addresses and changes are the same; reasons rest on lines that are not here.
#[test]
fn what_is_written_is_read_back() {
    let written = esaudit(&["events", LOGS, "--kind", "attempts,changes", "--format", "ndjson"]).stdout;
    let mut inputs = test_support::Inputs::new();
    inputs.add("events.ndjson", &written);
    let by = ["--by", "principal,realm-chain,source"];
    let (back, first) = (inputs.report(&by), test_support::report(&[LOGS], &by));
    assert_eq!(back.coverage.inputs[0].format, "events");
    assert_eq!(back.totals.failed_attempts, first.totals.failed_attempts);
    let groups = |report: &esaudit::internals::model::Report| -> Vec<_> {
        let group = |group: esaudit::internals::model::Group| {
            (
                group.principal,
                group.realm_chain.filter(|chain| !chain.is_empty()),
                group.by["source"].clone(),
                group.count,
            )
        };
        let mut groups: Vec<_> = report.groups.iter().map(group).collect();
        groups.sort();
        groups
    };
    assert_eq!(groups(&back), groups(&first));
    let changes = |report: &esaudit::internals::model::Report| -> Vec<_> {
        report
            .security_changes
            .iter()
            .map(|change| (change.time.clone(), change.action.clone(), change.actor.clone()))
            .collect()
    };
    assert_eq!(changes(&back), changes(&first));
}

#[test]
fn files_get_their_format_from_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    run(&["-o", &path("a.csv"), "-o", &path("a.jsonl")]);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(read("a.csv"), run(&["--format", "csv"]));
    assert_eq!(read("a.jsonl"), run(&[]));
}

/// A cross-cluster key comes in over the transport layer alone, by whom its own cluster does not know.
#[test]
fn uses_of_a_cross_cluster_key_are_of_its_user_at_the_other_cluster() {
    let used = |millis: i64, remote: &str| {
        Line::new(millis, "access_granted")
            .user("owner")
            .text("apikey.id", "across")
            .text("origin.type", "transport")
            .text("origin.address", "10.9.0.5:9443")
            .raw("cross_cluster_access", &format!(r#"{{"user.name":"{remote}","user.realm":"native1"}}"#))
            .request(&format!("r{millis}"))
            .end()
    };
    let lines: Vec<String> = (0..6).map(|at| used(at * 1000, if at < 4 { "ana" } else { "ben" })).collect();
    let inputs = Inputs::of(&[("es_audit.json", &lines)]);
    let path = inputs.path().to_str().unwrap();
    let count = |verb: &[&str]| {
        let output = esaudit(&[verb, &[path]].concat());
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    for (filter, events) in
        [("--principal=ana", 4), ("--principal=ben", 2), ("--principal=owner", 6), ("--key=across", 6)]
    {
        assert_eq!(count(&["events", "--kind", "successes", filter]), events, "{filter}");
    }
    let output = esaudit(&["keys", "--format", "json", "--principal", "ben", path]);
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&keys["totals"]["active"], &keys["totals"]["unknown"]), (&Value::from(1), &Value::from(0)));
    let output = esaudit(&["keys", "--format", "json", "--principal", "nobody", path]);
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&keys["totals"]["active"], &keys["totals"]["unknown"]), (&Value::from(1), &Value::from(0)));
}
