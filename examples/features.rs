//! Features of every campaign in some logs, as JSON: what `benches/fit_weights.py` fits the weights of judging to.
//!
//! `cargo run --example features -- [--config FILE.toml] LOGS`

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use esaudit::internals::options::Options;
use esaudit::internals::pipeline::Request;
use esaudit::internals::{config, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut paths: Vec<OsString> = std::env::args_os().skip(1).collect();
    if paths.first().is_some_and(|first| first == "--config") {
        let file: Vec<OsString> = paths.drain(..2).collect();
        options.surroundings = config::load(Path::new(&file[1]))?.surroundings;
    }
    let read = Request::of(paths, options).read()?.join().looked_at();
    let features = judge::export_features(&read.joined, read.options());
    std::io::stdout().write_all(features.to_string().as_bytes())?;
    Ok(())
}
