//! `esaudit verify` and `esaudit show`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::{Command, Terminal};
use crate::output::Outputs;
use crate::signing;

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  esaudit report logs --format json --manifest > report.json
  esaudit verify report.json logs                 the same files, where they were
  esaudit verify report.json /mnt/copy            a copy of them
  esaudit report logs -o report.json --sign minisign.key
  esaudit verify report.json --key minisign.pub

Exit status: 0 everything holds; 1 something differs; 2 it could not be checked; 64 wrong usage.";

pub(super) const SHOW_EXAMPLES: &str = "\
Examples:
  esaudit show F1 logs                            the lines behind the first finding
  esaudit report logs --format json > report.json
  esaudit show F1 --report report.json            the same of a report that was saved
  esaudit show G3 --report report.json --context 2
  esaudit show F1 --report report.json /mnt/copy  the logs have been moved

Exit status: 0 every line was found; 2 some could not be, or no longer is what the report says; 64 wrong usage.";

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The report, written with --format json --manifest
    #[arg(value_name = "REPORT.json")]
    report: PathBuf,

    /// Check its signature, too, with this public key of minisign: the file, or the key itself
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// The signature [default: REPORT.json.minisig]
    #[arg(long, value_name = "FILE", requires = "key")]
    signature: Option<PathBuf>,

    /// The inputs: files, folders, globs [default: those that the report names]
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// `esaudit verify`, resolved.
#[derive(Debug)]
pub struct VerifyRequest {
    /// The report.
    pub report: PathBuf,
    /// The public key, and the file of the signature.
    pub signature: Option<(String, PathBuf)>,
    /// Its inputs.
    pub paths: Vec<OsString>,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl VerifyArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let outputs = self.output.resolve(terminal, JSON, "table")?;
        let beside = self.signature.unwrap_or_else(|| signing::path_of(&self.report));
        let signature = self.key.map(|key| (key, beside));
        Ok(Command::Verify(VerifyRequest { report: self.report, signature, paths: self.paths, outputs }))
    }
}

#[derive(Debug, Args)]
pub(super) struct ShowLinesArgs {
    /// A finding (F1) or a group (G3) of the report
    #[arg(value_name = "FINDING|GROUP")]
    id: String,

    /// The report, written with --format json [default: that of the paths, read anew]
    #[arg(long, value_name = "REPORT.json")]
    report: Option<PathBuf>,

    /// The logs: files, folders, globs; with --report where its inputs are now [default: where they were]
    #[arg(value_name = "PATH", required_unless_present = "report")]
    paths: Vec<OsString>,

    /// Lines shown before and after each
    #[arg(long, short = 'C', value_name = "N", default_value_t = 0)]
    context: u64,

    /// The bytes of the lines and nothing else, unescaped
    #[arg(long)]
    raw: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// `esaudit show`, resolved.
#[derive(Debug)]
pub struct ShowRequest {
    /// `F1`, `G3`.
    pub id: String,
    /// The report; else that of the paths.
    pub report: Option<PathBuf>,
    /// Its inputs.
    pub paths: Vec<OsString>,
    /// Lines around each.
    pub context: u64,
    /// Bytes as they are.
    pub raw: bool,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl ShowLinesArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let Self { id, report, paths, context, raw, output } = self;
        let outputs = output.resolve(terminal, JSON, "table")?;
        Ok(Command::Show(ShowRequest { id, report, paths, context, raw, outputs }))
    }
}
