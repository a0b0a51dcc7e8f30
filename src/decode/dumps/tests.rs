//! Shapes of Elasticsearch's reference, and what is wrong with hostile ones.

use proptest::prelude::*;

use super::*;

fn facts(text: &str) -> DumpFacts {
    decode(text.as_bytes()).expect(text).expect(text)
}

const USERS: &str = r#"{"elastic":{"username":"elastic","roles":["superuser"],"full_name":null,"email":null,"metadata":{"_reserved":true},"enabled":true},"jdoe":{"username":"jdoe","roles":["a","b"],"metadata":{},"enabled":false}}"#;
const KEYS: &str = r#"{"total":1,"count":1,"api_keys":[{"id":"b","name":"n","type":"rest","creation":1,"invalidated":false,"username":"u","realm":"r","metadata":{},"role_descriptors":{"x":{"cluster":["monitor"],"indices":[{"names":["logs-*"],"privileges":["read"],"allow_restricted_indices":false}],"applications":[],"run_as":[]}},"limited_by":[{"superuser":{"cluster":["all"],"indices":[{"names":["*"],"privileges":["all"],"allow_restricted_indices":true}],"run_as":["*"]}}]}]}"#;
const NODES: &str = r#"{"_nodes":{"total":1,"successful":1,"failed":0},"cluster_name":"c","nodes":{"n1":{"name":"es-1","version":"8.17.0","settings":{"cluster":{"name":"c"},"path":{"logs":"/l","data":"/d"},"xpack":{"security":{"audit":{"enabled":"true","logfile":{"events":{"include":["access_denied","authentication_failed"]}}}}}}}}}"#;

#[test]
fn answers_are_told_by_their_members() {
    let DumpFacts::Users(users) = facts(USERS) else { panic!("no users") };
    assert!(users[0].reserved && !users[1].enabled && users[1].roles == ["a", "b"]);
    let DumpFacts::ApiKeys(keys) = facts(KEYS) else { panic!("no keys") };
    assert_eq!(keys[0].descriptors.as_ref().unwrap()["x"].indices[0].names, ["logs-*"]);
    assert!(keys[0].limited_by.as_ref().unwrap()[0].is_superuser());
    let DumpFacts::Nodes(nodes) = facts(NODES) else { panic!("no nodes") };
    assert_eq!(nodes[0].settings.list("xpack.security.audit.logfile.events.include").len(), 2);
    assert_eq!((nodes[0].settings.text("path.logs"), nodes[0].settings.text("path.data")), (Some("/l"), None));
    for (kind, text) in [
        ("cluster_settings", r#"{"persistent":{"xpack.security.audit.enabled":"true"},"transient":{}}"#),
        ("cluster_settings", r#"{"persistent":{},"transient":{},"defaults":{"a":{"b":"c"}}}"#),
        (
            "license",
            r#"{"license":{"status":"active","uid":"u","type":"basic","issue_date_in_millis":1,"max_nodes":1000}}"#,
        ),
        (
            "roles",
            r#"{"a":{"cluster":["all"],"indices":[],"applications":[],"run_as":[],"metadata":{},"transient_metadata":{"enabled":true}}}"#,
        ),
        (
            "role_mappings",
            r#"{"m":{"enabled":true,"roles":["user"],"rules":{"field":{"username":"*"}},"metadata":{}}}"#,
        ),
        (
            "application_privileges",
            r#"{"kibana-.kibana":{"all":{"application":"kibana-.kibana","name":"all","actions":["x"],"metadata":{}}}}"#,
        ),
        (
            "service_accounts",
            r#"{"elastic/fleet-server":{"role_descriptor":{"cluster":["monitor"],"indices":[],"applications":[],"run_as":[],"metadata":{},"transient_metadata":{"enabled":true}}}}"#,
        ),
        (
            "service_tokens",
            r#"{"service_account":"elastic/fleet-server","count":2,"tokens":{"a":{}},"nodes_credentials":{"_nodes":{"total":1},"file_tokens":{"b":{"nodes":["n"]}}}}"#,
        ),
        (
            "certificates",
            r#"{"path":"http.p12","format":"PKCS12","alias":"http","subject_dn":"CN=x","serial_number":"1","has_private_key":true,"expiry":"2029-01-01T00:00:00.000Z"}"#,
        ),
        (
            "certificates",
            r#"[{"path":"a","format":"PEM","subject_dn":"CN=x","serial_number":"1","expiry":"2029-01-01T00:00:00.000Z"},{"subject_dn":"CN=y","expiry":"2030-01-01T00:00:00.000Z"}]"#,
        ),
        (
            "cluster",
            r#"{"name":"n","cluster_name":"c","cluster_uuid":"u","version":{"number":"8.1.0"},"tagline":"You Know, for Search"}"#,
        ),
        (
            "collected_at",
            r#"{"type":"elasticsearch_diagnostic","diagnostic":"9.3","product":"elasticsearch","version":"8.1","timestamp":"2026-03-01T10:00:00.000Z","flags":"","runner":"cli","mode":"full"}"#,
        ),
        ("collected_at", r#"{"collectionDate":"2026-03-01T10:00:00.000Z","Product Version":{"version":"8"}}"#),
        ("collected_at", "2026-03-01T10:00:00Z"),
    ] {
        assert_eq!(facts(text).kind(), kind, "{text}");
    }
    let DumpFacts::ServiceTokens(tokens) =
        facts(r#"{"service_account":"a/b","count":2,"tokens":{"a":{}},"nodes_credentials":{"file_tokens":{"b":{}}}}"#)
    else {
        panic!("no tokens")
    };
    assert_eq!(tokens.tokens, ["a", "b"]);
}

#[test]
fn records_of_logs_and_other_documents_are_none() {
    for text in [
        r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "event.action":"put_user", "put":{"user":{"name":"a","roles":["x"]}}}"#,
        r#"{"@timestamp":"2026-03-01T12:34:56.789Z","user":{"username":"a","roles":["b"]}}"#,
        r#"{"_nodes":{"total":1},"cluster_name":"c","nodes":{"n1":{"timestamp":1,"indices":{}}}}"#,
        r#"{"_nodes":{"total":1},"cluster_name":"c","timestamp":1,"nodes":{"count":{"total":1},"versions":["8.15.0"]}}"#,
        r#"{"_nodes":{"total":1},"cluster_name":"c","manually_stopped":false,"stats":[]}"#,
        r#"{"nodes":[],"cluster_name":"c"}"#,
        r#"{"a":{"username":"x"}}"#,
        r#"{"error":{"root_cause":[]},"status":403}"#,
        r#"{"took":1,"hits":{"hits":[]}}"#,
        "{}",
        "{\"",
        "2026-03-01T10:00:00Z and more",
        "",
    ] {
        assert_eq!(decode(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn what_is_damaged_is_named_and_not_used() {
    for (text, told) in [
        (&USERS[..USERS.len() - 9], "GET /_security/user"),
        (&KEYS[..KEYS.len() / 2], "listing of API keys"),
        (&NODES[..NODES.len() - 3], "GET /_nodes"),
        (r#"{"a":{"username":"a","roles":"superuser","enabled":true}}"#, "GET /_security/user"),
        (r#"{"a":{"username":"a","roles":[],"enabled":true},"b":7}"#, "GET /_security/user"),
        (r#"{"a":{"cluster":[],"indices":[7]}}"#, "GET /_security/role"),
        (r#"{"_nodes":{"total":2},"cluster_name":"c","nodes":{"n1":{"settings":{}},"n2":7}}"#, "GET /_nodes"),
        (r#"{"api_keys":[{"name":"no id"}]}"#, "listing of API keys"),
        (r#"{"api_keys":{"id":"a"}}"#, "listing of API keys"),
        (r#"{"subject_dn":"CN=x","expiry":"soon"}"#, "GET /_ssl/certificates"),
        (r#"[{"subject_dn":"CN=x","expiry":"2029-01-01T00:00:00.000Z"},7]"#, "GET /_ssl/certificates"),
    ] {
        let error = decode(text.as_bytes()).expect(text).expect_err(text);
        assert!(error.message.contains(told), "{text}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No cut and no changed byte of an answer makes anything fail.
    #[test]
    fn damage_is_an_error_at_most(at in 0_usize..400, byte in any::<u8>(), which in 0_usize..3) {
        let mut text = [USERS, KEYS, NODES][which].as_bytes().to_vec();
        let at = at.min(text.len() - 1);
        let _ = decode(&text[..at]);
        text[at] = byte;
        let _ = decode(&text);
    }
}

/// To each depth beyond the one that the parser ends at, and far below.
#[test]
fn deep_nesting_is_no_harm() {
    for depth in (1..300).chain([1000, 3000]) {
        let text = format!(r#"{{"persistent":{}1{},"transient":{{}}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let _ = decode(text.as_bytes());
    }
}
