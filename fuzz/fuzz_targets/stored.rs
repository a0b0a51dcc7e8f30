//! Compressed and archived bytes: whatever they claim to be, reading them ends, without a panic and without memory beyond
//! reason (libFuzzer's `-rss_limit_mb`).
#![no_main]

use std::io::{Read, Write};

use esaudit::internals::input::{Opened, Source, open};
use esaudit::internals::options::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(data).is_err() {
        return;
    }
    let source = Source {
        path: file.path().into(),
        label: "x".to_owned(),
        is_stdin: false,
        size: None,
        modified: None,
        resume: None,
    };
    if let Ok(Opened::Streams(streams)) = open(&source, Limits::default()) {
        let _ = streams.for_each(&mut |_, reader| {
            let _ = std::io::copy(&mut reader.take(16 << 20), &mut std::io::sink());
        });
    }
});
