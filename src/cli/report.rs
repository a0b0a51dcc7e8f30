//! `esaudit report`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::display::{self, ShowArgs};
use super::output::OutputArgs;
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::config::{self, Config};
use crate::judge::Severity;
use crate::options::{GroupBy, Options};
use crate::output::{Formats, Output};
use crate::pipeline::{Inputs, Request};
use crate::report::{RENDERERS, Renderer, View, extensions, renderer, renderer_for_extension};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit report /var/log/elasticsearch           everything below a folder
  esaudit report 'logs/*_audit*.json*'            a glob, plain and gzip
  esaudit report logs --by source --top 50        who fails most, by address
  esaudit report logs -o report.json -o table.txt several outputs in one run
  esaudit report logs --format json | jq .totals  for scripts
  kubectl logs es-0 | esaudit report -            standard input
  esaudit report logs --fail-on high              exit status 1 where a finding is high or critical
  esaudit report --print-config > esaudit.toml    surroundings to fill in, for --config esaudit.toml";

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input
    #[arg(required_unless_present = "print_config", value_name = "PATH")]
    paths: Vec<OsString>,

    /// Add what the report rests on: hash, size and time of every input, the program, the parameters, the report's own
    /// hash; for `esaudit verify`
    #[arg(long)]
    manifest: bool,

    /// Write the configuration with its defaults and comments, and leave
    #[arg(long)]
    print_config: bool,

    #[command(flatten)]
    judge: JudgeArgs,

    #[command(flatten)]
    read: ReadArgs,
}

/// What a report is about and where it goes.
#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    /// How to write the report: table, json, jsonl, csv, md, html [default: as the extension of --output says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<&'static str>,

    #[command(flatten)]
    output: OutputArgs,

    /// Keys that failures are grouped by
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_enum,
          default_values = ["principal", "realm-chain", "reason", "credential"])]
    by: Vec<ByKey>,

    /// Rows a table shows, 0 for all [default: 20; JSON and CSV: all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// Configuration file: known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// Exit with status 1 where a finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,

    #[command(flatten)]
    pub(super) show: ShowArgs,
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
    Credential,
    Cluster,
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
            ByKey::Credential => Self::Credential,
            ByKey::Cluster => Self::Cluster,
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

pub(super) fn parse_severity(name: &str) -> Result<Severity, String> {
    Severity::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Severity::ALL.iter().map(|severity| severity.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

pub(super) fn parse_config(path: &str) -> Result<Config, String> {
    config::load(std::path::Path::new(path)).map_err(|error| error.to_string())
}

/// `esaudit report`, resolved.
#[derive(Debug)]
pub struct ReportRequest {
    /// What to read, and how.
    pub read: Request,
    /// Where to write it, and as what: names of renderers.
    pub outputs: Vec<Output>,
    /// `--top`, where it was given; the inner `None` is "all".
    pub top: Option<Option<usize>>,
    /// Exit status 1 from this severity on.
    pub fail_on: Option<Severity>,
}

impl ReportArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        if self.print_config {
            return Ok(Command::PrintConfig(Box::new(self.judge.config.unwrap_or_default())));
        }
        let mut read = self.read.request(Inputs::Logs(self.paths), self.judge.show.tz)?;
        read.options.manifest = self.manifest;
        Ok(Command::Report(Box::new(self.judge.resolve(terminal, read, &extensions())?)))
    }
}

impl JudgeArgs {
    /// The report on what is read; `extensions` of files and their formats.
    pub(super) fn resolve(
        self,
        terminal: Terminal,
        read: Request,
        extensions: &[(&'static str, &'static str)],
    ) -> Result<ReportRequest, String> {
        let mut by: Vec<GroupBy> = Vec::new();
        for key in self.by.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let config = self.config.unwrap_or_default();
        let formats = Formats { chosen: self.format, default: RENDERERS[0].name(), extensions };
        let outputs = self.output.resolve(&formats, self.show.styles(terminal))?;
        let top = self.top.map(display::rows);
        Ok(ReportRequest {
            read: Request {
                options: Options {
                    by,
                    // What no output shows need not be made.
                    listed: listed(&outputs, top),
                    surroundings: config.surroundings,
                    ..read.options
                },
                ..read
            },
            top,
            fail_on: self.fail_on,
            outputs,
        })
    }
}

/// How many groups the longest output lists; `None` where one lists all.
fn listed(outputs: &[Output], top: Option<Option<usize>>) -> Option<usize> {
    // What is no report lists no groups.
    let rows = |output: &Output| renderer(output.format).map_or(Some(0), |by| View::of(output.style, by, top).top);
    outputs.iter().map(rows).try_fold(0, |most, rows| rows.map(|rows| most.max(rows)))
}
