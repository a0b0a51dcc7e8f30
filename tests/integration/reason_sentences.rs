//! What is said of reasons, sentence by sentence, each where it matters.

use esaudit::internals::model::{Group, Report};

use test_support::Inputs;
use test_support::line::{Line, ZERO};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const KEY: &str = "Authentication using apikey failed - ";
const ID: &str = "VnK3hYwBqTzL7m_0PeXd";

/// A line of the server log of node n1.
fn said(millis: i64, class: &str, level: &str, message: &str) -> String {
    let time = chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap().format("%Y-%m-%dT%H:%M:%S%.3fZ");
    serde_json::json!({"@timestamp": time.to_string(), "log.level": level, "message": message, "service.name": "ES_ECS",
        "log.logger": format!("org.elasticsearch.xpack.security.authc.{class}"), "elasticsearch.node.id": "n1"})
    .to_string()
}

fn refused(millis: i64, message: &str) -> String {
    said(millis, "ApiKeyAuthenticator", "WARN", &format!("{KEY}{message}"))
}

/// Lines that show that the log was there for a day either way.
fn log(lines: &[String]) -> Vec<String> {
    let quarter = |at: i64| said(at * HOUR / 4, "x.Y", "INFO", "x");
    (-96..96).map(quarter).chain(lines.iter().cloned()).collect()
}

fn denied(millis: i64, from: &str) -> String {
    let event = Line::new(millis, "anonymous_access_denied").from(&format!("{from}:5"));
    event.request(&format!("{from}-{millis}")).end()
}

fn used(millis: i64, id: &str, from: &str) -> String {
    let event = Line::new(millis, "access_granted").user("svc").text("user.realm", "_es_api_key");
    event.text("apikey.id", id).text("origin.type", "rest").from(&format!("{from}:5")).end()
}

fn login(millis: i64, user: &str, realms: &[&str]) -> Vec<String> {
    let event = |action: &str| Line::new(millis, action).user(user).request(&format!("{user}-{millis}"));
    let asked = realms.iter().map(|realm| event("realm_authentication_failed").realm(realm).end());
    asked.chain([event("authentication_failed").from("10.0.0.7:1").end()]).collect()
}

fn succeeded(millis: i64, user: &str, realm: &str) -> String {
    let event = Line::new(millis, "access_granted").user(user).text("user.realm", realm);
    event.text("origin.type", "rest").from("10.0.0.7:1").end()
}

fn change(millis: i64, action: &str, object: &str, body: &str) -> Vec<String> {
    let request = format!("{action}-{millis}");
    let grant = Line::new(millis, "access_granted").user("anna").text("user.realm", "native1");
    let verb = "cluster:admin/xpack/security/api_key/invalidate";
    vec![
        grant.text("action", verb).text("origin.type", "rest").request(&request).end(),
        Line::new(millis, action).request(&request).raw(object, body).end(),
    ]
}

fn invalidated(millis: i64, id: &str) -> Vec<String> {
    change(millis, "invalidate_apikeys", "invalidate", &format!(r#"{{"apikeys":{{"ids":["{id}"]}}}}"#))
}

fn read(audit: &[String], server: &[String]) -> Report {
    let mut inputs = Inputs::of(&[("audit.json", audit)]);
    if !server.is_empty() {
        inputs.add("server.json", &test_support::ended(server));
    }
    inputs.report(&["--by", "principal,source,reason"])
}

fn told(report: &Report) -> Vec<String> {
    let who = |group: &Group| group.principal.clone().or_else(|| group.by["source"].clone()).unwrap_or_default();
    let mut told: Vec<String> = report
        .groups
        .iter()
        .map(|group| format!("{} {} {} {}", who(&group), group.reason, group.reason_basis, group.count))
        .collect();
    told.sort();
    told
}

/// Keys, reasons, numbers and clients of what fails.
fn failing(report: &Report) -> Vec<String> {
    let client = |key: &esaudit::internals::model::FailingKey| {
        let clients: Vec<String> =
            key.clients.iter().map(|client| format!("{}x{}", client.address, client.count)).collect();
        format!("{} {} {}", key.id.as_deref().unwrap_or("-"), key.reason, clients.join(" "))
    };
    report.api_keys.failing.iter().map(client).collect()
}

#[test]
fn a_line_without_an_id_is_of_the_key_that_its_client_used_until_then() {
    let mut audit: Vec<String> = (0..24).map(|at| used(-9 * MINUTE - at * 9000, ID, "10.0.0.1")).collect();
    audit.extend((0..9).map(|at| used(-9 * MINUTE - at * 9000, "OTHER", "10.0.0.2")));
    audit.extend(invalidated(-MINUTE, ID));
    let refusals = 0..20;
    audit.extend(refusals.clone().map(|at| denied(at * 9000, "10.0.0.1")));
    let lines: Vec<String> = refusals.map(|at| refused(at * 9000 - 2, "api key has been invalidated")).collect();
    let report = read(&audit, &log(&lines));
    assert_eq!(told(&report), ["10.0.0.1 api_key_invalidated server_log 20"]);
    assert_eq!(failing(&report), [format!("{ID} api_key_invalidated 10.0.0.1x20")]);
    assert_eq!(report.api_keys.failing[0].invalidated_by.as_deref(), Some("anna"));
    let findings: Vec<_> = report.findings.iter().map(|finding| (finding.kind.as_str(), &finding.api_keys)).collect();
    assert_eq!(findings, [("api_key_invalidated_in_use", &vec![ID.to_owned()])]);
    // A wrong secret, too.
    let lines: Vec<String> = (0..20).map(|at| refused(at * 9000 - 2, "invalid credentials")).collect();
    let uses = |audit: &[String]| audit.iter().filter(|line| !line.contains("invalidate")).cloned().collect::<Vec<_>>();
    assert_eq!(failing(&read(&uses(&audit), &log(&lines))), [format!("{ID} api_key_bad_secret 10.0.0.1x20")]);
    // Nothing is known of the client: no key is made up.
    let strangers: Vec<String> = (0..20).map(|at| denied(at * 9000, "10.0.0.9")).collect();
    assert_eq!(failing(&read(&strangers, &log(&lines))), ["- api_key_bad_secret 10.0.0.9x20"]);
}

#[test]
fn silence_is_no_proof() {
    let report = read(&[denied(0, "10.0.0.1")], &log(&[]));
    assert_eq!(told(&report), ["10.0.0.1 missing_credentials inferred 1"]);
    let why = &report.groups.get(0).unwrap().why[0].plain().into_owned();
    assert!(why.starts_with("no credentials, or ones that leave no line (malformed header, unknown token)"), "{why}");
    // The client sends keys: then it may have been a header that could not be read.
    let audit = [used(-HOUR, ID, "10.0.0.1"), denied(0, "10.0.0.1")];
    assert_eq!(told(&read(&audit, &log(&[]))), ["10.0.0.1 unknown none 1"]);
    let audit = [denied(-HOUR, "10.0.0.1"), denied(0, "10.0.0.1")];
    let other = [refused(-HOUR - 1, "api key is expired")];
    assert_eq!(told(&read(&audit, &log(&other))), ["10.0.0.1 api_key_expired server_log 1", "10.0.0.1 unknown none 1"]);
    // What proves it proves it, and comes after.
    let proof = |text: &str| log(&[said(1, "AuthenticatorChain", "DEBUG", text)]);
    let none = proof("No valid credentials found in request [r], rejecting");
    assert_eq!(told(&read(&[denied(0, "10.0.0.1")], &none)), ["10.0.0.1 missing_credentials server_log 1"]);
    let sent = "Authenticating with null credentials is unsuccessful in request [r] after unsuccessful attempts of other credentials";
    assert_eq!(told(&read(&[denied(0, "10.0.0.1")], &proof(sent))), ["10.0.0.1 unknown none 1"]);
}

#[test]
fn a_line_explains_nothing_that_ended_before_it() {
    for (millis, reason) in
        [(0, "api_key_expired server_log"), (-200, "api_key_expired server_log"), (1, "unknown none")]
    {
        let report = read(&[denied(0, "10.0.0.1")], &log(&[refused(millis, "api key is expired")]));
        let expected = if millis == 1 { "missing_credentials inferred" } else { reason };
        assert_eq!(told(&report), [format!("10.0.0.1 {expected} 1")], "{millis}");
    }
}

#[test]
fn a_step_of_a_negotiation_is_no_failure() {
    const STEP: &str = "Authentication of [<Kerberos Token>] was terminated by realm [kerb1] - failed to authenticate user, gss context negotiation not complete";
    let audit: Vec<String> = (0..8).flat_map(|at| login(at * MINUTE, "<Kerberos Token>", &["kerb1"])).collect();
    let lines: Vec<String> = (0..8).map(|at| said(at * MINUTE - 1, "RealmsAuthenticator", "INFO", STEP)).collect();
    let report = read(&audit, &log(&lines));
    assert_eq!((report.totals.failed_attempts, report.coverage.negotiations), (0, 8));
    assert!(report.coverage.reconciled && report.findings.is_empty());
    // One more than there are steps is a failure.
    let audit = [audit, login(9 * MINUTE, "<Kerberos Token>", &["kerb1"])].concat();
    assert_eq!(read(&audit, &log(&lines)).totals.failed_attempts, 1);
}

#[test]
fn a_red_security_index_is_no_guesser() {
    let mut audit = Vec::new();
    let mut lines = Vec::new();
    for at in 0..30 {
        audit.extend(login(at * 1000, "kibana_system", &["reserved"]));
        let gone = "failed to retrieve password hash for reserved user [kibana_system]";
        lines.push(said(at * 1000 - 3, "esnative.ReservedRealm", "ERROR", gone));
        let end = "Authentication of [kibana_system] was terminated by realm [reserved] - failed to authenticate user [kibana_system]";
        lines.push(said(at * 1000 - 2, "RealmsAuthenticator", "INFO", end));
    }
    let report = read(&audit, &log(&lines));
    assert_eq!(told(&report), ["kibana_system realm_unavailable server_log 30"]);
    assert!(report.findings.iter().all(|finding| finding.verdict != "hostile"));
}

#[test]
fn a_refused_cross_cluster_key_keeps_its_own_reason() {
    let over_transport = |line: &str| {
        line.replace("\"event.type\":\"rest\"", "\"event.type\":\"transport\", \"origin.type\":\"transport\"")
    };
    let failed: Vec<String> =
        (0..5).flat_map(|at| login(at * MINUTE, ID, &[])).map(|line| over_transport(&line)).collect();
    let known = |end: Vec<String>| {
        [
            change(
                -HOUR,
                "create_cross_cluster_apikey",
                "create",
                &format!(r#"{{"apikey":{{"id":"{ID}","name":"x"}}}}"#),
            ),
            end,
            failed.clone(),
        ]
        .concat()
    };
    let lines: Vec<String> = (0..5).map(|at| refused(at * MINUTE - 1, "api key is expired")).collect();
    let report = read(&known(Vec::new()), &log(&lines));
    assert_eq!(told(&report), [format!("{ID} api_key_expired server_log 5")]);
    assert_eq!(failing(&report), [format!("{ID} api_key_expired 10.0.0.7x5")]);
    // Without the server log its end tells, and without that nothing does.
    assert_eq!(told(&read(&known(invalidated(-MINUTE, ID)), &[])), [format!("{ID} api_key_invalidated inferred 5")]);
    assert_eq!(told(&read(&known(Vec::new()), &[])), [format!("{ID} unknown none 5")]);
}

#[test]
fn no_complaint_means_that_the_account_is_disabled() {
    let wrong: Vec<String> =
        (0..3).flat_map(|at| login(at * 1000 - HOUR, &format!("kurt{at}"), &["file1", "native1"])).collect();
    let works = vec![succeeded(-2 * HOUR, "marta", "native1")];
    let user = r#"{"disable":{"user":{"name":"marta"}}}"#;
    let disable = change(-MINUTE, "change_disable_user", "change", user);
    let of_marta = |audit: Vec<Vec<String>>| {
        let report = read(&[wrong.clone(), audit.concat()].concat(), &[]);
        let group = report.groups.iter().find(|group| group.principal.as_deref() == Some("marta")).unwrap();
        (
            format!("{} {}", group.reason, group.reason_basis),
            group.why.iter().map(|why| why.plain()).collect::<Vec<_>>().join(" "),
        )
    };
    for chain in [&[][..], &["file1"]] {
        let (reason, why) = of_marta(vec![works.clone(), disable.clone(), login(0, "marta", chain)]);
        assert_eq!(reason, "user_disabled inferred", "{chain:?}");
        assert!(why.contains("the password was right") && why.contains("2026-03-01T11:59:00.000Z by anna"), "{why}");
        let (reason, _) = of_marta(vec![works.clone(), login(0, "marta", chain)]);
        assert_eq!(reason, "user_disabled inferred", "{chain:?}");
        // What the realm said may stand in a line that was cut; that somebody disabled the account is known all the same.
        let mut cut = login(-1, "marta", &["native1"]);
        cut[0].truncate(120);
        cut.truncate(1);
        let (reason, _) = of_marta(vec![works.clone(), cut.clone(), login(0, "marta", chain)]);
        assert_eq!(reason, "unknown none", "{chain:?}");
        let (reason, _) = of_marta(vec![works.clone(), disable.clone(), cut, login(0, "marta", chain)]);
        assert_eq!(reason, "user_disabled inferred", "{chain:?}");
    }
    // All were asked; it works afterwards; it works through a realm that takes no passwords.
    assert_eq!(of_marta(vec![works.clone(), login(0, "marta", &["file1", "native1"])]).0, "unknown none");
    let later = vec![succeeded(MINUTE, "marta", "native1")];
    assert_eq!(of_marta(vec![works, later, login(0, "marta", &["file1"])]).0, "unknown none");
    let saml = vec![succeeded(-HOUR, "marta", "saml1")];
    assert_eq!(of_marta(vec![saml, login(0, "marta", &["file1"])]).0, "unknown none");
}

#[test]
fn all_realms_are_those_that_take_such_a_credential() {
    let names = ["u1", "u2", "u3", "u4"];
    let all = ["file1", "native1"];
    let mut audit: Vec<String> = names.iter().zip(0..).flat_map(|(name, at)| login(at * 1000, name, &all)).collect();
    // Realms that are asked for no password.
    audit.extend(login(20_000, "i/a/s/p", &["jwt1"]));
    audit.extend(login(21_000, "<unauthenticated-saml-user>", &["saml1"]));
    audit.push(succeeded(-HOUR, "sam", "saml1"));
    audit.extend(login(30_000, "ann", &all));
    let wrong = "Authentication to realm native1 failed - Password authentication failed for ann";
    let told = told(&read(&audit, &log(&[said(29_999, "RealmsAuthenticator", "WARN", wrong)])));
    for name in names {
        assert!(told.contains(&format!("{name} unknown_user inferred 1")), "{told:?}");
    }
    assert!(told.contains(&"ann bad_password server_log 1".to_owned()), "{told:?}");
}

#[test]
fn logs_of_other_products_are_counted_apart() {
    let quote = format!("{KEY}api key [{ID}] has been invalidated");
    let others = [
        format!("[2026-03-01T11:59:59,999][WARN ][logstash.outputs.elasticsearch][main] {quote}"),
        format!("[2026-03-01T11:59:59.999+00:00][WARN ][plugins.security.authentication] {quote}"),
        format!(
            r#"{{"log.level":"warn","service.name":"fleet-server","@timestamp":"2026-03-01T11:59:59.999Z","message":"{quote}","node.name":"fleet-1","node.id":"F"}}"#
        ),
        format!(
            r#"{{"log.level":"error","@timestamp":"2026-03-01T11:59:59.999Z","message":"{quote}","component":{{"binary":"filebeat"}},"log":{{"source":"x"}}}}"#
        ),
    ];
    let audit = [denied(0, "10.0.0.1")];
    let report = Inputs::of(&[("audit.json", &audit[..]), ("other.log", &others)]).report(&["--by", "source,reason"]);
    let products: Vec<_> = report.coverage.other_products.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(products, [("Elastic Agent", 1), ("Fleet Server", 1), ("Kibana", 1), ("Logstash", 1)]);
    let nodes: Vec<_> = report.coverage.nodes.iter().map(|node| (node.id.as_deref(), node.name.as_deref())).collect();
    assert_eq!(nodes, [(Some("n1"), None)]);
    assert_eq!((report.coverage.server_events, report.groups.get(0).unwrap().reason.as_str()), (0, "unknown"));
    assert!(report.api_keys.failing.is_empty());
}

/// Four clients with a key each, refused on one tick after their keys ended; `line` is what the server log says of a key.
fn ticks(line: Option<&dyn Fn(&str) -> String>) -> Report {
    let key = |client: i64| format!("K{client}kQzT7wYbN0vLpRxJ3_a");
    let address = |client: i64| format!("10.0.4.{client}");
    let mut audit = Vec::new();
    let mut lines = Vec::new();
    for client in 1..5 {
        audit.extend((0..12).map(|at| used(-20 * MINUTE + at * 30_000 + client * 3, &key(client), &address(client))));
        audit.extend(invalidated(-MINUTE - client * 2000, &key(client)));
    }
    for tick in 0..80 {
        for client in 0..4 {
            audit.push(denied(tick * 30_000, &address(1 + client)));
            // Written in another order than the events.
            let other = 1 + (client * 3 + tick) % 4;
            lines.extend(line.map(|line| refused(tick * 30_000 - 1, &line(&key(other)))));
        }
    }
    read(&audit, &if line.is_some() { log(&lines) } else { Vec::new() })
}

#[test]
fn the_server_log_never_lowers_attribution() {
    let expected: Vec<String> =
        (1..5).map(|client| format!("K{client}kQzT7wYbN0vLpRxJ3_a api_key_invalidated 10.0.4.{client}x80")).collect();
    let with_id = |key: &str| format!("api key [{key}] has been invalidated");
    let without = |_: &str| "api key has been invalidated".to_owned();
    for line in [None, Some(&with_id as &dyn Fn(&str) -> String), Some(&without)] {
        let report = ticks(line);
        let mut told = failing(&report);
        told.sort();
        assert_eq!(told, expected);
        let sure = report.api_keys.failing.iter().flat_map(|key| &key.clients).all(|client| client.confidence >= 0.8);
        assert!(sure);
    }
}

#[test]
fn what_leaves_no_record_is_said() {
    let report = read(&[denied(0, "10.0.0.1")], &[]);
    let told = &report.coverage.cannot_tell;
    assert!(
        told.iter().any(|text| text.contains("expired or invalidated bearer tokens: they leave no audit event")),
        "{told:?}"
    );
}

#[test]
fn opensearch_has_its_own_words() {
    let record = |second: i64, user: &str, from: &str| {
        let time = chrono::DateTime::from_timestamp_millis(ZERO + second * 1000).unwrap();
        serde_json::json!({"audit_cluster_name":"c", "audit_node_id":"n1", "audit_node_name":"os-1",
            "@timestamp":time.to_rfc3339(), "audit_category":"FAILED_LOGIN", "audit_request_layer":"REST",
            "audit_request_effective_user":user, "audit_request_remote_address":from, "audit_format_version":4})
        .to_string()
    };
    let report = read(&[record(0, "bob", "10.0.0.9"), record(1, "<NONE>", "10.0.0.9")], &[]);
    let told = report.coverage.cannot_tell.iter().map(|told| told.plain()).collect::<Vec<_>>().join("\n");
    assert!(told.contains("FAILED_LOGIN"), "{told}");
    assert!(!told.contains("xpack") && !told.contains("realm_authentication_failed"), "{told}");

    // So do findings, in what they advise.
    let guesses = (0..400).map(|at| record(at, "bob", "203.0.113.9"));
    let sprayed = (0..200).map(|at| record(90_000 + at * 9, &format!("user{}", at % 60), "198.51.100.7"));
    let bare = (0..300).map(|at| record(180_000 + at, "<NONE>", "192.0.2.14"));
    let report = read(&guesses.chain(sprayed).chain(bare).collect::<Vec<_>>(), &[]);
    assert!(report.findings.len() > 1, "{:?}", report.findings.iter().map(|finding| &finding.kind).collect::<Vec<_>>());
    for finding in &report.findings {
        let told = finding.next_steps.iter().chain([&finding.diagnosis]).map(|text| text.plain()).collect::<String>();
        let told = told.replace("/_plugins/_security/", "");
        for foreign in ["xpack", "_security/", "Elasticsearch", "access_granted"] {
            assert!(!told.contains(foreign), "{}: {told}", finding.kind);
        }
    }
}

#[test]
fn an_exception_on_the_next_line_is_read_wherever_chunks_begin() {
    let comma = |at: i64| {
        chrono::DateTime::from_timestamp_millis(ZERO + at * MINUTE - 1)
            .unwrap()
            .format("%Y-%m-%dT%H:%M:%S,%3f")
            .to_string()
    };
    let mut lines = Vec::new();
    let mut audit = Vec::new();
    for at in 0..200 {
        lines.push(format!("[{}][WARN ][o.e.x.s.a.RealmsAuthenticator] [es-1] An error occurred while attempting to authenticate [ann] against realm [ldap1]", comma(at)));
        lines.push(
            "org.elasticsearch.common.util.concurrent.EsRejectedExecutionException: rejected execution".to_owned(),
        );
        lines.push("\tat org.elasticsearch.X.y(X.java:1)".to_owned());
        audit.extend(
            login(at * MINUTE, "ann", &[])
                .into_iter()
                .map(|line| line.replace("\"node.id\":\"n1\"", "\"node.name\":\"es-1\"")),
        );
    }
    let inputs = Inputs::of(&[("audit.json", &audit[..]), ("server.log", &lines)]);
    for size in ["1000", "1111", "4096", "1000000"] {
        let report = inputs.report(&["--by", "principal,source,reason", "--chunk-size", size]);
        assert_eq!(told(&report), ["ann server_busy server_log 200"], "{size}");
    }
}

/// An ended key leaves a line in the server log: where there is none, no key is called expired, and where no server log is, it is
/// a guess.
#[test]
fn no_key_is_called_expired_where_the_log_is_silent() {
    let uses = (0..10).map(|at| used((at - 12) * MINUTE, ID, "10.0.0.5"));
    let refusals = (0..20).map(|at| denied(at * 10_000, "10.0.0.5"));
    let audit: Vec<String> = uses.chain(refusals).collect();
    let titles = |report: &Report| -> Vec<String> {
        report.findings.iter().map(|finding| finding.title.plain().into_owned()).collect()
    };
    let silent = read(&audit, &log(&[]));
    assert!(titles(&silent).iter().all(|title| !title.contains("expired")), "{:?}", titles(&silent));
    let alone = read(&audit, &[]);
    let guess = "An API key that no line names is expired and still used by 10.0.0.5, perhaps";
    assert_eq!(titles(&alone), [guess]);
    assert!(alone.findings[0].diagnosis.plain().starts_with("Perhaps: "));
}

/// How many keys a realm has is not in the log.
#[test]
fn keys_of_a_realm_are_not_counted() {
    let owner = r#"{"apikeys":{"owned_by_authenticated_user":false,"user":{"name":null,"realm":"ldap1"}}}"#;
    let mut change = change(0, "invalidate_apikeys", "invalidate", owner);
    change[0] = change[0].replacen('{', r#"{"origin.address":"203.0.113.9:1","#, 1);
    let report = read(&change, &[]);
    let titles: Vec<_> = report.findings.iter().map(|finding| finding.title.plain().into_owned()).collect();
    assert_eq!(titles, ["anna invalidated every API key of realm ldap1"]);
}

#[test]
fn what_is_not_there_is_not_told() {
    let shown = |audit: &[String], server: &[String]| {
        let mut inputs = Inputs::of(&[("audit.json", audit)]);
        if !server.is_empty() {
            inputs.add("server.json", &test_support::ended(server));
        }
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"));
        let output = program.args(["report", "--quiet", "--width", "160"]).arg(inputs.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let server = shown(&[], &[refused(0, "api key [K] has been invalidated")]);
    assert!(server.contains("Refused without an audit event") && !server.contains("people and machines"), "{server}");
    let nameless = shown(&[denied(0, "10.0.0.5")], &[]);
    assert!(nameless.contains("1 failed attempt without a principal from 1 address"), "{nameless}");
    let role = r#"{"role":{"name":"r","role_descriptor":{"cluster":["all"],"indices":[{"names":["*"],"privileges":["all"]}]}}}"#;
    let role = shown(&change(0, "put_role", "put", role), &[]);
    assert!(role.contains("r: all on the cluster and all on * (everything)"), "{role}");
}

/// A change is written when it is authorised; a key that goes on working was not ended by it.
#[test]
fn a_key_in_use_is_not_called_invalidated() {
    let uses = |until: i64| (0..until).map(|at| used(at * MINUTE, ID, "10.0.0.5"));
    let status = |until: i64| {
        let audit: Vec<String> = uses(until).chain(invalidated(3 * MINUTE, ID)).collect();
        let inputs = Inputs::of(&[("audit.json", audit.as_slice())]);
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"));
        let output = program.args(["keys", "--quiet", "--format", "json"]).arg(inputs.path()).output().unwrap();
        let keys: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (keys["keys"][0]["status"].clone(), keys["coverage"]["cannot_tell"].to_string().contains("took effect"))
    };
    assert_eq!(status(3), ("invalidated".into(), false));
    assert_eq!(status(20), ("active".into(), true));
}

#[test]
fn one_line_of_two_refusals_is_nobodys() {
    let (ours, theirs) = ("10.0.0.5", "10.0.0.6");
    let audit = [denied(0, ours), denied(0, theirs)];
    let ended = format!("api key [{ID}] has been invalidated");
    // Whose it is, nothing tells: neither has a reason, and neither is called one without credentials.
    let one = read(&audit, &log(&[refused(0, &ended)]));
    assert_eq!(told(&one), [format!("{ours} unknown none 1"), format!("{theirs} unknown none 1")]);
    assert!(one.groups.iter().all(|group| group.why.len() == 1), "{:?}", one.groups);
    assert_eq!(failing(&one), [format!("{ID} api_key_invalidated ")]);
    // Each line of one reason: it is that of both, whoever sent which key.
    let other = "api key [Zz9hYwBqTzL7m_0PeXdA] has been invalidated";
    let two = read(&audit, &log(&[refused(0, &ended), refused(0, other)]));
    let both =
        [format!("{ours} api_key_invalidated server_log 1"), format!("{theirs} api_key_invalidated server_log 1")];
    assert_eq!(told(&two), both);
    assert!(two.api_keys.failing.iter().all(|key| key.unattributed == 1), "{:?}", two.api_keys.failing);
    // Two reasons: which is whose is not known.
    let mixed = read(&audit, &log(&[refused(0, &ended), refused(0, "api key is expired")]));
    assert_eq!(told(&mixed), told(&one));
    // What a client used before decides.
    let known = [&audit[..], &[used(-MINUTE, ID, theirs)]].concat();
    let decided = read(&known, &log(&[refused(0, &ended)]));
    assert!(told(&decided).contains(&format!("{theirs} api_key_invalidated server_log 1")), "{:?}", told(&decided));
    // Of one client's two requests one was refused for it, and which does not matter to who.
    let again = denied(0, ours).replace(&format!("{ours}-0"), "another").replace(":5\"", ":6\"");
    let same = read(&[denied(0, ours), again], &log(&[refused(0, &ended)]));
    let parts = [format!("{ours} api_key_invalidated server_log 1"), format!("{ours} unknown none 1")];
    assert_eq!(told(&same), parts);
    assert_eq!(failing(&same), [format!("{ID} api_key_invalidated {ours}x1")]);
}
