//! Where tries come from: sites at which people work, lists that several addresses try, and outsiders amid an outage.

use crate::judge::testing::{INSIDE, Log, OUTSIDE, irregular};

fn person(at: usize) -> String {
    format!("person{at}")
}

/// Kind, verdict, and how many sources a finding has.
fn told(log: Log) -> Vec<(String, String, usize)> {
    log.findings().into_iter().map(|finding| (finding.kind, finding.verdict, finding.sources.len())).collect()
}

#[test]
fn people_at_work_in_the_network_of_a_sprayer_are_no_victims() {
    let mut log = Log::new();
    // An office with public addresses of IPv6, of which each device takes a new one every day.
    let desk = |who: usize, day: usize| format!("2001:db8:7:1:{day}:0:0:{:x}", 16 + who);
    for who in 0..40 {
        (0..8).for_each(|hour| log.success(f64::from(hour) * 3600.0 + who as f64, &person(who), &desk(who, 1)));
        // In the morning some mistype.
        let time = 28_000.0 + 60.0 * who as f64;
        if who % 4 == 0 {
            log.fail(time, &person(who), &desk(who, 2));
        }
        (0..8).for_each(|hour| log.success(time + 9.0 + f64::from(hour) * 3600.0, &person(who), &desk(who, 2)));
    }
    // And somebody there tries two hundred names.
    for (at, time) in irregular(200, 30_000.0, 10.0).into_iter().enumerate() {
        log.fail(time, &format!("name{at}"), "2001:db8:7:1:3::5");
    }
    let told = told(log);
    assert!(told.iter().all(|(kind, ..)| kind != "account_compromise"), "{told:?}");
    assert!(told.iter().any(|(kind, verdict, _)| kind == "password_spraying" && verdict == "hostile"), "{told:?}");
}

#[test]
fn one_list_from_several_addresses_is_found_amid_strangers() {
    let log = |names: usize| {
        let mut log = Log::new();
        // Strangers at a login page all day, each from an address of its own.
        for (at, time) in irregular(120, 0.0, 700.0).into_iter().enumerate() {
            log.fail(time, &format!("stranger{at}@mail.example"), &format!("103.{}.{}.7", at % 90, at));
        }
        for (at, time) in irregular(7 * names, 50_000.0, 150.0).into_iter().enumerate() {
            log.fail(time, &format!("default{}", at % names), &format!("154.{}.3.9", at % 7));
        }
        told(log)
    };
    let found = log(15);
    assert!(found.iter().any(|(_, verdict, sources)| verdict == "hostile" && *sources == 7), "{found:?}");
}

#[test]
fn an_outsider_who_tries_many_accounts_is_no_ordinary_day() {
    let mut log = Log::new();
    for who in 0..28 {
        let home = format!("91.{}.4.2", who + 1);
        (0..12).for_each(|at| log.success(f64::from(at) * 7200.0 + who as f64, &person(who), &home));
    }
    for (at, time) in irregular(28, 50_000.0, 50.0).into_iter().enumerate() {
        log.fail(time, &person(at), OUTSIDE);
    }
    let told = told(log);
    assert_eq!(told, [("password_spraying".to_owned(), "hostile".to_owned(), 1)]);
}

#[test]
fn who_tries_as_others_do_while_no_realm_judges_is_shut_out_too() {
    const UNAVAILABLE: &str = "Authentication to realm ldap1 failed - the directory is unavailable";
    let log = |tries: i32| {
        let mut log = Log::new();
        for who in 0..30_usize {
            let desk = format!("10.3.0.{}", who + 1);
            log.success(1000.0 + who as f64, &person(who), &desk);
            for at in 0..6 {
                let time = 50_000.0 + 20.0 * who as f64 + 3.0 * f64::from(at);
                log.server(time - 0.001, "n1", &format!("{UNAVAILABLE} [{}]", person(who)));
                log.fail(time, &person(who), &desk);
            }
        }
        for at in 0..tries {
            let time = 50_100.0 + 2.7 * f64::from(at);
            log.server(time - 0.001, "n1", &format!("{UNAVAILABLE} [kim]"));
            log.fail(time, "kim", OUTSIDE);
        }
        told(log)
    };
    assert!(log(5).iter().all(|(_, verdict, _)| verdict != "hostile"), "{:?}", log(5));
}

#[test]
fn an_account_of_a_program_that_never_works_is_no_sure_attack() {
    let told = |name: &str, source: &str| {
        let mut log = Log::new();
        (0..2000).for_each(|at| log.fail(f64::from(at) * 43.0, name, source));
        told(log)
    };
    for name in ["logstash_system", "loader"] {
        let inside = told(name, INSIDE);
        assert!(!inside.is_empty() && inside.iter().all(|(_, verdict, _)| verdict != "hostile"), "{inside:?}");
    }
}
