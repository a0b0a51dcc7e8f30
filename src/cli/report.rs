//! `esaudit report`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::output::OutputArgs;
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::data::ecs;
use crate::document::formats::{FindingsTold, Form};
use crate::judge::Severity;
use crate::options::{GroupBy, Options};
use crate::output::{Output, Outputs, Screen};
use crate::pipeline::{Inputs, Request};
use crate::sigma::SigmaRules;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit report /var/log/elasticsearch           everything below a folder
  esaudit report 'logs/*_audit*.json*'            a glob, plain and gzip
  esaudit report logs --by source --top 50        who fails most, by address
  esaudit report logs -o report.json -o table.txt several outputs in one run
  esaudit report logs --format json | jq .totals  for scripts
  kubectl logs es-0 | esaudit report -            standard input
  esaudit report logs --finding F4                one finding, told whole; --explain 0 tells all
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

    /// Write a signature beside each file (FILE.minisig), made with this secret key of minisign, and add the manifest; the
    /// password of the key is asked for on the terminal
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,

    /// Put lines of each finding's evidence into the page, as they stand in the logs: at most 10 a finding and 512K in all
    #[arg(long, conflicts_with = "pseudonymize", help_heading = "Showing")]
    embed_evidence: bool,

    /// Write the configuration with its defaults and comments, and leave
    #[arg(long)]
    print_config: bool,

    #[command(flatten)]
    pub(super) judge: JudgeArgs,

    #[command(flatten)]
    read: ReadArgs,
}

/// Forms of data that a report has.
pub(super) const FORMS: &[Form] = &[Form::Json, Form::Lines, Form::EcsBulk, Form::Navigator, Form::Stix, Form::Ocsf];

/// What a report is about and where it goes.
#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Everything, where a terminal would be shown a summary
    #[arg(long, help_heading = "Showing")]
    full: bool,

    /// Only this finding, told whole; repeatable
    #[arg(long, value_name = "F1", help_heading = "Showing")]
    finding: Vec<String>,

    /// Findings a table explains, 0 for all [default: 3]
    #[arg(long, value_name = "N", help_heading = "Showing")]
    explain: Option<usize>,

    /// Keys that failures are grouped by [default: principal,realm-chain,reason,credential]
    #[arg(long, value_name = "KEY,…", value_delimiter = ',', value_enum)]
    by: Vec<ByKey>,

    /// Folder of Sigma rules, or one file, to run over failed attempts, security changes and powerful actions; what is not
    /// supported is named and skipped
    #[arg(long, value_name = "DIR", value_parser = parse_sigma)]
    sigma: Option<std::sync::Arc<SigmaRules>>,

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

impl ByKey {
    /// Where the user names none.
    const DEFAULT: [Self; 4] = [Self::Principal, Self::RealmChain, Self::Reason, Self::Credential];
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

fn parse_sigma(path: &str) -> Result<std::sync::Arc<SigmaRules>, String> {
    SigmaRules::load(Path::new(path), ecs::FIELDS).map(std::sync::Arc::new)
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
    /// The secret key that files are signed with.
    pub sign: Option<PathBuf>,
    /// Whether pages hold lines of the evidence.
    pub embed: bool,
}

impl ReportArgs {
    pub(super) fn resolve(self, terminal: Terminal, line: String) -> Result<Command, String> {
        if self.print_config {
            return Ok(Command::PrintConfig(Box::new(self.read.config())));
        }
        let mut read = self.read.request(Inputs::Logs(self.paths), self.judge.output.tz)?;
        read.options.manifest = self.manifest || self.sign.is_some();
        let mut request = self.judge.resolve(terminal, line, read, FORMS)?;
        if self.embed_evidence && !request.outputs.list.iter().any(|output| output.format.name == "html") {
            return Err("--embed-evidence is about pages: -o report.html".to_owned());
        }
        if let Some(cannot) = self.sign.as_ref().and_then(|_| request.outputs.unsigned()) {
            return Err(cannot.to_owned());
        }
        request.sign = self.sign;
        request.embed = self.embed_evidence;
        Ok(Command::Report(Box::new(request)))
    }
}

impl JudgeArgs {
    /// The report on what is read; the forms of data that the verb has.
    pub(super) fn resolve(
        self,
        terminal: Terminal,
        line: String,
        read: Request,
        forms: &[Form],
    ) -> Result<ReportRequest, String> {
        let is_default = self.by.is_empty() && !self.full && !self.output.wants_all();
        let told = match (self.explain, self.finding) {
            (_, ids) if !ids.is_empty() => Some(FindingsTold::Only(ids)),
            // 0 stands for all.
            (explain, _) => explain.map(|most| FindingsTold::First((most > 0).then_some(most))),
        };
        let mut by: Vec<GroupBy> = Vec::new();
        let keys = if self.by.is_empty() { ByKey::DEFAULT.to_vec() } else { self.by };
        for key in keys.into_iter().map(GroupBy::from) {
            if !by.contains(&key) {
                by.push(key);
            }
        }
        by.sort_by_key(|key| GroupBy::ALL.iter().position(|known| known == key));
        let mut outputs = self.output.resolve(terminal, forms, "table")?;
        if told.is_some() && !outputs.list.iter().any(Output::is_for_screens) {
            return Err("--finding and --explain are about tables: other formats hold every finding".to_owned());
        }
        if let (Some(rows), true, None) = (terminal.rows, is_default, &told) {
            outputs.screen = Some(Screen::Summary(rows, line));
        }
        outputs.told = told;
        Ok(ReportRequest {
            read: Request {
                options: Options {
                    by,
                    sigma: self.sigma,
                    // What no output shows need not be made.
                    listed: outputs.longest(),
                    ..read.options
                },
                ..read
            },
            fail_on: self.fail_on,
            sign: None,
            embed: false,
            outputs,
        })
    }
}
