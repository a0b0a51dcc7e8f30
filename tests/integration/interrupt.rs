//! SIGINT and SIGTERM: what was read is reported, marked as incomplete; a second signal ends the program at once.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use esaudit::internals::model::Report;

use test_support::ended;
use test_support::line::failed;

fn fifo(folder: &Path) -> Option<PathBuf> {
    let path = folder.join("fifo");
    let made = Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success());
    assert!(made || std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "no mkfifo");
    made.then_some(path)
}

fn start(paths: &[&Path], options: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", "--format", "json"])
        .args(options)
        .args(paths)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits, but not for ever.
fn end(mut child: Child) -> Output {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if since.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// Until it has taken what was written into its pipe: the report needs a second at most.
const READ: Duration = Duration::from_millis(1500);

#[test]
fn what_was_read_before_a_signal_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let Some(fifo) = fifo(folder.path()) else { return };
    let whole = folder.path().join("whole.log");
    let lines: Vec<_> = (0..50).map(|at| failed(at * 1000, &format!("r{at}"))).collect();
    fs::write(&whole, ended(&lines[..20])).unwrap();
    for name in ["-INT", "-TERM"] {
        let child = start(&[&whole, &fifo], &["--threads", "2"]);
        let mut pipe = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        pipe.write_all(&ended(&lines[20..])).unwrap();
        std::thread::sleep(READ);
        signal(&child, name);
        let output = end(child);
        drop(pipe);
        assert_eq!(output.status.code(), Some(130), "{name}: {output:?}");
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        let coverage = &report.coverage;
        assert_eq!((coverage.complete, coverage.interrupted, coverage.reconciled), (false, true, true));
        assert_eq!(report.totals.failed_attempts, 50, "{name}");
        let problem = coverage.problems.iter().find(|problem| problem.kind == "interrupted").unwrap();
        assert_eq!(problem.path, fifo.to_str().unwrap());
        assert!(coverage.cannot_tell.iter().any(|sentence| sentence.contains("signal")), "{coverage:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    }
}

#[test]
fn a_pipe_that_nobody_writes_into_does_not_hold_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(fifo) = fifo(folder.path()) else { return };
    for paths in [vec![fifo.as_path()], vec![Path::new("-")]] {
        let child = start(&paths, &[]);
        std::thread::sleep(READ);
        signal(&child, "-INT");
        let output = end(child);
        assert_eq!(output.status.code(), Some(130), "{paths:?}: {output:?}");
    }
    let child = start(&[&fifo], &["--strict"]);
    std::thread::sleep(READ);
    signal(&child, "-INT");
    let output = end(child);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), &b""[..]));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(fifo) = fifo(folder.path()) else { return };
    // Standard output is a pipe that nobody empties: the report cannot be written.
    let lines: Vec<_> =
        (0..3000).map(|at| failed(at * 1000, &format!("r{at}")).replace("kim", &format!("kim{at}"))).collect();
    let mut child = start(&[&fifo], &[]);
    let mut pipe = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    pipe.write_all(&ended(&lines)).unwrap();
    std::thread::sleep(READ);
    signal(&child, "-INT");
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "it should be waiting for somebody to read");
    signal(&child, "-TERM");
    let since = Instant::now();
    let status = child.wait().unwrap();
    assert!(since.elapsed() < PROMPT);
    assert_eq!(status.code(), Some(130));
    let mut told = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut told).unwrap();
    assert_eq!(told, "", "it ended by itself");
}

/// Whoever waits for the end does not get to know whether it is the reading that goes on, or what follows it.
#[test]
fn what_follows_an_interrupted_reading_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(logs) = fifo(folder.path()) else { return };
    let within = folder.path().join("beside");
    fs::create_dir(&within).unwrap();
    let Some(listing) = fifo(&within) else { return };
    let lines: Vec<_> =
        (0..3000).map(|at| failed(at * 1000, &format!("r{at}")).replace("kim", &format!("kim{at}"))).collect();
    let keys = ["--api-keys", listing.to_str().unwrap()];
    // A listing of keys that nobody writes, and standard output that nobody reads.
    for (options, phase) in [(&keys[..], "joining"), (&[], "writing")] {
        let mut child = start(&[&logs], options);
        let mut pipe = fs::OpenOptions::new().write(true).open(&logs).unwrap();
        pipe.write_all(&ended(&lines)).unwrap();
        std::thread::sleep(READ);
        let since = Instant::now();
        signal(&child, "-INT");
        while child.try_wait().unwrap().is_none() && since.elapsed() < 2 * PROMPT {
            std::thread::sleep(Duration::from_millis(10));
        }
        let waited = since.elapsed();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(waited < PROMPT, "{phase}: {waited:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), told.contains(&format!("{phase} takes longer"))),
            (Some(130), true),
            "{told}"
        );
    }
}

#[test]
fn a_large_file_is_left_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.log");
    let lines: Vec<_> = (0..2000).map(|at| failed(at * 1000, &format!("r{at}"))).collect();
    let block = ended(&lines);
    let mut file = fs::File::create(&path).unwrap();
    for _ in 0..600 {
        file.write_all(&block).unwrap();
    }
    drop(file);
    let child = start(&[&path], &["--threads", "1"]);
    std::thread::sleep(Duration::from_millis(400));
    signal(&child, "-INT");
    let output = end(child);
    // A machine may be so fast that all was read, and the signal came while that was joined.
    if output.stdout.is_empty() {
        return assert_eq!(output.status.code(), Some(130));
    }
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    let (read, all) = (report.coverage.lines, 600 * 2000);
    assert!(report.coverage.reconciled && read > 0, "{read}");
    // A machine may be so fast that there was nothing left to leave.
    if read < all {
        assert_eq!(output.status.code(), Some(130));
        assert!(report.coverage.inputs[0].bytes < 600 * block.len() as u64);
        assert!(report.coverage.interrupted);
    }
}

/// How long the first signal may take.
const PROMPT: Duration = Duration::from_secs(5);

#[test]
fn an_endless_line_is_left_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let hole = folder.path().join("hole.json");
    let file = fs::File::create(&hole).unwrap();
    if file.set_len(1 << 40).is_err() {
        return;
    }
    let child = start(&[&hole], &["--threads", "2"]);
    std::thread::sleep(READ);
    let since = Instant::now();
    signal(&child, "-INT");
    let output = end(child);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
}

/// Somebody may name a file of any size in a manifest, and its size, too: it is hashed until the reader has enough of it.
#[test]
fn a_manifest_does_not_hold_its_reader_up() {
    let folder = tempfile::tempdir().unwrap();
    let (log, hole, report) = ["a.json", "hole", "report.json"].map(|name| folder.path().join(name)).into();
    fs::write(&log, ended(&[failed(1, "r")])).unwrap();
    if fs::File::create(&hole).unwrap().set_len(1 << 40).is_err() {
        return;
    }
    let made = end(start(&[&log], &["--manifest", "-o", report.to_str().unwrap()]));
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let mut crafted: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    crafted["manifest"]["inputs"][0]["path"] = hole.to_str().into();
    crafted["manifest"]["inputs"][0]["size"] = (1_u64 << 40).into();
    fs::write(&report, crafted.to_string()).unwrap();
    let verify = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args([Path::new("verify"), &report])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(READ);
    let since = Instant::now();
    signal(&verify, "-INT");
    let output = end(verify);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0), "{output:?}");
    assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "esaudit: interrupted while hashing: no answer was written\n");
}

#[test]
fn more_threads_than_are_of_use_are_not_started_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.json");
    fs::write(&log, ended(&[failed(1, "r")])).unwrap();
    let output = end(start(&[&log], &["--threads", "100000"]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--threads 100000"));
}

/// Files in a folder that are not whole.
fn left(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

fn is_hang_up_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1)
}

#[test]
fn no_signal_leaves_a_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let Some(fifo) = fifo(folder.path()) else { return };
    let log = folder.path().join("a.json");
    let lines: Vec<_> = (0..60_000).map(|at| failed(at * 10, &format!("r{at}"))).collect();
    fs::write(&log, ended(&lines)).unwrap();
    // Whoever runs the tests under nohup has it ignore SIGHUP, and so does what they start.
    let hang_up = Some("-HUP").filter(|_| !is_hang_up_ignored());
    for name in ["-QUIT", "-TERM", "-INT"].into_iter().chain(hang_up) {
        // The page is written to a file while the report waits for somebody who empties the pipe.
        let outputs = folder.path().join(format!("out{name}.jsonl"));
        let child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args([
                "events".as_ref(),
                "-o".as_ref(),
                outputs.as_os_str(),
                "-o".as_ref(),
                fifo.as_os_str(),
                "--format".as_ref(),
                "jsonl".as_ref(),
                log.as_os_str(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(READ);
        signal(&child, name);
        let output = end(child);
        // On a slow machine it is still reading: then it writes what it has, but for the pipe, which nobody reads.
        assert!(matches!(output.status.code(), Some(130 | 2 | 0)), "{name}: {output:?}");
        assert!(left(folder.path()).is_empty(), "{name}: {:?}", left(folder.path()));
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.json");
    let lines: Vec<_> = (0..2000).map(|at| failed(at * 10, &format!("r{at}"))).collect();
    fs::write(&log, ended(&lines)).unwrap();
    let out = folder.path().join("out.jsonl");
    let command =
        format!("ulimit -f 8; {} events {} -o {}", env!("CARGO_BIN_EXE_esaudit"), log.display(), out.display());
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!out.exists() && left(folder.path()).is_empty());
}

#[test]
fn what_a_killed_run_left_behind_is_swept_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.json");
    fs::write(&log, ended(&[failed(1, "r")])).unwrap();
    let (old, fresh) = (folder.path().join(".esaudit-old.part"), folder.path().join(".esaudit-fresh.part"));
    fs::write(&fresh, "half").unwrap();
    fs::write(&old, "half").unwrap();
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    let out = folder.path().join("out.json");
    let status = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report".as_ref(), log.as_os_str(), "-o".as_ref(), out.as_os_str()])
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!((old.exists(), fresh.exists(), out.exists()), (false, true, true));
}
