//! Verbs that write what is known without reading anything: completions, manual pages, the configuration.

use std::path::Path;

use crate::error::Error;
use crate::output;

/// Prints a text.
///
/// # Errors
/// Standard output cannot be written.
pub fn text(text: &[u8]) -> Result<u8, Error> {
    output::print(|out| out.write_all(text))?;
    Ok(0)
}

/// Writes files, by name, to a folder, which is made if it is missing.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn files(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<u8, Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::File { path: folder.to_owned(), error })?;
    for (name, bytes) in files {
        let path = folder.join(name);
        output::file(&path, |out| out.write_all(bytes)).map_err(|error| Error::File { path, error })?;
    }
    Ok(0)
}
