//! Incidents small enough to be written by hand.

mod clients;
mod entries;
mod habits;
mod hosts;
mod lists;
mod misplaced;
mod networks;
mod one_cause;
mod outages;
mod places;
mod rights;
mod unseen;
mod visits;

use super::testing::{INSIDE, Log, OUTSIDE, irregular};

/// A log in which kim works at a desk, so that other places are strange.
fn with_kim() -> Log {
    let mut log = Log::new();
    (0..30).for_each(|at| log.success(f64::from(at * 900), "kim", "10.2.2.2"));
    log
}

fn kinds_and_verdicts(log: Log) -> Vec<(String, String)> {
    log.told().into_iter().map(|(kind, _, verdict)| (kind, verdict)).collect()
}

fn pair(kind: &str, verdict: &str) -> (String, String) {
    (kind.to_owned(), verdict.to_owned())
}

#[test]
fn guesses_and_an_entry_are_one_finding_with_parts() {
    const CREATE: (&str, &str, &str) =
        ("create_apikey", "api_key/create", r#""create":{"apikey":{"id":"newkey","name":"backdoor"}}"#);
    let mut log = with_kim();
    irregular(30, 30_000.0, 20.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
    log.success(31_000.0, "kim", OUTSIDE);
    log.change(31_100.0, "kim", OUTSIDE, CREATE);
    let findings = log.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    let found = &findings[0];
    assert_eq!((found.kind.as_str(), found.severity.as_str()), ("account_compromise", "critical"));
    assert_eq!(found.api_keys, ["newkey"]);
    let parts: Vec<&str> = found.parts.iter().map(|part| part.kind.as_str()).collect();
    assert_eq!(parts, ["password_guessing", "persistence"]);
    assert!(found.expected_by_chance.is_some_and(|expected| expected < 0.01), "{found:?}");
}

#[test]
fn a_person_who_mistypes_is_nothing() {
    let mut log = with_kim();
    irregular(3, 30_000.0, 10.0).into_iter().for_each(|time| log.fail(time, "kim", "10.2.2.2"));
    log.success(30_100.0, "kim", "10.2.2.2");
    assert_eq!(kinds_and_verdicts(log), []);
}

#[test]
fn a_password_that_is_no_longer_right_is_operational() {
    let mut log = Log::new();
    (0..200).for_each(|at| log.success(f64::from(at * 60), "svc", "10.1.2.4"));
    (200..400).for_each(|at| log.fail(f64::from(at * 60), "svc", "10.1.2.4"));
    assert_eq!(kinds_and_verdicts(log), [pair("stale_credential", "operational")]);
}

#[test]
fn a_spray_is_one_finding() {
    let mut log = with_kim();
    for (at, time) in irregular(80, 30_000.0, 20.0).into_iter().enumerate() {
        log.fail(time, &format!("user{}", at % 40), OUTSIDE);
    }
    let findings = log.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].kind.as_str(), findings[0].verdict.as_str()), ("password_spraying", "hostile"));
    // Half an hour from 30,000 s on, in minutes.
    let timeline = findings[0].timeline.as_ref().unwrap();
    assert!(timeline.start.starts_with("2026-03-01T08:20:00"), "{timeline:?}");
    assert_eq!((timeline.bucket_seconds, timeline.counts.iter().sum::<u64>()), (60, 80));
    assert!(timeline.counts[0] > 0 && timeline.counts.last().is_some_and(|&last| last > 0), "{timeline:?}");
}

#[test]
fn a_replacement_makes_a_rotation() {
    for (replaced, expected) in [(false, "api_key_invalidated_in_use"), (true, "api_key_rotation_outage")] {
        let mut log = Log::new();
        let used = |log: &mut Log, at: i32, key: &str| {
            log.key(f64::from(at * 30), key, INSIDE, "access_granted", "indices:data/read/search");
        };
        (0..60).for_each(|at| used(&mut log, at, "k1"));
        log.invalidate(1795.0, "admin", &["k1"]);
        let message = "Authentication using apikey failed - api key [k1] has been invalidated";
        (60..80).for_each(|at| log.refused(f64::from(at * 30), INSIDE, "n1", message));
        if replaced {
            (80..99).for_each(|at| used(&mut log, at, "k2"));
        }
        assert_eq!(kinds_and_verdicts(log), [pair(expected, "operational")]);
    }
}

#[test]
fn whoever_tries_keys_from_outside_guesses() {
    let mut log = with_kim();
    for (at, time) in irregular(60, 30_000.0, 20.0).into_iter().enumerate() {
        let message = format!("Authentication using apikey failed - unable to find apikey with id k{at}");
        log.refused(time, OUTSIDE, "n1", &message);
    }
    assert_eq!(kinds_and_verdicts(log), [pair("api_key_guessing", "hostile")]);
}

#[test]
fn an_outsider_without_credentials_looks_around() {
    let mut log = with_kim();
    (0..200).for_each(|at| log.anonymous(30_000.0 + f64::from(at), OUTSIDE, "n1"));
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].0 == "unauthenticated_scan" && told[0].1 != "operational", "{told:?}");
}

#[test]
fn denied_actions_of_a_key_are_told() {
    let mut log = Log::new();
    for at in 0..20 {
        log.key(3600.0 + f64::from(at), "k1", INSIDE, "access_denied", "indices:admin/create");
        log.key(3600.5 + f64::from(at), "k1", INSIDE, "access_granted", "indices:data/read/search");
    }
    let findings = log.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].kind.as_str(), findings[0].failures), ("api_key_underprivileged", 20));
}

/// Who exports only the failures of some minutes asks all the same; people behind one gateway whose directory is down fail so, too.
#[test]
fn many_accounts_that_fail_in_minutes_may_be_sprayed() {
    let spray = |source: &str| {
        let mut log = Log::default();
        (0..100).for_each(|at| log.fail(f64::from(at), &format!("u{}", at % 25), source));
        kinds_and_verdicts(log)
    };
    assert_eq!(spray(OUTSIDE), [pair("password_spraying", "unclear")]);
    assert_eq!(spray(INSIDE), []);
}

#[test]
fn what_a_finding_is_about_is_counted_and_the_rest_is_told() {
    let mut log = with_kim();
    irregular(30, 30_000.0, 20.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
    irregular(2, 40_000.0, 10.0).into_iter().for_each(|time| log.fail(time, "kim", "10.2.2.2"));
    log.success(40_100.0, "kim", "10.2.2.2");
    let joined = log.joined();
    let verdicts = super::judge(&joined, &log.options);
    assert_eq!(
        verdicts.findings[0].finding.why[0].plain(),
        "30 failures of 1 account from 1 source, from 2026-03-01 08:20:00 UTC on, over 9 min 24 s; usually one every 14 s"
    );
    let rate = verdicts.base_rate;
    assert_eq!((rate.failed, rate.unexplained), (2, 2));
    assert_eq!(rate.runs.iter().map(|run| (run.length, run.count)).collect::<Vec<_>>(), [(2, 1)]);
    let logins = rate.logins.unwrap();
    let sentence = rate.sentence.plain();
    let share = rate.share.unwrap();
    assert!((share - 2.0 / logins as f64).abs() < 1e-4, "{share}");
    assert_eq!(
        sentence,
        format!("Ordinarily 2 logins fail here, {:.1} % of {logins}; 2 failures are in no finding", share * 100.0)
    );
}
