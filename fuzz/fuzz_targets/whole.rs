//! The whole pipeline: the size of chunks and the number of threads do not show, the lines add up, and the table and the
//! JSON report are written. The first byte chooses the size of chunks, the second cuts the rest into two files.
#![no_main]

use std::io::Write;

use esaudit::internals::document::formats::{Form, Style, View};
use esaudit::internals::options::Options;
use libfuzzer_sys::fuzz_target;

mod report;

fn run(folder: &std::path::Path, options: Options) -> Vec<u8> {
    let style = Style { width: 80, color: true, ..Style::default() };
    let view = View { style, top: Some(None), ..View::default() };
    report::written(folder, options, &view, &[Form::Json, Form::Lines])
}

fuzz_target!(|data: &[u8]| {
    let Some((&[size, cut], text)) = data.split_first_chunk() else { return };
    let Ok(folder) = tempfile::tempdir() else { return };
    let (first, second) = text.split_at(text.len() * usize::from(cut) / 256);
    for (name, text) in [("1", first), ("2", second)] {
        let Ok(mut file) = std::fs::File::create(folder.path().join(name)) else { return };
        let _ = file.write_all(text);
    }
    let options = |threads, chunk_size| Options { threads, chunk_size, max_line: 4096, ..Options::default() };
    let whole = run(folder.path(), options(1, 1 << 20));
    let cut = run(folder.path(), options(2, usize::from(size) + 1));
    assert!(whole == cut, "{}\n---\n{}", String::from_utf8_lossy(&whole), String::from_utf8_lossy(&cut));
});
