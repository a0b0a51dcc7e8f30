//! Who got in amid what goes on: hits of a campaign, people who come anyway, and what one cause is told as.

use crate::judge::testing::{INSIDE, Log, OUTSIDE, irregular};
use crate::model::Finding;

/// Names of people.
fn person(at: usize) -> String {
    format!("person{at}")
}

/// A day at which forty people work at their desks from the morning on.
fn office() -> Log {
    let mut log = Log::new();
    for who in 0..40_usize {
        (0..24_u32).for_each(|hour| log.success(f64::from(hour) * 3600.0 + who as f64, &person(who), &desk(who)));
    }
    log
}

fn desk(who: usize) -> String {
    format!("10.3.0.{}", who + 1)
}

/// Another address of the whole world for each number.
fn anywhere(at: usize) -> String {
    format!("{}.{}.7.9", 20 + at % 60, 3 * (at % 80) + 1)
}

/// Two hundred names that nobody has are tried once each from another address, within seven minutes from 50,000 s on.
fn stuff(log: &mut Log) {
    for (at, time) in irregular(200, 50_000.0, 2.0).into_iter().enumerate() {
        log.fail(time, &format!("leaked{at}"), &anywhere(at));
    }
}

fn taken_over(findings: &[Finding]) -> Vec<&str> {
    let compromised = findings.iter().filter(|finding| finding.kind == "account_compromise");
    compromised.flat_map(|finding| finding.principals.iter().map(String::as_str)).collect()
}

#[test]
fn a_hit_of_stuffing_from_an_address_of_its_own_is_told() {
    let mut log = office();
    stuff(&mut log);
    (0..5).for_each(|at| log.success(50_200.0 + f64::from(at) * 60.0, "person7", "91.90.33.197"));
    assert_eq!(taken_over(&log.findings()), ["person7"]);
}

#[test]
fn people_who_go_on_a_journey_anyway_are_no_hits() {
    let mut log = office();
    stuff(&mut log);
    // Half of the office comes from a hotel of its own, each, in these minutes and at other times of the day alike.
    for who in 0..20_usize {
        let hotel = format!("91.90.{who}.197");
        log.success(50_000.0 + 20.0 * who as f64, &person(who), &hotel);
        log.success(20_000.0 + 1500.0 * who as f64, &person(20 + who), &format!("92.90.{who}.197"));
    }
    assert_eq!(taken_over(&log.findings()), [""; 0]);
}

#[test]
fn a_hit_is_told_amid_travellers_where_somebody_else_was_tried() {
    let amid = |tried: &str| {
        let mut log = office();
        stuff(&mut log);
        for who in 0..15_usize {
            log.success(50_000.0 + 20.0 * who as f64, &person(who), &format!("91.90.{who}.197"));
            log.success(20_000.0 + 1500.0 * who as f64, &person(20 + who), &format!("92.90.{who}.197"));
        }
        log.fail(50_100.0, tried, "93.90.7.197");
        (0..5).for_each(|at| log.success(50_300.0 + f64::from(at) * 60.0, "person38", "93.90.7.197"));
        let findings = log.findings();
        taken_over(&findings).iter().map(|&name| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(amid("vera.eriksen"), ["person38"]);
    // A slip.
    assert_eq!(amid("preson38"), [""; 0]);
}

#[test]
fn a_traveller_who_mistypes_amid_a_spray_is_no_victim() {
    let mut log = office();
    for (at, time) in irregular(120, 50_000.0, 60.0).into_iter().enumerate() {
        log.fail(time, &person(at % 40), &anywhere(at % 20));
    }
    irregular(3, 52_000.0, 8.0).into_iter().for_each(|time| log.fail(time, "person7", "91.90.33.197"));
    (0..5).for_each(|at| log.success(52_040.0 + f64::from(at) * 60.0, "person7", "91.90.33.197"));
    for who in 20..40_usize {
        log.success(1500.0 * who as f64, &person(who), &format!("92.90.{who}.197"));
    }
    assert_eq!(taken_over(&log.findings()), [""; 0]);
}

#[test]
fn what_a_gateway_of_most_accounts_forwards_is_not_from_outside() {
    let guesses = |gateway: bool| {
        let mut log = Log::new();
        for who in 0..20_usize {
            let place = if gateway { OUTSIDE.to_owned() } else { desk(who) };
            (0..24_u32).for_each(|hour| log.success(f64::from(hour) * 3600.0 + who as f64, &person(who), &place));
        }
        (0..12).for_each(|at| log.fail(40_000.0 + 11.0 * f64::from(at), "person7", OUTSIDE));
        log.success(40_200.0, "person7", OUTSIDE);
        let findings = log.findings();
        let mut why = findings.iter().flat_map(|finding| finding.why.iter());
        why.any(|why| why.plain().contains("come from outside the internal networks"))
    };
    assert_eq!((guesses(false), guesses(true)), (true, false));
}

#[test]
fn what_is_made_to_stay_at_once_from_a_new_place_is_told() {
    const KEY: (&str, &str, &str) =
        ("create_apikey", "api_key/create", r#""create":{"apikey":{"id":"newkey","name":"mine"}}"#);
    const USER: (&str, &str, &str) = ("put_user", "user/put", r#""put":{"user":{"name":"kim2","enabled":true}}"#);
    let told = |first: f64| {
        let mut log = office();
        for who in 0..30_usize {
            log.success(1500.0 * who as f64, &person(who), &format!("92.90.{who}.197"));
        }
        log.success(first, "person35", OUTSIDE);
        log.change(50_000.0, "person35", OUTSIDE, KEY);
        log.change(50_100.0, "person35", OUTSIDE, USER);
        log.told().into_iter().map(|(kind, _, verdict)| (kind, verdict)).collect::<Vec<_>>()
    };
    assert_eq!(told(49_999.9), [("persistence".to_owned(), "unclear".to_owned())]);
    assert_eq!(told(46_000.0), []);
}

#[test]
fn a_new_site_amid_stuffing_is_no_hit() {
    let mut log = office();
    stuff(&mut log);
    log.fail(50_100.0, "persom3", "91.90.33.197");
    (0..20_usize).for_each(|who| log.success(50_110.0 + 5.0 * who as f64, &person(who), "91.90.33.197"));
    assert_eq!(taken_over(&log.findings()), [""; 0]);
}

#[test]
fn those_whom_a_spray_lets_in_do_not_make_its_address_a_shared_one() {
    let mut log = office();
    (0..40_usize).for_each(|who| log.fail(50_000.0 + 10.0 * who as f64, &person(who), OUTSIDE));
    (0..8_usize).for_each(|who| log.success(50_005.0 + 40.0 * who as f64, &person(who), OUTSIDE));
    let findings = log.findings();
    let mut names = taken_over(&findings);
    names.sort_unstable();
    assert_eq!(names, ["person0", "person1", "person2", "person3", "person4", "person5", "person6", "person7"]);
}

#[test]
fn the_owner_of_a_desk_that_somebody_guesses_from_is_no_victim() {
    let mut log = office();
    irregular(60, 30_000.0, 60.0).into_iter().for_each(|time| log.fail(time, "person3", "10.4.0.9"));
    // Whom that desk belongs to is seen nowhere else.
    (0..9).for_each(|at| log.success(30_500.0 + f64::from(at) * 900.0, "owner", "10.4.0.9"));
    assert!(!taken_over(&log.findings()).contains(&"owner"));
}

#[test]
fn accounts_that_a_program_leases_one_after_the_other_are_one_finding() {
    let mut log = Log::new();
    for lease in 0..6_u32 {
        let (name, begun) = (format!("v-token-{lease}"), f64::from(lease) * 10_000.0);
        (0..100).for_each(|at| log.success(begun + f64::from(at) * 60.0, &name, INSIDE));
        (100..150).for_each(|at| log.fail(begun + f64::from(at) * 60.0, &name, INSIDE));
    }
    let findings = log.findings();
    let told: Vec<(&str, u64)> =
        findings.iter().map(|finding| (finding.kind.as_str(), finding.principals_total)).collect();
    assert_eq!(told, [("stale_credential", 6)], "{findings:?}");
    assert_eq!(findings[0].failures, 300);
}

#[test]
fn what_a_key_may_not_do_is_not_broken_where_it_left_the_house() {
    let refused = |source: &str| {
        let mut log = Log::new();
        (0..60).for_each(|at| log.key(f64::from(at * 300), "k1", INSIDE, "access_granted", "indices:data/read/search"));
        (0..20).for_each(|at| {
            log.key(40_000.0 + f64::from(at), "k1", source, "access_denied", "cluster:admin/snapshot/create");
            log.key(40_000.5 + f64::from(at), "k1", source, "access_denied", "cluster:admin/xpack/security/user/get");
        });
        log.told().into_iter().map(|(kind, _, verdict)| (kind, verdict)).collect::<Vec<_>>()
    };
    assert_eq!(refused(OUTSIDE), [("suspicious_access".to_owned(), "unclear".to_owned())]);
    assert_eq!(refused(INSIDE), [("api_key_underprivileged".to_owned(), "operational".to_owned())]);
}

#[test]
fn requests_without_credentials_are_no_scan_where_no_success_is_logged() {
    let mut log = Log::default();
    (0..60).for_each(|at| log.anonymous(f64::from(at) * 1380.0, OUTSIDE, "n1"));
    assert!(log.told().iter().all(|(.., verdict)| verdict != "hostile"));
}

/// What is told of a break-in into kim's account at a time, in seconds, after six days of work from eight to four.
fn broken_into(at: f64, at_the_desk_too: bool) -> String {
    const DAY: f64 = 86_400.0;
    let mut log = Log::new();
    for day in 0..6_u32 {
        (8..16).for_each(|hour| log.success(f64::from(day) * DAY + f64::from(hour) * 3600.0, "kim", "10.2.2.2"));
    }
    // Others go on working.
    (0..40_u32).for_each(|day| log.success(f64::from(day) * DAY + 30_000.0, "bystander", "10.9.9.9"));
    irregular(40, at - 1000.0, 20.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
    log.success(at, "kim", OUTSIDE);
    if at_the_desk_too {
        log.success(at + 60.0, "kim", "10.2.2.2");
    }
    let findings = log.findings();
    let found = findings.iter().find(|finding| finding.kind == "account_compromise");
    found.map(|finding| finding.why.iter().map(|why| why.plain() + "\n").collect()).unwrap_or_default()
}

#[test]
fn what_an_account_never_did_before_is_told_of_its_entry() {
    const HOUR: f64 = 3600.0;
    const NIGHT: &str = "about which hour of the day (UTC) it gets in from nowhere else";
    const ASLEEP: &str = "It had not got in from anywhere for";
    const TWICE: &str = "It got in from 10.2.2.2 within the same minutes";
    let day = |day: f64, hour: f64| (day * 24.0 + hour) * HOUR;
    let told = |why: &str| [NIGHT, ASLEEP, TWICE].map(|sentence| why.contains(sentence));
    assert_eq!(told(&broken_into(day(5.0, 12.5), false)), [false, false, false]);
    assert_eq!(told(&broken_into(day(6.0, 2.5), false)), [true, false, false]);
    assert_eq!(told(&broken_into(day(34.0, 12.5), false)), [false, true, false]);
    assert_eq!(told(&broken_into(day(5.0, 12.5), true)), [false, false, true]);
}

#[test]
fn names_tried_one_after_the_other_and_then_a_success_are_no_slip() {
    let told = |names: &[&str]| {
        let mut log = Log::new();
        // A list that others try, from addresses of their own.
        for at in 0..120_u32 {
            log.fail(30_000.0 + 61.0 * f64::from(at), &format!("stranger{at}"), &format!("198.51.{at}.7"));
        }
        for (at, name) in names.iter().enumerate() {
            log.fail(33_000.0 + 15.0 * at as f64, name, OUTSIDE);
        }
        (0..9).for_each(|at| log.success(33_050.0 + 20.0 * f64::from(at), "gloria.nakamura", OUTSIDE));
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").count()
    };
    assert_eq!(told(&["maja.arslan", "yara.das", "imran.hakim"]), 1);
    assert_eq!(told(&["gloria.nakamurra", "glorian.akamura"]), 0);
}

#[test]
fn behind_a_shared_door_a_later_login_is_the_owners() {
    let told = |later: f64| {
        let mut log = Log::new();
        for round in 0..4_u32 {
            let start = 30_000.0 + 900.0 * f64::from(round);
            (0..300).for_each(|at| log.fail(start + 2.0 * f64::from(at), &format!("name{at}"), "10.5.5.5"));
        }
        for who in 292..300_u32 {
            let login = 33_300.0 + later + 60.0 * f64::from(who - 292);
            (0..5).for_each(|at| log.success(login + f64::from(at), &format!("name{who}"), "10.5.5.5"));
        }
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").count()
    };
    assert_eq!(told(4.0 * 3600.0), 0);
}

#[test]
fn accounts_whose_passwords_were_set_at_a_place_do_not_make_it_one_that_many_share() {
    let told = |set: bool| {
        let mut log = office();
        log.success(50_000.0, "person35", OUTSIDE);
        for who in 0..6_usize {
            let body =
                format!(r#""change":{{"password":{{"user":{{"name":"{}"}}}}}}"#, person(if set { who } else { 30 }));
            log.change(50_120.0 + who as f64, "person35", OUTSIDE, ("change_password", "user/change_password", &body));
        }
        for who in 0..6_usize {
            log.success(50_600.0 + 60.0 * who as f64, &person(who), OUTSIDE);
        }
        log.told().into_iter().any(|(kind, ..)| kind == "suspicious_access")
    };
    assert!(told(true));
    assert!(!told(false));
}

#[test]
fn an_owner_who_works_on_behind_a_login_page_while_it_is_guessed_at_is_no_intruder() {
    let kibana = "10.9.0.3";
    let mut log = office();
    (0..144).for_each(|at| log.success(f64::from(at) * 600.0, "kibana_system", kibana));
    for who in 0..8 {
        (0..40).for_each(|at| log.success(45_050.0 + f64::from(at) * 100.0 + who as f64, &person(who), kibana));
    }
    irregular(300, 46_000.0, 3.0).into_iter().for_each(|time| log.fail(time, "person3", kibana));
    let findings = log.findings();
    assert_eq!(taken_over(&findings), [""; 0]);
    assert!(findings.iter().any(|finding| finding.kind == "password_guessing"), "{findings:?}");
}

#[test]
fn few_tries_outside_and_a_superuser_at_once_are_an_entry() {
    let entry = |roles: &str| {
        let mut log = office();
        (0..4).for_each(|at| log.fail(50_000.0 + 20.0 * f64::from(at), "person5", OUTSIDE));
        log.success(50_090.0, "person5", OUTSIDE);
        let body = format!(
            r#""put":{{"user":{{"name":"logstash_ro","enabled":true,"roles":["{roles}"],"has_password":true}}}}"#
        );
        log.change(50_160.0, "person5", OUTSIDE, ("put_user", "user/put", &body));
        log.findings()
    };
    let findings = entry("superuser");
    let found = findings.iter().find(|finding| finding.kind == "account_compromise").expect("an entry");
    assert_eq!((found.verdict.as_str(), found.severity.as_str()), ("hostile", "critical"));
}
