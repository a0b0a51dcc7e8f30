//! Damaged and hostile Parquet files that say they are ours: the run ends, its lines add up, and reading them twice gives the
//! same. The library panics at some; that must not end the run, so panics that are caught are no finding here.
#![no_main]

use std::io::Write;
use std::sync::Once;

use esaudit::internals::document::formats::{Form, View, offered};
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::{Request, analyze};
use libfuzzer_sys::fuzz_target;

static HOOK: Once = Once::new();

fn run(folder: &std::path::Path, threads: usize) -> Vec<u8> {
    let options = Options { threads, max_line: 4096, ..Options::default() };
    let Ok(analysis) = analyze(Request::of([folder], options)) else { return Vec::new() };
    for input in &analysis.report.coverage.inputs {
        let sum = input.audit_events
            + input.server_events
            + input.other_lines
            + input.undecodable_lines
            + input.oversized_lines;
        assert_eq!(input.lines, sum);
    }
    let mut out = Vec::new();
    for format in offered(&[Form::Json]) {
        assert!(format.write(&analysis.report, &View::default(), &mut out).is_ok());
    }
    out
}

fuzz_target!(|data: &[u8]| {
    // The hook of the fuzzer ends the process at any panic, also at one that is caught.
    HOOK.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let Ok(folder) = tempfile::tempdir() else { return };
    let Ok(mut file) = std::fs::File::create(folder.path().join("attempts.parquet")) else { return };
    let _ = file.write_all(data);
    drop(file);
    assert!(run(folder.path(), 1) == run(folder.path(), 2));
});
