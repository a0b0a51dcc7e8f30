//! Files beside the logs that are read whole: configurations, keys, lists, databases, reports. Each kind has a length beyond
//! which it is none, so that a device or a pipe that never ends takes no more memory than that.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::words;

/// What people write by hand: configurations, keys.
pub const WRITTEN_BY_HAND: u64 = 16 << 20;

/// Lists that programs write: of addresses, of API keys, of paths.
pub const LIST: u64 = 1 << 30;

/// Databases and reports: the largest commercial database of addresses is below 1 GiB, the report of a flood of a million names
/// about as long.
pub const LONGEST: u64 = 4 << 30;

/// Folders in which no file is stored.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Whether a path leads to a regular file that is stored somewhere, which can be opened and read without waiting, to its end.
#[must_use]
pub fn is_stored(path: &Path) -> bool {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    !SYSTEM.iter().any(|folder| real.starts_with(folder)) && std::fs::metadata(real).is_ok_and(|meta| meta.is_file())
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// Those of reading, and that the file is longer.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_long(most));
    }
    all(file, most)
}

/// Reads a stream of at most so many bytes.
///
/// # Errors
/// Those of reading, and that it is longer.
pub fn all(input: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_long(most));
    }
    Ok(bytes)
}

fn too_long(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {}, which no such file is", words::bytes(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_not_read_on() {
        assert_eq!(all(&b"abc"[..], 3).unwrap(), b"abc");
        assert_eq!(all(&b"abcd"[..], 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let error = all(io::repeat(b'x'), 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "longer than 1.0 MiB, which no such file is");
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        assert_eq!(read(file.path(), LONGEST).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 1 << 20).is_err());
    }
}
