//! `esaudit show`: the lines behind a finding or a group, as they stand in the logs.
//!
//! Reading begins at the offset that the report has for a line, so that the last line of a large file is there at once;
//! what is compressed has to be decompressed up to it, but no line of it is looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::document::build::ShownLines;
use crate::error::Error;
use crate::files;
use crate::framing::{FramingKind, HEAD, WholeFile};
use crate::input::{self, Opened, Source};
use crate::manifest;
use crate::model::{Evidence, Report, StoredInput};
use crate::options::Limits;

mod scan;

use scan::{LineSink, Missed, Plain, Printer, Skipping, scan};

/// Lines to be shown.
#[derive(Debug)]
pub struct Lines {
    /// By input as the report names it.
    wanted: BTreeMap<String, Vec<Evidence>>,
    sources: Vec<Source>,
    /// Whether the user said where the inputs are; else the report alone does, which anybody may have written.
    named: bool,
    /// Bytes of plain inputs when they were read, by path.
    sizes: BTreeMap<String, u64>,
    /// What the manifest says, by path.
    stored: BTreeMap<String, StoredInput>,
    /// Hashes of files by what their paths lead to: a report may name one in many ways.
    hashes: RefCell<BTreeMap<PathBuf, Option<String>>>,
}

/// Reads a JSON report.
///
/// # Errors
/// It cannot be read, or is no report.
pub fn load(path: &Path) -> Result<Report, Error> {
    let shown = path.display();
    let text = files::read(path, files::LONGEST).map_err(|error| Error::File { path: path.to_owned(), error })?;
    serde_json::from_slice(&text).map_err(|error| Error::Report(format!("{shown}: not a JSON report: {error}")))
}

/// The files that the inputs of a report are in, where they were, and the names of inputs of which there is none any more. Anybody
/// may have written the report: see [`files::is_stored`].
#[must_use]
pub fn files(report: &Report) -> (Vec<OsString>, Vec<&str>) {
    let (mut files, mut gone) = (BTreeSet::new(), Vec::new());
    for input in &report.coverage.inputs {
        match file_of(&input.path) {
            Some(file) => files.extend([file.into_os_string()]),
            None => gone.push(input.path.as_str()),
        }
    }
    (files.into_iter().collect(), gone)
}

/// Every path that a report names as one of an input: whoever looks into the report may read it.
#[must_use]
pub fn named(report: &Report) -> Vec<String> {
    let inputs = report.coverage.inputs.iter().map(|input| input.path.clone());
    let of_findings = report.findings.iter().flat_map(|finding| finding.evidence.iter().cloned());
    let evidence = of_findings.chain(report.groups.iter().flat_map(|group| group.evidence.clone()));
    inputs.chain(evidence.map(|line| line.path)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Finds a finding (`F1`) or a group (`G1`) in a report, and the inputs of its lines below `paths`, or where they were.
///
/// # Errors
/// Words for the user where the report, which they call by a name, has no such finding or group.
pub fn find(report: &Report, name: &str, id: &str, paths: &[OsString]) -> Result<Lines, Error> {
    let evidence = evidence(report, id).ok_or_else(|| {
        Error::Report(format!(
            "{name}: no {id}; it has {} findings (F1, …) and {} groups (G1, …)",
            report.findings.len(),
            report.groups.len()
        ))
    })?;
    let mut wanted: BTreeMap<String, Vec<Evidence>> = BTreeMap::new();
    for line in evidence {
        wanted.entry(line.path.clone()).or_default().push(line);
    }
    for lines in wanted.values_mut() {
        lines.sort_by_key(|line| line.line);
        lines.dedup();
    }
    let sources = if paths.is_empty() {
        let files: Vec<OsString> =
            wanted.keys().filter_map(|path| file_of(path)).map(PathBuf::into_os_string).collect();
        input::discover(&files).sources
    } else {
        input::discover(paths).sources
    };
    let plain = report.coverage.inputs.iter().filter(|input| input.compression == "none" && input.error.is_none());
    Ok(Lines {
        wanted,
        sources,
        named: !paths.is_empty(),
        sizes: plain.map(|input| (input.path.clone(), input.bytes)).collect(),
        stored: report
            .manifest
            .as_ref()
            .map(|manifest| manifest.inputs.iter().map(|input| (input.path.clone(), input.clone())).collect())
            .unwrap_or_default(),
        hashes: RefCell::default(),
    })
}

fn evidence(report: &Report, id: &str) -> Option<Vec<Evidence>> {
    let finding = report.findings.iter().find(|finding| finding.id.eq_ignore_ascii_case(id));
    let group = || report.groups.iter().find(|group| group.id.eq_ignore_ascii_case(id));
    finding.map(|finding| finding.evidence.clone()).or_else(|| Some(group()?.evidence))
}

/// The paths that an input may have, the longest first: a `!` may stand before a member of an archive or in a name.
pub fn candidates(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.match_indices('!').map(|(at, _)| &path[..at]).collect::<Vec<_>>();
    std::iter::once(path).chain(cuts.into_iter().rev())
}

/// The file of an input, where it was.
#[must_use]
pub fn file_of(path: &str) -> Option<PathBuf> {
    candidates(path).map(PathBuf::from).find(|file| files::is_stored(file))
}

impl Lines {
    /// The file that an input is in now.
    fn source(&self, path: &str) -> Option<(&Source, String)> {
        for file in candidates(path) {
            if let Some(source) = self.sources.iter().find(|source| source.label == file) {
                return Some((source, file.to_owned()));
            }
        }
        // Moved: the file whose path ends most alike.
        let shared = |a: &Path, b: &Path| a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
        for file in candidates(path) {
            let alike = |source: &&Source| shared(&source.path, Path::new(file));
            let best = self.sources.iter().map(|source| alike(&source)).max().unwrap_or(0);
            let mut found = self.sources.iter().filter(|source| best > 0 && alike(source) == best);
            if let (Some(source), None) = (found.next(), found.next()) {
                return Some((source, file.to_owned()));
            }
        }
        None
    }

    /// Whether a file that only the report names is one of its inputs: by its hash in the manifest, or because a record stands
    /// wherever the report has one. A report from somebody else could otherwise name any file of the reader's machine.
    fn is_proven(&self, source: &Source, file: &str, path: &str, wanted: &[Evidence]) -> bool {
        if source.is_stdin || source.size.is_none() || !files::is_stored(&source.path) {
            return false;
        }
        let mut fits = true;
        let mut taker = LineSink::Proof(&mut fits);
        let missed = pass(source, file, path, wanted, &mut Printer::new(path, 0, &mut taker, false).unnamed());
        if fits && missed.is_ok_and(|missed| missed.is_empty()) {
            return true;
        }
        let then = self.stored.get(file).filter(|then| then.size == source.size && is_short(source));
        let hash = then.and_then(|then| then.sha256.as_ref());
        hash.is_some_and(|hash| self.hash(source).as_ref() == Some(hash))
    }

    /// The hash of a file as it is now; it is made once.
    fn hash(&self, source: &Source) -> Option<String> {
        let path = std::fs::canonicalize(&source.path).unwrap_or_else(|_| source.path.clone());
        self.hashes.borrow_mut().entry(path).or_insert_with_key(|path| manifest::of_path(path).sha256).clone()
    }

    /// Why a file can no longer be what was read, if it cannot.
    fn change(&self, source: &Source, file: &str) -> Option<String> {
        let size = source.size?;
        let then = self.stored.get(file);
        let before = then.and_then(|then| then.size).or_else(|| self.sizes.get(file).copied())?;
        if before != size {
            return Some(format!("{} has changed: {before} bytes when it was read, {size} now", source.label));
        }
        let now = manifest::stored_time(source);
        let then = then.filter(|then| then.sha256.is_some() && then.modified != now)?;
        if !self.named && !is_short(source) {
            return None;
        }
        // Written to, or copied: only the bytes tell.
        let hash = self.hash(source);
        (hash != then.sha256).then(|| format!("{} has changed: other bytes than when it was read", source.label))
    }
}

/// What is said of an input that only the report names, and that is no file which can be read to its end.
pub const NOT_FOUND: &str = "not found; name the files or folders where it is now";

/// Bytes of a file that are hashed where only the report names it.
const MOST_HASHED: u64 = 1 << 30;

fn is_short(source: &Source) -> bool {
    source.size.is_some_and(|size| size <= MOST_HASHED)
}

/// Reads the lines, with some around each; what could not be shown, or is not what the report says, comes in plain words.
#[must_use]
pub fn read(lines: &Lines, context: u64) -> (ShownLines, Vec<String>) {
    let mut shown = ShownLines::default();
    let remarks =
        each(lines, context, &mut LineSink::Lines(&mut shown.0)).unwrap_or_else(|error| vec![error.to_string()]);
    (shown, remarks)
}

/// Writes the bytes of the lines and nothing else.
///
/// # Errors
/// Those of `out`.
pub fn write_raw(lines: &Lines, context: u64, out: &mut dyn Write) -> io::Result<Vec<String>> {
    each(lines, context, &mut LineSink::Raw(out))
}

fn each(lines: &Lines, context: u64, taker: &mut LineSink<'_>) -> io::Result<Vec<String>> {
    let mut remarks = Vec::new();
    let mut any = false;
    for (path, wanted) in &lines.wanted {
        let Some((source, file)) = lines.source(path) else {
            remarks.push(format!("{path}: {NOT_FOUND}"));
            continue;
        };
        remarks.extend(lines.change(source, &file));
        if !lines.named && !lines.is_proven(source, &file, path, wanted) {
            let why =
                "not shown: nothing proves that it is the file that was read; name the folder or file where it is";
            remarks.push(format!("{path}: {why}"));
            continue;
        }
        let printer = Printer::new(path, context, taker, std::mem::replace(&mut any, true));
        let mut printer = if lines.named { printer } else { printer.unnamed() };
        let missed = pass(source, &file, path, wanted, &mut printer);
        match missed {
            Ok(missed) => remarks.extend(missed.iter().map(|missed| format!("{path}:{}: {}", missed.line, missed.why))),
            Err(error) => remarks.push(format!("{path}: {error}")),
        }
    }
    Ok(remarks)
}

/// Passes the lines of an input to the printer; gives back those that are not there.
fn pass(
    source: &Source,
    file: &str,
    path: &str,
    wanted: &[Evidence],
    printer: &mut Printer<'_, '_>,
) -> io::Result<Vec<Missed>> {
    match input::open(source, Limits::default())? {
        Opened::Ranges { file, .. } => {
            let mut head = Vec::new();
            let _ = WholeFile { file: &file, at: 0, len: HEAD as u64 }.read_to_end(&mut head);
            let is_lines = FramingKind::of(&head, None) == FramingKind::Lines;
            scan(&mut Plain::new(&file, printer.most_passed()), wanted, is_lines, printer)
        }
        Opened::Streams(streams) => {
            let member = path.strip_prefix(file).unwrap_or_default();
            let mut met: BTreeMap<String, u32> = BTreeMap::new();
            let mut result = Ok(wanted.iter().map(Missed::gone).collect());
            let read = streams.for_each(&mut |info, reader| {
                let of_member = info.label.strip_prefix(&source.label).unwrap_or(&info.label);
                let count = met.entry(of_member.to_owned()).or_insert(0);
                *count += 1;
                let numbered = format!("{of_member}#{count}");
                if (*count == 1 && member == of_member) || (*count > 1 && member == numbered) {
                    let mut reader = Read::take(reader, printer.most_decompressed());
                    result = scan(&mut Skipping::new(&mut reader), wanted, false, printer);
                }
            });
            result.and_then(|left: Vec<Missed>| if left.is_empty() { Ok(left) } else { read.map(|()| left) })
        }
    }
}
