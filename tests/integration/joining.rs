//! The realm-chain join, case by case: which realms were asked, in which order, and which attempt they belong to.

use test_support::line::{Line, asked, failed};
use test_support::{Inputs, assert_equal};

/// Principal, chain and count of every group, sorted.
fn chains(inputs: &Inputs) -> Vec<(Option<String>, Option<Vec<String>>, u64)> {
    let both = inputs.both(&[]);
    assert_equal(&both, "chains");
    both.0.groups.into_iter().map(|group| (group.principal, group.chain, group.count)).collect()
}

/// A group of `kim`.
fn kim(chain: &[&str], count: u64) -> (Option<String>, Option<Vec<String>>, u64) {
    (Some("kim".into()), Some(chain.iter().map(|realm| (*realm).to_owned()).collect()), count)
}

fn one(lines: &[String]) -> Inputs {
    Inputs::of(&[("audit.json", lines)])
}

/// One attempt through three realms, all in the given milliseconds.
fn attempt(times: [i64; 4], request: &str) -> Vec<String> {
    vec![
        asked(times[0], request, "reserved"),
        asked(times[1], request, "default_file"),
        asked(times[2], request, "ldap1"),
        failed(times[3], request),
    ]
}
const ALL: [&str; 3] = ["reserved", "default_file", "ldap1"];

#[test]
fn an_attempt_counts_once_and_lists_its_realms() {
    assert_eq!(chains(&one(&attempt([0, 1, 2, 3], "r"))), [kim(&ALL, 1)]);
}

#[test]
fn a_realm_at_the_front_stays_there() {
    let lines = [asked(0, "r", "ldap1"), asked(0, "r", "reserved"), asked(1, "r", "default_file"), failed(1, "r")];
    assert_eq!(chains(&one(&lines)), [kim(&["ldap1", "reserved", "default_file"], 1)]);
}

#[test]
fn attempts_straddle_files_at_every_line() {
    for times in [[0, 1, 2, 3], [5, 5, 5, 5], [0, 0, 1, 1], [0, 1, 1, 1]] {
        let lines = attempt(times, "r");
        for cut in 1..lines.len() {
            let inputs = Inputs::of(&[("audit-1.json", &lines[..cut]), ("audit-2.json", &lines[cut..])]);
            assert_eq!(chains(&inputs), [kim(&ALL, 1)], "{times:?} cut before line {}", cut + 1);
        }
    }
}

#[test]
fn the_older_file_of_a_node_comes_first_whatever_its_name() {
    let lines = attempt([0, 1, 1, 1], "r");
    let inputs = Inputs::of(&[("a.json", &lines[2..]), ("z.json", &lines[..2])]);
    assert_eq!(chains(&inputs), [kim(&ALL, 1)]);
}

#[test]
fn interleaved_requests_are_told_apart() {
    let lines = [
        asked(0, "r1", "reserved"),
        asked(0, "r2", "default_file"),
        asked(0, "r1", "default_file"),
        asked(0, "r2", "reserved"),
        failed(1, "r2"),
        asked(1, "r1", "ldap1"),
        failed(1, "r1"),
    ];
    assert_eq!(chains(&one(&lines)), [kim(&["default_file", "reserved"], 1), kim(&ALL, 1)]);
}

#[test]
fn files_reversed_as_a_whole() {
    for times in [[0, 1, 2, 3], [5, 5, 5, 5], [0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]] {
        let mut lines = attempt(times, "r1");
        lines.extend(attempt(times.map(|time| time + 1000), "r2"));
        lines.reverse();
        assert_eq!(chains(&one(&lines)), [kim(&ALL, 2)], "{times:?}");
    }
}

#[test]
fn files_sorted_newest_first_whose_ties_keep_their_order() {
    for times in [[0, 1, 2, 3], [5, 5, 5, 5], [0, 0, 1, 1], [0, 1, 1, 1]] {
        let mut lines: Vec<(i64, String)> = times.into_iter().zip(attempt(times, "r1")).collect();
        let later = times.map(|time| time + 1000);
        lines.extend(later.into_iter().zip(attempt(later, "r2")));
        lines.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        assert_eq!(chains(&one(&lines)), [kim(&ALL, 2)], "{times:?}");
    }
}

#[test]
fn realm_failures_of_a_login_that_succeeded_are_no_attempt() {
    let lines = [
        asked(0, "r1", "reserved"),
        asked(0, "r1", "default_file"),
        Line::new(1, "authentication_success").user("kim").request("r1").realm("ldap1").end(),
        asked(2, "r2", "reserved"),
        Line::new(3, "access_granted").user("kim").request("r2").end(),
        asked(4, "r3", "reserved"),
    ];
    let inputs = one(&lines);
    assert_eq!(chains(&inputs), []);
    let report = inputs.report(&[]);
    assert_eq!(report.totals.failed_attempts, 0);
    assert_eq!(report.coverage.actions["realm_authentication_failed"], 4);
    assert_eq!(report.timeline.buckets, []);
}

#[test]
fn a_node_without_realm_events_has_unknown_chains_and_is_named() {
    let mut lines = attempt([0, 0, 0, 0], "r");
    lines.push(Line::on("n2", 1, "authentication_failed").user("kim").request("s").end());
    let inputs = one(&lines);
    assert_eq!(chains(&inputs), [(Some("kim".into()), None, 1), kim(&ALL, 1)]);
    let cannot_tell = inputs.report(&[]).coverage.cannot_tell;
    let about = |node: &str| cannot_tell.iter().any(|text| text.contains(node) && text.contains("realm"));
    assert!(about("n2") && !about("n1"), "{cannot_tell:?}");
}

#[test]
fn a_node_that_logs_realm_events_tells_that_none_was_asked() {
    let mut lines = attempt([0, 0, 0, 0], "r");
    lines.push(failed(9, "none-asked"));
    lines.push(Line::new(9, "anonymous_access_denied").request("a").from("[::1]:9").end());
    assert_eq!(chains(&one(&lines)), [(None, Some(vec![]), 1), kim(&[], 1), kim(&ALL, 1)]);
}

#[test]
fn one_request_id_on_two_nodes_is_two_requests() {
    let mut lines = attempt([0, 0, 0, 0], "r");
    let other = Line::on("n2", 0, "realm_authentication_failed").user("kim").request("r").realm("jwt1").end();
    lines.insert(1, other);
    lines.push(Line::on("n2", 0, "authentication_failed").user("kim").request("r").end());
    assert_eq!(chains(&one(&lines)), [kim(&["jwt1"], 1), kim(&ALL, 1)]);
}

#[test]
fn two_principals_of_one_request_keep_their_own_realms() {
    let mut lines = attempt([0, 0, 0, 0], "r");
    let event = |action| Line::new(0, action).user("second").request("r");
    lines.insert(1, event("realm_authentication_failed").realm("saml1").end());
    lines.push(event("authentication_failed").end());
    assert_eq!(chains(&one(&lines)), [kim(&ALL, 1), (Some("second".into()), Some(vec!["saml1".into()]), 1)]);
}

#[test]
fn an_absent_principal_equals_only_an_absent_one() {
    let event = |action| Line::new(0, action).request("r");
    let lines = [
        event("realm_authentication_failed").realm("jwt1").end(),
        asked(0, "r", "reserved"),
        event("authentication_failed").end(),
        failed(0, "r"),
    ];
    assert_eq!(chains(&one(&lines)), [(None, Some(vec!["jwt1".into()]), 1), kim(&["reserved"], 1)]);
}

#[test]
fn several_failures_of_one_request_take_the_realms_since_the_one_before() {
    let lines = [
        asked(0, "r", "reserved"),
        asked(0, "r", "default_file"),
        failed(1, "r"),
        asked(2, "r", "ldap1"),
        failed(2, "r"),
        failed(2, "r"),
    ];
    // Before the last end stands no realm, as it would where a line was written twice: its chain is not known.
    let expected = [(Some("kim".into()), None, 1), kim(&["ldap1"], 1), kim(&["reserved", "default_file"], 1)];
    assert_eq!(chains(&one(&lines)), expected);
    let backwards: Vec<String> = lines.into_iter().rev().collect();
    assert_eq!(chains(&one(&backwards)), expected, "newest first");
}

#[test]
fn without_request_ids_chains_are_unknown() {
    let event = |millis, action| Line::new(millis, action).user("kim");
    let lines = [
        event(0, "realm_authentication_failed").realm("reserved").end(),
        event(0, "authentication_failed").from("10.0.0.1:1").end(),
        event(0, "authentication_failed").from("10.0.0.1:2").end(),
    ];
    assert_eq!(chains(&one(&lines)), [(Some("kim".into()), None, 2)]);
}

#[test]
fn the_same_file_twice_under_two_names_counts_once() {
    let lines = attempt([0, 0, 1, 1], "r");
    let inputs = Inputs::of(&[("a.json", &lines[..]), ("b.json", &lines[..]), ("c.json", &lines[1..])]);
    assert_eq!(chains(&inputs), [kim(&ALL, 1)]);
    assert_eq!(inputs.report(&[]).coverage.duplicates, 7);
}

#[test]
fn equal_lines_of_one_file_are_all_real() {
    let line = Line::new(0, "anonymous_access_denied").from("10.0.0.1:1").end();
    let inputs = Inputs::of(&[
        ("a.json", &[line.clone(), line.clone()][..]),
        ("b.json", &[line.clone(), line.clone(), line][..]),
    ]);
    assert_eq!(chains(&inputs), [(None, None, 3)]);
    assert_eq!(inputs.report(&[]).coverage.duplicates, 2);
}

#[test]
fn realm_failures_met_again_are_surplus_with_and_without_a_request_id() {
    let line = Line::new(0, "realm_authentication_failed").user("kim").realm("reserved");
    for line in [line.clone().request("r").end(), line.end()] {
        let inputs = Inputs::of(&[("a.json", &[&line][..]), ("b.json", &[&line])]);
        assert_equal(&inputs.both(&[]), &line);
        assert_eq!(inputs.report(&[]).coverage.duplicates, 1, "{line}");
    }
}

#[test]
fn a_reserved_user_that_only_the_reserved_realm_was_asked_about_had_a_wrong_password() {
    let event = |action, user, realm| Line::new(0, action).user(user).request("r").text("realm", realm).end();
    for (user, realm, reason) in [
        ("elastic", "reserved", ("bad_password", "inferred")),
        ("elastic", "default_file", ("unknown", "none")),
        ("kim", "reserved", ("unknown", "none")),
    ] {
        let lines = [
            event("realm_authentication_failed", user, realm),
            Line::new(0, "authentication_failed").user(user).request("r").end(),
        ];
        let report = one(&lines).report(&[]);
        let group = &report.groups.get(0).unwrap();
        assert_eq!((group.reason.as_str(), group.reason_basis.as_str()), reason, "{user}, {realm}");
    }
}
