//! `esaudit scan --state`: the part of what is new, and what the next run has to know, both or none.
//!
//! Two files cannot be renamed at once. So the part is written first, under a name that nobody takes for a part; then the state,
//! which from then on counts what is in it as read, and names it; then the part gets its name. A run that ends after the second
//! step leaves the third to the next run; one that ends before it has read nothing.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

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
            complete(pending)?;
        }
        let part = match output.map(|output| &output.target) {
            Some(Target::File(path)) => path.clone(),
            _ => numbered(&asked.path, ledger.next_run()),
        };
        if part.exists() && !asked.force {
            return Err(Error::Inputs(format!(
                "{} exists: each run with --state writes a part of its own, and those before are needed for what they hold. Give \
                 -o another name, or leave it out; if the state file was set back, put back the newest one",
                part.display()
            )));
        }
        let meta = held.metadata().map_err(|error| Error::File { path: asked.path.clone(), error })?;
        read.ledger = Some(LedgerFile { ledger, id: Some(file_id(&asked.path, &meta)) });
        Ok(Self { state: asked.path, part, _held: held })
    }

    /// Keeps the part and what the next run has to know.
    ///
    /// # Errors
    /// One of them could not be written; then the state is as it was, or the next run completes what this one did not.
    pub(super) fn keep(&self, records: &mut Gathered) -> Result<(), Error> {
        let Some(mut ledger) = records.ledger().cloned() else { return Ok(()) };
        let failed = |what: &Path| {
            let what = format!("{} was not written", what.display());
            move |error: io::Error| Error::Output { what, error }
        };
        let pending = pending(&self.part).map_err(failed(&self.part))?;
        let waiting = waiting(&pending);
        output::file(&waiting, |out| records.write_part(out)).map_err(failed(&self.part))?;
        let checksum = checksum(&waiting).map_err(failed(&self.part))?;
        platform::sync_folder(&pending.folder).map_err(failed(&self.part))?;
        ledger.pending = Some(PendingPart { checksum, ..pending });
        let json = ledger.to_json()?;
        output::file(&self.state, |out| out.write_all(&json)).map_err(failed(&self.state))?;
        ledger.pending.as_ref().map_or(Ok(()), complete)
    }
}

/// Opens the state file, which is made if it is missing, and keeps others from using it.
fn hold(path: &Path) -> Result<File, Error> {
    let failed = |error| Error::File { path: path.to_owned(), error };
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

/// The part of a run, beside the state: `es-1.state` has `es-1-000001.esa`.
fn numbered(state: &Path, run: u32) -> PathBuf {
    let stem = state.file_stem().unwrap_or_default().to_string_lossy();
    state.with_file_name(format!("{stem}-{run:06}.esa"))
}

/// A part on its way to a path.
fn pending(part: &Path) -> io::Result<PendingPart> {
    let folder = part.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = part.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| io::Error::other("with --state the name of a part has to be UTF-8"))?;
    Ok(PendingPart { folder: fs::canonicalize(folder)?, name: name.to_owned(), checksum: String::new() })
}

/// What it is called until the state counts it.
fn waiting(pending: &PendingPart) -> PathBuf {
    pending.folder.join(format!(".{}.pending", pending.name))
}

/// Gives a part its name, if it has not got it yet. The state file may have been changed by others: nothing is moved but the
/// part that it names, and nothing is replaced but a file of this program.
fn complete(pending: &PendingPart) -> Result<(), Error> {
    let (from, to) = (waiting(pending), pending.folder.join(&pending.name));
    if !fs::symlink_metadata(&from).is_ok_and(|meta| meta.is_file()) {
        return Ok(());
    }
    if checksum(&from).ok().as_ref() != Some(&pending.checksum) || to.exists() && !output::is_own(&to) {
        return Err(Error::Inputs(format!(
            "{} is not the part that the last run wrote for {}: move it away; what is not in the parts is read again once they \
             and the state file are moved away, too",
            from.display(),
            to.display()
        )));
    }
    let renamed = fs::rename(&from, &to).and_then(|()| platform::sync_folder(&pending.folder));
    renamed.map_err(|error| Error::File { path: to, error })
}

/// The checksum that closes a part.
fn checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut magic, mut sum) = ([0; MAGIC.len()], [0; 16]);
    file.read_exact(&mut magic)?;
    file.seek(SeekFrom::End(-16))?;
    file.read_exact(&mut sum)?;
    if magic != *MAGIC {
        return Err(io::Error::other("no part"));
    }
    Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
}
