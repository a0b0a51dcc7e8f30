//! Damaged and hostile Parquet files that say they are ours: the run ends, its lines add up, and reading them twice gives the
//! same. The library panics at some; that must not end the run, so panics that are caught are no finding here.
#![no_main]

use std::io::Write;
use std::sync::Once;

use esaudit::internals::document::formats::{Form, View};
use esaudit::internals::options::Options;
use libfuzzer_sys::fuzz_target;

mod report;

static HOOK: Once = Once::new();

fn run(folder: &std::path::Path, threads: usize) -> Vec<u8> {
    let options = Options { threads, max_line: 4096, ..Options::default() };
    report::written(folder, options, &View::default(), &[Form::Json])
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
