//! `esaudit diff`.

use std::path::PathBuf;

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::report::parse_severity;
use super::{Command, Terminal};
use crate::judge::Severity;
use crate::output::Outputs;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit report logs -o monday.json              one report before the fix,
  esaudit report logs --since end-1d -o today.json  one after it
  esaudit diff monday.json today.json             what is new, gone, grown, shrunk
  esaudit diff monday.json today.json --fail-on high  exit status 1 where a new finding is high or critical";

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The report before, as `esaudit report -o OLD.json` wrote it
    #[arg(value_name = "OLD.json")]
    old: PathBuf,

    /// The report after
    #[arg(value_name = "NEW.json")]
    new: PathBuf,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Exit with status 1 where a finding is new or worse, and at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,
}

/// `esaudit diff`, resolved.
#[derive(Debug)]
pub struct DiffRequest {
    /// The report before.
    pub old: PathBuf,
    /// The report after.
    pub new: PathBuf,
    /// Where to write it, and how.
    pub outputs: Outputs,
    /// Exit status 1 where a finding is so severe that is new or was less severe.
    pub fail_on: Option<Severity>,
}

impl DiffArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        Ok(Command::Diff(Box::new(DiffRequest {
            outputs: self.output.resolve(terminal, JSON, "table")?,
            old: self.old,
            new: self.new,
            fail_on: self.fail_on,
        })))
    }
}
