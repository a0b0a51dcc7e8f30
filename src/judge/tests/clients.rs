//! Clients that stop getting in, of which each fails so little that only all of them, or the way they come back, tells.

use super::{INSIDE, Log, kinds_and_verdicts, pair};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

#[test]
fn clients_that_lose_their_header_together_are_told() {
    let told = |clients: u32, meanwhile: bool| {
        let mut log = Log::new();
        for client in 0..clients {
            let host = format!("10.7.0.{client}");
            for at in 0..140_u32 {
                let time = 600.0 * f64::from(at) + f64::from(client);
                let lost = (60..68).contains(&at);
                if lost && at % 2 == 0 {
                    log.anonymous(time, &host, "n1");
                }
                if !lost || meanwhile {
                    log.success(time + 1.0, "shop", &host);
                }
            }
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(6, false), [pair("missing_credentials", "operational")]);
    // Who is asked for credentials and gives them has them.
    assert_eq!(told(6, true), []);
    assert_eq!(told(1, false), []);
}

#[test]
fn a_job_that_comes_with_a_wrong_key_at_its_hour_of_each_day_guesses_nothing() {
    let told = |shift: f64| {
        let mut log = Log::new();
        (0..200).for_each(|at| log.success(f64::from(at) * 1800.0, "kim", "10.2.2.2"));
        for night in 0..4_u32 {
            for at in 0..30_u32 {
                let time = HOUR + f64::from(night) * (DAY + shift) + 9.0 * f64::from(at);
                let message = "Authentication using apikey failed - invalid credentials for API key [mistyped]";
                log.refused(time, "10.7.0.9", "n1", message);
            }
        }
        kinds_and_verdicts(log).into_iter().filter(|(_, verdict)| verdict == "hostile").count()
    };
    assert_eq!((told(0.0), told(-5.0 * HOUR)), (0, 1));
}

#[test]
fn pods_that_wait_longer_after_each_try_are_a_rollout() {
    let told = |grows: bool| {
        let mut log = Log::new();
        for pod in 0..3_u32 {
            let host = format!("10.8.1.{pod}");
            (0..140).for_each(|at| log.success(600.0 * f64::from(at) + f64::from(pod), "shop", &host));
        }
        for pod in 0..12_u32 {
            let (host, mut time) = (format!("10.8.2.{pod}"), 50_000.0 + 37.0 * f64::from(pod));
            for at in 0..14_u32 {
                log.fail(time, "shop", &host);
                time += if grows { 1.5 * 1.6_f64.powi(at as i32) } else { f64::from(3 + at * 7 % 11) };
            }
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(true), [pair("stale_credential", "operational")]);
    assert!(told(false).iter().any(|(_, verdict)| verdict != "operational"), "{:?}", told(false));
}

#[test]
fn tokens_of_an_issuer_that_are_refused_for_some_hours_are_told_and_now_and_then_all_day_are_not() {
    let told = |refused: &dyn Fn(u32) -> bool| {
        let mut log = Log::new();
        for at in 0..1200_u32 {
            let time = 120.0 * f64::from(at);
            log.success(time, ["job-a", "job-b", "job-c"][at as usize % 3], &format!("10.7.1.{}", at % 3));
            if refused(at) {
                let job = ["job-a", "job-b", "job-c"][at as usize % 3];
                log.fail(time + 20.0, &format!("https://sts.example/es/{job}/{job}"), &format!("10.7.1.{}", at % 3));
            }
        }
        kinds_and_verdicts(log)
    };
    let hours = told(&|at| (500..560).contains(&at));
    assert!(matches!(&hours[..], [(kind, verdict)] if kind == "realm_outage" && verdict == "operational"), "{hours:?}");
    assert_eq!(told(&|at| at % 20 == 0), []);
}

#[test]
fn a_client_that_comes_back_in_vain_for_days_while_others_of_its_account_get_in_is_told() {
    let told = |gets_in: bool| {
        let mut log = Log::new();
        for visit in 0..60_u32 {
            let time = 6.6 * HOUR * f64::from(visit);
            log.success(time, "legacy", "10.7.2.1");
            if visit < 12 || gets_in {
                log.success(time + 60.0, "legacy", "10.7.2.2");
            }
            if visit >= 12 {
                (0..3).for_each(|at| log.fail(time + 30.0 + 5.0 * f64::from(at), "legacy", "10.7.2.2"));
            }
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(false), [pair("stale_credential", "operational")]);
    assert_eq!(told(true), []);
}

#[test]
fn keys_made_together_that_expire_together_are_one_finding() {
    let mut log = Log::new();
    for key in 0..8_u32 {
        let (id, host) = (format!("k{key}"), format!("10.7.3.{key}"));
        (0..60).for_each(|at| {
            log.key(1200.0 * f64::from(at) + f64::from(key), &id, &host, "access_granted", "indices:data/write/bulk")
        });
        let message = "Authentication using apikey failed - api key is expired";
        let first = 73_000.0 + 4000.0 * f64::from(key);
        (0..9).for_each(|at| log.refused(first + 3000.0 * f64::from(at), &host, "n1", message));
    }
    let told = log.findings();
    let kinds: Vec<(&str, usize)> =
        told.iter().map(|finding| (finding.kind.as_str(), finding.api_keys.len())).collect();
    assert_eq!(kinds, [("api_key_expired_in_use", 8)]);
}

#[test]
fn a_role_that_is_narrowed_refuses_all_keys_of_its_owner_for_one_cause() {
    let told = |apart: f64| {
        let mut log = Log::new();
        for key in 0..5_u32 {
            let (id, host) = (format!("k{key}"), format!("10.7.4.{key}"));
            (0..40)
                .for_each(|at| log.key(600.0 * f64::from(at), &id, &host, "access_granted", "indices:data/write/bulk"));
            let since = 30_000.0 + apart * f64::from(key);
            (0..30).for_each(|at| {
                log.key(since + 60.0 * f64::from(at), &id, &host, "access_denied", "indices:data/read/search")
            });
        }
        log.findings().iter().map(|finding| finding.api_keys.len()).collect::<Vec<_>>()
    };
    assert_eq!(told(20.0), [5]);
    assert_eq!(told(9000.0), [1; 5]);
}

#[test]
fn who_makes_a_key_for_each_that_he_ended_rotates_them_in_the_wrong_order() {
    let told = |made: u32| {
        let mut log = Log::new();
        let keys: Vec<String> = (0..8).map(|key| format!("old{key}")).collect();
        for (at, key) in keys.iter().enumerate() {
            (0..40).for_each(|use_of| {
                log.key(
                    1000.0 * f64::from(use_of) + at as f64,
                    key,
                    INSIDE,
                    "access_granted",
                    "indices:data/write/bulk",
                )
            });
        }
        log.invalidate(45_000.0, "admin", &keys.iter().map(String::as_str).collect::<Vec<_>>());
        for at in 0..made {
            let body = format!(r#""create":{{"apikey":{{"id":"new{at}","name":"app-{at}"}}}}"#);
            log.change(45_600.0 + 4.0 * f64::from(at), "admin", INSIDE, ("create_apikey", "api_key/create", &body));
        }
        kinds_and_verdicts(log).iter().any(|(kind, _)| kind == "mass_invalidation")
    };
    assert!(!told(8));
    assert!(told(1));
}
