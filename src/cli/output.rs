//! Where results go and how they look, for every verb that has results.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::Terminal;
use crate::document::formats::{Form, SCREEN, Style};
use crate::output::{self, Formats, Outputs, Screen, Styles};
use crate::time::Zone;

/// Forms of data that most verbs have.
pub(super) const JSON: &[Form] = &[Form::Json];

#[derive(Debug, Args)]
#[command(next_help_heading = "Showing")]
pub(super) struct OutputArgs {
    /// How to write it: table, json, csv, md, html; of reports and events also jsonl, ecs-bulk and ocsf, of reports also
    /// navigator and stix, of events also timesketch [default: as the extension of --output says]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,

    /// File to write, in the format that its extension stands for unless --format says otherwise; `-` for standard output;
    /// repeatable
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    files: Vec<OsString>,

    /// Replace existing files that are not of this program; an input is never replaced
    #[arg(long)]
    pub(super) force: bool,

    /// Rows a table shows, 0 for all [default: as many as are well read; JSON and CSV: all]
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// The table that CSV holds, by name; `all` for a folder with a file for each [default: the main one]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    color: Color,

    /// Zone of the times shown to people, an IANA name or an offset; data are always in UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = Zone::parse, allow_hyphen_values = true)]
    pub(super) tz: Zone,

    /// Columns of the table [default: the terminal's, else COLUMNS, else 100]
    #[arg(long, value_name = "N")]
    width: Option<usize>,

    /// Never through a pager (PAGER, else less), which otherwise shows what is longer than the terminal
    #[arg(long)]
    no_pager: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Columns where the output is no terminal.
const PIPE_WIDTH: usize = 100;

impl OutputArgs {
    /// The outputs of a verb that has these forms of data, and writes this format where nothing is said.
    pub(super) fn resolve(&self, terminal: Terminal, forms: &[Form], default: &'static str) -> Result<Outputs, String> {
        let formats = Formats { chosen: self.format.as_deref(), default, forms };
        let list = output::resolve(&self.files, &formats, self.styles(terminal))?;
        let holds_one = |output: &output::Output| output.format.name == "csv";
        if self.table.is_some() && !list.iter().any(holds_one) {
            return Err("--table names the table that CSV holds: write CSV (--format csv)".to_owned());
        }
        // 0 stands for all.
        let top = self.top.map(|top| (top > 0).then_some(top));
        let screen = (terminal.rows.is_some() && !self.no_pager).then_some(Screen::Paged);
        Ok(Outputs { list, top, table: self.table.clone(), told: None, screen, signer: None })
    }

    /// Whether something is asked for that a summary would not show.
    pub(super) fn wants_all(&self) -> bool {
        self.top.is_some() || self.format.as_ref().is_some_and(|name| name != SCREEN) || !self.files.is_empty()
    }

    fn styles(&self, terminal: Terminal) -> Styles {
        let color = match self.color {
            Color::Auto => terminal.rows.is_some() && !terminal.no_color,
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
