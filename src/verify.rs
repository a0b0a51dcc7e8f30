//! `esaudit verify`: whether a report with a manifest still is what was written, and its inputs what was read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Error;
use crate::files;
use crate::input::{self, Source};
use crate::manifest::{self, unseal};
use crate::model::{Manifest, StoredInput};
use crate::progress::{HASHING, Progress};
use crate::signing;

/// What the manifest is called among what was checked.
const MANIFEST: &str = "report manifest";

/// What the signature is called among what was checked.
const SIGNATURE: &str = "signature";

/// What came of one input, or of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct CheckedInput {
    /// Whether it holds.
    pub holds: bool,
    /// `same`, `moved`, `changed`, `missing`, `additional`, `unreadable`.
    pub status: &'static str,
    /// What was checked.
    pub path: String,
    /// Plain words, where there is something to say.
    pub remark: String,
}

/// What came of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Verification {
    /// The report first, then its inputs, then what is not in it.
    pub checks: Vec<CheckedInput>,
    /// SHA-256 of the report's file, to be compared with what was noted of it elsewhere.
    pub report_file: String,
    /// Program, version, commit and platform that the manifest names.
    pub made_by: String,
}

impl Verification {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

/// Checks a report against inputs, without any against those it names, and against a signature: the public key and where it is. Every
/// byte of an input of the right size is read, which takes as long as it takes: `progress` tells how far it is.
///
/// # Errors
/// Words for the user where there is nothing that could be checked.
pub fn verify(
    report: &Path,
    paths: &[OsString],
    signature: Option<&(String, PathBuf)>,
    progress: &Progress,
) -> Result<Verification, Error> {
    let shown = report.display();
    let wrong = |message: String| Error::Report(format!("{shown}: {message}"));
    let text = files::read(report, files::LONGEST).map_err(|error| Error::File { path: report.to_owned(), error })?;
    let signed = signature.map(|(key, file)| signing::check(key, &text, file)).transpose()?;
    let text = String::from_utf8(text).map_err(|_| wrong("not a JSON report".to_owned()))?;
    let (manifest, body) = sealed(&text).map_err(wrong)?;
    let named = files_of(&manifest);
    let found = input::discover(if paths.is_empty() { &named } else { paths });
    let itself = std::fs::canonicalize(report).ok();
    let is_itself = |source: &Source| itself.is_some() && std::fs::canonicalize(&source.path).ok() == itself;
    let sources: Vec<Source> = found.sources.into_iter().filter(|source| !is_itself(source)).collect();
    let (same, other) = by_size(&manifest.inputs, sources);
    progress.total(same.iter().map(|source| source.size).sum());
    progress.phase(HASHING);
    let threads = rayon::ThreadPoolBuilder::new().build().map_err(|error| Error::Threads(io::Error::other(error)))?;
    let mut now = threads.install(|| manifest::stored(&same, progress));
    now.extend(other);
    let mut checks: Vec<CheckedInput> = signed.map(of_signature).into_iter().collect();
    checks.extend([body, itself_of(&manifest, &text)?]);
    checks.extend(compare(&manifest.inputs, &now));
    if !paths.is_empty() {
        // Without paths, what cannot be found is missing already.
        let unreadable =
            found.problems.into_iter().map(|(path, _, message)| check(false, "unreadable", &path, &message));
        checks.extend(unreadable);
    }
    let tool = &manifest.tool;
    let commit = tool.commit.as_deref().unwrap_or("commit not known");
    let made_by = format!("{} {} ({commit}, {}, {})", tool.name, tool.version, tool.target, tool.profile);
    Ok(Verification { checks, report_file: manifest::sha256(text.as_bytes()), made_by })
}

/// The manifest of a report, and whether the report is what it says.
fn sealed(text: &str) -> Result<(Manifest, CheckedInput), String> {
    if let Some((manifest, hash)) = unseal(text) {
        let holds = manifest.report_sha256 == hash;
        let remark = if holds { "" } else { "the report is not what was written" };
        return Ok((manifest, check(holds, if holds { "same" } else { "changed" }, "report body", remark)));
    }
    // Somebody formatted it anew, or added to it: its inputs can be checked all the same.
    let document: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("not a JSON report: {error}"))?;
    let manifest = document
        .get("manifest")
        .cloned()
        .ok_or("no manifest in it; `esaudit report --format json --manifest` writes one")?;
    let manifest: Manifest = serde_json::from_value(manifest).map_err(|error| format!("the manifest: {error}"))?;
    let remark = "not laid out as it was written: formatted anew, or added to";
    Ok((manifest, check(false, "changed", "report body", remark)))
}

/// The inputs that the manifest of a report names.
///
/// # Errors
/// The report cannot be read, or has no manifest.
pub fn named(report: &Path) -> Result<Vec<String>, Error> {
    let text = files::read(report, files::LONGEST).map_err(|error| Error::File { path: report.to_owned(), error })?;
    let text = String::from_utf8(text).map_err(|_| Error::Report("not a JSON report".to_owned()))?;
    let (manifest, _) = sealed(&text).map_err(Error::Report)?;
    Ok(manifest.inputs.into_iter().map(|input| input.path).collect())
}

/// The files that a manifest names. Anybody may have written it: what it names is opened where it is a regular file, as logs are,
/// and no folder is searched for it.
fn files_of(manifest: &Manifest) -> Vec<OsString> {
    let named = manifest.inputs.iter().map(|input| &input.path);
    named.filter(|path| files::is_stored(Path::new(path))).map(OsString::from).collect()
}

/// Sources that have a size of the manifest, and the others as they are now, without a hash: no hash of theirs can be in it.
fn by_size(inputs: &[StoredInput], sources: Vec<Source>) -> (Vec<Source>, Vec<StoredInput>) {
    let known: BTreeSet<Option<u64>> =
        inputs.iter().filter(|input| input.sha256.is_some()).map(|input| input.size).collect();
    let is_known = |source: &Source| known.contains(&None) || source.size.is_none() || known.contains(&source.size);
    let (same, other): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(is_known);
    let unhashed = |source: Source| StoredInput {
        modified: manifest::stored_time(&source),
        path: source.label,
        sha256: None,
        size: source.size,
        error: None,
    };
    (same, other.into_iter().map(unhashed).collect())
}

fn check(holds: bool, status: &'static str, path: &str, remark: &str) -> CheckedInput {
    CheckedInput { holds, status, path: path.to_owned(), remark: remark.to_owned() }
}

/// What came of the signature.
fn of_signature(signed: Result<String, String>) -> CheckedInput {
    match signed {
        Ok(comment) => check(true, "same", SIGNATURE, &comment),
        Err(why) => check(false, "changed", SIGNATURE, &why),
    }
}

/// Members that are told by name at most.
const MOST_TOLD: usize = 3;

/// Whether the manifest is what was written, and nothing else.
fn itself_of(manifest: &Manifest, text: &str) -> Result<CheckedInput, Error> {
    let Some(written) = &manifest.manifest_sha256 else {
        let remark = "it has no hash of its own: written by 0.1.0, or taken out";
        return Ok(check(false, "missing", MANIFEST, remark));
    };
    let changed = |remark: &str| Ok(check(false, "changed", MANIFEST, remark));
    let Some(unread) = manifest::unread(text, manifest) else {
        return changed("not the one manifest of a JSON report");
    };
    if !unread.is_empty() {
        let short = |path: &String| path.chars().take(80).collect::<String>();
        let told: Vec<String> = unread.iter().take(MOST_TOLD).map(short).collect();
        let more = if unread.len() > told.len() { ", …" } else { "" };
        let told = told.join(", ");
        return changed(&format!("in no hash, for it was added or is of a newer version: {told}{more}"));
    }
    if *written != manifest::of_manifest(manifest)? {
        return changed("the manifest is not what was written");
    }
    // Of a report that was formatted anew that is said already.
    if unseal(text).is_some() && !manifest::is_as_written(text, manifest)? {
        return changed("not laid out as it was written");
    }
    Ok(check(true, "same", MANIFEST, ""))
}

/// Compares the inputs of a manifest with what is there now.
fn compare(inputs: &[StoredInput], now: &[StoredInput]) -> Vec<CheckedInput> {
    let mut free: BTreeSet<usize> = (0..now.len()).collect();
    let mut pairs: Vec<Option<usize>> = vec![None; inputs.len()];
    let name = |path: &str| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let folder = |path: &str| name(&Path::new(path).parent()?.to_string_lossy());
    type SameInput<'r> = &'r dyn Fn(&StoredInput) -> Option<(String, String)>;
    // The surest first: the same path; the same bytes under the same name, then under any; the same folder
    // and name; the same name.
    let rules: [SameInput<'_>; 5] = [
        &|input| Some((input.path.clone(), String::new())),
        &|input| Some((input.sha256.clone()?, name(&input.path)?)),
        &|input| Some((input.sha256.clone()?, String::new())),
        &|input| Some((name(&input.path)?, folder(&input.path)?)),
        &|input| Some((name(&input.path)?, String::new())),
    ];
    for rule in rules {
        let mut candidates: BTreeMap<(String, String), VecDeque<usize>> = BTreeMap::new();
        for &at in &free {
            if let Some(key) = rule(&now[at]) {
                candidates.entry(key).or_default().push_back(at);
            }
        }
        for (input, pair) in inputs.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            *pair = rule(input).and_then(|key| candidates.get_mut(&key)?.pop_front());
            if let Some(at) = pair {
                free.remove(at);
            }
        }
    }
    let mut checks: Vec<CheckedInput> = inputs
        .iter()
        .zip(&pairs)
        .map(|(input, pair)| match pair {
            Some(at) => one(input, &now[*at]),
            None => check(false, "missing", &input.path, ""),
        })
        .collect();
    checks.extend(free.into_iter().map(|at| check(false, "additional", &now[at].path, "not in the report")));
    checks
}

fn one(then: &StoredInput, now: &StoredInput) -> CheckedInput {
    let moved = if then.path == now.path { String::new() } else { format!("now {}", now.path) };
    if let Some(error) = &now.error {
        return check(false, "unreadable", &then.path, error);
    }
    if then.sha256.is_none() {
        let why = then.error.as_deref().unwrap_or("its hash is not in the manifest");
        return check(false, "unreadable", &then.path, &format!("it could not be hashed for the report: {why}"));
    }
    if then.sha256 == now.sha256 {
        let status = if moved.is_empty() { "same" } else { "moved" };
        return check(true, status, &then.path, &moved);
    }
    let size = |size: Option<u64>| size.map_or("?".to_owned(), |size| size.to_string());
    let mut remark = if then.size == now.size {
        "other bytes, as many as before".to_owned()
    } else {
        format!("{} bytes then, {} now", size(then.size), size(now.size))
    };
    if !moved.is_empty() {
        remark = format!("{remark}, {moved}");
    }
    check(false, "changed", &then.path, &remark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(path: &str, hash: &str, size: u64) -> StoredInput {
        StoredInput {
            path: path.to_owned(),
            sha256: Some(hash.to_owned()),
            size: Some(size),
            modified: None,
            error: None,
        }
    }

    #[test]
    fn inputs_are_found_by_path_then_by_bytes_then_by_name() {
        let then = [
            stored("a/1", "x", 1),
            stored("a/2", "y", 1),
            stored("a/3", "z", 1),
            stored("a/4", "v", 1),
            stored("a/5", "u", 1),
        ];
        let now = [
            stored("a/1", "x", 1),
            stored("b/2", "y", 1),
            stored("b/other", "z", 1),
            stored("b/4", "w", 2),
            stored("b/new", "n", 1),
        ];
        let found: Vec<_> = compare(&then, &now).into_iter().map(|c| (c.holds, c.status, c.path, c.remark)).collect();
        let row = |holds, status, path: &str, remark: &str| (holds, status, path.to_owned(), remark.to_owned());
        assert_eq!(
            found,
            [
                row(true, "same", "a/1", ""),
                row(true, "moved", "a/2", "now b/2"),
                row(true, "moved", "a/3", "now b/other"),
                row(false, "changed", "a/4", "1 bytes then, 2 now, now b/4"),
                row(false, "missing", "a/5", ""),
                row(false, "additional", "b/new", "not in the report"),
            ]
        );
    }
}
