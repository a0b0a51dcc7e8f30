//! Rights that somebody gets or loses: accounts that raise themselves, that nobody is known to have made, keys of those who left, and
//! keys that a pipeline ends.

use crate::judge::testing::{INSIDE, Log, OUTSIDE};
use crate::model::Finding;

const DELETE: &str = "indices:admin/delete";

/// Kind, verdict and accounts of each finding.
fn told(findings: &[Finding]) -> Vec<(&str, &str, Vec<&str>)> {
    let mut told = Vec::new();
    for finding in findings {
        let accounts = finding.principals.iter().map(String::as_str).collect();
        told.push((finding.kind.as_str(), finding.verdict.as_str(), accounts));
    }
    told
}

/// Two people at work at their desks.
fn office() -> Log {
    let mut log = Log::new();
    for hour in 0..24 {
        log.success(f64::from(hour) * 3600.0 + 5.0, "kim", INSIDE);
        log.success(f64::from(hour) * 3600.0 + 9.0, "ana", "10.2.2.3");
    }
    log
}

fn put_user(name: &str, roles: &str) -> String {
    format!(r#""put":{{"user":{{"name":"{name}","enabled":true,"roles":[{roles}],"has_password":true}}}}"#)
}

#[test]
fn who_gives_itself_all_rights_is_asked_about_and_an_administrator_is_not() {
    let raised = |admin: bool| {
        let mut log = office();
        if admin {
            log.change(20_000.0, "kim", INSIDE, ("put_user", "user/put", &put_user("new", r#""viewer""#)));
        }
        log.change(50_000.0, "kim", INSIDE, ("put_user", "user/put", &put_user("kim", r#""superuser""#)));
        log.findings()
    };
    let findings = raised(false);
    assert_eq!(told(&findings), [("persistence", "unclear", vec!["kim"])]);
    assert_eq!(told(&raised(true)), []);
}

#[test]
fn a_superuser_that_nobody_is_known_to_have_made_and_that_comes_from_outside_is_told() {
    let made = |used_from: &str| {
        let mut log = office();
        log.unsigned(50_000.0, "put_user", &put_user("apm_user_2", r#""superuser""#));
        (0..5).for_each(|at| log.success(50_700.0 + f64::from(at) * 300.0, "apm_user_2", used_from));
        log.findings()
    };
    let findings = made(OUTSIDE);
    assert_eq!(told(&findings), [("persistence", "unclear", vec!["apm_user_2"])]);
    assert_eq!(told(&made("10.2.2.9")), []);
}

#[test]
fn a_key_that_destroys_from_a_new_place_when_its_owner_has_been_locked_out_is_told() {
    let used = |locked_out: bool| {
        let mut log = office();
        (0..5).for_each(|at| log.success(f64::from(at) * 700.0, "owner", "10.2.2.7"));
        if locked_out {
            let body = r#""change":{"disable":{"user":{"name":"owner"}}}"#;
            log.change(20_000.0, "kim", INSIDE, ("change_disable_user", "user/set_enabled", body));
        }
        (0..4).for_each(|at| log.key(60_000.0 + f64::from(at) * 30.0, "K1", OUTSIDE, "access_granted", DELETE));
        log.findings()
    };
    let findings = used(true);
    assert_eq!(told(&findings), [("suspicious_access", "unclear", vec!["owner"])]);
    assert_eq!(findings[0].api_keys, ["K1"]);
    assert_eq!(told(&used(false)), []);
}

#[test]
fn keys_that_a_pipeline_ends_one_after_the_other_all_day_are_its_habit() {
    let ended = |seconds: f64, keys: usize| {
        let mut log = office();
        (0..48).for_each(|at| log.success(f64::from(at) * 1800.0, "ci", "10.2.2.8"));
        let early = [4000.0, 14_000.0].map(|from| (0..6).map(move |at| from + 1100.0 * f64::from(at)));
        let times = early.into_iter().flatten().chain((0..keys).map(|at| 30_000.0 + seconds * at as f64));
        for (at, time) in times.enumerate() {
            let key = format!("key{at}");
            (0..3).for_each(|back| {
                log.key(
                    time - 9000.0 + 60.0 * f64::from(back),
                    &key,
                    "10.2.2.8",
                    "access_granted",
                    "indices:data/write/bulk",
                )
            });
            log.invalidate(time, "ci", &[key.as_str()]);
        }
        let findings = log.findings();
        findings.iter().any(|finding| finding.kind == "mass_invalidation")
    };
    assert!(!ended(1300.0, 26));
    assert!(ended(2.0, 26));
}

#[test]
fn an_account_kept_for_emergencies_that_comes_from_outside_and_raises_somebody_is_asked_about() {
    const DAY: f64 = 86_400.0;
    let used = |roles: &str, since: f64| {
        let mut log = office();
        (0..60).for_each(|hour| log.success(f64::from(hour) * 3600.0, "kim", INSIDE));
        log.success(since, "breakglass", OUTSIDE);
        log.change(since + 90.0, "breakglass", OUTSIDE, ("put_user", "user/put", &put_user("helper", roles)));
        log.success(since + 900.0, "helper", OUTSIDE);
        log.findings().iter().any(|finding| finding.principals.iter().any(|who| who == "breakglass"))
    };
    assert!(used(r#""superuser""#, 2.0 * DAY));
    assert!(!used(r#""viewer""#, 2.0 * DAY));
    // In the first hours of a log everybody comes for the first time.
    assert!(!used(r#""superuser""#, 1000.0));
}

#[test]
fn a_program_that_raises_somebody_for_the_first_time_is_asked_about() {
    const DAY: f64 = 86_400.0;
    let raised = |before: bool| {
        let mut log = office();
        (0..300).for_each(|at| log.success(600.0 * f64::from(at), "svc", "10.5.5.5"));
        if before {
            log.change(20_000.0, "svc", "10.5.5.5", ("put_user", "user/put", &put_user("first", r#""viewer""#)));
        }
        log.change(1.5 * DAY, "svc", "10.5.5.5", ("put_user", "user/put", &put_user("second", r#""superuser""#)));
        log.findings()
    };
    let findings = raised(false);
    assert_eq!(told(&findings), [("persistence", "unclear", vec!["second", "svc"])]);
    assert_eq!(told(&raised(true)), []);
}

#[test]
fn an_administrator_who_raises_an_account_where_nobody_ever_was_is_asked_about() {
    const DAY: f64 = 86_400.0;
    let raised = |others: bool| {
        let mut log = office();
        // People come from outside as they please.
        for who in 0..8_u32 {
            let place = format!("91.{}.7.3", 20 + who);
            (0..60)
                .for_each(|at| log.success(3600.0 * f64::from(at) + f64::from(who), &format!("person{who}"), &place));
        }
        // This one is on the way all the time.
        (0..60).for_each(|at| log.success(3000.0 * f64::from(at), "ops", &format!("92.{at}.1.1")));
        if others {
            (0..60).for_each(|at| log.success(3600.0 * f64::from(at), "person1", "203.0.113.77"));
        }
        log.success(2.0 * DAY, "ops", OUTSIDE);
        log.change(2.0 * DAY + 120.0, "ops", OUTSIDE, ("put_user", "user/put", &put_user("backup2", r#""superuser""#)));
        (0..5).for_each(|at| log.success(2.0 * DAY + 600.0 + 60.0 * f64::from(at), "backup2", "203.0.113.17"));
        log.findings().iter().any(|finding| finding.principals.iter().any(|who| who == "backup2"))
    };
    assert!(raised(false));
    assert!(!raised(true));
}

#[test]
fn a_key_that_does_several_powerful_things_at_a_host_of_another_network_is_asked_about() {
    let used = |actions: &[&str]| {
        let mut log = office();
        (0..200).for_each(|at| {
            log.key(400.0 * f64::from(at), "writer", "10.6.1.5", "access_granted", "indices:data/write/bulk")
        });
        for (at, action) in actions.iter().enumerate() {
            log.key(70_000.0 + 60.0 * at as f64, "writer", "10.252.3.3", "access_granted", action);
        }
        log.findings().iter().any(|finding| finding.api_keys == ["writer"])
    };
    assert!(used(&[
        "indices:data/write/reindex",
        "cluster:admin/settings/update",
        "indices:data/write/delete/byquery",
        DELETE
    ]));
    assert!(!used(&["indices:data/write/reindex", "indices:data/write/reindex"]));
}
