//! Bytes to lines: framing, decompression, and what needs no decoder. On one thread.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use esaudit::internals::fast_reader::Probe;
use esaudit::internals::fast_reader::server::Servers;
use esaudit::internals::framing::{Chunker, Framing, FramingKind};
use esaudit::internals::input::{self, Opened, Source, StreamInfo};
use esaudit::internals::lines::{Chunk, StreamChunker, lines, read_range};
use esaudit::internals::options::{Limits, Options};
use esaudit::internals::time::{self, Zone};

use crate::{corpus, decoders};

/// Reads the lines of a plain file by ranges.
#[divan::bench]
fn frame_ranges(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let path = &corpus::files(&corpus::BUSY_LOG, "_audit")[0];
    let file = File::open(path).unwrap();
    let len = file.metadata().unwrap().len();
    let frame = || {
        let (mut chunk, mut at, mut count) = (Chunk::default(), 0, 0);
        while at < len {
            let end = (at + options.chunk_size as u64).min(len);
            read_range(&file, at..end, len, options.max_line, &mut chunk).unwrap();
            count += lines(chunk.bytes()).count();
            at = end;
        }
        count
    };
    assert_eq!(frame(), corpus::count_lines(&corpus::NATIVE_TEXT));
    bencher.counter(BytesCount::new(len)).bench_local(frame);
}

/// Cuts a stream into lines.
#[divan::bench]
fn frame_stream(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let text = &*corpus::NATIVE_TEXT;
    let frame = || {
        let mut reader = &text[..];
        let mut chunker = StreamChunker::new(&mut reader, options.chunk_size, options.max_line);
        let (mut chunk, mut count) = (Chunk::default(), 0);
        while chunker.next(&mut chunk).unwrap() {
            count += lines(chunk.bytes()).count();
        }
        count
    };
    assert_eq!(frame(), corpus::count_lines(text));
    bencher.counter(BytesCount::of_slice(text)).bench_local(frame);
}

/// Cuts a stream whose records are not lines into records.
#[divan::bench(args = ["search-pretty", "csv", "docker", "cri"])]
fn frame_records(bencher: Bencher<'_, '_>, shape: &str) {
    let options = Options::default();
    let text = decoders::shaped(shape);
    let cut = FramingKind::of(&text[..text.len().min(esaudit::internals::framing::HEAD)], None);
    let expected = match shape {
        "search-pretty" => FramingKind::Records(Framing::named("documents").unwrap()),
        "csv" => FramingKind::Records(Framing::named("csv").unwrap()),
        _ => FramingKind::Parts,
    };
    assert_eq!(cut, expected);
    let frame = || {
        let mut reader = &text[..];
        let mut chunker = Chunker::new(cut, &mut reader, options.chunk_size, options.max_line);
        let (mut chunk, mut count) = (Chunk::default(), 0);
        while chunker.next(&mut chunk).unwrap() {
            count += lines(chunk.bytes()).count();
        }
        count
    };
    assert!(frame() > 1000, "records");
    bencher.counter(BytesCount::of_slice(&text)).bench_local(frame);
}

/// Decompresses gzip files.
#[divan::bench]
fn inflate(bencher: Bencher<'_, '_>) {
    let paths = corpus::files(&corpus::GZIP_8, "_audit");
    let stored: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
    let bytes = read_all(&paths);
    assert!(bytes > 2 * stored, "compressed");
    bencher.counter(BytesCount::new(bytes)).bench_local(|| read_all(&paths));
}

fn source(path: &Path) -> Source {
    Source {
        path: path.to_owned(),
        label: path.display().to_string(),
        is_stdin: false,
        size: None,
        modified: None,
        resume: None,
    }
}

fn read_all(paths: &[PathBuf]) -> u64 {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    for path in paths {
        let Opened::Streams(streams) = input::open(&source(path), Limits::default()).unwrap() else {
            panic!("{} is plain", path.display());
        };
        let each = &mut |_: &StreamInfo, reader: &mut dyn Read| {
            loop {
                match reader.read(&mut buffer).unwrap() {
                    0 => break,
                    count => total += count as u64,
                }
            }
        };
        streams.for_each(each).unwrap();
    }
    total
}

/// Takes audit lines without the decoder; those that it leaves to the decoder are passed over.
fn probe(bencher: Bencher<'_, '_>, text: &[u8]) {
    let max_line = Options::default().max_line;
    let run = || {
        let mut probe = Probe::new(Zone::UTC);
        let (mut at, mut taken) = (0, 0);
        while at < text.len() {
            at = match probe.take(text, at, max_line) {
                Some(line) => {
                    taken += 1;
                    black_box(line.changed());
                    line.next
                }
                None => memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |len| at + len + 1),
            };
        }
        taken
    };
    let (taken, all) = (run(), corpus::count_lines(text));
    assert!(taken * 10 > all * 9, "{taken} of {all} lines");
    bencher.counter(BytesCount::of_slice(text)).bench_local(run);
}

/// Of a busy cluster.
#[divan::bench]
fn probe_busy(bencher: Bencher<'_, '_>) {
    probe(bencher, &corpus::NATIVE_TEXT);
}

/// Of a flood.
#[divan::bench]
fn probe_flood(bencher: Bencher<'_, '_>) {
    probe(bencher, &corpus::FLOOD_TEXT);
}

/// Passes over server lines that tell no reason.
#[divan::bench]
fn prefilter_server(bencher: Bencher<'_, '_>) {
    let text = decoders::server_log("ecs");
    let run = || {
        let mut servers = Servers::new(Zone::UTC);
        lines(&text).filter(|line| servers.take(line).is_some()).count()
    };
    let (taken, all) = (run(), corpus::count_lines(&text));
    assert!(taken * 3 > all, "{taken} of {all} lines");
    bencher.counter(BytesCount::of_slice(&text)).bench_local(run);
}

/// Reads times, as each kind of log writes them.
#[divan::bench(args = ["2026-03-01T12:34:56,789+0000", "2026-03-01T12:34:56.789Z", "2018-10-31T09:34:25,109"])]
fn timestamps(bencher: Bencher<'_, '_>, text: &str) {
    const TIMES: usize = 1000;
    assert!(time::parse(text.as_bytes(), Zone::UTC).is_some());
    bencher.counter(BytesCount::new(TIMES * text.len())).counter(ItemsCount::new(TIMES)).bench_local(|| {
        for _ in 0..TIMES {
            black_box(time::parse(black_box(text.as_bytes()), Zone::UTC));
        }
    });
}
