//! Records beside failures and changes: powerful actions, new places, refused actions, tampered requests.

use std::path::Path;

use esaudit::internals::correlate::{Correlated, PowerfulAction};
use esaudit::internals::model::Report;
use esaudit::internals::options::filter::{Pattern, Rules};
use esaudit::internals::options::{Filter, Options};
use esaudit::internals::pipeline::Request;
use esaudit::internals::pseudonyms::Pseudonyms;
use test_support::line::Line;
use test_support::{Inputs, report};

use crate::clusters::{failure, in_cluster};

fn read(inputs: &Inputs, options: &Options) -> Correlated {
    read_as(inputs, options, None)
}

fn read_as(inputs: &Inputs, options: &Options, pseudonyms: Option<Pseudonyms>) -> Correlated {
    let request = Request { pseudonyms, ..Request::of([inputs.path()], options.clone()) };
    request.read().unwrap().join().looked_at().joined
}

/// What was done, by time: user, who authenticated, class, action, index, whether it was allowed.
fn told(joined: &Correlated) -> Vec<String> {
    let text = |sym| joined.state.symbols.string(sym).unwrap_or_else(|| "-".to_owned());
    let one = |action: &PowerfulAction| {
        let names = [action.principal, action.run_by, action.source, action.apikey, action.es_action, action.index];
        let [user, by, source, key, name, index] = names.map(text);
        let name = name.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
        let granted = if action.granted { "granted" } else { "denied" };
        format!("{user} {by} {source} {key} {} {name} {index} {granted}", action.class.name())
    };
    joined.powerful.actions.iter().filter(|action| !action.left_out).map(one).collect()
}

fn access(millis: i64, action: &str, user: &str, request: &str, es_action: &str) -> Line {
    Line::new(millis, action)
        .text("authentication.type", "REALM")
        .user(user)
        .text("user.realm", "native1")
        .text("origin.type", "rest")
        .from("10.0.0.1:40000")
        .request(request)
        .text("action", es_action)
}

fn granted(millis: i64, user: &str, request: &str, es_action: &str) -> Line {
    access(millis, "access_granted", user, request, es_action)
}

/// A session with everything in it that is powerful, and much that is not.
fn session() -> Vec<String> {
    let index = |line: Line, names: &str| line.raw("indices", names).end();
    vec![
        granted(0, "ann", "r0", "cluster:monitor/main").end(),
        index(granted(1, "ann", "r1", "indices:data/read/search"), r#"["orders","x"]"#),
        index(granted(2, "ann", "r2", "indices:data/read/search"), r#"["orders",".security-7"]"#),
        index(granted(3, "ann", "r2", "indices:data/read/search[phase/query]"), r#"["orders",".security-7"]"#),
        index(granted(4, "ann", "r3", "indices:admin/delete"), r#"["orders","y"]"#),
        index(granted(5, "ann", "r4", "indices:admin/delete"), r#"["*","-*"]"#),
        index(granted(6, "ann", "r5", "indices:data/write/delete"), r#"["orders"]"#),
        index(granted(7, "ann", "r6", "indices:data/write/delete/byquery"), r#"["orders"]"#),
        granted(8, "ann", "r7", "cluster:admin/repository/put").end(),
        access(9, "access_denied", "bob", "r8", "cluster:admin/xpack/security/user/put").end(),
        granted(10, "_xpack_security", "r9", "cluster:admin/xpack/security/user/put")
            .text("x", "y")
            .end()
            .replace("native1", "__attach"),
        granted(11, "own", "r10", "cluster:admin/settings/update").text("apikey.id", "k1").end(),
        Line::new(12, "run_as_granted")
            .user("ann")
            .text("user.run_as.name", "elastic")
            .from("10.0.0.1:40001")
            .request("r11")
            .text("action", "cluster:admin/xpack/security/user/authenticate")
            .end(),
        Line::new(13, "run_as_denied")
            .user("bob")
            .text("user.run_as.name", "elastic")
            .from("10.0.0.1:40001")
            .request("r12")
            .text("action", "indices:data/read/search")
            .end(),
        // Without a request id nothing joins; two events are two.
        granted(14, "ann", "", "cluster:admin/nodes/reload_secure_settings").end(),
        granted(15, "ann", "", "cluster:admin/nodes/reload_secure_settings").end(),
    ]
}

const SESSION: [&str; 11] = [
    "ann - 10.0.0.1 - search search .security-7 granted",
    "ann - 10.0.0.1 - delete_index delete orders granted",
    "ann - 10.0.0.1 - delete_index delete - granted",
    "ann - 10.0.0.1 - delete_documents byquery orders granted",
    "ann - 10.0.0.1 - snapshot put - granted",
    "bob - 10.0.0.1 - security put - denied",
    "own - 10.0.0.1 k1 settings update - granted",
    "elastic ann 10.0.0.1 - run_as authenticate - granted",
    "elastic bob 10.0.0.1 - run_as search - denied",
    "ann - 10.0.0.1 - node reload_secure_settings - granted",
    "ann - 10.0.0.1 - node reload_secure_settings - granted",
];

#[test]
fn what_is_powerful_is_kept_each_request_once() {
    let lines = session();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    assert_eq!(told(&read(&inputs, &Options::default())), SESSION);
    // In copies, in another order, in any number of chunks.
    let mut backwards = lines.clone();
    backwards.reverse();
    let inputs = Inputs::of(&[("a.json", &lines), ("b.json", &backwards), ("c.json", &lines[3..])]);
    for chunk_size in [600, 1 << 20] {
        let joined = read(&inputs, &Options { chunk_size, threads: 2, ..Options::default() });
        assert_eq!(told(&joined), SESSION, "{chunk_size}");
        assert_eq!(joined.powerful.counted_only().len(), 0);
    }
}

#[test]
fn parts_of_a_request_on_other_nodes_are_no_requests() {
    let of_node = |node: &str, millis: i64, origin: &str| {
        granted(millis, "ann", "r1", "indices:admin/delete")
            .raw("indices", r#"["x"]"#)
            .end()
            .replace("\"node.id\":\"n1\"", &format!("\"node.id\":\"{node}\""))
            .replace("\"origin.type\":\"rest\"", &format!("\"origin.type\":\"{origin}\""))
    };
    let lines = [of_node("n2", 0, "transport"), of_node("n1", 1, "rest"), of_node("n3", 2, "transport")];
    let joined = read(&Inputs::of(&[("a.json", &lines)]), &Options::default());
    assert_eq!(told(&joined), ["ann - 10.0.0.1 - delete_index delete x granted"]);
    let action = &joined.powerful.actions[0];
    assert_eq!(joined.nodes.all()[action.node].id.as_deref(), Some("n1"));
    assert_eq!((action.indices, action.request.is_some()), (1, true));
}

#[test]
fn a_program_that_repeats_itself_fills_no_memory_and_is_counted() {
    let repeat = |at: i64| granted(at, "svc", &format!("r{at}"), "indices:admin/index_template/put").end();
    let lines: Vec<String> = (0..200).map(repeat).collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let joined = read(&inputs, &Options::default());
    assert_eq!(joined.powerful.actions.len(), 64);
    assert_eq!(joined.powerful.counted_only().values().sum::<u64>(), 136);
    let told = inputs.report(&[]).coverage.cannot_tell;
    assert!(
        told.iter()
            .any(|told| told.plain().starts_with("when each of 136 more powerful actions happened (templates 136)"))
    );
}

#[test]
fn filters_and_pseudonyms_are_respected() {
    let inputs = Inputs::of(&[("a.json", &session())]);
    let rules = |text: &str| Rules::parse(&[text.to_owned()], Pattern::text).unwrap();
    let bob = Options { filter: Filter { principal: rules("bob"), ..Filter::default() }, ..Options::default() };
    assert_eq!(told(&read(&inputs, &bob)), [SESSION[5], SESSION[8]]);
    let deletes =
        Options { filter: Filter { action: rules("indices:admin/*"), ..Filter::default() }, ..Options::default() };
    assert_eq!(told(&read(&inputs, &deletes)), SESSION[1..3]);
    let names = Pseudonyms::new(b"0123456789abcdef").unwrap();
    let hidden = told(&read_as(&inputs, &Options::default(), Some(names)));
    assert_eq!(hidden.len(), SESSION.len());
    for told in hidden {
        assert!(!["ann", "bob", "own", "10.0.0.1", "orders", "k1 "].iter().any(|name| told.contains(name)), "{told}");
    }
}

#[test]
fn accounts_at_new_places() {
    let success = |millis: i64, user: &str, origin: &str| {
        Line::new(millis, "access_granted").user(user).from(origin).text("action", "cluster:monitor/main").end()
    };
    let lines = [
        success(0, "ann", "10.0.0.1:1"),
        success(1000, "ann", "10.0.0.1:2"),
        success(2000, "bob", "10.0.0.9:2"),
        success(3000, "ann", "192.0.2.7:2"),
        success(4000, "ann", "192.0.2.7:3"),
        granted(5000, "ann", "r", "cluster:admin/repository/put").end().replace("10.0.0.1:40000", "192.0.2.7:9"),
        success(6000, "bob", "10.0.0.8:2").replace("\"user.name\"", "\"apikey.id\":\"k\", \"user.name\""),
    ];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let whole = inputs.report(&[]);
    assert_eq!(whole.new_places_total, 1);
    let place = &whole.new_places[0];
    assert_eq!((place.principal.as_str(), place.source.as_str()), ("ann", "192.0.2.7"));
    assert_eq!((place.first.as_str(), place.successes, place.powerful), ("2026-03-01T12:00:03.000Z", 3, 1));
    assert_eq!(place.history_since.as_deref(), Some("2026-03-01T12:00:00.000Z"));
    assert_eq!(inputs.report(&["--principal", "bob"]).new_places_total, 0);
    assert_eq!(inputs.report(&["--source", "192.0.2.0/24"]).new_places_total, 1);
    assert_eq!(inputs.report(&["--since", "2026-03-01T12:00:04"]).new_places_total, 0);
}

#[test]
fn what_was_sent_tells_groups_apart() {
    let lines = [
        Line::new(0, "anonymous_access_denied").from("10.0.0.1:1").request("a").end(),
        Line::new(1, "authentication_failed").from("10.0.0.1:1").request("b").end(),
        Line::new(2, "authentication_failed").user("kim").from("10.0.0.1:1").request("c").end(),
        Line::new(3, "authentication_failed").user("CN=kim, O=x").from("10.0.0.1:1").request("d").end(),
        Line::new(4, "authentication_failed").user("<Kerberos Token>").from("10.0.0.1:1").request("e").end(),
        Line::new(5, "authentication_failed")
            .user("elastic/kibana")
            .text("authentication.token.name", "t")
            .from("10.0.0.1:1")
            .request("f")
            .end(),
    ];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let credentials = |report: &Report| {
        let mut told: Vec<_> = report.groups.iter().map(|group| group.credential.clone().unwrap_or_default()).collect();
        told.sort();
        told
    };
    let all = ["certificate", "none", "password", "service_token", "token", "unknown"];
    assert_eq!(credentials(&inputs.report(&[])), all);
    assert_eq!(credentials(&inputs.report(&["--by", "credential"])), all);
    // As 0.1.0 grouped them.
    assert_eq!(inputs.report(&["--by", "principal,realm-chain,reason"]).groups.len(), 5);
}

#[test]
fn tampered_requests_are_counted_and_are_no_failed_attempts() {
    let tampered = |millis: i64| Line::new(millis, "tampered_request").from("10.0.0.1:1").request("t").end();
    let lines = [tampered(0), tampered(61_000), Line::new(62_000, "connection_denied").from("10.0.0.1:1").end()];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let report = inputs.report(&[]);
    assert_eq!((report.totals.failed_attempts, report.totals.tampered_requests), (0, 2));
    let buckets: Vec<u64> = report.timeline.buckets.iter().map(|bucket| bucket.tampered_request).collect();
    assert_eq!(buckets, [1, 1]);
    assert_eq!((report.coverage.actions["tampered_request"], report.coverage.actions["connection_denied"]), (2, 1));
    assert_eq!(inputs.report(&["--until", "2026-03-01T12:00"]).totals.tampered_requests, 1);
    assert_eq!(inputs.report(&["--action", "tampered_request"]).totals.tampered_requests, 2);
    assert_eq!(inputs.report(&["--principal", "kim"]).totals.tampered_requests, 0);
}

#[test]
fn what_users_were_refused() {
    let denied = |millis: i64, user: &str, es_action: &str, index: &str| {
        access(millis, "access_denied", user, &format!("d{millis}"), es_action)
            .raw("indices", &format!("[{index:?}]"))
            .end()
    };
    let search = "indices:data/read/search";
    let lines = [
        denied(0, "ann", search, "orders"),
        denied(1000, "ann", search, "orders").replace("10.0.0.1", "10.0.0.2"),
        denied(2000, "ann", search, "people"),
        denied(3000, "bob", "indices:admin/delete", "orders"),
    ];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let rows = |options: &[&str]| {
        let row = |row: &esaudit::internals::model::Denied| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!(
                "{} {} {} {} {}",
                text(&row.principal),
                text(&row.action),
                text(&row.index),
                row.count,
                row.sources_total
            )
        };
        let report = inputs.report(options);
        assert_eq!(report.denied_total, report.denied.len() as u64);
        report.denied.iter().map(row).collect::<Vec<_>>()
    };
    let (orders, people, bob) = (
        "ann indices:data/read/search orders 2 2",
        "ann indices:data/read/search people 1 1",
        "bob indices:admin/delete orders 1 1",
    );
    assert_eq!(rows(&[]), [orders, people, bob]);
    assert_eq!(rows(&["--index", "orders"]), [orders, bob]);
    assert_eq!(rows(&["--index", "!orders"]), [people]);
    assert_eq!(rows(&["--action", "indices:admin/*"]), [bob]);
    assert_eq!(rows(&["--action", "access_denied"]), [orders, people, bob]);
    assert_eq!(rows(&["--action", "authentication_failed"]), [""; 0]);
    let first = &inputs.report(&[]).denied[0];
    let lines: Vec<u64> = first.evidence.iter().map(|evidence| evidence.line).collect();
    assert_eq!(lines, [1, 2]);
}

#[test]
fn parts_give_the_same_bytes() {
    let first = Inputs::of(&[("a.json", &session())]);
    let mut lines: Vec<String> = (0..10).map(|at| in_cluster(failure("n1", at * 1000), "A")).collect();
    lines.extend(session().into_iter().map(|line| line.replace("n1", "b1")));
    let second = Inputs::of(&[("b.json", &lines)]);
    let path = |inputs: &Inputs| inputs.path().to_str().unwrap().to_owned();
    let parts = tempfile::tempdir().unwrap();
    let part = |name: &str| parts.path().join(name).to_str().unwrap().to_owned();
    for (inputs, name) in [(&first, "1"), (&second, "2")] {
        assert!(test_support::esaudit(&["scan", &path(inputs), "-o", &part(name)]).status.success());
    }
    let direct = test_support::json(&[&path(&first), &path(&second)], &[]);
    let merged = test_support::esaudit(&["merge", &part("2"), &part("1"), "--format", "json"]);
    assert_eq!(String::from_utf8(merged.stdout).unwrap(), String::from_utf8(direct).unwrap());
    assert!(Path::new(&part("1")).exists());
    assert!(!report(&[&path(&second)], &[]).clusters.is_empty());
}

#[test]
fn uses_of_a_cross_cluster_key_are_uses() {
    let used = |millis: i64, origin: &str, body: &str| {
        Line::new(millis, "access_granted")
            .text("authentication.type", "API_KEY")
            .user("owner")
            .text("apikey.id", "cross-1")
            .text("origin.type", "transport")
            .from(origin)
            .raw("cross_cluster_access", body)
            .text("action", "indices:data/read/search")
            .end()
    };
    let nested = r#"{"authentication.type":"REALM", "user":{"name":"far-ann"}}"#;
    let flat = r#"{"authentication.type":"REALM", "user.name":"far-bob"}"#;
    let plain = |millis: i64, key: &str, layer: &str, from: &str| {
        let event = Line::new(millis, "access_granted").user("owner").text("apikey.id", key);
        event.text("origin.type", layer).from(from).end()
    };
    let mut lines = vec![
        used(0, "10.9.0.1:9443", nested),
        used(1, "10.9.0.1:9443", flat),
        used(2, "10.9.0.2:9443", nested),
        plain(3, "rest-1", "rest", "10.0.0.8:40000"),
        plain(4, "rest-1", "transport", "10.0.0.7:9300"),
    ];
    // Of a cross-cluster key whose events do not say whose request it is.
    lines.extend((5..10).map(|millis| plain(millis, "cross-2", "transport", "10.9.0.3:9443")));
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let keys = |options: &[&str]| {
        let arguments = [&["keys", "--format", "json", inputs.path().to_str().unwrap()], options].concat();
        let output = test_support::esaudit(&arguments);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["keys"].clone()
    };
    let all = keys(&[]);
    let count = |id: &str| {
        let key = all.as_array().unwrap().iter().find(|key| key["id"] == id).unwrap();
        key["used"]["count"].as_u64().unwrap()
    };
    assert_eq!(count("rest-1"), 1, "a part of a request of an ordinary key is no use of its own: {all}");
    assert_eq!(count("cross-2"), 5, "{all}");
    let used = &all.as_array().unwrap().iter().find(|key| key["id"] == "cross-1").unwrap()["used"];
    assert_eq!((used["count"].as_u64(), used["clients_total"].as_u64()), (Some(3), Some(2)));
    let remote: Vec<_> =
        used["remote_users"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(remote, ["far-ann", "far-bob"]);
    assert_eq!(keys(&["--principal", "far-bob"])[0]["used"]["count"], 1);
    assert_eq!(keys(&["--principal", "owner"])[0]["used"]["count"], 3);
}

#[test]
fn changes_say_who_became_how_powerful() {
    let caused = |millis: i64, request: &str, es_action: &str| {
        granted(millis, "kibana_system", request, es_action).text("apikey.id", "actor-key").end()
    };
    let change = |millis: i64, request: &str, action: &str, verb: &str, body: &str| {
        Line::new(millis, action).request(request).raw(verb, body).end()
    };
    let lines = [
        caused(0, "r1", "cluster:admin/xpack/security/api_key/grant"),
        change(
            1,
            "r1",
            "create_apikey",
            "create",
            r#"{"apikey":{"id":"k1","name":"n1","type":"rest","expiration":"1d"},"grant":{"type":"password","user":{"name":"ann","has_password":true},"run_as":"bob"}}"#,
        ),
        change(2, "r2", "put_user", "put", r#"{"user":{"name":"eve","enabled":true,"roles":["viewer","superuser"]}}"#),
        change(3, "r3", "put_user", "put", r#"{"user":{"name":"zoe","enabled":true,"roles":["viewer"]}}"#),
        change(
            4,
            "r4",
            "put_role",
            "put",
            r#"{"role":{"name":"r","role_descriptor":{"cluster":["monitor"],"indices":[{"names":["logs-*","x"],"privileges":["read"]},{"names":["*"],"privileges":["all"]}],"applications":[],"run_as":[]}}}"#,
        ),
        change(
            5,
            "r5",
            "put_role",
            "put",
            r#"{"role":{"name":"s","role_descriptor":{"cluster":["manage_security"],"indices":[]}}}"#,
        ),
        caused(6, "r6", "cluster:admin/xpack/security/profile/activate"),
        change(7, "r6", "activate_user_profile", "activate", r#"{"user_profile":{"grant":{"type":"password"}}}"#)
            .replace("\"event.type\":\"rest\"", "\"event.type\":\"security_config_change\""),
    ];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let changes = inputs.report(&[]).security_changes;
    let made = &changes[0];
    assert_eq!((made.key_type.as_deref(), made.owner.as_deref()), (Some("rest"), Some("bob")));
    assert_eq!((made.actor.as_deref(), made.actor_api_key.as_deref()), (Some("kibana_system"), Some("actor-key")));
    assert_eq!(made.name.as_deref(), Some("n1"));
    assert_eq!((changes[1].roles.join(","), changes[1].superuser), ("viewer,superuser".to_owned(), true));
    assert_eq!((changes[2].roles.join(","), changes[2].superuser), ("viewer".to_owned(), false));
    let privileges = ["monitor", "read on logs-*", "read on x", "all on *"];
    assert_eq!((changes[3].privileges.as_slice(), changes[3].superuser), (&privileges.map(str::to_owned)[..], true));
    assert_eq!(changes[3].name.as_deref(), Some("r"));
    assert!(changes[4].superuser);
    assert_eq!(changes[5].actor.as_deref(), Some("kibana_system"));
    let owner = test_support::esaudit(&["keys", "--format", "json", inputs.path().to_str().unwrap()]);
    let keys: serde_json::Value = serde_json::from_slice(&owner.stdout).unwrap();
    assert_eq!((keys["keys"][1]["owner"].as_str(), keys["keys"][1]["type"].as_str()), (Some("bob"), Some("rest")));
}

/// A line of an 8.x server log.
fn server_line(second: u8, message: &str) -> String {
    let message = serde_json::Value::from(message);
    format!(
        r#"{{"@timestamp":"2026-03-01T12:00:{second:02}.000Z", "log.level":"WARN", "message":{message}, "log.logger":"org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator","elasticsearch.node.id":"n1"}}"#
    )
}

#[test]
fn refusals_that_only_the_server_log_tells() {
    let refused = "Authentication using apikey failed - api key [k1] has been invalidated";
    let realm = "Authentication to realm default_native failed - Password authentication failed for ann";
    let log = [server_line(0, refused), server_line(5, refused), server_line(9, realm)];
    let inputs = Inputs::of(&[("server.json", &log)]);
    let report = inputs.report(&[]);
    let rows: Vec<_> = report
        .server_refusals
        .iter()
        .map(|row| {
            (row.principal.as_deref(), row.realm.as_deref(), row.api_key.as_deref(), row.reason.as_str(), row.count)
        })
        .collect();
    assert_eq!(
        rows,
        [
            (None, None, Some("k1"), "api_key_invalidated", 2),
            (Some("ann"), Some("default_native"), None, "bad_password", 1)
        ]
    );
    assert_eq!(report.server_refusals[0].evidence.iter().map(|place| place.line).collect::<Vec<_>>(), [1, 2]);
    assert!(report.coverage.cannot_tell.iter().any(|told| told.contains("no audit log: no verdict")));
    // What has its audit event is told there.
    let audit = [Line::new(5001, "anonymous_access_denied").from("10.0.0.1:1").request("a").end()];
    let inputs = Inputs::of(&[("server.json", &log), ("audit.json", &audit)]);
    let report = inputs.report(&[]);
    assert_eq!(report.server_refusals.iter().map(|row| row.count).sum::<u64>(), 2);
    assert!(!report.coverage.cannot_tell.iter().any(|told| told.contains("no audit log: no verdict")));
}

#[test]
fn events_met_again_are_counted_by_action() {
    let lines =
        [failure("n1", 0).end(), Line::new(1, "put_user").request("r").raw("put", r#"{"user":{"name":"u"}}"#).end()];
    let report = Inputs::of(&[("a.json", &lines), ("b.json", &lines)]).report(&[]);
    assert_eq!(report.coverage.duplicates, 2);
    let by_action: Vec<_> =
        report.coverage.duplicates_by_action.iter().map(|(action, count)| (action.as_str(), *count)).collect();
    assert_eq!(by_action, [("authentication_failed", 1), ("put_user", 1)]);
}
