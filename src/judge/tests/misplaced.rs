//! Who does what it never did where it never was, and what no ordinary day explains.

use super::{INSIDE, Log, OUTSIDE, irregular, kinds_and_verdicts, pair, with_kim};

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

const KEY: (&str, &str, &str) =
    ("create_apikey", "api_key/create", r#""create":{"apikey":{"id":"newkey","name":"mine"}}"#);
const USER: (&str, &str, &str) = ("put_user", "user/put", r#""put":{"user":{"name":"kim2","enabled":true}}"#);
const ROLE: (&str, &str, &str) = ("put_role", "role/put", r#""put":{"role":{"name":"role"}}"#);

#[test]
fn a_program_that_does_something_new_at_a_new_host_is_asked_about() {
    let told = |who: &str| {
        let mut log = with_kim();
        (0..144).for_each(|at| log.success(f64::from(at) * 600.0, "svc", "10.5.5.5"));
        log.success(70_000.0, who, "10.6.6.6");
        log.change(70_120.0, who, "10.6.6.6", KEY);
        kinds_and_verdicts(log)
    };
    assert_eq!(told("svc"), [pair("suspicious_access", "unclear")]);
    // A person sits down elsewhere.
    assert_eq!(told("kim"), []);
}

#[test]
fn who_makes_several_things_at_somebody_elses_desk_is_asked_about() {
    let told = |made: &[(&str, &str, &str)]| {
        let mut log = with_kim();
        (0..90).for_each(|at| log.success(f64::from(at) * 900.0, "eva", "10.2.2.3"));
        log.success(70_000.0, "kim", "10.2.2.3");
        for (at, &change) in made.iter().enumerate() {
            log.change(70_120.0 + 20.0 * at as f64, "kim", "10.2.2.3", change);
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(&[USER, KEY, ROLE]), [pair("suspicious_access", "unclear")]);
    assert_eq!(told(&[USER]), []);
}

#[test]
fn what_a_program_does_at_every_visit_is_its_work() {
    let told = |visits: u32| {
        let mut log = Log::new();
        (0..40).for_each(|at| log.success(f64::from(at) * 600.0, "backup", "10.6.0.9"));
        for visit in 0..visits {
            let time = 8.0 * HOUR + 7.0 * HOUR * f64::from(visit);
            log.success(time, "backup", OUTSIDE);
            log.granted(time + 300.0, "backup", OUTSIDE, "cluster:admin/snapshot/create");
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(1).len(), 1);
    assert_eq!(told(4), []);
}

#[test]
fn a_pipeline_that_makes_keys_wherever_it_runs_is_at_work() {
    let told = |places: u32| {
        let mut log = Log::new();
        (0..40).for_each(|at| log.success(f64::from(at) * 600.0, "ci", "10.6.0.9"));
        for visit in 0..4_u32 {
            for place in 0..places {
                let source = format!("{}.90.33.7", 91 + place);
                let time = 2.0 * HOUR + 7.0 * HOUR * f64::from(visit) + 600.0 * f64::from(place);
                log.success(time, "ci", &source);
                log.change(time + 300.0, "ci", &source, KEY);
            }
        }
        kinds_and_verdicts(log).len()
    };
    assert_eq!((told(1), told(4)), (1, 0));
}

#[test]
fn an_entry_where_others_were_tried_and_nobody_else_gets_in_is_a_hit() {
    let told = |tried: usize| {
        let mut log = Log::new();
        for who in 0..40_usize {
            let person = format!("person{who}");
            (0..24_u32).for_each(|hour| log.success(f64::from(hour) * HOUR, &person, &format!("10.3.0.{}", who + 1)));
            // People are on the way, so that a new place is not strange by itself.
            log.success(1900.0 * who as f64 + 500.0, &person, &format!("92.90.{who}.197"));
        }
        for (at, time) in irregular(200, 50_000.0, 30.0).into_iter().enumerate() {
            let from = if at < tried { "91.90.33.197".to_owned() } else { format!("{}.7.7.9", 20 + at % 60) };
            log.fail(time, &format!("leaked{at}"), &from);
        }
        (0..5).for_each(|at| log.success(53_000.0 + 20.0 * f64::from(at), "person7", "91.90.33.197"));
        let findings = log.findings();
        let entered = |principals: &[String]| principals.iter().any(|who| who == "person7");
        findings.iter().any(|finding| finding.kind == "account_compromise" && entered(&finding.principals))
    };
    assert!(told(3));
    assert!(!told(0));
}

#[test]
fn an_account_that_wakes_outside_after_some_tries_and_acts_is_asked_about() {
    let told = |acts: bool| {
        let mut log = Log::new();
        (0..30).for_each(|at| log.success(3.0 * DAY + 900.0 * f64::from(at), "bystander", "10.9.9.9"));
        irregular(6, 3.0 * DAY, 9.0).into_iter().for_each(|time| log.fail(time, "partner", OUTSIDE));
        log.success(3.0 * DAY + 120.0, "partner", OUTSIDE);
        if acts {
            log.change(3.0 * DAY + 200.0, "partner", OUTSIDE, USER);
        }
        log.told().into_iter().filter(|(kind, ..)| kind == "account_compromise").count()
    };
    assert_eq!((told(true), told(false)), (1, 0));
}

#[test]
fn one_host_inside_that_tries_several_strangers_is_no_ordinary_day() {
    let mut log = Log::new();
    for who in 0..6_usize {
        (8..18_u32)
            .for_each(|hour| log.success(f64::from(hour) * HOUR, &format!("person{who}"), &format!("10.3.0.{who}")));
    }
    for (at, time) in irregular(130, 40_000.0, 3.0).into_iter().enumerate() {
        log.fail(time, &format!("person{}", at % 6), "10.8.8.8");
    }
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].1 != "operational", "{told:?}");
}

#[test]
fn tries_that_no_hand_makes_are_something() {
    let mut log = with_kim();
    (0..61).for_each(|at| log.fail(50_000.0 + 3.0 * f64::from(at), "rosa", INSIDE));
    (0..9).for_each(|at| log.success(70_000.0 + 900.0 * f64::from(at), "rosa", INSIDE));
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].1 != "operational", "{told:?}");
}

#[test]
fn tokens_that_one_node_refuses_all_along_are_that_nodes_trouble() {
    let mut log = Log::new();
    for client in 0..4 {
        let (name, place) = (format!("app{client}"), format!("10.4.0.{client}"));
        for at in 0..240 {
            let time = 360.0 * f64::from(at) + f64::from(client);
            let node = ["n1", "n2", "n3"][(at % 3) as usize];
            if node == "n3" && at > 60 {
                log.fail_on(time, &format!("https://sso.example/es/{name}/{name}"), &place, "n3", &["jwt1"]);
            } else {
                log.success_on(time, &name, &place, node, "jwt1");
            }
        }
    }
    let told = kinds_and_verdicts(log);
    assert!(told.iter().any(|(kind, verdict)| kind == "wrong_realm" && verdict == "operational"), "{told:?}");
}

#[test]
fn a_list_behind_an_address_of_people_who_are_asleep_is_no_outage() {
    let mut log = Log::new();
    for who in 0..120_usize {
        for hour in (8..18_u32).chain(32..42) {
            log.success(f64::from(hour) * HOUR + 20.0 * who as f64, &format!("person{who}"), "10.5.5.5");
        }
    }
    for (who, time) in irregular(120, 26.0 * HOUR, 1.0).into_iter().enumerate() {
        log.fail(time, &format!("person{who}"), "10.5.5.5");
    }
    let told = kinds_and_verdicts(log);
    assert!(told.len() == 1 && told[0].0 == "password_spraying" && told[0].1 != "operational", "{told:?}");
}

#[test]
fn who_works_beside_tries_since_before_the_log_is_no_victim() {
    let mut log = Log::new();
    (0..60).for_each(|at| log.success(f64::from(at) * 1400.0, "svc_etl", "10.5.5.5"));
    (0..90).for_each(|at| log.fail(f64::from(at) * 900.0, "svc_etl", "10.6.6.6"));
    (0..30).for_each(|at| log.success(f64::from(at) * 2500.0, "svc_backup", "10.5.5.6"));
    for at in 0..80 {
        let time = 1000.0 + f64::from(at) * 1000.0;
        log.granted(time, "svc_backup", "10.6.6.6", "cluster:admin/snapshot/create");
    }
    let told = kinds_and_verdicts(log);
    assert!(!told.is_empty() && told.iter().all(|(kind, _)| kind != "account_compromise"), "{told:?}");
}

#[test]
fn a_list_may_be_used_days_later() {
    let told = |tried: usize, name: &str| {
        let mut log = Log::new();
        for who in 0..40_usize {
            let person = format!("person{who}");
            (0..168_u32).for_each(|hour| log.success(f64::from(hour) * HOUR, &person, &format!("10.3.0.{}", who + 1)));
        }
        for (at, time) in irregular(tried, 50_000.0, 20.0).into_iter().enumerate() {
            log.fail(time, &format!("person{at}"), OUTSIDE);
        }
        (0..8).for_each(|at| log.success(6.0 * DAY + 60.0 * f64::from(at), name, OUTSIDE));
        let findings = log.findings();
        let entered = |principals: &[String]| principals.iter().any(|who| who == name);
        findings.iter().any(|finding| finding.kind == "account_compromise" && entered(&finding.principals))
    };
    assert!(told(30, "person7"));
    // A name that was not on it, and an address at which a few mistyped.
    assert!(!told(30, "person37"));
    assert!(!told(3, "person1"));
}

#[test]
fn a_setting_changed_by_night_is_asked_about() {
    let told = |change: bool| {
        let mut log = Log::new();
        (0..80).for_each(|at| log.success(f64::from(at) * 1000.0, "kim", "10.2.2.2"));
        log.success(81_000.0, "kim", OUTSIDE);
        log.granted(81_300.0, "kim", OUTSIDE, "cluster:admin/settings/update");
        if change {
            log.change(81_400.0, "kim", OUTSIDE, USER);
        }
        kinds_and_verdicts(log)
    };
    assert!(told(false).iter().all(|(_, verdict)| verdict == "unclear"), "{:?}", told(false));
    assert!(!told(true).is_empty());
}

#[test]
fn who_comes_to_set_a_password_and_use_it_is_asked_about() {
    const RESET: (&str, &str, &str) =
        ("change_password", "user/change_password", r#""change":{"password":{"user":{"name":"dormant"}}}"#);
    let told = |from: &str, used_from: &str| {
        let mut log = Log::new();
        (0..170).for_each(|at| log.success(f64::from(at) * 1200.0, "it", "10.2.2.9"));
        // A help desk.
        for at in 0..12_u32 {
            let body = format!(r#""change":{{"password":{{"user":{{"name":"person{at}"}}}}}}"#);
            let reset = ("change_password", "user/change_password", body.as_str());
            log.change(HOUR + 4.0 * HOUR * f64::from(at), "it", "10.2.2.9", reset);
        }
        log.success(2.4 * DAY, "it", from);
        log.change(2.4 * DAY + 60.0, "it", from, RESET);
        (0..9).for_each(|at| log.success(2.4 * DAY + 300.0 + 20.0 * f64::from(at), "dormant", used_from));
        let findings = log.findings();
        findings.iter().any(|finding| finding.principals.iter().any(|who| who == "dormant"))
    };
    assert!(told(OUTSIDE, OUTSIDE));
    assert!(!told("10.2.2.9", "10.2.2.33"));
    assert!(!told("10.2.2.9", "10.2.2.9"));
}

#[test]
fn a_password_that_is_set_and_used_for_more_than_a_try_at_one_desk_is_asked_about() {
    const RESET: (&str, &str, &str) =
        ("change_password", "user/change_password", r#""change":{"password":{"user":{"name":"kim"}}}"#);
    let told = |requests: u32| {
        let mut log = with_kim();
        (0..100).for_each(|at| log.success(f64::from(at) * 800.0, "it", "10.2.2.9"));
        log.change(60_000.0, "it", "10.2.2.9", RESET);
        (1..=requests).for_each(|at| log.success(60_000.0 + 60.0 * f64::from(at), "kim", "10.2.2.9"));
        kinds_and_verdicts(log)
    };
    assert_eq!(told(12), [pair("suspicious_access", "unclear")]);
    assert_eq!(told(2), []);
}

#[test]
fn a_program_that_acts_as_a_superuser_at_a_host_it_never_used_is_asked_about() {
    let told = |host: &str, habit: bool| {
        let mut log = with_kim();
        for at in 0..140_u32 {
            log.success(f64::from(at) * 500.0, "svc", "10.5.5.5");
            if habit {
                log.run_as(f64::from(at) * 500.0 + 1.0, "svc", "10.5.5.5", "elastic");
            }
        }
        log.success(75_000.0, "svc", host);
        (1..4).for_each(|at| log.run_as(75_000.0 + 30.0 * f64::from(at), "svc", host, "elastic"));
        kinds_and_verdicts(log)
    };
    assert_eq!(told("10.6.6.6", false), [pair("suspicious_access", "unclear")]);
    assert_eq!(told("10.6.6.6", true), []);
}

#[test]
fn an_audit_log_that_stops_everywhere_after_a_setting_is_told() {
    let told = |changed: bool| {
        let mut log = Log::new();
        let silent = 36.0 * HOUR..40.0 * HOUR;
        for minute in 0..3_600_u32 {
            let time = 60.0 * f64::from(minute);
            if silent.contains(&time) {
                if minute % 5 == 0 {
                    log.server(time, "n1", "a line");
                }
            } else {
                log.success(time, "svc", "10.5.5.5");
            }
        }
        if changed {
            log.granted(36.0 * HOUR - 30.0, "kim", "10.2.2.2", "cluster:admin/settings/update");
        }
        log.told().into_iter().filter(|(kind, ..)| kind == "audit_gap").count()
    };
    assert_eq!((told(true), told(false)), (1, 0));
}

#[test]
fn the_built_in_superuser_that_comes_for_the_first_time_and_makes_a_user_is_asked_about() {
    let told = |before: bool, makes: bool| {
        let mut log = with_kim();
        (0..30).for_each(|at| log.success(DAY + 900.0 * f64::from(at), "kim", "10.2.2.2"));
        if before {
            (0..20).for_each(|at| log.success(900.0 * f64::from(at), "elastic", "10.6.6.6"));
        }
        log.success(1.2 * DAY, "elastic", "10.6.6.6");
        if makes {
            log.change(1.2 * DAY + 90.0, "elastic", "10.6.6.6", USER);
        }
        kinds_and_verdicts(log)
    };
    assert_eq!(told(false, true), [pair("suspicious_access", "unclear")]);
    assert_eq!((told(true, true), told(false, false)), (vec![], vec![]));
}

#[test]
fn an_account_of_many_places_that_deletes_where_it_never_was_is_asked_about() {
    let told = |habit: bool| {
        let mut log = Log::new();
        for box_number in 0..12_u32 {
            let place = format!("{}.7.9.8", 20 + 3 * box_number);
            (0..60).for_each(|at| log.success(f64::from(at) * 1400.0 + f64::from(box_number), "appuser", &place));
            if habit {
                log.granted(40_000.0 + f64::from(box_number), "appuser", &place, "indices:admin/delete");
            }
        }
        log.success(80_000.0, "appuser", OUTSIDE);
        (1..5).for_each(|at| log.granted(80_000.0 + 20.0 * f64::from(at), "appuser", OUTSIDE, "indices:admin/delete"));
        log.findings().iter().filter(|finding| finding.sources.iter().any(|source| source == OUTSIDE)).count()
    };
    assert_eq!((told(false), told(true)), (1, 0));
}

#[test]
fn a_key_that_asks_elsewhere_for_what_it_may_not_is_no_broken_program() {
    let told = |from: &str| {
        let mut log = Log::new();
        (0..200).for_each(|at| {
            log.key(f64::from(at) * 400.0, "k", "10.4.4.4", "access_granted", "indices:data/write/bulk")
        });
        for at in 0..12_u32 {
            let action = [
                "cluster:admin/xpack/security/user/get",
                "indices:admin/delete",
                "cluster:admin/xpack/security/user/put",
                "cluster:admin/snapshot/create",
            ][at as usize % 4];
            log.key(80_000.0 + 30.0 * f64::from(at), "k", from, "access_denied", action);
        }
        kinds_and_verdicts(log)
    };
    assert!(told("10.4.4.5").iter().all(|(_, verdict)| verdict == "unclear"));
    assert_eq!(told("10.4.4.4"), [pair("api_key_underprivileged", "operational")]);
}
