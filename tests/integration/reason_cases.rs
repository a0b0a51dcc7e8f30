//! Reasons, case by case: which line of the server log explains which attempt, and what is inferred where none does.

use esaudit::internals::model::{Group, Report};
use serde_json::{Value, json};

use test_support::Inputs;
use test_support::line::{Line, ZERO};

const HOUR: i64 = 3_600_000;
const KEY: &str = "Authentication using apikey failed - ";

fn at(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A line of the server log, which comes before the event of its attempt: two milliseconds before a time.
fn server_line(millis: i64, message: &str, more: &str) -> String {
    said(millis, ("WARN", "ApiKeyAuthenticator"), message, more)
}

fn said(millis: i64, (level, class): (&str, &str), message: &str, more: &str) -> String {
    let (time, message) = (at(millis - 2), Value::from(message));
    format!(
        r#"{{"@timestamp":"{time}", "log.level":"{level}", "message":{message}, "log.logger":"org.elasticsearch.xpack.security.authc.{class}", "elasticsearch.node.id":"n1"{more}}}"#
    )
}

fn server(millis: i64, message: &str) -> String {
    server_line(millis, message, "")
}

fn ended(millis: i64, id: &str) -> String {
    server(millis, &format!("{KEY}api key [{id}] has been invalidated"))
}

/// Messages between two that show that the log was there for an hour either way.
fn log(lines: &[String]) -> Vec<String> {
    [&[server(-HOUR, "starting")], lines, &[server(HOUR, "stopping")]].concat()
}

fn denied(millis: i64, from: &str) -> Line {
    let event = Line::new(millis, "anonymous_access_denied").from(&format!("{from}:5"));
    event.request(&format!("{from}-{millis}"))
}

/// An attempt of a principal through realms.
fn login(node: &str, millis: i64, user: &str, realms: &[&str]) -> Vec<String> {
    let request = format!("{user}-{millis}");
    let event = |action| Line::on(node, millis, action).user(user).request(&request);
    let asked = realms.iter().map(|realm| event("realm_authentication_failed").realm(realm).end());
    asked.chain([event("authentication_failed").from("10.0.0.7:1").end()]).collect()
}

fn used(millis: i64, id: &str, from: &str) -> String {
    let event = Line::new(millis, "access_granted").user("svc").text("user.realm", "_es_api_key");
    event
        .text("apikey.id", id)
        .text("apikey.name", "ingest")
        .text("origin.type", "rest")
        .from(&format!("{from}:5"))
        .end()
}

fn change(millis: i64, action: &str, object: &str, body: &str) -> Vec<String> {
    let request = format!("{action}-{millis}");
    let verb = format!("cluster:admin/xpack/security/api_key/{object}");
    let grant = Line::new(millis, "access_granted").user("anna").text("user.realm", "native1");
    vec![
        grant.text("action", &verb).text("origin.type", "rest").request(&request).end(),
        Line::new(millis, action).request(&request).raw(object, body).end(),
    ]
}

fn read(audit: &[String], server: &[String], options: &[&str]) -> Report {
    let mut inputs = Inputs::of(&[("audit.json", audit)]);
    if !server.is_empty() {
        inputs.add("server.json", &test_support::ended(server));
    }
    inputs.report(options)
}

fn groups(audit: &[String], server: &[String]) -> Vec<Group> {
    read(audit, server, &["--by", "principal,source,reason"]).groups.iter().collect()
}

/// Principal or address, reason, basis and count of every group, sorted.
fn told(groups: &[Group]) -> Vec<String> {
    let mut told: Vec<String> = groups
        .iter()
        .map(|group| {
            let address = group.by.get("source").cloned().flatten();
            let who = group.principal.clone().or(address).unwrap_or_default();
            format!("{who} {} {} {}", group.reason, group.reason_basis, group.count)
        })
        .collect();
    told.sort();
    told
}

#[test]
fn a_trace_decides_against_the_time() {
    let trace = |id: &str| format!(r#","trace.id":"{id}""#);
    let audit =
        [denied(0, "10.0.0.1").text("trace.id", "t1").end(), denied(2, "10.0.0.2").text("trace.id", "t2").end()];
    let message = |id: &str| format!("{KEY}api key [{id}] has been invalidated");
    let lines = [server_line(1, &message("K2"), &trace("t2")), server_line(-3000, &message("K1"), &trace("t1"))];
    let report = read(&audit, &log(&lines), &[]);
    let failing = &report.api_keys.failing;
    let clients: Vec<_> =
        failing.iter().map(|key| (key.id.clone().unwrap(), key.clients[0].address.as_str())).collect();
    assert_eq!(clients, [("K1".to_owned(), "10.0.0.1"), ("K2".to_owned(), "10.0.0.2")]);
}

#[test]
fn terminated_attempts_bear_the_id_of_the_key() {
    let (typed, busy) = ("VuaCfGcBCdbkQm-e5aOa", "BusyfGcBCdbkQm-e5aOa");
    let audit = [login("n1", 0, typed, &[]), login("n1", 9, busy, &[]), vec![denied(9, "10.0.0.1").end()]].concat();
    let message =
        format!("authentication expected API key type of [rest], but API key [{typed}] has type [cross_cluster]");
    let lines =
        log(&[server(1, &format!("{KEY}{message}")), server(10, &format!("{KEY}server is too busy to respond"))]);
    let expected = [
        "10.0.0.1 missing_credentials inferred 1".to_owned(),
        format!("{busy} server_busy server_log 1"),
        format!("{typed} api_key_wrong_type server_log 1"),
    ];
    assert_eq!(told(&groups(&audit, &lines)), expected);
    let failing = read(&audit, &lines, &[]).api_keys.failing;
    assert_eq!(failing.iter().filter_map(|key| key.id.as_deref()).collect::<Vec<_>>(), [busy, typed]);
}

#[test]
fn messages_of_realms_belong_to_their_principal_and_realm() {
    let realms = ["default_file", "native1"];
    let audit = [login("n1", 0, "ann", &realms), login("n1", 0, "bob", &realms), login("n1", 5, "cy", &["jwt1"])];
    let failed = |realm: &str, text: &str| server(1, &format!("Authentication to realm {realm} failed - {text}"));
    let wrong = "Password authentication failed for ";
    // The second names a realm that nobody of that name was asked by.
    let lines = [failed("native1", &format!("{wrong}bob")), failed("native1", &format!("{wrong}cy"))];
    let expected = ["ann unknown none 1", "bob bad_password server_log 1", "cy unknown none 1"];
    assert_eq!(told(&groups(&audit.concat(), &log(&lines))), expected);
}

#[test]
fn a_directory_names_the_principal_only_in_passing() {
    let audit = [login("n1", 0, "ann", &["ldap1"]), login("n1", 1, "bob", &["ldap1"])].concat();
    let text = "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=49 \
                    (invalid credentials), diagnosticMessage='Bind failed for uid=ann,ou=people'))";
    let expected = ["ann bad_password server_log 1", "bob unknown none 1"];
    assert_eq!(told(&groups(&audit, &log(&[server(2, text)]))), expected);
}

#[test]
fn licences_tokens_and_service_tokens() {
    let service = Line::new(60_000, "authentication_failed").user("elastic/fleet").request("s");
    let service = service.text("authentication.token.name", "t1").from("10.0.0.9:1").end();
    let audit = [
        login("n1", 0, "ann", &["reserved", "file1"]),
        vec![denied(20_000, "10.0.0.1").end(), denied(40_000, "10.0.0.2").end(), service],
    ]
    .concat();
    let lines = log(&[
        server(
            1,
            "Authentication failed using realms [reserved/reserved]. Realms [ldap/ldap1] were skipped because they are not permitted on the current license",
        ),
        said(20_001, ("WARN", "TokenService"), "could not validate token as the security index is not available", ""),
        said(40_001, ("WARN", "TokenService"), "invalid token", ""),
        said(
            60_001,
            ("DEBUG", "service.ServiceAccountService"),
            "failed to authenticate service account [elastic/fleet] with token name [t1]",
            "",
        ),
    ]);
    let expected = [
        "10.0.0.1 realm_unavailable server_log 1",
        "10.0.0.2 token_invalid server_log 1",
        "ann realm_not_licensed server_log 1",
        "elastic/fleet service_token_invalid server_log 1",
    ];
    assert_eq!(told(&groups(&audit, &lines)), expected);
}

#[test]
fn what_is_not_understood_is_kept_as_evidence() {
    let text = "Authentication to realm native1 failed - the moon is full\u{1b}[2J";
    let audit = login("n1", 0, "ann", &["native1"]);
    let groups = groups(&audit, &log(&[server(1, text)]));
    assert_eq!(told(&groups), ["ann unknown server_log 1"]);
    assert_eq!(groups[0].messages, [text]);
    let many: Vec<String> = (0..9).flat_map(|at| login("n1", at * 1000, "ann", &["native1"])).collect();
    let texts: Vec<String> = (0..9)
        .map(|at| server(at * 1000, &format!("Authentication to realm native1 failed - odd {}", at.max(2))))
        .collect();
    let messages = &self::groups(&many, &log(&texts))[0].messages;
    assert_eq!(messages.len(), 5);
    assert!(messages[0].ends_with("odd 2"), "the most frequent first: {messages:?}");
}

#[test]
fn the_window_is_an_option_and_a_line_near_by_forbids_claims() {
    let audit = [denied(0, "10.0.0.1").end()];
    let lines = log(&[ended(-400, "K")]);
    let reason = |options: &[&str]| {
        let report = read(&audit, &lines, options);
        (report.groups.get(0).unwrap().reason.clone(), report.api_keys.failing[0].unattributed)
    };
    // Not missing_credentials: a refusal that nothing else explains was logged less than a second later.
    assert_eq!(reason(&[]), ("unknown".to_owned(), 1));
    assert_eq!(reason(&["--match-window", "500"]), ("api_key_invalidated".to_owned(), 0));
}

#[test]
fn beyond_the_server_log_nothing_is_claimed_and_it_is_said() {
    let audit = [denied(0, "10.0.0.1").end(), denied(2 * HOUR, "10.0.0.2").end()];
    let report = read(&audit, &log(&[]), &["--by", "source,reason"]);
    assert_eq!(
        told(&report.groups.iter().collect::<Vec<_>>()),
        ["10.0.0.1 missing_credentials inferred 1", "10.0.0.2 unknown none 1"]
    );
    let told = &report.coverage.cannot_tell;
    let about = "reasons of 1 failure on node n1: its server log does not cover 2026-03-01T14:00:00.000Z";
    assert!(told.iter().any(|text| text == about), "{told:?}");
}

#[test]
fn a_day_missing_in_the_middle_of_a_server_log_is_not_covered() {
    let mut lines: Vec<String> = (0..96).map(|quarter| server(quarter * HOUR / 4, "x")).collect();
    lines.extend((0..96).map(|quarter| server(48 * HOUR + quarter * HOUR / 4, "x")));
    let audit = [denied(HOUR, "10.0.0.1").end(), denied(36 * HOUR, "10.0.0.2").end()];
    let expected = ["10.0.0.1 missing_credentials inferred 1", "10.0.0.2 unknown none 1"];
    assert_eq!(told(&groups(&audit, &lines)), expected);
}

#[test]
fn a_line_explains_one_attempt_and_its_copy_none() {
    let audit = [denied(0, "10.0.0.1").end(), denied(40, "10.0.0.2").end(), denied(80, "10.0.0.1").end()];
    let lines = log(&[ended(1, "K"), ended(81, "K")]);
    let mut inputs = Inputs::of(&[("audit.json", &audit[..]), ("server.json", &lines)]);
    inputs.add("copy/server-1.json", &test_support::ended(&lines[..2]));
    let report = inputs.report(&["--by", "source,reason"]);
    let expected = ["10.0.0.1 api_key_invalidated server_log 2", "10.0.0.2 missing_credentials inferred 1"];
    assert_eq!(told(&report.groups.iter().collect::<Vec<_>>()), expected);
    assert_eq!(report.api_keys.failing[0].count, 2);
}

#[test]
fn paths_tie_names_to_ids_but_never_ambiguous_ones() {
    let text = |node: &str| {
        let line = |millis: i64, message: &str| {
            format!(
                "[{}][WARN ][o.e.x.s.a.ApiKeyAuthenticator] [{node}] {message}",
                at(millis).trim_end_matches('Z').replace('.', ",")
            )
        };
        [line(-HOUR, "x"), line(-1, &format!("{KEY}api key [K-{node}] has been invalidated")), line(HOUR, "x")]
    };
    let on = |id: &str| [Line::on(id, 0, "anonymous_access_denied").from("10.0.0.1:5").request(id).end()];
    let attributed = |files: &[(&str, &[String])]| -> u64 {
        let failing = Inputs::of(files).report(&[]).api_keys.failing;
        failing.iter().flat_map(|key| &key.clients).map(|client| client.count).sum()
    };
    let (a, b, audit_a, audit_b) = (text("es-a"), text("es-b"), on("idA"), on("idB"));
    // One folder a node.
    let apart: [(&str, &[String]); 4] =
        [("x/s.log", &a), ("x/a.json", &audit_a), ("y/s.log", &b), ("y/a.json", &audit_b)];
    assert_eq!(attributed(&apart), 2);
    // The folder bears the name, the server log is elsewhere.
    let named: [(&str, &[String]); 3] =
        [("logs/s.log", &a), ("es-a/deep.json", &audit_a), ("es-b/deep.json", &audit_b)];
    assert_eq!(attributed(&named), 1);
    // All in one folder: nobody can tell, unless the files are named alike, or after the node.
    let mixed: [(&str, &[String]); 4] = [("1.log", &a), ("2.log", &b), ("3.json", &audit_a), ("4.json", &audit_b)];
    assert_eq!(attributed(&mixed), 0);
    let alike: [(&str, &[String]); 4] =
        [("n1.prod.log", &a), ("n2.prod.log", &b), ("n1.prod_audit.json", &audit_a), ("n2.prod_audit.json", &audit_b)];
    assert_eq!(attributed(&alike), 2);
    let after: [(&str, &[String]); 4] =
        [("1.log", &a), ("2.log", &b), ("audit-es-a.json", &audit_a), ("audit-es-b.json", &audit_b)];
    assert_eq!(attributed(&after), 2);
    // Both in files of one name: it is the cluster's.
    let both = [audit_a.clone(), audit_b.clone()].concat();
    let cluster: [(&str, &[String]); 3] = [("prod.log", &a), ("prod_audit.json", &both), ("other.log", &b)];
    assert_eq!(attributed(&cluster), 0);
    // Two ids and one name in a folder.
    let two: [(&str, &[String]); 3] = [("x/s.log", &a), ("x/a.json", &audit_a), ("x/b.json", &audit_b)];
    assert_eq!(attributed(&two), 0);
}

/// Uses of a key by a client before its end at zero, and refusals after it.
fn life(uses: i64, refusals: i64) -> Vec<String> {
    let used = (0..uses).map(|at| used(-60_000 * (uses - at), "K", "10.0.0.1"));
    used.chain((0..refusals).map(|at| denied(5000 + 60_000 * at, "10.0.0.1").end())).collect()
}

#[test]
fn a_client_refused_since_its_key_ended() {
    let creation = change(-9 * HOUR, "create_apikey", "create", r#"{"apikey":{"id":"K","name":"ingest"}}"#);
    for (body, resolved) in [
        (r#"{"apikeys":{"ids":["K"]}}"#, false),
        (r#"{"apikeys":{"name":"ingest"}}"#, true),
        (r#"{"apikeys":{"user":{"name":"svc"}}}"#, true),
        (r#"{"apikeys":{"user":{"realm":"native1"}}}"#, true),
    ] {
        let audit = [creation.clone(), life(5, 4), change(0, "invalidate_apikeys", "invalidate", body)].concat();
        let report = read(&audit, &[], &["--by", "source,reason"]);
        assert_eq!(
            told(&report.groups.iter().collect::<Vec<_>>()),
            ["10.0.0.1 api_key_invalidated inferred 4"],
            "{body}"
        );
        assert!(!report.groups.get(0).unwrap().why.is_empty());
        let failing = &report.api_keys.failing[0];
        assert_eq!((failing.id.as_deref(), failing.invalidated_by.as_deref()), (Some("K"), Some("anna")), "{body}");
        assert_eq!(failing.reason_basis, "inferred");
        let ids = &report.security_changes.last().unwrap().resolved_ids;
        assert_eq!(ids.len(), usize::from(resolved), "{body}: {ids:?}");
    }
}

#[test]
fn thin_evidence_infers_nothing() {
    let end = change(0, "invalidate_apikeys", "invalidate", r#"{"apikeys":{"ids":["K"]}}"#);
    let unknown = |audit: Vec<String>, why: &str| {
        let report = read(&audit, &[], &["--by", "source,reason"]);
        assert!(
            report.groups.iter().all(|group| group.reason == "unknown"),
            "{why}: {:?}",
            told(&report.groups.iter().collect::<Vec<_>>())
        );
        assert!(report.api_keys.failing.is_empty(), "{why}");
    };
    unknown([life(2, 4), end.clone()].concat(), "two uses");
    let before = (0..4).map(|at| denied(-200_000 + 60_000 * at, "10.0.0.1").end()).collect();
    unknown([life(5, 4), end.clone(), before].concat(), "refused before as well");
    unknown([life(5, 4), end.clone(), vec![used(90_000, "K", "10.0.0.1")]].concat(), "used after its end");
    let late = (0..4).map(|at| denied(90 * HOUR + at, "10.0.0.1").end()).collect();
    unknown([life(5, 0), end.clone(), late].concat(), "days later");
    let other = (0..4).map(|at| denied(5000 + at, "10.0.0.2").end()).collect();
    unknown([life(5, 0), end, other].concat(), "another client");
    unknown(life(5, 4), "no end");
}

#[test]
fn expiry_from_creation_and_from_a_listing() {
    let creation =
        change(-HOUR, "create_apikey", "create", r#"{"apikey":{"id":"K","name":"ingest","expiration":"1h"}}"#);
    let groups = groups(&[creation, life(5, 4)].concat(), &[]);
    assert_eq!(told(&groups), ["10.0.0.1 api_key_expired inferred 4"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let listing = json!({"api_keys": [{"id": "K", "name": "ingest", "expiration": ZERO, "invalidated": false}]});
    std::fs::write(file.path(), listing.to_string()).unwrap();
    let options = ["--by", "source,reason", "--api-keys", file.path().to_str().unwrap()];
    assert_eq!(
        told(&read(&life(5, 4), &[], &options).groups.iter().collect::<Vec<_>>()),
        ["10.0.0.1 api_key_expired context 4"]
    );
}

#[test]
fn an_id_of_a_known_key_as_principal() {
    let id = "VuaCfGcBCdbkQm-e5aOa";
    let body = format!(r#"{{"apikey":{{"id":"{id}","name":"remote"}}}}"#);
    let creation = change(-HOUR, "create_cross_cluster_apikey", "create", &body);
    let audit = [creation, login("n1", 0, id, &[])].concat();
    assert_eq!(told(&groups(&audit, &[])), [format!("{id} api_key_wrong_type inferred 1")]);
    let works = [audit, vec![used(-9, id, "10.0.0.1")]].concat();
    assert_eq!(told(&groups(&works, &[])), [format!("{id} unknown none 1")], "a key that works has the right type");
    assert_eq!(told(&groups(&login("n1", 0, id, &[]), &[])), [format!("{id} unknown none 1")]);
}

#[test]
fn the_order_of_realms_tells_known_accounts() {
    let usual = ["reserved", "default_file", "default_native", "ldap1"];
    let moved = ["ldap1", "reserved", "default_file", "default_native"];
    assert_eq!(told(&groups(&login("n1", 0, "ann", &moved), &[])), ["ann bad_password inferred 1"]);
    assert_eq!(told(&groups(&login("n1", 0, "ann", &usual), &[])), ["ann unknown none 1"]);
    assert_eq!(told(&groups(&login("n1", 0, "elastic", &["reserved"]), &[])), ["elastic bad_password inferred 1"]);
    // Two realms of unknown order, and too few who show it.
    let audit = [login("n1", 0, "ann", &["ad1", "ldap1"]), login("n1", 1, "bob", &["ldap1", "ad1"])].concat();
    assert_eq!(told(&groups(&audit, &[])), ["ann unknown none 1", "bob unknown none 1"]);
}

#[test]
fn a_realm_that_a_node_lacks() {
    let lucky = |node: &str| {
        let event = Line::on(node, 0, "access_granted").user("ann").text("user.realm", "ldap1");
        event.text("origin.type", "rest").from("10.0.0.7:1").end()
    };
    let attempts = |count: i64| -> Vec<String> {
        (0..count).flat_map(|at| login("n2", at, "ann", &["reserved", "default_file"])).collect()
    };
    let of = |audit: Vec<String>| told(&groups(&audit, &[]));
    assert_eq!(of([vec![lucky("n1")], attempts(6)].concat()), ["ann realm_not_configured inferred 6"]);
    assert_eq!(of([vec![lucky("n1")], attempts(2)].concat()), ["ann unknown none 2"]);
    assert_eq!(of([vec![lucky("n1"), lucky("n2")], attempts(6)].concat()), ["ann unknown none 6"]);
}

#[test]
fn users_that_no_realm_knows() {
    let all = ["reserved", "default_file", "default_native"];
    let names = ["u1", "u2", "u3", "u4"];
    let mut audit: Vec<String> =
        names.iter().zip(0..).flat_map(|(name, at)| login("n1", at * 1000, name, &all)).collect();
    // The realm that knows a disabled account ends its chain early; a wrong password has a line.
    audit.extend(login("n1", 9000, "disabled", &all[..2]));
    audit.extend(login("n1", 9500, "ann", &all));
    let wrong = server(9501, "Authentication to realm default_native failed - Password authentication failed for ann");
    let expected: Vec<String> = ["ann bad_password server_log 1", "disabled unknown none 1"]
        .into_iter()
        .map(str::to_owned)
        .chain(names.map(|name| format!("{name} unknown_user inferred 1")))
        .collect();
    let groups = groups(&audit, &log(std::slice::from_ref(&wrong)));
    assert_eq!(told(&groups), expected);
    assert!(groups.iter().filter(|group| group.reason == "unknown_user").all(|group| !group.why.is_empty()));
    let none_known = |server: &[String]| {
        let groups = self::groups(&audit, server);
        assert!(groups.iter().all(|group| group.reason != "unknown_user"), "{:?}", told(&groups));
    };
    none_known(&log(&[]));
    none_known(&[]);
    none_known(&[server(-HOUR, "x"), wrong.replace("12:00:09", "11:30:00")]);
}
