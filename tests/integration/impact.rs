//! `esaudit impact`: reach exact to index, class, requests and events, and nothing of other people in it.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use test_support::breakin::{BreakIn, DAY, ELSEWHERE, ENTRY, HOUR, INTRUDER, KIBANA, SECOND, Setup, Truth, break_in};
use test_support::line::{Line, ZERO};
use test_support::{Inputs, esaudit};

fn run(arguments: &[&str]) -> String {
    let output = esaudit(&[&["impact", "-q"][..], arguments].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(&[&["--format", "json"], arguments].concat())).unwrap()
}

/// The impact of the finding that tells of the break-in.
fn of_finding(inputs: &Inputs, more: &[&str]) -> Value {
    of_finding_with(inputs, &[], more)
}

/// The same with options of the report.
fn of_finding_with(inputs: &Inputs, options: &[&str], more: &[&str]) -> Value {
    let logs = inputs.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let report = report.to_str().unwrap();
    let output = esaudit(&[&["report", "-q", logs, "-o", report][..], options].concat());
    assert_eq!(output.status.code(), Some(0));
    let read: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let findings = read["findings"].as_array().unwrap();
    let got_in = |finding: &&Value| !finding["after_entry"].is_null();
    let finding = findings.iter().find(got_in).unwrap_or_else(|| panic!("nobody got in: {findings:#?}"));
    json(&[&[finding["id"].as_str().unwrap(), "--report", report, logs][..], more].concat())
}

fn time(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn list<'v>(impact: &'v Value, name: &str) -> &'v [Value] {
    impact[name].as_array().unwrap()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// What an impact says, in the form of the truth.
fn told(impact: &Value) -> Truth {
    let mut truth = Truth { requests: impact["volume"]["requests"].as_u64().unwrap(), ..Truth::default() };
    for row in list(impact, "reached") {
        let key = (text(&row["index"]), text(&row["class"]).unwrap());
        assert_eq!(row["granted"], true);
        let counts = (row["count"].as_u64().unwrap(), row["events"].as_u64().unwrap());
        assert!(truth.reached.insert(key, counts).is_none(), "a row twice: {row}");
    }
    for row in list(impact, "denied") {
        let key = (text(&row["action"]).unwrap(), text(&row["index"]));
        truth.denied.insert(key, row["count"].as_u64().unwrap());
    }
    for deed in list(impact, "powerful") {
        let key = (text(&deed["action"]).unwrap(), deed["granted"].as_bool().unwrap());
        *truth.powerful.entry(key).or_default() += 1;
    }
    for made in list(impact, "persistence") {
        let key = (text(&made["kind"]).unwrap(), text(&made["name"]).unwrap());
        let sources = list(made, "use_sources").iter();
        let uses: BTreeMap<String, u64> =
            sources.map(|use_| (text(&use_["address"]).unwrap(), use_["count"].as_u64().unwrap())).collect();
        assert_eq!(made["uses"], uses.values().sum::<u64>(), "{made}");
        truth.persistence.insert(key, uses);
    }
    truth
}

#[track_caller]
fn assert_told(impact: &Value, break_in: &BreakIn) {
    assert_eq!(told(impact), break_in.truth);
}

#[test]
fn a_break_in_by_guessing_is_told_to_the_event() {
    for (seed, silent_node) in [(1, false), (2, true), (3, false)] {
        let known = break_in(Setup { seed, silent_node, ..Setup::default() });
        let impact = of_finding(&known.inputs, &[]);
        assert_told(&impact, &known);
        assert_eq!(impact["actor"]["sources"], serde_json::json!([INTRUDER]));
        let principals = serde_json::json!(["alice", "elastic", "elastic/fleet-server", "helpdesk2"]);
        assert_eq!(impact["actor"]["principals"], principals, "nobody else");
        assert_eq!(impact["actor"]["api_keys"], serde_json::json!(["LASTING-KEY"]));
        assert_eq!(impact["entered"], format!("{}.000Z", &time(ENTRY)[..19]));
        assert_eq!(impact["active_at_end"], false);
    }
}

#[test]
fn a_stolen_password_is_told_by_name_and_address() {
    let known = break_in(Setup { stolen: true, ..Setup::default() });
    let logs = known.inputs.path().to_str().unwrap();
    let impact = json(&["--principal", "alice", "--source", INTRUDER, logs]);
    assert_told(&impact, &known);
    let of_key = json(&["--key", "sync", logs]);
    assert_eq!(of_key["volume"]["requests"], 9, "four from the intruder's address and five from elsewhere");
    assert_eq!(of_key["actor"]["sources"], serde_json::json!([INTRUDER, ELSEWHERE]));
    let both = json(&["--key", "sync", "--source", ELSEWHERE, logs]);
    assert_eq!(both["volume"]["requests"], 5, "all have to hold");
    let nobody = json(&["--principal", "bob", "--source", INTRUDER, logs]);
    assert_eq!((nobody["volume"]["requests"].as_u64(), &nobody["entered"]), (Some(0), &Value::Null));
}

#[test]
fn through_kibana_everybody_has_one_address() {
    let known = break_in(Setup { stolen: true, by_kibana: true, ..Setup::default() });
    let logs = known.inputs.path().to_str().unwrap();
    let since = ["--since", &time(ENTRY), "--until", &time(ENTRY + 2 * HOUR)];
    let impact = json(&[&["--principal", "alice", "--source", KIBANA, logs][..], &since].concat());
    let mut told = told(&impact);
    assert_eq!(
        (&told.reached, &told.denied, &told.powerful),
        (&known.truth.reached, &known.truth.denied, &known.truth.powerful)
    );
    // Until then nothing was used from elsewhere.
    told.persistence.retain(|_, uses| !uses.is_empty());
    assert_eq!(told.persistence.into_keys().collect::<Vec<_>>(), [("api_key".to_owned(), "sync".to_owned())]);
}

#[test]
fn what_was_touched_before_is_told_apart() {
    let known = break_in(Setup::default());
    let impact = of_finding(&known.inputs, &[]);
    for row in list(&impact, "reached") {
        let before = row["index"].as_str().map(|index| index == "orders-old" || index.starts_with("logs-"));
        assert_eq!(row["new"].as_bool(), before.map(|before| !before), "{row}");
    }
    let mut without_history = Inputs::new();
    for (path, bytes) in known.inputs.sources() {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let begin = time(ENTRY - 300 * SECOND);
        let late: Vec<&str> = text.lines().filter(|line| line[30..49] >= *begin.trim_end_matches('Z')).collect();
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        without_history.add(name, &test_support::ended(&late));
    }
    let logs = without_history.path().to_str().unwrap();
    let impact = json(&["--principal", "alice", "--source", INTRUDER, logs]);
    assert!(list(&impact, "reached").iter().all(|row| row["new"].is_null()), "what came before is not known");
}

#[test]
fn the_same_bytes_however_it_is_read() {
    let known = break_in(Setup { silent_node: true, ..Setup::default() });
    let files: Vec<&str> = known.inputs.sources().iter().map(|(path, _)| path.as_str()).collect();
    let who = ["--principal", "alice", "--source", INTRUDER, "--format", "json"];
    let one = run(&[&who[..], &files, &["--threads", "1"]].concat());
    let backwards: Vec<&str> = files.iter().rev().copied().collect();
    for more in [&["--threads", "4"][..], &["--threads", "3", "--chunk-size", "4096"], &["--chunk-size", "777"]] {
        assert!(run(&[&who[..], &backwards, more].concat()) == one, "{more:?}");
    }
    // The same files again under other names: every event is one.
    let mut twice = Inputs::new();
    for (path, bytes) in known.inputs.sources() {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        twice.add(&format!("a/{name}"), bytes);
        twice.add_gzip(&format!("b/{name}.gz"), bytes);
    }
    let impact = json(&["--principal", "alice", "--source", INTRUDER, twice.path().to_str().unwrap()]);
    assert_told(&impact, &known);
}

#[test]
fn parts_tell_what_they_hold() {
    let known = break_in(Setup::default());
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("all.esa");
    let part = part.to_str().unwrap();
    let scan = esaudit(&["scan", "-q", known.inputs.path().to_str().unwrap(), "-o", part]);
    assert_eq!(scan.status.code(), Some(0), "{}", String::from_utf8_lossy(&scan.stderr));
    let impact = json(&["--principal", "alice", "--source", INTRUDER, part]);
    assert!(list(&impact, "reached").is_empty());
    let told = told(&impact);
    let mut powerful = known.truth.powerful.clone();
    powerful.retain(|(action, _), _| action != "indices:data/read/search");
    for (action, count) in &powerful {
        assert_eq!(told.powerful.get(action), Some(count), "{action:?}");
    }
    assert_eq!(told.denied, known.truth.denied);
    let lacks =
        list(&impact, "cannot_tell").iter().any(|sentence| sentence.as_str().unwrap().contains("parts do not hold it"));
    assert!(lacks, "{}", impact["cannot_tell"]);
}

#[test]
fn lists_of_thousands_are_counted_name_by_name() {
    let names: Vec<String> = (0..3000).map(|at| format!("logs-{at:05}")).collect();
    let lines: Vec<String> = (0..40)
        .map(|at| {
            let mut some = names.clone();
            some.remove(at);
            let line = Line::new(at as i64 * 1000, "access_granted").user("eve").text("user.realm", "native1");
            let line = line.text("origin.type", "rest").from("198.51.100.9:4000").request(&format!("q{at}"));
            let line = line.text("action", "indices:data/read/search");
            line.raw("indices", &serde_json::to_string(&some).unwrap()).end()
        })
        .collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let impact = json(&["--principal", "eve", inputs.path().to_str().unwrap()]);
    let rows = list(&impact, "reached");
    assert_eq!(rows.len(), 3000);
    let count = |index: &str| rows.iter().find(|row| row["index"] == index).unwrap()["count"].as_u64().unwrap();
    assert_eq!((count("logs-00000"), count("logs-00050")), (39, 40));
    assert_eq!(rows[0]["count"], 40);
    assert_eq!(rows[2999]["count"], 39, "by class, then requests");
}

/// An actor that names more indices than rows are told: the most frequent are listed, and that there were others.
#[test]
fn rows_beyond_the_most_are_told_to_be_missing() {
    let line = |at: i64, names: std::ops::Range<u32>| {
        let names: Vec<String> =
            names.map(|name| format!("logs-{name:05}")).chain([".security-7".to_owned()]).collect();
        let line = Line::new(at * 1000, "access_granted").user("eve").text("user.realm", "native1");
        let line = line.text("origin.type", "rest").from("198.51.100.9:4000").request(&format!("q{at}"));
        let line = line.text("action", "indices:data/read/search");
        line.raw("indices", &serde_json::to_string(&names).unwrap()).end()
    };
    let inputs = Inputs::of(&[("a.json", &[line(0, 0..30_000), line(1, 30_000..60_000), line(2, 59_000..60_000)])]);
    let impact = json(&["--principal", "eve", inputs.path().to_str().unwrap()]);
    let rows = list(&impact, "reached");
    assert_eq!((rows.len(), &rows[0]["index"], &rows[0]["count"]), (50_000, &".security-7".into(), &3.into()));
    assert_eq!(rows.iter().filter(|row| row["count"] == 2).count(), 1000, "the most frequent are among them");
    let told = "60,001 pairs of an index and a class were reached: the 50,000 most sensitive and frequent are listed.";
    assert!(list(&impact, "cannot_tell").contains(&told.into()), "{}", impact["cannot_tell"]);
    assert_eq!(impact["coverage"]["complete"], false);
}

/// Whose inputs a report names is for its maker to say: a file of the reader that is none of them does not count.
#[test]
fn a_file_that_only_looks_like_an_input_of_a_report_is_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let incident = test_support::root().join("testdata/incident");
    let copied = std::process::Command::new("cp").args(["-r", incident.to_str().unwrap(), &at("logs")]).status();
    assert!(copied.unwrap().success());
    let report = at("report.json");
    assert_eq!(esaudit(&["report", "-q", &at("logs"), "-o", &report]).status.code(), Some(0));
    let of = |report: &str| {
        let done = esaudit(&["impact", "-q", "F1", "--report", report, "--format", "json"]);
        (done.status.code(), serde_json::from_slice::<Value>(&done.stdout).unwrap())
    };
    let (status, own) = of(&report);
    assert_eq!((status, &own["coverage"]["complete"]), (Some(0), &true.into()));
    let actor = |name: &str| own["actor"][name][0].as_str().unwrap().to_owned();
    // Half a minute before midnight: after all that the log holds.
    let line = Line::new(12 * HOUR - 30 * SECOND, "access_granted");
    let line = line.user(&actor("principals")).text("user.realm", "default_native");
    let line = line.text("origin.type", "rest").from(&format!("{}:4000", actor("sources"))).request("foreign");
    let line = line.text("action", "indices:data/read/search").raw("indices", r#"["foreign"]"#).end();
    std::fs::write(at("foreign.json"), format!("{line}\n")).unwrap();
    let written: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let logs = written["coverage"]["inputs"].as_array().unwrap();
    let audit = logs.iter().position(|input| input["path"].as_str().unwrap().ends_with("es-1/prod_audit.json"));
    let mut crafted = written.clone();
    let mut added = logs[audit.unwrap()].clone();
    added["path"] = at("foreign.json").into();
    crafted["coverage"]["inputs"].as_array_mut().unwrap().push(added);
    std::fs::write(at("crafted.json"), crafted.to_string()).unwrap();
    let (status, told) = of(&at("crafted.json"));
    let problem = &told["coverage"]["problems"][0];
    assert_eq!((status, &told["coverage"]["complete"]), (Some(2), &false.into()));
    assert_eq!((&problem["path"], &problem["kind"]), (&at("foreign.json").into(), &"changed".into()));
    assert!(!told.to_string().contains("\"foreign\""), "{told:#}");
    assert_eq!((&told["volume"], &told["reached"]), (&own["volume"], &own["reached"]));
    // A log that has grown since is the same log; one that was replaced is not.
    let log = at("logs/es-1/prod_audit.json");
    let grown = std::fs::read_to_string(&log).unwrap() + &line + "\n";
    std::fs::write(&log, grown).unwrap();
    let (status, told) = of(&report);
    assert_eq!((status, &told["coverage"]["complete"]), (Some(0), &true.into()));
    assert!(told["reached"].to_string().contains("\"foreign\""), "{:#}", told["reached"]);
    std::fs::write(&log, format!("{line}\n")).unwrap();
    let (status, told) = of(&report);
    assert_eq!((status, &told["coverage"]["problems"][0]["path"]), (Some(2), &log.into()));
    assert!(!told["reached"].to_string().contains("\"foreign\""), "{:#}", told["reached"]);
}

#[test]
fn company_from_the_same_address_is_followed_and_programs_are_not() {
    let known = break_in(Setup::default());
    let mut inputs = Inputs::new();
    for (path, bytes) in known.inputs.sources() {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        inputs.add(name, bytes);
    }
    let more: Vec<String> = [("bob", "native1"), ("kibana_system", "reserved")]
        .into_iter()
        .map(|(user, realm)| {
            let line = Line::new(ENTRY + DAY, "access_granted").user(user).text("user.realm", realm);
            let line = line.text("origin.type", "rest").from(&format!("{INTRUDER}:4000")).request(&format!("q{user}"));
            line.text("action", "indices:data/read/search").raw("indices", r#"["board"]"#).end()
        })
        .collect();
    inputs.add("more.json", &test_support::ended(&more));
    let impact = of_finding(&inputs, &[]);
    let principals = impact["actor"]["principals"].as_array().unwrap();
    assert!(principals.contains(&"bob".into()) && !principals.contains(&"kibana_system".into()), "{principals:?}");
    let board: Vec<&Value> = list(&impact, "reached").iter().filter(|row| row["index"] == "board").collect();
    assert_eq!((board.len(), board[0]["count"].as_u64()), (1, Some(1)));
}

#[test]
fn the_same_reach_whatever_the_shape() {
    let reach = |shape: &str| {
        let options = ["--seed", "3", "--days", "0.3", "--rate", "0.1", "--plant", "account_compromise"];
        let (inputs, _) = test_support::generate(&[&options[..], &["--shape", shape]].concat());
        let told = told(&of_finding(&inputs, &[]));
        (told.reached, told.powerful, told.persistence, told.requests)
    };
    let native = reach("native");
    assert!(native.0.len() > 5, "{native:?}");
    for shape in ["ecs-nested", "elasticdump", "csv", "docker"] {
        assert_eq!(reach(shape), native, "{shape}");
    }
}

#[test]
fn ordinary_life_beside_it_is_not_suspicious() {
    let known = break_in(Setup::default());
    let report = known.inputs.report(&[]);
    let ordinary = ["bob", "carol", "dora", "root.admin", "svc-ci", "svc-backup", "kibana_system", "MOVE-KEY"];
    for finding in report.findings.iter().filter(|finding| finding.verdict != "operational") {
        let named = finding.principals.iter().chain(&finding.api_keys).find(|name| ordinary.contains(&name.as_str()));
        assert_eq!(named, None, "{}: {}", finding.kind, finding.title.plain());
    }
}

#[test]
fn undoing_names_what_was_made() {
    let known = break_in(Setup::default());
    let impact = of_finding(&known.inputs, &[]);
    let undo = |action: &str| {
        let deed = list(&impact, "powerful").iter().find(|deed| deed["action"] == action).unwrap();
        text(&deed["undo"])
    };
    let security = "cluster:admin/xpack/security";
    assert_eq!(undo(&format!("{security}/user/put")).unwrap(), "DELETE /_security/user/helpdesk2");
    assert_eq!(
        undo(&format!("{security}/api_key/create")).unwrap(),
        r#"DELETE /_security/api_key with {"ids":["LASTING-KEY"]}"#
    );
    assert_eq!(
        undo(&format!("{security}/service_account/token/create")).unwrap(),
        "DELETE /_security/service/elastic/fleet-server/credential/token/t1"
    );
    assert_eq!(undo("indices:admin/delete"), None, "what is deleted is gone");
}

#[test]
fn wrong_usage_is_told() {
    let status = |arguments: &[&str]| {
        let output = esaudit(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = status(&["impact", "testdata/incident"]);
    assert_eq!(code, Some(64));
    assert!(said.contains("whose deeds?"), "{said}");
    let (code, said) = status(&["impact", "F1", "--report", "testdata/incident.truth.json", "testdata/incident"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("not a JSON report"), "{said}");
}

/// Where the actor of a finding comes from next is followed if it is outside, and what is outside is the organisation's to say.
#[test]
fn networks_of_the_organisation_are_not_followed() {
    let granted = |time: i64, user: &str, source: &str, index: &str| {
        let event = Line::new(time, "access_granted").user(user).text("origin.type", "rest").from(source);
        event
            .text("action", "indices:data/read/search")
            .raw("indices", &format!(r#"["{index}"]"#))
            .request(&time.to_string())
            .end()
    };
    let mut lines = Vec::new();
    for hour in 0..96 {
        lines.extend(
            (0..12).map(|at| granted(hour * HOUR + at, &format!("user{at}"), &format!("10.0.0.{at}:1"), "logs")),
        );
        lines.push(granted(hour * HOUR + 20, "anna", "10.0.1.5:1", "hr"));
    }
    for at in 0..200 {
        let tried = Line::new(72 * HOUR + 100 + at * 3 * SECOND + at * at % 700, "authentication_failed").user("anna");
        lines.push(tried.text("origin.type", "rest").from("198.51.100.7:1").request(&format!("f{at}")).end());
    }
    lines.extend((0..5).map(|at| granted(72 * HOUR + 700 * SECOND + at * 9 * SECOND, "anna", "198.51.100.7:1", "hr")));
    lines.extend((0..3).map(|at| granted(80 * HOUR + 100 + at * 9 * SECOND, "anna", "203.0.113.9:1", "pay")));
    lines.sort_by_key(|line| line[..60].to_owned());
    let inputs = Inputs::of(&[("es_audit.json", &lines)]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("networks.toml");
    std::fs::write(&config, "[surroundings]\ninternal_networks = [\"10.0.0.0/8\", \"203.0.113.0/24\"]\n").unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let pay = |report: &[&str], impact: &[&str]| {
        let reached = of_finding_with(&inputs, report, impact);
        list(&reached, "reached").iter().any(|row| row["index"] == "pay")
    };
    assert!(pay(&[], &[]), "anna came from a new place outside");
    assert!(!pay(&[], &config), "it is one of the organisation's");
    assert!(!pay(&config, &[]), "the report was told so");
}
