//! Lines to a report: what is learned, merged, joined, judged, counted and written. On one thread.
//!
//! Bytes are those of the log, so that what a stage costs can be compared with reading; of renderers, those written.

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use esaudit::internals::aggregate;
use esaudit::internals::correlate::{Correlated, correlate};
use esaudit::internals::document::formats::{Form, Style, View, format, offered};
use esaudit::internals::judge;
use esaudit::internals::lines::Chunk;
use esaudit::internals::options::Options;
use esaudit::internals::part::{Part, Reading};
use esaudit::internals::pipeline;
use esaudit::internals::state::{InputRef, State, StateBuilder};

use crate::corpus;

/// The log of a name.
fn log(name: &str) -> &'static Path {
    match name {
        "busy" => &corpus::BUSY_LOG,
        "flood" => &corpus::FLOOD_LOG,
        _ => &corpus::PLANTED_LOG,
    }
}

fn fold_all<'c>(chunks: impl Iterator<Item = &'c (String, u32, Chunk)>, options: &Options) -> State {
    let mut folder = StateBuilder::new(options, 1);
    for (label, seq, chunk) in chunks {
        folder.chunk(InputRef { label, compression: "none", seq: *seq, only: false }, chunk);
    }
    folder.into_state()
}

/// What every other chunk of a log holds, twice.
fn halves(chunks: &[(String, u32, Chunk)], options: &Options) -> (State, State) {
    let one = fold_all(chunks.iter().step_by(2), options);
    let two = fold_all(chunks.iter().skip(1).step_by(2), options);
    assert!(one.attempts.len().min(two.attempts.len()) > 1000, "attempts");
    (one, two)
}

fn bytes(chunks: &[(String, u32, Chunk)]) -> BytesCount {
    BytesCount::new(chunks.iter().map(|(_, _, chunk)| chunk.bytes().len()).sum::<usize>())
}

/// The joined log and its size.
fn joined(name: &str, options: &Options) -> (Correlated, BytesCount) {
    let chunks = corpus::chunks(log(name), options);
    let joined = correlate(fold_all(chunks.iter(), options), &[], options);
    assert!(!joined.attempts.is_empty(), "attempts");
    (joined, bytes(&chunks))
}

/// Takes or decodes each line and folds it: all that a worker does with a chunk.
#[divan::bench(args = ["busy", "flood"])]
fn fold(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let chunks = corpus::chunks(log(name), &options);
    let state = fold_all(chunks.iter(), &options);
    let counted: u64 = state.inputs.iter().map(|input| input.audit_events).sum();
    assert_eq!(counted, state.inputs.iter().map(|input| input.lines).sum::<u64>());
    bencher.counter(bytes(&chunks)).counter(ItemsCount::new(counted)).bench_local(|| fold_all(chunks.iter(), &options));
}

/// Merges what two workers learned from every other chunk.
#[divan::bench(args = ["busy", "flood"])]
fn merge(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let chunks = corpus::chunks(log(name), &options);
    let (one, two) = halves(&chunks, &options);
    let attempts = ItemsCount::new(one.attempts.len() + two.attempts.len());
    bencher
        .counter(bytes(&chunks))
        .counter(attempts)
        .with_inputs(|| (one.clone(), two.clone()))
        .bench_local_values(|(one, two)| one.merge(two));
}

/// Merges the parts of two scans.
#[divan::bench(args = ["busy", "flood"])]
fn merge_parts(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let chunks = corpus::chunks(log(name), &options);
    let (one, mut two) = halves(&chunks, &options);
    // Parts of one file do not go together.
    two.inputs.iter_mut().for_each(|input| input.label.push('2'));
    let stored = [one, two].map(|state| {
        let mut bytes = Vec::new();
        let part = Part {
            reading: Reading::of(&options),
            problems: Vec::new(),
            state: state.canonical(options.max_problems),
            pieces: Vec::new(),
        };
        part.write(&mut bytes).unwrap();
        bytes
    });
    bencher.counter(bytes(&chunks)).bench_local(|| {
        let parts = stored.iter().enumerate().map(|(at, bytes)| (at.to_string(), Part::parse(bytes).unwrap()));
        pipeline::merge_parts(parts, &options).unwrap()
    });
}

/// Joins chains and actors.
#[divan::bench(args = ["busy", "flood"])]
fn join(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let chunks = corpus::chunks(log(name), &options);
    let state = fold_all(chunks.iter(), &options);
    bencher
        .counter(bytes(&chunks))
        .counter(ItemsCount::new(state.attempts.len()))
        .with_inputs(|| state.clone())
        .bench_local_values(|state| correlate(state, &[], &options));
}

/// Judges every attempt.
#[divan::bench(args = ["busy", "flood", "planted"])]
fn findings(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let (joined, bytes) = joined(name, &options);
    let found = judge::judge(&joined, &options).findings;
    // What is planted is found; a busy log is ambient failures, of which something may look like more.
    assert!(name != "planted" || found.len() > 10, "{} findings", found.len());
    bencher
        .counter(bytes)
        .counter(ItemsCount::new(joined.attempts.len()))
        .bench_local(|| judge::judge(&joined, &options));
}

/// Counts groups, tops and coverage.
#[divan::bench(args = ["busy", "flood"])]
fn count(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let (joined, bytes) = joined(name, &options);
    let joined = Arc::new(joined);
    bencher
        .counter(bytes)
        .counter(ItemsCount::new(joined.attempts.len()))
        .bench_local(|| aggregate::report(&joined, || judge::judge(&joined, &options), &[], &options));
}

/// Writes every group of a flood, and the findings.
#[divan::bench(args = offered(&[Form::Json, Form::Lines]).map(|format| format.name))]
fn render(bencher: Bencher<'_, '_>, name: &str) {
    let options = Options::default();
    let (joined, _) = joined("flood", &options);
    let verdicts = judge::judge(&joined, &options);
    let report = aggregate::report(&Arc::new(joined), || verdicts, &[], &options);
    assert!(report.groups.len() > 500, "{} groups", report.groups.len());
    let format = format(name).unwrap();
    let view = View { style: Style { width: 120, ..Style::default() }, top: Some(None), ..View::default() };
    let mut out = Vec::new();
    format.write(&report, &view, &mut out).unwrap();
    assert!(out.len() > 20 * report.groups.len(), "{} bytes", out.len());
    bencher.counter(BytesCount::of_slice(&out)).counter(ItemsCount::new(report.groups.len())).bench_local(|| {
        out.clear();
        format.write(&report, &view, &mut out).unwrap();
    });
}
