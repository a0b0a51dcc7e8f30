//! `esaudit demo`.

use std::path::PathBuf;

use clap::Args;

use super::known::SurroundingsArgs;
use super::report::{FORMS, JudgeArgs, ReportRequest};
use super::{Command, Terminal};
use crate::options::Options;
use crate::pipeline::{Inputs, Request};

/// The logs of `testdata/incident`, which esaudit-gen made: three nodes and a day, with a break-in, a spray, keys that expired and
/// clients that forgot their password.
pub const LOGS: &[u8] = include_bytes!("../../testdata/incident.tar.xz");

/// Their name.
pub const NAME: &str = "incident.tar.xz";

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit demo                                    the report on a day of three nodes, with a break-in
  esaudit demo --finding F1                       its first finding, told whole
  esaudit demo -o demo.html                       the page
  esaudit demo --logs demo                        write the logs to a folder, to try every other verb";

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Write the logs to this folder, which is made, and leave
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,

    #[command(flatten)]
    pub(super) judge: JudgeArgs,

    #[command(flatten)]
    surroundings: SurroundingsArgs,
}

/// `esaudit demo`, resolved.
#[derive(Debug)]
pub enum DemoRequest {
    /// Write the logs.
    Logs(PathBuf),
    /// Report on them; what to read is put in when it is there.
    Report(Box<ReportRequest>),
}

impl DemoArgs {
    pub(super) fn resolve(self, terminal: Terminal, line: String) -> Result<Command, String> {
        if let Some(folder) = self.logs {
            return Ok(Command::Demo(DemoRequest::Logs(folder)));
        }
        let mut read = Request::new(Inputs::Logs(Vec::new()), Options::default());
        self.surroundings.apply(&mut read.options);
        let request = self.judge.resolve(terminal, line, read, FORMS)?;
        Ok(Command::Demo(DemoRequest::Report(Box::new(request))))
    }
}
