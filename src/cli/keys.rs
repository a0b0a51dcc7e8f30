//! `esaudit keys`.

use std::ffi::OsString;

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::read::ReadArgs;
use super::{Command, Terminal};
use crate::options::KeyQuery;
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};
use crate::time::{self, Millis, Zone};

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit keys /var/log/elasticsearch             every key, the refused first
  esaudit keys logs --key VuaCfGcBCdbkQm-e5aOa    one key: made, used, ended, refused since
  esaudit keys logs --expiring-within 14d         what to rotate in the next two weeks
  esaudit keys logs --no-expiration               what never expires
  esaudit keys logs -o keys.json                  for scripts
  esaudit keys logs --api-keys keys.json          with names, owners and expirations from the cluster:
    curl -s $ES/_security/api_key > keys.json";

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    /// Only active keys that expire within this time, such as 14d or 36h
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expiring_within: Option<i64>,

    /// Only active keys that never expire (with --expiring-within: these too)
    #[arg(long)]
    no_expiration: bool,

    /// The time that states and expirations are about [default: the last event]
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,

    #[command(flatten)]
    read: ReadArgs,
}

fn parse_duration(text: &str) -> Result<i64, String> {
    time::duration(text.as_bytes()).ok_or_else(|| "a number and one of d, h, m, s, such as 14d".to_owned())
}

fn parse_time(text: &str, zone: Zone) -> Result<Millis, String> {
    let day = format!("{text}T00:00:00");
    let stamp = time::parse(text.as_bytes(), zone).or_else(|| time::parse(day.as_bytes(), zone));
    stamp.map(|stamp| stamp.time).ok_or_else(|| {
        format!("`{text}` is no time such as 2026-03-01, 2026-03-01T12:00:00Z or 2026-03-01T12:00:00+02:00")
    })
}

/// `esaudit keys`, resolved.
#[derive(Debug)]
pub struct KeysRequest {
    /// What to read, and how.
    pub read: Request,
    /// Which keys.
    pub query: KeyQuery,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl KeysArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let zone = self.read.zone();
        let as_of = self.as_of.map(|text| parse_time(&text, zone)).transpose()?;
        let (expiring_within, no_expiration) = (self.expiring_within, self.no_expiration);
        Ok(Command::Keys(Box::new(KeysRequest {
            query: KeyQuery { as_of, expiring_within, no_expiration },
            outputs: self.output.resolve(terminal, JSON, "table")?,
            read: self.read.request(Inputs::Any(self.paths), self.output.tz)?,
        })))
    }
}
