//! Speed of every stage alone and of the whole, in bytes a second of decompressed log.
//!
//! `cargo bench` runs all; `cargo bench --bench speed -- decode` those whose names contain `decode`. Each checks first, by a
//! count, that it does what it is called.

// A bench without its corpus has nothing to measure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod decoders;
mod judging;
mod reading;
mod whole;

fn main() {
    divan::main();
}
