//! Text server logs name no zone: the node's audit log does.

use test_support::{Inputs, esaudit, json, report};

fn attempt(time: &str, request: &str) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"{time}", "node.name":"es-1", "node.id":"n1", "event.type":"rest", "event.action":"authentication_failed", "user.name":"kim", "origin.type":"rest", "origin.address":"10.0.0.1:5000", "url.path":"/", "request.method":"GET", "request.id":"{request}"}}"#
    )
}

fn told(time: &str) -> String {
    format!(
        "[{time}][WARN ][o.e.x.s.a.RealmsAuthenticator] [es-1] Authentication to realm default_native failed - Password \
         authentication failed for kim"
    )
}

/// The day on which summer time ends, in Berlin: a failure before, one in the hour that comes twice, one after.
fn berlin() -> Inputs {
    let audit = [
        attempt("2026-10-24T14:00:00,000+0200", "r1"),
        attempt("2026-10-25T02:30:00,000+0200", "r2"),
        attempt("2026-10-25T02:40:00,000+0100", "r3"),
        attempt("2026-10-25T14:00:00,000+0100", "r4"),
    ];
    let server = [
        told("2026-10-24T13:59:59,999"),
        told("2026-10-25T02:29:59,999"),
        told("2026-10-25T02:39:59,999"),
        told("2026-10-25T13:59:59,999"),
    ];
    Inputs::of(&[("audit.json", &audit[..]), ("es.log", &server[..])])
}

#[test]
fn the_zone_of_the_audit_log_is_that_of_the_server_log() {
    let inputs = berlin();
    let folder = inputs.path().to_str().unwrap();
    let found = report(&[folder], &[]);
    let groups: Vec<_> = found.groups.iter().map(|group| (group.reason.clone(), group.count)).collect();
    assert_eq!(groups, [("bad_password".to_owned(), 4)]);
    let server = found.coverage.inputs.iter().find(|input| input.path.ends_with("es.log")).unwrap();
    assert_eq!(server.first.as_deref(), Some("2026-10-24T11:59:59.999Z"));
    assert_eq!(server.last.as_deref(), Some("2026-10-25T12:59:59.999Z"));
    let whole = String::from_utf8(json(&[folder], &[])).unwrap();
    assert!(whole.contains("they carry none and were read in that of the nodes' audit logs (--assume-tz)"));
    // Who names a zone is believed.
    let as_utc = report(&[folder], &["--assume-tz", "UTC"]);
    assert!(as_utc.groups.iter().all(|group| group.reason != "bad_password"), "{:?}", as_utc.groups);
}

#[test]
fn parts_know_the_zone_that_another_part_tells() {
    let inputs = berlin();
    let parts = tempfile::tempdir().unwrap();
    let path = |name: &str| parts.path().join(name).to_str().unwrap().to_owned();
    for (input, part) in [("audit.json", "a.esa"), ("es.log", "b.esa")] {
        let input = inputs.path().join(input);
        let input = input.to_str().unwrap();
        assert_eq!(esaudit(&["scan", input, "-o", &path(part)]).status.code(), Some(0), "{part}");
    }
    let merged = esaudit(&["merge", &path("a.esa"), &path("b.esa"), "--format", "json"]);
    let whole: Vec<String> =
        ["audit.json", "es.log"].map(|name| inputs.path().join(name).to_str().unwrap().into()).into();
    let one = esaudit(&["report", &whole[0], &whole[1], "--format", "json"]);
    let groups = |output: &[u8]| serde_json::from_slice::<serde_json::Value>(output).unwrap()["groups"].clone();
    assert_eq!(groups(&merged.stdout), groups(&one.stdout));
    assert_eq!(groups(&merged.stdout)[0]["reason"], "bad_password");
}
