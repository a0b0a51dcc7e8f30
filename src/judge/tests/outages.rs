//! What is broken, and what else goes on meanwhile.

use super::{kinds_and_verdicts, pair};
use crate::judge::testing::{INSIDE, Log, OUTSIDE, irregular};

/// Names of people.
fn person(at: usize) -> String {
    format!("person{at}")
}

fn desk(who: usize) -> String {
    format!("10.3.0.{}", who + 1)
}

/// A day at which thirty people of a directory work at their desks.
fn office() -> Log {
    let mut log = Log::new();
    for who in 0..30_usize {
        (0..24_u32).for_each(|hour| {
            log.success_on(f64::from(hour) * 3600.0 + who as f64, &person(who), &desk(who), "n1", "ldap1");
        });
    }
    log
}

/// Kinds and verdicts, and whether an address or an account is named.
fn told(log: Log, whom: &str) -> Vec<(String, String, bool)> {
    let names = |list: &[String]| list.iter().any(|name| name == whom);
    let findings = log.findings().into_iter();
    findings
        .map(|finding| {
            let named = names(&finding.sources) || names(&finding.principals);
            (finding.kind, finding.verdict, named)
        })
        .collect()
}

fn one(kind: &str, verdict: &str, named: bool) -> (String, String, bool) {
    (kind.to_owned(), verdict.to_owned(), named)
}

#[test]
fn guesses_on_somebody_who_travels_are_no_part_of_an_outage() {
    let mut log = office();
    // The administrator is somewhere else every day, so that no place is strange.
    for at in 0..24_u32 {
        log.success(f64::from(at) * 3600.0 + 40.0, "admin", &format!("91.90.{at}.197"));
    }
    for who in 0..30_usize {
        (0..3).for_each(|at| log.fail(50_000.0 + 20.0 * who as f64 + 7.0 * f64::from(at), &person(who), &desk(who)));
    }
    irregular(100, 50_000.0, 6.0).into_iter().for_each(|time| log.fail(time, "admin", OUTSIDE));
    let told = told(log, OUTSIDE);
    assert!(told.iter().any(|(_, verdict, named)| *named && verdict == "hostile"), "{told:?}");
    assert!(told.iter().any(|(_, verdict, named)| !named && verdict == "operational"), "{told:?}");
    assert!(told.iter().all(|(_, verdict, named)| !named || verdict != "operational"), "{told:?}");
}

#[test]
fn a_realm_that_one_node_does_not_ask_any_more_is_told_by_its_chains() {
    const WHOLE: [&str; 3] = ["reserved", "default_native", "ldap1"];
    const SHORT: [&str; 2] = ["reserved", "default_native"];
    let lost = |chain: &[&str]| {
        let mut log = office();
        log.success_on(1000.0, "bystander", "10.9.9.9", "n2", "default_native");
        // People mistype now and then, on both nodes, and get in.
        for (at, node) in ["n1", "n2", "n1", "n2"].into_iter().enumerate() {
            let time = 20_000.0 + 9000.0 * at as f64;
            log.fail_on(time, &person(20 + at), &desk(20 + at), node, &WHOLE);
            log.success_on(time + 9.0, &person(20 + at), &desk(20 + at), node, "ldap1");
        }
        for who in 0..8_usize {
            let time = 50_000.0 + 60.0 * who as f64;
            log.fail_on(time, &person(who), &desk(who), "n2", chain);
            log.success_on(time + 9.0, &person(who), &desk(who), "n1", "ldap1");
        }
        told(log, "person3")
    };
    assert_eq!(lost(&SHORT), [one("wrong_realm", "operational", true)]);
}

#[test]
fn tries_that_end_in_the_first_success_ever_are_not_taken_for_repaired() {
    let mut log = Log::new();
    // From the beginning of the log, by the clock, and then in.
    (0..40).for_each(|at| log.fail(f64::from(at) * 1800.0, "kim", "10.2.2.2"));
    (0..2).for_each(|at| log.success(80_000.0 + f64::from(at), "kim", "10.2.2.2"));
    let told = told(log, "kim");
    assert!(told.iter().all(|(_, verdict, _)| verdict != "operational"), "{told:?}");
}

#[test]
fn guesses_are_told_beside_somebody_else_who_gets_in_there() {
    let mut log = office();
    irregular(100, 30_000.0, 60.0).into_iter().for_each(|time| log.fail(time, "person3", OUTSIDE));
    (0..5).for_each(|at| log.success(33_000.0 + f64::from(at) * 60.0, "person7", OUTSIDE));
    let told = told(log, "person3");
    assert!(told.iter().any(|(_, verdict, named)| *named && verdict == "hostile"), "{told:?}");
}

#[test]
fn keys_lost_with_their_index_are_one_finding_whenever_they_are_missed() {
    let mut log = Log::new();
    for client in 0..5_u32 {
        let (key, host) = (format!("k{client}"), format!("10.4.{client}.9"));
        (0..40).for_each(|at| {
            log.key(f64::from(at * 300 + client), &key, &host, "access_granted", "indices:data/read/search");
        });
        let missed = 20_000.0 + 9000.0 * f64::from(client);
        let message = format!("Authentication using apikey failed - unable to find apikey with id {key}");
        (0..4).for_each(|at| log.refused(missed + 30.0 * f64::from(at), &host, "n1", &message));
    }
    let told = told(log, "");
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_client_outside_that_loses_its_credentials_is_no_scan() {
    let mut log = Log::new();
    (0..5).for_each(|at| log.success(f64::from(at) * 9000.0, "svc", OUTSIDE));
    (0..200).for_each(|at| log.anonymous(50_000.0 + f64::from(at), OUTSIDE, "n1"));
    (0..3).for_each(|at| log.success(60_000.0 + f64::from(at) * 9000.0, "svc", OUTSIDE));
    let told = told(log, OUTSIDE);
    assert!(told.iter().all(|(kind, verdict, _)| kind == "missing_credentials" && verdict != "hostile"), "{told:?}");
    assert!(!told.is_empty());
}

#[test]
fn a_few_refusals_of_one_action_are_told_of_a_key() {
    let refused = |actions: &[&str]| {
        let mut log = Log::new();
        for at in 0..6_usize {
            let action = actions[at % actions.len()];
            log.key(3600.0 + at as f64, "k1", INSIDE, "access_denied", action);
            log.key(3600.5 + at as f64, "k1", INSIDE, "access_granted", "indices:data/read/search");
        }
        told(log, "").len()
    };
    assert_eq!(refused(&["indices:admin/create"]), 1);
    assert_eq!(refused(&["indices:admin/create", "indices:admin/delete", "indices:admin/open"]), 0);
}

#[test]
fn a_stranger_behind_the_proxy_that_loses_a_header_is_told_apart() {
    let told = |inside: u32, outside: u32| {
        let mut log = office();
        for at in 0..200_u32 {
            log.success(f64::from(at) * 300.0, "app", "10.4.4.4");
        }
        for at in 0..200_u32 {
            log.passed_on(60_000.0 + 9.0 * f64::from(at), "10.4.4.4", &format!("10.6.6.{}", at % inside));
        }
        for at in 0..120_u32 {
            log.passed_on(75_000.0 + f64::from(at), "10.4.4.4", &format!("91.90.7.{}", at % outside));
        }
        kinds_and_verdicts(log)
    };
    let scan = |told: &[(String, String)]| told.iter().any(|(kind, _)| kind == "unauthenticated_scan");
    let apart = told(12, 1);
    assert!(scan(&apart) && apart.contains(&pair("missing_credentials", "operational")), "{apart:?}");
    // Where customers come through it, nobody is a stranger.
    assert!(!scan(&told(12, 40)), "{:?}", told(12, 40));
}

#[test]
fn clients_that_a_cluster_does_not_know_yet_and_that_fail_together_are_one_thing() {
    let told = |clients: u32, apart: u32| {
        let mut log = office();
        for client in 0..clients {
            let (name, host) = (format!("app{client}"), format!("10.19.0.{client}"));
            let from = 40_000.0 + f64::from(apart * client);
            (0..150).for_each(|at| log.fail(from + 90.0 * f64::from(at), &name, &host));
            (0..20).for_each(|at| log.success(from + 14_000.0 + 300.0 * f64::from(at), &name, &host));
        }
        kinds_and_verdicts(log)
    };
    let together = told(8, 20);
    assert!(together.len() <= 1 && together.iter().all(|(_, verdict)| verdict == "operational"), "{together:?}");
}
