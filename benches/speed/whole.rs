//! End to end, from paths to report, on all cores. Bytes are those of the decompressed log.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use divan::Bencher;
use divan::counter::BytesCount;
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::{self, Request};

use crate::corpus;

/// Analyzes paths that stand for so many inputs.
fn analyze(bencher: Bencher<'_, '_>, paths: Vec<PathBuf>, inputs: usize, compression: &str) {
    let run = || pipeline::analyze(Request::of(&paths, Options::default())).unwrap();
    let once = run();
    let read = &once.report.coverage.inputs;
    assert_eq!(read.len(), inputs);
    assert!(read.iter().all(|input| input.compression == compression && input.audit_events > 0));
    assert!(once.report.groups_total > 0);
    let bytes: u64 = read.iter().map(|input| input.bytes).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(run);
}

fn audit(folder: &Path) -> Vec<PathBuf> {
    corpus::files(folder, "_audit")
}

/// One plain file.
#[divan::bench]
fn plain_1(bencher: Bencher<'_, '_>) {
    analyze(bencher, audit(&corpus::PLAIN_1), 1, "none");
}

/// Eight plain files.
#[divan::bench]
fn plain_8(bencher: Bencher<'_, '_>) {
    analyze(bencher, audit(&corpus::PLAIN_8), 8, "none");
}

/// One gzip file.
#[divan::bench]
fn gzip_1(bencher: Bencher<'_, '_>) {
    analyze(bencher, audit(&corpus::GZIP_1), 1, "gzip");
}

/// Eight gzip files.
#[divan::bench]
fn gzip_8(bencher: Bencher<'_, '_>) {
    analyze(bencher, audit(&corpus::GZIP_8), 8, "gzip");
}

/// One plain file, nine lines in ten of failures.
#[divan::bench]
fn flood(bencher: Bencher<'_, '_>) {
    analyze(bencher, audit(&corpus::FLOOD_1), 1, "none");
}

/// Container logs.
#[divan::bench]
fn docker(bencher: Bencher<'_, '_>) {
    analyze(bencher, corpus::files(&corpus::DOCKER, "-json"), 3, "none");
}

/// A folder of ten thousand files of twenty lines.
#[divan::bench]
fn small_10000(bencher: Bencher<'_, '_>) {
    analyze(bencher, vec![corpus::SMALL.clone()], 10_000, "none");
}

/// Twenty lines: the program, from its start to the table.
#[divan::bench]
fn lines_20(bencher: Bencher<'_, '_>) {
    let path = &corpus::files(&corpus::TWENTY, "")[0];
    let text = corpus::read(std::slice::from_ref(path));
    assert_eq!(corpus::count_lines(&text), 20);
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_esaudit"));
        command.arg("report").arg(path).stderr(Stdio::null()).output().unwrap()
    };
    let table = String::from_utf8(run().stdout).unwrap();
    assert!(table.contains("20 lines"), "{table}");
    bencher.counter(BytesCount::of_slice(&text)).bench_local(run);
}
