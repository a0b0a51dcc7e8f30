//! End to end, from paths to report, on all cores. Bytes are those of the decompressed log.

use std::ffi::OsString;
use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use esaudit::options::Options;
use esaudit::pipeline;

use crate::corpus;

fn analyze(bencher: Bencher<'_, '_>, folder: &Path) {
    let options = Options::default();
    let paths = [OsString::from(folder)];
    let once = pipeline::analyze(&paths, &options).unwrap();
    let bytes: u64 = once.report.coverage.inputs.iter().map(|input| input.bytes).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| pipeline::analyze(&paths, &options).unwrap());
}

/// Plain files.
#[divan::bench]
fn plain(bencher: Bencher<'_, '_>) {
    analyze(bencher, &corpus::PLAIN);
}

/// gzip files.
#[divan::bench]
fn gzip(bencher: Bencher<'_, '_>) {
    analyze(bencher, &corpus::GZIP);
}

/// Container logs.
#[divan::bench]
fn docker(bencher: Bencher<'_, '_>) {
    analyze(bencher, &corpus::DOCKER);
}

/// Plain files, nine lines in ten of failures.
#[divan::bench]
fn flood(bencher: Bencher<'_, '_>) {
    analyze(bencher, &corpus::FLOOD);
}
