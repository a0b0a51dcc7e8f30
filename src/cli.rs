//! Arguments to plain options. The only file that knows clap.

use std::ffi::OsString;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};

use crate::config::{self, Config};
use crate::detect::{Kind, Severity};
use crate::options::{GroupBy, Options};
use crate::output::{Formats, Output};
use crate::report::{RENDERERS, Renderer, View, extensions, renderer, renderer_for_extension};

mod keys;
mod output;
mod read;

use keys::KeysArgs;
pub use keys::KeysRequest;
use output::OutputArgs;
use read::ReadArgs;

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
  esaudit report logs -o report.json -o table.txt several outputs in one run
  esaudit report logs --format json | jq .totals  for scripts
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
    /// The life of every API key: created, used from where, invalidated by whom, refused since; which ones to rotate
    #[command(after_help = keys::EXAMPLES)]
    Keys(Box<KeysArgs>),
    /// What a kind of finding means, its thresholds and where they come from, and what to do
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Box<ExplainArgs>),
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

    /// How to write the report: table, json, jsonl, csv, md, html [default: as the extension of --output says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<&'static str>,

    #[command(flatten)]
    output: OutputArgs,

    /// Keys that failures are grouped by
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_enum,
          default_values = ["principal", "realm-chain", "reason"])]
    by: Vec<ByKey>,

    /// Rows a table shows, 0 for all [default: 20; JSON and CSV: all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// Configuration file: thresholds of the findings, known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// Write the configuration with its defaults and comments, and leave
    #[arg(long)]
    print_config: bool,

    /// Exit with status 1 where a finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,

    #[command(flatten)]
    read: ReadArgs,
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
    // The extension is a name, too.
    renderer(name).or_else(|| renderer_for_extension(name)).map(Renderer::name).ok_or_else(|| {
        let known: Vec<&str> = RENDERERS.iter().map(|renderer| renderer.name()).collect();
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
    /// `esaudit keys`.
    Keys(Box<KeysRequest>),
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
    /// Where to write it, and as what: names of renderers.
    pub outputs: Vec<Output>,
    /// `--top`, where it was given; the inner `None` is "all".
    pub top: Option<Option<usize>>,
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
    let asked = match cli.command {
        Command::Report(args) if args.print_config => Ok(Asked::PrintConfig(Box::new(args.config.unwrap_or_default()))),
        Command::Report(args) => (*args).resolve(terminal).map(|request| Asked::Report(Box::new(request))),
        Command::Explain(args) => Ok(Asked::Explain(args.kind, Box::new(args.config.unwrap_or_default()))),
        Command::Keys(args) => (*args).resolve(terminal).map(|request| Asked::Keys(Box::new(request))),
    };
    asked.map_err(|message| Stop { message: Cli::command().error(ErrorKind::ValueValidation, message) })
}

impl ReportArgs {
    fn resolve(self, terminal: Terminal) -> Result<ReportRequest, String> {
        let mut by: Vec<GroupBy> = Vec::new();
        for key in self.by.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let config = self.config.unwrap_or_default();
        let formats = Formats { chosen: self.format, default: RENDERERS[0].name(), extensions: &extensions() };
        let outputs = self.output.resolve(&formats, self.read.styles(terminal))?;
        let top = self.top.map(read::rows);
        Ok(ReportRequest {
            paths: self.paths,
            top,
            options: Options {
                by,
                // What no output shows need not be made.
                listed: listed(&outputs, top),
                thresholds: config.thresholds,
                surroundings: config.surroundings,
                ..self.read.options()
            },
            fail_on: self.fail_on,
            outputs,
        })
    }
}

/// How many groups the longest output lists; `None` where one lists all.
fn listed(outputs: &[Output], top: Option<Option<usize>>) -> Option<usize> {
    let rows = |output: &Output| View::of(output.style, renderer(output.format)?, top).top;
    outputs.iter().map(rows).try_fold(0, |most, rows| rows.map(|rows| most.max(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Style, View};

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
    fn top_cuts_data_only_when_asked() {
        let top = |arguments: &[&str]| {
            let request = report(arguments);
            let output = &request.outputs[0];
            View::of(output.style, renderer(output.format).unwrap(), request.top).top
        };
        assert_eq!(top(&["x", "--format", "json"]), None);
        assert_eq!(top(&["x", "--format", "json", "--top", "5"]), Some(5));
        assert_eq!(top(&["x"]), Some(View::DEFAULT_TOP));
        assert_eq!(top(&["x", "--top", "0"]), None);
        assert_eq!(top(&["x", "-o", "a.csv", "--top", "0"]), None);
    }

    #[test]
    fn files_have_no_colour_and_the_width_that_was_asked_for() {
        let style = |arguments: &[&str]| report(arguments).outputs[0].style;
        let narrow = Terminal { width: Some(60), no_color: false, unicode: false };
        let arguments = ["esaudit", "report", "x", "-o", "a.txt"].map(OsString::from);
        let Ok(Asked::Report(request)) = parse(arguments, narrow) else { panic!("a report") };
        assert_eq!(request.outputs[0].style, Style { width: 100, color: false, unicode: true });
        assert!(!style(&["x", "-o", "a.txt", "--color", "always"]).color);
        assert!(style(&["x", "-o", "-", "--color", "always"]).color);
        assert_eq!(style(&["x", "-o", "a.txt", "--width", "70"]).width, 70);
    }

    #[test]
    fn outputs_are_chosen_by_extension_and_overridden_by_format() {
        let formats = |arguments: &[&str]| -> Vec<&'static str> {
            report(arguments).outputs.into_iter().map(|output| output.format).collect()
        };
        assert_eq!(formats(&["x"]), ["table"]);
        assert_eq!(formats(&["x", "--format", "txt"]), ["table"]);
        assert_eq!(formats(&["x", "-o", "a.json", "--output", "b.CSV", "-o", "-"]), ["json", "csv", "table"]);
        assert_eq!(formats(&["x", "-o", "a.json", "--format", "markdown"]), ["md"]);
        let unknown = parse(["esaudit", "report", "x", "-o", "a.doc"].map(OsString::from), PIPE).unwrap_err();
        assert!(unknown.message.use_stderr() && unknown.message.to_string().contains(".jsonl"));
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
