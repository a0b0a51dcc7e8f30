//! What holds of every scenario.

use std::collections::BTreeSet;

use super::metamorphic::{self, Evidence};
use super::{KINDS, Side, find, make};

/// The bytes of a scenario's files and its truth.
fn written(kind: &str, seed: u64) -> (Vec<(String, Vec<u8>)>, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let truth = make(find(kind).unwrap(), seed).write(folder.path()).unwrap();
    let mut files = Vec::new();
    for node in std::fs::read_dir(folder.path().join("logs")).unwrap() {
        for file in std::fs::read_dir(node.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(folder.path()).unwrap().display().to_string();
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    (files, truth)
}

#[test]
fn names_are_different() {
    let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), KINDS.len());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for kind in ["sprayed_and_in", "directory_outage", "two_clusters"] {
        assert!(written(kind, 5) == written(kind, 5), "{kind}");
        assert!(written(kind, 5) != written(kind, 6), "{kind}");
    }
}

#[test]
fn the_truth_of_every_kind_is_in_its_log() {
    for kind in KINDS {
        let scenario = make(kind, 3);
        let truth = scenario.truth(super::Written::default());
        let incidents = truth["incidents"].as_array().unwrap();
        assert!(kind.side != Side::Hostile || !incidents.is_empty(), "{}", kind.name);
        let (start, end) = scenario.log.span();
        for incident in incidents {
            let within = |text: &serde_json::Value| {
                let time = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap().timestamp_micros();
                (start - 3_000_000..=end + 3_000_000).contains(&time)
            };
            assert!(within(&incident["start"]) && within(&incident["end"]), "{}: {incident}", kind.name);
            assert!(incident["accept"].as_array().unwrap().contains(&incident["kind"]), "{incident}");
            assert!(incident["verdicts"].as_array().unwrap().contains(&incident["verdict"]), "{incident}");
            let named = ["principals", "sources", "keys", "nodes"];
            assert!(
                named.iter().any(|name| !incident[*name].as_array().unwrap().is_empty()),
                "{}: {incident}",
                kind.name
            );
        }
    }
}

#[test]
fn ordinary_life_requires_nothing() {
    for kind in KINDS.iter().filter(|kind| kind.side == Side::Ordinary) {
        for seed in 0..3 {
            let truth = make(kind, seed).truth(super::Written::default());
            let required = |incident: &serde_json::Value| incident["required"] == true;
            assert!(!truth["incidents"].as_array().unwrap().iter().any(required), "{} {seed}", kind.name);
        }
    }
}

#[test]
fn changes_keep_what_they_promise() {
    // Traffic is made of the accesses that a log shows.
    let shows = |scenario: &super::Scenario| scenario.log.nodes.iter().any(|node| node.logging.access_granted);
    let scenario = (4..).map(|seed| make(find("guessed_and_in").unwrap(), seed)).find(shows).unwrap();
    let before = scenario.log.lines();
    let mut log = scenario.log.clone();
    metamorphic::shuffle_failures(&mut log, 1);
    metamorphic::repace(&mut log, 1);
    metamorphic::rename(&mut log);
    assert_eq!(log.lines(), before);
    metamorphic::more_guesses(&mut log, 1);
    let more = log.lines();
    assert!(more > before);
    metamorphic::prepend_day(&mut log, 1);
    assert!(log.lines() > more);
    metamorphic::add_traffic(&mut log, 2, 1);
    assert!(log.lines() > 2 * more);
    for evidence in [Evidence::ServerLog, Evidence::RealmFailures, Evidence::Successes] {
        let before = log.lines();
        metamorphic::without(&mut log, evidence);
        assert!(log.lines() <= before);
    }
    assert!(log.nodes.iter().all(|node| node.entries.is_sorted_by_key(|entry| entry.record.time())));
}
