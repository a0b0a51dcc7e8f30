//! Who is one host, and which places are the organisation's: addresses of IPv6 that change, pools of carriers, sites with public
//! addresses, a login page that everybody comes through.

use crate::judge::testing::{INSIDE, Log, OUTSIDE, irregular};

/// What people who look after a cluster do all the time.
const SETTING: (&str, &str, &str) = ("put_user", "user/put", r#""put":{"user":{"name":"kim2","enabled":true}}"#);

fn person(at: usize) -> String {
    format!("person{at}")
}

/// An address of a /64 that is another each hour.
fn v6(net: &str, at: usize) -> String {
    format!("2a02:810:{net}::{:x}:{:x}", 7919 * (at + 1) % 65_536, 31 * at + 5)
}

/// A day at which ten people work at IPv4 desks inside.
fn office() -> Log {
    let mut log = Log::new();
    for who in 0..10_usize {
        let desk = format!("10.3.0.{}", who + 1);
        (0..24_u32).for_each(|hour| log.success(f64::from(hour) * 3600.0 + who as f64, &person(who), &desk));
    }
    log
}

/// A day at which ten people work in one site of IPv6, each with an address that changes.
fn v6_office() -> Log {
    let mut log = Log::new();
    for who in 0..10_usize {
        let net = format!("4:{:x}", who / 4);
        (0..24_usize).for_each(|hour| {
            log.success(hour as f64 * 3600.0 + who as f64, &person(who), &v6(&net, 8 * who + hour / 6))
        });
    }
    log
}

fn kinds(log: Log) -> Vec<(String, String)> {
    log.told().into_iter().map(|(kind, _, verdict)| (kind, verdict)).collect()
}

#[test]
fn a_new_address_of_a_host_is_no_new_place() {
    let told = |net: &str| {
        let mut log = v6_office();
        log.change(80_000.0, "person3", &v6(net, 999), SETTING);
        kinds(log)
    };
    assert_eq!(told("4:0"), []);
    assert_ne!(told("77:0"), []);
}

#[test]
fn guesses_from_ever_new_addresses_of_a_network_are_those_of_one_client() {
    let mut log = office();
    for (at, time) in irregular(40, 50_000.0, 20.0).into_iter().enumerate() {
        log.fail(time, "person7", &v6("77:0", at));
    }
    (0..4).for_each(|at| log.success(51_000.0 + f64::from(at), "person7", &v6("77:0", 500)));
    let told = log.told();
    let critical = ("account_compromise".to_owned(), "critical".to_owned(), "hostile".to_owned());
    assert!(told.contains(&critical), "{told:?}");
}

/// A day at which ten people work in one network of private IPv6, each at a desk of their own.
fn private_v6_office(desks: usize) -> Log {
    let mut log = office();
    for who in 0..desks {
        let desk = format!("fd00:1:2:3::{:x}", who + 16);
        (0..24_u32)
            .for_each(|hour| log.success(f64::from(hour) * 3600.0 + 7.0 * who as f64, &format!("v6-{who}"), &desk));
    }
    log
}

#[test]
fn in_a_network_of_desks_each_is_a_host() {
    let told = |desks: usize| {
        let mut log = private_v6_office(desks);
        irregular(90, 50_000.0, 20.0).into_iter().for_each(|time| log.fail(time, "v6-1", "fd00:1:2:3::12"));
        kinds(log)
    };
    assert_eq!(told(10), [("password_guessing".to_owned(), "hostile".to_owned())]);
    // Two devices of one person are one host.
    assert_ne!(told(2), told(10));
}

#[test]
fn who_answers_when_asked_for_credentials_is_no_finding() {
    // Kerberos in browsers: now and then a page asks first.
    let told = |answers: bool| {
        let mut log = private_v6_office(10);
        for who in 0..8_usize {
            let desk = format!("fd00:1:2:3::{:x}", who + 16);
            for (at, time) in irregular(12, 30_000.0 + 300.0 * who as f64, 400.0).into_iter().enumerate() {
                let time = time + 1.5 * at as f64;
                log.anonymous(time, &desk, "n1");
                if answers {
                    log.success(time + 0.02, &format!("v6-{who}"), &desk);
                }
            }
        }
        kinds(log)
    };
    assert_eq!(told(true), []);
    assert_ne!(told(false), []);
}

#[test]
fn requests_without_credentials_from_a_network_of_one_client_are_a_scan() {
    let mut log = office();
    for (at, time) in irregular(60, 50_000.0, 2.0).into_iter().enumerate() {
        log.anonymous(time, &v6("77:0", at), "n1");
    }
    assert_eq!(kinds(log), [("unauthenticated_scan".to_owned(), "hostile".to_owned())]);
}

/// Somebody who looks after the cluster from addresses of a carrier, on so many days, as so many others do.
fn on_call(days: usize, others: usize) -> Vec<(String, String)> {
    let mut log = office();
    let phone = |who: usize, day: usize| format!("91.90.33.{}", 10 * who + day + 1);
    for day in 0..days {
        for who in 3..=3 + others {
            log.success(40_000.0 + 86_400.0 * day as f64 + who as f64, &person(who), &phone(who, day));
            log.success(20_000.0 + 86_400.0 * day as f64 + who as f64, &person(who), &format!("10.3.0.{}", who + 1));
        }
    }
    log.change(40_100.0, "person3", &phone(3, 0), SETTING);
    kinds(log)
}

#[test]
fn a_pool_of_addresses_from_which_several_come_on_many_days_is_no_break_in() {
    assert_ne!(on_call(1, 0), []);
    assert_eq!(on_call(5, 4), []);
}

#[test]
fn one_s_own_password_and_one_s_own_keys_are_no_back_door() {
    const OWN: (&str, &str, &str) =
        ("change_password", "user/change_password", r#""change":{"password":{"user":{"name":"person3"}}}"#);
    const OTHERS: (&str, &str, &str) =
        ("change_password", "user/change_password", r#""change":{"password":{"user":{"name":"person4"}}}"#);
    let told = |what: (&str, &str, &str)| {
        let mut log = office();
        log.success(82_799.9, "person3", "10.77.0.9");
        log.change(82_800.0, "person3", "10.77.0.9", what);
        kinds(log)
    };
    assert_eq!(told(OWN), []);
    assert_ne!(told(OTHERS), []);
}

#[test]
fn keys_that_their_maker_ends_at_once_are_no_mass_invalidation() {
    let told = |lives: f64| {
        let mut log = office();
        for at in 0..40 {
            let (id, time) = (format!("key{at}"), 30_000.0 + 300.0 * f64::from(at));
            let made = format!(r#""create":{{"apikey":{{"id":"{id}","name":"run"}}}}"#);
            log.change(time - lives, "pipeline", INSIDE, ("create_apikey", "api_key/create", &made));
            log.key(time - 1.0, &id, INSIDE, "access_granted", "indices:data/read/search");
            log.invalidate(time, "pipeline", &[&id]);
        }
        kinds(log)
    };
    assert_eq!(told(60.0), []);
    assert_eq!(told(20_000.0), [("mass_invalidation".to_owned(), "unclear".to_owned())]);
}

#[test]
fn a_kibana_that_ends_the_keys_of_its_rules_is_at_work() {
    let told = |actor: &str| {
        let mut log = office();
        (0..80).for_each(|at| log.success(1000.0 * f64::from(at), actor, INSIDE));
        let keys: Vec<String> = (0..40).map(|at| format!("key{at}")).collect();
        for (at, key) in keys.iter().enumerate() {
            log.key(20_000.0 + at as f64, key, INSIDE, "access_granted", "indices:data/read/search");
        }
        log.invalidate(50_000.0, actor, &keys.iter().map(String::as_str).collect::<Vec<_>>());
        kinds(log).iter().any(|(kind, _)| kind == "mass_invalidation")
    };
    assert!(!told("kibana_system"));
    assert!(told("person3"));
}

#[test]
fn those_who_come_through_a_login_page_are_not_taken_over_with_the_one_who_is_guessed() {
    let mut log = office();
    irregular(160, 100.0, 9.0).into_iter().for_each(|time| log.fail(time, "person7", OUTSIDE));
    for who in 20..32_usize {
        log.success(5000.0 + 4000.0 * who as f64 / 2.0, &person(who % 10), OUTSIDE);
        log.success(3000.0 * (who - 18) as f64, &person(who), OUTSIDE);
    }
    let told = log.findings();
    let taken = told.iter().filter(|finding| finding.kind == "account_compromise").count();
    assert!(taken <= 1, "{:?}", told.iter().map(|finding| finding.title.plain()).collect::<Vec<_>>());
}
