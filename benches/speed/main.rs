//! Speed of every stage alone and of the whole, in bytes a second of decompressed log.
//!
//! `cargo bench` runs all; `cargo bench --bench speed -- decode` those whose names contain `decode`.

mod corpus;
mod stages;
mod whole;

fn main() {
    divan::main();
}
