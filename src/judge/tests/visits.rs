//! Who comes from outside, once, and who was there all along.

use super::{Log, OUTSIDE, irregular, kinds_and_verdicts, pair, with_kim};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const DELETE: &str = "indices:admin/delete";

/// A log of so many days in which somebody else works.
fn of_days(days: u32) -> Log {
    let mut log = Log::new();
    (0..24 * days).for_each(|hour| log.success(f64::from(hour) * HOUR, "bystander", "10.9.9.9"));
    log
}

/// Three days at a desk inside.
fn at_work(log: &mut Log, who: &str) {
    let hours = (0..3).flat_map(|day| (8..17).map(move |hour| f64::from(24 * day + hour)));
    hours.for_each(|hour| log.success(hour * HOUR, who, "10.1.2.3"));
}

#[test]
fn who_comes_from_outside_once_and_deletes_everything_broke_in() {
    let told = |who: &str, deleted: u32, from: f64| {
        let mut log = of_days(3);
        at_work(&mut log, "kim");
        log.success(from, who, OUTSIDE);
        for at in 0..deleted {
            log.granted(from + 60.0 + f64::from(at), who, OUTSIDE, DELETE);
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told("elastic", 4, 2.5 * DAY), [pair("suspicious_access", "hostile")]);
    assert_eq!(told("elastic", 1, 2.5 * DAY), []);
    // The log does not tell whether it was there before.
    assert_eq!(told("elastic", 4, HOUR), []);
}

#[test]
fn in_a_log_of_a_day_who_deletes_and_is_gone_is_asked_about_and_broke_in_after_tries() {
    let told = |tries: u32, stays: f64| {
        let mut log = of_days(1);
        let hours = (1..24).map(f64::from);
        hours.for_each(|hour| log.success(hour * HOUR, "kim", "10.1.2.3"));
        (0..tries).for_each(|at| log.fail(12.0 * HOUR + f64::from(at), "elastic", OUTSIDE));
        log.success(12.0 * HOUR + 5.0, "elastic", OUTSIDE);
        (0..4).for_each(|at| log.granted(12.0 * HOUR + 20.0 + f64::from(at), "elastic", OUTSIDE, DELETE));
        log.success(12.0 * HOUR + 30.0 + stays, "elastic", OUTSIDE);
        kinds_and_verdicts(log)
    };
    assert_eq!(told(2, 0.0), [pair("suspicious_access", "hostile")]);
    assert_eq!(told(0, 0.0), [pair("suspicious_access", "unclear")]);
    // Who works on there for hours may have done so every day.
    assert_eq!(told(0, 4.0 * HOUR), []);
}

#[test]
fn a_help_desk_that_uses_one_of_many_passwords_it_set_is_asked_about() {
    let told = |used: &[u32], desk: &str| {
        let mut log = of_days(3);
        for who in 0..5 {
            at_work(&mut log, &format!("person{who}"));
            let body = format!(r#""change":{{"password":{{"user":{{"name":"person{who}"}}}}}}"#);
            let time = 2.0 * DAY + HOUR * f64::from(who);
            log.change(time, "helpdesk", desk, ("change_password", "user/change_password", &body));
            if used.contains(&who) {
                (0..3).for_each(|at| log.success(time + 40.0 + f64::from(at), &format!("person{who}"), desk));
            }
        }
        log.told().into_iter().filter(|(kind, ..)| kind == "suspicious_access").count()
    };
    assert_eq!(told(&[2], "10.7.7.7"), 1);
    assert_eq!(told(&[], "10.7.7.7"), 0);
    // Passwords are tried out here.
    assert_eq!(told(&[0, 1, 2, 3, 4], "10.7.7.7"), 0);
    // People come to the machine.
    assert_eq!(told(&[2], "10.1.2.3"), 0);
}

#[test]
fn where_people_come_from_outside_a_stranger_who_deletes_is_asked_about() {
    let mut log = of_days(3);
    for who in 0..6 {
        (0..30).for_each(|at| log.success(f64::from(at) * 8000.0, &format!("person{who}"), &format!("10.1.2.{who}")));
        (0..3).for_each(|at| log.success(f64::from(at) * 70_000.0, &format!("person{who}"), &format!("92.9{who}.3.4")));
    }
    log.success(2.5 * DAY, "elastic", OUTSIDE);
    (0..4).for_each(|at| log.granted(2.5 * DAY + 60.0 + f64::from(at), "elastic", OUTSIDE, DELETE));
    assert_eq!(kinds_and_verdicts(log), [pair("suspicious_access", "unclear")]);
}

#[test]
fn a_key_of_who_was_locked_out_and_tried_there_is_asked_about() {
    let told = |tried: bool, locked_out: bool| {
        let mut log = of_days(3);
        (0..20).for_each(|at| log.success(f64::from(at) * 3000.0, "owner", "10.1.2.3"));
        (0..20).for_each(|at| {
            log.key(f64::from(at) * 3000.0, "key1", "10.1.2.3", "access_granted", "indices:data/read/search");
        });
        if locked_out {
            let change =
                ("change_disable_user", "user/set_enabled", r#""change":{"disable":{"user":{"name":"owner"}}}"#);
            log.change(1.5 * DAY, "admin", "10.1.2.9", change);
        }
        if tried {
            (0..4).for_each(|at| log.fail(2.0 * DAY + 20.0 * f64::from(at), "owner", OUTSIDE));
        }
        (0..40).for_each(|at| {
            let time = 2.0 * DAY + 600.0 + 60.0 * f64::from(at);
            log.key(time, "key1", OUTSIDE, "access_granted", "indices:data/read/search");
        });
        log.told().into_iter().filter(|(kind, _, verdict)| kind == "suspicious_access" && verdict == "unclear").count()
    };
    assert_eq!((told(true, true), told(false, true), told(true, false)), (1, 0, 0));
}

#[test]
fn a_key_that_nobody_used_before_its_owner_left_is_asked_about() {
    let told = |used_before: bool, place: &str| {
        let mut log = of_days(3);
        at_work(&mut log, "kim");
        (0..20).for_each(|at| log.success(f64::from(at) * 3000.0, "owner", "10.1.2.3"));
        let read = |log: &mut Log, time: f64, place: &str| {
            log.key(time, "key1", place, "access_granted", "indices:data/read/search");
        };
        if used_before {
            (0..20).for_each(|at| read(&mut log, f64::from(at) * 3000.0, "10.1.2.3"));
        }
        let change = ("change_disable_user", "user/set_enabled", r#""change":{"disable":{"user":{"name":"owner"}}}"#);
        log.change(1.5 * DAY, "admin", "10.1.2.9", change);
        (0..40).for_each(|at| read(&mut log, 2.0 * DAY + 60.0 * f64::from(at), place));
        log.told().into_iter().filter(|(kind, _, verdict)| kind == "suspicious_access" && verdict == "unclear").count()
    };
    assert_eq!((told(false, OUTSIDE), told(true, OUTSIDE), told(false, "10.1.4.4")), (1, 0, 0));
}

#[test]
fn who_gives_all_rights_to_the_owner_of_the_desk_may_be_the_owner() {
    let told = |name: &str| {
        let mut log = with_kim();
        (0..90).for_each(|at| log.success(f64::from(at) * 900.0, "eva", "10.2.2.3"));
        log.success(70_000.0, "kim", "10.2.2.3");
        let body = format!(r#""put":{{"user":{{"name":"{name}","enabled":true,"roles":["superuser"]}}}}"#);
        log.change(70_060.0, "kim", "10.2.2.3", ("put_user", "user/put", &body));
        kinds_and_verdicts(log)
    };
    assert_eq!(told("eva"), [pair("persistence", "unclear")]);
    assert_eq!(told("newcomer"), []);
}

#[test]
fn a_program_inside_does_not_mistype_outside() {
    let told = |who: &str| {
        let mut log = of_days(3);
        (0..3 * 72).for_each(|at| log.success(f64::from(at) * 1200.0, "svc", "10.5.5.5"));
        at_work(&mut log, "kim");
        (0..3).for_each(|at| log.fail(2.0 * DAY + 4.0 * f64::from(at), who, OUTSIDE));
        (0..30).for_each(|at| log.success(2.0 * DAY + 20.0 + 40.0 * f64::from(at), who, OUTSIDE));
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").collect::<Vec<_>>()
    };
    assert_eq!(told("svc").len(), 1);
    assert_eq!(told("svc")[0].2, "unclear");
    assert_eq!(told("kim"), []);
}

#[test]
fn tokens_of_several_issuers_are_no_client_of_one() {
    let told = |issuers: &[&str]| {
        let mut log = of_days(2);
        for (at, time) in irregular(300, DAY, 3.0).into_iter().enumerate() {
            log.fail(time, issuers[at % issuers.len()], OUTSIDE);
        }
        log.told().into_iter().map(|(kind, ..)| kind).collect::<Vec<_>>()
    };
    let invented = ["<unrecognized-jwt> by https://one/", "<unrecognized-jwt> by https://two/", "<unrecognized-jwt>"];
    assert_eq!(told(&invented), ["password_spraying"]);
    assert_ne!(told(&invented[..1]), ["password_spraying"]);
}

#[test]
fn a_list_that_is_gone_through_again_and_again_is_a_spray() {
    let mut log = of_days(7);
    for round in 0..10_u32 {
        for (at, name) in ["root", "admin", "user", "test", "guest", "oracle", "backup", "sa"].iter().enumerate() {
            let source = format!("{}.7.3.9", 91 + round);
            log.fail(f64::from(round) * 14.0 * HOUR + 2000.0 + at as f64, name, &source);
        }
    }
    assert_eq!(kinds_and_verdicts(log), [pair("password_spraying", "hostile")]);
}

#[test]
fn a_program_that_was_set_right_stays() {
    let told = |stays: f64| {
        let mut log = of_days(4);
        for host in 1..5_u32 {
            let address = format!("10.5.5.{host}");
            (0..90).for_each(|at| log.success(f64::from(at * 3600 + 7 * host), "svc", &address));
        }
        (0..150).for_each(|at| log.fail(DAY + 90.0 * f64::from(at), "svc", "10.6.6.6"));
        (0..30).for_each(|at| log.success(DAY + 15_000.0 + stays / 30.0 * f64::from(at), "svc", "10.6.6.6"));
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").count()
    };
    assert_eq!((told(2.0 * DAY), told(0.5 * HOUR)), (0, 1));
}

#[test]
fn days_between_the_tries_and_the_success_are_no_excuse() {
    let told = |tries: usize| {
        let mut log = of_days(9);
        (0..200).for_each(|at| log.success(f64::from(at) * 4000.0, "kim", "10.1.2.3"));
        irregular(tries, DAY, 9.0).into_iter().for_each(|time| log.fail(time, "kim", OUTSIDE));
        (0..5).for_each(|at| log.success(6.0 * DAY + 60.0 * f64::from(at), "kim", OUTSIDE));
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").count()
    };
    assert_eq!((told(60), told(2)), (1, 0));
}

#[test]
fn a_site_of_ipv6_where_some_stay_for_days_is_the_organisations() {
    let told = |stay: bool| {
        let mut log = of_days(4);
        for who in 0..12 {
            (0..20).for_each(|at| {
                log.success(f64::from(at) * 15_000.0, &format!("person{who}"), &format!("10.3.0.{who}"))
            });
        }
        for who in 0..if stay { 6 } else { 0 } {
            let desk = format!("2001:678:1:{who}::9");
            (0..20).for_each(|at| log.success(f64::from(at) * 15_000.0, &format!("resident{who}"), &desk));
        }
        irregular(400, DAY, 300.0).into_iter().for_each(|time| log.fail(time, "old", "2001:678:1:ff::3c"));
        log.told()
    };
    let verdicts =
        |told: Vec<(String, String, String)>| told.into_iter().map(|(.., verdict)| verdict).collect::<Vec<_>>();
    assert_eq!((verdicts(told(true)), verdicts(told(false))), (vec!["unclear".to_owned()], vec!["hostile".to_owned()]));
}

#[test]
fn who_sets_others_passwords_and_gets_in_as_them_is_asked_about() {
    let told = |others: usize, there: bool| {
        let mut log = of_days(3);
        for who in 0..4 {
            let hours = (0..3).flat_map(|day| (8..17).map(move |hour| f64::from(24 * day + hour)));
            hours.for_each(|hour| log.success(hour * HOUR, &format!("person{who}"), &format!("10.1.3.{who}")));
        }
        // Its own place outside is not new.
        log.success(0.1 * DAY, "person3", OUTSIDE);
        log.success(2.2 * DAY, "person3", OUTSIDE);
        for who in 0..others {
            let time = 2.2 * DAY + 3000.0 + 300.0 * who as f64;
            let body = format!(r#""change":{{"password":{{"user":{{"name":"person{who}"}}}}}}"#);
            log.change(time, "person3", OUTSIDE, ("change_password", "user/change_password", &body));
            log.success(time + 60.0, &format!("person{who}"), if there { OUTSIDE } else { "10.1.3.9" });
        }
        let findings = log.findings();
        findings.into_iter().filter(|finding| finding.title.contains("then got in from there")).count()
    };
    assert_eq!((told(3, true), told(1, true), told(3, false)), (1, 0, 0));
}

#[test]
fn a_new_key_that_is_used_for_a_visit_where_nobody_had_been_is_asked_about() {
    const KEY: (&str, &str, &str) =
        ("create_apikey", "api_key/create", r#""create":{"apikey":{"id":"newkey","name":"mine"}}"#);
    let told = |from: &str, stays: u32| {
        let mut log = of_days(3);
        at_work(&mut log, "owner");
        log.change(1.5 * DAY, "owner", "10.1.2.3", KEY);
        for at in 0..10 * stays {
            log.key(1.5 * DAY + 600.0 * f64::from(at), "newkey", from, "access_granted", "indices:data/read/search");
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(OUTSIDE, 1), [pair("suspicious_access", "unclear")]);
    // A program stays, and inside it is at home.
    assert_eq!((told(OUTSIDE, 20), told("10.7.7.7", 1)), (vec![], vec![]));
}
