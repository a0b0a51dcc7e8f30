//! Files and folders that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::place::place;
use super::{BUFFER, shown};
use crate::error::Error;
use crate::interrupt::{self, Temporary};
use crate::platform;

/// Writes a file that appears whole or not at all: a temporary file beside it is written, brought to the disk and renamed. Where the
/// system has files without a name, it gets one when it is whole, so that nothing is left of a run that ends before, however it does.
/// What is no regular file (`/dev/null`, a named pipe) is written as it is.
///
/// # Errors
/// What the system says; then a file of that name is as it was before.
pub fn file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let path = place(path)?;
    match fs::metadata(&path) {
        Ok(known) if !known.is_file() => return written(opened_as_it_is(&path)?, render).map(drop),
        // Whoever cannot look cannot know whether a name may be taken from what is there.
        Err(error) if !platform::leads_nowhere(&error) => return Err(error),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    if let Ok(unnamed) = platform::open_unnamed(folder) {
        sweep(folder);
        let whole = written(unnamed, render)?;
        whole.sync_all()?;
        // Nothing can be linked over a file that is there; a name of its own can be renamed.
        // Whoever ends the program between the two would leave that name behind.
        return interrupt::undisturbed(|| {
            let name = builder.make_in(folder, |path| platform::name(&whole, path))?.into_temp_path();
            name.persist(&path).map_err(|error| error.error)
        });
    }
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
    platform::hold_open(&opened);
    written(opened, render)?.sync_all()?;
    let persisted = name.persist(&path).map_err(|error| error.error);
    drop(registered);
    persisted
}

/// Opens what is no regular file. Whoever writes into a pipe waits for its reader; after a signal nobody does: there is one, or it
/// is an error. The system would go on waiting where the signal comes just before.
fn opened_as_it_is(path: &Path) -> io::Result<File> {
    /// How often a reader is looked for.
    const WAIT: Duration = Duration::from_millis(20);
    loop {
        let error = match platform::open_written_without_waiting(path) {
            Err(error) if platform::is_without_reader(path, &error) => error,
            opened => return opened,
        };
        if interrupt::requested() {
            return Err(error);
        }
        std::thread::sleep(WAIT);
    }
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
        if !platform::is_held(&entry.path()) {
            let _ = if meta.is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        }
    }
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
/// [`Error::Output`], which names the folder: what the system says, or that the folder is not empty; then it is as it was before.
/// Or that everything is in it, and something went wrong afterwards.
pub fn folder(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Error> {
    let failed = |what: String| move |error: io::Error| Error::Output { what, error };
    let shown = shown(path);
    let made = || {
        check_folder(path)?;
        let missing = !path.try_exists()?;
        fs::create_dir_all(path)?;
        Ok(missing)
    };
    let missing = made().map_err(failed(format!("{shown} was not written")))?;
    // Within the folder, so that moving is renaming, whatever is mounted there.
    let temporary = fill_within(path, fill).map_err(|error| {
        if missing {
            // The parents that were made stay: others may have begun to use them.
            let _ = fs::remove_dir(path);
        }
        failed(format!("{shown} was not written"))(error)
    })?;
    let empty = format!("{shown} is written whole, but an empty hidden folder is left in it");
    temporary.close().map_err(failed(empty))?;
    platform::sync_folder(path).map_err(failed(format!("{shown} is written, but may not outlast a loss of power")))
}

/// Fills a folder; gives back the temporary one that is empty now.
fn fill_within(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<TempDir> {
    let temporary = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempdir_in(path)?;
    let registered = Temporary::new(temporary.path());
    let held = platform::hold(temporary.path())?;
    fill(temporary.path())?;
    let mut moved = Vec::new();
    for entry in fs::read_dir(temporary.path())? {
        let entry = entry?;
        let target = path.join(entry.file_name());
        if let Err(error) = fs::rename(entry.path(), &target) {
            // Back, where it will be removed with the rest.
            let back =
                |target: &PathBuf| fs::rename(target, temporary.path().join(target.file_name().unwrap_or_default()));
            let stays: Vec<String> =
                moved.iter().filter(|target| back(target).is_err()).map(|target| shown(target)).collect();
            if stays.is_empty() {
                return Err(error);
            }
            return Err(io::Error::new(error.kind(), format!("{error}; {} is there already", stays.join(", "))));
        }
        moved.push(target);
    }
    drop((registered, held));
    Ok(temporary)
}

fn written(file: File, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut out = io::BufWriter::with_capacity(BUFFER, file);
    render(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(failed.unwrap_err().to_string().ends_with("was not written: disk full"));
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
