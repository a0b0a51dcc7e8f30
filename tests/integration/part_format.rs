//! Part files are read by programs that were built another day. A file of the present format is kept, and the numbers that
//! stand in it for the variants of enums are written down: whoever changes either has to raise the format's version.

use std::fmt::Debug;

use esaudit::action_class::ActionClass;
use esaudit::credential::Credential;
use esaudit::error::ProblemKind;
use esaudit::part::{Part, VERSION};
use esaudit::pipeline::{Inputs, Request, analyze};
use esaudit::reason::{Basis, Reason, Subject};
use esaudit::state::{Origin, Outcome};
use serde::de::DeserializeOwned;

const CHANGED: &str = "the format of part files has changed: raise `part::VERSION`, make testdata/es-1.esa anew (see \
                       testdata/README.md), and correct this test";

fn golden() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/es-1.esa")).unwrap()
}

#[test]
fn a_part_of_the_present_format_is_read() {
    let part = Part::parse(&golden()).expect(CHANGED);
    let report =
        analyze(Request::new(Inputs::Part(Box::new(part)), esaudit::options::Options::default())).unwrap().report;
    assert!(report.coverage.reconciled, "{CHANGED}");
    let mut by_reason = std::collections::BTreeMap::new();
    for group in report.groups.iter() {
        *by_reason.entry(group.reason.clone()).or_insert(0) += group.count;
    }
    let by_reason: Vec<(String, u64)> = by_reason.into_iter().collect();
    let told = (report.totals.failed_attempts, report.totals.principals, report.totals.sources);
    assert_eq!(told, (52, 7, 5), "{CHANGED}");
    let expected = [("bad_password", 16), ("missing_credentials", 31), ("unknown_user", 5)]
        .map(|(reason, count)| (reason.to_owned(), count));
    assert_eq!(by_reason, expected, "{CHANGED}");
    assert_eq!(report.coverage.audit_events, 2521, "{CHANGED}");
}

/// The names of an enum's variants, each by the number that stands for it in a part.
fn variants<T: DeserializeOwned + Debug>() -> String {
    let of = |number: u8| postcard::from_bytes::<T>(&[number]).ok().map(|variant| format!("{variant:?}"));
    (0..0x80).map_while(of).collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_of_variants_change_with_the_version_only() {
    let now = [
        format!("version {VERSION}"),
        variants::<Outcome>(),
        variants::<Subject>(),
        variants::<Origin>(),
        variants::<Basis>(),
        variants::<Reason>(),
        variants::<Credential>(),
        variants::<ActionClass>(),
        variants::<ProblemKind>(),
    ];
    assert_eq!(now, WRITTEN, "{CHANGED}");
}

/// What stands in testdata/es-1.esa.
const WRITTEN: [&str; 9] = ["", "", "", "", "", "", "", "", ""];
