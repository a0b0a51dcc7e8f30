//! Who made a security change, case by case.

use test_support::line::Line;
use test_support::reference::Change;
use test_support::{Inputs, assert_equal};

const INVALIDATE: &str = "cluster:admin/xpack/security/api_key/invalidate";

fn granted(millis: i64, user: &str, realm: &str) -> Line {
    Line::new(millis, "access_granted").user(user).text("user.realm", realm).request("r").text("action", INVALIDATE)
}

fn invalidation(millis: i64) -> Line {
    let body =
        r#"{"apikeys":{"ids":["k1","k2"],"owned_by_authenticated_user":false,"user":{"name":"owner","realm":null}}}"#;
    Line::new(millis, "invalidate_apikeys").request("r").raw("invalidate", body)
}

fn changes(files: &[(&str, &[String])]) -> Vec<Change> {
    let inputs = Inputs::of(files);
    let both = inputs.both(&[]);
    assert_equal(&both, "changes");
    both.0.changes
}

fn actor(lines: &[String]) -> Option<String> {
    changes(&[("audit.json", lines)]).remove(0).actor
}

#[test]
fn the_access_granted_before_it_names_who_did_it() {
    let by = granted(0, "ops", "ldap1").text("user.run_by.name", "root").from("10.9.8.7:1234").end();
    let change = changes(&[("audit.json", &[by, invalidation(1).end()])]).remove(0);
    assert_eq!(change.actor.as_deref(), Some("ops"));
    assert_eq!(change.actor_realm.as_deref(), Some("ldap1"));
    assert_eq!(change.run_by.as_deref(), Some("root"));
    assert_eq!(change.source.as_deref(), Some("10.9.8.7"));
    assert_eq!(change.ids, ["k1", "k2"]);
    assert_eq!(change.target.as_deref(), Some("k1,k2"));
    assert_eq!((change.owner.as_deref(), change.owner_realm.as_deref()), (Some("owner"), None));
    assert_eq!(change.owned, Some(false));
    assert_eq!(change.evidence.1, 2);
}

#[test]
fn the_owner_filter_and_a_bare_name_in_the_event_are_not_the_actor() {
    assert_eq!(actor(&[invalidation(0).end()]), None);
    assert_eq!(actor(&[invalidation(0).user("target").end()]), None);
}

#[test]
fn an_enriched_event_names_its_actor_itself() {
    let enriched = invalidation(1).user("ops").text("user.realm", "native1").end();
    assert_eq!(actor(&[granted(0, "other", "ldap1").end(), enriched]).as_deref(), Some("ops"));
    let enriched = invalidation(1).user("ops").text("authentication.type", "REALM").end();
    assert_eq!(actor(&[enriched]).as_deref(), Some("ops"));
}

#[test]
fn only_access_granted_to_a_security_action_of_the_same_request_and_node_counts() {
    let event = |node: &str, action: &str, request: &str, es_action: &str| {
        Line::on(node, 0, action).user("wrong").request(request).text("action", es_action).end()
    };
    for wrong in [
        event("n1", "access_granted", "r", "indices:data/read/search"),
        event("n1", "access_granted", "other", INVALIDATE),
        event("n2", "access_granted", "r", INVALIDATE),
        event("n1", "access_denied", "r", INVALIDATE),
    ] {
        assert_eq!(actor(&[wrong.clone(), invalidation(1).end()]), None, "{wrong}");
        let right = granted(0, "ops", "ldap1").end();
        assert_eq!(actor(&[right, wrong.clone(), invalidation(1).end()]).as_deref(), Some("ops"), "{wrong}");
    }
}

#[test]
fn a_success_at_a_path_of_security_names_who_did_it_where_no_decision_does() {
    let success = |node: &str, request: &str, path: &str| {
        let event = Line::on(node, 0, "authentication_success").user("eva").realm("ldap1").request(request);
        event.from("192.0.2.7:4000").text("url.path", path).end()
    };
    let lines = [success("n1", "r", "/_security/api_key"), invalidation(1).end()];
    let change = changes(&[("audit.json", &lines)]).remove(0);
    assert_eq!(change.actor.as_deref(), Some("eva"));
    assert_eq!(change.actor_realm.as_deref(), Some("ldap1"));
    assert_eq!(change.source.as_deref(), Some("192.0.2.7"));
    for wrong in [
        success("n1", "other", "/_security/api_key"),
        success("n2", "r", "/_security/api_key"),
        success("n1", "r", "/_security/user/_has_privileges"),
        success("n1", "r", "/logs/_search"),
    ] {
        assert_eq!(actor(&[wrong.clone(), invalidation(1).end()]), None, "{wrong}");
    }
    let granted = granted(0, "ops", "ldap1").end();
    assert_eq!(actor(&[lines[0].clone(), granted, lines[1].clone()]).as_deref(), Some("ops"), "a decision says more");
}

#[test]
fn internal_users_lose_to_people() {
    for internal in [granted(1, "_xpack_security", "__attach"), granted(1, "_security_solution", "__fallback")] {
        let lines = [granted(0, "ops", "ldap1").end(), internal.end(), invalidation(2).end()];
        assert_eq!(actor(&lines).as_deref(), Some("ops"));
        assert!(actor(&lines[1..]).is_some_and(|actor| actor.starts_with('_')), "better than nobody");
    }
}

#[test]
fn the_nearest_before_the_change_wins() {
    let lines = [granted(0, "first", "ldap1").end(), granted(5, "second", "ldap1").end(), invalidation(6).end()];
    assert_eq!(actor(&lines).as_deref(), Some("second"));
    let backwards: Vec<String> = lines.iter().rev().cloned().collect();
    assert_eq!(actor(&backwards).as_deref(), Some("second"), "newest first");
    let after = [granted(0, "before", "ldap1").end(), invalidation(9).end(), granted(10, "after", "ldap1").end()];
    assert_eq!(actor(&after).as_deref(), Some("before"));
}

#[test]
fn grants_of_one_millisecond_say_what_they_agree_on() {
    let grant = |user: &str, realm: &str, from: &str| granted(6, user, realm).from(from).end();
    let told = |grants: [String; 2]| {
        // Every order of the three lines, and every cut of them into two files.
        let lines = [grants[0].clone(), grants[1].clone(), invalidation(6).end()];
        let mut told = std::collections::BTreeSet::new();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let lines = order.map(|at: usize| lines[at].clone());
            for cut in 0..3 {
                let change = changes(&[("a.json", &lines[..cut]), ("b.json", &lines[cut..])]).remove(0);
                told.insert((change.actor, change.actor_realm, change.source));
            }
        }
        assert_eq!(told.len(), 1, "{told:?}");
        told.pop_first().unwrap()
    };
    let some = |text: &str| Some(text.to_owned());
    let two = [grant("first", "ldap1", "10.0.0.1:1"), grant("second", "ldap1", "10.0.0.1:2")];
    assert_eq!(told(two), (None, some("ldap1"), some("10.0.0.1")), "one of two, unknown which");
    let one = [grant("ops", "ldap1", "10.0.0.1:1"), grant("ops", "ldap1", "10.0.0.2:1")];
    assert_eq!(told(one), (some("ops"), some("ldap1"), None));
    let silent = [grant("ops", "ldap1", "10.0.0.1:1"), granted(6, "ops", "ldap1").end()];
    assert_eq!(told(silent), (some("ops"), some("ldap1"), some("10.0.0.1")), "silence is no objection");
}

#[test]
fn whom_a_user_was_run_as_is_the_actor_and_not_who_may_run_as_it() {
    let may = Line::new(5, "run_as_granted")
        .user("root")
        .text("user.realm", "native1")
        .text("user.run_as.name", "ops")
        .request("r")
        .text("action", INVALIDATE)
        .end();
    let by = granted(5, "ops", "ldap1").text("user.run_by.name", "root").end();
    for lines in [[may.clone(), by.clone(), invalidation(5).end()], [by, may, invalidation(5).end()]] {
        let change = changes(&[("audit.json", &lines)]).remove(0);
        assert_eq!((change.actor.as_deref(), change.run_by.as_deref()), (Some("ops"), Some("root")));
    }
}

#[test]
fn of_two_ends_of_a_key_in_one_millisecond_no_line_order_tells_the_first() {
    let end = |request: &str, user: &str| {
        let by = Line::new(0, "access_granted").user(user).request(request).text("action", INVALIDATE).end();
        let body = r#"{"apikeys":{"ids":["k1"],"owned_by_authenticated_user":false}}"#;
        [by, Line::new(0, "invalidate_apikeys").request(request).raw("invalidate", body).end()]
    };
    let (one, other) = (end("r1", "kim"), end("r2", "lee"));
    for lines in [[one.clone(), other.clone()].concat(), [other, one].concat()] {
        let report = Inputs::of(&[("audit.json", &lines[..])]).report(&[]);
        assert_eq!(report.charts.key_lives[0].invalidated_by.as_deref(), Some("kim"));
    }
}

#[test]
fn the_two_events_may_stand_in_two_files_and_any_order() {
    let (by, change) = (granted(0, "ops", "ldap1").end(), invalidation(0).end());
    for files in [[("a.json", &by), ("b.json", &change)], [("b.json", &by), ("a.json", &change)]] {
        let files = files.map(|(name, line)| (name, std::slice::from_ref(line)));
        assert_eq!(changes(&files)[0].actor.as_deref(), Some("ops"));
    }
    assert_eq!(actor(&[change, by]).as_deref(), Some("ops"), "newest first");
}

#[test]
fn targets_are_told_as_text() {
    for (action, verb, body, target) in [
        (
            "create_apikey",
            "create",
            r#"{"apikey":{"id":"k9","name":"ci","expiration":"90d","role_descriptors":[]}}"#,
            "k9",
        ),
        (
            "create_apikey",
            "create",
            r#"{"apikey":{"name":"ci","expiration":"90d","role_descriptors":[{"name":"x"}]}}"#,
            "ci",
        ),
        ("change_apikey", "change", r#"{"apikey":{"id":"k3"}}"#, "k3"),
        ("change_apikeys", "change", r#"{"apikeys":{"ids":["k3","k4"]}}"#, "k3,k4"),
        ("invalidate_apikey", "invalidate", r#"{"apikeys":{"name":"ci"}}"#, "ci"),
        ("change_password", "change", r#"{"password":{"user":{"name":"kim"}}}"#, "kim"),
        ("change_disable_user", "change", r#"{"disable":{"user":{"name":"kim"}}}"#, "kim"),
        ("delete_user", "delete", r#"{"user":{"name":"kim"}}"#, "kim"),
        ("put_user", "put", r#"{"user":{"name":"kim","enabled":true,"roles":["x"]}}"#, "kim"),
        ("put_role", "put", r#"{"role":{"name":"r1","role_descriptor":{"indices":[{"names":["a"]}]}}}"#, "r1"),
        ("put_role_mapping", "put", r#"{"role_mapping":{"name":"m1","rules":{"field":{"name":"x"}}}}"#, "m1"),
        (
            "put_privileges",
            "put",
            r#"{"privileges":[{"application":"app","name":"read","actions":["a"]}]}"#,
            "app/read",
        ),
        (
            "create_service_token",
            "create",
            r#"{"service_token":{"namespace":"elastic","service":"fleet-server","name":"t1"}}"#,
            "elastic/fleet-server/t1",
        ),
    ] {
        let line = Line::new(0, action).request("r").raw(verb, body).end();
        let change = changes(&[("audit.json", &[line])]).remove(0);
        assert_eq!(change.target.as_deref(), Some(target), "{action}");
        assert_eq!(change.action, action);
    }
}

#[test]
fn invalidations_are_counted_in_both_spellings() {
    let lines = [
        invalidation(0).end(),
        Line::new(1, "invalidate_apikey").raw("invalidate", r#"{"apikeys":{"name":"x"}}"#).end(),
        Line::new(2, "create_apikey").raw("create", r#"{"apikey":{"name":"x"}}"#).end(),
    ];
    let inputs = Inputs::of(&[("a.json", &lines[..]), ("b.json", &lines[..1])]);
    let report = inputs.report(&[]);
    assert_eq!(report.totals.api_key_invalidations, 2);
    assert_eq!(report.security_changes.len(), 3);
    assert_eq!(report.coverage.duplicates, 1);
}
