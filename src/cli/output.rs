//! `--output`, for every verb that has results worth a file.

use std::ffi::OsString;

use clap::Args;

use crate::output::{self, Formats, Output, Styles};

#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// File to write, in the format that its extension stands for unless --format says otherwise; `-` for standard output;
    /// repeatable
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    files: Vec<OsString>,
}

impl OutputArgs {
    /// See [`output::resolve`].
    pub(super) fn resolve(&self, formats: &Formats<'_>, styles: Styles) -> Result<Vec<Output>, String> {
        output::resolve(&self.files, formats, styles)
    }
}
