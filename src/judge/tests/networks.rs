//! One host with a network of addresses, and organisations whose hosts have public addresses.

use super::{Log, kinds_and_verdicts, pair};

const DAY: f64 = 86_400.0;

/// Forty people at their desks inside for three days.
fn people() -> Log {
    let mut log = Log::new();
    for who in 0..40 {
        let hours = (0..3).flat_map(|day| (8..17).map(move |hour| f64::from(24 * day + hour)));
        hours
            .for_each(|hour| log.success(hour * 3600.0 + f64::from(who), &format!("u{who}"), &format!("10.1.2.{who}")));
    }
    log
}

#[test]
fn a_new_address_of_one_network_for_each_name_is_a_list() {
    let told = |hit: Option<&str>, reset: bool| {
        let mut log = people();
        for at in 0..60 {
            let source = format!("2a02:6b8:9d48:2fc9::{:x}", 0x1000 + at);
            log.fail(2.5 * DAY + 20.0 * f64::from(at), &format!("name{at}"), &source);
        }
        if reset {
            let change = ("change_password", "user/change_password", r#""change":{"password":{"user":{"name":"u7"}}}"#);
            log.change(2.5 * DAY + 600.0, "admin", "10.1.9.9", change);
        }
        if let Some(source) = hit {
            log.fail(2.5 * DAY + 500.0, "u7", source);
            (0..3).for_each(|at| log.success(2.5 * DAY + 701.0 + f64::from(at), "u7", source));
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(None, false), [pair("credential_stuffing", "hostile")]);
    // Whoever gets in from one more address of that host is the host.
    let within = told(Some("2a02:6b8:9d48:2fc9::beef"), false);
    assert!(within.contains(&pair("account_compromise", "hostile")), "{within:?}");
    let elsewhere = told(Some("2a02:8108:1::beef"), false);
    assert!(!elsewhere.contains(&pair("account_compromise", "hostile")), "{elsewhere:?}");
    let reset = told(Some("2a02:6b8:9d48:2fc9::beef"), true);
    assert!(!reset.contains(&pair("account_compromise", "hostile")), "{reset:?}");
}

#[test]
fn a_key_that_takes_any_address_of_a_provider_has_not_left() {
    let told = |sites: u32| {
        let mut log = people();
        for key in 0..12 {
            for at in 0..150_u32 {
                let source = format!("92.{}.7.{key}", 60 + at % sites);
                let time = f64::from(at) * 1000.0;
                log.key(time, &format!("key{key}"), &source, "access_granted", "indices:data/write/bulk");
            }
        }
        for at in 0..30 {
            log.key(120_000.0 + f64::from(at), "key1", "92.90.8.8", "access_granted", "indices:data/read/search");
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(2), [pair("suspicious_access", "unclear")]);
    assert_eq!(told(4), []);
}

#[test]
fn hosts_that_fail_under_a_new_name_from_when_their_old_one_is_silent_were_set_up_wrongly() {
    let told = |until: f64| {
        let mut log = people();
        for host in 0..8 {
            let source = format!("{}.7.3.{host}", if host < 5 { 91 } else { 10 });
            let mut time = f64::from(host);
            while time < until {
                log.success(time, "shipper", &source);
                time += 300.0;
            }
            for at in 0..100 {
                log.fail(2.0 * DAY + f64::from(37 * at + host), "${ES_USER}", &source);
            }
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(2.0 * DAY), [pair("stale_credential", "operational")]);
    // They go on as what they are, so somebody else tries that name there; or they were gone long since.
    for until in [3.0 * DAY, DAY] {
        assert!(!told(until).contains(&pair("stale_credential", "operational")), "{until}: {:?}", told(until));
    }
}

#[test]
fn strangers_without_credentials_that_begin_within_minutes_are_one_scan() {
    let told = |apart: f64| {
        let mut log = Log::new();
        for host in 0..12_u32 {
            let source = format!("{}.33.7.9", 60 + 5 * host);
            (0..15)
                .for_each(|at| log.anonymous(30_000.0 + apart * f64::from(host) + 40.0 * f64::from(at), &source, "n1"));
        }
        log.findings().iter().filter(|finding| finding.kind == "unauthenticated_scan").count()
    };
    assert_eq!(told(120.0), 1);
    assert_eq!(told(4000.0), 12);
}
