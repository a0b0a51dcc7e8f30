//! `esaudit check`: what logs and settings would not show when they are needed.

use serde_json::{Value, json};
use test_support::{Inputs, esaudit, generate};

use crate::context::{check, failed, inputs, users};

#[test]
fn checks_name_what_would_not_show() {
    let lines = [failed(1, "known")];
    let inputs = inputs(&lines, &users(&["elastic", "known"]), Some("2026-03-01T12:00:00Z"));
    let report = check(&[inputs.path()], &[]);
    let ids: Vec<&str> = report["checks"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    for id in [
        "anonymous_access",
        "event_not_written.realm_authentication_failed",
        "event_not_written.authentication_success",
        "no_server_log",
        "retention_short",
    ] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }
    for one in report["checks"].as_array().unwrap() {
        assert!(!one["why"].as_array().unwrap().is_empty() && !one["fix"].as_array().unwrap().is_empty(), "{one}");
    }
    // Dumps alone are enough; nothing at all is not.
    let dump = inputs.path().join("dump");
    assert_eq!(esaudit(&["check", dump.to_str().unwrap(), "--quiet"]).status.code(), Some(0));
    let hard = esaudit(&["check", dump.to_str().unwrap(), "--quiet", "--fail-on", "medium"]);
    assert_eq!(hard.status.code(), Some(1));
    let empty = Inputs::of(&[("x.txt", &["nothing"])]);
    assert_eq!(esaudit(&["check", empty.path().to_str().unwrap(), "--quiet"]).status.code(), Some(2));
}

#[test]
fn checks_find_what_the_generator_left_open() {
    let options = "--seed 44 --days 0.1 --rate 0.2 --no-realm-events es-2 --dumps";
    let (inputs, truth) = generate(&options.split(' ').collect::<Vec<_>>());
    let report = check(&[&inputs.path().join("logs")], &[]);
    let of = |id: &str| report["checks"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    let silent = truth["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "es-2").unwrap();
    assert_eq!(of("event_not_written.realm_authentication_failed")["nodes"], json!([silent["id"]]));
    assert_eq!(of("account_superuser")["principals"], json!(["root.admin"]));
    assert_eq!(of("certificate_ends")["severity"], "medium");
    assert!(of("key_without_expiration")["api_keys"].as_array().unwrap().len() > 5);
}

/// What the check of clocks says.
fn clock_offset(report: &Value) -> Option<&Value> {
    report["checks"].as_array().unwrap().iter().find(|one| one["id"] == "clock_offset")
}

/// An allowed action of a request on a node, by its number; requests come one a minute.
fn granted(request: usize, node: &str, second: usize, origin: &str, action: &str) -> String {
    let (hour, minute) = (request / 60 % 24, request % 60);
    format!(
        r#"{{"type":"audit", "timestamp":"2026-03-01T{hour:02}:{minute:02}:{second:02},000+0000", "node.id":"{node}", "event.type":"transport", "event.action":"access_granted", "authentication.type":"REALM", "user.name":"admin", "user.realm":"default_native", "origin.type":"{origin}", "origin.address":"10.1.1.9:100", "request.id":"q{request}", "action":"{action}", "request.name":"SomeRequest"}}"#
    )
}

#[test]
fn clocks_are_compared_by_shared_requests() {
    for action in ["cluster:admin/xpack/security/user/put", "indices:data/read/search"] {
        let lines: Vec<String> = (1..6)
            .flat_map(|at| [granted(at, "n1", 0, "rest", action), granted(at, "n2", 7, "transport", action)])
            .collect();
        let inputs = Inputs::of(&[("a.json", &lines)]);
        let report = check(&[inputs.path()], &[]);
        assert_eq!(clock_offset(&report).unwrap()["title"], "The clock of n2 is 7 s ahead of that of n1");
        // A difference of two requests may be chance.
        let few = Inputs::of(&[("a.json", &lines[..4])]);
        assert_eq!(clock_offset(&check(&[few.path()], &[])), None);
    }
}

#[test]
fn clocks_are_compared_by_a_sample_of_many_requests_however_these_are_read() {
    let of_node = |node: &str, second: usize, origin: &str| -> Vec<String> {
        let action = "indices:data/read/search[phase/query]";
        (0..9000).map(|at| granted(at, node, second, origin, action)).collect()
    };
    let inputs = Inputs::of(&[
        ("n1/a.json", &of_node("n1", 30, "rest")),
        ("n2/a.json", &of_node("n2", 25, "transport")),
        // The coordinating node of requests that no other node of these logs met.
        (
            "n3/a.json",
            &(0..5000).map(|at| granted(20_000 + at, "n3", 0, "rest", "indices:data/read/get")).collect::<Vec<_>>(),
        ),
    ]);
    let whole = check(&[inputs.path()], &["--threads", "1"]);
    let offset = clock_offset(&whole).unwrap();
    assert_eq!(offset["title"], "The clock of n1 is 5 s ahead of that of n2");
    assert_eq!(offset["nodes"], json!(["n1", "n2"]));
    let told = offset["why"][0].as_str().unwrap();
    let requests: usize = told.split(' ').next().unwrap().parse().unwrap();
    assert!((200..9000).contains(&requests), "{told}");
    assert_eq!(check(&[inputs.path()], &["--threads", "2"])["checks"], whole["checks"]);
    let parts = ["n3", "n1", "n2"].map(|node| {
        let (folder, part) = (inputs.path().join(node), inputs.path().join(format!("{node}.esa")));
        let [folder, out] = [&folder, &part].map(|path| path.to_str().unwrap());
        assert!(esaudit(&["scan", folder, "-o", out, "--quiet"]).status.success());
        part
    });
    assert_eq!(check(&parts.each_ref().map(|part| part.as_path()), &[])["checks"], whole["checks"]);
}

#[test]
fn missing_rolled_files_are_told() {
    let line = [failed(1, "a")];
    let inputs = Inputs::of(&[
        ("n/c_audit-2026-03-01-1.json", &line),
        ("n/c_audit-2026-03-01-3.json", &line),
        ("n/c_audit-2026-03-04-1.json", &line),
    ]);
    let report = check(&[inputs.path()], &[]);
    let missing = report["checks"].as_array().unwrap().iter().find(|one| one["id"] == "rolled_file_missing").unwrap();
    let why = missing["why"].to_string();
    assert!(why.contains("2026-03-01, number 2") && why.contains("2026-03-02 to 2026-03-03"), "{why}");
}

/// A request with an API key on a day of the year.
fn used(day: u32, key: &str) -> String {
    let before = [0, 31, 59, 90, 120];
    let month = before.partition_point(|&days| days <= day);
    let day = day - before[month - 1] + 1;
    format!(
        r#"{{"type":"audit", "timestamp":"2025-{month:02}-{day:02}T10:00:00,000+0000", "node.id":"n1", "event.type":"transport", "event.action":"access_granted", "authentication.type":"API_KEY", "user.name":"svc", "user.realm":"_es_api_key", "apikey.id":"{key}", "apikey.name":"name-of-{key}", "origin.type":"rest", "origin.address":"10.1.1.9:100", "request.id":"q{month}-{day}-{key}", "action":"indices:data/read/search", "request.name":"SearchRequest"}}"#
    )
}

#[test]
fn keys_unused_for_90_days_are_told_where_the_logs_reach_so_far() {
    let (year_begin, day_ms) = (1_735_689_600_000_i64, 86_400_000);
    let key = |id: &str, made: i64| json!({"id": id, "name": format!("name-of-{id}"), "creation": year_begin + made * day_ms, "invalidated": false, "username": "svc", "realm": "r"});
    let mut keys = vec![key("old", -30), key("busy", -30), key("young", 100), key("never", -30)];
    keys.extend([key("expired", -30), key("ended", -30)]);
    keys[4]["expiration"] = json!(year_begin + 10 * day_ms);
    keys[5]["invalidated"] = json!(true);
    let listing = json!({"api_keys": keys}).to_string();
    let unused = |lines: &[String]| {
        let mut inputs = Inputs::of(&[("c_audit.json", lines)]);
        inputs.add("api_keys.json", listing.as_bytes());
        let report = check(&[inputs.path()], &[]);
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|one| one["id"] == "key_unused").map(|one| one["api_keys"].clone())
    };
    // The last day is the 121st.
    assert_eq!(
        unused(&[used(0, "old"), used(20, "old"), used(40, "busy"), used(120, "busy")]),
        Some(json!(["never", "old"]))
    );
    assert_eq!(unused(&[used(0, "busy"), used(35, "old"), used(120, "busy")]), Some(json!(["never"])));
    assert_eq!(unused(&[used(35, "busy"), used(120, "busy")]), None, "87 days of logs tell nothing of 90");
}

#[test]
fn what_is_not_among_the_inputs_is_told_as_unknown() {
    let inputs = inputs(&[failed(1, "known")], &users(&["elastic"]), Some("2026-03-01T12:00:00Z"));
    let told = |paths: &[&std::path::Path]| check(paths, &[])["coverage"]["cannot_tell"].to_string();
    let with_some = told(&[inputs.path()]);
    for (name, missing) in [("_security/role", true), ("_query/api_key", true), ("_security/user", false)] {
        assert_eq!(with_some.contains(&format!("{name} is not among the inputs")), missing, "{name}: {with_some}");
    }
    let alone = told(&[&inputs.path().join("logs")]);
    assert!(alone.contains("none of its answers is among the inputs"), "{alone}");
}

#[test]
fn every_writer_has_the_checks_with_why_and_what_mends_them() {
    let inputs = inputs(&[failed(1, "known")], &users(&["elastic", "known"]), Some("2026-03-01T12:00:00Z"));
    let written = |paths: &str, name: &str| {
        let path = inputs.path().join(name);
        let out = esaudit(&["check", paths, "-o", path.to_str().unwrap(), "--quiet"]);
        assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
        std::fs::read_to_string(path).unwrap()
    };
    let (logs, dump) = (inputs.path().join("logs"), inputs.path().join("dump"));
    for name in ["a.json", "a.csv", "a.md", "a.html", "a.txt"] {
        let text = written(dump.to_str().unwrap(), name);
        for part in ["anonymous_access", "xpack.security.authc.", "credentials"] {
            assert!(text.contains(part), "{name}: {part}: {text}");
        }
    }
    // A table without rows is one all the same: a nightly job must not fail where nothing is wrong.
    let perfect = logs.join("../perfect");
    std::fs::create_dir(&perfect).unwrap();
    std::fs::write(perfect.join("license.json"), r#"{"license":{"status":"active","uid":"u","type":"basic"}}"#)
        .unwrap();
    let empty = written(perfect.to_str().unwrap(), "b.csv");
    assert_eq!(empty, "severity,check,id,nodes,principals,api_keys,why,fix\r\n");
}
