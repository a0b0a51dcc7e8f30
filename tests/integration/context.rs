//! What a cluster says about itself, beside its logs: it makes no answer worse, whatever its age.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use test_support::{Inputs, esaudit, generate};

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

pub(crate) fn report(paths: &[&Path], options: &[&str]) -> Value {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let all = ["report"].into_iter().chain(paths).chain(["--format", "json", "--quiet"]);
    parsed(&esaudit(&all.chain(options.iter().copied()).collect::<Vec<_>>()))
}

pub(crate) fn check(paths: &[&Path], options: &[&str]) -> Value {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let all = ["check"].into_iter().chain(paths).chain(["--format", "json", "--quiet"]);
    parsed(&esaudit(&all.chain(options.iter().copied()).collect::<Vec<_>>()))
}

/// Failures by principal and reason.
fn reasons(groups: &Value) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for group in groups.as_array().unwrap() {
        let key = (group["principal"].to_string(), group["reason"].as_str().unwrap().to_owned());
        *counts.entry(key).or_default() += group["count"].as_u64().unwrap();
    }
    counts
}

/// How many reasons are right, and how many are wrong: what is not told is neither.
fn judged(report: &Value, truth: &Value) -> (u64, u64) {
    let (told, truth) = (reasons(&report["groups"]), reasons(&truth["groups"]));
    let right: u64 = told.iter().map(|(key, count)| *count.min(truth.get(key).unwrap_or(&0))).sum();
    let told: u64 = told.iter().filter(|((_, reason), _)| reason != "unknown").map(|(_, count)| count).sum();
    (right, told - right)
}

/// Planted incidents that a finding of their kind tells, with a verdict that is right.
fn found(report: &Value, truth: &Value) -> usize {
    let tells = |incident: &Value, finding: &Value| {
        let verdicts = incident["verdicts"].as_array().map(|list| list.contains(&finding["verdict"]));
        finding["kind"] == incident["kind"] && verdicts != Some(false)
    };
    let findings = report["findings"].as_array().unwrap();
    let incidents = truth["incidents"].as_array().unwrap();
    incidents.iter().filter(|incident| findings.iter().any(|finding| tells(incident, finding))).count()
}

#[test]
fn no_answer_becomes_worse_and_many_become_right() {
    let mut gained = 0;
    for options in [
        "--seed 41 --days 0.1 --rate 0.3 --failure-share 0.1 --plant all --dumps",
        "--seed 42 --days 0.1 --rate 0.3 --failure-share 0.1 --server-log --no-realm-events all --dumps",
        "--seed 43 --days 0.1 --rate 0.3 --no-realm-events none --plant wrong_realm,stale_credential --dumps",
    ] {
        let (inputs, truth) = generate(&options.split(' ').collect::<Vec<_>>());
        let logs = inputs.path().join("logs");
        let with = report(&[&logs], &[]);
        let used = with["coverage"]["context"].as_array().unwrap();
        assert!(used.len() >= 9 && used.iter().all(|document| document["used"] == true), "{used:?}");
        assert_eq!(with["coverage"]["problems"], json!([]), "{options}");
        let (right, wrong) = judged(&with, &truth);
        std::fs::remove_dir_all(logs.join("context")).unwrap();
        let without = report(&[&logs], &[]);
        let (right_before, wrong_before) = judged(&without, &truth);
        assert!(right >= right_before, "{options}: {right} right with, {right_before} without");
        assert!(wrong <= wrong_before, "{options}: {wrong} wrong with, {wrong_before} without");
        assert!(found(&with, &truth) >= found(&without, &truth), "{options}");
        assert_eq!(with["totals"], without["totals"], "{options}");
        gained += right - right_before;
    }
    assert!(gained > 50, "{gained}");
}

pub(crate) const ZERO: &str = "2026-03-01T10:";

/// A failed login without a realm chain.
pub(crate) fn failed(minute: u32, principal: &str) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"{ZERO}{minute:02}:00,000+0000", "cluster.uuid":"CU", "node.id":"n1", "event.type":"rest", "event.action":"authentication_failed", "user.name":"{principal}", "origin.type":"rest", "origin.address":"10.1.1.5:100", "url.path":"/", "request.id":"r{minute}-{principal}"}}"#
    )
}

fn change(minute: u32, action: &str, body: &str) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"{ZERO}{minute:02}:30,000+0000", "cluster.uuid":"CU", "node.id":"n1", "event.type":"security_config_change", "event.action":"{action}", "request.id":"c{minute}", {body}}}"#
    )
}

/// Users, all of them enabled but those whose names begin with `off`.
pub(crate) fn users(names: &[&str]) -> String {
    let user = |name: &&str| {
        let metadata = if *name == "elastic" { json!({"_reserved": true}) } else { json!({}) };
        let roles = if *name == "elastic" { json!(["superuser"]) } else { json!(["r"]) };
        let user = json!({"username": name, "roles": roles, "metadata": metadata, "enabled": !name.starts_with("off")});
        (name.to_string(), user)
    };
    format!("{:#}", json!(names.iter().map(user).collect::<BTreeMap<_, _>>()))
}

pub(crate) const NODES: &str = r#"{"_nodes":{"total":1},"cluster_name":"c","nodes":{"n1":{"name":"es-1","version":"8.15.0","settings":{"xpack":{"security":{"audit":{"enabled":"true"},"authc":{"anonymous":{"username":"guest","roles":"viewer","authz_exception":"false"}}}},"path":{"logs":"/l"}}}}}"#;

pub(crate) fn reason(report: &Value, principal: &str) -> (String, String) {
    let groups = report["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["principal"] == principal).unwrap();
    (group["reason"].as_str().unwrap().to_owned(), group["reason_basis"].as_str().unwrap().to_owned())
}

fn told(report: &Value) -> String {
    report["coverage"]["cannot_tell"].to_string()
}

pub(crate) fn inputs(lines: &[String], users: &str, collected: Option<&str>) -> Inputs {
    let mut inputs = Inputs::of(&[("logs/c_audit.json", lines)]);
    inputs.add("dump/users.json", users.as_bytes());
    inputs.add("dump/nodes.json", NODES.as_bytes());
    if let Some(collected) = collected {
        inputs.add("dump/collected-at.txt", format!("{collected}\n").as_bytes());
    }
    inputs
}

#[test]
fn listings_tell_wrong_passwords_from_unknown_users() {
    let lines = [failed(1, "known"), failed(2, "ghost"), failed(3, "off-one")];
    let inputs = inputs(&lines, &users(&["elastic", "known", "off-one"]), Some("2026-03-01T12:00:00Z"));
    let report = report(&[inputs.path()], &[]);
    let context = |name: &str| (name.to_owned(), "context".to_owned());
    assert_eq!(reason(&report, "known"), context("bad_password"));
    assert_eq!(reason(&report, "ghost"), context("unknown_user"));
    // Whether its password was right nothing tells here.
    assert_eq!(reason(&report, "off-one").0, "unknown");
}

#[test]
fn a_change_after_the_listing_wins_and_one_before_does_not() {
    let lines = [
        failed(1, "gone"),
        change(2, "delete_user", r#""delete":{"user":{"name":"gone"}}"#),
        failed(3, "gone"),
        failed(4, "made"),
        change(5, "put_user", r#""put":{"user":{"name":"made","enabled":true,"roles":["superuser"]}}"#),
        failed(6, "made"),
    ];
    let early = inputs(&lines, &users(&["elastic", "gone"]), Some("2026-03-01T09:00:00Z"));
    let report = report(&[early.path()], &["--by", "principal,reason"]);
    let told = |principal: &str, reason: &str| {
        let groups = report["groups"].as_array().unwrap();
        groups.iter().any(|group| group["principal"] == principal && group["reason"] == reason && group["count"] == 1)
    };
    assert!(told("gone", "bad_password") && told("gone", "unknown_user"), "{}", report["groups"]);
    assert!(told("made", "unknown_user") && told("made", "bad_password"), "{}", report["groups"]);
}

#[test]
fn what_is_stale_undated_or_of_another_cluster_is_told() {
    let lines = [failed(1, "known"), failed(2, "ghost")];
    let listed = users(&["elastic", "known"]);
    let stale = inputs(&lines, &listed, Some("2024-01-01T00:00:00Z"));
    let of_stale = report(&[stale.path()], &[]);
    assert_eq!(reason(&of_stale, "known").0, "unknown");
    assert!(told(&of_stale).contains("older than the first event, and is too far away, and not used"), "{of_stale}");
    let undated = inputs(&lines, &listed, None);
    let of_undated = report(&[undated.path()], &[]);
    assert_eq!(reason(&of_undated, "known").0, "bad_password");
    assert!(told(&of_undated).contains("nothing beside it says when it was collected"));
    let mut strange = inputs(&lines, &listed, Some("2026-03-01T12:00:00Z"));
    let identity = r#"{"name":"x","cluster_name":"o","cluster_uuid":"OTHER","version":{"number":"8.1.0"},"tagline":"You Know, for Search"}"#;
    strange.add("dump/cluster.json", identity.as_bytes());
    let of_strange = report(&[strange.path()], &[]);
    assert_eq!(reason(&of_strange, "known").0, "unknown");
    assert!(told(&of_strange).contains("the cluster OTHER, of which there is no log here"), "{}", told(&of_strange));
    assert!(of_strange["coverage"]["context"].as_array().unwrap().iter().all(|one| one["used"] == false));
}

#[test]
fn contradictions_are_told_and_the_log_counts() {
    let success = r#"{"type":"audit", "timestamp":"2026-03-01T10:05:00,000+0000", "cluster.uuid":"CU", "node.id":"n1", "event.type":"rest", "event.action":"authentication_success", "authentication.type":"REALM", "user.name":"ghost", "user.realm":"default_native", "origin.type":"rest", "origin.address":"10.1.1.5:100", "url.path":"/", "request.id":"x"}"#;
    let lines = [failed(1, "ghost"), success.to_owned()];
    let inputs = inputs(&lines, &users(&["elastic"]), Some("2026-03-01T09:00:00Z"));
    let report = report(&[inputs.path()], &[]);
    assert_eq!(reason(&report, "ghost").0, "unknown");
    let told = told(&report);
    assert!(told.contains("it does not have ghost"), "{told}");
    assert!(told.contains("they leave out authentication_success, of which the log has 1 event"), "{told}");
}

#[test]
fn damaged_listings_are_named_and_not_used() {
    let listed = users(&["elastic", "known"]);
    for broken in [&listed[..listed.len() - 20], r#"{"a":{"username":"a","roles":"x","enabled":true}}"#] {
        let inputs = inputs(&[failed(1, "ghost")], broken, Some("2026-03-01T12:00:00Z"));
        let report = report(&[inputs.path()], &[]);
        assert_eq!(reason(&report, "ghost").0, "unknown");
        let problems = report["coverage"]["problems"].to_string();
        assert!(problems.contains("looks like the answer of GET /_security/user, and cannot be read"), "{problems}");
    }
}

#[test]
fn what_an_answer_holds_is_no_event() {
    let event = failed(7, "injected").replace('"', "\\\"");
    let hostile = users(&["elastic"]).replacen("\"enabled\"", &format!("\"full_name\": \"{event}\", \"enabled\""), 1);
    let inputs = inputs(&[failed(1, "ghost")], &hostile, Some("2026-03-01T12:00:00Z"));
    assert_eq!(report(&[inputs.path()], &[])["totals"]["failed_attempts"], 1);
}

#[test]
fn parts_hold_what_the_cluster_says() {
    let inputs = inputs(&[failed(1, "known")], &users(&["elastic", "known"]), Some("2026-03-01T12:00:00Z"));
    let part = inputs.path().join("a.esa");
    let path = inputs.path().to_str().unwrap();
    let logs = format!("{path}/logs");
    let dump = format!("{path}/dump");
    assert!(esaudit(&["scan", &logs, &dump, "-o", part.to_str().unwrap(), "--quiet"]).status.success());
    let merged = parsed(&esaudit(&["merge", part.to_str().unwrap(), "--format", "json", "--quiet"]));
    let direct = report(&[Path::new(&logs), Path::new(&dump)], &[]);
    assert_eq!(merged["groups"], direct["groups"]);
    assert_eq!(merged["coverage"]["context"], direct["coverage"]["context"]);
    assert_eq!(check(&[&part], &[])["checks"], check(&[Path::new(&logs), Path::new(&dump)], &[])["checks"]);
}

#[test]
fn pseudonyms_hold_no_name_of_a_listing() {
    let mut inputs =
        inputs(&[failed(1, "known")], &users(&["elastic", "known", "secretive"]), Some("2026-03-01T12:00:00Z"));
    inputs.add(
        "dump/roles.json",
        br#"{"r":{"cluster":["all"],"indices":[{"names":["*"],"privileges":["all"]}],"run_as":[]}}"#,
    );
    let key = inputs.add("key", b"0123456789abcdef0123");
    let hidden = ["--pseudonymize", key.to_str().unwrap()];
    let folders = [inputs.path().join("logs"), inputs.path().join("dump")];
    let paths = [folders[0].as_path(), folders[1].as_path()];
    for (name, told) in [("report", report(&paths, &hidden)), ("check", check(&paths, &hidden))] {
        let text = told.to_string();
        assert!(!text.contains("known\"") && !text.contains("secretive"), "{name}: {text}");
    }
    assert_eq!(report(&paths, &hidden)["groups"][0]["reason"], "bad_password");
}

#[test]
fn settings_and_licence_tell_which_realms_a_node_lacks() {
    let event = |minute: u32, node: &str, rest: &str| {
        format!(
            r#"{{"type":"audit", "timestamp":"{ZERO}{minute:02}:00,000+0000", "cluster.uuid":"CU", "node.id":"{node}", "event.type":"rest", {rest}, "origin.type":"rest", "origin.address":"10.1.1.5:100", "url.path":"/", "request.id":"q{minute}"}}"#
        )
    };
    let lines = [
        event(
            1,
            "n2",
            r#""event.action":"authentication_success", "authentication.type":"REALM", "user.name":"lena", "user.realm":"ldap1""#,
        ),
        event(2, "n1", r#""event.action":"realm_authentication_failed", "user.name":"lena", "realm":"default_native""#),
        event(2, "n1", r#""event.action":"authentication_failed", "user.name":"lena""#),
    ];
    let nodes = |ldap: &str| {
        format!(
            r#"{{"_nodes":{{"total":1}},"cluster_name":"c","nodes":{{"n1":{{"name":"es-1","version":"8.15.0","settings":{{"xpack.security.audit.enabled":"true"{ldap}}}}}}}}}"#
        )
    };
    let of = |ldap: &str, license: &str| {
        let mut inputs = Inputs::of(&[("logs/c_audit.json", &lines)]);
        inputs.add("dump/nodes.json", nodes(ldap).as_bytes());
        let license = format!(r#"{{"license":{{"status":"active","uid":"u","type":"{license}"}}}}"#);
        inputs.add("dump/license.json", license.as_bytes());
        inputs.add("dump/collected-at.txt", b"2026-03-01T12:00:00Z\n");
        reason(&report(&[inputs.path()], &[]), "lena")
    };
    let configured = r#","xpack.security.authc.realms.ldap.ldap1.order":"2""#;
    let context = |name: &str| (name.to_owned(), "context".to_owned());
    assert_eq!(of("", "basic"), context("realm_not_configured"));
    assert_eq!(of(configured, "basic"), context("realm_not_licensed"));
    assert_eq!(of(configured, "platinum").0, "unknown");
}

#[test]
fn settings_tell_in_which_order_realms_are_asked() {
    let event = |rest: &str| {
        format!(
            r#"{{"type":"audit", "timestamp":"{ZERO}05:00,000+0000", "cluster.uuid":"CU", "node.id":"n1", "event.type":"rest", {rest}, "user.name":"lena", "origin.type":"rest", "origin.address":"10.1.1.5:100", "url.path":"/", "request.id":"q"}}"#
        )
    };
    let lines = [
        event(r#""event.action":"realm_authentication_failed", "realm":"corp""#),
        event(r#""event.action":"realm_authentication_failed", "realm":"n1""#),
        event(r#""event.action":"authentication_failed""#),
    ];
    let of = |corp: u32, native: u32| {
        let mut inputs = Inputs::of(&[("logs/c_audit.json", &lines)]);
        let settings = json!({
            "xpack.security.audit.enabled": "true",
            "xpack.security.authc.realms.ldap.corp.order": corp.to_string(),
            "xpack.security.authc.realms.native.n1.order": native.to_string(),
        });
        let nodes = json!({"_nodes": {"total": 1}, "cluster_name": "c", "nodes": {"n1": {"name": "es-1", "version": "8.15.0", "settings": settings}}});
        inputs.add("dump/nodes.json", nodes.to_string().as_bytes());
        inputs.add("dump/collected-at.txt", b"2026-03-01T12:00:00Z\n");
        reason(&report(&[inputs.path()], &[]), "lena")
    };
    // A realm that is asked out of its turn is the one that lately knew the account.
    assert_eq!(of(2, 0), ("bad_password".to_owned(), "context".to_owned()));
    assert_eq!(of(0, 2).0, "unknown");
    let alone = Inputs::of(&[("c_audit.json", &lines)]);
    assert_eq!(reason(&report(&[alone.path()], &[]), "lena").0, "unknown");
}
