//! From the user's arguments to the list of inputs: files, folders, quoted globs, `-`.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::Source;
use crate::error::ProblemKind;
use crate::platform::{self, FileId, Special, file_id, modified};

/// What the arguments stand for.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Inputs sorted by the bytes of their label, each file once.
    pub sources: Vec<Source>,
    /// Label, kind and message of what could not be listed or is not a file, sorted.
    pub problems: Vec<(String, ProblemKind, String)>,
    /// What is there, or may be, and could not be looked at, and why.
    pub unseen: Vec<(PathBuf, io::Error)>,
}

/// Finds the inputs that `paths` name: files, folders (recursively, hidden files too), globs that match existing files,
/// and `-` for standard input.
///
/// A file that several names lead to (named twice, symbolic links, hard links) is listed once, under the label that
/// sorts first: the result does not depend on the order of the arguments.
#[must_use]
pub fn discover(paths: &[OsString]) -> Discovered {
    let mut search = PathSearch::default();
    // Folders reached in two ways are walked under the name met first: the order must be that of the labels.
    let mut paths: Vec<&OsString> = paths.iter().collect();
    paths.sort_by_cached_key(|path| [&*platform::bytes(path), b"/"].concat());
    paths.dedup();
    for path in paths {
        search.argument(path);
    }
    search.finish()
}

#[derive(Default)]
struct PathSearch {
    found: HashMap<FileId, Source>,
    /// Folders walked.
    visited: HashSet<FileId>,
    /// Special files met in folders: a problem unless the user also named them.
    special: HashMap<FileId, (String, &'static str)>,
    problems: Vec<(String, ProblemKind, String)>,
    unseen: Vec<(PathBuf, io::Error)>,
}

impl PathSearch {
    fn argument(&mut self, arg: &OsStr) {
        if arg == "-" {
            return self.stdin();
        }
        let path = Path::new(arg);
        match fs::metadata(path) {
            Ok(meta) => self.named(path, &meta),
            Err(err) => match glob_pattern(arg) {
                // A dangling link with such a name exists and is meant.
                Some(pattern) if fs::symlink_metadata(path).is_err() && remote(path).is_none() => self.glob(pattern),
                _ => self.unseen(path, err),
            },
        }
    }

    fn stdin(&mut self) {
        let meta = match platform::standard_input().and_then(|file| file.metadata()) {
            Ok(meta) => meta,
            Err(err) => return self.problem(Path::new("-"), ProblemKind::Unreadable, err.to_string()),
        };
        if meta.is_dir() {
            return self.problem(Path::new("-"), ProblemKind::Unreadable, "standard input is a folder".to_owned());
        }
        let size = meta.is_file().then_some(meta.len());
        let (path, label, modified) = (PathBuf::from("-"), "-".to_owned(), modified(&meta));
        self.add(&meta, Source { path, label, is_stdin: true, size, modified, resume: None });
    }

    fn glob(&mut self, pattern: &str) {
        // `*` stops at `/`, as in a shell, but also matches hidden names: evidence must not be left out in silence.
        let label = Path::new(pattern);
        let matches = match glob::glob(pattern) {
            Ok(matches) => matches,
            Err(err) => {
                let message = format!("no such file, and not a valid pattern: {}", err.msg);
                return self.problem(label, ProblemKind::Unreadable, message);
            }
        };
        let mut any = false;
        for entry in matches {
            any = true;
            match entry {
                Ok(path) => match fs::metadata(&path) {
                    Ok(meta) => self.named(&path, &meta),
                    Err(err) => self.unseen(&path, err),
                },
                Err(err) => {
                    let path = err.path().to_owned();
                    self.unseen(&path, err.into());
                }
            }
        }
        if !any {
            self.problem(label, ProblemKind::Unreadable, "no file matches this pattern".to_owned());
        }
    }

    /// A path that the user named: whatever can be read as a stream is taken.
    fn named(&mut self, path: &Path, meta: &Metadata) {
        if meta.is_dir() {
            self.folder(path, meta);
        } else if platform::special(meta) == Some(Special::Socket) {
            self.problem(path, ProblemKind::Unreadable, "a socket, which cannot be read as a file".to_owned());
        } else {
            self.file(path, meta);
        }
    }

    fn folder(&mut self, folder: &Path, meta: &Metadata) {
        if !self.visited.insert(file_id(folder, meta)) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(err) => return self.unseen(folder, err),
        };
        let mut children = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let path = folder.join(entry.file_name());
                    let meta = fs::metadata(&path);
                    // Ordered as the labels below will be, where a folder's name goes on with a `/`.
                    let mut key = entry.file_name().into_encoded_bytes();
                    if meta.as_ref().is_ok_and(Metadata::is_dir) {
                        key.push(b'/');
                    }
                    children.push((key, path, meta));
                }
                Err(err) => self.unseen(folder, err),
            }
        }
        children.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, path, meta) in children {
            match meta {
                Ok(meta) if meta.is_dir() => self.folder(&path, &meta),
                Ok(meta) if meta.is_file() => self.file(&path, &meta),
                // Reading a FIFO or a device that nobody asked for could wait for ever.
                Ok(meta) => self.special(&path, &meta),
                Err(err) => self.unseen(&path, err),
            }
        }
    }

    fn file(&mut self, path: &Path, meta: &Metadata) {
        let size = meta.is_file().then_some(meta.len());
        let modified = modified(meta);
        let (path, label) = (path.to_owned(), label(path));
        self.add(meta, Source { path, label, is_stdin: false, size, modified, resume: None });
    }

    fn add(&mut self, meta: &Metadata, source: Source) {
        self.found
            .entry(file_id(&source.path, meta))
            .and_modify(|kept| {
                // A name says more in a report than `-`; and standard input may have been read in part already.
                if (source.is_stdin, &source.label, &source.path) < (kept.is_stdin, &kept.label, &kept.path) {
                    *kept = source.clone();
                }
            })
            .or_insert(source);
    }

    fn special(&mut self, path: &Path, meta: &Metadata) {
        let met = (label(path), what_it_is(meta));
        self.special
            .entry(file_id(path, meta))
            .and_modify(|kept| {
                if met < *kept {
                    kept.clone_from(&met);
                }
            })
            .or_insert_with(|| met.clone());
    }

    /// Notes what could not be looked at.
    fn unseen(&mut self, path: &Path, error: io::Error) {
        self.problem(path, ProblemKind::Unreadable, explain(path, &error));
        if !platform::leads_nowhere(&error) {
            self.unseen.push((path.to_owned(), error));
        }
    }

    fn problem(&mut self, path: &Path, kind: ProblemKind, message: String) {
        self.problems.push((label(path), kind, message));
    }

    fn finish(self) -> Discovered {
        let mut problems = self.problems;
        let unread = self.special.into_iter().filter(|(id, _)| !self.found.contains_key(id));
        problems.extend(unread.map(|(_, (label, what))| (label, ProblemKind::NotALog, what.to_owned())));
        problems.sort();
        problems.dedup();
        let mut sources: Vec<Source> = self.found.into_values().collect();
        sources.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
        Discovered { sources, problems, unseen: self.unseen }
    }
}

fn label(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Why something that is no regular file was not read.
fn what_it_is(meta: &Metadata) -> &'static str {
    match platform::special(meta) {
        Some(Special::Fifo) => "not a regular file but a FIFO, skipped: name it to read it",
        Some(Special::Socket) => "not a regular file but a socket, skipped",
        Some(Special::Blocks | Special::Characters) | None => "not a regular file but a device, skipped",
    }
}

fn explain(path: &Path, err: &io::Error) -> String {
    if let Some(hint) = remote(path) {
        return hint;
    }
    let link = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
    match err.kind() {
        io::ErrorKind::NotFound if link => "a symbolic link to a file that does not exist".to_owned(),
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => err.to_string(),
    }
}

/// What to do with an address of a store, which is no path of a file.
fn remote(path: &Path) -> Option<String> {
    const STORES: [(&str, &str); 5] = [
        ("s3://", "aws s3 cp ADDRESS -"),
        ("gs://", "gcloud storage cat ADDRESS"),
        ("az://", "az storage blob download --file /dev/stdout --blob-url ADDRESS"),
        ("https://", "curl -fsS ADDRESS"),
        ("http://", "curl -fsS ADDRESS"),
    ];
    let address = path.to_str()?;
    let (_, command) = STORES.iter().find(|(scheme, _)| address.starts_with(scheme))?;
    Some(format!(
        "an address, not a file, and nothing is fetched: `{} | esaudit report -`",
        command.replace("ADDRESS", &format!("'{address}'"))
    ))
}

/// The argument as a glob, if it has anything to expand. Patterns of other bytes than UTF-8 are not supported.
fn glob_pattern(arg: &OsStr) -> Option<&str> {
    arg.to_str().filter(|arg| arg.contains(['*', '?', '[']))
}

// Made of links and names that not every system has.
#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[&str]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for file in files {
                let path = tree.path(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            tree
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn discover(&self, names: &[&str]) -> Discovered {
            discover(&names.iter().map(|name| self.path(name).into_os_string()).collect::<Vec<_>>())
        }

        /// Labels with the temporary folder taken off.
        fn labels(&self, found: &Discovered) -> Vec<String> {
            found.sources.iter().map(|source| self.short(&source.label)).collect()
        }

        fn problems(&self, found: &Discovered) -> Vec<(String, ProblemKind)> {
            found.problems.iter().map(|(label, kind, _)| (self.short(label), *kind)).collect()
        }

        fn short(&self, label: &str) -> String {
            label.strip_prefix(self.0.path().to_str().unwrap()).unwrap().trim_start_matches('/').to_owned()
        }
    }

    #[test]
    fn folders_are_walked_in_the_order_of_labels_with_hidden_files() {
        let tree = Tree::new(&["l/b/2.json", "l/a.json", "l/.hidden/x", "l/b-c", "l/.dot"]);
        let found = tree.discover(&["l"]);
        assert_eq!(tree.labels(&found), ["l/.dot", "l/.hidden/x", "l/a.json", "l/b-c", "l/b/2.json"]);
        assert!(found.problems.is_empty());
        assert_eq!(found.sources[0].size, Some(6));
    }

    #[test]
    fn a_file_named_twice_is_read_once_whatever_the_order() {
        let tree = Tree::new(&["l/b.json", "l/z/deep.json"]);
        fs::hard_link(tree.path("l/b.json"), tree.path("l/hard.json")).unwrap();
        symlink("b.json", tree.path("l/a-link.json")).unwrap();
        symlink("z", tree.path("l/y")).unwrap();
        let names = ["l", "l/b.json", "l/hard.json", "l/z", "l/z/deep.json", "l", "l/*.json"];
        let mut reversed = names;
        reversed.reverse();
        for names in [&names[..], &reversed[..]] {
            let found = tree.discover(names);
            assert_eq!(tree.labels(&found), ["l/a-link.json", "l/y/deep.json"]);
            assert!(found.problems.is_empty(), "{:?}", found.problems);
        }
    }

    #[test]
    fn a_folder_of_two_names_keeps_the_label_that_sorts_first() {
        let tree = Tree::new(&["l/b/x"]);
        // `b-/x` sorts before `b/x`, though `b` sorts before `b-`.
        symlink("b", tree.path("l/b-")).unwrap();
        for names in [&["l"][..], &["l/b", "l/b-"], &["l/b-", "l/b"]] {
            assert_eq!(tree.labels(&tree.discover(names)), ["l/b-/x"]);
        }
    }

    #[test]
    fn symbolic_link_loops_end() {
        let tree = Tree::new(&["l/sub/a.json"]);
        symlink("..", tree.path("l/sub/up")).unwrap();
        symlink(".", tree.path("l/here")).unwrap();
        symlink("loop", tree.path("l/loop")).unwrap();
        let found = tree.discover(&["l"]);
        assert_eq!(tree.labels(&found), ["l/sub/a.json"]);
        assert_eq!(tree.problems(&found), [("l/loop".to_owned(), ProblemKind::Unreadable)]);
    }

    #[test]
    fn what_does_not_exist_is_named_and_the_rest_goes_on() {
        let tree = Tree::new(&["a.json"]);
        symlink("nowhere", tree.path("dangling")).unwrap();
        symlink("nowhere", tree.path("dangling[1]")).unwrap();
        let found = tree.discover(&["missing", "a.json", "*.gz", "a[", "dangling", "dangling[1]"]);
        assert_eq!(tree.labels(&found), ["a.json"]);
        let messages: Vec<_> =
            found.problems.iter().map(|(label, kind, text)| (tree.short(label), *kind, text.as_str())).collect();
        let unreadable = ProblemKind::Unreadable;
        assert_eq!(messages[0], ("*.gz".to_owned(), unreadable, "no file matches this pattern"));
        assert_eq!(messages[1].0, "a[");
        assert!(messages[1].2.starts_with("no such file, and not a valid pattern"), "{}", messages[1].2);
        let dangling = "a symbolic link to a file that does not exist";
        assert_eq!(messages[2], ("dangling".to_owned(), unreadable, dangling));
        assert_eq!(messages[3], ("dangling[1]".to_owned(), unreadable, dangling));
        assert_eq!(messages[4], ("missing".to_owned(), unreadable, "no such file or folder"));
        assert_eq!(messages.len(), 5);
    }

    #[test]
    fn globs_expand_only_where_no_such_file_exists() {
        let tree = Tree::new(&["x/a1.json", "x/a2.json", "x/.a3.json", "x/deep/a4.json", "x/a[12].json", "n/m/k.json"]);
        let labels = |name: &str| tree.labels(&tree.discover(&[name]));
        assert_eq!(labels("x/a[12].json"), ["x/a[12].json"]);
        assert_eq!(labels("x/*.json"), ["x/.a3.json", "x/a1.json", "x/a2.json", "x/a[12].json"]);
        assert_eq!(labels("x/a?.json"), ["x/a1.json", "x/a2.json"]);
        assert_eq!(labels("*/m"), ["n/m/k.json"]);
        assert_eq!(labels("**/k.json"), ["n/m/k.json"]);
    }

    #[test]
    fn names_need_not_be_utf_8() {
        let tree = Tree::new(&[]);
        let name = platform::os_string(b"caf\xe9.json".to_vec());
        let path = tree.0.path().join(&name);
        fs::write(&path, "x").unwrap();
        let found = tree.discover(&[""]);
        assert_eq!(tree.labels(&found), ["caf\u{fffd}.json"]);
        assert_eq!(found.sources[0].path, path);
    }

    #[test]
    fn special_files_are_read_only_when_named() {
        let tree = Tree::new(&["l/a.json"]);
        let fifo = tree.path("l/fifo");
        if !std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()) {
            return;
        }
        let found = tree.discover(&["l"]);
        assert_eq!(tree.labels(&found), ["l/a.json"]);
        assert_eq!(tree.problems(&found), [("l/fifo".to_owned(), ProblemKind::NotALog)]);
        let found = tree.discover(&["l/fifo"]);
        assert_eq!(tree.labels(&found), ["l/fifo"]);
        assert_eq!(found.sources[0].size, None);
        assert!(found.problems.is_empty());
        // Named and met in a folder: read, and nothing to complain about.
        for names in [["l", "l/fifo"], ["l/fifo", "l"]] {
            let found = tree.discover(&names);
            assert_eq!(tree.labels(&found), ["l/a.json", "l/fifo"]);
            assert!(found.problems.is_empty());
        }
    }

    #[test]
    fn a_folder_without_permission_is_named_and_the_rest_goes_on() {
        use std::os::unix::fs::PermissionsExt;
        let tree = Tree::new(&["l/a.json", "l/closed/b.json"]);
        let closed = tree.path("l/closed");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let found = tree.discover(&["l"]);
        let everything_allowed = fs::read_dir(&closed).is_ok();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        if !everything_allowed {
            assert_eq!(tree.labels(&found), ["l/a.json"]);
            assert_eq!(tree.problems(&found), [("l/closed".to_owned(), ProblemKind::Unreadable)]);
        }
    }

    #[test]
    fn standard_input_is_read_once() {
        let found = discover(&["-".into(), "-".into()]);
        assert_eq!(found.sources.len(), 1);
        assert!(found.sources[0].is_stdin);
        assert_eq!(found.sources[0].label, "-");
    }
}
