//! What a report rests on, for whoever has to prove it: every input as it is stored, the program, the parameters, and the
//! hash of the report itself.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::data::json;
use crate::input::Source;
use crate::interrupt;
use crate::model::{Build, Manifest, Report, StoredInput};
use crate::platform::{self, modified};
use crate::progress::Progress;
use crate::time::Millis;

mod members;

pub use members::unread;

/// Bytes hashed at a time.
const BLOCK: usize = 256 << 10;

/// The program as it was built.
#[must_use]
pub fn build() -> Build {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Build {
        name: "esaudit".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: known(env!("ESAUDIT_COMMIT")),
        target: env!("ESAUDIT_TARGET").to_owned(),
        profile: env!("ESAUDIT_PROFILE").to_owned(),
    }
}

/// Hash of bytes that come only once.
#[derive(Debug, Clone, Default)]
pub struct Running {
    hash: Sha256,
    size: u64,
}

impl Running {
    /// Takes in more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// What was read under a label.
    #[must_use]
    pub fn finish(self, path: String) -> StoredInput {
        let sha256 = Some(hex(&self.hash.finalize()));
        StoredInput { path, sha256, size: Some(self.size), modified: None, error: None }
    }
}

/// Hashes inputs as they are stored, on all threads of the pool, counting the bytes in `progress`. What is no regular file cannot be
/// read a second time and is left out.
#[must_use]
pub fn stored(sources: &[Source], progress: &Progress) -> Vec<StoredInput> {
    sources.par_iter().filter(|source| source.size.is_some()).map(|source| of_source(source, progress)).collect()
}

fn of_source(source: &Source, progress: &Progress) -> StoredInput {
    let file = if source.is_stdin { platform::standard_input() } else { opened(&source.path) };
    of_file(source.label.clone(), file, progress)
}

/// A file that is named beside the logs.
#[must_use]
pub fn of_path(path: &Path) -> StoredInput {
    of_file(path.to_string_lossy().into_owned(), opened(path), &Progress::default())
}

/// Opens what is to be hashed: of what is no regular file the bytes come once, if they end at all. Whoever writes into a pipe would
/// take even its opening for that of the reader.
fn opened(path: &Path) -> io::Result<File> {
    let regular = |meta: Metadata| meta.is_file().then_some(()).ok_or_else(|| io::Error::other("not a regular file"));
    regular(std::fs::metadata(path)?)?;
    let file = platform::open_without_waiting(path)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Inputs of a manifest that have no hash, which nobody can check later, and why.
pub fn unhashed(stored: &[StoredInput]) -> impl Iterator<Item = String> {
    stored.iter().filter(|input| input.sha256.is_none()).map(|input| {
        let why = input.error.as_deref().unwrap_or("it could not be read again");
        format!("{}: it has no hash in the manifest, so nobody can check it later: {why}", input.path)
    })
}

fn of_file(path: String, file: io::Result<File>, progress: &Progress) -> StoredInput {
    match file.and_then(|file| hashed(&file, progress)) {
        Ok((hash, size, modified)) => StoredInput { path, sha256: Some(hash), size: Some(size), modified, error: None },
        Err(error) => StoredInput { path, sha256: None, size: None, modified: None, error: Some(error.to_string()) },
    }
}

/// Hash, size and time of a regular file.
fn hashed(file: &File, progress: &Progress) -> io::Result<(String, u64, Option<String>)> {
    let meta = file.metadata()?;
    let mut running = Running::default();
    let mut block = vec![0; BLOCK];
    loop {
        if interrupt::requested() {
            return Err(io::Error::other("not hashed: a signal ended the run"));
        }
        match platform::read_at(file, &mut block, running.size) {
            Ok(0) => break,
            Ok(read) => {
                running.add(&block[..read]);
                progress.part(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((hex(&running.hash.finalize()), running.size, modified(&meta).map(time)))
}

fn time((seconds, nanos): (i64, i64)) -> String {
    Millis(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)).rfc3339()
}

/// When a file was written to last, as a manifest gives it.
#[must_use]
pub fn stored_time(source: &Source) -> Option<String> {
    source.modified.map(time)
}

/// Gives a report its manifest. Nothing in the report may change after it.
///
/// # Errors
/// None that could happen: the report is written to memory.
pub fn seal(report: &mut Report, mut inputs: Vec<StoredInput>) -> io::Result<()> {
    inputs.sort_by(|a, b| a.path.cmp(&b.path));
    // A listing of keys that also lies among the logs is one file.
    inputs.dedup();
    report.manifest = None;
    let mut body = HashWriter(Sha256::new());
    json::write(report, &mut body)?;
    let report_sha256 = hex(&body.0.finalize());
    let parameters = report.parameters.clone();
    let mut manifest = Manifest { inputs, tool: build(), parameters, report_sha256, manifest_sha256: None };
    manifest.manifest_sha256 = Some(of_manifest(&manifest)?);
    report.manifest = Some(manifest);
    Ok(())
}

/// The hash that a manifest has of itself.
///
/// # Errors
/// None that could happen: it is written to memory.
pub fn of_manifest(manifest: &Manifest) -> io::Result<String> {
    Ok(sha256(&serde_json::to_vec(&Manifest { manifest_sha256: None, ..manifest.clone() })?))
}

/// What opens the manifest in a report: it is the last member.
const OPENING: &str = ",\n  \"manifest\": ";

/// What closes a report.
const CLOSING: &str = "\n}\n";

/// Takes a written report apart: its manifest, and the hash of the bytes that it would have without one. `None` where it
/// has none, or is not as this program writes it.
#[must_use]
pub fn unseal(text: &str) -> Option<(Manifest, String)> {
    let at = text.rfind(OPENING)?;
    let rest = &text[at + OPENING.len()..];
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Manifest>();
    let manifest = values.next()?.ok()?;
    // Nothing may stand after it, or it would be in no hash.
    if rest.get(values.byte_offset()..)? != CLOSING {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(&text[..at]);
    hash.update(CLOSING);
    Some((manifest, hex(&hash.finalize())))
}

/// Whether the end of a written report is, byte by byte, what this program writes for a manifest: in values that mean the same
/// something could be hidden.
///
/// # Errors
/// None that could happen: it is written to memory.
pub fn is_as_written(text: &str, manifest: &Manifest) -> io::Result<bool> {
    #[derive(serde::Serialize)]
    struct ReportEnd<'m> {
        manifest: &'m Manifest,
    }
    let mut written = Vec::new();
    json::write(&ReportEnd { manifest }, &mut written)?;
    // The brace that opens a report stands far before.
    Ok(text.as_bytes().ends_with(&[b",", &written[1..]].concat()))
}

/// SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes what is written.
struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hashed_is_seen_to_come_on() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = [0, 3, BLOCK + 1];
        for size in sizes {
            std::fs::write(folder.path().join(size.to_string()), vec![b'x'; size]).unwrap();
        }
        let progress = Progress::default();
        let stored = stored(&crate::input::discover(&[folder.path().into()]).sources, &progress);
        assert!(stored.iter().all(|input| input.sha256.is_some()), "{stored:?}");
        let seen = progress.snapshot();
        assert_eq!((stored.len(), seen.bytes, seen.stored), (3, BLOCK as u64 + 4, BLOCK as u64 + 4));
    }

    #[test]
    fn hashes_are_those_of_sha256sum() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut running = Running::default();
        running.add(b"a");
        running.add(b"bc");
        let stored = running.finish("-".to_owned());
        assert_eq!((stored.sha256, stored.size), (Some(sha256(b"abc")), Some(3)));
    }
}
