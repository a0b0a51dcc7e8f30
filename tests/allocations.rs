//! Lines that bring nothing new allocate nothing, however they are stored: neither those that only count, nor attempts and
//! reasons whose names are known. What is left is of files, chunks and the lists of what is kept, which grow by doubling.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::Path;

use esaudit::internals::framing::{Chunker, FramingKind};
use esaudit::internals::input::{self, Opened, Source, StreamInfo};
use esaudit::internals::lines::{Chunk, read_range};
use esaudit::internals::options::Options;
use esaudit::internals::state::{InputRef, State, StateBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;

fn stamp(at: usize) -> String {
    format!("2026-03-01T00:{:02}:{:02},{:03}+0000", at / 60_000 % 60, at / 1000 % 60, at % 1000)
}

fn granted(at: usize) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"{}", "node.id":"n", "event.type":"transport", "event.action":"access_granted", "authentication.type":"REALM", "user.name":"user-{}", "user.realm":"native1", "user.roles":["a","b"], "origin.type":"rest", "origin.address":"10.0.0.{}:{}", "request.id":"request-{at}", "action":"indices:data/read/search", "indices":["x","y"]}}"#,
        stamp(at),
        at % 7,
        at % 11,
        at % 50_000,
    )
}

/// A failed attempt: the event of its realm, and its own; `more` are members of both.
fn attempt(at: usize, more: &str) -> String {
    let event = |action: &str, realm: &str| {
        format!(
            r#"{{"type":"audit", "timestamp":"{}", "node.id":"n", "event.type":"rest", "event.action":"{action}", "user.name":"user-{}", "origin.type":"rest", "origin.address":"10.0.0.{}:{}", {realm}"url.path":"/", {more}"request.id":"request-{at}"}}"#,
            stamp(at),
            at % 7,
            at % 11,
            at % 50_000,
        )
    };
    let realm = r#""realm":"native1", "#;
    [event("realm_authentication_failed", realm), event("authentication_failed", "")].join("\n")
}

fn refused(at: usize) -> String {
    attempt(at, "")
}

/// The same with a member that the probe does not know, so that the decoder sees it.
fn decoded(at: usize) -> String {
    attempt(at, r#""opaque_id":"a\"b", "#)
}

/// A line of the server log of 8.x.
fn server(at: usize, message: &str) -> String {
    format!(
        r#"{{"@timestamp":"2026-03-01T00:{:02}:{:02}.{:03}Z", "log.level": "WARN", "message":"{message}", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"elasticsearch[es-1][transport_worker][T#1]","log.logger":"org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator","elasticsearch.cluster.uuid":"c","elasticsearch.node.id":"n","elasticsearch.node.name":"es-1","elasticsearch.cluster.name":"prod"}}"#,
        at / 60_000 % 60,
        at / 1000 % 60,
        at % 1000,
    )
}

fn silent(at: usize) -> String {
    server(at, "high disk watermark [90%] exceeded on [n][es-1], shards will be relocated away from this node")
}

fn telling(at: usize) -> String {
    let message = format!("Authentication using apikey failed - api key [key-{}] has been invalidated", at % 5);
    server(at, &message)
}

/// Folds a file as a worker does, chunk after chunk in one buffer.
fn fold(folder: &mut StateBuilder, path: &Path, seq: &mut u32) {
    let options = Options::default();
    let label = "a";
    let mut chunk = Chunk::default();
    let mut each = |chunk: &Chunk| {
        folder.chunk(InputRef { label, compression: "none", seq: *seq, only: false }, chunk);
        *seq += 1;
    };
    let source = Source {
        path: path.to_owned(),
        label: label.to_owned(),
        is_stdin: false,
        size: None,
        modified: None,
        resume: None,
    };
    match input::open(&source, options.limits).unwrap() {
        Opened::Ranges { file, len } => {
            let mut at = 0;
            while at < len {
                let end = (at + options.chunk_size as u64).min(len);
                read_range(&file, at..end, len, options.max_line, &mut chunk).unwrap();
                each(&chunk);
                at = end;
            }
        }
        Opened::Streams(streams) => {
            let stream = &mut |_: &StreamInfo, reader: &mut dyn Read| {
                let mut chunker = Chunker::new(FramingKind::Lines, reader, options.chunk_size, options.max_line);
                while chunker.next(&mut chunk).unwrap() {
                    each(&chunk);
                }
            };
            streams.for_each(stream).unwrap();
        }
    }
}

/// What stands for a line of the file.
type Line = fn(usize) -> String;

/// Allocations of reading and folding `count` lines of a file, after as many that made the same names known; and what was
/// learned.
fn allocations(line: Line, count: usize, packed: bool) -> (u64, State) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, from: usize| {
        let mut text = String::new();
        (from..from + count).for_each(|at| writeln!(text, "{}", line(at)).unwrap());
        let path = folder.path().join(name);
        if packed {
            let mut out = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap();
        } else {
            std::fs::write(&path, text).unwrap();
        }
        path
    };
    let (first, second) = (file("first", 0), file("second", count));
    let mut folder = StateBuilder::new(&Options::default(), 1);
    let mut seq = 0;
    fold(&mut folder, &first, &mut seq);
    let counted = allocation_counter::measure(|| fold(&mut folder, &second, &mut seq)).count_total;
    let state = folder.into_state();
    assert_eq!(state.inputs[0].undecodable_lines + state.inputs[0].other_lines, 0);
    (counted, state)
}

/// Twenty times the lines make no more than `more` allocations more, plain and in gzip. Gives what was learned of them.
fn assert_steady(line: Line, more: u64) -> State {
    let [plain, packed] = [false, true].map(|packed| {
        let ((few, _), (many, state)) = (allocations(line, 1000, packed), allocations(line, 20_000, packed));
        assert!(many <= few + more, "{few} for 1,000 and {many} for 20,000, in gzip: {packed}");
        state
    });
    assert_eq!(plain.attempts.len(), packed.attempts.len());
    plain
}

#[test]
fn lines_that_only_count_allocate_nothing() {
    // The buckets of time of each client.
    let state = assert_steady(granted, 600);
    assert_eq!((state.inputs[0].audit_events, state.attempts.len()), (40_000, 0));
}

#[test]
fn attempts_of_known_names_allocate_nothing_but_their_list() {
    let state = assert_steady(refused, 100);
    assert_eq!((state.inputs[0].audit_events, state.attempts.len()), (80_000, 40_000));
}

#[test]
fn nor_do_those_that_the_decoder_sees() {
    let state = assert_steady(decoded, 100);
    assert_eq!((state.inputs[0].audit_events, state.attempts.len()), (80_000, 40_000));
}

#[test]
fn nor_do_server_lines_that_tell_nothing() {
    let state = assert_steady(silent, 100);
    assert_eq!((state.inputs[0].server_events, state.reasons.len()), (40_000, 0));
}

#[test]
fn nor_do_server_lines_that_tell_a_reason() {
    let state = assert_steady(telling, 100);
    assert_eq!((state.inputs[0].server_events, state.reasons.len()), (40_000, 40_000));
}

/// A document of an index: the paths of its nested members are put together in one place.
fn document(at: usize) -> String {
    format!(
        r#"{{"@timestamp":"2026-03-01T00:{:02}:{:02}.{:03}Z", "event":{{"action":"authentication_failed", "dataset":"elasticsearch.audit"}}, "elasticsearch":{{"audit":{{"layer":"rest", "request":{{"id":"request-{at}"}}, "origin":{{"type":"rest"}}}}, "node":{{"id":"n"}}}}, "user":{{"name":"user-{}"}}, "source":{{"ip":"10.0.0.{}"}}}}"#,
        at / 60_000 % 60,
        at / 1000 % 60,
        at % 1000,
        at % 7,
        at % 11,
    )
}

#[test]
fn documents_allocate_once_for_the_paths_of_their_members() {
    let state = assert_steady(document, 19_000 + 100);
    assert_eq!((state.inputs[0].audit_events, state.attempts.len()), (40_000, 40_000));
}

/// In an envelope that leaves the line as it is.
fn enveloped(at: usize) -> String {
    let prefixed = |line: &str| format!("2026-03-01T00:00:00.123456789Z stdout F {line}");
    refused(at).lines().map(prefixed).collect::<Vec<_>>().join("\n")
}

#[test]
fn nor_do_lines_in_an_envelope() {
    let state = assert_steady(enveloped, 100);
    assert_eq!((state.inputs[0].audit_events, state.attempts.len()), (80_000, 40_000));
}
