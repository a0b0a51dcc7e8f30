//! Parts that overlap, and hold sums alone: what may be counted twice is told, and nothing of the kind is said of ordinary files.

use std::path::PathBuf;

use serde_json::Value;
use test_support::line::{Line, failed};
use test_support::{ended, esaudit};

/// A success a step, from one second to another.
fn successes(node: &str, seconds: std::ops::Range<i64>, step_ms: i64) -> Vec<String> {
    let times = (seconds.start * 1000..seconds.end * 1000).step_by(usize::try_from(step_ms).unwrap());
    let line = |at: i64| {
        let line = Line::on(node, at, "access_granted").user("app").request(&format!("{node}-{at}"));
        line.from("10.0.0.8:1").text("action", "indices:data/read/search").end()
    };
    times.map(line).collect()
}

/// Parts of logs, one a log.
struct Parts {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Parts {
    fn of(logs: &[&[String]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scan = |(at, lines): (usize, &&[String])| {
            let (log, part) = (folder.path().join(format!("{at}.json")), folder.path().join(format!("{at}.esa")));
            std::fs::write(&log, ended(lines)).unwrap();
            let done = esaudit(&["scan", log.to_str().unwrap(), "-o", part.to_str().unwrap()]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            part
        };
        let paths = logs.iter().enumerate().map(scan).collect();
        Self { folder, paths }
    }

    fn run(&self, verb: &[&str]) -> String {
        let mut words = verb.to_vec();
        words.extend(self.paths.iter().map(|path| path.to_str().unwrap()));
        let done = esaudit(&words);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// The sentence on what may be counted twice.
    fn told(&self) -> Option<String> {
        twice(&self.run(&["merge", "--format", "json"]))
    }

    /// The same of the logs that the parts were made of.
    fn told_of_logs(&self, options: &[&str]) -> Option<String> {
        let logs: Vec<PathBuf> = self.paths.iter().map(|part| part.with_extension("json")).collect();
        let logs: Vec<&str> = logs.iter().map(|log| log.to_str().unwrap()).collect();
        let done = esaudit(&[&["report", "--format", "json"], options, &logs].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        twice(std::str::from_utf8(&done.stdout).unwrap())
    }

    /// The same, and how many events it is about.
    #[track_caller]
    fn doubted(&self) -> (String, u64) {
        let told = self.told().expect("nothing is said of the overlap");
        let events = told.split(' ').find_map(|word| word.replace(',', "").parse().ok()).unwrap();
        (told, events)
    }
}

/// The sentence of a report on what may be counted twice.
fn twice(report: &str) -> Option<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    let told = report["coverage"]["cannot_tell"].as_array().unwrap().clone();
    told.iter().map(|text| text.as_str().unwrap().to_owned()).find(|text| text.contains("once or twice"))
}

#[track_caller]
fn assert_told(logs: &[&[String]], events: u64) {
    let (told, doubted) = Parts::of(logs).doubted();
    assert_eq!(doubted, events, "{told}");
}

#[track_caller]
fn assert_silent(logs: &[&[String]]) {
    assert_eq!(Parts::of(logs).told(), None);
}

#[test]
fn an_overlap_in_successes_alone_is_told() {
    let log = successes("n1", 0..1000, 1000);
    // One log that is the begin of another, and runs that end within one block of time.
    assert_told(&[&log[..300], &log], 300);
    assert_told(&[&log[..300], &log[200..]], 100);
    assert_told(&[&log[300..400], &log], 100);
    assert_told(&[&log[..5], &log[3..9]], 2);
    assert_told(&[&log[..2], &log[..3]], 2);
    // One line, the first of a block of time.
    assert_told(&[&log[448..449], &log], 1);
    // Of three that hold an event two are too many.
    assert_told(&[&log[..300], &log[..200], &log[..100]], 300);
    // All within a second.
    let moment = successes("n1", 0..1, 10);
    assert_told(&[&moment[..50], &moment], 50);
}

/// Successes, so many in each of some milliseconds that are a second apart.
fn bursts(seconds: i64, of_each: usize) -> Vec<String> {
    let line = |at: i64, number: usize| {
        let line = Line::on("n1", at * 1000, "access_granted").user("app").request(&format!("r{at}-{number}"));
        line.from("10.0.0.8:1").text("action", "indices:data/read/search").end()
    };
    (0..seconds).flat_map(|at| (0..of_each).map(move |number| line(at, number))).collect()
}

#[test]
fn lines_at_which_one_input_ends_and_another_begins_are_told() {
    // All are kept one by one, and few of many.
    for seconds in [40, 6000] {
        let log = bursts(seconds, 3);
        let at = log.len() / 6 * 3;
        let copied = |lines: usize| Parts::of(&[&log[..at + lines], &log[at..]]);
        for lines in 1..=3 {
            let parts = copied(lines);
            assert_eq!(parts.doubted().1, lines as u64, "{seconds} seconds, {lines} lines");
            let of_logs = parts.told_of_logs(&[]).expect("nothing is said of the lines that both files hold");
            assert!(of_logs.contains(&format!("up to {lines} event")), "{of_logs}");
            for options in [["--chunk-size", "300"], ["--chunk-size", "70000"], ["--threads", "3"]] {
                assert_eq!(parts.told_of_logs(&options).as_ref(), Some(&of_logs), "{options:?}");
            }
        }
        // The log is cut within a millisecond, between others.
        for cut in at..at + 3 {
            let parts = Parts::of(&[&log[..cut], &log[cut..]]);
            assert_eq!((parts.told(), parts.told_of_logs(&[])), (None, None), "{seconds} seconds, line {cut}");
        }
        // A request that leaves the same line for several shards.
        let mut shards = log.clone();
        (shards[at], shards[at + 1]) = (log[at + 2].clone(), log[at + 2].clone());
        let parts = Parts::of(&[&shards[..at + 1], &shards[at + 1..]]);
        assert_eq!((parts.told(), parts.told_of_logs(&[])), (None, None), "{seconds} seconds, shards");
    }
}

#[test]
fn a_line_between_three_inputs_is_told_however_they_are_grouped() {
    let log = bursts(6000, 1);
    let parts = Parts::of(&[&log[..3001], &log[3000..3001], &log[3000..]]);
    let [one, two, three] = [0, 1, 2].map(|at| parts.paths[at].to_str().unwrap());
    let merged = parts.folder.path().join("some.esa");
    let merged = merged.to_str().unwrap();
    let told = |words: &[&str]| {
        let done = esaudit(&[&["merge"], words].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let all = twice(&told(&["--format", "json", one, two, three])).unwrap();
    assert!(all.contains("up to 2 events"), "{all}");
    told(&[three, one, "-o", merged]);
    assert_eq!(twice(&told(&["--format", "json", two, merged])).as_ref(), Some(&all));
}

#[test]
fn the_edges_of_an_overlap_of_many_blocks_are_told() {
    // Hours, of which whole blocks are recognised.
    let log = successes("n1", 0..12_000, 4000);
    let parts = Parts::of(&[&log[..2000], &log[1000..]]);
    let report: Value = serde_json::from_str(&parts.run(&["merge", "--format", "json"])).unwrap();
    let counted = report["coverage"]["actions"]["access_granted"].as_u64().unwrap();
    let (told, doubted) = parts.doubted();
    assert!(counted > 3000 && counted <= 3000 + doubted && doubted < 1200, "{counted}: {told}");
}

#[test]
fn of_more_events_than_are_kept_an_overlap_is_told() {
    let log = successes("n1", 0..6000, 100);
    let (told, doubted) = Parts::of(&[&log[..30_000], &log[28_000..]]).doubted();
    assert!((2000..12_000).contains(&doubted), "{told}");
}

#[test]
fn every_verb_and_every_form_tell_of_an_overlap() {
    let log = successes("n1", 0..1000, 1000);
    let parts = Parts::of(&[&log[..300], &log]);
    for verb in [
        &["merge"][..],
        &["merge", "--format", "md"],
        &["merge", "--format", "html"],
        &["keys"],
        &["keys", "--format", "json"],
        &["timeline", "--principal", "*"],
        &["timeline", "--principal", "*", "--format", "json"],
        &["timeline", "--principal", "*", "--format", "md"],
    ] {
        let told = parts.run(verb).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("happened once or twice"), "{verb:?}: {told}");
    }
}

#[test]
fn ordinary_files_are_not_said_to_overlap() {
    // Nodes of one time.
    assert_silent(&[&successes("n1", 0..1000, 1000), &successes("n2", 0..1000, 1000)]);
    // Days of a node; one log in two files; and in which lines around the cut stand a little out of order.
    assert_silent(&[&successes("n1", 0..80_000, 40_000), &successes("n1", 86_400..166_400, 40_000)]);
    let log = successes("n1", 0..100, 10);
    assert_silent(&[&log[..5000], &log[5000..]]);
    let mut swapped = log.clone();
    swapped.swap(4999, 5002);
    assert_silent(&[&swapped[..5000], &swapped[5000..]]);
    // Slices of a log, few and many lines.
    for lines in [&log[..1000], &log] {
        let slice = |at: usize| -> Vec<String> { lines.iter().skip(at).step_by(3).cloned().collect() };
        assert_silent(&[&slice(0), &slice(1), &slice(2)]);
    }
    let many = successes("n1", 0..2000, 100);
    let slice = |at: usize| -> Vec<String> { many.iter().skip(at).step_by(2).cloned().collect() };
    assert_silent(&[&slice(0), &slice(1)]);
}

#[test]
fn failures_that_were_met_again_say_nothing_of_others() {
    // They count once; the successes beside them are others.
    let failures: Vec<String> = (0..50).map(|at| failed(at * 10_000, &format!("f{at}"))).collect();
    let log = successes("n1", 0..600, 1000);
    let with = |from: usize| -> Vec<String> {
        let mut lines: Vec<String> = log.iter().skip(from).step_by(2).cloned().collect();
        lines.extend(failures.clone());
        lines
    };
    assert_silent(&[&with(0), &with(1)]);
    assert_silent(&[&failures, &failures[..20]]);
}

#[test]
fn what_is_told_does_not_depend_on_the_order_of_parts_or_threads() {
    let log = successes("n1", 0..3000, 200);
    let parts = Parts::of(&[&log[..9000], &log[8000..], &log[4000..8500]]);
    let [one, two, three] = [0, 1, 2].map(|at| parts.paths[at].to_str().unwrap());
    let cannot_tell = |words: &[&str]| {
        let done = esaudit(&[&["merge", "--format", "json"], words].concat());
        let report: Value = serde_json::from_slice(&done.stdout).unwrap();
        report["coverage"]["cannot_tell"].to_string()
    };
    let all = cannot_tell(&[one, two, three]);
    assert!(all.contains("once or twice"), "{all}");
    assert_eq!(cannot_tell(&[three, two, one, "--threads", "1"]), all);
    assert_eq!(cannot_tell(&[two, one, three, "--threads", "3"]), all);
    let merged = parts.folder.path().join("0-merged.esa");
    let merged = merged.to_str().unwrap();
    let done = esaudit(&["merge", one, two, "-o", merged]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(cannot_tell(&[merged, three]), all);
}
