//! What a log does not show must not be taken for what did not happen.

use super::{INSIDE, Log, OUTSIDE, kinds_and_verdicts};

#[test]
fn who_is_denied_tells_nothing_of_those_who_are_not() {
    let mut log = Log::default();
    for hour in 0..24 {
        log.key(f64::from(hour) * 3600.0, "k1", "10.7.7.7", "access_denied", "indices:data/write/bulk");
        log.fail(f64::from(hour) * 3600.0 + 700.0, "<unauthenticated-saml-user>", "10.98.0.200");
    }
    for (at, name) in ["ann.lopz", "ann.opez", "ben"].into_iter().enumerate() {
        log.fail(40_000.0 + 9.0 * at as f64, name, "10.93.7.62");
    }
    let told = kinds_and_verdicts(log);
    assert!(told.iter().all(|(kind, _)| kind == "api_key_underprivileged"), "{told:?}");
}

#[test]
fn assertions_that_are_refused_now_and_then_are_no_outage() {
    let mut log = Log::new();
    for hour in 1..20 {
        let time = f64::from(hour) * 4000.0;
        log.fail(time, "<unauthenticated-saml-user>", "10.98.0.200");
        log.success(time + 60.0, "ann", "10.98.0.200");
    }
    assert_eq!(kinds_and_verdicts(log), []);
}

#[test]
fn more_tries_than_anybody_makes_and_a_first_success_are_no_repair() {
    let mut log = Log::new();
    (0..300).for_each(|at| log.fail(40_000.0 + f64::from(at) * 6.0, "rosa", INSIDE));
    (0..5).for_each(|at| log.success(41_802.0 + f64::from(at) * 60.0, "rosa", INSIDE));
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].0 == "account_compromise" && told[0].1 != "operational", "{told:?}");
}

#[test]
fn a_node_that_is_silent_to_the_end_is_told_where_its_server_log_goes_on() {
    let silent = |lines: i32| {
        let mut log = Log::new();
        for at in 0..288 {
            let time = f64::from(at) * 300.0;
            log.success(time, "svc", "10.5.5.5");
            if at < 144 {
                log.success_on(time + 20.0, "svc", "10.5.5.5", "n2", "default_native");
            }
        }
        (0..lines).for_each(|at| log.server(f64::from(at) * 1800.0 + 40.0, "n2", "update_mapping [_doc]"));
        log.told()
    };
    let told = |severity: &str| [("audit_gap".to_owned(), severity.to_owned(), "unclear".to_owned())];
    assert_eq!(silent(48), told("low"));
    // Where that ends too, the node may be gone.
    assert_eq!(silent(30), told("info"));
}

/// People at work for three days, and strangers at these seconds, each of another name from another address.
fn with_strangers(times: impl Iterator<Item = f64>) -> Log {
    let mut log = Log::new();
    for day in 0..3 {
        for at in 0..60 {
            let time = 86_400.0 * f64::from(day) + 28_800.0 + 600.0 * f64::from(at);
            log.success(time, &format!("person{}", at % 12), &format!("10.4.0.{}", at % 12));
        }
    }
    for (at, time) in times.enumerate() {
        log.fail(time, &format!("stranger{at}@mail.example"), &format!("{}.{}.77.9", 31 + at % 60, at % 200));
    }
    log
}

#[test]
fn strangers_who_come_every_day_are_how_a_site_is_and_those_of_one_hour_are_not() {
    let hours = |at: i32| 86_400.0 * f64::from(at % 3) + 28_800.0 + 400.0 * f64::from(at);
    assert_eq!(kinds_and_verdicts(with_strangers((0..90).map(hours))), []);
    let campaign = |at: i32| 86_400.0 + 40_000.0 + 37.0 * f64::from(at);
    let told = kinds_and_verdicts(with_strangers((0..90).map(campaign)));
    assert!(told.len() == 1 && told[0].1 == "hostile", "{told:?}");
}

#[test]
fn more_strangers_than_people_at_work_are_no_habit_of_the_site() {
    let hours = |at: i32| 86_400.0 * f64::from(at % 3) + 28_800.0 + 40.0 * f64::from(at);
    let told = kinds_and_verdicts(with_strangers((0..900).map(hours)));
    assert!(told.len() == 1 && told[0].1 != "operational", "{told:?}");
}

#[test]
fn guesses_behind_an_address_that_many_share_are_not_called_a_forgotten_password() {
    let mut log = Log::new();
    for at in 0..400 {
        log.success(f64::from(at) * 200.0, &format!("person{}", at % 10), "10.3.3.3");
    }
    (0..290).for_each(|at| log.fail(30_050.0 + f64::from(at) * 48.0, "person3", "10.3.3.3"));
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].1 != "operational", "{told:?}");
}

#[test]
fn refused_tokens_are_told_where_nothing_else_is_logged() {
    let mut log = Log::default();
    (0..1500).for_each(|at| log.token(20_000.0 + f64::from(at) * 2.4, "10.8.8.8"));
    for at in 0..20 {
        log.fail(f64::from(at) * 4000.0, &format!("person{at}"), &format!("10.4.1.{at}"));
    }
    assert_eq!(kinds_and_verdicts(log).len(), 1);
}

#[test]
fn a_node_that_writes_failures_alone_is_silent_while_nobody_fails() {
    let mut log = Log::default();
    for at in 0..288 {
        log.success(f64::from(at) * 300.0, "svc", "10.5.5.5");
        log.server(f64::from(at) * 300.0 + 40.0, "n2", "update_mapping [_doc]");
    }
    for at in 0..150 {
        log.fail_on(f64::from(at) * 60.0, "svc2", "10.5.5.6", "n2", &[]);
    }
    let told = kinds_and_verdicts(log);
    assert!(told.iter().all(|(kind, _)| kind != "audit_gap"), "{told:?}");
}

#[test]
fn one_refused_secret_of_a_key_is_no_guessing() {
    let told = |tries: u32| {
        let mut log = Log::new();
        for at in 0..tries {
            let message = "Authentication using apikey failed - invalid credentials for API key [k1]";
            log.refused(40_000.0 + f64::from(at) * 3.0, OUTSIDE, "n1", message);
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(1), []);
    assert!(told(60).iter().any(|(_, verdict)| verdict == "hostile"), "{:?}", told(60));
}

#[test]
fn who_sets_a_password_from_home_and_works_on_at_the_desk_is_hardly_an_intruder() {
    let told = |works_on: bool| {
        let mut log = Log::new();
        (0..40).for_each(|at| log.success(f64::from(at * 900), "kim", "10.2.2.2"));
        log.success(40_000.0, "kim", OUTSIDE);
        let body = r#""change":{"password":{"user":{"name":"kim"}}}"#;
        log.change(40_000.5, "kim", OUTSIDE, ("change_password", "user/change_password", body));
        if works_on {
            (0..10).for_each(|at| log.success(50_000.0 + f64::from(at * 900), "kim", "10.2.2.2"));
        }
        kinds_and_verdicts(log)
    };
    assert!(told(false).iter().any(|(_, verdict)| verdict == "hostile"), "{:?}", told(false));
    assert!(told(true).iter().all(|(_, verdict)| verdict == "unclear"), "{:?}", told(true));
}

#[test]
fn accounts_made_and_used_from_outside_are_told_where_nobody_else_comes_from_there() {
    let made = |others: usize| {
        let mut log = Log::new();
        log.change(
            600.0,
            "elastic",
            OUTSIDE,
            ("put_user", "user/put", r#""put":{"user":{"name":"beats_setup","enabled":true,"roles":["superuser"]}}"#),
        );
        log.success(1200.0, "beats_setup", "198.51.100.7");
        for who in 0..others {
            log.success(2000.0 + who as f64, &format!("person{who}"), &format!("91.{who}.4.2"));
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(made(1), [("persistence".to_owned(), "unclear".to_owned())]);
    assert_eq!(made(2), []);
}

#[test]
fn an_account_made_at_a_desk_and_used_outside_at_once_is_told_where_it_may_do_everything() {
    let made = |roles: &str, used: f64| {
        let mut log = Log::new();
        let body = format!(r#""put":{{"user":{{"name":"svc_audit","enabled":true,"roles":["{roles}"]}}}}"#);
        log.success(100.0, "adm", INSIDE);
        log.change(600.0, "adm", INSIDE, ("put_user", "user/put", &body));
        log.success(used, "svc_audit", "198.51.100.7");
        kinds_and_verdicts(log)
    };
    assert_eq!(made("superuser", 900.0), [("persistence".to_owned(), "unclear".to_owned())]);
    assert_eq!(made("viewer", 900.0), []);
    assert_eq!(made("superuser", 20_000.0), []);
}

#[test]
fn a_client_that_never_worked_and_never_stops_is_not_known_to_attack() {
    let told = |who: &str, days: f64| {
        let mut log = super::with_kim();
        (0..72).for_each(|hour| log.success(f64::from(hour) * 3600.0, "kim", "10.2.2.2"));
        let many = (days * 480.0) as u32;
        (0..many).for_each(|at| log.fail(f64::from(at) * 180.0, who, super::OUTSIDE));
        super::kinds_and_verdicts(log).into_iter().map(|(_, verdict)| verdict).collect::<Vec<_>>()
    };
    assert_eq!(told("exporter", 3.0), ["unclear"]);
    assert_eq!(told("elastic", 3.0), ["hostile"]);
    assert_eq!(told("exporter", 1.5), ["hostile"]);
}
