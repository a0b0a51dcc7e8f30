//! Lines that are read without a full decode, and lines that are not, in any order: the report of a file is the same as
//! the report of the file with a space after each line, which no line is quick with.
#![no_main]

use std::io::Write;

use esaudit::options::Options;
use libfuzzer_sys::fuzz_target;

fn report(text: &[u8]) -> Option<serde_like::Numbers> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(text).ok()?;
    let options = Options { threads: 1, ..Options::default() };
    let report = esaudit::pipeline::analyze(&[file.path().into()], &options).ok()?.report;
    Some(serde_like::Numbers {
        coverage: [
            report.coverage.lines,
            report.coverage.audit_events,
            report.coverage.server_events,
            report.coverage.other_lines,
            report.coverage.undecodable_lines,
        ],
        actions: report.coverage.actions.into_iter().collect(),
        groups: report.groups.len(),
        attempts: report.totals.failed_attempts,
        changes: report.security_changes.len(),
    })
}

mod serde_like {
    #[derive(Debug, PartialEq)]
    pub struct Numbers {
        pub coverage: [u64; 5],
        pub actions: Vec<(String, u64)>,
        pub groups: usize,
        pub attempts: u64,
        pub changes: usize,
    }
}

fuzz_target!(|text: &[u8]| {
    // Only where both are read by lines.
    if text.iter().any(|byte| matches!(byte, b'\r' | 0)) || !text.starts_with(b"{\"type\":\"audit\"") {
        return;
    }
    let mut spaced = Vec::new();
    for line in esaudit::lines::lines(text) {
        spaced.push(b' ');
        spaced.extend_from_slice(line);
        spaced.extend_from_slice(b" \n");
    }
    let framing = esaudit::decode::framing::sniff;
    if framing(text) == framing(&spaced) {
        assert_eq!(report(text), report(&spaced));
    }
});
