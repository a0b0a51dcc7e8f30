//! `esaudit timeline`.

use std::ffi::OsString;

use clap::Args;

use super::Command;
use super::display::{self, ShowArgs};
use super::output::OutputArgs;
use super::read::ReadArgs;
use super::report::parse_config;
use super::{Terminal, one_of};
use crate::config::Config;
use crate::output::{Formats, Output};
use crate::pipeline::{Inputs, Request};
use crate::report::story::{EXTENSIONS, FORMATS};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit timeline --principal alice logs         failures, successes and changes of one user
  esaudit timeline --source 198.51.100.7 logs     what this address did
  esaudit timeline --key VuaCfGcBCdbkQm-e5aOa logs  one API key: made, used, ended, refused
  esaudit timeline --principal alice --since end-1d --tz Europe/Berlin logs";

/// Rows unless the user says otherwise: a story that is cut is no story.
const DEFAULT_TOP: usize = 200;

#[derive(Debug, Args)]
pub(super) struct TimelineArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    /// How to write it: table, json [default: as the extension of --output says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<&'static str>,

    #[command(flatten)]
    output: OutputArgs,

    /// Rows a table shows, 0 for all [default: 200]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// Configuration file: known scanners, proxies, service accounts, internal networks
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    show: ShowArgs,
}

fn parse_format(name: &str) -> Result<&'static str, String> {
    one_of(FORMATS, name)
}

/// `esaudit timeline`, resolved.
#[derive(Debug)]
pub struct TimelineRequest {
    /// What to read, and how; its filter names the actor.
    pub read: Request,
    /// Where to write it, and as which of [`FORMATS`].
    pub outputs: Vec<Output>,
    /// Rows a table shows; `None` = all.
    pub top: Option<usize>,
}

impl TimelineArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let formats = Formats { chosen: self.format, default: FORMATS[0], extensions: &EXTENSIONS };
        let config = self.config.unwrap_or_default();
        let mut read = self.read.request(Inputs::Any(self.paths), self.show.tz)?;
        read.options.surroundings = config.surroundings;
        let filter = &read.options.filter;
        if [&filter.principal, &filter.source, &filter.key].iter().all(|rules| rules.wanted().is_empty()) {
            return Err(
                "whose story? name a user (--principal), an address (--source) or an API key (--key)".to_owned()
            );
        }
        Ok(Command::Timeline(Box::new(TimelineRequest {
            outputs: self.output.resolve(&formats, self.show.styles(terminal))?,
            top: self.top.map_or(Some(DEFAULT_TOP), display::rows),
            read,
        })))
    }
}
