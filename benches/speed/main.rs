//! Speed of every stage alone and of the whole, in bytes a second of decompressed log.
//!
//! `cargo bench` runs all; `cargo bench --bench speed -- decode` those whose names contain `decode`.

// A bench without its corpus has nothing to measure.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corpus;
mod stages;
mod whole;

fn main() {
    divan::main();
}
