//! Filters: what they leave, what they leave out, and that what is left is told as without them.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;
use test_support::esaudit;

const LOGS: &str = "testdata/incident";

fn run(verb: &str, options: &[&str]) -> String {
    let output = esaudit(&[&[verb, LOGS][..], options].concat());
    assert_eq!(output.status.code(), Some(0), "{verb} {options:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn report(options: &[&str]) -> Value {
    serde_json::from_str(&run("report", &[&["--format", "json"], options].concat())).unwrap()
}

/// The attempts, one a line. What is asked twice is run once.
fn events(options: &[&str]) -> Vec<Value> {
    static KNOWN: Mutex<BTreeMap<Vec<String>, String>> = Mutex::new(BTreeMap::new());
    let key: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    let known = KNOWN.lock().unwrap().get(&key).cloned();
    let text = known.unwrap_or_else(|| {
        let text = run("events", options);
        KNOWN.lock().unwrap().insert(key, text.clone());
        text
    });
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Attempts are the same in full where their lines are the same.
fn set(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(Value::to_string).collect()
}

/// Every option with a value that some attempts of the incident have and others do not.
const SOME: [(&str, &str); 16] = [
    ("--principal", "rosa.moreau1"),
    ("--principal", "svc-*"),
    ("--principal", "*"),
    ("--source", "198.18.2.140"),
    ("--source", "198.18.0.0/15"),
    ("--source", "10.40.3.4?"),
    ("--realm", "ldap1"),
    ("--realm", "default_*"),
    ("--node", "es-3"),
    ("--node", "AbLz_MujROipd6THt-sQYg"),
    ("--reason", "bad_password"),
    ("--reason", "api_key_*"),
    ("--action", "anonymous_access_denied"),
    ("--action", "authentication_*"),
    ("--key", "billing-key-*"),
    ("--key", "rzrt1XHfRGZktPOSBH_G"),
];

#[test]
fn a_filter_and_its_opposite_share_out_everything() {
    let all = set(&events(&[]));
    for (option, value) in SOME {
        let (with, without) = (set(&events(&[option, value])), set(&events(&[option, &format!("!{value}")])));
        assert!(!with.is_empty() && !without.is_empty(), "{option} {value}");
        assert!(with.is_disjoint(&without), "{option} {value}");
        assert_eq!(&with | &without, all, "{option} {value}: what is left is told as without a filter");
    }
}

#[test]
fn reports_count_what_is_left_and_say_what_is_not() {
    let whole = report(&[]);
    assert_eq!(whole.get("filters"), None);
    let all = whole["totals"]["failed_attempts"].as_u64().unwrap();
    let changes = whole["security_changes"].as_array().unwrap().len() as u64;
    for (option, value) in SOME {
        let report = report(&[option, value]);
        let left = events(&[option, value]).len() as u64;
        let about = format!("{option} {value}");
        let filters = &report["filters"];
        assert_eq!(report["totals"]["failed_attempts"], left, "{about}");
        assert_eq!(filters["attempts_left_out"], all - left, "{about}");
        let told = report["security_changes"].as_array().unwrap().len() as u64;
        assert_eq!(filters["changes_left_out"], changes - told, "{about}");
        let in_force = filters["in_force"].as_array().unwrap();
        assert_eq!(in_force, &[Value::from(format!("{} {value}", &option[2..]))]);
        assert_eq!(report["parameters"]["filters"][&option[2..]], serde_json::json!([value]), "{about}");
        let sum = |list: &Value, count: fn(&Value) -> u64| list.as_array().unwrap().iter().map(count).sum::<u64>();
        assert_eq!(sum(&report["groups"], |group| group["count"].as_u64().unwrap()), left, "{about}");
        let buckets = sum(&report["timeline"]["buckets"], |bucket| {
            bucket["authentication_failed"].as_u64().unwrap() + bucket["anonymous_access_denied"].as_u64().unwrap()
        });
        assert_eq!(buckets, left, "{about}");
        assert_eq!(sum(&report["tops"]["reasons"], |top| top["count"].as_u64().unwrap()), left, "{about}");
        assert_eq!(report["coverage"]["audit_events"], whole["coverage"]["audit_events"], "{about}: what was read");
    }
}

#[test]
fn alternatives_of_one_option_add_up_and_options_all_hold() {
    let two = set(&events(&["--principal", "rosa.moreau1", "--principal", "anna.moreau1"]));
    let (one, other) = (set(&events(&["--principal", "rosa.moreau1"])), set(&events(&["--principal", "anna.moreau1"])));
    assert_eq!(two, &one | &other);
    let both = set(&events(&["--principal", "rosa.moreau1", "--source", "198.18.2.116"]));
    assert_eq!(both, &one & &set(&events(&["--source", "198.18.2.116"])));
    let but = set(&events(&["--principal", "*.moreau1", "--principal", "!rosa.moreau1"]));
    assert_eq!(but, &set(&events(&["--principal", "*.moreau1"])) - &one);
    // What has no principal is left where everything that has one is excluded.
    assert!(events(&["--principal", "!*"]).iter().all(|event| event["principal"].is_null()));
}

#[test]
fn times_cut_where_they_say() {
    let all = events(&[]);
    let time = |event: &Value| event["time"].as_str().unwrap().to_owned();
    let within = |from: &str, to: &str| {
        all.iter().filter(|event| from <= time(event).as_str() && time(event).as_str() <= to).count()
    };
    let last = report(&[])["coverage"]["last"].as_str().unwrap().to_owned();
    let hour_before = last.replace("T23:", "T22:");
    for (options, from, to) in [
        (&["--since", "2026-03-01T12:00:00Z"][..], "2026-03-01T12:00:00.000Z", "3"),
        (&["--until", "2026-03-01T12:00:00Z"], "", "2026-03-01T12:00:00.999Z"),
        (&["--until", "2026-03-01T12:38"], "", "2026-03-01T12:38:59.999Z"),
        (&["--since", "2026-03-01", "--until", "2026-03-01"], "", "3"),
        (&["--since", "end-1h"], hour_before.as_str(), "3"),
        (&["--until", "start+1h"], "", "2026-03-01T01:00:00.477Z"),
        (&["--since", "2026-03-01T14:00", "--tz", "+02:00"], "2026-03-01T12:00:00.000Z", "3"),
        (&["--since", "2h ago"], "3", "3"),
        (&["--until", "now"], "", "3"),
    ] {
        assert_eq!(events(options).len(), within(from, to), "{options:?}");
    }
}

#[test]
fn findings_know_what_was_before_but_not_what_came_later() {
    let told = |options: &[&str], member: &str| -> Vec<String> {
        let report = report(options);
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding[member].as_str().unwrap().to_owned()).collect()
    };
    let kinds = |options: &[&str]| told(options, "kind");
    // Somebody got in at 12:53:19.
    let user = ["--principal", "rosa.moreau1"];
    assert_eq!(kinds(&user)[0], "account_compromise");
    // One success at the end of what is left is enough to tell it.
    let just_in = [&user[..], &["--until", "2026-03-01T12:53"]].concat();
    assert_eq!(kinds(&just_in), ["account_compromise"]);
    assert!(["high", "critical"].contains(&told(&just_in, "severity")[0].as_str()));
    assert_eq!(kinds(&[&user[..], &["--until", "2026-03-01T12:52"]].concat()), ["password_guessing"]);
    // The key worked before.
    assert_eq!(kinds(&["--since", "2026-03-01T11:36:20", "--source", "10.40.3.41"]), ["api_key_rotation_outage"]);
}

#[test]
fn who_ended_a_key_is_known_though_the_change_is_left_out() {
    let report = report(&["--source", "10.40.3.41"]);
    assert_eq!(report["security_changes"], Value::Array(Vec::new()));
    assert_eq!(report["totals"]["api_key_invalidations"], 0);
    let key = &report["api_keys"]["failing"][0];
    assert_eq!((&key["invalidated_by"], &key["count"]), (&Value::from("root.admin"), &Value::from(15)));
    assert_eq!(report["findings"][0]["kind"], "api_key_rotation_outage");
}

#[test]
fn changes_are_found_by_who_made_them_and_whom_they_are_about() {
    let actions = |options: &[&str]| -> Vec<String> {
        let report = report(options);
        let changes = report["security_changes"].as_array().unwrap().clone();
        changes.iter().map(|change| change["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions(&["--principal", "rosa.moreau1"]), ["create_apikey"]);
    // Made by root.admin; about this user, and about keys of this owner.
    assert_eq!(actions(&["--principal", "svc-exporter-617"]), ["change_password"]);
    assert_eq!(actions(&["--principal", "app-billing-620"]), ["invalidate_apikeys"]);
    assert_eq!(actions(&["--key", "billing-key-620"]), ["invalidate_apikeys", "create_apikey"]);
    assert_eq!(actions(&["--action", "invalidate*"]), ["invalidate_apikeys"]);
    assert_eq!(actions(&["--reason", "bad_password"]), [""; 0]);
}

#[test]
fn keys_are_chosen_by_name_and_by_what_is_left_of_them() {
    let ids = |options: &[&str]| -> Vec<String> {
        let keys: Value = serde_json::from_str(&run("keys", &[&["--format", "json"], options].concat())).unwrap();
        keys["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--key", "billing-key-620"]), ["a2_Uc5MjkSaaTapyPuJL", "rzrt1XHfRGZktPOSBH_G"]);
    assert_eq!(ids(&["--source", "10.40.3.41"]), ["a2_Uc5MjkSaaTapyPuJL", "rzrt1XHfRGZktPOSBH_G"]);
    assert_eq!(ids(&["--source", "10.40.3.41", "--since", "2026-03-01T12:00"]), ["a2_Uc5MjkSaaTapyPuJL"]);
    let all = ids(&[]).len();
    assert_eq!(ids(&["--key", "!billing-key-620"]).len(), all - 2);
}

#[test]
fn tables_say_which_filters_are_in_force_and_tell_times_in_the_zone() {
    let table = run("report", &["--principal", "rosa*", "--since", "end-12h", "--tz", "Europe/Berlin"]);
    for words in [
        "all times are Europe/Berlin",
        "Filters   since 2026-03-01 12:59:06 +01:00 (end-12h); principal rosa*",
        "they leave out 745 failed attempts, 3 security changes",
        "03-01 13:38:31 – 14:02:43",
        "then a success from there at 2026-03-01 13:53:19 +01:00",
    ] {
        let flat = table.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&words.split_whitespace().collect::<Vec<_>>().join(" ")), "{words}\n{table}");
    }
    let utc = run("report", &["--format", "json"]);
    assert_eq!(run("report", &["--format", "json", "--tz", "Europe/Berlin"]), utc, "JSON is in UTC");
}
