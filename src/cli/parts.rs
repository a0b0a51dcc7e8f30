//! `esaudit scan` and `esaudit merge`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::read::{InputArgs, JoinArgs, RunArgs, parse_key};
use super::report::{FORMS, JudgeArgs, ReportRequest};
use super::{Command, Terminal};
use crate::document::formats::{Form, Style};
use crate::options::Options;
use crate::output::{Formats, Output, Styles, Target};
use crate::pipeline::{Inputs, Naming, Request};
use crate::pseudonyms::Pseudonyms;

pub(super) const SCAN_EXAMPLES: &str = "\
Examples:
  esaudit scan /var/log/elasticsearch -o es-1.esa --prefix es-1:
  esaudit merge es-1.esa es-2.esa -o report.html
  zstdcat old.json.zst | esaudit scan - --name es-1/old.json -o old.esa
  ssh es-1 esaudit scan /var/log/elasticsearch --prefix es-1: -o - > es-1.esa
  esaudit scan /var/log/elasticsearch --state es-1.state   every night: what is new, into es-1-000001.esa, …";

pub(super) const MERGE_EXAMPLES: &str = "\
Examples:
  esaudit merge es-*.esa                          the report on all nodes
  esaudit merge es-*.esa -o report.html -o report.json
  esaudit merge monday.esa tuesday.esa -o week.esa
  esaudit merge week.esa --principal alice --fail-on high";

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    /// Part file to write, `-` for standard output; may be left out with --state: the part is numbered then, and beside it
    #[arg(short = 'o', long = "output", value_name = "FILE.esa", required_unless_present = "state")]
    output: Option<OsString>,

    /// Read only what is new since the last run with this file, which remembers what was read, and is made by the first;
    /// merge the parts of all runs for the report on everything
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Replace an existing file that is not of this program
    #[arg(long)]
    pub(super) force: bool,

    /// Put before every path in the part: tells files of several machines apart that have the same path
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,

    /// Take this folder off the begin of every path in the part, before --prefix is put there: for files that lie elsewhere now
    #[arg(long, value_name = "FOLDER")]
    strip: Option<PathBuf>,

    /// Path that standard input has in the part, for data that is piped in: `--name s3://logs/audit.json.gz -`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Keep the paths of requests, for `merge --by path`
    #[arg(long)]
    keep_path: bool,

    /// Keep pseudonyms of principals, addresses and API keys only, those that every report made with this key has; the file
    /// holds at least 16 bytes that nobody guesses. Parts of one key can be merged without it
    #[arg(long, value_name = "KEYFILE", value_parser = parse_key)]
    pseudonymize: Option<Pseudonyms>,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    threads: RunArgs,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Part files, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<OsString>,

    #[command(flatten)]
    pub(super) judge: JudgeArgs,

    #[command(flatten)]
    join: JoinArgs,

    #[command(flatten)]
    threads: RunArgs,
}

/// `esaudit scan`, resolved.
#[derive(Debug)]
pub struct ScanRequest {
    /// What to read, and how.
    pub read: Request,
    /// The part file; with a state it may be left to that.
    pub output: Option<Output>,
    /// What runs before have read.
    pub state: Option<StateRequest>,
}

/// `--state`.
#[derive(Debug)]
pub struct StateRequest {
    /// The file that remembers.
    pub path: PathBuf,
    /// Whether the part may replace another.
    pub force: bool,
}

impl ScanArgs {
    pub(super) fn resolve(self) -> Result<Command, String> {
        if self.name.is_some() && !self.paths.iter().any(|path| path == "-") {
            return Err("--name is for standard input: give `-` among the paths".to_owned());
        }
        if self.state.is_some() && self.paths.iter().any(|path| path == "-") {
            return Err("--state is for files: of standard input nobody knows what was read before".to_owned());
        }
        let mut read = Request::new(Inputs::Logs(self.paths), Options::default());
        self.input.apply(&mut read.options);
        self.threads.apply(&mut read);
        read.options.keep_paths = self.keep_path;
        read.pseudonyms = self.pseudonymize;
        read.naming = Naming { prefix: self.prefix, stdin: self.name, base: self.strip };
        let formats = Formats { chosen: Some("esa"), default: "esa", forms: &[Form::Part] };
        let plain = Styles { stdout: Style::default(), file: Style::default() };
        let output: Vec<OsString> = self.output.into_iter().collect();
        // Nothing to resolve would be standard output.
        let output = if output.is_empty() { None } else { crate::output::resolve(&output, &formats, plain)?.pop() };
        let state = self.state.map(|path| StateRequest { path, force: self.force });
        if state.is_some() && output.as_ref().is_some_and(|output| output.target == Target::Stdout) {
            let why = "what is lost on its way from there would be taken for read";
            return Err(format!("--state keeps parts in files, not on standard output: {why}"));
        }
        Ok(Command::Scan(Box::new(ScanRequest { read, output, state })))
    }
}

impl MergeArgs {
    pub(super) fn resolve(self, terminal: Terminal, line: String) -> Result<Command, String> {
        let mut read = Request::new(Inputs::Parts(self.parts), Options::default());
        self.join.apply(&mut read, self.judge.output.tz)?;
        self.threads.apply(&mut read);
        let forms = [FORMS, &[Form::Part]].concat();
        let request: ReportRequest = self.judge.resolve(terminal, line, read, &forms)?;
        Ok(Command::Merge(Box::new(request)))
    }
}
