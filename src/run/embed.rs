//! Lines of the evidence for a page.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::console::complain;
use crate::document::build::Embedded;
use crate::model::Report;
use crate::show;

/// Findings whose lines are looked up, and bytes of all lines: a page must open.
const MOST_FINDINGS: usize = 100;
const ROOM: usize = 512 << 10;

/// Looks up the lines of findings, the first findings first, below the paths that were read; says what could not be shown.
pub(super) fn embedded<'r>(report: &'r Report, paths: &[OsString]) -> Embedded<'r> {
    let mut lines = BTreeMap::new();
    let mut room = ROOM;
    for finding in report.findings.iter().take(MOST_FINDINGS) {
        let Ok(found) = show::find(report, "the report", &finding.id, paths) else { continue };
        let (mut shown, remarks) = show::read(&found, 0);
        remarks.iter().for_each(|remark| complain(remark));
        shown.0.retain(|line| {
            let fits = line.text.raw().len() <= room;
            room -= if fits { line.text.raw().len() } else { 0 };
            fits
        });
        lines.insert(finding.id.clone(), shown);
    }
    Embedded { report, lines }
}
