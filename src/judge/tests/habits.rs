//! What people and programs do by habit, and what intruders do otherwise.

use super::super::testing::{INSIDE, Log, OUTSIDE, irregular};
use super::{kinds_and_verdicts, pair, with_kim};

const DAY: f64 = 86_400.0;
const PUT_USER: (&str, &str, &str) =
    ("put_user", "user/put", r#""put":{"user":{"name":"newcomer","enabled":true,"roles":["superuser"]}}"#);

/// A log of ten days in which a job gets in at the same time of each of the first six, and fails at that time of the others.
fn nightly(tries_a_night: usize) -> Log {
    let mut log = Log::new();
    (0..10).for_each(|day| log.success(f64::from(day) * DAY + 40_000.0, "bystander", "10.9.9.9"));
    for day in 0..10 {
        let night = f64::from(day) * DAY + 81_240.0 + f64::from(day % 3) * 11.0;
        for at in 0..tries_a_night {
            let time = night + at as f64 * 17.0;
            if day < 6 { log.success(time, "report-job", "10.2.2.7") } else { log.fail(time, "report-job", "10.2.2.7") }
        }
    }
    log
}

#[test]
fn a_job_that_fails_night_after_night_has_an_old_password() {
    assert_eq!(kinds_and_verdicts(nightly(3)), [pair("stale_credential", "operational")]);
    assert_eq!(kinds_and_verdicts(nightly(2)), [pair("stale_credential", "operational")]);
}

#[test]
fn the_owners_mistake_elsewhere_does_not_hide_an_entry() {
    let mut log = with_kim();
    let guesses = irregular(60, 28_000.0, 60.0);
    guesses.iter().for_each(|&time| log.fail(time, "kim", OUTSIDE));
    // The owner, at a colleague's desk in the middle of it.
    log.fail(29_000.0, "kim", "10.2.7.7");
    log.fail(29_010.0, "kim", "10.2.7.7");
    (0..4).for_each(|at| log.success(29_020.0 + f64::from(at) * 60.0, "kim", "10.2.7.7"));
    let entry = guesses.last().map_or(0.0, |last| last + 60.0);
    log.success(entry, "kim", OUTSIDE);
    log.change(entry + 90.0, "kim", OUTSIDE, PUT_USER);
    let findings = log.findings();
    let taken = findings.iter().find(|found| found.kind.as_str() == "account_compromise");
    let taken = taken.unwrap_or_else(|| panic!("{findings:?}"));
    assert_eq!((taken.verdict.as_str(), taken.severity.as_str()), ("hostile", "critical"));
    assert!(taken.title.plain().contains(OUTSIDE));
}

/// Sixty accounts work behind one address; then names are tried there, so many of theirs and so many of nobody's.
fn behind_one_address(known: usize, unknown: usize) -> Vec<(String, String)> {
    let mut log = Log::new();
    let name = |at: usize| format!("member-{at:02}");
    for at in 0..60 {
        (0..6).for_each(|hour| log.success(f64::from(hour) * 3000.0 + at as f64, &name(at), "10.8.8.8"));
    }
    let tries = irregular(known + unknown, 30_000.0, 8.0);
    for (at, time) in tries.into_iter().enumerate() {
        let who = if at % (known + unknown).div_ceil(known) == 0 { name(at % 60) } else { format!("guess{at}") };
        log.fail(time, &who, "10.8.8.8");
    }
    kinds_and_verdicts(log)
}

#[test]
fn names_that_nobody_has_make_no_outage_behind_a_shared_address() {
    assert_eq!(behind_one_address(25, 60), [pair("password_spraying", "hostile")]);
}

/// What is said of kim, who was never outside, where something powerful is done so long after the first success there.
fn first_deed_after(seconds: f64) -> Vec<(String, String)> {
    let mut log = with_kim();
    let mut at = 0.0;
    while at < seconds {
        log.success(40_000.0 + at, "kim", OUTSIDE);
        at += 900.0;
    }
    log.change(40_000.0 + seconds, "kim", OUTSIDE, PUT_USER);
    kinds_and_verdicts(log)
}

#[test]
fn who_looks_around_and_acts_is_suspected_most() {
    assert_eq!(first_deed_after(1.0), [pair("persistence", "hostile")]);
    assert_eq!(first_deed_after(300.0), [pair("suspicious_access", "unclear")]);
    // At work for hours before, or come for nothing else.
    assert_eq!(first_deed_after(7.0 * 3600.0), []);
    assert_eq!(first_deed_after(0.0), [pair("persistence", "unclear")]);
}

/// Kim at her desk on five days.
fn kim_for_days() -> Log {
    let mut log = with_kim();
    for day in 1..5 {
        (0..20).for_each(|at| log.success(f64::from(day) * DAY + f64::from(at) * 900.0, "kim", "10.2.2.2"));
    }
    log
}

#[test]
fn what_is_new_to_an_account_soon_after_a_first_look_around_is_asked_of_its_owner() {
    // The account was outside before, so that another place there is less strange.
    let told = |delay: f64| {
        let mut log = kim_for_days();
        log.success(DAY + 30_000.0, "kim", "198.51.100.7");
        let entry = 3.0 * DAY + 30_000.0;
        [0.0, delay / 2.0].into_iter().for_each(|later| log.success(entry + later, "kim", OUTSIDE));
        log.change(entry + delay, "kim", OUTSIDE, PUT_USER);
        kinds_and_verdicts(log)
    };
    assert_eq!((told(300.0), told(3600.0)), (vec![pair("suspicious_access", "unclear")], vec![]));
}

/// Somebody at a desk and then at a place outside, where the first deed comes five minutes after; what else happens is `more`.
fn away(more: impl Fn(&mut Log)) -> Vec<(String, String)> {
    let mut log = kim_for_days();
    let entry = 3.0 * DAY + 60_000.0;
    [0.0, 150.0].into_iter().for_each(|later| log.success(entry + later, "kim", OUTSIDE));
    log.change(entry + 300.0, "kim", OUTSIDE, PUT_USER);
    more(&mut log);
    kinds_and_verdicts(log)
}

#[test]
fn who_comes_back_at_other_times_may_be_the_owner() {
    assert_eq!(away(|_| ()), [pair("suspicious_access", "hostile")]);
    let back = away(|log| {
        for later in [30_000.0, 70_000.0, 100_000.0] {
            (0..3).for_each(|at| log.success(3.0 * DAY + 60_000.0 + later + f64::from(at), "kim", OUTSIDE));
        }
    });
    assert_eq!(back, [pair("suspicious_access", "unclear")]);
}

#[test]
fn a_new_place_of_somebody_whose_password_was_guessed_at_is_asked_for() {
    let travels = |guesses: usize| {
        let mut log = kim_for_days();
        // Others look after the cluster from everywhere.
        for (who, day) in [("ann", 1.0), ("bob", 2.0), ("cyd", 4.0)] {
            (0..9).for_each(|at| log.success(f64::from(at) * 900.0, who, "10.2.2.9"));
            let place = format!("198.51.{}.7", day as u32);
            (0..3).for_each(|at| log.success(day * DAY + 100.0 * f64::from(at), who, &place));
            log.change(day * DAY + 300.0, who, &place, PUT_USER);
        }
        log.success(DAY + 30_000.0, "kim", "198.51.100.7");
        irregular(guesses, DAY, 90.0).into_iter().for_each(|time| log.fail(time, "kim", "192.0.2.77"));
        let entry = 3.0 * DAY + 60_000.0;
        [0.0, 150.0].into_iter().for_each(|later| log.success(entry + later, "kim", OUTSIDE));
        log.change(entry + 300.0, "kim", OUTSIDE, PUT_USER);
        let findings = log.findings().into_iter();
        findings.filter(|finding| finding.sources.iter().any(|source| source == OUTSIDE)).count()
    };
    assert_eq!((travels(0), travels(200)), (0, 1));
}

#[test]
fn health_checks_that_begin_inside_keep_to_the_clock_and_are_no_scan() {
    let told = |source: &str, jitter: f64| {
        let mut log = Log::new();
        let gaps = irregular(400, 0.0, 60.0);
        for (at, wild) in gaps.into_iter().enumerate() {
            let steady = 60.0 * at as f64;
            log.anonymous(30_000.0 + steady + jitter * (wild - steady), source, "n1");
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(INSIDE, 0.0), [("missing_credentials".to_owned(), "operational".to_owned())]);
    assert!(told(OUTSIDE, 1.0).iter().all(|(_, verdict)| verdict == "hostile"));
    assert!(!told(INSIDE, 1.0).contains(&("missing_credentials".to_owned(), "operational".to_owned())));
}

#[test]
fn many_hosts_of_one_application_are_no_guessing() {
    let mut log = Log::new();
    for host in 1..20_usize {
        for hour in 0..12_usize {
            log.success(100.0 * host as f64 + 3600.0 * hour as f64, "app-cart", &format!("10.9.3.{host}"));
        }
    }
    for host in 30..40_usize {
        for time in irregular(30, 10.0 * host as f64, 600.0) {
            log.fail(time, "app-cart", &format!("10.9.3.{host}"));
        }
    }
    let told = kinds_and_verdicts(log);
    assert!(told.iter().all(|(_, verdict)| verdict != "hostile"), "{told:?}");
    assert!(told.iter().any(|(kind, _)| kind == "stale_credential"), "{told:?}");
}
