//! `esaudit explain`.

use clap::Args;

use super::Command;
use crate::judge::Kind;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit explain                                 all kinds of finding, a line each
  esaudit explain password_spraying               signature, verdict, next steps, source";

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Kind of finding; without one all are listed
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    // People write dashes.
    Kind::parse(&name.replace('-', "_")).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

impl ExplainArgs {
    pub(super) fn resolve(self) -> Command {
        Command::Explain(self.kind)
    }
}
