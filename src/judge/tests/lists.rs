//! Who goes through a list of names, and who only looks like it.

use super::{Log, OUTSIDE, irregular};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// Three days of a page for login that anybody can reach: people get in from anywhere, and strangers mistype addresses of theirs.
fn page() -> Log {
    let mut log = Log::new();
    for who in 0..40_usize {
        let person = format!("person{who}");
        for visit in 0..6_usize {
            let place = format!("{}.{}.7.{}", 20 + who, 30 + visit, 1 + who);
            log.success(1500.0 * who as f64 + 11.0 * HOUR * visit as f64, &person, &place);
        }
    }
    for (at, time) in irregular(90, 2000.0, 2700.0).into_iter().enumerate() {
        log.fail(time, &format!("stranger{at}@mail.example"), &format!("{}.60.{at}.3", 70 + at % 90));
    }
    log
}

/// The findings that are about an address alone.
fn of_one(log: Log, source: &str) -> Vec<(String, String)> {
    let alone = |finding: &&crate::model::Finding| finding.sources == [source];
    log.findings().iter().filter(alone).map(|finding| (finding.kind.clone(), finding.verdict.clone())).collect()
}

#[test]
fn one_host_that_goes_through_names_is_none_of_the_strangers_who_mistype_one_each() {
    let told = |tried: usize, pause: f64| {
        let mut log = page();
        for at in 0..tried {
            log.fail(150_000.0 + pause * at as f64, &format!("person{}", 3 * at), OUTSIDE);
        }
        of_one(log, OUTSIDE)
    };
    let spray = [("password_spraying".to_owned(), "hostile".to_owned())];
    assert_eq!(told(8, 9.0), spray);
    assert_eq!(told(12, 2000.0), spray);
    assert_eq!(told(2, 9.0), []);
}

#[test]
fn a_site_where_people_work_goes_through_no_names() {
    let mut log = page();
    for at in 0..8_usize {
        let time = 150_000.0 + 60.0 * at as f64;
        log.fail(time, &format!("person{}", 3 * at), OUTSIDE);
        log.success(time + 20.0, &format!("person{}", 3 * at), OUTSIDE);
    }
    assert_eq!(of_one(log, OUTSIDE), []);
}

#[test]
fn hosts_that_share_out_a_list_for_weeks_are_one_campaign() {
    let mut log = Log::new();
    for day in 0..21_u32 {
        (0..12).for_each(|at| log.success(DAY * f64::from(day) + HOUR * 2.0 * f64::from(at), "bystander", "10.9.9.9"));
    }
    for (at, time) in irregular(1200, DAY, 1300.0).into_iter().enumerate() {
        let host = format!("{}.40.{}.9", 80 + (at * 7) % 25, (at * 7) % 25);
        log.fail(time, &format!("name{}", (at * 37) % 200), &host);
    }
    let findings = log.findings();
    let kinds: Vec<&str> = findings.iter().map(|finding| finding.kind.as_str()).collect();
    assert_eq!(findings.len(), 1, "{kinds:?}");
    assert_eq!(findings[0].verdict, "hostile", "{kinds:?}");
}

#[test]
fn people_behind_one_address_who_try_again_at_once_are_no_sure_attack_where_no_success_is_logged() {
    let told = |again: bool| {
        let mut log = Log::default();
        for (at, time) in irregular(24, 1000.0, 700.0).into_iter().enumerate() {
            log.fail(time, &format!("person{at}"), OUTSIDE);
            if again && at % 2 == 0 {
                log.fail(time + 11.0, &format!("person{at}"), OUTSIDE);
            }
        }
        // The log goes on for days.
        log.fail(4.0 * DAY, "kim", "10.2.2.2");
        of_one(log, OUTSIDE).into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>()
    };
    assert_eq!(told(true), ["unclear"]);
    assert_eq!(told(false), ["hostile"]);
}

#[test]
fn who_comes_through_the_login_page_while_names_are_gone_through_there_is_not_taken_over() {
    let mut log = Log::new();
    for who in 0..40_usize {
        let person = format!("person{who}");
        // At their desks for a day, then through the page for the first time.
        (0..20).for_each(|at| log.success(3000.0 * f64::from(at), &person, &format!("10.3.0.{}", who + 1)));
        let time = 70_000.0 + 400.0 * who as f64;
        (0..who % 3).for_each(|at| log.fail(time - 30.0 + 9.0 * at as f64, &person, "10.0.0.80"));
        (0..5).for_each(|at| log.success(time + 600.0 * f64::from(at), &person, "10.0.0.80"));
    }
    for (at, time) in irregular(120, 76_000.0, 20.0).into_iter().enumerate() {
        log.fail(time, &format!("person{}", at % 60), "10.0.0.80");
    }
    let findings = log.findings();
    let taken: Vec<&[String]> =
        findings.iter().filter(|found| found.kind == "account_compromise").map(|found| &found.principals[..]).collect();
    assert!(taken.is_empty(), "{taken:?}");
    assert!(findings.iter().any(|found| found.kind == "password_spraying"), "{findings:?}");
}

#[test]
fn a_list_that_goes_on_at_its_hour_of_the_next_night_is_one_campaign() {
    let told = |hour: &dyn Fn(usize) -> f64| {
        let mut log = page();
        for night in 0..4_usize {
            for at in 0..12_usize {
                let time = DAY * night as f64 + HOUR * hour(night) + 190.0 * at as f64;
                log.fail(time, &format!("leaked{}", 12 * night + at), &format!("{}.1.1.9", 180 + 3 * night));
            }
        }
        log.findings().iter().filter(|finding| finding.kind == "password_spraying").count()
    };
    assert_eq!(told(&|_| 3.0), 1);
    assert_eq!(told(&|night| 1.0 + 5.0 * night as f64), 4);
}
