//! `esaudit explain`.

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::{Command, Terminal};
use crate::judge::Kind;
use crate::output::Outputs;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit explain                                 all kinds of finding, a line each
  esaudit explain password_spraying               signature, verdict, next steps, source";

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Kind of finding; without one all are listed
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    // People write dashes.
    Kind::parse(&name.replace('-', "_")).ok_or_else(|| {
        if name.strip_prefix(['F', 'f']).is_some_and(|rest| rest.parse::<u32>().is_ok()) {
            return format!("it is a finding of a report: `esaudit report LOGS --finding {name}` tells it whole");
        }
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

/// `esaudit explain`, resolved.
#[derive(Debug)]
pub struct ExplainRequest {
    /// The kind; `None` for a list of all.
    pub kind: Option<Kind>,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl ExplainArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let outputs = self.output.resolve(terminal, JSON, "table")?;
        Ok(Command::Explain(Box::new(ExplainRequest { kind: self.kind, outputs })))
    }
}
