//! Options that every verb that reads logs shares.

use std::path::PathBuf;

use clap::Args;

use super::filter::FilterArgs;
use crate::decode;
use crate::options::{self, Cidr, Options};
use crate::time::Zone;

#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Zone of times that carry none: an IANA name or an offset such as +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = Zone::parse, allow_hyphen_values = true)]
    assume_tz: Zone,

    /// Read every input as this, where its content is not recognised: `lines`, `documents`, `csv`, or the name of a
    /// format as the report calls it
    #[arg(long, value_name = "NAME", value_parser = parse_input_format)]
    input_format: Option<&'static str>,

    /// Proxies (address or CIDR) whose x_forwarded_for is believed: the source of an attempt is then the last hop that is
    /// not one of them; repeatable
    #[arg(long, value_name = "CIDR", value_parser = Cidr::parse)]
    trust_proxy: Vec<Cidr>,

    /// Listing of API keys (response of `GET /_security/api_key` or `_query/api_key`); repeatable
    #[arg(long, value_name = "FILE")]
    api_keys: Vec<PathBuf>,

    /// How far a server-log line and the attempt it explains may be apart, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = options::DEFAULT_MATCH_WINDOW_MS,
          value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    match_window: i64,

    /// Problems listed in the report; all are counted
    #[arg(long, value_name = "N", default_value_t = options::DEFAULT_PROBLEMS)]
    problems: usize,

    /// Longest line that is read, in bytes; longer ones are skipped and counted
    #[arg(long, value_name = "BYTES", default_value_t = options::DEFAULT_MAX_LINE)]
    max_line: usize,

    /// Realm failures that may wait for the end of their request at one time
    #[arg(long, value_name = "N", default_value_t = options::DEFAULT_MAX_IN_FLIGHT)]
    max_in_flight: usize,

    /// Worker threads, 0 for one a core; never changes the report
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,

    /// Bytes a worker takes at a time; never changes the report
    #[arg(long, value_name = "BYTES", default_value_t = options::DEFAULT_CHUNK, hide = true)]
    chunk_size: usize,
}

fn parse_input_format(name: &str) -> Result<&'static str, String> {
    decode::format_names().find(|known| *known == name).ok_or_else(|| {
        let known: Vec<&str> = decode::format_names().collect();
        format!("one of {}", known.join(", "))
    })
}

impl ReadArgs {
    /// How to read, and what to look at; times of the filter without a zone are read in `zone`.
    pub(super) fn options(self, zone: Zone) -> Result<Options, String> {
        Ok(Options {
            filter: self.filter.resolve(zone)?,
            threads: self.threads,
            chunk_size: self.chunk_size,
            max_line: self.max_line,
            max_in_flight: self.max_in_flight,
            max_problems: self.problems,
            input_format: self.input_format,
            trust_proxy: self.trust_proxy,
            api_keys: self.api_keys,
            match_window_ms: self.match_window,
            assume_tz: self.assume_tz,
            ..Options::default()
        })
    }

    /// Zone of times that carry none.
    pub(super) fn zone(&self) -> Zone {
        self.assume_tz
    }
}
