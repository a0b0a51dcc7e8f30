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
