//! How the work is cut up must not show: threads, chunks, files, their order, compression.

use proptest::prelude::*;

use test_support::line::{asked, failed};
use test_support::model::{Event, arrange, cut, ending_last, ending_once, event, lines, order};
use test_support::{Inputs, assert_equal, difference, ended, gzip, json};

const CHUNKS: [&str; 5] = ["64", "65", "200", "4096", "1048576"];
const THREADS: [&str; 4] = ["1", "2", "3", "8"];

/// The report, indented, without what names the inputs.
fn without_paths(bytes: &[u8]) -> String {
    let mut report: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    report["coverage"]["inputs"].take();
    // Bytes that are no text are broken lines among records, and other lines in a file without any.
    for member in ["problems", "problems_total", "other_lines", "undecodable_lines"] {
        report["coverage"][member].take();
    }
    if let Some(sentences) = report["coverage"]["cannot_tell"].as_array_mut() {
        // A line that is one of several alike may be a copy where it stands on both sides of a cut.
        let of_files = [" (first: ", "happened once or twice"];
        sentences.retain(|sentence| !of_files.iter().any(|text| sentence.to_string().contains(text)));
    }
    forget_evidence(&mut report);
    serde_json::to_string_pretty(&report).unwrap()
}

fn forget_evidence(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            members.remove("evidence");
            members.values_mut().for_each(forget_evidence);
        }
        serde_json::Value::Array(elements) => elements.iter_mut().for_each(forget_evidence),
        _ => {}
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..80)
}

fn folder(inputs: &Inputs) -> &str {
    inputs.path().to_str().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_and_chunks_do_not_show(
        events in events(),
        cuts in prop::collection::vec(any::<usize>(), 0..3),
        threads in prop::sample::select(THREADS.to_vec()),
        chunk in prop::sample::select(CHUNKS.to_vec()),
        zipped in any::<bool>(),
        order in order(),
    ) {
        let mut inputs = Inputs::new();
        let lines = arrange(&events, lines(&events), order);
        for (index, file) in cut(&lines, cuts).iter().enumerate() {
            let (name, bytes) = (format!("{index}.json"), ended(file));
            if zipped { inputs.add_gzip(&name, &bytes) } else { inputs.add(&name, &bytes) };
        }
        let plain = json(&[folder(&inputs)], &["--threads", "1"]);
        let other = json(&[folder(&inputs)], &["--threads", threads, "--chunk-size", chunk]);
        let (plain, other) = (String::from_utf8(plain).unwrap(), String::from_utf8(other).unwrap());
        prop_assert_eq!(difference(&plain, &other), None);
    }

    #[test]
    fn splitting_into_files_does_not_show(events in events().prop_map(ending_once).prop_map(ending_last), cuts in prop::collection::vec(any::<usize>(), 1..5)) {
        let lines = lines(&events);
        let mut whole = Inputs::new();
        whole.add("audit.json", &ended(&lines));
        let mut parts = Inputs::new();
        for (index, part) in cut(&lines, cuts).iter().enumerate() {
            parts.add(&format!("audit-{index}.json"), &ended(part));
        }
        let (whole, parts) = (json(&[folder(&whole)], &[]), json(&[folder(&parts)], &[]));
        // Equal lines of one file are all real; met again in another file they are surplus.
        let parts = without_paths(&parts);
        prop_assume!(parts.contains("\"duplicates\": 0,"));
        prop_assert_eq!(difference(&without_paths(&whole), &parts), None);
    }

    #[test]
    fn the_order_of_arguments_does_not_show(events in events(), cuts in prop::collection::vec(any::<usize>(), 1..5)) {
        let mut inputs = Inputs::new();
        for (index, file) in cut(&lines(&events), cuts).iter().enumerate() {
            inputs.add(&format!("{index}.json"), &ended(file));
        }
        let mut paths: Vec<&str> = inputs.sources().iter().map(|source| source.0.as_str()).collect();
        let forwards = json(&paths, &[]);
        paths.reverse();
        prop_assert_eq!(&forwards, &json(&paths, &["--threads", "3"]));
        paths.rotate_left(1);
        paths.push(paths[0]);
        prop_assert_eq!(&forwards, &json(&paths, &[]), "a path named twice is read once");
    }

    #[test]
    fn compression_does_not_show(events in events(), member in any::<usize>()) {
        let bytes = ended(&lines(&events));
        let (first, second) = bytes.split_at(member % bytes.len());
        let mut plain = Inputs::new();
        plain.add("audit.json", &bytes);
        let mut zipped = Inputs::new();
        zipped.add("audit.json", &[gzip(first), gzip(second)].concat());
        let (plain, zipped) = (json(&[folder(&plain)], &[]), json(&[folder(&zipped)], &[]));
        let (plain, zipped) = (without_paths(&plain), without_paths(&zipped));
        prop_assert_eq!(difference(&plain, &zipped), None);
    }
}

#[test]
fn one_large_file_is_the_same_for_any_cut() {
    let line = |at: i64| {
        let request = format!("r{}", at / 3);
        match at % 3 {
            0 => asked(at / 7, &request, "reserved"),
            1 => asked(at / 7, &request, "default_file"),
            _ => failed(at / 7, &request),
        }
    };
    let lines: Vec<String> = (0..3000).map(line).collect();
    let inputs = Inputs::of(&[("audit.json", &lines[..])]);
    let both = inputs.both(&["--threads", "1"]);
    assert_equal(&both, "a large file");
    assert_eq!((both.0.totals[0], both.0.groups.len()), (1000, 1));
    let expected = json(&[folder(&inputs)], &[]);
    for threads in THREADS {
        for chunk in CHUNKS {
            let options = ["--threads", threads, "--chunk-size", chunk];
            assert!(json(&[folder(&inputs)], &options) == expected, "{options:?}");
        }
    }
}

/// Sorted by time, newest first, with equal times in their old order: one attempt shows that, the other needs it.
#[test]
fn what_shows_the_order_of_equal_times_is_seen_across_chunks() {
    let attempt = |request: &str, times: [i64; 3]| {
        [asked(times[0], request, "reserved"), asked(times[1], request, "default_file"), failed(times[2], request)]
    };
    let (shows, needs) = (attempt("shows", [1000; 3]), attempt("needs", [0, 0, 1]));
    let lines = [&shows[0], &shows[1], &shows[2], &needs[2], &needs[0], &needs[1]];
    let inputs = Inputs::of(&[("export.json", &lines[..])]);
    for chunk in CHUNKS {
        assert_equal(&inputs.both(&["--chunk-size", chunk]), chunk);
    }
}
