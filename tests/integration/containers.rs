//! Server logs of every shape, plain and in container logs whose records are cut: what is read quickly, and where a record
//! is cut, must not show.

use proptest::prelude::*;

use test_support::model::{Event, event, lines};
use test_support::{Inputs, difference, ended, json, report};

const CHUNKS: [&str; 5] = ["64", "65", "200", "4096", "1048576"];
const THREADS: [&str; 4] = ["1", "2", "3", "8"];

/// Lines of server logs, silent and not.
const SERVER: [&str; 11] = [
    r#"{"@timestamp":"2026-03-01T12:00:00.040Z", "log.level": "INFO", "message":"[gc][1] overhead", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","elasticsearch.node.id":"n1","elasticsearch.node.name":"es-1"}"#,
    r#"{"type": "server", "timestamp": "2026-03-01T12:00:01,725Z", "level": "INFO", "component": "o.e.x.X", "cluster.name": "prod", "node.name": "es-1", "message": "from \"hot\" to [null]", "cluster.uuid": "FI", "node.id": "n1"  }"#,
    r#"{"type": "server", "timestamp": "2026-03-01T12:00:00,002Z", "level": "WARN", "component": "o.e.x.s.a.ApiKeyAuthenticator", "node.name": "es-1", "message": "Authentication using apikey failed - api key [k] has been invalidated", "node.id": "n1"  }"#,
    "[2026-03-01T12:00:27,725][INFO ][o.e.m.j.JvmGcMonitorService] [es-2] authentication {unchanged}",
    "[2026-03-01T12:00:28,725][WARN ][o.e.x.s.a.ApiKeyAuthenticator] [es-2] Authentication using apikey failed - api key is expired",
    "[1999-03-01T12:00:28,725][WARN ][o.e.x.X] [es-2] a time that cannot be",
    "java.io.IOException: <refused>",
    "\tat org.elasticsearch.Foo$Bar.<init>(Foo.java:1) ~[elasticsearch-7.17.9.jar:7.17.9]",
    "Caused by: java.lang.Exception: {}",
    r#"{"type": "server", "timestamp": "2026-03-01T12:00:02,725Z", "level": "WARN", "component": "o.e.x.s.a.RealmsAuthenticator", "node.name": "es-1", "message": "Authentication to realm ldap1 failed - user not found", "node.id": "n1" ,"#,
    r#""stacktrace": ["java.lang.Exception: x","at a.B.c(B.java:1) [x.jar:1]"] }"#,
];

/// An event or a server line; in which stream, and after how many bytes the runtime cuts it.
type Written = (Result<Event, usize>, bool, usize);

fn written() -> impl Strategy<Value = Vec<Written>> {
    let line = prop_oneof![event().prop_map(Ok), (0..SERVER.len()).prop_map(Err)];
    prop::collection::vec((line, prop::bool::weighted(0.2), prop::sample::select(vec![40_usize, 150, 10_000])), 1..60)
}

fn text(line: &Result<Event, usize>) -> String {
    match line {
        Ok(event) => String::from_utf8_lossy(&lines(std::slice::from_ref(event))[0]).into_owned(),
        Err(at) => SERVER[*at].to_owned(),
    }
}

/// The lines of the runtime; parts of the two streams come in turns.
fn container(written: &[Written], docker: bool) -> Vec<String> {
    let mut streams = [Vec::new(), Vec::new()];
    for (line, is_error, size) in written {
        let letters: Vec<char> = text(line).chars().collect();
        let parts: Vec<String> = letters.chunks(*size).map(|part| part.iter().collect()).collect();
        let stream = if *is_error { "stderr" } else { "stdout" };
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            let time = "2026-03-01T12:34:56.789012345Z";
            streams[usize::from(*is_error)].push(if docker {
                let log = serde_json::Value::from(format!("{part}{}", if last { "\n" } else { "" }));
                format!(r#"{{"log":{log},"stream":"{stream}","time":"{time}"}}"#)
            } else {
                format!("{time} {stream} {} {part}", if last { "F" } else { "P" })
            });
        }
    }
    let [output, errors] = streams;
    let (mut output, mut errors, mut merged) = (output.into_iter(), errors.into_iter(), Vec::new());
    while output.len() + errors.len() > 0 {
        merged.extend(output.next());
        merged.extend(errors.next());
    }
    merged
}

/// A report without what says how the input is stored.
fn content(bytes: &[u8]) -> String {
    let mut report: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    for input in report["coverage"]["inputs"].as_array_mut().unwrap() {
        for member in ["bytes", "compression"] {
            input[member].take();
        }
    }
    serde_json::to_string_pretty(&report).unwrap()
}

fn run(path: &str, options: &[&str]) -> Vec<u8> {
    let arguments = [&["report", "--format", "json"], options, &[path]].concat();
    test_support::esaudit(&arguments).stdout
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_record_is_cut_does_not_show_by_ranges_or_as_a_stream(
        written in written(),
        docker in any::<bool>(),
        threads in prop::sample::select(THREADS.to_vec()),
        chunk in prop::sample::select(CHUNKS.to_vec()),
        ended_well in any::<bool>(),
    ) {
        let mut bytes = ended(&container(&written, docker));
        if !ended_well {
            bytes.pop();
        }
        let (mut plain, mut zipped) = (Inputs::new(), Inputs::new());
        let plain = plain.add("a.log", &bytes);
        let zipped = zipped.add_gzip("a.log", &bytes);
        let name = |text: &[u8]| content(text).replace(zipped.to_str().unwrap(), plain.to_str().unwrap());
        let one = run(plain.to_str().unwrap(), &["--threads", "1"]);
        let other = run(plain.to_str().unwrap(), &["--threads", threads, "--chunk-size", chunk]);
        prop_assert_eq!(difference(&name(&one), &name(&other)), None);
        let stream = run(zipped.to_str().unwrap(), &["--threads", threads, "--chunk-size", chunk]);
        prop_assert_eq!(difference(&name(&one), &name(&stream)), None);
    }

    #[test]
    fn what_is_read_quickly_is_what_the_decoder_reads(written in written(), chunk in prop::sample::select(CHUNKS.to_vec()), envelope in 0..4) {
        // No line is quick with a space behind it.
        let line = |line: &Result<Event, usize>, space: &str| match envelope {
            0 => format!("{}{space}", text(line)),
            1 => format!("es01_1  | {}{space}", text(line)),
            2 => format!("2026-03-01T12:34:56.789012345Z stdout F {}{space}", text(line)),
            _ => {
                let log = serde_json::Value::from(format!("{}\n", text(line)));
                format!(r#"{{"log":{log},"stream":"stdout","time":"2026-03-01T12:34:56.789012345Z"}}{space}"#)
            }
        };
        let all = |space: &str| -> Vec<u8> {
            written.iter().flat_map(|(text, ..)| (line(text, space).replace('\r', "") + "\n").into_bytes()).collect()
        };
        let mut inputs = Inputs::new();
        let path = inputs.add("a.log", &all(""));
        let path = path.to_str().unwrap();
        let quick = content(&run(path, &["--chunk-size", chunk]));
        std::fs::write(path, all(" ")).unwrap();
        let slow = content(&run(path, &[]));
        prop_assert_eq!(difference(&quick, &slow), None);
    }
}

#[test]
fn lines_of_a_stack_trace_are_other_lines_and_the_record_is_one() {
    let seven: Vec<&str> = [1, 9, 10, 1].map(|at: usize| SERVER[at]).into();
    let inputs = Inputs::of(&[("es-1.json", &seven[..])]);
    let input = &report(&[inputs.path().to_str().unwrap()], &[]).coverage.inputs[0];
    assert_eq!((input.server_events, input.other_lines, input.undecodable_lines), (3, 1, 0));
    let lines: Vec<&str> = [3, 6, 7, 7, 3, 6].map(|at: usize| SERVER[at]).into();
    let inputs = Inputs::of(&[("es-1.log", &lines.repeat(50)[..])]);
    let folder = inputs.path().to_str().unwrap();
    let report = report(&[folder], &["--assume-tz", "+02:00"]);
    let input = &report.coverage.inputs[0];
    assert_eq!((input.format.as_str(), input.lines), ("server-text", 300));
    assert_eq!((input.server_events, input.other_lines, input.undecodable_lines), (100, 200, 0));
    assert_eq!(input.first.as_deref(), Some("2026-03-01T10:00:27.725Z"));
    assert_eq!(report.coverage.nodes.iter().map(|node| node.name.as_deref()).collect::<Vec<_>>(), [Some("es-2")]);
    let expected = json(&[folder], &[]);
    for chunk in CHUNKS {
        assert!(json(&[folder], &["--chunk-size", chunk, "--threads", "3"]) == expected, "{chunk}");
    }
}

#[test]
fn a_record_of_a_megabyte_goes_over_many_ranges() {
    let request = |at: usize| {
        let mut line = test_support::line::failed(at as i64 * 1000, &format!("r{at}"));
        line.truncate(line.len() - 1);
        format!("{line}, \"indices\":[\"{}\"]}}", "i".repeat(1 << 20))
    };
    let records: Vec<String> = (0..3).map(request).collect();
    let parts = |record: &String| -> Vec<String> {
        let last = record.len().div_ceil(16 << 10) - 1;
        let part = |(at, part): (usize, &[u8])| {
            let tag = if at == last { "F" } else { "P" };
            format!("2026-03-01T12:34:56.789Z stdout {tag} {}", String::from_utf8_lossy(part))
        };
        record.as_bytes().chunks(16 << 10).enumerate().map(part).collect()
    };
    let lines: Vec<String> = records.iter().flat_map(parts).collect();
    let inputs = Inputs::of(&[("0.log", &lines[..])]);
    let folder = inputs.path().to_str().unwrap();
    let expected = json(&[folder], &["--threads", "1"]);
    assert_eq!(report(&[folder], &[]).totals.failed_attempts, 3);
    for chunk in ["5000", "16384", "300000"] {
        assert!(json(&[folder], &["--chunk-size", chunk, "--threads", "3"]) == expected, "{chunk}");
    }
}
