//! A whole run, as far as it is the same whatever is read.

use std::path::Path;

use esaudit::internals::document::formats::{Form, View, offered};
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::{Request, analyze};

/// The report of a folder in every format that shows it, its lines having added up; nothing where there is none.
#[allow(dead_code, reason = "each target uses one of the two")]
pub fn written(folder: &Path, options: Options, view: &View<'_>, forms: &[Form]) -> Vec<u8> {
    of(Request::of([folder], options), view, forms)
}

/// The report of whatever is asked for, likewise.
pub fn of(request: Request, view: &View<'_>, forms: &[Form]) -> Vec<u8> {
    let Ok(analysis) = analyze(request) else { return Vec::new() };
    for input in &analysis.report.coverage.inputs {
        let sum = input.audit_events
            + input.server_events
            + input.other_lines
            + input.undecodable_lines
            + input.oversized_lines;
        assert_eq!(input.lines, sum);
    }
    let mut out = Vec::new();
    for format in offered(forms) {
        assert!(format.write(&analysis.report, view, &mut out).is_ok());
    }
    out
}
