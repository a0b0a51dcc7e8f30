//! An output never replaces an input, and another file only where the user says so.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Command, DemoRequest};
use crate::escape;
use crate::input;
use crate::output::{self, Output, Target};
use crate::pipeline::Inputs;
use crate::platform::{self, FileId, file_id};
use crate::signing;

/// Refuses outputs that are inputs, by whatever name, and, without `force`, existing files with a content that is not of this
/// program.
///
/// # Errors
/// A message for the user.
pub(super) fn check(command: &Command, arguments: &[OsString], force: bool) -> Result<(), String> {
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
    let named = named_otherwise(arguments);
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
    let found = input::discover(command.inputs());
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
            let path = shown(path);
            return Err(format!(
                "`{path}` exists and is not of this program: name another file, or replace it with --force"
            ));
        }
    }
    Ok(())
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

/// What the command line names otherwise than as an output: inputs, but also configurations, keys and reports. Words that are
/// no paths lead to no file.
fn named_otherwise(arguments: &[OsString]) -> Vec<OsString> {
    let mut named = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let bytes = platform::bytes(argument);
        let behind_sign = || {
            let at = bytes.iter().position(|&byte| byte == b'=')?;
            Some(platform::os_string(bytes[at + 1..].to_vec()))
        };
        match &*bytes {
            b"--" => {
                named.extend(rest.cloned());
                break;
            }
            b"--output" => drop(rest.next()),
            [b'-', b'-', ..] => named.extend(behind_sign().filter(|_| !bytes.starts_with(b"--output="))),
            // `-o FILE`, also behind flags, `-oFILE`.
            [b'-', flags @ ..] if flags.contains(&b'o') => {
                if flags.last() == Some(&b'o') {
                    rest.next();
                }
            }
            // Also a file behind a word of an option's: `--addresses good=FILE`.
            _ => {
                named.push(argument.clone());
                named.extend(behind_sign());
            }
        }
    }
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

    #[test]
    fn outputs_are_not_named_otherwise() {
        let arguments =
            "report a --output b -o c -qo d -oe --output=f --config=g --threads good=i - h -- -o".split(' ');
        let arguments: Vec<OsString> = arguments.map(OsString::from).collect();
        assert_eq!(named_otherwise(&arguments), ["report", "a", "g", "good=i", "i", "-", "h", "-o"]);
    }
}
