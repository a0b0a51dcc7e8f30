//! An output never replaces an input, and another file only where the user says so.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::demo;
use super::{Command, DemoRequest, Whom};
use crate::escape;
use crate::input;
use crate::output::{self, Output, Target};
use crate::pipeline::Inputs;
use crate::platform::{self, FileId, file_id};
use crate::{show, signing};

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
        _ => Vec::new(),
    };
    let outputs: Vec<&Path> = outputs.into_iter().chain(beside.iter().map(PathBuf::as_path)).collect();
    are_apart(&outputs)?;
    let printed = printed_to();
    if outputs.is_empty() && printed.is_none() {
        return Ok(());
    }
    // Whoever names a file that is not there yet as both would find it there the next time.
    let missing: Vec<PathBuf> = named.iter().filter_map(|path| resolved(Path::new(path))).collect();
    let mut existing = Vec::new();
    for path in outputs {
        match fs::metadata(path) {
            Ok(meta) if meta.is_file() => existing.push((path, meta)),
            Ok(_) => {}
            Err(_) if resolved(path).is_some_and(|path| missing.contains(&path)) => return Err(is_input(path)),
            Err(_) => {}
        }
    }
    if existing.is_empty() && printed.is_none() {
        return Ok(());
    }
    let mut inputs: Vec<FileId> = named.iter().filter_map(|path| id(Path::new(path))).collect();
    inputs
        .extend(platform::standard_input().ok().and_then(|file| Some(file_id(Path::new("-"), &file.metadata().ok()?))));
    // Also the files that a report names: it may be all that says where its logs are.
    let of_report = command.report().and_then(|report| show::load(report).ok()).map(|report| show::files(&report));
    let read: Vec<OsString> = command.inputs().iter().cloned().chain(of_report.unwrap_or_default()).collect();
    let found = input::discover(&read);
    inputs.extend(found.sources.iter().filter_map(|source| id(&source.path)));
    inputs.sort_unstable();
    if printed.is_some_and(|id| inputs.binary_search(&id).is_ok()) {
        return Err("standard output goes to an input, which would be read along: name another file".to_owned());
    }
    for (path, meta) in existing {
        if inputs.binary_search(&file_id(path, &meta)).is_ok() {
            return Err(is_input(path));
        }
        if !force && meta.len() > 0 && !output::is_own(path) {
            return Err(is_of_others(path, "name another file"));
        }
    }
    Ok(())
}

/// Refuses to write a file to a folder where another one, with other bytes and not of this program, has its name.
fn is_free(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let holds_others = |meta: fs::Metadata| {
        let same = || meta.len() == bytes.len() as u64 && fs::read(path).is_ok_and(|now| now == bytes);
        meta.is_file() && meta.len() > 0 && !same() && !output::is_own(path)
    };
    if fs::metadata(path).is_ok_and(holds_others) {
        return Err(is_of_others(path, "name another folder"));
    }
    Ok(())
}

fn is_of_others(path: &Path, instead: &str) -> String {
    format!("`{}` exists and is not of this program: {instead}, or replace it with --force", shown(path))
}

/// The file that standard output is added to (`>> FILE`), if it is one; an empty one holds nothing that could be lost.
fn printed_to() -> Option<FileId> {
    let out = platform::standard_output().ok()?;
    let meta = out.metadata().ok().filter(|meta| meta.is_file() && meta.len() > 0)?;
    Some(file_id(Path::new("-"), &meta))
}

fn id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|meta| file_id(path, &meta))
}

/// Refuses two outputs that lead to one file, of which only the last would be left.
fn are_apart(outputs: &[&Path]) -> Result<(), String> {
    let mut seen: Vec<(PathBuf, &Path)> = Vec::new();
    for &path in outputs {
        let Some(place) = fs::canonicalize(path).ok().or_else(|| resolved(path)) else { continue };
        // What is no file (`/dev/null`) takes whatever comes.
        if place.exists() && !place.is_file() {
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

/// A path that leads to nothing yet, made absolute; `None` where it leads to something, or its folder is missing.
fn resolved(path: &Path) -> Option<PathBuf> {
    if path.exists() {
        return None;
    }
    // A link that leads nowhere stands for where it leads.
    let path = fs::read_link(path).map_or_else(|_| path.to_owned(), |target| path.with_file_name(target));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
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

/// What the command line names otherwise than as an output: inputs, but also configurations, keys and reports.
pub(super) fn named_otherwise(program: &clap::Command, matches: &clap::ArgMatches) -> Vec<OsString> {
    let of_verb = matches.subcommand().and_then(|(name, values)| Some((program.find_subcommand(name)?, values)));
    let Some((verb, matches)) = of_verb else { return Vec::new() };
    let stands_for_files = |argument: &&clap::Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        // Keys of minisign; other options have keys of the API by that name.
        let is_key = matches!((verb.get_name(), argument.get_id().as_str()), (_, "sign") | ("verify", "key"));
        let is_file = is_key || names.iter().any(|name| FILES.contains(&name.as_str()));
        is_file && argument.get_short() != Some('o')
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

    /// The report that may say where the logs are.
    fn report(&self) -> Option<&Path> {
        match self {
            Self::Show(request) => request.report.as_deref(),
            Self::Verify(request) => Some(&request.report),
            Self::Impact(request) => match &request.whom {
                Whom::Finding { report, .. } => report.as_deref(),
                Whom::Named => None,
            },
            _ => None,
        }
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
