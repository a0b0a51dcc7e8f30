//! Files with a signature beside them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::whole;
use crate::signing::{self, Signer};

/// Writes a file, and its signature beside it. Of an earlier signature nothing is left to be taken for that of the new file.
pub(super) fn file(
    path: &Path,
    signer: &Signer,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let beside = signing::path_of(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut hash = [0; 32];
    whole::file(path, |out| {
        let mut hashing = HashedOutput { out, hash: Sha256::new() };
        render(&mut hashing)?;
        hash = hashing.hash.finalize().into();
        Ok(())
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let signature = signer.sign(File::open(path)?, &name, hash)?;
    whole::file(&beside, |out| out.write_all(signature.as_bytes()))
}

/// Hashes what is written.
struct HashedOutput<'o> {
    out: &'o mut dyn Write,
    hash: Sha256,
}

impl Write for HashedOutput<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
