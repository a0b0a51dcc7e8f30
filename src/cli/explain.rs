//! `esaudit explain`.

use clap::Args;

use super::output::{JSON, OutputArgs};
use super::report::parse_config;
use super::{Command, Terminal};
use crate::config::Config;
use crate::detect::Kind;
use crate::output::Outputs;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit explain                                 all kinds of finding, a line each
  esaudit explain password_spraying               signature, thresholds, next steps, source";

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Kind of finding; without one all are listed
    #[arg(value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,

    /// Configuration file whose thresholds are shown
    #[arg(long, value_name = "FILE.toml", value_parser = parse_config)]
    config: Option<Config>,

    #[command(flatten)]
    output: OutputArgs,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    // People write dashes.
    Kind::parse(&name.replace('-', "_")).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", known.join(", "))
    })
}

/// `esaudit explain`, resolved.
#[derive(Debug)]
pub struct ExplainRequest {
    /// The kind; `None` for a list of all.
    pub kind: Option<Kind>,
    /// The configuration whose thresholds are shown.
    pub config: Config,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

impl ExplainArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let outputs = self.output.resolve(terminal, JSON, "table")?;
        let config = self.config.unwrap_or_default();
        Ok(Command::Explain(Box::new(ExplainRequest { kind: self.kind, config, outputs })))
    }
}
