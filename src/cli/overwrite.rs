//! An output never replaces an input, and another file only where the user says so.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::demo;
use super::{Command, DemoRequest, StateRequest, Whom};
use crate::error::Error;
use crate::escape;
use crate::input;
use crate::ledger::Ledger;
use crate::output::{self, Output, Target};
use crate::pipeline::Inputs;
use crate::platform::{self, FileId, file_id};
use crate::{show, signing, verify};

/// Refuses outputs that are inputs, by whatever name, and, without `force`, existing files with a content that is not of this
/// program. `named` are the paths that the command line names otherwise than as outputs, see [`named_otherwise`].
///
/// # Errors
/// A message for the user.
pub(super) fn check(command: &Command, named: &[OsString], force: bool) -> Result<(), String> {
    match command {
        Command::Files(folder, files) if !force => {
            files.iter().try_for_each(|(name, bytes)| is_free(&folder.join(name), bytes))?;
        }
        Command::Demo(DemoRequest::Logs(folder)) if !force => is_free(&folder.join(demo::NAME), demo::LOGS)?,
        _ => {}
    }
    let outputs: Vec<&Path> = command.outputs().iter().filter_map(|output| file(output)).collect();
    let beside: Vec<PathBuf> = match command {
        Command::Report(request) if request.sign.is_some() => {
            outputs.iter().map(|path| signing::path_of(path)).collect()
        }
        Command::Scan(request) if request.output.is_none() => numbered(request.state.as_ref())?.into_iter().collect(),
        _ => Vec::new(),
    };
    let outputs: Vec<&Path> = outputs.into_iter().chain(beside.iter().map(PathBuf::as_path)).collect();
    are_apart(&outputs)?;
    let printed = printed_to()?;
    if outputs.is_empty() && printed.is_none() {
        return Ok(());
    }
    let named: Vec<&Path> = named.iter().map(Path::new).chain(command.implied()).collect();
    let mut existing = Vec::new();
    for path in outputs {
        match there(path)? {
            Some(meta) if meta.is_file() => existing.push((path, meta)),
            Some(_) => {}
            // Whoever names a file that is not there yet as both would find it there the next time.
            None => {
                let missing = leads_to(path)?;
                for named in named.iter().filter(|_| missing.is_some()) {
                    if leads_to(named)? == missing {
                        return Err(is_input(path));
                    }
                }
            }
        }
    }
    if existing.is_empty() && printed.is_none() {
        return Ok(());
    }
    let inputs = inputs(command, &named)?;
    if printed.is_some_and(|id| inputs.contains(&id)) {
        return Err("standard output goes to an input, which would be read along: name another file".to_owned());
    }
    for (path, meta) in existing {
        if inputs.contains(&file_id(path, &meta)) {
            return Err(is_input(path));
        }
        if !force && meta.len() > 0 && !output::is_own(path) {
            return Err(is_of_others(path, "name another file"));
        }
    }
    Ok(())
}

/// Every file that is read: those that are named, all below folders that are, and what a report names, which may be all that says
/// where its logs are.
fn inputs(command: &Command, named: &[&Path]) -> Result<BTreeSet<FileId>, String> {
    let mut inputs = BTreeSet::new();
    let mut folders: Vec<OsString> = command.inputs().to_vec();
    for &path in named {
        match there(path)? {
            Some(meta) if meta.is_dir() => folders.push(path.into()),
            Some(meta) => inputs.extend([file_id(path, &meta)]),
            None => {}
        }
    }
    let stdin = platform::standard_input_is().map_err(|error| unseen(Path::new("-"), &error))?;
    inputs.extend(stdin.map(|meta| file_id(Path::new("-"), &meta)));
    for path in command.named_by_report()? {
        for file in show::candidates(&path).map(Path::new) {
            match fs::metadata(file) {
                Ok(meta) => inputs.extend([file_id(file, &meta)]),
                // What nobody may look at is not read either.
                Err(error) if is_nothing_to_read(&error) => {}
                Err(error) => return Err(unseen(file, &error)),
            }
        }
    }
    let found = input::discover(&folders);
    if let Some((path, error)) = found.unseen.iter().find(|(_, error)| !is_nothing_to_read(error)) {
        return Err(unseen(path, error));
    }
    for source in found.sources.iter().filter(|source| !source.is_stdin) {
        inputs.extend(there(&source.path)?.map(|meta| file_id(&source.path, &meta)));
    }
    Ok(inputs)
}

/// The part that a run writes where none is named.
fn numbered(state: Option<&StateRequest>) -> Result<Option<PathBuf>, String> {
    let Some(StateRequest { path, .. }) = state else { return Ok(None) };
    Ok(known(Ledger::load(path))?.map(|ledger| ledger.numbered(path)))
}

/// What was read of a file, or nothing where it is not what it has to be, which whoever reads it says.
fn known<T>(read: Result<T, Error>) -> Result<Option<T>, String> {
    match read {
        Err(Error::File { path, error }) if !is_nothing_to_read(&error) => Err(unseen(&path, &error)),
        read => Ok(read.ok()),
    }
}

/// What a path leads to; nothing, if nothing is there.
fn there(path: &Path) -> Result<Option<fs::Metadata>, String> {
    seen(path, fs::metadata(path))
}

/// Where a path leads, also where nothing is yet; nothing, if there is no such folder.
fn leads_to(path: &Path) -> Result<Option<PathBuf>, String> {
    seen(path, output::place(path))
}

/// Of what cannot be looked at nobody can say that it is no input.
fn seen<T>(path: &Path, looked: io::Result<T>) -> Result<Option<T>, String> {
    match looked {
        Err(error) if platform::leads_nowhere(&error) => Ok(None),
        looked => looked.map(Some).map_err(|error| unseen(path, &error)),
    }
}

fn unseen(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be looked at ({error}): whether an output replaces an input is not known", shown(path))
}

/// Whether a file that cannot be looked at is none that could be read.
fn is_nothing_to_read(error: &io::Error) -> bool {
    platform::leads_nowhere(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Refuses to write a file to a folder where another one, with other bytes and not of this program, has its name.
fn is_free(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let same = |meta: &fs::Metadata| meta.len() == bytes.len() as u64 && fs::read(path).is_ok_and(|now| now == bytes);
    match there(path)? {
        Some(meta) if meta.is_file() && meta.len() > 0 && !same(&meta) && !output::is_own(path) => {
            Err(is_of_others(path, "name another folder"))
        }
        _ => Ok(()),
    }
}

fn is_of_others(path: &Path, instead: &str) -> String {
    format!("`{}` exists and is not of this program: {instead}, or replace it with --force", shown(path))
}

/// The file that standard output is added to (`>> FILE`), if it is one; an empty one holds nothing that could be lost.
fn printed_to() -> Result<Option<FileId>, String> {
    let meta = platform::standard_output_is();
    let meta = meta.map_err(|error| format!("standard output cannot be looked at: {error}"))?;
    let meta = meta.filter(|meta| meta.is_file() && meta.len() > 0);
    Ok(meta.map(|meta| file_id(Path::new("-"), &meta)))
}

/// Refuses two outputs that lead to one file, of which only the last would be left.
fn are_apart(outputs: &[&Path]) -> Result<(), String> {
    let mut seen: Vec<(PathBuf, &Path)> = Vec::new();
    for &path in outputs {
        let Some(place) = leads_to(path)? else { continue };
        // What is no file (`/dev/null`) takes whatever comes.
        if there(&place)?.is_some_and(|meta| !meta.is_file()) {
            continue;
        }
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == place) {
            return Err(format!("the outputs `{}` and `{}` are one file", shown(other), shown(path)));
        }
        seen.push((place, path));
    }
    Ok(())
}

fn is_input(path: &Path) -> String {
    format!("`{}` is an input: an output never replaces one", shown(path))
}

fn shown(path: &Path) -> String {
    escape::terminal(&path.to_string_lossy(), true)
}

fn file(output: &Output) -> Option<&Path> {
    match &output.target {
        Target::File(path) => Some(path),
        Target::Stdout => None,
    }
}

/// What values that stand for files and folders are called in the definition of the command line. What is called otherwise is a
/// word, which may well be the name of an output.
const FILES: [&str; 13] = [
    "DIR",
    "FILE",
    "FILE.esa",
    "FILE.mmdb",
    "FILE.toml",
    "FOLDER",
    "KEYFILE",
    "NEW.json",
    "OLD.json",
    "PART",
    "PATH",
    "REPORT.json",
    "[FINDING] PATH",
];

/// Folders that are not read, though their options are no outputs: what is in them is no input.
const UNREAD: [&str; 5] = ["strip", "parquet", "ocsf", "logs", "folder"];

/// What the command line names otherwise than as an output: inputs, but also configurations, keys and reports.
pub(super) fn named_otherwise(program: &clap::Command, matches: &clap::ArgMatches) -> Vec<OsString> {
    let of_verb = matches.subcommand().and_then(|(name, values)| Some((program.find_subcommand(name)?, values)));
    let Some((verb, matches)) = of_verb else { return Vec::new() };
    let stands_for_files = |argument: &&clap::Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        // Keys of minisign; other options have keys of the API by that name.
        let is_key = matches!((verb.get_name(), argument.get_id().as_str()), (_, "sign") | ("verify", "key"));
        let is_file = is_key || names.iter().any(|name| FILES.contains(&name.as_str()));
        is_file && argument.get_short() != Some('o') && !UNREAD.contains(&argument.get_id().as_str())
    };
    let values = |argument: &clap::Arg| matches.get_raw(argument.get_id().as_str()).into_iter().flatten();
    let mut named: Vec<OsString> =
        verb.get_arguments().filter(stands_for_files).flat_map(values).map(OsString::from).collect();
    // Also a file behind a word of an option's: `--addresses good=FILE`.
    let behind_sign = named.iter().filter_map(|value| {
        let bytes = platform::bytes(value);
        let at = bytes.iter().position(|&byte| byte == b'=')?;
        Some(platform::os_string(bytes[at + 1..].to_vec()))
    });
    let behind_sign: Vec<OsString> = behind_sign.collect();
    named.extend(behind_sign);
    named
}

impl Command {
    /// Where it writes.
    fn outputs(&self) -> &[Output] {
        match self {
            Self::Report(request) | Self::Merge(request) => &request.outputs.list,
            Self::Keys(request) => &request.outputs.list,
            Self::Check(request) => &request.outputs.list,
            Self::Events(request) => &request.outputs.list,
            Self::Timeline(request) => &request.outputs.list,
            Self::Impact(request) => &request.outputs.list,
            Self::Diff(request) => &request.outputs.list,
            Self::Scan(request) => request.output.as_slice(),
            Self::Explain(request) => &request.outputs.list,
            Self::Demo(DemoRequest::Report(request)) => &request.outputs.list,
            Self::Demo(DemoRequest::Logs(_)) => &[],
            Self::Show(request) => &request.outputs.list,
            Self::Verify(request) => &request.outputs.list,
            Self::Export(_) | Self::Print(_) | Self::Files(..) | Self::PrintConfig(_) => &[],
        }
    }

    /// What it reads without being told by name.
    fn implied(&self) -> Option<&Path> {
        match self {
            Self::Verify(request) => request.signature.as_ref().map(|(_, file)| file.as_path()),
            _ => None,
        }
    }

    /// What the report that is looked into says that was read, and where it was.
    fn named_by_report(&self) -> Result<Vec<String>, String> {
        let report = match self {
            Self::Verify(request) => return Ok(known(verify::named(&request.report))?.unwrap_or_default()),
            Self::Show(request) => request.report.as_deref(),
            Self::Impact(request) => match &request.whom {
                Whom::Finding { report, .. } => report.as_deref(),
                Whom::Named => None,
            },
            _ => None,
        };
        let loaded = report.map(|report| known(show::load(report))).transpose()?.flatten();
        Ok(loaded.map(|report| show::named(&report)).unwrap_or_default())
    }

    /// The files, folders and globs that it reads as logs or parts.
    fn inputs(&self) -> &[OsString] {
        let read = match self {
            Self::Report(request) | Self::Merge(request) => &request.read,
            Self::Keys(request) => &request.read,
            Self::Check(request) => &request.read,
            Self::Events(request) => &request.read,
            Self::Timeline(request) => &request.read,
            Self::Impact(request) => &request.read,
            Self::Scan(request) => &request.read,
            Self::Show(request) => return &request.paths,
            Self::Verify(request) => return &request.paths,
            Self::Export(_) | Self::Diff(_) | Self::Explain(_) | Self::Demo(_) => return &[],
            Self::Print(_) | Self::Files(..) | Self::PrintConfig(_) => return &[],
        };
        match &read.inputs {
            Inputs::Logs(paths) | Inputs::Parts(paths) | Inputs::Any(paths) => paths,
            Inputs::Part(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that are no files.
    const WORDS: [&str; 27] = [
        "ACTION",
        "ADDRESS",
        "BYTES",
        "CIDR",
        "CLUSTER",
        "F1",
        "FINDING|GROUP",
        "FORMAT",
        "ID",
        "INDEX",
        "K/N",
        "KEY",
        "KEY,…",
        "KIND",
        "KIND,…",
        "MS",
        "N",
        "NAME",
        "NODE",
        "REALM",
        "REASON",
        "SEVERITY",
        "SHELL",
        "TEXT",
        "TIME",
        "WHEN",
        "ZONE",
    ];

    #[test]
    fn every_value_is_known_to_be_a_file_or_a_word() {
        for verb in super::super::command().get_subcommands() {
            for argument in verb.get_arguments().filter(|argument| argument.get_action().takes_values()) {
                for name in argument.get_value_names().unwrap_or_default() {
                    let is_known = FILES.contains(&name.as_str()) || WORDS.contains(&name.as_str());
                    assert!(is_known, "{} {name}", verb.get_name());
                }
            }
        }
    }

    #[test]
    fn outputs_and_words_are_not_named_otherwise() {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "198.51.100.7").unwrap();
        let list = list.path().to_str().unwrap();
        let good = format!("good={list}");
        let line = format!(
            "esaudit report a --output b -o c -qo d -oe --output=f --config=/dev/null --threads 1 --format json \
             --addresses {good} --sign k --key key --top 3 - h -- -o"
        );
        let program = super::super::command();
        let matches = program.clone().try_get_matches_from(line.split_whitespace()).unwrap();
        let mut named = named_otherwise(&program, &matches);
        named.sort();
        let mut expected = ["-", "-o", "/dev/null", "a", &good, "h", "k", list];
        expected.sort_unstable();
        assert_eq!(named, expected);
    }
}
