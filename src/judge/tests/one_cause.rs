//! What has one cause is one finding, and what looks alike is not.

use super::{Log, irregular, kinds_and_verdicts, pair};

const HOUR: f64 = 3600.0;

#[test]
fn clients_set_up_for_another_cluster_are_told_together() {
    let told = |apart: f64| {
        let mut log = Log::new();
        for host in 0..6_u32 {
            for at in 0..80_u32 {
                let time =
                    8.0 * HOUR + apart * f64::from(host) + 103.0 * f64::from(at) + f64::from((host * 7 + at * 3) % 5);
                log.fail(time, &format!("stg-app{host}"), &format!("10.4.0.{}", 10 + host));
            }
        }
        kinds_and_verdicts(log).len()
    };
    assert_eq!(told(20.0), 1);
    // One each hour is no rollout.
    assert!(told(HOUR) > 1);
}

#[test]
fn hosts_inside_that_go_through_names_in_one_hour_are_one_campaign() {
    let told = |apart: f64| {
        let mut log = Log::new();
        for host in 0..3_usize {
            let desk = format!("10.3.{host}.7");
            for hour in 0..40_u32 {
                log.success(f64::from(hour) * 1800.0, &format!("owner{host}"), &desk);
            }
            for (at, time) in irregular(24, 30_000.0 + apart * host as f64, 25.0).into_iter().enumerate() {
                log.fail(time, &format!("name{}", host * 100 + at / 2), &desk);
            }
        }
        kinds_and_verdicts(log).into_iter().filter(|(kind, _)| kind == "password_spraying").count()
    };
    assert_eq!(told(1200.0), 1);
    assert_eq!(told(5.0 * HOUR), 3);
}

#[test]
fn accounts_guessed_at_once_through_one_proxy_are_one_campaign() {
    let told = |apart: f64| {
        let mut log = Log::new();
        for who in 0..20_usize {
            (0..24_u32)
                .for_each(|hour| log.success(f64::from(hour) * HOUR + who as f64, &format!("person{who}"), "10.8.0.1"));
        }
        for who in 0..3_usize {
            let times = irregular(150, 30_000.0 + 7.0 + apart * who as f64, 25.0);
            for (at, time) in times.into_iter().enumerate() {
                log.fail_for(time, &format!("person{who}"), "10.8.0.1", &format!("91.{at}.{who}.7"));
            }
        }
        log.findings()
            .into_iter()
            .filter(|finding| finding.kind == "password_guessing")
            .map(|finding| finding.principals.len())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(3.0), [3]);
    assert!(told(4.0 * HOUR).len() != 1);
}

#[test]
fn keys_ended_one_by_one_whose_clients_come_back_are_told_once() {
    let told = |keys: u32| {
        let mut log = Log::new();
        for key in 0..keys {
            let (start, old, new) = (3000.0 + 9000.0 * f64::from(key), format!("old{key}"), format!("new{key}"));
            (0..20).for_each(|at| {
                log.key(
                    f64::from(key) + f64::from(at * 30),
                    &old,
                    "10.7.0.1",
                    "access_granted",
                    "indices:data/write/bulk",
                )
            });
            let message = format!("Authentication using apikey failed - api key [{old}] has been invalidated");
            (0..30).for_each(|at| log.refused(start + f64::from(at * 40), "10.7.0.1", "n1", &message));
            (0..20).for_each(|at| {
                log.key(
                    start + 1300.0 + f64::from(at * 30),
                    &new,
                    "10.7.0.1",
                    "access_granted",
                    "indices:data/write/bulk",
                )
            });
        }
        let ended = |kind: &str| kind.starts_with("api_key");
        log.findings()
            .into_iter()
            .filter(|finding| ended(&finding.kind))
            .map(|finding| finding.api_keys.len())
            .collect::<Vec<_>>()
    };
    let several = told(6);
    assert_eq!(several.len(), 1, "{several:?}");
    assert!(several[0] >= 6, "{several:?}");
    assert_eq!(told(2).len(), 2);
}

#[test]
fn an_account_written_wrong_on_its_own_hosts_is_no_guess() {
    let told = |wrong: &str| {
        let mut log = Log::new();
        for host in ["10.5.0.1", "10.5.0.2"] {
            let mistaken = 30_000.0..33_600.0;
            for at in 0..800_u32 {
                let time = 90.0 * f64::from(at) + f64::from(at * 7 % 11);
                if mistaken.contains(&time) {
                    log.fail(time, wrong, host);
                } else {
                    log.success(time, "app-inventory", host);
                }
            }
        }
        kinds_and_verdicts(log)
    };
    let misspelled = told("app-inventoyr");
    assert!(
        misspelled.iter().all(|(kind, verdict)| kind == "stale_credential" && verdict != "hostile"),
        "{misspelled:?}"
    );
    assert_eq!(told("elastic"), [pair("password_guessing", "hostile")]);
}

#[test]
fn who_works_where_names_are_gone_through_fails_along_with_the_others() {
    let mut log = Log::new();
    for who in 0..3_usize {
        (0..40).for_each(|at| log.success(f64::from(at) * 700.0, &format!("tech{who}"), "10.9.1.2"));
    }
    for who in 0..8_usize {
        let name = if who < 3 { format!("tech{who}") } else { format!("admin{who}") };
        let times = irregular(14, 50_000.0 + 2.0 * who as f64, 22.0);
        times.into_iter().for_each(|time| log.fail(time, &name, "10.9.1.2"));
    }
    let told = kinds_and_verdicts(log);
    assert_eq!((told.len(), told.iter().all(|(_, verdict)| verdict != "operational")), (1, true));
}

#[test]
fn a_guess_beside_hosts_that_fail_for_another_cause_is_told_for_itself() {
    let mut log = Log::new();
    for host in 0..12_u32 {
        let place = format!("{}.7.9.8", 20 + 3 * host);
        for at in 0..300_u32 {
            let time = 280.0 * f64::from(at) + f64::from(host);
            if at < 200 { log.success(time, "appuser", &place) } else { log.fail(time, "appuser", &place) }
        }
    }
    irregular(120, 45_000.0, 1.3).into_iter().for_each(|time| log.fail(time, "appuser", "20.7.30.4"));
    let told = kinds_and_verdicts(log);
    assert!(told.contains(&pair("stale_credential", "operational")), "{told:?}");
    assert!(told.iter().any(|(kind, verdict)| kind == "password_guessing" && verdict != "operational"), "{told:?}");
}
