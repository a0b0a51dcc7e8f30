//! Nightly runs (`scan --state`) where something fails or is in the way: what is not read or kept is told, and is no loss.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use test_support::gzip;
use test_support::python::tool_is_missing;

use super::nightly::{Nights, lines, told};

/// A night under strace, which lets one call fail.
fn faulty(nights: &Nights, call: &str, fault: &str, number: usize) -> Output {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{fault}:when={number}"));
    let options = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let words = nights.command(&["--threads", "1"]);
    Command::new("strace").args(options).arg(env!("CARGO_BIN_EXE_esaudit")).args(words).output().unwrap()
}

/// Failures that the parts of all nights tell, complete or not.
fn counted(nights: &Nights) -> u64 {
    let mut merge = Command::new(env!("CARGO_BIN_EXE_esaudit"));
    let merged = merge.arg("merge").args(nights.parts()).args(["--format", "json", "--quiet"]).output().unwrap();
    let report: serde_json::Value =
        serde_json::from_slice(&merged.stdout).unwrap_or_else(|_| panic!("{}", told(&merged)));
    report["totals"]["failed_attempts"].as_u64().unwrap()
}

/// What is left beside the logs, the state and the parts.
fn left(nights: &Nights) -> Vec<String> {
    let names = fs::read_dir(nights.log("..")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<String> = names
        .filter(|name| name != "logs" && name != "es.state" && (!name.ends_with(".esa") || name.starts_with('.')))
        .collect();
    left.sort();
    left
}

#[test]
fn a_file_of_others_that_may_be_replaced_does_not_stop_the_nights() {
    for name in ["old.esa", "es-000001.esa"] {
        let nights = Nights::new();
        nights.append("a.json", &lines(0, 10));
        let part = nights.log("..").join(name);
        let named = ["-o", part.to_str().unwrap()];
        let named = if name == "old.esa" { &named[..] } else { &[] };
        fs::write(&part, "notes of somebody").unwrap();
        assert_eq!(nights.scan(named).status.code(), Some(64));
        assert_eq!(fs::read_to_string(&part).unwrap(), "notes of somebody");
        let done = nights.scan(&[named, &["--force"]].concat());
        assert_eq!(done.status.code(), Some(0), "{name}: {}", told(&done));
        nights.append("a.json", &lines(10, 10));
        nights.night();
        assert_eq!((nights.parts().len(), nights.failures(), left(&nights)), (2, 20, vec![]), "{name}");
    }
}

/// Whatever is in the way shows before anything counts as read.
#[test]
fn what_is_no_file_is_no_name_of_a_part() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 10));
    let folder = nights.log("../folder.esa");
    fs::create_dir(&folder).unwrap();
    for part in [folder.to_str().unwrap(), "/dev/null"] {
        let done = nights.scan(&["-o", part, "--force"]);
        assert_eq!(done.status.code(), Some(2), "{part}: {}", told(&done));
    }
    fs::remove_dir(&folder).unwrap();
    nights.night();
    assert_eq!(nights.failures(), 10);
}

/// Where the state is, a named pipe would be waited for, and a device forgets what it is given: both are told at once, with or
/// without a name for the part.
#[test]
fn what_is_no_file_is_no_state() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 10));
    let path = |name: &str| nights.log("..").join(name);
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    fs::create_dir(path("folder")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    std::os::unix::fs::symlink("pipe", path("link")).unwrap();
    let (logs, part) = (nights.log(""), path("part.esa"));
    for (name, what) in [
        ("pipe", "a named pipe"),
        ("link", "a named pipe"),
        ("socket", "a socket"),
        ("folder", "a folder"),
        ("/dev/null", "a device"),
    ] {
        for options in [&[][..], &["-o", part.to_str().unwrap()]] {
            let mut scan = Command::new("timeout");
            scan.args(["20", env!("CARGO_BIN_EXE_esaudit"), "scan", logs.to_str().unwrap(), "--state"]);
            let done = scan.arg(path(name)).args(options).output().unwrap();
            let (said, state) = (told(&done), path(name));
            assert_eq!(done.status.code(), Some(2), "{name}: {said}");
            let begin = format!("esaudit: {}: {what}, where --state needs a file", state.display());
            assert!(said.starts_with(&begin) && !said.contains("Usage"), "{said}");
        }
    }
    assert_eq!(nights.parts(), Vec::<String>::new());
}

/// A state names parts by text.
#[test]
fn a_folder_that_is_no_text_is_told_before_anything_is_read() {
    use std::os::unix::ffi::OsStrExt as _;
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 10));
    let folder = nights.log("..").join(std::ffi::OsStr::from_bytes(b"parts\xff"));
    fs::create_dir(&folder).unwrap();
    let mut scan = Command::new(env!("CARGO_BIN_EXE_esaudit"));
    let done = scan.arg("scan").arg(nights.log("")).arg("--state").arg(folder.join("es.state")).output().unwrap();
    let said = told(&done);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("es-000001.esa: with --state a part and its folder need names that are UTF-8"), "{said}");
}

#[test]
fn a_part_is_written_through_links_to_nothing() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 10));
    let path = |name: &str| nights.log("..").join(name);
    for (target, name) in [("two", "one.esa"), ("real.esa", "two")] {
        std::os::unix::fs::symlink(target, path(name)).unwrap();
    }
    assert_eq!(nights.scan(&["-o", path("one.esa").to_str().unwrap()]).status.code(), Some(0));
    assert!(path("one.esa").is_symlink() && path("two").is_symlink() && fs::read(path("real.esa")).is_ok());
}

/// A run that died between its part and its state leaves a part that nothing counts, also where the last one had its name.
#[test]
fn a_part_that_was_never_counted_is_in_nobodys_way() {
    let nights = Nights::new();
    let part = nights.log("../p.esa");
    let again = ["-o", part.to_str().unwrap(), "--force"];
    for night in 0..3 {
        nights.append("a.json", &lines(night * 10, 10));
        assert_eq!(nights.scan(&again).status.code(), Some(0));
        let other = [&fs::read(&part).unwrap()[..], b"another checksum"].concat();
        fs::write(nights.log("../.p.esa.pending"), other).unwrap();
    }
}

#[test]
fn an_input_that_cannot_be_read_is_told_and_read_the_next_night() {
    if tool_is_missing("strace") {
        return;
    }
    for (call, error) in
        [("fcntl", "EMFILE"), ("openat", "EMFILE"), ("read", "EIO"), ("pread64", "EIO"), ("lseek", "EIO")]
    {
        let mut failures = 0;
        for number in 1..=24 {
            let nights = Nights::new();
            nights.append("a.json", &lines(0, 10));
            fs::write(nights.log("b.json.gz"), gzip(&lines(100, 10))).unwrap();
            let done = faulty(&nights, call, &format!("error={error}"), number);
            let said = told(&done);
            assert!(!said.contains("panicked"), "{call} {number}: {said}");
            let whole = nights.parts().len() == 1 && counted(&nights) == 20;
            let well = done.status.success();
            assert!(!well || whole, "{call} {number}: {said}");
            assert!(well || !said.is_empty(), "{call} {number}");
            failures += usize::from(!well);
            // What failed once does not fail again.
            nights.append("a.json", &lines(10, 5));
            let next = nights.scan(&[]);
            assert_eq!(next.status.code(), Some(0), "{call} {number}: {}", told(&next));
            assert_eq!(counted(&nights), 25, "{call} {number}: {said}");
        }
        assert!(failures > 0, "{call}");
    }
}

#[test]
fn what_cannot_be_kept_is_told_and_leaves_nothing() {
    if tool_is_missing("strace") {
        return;
    }
    for call in ["statx", "rename", "renameat", "fsync", "linkat", "write"] {
        for number in 1..=30 {
            let nights = Nights::new();
            nights.append("a.json", &lines(0, 10));
            let done = faulty(&nights, call, "error=EIO", number);
            let said = told(&done);
            let is_there = nights.parts().len() == 1;
            assert!(!done.status.success() || is_there, "{call} {number}: {said}");
            assert!(done.status.success() || !said.is_empty(), "{call} {number}");
            let next = nights.scan(&[]);
            assert_eq!(next.status.code(), Some(0), "{call} {number}: {}", told(&next));
            assert_eq!(counted(&nights), 10, "{call} {number}: {said}");
            assert_eq!(left(&nights), Vec::<String>::new(), "{call} {number}: {said}");
        }
    }
}

#[test]
fn what_was_damaged_from_the_begin_is_told() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 10));
    let mut broken = gzip(&lines(100, 10));
    broken[10..].fill(0xff);
    fs::write(nights.log("b.json.gz"), broken).unwrap();
    let done = nights.scan(&[]);
    assert_eq!(done.status.code(), Some(2));
    assert!(told(&done).contains("b.json.gz") && Path::new(&nights.parts()[0]).exists(), "{}", told(&done));
}
