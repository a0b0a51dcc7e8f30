//! The command line, and the plain options it becomes.

use std::path::PathBuf;

use chrono::DateTime;
use clap::{Parser, ValueEnum};

use crate::addresses::Addresses;
use crate::shape::Shape;
use crate::text::{Micros, SECOND};

/// How the audit file of a release looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FormatVersion {
    /// 8.x and 9.x: type, timestamp with zone, cluster.uuid, authentication.type.
    #[value(name = "8")]
    V8,
    /// 7.3 to 7.17: type, timestamp with zone.
    #[value(name = "7")]
    V7,
    /// 6.6 to 7.2: `@timestamp` without a zone.
    #[value(name = "7.1")]
    V71,
    /// 6.5: as 7.1, and no request ids.
    #[value(name = "6.5")]
    V65,
}

/// How the server log looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ServerFormat {
    /// 8.x: ECS JSON.
    Ecs,
    /// 7.x: JSON with `"type": "server"`.
    Json7,
    /// Plain text.
    Text,
    /// Kibana's CSV export of two columns, `@timestamp` and `message`, around plain text.
    Csv,
}

/// Which files are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Gzip {
    /// None.
    None,
    /// The rolled ones, as Elasticsearch does.
    Rolled,
    /// All.
    All,
}

/// When the audit file is rolled over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Roll {
    /// Never.
    Never,
    /// After so many lines.
    Lines(u64),
    /// At midnight of the written zone.
    Daily,
}

/// How strongly an incident is planted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Strength {
    /// Below every threshold cited in the detections' documentation: must not be reported, or only as info.
    Weak,
    /// Just above.
    Edge,
    /// Plainly visible.
    Normal,
    /// A flood of it.
    Strong,
}

impl Strength {
    /// Its name on the command line and in the truth.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Edge => "edge",
            Self::Normal => "normal",
            Self::Strong => "strong",
        }
    }
}

/// Make a synthetic Elasticsearch cluster's audit logs from a seed, with planted incidents, and write the truth beside them.
///
/// The same seed and options give the same bytes.
#[derive(Parser, Debug)]
#[command(
    name = "esaudit-gen",
    version,
    after_help = "`esaudit-gen scenario` and `esaudit-gen scenarios` make small logs about one thing each, with their truth; see their --help."
)]
pub(crate) struct Args {
    /// Folder to write to: one folder per node. Must not exist, or be empty.
    #[arg(long, required_unless_present = "list_plants")]
    out: Option<PathBuf>,
    /// Where the truth goes [default: OUT.truth.json beside OUT]
    #[arg(long)]
    pub(crate) truth: Option<PathBuf>,
    /// Also write every attempt, one JSON object a line, to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth_attempts: Option<PathBuf>,
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Number of nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) nodes: u16,
    /// Days of traffic; fractions are allowed.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) days: f64,
    /// Time of the first event.
    #[arg(long, default_value = "2026-03-01T00:00:00Z")]
    pub(crate) start: String,
    /// Background audit events per second and node.
    #[arg(long, default_value_t = 1.0, conflicts_with = "bytes")]
    pub(crate) rate: f64,
    /// Total size of the uncompressed audit logs instead of a rate, such as 2GiB or 500MB. What is planted is written in
    /// any case; a log too small for the benign noise has less of it.
    #[arg(long, value_parser = parse_size)]
    pub(crate) bytes: Option<u64>,
    /// Nodes that do not log realm_authentication_failed ("all", "none", or names).
    #[arg(long, value_delimiter = ',', default_value = "es-3", value_name = "NODES")]
    pub(crate) no_realm_events: Vec<String>,
    /// Nodes that log authentication_success ("all", "none", or names).
    #[arg(long, value_delimiter = ',', default_value = "none", value_name = "NODES")]
    pub(crate) log_successes: Vec<String>,
    /// Nodes that write node.name into each event ("all", "none", or names).
    #[arg(long, value_delimiter = ',', default_value = "none", value_name = "NODES")]
    pub(crate) show_node_name: Vec<String>,
    /// Write the server logs too.
    #[arg(long)]
    server_log: bool,
    /// Nodes whose server log is missing all the same ("all", "none", or names).
    #[arg(long, value_delimiter = ',', default_value = "none", value_name = "NODES")]
    no_server_log: Vec<String>,
    /// Form of the server logs.
    #[arg(long, value_enum, default_value_t = ServerFormat::Ecs)]
    pub(crate) server_format: ServerFormat,
    /// Unremarkable server-log lines per second and node.
    #[arg(long, default_value_t = 0.02)]
    pub(crate) server_rate: f64,
    /// Write what the cluster says about itself at the end, in place of the listing of API keys: nodes, users, roles, keys.
    #[arg(long)]
    pub(crate) dumps: bool,
    /// Which files to compress.
    #[arg(long, value_enum, default_value_t = Gzip::None)]
    pub(crate) gzip: Gzip,
    /// Roll the audit files over after so many lines.
    #[arg(long, conflicts_with = "roll")]
    pub(crate) roll_lines: Option<u64>,
    /// Roll the audit files over: daily or never.
    #[arg(long, value_parser = ["daily", "never"], default_value = "never")]
    pub(crate) roll: String,
    /// Incidents to plant: all, none, or KIND[:weak|edge|normal|strong],… (all takes a strength too).
    #[arg(long, value_delimiter = ',', default_value = "none")]
    pub(crate) plant: Vec<String>,
    /// Planted outside sources come through a reverse proxy, which names them in X-Forwarded-For.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Scale of the benign noise: mistyped passwords, probes without credentials, ordinary security changes.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) noise: f64,
    /// Share of all lines that are ambient failures of no particular meaning (0.13 is a busy cluster; such a log is not clean).
    #[arg(long, default_value_t = 0.0)]
    pub(crate) failure_share: f64,
    /// So many accounts make the requests, and ambient logins, instead of some dozens of clients: by Zipf, the second busiest
    /// half as often as the first.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub(crate) accounts: Option<u32>,
    /// Where these accounts come from: 1-4 = each from one to four addresses of its own, any:2000 = each from any of 2,000.
    #[arg(long, default_value = "1-4", value_parser = Addresses::parse, requires = "accounts")]
    pub(crate) addresses: Addresses,
    /// API keys of these accounts, dealt out in turn.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=5_000_000), requires = "accounts")]
    pub(crate) keys: u32,
    /// Share of the requests that accounts with keys make with one.
    #[arg(long, default_value_t = 0.2, requires = "accounts")]
    pub(crate) key_share: f64,
    /// Access decisions that a request writes, at most.
    #[arg(long, default_value_t = 16)]
    pub(crate) decisions: usize,
    /// Names in the `indices` of every access decision, instead of a few.
    #[arg(long)]
    pub(crate) indices: Option<u32>,
    /// Plant this many API keys that are refused all the time, each from several clients.
    #[arg(long, default_value_t = 0)]
    pub(crate) failing_keys: u32,
    /// How many clients send these keys.
    #[arg(long, default_value_t = 6)]
    pub(crate) failing_clients: u32,
    /// How many such refusals per second and node.
    #[arg(long, default_value_t = 0.2)]
    pub(crate) failing_rate: f64,
    /// Zone of the written times, such as +02:00.
    #[arg(long, default_value = "+00:00", value_parser = parse_offset, allow_hyphen_values = true)]
    pub(crate) tz: i64,
    /// Release whose audit format is written.
    #[arg(long, value_enum, default_value_t = FormatVersion::V8)]
    pub(crate) format_version: FormatVersion,
    /// Form in which the events are written.
    #[arg(long, value_enum, default_value_t = Shape::Native)]
    shape: Shape,
    /// Wrap the lines: the same as --shape docker.
    #[arg(long, value_parser = ["docker", "none"], default_value = "none", hide = true)]
    wrap: String,
    /// List the kinds of incident that can be planted, and leave.
    #[arg(long, exclusive = true)]
    pub(crate) list_plants: bool,
}

impl Args {
    /// The time of the first event.
    pub(crate) fn start_time(&self) -> Result<Micros, String> {
        let time = DateTime::parse_from_rfc3339(&self.start).map_err(|e| format!("--start {}: {e}", self.start))?;
        Ok(time.timestamp_micros())
    }

    /// How long the log is.
    pub(crate) fn duration(&self) -> Micros {
        (self.days * 86_400.0 * SECOND as f64) as Micros
    }

    /// The form in which the events are written.
    pub(crate) fn shape(&self) -> Shape {
        if self.wrap == "docker" { Shape::Docker } else { self.shape }
    }

    /// Sets the form in which the events are written.
    pub(crate) fn set_shape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    /// True if requests carry ids in this form and release.
    pub(crate) fn has_request_ids(&self) -> bool {
        self.format_version != FormatVersion::V65 && self.shape().has_request_ids()
    }

    /// The folder to write to.
    pub(crate) fn folder(&self) -> PathBuf {
        self.out.clone().unwrap_or_default()
    }

    /// True if the server log of this node is written.
    pub(crate) fn has_server_log(&self, node: &str) -> bool {
        self.server_log && !names(&self.no_server_log, node)
    }

    /// Where the truth goes: never inside the folder that will be analysed.
    pub(crate) fn truth_path(&self) -> PathBuf {
        self.truth.clone().unwrap_or_else(|| {
            let folder = self.folder();
            let mut name = folder.file_name().unwrap_or_default().to_os_string();
            name.push(".truth.json");
            folder.with_file_name(name)
        })
    }
}

/// True if a list of nodes names this one.
pub(crate) fn names(list: &[String], node: &str) -> bool {
    list.iter().any(|l| l == node || l == "all")
}

/// A size such as `2GiB`, `500MB`, `1000`.
fn parse_size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..split].parse().map_err(|e| format!("{text}: {e}"))?;
    let unit = match text[split..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        other => return Err(format!("unknown unit {other}")),
    };
    Ok((number * unit) as u64)
}

/// An offset such as `+02:00`, `-0730`, `Z`, in seconds.
fn parse_offset(text: &str) -> Result<i64, String> {
    if text == "Z" {
        return Ok(0);
    }
    let bad = || format!("{text}: expected an offset such as +02:00");
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(bad()),
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 {
        return Err(bad());
    }
    let number: i64 = digits.parse().map_err(|_| bad())?;
    Ok(sign * (number / 100 * 3600 + number % 100 * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_offsets() {
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        assert_eq!(parse_size("1.5MB"), Ok(1_500_000));
        assert!(parse_size("2 parsecs").is_err());
        assert_eq!(parse_offset("-07:30"), Ok(-27_000));
        assert!(parse_offset("2h").is_err());
    }
}
