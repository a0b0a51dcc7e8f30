//! Arguments to plain options. The only file that knows clap.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self, Config};
use crate::decode;
use crate::detect::{Kind, Severity};
use crate::options::{self, Cidr, GroupBy, Options};
use crate::report::{RENDERERS, Renderer, Style, View, renderer};
use crate::time::Zone;

/// Offline analyzer of Elasticsearch security audit logs.
#[derive(Debug, Parser)]
#[command(name = "esaudit", version, about, max_term_width = 100, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 done, and a finding at or above --fail-on; 2 some input could not be read whole (the report is still written and \
says which); 64 wrong usage.";

const REPORT_EXAMPLES: &str = "\
Examples:
  esaudit report /var/log/elasticsearch           everything below a folder
  esaudit report 'logs/*_audit*.json*'            a glob, plain and gzip
  esaudit report logs --by source --top 50        who fails most, by address
  esaudit report logs --format json > report.json for scripts
  kubectl logs es-0 | esaudit report -            standard input
  esaudit report logs --fail-on high              exit status 1 where a finding is high or critical
  esaudit report --print-config > esaudit.toml    thresholds to change, for --config esaudit.toml";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  esaudit explain                                 all kinds of finding, a line each
  esaudit explain password_spraying               signature, thresholds, next steps, source";

#[derive(Debug, Subcommand)]
enum Command {
    /// Who failed to authenticate, through which realms, how often, from where; which keys were invalidated by whom
    #[command(after_help = REPORT_EXAMPLES)]
    Report(Box<ReportArgs>),
    /// What a kind of finding means, its thresholds and where they come from, and what to do
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// Kind of finding; without one all are listed
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,

    /// Configuration file whose thresholds are shown
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,
}

#[derive(Debug, Args)]
struct ReportArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input
    #[arg(required_unless_present = "print_config", value_name = "PATH")]
    paths: Vec<OsString>,

    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format)]
    format: &'static str,

    /// Keys that failures are grouped by
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_enum,
          default_values = ["principal", "realm-chain", "reason"])]
    by: Vec<ByKey>,

    /// Rows a table shows, 0 for all [default: 20; JSON: all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

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
    api_keys: Vec<std::path::PathBuf>,

    /// How far a server-log line and the attempt it explains may be apart, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = options::DEFAULT_MATCH_WINDOW_MS,
          value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    match_window: i64,

    /// Configuration file: thresholds of the findings, known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// Write the configuration with its defaults and comments, and leave
    #[arg(long)]
    print_config: bool,

    /// Exit with status 1 where a finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    color: Color,

    /// Columns of the table [default: the terminal's, or 100]
    #[arg(long, value_name = "N")]
    width: Option<usize>,

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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ByKey {
    Principal,
    RealmChain,
    Reason,
    Source,
    Node,
    Action,
    Path,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl From<ByKey> for GroupBy {
    fn from(key: ByKey) -> Self {
        match key {
            ByKey::Principal => Self::Principal,
            ByKey::RealmChain => Self::RealmChain,
            ByKey::Reason => Self::Reason,
            ByKey::Source => Self::Source,
            ByKey::Node => Self::Node,
            ByKey::Action => Self::Action,
            ByKey::Path => Self::Path,
        }
    }
}

fn parse_format(name: &str) -> Result<&'static str, String> {
    renderer(name).map(Renderer::name).ok_or_else(|| {
        let known: Vec<&str> = RENDERERS.iter().map(|renderer| renderer.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

fn parse_input_format(name: &str) -> Result<&'static str, String> {
    decode::format_names().find(|known| *known == name).ok_or_else(|| {
        let known: Vec<&str> = decode::format_names().collect();
        format!("one of {}", known.join(", "))
    })
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    // People write dashes.
    Kind::parse(&name.replace('-', "_")).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

fn parse_severity(name: &str) -> Result<Severity, String> {
    Severity::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Severity::ALL.iter().map(|severity| severity.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

fn parse_config(path: &str) -> Result<Config, String> {
    config::load(std::path::Path::new(path))
}

/// What the terminal is like, where the command line leaves it open.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Columns, if standard output is a terminal.
    pub width: Option<usize>,
    /// Whether `NO_COLOR` is set to something (no-color.org).
    pub no_color: bool,
    /// Whether the locale can show more than ASCII.
    pub unicode: bool,
}

/// What the user asked for.
#[derive(Debug)]
pub enum Asked {
    /// `esaudit report`.
    Report(Box<ReportRequest>),
    /// `esaudit explain`.
    Explain(Option<Kind>, Box<Config>),
    /// `esaudit report --print-config`.
    PrintConfig(Box<Config>),
}

/// `esaudit report`, resolved.
#[derive(Debug)]
pub struct ReportRequest {
    /// What to read.
    pub paths: Vec<OsString>,
    /// How to read and count.
    pub options: Options,
    /// Name of the renderer.
    pub format: &'static str,
    /// How to show it.
    pub view: View,
    /// Exit status 1 from this severity on.
    pub fail_on: Option<Severity>,
}

/// Help, version or a complaint to print before anything is read.
#[derive(Debug)]
pub struct Stop {
    message: clap::Error,
}

impl Stop {
    /// Prints it where it belongs and gives the exit status: 0 for help and version, 64 for wrong usage.
    #[must_use]
    pub fn print(&self) -> u8 {
        // A closed pipe is no reason to fail here either.
        let _ = self.message.print();
        if self.message.use_stderr() { 64 } else { 0 }
    }
}

/// Reads the command line.
///
/// # Errors
/// [`Stop`] where there is something to print instead of a report.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, terminal: Terminal) -> Result<Asked, Stop> {
    let cli = Cli::try_parse_from(arguments).map_err(|message| Stop { message })?;
    match cli.command {
        Command::Report(args) if args.print_config => Ok(Asked::PrintConfig(Box::new(args.config.unwrap_or_default()))),
        Command::Report(args) => Ok(Asked::Report(Box::new(args.resolve(terminal)))),
        Command::Explain(args) => Ok(Asked::Explain(args.kind, Box::new(args.config.unwrap_or_default()))),
    }
}

/// Columns where the output is no terminal.
const PIPE_WIDTH: usize = 100;

impl ReportArgs {
    fn resolve(self, terminal: Terminal) -> ReportRequest {
        let mut by: Vec<GroupBy> = Vec::new();
        for key in self.by.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let color = match self.color {
            Color::Auto => terminal.width.is_some() && !terminal.no_color,
            Color::Always => true,
            Color::Never => false,
        };
        let rows = |top: usize| (top > 0).then_some(top);
        let width = self.width.or(terminal.width).unwrap_or(PIPE_WIDTH);
        let is_table = self.format == "table";
        let config = self.config.unwrap_or_default();
        ReportRequest {
            paths: self.paths,
            options: Options {
                threads: self.threads,
                chunk_size: self.chunk_size,
                max_line: self.max_line,
                max_in_flight: self.max_in_flight,
                max_problems: self.problems,
                by,
                // A table is cut when it is drawn, so that it can say how much is left.
                top: if is_table { None } else { self.top.and_then(rows) },
                trust_proxy: self.trust_proxy,
                api_keys: self.api_keys,
                match_window_ms: self.match_window,
                assume_tz: self.assume_tz,
                input_format: self.input_format,
                thresholds: config.thresholds,
                surroundings: config.surroundings,
            },
            format: self.format,
            fail_on: self.fail_on,
            view: View {
                style: Style { width, color, unicode: terminal.unicode },
                top: self.top.map_or(Some(View::DEFAULT_TOP), rows),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const PIPE: Terminal = Terminal { width: None, no_color: false, unicode: true };

    fn report(arguments: &[&str]) -> ReportRequest {
        let arguments = ["esaudit", "report"].iter().chain(arguments).map(OsString::from);
        match parse(arguments, PIPE).unwrap() {
            Asked::Report(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn grouping_keys_are_put_in_order_once() {
        let request = report(&["x", "--by", "source,principal,source"]);
        assert_eq!(request.options.by, [GroupBy::Principal, GroupBy::Source]);
    }

    #[test]
    fn top_cuts_json_only_when_asked() {
        assert_eq!(report(&["x", "--format", "json"]).options.top, None);
        assert_eq!(report(&["x", "--format", "json", "--top", "5"]).options.top, Some(5));
        assert_eq!(report(&["x"]).view.top, Some(View::DEFAULT_TOP));
        assert_eq!(report(&["x", "--top", "0"]).view.top, None);
    }

    #[test]
    fn other_verbs() {
        let asked = |arguments: &[&str]| parse(arguments.iter().map(OsString::from), PIPE);
        assert!(matches!(asked(&["esaudit", "report", "--print-config"]), Ok(Asked::PrintConfig(_))));
        assert!(matches!(asked(&["esaudit", "explain"]), Ok(Asked::Explain(None, _))));
        let kind = asked(&["esaudit", "explain", "clock-skew"]);
        assert!(matches!(kind, Ok(Asked::Explain(Some(Kind::ClockSkew), _))));
        assert!(asked(&["esaudit", "explain", "nonsense"]).is_err());
        assert_eq!(report(&["x", "--fail-on", "high"]).fail_on, Some(Severity::High));
        assert!(asked(&["esaudit", "report", "x", "--config", "no/such.toml"]).is_err());
    }

    #[test]
    fn wrong_usage_is_64() {
        let stop = parse(["esaudit", "report"].map(OsString::from), PIPE).unwrap_err();
        assert!(stop.message.use_stderr());
        let help = parse(["esaudit", "--help"].map(OsString::from), PIPE).unwrap_err();
        assert!(!help.message.use_stderr());
    }
}
