//! `esaudit keys`: the life of each key, case by case, and what its output looks like.

use serde_json::{Value, json};

use test_support::line::{Line, ZERO};
use test_support::{Inputs, esaudit, generate};

const DAY: i64 = 86_400_000;

fn change(millis: i64, request: &str, action: &str, object: &str, body: &str) -> [String; 2] {
    let verb = format!("cluster:admin/xpack/security/api_key/{object}");
    [
        Line::new(millis, "access_granted")
            .user("anna")
            .text("user.realm", "native1")
            .from("10.1.1.1:1")
            .request(request)
            .text("origin.type", "rest")
            .text("action", &verb)
            .end(),
        Line::new(millis, action).request(request).raw(object, body).end(),
    ]
}

fn used(millis: i64, id: &str, name: &str, from: &str) -> String {
    let event = Line::new(millis, "access_granted").user("svc").text("user.realm", "_es_api_key");
    let event = event.text("authentication.type", "API_KEY").text("apikey.id", id).text("apikey.name", name);
    event.text("origin.type", "rest").from(&format!("{from}:5")).text("action", "indices:data/write/bulk").end()
}

fn refused(millis: i64, from: &str) -> String {
    Line::new(millis, "anonymous_access_denied").from(&format!("{from}:5")).request(&format!("r{millis}")).end()
}

fn server(millis: i64, message: &str) -> String {
    let time = chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap().format("%Y-%m-%dT%H:%M:%S%.3fZ");
    format!(
        r#"{{"@timestamp":"{time}", "log.level": "WARN", "message":{}, "elasticsearch.node.id":"n1"}}"#,
        Value::from(message)
    )
}

fn ended(id: &str) -> String {
    format!("Authentication using apikey failed - api key [{id}] has been invalidated")
}

fn run(inputs: &Inputs, options: &[&str]) -> Value {
    let path = inputs.path().to_str().unwrap();
    let output = esaudit(&[&["keys", "--format", "json", path], options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn key(report: &Value, id: &str) -> Value {
    report["keys"].as_array().unwrap().iter().find(|key| key["id"] == id).cloned().unwrap()
}

fn ids(report: &Value) -> Vec<&str> {
    report["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect()
}

/// One key from its creation to long after its end.
fn life() -> Inputs {
    let mut audit = Vec::new();
    audit.extend(change(
        0,
        "c",
        "create_apikey",
        "create",
        r#"{"apikey":{"id":"K1","name":"ingest","expiration":"90d","role_descriptors":[]}}"#,
    ));
    audit.push(used(1000, "K1", "ingest", "10.0.0.1"));
    audit.push(used(2000, "K1", "ingest", "10.0.0.1"));
    audit.push(used(3000, "K1", "ingest", "10.0.0.2"));
    audit.push(used(3500, "K2", "other", "10.0.0.9"));
    audit.extend(change(
        10_000,
        "i",
        "invalidate_apikeys",
        "invalidate",
        r#"{"apikeys":{"ids":["K1"],"owned_by_authenticated_user":false}}"#,
    ));
    audit.push(refused(15_000, "10.0.0.1"));
    audit.push(refused(75_000, "10.0.0.1"));
    audit.push(refused(76_000, "10.0.0.2"));
    let log = [
        server(0, "started"),
        server(14_999, &ended("K1")),
        server(74_999, &ended("K1")),
        server(75_999, &ended("K1")),
        server(90_000, "still here"),
    ];
    Inputs::of(&[("audit.json", &audit[..]), ("server.json", &log)])
}

#[test]
fn from_creation_to_the_last_refusal() {
    let report = run(&life(), &[]);
    let key = key(&report, "K1");
    assert_eq!((&key["name"], &key["owner"], &key["status"]), (&json!("ingest"), &json!("svc"), &json!("invalidated")));
    assert_eq!(key["created_at"], "2026-03-01T12:00:00.000Z");
    assert_eq!(key["created_by"]["name"], "anna");
    assert_eq!(key["created_by"]["source"], "10.1.1.1");
    assert_eq!(key["expires"], "2026-05-30T12:00:00.000Z");
    assert_eq!(key["invalidated_at"], "2026-03-01T12:00:10.000Z");
    assert_eq!(key["invalidated_how"], "id");
    assert_eq!((&key["used"]["count"], &key["used"]["last"]), (&json!(3), &json!("2026-03-01T12:00:03.000Z")));
    assert_eq!(key["used"]["clients"][0]["address"], "10.0.0.1");
    assert_eq!(key["used"]["clients_total"], 2);
    let refused = &key["refused"];
    assert_eq!(refused["count"], 3);
    assert_eq!(refused["reasons"], json!({"api_key_invalidated": 3}));
    assert_eq!(refused["bases"], json!({"server_log": 3}));
    assert_eq!((&refused["clients"][0]["address"], &refused["clients"][0]["count"]), (&json!("10.0.0.1"), &json!(2)));
    assert_eq!(refused["first_after_end_seconds"], 4);
    assert_eq!(refused["last_after_end_seconds"], 65);
    assert_eq!(refused["unattributed"], 0);
    assert_eq!(report["totals"]["keys"], 2);
    assert_eq!(ids(&report), ["K1", "K2"]);
    assert_eq!(ids(&run(&life(), &["--key", "K2", "--key", "absent"])), ["K2"]);
}

#[test]
fn what_to_rotate() {
    let create = |at: i64, id: &str, expiration: &str| {
        let body = format!(r#"{{"apikey":{{"id":"{id}","name":"n-{id}"{expiration}}}}}"#);
        change(at, id, "create_apikey", "create", &body)
    };
    let mut audit = Vec::new();
    audit.extend(create(0, "week", r#","expiration":"7d""#));
    audit.extend(create(1, "month", r#","expiration":"30d""#));
    audit.extend(create(2, "never", ""));
    audit.extend(create(3, "gone", ""));
    audit.extend(change(4, "i", "invalidate_apikeys", "invalidate", r#"{"apikeys":{"name":"n-gone"}}"#));
    audit.push(used(5, "old", "from-before", "10.0.0.1"));
    let inputs = Inputs::of(&[("audit.json", &audit[..])]);
    assert_eq!(ids(&run(&inputs, &["--expiring-within", "14d"])), ["week"]);
    assert_eq!(ids(&run(&inputs, &["--expiring-within", "30d"])), ["month", "week"]);
    assert_eq!(ids(&run(&inputs, &["--no-expiration"])), ["never"]);
    assert_eq!(ids(&run(&inputs, &["--no-expiration", "--expiring-within", "14d"])), ["never", "week"]);
    assert_eq!(ids(&run(&inputs, &["--expiring-within", "14d", "--as-of", "2026-03-20"])), ["month"]);
    let later = run(&inputs, &["--as-of", "2026-03-20T00:00:00Z"]);
    assert_eq!(
        (key(&later, "week")["status"].clone(), key(&later, "month")["status"].clone()),
        (json!("expired"), json!("active"))
    );
    assert_eq!(key(&later, "gone")["invalidated_how"], "name");
    let told = later["coverage"]["cannot_tell"].as_array().unwrap();
    assert!(told.iter().any(|text| text.as_str().unwrap().contains("--api-keys")), "{told:?}");
    // A listing knows what the logs do not.
    let listing = json!({"api_keys": [{"id": "old", "name": "from-before", "type": "rest", "creation": ZERO - DAY,
            "expiration": ZERO + 2 * DAY, "invalidated": false, "username": "svc", "realm": "native1"}]});
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), listing.to_string()).unwrap();
    let options = ["--expiring-within", "3d", "--api-keys", file.path().to_str().unwrap()];
    let report = run(&inputs, &options);
    assert_eq!(ids(&report), ["old"]);
    assert_eq!(key(&report, "old")["owner_realm"], "native1");
    assert_eq!(key(&report, "old")["listed"], true);
}

#[test]
fn a_new_expiration_counts_from_the_update() {
    let mut audit = Vec::new();
    audit.extend(change(0, "c", "create_apikey", "create", r#"{"apikey":{"id":"K","name":"n"}}"#));
    audit.extend(change(DAY, "u", "change_apikey", "change", r#"{"apikey":{"id":"K","expiration":"2d"}}"#));
    let report = run(&Inputs::of(&[("audit.json", &audit[..])]), &[]);
    assert_eq!(key(&report, "K")["expires"], "2026-03-04T12:00:00.000Z");
}

#[test]
fn filters_end_the_keys_of_an_owner_or_a_realm() {
    for (body, how) in [
        (r#"{"apikeys":{"user":{"name":"anna","realm":"native1"}}}"#, "owner"),
        (r#"{"apikeys":{"user":{"realm":"native1"}}}"#, "realm"),
        (r#"{"apikeys":{"owned_by_authenticated_user":true}}"#, "owner"),
    ] {
        let mut audit = Vec::new();
        audit.extend(change(0, "c", "create_apikey", "create", r#"{"apikey":{"id":"K","name":"n"}}"#));
        audit.push(used(1, "X", "of-somebody-else", "10.0.0.1"));
        audit.extend(change(9, "i", "invalidate_apikeys", "invalidate", body));
        let report = run(&Inputs::of(&[("audit.json", &audit[..])]), &[]);
        assert_eq!(key(&report, "K")["invalidated_how"], how, "{body}");
        assert_eq!(key(&report, "X")["status"], "active", "{body}");
    }
}

#[test]
fn the_table_fits_and_shows_nothing_raw() {
    let hostile = "\u{1b}[2Jevil\u{202e}\n";
    let mut audit = vec![used(0, "K", hostile, "10.0.0.1"), used(1, hostile, &"x".repeat(5000), "10.0.0.2")];
    audit.push(refused(2, "10.0.0.1"));
    let log = [server(0, "x"), server(3, &ended("K")), server(9, "x")];
    let inputs = Inputs::of(&[("audit.json", &audit[..]), ("server.json", &log)]);
    for width in [50, 80, 120, 200] {
        for mixed in [&life(), &inputs] {
            let (path, width_text) = (mixed.path().to_str().unwrap(), width.to_string());
            let output = esaudit(&["keys", path, "--width", &width_text]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(!text.chars().any(|c| c != '\n' && esaudit::internals::escape::is_hidden(c)), "{text}");
            let widest = text.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{width}: {text}");
        }
    }
}

#[test]
fn generated_keys_agree_with_the_truth() {
    let options = "--seed 5 --nodes 3 --days 0.5 --rate 0.2 --server-log \
                       --plant api_key_invalidated_in_use,api_key_rotation_outage,api_key_unknown";
    let options: Vec<&str> = options.split_whitespace().collect();
    let (inputs, truth) = generate(&options);
    let report = run(&inputs, &[]);
    for wanted in truth["failing_keys"].as_array().unwrap().iter().filter(|key| key["reason"] != "api_key_expired") {
        let key = key(&report, wanted["id"].as_str().unwrap());
        let reason = wanted["reason"].as_str().unwrap();
        assert_eq!(key["refused"]["reasons"][reason], wanted["count"], "{wanted}");
        // The listing beside the logs knows it to the millisecond; the event was a moment before.
        let second = |time: &Value| time.as_str().map(|time| time[..19].to_owned());
        assert_eq!(second(&key["invalidated_at"]), second(&wanted["invalidated_at"]), "{wanted}");
        assert_eq!(key["invalidated_by"]["name"], wanted["invalidated_by"], "{wanted}");
    }
}

#[test]
fn wrong_usage_is_64() {
    for wrong in [&["keys"][..], &["keys", "x", "--as-of", "soon"], &["keys", "x", "--expiring-within", "2 weeks"]] {
        assert_eq!(esaudit(wrong).status.code(), Some(64), "{wrong:?}");
    }
}
