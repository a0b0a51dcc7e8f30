//! `esaudit events`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::display::ShowArgs;
use super::output::OutputArgs;
use super::read::ReadArgs;
use super::{Command, Terminal, one_of};
use crate::options::EventKinds;
use crate::output::{Formats, Output};
use crate::pipeline::{Inputs, Request};
use crate::report::events::{EXTENSIONS, FORMATS};

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

    /// How to write them: ndjson, csv, timesketch (JSON lines) [default: as the extension of --output says, else ndjson]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<&'static str>,

    #[command(flatten)]
    output: OutputArgs,

    /// What to write
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_enum, default_values = ["attempts"])]
    kind: Vec<EventKind>,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    show: ShowArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventKind {
    Attempts,
    Changes,
}

fn parse_format(name: &str) -> Result<&'static str, String> {
    let name = if matches!(name, "jsonl" | "json") { FORMATS[0] } else { name };
    one_of(FORMATS, name)
}

/// `esaudit events`, resolved.
#[derive(Debug)]
pub struct EventsRequest {
    /// What to read, and how.
    pub read: Request,
    /// Which events.
    pub kinds: EventKinds,
    /// Where to write them, and as which of [`FORMATS`].
    pub outputs: Vec<Output>,
}

impl EventsArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let formats = Formats { chosen: self.format, default: FORMATS[0], extensions: &EXTENSIONS };
        let outputs = self.output.resolve(&formats, self.show.styles(terminal))?;
        let kinds = EventKinds {
            attempts: self.kind.contains(&EventKind::Attempts),
            changes: self.kind.contains(&EventKind::Changes),
        };
        // Paths are kept only where somebody asks for them.
        let mut read = self.read.request(Inputs::Any(self.paths), self.show.tz)?;
        read.options.keep_paths = true;
        Ok(Command::Events(Box::new(EventsRequest { read, kinds, outputs })))
    }
}
