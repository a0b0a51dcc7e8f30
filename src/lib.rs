//! esaudit: offline analysis of Elasticsearch security audit logs.
//!
//! A [`Request`] says what to read and how; [`analyze`] reads it and gives the [`Report`], plain data that serde writes as the
//! program's JSON does:
//!
//! ```
//! use esaudit::{Options, Request, analyze};
//!
//! # fn main() -> Result<(), esaudit::Error> {
//! let analysis = analyze(Request::of(["testdata/incident"], Options::default()))?;
//! for finding in &analysis.report.findings {
//!     println!("{} {}", finding.severity, finding.title.plain());
//! }
//! assert!(!analysis.incomplete);
//! assert_eq!(analysis.report.totals.failed_attempts, 787);
//! # Ok(())
//! # }
//! ```
//!
//! Who wants the single events asks the [`JoinedRun`] that the report is made of:
//!
//! ```
//! use esaudit::{EventKinds, Options, Request};
//!
//! # fn main() -> Result<(), esaudit::Error> {
//! let run = Request::of(["testdata/incident/es-1"], Options::default()).join()?;
//! let kinds = EventKinds { attempts: true, ..EventKinds::default() };
//! assert_eq!(run.events(kinds).count(), 52);
//! # Ok(())
//! # }
//! ```
//!
//! Logs that cannot be read whole are no error: the report's [`Coverage`] says which, and how much of them was read.
//!
//! # How it is built
//!
//! The data flows one way, down this list; a module imports only from those above it:
//!
//! ```text
//! error, time, reason,
//! credential, reserved,
//! numbers, network       plain data
//! simd                   many bytes looked at at a time
//! words, escape          amounts in words; text from a log made harmless
//! platform               what each system does in a way of its own
//! text                   sentences of typed spans
//! files                  files beside the logs, read whole
//! geography,
//! sigma,
//! options,
//! progress,
//! action_class           plain data
//! interrupt              the signal to stop
//! input                  paths -> decompressed byte streams
//! lines                  bytes -> chunks of whole lines
//! context                what a cluster says about itself: answers of its APIs
//! event, decode          a line -> one normalised event, borrowed
//! framing                bytes of any shape -> chunks of records, one a line
//! fast_reader            audit and server lines that need no full decode
//! copies                 what of an input is a copy of what another holds
//! state                  events -> compact, mergeable records (folded per worker)
//! model                  the report as plain data
//! correlate              records -> attempts with realm chain, security changes with actor; views of them
//! filter                 the view of what the user wants to look at
//! pseudonyms             the view under names that may be shown
//! judge                  attempts, changes and successes -> judged findings
//! aggregate              attempts and findings -> the report
//! review                 what logs and settings would not show, and what invites trouble
//! impact                 what an actor did once it was in: a second, searched pass
//! part                   a state in a file, to be merged elsewhere
//! ledger                 what earlier runs have read of files that grow
//! spill                  states too large for memory, in temporary files
//! data                   results as data for programs: JSON, JSON lines, Parquet
//! manifest               what a report rests on
//! signing                whose report it is
//! diff                   two reports -> what changed
//! pipeline               ties it together, in parallel
//! verify                 the report and its inputs, afterwards
//! schemas                JSON Schema of what is written as JSON
//! document               results as documents, and a writer a format: terminal, Markdown, page, CSV
//! show                   the lines behind a finding
//! output                 where results go
//! config                 configuration file -> options
//! address_lists          lists of known addresses -> options
//! watch                  progress -> a line on the terminal
//! cli                    arguments -> options
//! run                    what each verb does with them
//! program                what main.rs is made of
//! internals              everything, for tests
//! ```
//!
//! Threads: `pipeline` owns the pool. What sorts or counts every attempt (`correlate`, `aggregate`) does it with rayon
//! within that pool, because it is the part that would not shrink with more cores; the results do not depend on threads.

// What tests, benches and fuzz targets use is public where they are built, and of no use to anybody else.
// What comes from outside must not turn into another number on its way; where a cast cannot do that, the place says why.
#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap))]
#![cfg_attr(
    not(feature = "internals"),
    allow(unreachable_pub, unused_imports, dead_code, reason = "public for the tests")
)]

mod action_class;
mod address_lists;
mod aggregate;
mod cli;
mod config;
mod context;
mod copies;
mod correlate;
mod credential;
mod data;
mod decode;
mod diff;
mod document;
mod error;
mod escape;
mod event;
mod fast_reader;
mod files;
mod filter;
mod framing;
mod geography;
mod impact;
mod input;
mod interrupt;
mod judge;
mod ledger;
mod lines;
mod manifest;
mod model;
mod network;
mod numbers;
mod options;
mod output;
mod part;
mod pipeline;
mod platform;
mod progress;
mod pseudonyms;
mod reason;
mod reserved;
mod review;
mod run;
#[cfg(feature = "internals")]
mod schemas;
mod show;
mod sigma;
mod signing;
mod simd;
mod spill;
mod state;
mod text;
mod time;
mod verify;
mod watch;
mod words;

#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[doc(hidden)]
pub mod program;

pub use document::formats::{Format, Results, Style, View, format};
pub use error::{Error, PartError, ProblemKind};
pub use judge::{Kind, Severity};
pub use ledger::Ledger;
pub use model::events::Event;
pub use model::keys::KeysReport;
pub use model::timeline::TimelineReport;
pub use model::{Coverage, Filters, Finding, Group, Problem, Report, SecurityChange, StoredInput, Totals};
pub use options::filter::{Bound, Edge, Pattern, Rules};
pub use options::{Cidr, EventKinds, Filter, GroupBy, KeyQuery, Limits, Options, StoryKinds, Surroundings};
pub use part::Part;
pub use pipeline::{Analysis, Gathered, Inputs, JoinedRun, LedgerFile, Naming, Request, analyze};
pub use progress::{Progress, Snapshot, Verbosity};
pub use pseudonyms::Pseudonyms;
pub use reason::{Basis, Reason};
pub use text::Text;
pub use time::{Millis, Zone};
