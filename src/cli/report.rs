//! `esaudit report`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::output::OutputArgs;
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::config::{self, Config};
use crate::document::formats::Form;
use crate::judge::Severity;
use crate::options::{GroupBy, Options};
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};

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
    pub(super) judge: JudgeArgs,

    #[command(flatten)]
    read: ReadArgs,
}

/// Forms of data that a report has.
pub(super) const FORMS: &[Form] = &[Form::Json, Form::Lines];

/// What a report is about and where it goes.
#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Keys that failures are grouped by
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_enum,
          default_values = ["principal", "realm-chain", "reason", "credential"])]
    by: Vec<ByKey>,

    /// Configuration file: known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// Exit with status 1 where a finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,
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
    /// Where to write it, and how.
    pub outputs: Outputs,
    /// Exit status 1 from this severity on.
    pub fail_on: Option<Severity>,
}

impl ReportArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        if self.print_config {
            return Ok(Command::PrintConfig(Box::new(self.judge.config.unwrap_or_default())));
        }
        let mut read = self.read.request(Inputs::Logs(self.paths), self.judge.output.tz)?;
        read.options.manifest = self.manifest;
        Ok(Command::Report(Box::new(self.judge.resolve(terminal, read, FORMS)?)))
    }
}

impl JudgeArgs {
    /// The report on what is read; the forms of data that the verb has.
    pub(super) fn resolve(self, terminal: Terminal, read: Request, forms: &[Form]) -> Result<ReportRequest, String> {
        let mut by: Vec<GroupBy> = Vec::new();
        for key in self.by.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let config = self.config.unwrap_or_default();
        let outputs = self.output.resolve(terminal, forms, "table")?;
        Ok(ReportRequest {
            read: Request {
                options: Options {
                    by,
                    // What no output shows need not be made.
                    listed: outputs.longest(),
                    surroundings: config.surroundings,
                    ..read.options
                },
                ..read
            },
            fail_on: self.fail_on,
            outputs,
        })
    }
}
