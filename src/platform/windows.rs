//! Windows. What the system lacks is left out where that costs a comfort and no answer: a read from a pipe is not ended by a
//! signal, and temporary files that a killed run left behind are told by their age alone.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::FileExt;
use std::os::windows::io::AsHandle;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::{FileId, Special};

/// The file that a path leads to. Where the system does not say, its path with all links followed stands for it.
pub(crate) fn file_id(path: &Path, _: &Metadata) -> FileId {
    let told = winapi_util::Handle::from_path_any(path).and_then(winapi_util::file::information);
    match told {
        Ok(told) => (told.volume_serial_number(), told.file_index()),
        Err(_) => {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            (u64::MAX, xxh3_64(path.as_os_str().as_encoded_bytes()))
        }
    }
}

/// What something is that is neither a file nor a folder: never told here.
pub(crate) fn special(_: &Metadata) -> Option<Special> {
    None
}

/// Reads from a place of a regular file. The file's own position follows: whoever then reads it as a stream has to rewind it.
pub(crate) fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    match file.seek_read(out, at) {
        // Where Unix reads nothing, Windows complains.
        Err(error) if error.raw_os_error() == Some(END_OF_FILE) => Ok(0),
        read => read,
    }
}

/// `ERROR_HANDLE_EOF` of the system's list of errors.
const END_OF_FILE: i32 = 38;

/// Standard input as a file of its own.
pub(crate) fn standard_input() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// What standard input is; `None` where the system does not say, as of a console.
pub(crate) fn standard_input_is() -> io::Result<Option<Metadata>> {
    Ok(standard_input().and_then(|file| file.metadata()).ok())
}

/// The same of standard output.
pub(crate) fn standard_output_is() -> io::Result<Option<Metadata>> {
    let out = io::stdout().as_handle().try_clone_to_owned().map(File::from);
    Ok(out.and_then(|file| file.metadata()).ok())
}

/// Opens for reading.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Windows has no files without a name.
pub(crate) fn open_unnamed(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// See [`open_unnamed`].
pub(crate) fn name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Opens for writing.
pub(crate) fn open_written_without_waiting(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

/// Links that lead round are not told from what cannot be looked at.
pub(crate) fn is_loop(_: &io::Error) -> bool {
    false
}

/// Pipes with names are no files here.
pub(crate) fn is_without_reader(_: &Path, _: &io::Error) -> bool {
    false
}

/// A read waits by itself.
pub(crate) fn is_ready(_: &File) -> io::Result<bool> {
    Ok(true)
}

/// Nothing is held.
pub(crate) fn hold_open(_: &File) -> bool {
    false
}

/// Nothing is held.
pub(crate) fn hold(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Nothing is held.
pub(crate) fn is_held(_: &Path) -> bool {
    false
}

/// The system brings names to the disk by itself.
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The bytes of a name; what is no Unicode in it is replaced.
pub(crate) fn bytes(name: &OsStr) -> Cow<'_, [u8]> {
    match name.to_string_lossy() {
        Cow::Borrowed(name) => Cow::Borrowed(name.as_bytes()),
        Cow::Owned(name) => Cow::Owned(name.into_bytes()),
    }
}

/// The name that has these bytes; what is no UTF-8 in it is replaced.
pub(crate) fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// From now on `receive` is called at Ctrl+C, Ctrl+Break and when the window is closed, on a thread of its own.
pub(crate) fn listen(_: i32, receive: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(receive).map_err(io::Error::other)
}

/// Ends the program at once, from the thread of signals.
#[allow(clippy::exit, reason = "nobody is left who could return")]
pub(crate) fn exit(status: i32) -> ! {
    std::process::exit(status)
}
