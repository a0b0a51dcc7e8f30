//! `esaudit collect-script`.

use clap::Args;

use super::Command;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit collect-script > esaudit-collect.sh     read it, then: sh esaudit-collect.sh https://localhost:9200
  esaudit collect-script | sh -s -- -o context.tar.gz https://localhost:9200";

/// The script, as it lies in the repository.
const SCRIPT: &str = include_str!("../../contrib/collect/esaudit-collect.sh");

#[derive(Debug, Args)]
pub(super) struct CollectArgs {}

impl CollectArgs {
    pub(super) fn resolve(self) -> Command {
        Command::Print(SCRIPT.as_bytes().to_vec())
    }
}
