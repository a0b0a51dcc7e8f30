//! `esaudit events`.

use std::ffi::OsString;

use clap::Args;

use super::kinds::{EventKind, kinds};
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
  esaudit events logs --principal alice --kind attempts,successes,denied,changes,powerful
  esaudit events logs --principal alice --since end-1h
  esaudit events logs --format ecs-bulk -o attempts.bulk.ndjson   to send back into Elasticsearch";

/// Forms of data that events have.
pub(super) const FORMS: &[Form] = &[Form::Lines, Form::Timesketch, Form::EcsBulk, Form::Ocsf];

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// What to write; successes and denied of those only whom --principal, --source or --key names
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_enum, default_values = ["attempts"])]
    kind: Vec<EventKind>,

    #[command(flatten)]
    read: ReadArgs,
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
        let outputs = self.output.resolve(terminal, FORMS, "jsonl")?;
        // Paths are kept only where somebody asks for them.
        let mut read = self.read.request(Inputs::Any(self.paths), self.output.tz)?;
        read.options.keep_paths = true;
        let kinds = kinds(&self.kind, &read)?;
        Ok(Command::Events(Box::new(EventsRequest { read, kinds, outputs })))
    }
}
