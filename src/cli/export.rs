//! `esaudit export`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Command;
use super::read::ReadArgs;
use crate::pipeline::{Inputs, Request};
use crate::time::Zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit export logs --parquet out
  duckdb -c \"SELECT source, count(*) FROM 'out/attempts/*/*.parquet' GROUP BY source ORDER BY 2 DESC\"
  esaudit export logs --parquet march --since 2026-03-01 --until 2026-03-31";

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Files, folders (read recursively), quoted globs, or `-` for standard input; or parts that `scan` wrote
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,

    /// Folder to write Parquet files to, as `attempts/day=2026-03-01/part-0.parquet`; it has to be empty or is made
    #[arg(long, value_name = "DIR", required = true)]
    parquet: PathBuf,

    /// Zone of times in --since and --until that name none, an IANA name or an offset; what is written is always UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = Zone::parse, allow_hyphen_values = true)]
    tz: Zone,

    #[command(flatten)]
    read: ReadArgs,
}

/// `esaudit export`, resolved.
#[derive(Debug)]
pub struct ExportRequest {
    /// What to read, and how.
    pub read: Request,
    /// The folder to write to.
    pub folder: PathBuf,
}

impl ExportArgs {
    pub(super) fn resolve(self) -> Result<Command, String> {
        // Paths of requests are kept only where somebody asks for them.
        let mut read = self.read.request(Inputs::Any(self.paths), self.tz)?;
        read.options.keep_paths = true;
        Ok(Command::Export(Box::new(ExportRequest { read, folder: self.parquet })))
    }
}
