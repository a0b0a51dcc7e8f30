//! `esaudit events`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::output::OutputArgs;
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::document::formats::Form;
use crate::options::EventKinds;
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit events logs | jq -c 'select(.reason == \"bad_password\")'
  esaudit events logs --source 198.18.0.0/15 -o attack.csv
  esaudit events logs --kind attempts,changes --format timesketch -o incident.jsonl
  esaudit events logs --principal alice --since end-1h";

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// What to write
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_enum, default_values = ["attempts"])]
    kind: Vec<EventKind>,

    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventKind {
    Attempts,
    Changes,
}

/// `esaudit events`, resolved.
#[derive(Debug)]
pub struct EventsRequest {
    /// What to read, and how.
    pub read: Request,
    /// Which events.
    pub kinds: EventKinds,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl EventsArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let outputs = self.output.resolve(terminal, &[Form::Lines, Form::Timesketch], "jsonl")?;
        let kinds = EventKinds {
            attempts: self.kind.contains(&EventKind::Attempts),
            changes: self.kind.contains(&EventKind::Changes),
        };
        // Paths are kept only where somebody asks for them.
        let mut read = self.read.request(Inputs::Any(self.paths), self.output.tz)?;
        read.options.keep_paths = true;
        Ok(Command::Events(Box::new(EventsRequest { read, kinds, outputs })))
    }
}
