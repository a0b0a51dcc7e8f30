//! Lines that are read without a full decode, and lines that are not, in any order: the report of a file is the same as
//! the report of the file with a space after each line, which no line is quick with.
#![no_main]

use std::io::Write;

use esaudit::internals::decode::partial;
use esaudit::internals::framing::FramingKind;
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::{Request, analyze};
use libfuzzer_sys::fuzz_target;

fn report(text: &[u8]) -> Option<serde_like::Numbers> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(text).ok()?;
    let options = Options { threads: 1, ..Options::default() };
    let report = analyze(Request::of([file.path()], options)).ok()?.report;
    Some(serde_like::Numbers {
        coverage: [
            report.coverage.lines,
            report.coverage.audit_events,
            report.coverage.server_events,
            report.coverage.other_lines,
            report.coverage.undecodable_lines,
        ],
        actions: report.coverage.actions.into_iter().collect(),
        span: [report.coverage.first, report.coverage.last],
        nodes: report.coverage.nodes.into_iter().map(|node| (node.id, node.name)).collect(),
        problems: report.coverage.problems_total,
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
        pub span: [Option<String>; 2],
        pub nodes: Vec<(Option<String>, Option<String>)>,
        pub problems: u64,
        pub groups: usize,
        pub attempts: u64,
        pub changes: usize,
    }
}

fuzz_target!(|text: &[u8]| {
    // In UTF-16 a space is no letter.
    if text.starts_with(b"\xfe\xff") || text.starts_with(b"\xff\xfe") {
        return;
    }
    // A space must not become part of a record.
    let has_parts = esaudit::internals::lines::lines(text).any(partial::continues);
    if has_parts || text.iter().any(|byte| matches!(byte, b'\r' | 0)) {
        return;
    }
    let mut spaced = Vec::new();
    for line in esaudit::internals::lines::lines(text) {
        spaced.extend_from_slice(line);
        spaced.extend_from_slice(b" \n");
    }
    let cut = |text| FramingKind::of(text, None);
    if matches!(cut(text), FramingKind::Lines | FramingKind::Parts) && cut(text) == cut(&spaced) {
        assert_eq!(report(text), report(&spaced));
    }
});
