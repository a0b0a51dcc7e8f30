//! Options that every verb that reads logs shares.

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::filter::FilterArgs;
use super::known::{GeoipArgs, SurroundingsArgs};
use super::one_of;
use crate::config::Config;
use crate::framing;
use crate::options::{self, Cidr, Limits, Options};
use crate::pipeline::{Inputs, Request};
use crate::progress::{Progress, Verbosity};
use crate::pseudonyms::Pseudonyms;
use crate::spill;
use crate::time::Zone;

/// Threads that are of use for each core: some wait for a disk while others compute. What they hold and share costs with each more.
const THREADS_A_CORE: usize = 4;

/// Threads that are as well used where there are fewer cores.
const FEW_THREADS: usize = 16;

/// How lines are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct InputArgs {
    /// Zone of times that carry none: an IANA name or an offset such as +02:00 [default: of a server log that of the
    /// node's audit log, else UTC]
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse, allow_hyphen_values = true)]
    assume_tz: Option<Zone>,

    /// Read every input as this, where its content is not recognised: `lines`, `documents`, `csv`, or the name of a
    /// format as the report calls it
    #[arg(long, value_name = "NAME", value_parser = parse_input_format)]
    input_format: Option<&'static str>,

    /// Proxies (address or CIDR) whose x_forwarded_for is believed: the source of an attempt is then the last hop that is
    /// not one of them; repeatable
    #[arg(long, value_name = "CIDR", value_parser = Cidr::parse)]
    trust_proxy: Vec<Cidr>,

    /// Problems listed in the report; all are counted
    #[arg(long, value_name = "N", default_value_t = options::DEFAULT_PROBLEMS)]
    problems: usize,

    /// Exit with status 2 and write no report where anything is wrong with any input
    #[arg(long)]
    strict: bool,

    /// Exit with status 2 where fewer audit events than this were read, for scripts that must not take silence for peace
    #[arg(long, value_name = "N", default_value_t = 0)]
    require_events: u64,

    /// Bytes that may come out of one compressed input, with K, M, G or T; what is beyond is cut off and said
    #[arg(long, value_name = "BYTES", default_value_t = ByteCount(Limits::default().decompressed), value_parser = parse_bytes)]
    max_decompressed: ByteCount,

    /// Bytes that may come out for each stored byte of a compressed input, judged from 256M on; 0 for any number
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    max_ratio: u64,

    /// Longest line that is read, in bytes, with K, M, G or T; longer ones are skipped and counted
    #[arg(long, value_name = "BYTES", default_value_t = ByteCount(options::DEFAULT_MAX_LINE as u64), value_parser = parse_bytes)]
    max_line: ByteCount,

    /// Realm failures that may wait for the end of their request at one time
    #[arg(long, value_name = "N", default_value_t = options::DEFAULT_MAX_IN_FLIGHT)]
    max_in_flight: usize,

    /// Bytes a worker takes at a time; never changes the report
    #[arg(long, value_name = "BYTES", default_value_t = options::DEFAULT_CHUNK, hide = true)]
    chunk_size: usize,
}

/// What is made of what was read.
#[derive(Debug, Args)]
pub(super) struct JoinArgs {
    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    surroundings: SurroundingsArgs,

    #[command(flatten)]
    geoip: GeoipArgs,

    /// Listing of API keys (response of `GET /_security/api_key` or `_query/api_key`); repeatable
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    api_keys: Vec<PathBuf>,

    /// Replace principals, addresses and API keys by pseudonyms, the same in every report made with this key; the file
    /// holds at least 16 bytes that nobody guesses. Names of realms, roles, nodes, clusters and configured networks stay
    #[arg(long, value_name = "KEYFILE", value_parser = parse_key)]
    pseudonymize: Option<Pseudonyms>,

    /// How far a server-log line and the attempt it explains may be apart, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = options::DEFAULT_MATCH_WINDOW_MS,
          help_heading = "Reading", value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    match_window: i64,
}

/// How it runs, whatever the answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(super) struct RunArgs {
    /// Bytes of memory to use at most, with K, M, G or T; what has no room is counted and no more, and said [default: a
    /// quarter of the machine's]
    #[arg(long, value_name = "BYTES", value_parser = parse_size)]
    max_memory: Option<u64>,

    /// Worker threads, 0 for one a core; never changes the report
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,

    /// Nothing on standard error but errors and what is left out: no progress
    #[arg(short, long)]
    quiet: bool,

    /// Say on standard error what was read as what, and how long each step took
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
}

/// All of it: for verbs that read logs and look at them.
#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    join: JoinArgs,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    threads: RunArgs,
}

/// A number of bytes, shown as a user would write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ByteCount(u64);

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "T"), (30, "G"), (20, "M"), (10, "K")];
        let whole = units.into_iter().find(|(shift, _)| self.0 > 0 && self.0.is_multiple_of(1 << shift));
        let (shift, unit) = whole.unwrap_or((0, ""));
        write!(f, "{}{unit}", self.0 >> shift)
    }
}

fn parse_bytes(text: &str) -> Result<ByteCount, String> {
    parse_size(text).map(ByteCount)
}

/// Reads a number of bytes: `4096`, `64K`, `10M`, `2G`, `1T`.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no number of bytes such as 4096, 64K, 10M, 2G or 1T");
    let upper = text.trim().to_ascii_uppercase();
    let upper = upper.strip_suffix('B').unwrap_or(&upper);
    let upper = upper.strip_suffix('I').unwrap_or(upper);
    let (digits, shift) = match upper.as_bytes().last() {
        Some(b'K') => (&upper[..upper.len() - 1], 10),
        Some(b'M') => (&upper[..upper.len() - 1], 20),
        Some(b'G') => (&upper[..upper.len() - 1], 30),
        Some(b'T') => (&upper[..upper.len() - 1], 40),
        _ => (upper, 0),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

pub(super) fn parse_key(path: &str) -> Result<Pseudonyms, String> {
    Pseudonyms::load(std::path::Path::new(path)).map_err(|error| error.to_string())
}

fn parse_input_format(name: &str) -> Result<&'static str, String> {
    one_of(framing::format_names(), name)
}

impl InputArgs {
    /// Puts them into options.
    pub(super) fn apply(self, options: &mut Options) {
        options.chunk_size = self.chunk_size.min(options::MOST_CHUNK);
        options.max_line = usize::try_from(self.max_line.0).unwrap_or(usize::MAX);
        options.max_in_flight = self.max_in_flight;
        options.max_problems = self.problems;
        options.require_events = self.require_events;
        options.input_format = self.input_format;
        options.trust_proxy = self.trust_proxy;
        options.assume_tz = self.assume_tz;
        options.strict = self.strict;
        let ratio = if self.max_ratio == 0 { u64::MAX } else { self.max_ratio };
        options.limits = Limits { decompressed: self.max_decompressed.0, ratio };
    }
}

impl JoinArgs {
    /// Puts them into a request; times of the filter without a zone are read in `zone`.
    pub(super) fn apply(self, request: &mut Request, zone: Zone) -> Result<(), String> {
        self.surroundings.apply(&mut request.options);
        self.geoip.apply(&mut request.options);
        request.options.filter = self.filter.resolve(zone, &request.options.surroundings.known)?;
        request.options.api_keys = self.api_keys;
        request.options.match_window_ms = self.match_window;
        request.pseudonyms = self.pseudonymize;
        Ok(())
    }
}

impl RunArgs {
    /// Puts them into a request.
    pub(super) fn apply(&self, request: &mut Request) {
        let useful = (cores() * THREADS_A_CORE).max(FEW_THREADS);
        let room = spill::most_threads().unwrap_or(useful);
        let most = room.min(useful);
        if self.threads > most {
            let why = if room < useful { "more have no room (ulimit -v)" } else { "more are of no use" };
            // Nothing is left to tell if even this cannot be written.
            let _ = writeln!(io::stderr(), "esaudit: --threads {}: {most} are used, {why}", self.threads);
        }
        let wanted = if self.threads > 0 { self.threads } else { cores() };
        request.options.threads = wanted.min(most);
        request.options.max_memory = self.max_memory.unwrap_or_else(spill::default_limit);
        request.progress = Progress::new(match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        });
    }
}

/// How many cores there are for this process; one where the system does not tell.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl ReadArgs {
    /// What to read, how, and what to look at; times of the filter without a zone are read in `zone`.
    pub(super) fn request(self, inputs: Inputs, zone: Zone) -> Result<Request, String> {
        let mut request = Request::new(inputs, Options::default());
        self.input.apply(&mut request.options);
        self.join.apply(&mut request, zone)?;
        self.threads.apply(&mut request);
        Ok(request)
    }

    /// The configuration, as its file says it.
    pub(super) fn config(&self) -> Config {
        self.join.surroundings.config()
    }

    /// Zone of times that carry none.
    pub(super) fn zone(&self) -> Zone {
        self.input.assume_tz.unwrap_or(Zone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("4096", 4096), ("64K", 65_536), ("10m", 10 << 20), ("2GiB", 2 << 30), ("1T", 1 << 40)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(parse_bytes(&ByteCount(bytes).to_string()), Ok(ByteCount(bytes)), "{text}");
        }
        assert_eq!(
            [ByteCount(64 << 20), ByteCount(1 << 40), ByteCount(1_000), ByteCount(0)].map(|b| b.to_string()),
            ["64M", "1T", "1000", "0"]
        );
        for wrong in ["", "K", "-1", "1.5G", "1P", "99999999999999T", "x"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
