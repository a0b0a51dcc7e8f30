//! Running the programs of this package, and files to run them on.

pub mod breakin;
pub mod line;
pub mod mmdb;
pub mod model;
pub mod python;
pub mod reference;
pub mod schema;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use esaudit::internals::model::Report;

use crate::reference::{Numbers, Settings, Source};

/// A tar of files, each a name and its bytes.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let mut head = [0_u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[100..107].copy_from_slice(b"0000644");
        head[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        head[136..147].copy_from_slice(b"00000000000");
        head[156] = b'0';
        head[257..263].copy_from_slice(b"ustar\0");
        head[148..156].copy_from_slice(b"        ");
        let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
        head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(bytes);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A folder of input files that goes away at the end of the test.
pub struct Inputs {
    dir: tempfile::TempDir,
    sources: Vec<Source>,
}

impl Default for Inputs {
    fn default() -> Self {
        Self::new()
    }
}

impl Inputs {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), sources: Vec::new() }
    }

    /// Plain files of lines.
    pub fn of<L: AsRef<[u8]>>(files: &[(&str, &[L])]) -> Self {
        let mut inputs = Self::new();
        for (name, lines) in files {
            inputs.add(name, &ended(lines));
        }
        inputs
    }

    /// Writes a file.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> PathBuf {
        self.add_as(name, bytes, bytes)
    }

    /// Writes a gzip file.
    pub fn add_gzip(&mut self, name: &str, bytes: &[u8]) -> PathBuf {
        self.add_as(name, bytes, &gzip(bytes))
    }

    fn add_as(&mut self, name: &str, bytes: &[u8], written: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).unwrap();
        }
        std::fs::write(&path, written).unwrap();
        self.sources.push((path.to_str().unwrap().to_owned(), bytes.to_vec()));
        path
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The files, as the reference reads them.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Names and contents, for the message of a failed test.
    pub fn shown(&self) -> String {
        let shown = |(path, bytes): &Source| format!("{path}:\n{}", String::from_utf8_lossy(bytes));
        self.sources.iter().map(shown).collect()
    }

    /// The tool's report over the whole folder.
    pub fn report(&self, options: &[&str]) -> Report {
        report(&[self.path().to_str().unwrap()], options)
    }

    /// The tool's numbers and the reference's, to be compared. Reasons have tests of their own: they need the server log,
    /// and inference, which the reference does without; so does what tells that an order is lost.
    pub fn both(&self, options: &[&str]) -> (Numbers, Numbers) {
        let with_keys: Vec<&str> = options.iter().copied().chain(["--by", "principal,realm-chain"]).collect();
        let report = self.report(&with_keys);
        let value = |name: &str| options.iter().position(|option| *option == name).map(|at| options[at + 1]);
        let settings = Settings {
            max_line: value("--max-line").map_or(64 << 20, |bytes| bytes.parse().unwrap()),
            offset: value("--assume-tz").map_or(0, |hours| hours.parse::<i64>().unwrap() * 3600),
            bucket_seconds: report.timeline.bucket_seconds,
        };
        let mut both = (Numbers::of(&report), crate::reference::numbers(&self.sources, &settings));
        if report.groups.iter().any(|group| !group.realm_chain_ordered) {
            both.0.forget_order();
            both.1.forget_order();
        }
        both
    }
}

/// The lines in which two texts differ, `None` if they do not.
pub fn difference(left: &str, right: &str) -> Option<String> {
    if left == right {
        return None;
    }
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let start = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let rest = (&left[start..], &right[start..]);
    let end = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str]| lines[..lines.len() - end].join("\n");
    Some(format!("from line {}:\n{}\n--- against ---\n{}", start + 1, part(rest.0), part(rest.1)))
}

/// How the tool's numbers differ from the reference's.
pub fn disagreement((tool, reference): &(Numbers, Numbers)) -> Option<String> {
    difference(&format!("{tool:#?}"), &format!("{reference:#?}"))
}

/// Asserts that the tool's numbers are the reference's.
#[track_caller]
pub fn assert_equal(both: &(Numbers, Numbers), about: &str) {
    if let Some(difference) = disagreement(both) {
        panic!("{about}: tool against reference {difference}");
    }
}

/// Lines, each with its end.
pub fn ended<L: AsRef<[u8]>>(lines: &[L]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_ref(), b"\n"].concat()).collect()
}

/// Compresses.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program under test: cargo builds it beside the folder of the test programs.
fn program() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder.join("esaudit").with_extension(std::env::consts::EXE_EXTENSION)
}

/// Runs `esaudit` to its end, standard input empty. What it writes as JSON has to meet its schema.
pub fn esaudit<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Output {
    let output = Command::new(program()).args(arguments).stdin(Stdio::null()).output().unwrap();
    schema::assert_met(arguments, &output);
    output
}

/// The bytes of the JSON report; the run must be a clean success, or say that nothing was in the inputs.
pub fn json(paths: &[&str], options: &[&str]) -> Vec<u8> {
    let arguments = [&["report", "--format", "json"], options, paths].concat();
    let output = esaudit(&arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    let nothing = output.status.code() == Some(2) && errors.contains("esaudit: no audit and no server event");
    assert_eq!(output.status.code(), Some(if nothing { 2 } else { 0 }), "esaudit {arguments:?}: {errors}");
    output.stdout
}

/// The report of a clean success.
pub fn report(paths: &[&str], options: &[&str]) -> Report {
    serde_json::from_slice(&json(paths, options)).unwrap()
}

/// What several tests look at that run at one time: made by the first, gone with the last, so that no folder is left behind.
pub struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    #[allow(clippy::new_without_default, reason = "for statics, which want a const")]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// That of another test, or what `make` gives.
    pub fn get(&self, make: impl FnOnce() -> T) -> Arc<T> {
        // Where another test failed while it made one, nothing is kept.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.upgrade().unwrap_or_else(|| {
            let made = Arc::new(make());
            *kept = Arc::downgrade(&made);
            made
        })
    }
}

/// Runs the generator into a new folder and gives its files, decompressed, and its truth.
pub fn generate(options: &[&str]) -> (Inputs, serde_json::Value) {
    let mut inputs = Inputs::new();
    let out = inputs.path().join("logs");
    let truth = tempfile::NamedTempFile::new().unwrap();
    let paths = ["--out".as_ref(), out.as_os_str(), "--truth".as_ref(), truth.path().as_os_str()];
    let arguments = paths.into_iter().chain(options.iter().map(|option| option.as_ref()));
    if let Err(message) = esaudit_gen::command(arguments) {
        panic!("esaudit-gen {options:?}: {message}");
    }
    collect(&out, &mut inputs.sources);
    (inputs, serde_json::from_slice(&std::fs::read(truth.path()).unwrap()).unwrap())
}

/// Reads a folder's files, decompressed.
fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
            bytes = plain;
        }
        sources.push((path.to_str().unwrap().to_owned(), bytes));
    }
}

/// Compares with what stands in `tests/snapshots/`; `UPDATE_SNAPSHOTS=1` rewrites that.
#[track_caller]
pub fn snapshot(name: &str, text: &str) {
    let path = root().join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} differs; UPDATE_SNAPSHOTS=1 rewrites it. Now:\n{text}");
}
