//! Where results go: standard output, and files that appear whole or not at all. The only place that knows about a broken
//! pipe.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::document::csv;
use crate::document::formats::{self, FindingsTold, Form, Format, Results, Screenful, Shows, Style, View};
use crate::error::Error;
use crate::escape;
use crate::interrupt::Temporary;
use crate::part;
use crate::signing::{self, Signer};

mod pager;
mod signed;

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

/// The formats of a verb.
#[derive(Debug)]
pub struct Formats<'f> {
    /// `--format`: overrides extensions.
    pub chosen: Option<&'f str>,
    /// Of standard output, unless chosen.
    pub default: &'static str,
    /// The forms of data that the verb has, beside documents.
    pub forms: &'f [Form],
}

/// Looks of the two kinds of targets.
#[derive(Debug, Clone, Copy)]
pub struct Styles {
    /// As the terminal and the user say.
    pub stdout: Style,
    /// Without colours, as wide as the user says.
    pub file: Style,
}

/// What `--output` asks for, in the order asked; standard output where no file is named.
///
/// # Errors
/// A message for the user where an extension stands for no format, or a file is named twice.
pub fn resolve(files: &[OsString], formats: &Formats<'_>, styles: Styles) -> Result<Vec<Output>, String> {
    let named = |name: &str| formats::named(name, formats.forms).map_err(|known| format!("--format `{name}`: {known}"));
    let chosen = formats.chosen.map(named).transpose()?;
    let default = named(formats.default)?;
    let mut outputs: Vec<Output> = Vec::new();
    for file in files {
        let target = if file == "-" { Target::Stdout } else { Target::File(PathBuf::from(file)) };
        let format = match (chosen, &target) {
            (Some(chosen), _) => chosen,
            (None, Target::Stdout) => default,
            (None, Target::File(path)) => of_extension(path, formats.forms)?,
        };
        if outputs.iter().any(|output| output.target == target) {
            return Err(format!("the output `{}` is named twice", shown(Path::new(file))));
        }
        let style = if target == Target::Stdout { styles.stdout } else { styles.file };
        outputs.push(Output { target, format, style });
    }
    if outputs.is_empty() {
        outputs.push(Output { target: Target::Stdout, format: chosen.unwrap_or(default), style: styles.stdout });
    }
    Ok(outputs)
}

/// The format that a file's extension stands for.
fn of_extension(path: &Path, forms: &[Form]) -> Result<&'static Format, String> {
    let extensions = formats::extensions(forms);
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().to_ascii_lowercase();
    let ends = |known: &str| name.strip_suffix(known).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    // Of `layer.navigator.json` the longer one counts.
    let named = extensions.iter().filter(|(known, _)| ends(known)).max_by_key(|(known, _)| known.len());
    named.and_then(|(_, name)| formats::format(name)).ok_or_else(|| {
        let known: Vec<String> = extensions.iter().map(|(extension, _)| format!(".{extension}")).collect();
        format!(
            "the extension of `{}` stands for no format; use one of {}, or name one with --format",
            shown(path),
            known.join(", ")
        )
    })
}

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
            Target::File(path) => folder(path, |within| csv::write_all(&results.document(), &view, within))
                .map_err(|error| Error::Output { what: format!("{} was not written", shown(path)), error }),
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

/// Writes a file that appears whole or not at all: a temporary file beside it is written, brought to the disk and renamed.
/// What is no regular file (`/dev/null`, a named pipe) is written as it is.
///
/// # Errors
/// What the system says; then a file of that name is as it was before.
pub fn file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|known| !known.is_file()) {
        let opened = File::options().write(true).open(&path)?;
        return written(opened, render).map(drop);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    let mut failed = None;
    let temporary = builder.make_in(folder, |path| {
        // The permissions that any new file has: what the umask leaves.
        let opened = File::options().write(true).create_new(true).open(path);
        failed = opened.as_ref().err().and_then(io::Error::raw_os_error);
        opened
    });
    // The complaint about the temporary file's name would only confuse.
    let (opened, name) = match (temporary, failed) {
        (Ok(temporary), _) => temporary.into_parts(),
        (Err(_), Some(code)) => return Err(io::Error::from_raw_os_error(code)),
        (Err(error), None) => return Err(error),
    };
    sweep(folder);
    let registered = Temporary::new(&name);
    // Whoever sweeps sees that it is in use. Where files cannot be locked, its age tells.
    let _ = flock(&opened, FlockOperation::NonBlockingLockExclusive);
    written(opened, render)?.sync_all()?;
    let persisted = name.persist(&path).map_err(|error| error.error);
    drop(registered);
    persisted
}

/// How temporary files begin and end.
const TEMPORARY: (&str, &str) = (".esaudit-", ".part");

/// A temporary file that was not written to for so long, and that nobody holds, is what a run left behind that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// Removes what runs that were killed left in a folder.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let bytes = name.as_encoded_bytes();
        if !bytes.starts_with(TEMPORARY.0.as_bytes()) || !bytes.ends_with(TEMPORARY.1.as_bytes()) {
            continue;
        }
        // A link is not followed.
        let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
        let is_old = meta.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND));
        if !is_old || !meta.is_file() && !meta.is_dir() {
            continue;
        }
        // Whoever fills a folder holds it as a file is held.
        if File::open(entry.path()).is_ok_and(|file| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()) {
            let _ = if meta.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        }
    }
}

/// Bytes at the begin of a file in which it says what wrote it.
const HEAD: u64 = 1024;

/// Whether a file begins as those of this program do: tables, reports as JSON or JSON lines, pages and parts say so. CSV and
/// Markdown have no place for it.
#[must_use]
pub fn is_own(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    let said = |start: &[u8], word: &[u8]| head.starts_with(start) && memchr::memmem::find(&head, word).is_some();
    let closed: Vec<u8> = head.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    head.starts_with(part::MAGIC)
        || head.strip_prefix(b"esaudit ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        || head.starts_with(signing::COMMENT.as_bytes())
        || said(b"<!doctype html>", b"<meta name=\"generator\" content=\"esaudit ")
        || closed.starts_with(b"{") && memchr::memmem::find(&closed, b"\"tool\":{\"name\":\"esaudit\"").is_some()
}

/// Whether [`folder`] may fill a folder: there is none yet, or it is empty. To be asked before long work.
///
/// # Errors
/// What the system says, or that the folder is not empty.
pub fn check_folder(path: &Path) -> io::Result<()> {
    sweep(path);
    match fs::read_dir(path).map(|mut entries| entries.next()) {
        Ok(None) => Ok(()),
        Ok(Some(entry)) => {
            entry?;
            Err(io::Error::other("the folder is not empty; name a new one, or empty it"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Fills a folder: `fill` is given the path of an empty one, whose content is moved to `path` once it is complete, so that
/// each entry appears whole or not at all. The folder is made if it is missing, and has to be empty.
///
/// # Errors
/// What the system says, or that the folder is not empty; then it is as it was before.
pub fn folder(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    check_folder(path)?;
    let missing = !path.exists();
    fs::create_dir_all(path)?;
    // Within the folder, so that moving is renaming, whatever is mounted there.
    let filled = fill_within(path, fill);
    if filled.is_err() && missing {
        // The parents that were made stay: others may have begun to use them.
        let _ = fs::remove_dir(path);
    }
    filled
}

fn fill_within(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempdir_in(path)?;
    let registered = Temporary::new(temporary.path());
    let held = File::open(temporary.path())?;
    let _ = flock(&held, FlockOperation::NonBlockingLockExclusive);
    fill(temporary.path())?;
    let mut moved = Vec::new();
    for entry in fs::read_dir(temporary.path())? {
        let entry = entry?;
        let target = path.join(entry.file_name());
        if let Err(error) = fs::rename(entry.path(), &target) {
            moved.iter().for_each(|target| drop(fs::remove_dir_all(target)));
            return Err(error);
        }
        moved.push(target);
    }
    temporary.close()?;
    drop(registered);
    File::open(path)?.sync_all()
}

fn written(file: File, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut out = io::BufWriter::with_capacity(BUFFER, file);
    render(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

fn shown(path: &Path) -> String {
    escape::terminal(&path.to_string_lossy(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles() -> Styles {
        Styles { stdout: Style { width: 60, color: true, unicode: false, ..Style::default() }, file: Style::default() }
    }

    fn asked(files: &[&str], chosen: Option<&'static str>) -> Result<Vec<(Target, &'static str, Style)>, String> {
        let files: Vec<OsString> = files.iter().map(OsString::from).collect();
        let formats = Formats { chosen, default: "table", forms: &[Form::Json] };
        let outputs = resolve(&files, &formats, styles())?;
        Ok(outputs.into_iter().map(|output| (output.target, output.format.name, output.style)).collect())
    }

    fn output(target: &str, format: &'static str) -> (Target, &'static str, Style) {
        match target {
            "-" => (Target::Stdout, format, styles().stdout),
            path => (Target::File(path.into()), format, styles().file),
        }
    }

    #[test]
    fn the_extension_chooses_unless_the_user_does() {
        assert_eq!(asked(&[], None).unwrap(), [output("-", "table")]);
        assert_eq!(asked(&[], Some("json")).unwrap(), [output("-", "json")]);
        assert_eq!(asked(&["a.TXT", "-"], None).unwrap(), [output("a.TXT", "table"), output("-", "table")]);
        assert_eq!(asked(&["a.txt", "-", "b"], Some("json")).unwrap().len(), 3);
        for wrong in ["a.xyz", "a", ".txt", "txt"] {
            let message = asked(&[wrong], None).unwrap_err();
            assert!(message.contains(wrong) && message.contains(".txt, .json"), "{message}");
        }
        assert!(asked(&[], Some("jsonl")).unwrap_err().contains("table, json, csv"));
        assert!(asked(&["a.txt", "a.txt"], None).unwrap_err().contains("twice"));
    }

    fn left(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        file(&path, |out| out.write_all(b"first")).unwrap();
        let failed = file(&path, |out| {
            out.write_all(&[b'x'; 2 * BUFFER])?;
            Err(io::Error::other("disk full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "disk full");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        file(&path, |out| out.write_all(b"second")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(left(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_folder_is_filled_whole_or_stays_empty() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let fill = |within: &Path| {
            fs::create_dir(within.join("one"))?;
            fs::write(within.join("one/x"), b"x")?;
            fs::write(within.join("two"), b"y")
        };
        let failed = folder(&path, |within| fill(within).and(Err(io::Error::other("disk full"))));
        assert_eq!(failed.unwrap_err().to_string(), "disk full");
        assert!(!path.exists());
        fs::create_dir_all(&path).unwrap();
        assert!(folder(&path, |_| Err(io::Error::other("disk full"))).is_err());
        assert!(left(&path).is_empty());
        folder(&path, fill).unwrap();
        assert_eq!(left(&path), ["one", "two"]);
        assert_eq!(fs::read(path.join("one/x")).unwrap(), b"x");
        let refused = folder(&path, |_| panic!("it is not empty"));
        assert!(refused.unwrap_err().to_string().contains("not empty"));
        assert!(folder(&path.join("two"), fill).is_err());
    }

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
        assert!(left(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_devices_and_permissions_are_kept() {
        use std::os::unix::fs::{MetadataExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link, plain) =
            (folder.path().join("real.txt"), folder.path().join("link.txt"), folder.path().join("plain"));
        fs::write(&real, "old").unwrap();
        symlink(&real, &link).unwrap();
        file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        // A file made the plain way shows what the umask leaves.
        File::create(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode();
        assert_eq!(mode(&real), mode(&plain));
        file(Path::new("/dev/null"), |out| out.write_all(b"x")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        if Path::new("/dev/full").exists() {
            assert!(file(Path::new("/dev/full"), |out| out.write_all(b"x")).is_err());
        }
    }
}
