//! `esaudit timeline`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::Command;
use super::Terminal;
use super::output::{JSON, OutputArgs};
use super::read::ReadArgs;
use crate::options::StoryKinds;
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit timeline --principal alice logs         failures, successes and changes of one user
  esaudit timeline --source 198.51.100.7 logs     what this address did
  esaudit timeline --key VuaCfGcBCdbkQm-e5aOa logs  one API key: made, used, ended, refused
  esaudit timeline --principal alice --kind changes,powerful logs  what it changed, and no more
  esaudit timeline --principal alice --since end-1d --tz Europe/Berlin logs";

#[derive(Debug, Args)]
pub(super) struct TimelineArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// What to tell
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_enum,
          default_values = ["failures", "successes", "denied", "changes", "powerful"])]
    kind: Vec<StoryKind>,

    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoryKind {
    Failures,
    Successes,
    Denied,
    Changes,
    Powerful,
}

/// `esaudit timeline`, resolved.
#[derive(Debug)]
pub struct TimelineRequest {
    /// What to read, and how; its filter names the actor.
    pub read: Request,
    /// What to tell.
    pub kinds: StoryKinds,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl TimelineArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let read = self.read.request(Inputs::Any(self.paths), self.output.tz)?;
        let filter = &read.options.filter;
        if [&filter.principal, &filter.source, &filter.key].iter().all(|rules| rules.wanted().is_empty()) {
            return Err(
                "whose story? name a user (--principal), an address (--source) or an API key (--key)".to_owned()
            );
        }
        let asks = |kind| self.kind.contains(&kind);
        let kinds = StoryKinds {
            failures: asks(StoryKind::Failures),
            successes: asks(StoryKind::Successes),
            denied: asks(StoryKind::Denied),
            changes: asks(StoryKind::Changes),
            powerful: asks(StoryKind::Powerful),
        };
        Ok(Command::Timeline(Box::new(TimelineRequest {
            kinds,
            outputs: self.output.resolve(terminal, JSON, "table")?,
            read,
        })))
    }
}
