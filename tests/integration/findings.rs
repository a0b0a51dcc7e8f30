//! Findings against planted incidents: each kind that can be planted alone at every strength, all at once, and none.
//!
//! Prints how many incidents were found with the right kind and verdict (recall), and how many findings belong to one
//! (precision). Strengths were chosen around thresholds that judging no longer has, so what is held is the share; clean logs
//! must show nothing hostile.

// Helpers of tests may fail as tests do; what was measured is printed.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use esaudit::internals::judge::{self, Kind};
use esaudit::internals::model::{Finding, Report};
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::{Request, analyze};
use serde_json::Value;

/// What is counted of a kind.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    expected: u32,
    found: u32,
    findings: u32,
    false_alarms: u32,
}

/// One generated log with its truth.
struct Log {
    folder: PathBuf,
    truth: Value,
}

fn generate(root: &Path, name: &str, arguments: &[&str]) -> Log {
    let folder = root.join(name);
    let truth = root.join(format!("{name}.truth.json"));
    let paths = ["--out".as_ref(), folder.as_os_str(), "--truth".as_ref(), truth.as_os_str()];
    let arguments = paths.into_iter().chain(arguments.iter().map(|option| option.as_ref()));
    if let Err(message) = esaudit_gen::command(arguments) {
        panic!("{name}: {message}");
    }
    let truth = serde_json::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
    Log { folder, truth }
}

fn report(log: &Log) -> Report {
    analyze(Request::of([&log.folder], Options::default())).unwrap().report
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a finding is about an incident: the same time, and a principal, source or key in common.
fn is_about(finding: &Finding, incident: &Value) -> bool {
    let shares = |list: &[String], name: &str| {
        let known = texts(&incident[name]);
        list.iter().any(|item| known.contains(item.as_str()))
    };
    let actor = incident["actor"].as_str().is_some_and(|actor| finding.principals.iter().any(|name| name == actor));
    let (start, end) = (incident["start"].as_str(), incident["end"].as_str());
    // To the minute: the truth tells a cause by the true time, the log by the clock of its node.
    let minute = |time: Option<&str>| time.map(|time| time.get(..16).unwrap_or(time).to_owned());
    let overlaps = minute(finding.start.as_deref()) <= minute(end) && minute(finding.end.as_deref()) >= minute(start);
    let keys = shares(&finding.api_keys, "api_keys");
    (overlaps && (keys || actor || shares(&finding.principals, "principals") || shares(&finding.sources, "sources")))
        || keys
}

/// Compares a report with the truth; gives complaints.
fn judge(name: &str, report: &Report, truth: &Value, scores: &mut BTreeMap<String, Score>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut explained = vec![false; report.findings.len()];
    for incident in truth["incidents"].as_array().unwrap() {
        let kind = incident["kind"].as_str().unwrap();
        let expected = incident["expected_reported"].as_bool().unwrap();
        let verdicts = texts(&incident["verdicts_accepted"]);
        let also = texts(&incident["may_also_report"]);
        let mut right = 0;
        let mut of_kind = 0;
        for (at, finding) in report.findings.iter().enumerate() {
            if !is_about(finding, incident) {
                continue;
            }
            let same = finding.kind == kind;
            explained[at] |= same && expected || also.contains(finding.kind.as_str());
            of_kind += u32::from(same && finding.severity != "info");
            right += u32::from(same && verdicts.contains(finding.verdict.as_str()));
        }
        if expected {
            let score = scores.entry(kind.to_owned()).or_default();
            score.expected += 1;
            score.found += u32::from(right > 0);
            if right == 0 {
                complaints.push(format!("{name}: {kind} is not reported as {verdicts:?}"));
            }
            if of_kind > 1 {
                complaints.push(format!("{name}: {kind} is reported {of_kind} times"));
            }
        }
    }
    for (finding, explained) in report.findings.iter().zip(explained) {
        let score = scores.entry(finding.kind.clone()).or_default();
        score.findings += 1;
        if !explained && finding.severity != "info" {
            score.false_alarms += 1;
            complaints.push(format!("{name}: nothing was planted like {} ({})", finding.title.plain(), finding.kind));
        }
    }
    complaints
}

fn print(scores: &BTreeMap<String, Score>) {
    println!("{:<28} {:>8} {:>8} {:>8} {:>10}", "kind", "planted", "found", "recall", "precision");
    for (kind, score) in scores {
        let share = |part: u32, whole: u32| if whole == 0 { 1.0 } else { f64::from(part) / f64::from(whole) };
        println!(
            "{kind:<28} {:>8} {:>8} {:>8.2} {:>10.2}",
            score.expected,
            score.found,
            share(score.found, score.expected),
            share(score.findings - score.false_alarms, score.findings)
        );
    }
}

#[test]
#[ignore = "not reached yet: wrong secrets of keys that never worked are told as guessing"]
fn planted_incidents_are_found_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let mut scores = BTreeMap::new();
    let mut complaints = Vec::new();
    let mut run = |name: &str, arguments: &[&str]| {
        let log = generate(root.path(), name, arguments);
        complaints.extend(judge(name, &report(&log), &log.truth, &mut scores));
        std::fs::remove_dir_all(&log.folder).unwrap();
    };
    // The six kinds that are new in 0.2 are not planted by this generator.
    for (number, kind) in Kind::ALL.iter().take(17).enumerate() {
        for strength in ["normal", "strong"] {
            let plant = format!("{}:{strength}", kind.name());
            let seed = (number + 1).to_string();
            run(&plant, &["--seed", &seed, "--days", "1", "--rate", "0.1", "--server-log", "--plant", &plant]);
        }
    }
    print(&scores);
    let sum = |of: fn(&Score) -> u32| f64::from(scores.values().map(of).sum::<u32>());
    let (expected, found) = (sum(|score| score.expected), sum(|score| score.found));
    let (findings, false_alarms) = (sum(|score| score.findings), sum(|score| score.false_alarms));
    assert!(found >= 0.9 * expected, "{found} of {expected}\n{}", complaints.join("\n"));
    assert!(false_alarms <= 0.1 * findings, "{false_alarms} of {findings}\n{}", complaints.join("\n"));
}

#[test]
fn clean_logs_are_quiet() {
    let root = tempfile::tempdir().unwrap();
    for seed in ["1", "2", "3", "4"] {
        let log = generate(root.path(), seed, &["--seed", seed, "--days", "3", "--rate", "0.1", "--server-log"]);
        let report = report(&log);
        let hostile: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.verdict == "hostile")
            .map(|finding| finding.title.plain().into_owned())
            .collect();
        assert_eq!(hostile, [""; 0], "seed {seed}");
        std::fs::remove_dir_all(&log.folder).unwrap();
    }
}

#[test]
fn every_kind_is_told_whole() {
    let root = tempfile::tempdir().unwrap();
    let log = generate(root.path(), "all", &["--days", "1", "--rate", "0.02", "--server-log", "--plant", "all"]);
    let report = report(&log);
    assert!(report.findings.len() >= 10, "{}", report.findings.len());
    for (at, finding) in report.findings.iter().enumerate() {
        assert_eq!(finding.id, format!("F{}", at + 1));
        assert!(!finding.why.is_empty() && !finding.next_steps.is_empty(), "{finding:?}");
        assert!(finding.start <= finding.end, "{finding:?}");
        assert!(!finding.title.contains("{") && !finding.diagnosis.contains("{source"), "{finding:?}");
        assert!(finding.attack.is_empty() || finding.verdict == "hostile", "{finding:?}");
        for related in &finding.related {
            let other = report.findings.iter().find(|other| &other.id == related).unwrap();
            assert!(other.related.contains(&finding.id), "{finding:?}");
        }
    }
    let severities = report.findings.iter().map(|finding| judge::Severity::parse(&finding.severity).unwrap());
    assert!(severities.rev().is_sorted(), "the worst come first");
}

#[test]
fn the_manual_lists_every_kind() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md")).unwrap();
    for doc in judge::docs() {
        let row = format!("| [`{0}`](findings/{0}.md) | {1} |", doc.kind.name(), doc.signature);
        assert!(page.contains(&row), "docs/findings.md lacks: {row}");
    }
}
