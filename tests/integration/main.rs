//! Every integration test, one module a subject: one program to link instead of one a subject.
//!
//! Tests that need a browser are in `html`, those that need Python in `export` and `kubernetes`, those that need Java in `spark`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot read its own text has failed"
)]

mod actors;
mod addresses;
mod architecture;
mod browser;
mod charts;
mod cli;
mod clusters;
mod collect;
mod containers;
mod context;
mod copies;
mod decode_samples;
mod decode_shapes;
mod determinism;
mod diagnostics;
mod diff;
mod dirty;
mod document;
mod equals_reference;
mod events;
mod evidence;
mod exchange;
mod export;
mod export_shares;
mod faults;
mod filters;
mod findings;
mod hostile;
mod html;
mod impact;
mod interrupt;
mod joining;
mod keys;
mod kubernetes;
mod manual;
mod memory;
mod metamorphic;
mod nightly;
mod nightly_copies;
mod nightly_faults;
mod ocsf;
mod order;
mod outputs;
mod overlaps;
mod packages;
mod panel;
mod part_format;
mod parts;
mod pseudonyms;
mod python;
mod readiness;
mod readme;
mod reason_cases;
mod reason_sentences;
mod reason_templates;
mod reasons;
mod records;
mod render;
mod resorted;
mod samples;
mod scenario_laws;
mod schemas;
mod shapes;
mod sigma;
mod signing;
mod spark;
mod summary;
mod supply_chain;
mod timeline;
mod truth;
mod usage;
mod wrappings;
mod zones;
