//! The whole pipeline against the slow second implementation of the tests: audit lines that collide on purpose, in one
//! file. The first byte chooses the size of chunks, every eight bytes after it make an event.
#![no_main]

use std::io::Write;

use esaudit::internals::options::{GroupBy, Options};
use esaudit::internals::pipeline::{Request, analyze};
use libfuzzer_sys::fuzz_target;
use test_support::model;
use test_support::reference::{self, Numbers, Settings};

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    let events: Vec<model::Event> =
        bytes.as_chunks::<8>().0.iter().take(60).map(|bytes| model::Event::of(*bytes)).collect();
    let text: Vec<u8> = model::lines(&events).iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(&text).is_err() {
        return;
    }
    let options = Options {
        threads: 2,
        chunk_size: usize::from(size) * 16 + 1,
        by: vec![GroupBy::Principal, GroupBy::RealmChain],
        ..Options::default()
    };
    let Ok(analysis) = analyze(Request::of([file.path()], options.clone())) else { return };
    let report = analysis.report;
    assert!(report.coverage.reconciled, "{:?}", report.coverage.problems);
    let settings = Settings { max_line: options.max_line, offset: 0, bucket_seconds: report.timeline.bucket_seconds };
    let path = file.path().to_string_lossy().into_owned();
    let expected = reference::numbers(&[(path, text.clone())], &settings);
    assert_eq!(Numbers::of(&report), expected, "{}", String::from_utf8_lossy(&text));
});
