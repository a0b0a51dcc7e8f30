//! `esaudit scan --state`: the part of what is new, and what the next run has to know, both or none.
//!
//! Two files cannot be renamed at once. So the part is written first, under a name that nobody takes for a part; then the state,
//! which from then on counts what is in it as read, and names it; then the part gets its name. A run that ends after the second
//! step leaves the third to the next run; one that ends before it has read nothing.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::console::complain;
use crate::cli::StateRequest;
use crate::error::Error;
use crate::ledger::{Ledger, PendingPart};
use crate::output::{self, Output, Target};
use crate::part::MAGIC;
use crate::pipeline::{Gathered, LedgerFile, Request};
use crate::platform::{self, file_id};

/// A run that goes on where the last one ended.
#[derive(Debug)]
pub(super) struct Nightly {
    state: PathBuf,
    /// The part to be written.
    part: PathBuf,
    /// Whether it may replace a file that is not of this program.
    force: bool,
    /// Held until the end, so that two runs do not read the same.
    _held: File,
}

impl Nightly {
    /// Begins a run: completes what the last one left, and tells the request what is known.
    ///
    /// # Errors
    /// The state is not to be used, or the part is there already: what to do.
    pub(super) fn begin(asked: StateRequest, output: Option<&Output>, read: &mut Request) -> Result<Self, Error> {
        let held = hold(&asked.path)?;
        let ledger = Ledger::load(&asked.path)?;
        ledger.check(&crate::part::Reading::of(&read.options).under(read.pseudonyms.as_ref()))?;
        if let Some(pending) = &ledger.pending {
            complete(pending, asked.force)?;
        }
        let part = match output.map(|output| &output.target) {
            Some(Target::File(path)) => path.clone(),
            _ => ledger.numbered(&asked.path),
        };
        let unseen = |error| Error::File { path: part.clone(), error };
        let part = output::place(&part).map_err(unseen)?;
        match there(&part).map_err(unseen)? {
            Some(meta) if !meta.is_file() => return Err(unseen(io::Error::other("no file, which a part has to be"))),
            Some(_) if !asked.force => {
                return Err(Error::Inputs(format!(
                    "{} exists: each run with --state writes a part of its own, and those before are needed for what they hold. \
                     Give -o another name, or leave it out; if the state file was set back, put back the newest one",
                    part.display()
                )));
            }
            _ => {}
        }
        // What the state could not name shows before the logs are read.
        pending(&part).map_err(unseen)?;
        let meta = held.metadata().map_err(|error| Error::File { path: asked.path.clone(), error })?;
        read.ledger = Some(LedgerFile { ledger, id: Some(file_id(&asked.path, &meta)) });
        Ok(Self { state: asked.path, part, force: asked.force, _held: held })
    }

    /// Keeps the part and what the next run has to know.
    ///
    /// # Errors
    /// One of them could not be written; then the state is as it was, or the next run completes what this one did not.
    pub(super) fn keep(&self, records: &mut Gathered) -> Result<(), Error> {
        let Some(mut ledger) = records.ledger().cloned() else { return Ok(()) };
        let pending = pending(&self.part).map_err(failed(&self.part))?;
        let waiting = waiting(&pending);
        may_replace(&waiting, self.force)?;
        output::file(&waiting, |out| records.write_part(out)).map_err(failed(&self.part))?;
        let counted = self.count(&mut ledger, &pending);
        counted.inspect_err(|_| self.discard(&waiting, ledger.pending.as_ref()))?;
        if ledger.pending.as_ref().map_or(Ok(false), |pending| complete(pending, self.force))? {
            return Ok(());
        }
        let gone = format!("its bytes were at {}, and are there no more", waiting.display());
        Err(failed(&self.part)(io::Error::other(gone)))
    }

    /// Lets the state count what is in the part that waits for its name.
    fn count(&self, ledger: &mut Ledger, pending: &PendingPart) -> Result<(), Error> {
        let checked = checksum(&waiting(pending)).and_then(|sum| {
            platform::sync_folder(&pending.folder)?;
            sum.ok_or_else(|| io::Error::other("changed by somebody else"))
        });
        let checksum = checked.map_err(failed(&self.part))?;
        // From the next step on what is in the part counts as read: it has to get its name.
        may_replace(&self.part, self.force)?;
        ledger.pending = Some(PendingPart { checksum, ..pending.clone() });
        let json = ledger.to_json()?;
        output::file(&self.state, |out| out.write_all(&json)).map_err(failed(&self.state))
    }

    /// Removes a part of which nothing counts as read, so that the next run reads it: unless the state that is there names it, or does
    /// not tell.
    fn discard(&self, waiting: &Path, named: Option<&PendingPart>) {
        let is_named = named.is_some() && !Ledger::load(&self.state).is_ok_and(|now| now.pending.as_ref() != named);
        if !is_named && let Err(error) = fs::remove_file(waiting) {
            complain(&format!("{} is of no use and could not be removed: {error}", waiting.display()));
        }
    }
}

/// Why a file was not written.
fn failed(what: &Path) -> impl FnOnce(io::Error) -> Error {
    let what = format!("{} was not written", what.display());
    move |error| Error::Output { what, error }
}

/// Opens the state file, which is made if it is missing, and keeps others from using it.
fn hold(path: &Path) -> Result<File, Error> {
    let failed = |error| Error::File { path: path.to_owned(), error };
    Ledger::demand_file(path)?;
    loop {
        let file = File::options().read(true).append(true).create(true).open(path).map_err(failed)?;
        if !platform::hold_open(&file) && platform::is_held(path) {
            return Err(Error::Inputs(format!("{}: another run is using it; wait until that is done", path.display())));
        }
        // Whoever held it may have replaced it meanwhile.
        let (held, named) = (file.metadata().map_err(failed)?, fs::metadata(path).map_err(failed)?);
        if file_id(path, &held) == file_id(path, &named) {
            return Ok(file);
        }
    }
}

/// A part on its way to a path.
fn pending(part: &Path) -> io::Result<PendingPart> {
    let folder = part.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder)?;
    let name = part.file_name().and_then(|name| name.to_str()).filter(|_| folder.to_str().is_some());
    let name = name.ok_or_else(|| io::Error::other("with --state a part and its folder need names that are UTF-8"))?;
    Ok(PendingPart { folder, name: name.to_owned(), checksum: String::new() })
}

/// What it is called until the state counts it.
fn waiting(pending: &PendingPart) -> PathBuf {
    pending.folder.join(format!(".{}.pending", pending.name))
}

/// Gives a part its name, if it has not got it yet; whether it had not. The state file may have been changed by others: nothing is
/// moved but the part that it names, and nothing is replaced but a file of this program, unless the user says so.
fn complete(pending: &PendingPart, force: bool) -> Result<bool, Error> {
    let (from, to) = (waiting(pending), pending.folder.join(&pending.name));
    let unread = |error| Error::File { path: from.clone(), error };
    let Some(meta) = there(&from).map_err(unread)? else { return Ok(false) };
    let is_pending = |part: &Path| checksum(part).map(|sum| sum.as_ref() == Some(&pending.checksum));
    if !meta.is_file() || !is_pending(&from).map_err(unread)? {
        // What a later run left that ended before its own state: nothing counts it, and the next one replaces it.
        if there(&to).is_ok_and(|to| to.is_some_and(|to| to.is_file())) && is_pending(&to).unwrap_or(false) {
            return Ok(false);
        }
        return Err(Error::Inputs(format!(
            "{} is not the part that the last run wrote for {}: move it away; what is not in the parts is read again once they \
             and the state file are moved away, too",
            from.display(),
            to.display()
        )));
    }
    may_replace(&to, force)?;
    let renamed = fs::rename(&from, &to).and_then(|()| platform::sync_folder(&pending.folder));
    renamed.map_err(|error| Error::File { path: to, error })?;
    Ok(true)
}

/// Refuses to give a part the name of a file of others, unless the user says so, and of what is no file in any case.
fn may_replace(part: &Path, force: bool) -> Result<(), Error> {
    let there = there(part).map_err(|error| Error::File { path: part.to_owned(), error })?;
    if there.is_some_and(|meta| !meta.is_file() || !force && meta.len() > 0 && !output::is_own(part)) {
        return Err(Error::Inputs(format!(
            "{} is in the way of the part of that name: move it away; --force replaces a file, whosever it is",
            part.display()
        )));
    }
    Ok(())
}

/// What is under a name, a link being what it is; `None` where nothing is.
fn there(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(path) {
        Err(error) if platform::leads_nowhere(&error) => Ok(None),
        found => found.map(Some),
    }
}

/// The checksum that closes a part; `None` of what is none.
fn checksum(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let (mut magic, mut sum) = ([0; MAGIC.len()], [0; 16]);
    if file.metadata()?.len() < (magic.len() + sum.len()) as u64 {
        return Ok(None);
    }
    file.read_exact(&mut magic)?;
    file.seek(SeekFrom::End(-16))?;
    file.read_exact(&mut sum)?;
    if magic != *MAGIC {
        return Ok(None);
    }
    Ok(Some(sum.iter().map(|byte| format!("{byte:02x}")).collect()))
}
