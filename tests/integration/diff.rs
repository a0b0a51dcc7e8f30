//! `esaudit diff`: what changed between two reports.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use serde_json::{Value, json};
use test_support::esaudit;

const LOGS: &str = "testdata/incident";

/// Reports in a folder that goes away.
struct Reports(tempfile::TempDir);

impl Reports {
    /// One before and one after lunch.
    fn new() -> Self {
        let reports = Self(tempfile::tempdir().unwrap());
        for (name, options) in
            [("old.json", ["--until", "2026-03-01T12:45"]), ("new.json", ["--since", "2026-03-01T12:46"])]
        {
            let path = reports.path(name);
            let output = esaudit(&[&["report", LOGS, "-o", &path][..], &options].concat());
            assert_eq!(output.status.code(), Some(0));
        }
        reports
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }
}

fn diff(old: &str, new: &str) -> Value {
    let output = esaudit(&["diff", old, new, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_new_gone_grown_and_shrunk() {
    let reports = Reports::new();
    let diff = diff(&reports.path("old.json"), &reports.path("new.json"));
    let findings = &diff["findings"];
    // The guesses that got in are a break-in, also where a filter leaves nothing of what was before.
    assert_eq!(names(&findings["new"], "kind"), ["account_compromise", "missing_credentials", "stale_credential"]);
    assert_eq!(names(&findings["gone"], "kind"), ["api_key_expired_in_use", "api_key_rotation_outage"]);
    // The spray went on over lunch, with one attempt less after it than before.
    let both: Vec<&Value> =
        ["grown", "shrunk", "same"].iter().flat_map(|name| findings[name].as_array().unwrap()).collect();
    let kinds: Vec<&str> = both.iter().map(|found| found["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["password_spraying"]);
    for found in both {
        let (old, new) = (&found["failures"]["old"], &found["failures"]["new"]);
        assert!(old.as_u64() > Some(0) && new.as_u64() > Some(0), "{found}");
        assert!(found["id_old"].is_string() && found["id_new"].is_string(), "{found}");
    }
    // Every group stands in one list, with the counts of the two reports.
    for (name, side) in [("old.json", "old"), ("new.json", "new")] {
        let groups = reports.read(name)["groups"].as_array().unwrap().clone();
        let lists = diff["groups"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
        let counts: Vec<u64> = lists.map(|group| group["count"][side].as_u64().unwrap()).collect();
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), groups.len(), "{side}");
        assert_eq!(counts.iter().sum::<u64>(), diff["totals"]["failed_attempts"][side].as_u64().unwrap(), "{side}");
    }
    assert_eq!(names(&diff["api_keys"]["gone"], "reason").len(), 4);
    assert_eq!(diff["old"]["filters"], json!(["until 2026-03-01T12:45:59.999Z (2026-03-01T12:45 in UTC)"]));
}

#[test]
fn a_report_does_not_differ_from_itself_and_mirrors_the_reverse() {
    let reports = Reports::new();
    let (old, new) = (reports.path("old.json"), reports.path("new.json"));
    let same = diff(&old, &old);
    for lists in [&same["findings"], &same["groups"], &same["api_keys"]] {
        for name in ["new", "gone", "grown", "shrunk"] {
            assert_eq!(lists[name], json!([]), "{name}");
        }
    }
    let (there, back) = (diff(&old, &new), diff(&new, &old));
    for lists in ["findings", "groups", "api_keys"] {
        for (one, other) in [("new", "gone"), ("grown", "shrunk"), ("gone", "new")] {
            let len = |diff: &Value, name: &str| diff[lists][name].as_array().unwrap().len();
            assert_eq!(len(&there, one), len(&back, other), "{lists} {one}");
        }
    }
    assert!(!back["notes"].as_array().unwrap().is_empty() || back["old"]["last"] == back["new"]["last"]);
}

#[test]
fn findings_are_the_same_by_what_they_are_about() {
    let reports = Reports::new();
    let mut report = reports.read("new.json");
    let findings = report["findings"].as_array_mut().unwrap();
    let at = findings.iter().position(|finding| finding["kind"] == "stale_credential").unwrap();
    findings[at]["id"] = json!("F99");
    findings[at]["failures"] = json!(10_000);
    let mut twin = findings[at].clone();
    twin["principals"] = json!(["somebody else"]);
    twin["sources"] = json!(["192.0.2.1"]);
    findings.push(twin);
    let changed = reports.write("changed.json", &report.to_string());
    let diff = diff(&reports.path("new.json"), &changed);
    assert_eq!(diff["findings"]["grown"][0]["id_new"], "F99");
    assert_eq!(diff["findings"]["new"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_no_report_is_named() {
    let reports = Reports::new();
    let old = reports.path("old.json");
    let version = std::fs::read_to_string(&old).unwrap().replacen("\"schema_version\": 1", "\"schema_version\": 2", 1);
    let keys = esaudit(&["keys", LOGS, "--format", "json"]).stdout;
    for (name, text, words) in [
        ("text.json", "not json", "no JSON report"),
        ("other.json", "{\"a\":1}", "no schema_version"),
        ("version.json", version.as_str(), "schema_version 2"),
        ("keys.json", std::str::from_utf8(&keys).unwrap(), "other verbs"),
        ("", "", "No such file"),
    ] {
        let path = if name.is_empty() { reports.path("absent.json") } else { reports.write(name, text) };
        for arguments in [["diff", &path, &old], ["diff", &old, &path]] {
            let Output { status, stderr, .. } = esaudit(&arguments);
            let message = String::from_utf8_lossy(&stderr);
            assert_eq!(status.code(), Some(2), "{name}");
            assert!(message.contains(words) && message.contains(&path), "{name}: {message}");
        }
    }
    assert_eq!(esaudit(&["diff", &old]).status.code(), Some(64));
}

#[test]
fn other_groupings_are_not_compared_and_the_exit_status_can_tell() {
    let reports = Reports::new();
    let by_source = reports.path("source.json");
    esaudit(&["report", LOGS, "--by", "source", "--top", "5", "-o", &by_source]);
    let diff = diff(&reports.path("old.json"), &by_source);
    let notes = diff["notes"].to_string();
    assert!(notes.contains("--by") && notes.contains("--top"), "{notes}");
    assert_eq!(diff["groups"]["new"], json!([]));
    let status = |severity: &str| {
        esaudit(&["diff", &reports.path("old.json"), &reports.path("new.json"), "--fail-on", severity]).status.code()
    };
    assert_eq!((status("critical"), status("medium"), status("info")), (Some(1), Some(1), Some(1)));
    let back = esaudit(&["diff", &reports.path("new.json"), &reports.path("old.json"), "--fail-on", "critical"]);
    assert_eq!(back.status.code(), Some(0));
}

#[test]
fn that_a_report_is_not_complete_is_said() {
    let reports = Reports::new();
    let mut cut = reports.read("old.json");
    cut["coverage"]["complete"] = json!(false);
    let cut = reports.write("cut.json", &cut.to_string());
    let notes = |old: &str, new: &str| diff(old, new)["notes"].as_array().unwrap().len();
    assert_eq!((notes(&cut, &cut), notes(&reports.path("old.json"), &reports.path("old.json"))), (2, 0));
}

#[test]
fn what_became_worse_is_news_though_nothing_more_was_counted() {
    let reports = Reports::new();
    let mut report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(reports.path("new.json")).unwrap()).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().position(|one| one["severity"] == "critical");
    report["findings"][finding.unwrap()]["severity"] = json!("medium");
    std::fs::write(reports.path("before.json"), report.to_string()).unwrap();
    let status = |old: &str, new: &str, severity: &str| {
        esaudit(&["diff", &reports.path(old), &reports.path(new), "--fail-on", severity]).status.code()
    };
    assert_eq!(status("before.json", "new.json", "critical"), Some(1));
    assert_eq!(status("before.json", "new.json", "high"), Some(1));
    assert_eq!(status("before.json", "new.json", "medium"), Some(0), "it was medium already");
    assert_eq!(status("new.json", "before.json", "info"), Some(0), "better");
    assert_eq!(status("new.json", "new.json", "info"), Some(0));
    let told = esaudit(&["diff", &reports.path("before.json"), &reports.path("new.json")]);
    assert!(String::from_utf8(told.stdout).unwrap().contains("was medium"));
}

#[test]
fn as_people_see_it() {
    let reports = Reports::new();
    for width in ["80", "120", "200"] {
        // The folder has a name of its own each time.
        let output = Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args(["diff", "old.json", "new.json", "--width", width, "--top", "4"])
            .current_dir(reports.0.path())
            .output()
            .unwrap();
        test_support::snapshot(&format!("diff-{width}.txt"), &String::from_utf8(output.stdout).unwrap());
    }
}
