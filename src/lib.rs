//! esaudit: offline analysis of Elasticsearch security audit logs.
//!
//! The data flows one way, down this list; a module imports only from those above it:
//!
//! ```text
//! error, time, reason,
//! credential, reserved,
//! numbers, options,
//! progress,
//! action_class           plain data
//! interrupt              the signal to stop
//! input                  paths -> decompressed byte streams
//! lines                  bytes -> chunks of whole lines
//! event, decode          a line -> one normalised event, borrowed
//! framing                bytes of any shape -> chunks of records, one a line
//! fast_reader            audit and server lines that need no full decode
//! state                  events -> compact, mergeable records (folded per worker)
//! model                  the report as plain data
//! correlate              records -> attempts with realm chain, security changes with actor
//! filter                 what the user does not want to look at is left out
//! pseudonyms             names that may be shown
//! judge                  attempts, changes and successes -> judged findings
//! aggregate              attempts and findings -> the report
//! part                   a state in a file, to be merged elsewhere
//! spill                  states too large for memory, in temporary files
//! report                 renderers of the report: JSON, table, page and others
//! manifest               what a report rests on
//! output                 where results go
//! diff                   two reports -> what changed
//! pipeline               ties it together, in parallel
//! show, verify           the report and its inputs, afterwards
//! config                 configuration file -> options
//! watch                  progress -> a line on the terminal
//! cli                    arguments -> options
//! run                    what each verb does with them
//! ```
//!
//! Threads: `pipeline` owns the pool. What sorts or counts every attempt (`correlate`, `aggregate`) does it with rayon
//! within that pool, because it is the part that would not shrink with more cores; the results do not depend on threads.

pub mod action_class;
pub mod aggregate;
pub mod cli;
pub mod config;
pub mod correlate;
pub mod credential;
pub mod decode;
pub mod diff;
pub mod error;
pub mod event;
pub mod fast_reader;
pub mod filter;
pub mod framing;
pub mod input;
pub mod interrupt;
pub mod judge;
pub mod lines;
pub mod manifest;
pub mod model;
pub mod numbers;
pub mod options;
pub mod output;
pub mod part;
pub mod pipeline;
pub mod progress;
pub mod pseudonyms;
pub mod reason;
pub mod report;
pub mod reserved;
pub mod run;
pub mod show;
pub mod spill;
pub mod state;
pub mod time;
pub mod verify;
pub mod watch;
