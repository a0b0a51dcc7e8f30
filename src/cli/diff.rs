//! `esaudit diff`.

use std::path::PathBuf;

use clap::Args;

use super::display::{self, ShowArgs};
use super::output::OutputArgs;
use super::report::parse_severity;
use super::{Command, Terminal, one_of};
use crate::judge::Severity;
use crate::output::{Formats, Output};
use crate::report::View;
use crate::report::diff::{EXTENSIONS, FORMATS};

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

    /// How to write it: table, json [default: as the extension of --output says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<&'static str>,

    #[command(flatten)]
    output: OutputArgs,

    /// Rows of each kind a table shows, 0 for all [default: 20]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// Exit with status 1 where a new finding is at least so severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_on: Option<Severity>,

    #[command(flatten)]
    show: ShowArgs,
}

fn parse_format(name: &str) -> Result<&'static str, String> {
    one_of(FORMATS, name)
}

/// `esaudit diff`, resolved.
#[derive(Debug)]
pub struct DiffRequest {
    /// The report before.
    pub old: PathBuf,
    /// The report after.
    pub new: PathBuf,
    /// Where to write it, and as which of [`FORMATS`].
    pub outputs: Vec<Output>,
    /// Rows of each kind a table shows; `None` = all.
    pub top: Option<usize>,
    /// Exit status 1 where a new finding is so severe.
    pub fail_on: Option<Severity>,
}

impl DiffArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let formats = Formats { chosen: self.format, default: FORMATS[0], extensions: &EXTENSIONS };
        Ok(Command::Diff(Box::new(DiffRequest {
            outputs: self.output.resolve(&formats, self.show.styles(terminal))?,
            top: self.top.map_or(Some(View::DEFAULT_TOP), display::rows),
            old: self.old,
            new: self.new,
            fail_on: self.fail_on,
        })))
    }
}
