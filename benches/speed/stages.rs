//! One bench a stage, on one thread.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use esaudit::aggregate;
use esaudit::correlate::correlate;
use esaudit::decode::{Context, decode_line};
use esaudit::input::{self, Opened, Source};
use esaudit::lines::{Chunk, StreamChunker, lines, read_range};
use esaudit::options::Options;
use esaudit::report::model::Report;
use esaudit::report::{Style, View, renderer};
use esaudit::state::{Folder, InputRef, State};
use esaudit::time::{self, Zone};

use crate::corpus;

fn source(path: &Path) -> Source {
    Source { path: path.to_owned(), label: path.display().to_string(), is_stdin: false, size: None, modified: None }
}

/// Reads the lines of a plain file by ranges.
#[divan::bench]
fn frame_ranges(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let file = File::open(&corpus::files(&corpus::PLAIN, "_audit")[0]).unwrap();
    let len = file.metadata().unwrap().len();
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        let (mut chunk, mut at, mut count) = (Chunk::default(), 0, 0);
        while at < len {
            let end = (at + options.chunk_size as u64).min(len);
            read_range(&file, at..end, len, options.max_line, &mut chunk).unwrap();
            count += lines(chunk.bytes()).count();
            at = end;
        }
        count
    });
}

/// Cuts a stream into lines.
#[divan::bench]
fn frame_stream(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let text = &*corpus::NATIVE_TEXT;
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| {
        let mut reader = &text[..];
        let mut chunker = StreamChunker::new(&mut reader, options.chunk_size, options.max_line);
        let (mut chunk, mut count) = (Chunk::default(), 0);
        while chunker.next(&mut chunk).unwrap() {
            count += lines(chunk.bytes()).count();
        }
        count
    });
}

/// Decompresses the files of a node.
#[divan::bench]
fn inflate(bencher: Bencher<'_, '_>) {
    let paths = corpus::files(&corpus::GZIP, "_audit");
    bencher.counter(BytesCount::new(read_all(&paths))).bench_local(|| read_all(&paths));
}

fn read_all(paths: &[PathBuf]) -> u64 {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    for path in paths {
        let Opened::Streams(streams) = input::open(&source(path), esaudit::options::Limits::default()).unwrap() else {
            continue;
        };
        let each = &mut |_: &input::StreamInfo, reader: &mut dyn Read| {
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

fn decode(bencher: Bencher<'_, '_>, text: &[u8]) {
    let context = Context::new(Zone::UTC);
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| {
        let mut records = 0;
        for line in lines(text) {
            let sink = &mut |_: &'static str, record: esaudit::event::Record<'_>| {
                black_box(&record);
                records += 1;
            };
            decode_line(line, &context, sink).unwrap();
        }
        records
    });
}

/// Decodes audit lines as the audit file has them.
#[divan::bench]
fn decode_native(bencher: Bencher<'_, '_>) {
    decode(bencher, &corpus::NATIVE_TEXT);
}

/// Decodes audit lines out of docker's envelope.
#[divan::bench]
fn decode_docker(bencher: Bencher<'_, '_>) {
    decode(bencher, &corpus::DOCKER_TEXT);
}

/// Decodes server lines.
#[divan::bench]
fn decode_server(bencher: Bencher<'_, '_>) {
    decode(bencher, &corpus::SERVER_TEXT);
}

/// Reads times, as each kind of log writes them.
#[divan::bench(args = ["2026-03-01T12:34:56,789+0000", "2026-03-01T12:34:56.789Z", "2018-10-31T09:34:25,109"])]
fn timestamps(bencher: Bencher<'_, '_>, text: &str) {
    const TIMES: usize = 1000;
    bencher.counter(BytesCount::new(TIMES * text.len())).counter(ItemsCount::new(TIMES)).bench_local(|| {
        for _ in 0..TIMES {
            black_box(time::parse(black_box(text.as_bytes()), Zone::UTC));
        }
    });
}

/// The chunks of the plain files.
fn chunks(folder: &Path, options: &Options) -> Vec<(String, u32, Chunk)> {
    let mut found = Vec::new();
    for path in corpus::files(folder, "_audit") {
        let file = File::open(&path).unwrap();
        let len = file.metadata().unwrap().len();
        let starts = (0..len).step_by(options.chunk_size);
        for (seq, at) in (0..).zip(starts) {
            let mut chunk = Chunk::default();
            let end = (at + options.chunk_size as u64).min(len);
            read_range(&file, at..end, len, options.max_line, &mut chunk).unwrap();
            found.push((path.display().to_string(), seq, chunk));
        }
    }
    found
}

fn fold_all<'c>(chunks: impl Iterator<Item = &'c (String, u32, Chunk)>, options: &Options) -> State {
    let mut folder = Folder::new(options, 1);
    for (label, seq, chunk) in chunks {
        folder.chunk(InputRef { label, compression: "none", seq: *seq }, chunk);
    }
    folder.into_state()
}

fn bytes(chunks: &[(String, u32, Chunk)]) -> BytesCount {
    BytesCount::new(chunks.iter().map(|(_, _, chunk)| chunk.bytes().len()).sum::<usize>())
}

fn fold(bencher: Bencher<'_, '_>, folder: &Path) {
    let options = Options::default();
    let chunks = chunks(folder, &options);
    bencher.counter(bytes(&chunks)).bench_local(|| fold_all(chunks.iter(), &options));
}

/// Decodes and folds: all that a worker does with a chunk.
#[divan::bench]
fn fold_busy(bencher: Bencher<'_, '_>) {
    fold(bencher, &corpus::PLAIN);
}

/// The same in a flood of failures.
#[divan::bench]
fn fold_flood(bencher: Bencher<'_, '_>) {
    fold(bencher, &corpus::FLOOD);
}

/// Merges what two workers learned from every other chunk of a flood.
#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let chunks = chunks(&corpus::FLOOD, &options);
    let one = fold_all(chunks.iter().step_by(2), &options);
    let two = fold_all(chunks.iter().skip(1).step_by(2), &options);
    bencher
        .counter(bytes(&chunks))
        .with_inputs(|| (one.clone(), two.clone()))
        .bench_local_values(|(one, two)| one.merge(two));
}

/// Joins chains and actors.
#[divan::bench]
fn correlate_flood(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let chunks = chunks(&corpus::FLOOD, &options);
    let state = fold_all(chunks.iter(), &options);
    bencher
        .counter(bytes(&chunks))
        .with_inputs(|| state.clone())
        .bench_local_values(|state| correlate(state, &[], &options));
}

/// Counts groups, tops and coverage.
#[divan::bench]
fn aggregate_flood(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let chunks = chunks(&corpus::FLOOD, &options);
    let joined = correlate(fold_all(chunks.iter(), &options), &[], &options);
    bencher.counter(bytes(&chunks)).bench_local(|| aggregate::report(&joined, Vec::new(), &[], &options));
}

fn render(bencher: Bencher<'_, '_>, format: &str) {
    let options = Options::default();
    let report: Report = aggregate::report(
        &correlate(fold_all(chunks(&corpus::FLOOD, &options).iter(), &options), &[], &options),
        Vec::new(),
        &[],
        &options,
    );
    let renderer = renderer(format).unwrap();
    // Every row, so that there is something to measure.
    let view = View { style: Style { width: 120, ..Style::default() }, top: None };
    let mut out = Vec::new();
    renderer.render(&report, &view, &mut out).unwrap();
    bencher.counter(BytesCount::of_slice(&out)).bench_local(|| {
        out.clear();
        renderer.render(&report, &view, &mut out).unwrap();
    });
}

/// Writes the table; bytes written.
#[divan::bench]
fn render_table(bencher: Bencher<'_, '_>) {
    render(bencher, "table");
}

/// Writes JSON; bytes written.
#[divan::bench]
fn render_json(bencher: Bencher<'_, '_>) {
    render(bencher, "json");
}
