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
    assert_eq!(entry["findings"], serde_json::json!(["F1"]));
    assert_eq!(entry["sources"], serde_json::json!(["198.18.2.140"]));
    assert_eq!(entry["evidence"].as_array().unwrap().len(), 2);
    assert_eq!(story["entries"][3]["api_key_name"], "backup-sync");
    let kinds: Vec<&str> = story["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["account_compromise"]);
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
