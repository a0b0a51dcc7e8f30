//! `esaudit export`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Command;
use super::kinds::{EventKind, kinds};
use super::read::ReadArgs;
use crate::options::{EventKinds, Share};
use crate::pipeline::{Inputs, Request};
use crate::time::Zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit export logs --parquet out
  duckdb -c \"SELECT source, count(*) FROM 'out/attempts/*/*.parquet' GROUP BY source ORDER BY 2 DESC\"
  esaudit export logs --parquet march --since 2026-03-01 --until 2026-03-31
  esaudit export logs --ocsf lake --region eu-central-1 --account 123456789012
  esaudit export logs --ocsf alice --principal alice --kind attempts,successes,denied,changes,powerful";

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    /// Folder to write Parquet files to, as `attempts/day=2026-03-01/part-0.parquet`; it has to be empty or is made
    #[arg(long, value_name = "DIR", required_unless_present = "ocsf")]
    parquet: Option<PathBuf>,

    /// Write the K-th of N shares of the files of --parquet, such as 2/8, for N processes that write side by side; all read everything,
    /// and a day of a table is in one of them
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = Share::parse, requires = "parquet", conflicts_with = "ocsf")]
    share: Share,

    /// Folder to write Parquet files of the Open Cybersecurity Schema Framework to, a folder for each class, divided as
    /// Amazon Security Lake expects of a custom source; it has to be empty or is made
    #[arg(long, value_name = "DIR")]
    ocsf: Option<PathBuf>,

    /// Events of --ocsf; successes and denied of those only whom --principal, --source or --key names
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_enum, requires = "ocsf",
        default_values = ["attempts", "changes", "powerful"])]
    kind: Vec<EventKind>,

    /// The region in the names of folders of --ocsf
    #[arg(long, value_name = "NAME", default_value = "local", value_parser = folder_name)]
    region: String,

    /// The account in the names of folders of --ocsf
    #[arg(long, value_name = "ID", default_value = "external", value_parser = folder_name)]
    account: String,

    /// Zone of times in --since and --until that name none, an IANA name or an offset; what is written is always UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = Zone::parse, allow_hyphen_values = true)]
    tz: Zone,

    #[command(flatten)]
    read: ReadArgs,
}

/// A name that stands in that of a folder.
fn folder_name(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_plain) {
        Ok(name.to_owned())
    } else {
        Err("letters, digits, - and _".to_owned())
    }
}

/// `esaudit export`, resolved.
#[derive(Debug)]
pub struct ExportRequest {
    /// What to read, and how.
    pub read: Request,
    /// The folder to write our tables to.
    pub parquet: Option<PathBuf>,
    /// Which files of them.
    pub share: Share,
    /// The folder to write classes of OCSF to.
    pub ocsf: Option<PathBuf>,
    /// Which events these hold.
    pub kinds: EventKinds,
    /// The folders between a class and its days.
    pub within: PathBuf,
}

impl ExportArgs {
    pub(super) fn resolve(self) -> Result<Command, String> {
        // Paths of requests are kept only where somebody asks for them.
        let mut read = self.read.request(Inputs::Any(self.paths), self.tz)?;
        read.options.keep_paths = true;
        let within = [format!("region={}", self.region), format!("accountId={}", self.account)].iter().collect();
        let kinds = kinds(&self.kind, &read)?;
        let Self { parquet, share, ocsf, .. } = self;
        Ok(Command::Export(Box::new(ExportRequest { read, parquet, share, ocsf, kinds, within })))
    }
}
