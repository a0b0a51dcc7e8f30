//! Part files are read by programs that were built another day. A file of the present format is kept, and the numbers that
//! stand in it for the variants of enums are written down: whoever changes either has to raise the format's version.

use std::fmt::Debug;

use esaudit::internals::action_class::ActionClass;
use esaudit::internals::credential::Credential;
use esaudit::internals::error::ProblemKind;
use esaudit::internals::options::Options;
use esaudit::internals::part::{Part, VERSION};
use esaudit::internals::pipeline::{Inputs, Request, analyze};
use esaudit::internals::reason::{Basis, Reason, Subject};
use esaudit::internals::state::{Origin, Outcome};
use serde::de::DeserializeOwned;

const CHANGED: &str = "the format of part files has changed: raise `part::VERSION`, make testdata/es-1.esa anew (see \
                       testdata/README.md), and correct this test";

fn golden() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/es-1.esa")).unwrap()
}

#[test]
fn a_part_of_the_present_format_is_read() {
    let part = Part::parse(&golden()).expect(CHANGED);
    let state = &part.state;
    let events: u64 = state.actions.values().sum();
    let anonymous = state.attempts.iter().filter(|attempt| attempt.outcome == Outcome::AnonymousDenied).count();
    assert_eq!((events, state.attempts.len(), anonymous), (2521, 52, 31), "{CHANGED}");
    let report = analyze(Request::new(Inputs::Part(Box::new(part)), Options::default())).unwrap().report;
    assert!(report.coverage.reconciled, "{CHANGED}");
    let told = (report.totals.failed_attempts, report.totals.principals, report.totals.sources);
    assert_eq!(told, (52, 7, 5), "{CHANGED}");
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
const WRITTEN: [&str; 9] = [
    "version 13",
    "Failed AnonymousDenied",
    "ApiKey TerminatedKey Realm RealmCheck Principal PasswordHash Negotiation Token ServiceToken Anybody Unreadable \
     Anonymous NoCredentials OtherCredentials",
    "Rest Transport LocalNode Unknown",
    "Explicit ServerLog Context Inferred None",
    "BadPassword UnknownUser UserDisabled MissingCredentials MalformedCredentials ApiKeyInvalidated ApiKeyExpired \
     ApiKeyNotFound ApiKeyBadSecret ApiKeyWrongType ApiKeyError TokenExpired TokenInvalid ServiceTokenInvalid \
     RealmNotConfigured RealmUnavailable RealmNotLicensed ServerBusy Unknown",
    "None Password Token ApiKey ServiceToken Certificate Unknown",
    "Security Keys RunAs DeleteIndex Snapshot Restore Reindex DeleteDocuments Settings Templates Node BulkRead \
     Search Read Write IndexAdmin Discovery Monitoring Other",
    "Unreadable ReadError CorruptCompression Undecodable Oversized TruncatedLine NotALog DecompressionLimit \
     Interrupted Changed Empty ByteOrderMark CrLf NulBytes InvalidUtf8 DuplicateMember WrongType DeepNesting \
     ImplausibleTime NotReconciled Quoted",
];
