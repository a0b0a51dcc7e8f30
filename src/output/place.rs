//! Where a path leads: a link stays a link, and what it leads to is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform;

/// Links that are followed one after the other, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// The file that a path leads to, with all links followed, also where there is no such file yet: a link to nothing stands for
/// what it would lead to, and so does a link to that link.
///
/// # Errors
/// The folder is missing, or something on the way cannot be looked at.
pub fn place(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        // A pipe behind `/dev/stdout` is there, and has no name.
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            there => return there.map(|_| path),
        }
        let name = path.file_name().ok_or(io::ErrorKind::NotFound)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = fs::canonicalize(parent)?;
        let whole = parent.join(name);
        match fs::read_link(&whole) {
            Ok(target) => path = parent.join(target),
            // It is no link, or there is nothing.
            Err(error) if platform::leads_nowhere(&error) => return Ok(whole),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("links lead to links without an end"))
}

// Windows makes links for administrators only.
#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_to_nothing_lead_on() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        for (target, name) in
            [("l2", "l1"), ("sub/l3", "l2"), ("../new", "sub/l3"), ("b", "a"), ("a", "b"), ("no/x", "c")]
        {
            symlink(target, path(name)).unwrap();
        }
        for name in ["l1", "l2", "sub/l3", "new", "sub/../new"] {
            assert_eq!(place(&path(name)).unwrap(), real.join("new"), "{name}");
        }
        assert!(place(&path("a")).is_err() && place(&path("c")).is_err() && place(&path("no/x")).is_err());
        fs::write(path("new"), "x").unwrap();
        assert_eq!(place(&path("l1")).unwrap(), real.join("new"));
    }
}
