//! Laws of judging that need no truth: a log is changed in a way that must not change what is told of it, or in one
//! direction only. The logs and the changes are the generator's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use esaudit_gen::scenario::metamorphic::{self, Evidence};
use esaudit_gen::scenario::{Log, Scenario, Written, find, make};
use serde_json::Value;
use test_support::json;

/// Kinds that speak of what was before, and may appear when there is more of it.
const NEED_HISTORY: [&str; 6] =
    ["stale_credential", "wrong_realm", "clock_skew", "suspicious_access", "missing_credentials", "account_compromise"];

/// A scenario and the verdicts on it, unchanged.
struct Known {
    scenario: Scenario,
    verdicts: OnceLock<BTreeSet<String>>,
}

impl Known {
    /// Reported once, whichever laws ask.
    fn verdicts(&self) -> &BTreeSet<String> {
        self.verdicts.get_or_init(|| {
            let verdicts = verdicts(&self.scenario, &report(&self.scenario.log));
            assert!(!verdicts.is_empty(), "{}: a law about nothing", self.scenario.name);
            verdicts
        })
    }
}

/// A scenario, made once: several laws ask for the same.
fn known(kind: &'static str, seed: u64) -> &'static Known {
    type Cell = &'static OnceLock<Known>;
    static ALL: Mutex<BTreeMap<(&str, u64), Cell>> = Mutex::new(BTreeMap::new());
    let cell: Cell = ALL.lock().unwrap().entry((kind, seed)).or_insert_with(|| Box::leak(Box::default()));
    cell.get_or_init(|| Known { scenario: make(find(kind).unwrap(), seed), verdicts: OnceLock::new() })
}

fn scenario(kind: &'static str, seed: u64) -> &'static Scenario {
    &known(kind, seed).scenario
}

/// The report on a log.
fn report(log: &Log) -> Value {
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path()).unwrap();
    serde_json::from_slice(&json(&[folder.path().to_str().unwrap()], &["-q"])).unwrap()
}

/// The report on a changed copy of a log.
fn report_after(log: &Log, change: impl FnOnce(&mut Log)) -> Value {
    let mut log = log.clone();
    change(&mut log);
    report(&log)
}

/// The findings above info.
fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "info")
}

/// The findings above info, each in the words of these members, counted.
fn told(report: &Value, members: &[&str]) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for finding in findings(report) {
        let words: Vec<String> = members.iter().map(|member| finding[*member].to_string()).collect();
        *told.entry(words.join(" ")).or_default() += 1;
    }
    told
}

/// The verdicts of the findings about the required incidents of a scenario.
fn verdicts(scenario: &Scenario, report: &Value) -> BTreeSet<String> {
    let truth = scenario.truth(esaudit_gen::scenario::Written::default());
    let of = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut verdicts = BTreeSet::new();
    for incident in truth["incidents"].as_array().unwrap().iter().filter(|incident| incident["required"] == true) {
        let same = |finding: &Value, told: &str, named: &str| !of(&finding[told]).is_disjoint(&of(&incident[named]));
        let about = |finding: &&Value| {
            same(finding, "principals", "principals")
                || same(finding, "sources", "sources")
                || same(finding, "api_keys", "keys")
        };
        verdicts.extend(findings(report).filter(about).filter_map(|f| f["verdict"].as_str().map(str::to_owned)));
    }
    verdicts
}

/// Neither is hostile what was operational alone, nor operational alone what was hostile.
fn assert_not_turned(before: &BTreeSet<String>, after: &BTreeSet<String>, about: &str) {
    let only = |verdicts: &BTreeSet<String>, one: &str| verdicts.len() == 1 && verdicts.contains(one);
    assert!(!(before.contains("hostile") && only(after, "operational")), "{about}: {before:?} became {after:?}");
    assert!(!(only(before, "operational") && after.contains("hostile")), "{about}: {before:?} became {after:?}");
}

/// Attacks and broken things that have failures, and seeds whose logs are short.
const WITH_FAILURES: [(&str, [u64; 2]); 8] = [
    ("guess", [76, 72]),
    ("guess_many_sources", [70, 71]),
    ("spray", [75, 71]),
    ("guessed_and_in", [70, 71]),
    ("stale_after_change", [74, 70]),
    ("stale_without_change", [70, 75]),
    ("key_bad_secret", [70, 76]),
    ("header_lost", [74, 75]),
];

/// In a log without an attack, shuffled failures leave nothing hostile above low.
fn assert_quiet_when_shuffled(kind: &'static str, seeds: [u64; 2]) {
    for seed in seeds {
        let report = report_after(&scenario(kind, seed).log, |log| metamorphic::shuffle_failures(log, seed));
        let hostile: Vec<&Value> = findings(&report)
            .filter(|finding| finding["verdict"] == "hostile" && finding["severity"] != "low")
            .collect();
        assert!(hostile.is_empty(), "{kind} {seed}: {hostile:#?}");
    }
}

#[test]
fn shuffled_failures_of_a_quiet_log_are_no_attack() {
    for (kind, seeds) in [
        ("plain", [72, 77]),
        ("plain_first_day", [71, 76]),
        ("password_day", [71, 70]),
        ("vacation_return", [75, 72]),
        ("deploys", [70, 72]),
    ] {
        assert_quiet_when_shuffled(kind, seeds);
    }
}

#[test]
fn shuffled_failures_of_people_who_move_about_are_no_attack() {
    assert_quiet_when_shuffled("roaming", [76, 75]);
}

#[test]
fn pacing_never_turns_a_verdict() {
    for (kind, seeds) in WITH_FAILURES {
        for seed in seeds {
            let before = known(kind, seed);
            let scenario = &before.scenario;
            let after = verdicts(scenario, &report_after(&scenario.log, |log| metamorphic::repace(log, seed)));
            assert_not_turned(before.verdicts(), &after, &format!("{kind} {seed}"));
        }
    }
}

#[test]
fn names_mean_nothing() {
    let members =
        ["kind", "verdict", "severity", "confidence", "failures", "successes", "principals_total", "sources_total"];
    for kind in ["guess", "sprayed_and_in", "directory_outage", "key_invalidated", "help_desk"] {
        let scenario = scenario(kind, 70);
        let before = told(&report(&scenario.log), &members);
        assert_eq!(before, told(&report_after(&scenario.log, metamorphic::rename), &members), "{kind}");
    }
}

#[test]
fn a_day_of_ordinary_history_adds_nothing_but_what_needs_history() {
    // Strangers after a day without any are a beginning.
    let quiet = |scenario: &Scenario| !scenario.truth(Written::default()).to_string().contains("strangers at a page");
    for (kind, first) in [("plain", 77), ("guess", 76), ("spray", 75), ("key_expired", 75), ("scan", 73)] {
        let Some(scenario) = (first..).map(|seed| scenario(kind, seed)).find(|scenario| quiet(scenario)) else {
            continue;
        };
        let before = told(&report(&scenario.log), &["kind"]);
        let after = told(&report_after(&scenario.log, |log| metamorphic::prepend_day(log, 1)), &["kind"]);
        for (kind_told, count) in after {
            let known = NEED_HISTORY.iter().any(|kind| kind_told.contains(kind));
            assert!(known || before.get(&kind_told).is_some_and(|had| *had >= count), "{kind}: {count} {kind_told}");
        }
    }
}

#[test]
fn a_hundred_times_the_traffic_neither_hides_nor_adds() {
    // Their logs are short; a hundred times as much is not.
    for (kind, seed) in [("guess", 82), ("spray", 75), ("stale_after_change", 74), ("plain", 77)] {
        let scenario = scenario(kind, seed);
        let members = ["kind", "verdict"];
        let before = told(&report(&scenario.log), &members);
        let after = told(&report_after(&scenario.log, |log| metamorphic::add_traffic(log, 100, 1)), &members);
        assert_eq!(before, after, "{}", scenario.name);
    }
}

#[test]
fn less_evidence_never_turns_a_verdict() {
    for (kind, [seed, _]) in WITH_FAILURES {
        let before = known(kind, seed);
        let scenario = &before.scenario;
        for evidence in [Evidence::ServerLog, Evidence::RealmFailures, Evidence::Successes] {
            let after = verdicts(scenario, &report_after(&scenario.log, |log| metamorphic::without(log, evidence)));
            assert_not_turned(before.verdicts(), &after, &format!("{kind} without {evidence:?}"));
        }
    }
}

#[test]
fn more_guesses_are_never_less_hostile() {
    let gravest = |verdicts: &BTreeSet<String>| {
        ["operational", "unclear", "hostile"].iter().rposition(|verdict| verdicts.contains(*verdict))
    };
    let attacks = WITH_FAILURES.into_iter().take(4).chain([("stuffing", [72, 75]), ("key_ids_guessed", [73, 72])]);
    for (kind, seeds) in attacks {
        for seed in seeds {
            let known = known(kind, seed);
            let (scenario, before) = (&known.scenario, known.verdicts());
            let after = verdicts(scenario, &report_after(&scenario.log, |log| metamorphic::more_guesses(log, seed)));
            assert!(gravest(&after) >= gravest(before), "{kind} {seed}: {before:?} became {after:?}");
        }
    }
}

#[test]
fn more_logs_attribute_no_less() {
    let attributed = |report: &Value| -> u64 {
        let keys = report["api_keys"]["failing"].as_array().unwrap().iter();
        keys.flat_map(|key| key["clients"].as_array().unwrap()).filter_map(|client| client["count"].as_u64()).sum()
    };
    for kind in ["key_invalidated", "key_bad_secret", "keys_lost_by_restore"] {
        let scenario = scenario(kind, 73);
        let fewer = report_after(&scenario.log, |log| metamorphic::without(log, Evidence::ServerLog));
        assert!(attributed(&report(&scenario.log)) >= attributed(&fewer), "{kind}");
    }
}
