//! Linux, macOS and the other systems of that kind.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, OFlags, fcntl_getfl, fcntl_setfl, flock};
use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use super::{FileId, Special};

/// The file that a path leads to, whose metadata are `meta`.
pub(crate) fn file_id(_: &Path, meta: &Metadata) -> FileId {
    (meta.dev(), meta.ino())
}

/// What something is that is neither a file nor a folder.
pub(crate) fn special(meta: &Metadata) -> Option<Special> {
    let kind = meta.file_type();
    [
        (kind.is_fifo(), Special::Fifo),
        (kind.is_socket(), Special::Socket),
        (kind.is_block_device(), Special::Blocks),
        (kind.is_char_device(), Special::Characters),
    ]
    .into_iter()
    .find_map(|(is, special)| is.then_some(special))
}

/// Reads from a place of a regular file, whatever the file's own position is.
pub(crate) fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(out, at)
}

/// Standard input as a file of its own.
pub(crate) fn standard_input() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// What standard input is. Where there is no room for another open file, its name tells.
pub(crate) fn standard_input_is() -> io::Result<Option<Metadata>> {
    let told = standard_input().and_then(|file| file.metadata());
    told.or_else(|_| std::fs::metadata("/dev/fd/0")).map(Some)
}

/// What standard output is.
pub(crate) fn standard_output_is() -> io::Result<Option<Metadata>> {
    let told = io::stdout().as_fd().try_clone_to_owned().and_then(|file| File::from(file).metadata());
    told.or_else(|_| std::fs::metadata("/dev/fd/1")).map(Some)
}

/// Opens for reading. Opening a FIFO would wait for a writer; so it is the first read that waits, and a signal can end that.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)
}

/// Opens for writing where somebody reads; it is an error where nobody does.
pub(crate) fn open_written_without_waiting(path: &Path) -> io::Result<File> {
    let opened = File::options().write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    fcntl_setfl(&opened, fcntl_getfl(&opened)? - OFlags::NONBLOCK)?;
    Ok(opened)
}

/// Where a process finds the files that it has open.
#[cfg(any(target_os = "linux", target_os = "android"))]
const OPEN_FILES: &str = "/proc/self/fd";

/// Makes a file in a folder that has no name and is gone once nobody has it open; an error where there are none, or where they could
/// not be given a name later.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn open_unnamed(folder: &Path) -> io::Result<File> {
    std::fs::metadata(OPEN_FILES)?;
    File::options().write(true).custom_flags(OFlags::TMPFILE.bits().cast_signed()).open(folder)
}

/// The other systems have no such files.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn open_unnamed(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives such a file a name that nothing has.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn name(unnamed: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;

    let open = Path::new(OPEN_FILES).join(unnamed.as_raw_fd().to_string());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// See [`open_unnamed`].
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether an error says that links lead round.
pub(crate) fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Whether a FIFO could not be opened for writing because nobody reads it yet.
pub(crate) fn is_without_reader(path: &Path, error: &io::Error) -> bool {
    let is_fifo = std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo());
    is_fifo && error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
}

/// How long a wait for input lasts before a signal is looked at again.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Waits a little for something to read, or the end.
pub(crate) fn is_ready(file: &File) -> io::Result<bool> {
    let mut files = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)];
    match poll(&mut files, Some(&WAIT)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Holds a file or a folder as long as it is open, so that others see that it is in use; `false` where somebody else holds it,
/// or it cannot be held.
pub(crate) fn hold_open(opened: &File) -> bool {
    flock(opened, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Holds a folder as long as what is returned lives.
pub(crate) fn hold(folder: &Path) -> io::Result<Option<File>> {
    let folder = File::open(folder)?;
    hold_open(&folder);
    Ok(Some(folder))
}

/// Whether somebody else holds a file or a folder, or nobody may look.
pub(crate) fn is_held(path: &Path) -> bool {
    !File::open(path).is_ok_and(|opened| hold_open(&opened))
}

/// Brings the names in a folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The bytes of a name, whatever they are.
pub(crate) fn bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(name.as_bytes())
}

/// The name that has these bytes.
pub(crate) fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

/// From now on `receive` is called at each signal that asks to end, on a thread of its own, and lack of memory ends the program
/// with `aborted`.
pub(crate) fn listen(aborted: i32, receive: impl Fn() + Send + 'static) -> io::Result<()> {
    // A file that grows beyond its limit is an error of writing it, and no reason to die.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    // Where memory cannot be had, Rust says how much was wanted and aborts: to whoever asks, that is an error like others.
    signal_hook::flag::register_conditional_shutdown(SIGABRT, aborted, Arc::new(AtomicBool::new(true)))?;
    // A shell ignores SIGINT for what it runs in the background; who sends it there by name means it.
    let hang_up = Some(SIGHUP).filter(|&signal| !is_ignored(signal));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGQUIT].into_iter().chain(hang_up))?;
    let handle = move || signals.forever().for_each(|_| receive());
    std::thread::Builder::new().name("signals".to_owned()).spawn(handle).map(drop)
}

/// Whether whoever started the program wants a signal to be ignored, as nohup does with SIGHUP. Not where the system does not say.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Ends the program at once, from the thread of signals.
pub(crate) fn exit(status: i32) -> ! {
    signal_hook::low_level::exit(status)
}
