//! Work grows with what a log holds, not with its square: allocations, and bytes of them, of folding, joining, judging and
//! counting logs that hold very many of one thing. `benches/growth.py` measures the time of the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]

use std::fmt::Write as _;
use std::sync::Arc;

use esaudit::internals::correlate::correlate;
use esaudit::internals::lines::{Chunk, StreamChunker};
use esaudit::internals::options::Options;
use esaudit::internals::state::{InputRef, StateBuilder};
use esaudit::internals::{aggregate, judge};

/// An event of a number of lines, with more members.
fn event(at: usize, action: &str, more: &str) -> String {
    format!(
        r#"{{"type":"audit", "timestamp":"2026-03-01T{:02}:{:02}:{:02},{:03}+0000", "event.type":"rest", "event.action":"{action}", "origin.type":"rest", {more}"#,
        at / 360_000 % 24,
        at / 6_000 % 60,
        at / 100 % 60,
        at % 100 * 10,
    )
}

fn failed(at: usize, node: usize, user: usize, address: usize) -> String {
    let source = format!("10.{}.{}.{}", address >> 16, address >> 8 & 255, address & 255);
    let more = format!(
        r#""node.id":"n{node}", "user.name":"u{user}", "origin.address":"{source}:4000", "url.path":"/", "request.id":"r{at}"}}"#
    );
    event(at, "authentication_failed", &more)
}

fn realm_failed(at: usize, realm: usize) -> String {
    let more = format!(
        r#""node.id":"n0", "user.name":"u0", "realm":"realm-{realm}", "origin.address":"10.0.0.1:4000", "url.path":"/", "request.id":"one"}}"#
    );
    event(at, "realm_authentication_failed", &more)
}

fn granted(at: usize, node: usize, user: usize, key: usize) -> String {
    let more = format!(
        r#""node.id":"n{node}", "authentication.type":"API_KEY", "user.name":"u{user}", "user.realm":"native", "apikey.id":"key-{key}", "apikey.name":"name-{key}", "origin.address":"10.0.0.1:4000", "action":"indices:data/read/search", "request.id":"g{at}"}}"#
    );
    event(at, "access_granted", &more)
}

/// An invalidation, by what `keys` names.
fn invalidated(at: usize, keys: &str) -> String {
    let more = format!(r#""node.id":"n0", "request.id":"i{at}", "invalidate":{{"apikeys":{{{keys}}}}}}}"#);
    event(at, "invalidate_apikeys", &more)
}

/// Allocations of a whole analysis of a log, and their bytes.
fn work(log: &str, pool: &rayon::ThreadPool) -> (u64, u64) {
    let options = Options { threads: 1, max_line: 1 << 30, ..Options::default() };
    let analyse = || {
        let mut builder = StateBuilder::new(&options, 1);
        let (mut bytes, mut chunk, mut seq) = (log.as_bytes(), Chunk::default(), 0);
        let mut chunker = StreamChunker::new(&mut bytes, options.chunk_size, options.max_line);
        while chunker.next(&mut chunk).unwrap() {
            builder.chunk(InputRef { label: "a", compression: "none", seq, only: false }, &chunk);
            seq += 1;
        }
        let joined = Arc::new(correlate(builder.into_state(), &[], &options));
        aggregate::report(&joined, || judge::judge(&joined, &options), &[], &options)
    };
    let counted = allocation_counter::measure(|| {
        let report = pool.install(analyse);
        assert_eq!(report.coverage.undecodable_lines + report.coverage.other_lines, 0);
    });
    (counted.count_total, counted.bytes_total)
}

/// A log of so many of something.
type Log = fn(usize) -> String;

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut log, at| {
        writeln!(log, "{}", line(at)).unwrap();
        log
    })
}

#[test]
fn no_number_of_things_costs_its_square() {
    let logs: [(&str, Log); 11] = [
        ("node ids", |count| lines(count, |at| failed(at, at, at % 7, at % 11))),
        ("node ids that get in", |count| lines(count, |at| granted(at, at, at % 7, at % 5))),
        ("accounts", |count| lines(count, |at| failed(at, 0, at, at % 11))),
        ("addresses", |count| lines(count, |at| failed(at, 0, at % 7, at))),
        ("pairs", |count| lines(count, |at| failed(at, 0, at, at))),
        ("keys", |count| lines(count, |at| granted(at, 0, at % 7, at))),
        ("realm failures of one request", |count| lines(count, |at| realm_failed(at, at % 7))),
        ("realms of one request", |count| {
            lines(count, |at| realm_failed(at, at))
                + &failed(count, 0, 0, 1).replace(&format!("\"r{count}\""), "\"one\"")
        }),
        ("ids of one invalidation", |count| {
            let ids: Vec<String> = (0..count).map(|at| format!("\"key-{at}\"")).collect();
            lines(count, |at| granted(at, 0, 0, at)) + &invalidated(count, &format!("\"ids\":[{}]", ids.join(",")))
        }),
        ("invalidations by owner", |count| {
            let by_owner = |at| invalidated(count + at, &format!("\"user\":{{\"name\":\"u{at}\"}}"));
            lines(count, |at| granted(at, 0, at, at)) + &lines(count, by_owner)
        }),
        ("attempts of one request", |count| {
            lines(count, |at| failed(at, 0, 0, 1).replace(&format!("\"r{at}\""), "\"one\""))
        }),
    ];
    let (few, many) = (1_000, 16_000);
    // One thread, which is this one: allocations are counted by thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    for (name, log) in logs {
        let (less, more) = (work(&log(few), &pool), work(&log(many), &pool));
        // An exponent of 1.3, above what a report takes however little it tells.
        let most = |less: u64| less as f64 * ((many / few) as f64).powf(1.3);
        assert!((more.0 as f64) < most(less.0), "{name}: {} allocations, {} of a sixteenth", more.0, less.0);
        assert!((more.1 as f64) < most(less.1), "{name}: {} bytes allocated, {} of a sixteenth", more.1, less.1);
    }
}
