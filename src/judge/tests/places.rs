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

#[test]
fn a_program_that_fails_before_the_log_begins_is_where_it_works() {
    let mut log = Log::new();
    // Programs with public addresses: of one of them a host sends an old password from the first line on.
    for host in 0..4 {
        (0..288)
            .for_each(|at| log.success(40.0 + f64::from(at) * 300.0, "svc-etl", &format!("68.185.92.{}", 70 + host)));
        (0..288).for_each(|at| log.success(f64::from(at) * 300.0, "svc-beat", &format!("68.185.92.{}", 70 + host)));
    }
    (0..720).for_each(|at| log.fail(2.0 + f64::from(at) * 120.0, "svc-etl", "68.185.92.231"));
    let told = told(log);
    assert!(told.iter().all(|(_, verdict, _)| verdict != "hostile"), "{told:?}");
    assert!(told.iter().any(|(kind, ..)| kind == "stale_credential"), "{told:?}");
}

#[test]
fn tries_through_a_login_page_are_not_those_of_whom_they_are_for() {
    let mut log = Log::new();
    let kibana = "10.9.0.3";
    (0..144).for_each(|at| log.success(f64::from(at) * 600.0, "kibana_system", kibana));
    for (at, user) in ["wei", "anna"].into_iter().enumerate() {
        (0..90).for_each(|time| log.success(20_000.0 + at as f64 + f64::from(time) * 60.0, user, kibana));
    }
    irregular(216, 60_000.0, 11.0).into_iter().for_each(|time| log.fail(time, "wei", kibana));
    let told = told(log);
    assert!(told.iter().any(|(kind, ..)| kind == "password_guessing"), "{told:?}");
    assert!(told.iter().all(|(_, verdict, _)| verdict != "operational"), "{told:?}");
}

#[test]
fn a_key_of_hosts_with_public_addresses_that_leaves_them_is_asked_about() {
    let keys = |thief: bool| {
        let mut log = Log::new();
        for key in 0..4 {
            let host = |at: usize| format!("77.20{key}.5.{}", 10 + at);
            for at in 0..400_usize {
                let time = at as f64 * 400.0;
                log.key(time, &format!("key{key}"), &host(at % 3), "access_granted", "indices:data/write/bulk");
            }
        }
        if thief {
            irregular(50, 120_000.0, 400.0).into_iter().for_each(|time| {
                log.key(time, "key1", "199.6.69.46", "access_granted", "indices:data/read/search");
            });
        }
        log.findings()
    };
    assert!(keys(false).is_empty());
    let told = keys(true);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind.as_str(), told[0].verdict.as_str()), ("suspicious_access", "unclear"));
    assert_eq!(told[0].sources, ["199.6.69.46"]);
}

#[test]
fn a_pod_that_starts_again_and_again_without_its_secret_is_one_finding() {
    let mut log = Log::new();
    (0..200).for_each(|at| log.success(f64::from(at) * 60.0, "shipper", "10.48.1.7"));
    for (at, time) in irregular(40, 20_000.0, 600.0).into_iter().enumerate() {
        let address = format!("10.48.1.{}", 20 + at);
        (0..8 + at % 9).for_each(|request| log.anonymous(time + 3.0 * request as f64, &address, "n1"));
    }
    let told = told(log);
    assert_eq!(told, [("missing_credentials".to_owned(), told[0].1.clone(), 40)]);
    assert_ne!(told[0].1, "hostile");
}

#[test]
fn names_in_the_order_of_the_alphabet_are_a_list_and_no_outage() {
    let tried = |names: &[usize]| {
        let mut log = Log::new();
        let kibana = "10.9.0.3";
        (0..400).for_each(|at| log.success(f64::from(at) * 600.0, "kibana_system", kibana));
        for who in 0..60 {
            (0..4).for_each(|at| {
                log.success(100_000.0 + 90.0 * who as f64 + 3600.0 * f64::from(at), &person(100 + who), kibana)
            });
        }
        let times = irregular(names.len(), 40_000.0, 20.0);
        times.into_iter().zip(names).for_each(|(time, who)| log.fail(time, &person(100 + who), kibana));
        told(log)
    };
    let listed: Vec<usize> = (0..50).collect();
    let told = tried(&listed);
    assert!(told.iter().any(|(kind, verdict, _)| kind == "password_spraying" && verdict == "hostile"), "{told:?}");
}

#[test]
fn names_that_the_stack_brings_along_tried_at_a_desk_are_no_ordinary_day() {
    let mut log = Log::new();
    let desk = "10.8.8.10";
    (0..50).for_each(|at| log.success(f64::from(at) * 1700.0, "person1", desk));
    let names = ["elastic", "kibana_system", "logstash_system", "beats_system", "apm_system", "admin", "test"];
    for (at, time) in irregular(84, 40_000.0, 2.5).into_iter().enumerate() {
        log.fail(time, names[at / 3 % names.len()], desk);
    }
    let told = told(log);
    assert!(told.iter().any(|(kind, verdict, _)| kind.starts_with("password") && verdict != "operational"), "{told:?}");
}
