//! `esaudit report`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::read::ReadArgs;
use super::show::{self, ShowArgs};
use super::{Asked, Terminal};
use crate::config::{self, Config};
use crate::detect::Severity;
use crate::options::{GroupBy, Options};
use crate::report::{RENDERERS, Renderer, View, renderer};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit report /var/log/elasticsearch           everything below a folder
  esaudit report 'logs/*_audit*.json*'            a glob, plain and gzip
  esaudit report logs --by source --top 50        who fails most, by address
  esaudit report logs --format json > report.json for scripts
  kubectl logs es-0 | esaudit report -            standard input
  esaudit report logs --fail-on high              exit status 1 where a finding is high or critical
  esaudit report --print-config > esaudit.toml    thresholds to change, for --config esaudit.toml";

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
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

    /// Configuration file: thresholds of the findings, known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    /// Write the configuration with its defaults and comments, and leave
    #[arg(long)]
    print_config: bool,

    /// Exit with status 1 where a finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,

    /// Add what the report rests on: hash, size and time of every input, the program, the parameters, the report's own
    /// hash; for `esaudit verify`
    #[arg(long)]
    manifest: bool,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    show: ShowArgs,
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

pub(super) fn parse_format(name: &str) -> Result<&'static str, String> {
    renderer(name).map(Renderer::name).ok_or_else(|| {
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
    config::load(std::path::Path::new(path))
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

impl ReportArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Asked {
        if self.print_config {
            return Asked::PrintConfig(Box::new(self.config.unwrap_or_default()));
        }
        let mut by: Vec<GroupBy> = Vec::new();
        for key in self.by.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let is_table = self.format == "table";
        let config = self.config.unwrap_or_default();
        Asked::Report(Box::new(ReportRequest {
            paths: self.paths,
            view: self.show.view(self.top, terminal),
            options: Options {
                by,
                // A table is cut when it is drawn, so that it can say how much is left.
                top: if is_table { None } else { self.top.and_then(show::rows) },
                thresholds: config.thresholds,
                surroundings: config.surroundings,
                manifest: self.manifest,
                ..self.read.options()
            },
            fail_on: self.fail_on,
            format: self.format,
        }))
    }
}
