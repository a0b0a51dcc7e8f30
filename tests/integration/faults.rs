//! Every call to the system fails once, and the program dies at every call of writing: with strace, which injects both.
//!
//! Whatever happens, a file under its final name is what it was before, or whole; and who is told that all went well has all.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::Inputs;
use test_support::line::failed;
use test_support::python::{missing, tool_is_missing};

/// Calls that matter: of others nothing hangs. Plain logs are read by `pread64`.
const CALLS: &str = "read,pread64,write,openat,renameat,rename,linkat,fsync,getdents64,statx,newfstatat,lseek,fcntl,readlink,close,\
                     flock,unlink,unlinkat,rmdir,mkdir";

/// A log, outputs of an earlier run, and what a run without faults makes of them.
struct Bench {
    inputs: Inputs,
    folder: tempfile::TempDir,
    /// Arguments before the outputs.
    verb: Vec<String>,
    /// What both inputs are called after their letter.
    extension: &'static str,
    outputs: Vec<PathBuf>,
    old: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
    /// Calls of a run without faults: thread, name, number among those of the thread and name, whether a file was being written.
    calls: Vec<(String, usize, bool)>,
}

fn strace(options: &[&str], arguments: &[String]) -> Output {
    let program = env!("CARGO_BIN_EXE_esaudit");
    Command::new("strace").arg("-f").args(options).arg(program).args(arguments).output().unwrap()
}

impl Bench {
    /// `None` where nothing can be injected.
    fn new(verb: &[&str], names: &[&str]) -> Option<Self> {
        if tool_is_missing("strace") {
            return None;
        }
        if !strace(&["-qq", "-o", "/dev/null"], &["--version".to_owned()]).status.success() {
            missing("strace may not trace here");
            return None;
        }
        let lines: Vec<String> = (0..40).map(|at| failed(at * 1000, &format!("r{at}"))).collect();
        let inputs = Inputs::of(&[("a.json", &lines[..20]), ("b.json", &lines[20..])]);
        let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
        let extension = if verb[0] == "merge" { "esa" } else { "json" };
        for letter in ["a", "b"].into_iter().filter(|_| extension == "esa") {
            let arguments = ["scan", &path(&format!("{letter}.json")), "-o", &path(&format!("{letter}.esa"))];
            assert!(test_support::esaudit(&arguments).status.success());
        }
        let folder = tempfile::tempdir().unwrap();
        let outputs: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        let mut verb: Vec<String> = verb.iter().map(|&word| word.to_owned()).collect();
        verb.push(path(&format!("a.{extension}")));
        let (old, new, calls) = (Vec::new(), Vec::new(), Vec::new());
        let mut bench = Self { inputs, folder, verb, extension, outputs, old, new, calls };
        assert!(bench.run(&["-qq", "-o", "/dev/null"]).status.success());
        bench.old = bench.written();
        let second = bench.inputs.path().join(format!("b.{}", bench.extension));
        bench.verb.push(second.to_str().unwrap().to_owned());
        let log = bench.folder.path().join("calls");
        let trace = format!("trace={CALLS}");
        let output = bench.run(&["-qq", "-s", "200", "-e", &trace, "-o", log.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        bench.new = bench.written();
        assert!(bench.old.iter().zip(&bench.new).all(|(old, new)| old != new));
        bench.calls = self::calls(&fs::read_to_string(log).unwrap(), &format!("a.{}", bench.extension));
        Some(bench)
    }

    fn run(&self, options: &[&str]) -> Output {
        let mut arguments = self.verb.clone();
        // Events do not say who wrote them.
        let more = if self.verb[0] == "events" { &["--force"][..] } else { &[] };
        arguments.extend(["--quiet", "--threads", "1"].iter().chain(more).map(|&word| word.to_owned()));
        for output in &self.outputs {
            arguments.extend(["-o".to_owned(), output.to_str().unwrap().to_owned()]);
        }
        strace(options, &arguments)
    }

    fn written(&self) -> Vec<Vec<u8>> {
        self.outputs.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    /// Runs with one fault, on top of the outputs of the earlier run.
    fn with(&self, call: &str, number: usize, fault: &str) -> Output {
        for (path, bytes) in self.outputs.iter().zip(&self.old) {
            fs::write(path, bytes).unwrap();
        }
        let inject = format!("inject={call}:{fault}:when={number}");
        // Calls that are not traced are none that can be told to fail.
        let trace = format!("trace={call}");
        let output = self.run(&["-qq", "-e", &trace, "-e", &inject, "-o", "/dev/null"]);
        let about = format!("{inject}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!about.contains("panicked"), "{about}");
        assert_ne!(output.status.code(), Some(101), "{about}");
        for ((path, old), new) in self.outputs.iter().zip(&self.old).zip(&self.new) {
            let now = fs::read(path).unwrap();
            let whole = now == *old || now == *new;
            let well = output.status.success();
            // A file that cannot be looked at once more may have changed, which is told and no failure. Events are written of what
            // could be read, and have no room to tell.
            let is_told = tells(path, &now) || self.verb[0] == "events" && !well && !output.stderr.is_empty();
            assert!(if well { now == *new || is_told } else { whole || is_told }, "{about} {}", path.display());
        }
        output
    }

    /// The distinct calls, those of writing only where it is asked.
    fn distinct(&self, writing: bool) -> Vec<(&str, usize)> {
        let wanted = self.calls.iter().filter(|(_, _, is_writing)| *is_writing || !writing);
        let mut list: Vec<(&str, usize)> = wanted.map(|(name, number, _)| (name.as_str(), *number)).collect();
        list.sort_unstable();
        list.dedup();
        list
    }

    /// Temporary files that are left.
    fn left(&self) -> usize {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().ends_with(".part")).count()
    }
}

/// Whether a whole report, or that of a whole part, says that something is wrong with its inputs.
fn tells(path: &Path, bytes: &[u8]) -> bool {
    let told = |report: Value| report["coverage"]["problems_total"].as_u64().is_some_and(|count| count > 0);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_slice(bytes).is_ok_and(told),
        Some("esa") => {
            let merged = test_support::esaudit(&["merge", path.to_str().unwrap(), "--format", "json"]);
            serde_json::from_slice(&merged.stdout).is_ok_and(told)
        }
        _ => false,
    }
}

/// The calls of a trace that are made once the program reads its logs.
fn calls(log: &str, input: &str) -> Vec<(String, usize, bool)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut calls, mut begun, mut writing) = (Vec::new(), false, false);
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = rest.trim_start().split_once('(') else { continue };
        if name.contains(' ') || name.starts_with(['+', '-', '<']) {
            continue;
        }
        let number = counts.entry((thread, name)).or_default();
        *number += 1;
        begun |= arguments.contains(input);
        writing |= arguments.contains(".esaudit-") || arguments.contains("O_TMPFILE");
        if begun {
            calls.push((name.to_owned(), *number, writing));
        }
    }
    calls
}

/// Lets every call of a run fail once; how many of the runs ended in a failure.
fn fail_each(verb: &[&str], output: &str) -> Option<usize> {
    let bench = Bench::new(verb, &[output])?;
    let calls = bench.distinct(false);
    assert!(calls.len() > 20, "{calls:?}");
    let mut failures = 0;
    for &(call, number) in calls.iter().filter(|(call, _)| !matches!(*call, "close" | "flock")) {
        let errors: &[&str] = match call {
            "write" | "fsync" => &["error=ENOSPC"],
            "openat" => &["error=EMFILE"],
            _ => &["error=EIO"],
        };
        for error in errors {
            failures += usize::from(!bench.with(call, number, error).status.success());
        }
    }
    assert_eq!(bench.left(), 0);
    // A log that cannot be read at a place was read by no other call.
    assert!(calls.iter().any(|(call, _)| *call == "pread64") || verb[0] == "merge", "{calls:?}");
    Some(failures)
}

#[test]
fn every_call_fails_once() {
    let runs: [(&[&str], &str); 4] = [
        (&["report", "--format", "json"], "r.json"),
        (&["scan"], "p.esa"),
        (&["merge", "--format", "json"], "m.json"),
        (&["events", "--format", "jsonl"], "e.jsonl"),
    ];
    for (verb, output) in runs {
        let Some(failures) = fail_each(verb, output) else { return };
        assert!(failures > 10, "{verb:?}: {failures}");
    }
}

/// A check that cannot be made is none that was passed.
#[test]
fn whatever_fails_no_input_is_replaced() {
    if tool_is_missing("strace") || !strace(&["-qq", "-o", "/dev/null"], &["--version".to_owned()]).status.success() {
        return missing("strace may not trace here");
    }
    let lines: Vec<String> = (0..20).map(|at| failed(at * 1000, &format!("r{at}"))).collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let folder = inputs.path().to_str().unwrap();
    let log = inputs.path().join("a.json");
    let before = fs::read(&log).unwrap();
    let log = log.to_str().unwrap();
    for (input, call) in [(log, "statx"), (folder, "statx"), (log, "readlink"), (log, "fcntl"), (folder, "getdents64")]
    {
        for number in 1..=30 {
            let arguments = ["report", input, "--quiet", "--threads", "1", "-o", log, "--force"].map(str::to_owned);
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:error=EIO:when={number}"));
            let done = strace(&["-qq", "-e", &trace, "-e", &inject, "-o", "/dev/null"], &arguments);
            assert_eq!(fs::read(log).unwrap(), before, "{input} {call} {number}: {done:?}");
            assert!(!done.status.success() && !done.stderr.is_empty(), "{input} {call} {number}: {done:?}");
        }
    }
}

/// Whoever is told that a folder was not written finds it as it was, and who is told that it was, whole.
#[test]
fn a_folder_of_tables_is_what_is_said_of_it() {
    if tool_is_missing("strace") || !strace(&["-qq", "-o", "/dev/null"], &["--version".to_owned()]).status.success() {
        return missing("strace may not trace here");
    }
    let inputs = Inputs::of(&[("a.json", &[failed(1, "r")])]);
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let run = |out: &Path, options: &[&str]| {
        let words = ["report", inputs.path().to_str().unwrap(), "--quiet", "--threads", "1", "--table", "all", "-o"];
        let arguments: Vec<String> =
            words.iter().chain(&[out.to_str().unwrap(), "--format", "csv"]).map(|&word| word.to_owned()).collect();
        strace(options, &arguments)
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("whole");
    assert!(run(&out, &["-qq", "-o", "/dev/null"]).status.success());
    let whole = names(&out).len();
    for (call, most) in [("unlinkat", 3), ("renameat", 20), ("rename", 20), ("fsync", 20), ("mkdir", 3), ("rmdir", 2)] {
        for number in 1..=most {
            let out = folder.path().join(format!("{call}-{number}"));
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:error=EIO:when={number}"));
            let done = run(&out, &["-qq", "-e", &trace, "-e", &inject, "-o", "/dev/null"]);
            let told = String::from_utf8_lossy(&done.stderr).into_owned();
            let tables = names(&out).iter().filter(|name| !name.starts_with('.')).count();
            let is_whole = tables == whole;
            let is_told =
                if told.contains("was not written") { tables == 0 } else { is_whole && told.contains("is written") };
            assert!(if done.status.success() { is_whole } else { is_told }, "{call} {number}: {tables} {told}");
        }
    }
}

#[test]
fn an_interrupted_call_is_made_again() {
    let Some(bench) = Bench::new(&["report", "--format", "json"], &["r.json"]) else { return };
    for (call, number) in
        bench.distinct(false).into_iter().filter(|(call, _)| matches!(*call, "read" | "pread64" | "write"))
    {
        let output = bench.with(call, number, "error=EINTR");
        let told = String::from_utf8_lossy(&output.stderr);
        // Calls are counted by thread, and the main one loads libraries with some of these numbers.
        let was_loaded = !told.contains("error while loading shared libraries");
        assert!(output.status.success() || !was_loaded, "{call} {number}: {told}");
    }
}

#[test]
fn death_at_every_call_of_writing_leaves_whole_files() {
    let Some(bench) = Bench::new(&["report"], &["r.json", "r.html"]) else { return };
    let calls = bench.distinct(true);
    assert!(calls.len() > 8, "{calls:?}");
    for (call, number) in calls {
        bench.with(call, number, "signal=SIGKILL");
    }
    // Not all of them died before they wrote.
    assert!(bench.left() > 0);
}

#[test]
fn without_room_for_temporary_files_nothing_that_was_read_is_lost() {
    if tool_is_missing("strace") || !strace(&["-qq", "-o", "/dev/null"], &["--version".to_owned()]).status.success() {
        return missing("strace may not trace here");
    }
    let lines: Vec<String> = (0..1500)
        .map(|at| test_support::line::Line::new(at, "authentication_failed").user(&format!("u{at}")).end())
        .collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let verb =
        ["report", "--format", "json", "--max-memory", "1M", "--chunk-size", "16384", "--threads", "1", "--quiet"];
    let mut arguments: Vec<String> = verb.iter().map(|&word| word.to_owned()).collect();
    arguments.push(inputs.path().to_str().unwrap().to_owned());
    let mut filled = 0;
    for number in 1..12 {
        let inject = format!("inject=write:error=ENOSPC:when={number}");
        let output = strace(&["-qq", "-e", "trace=write", "-e", &inject, "-o", "/dev/null"], &arguments);
        let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
            assert_eq!(output.status.code(), Some(2));
            continue;
        };
        let counted = report["coverage"]["counted_only"]["attempts"].as_u64().unwrap_or(0);
        let told = report["totals"]["failed_attempts"].as_u64().unwrap();
        assert_eq!(told.max(counted), told);
        assert_eq!((told, &report["coverage"]["audit_events"]), (1500, &Value::from(1500)), "{number}");
        let problems = report["coverage"]["problems"].to_string();
        if problems.contains("TMPDIR") {
            filled += 1;
            assert_eq!((output.status.code(), report["coverage"]["complete"].as_bool()), (Some(2), Some(false)));
        }
    }
    assert!(filled > 0);
}

#[test]
fn lack_of_memory_leaves_whole_files() {
    let lines: Vec<String> = (0..20_000)
        .map(|at| {
            let line = test_support::line::Line::new(at, "authentication_failed").request(&format!("r{at}"));
            line.user(&format!("user-{at}")).end()
        })
        .collect();
    let inputs = Inputs::of(&[("a.json", &lines[..]), ("old.json", &lines[..9])]);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("r.json");
    let run = |name: &str, limit: &str| {
        let command = format!(
            "ulimit -c 0; ulimit -v {limit}; exec {} report {} --threads 1 --quiet -o {}",
            env!("CARGO_BIN_EXE_esaudit"),
            inputs.path().join(name).display(),
            output.display()
        );
        Command::new("sh").args(["-c", &command]).output().unwrap()
    };
    let [old, whole] = ["old.json", "a.json"].map(|name| {
        assert!(run(name, "unlimited").status.success());
        fs::read(&output).unwrap()
    });
    let mut short = 0;
    for megabytes in [90, 120, 150, 180, 220] {
        fs::write(&output, &old).unwrap();
        let ended = run("a.json", &(megabytes << 10).to_string());
        let now = fs::read(&output).unwrap();
        // Whatever it died of, and if it died: what stands under the name is one or the other.
        assert!(
            if ended.status.success() { now == whole } else { now == whole || now == old },
            "{megabytes} MB: {ended:?}"
        );
        if !ended.status.success() {
            short += 1;
            assert_eq!(ended.status.code(), Some(2), "{megabytes} MB: {ended:?}");
            assert!(!ended.stderr.is_empty(), "{megabytes} MB");
        }
    }
    assert!(short > 0);
    // A file that was being written had no name, where the file system has such files.
    let names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    if fs::File::options().write(true).custom_flags(flags).open(folder.path()).is_ok() {
        assert_eq!(names, ["r.json"]);
    }
}

/// Bytes of address space that the program takes before anything of it runs: what its segments cover (ELF-64, little-endian).
fn image() -> u64 {
    let program = fs::read(env!("CARGO_BIN_EXE_esaudit")).unwrap();
    let number = |at: usize, bytes: usize| {
        program[at..at + bytes].iter().rev().fold(0, |number, &byte| (number << 8) | u64::from(byte))
    };
    assert_eq!(program[..6], *b"\x7fELF\x02\x01");
    let (table, size, count) = (number(32, 8) as usize, number(54, 2) as usize, number(56, 2) as usize);
    let headers = (0..count).map(|at| table + at * size).filter(|&header| number(header, 4) == 1);
    headers.map(|header| number(header + 16, 8) + number(header + 40, 8)).max().unwrap()
}

/// From the room on that the program and its libraries take, which the system's loader has to find before anything else happens.
#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
fn little_memory_is_an_error_in_every_verb() {
    let inputs = Inputs::of(&[("a.json", &[failed(1, "r")])]);
    let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    let (log, report, part) = (path("a.json"), path("report.json"), path("a.esa"));
    let run = |limit: &str, arguments: &[&str]| {
        let command = format!("ulimit -c 0; ulimit -v {limit}; exec \"$@\"");
        let sh = ["-c", &command, "sh", env!("CARGO_BIN_EXE_esaudit")];
        Command::new("sh").args(sh).args(arguments).env("RUST_BACKTRACE", "0").output().unwrap()
    };
    assert!(run("unlimited", &["report", &log, "-q", "--manifest", "-o", &report]).status.success());
    assert!(run("unlimited", &["scan", &log, "-q", "-o", &part]).status.success());
    let (mut short, image) = (0, image());
    for arguments in [
        &["report", &log, "--format", "html"][..],
        &["merge", &part],
        &["verify", &report],
        &["timeline", &log, "--source", "10.0.0.0/8"],
        &["show", "F1", "--report", &report],
        &["impact", &log, "--principal", "x"],
        &["--version"],
    ] {
        let whole = run("unlimited", arguments);
        for over in [6, 7, 8, 10, 13, 17, 22, 30] {
            let ended = run(&((image >> 10) + (over << 10)).to_string(), arguments);
            if ended.status.code() != whole.status.code() || ended.stdout != whole.stdout {
                short += 1;
                assert_eq!(ended.status.code(), Some(2), "{over} MB, {arguments:?}: {ended:?}");
                assert!(!ended.stderr.is_empty(), "{over} MB, {arguments:?}");
            }
        }
    }
    assert!(short > 0);
}
