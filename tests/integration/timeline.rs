//! `esaudit timeline`: the story of one actor.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use test_support::line::Line;
use test_support::{Inputs, esaudit};

const LOGS: &str = "testdata/incident";

fn run(options: &[&str]) -> String {
    let output = esaudit(&[&["timeline"][..], options].concat());
    assert_eq!(output.status.code(), Some(0), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn story(options: &[&str]) -> Value {
    serde_json::from_str(&run(&[&["--format", "json"], options].concat())).unwrap()
}

/// Kind, count and what else tells entries apart.
fn told(story: &Value) -> Vec<String> {
    let entries = story["entries"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    entries
        .map(|entry| {
            let what = if entry["reason"].is_null() { &entry["action"] } else { &entry["reason"] };
            format!("{} {} {} {}", &text(&entry["start"])[11..19], text(&entry["kind"]), entry["count"], text(what))
        })
        .collect()
}

fn failed(second: i64, user: &str, source: &str) -> String {
    Line::new(second * 1000, "authentication_failed").user(user).from(source).request(&format!("f{second}{user}")).end()
}

fn granted(second: i64, user: &str, source: &str) -> String {
    let line = Line::new(second * 1000, "access_granted").user(user).text("user.realm", "native1").from(source);
    line.text("origin.type", "rest")
        .text("action", "indices:data/read/search")
        .request(&format!("g{second}{user}"))
        .end()
}

#[test]
fn a_break_in_from_beginning_to_end() {
    let story = story(&["--principal", "rosa.moreau1", LOGS]);
    assert_eq!(
        told(&story),
        [
            "12:38:31 failures 40 bad_password",
            "12:53:19 successes 25 -",
            "12:58:13 change 1 create_apikey",
            "12:58:43 successes 24 -",
        ]
    );
    let entry = &story["entries"][0];
    // The break-in, and the spray that it came of.
    assert_eq!(entry["findings"], serde_json::json!(["F1", "F2"]));
    assert_eq!(entry["sources"], serde_json::json!(["198.18.2.140"]));
    assert_eq!(entry["evidence"].as_array().unwrap().len(), 2);
    assert_eq!(story["entries"][3]["api_key_name"], "backup-sync");
    let kinds: Vec<&str> = story["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["account_compromise", "password_spraying"]);
    assert_eq!(story["totals"]["failures"], 40);
}

#[test]
fn a_key_from_use_to_refusal() {
    let story = story(&["--key", "rzrt1XHfRGZktPOSBH_G", LOGS]);
    assert_eq!(
        told(&story),
        [
            "00:00:05 successes 2934 -",
            "11:36:05 change 1 invalidate_apikeys",
            "11:36:34 failures 15 api_key_invalidated"
        ]
    );
    assert_eq!(story["entries"][1]["principals"], serde_json::json!(["root.admin"]));
}

#[test]
fn an_address_that_tries_many_users_is_told_together() {
    let story = story(&["--source", "198.18.2.116", LOGS]);
    let counts: Vec<(u64, u64)> = story["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["count"].as_u64().unwrap(), entry["principals_total"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [(16, 8), (10, 6), (6, 4)]);
    assert_eq!(story["totals"]["failures"], 32);
    assert_eq!(story["findings"][0]["kind"], "password_spraying");
}

#[test]
fn repeats_are_summed_up_and_turns_and_pauses_shown() {
    let source = "198.51.100.7:40000";
    let mut lines: Vec<String> = (0..5).map(|at| failed(at * 8, "kim", source)).collect();
    lines.push(granted(33, "kim", source));
    lines.extend((0..4).map(|at| failed(40 + at * 8, "kim", source)));
    // Two hours later, once more.
    lines.push(failed(7300, "kim", source));
    lines.push(failed(7301, "lee", "198.51.100.8:1"));
    let inputs = Inputs::of(&[("audit.json", &lines)]);
    let path = inputs.path().to_str().unwrap();
    let story = story(&["--principal", "kim", path]);
    assert_eq!(
        told(&story),
        [
            "12:00:00 failures 5 unknown",
            "12:00:33 successes 1 -",
            "12:00:40 failures 4 unknown",
            "14:01:40 failures 1 unknown",
        ]
    );
    let entries = story["entries"].as_array().unwrap();
    assert_eq!(entries[0]["every_seconds"], 8.0);
    assert_eq!((&entries[0]["quiet_seconds"], &entries[3]["quiet_seconds"]), (&Value::Null, &Value::from(7236)));
    let table = run(&["--principal", "kim", path]);
    for words in ["4 more in 32 s, every 8 s", "2 h without any of this", "got in"] {
        assert!(table.contains(words), "{words}\n{table}");
    }
}

#[test]
fn whose_story_must_be_said() {
    for options in [&[][..], &["--principal", "!kim"], &["--node", "es-1"]] {
        let output = esaudit(&[&["timeline", LOGS][..], options].concat());
        assert_eq!(output.status.code(), Some(64), "{options:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--principal"), "{options:?}");
    }
    let nobody = run(&["--principal", "nobody", LOGS]);
    assert!(nobody.contains("Nothing in these logs is about that actor."), "{nobody}");
}

#[test]
fn hostile_names_reach_no_terminal_raw() {
    let lines = [failed(0, "\u{1b}[2Jkim", "198.51.100.7:1"), failed(1, "\u{202e}mik", "198.51.100.7:1")];
    let inputs = Inputs::of(&[("audit.json", &lines)]);
    let path = inputs.path().to_str().unwrap();
    for format in ["table", "json"] {
        let told = run(&["--source", "198.51.100.7", "--format", format, path]);
        assert!(told.contains("kim") && !told.contains(['\u{1b}', '\u{202e}']), "{told}");
    }
}

#[test]
fn the_same_bytes_whatever_threads_and_chunks() {
    let options = ["--source", "10.*", "--format", "json", LOGS];
    let one = run(&[&options[..], &["--threads", "1"]].concat());
    assert_eq!(run(&[&options[..], &["--threads", "4", "--chunk-size", "3000"]].concat()), one);
}

#[test]
fn as_people_see_it() {
    for width in ["80", "120", "200"] {
        let shown = run(&["--principal", "rosa.moreau1", "--source", "198.18.0.0/15", "--width", width, LOGS]);
        test_support::snapshot(&format!("timeline-{width}.txt"), &shown);
    }
}

/// A user at work: a search, a refusal, a snapshot, a deletion by a policy, a user made, a run as another.
fn deeds() -> Inputs {
    let of = |second: i64, event: &str, action: &str, indices: &str| {
        let line = Line::new(second * 1000, event).user("kim").text("user.realm", "native1");
        let line = line.text("origin.type", "rest").from("10.1.1.1:4000").request(&format!("r{second}"));
        line.text("action", action).raw("indices", indices)
    };
    let put = "cluster:admin/xpack/security/user/put";
    let by_node = Line::new(90_000, "access_granted").user("kim").text("user.realm", "native1");
    let by_node = by_node.text("origin.type", "local_node").from("10.0.0.1:9300").request("r90");
    let lines = [
        of(10, "access_granted", "indices:data/read/search", r#"["orders"]"#).end(),
        of(20, "access_denied", "indices:data/read/search", r#"["payroll"]"#).end(),
        of(30, "access_granted", "cluster:admin/snapshot/create", r#"["orders"]"#).end(),
        of(40, "access_granted", put, "[]").end(),
        Line::new(40_001, "put_user").request("r40").raw("put", r#"{"user":{"name":"new"}}"#).end(),
        of(50, "run_as_granted", "indices:data/read/get", r#"["hr"]"#).text("user.run_as.name", "elastic").end(),
        by_node.text("action", "indices:admin/delete").raw("indices", r#"["old"]"#).end(),
        Line::new(95_000, "access_granted")
            .user("lea")
            .from("10.1.1.2:1")
            .text("origin.type", "rest")
            .request("x")
            .end(),
        Line::new(96_000, "tampered_request").from("10.9.9.9:1").request("t").end(),
        Line::new(97_000, "connection_denied").from("203.0.113.5:1").text("rule", "deny _all").end(),
        Line::new(98_000, "connection_denied").from("203.0.113.5:2").text("rule", "deny _all").end(),
    ];
    Inputs::of(&[("a.json", &lines)])
}

#[test]
fn powerful_actions_are_rows_and_kinds_can_be_chosen() {
    let inputs = deeds();
    let logs = inputs.path().to_str().unwrap();
    let kinds = |more: &[&str]| {
        let story = story(&[&["--principal", "kim", logs][..], more].concat());
        let entries = story["entries"].as_array().unwrap().clone();
        entries
            .into_iter()
            .map(|entry| format!("{} {}", entry["kind"].as_str().unwrap(), entry["action"].as_str().unwrap_or("-")))
            .collect::<Vec<_>>()
    };
    let powerful =
        ["powerful cluster:admin/snapshot/create", "powerful run_as_granted", "powerful indices:admin/delete"];
    assert_eq!(kinds(&["--kind", "powerful,changes"]), [powerful[0], "change put_user", powerful[1], powerful[2]]);
    let alone = "powerful cluster:admin/xpack/security/user/put";
    assert_eq!(kinds(&["--kind", "powerful"]), [powerful[0], alone, powerful[1], powerful[2]]);
    assert_eq!(kinds(&["--kind", "denied"]), ["denials indices:data/read/search"]);
    assert_eq!(kinds(&["--kind", "failures"]), Vec::<String>::new());
    assert_eq!(kinds(&[]).len(), 6);
    let shown = run(&["--principal", "kim", "--kind", "powerful", logs]);
    for words in ["took a snapshot: orders", "ran as another: elastic", "by the node itself"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn single_events_of_those_who_are_named() {
    let inputs = deeds();
    let logs = inputs.path().to_str().unwrap();
    let events = |more: &[&str]| {
        let output = esaudit(&[&["events", "-q", logs][..], more].concat());
        let told = String::from_utf8(output.stdout).unwrap();
        let line = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| event[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", &text("time")[17..19], text("kind"), text("es_action"), text("index"))
        };
        (output.status.code(), told.lines().map(line).collect::<Vec<_>>())
    };
    let all = ["--principal", "kim", "--kind", "attempts,successes,denied,changes,powerful"];
    let (code, told) = events(&all);
    assert_eq!(code, Some(0));
    assert_eq!(
        told,
        [
            "10 success indices:data/read/search orders",
            "20 denied indices:data/read/search payroll",
            "30 powerful cluster:admin/snapshot/create orders",
            "30 success cluster:admin/snapshot/create orders",
            "40 powerful cluster:admin/xpack/security/user/put -",
            "40 success cluster:admin/xpack/security/user/put -",
            "40 change - -",
            "50 powerful indices:data/read/get hr",
            "30 powerful indices:admin/delete old",
        ]
    );
    assert_eq!(events(&["--principal", "kim", "--kind", "denied"]).1.len(), 1);
    assert_eq!(events(&["--principal", "kim", "--kind", "successes", "--index", "orders"]).1.len(), 2);
    assert_eq!(events(&["--kind", "successes"]).0, Some(64), "of everybody they are most of a log");
    assert_eq!(events(&["--kind", "attempts,changes"]).1, ["40 change - -"]);
}

#[test]
fn a_report_has_who_ran_as_another_and_who_was_turned_away() {
    let inputs = deeds();
    let report = inputs.report(&[]);
    let run_as = &report.run_as[0];
    assert_eq!((run_as.principal.as_deref(), run_as.run_as.as_deref()), (Some("kim"), Some("elastic")));
    assert_eq!((run_as.granted, run_as.count, report.run_as_total), (true, 1, 1));
    let away: Vec<(&str, Option<&str>, u64)> =
        report.turned_away.iter().map(|row| (row.action.as_str(), row.source.as_deref(), row.count)).collect();
    assert_eq!(away, [("connection_denied", Some("203.0.113.5"), 2), ("tampered_request", Some("10.9.9.9"), 1)]);
    let logs = inputs.path().to_str().unwrap();
    let shown = esaudit(&["report", "-q", logs, "--width", "120"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for heading in ["Acting as somebody else", "Tampered requests", "Connections that an IP filter refused"] {
        assert!(shown.contains(heading), "{heading}: {shown}");
    }
    let others = inputs.report(&["--source", "10.1.1.1"]);
    assert!(others.turned_away.is_empty() && others.run_as_total == 1);
}

/// Of 100 alike 64 are kept: a table without room for that says so on standard error, and only where it is about who did them.
#[test]
fn powerful_actions_that_are_counted_only_are_told() {
    let act = |at: i64| {
        let line = Line::new(at * 1000, "access_granted").user("kim").from("10.0.0.1:5").request(&format!("r{at}"));
        line.text("origin.type", "rest").text("action", "indices:admin/delete").raw("indices", r#"["x"]"#).end()
    };
    let lines: Vec<String> = (0..100).map(act).chain([granted(200, "lea", "10.0.0.2:5")]).collect();
    let inputs = Inputs::of(&[("a.json", &lines[..])]);
    let logs = inputs.path().to_str().unwrap();
    let timeline = |options: &[&str]| {
        let output = esaudit(&[&["timeline", "-q", logs][..], options].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let told =
        "esaudit: 36 powerful actions are left out: of each kind (who, from where, which action) the first are kept\n";
    let (code, errors, rows) = timeline(&["--principal", "kim", "--format", "csv"]);
    assert_eq!((code, errors.as_str()), (Some(2), told));
    assert!(rows.contains(",64,"), "{rows}");
    for whole in [
        &["--principal", "lea"][..],
        &["--principal", "kim", "--kind", "failures"],
        &["--principal", "kim", "--until", "2026-03-01T12:01:00Z"],
    ] {
        let (code, errors, _) = timeline(&[whole, &["--format", "csv"]].concat());
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{whole:?}");
    }
    let (code, errors, text) = timeline(&["--principal", "kim", "--format", "json"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let story: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(story["coverage"]["complete"], false);
    assert!(story["coverage"]["cannot_tell"].to_string().contains("36 more powerful actions"), "{text}");
    let of_others: Value = serde_json::from_str(&timeline(&["--principal", "lea", "--format", "json"]).2).unwrap();
    assert_eq!(of_others["coverage"]["complete"], true);
}
