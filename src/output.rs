//! Where results go: standard output, and files that appear whole or not at all. The only place that knows about a broken
//! pipe.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::csv;
use crate::document::formats::{self, Format, Shows};
use crate::document::results::{Form, Results};
use crate::document::view::{FindingsTold, Screenful, Style, View};
use crate::error::Error;
use crate::escape;
use crate::part;
use crate::platform;
use crate::signing::{self, Signer};

mod choice;
mod pager;
mod place;
mod signed;
mod whole;

pub use choice::{Formats, Styles, resolve};
pub use place::place;
pub use whole::{check_folder, file, folder};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 16;

/// Where a result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output; `-` on the command line.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// A result, its format and its looks.
#[derive(Debug, Clone)]
pub struct Output {
    /// Where to.
    pub target: Target,
    /// The format.
    pub format: &'static Format,
    /// Width and richness.
    pub style: Style,
}

/// Where results go, and how much of them.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// Each of them.
    pub list: Vec<Output>,
    /// `--top`, where it was given; the inner `None` is "all".
    pub top: Option<Option<usize>>,
    /// `--table`: the one to write where a format holds one, [`ALL_TABLES`] for a folder.
    pub table: Option<String>,
    /// `--finding`, `--explain`.
    pub told: Option<FindingsTold>,
    /// What is shown where standard output is a terminal.
    pub screen: Option<Screen>,
    /// What files are signed with.
    pub signer: Option<Arc<Signer>>,
}

/// A terminal that tables are shown on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Everything, through a pager.
    Paged,
    /// What fits its rows, if there is a summary; the command that was given, as a shell reads it.
    Summary(usize, String),
}

/// `--table all`.
pub const ALL_TABLES: &str = "all";

impl Outputs {
    /// Writes results to one of the outputs.
    ///
    /// # Errors
    /// [`Error::Output`], which names the file.
    pub fn write(&self, output: &Output, results: &dyn Results) -> Result<(), Error> {
        let is_shown = output.target == Target::Stdout && output.is_for_screens();
        let screen = self.screen.as_ref().filter(|_| is_shown);
        let fitted = match screen {
            Some(Screen::Summary(rows, command)) => Some(Screenful { rows: *rows, command }),
            _ => None,
        };
        let view = View {
            style: output.style,
            top: self.top,
            table: self.table.as_deref(),
            told: self.told.as_ref(),
            screen: fitted,
        };
        if screen == Some(&Screen::Paged) {
            let shown =
                pager::through(|out| output.format.write(results, &view, out), |render| print(|out| render(out)));
            return shown.map_err(|error| Error::Output { what: "standard output".to_owned(), error });
        }
        if let (Some(signer), Target::File(path)) = (&self.signer, &output.target)
            && !self.is_folder(output)
        {
            let written = signed::file(path, signer, |out| output.format.write(results, &view, out));
            return written.map_err(|error| Error::Output { what: format!("{} was not signed", shown(path)), error });
        }
        if !self.is_folder(output) {
            return output.write(|out| output.format.write(results, &view, out));
        }
        match &output.target {
            Target::Stdout => Err(Error::Option("--table all fills a folder: name one with -o".to_owned())),
            Target::File(path) => folder(path, |within| csv::write_all(&results.document(), &view, within)),
        }
    }

    /// What cannot be signed: only files can.
    #[must_use]
    pub fn unsigned(&self) -> Option<&'static str> {
        let of = |output: &Output| match output.target {
            Target::Stdout => Some("--sign signs files: name one with -o"),
            Target::File(_) if self.is_folder(output) => Some("--sign signs files, and no folders of tables"),
            Target::File(_) => None,
        };
        self.list.iter().find_map(of)
    }

    /// Whether an output is a folder of tables.
    fn is_folder(&self, output: &Output) -> bool {
        output.format.name == "csv" && self.table.as_deref() == Some(ALL_TABLES)
    }

    /// How many rows the longest output lists; `None` where one lists all.
    #[must_use]
    pub fn longest(&self) -> Option<usize> {
        let rows = |output: &Output| match output.format.shows {
            // What is no report lists nothing.
            Shows::Data(Form::Part) => Some(0),
            Shows::Data(_) => self.top.flatten(),
            Shows::Document(_, most) => self.top.unwrap_or(most),
        };
        self.list.iter().map(rows).try_fold(0, |most, rows| rows.map(|rows| most.max(rows)))
    }
}

impl Output {
    /// Whether it is a part, which holds records and no results.
    #[must_use]
    pub fn is_part(&self) -> bool {
        matches!(self.format.shows, Shows::Data(Form::Part))
    }

    /// Whether it is laid out for a screen.
    #[must_use]
    pub fn is_for_screens(&self) -> bool {
        self.format.name == formats::SCREEN
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`Error::Output`], which names the file.
    pub fn write(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let failed = |what: String| |error: io::Error| Error::Output { what, error };
        match &self.target {
            Target::Stdout => print(render).map_err(failed("standard output".to_owned())),
            Target::File(path) => file(path, render).map_err(failed(format!("{} was not written", shown(path)))),
        }
    }
}

/// Writes to standard output. A reader that has seen enough, as in `esaudit report logs | head`, is no error.
///
/// # Errors
/// All others.
pub fn print(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(BUFFER, io::stdout().lock());
    match render(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Bytes at the begin of a file in which it says what wrote it.
const HEAD: u64 = 1024;

/// Whether a file begins as those of this program do: tables, reports as JSON or JSON lines, pages, parts and manual pages say so.
/// CSV and Markdown have no place for it.
#[must_use]
pub fn is_own(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = platform::open_without_waiting(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    let said = |start: &[u8], word: &[u8]| head.starts_with(start) && memchr::memmem::find(&head, word).is_some();
    let closed: Vec<u8> = head.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    head.starts_with(part::MAGIC)
        || head.strip_prefix(b"esaudit ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        || head.starts_with(signing::COMMENT.as_bytes())
        || said(b".ie ", b"\n.TH ESAUDIT")
        || said(b"<!doctype html>", b"<meta name=\"generator\" content=\"esaudit ")
        || closed.starts_with(b"{") && memchr::memmem::find(&closed, b"\"tool\":{\"name\":\"esaudit\"").is_some()
}

fn shown(path: &Path) -> String {
    escape::terminal(&path.to_string_lossy(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (path, about) in [("no/such/a.txt", "No such file"), (".", "directory")] {
            let path = folder.path().join(path);
            let format = formats::format("table").unwrap();
            let output = Output { target: Target::File(path.clone()), format, style: Style::default() };
            let error = output.write(|_| Ok(())).unwrap_err().to_string();
            assert!(
                error.contains(path.to_str().unwrap()) && error.to_lowercase().contains(&about.to_lowercase()),
                "{error}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
