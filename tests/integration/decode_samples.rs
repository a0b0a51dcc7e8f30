//! Real lines of public repositories, kept outside of this one: every file decodes to what its expectation says.
//!
//! The folder is `ESAUDIT_SAMPLES` or `../shared/samples`; without it the tests say so and pass.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use esaudit::internals::decode::native::client_address;
use esaudit::internals::decode::{Context, decode_line};
use esaudit::internals::event::{LogText, Record};
use esaudit::internals::framing::{Frame, Framing};
use esaudit::internals::time::{self, Zone};
use serde_json::Value;

fn samples() -> Option<PathBuf> {
    let folder = std::env::var_os("ESAUDIT_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no samples in {} (set ESAUDIT_SAMPLES)", folder.display());
    None
}

/// What is compared of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    action: String,
    user: Option<String>,
    realm: Option<String>,
    source: Option<String>,
    port: Option<String>,
    request: Option<String>,
    node: Option<String>,
    time: String,
}

/// The records of a file, framed by its content: audit events, and how many server lines and others there were.
fn read(bytes: &[u8], zone: Zone) -> (Vec<Seen>, usize, usize) {
    let (mut events, mut servers, mut others) = (Vec::new(), 0, 0);
    let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
    let member = |member: &Option<LogText<'_>>| member.as_deref().map(text);
    let mut decode = |line: &[u8]| {
        decode_line(line, &Context::new(zone), &mut |_, record| match record {
            Record::Audit(event) => {
                let source = event.origin.as_deref().map(client_address);
                events.push(Seen {
                    action: text(event.action.name()),
                    user: member(&event.user),
                    realm: member(&event.realm).or(member(&event.user_realm)),
                    port: event.origin.as_deref().map(text).and_then(|origin| {
                        let port = origin.rsplit_once(':')?.1.to_owned();
                        (origin.contains("]:") || origin.matches(':').count() == 1).then_some(port)
                    }),
                    source: source.as_deref().map(text),
                    request: member(&event.request_id),
                    node: member(&event.node_id).or(member(&event.node_name)),
                    time: event.time.rfc3339(),
                });
            }
            Record::Server(_) => servers += 1,
            Record::OfProduct(_) | Record::Dump(_) | Record::Other | Record::Quoted => others += 1,
            Record::Damaged => panic!("a damaged record"),
        })
        .unwrap();
    };
    match Framing::sniff(bytes).map(|framing| framing.framer(1 << 20)) {
        None => bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).for_each(decode),
        Some(mut framing) => {
            let mut out = |_, piece: Frame<'_>| match piece {
                Frame::Record(record) => decode(record),
                other => panic!("{other:?}"),
            };
            // In portions, as from a file.
            bytes.chunks(1000).for_each(|portion| framing.feed(portion, &mut out));
            framing.finish(&mut out);
        }
    }
    (events, servers, others)
}

/// A member of an expected document, flat or nested.
fn member<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(value) = document.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(at, _)| member(document.get(&path[..at])?, &path[at + 1..]))
}

fn expected(document: &Value) -> Seen {
    let text = |paths: &[&str]| {
        paths.iter().find_map(|path| member(document, path)).and_then(Value::as_str).map(str::to_owned)
    };
    let time = text(&["@timestamp"]).unwrap();
    Seen {
        action: text(&["event.action", "elasticsearch.audit.event_type"]).unwrap(),
        user: text(&["user.name"]),
        realm: text(&["elasticsearch.audit.realm", "elasticsearch.audit.user.realm"]),
        source: text(&["source.ip"]),
        port: member(document, "source.port").map(Value::to_string),
        request: text(&["http.request.id", "elasticsearch.audit.request.id"]),
        node: text(&["elasticsearch.node.id", "elasticsearch.node.name"]),
        time: time::parse(time.as_bytes(), Zone::UTC).unwrap().time.rfc3339(),
    }
}

#[test]
fn files_decode_to_what_is_expected_of_them() {
    let Some(folder) = samples() else { return };
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(log) = name.strip_suffix("-expected.json") else { continue };
        files += 1;
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let array = document.get("expected").unwrap_or(&document);
        let documents: Vec<&Value> = array.as_array().unwrap().iter().filter(|document| !document.is_null()).collect();
        // The zone that the pipeline was told of; in the other runs it was told none.
        let zone = match member(documents[0], "event.timezone").and_then(Value::as_str) {
            Some(zone) => Zone::parse(zone).unwrap(),
            None => Zone::UTC,
        };
        let documents: Vec<Seen> = documents.into_iter().map(expected).collect();
        let (events, _, _) = read(&std::fs::read(path.with_file_name(log)).unwrap(), zone);
        assert_eq!(events, documents, "{log}");
        // What is expected are ECS documents, flat or nested.
        let (again, servers, others) = read(&serde_json::to_vec_pretty(array).unwrap(), zone);
        assert_eq!((again, servers, others), (documents, 0, 0), "{name}");
    }
    assert!(files >= 4, "{files} expectations");
}

#[test]
fn every_file_is_read_whole() {
    let Some(folder) = samples() else { return };
    for (name, audit, server) in [
        ("DERIVED-docker-json-file-wrapped-audit.log", 2, 1),
        ("DERIVED-elasticdump-shape.ndjson", 7, 0),
        ("DERIVED-elasticsearch-docs-examples-joined.jsonl", 33, 0),
        ("DERIVED-search-response-nested-ecs.json", 4, 0),
        ("beats-module-elasticsearch-audit-test-audit-711.log", 3, 0),
        ("beats-module-elasticsearch-audit-test-audit-730.log", 10, 0),
        ("beats-module-elasticsearch-audit-test-audit-761.log", 1, 0),
        ("beats-module-elasticsearch-audit-test-audit-800.log", 3, 0),
        ("beats-module-elasticsearch-audit-test-audit-800.mixed.log", 1, 1),
        ("beats-module-elasticsearch-audit-test-audit-docker.log", 2, 1),
        ("beats-module-elasticsearch-audit-test-audit.log", 7, 2),
        ("beats-module-elasticsearch-audit-test.log", 7, 0),
        ("github-issue-server-log-apikey-failures.jsonl", 0, 2),
        ("integrations-elasticsearch-audit-sample_event.json", 1, 0),
        ("integrations-elasticsearch-audit-test-audit-logs.log", 4, 0),
        ("integrations-elasticsearch-audit-test-security-config-change.log", 7, 0),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let (events, servers, others) = read(&bytes, Zone::UTC);
        assert_eq!((events.len(), servers, others), (audit, server, 0), "{name}");
    }
}

#[test]
fn exports_give_the_events_of_the_files_they_came_from() {
    let Some(folder) = samples() else { return };
    let events = |name: &str| read(&std::fs::read(folder.join(name)).unwrap(), Zone::parse("-02:00").unwrap()).0;
    let native = events("integrations-elasticsearch-audit-test-audit-logs.log");
    assert_eq!(events("DERIVED-search-response-nested-ecs.json")[..3], native[..3]);
    let dump = events("DERIVED-elasticdump-shape.ndjson");
    assert_eq!(dump[..3], events("beats-module-elasticsearch-audit-test-audit-711.log")[..]);
    assert_eq!(dump[3..6], native[..3]);
}

#[test]
fn no_truncation_of_a_real_line_panics() {
    let Some(folder) = samples() else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for line in bytes.split(|&byte| byte == b'\n') {
            for end in (0..line.len()).step_by(1 + line.len() / 400) {
                let _ = decode_line(&line[..end], &Context::new(Zone::UTC), &mut |_, _| {});
                let _ = decode_line(&line[end..], &Context::new(Zone::UTC), &mut |_, _| {});
            }
        }
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 300) {
            let _ = Framing::sniff(&bytes[..end]);
            for framing in ["documents", "csv"] {
                let mut framing = Framing::named(framing).unwrap().framer(4096);
                framing.feed(&bytes[..end], &mut |_, _| {});
                framing.finish(&mut |_, _| {});
            }
        }
    }
}
