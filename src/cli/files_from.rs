//! `--files-from FILE|-`, in every verb that takes paths: the list stands for the paths in it, before anything else is parsed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use crate::files;
use crate::platform::{bytes, os_string};

const OPTION: &str = "--files-from";

/// The option as help and completions show it: it is gone before the rest is parsed.
pub(super) fn argument() -> clap::Arg {
    clap::Arg::new("files_from")
        .long(&OPTION[2..])
        .value_name("FILE")
        .value_hint(clap::ValueHint::FilePath)
        .help_heading("Reading")
        .help("Paths to read, as if they stood here: one a line, or separated by NUL; - for standard input")
}

/// Puts the paths that a file, or standard input, lists in the place of the option; separated by NUL where there is one, else
/// by line ends. Gives the lists, too, which are read as inputs are.
///
/// # Errors
/// A message for the user where the list cannot be read, or names nothing.
pub(super) fn expand(arguments: impl IntoIterator<Item = OsString>) -> Result<(Vec<OsString>, Vec<OsString>), String> {
    let (mut expanded, mut lists) = (Vec::new(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let list = match bytes(&argument).strip_prefix(OPTION.as_bytes()) {
            Some(b"") => arguments.next().ok_or_else(|| format!("{OPTION} wants a FILE, or - for standard input"))?,
            Some([b'=', file @ ..]) => os_string(file.to_vec()),
            _ => {
                let ends = argument == "--";
                expanded.push(argument);
                if ends {
                    expanded.extend(arguments);
                    break;
                }
                continue;
            }
        };
        let paths = paths(&read(&list).map_err(|error| format!("{OPTION} {}: {error}", list.display()))?);
        if paths.is_empty() {
            return Err(format!("{OPTION} {}: it names no path", list.display()));
        }
        expanded.extend(paths);
        lists.push(list);
    }
    Ok((expanded, lists))
}

fn read(list: &OsStr) -> io::Result<Vec<u8>> {
    if list == "-" { files::all(io::stdin().lock(), files::LIST) } else { files::read(Path::new(list), files::LIST) }
}

fn paths(list: &[u8]) -> Vec<OsString> {
    let separator = if list.contains(&0) { 0 } else { b'\n' };
    let path = |path: &[u8]| {
        // What begins with a dash would be taken for an option.
        let path = if path.starts_with(b"-") { [b"./", path].concat() } else { path.to_vec() };
        os_string(path)
    };
    let trimmed =
        |path: &'_ [u8]| path.strip_suffix(b"\r").filter(|_| separator == b'\n').map_or(path.len(), <[u8]>::len);
    list.split(|&byte| byte == separator)
        .map(|line| &line[..trimmed(line)])
        .filter(|path| !path.is_empty())
        .map(path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_list_stands_for_its_paths() {
        for (list, expected) in
            [(&b"a b\nc\r\n\n-d\n"[..], vec!["a b", "c", "./-d"]), (b"a\nb\0c\0", vec!["a\nb", "c"])]
        {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(list).unwrap();
            let option = format!("{OPTION}={}", file.path().display());
            let arguments = ["esaudit", "report", &option, "x"].map(OsString::from);
            let (expanded, lists) = expand(arguments).unwrap();
            assert_eq!(lists, [file.path()]);
            assert_eq!(expanded[2..expanded.len() - 1], expected.into_iter().map(OsString::from).collect::<Vec<_>>());
            let split = ["esaudit".into(), OsString::from(OPTION), file.path().into()];
            assert_eq!(expand(split).unwrap().0.len(), 1 + expanded.len() - 3);
        }
        assert!(expand(["--files-from".into()]).is_err());
        assert!(expand(["--files-from=/dev/null".into()]).unwrap_err().contains("no path"));
        assert_eq!(expand(["--", "--files-from", "x"].map(OsString::from)).unwrap().0.len(), 3);
    }
}
