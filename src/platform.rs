//! What systems do in ways of their own: files by their identity, reads at a position, waits that a signal ends, locks, signals.
//! Each system's file gives the same functions, so nothing else asks where it runs.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

use std::fs::Metadata;
use std::io;
use std::time::UNIX_EPOCH;

pub(crate) use system::{
    bytes, exit, file_id, hold, hold_open, is_held, is_loop, is_ready, is_without_reader, listen, name, open_unnamed,
    open_without_waiting, open_written_without_waiting, os_string, read_at, special, standard_input, standard_input_is,
    standard_output_is, sync_folder,
};

/// A file whatever its name: the device (a volume) and its number there.
pub(crate) type FileId = (u64, u64);

/// What is neither a file nor a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(windows, allow(dead_code, reason = "Windows has none of these under a file's name"))]
pub(crate) enum Special {
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A disk.
    Blocks,
    /// A terminal, or a device such as `/dev/zero`.
    Characters,
}

/// Whether an error of looking at a path says that nothing is there. Any other may hide a file, whatever it is.
pub(crate) fn leads_nowhere(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename | InvalidInput) || is_loop(error)
}

/// When a regular file was written to last: seconds since 1970 and the nanoseconds after them.
pub(crate) fn modified(meta: &Metadata) -> Option<(i64, i64)> {
    let time = meta.modified().ok().filter(|_| meta.is_file())?;
    Some(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (i64::try_from(since.as_secs()).ok()?, i64::from(since.subsec_nanos())),
        Err(before) => {
            let before = before.duration();
            let (seconds, nanos) = (i64::try_from(before.as_secs()).ok()?, i64::from(before.subsec_nanos()));
            if nanos == 0 { (-seconds, 0) } else { (-seconds - 1, 1_000_000_000 - nanos) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    #[test]
    fn times_before_1970_count_backwards() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (time, expected) in [
            (UNIX_EPOCH + Duration::new(5, 7), (5, 7)),
            (UNIX_EPOCH - Duration::new(5, 0), (-5, 0)),
            (UNIX_EPOCH - Duration::new(5, 250_000_000), (-6, 750_000_000)),
        ] {
            file.as_file().set_modified(time).unwrap();
            assert_eq!(modified(&file.as_file().metadata().unwrap()), Some(expected));
        }
        assert_eq!(modified(&File::open(".").unwrap().metadata().unwrap()), None);
    }

    #[test]
    fn a_file_has_one_identity_under_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, other] = ["one", "two", "other"].map(|name| folder.path().join(name));
        std::fs::write(&one, "abc").unwrap();
        std::fs::hard_link(&one, &two).unwrap();
        std::fs::write(&other, "abc").unwrap();
        let id = |path| file_id(path, &std::fs::metadata(path).unwrap());
        assert_eq!(id(&one), id(&two));
        assert_ne!(id(&one), id(&other));
    }

    #[test]
    fn reading_at_a_place_needs_no_position() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut out = [0; 4];
        assert_eq!(read_at(&file, &mut out, 3).unwrap(), 4);
        assert_eq!(&out, b"3456");
        assert_eq!(read_at(&file, &mut out, 8).unwrap(), 2);
        assert_eq!(file.read(&mut out).unwrap(), 0);
    }
}
