//! Lines that bring nothing new allocate nothing: neither those that only count, nor attempts whose names are known.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]

use esaudit::lines::{Chunk, StreamChunker};
use esaudit::options::Options;
use esaudit::state::{Folder, InputRef};

fn granted(at: usize) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"2026-03-01T00:{:02}:{:02},{:03}+0000", "node.id":"n", "event.type":"transport", "event.action":"access_granted", "authentication.type":"REALM", "user.name":"user-{}", "user.realm":"native1", "user.roles":["a","b"], "origin.type":"rest", "origin.address":"10.0.0.{}:{}", "request.id":"request-{at}", "action":"indices:data/read/search", "indices":["x","y"]}}"#,
        at / 60_000 % 60,
        at / 1000 % 60,
        at % 1000,
        at % 7,
        at % 11,
        at % 50_000,
    )
}

fn refused(at: usize) -> String {
    let event = |action: &str, realm: &str| {
        format!(
            r#"{{"type":"audit", "timestamp":"2026-03-01T00:{:02}:{:02},{:03}+0000", "node.id":"n", "event.type":"rest", "event.action":"{action}", "user.name":"user-{}", "origin.type":"rest", "origin.address":"10.0.0.{}:{}", {realm}"url.path":"/", "request.id":"request-{at}"}}"#,
            at / 60_000 % 60,
            at / 1000 % 60,
            at % 1000,
            at % 7,
            at % 11,
            at % 50_000,
        )
    };
    let realm = r#""realm":"native1", "#;
    [event("realm_authentication_failed", realm), event("authentication_failed", "")].join("\n")
}

/// Allocations of folding `count` lines made by `line`, after as many that made the same names known.
fn allocations(line: fn(usize) -> String, count: usize) -> u64 {
    let chunk = |from: usize| {
        let text = (from..from + count).map(line).collect::<Vec<_>>().join("\n");
        let mut reader = text.as_bytes();
        let mut chunk = Chunk::default();
        assert!(StreamChunker::new(&mut reader, text.len() + 1, 1 << 20).next(&mut chunk).unwrap());
        chunk
    };
    let mut folder = Folder::new(&Options::default(), 1);
    folder.chunk(InputRef { label: "a", compression: "none", seq: 0 }, &chunk(0));
    let next = chunk(count);
    let counted = allocation_counter::measure(|| {
        folder.chunk(InputRef { label: "a", compression: "none", seq: 1 }, &next);
    });
    let state = folder.into_state();
    assert_eq!(state.inputs[0].undecodable_lines + state.inputs[0].other_lines, 0);
    counted.count_total
}

#[test]
fn lines_that_only_count_allocate_nothing() {
    // What is left is of the chunk: the lists of chunks and buckets grow.
    let (few, many) = (allocations(granted, 1000), allocations(granted, 20_000));
    assert!(few < 100, "{few}");
    assert!(many < 600, "{many}");
}

#[test]
fn attempts_of_known_names_allocate_nothing_but_their_list() {
    let (few, many) = (allocations(refused, 1000), allocations(refused, 20_000));
    assert!(few < 100 && many < 100, "{few} {many}");
}
