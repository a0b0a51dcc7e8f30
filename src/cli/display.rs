//! Options that every verb that shows something to people shares.

use clap::{Args, ValueEnum};

use super::Terminal;
use crate::output::Styles;
use crate::report::Style;
use crate::time::Zone;

#[derive(Debug, Args)]
#[command(next_help_heading = "Showing")]
pub(super) struct ShowArgs {
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    color: Color,

    /// Zone of the times shown to people, an IANA name or an offset; JSON is always UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = Zone::parse, allow_hyphen_values = true)]
    pub(super) tz: Zone,

    /// Columns of the table [default: the terminal's, or 100]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Columns where the output is no terminal.
const PIPE_WIDTH: usize = 100;

/// `--top`: 0 stands for all.
pub(super) fn rows(top: usize) -> Option<usize> {
    (top > 0).then_some(top)
}

impl ShowArgs {
    /// How to show it.
    pub(super) fn styles(&self, terminal: Terminal) -> Styles {
        let color = match self.color {
            Color::Auto => terminal.width.is_some() && !terminal.no_color,
            Color::Always => true,
            Color::Never => false,
        };
        let width = self.width.or(terminal.width).unwrap_or(PIPE_WIDTH);
        let file_width = self.width.unwrap_or(PIPE_WIDTH);
        Styles {
            stdout: Style { width, color, unicode: terminal.unicode, zone: self.tz },
            file: Style { width: file_width, color: false, unicode: true, zone: self.tz },
        }
    }
}
