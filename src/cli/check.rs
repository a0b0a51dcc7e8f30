//! `esaudit check`.

use std::ffi::OsString;

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::judge::Severity;
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit check logs esaudit-context              logs, and what the collecting script wrote
  esaudit check esaudit-context.tar.gz            settings, users and keys alone
  esaudit check logs diagnostics.zip -o check.json  with Elastic's support diagnostics
  esaudit check logs esaudit-context --fail-on high  for a nightly job";

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Logs, and answers of the cluster's APIs: files, folders (read recursively), quoted globs, or `-` for standard input; or
    /// parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Exit with status 1 where a check is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = super::report::parse_severity)]
    fail_on: Option<Severity>,

    #[command(flatten)]
    read: ReadArgs,
}

/// `esaudit check`, resolved.
#[derive(Debug)]
pub struct CheckRequest {
    /// What to read, and how.
    pub read: Request,
    /// Where to write it, and how.
    pub outputs: Outputs,
    /// Exit status 1 from this severity on.
    pub fail_on: Option<Severity>,
}

impl CheckArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        Ok(Command::Check(Box::new(CheckRequest {
            fail_on: self.fail_on,
            outputs: self.output.resolve(terminal, JSON, "table")?,
            read: self.read.request(Inputs::Any(self.paths), self.output.tz)?,
        })))
    }
}
