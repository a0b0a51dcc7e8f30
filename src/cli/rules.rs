//! `esaudit rules`.

use std::path::PathBuf;

use clap::Args;

use super::Command;
use crate::data::sigma_rules;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit rules -o rules                          a file for each kind of attack that a rule can tell
  esaudit rules -o rules --force                  the same anew, also where a rule there was changed";

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// Folder to write to, which is made if it is missing
    #[arg(short = 'o', long = "output", value_name = "DIR", required = true)]
    folder: PathBuf,

    /// Replace files that were changed, or are of others
    #[arg(long)]
    pub(super) force: bool,
}

impl RulesArgs {
    pub(super) fn resolve(self) -> Command {
        Command::Files(self.folder, sigma_rules::files())
    }
}
