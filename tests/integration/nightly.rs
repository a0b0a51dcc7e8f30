//! Nightly runs (`scan --state`): whatever becomes of the files between two runs, the parts of all of them are one run over
//! everything, and nothing is lost or counted twice.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::line::{Line, failed};
use test_support::python::tool_is_missing;
use test_support::{difference, ended, gzip};

/// A folder with logs in `logs`, and the state and the parts beside it.
pub(super) struct Nights {
    folder: tempfile::TempDir,
    state: PathBuf,
}

impl Nights {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        let state = folder.path().join("es.state");
        Self { folder, state }
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    pub(super) fn append(&self, name: &str, bytes: &[u8]) {
        use std::io::Write;
        let path = self.log(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::options().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    pub(super) fn command(&self, extra: &[&str]) -> Vec<String> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let mut words = vec!["scan".to_owned(), path(&self.log("")), "--state".to_owned(), path(&self.state)];
        words.extend(extra.iter().map(|&word| word.to_owned()));
        words
    }

    pub(super) fn scan(&self, extra: &[&str]) -> Output {
        esaudit(&self.command(extra))
    }

    /// A run in which nothing is wrong.
    pub(super) fn night(&self) {
        let done = self.scan(&["--quiet"]);
        assert_eq!((done.status.code(), told(&done)), (Some(0), String::new()));
    }

    pub(super) fn parts(&self) -> Vec<String> {
        let paths = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut parts: Vec<String> = paths
            .filter(|path| path.extension().is_some_and(|e| e == "esa"))
            .map(|p| p.display().to_string())
            .collect();
        parts.sort();
        parts
    }

    /// The report that the parts make.
    pub(super) fn merged(&self) -> String {
        let mut words = vec!["merge".to_owned()];
        words.extend(self.parts());
        json(&words)
    }

    /// That of one run over everything that lies there now.
    fn direct(&self) -> String {
        json(&["report".to_owned(), self.log("").display().to_string()])
    }

    #[track_caller]
    fn is_one_run(&self) {
        if let Some(difference) = difference(&self.merged(), &self.direct()) {
            panic!("{difference}");
        }
    }

    pub(super) fn failures(&self) -> u64 {
        let report: Value = serde_json::from_str(&self.merged()).unwrap();
        report["totals"]["failed_attempts"].as_u64().unwrap()
    }
}

fn esaudit(words: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_esaudit")).args(words).output().unwrap()
}

pub(super) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(words: &[String]) -> String {
    let mut words = words.to_vec();
    words.extend(["--format", "json", "--quiet"].map(str::to_owned));
    let done = esaudit(&words);
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    String::from_utf8(done.stdout).unwrap()
}

/// A text log of the server, with stack traces, of a JSON one.
fn as_text(json: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for (at, line) in std::str::from_utf8(json).unwrap().lines().enumerate() {
        let event: Value = serde_json::from_str(line).unwrap();
        let member = |names: [&str; 2]| names.iter().find_map(|name| event[name].as_str()).unwrap_or("x").to_owned();
        let time = member(["@timestamp", "timestamp"]);
        let (level, logger) = (member(["log.level", "level"]), member(["log.logger", "component"]));
        let message = member(["message", "message"]);
        text.push_str(&format!(
            "[{},123][{level:5}][{:25}] [es-3] {message}\n",
            &time[..19],
            &logger[..logger.len().min(25)]
        ));
        if at % 3 == 0 {
            text.push_str("org.elasticsearch.X: y\n\tat org.elasticsearch.X.y(X.java:1)\nCaused by: a.B: c\n\tat a.B.c(B.java:2)\n");
        }
    }
    text.into_bytes()
}

/// What docker's log driver makes of lines, long ones in two.
fn in_docker(lines: &[u8]) -> Vec<u8> {
    let envelope = |log: &str| serde_json::json!({"log": log, "stream": "stdout", "time": "2026-03-01T12:34:56.789Z"});
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines
        .flat_map(|line| {
            let (head, tail) = line.split_at(line.len().min(200));
            format!("{}\n{}\n", envelope(head), envelope(&format!("{tail}\n"))).into_bytes()
        })
        .collect()
}

/// The logs of three nodes over a day, which the fortnight below is cut out of.
fn incident() -> Vec<(String, Vec<u8>)> {
    let mut logs = Vec::new();
    for node in ["es-1", "es-2", "es-3"] {
        let folder = Path::new("testdata/incident").join(node);
        let mut rolled: Vec<PathBuf> =
            glob::glob(&format!("{}/*.gz", folder.display())).unwrap().map(Result::unwrap).collect();
        rolled.sort();
        let mut audit = Vec::new();
        for path in rolled {
            let mut decoder = flate2::read::MultiGzDecoder::new(fs::File::open(path).unwrap());
            std::io::copy(&mut decoder, &mut audit).unwrap();
        }
        audit.extend(fs::read(folder.join("prod_audit.json")).unwrap());
        let server = fs::read(folder.join("prod_server.json")).unwrap();
        match node {
            "es-2" => logs.push((format!("{node}/audit.json"), in_docker(&audit))),
            _ => logs.push((format!("{node}/prod_audit.json"), audit)),
        }
        match node {
            "es-3" => logs.push((format!("{node}/prod.log"), as_text(&server))),
            _ => logs.push((format!("{node}/prod_server.json"), server)),
        }
    }
    logs
}

/// Fourteen nights of growing files that end anywhere, in the middle of lines, requests and records; rolled by renaming, by
/// compressing and by copying and truncating, at any time of the day; compressed days later; with modification times of any
/// order, as a clock that is set back and forth leaves them. One run is killed. At the end two nights without news, in which the
/// last records of each file are taken for complete.
#[test]
fn a_fortnight_is_one_run() {
    const NIGHTS: usize = 14;
    let nights = Nights::new();
    let logs = incident();
    let mut written = vec![0; logs.len()];
    for night in 1..=NIGHTS {
        for (which, (name, bytes)) in logs.iter().enumerate() {
            let odd = (night * 7919 + which * 104_729) % 601;
            let due = if night == NIGHTS { bytes.len() } else { bytes.len() * night / NIGHTS + odd };
            let fresh = &bytes[written[which].min(due)..due.max(written[which])];
            written[which] = written[which].max(due);
            let path = nights.log(name);
            let rolled = nights.log(&name.replace('.', &format!("-{night:02}.")));
            let cut =
                fresh.len() / 2 + fresh[fresh.len() / 2..].iter().position(|&b| b == b'\n').map_or(0, |at| at + 1);
            let (before, after) = if night > 1 && night < NIGHTS { fresh.split_at(cut) } else { (&b""[..], fresh) };
            nights.append(name, before);
            match (night + 2 * which) % 5 {
                _ if before.is_empty() => {}
                0 => fs::rename(&path, &rolled).unwrap(),
                1 => {
                    fs::write(zipped(&rolled), gzip(&fs::read(&path).unwrap())).unwrap();
                    fs::remove_file(&path).unwrap();
                }
                2 => {
                    fs::copy(&path, &rolled).unwrap();
                    fs::File::options().write(true).truncate(true).open(&path).unwrap();
                }
                3 => compress_one(path.parent().unwrap()),
                _ => {}
            }
            nights.append(name, after);
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs([2, 0, 1][night % 3] * 1_000_000_000);
            fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        if night == 7 {
            die(&nights);
        }
        nights.night();
    }
    nights.night();
    nights.night();
    assert!(nights.parts().len() >= NIGHTS + 2);
    nights.is_one_run();
    // No part is that of the whole: the third holds about a fourteenth.
    let size = |part: &str| fs::metadata(part).unwrap().size();
    let parts = nights.parts();
    assert!(size(&parts[NIGHTS + 1]) < 1000 && size(&parts[2]) * 4 < parts.iter().map(|part| size(part)).sum::<u64>());
    // In a tree, in any order.
    let (one, other) = (nights.folder.path().join("one"), nights.folder.path().join("other"));
    for (half, parts) in [(&one, &parts[..9]), (&other, &parts[9..])] {
        let mut words = vec!["merge".to_owned(), "-o".to_owned(), format!("{}.esa", half.display())];
        words.extend(parts.iter().rev().cloned());
        assert!(esaudit(&words).status.success());
    }
    let halves = [&other, &one].map(|half| format!("{}.esa", half.display()));
    assert_eq!(difference(&json(&[vec!["merge".to_owned()], halves.to_vec()].concat()), &nights.direct()), None);
}

pub(super) fn zipped(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.gz", path.display()))
}

/// Compresses one of the plain files that were rolled.
fn compress_one(folder: &Path) {
    let mut rolled: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    rolled.retain(|path| path.to_str().unwrap().contains("-0") && path.extension().is_some_and(|e| e != "gz"));
    rolled.sort();
    let Some(path) = rolled.first() else { return };
    fs::write(zipped(path), gzip(&fs::read(path).unwrap())).unwrap();
    fs::remove_file(path).unwrap();
}

/// Runs that are killed: where the part is there and nothing is known of it, where the state is about to be replaced, and where
/// only the part's name is lacking.
fn die(nights: &Nights) {
    if tool_is_missing("strace") {
        return;
    }
    for (calls, number, parts) in [("renameat", 1, 6), ("renameat", 2, 6), ("rename", 1, 6)] {
        let inject = format!("inject={calls}:signal=KILL:when={number}");
        let trace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat", "-e", &inject];
        let words = nights.command(&["--quiet", "--threads", "1"]);
        let done = Command::new("strace").args(trace).arg(env!("CARGO_BIN_EXE_esaudit")).args(words).output().unwrap();
        assert!(!done.status.success(), "{calls} {number}: {}", told(&done));
        assert_eq!(nights.parts().len(), parts, "{calls} {number}");
    }
}

/// A request whose realms answer before midnight, and which fails after it, a run between.
#[test]
fn an_attempt_over_the_cut_keeps_its_chain() {
    let line = |at: i64, action: &str| Line::new(at, action).user("alice").request("r1").from("10.0.0.1:1");
    let refusal = |at, realm| format!("{}\n", line(at, "realm_authentication_failed").realm(realm).end());
    let end = format!("{}\n", line(30, "authentication_failed").end());
    let nights = Nights::new();
    nights.append("a.json", [refusal(0, "native"), refusal(10, "ldap")].concat().as_bytes());
    // The third refusal has begun.
    let third = refusal(20, "file");
    nights.append("a.json", &third.as_bytes()[..40]);
    nights.night();
    nights.append("a.json", &third.as_bytes()[40..]);
    nights.night();
    nights.append("a.json", end.as_bytes());
    nights.night();
    nights.is_one_run();
    let report: Value = serde_json::from_str(&nights.merged()).unwrap();
    assert_eq!(report["totals"]["failed_attempts"], 1);
    let groups = report["groups"].to_string();
    assert!(groups.contains(r#"["native","ldap","file"]"#), "{groups}");
}

pub(super) fn lines(from: i64, count: i64) -> Vec<u8> {
    ended(&(from..from + count).map(|at| failed(at * 1000, &format!("r{at}"))).collect::<Vec<_>>())
}

#[test]
fn a_truncated_or_replaced_file_is_read_anew_and_said() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 20));
    nights.append("b.json", &lines(100, 20));
    nights.append("c.json", &lines(200, 20));
    nights.night();
    // The same begin; another content, one of them longer, under the same inode; another file of the same name.
    fs::write(nights.log("a.json"), lines(0, 5)).unwrap();
    fs::write(nights.log("b.json"), lines(300, 30)).unwrap();
    // Written while the old one stands, for the inode of a file that is gone may be given out again.
    nights.append("new", &lines(400, 7));
    fs::rename(nights.log("new"), nights.log("c.json")).unwrap();
    let done = nights.scan(&[]);
    assert_eq!(done.status.code(), Some(0));
    let lines_told = told(&done);
    for (name, what) in [("a.json", "truncated"), ("b.json", "replaced"), ("c.json", "another file")] {
        let line = lines_told.lines().find(|line| line.contains(name)).unwrap_or_default();
        assert!(line.contains(what), "{name}: {lines_told}");
    }
    // What was read before still counts, and what stands in both once.
    assert_eq!(nights.failures(), 20 + 20 + 20 + 30 + 7);
    let report = nights.merged();
    assert!(report.contains("a.json#2") && report.contains("truncated"), "{report}");
}

#[test]
fn a_state_that_is_old_foreign_or_damaged_is_refused_by_name() {
    let nights = Nights::new();
    nights.append("a.json", &lines(0, 3));
    nights.night();
    let sound = fs::read_to_string(&nights.state).unwrap();
    let parts = nights.parts();
    for (text, wanted) in [
        (sound.replace("\"state\": 2", "\"state\": 0"), "format 0"),
        (sound.replace("\"run\": 1", "\"run\": 2"), "damaged state"),
        (sound[..sound.len() / 2].to_owned(), "damaged state"),
        ("some notes\n".to_owned(), "not a state"),
    ] {
        fs::write(&nights.state, &text).unwrap();
        let done = nights.scan(&[]);
        assert_eq!(done.status.code(), Some(2));
        assert!(told(&done).contains(wanted) && told(&done).contains("es.state"), "{}", told(&done));
        assert_eq!((fs::read_to_string(&nights.state).unwrap(), nights.parts()), (text, parts.clone()));
    }
    fs::write(&nights.state, sound).unwrap();
    for (extra, wanted) in [
        (&["--assume-tz", "+02:00"][..], "--assume-tz"),
        (&["-o", "-"], "standard output"),
        (&["-o", &parts[0]], "exists"),
        (&["-"], "standard input"),
    ] {
        let done = nights.scan(extra);
        assert!(!done.status.success() && told(&done).contains(wanted), "{}", told(&done));
    }
    nights.night();
}

#[test]
fn parts_that_are_given_twice_or_missing_are_told() {
    let nights = Nights::new();
    for night in 0..3 {
        nights.append("a.json", &lines(night * 10, 10));
        nights.night();
    }
    let parts = nights.parts();
    let [first, second, third] = parts.as_slice() else { panic!("{parts:?}") };
    let merge = |parts: &[&String]| {
        let mut words = vec!["merge".to_owned()];
        words.extend(parts.iter().map(|&part| part.clone()));
        esaudit(&words)
    };
    let twice = merge(&[first, second, second]);
    assert!(twice.status.code() == Some(2) && told(&twice).contains("both hold bytes"), "{}", told(&twice));
    let gap = merge(&[first, third]);
    assert_eq!(gap.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&gap.stdout).contains("are in none of the parts"));
    assert_eq!(merge(&[second, third]).status.code(), Some(0));
}

/// A part that is empty every night would look like a quiet cluster.
#[test]
fn a_folder_without_logs_is_said() {
    let nights = Nights::new();
    let said = || {
        let done = nights.scan(&[]);
        assert_eq!(done.status.code(), Some(0));
        told(&done).contains("nothing to read")
    };
    assert!(said());
    nights.append("a.json", b"");
    assert!(said());
    nights.append("a.json", &lines(0, 3));
    assert!(!said() && !said());
}

/// The recipe, as cron calls it, with a file that cannot be read whole among its parts.
#[test]
fn the_recipe_tells_what_is_new_and_nothing_else() {
    let nights = Nights::new();
    let bin = nights.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_esaudit"), bin.join("esaudit")).unwrap();
    let script = fs::canonicalize("contrib/nightly/esaudit-nightly.sh").unwrap();
    std::os::unix::fs::symlink(script, bin.join("esaudit-nightly")).unwrap();
    let page = fs::read_to_string("docs/nightly.md").unwrap();
    let line = page.lines().find(|line| line.starts_with("17 1 * * * elasticsearch ")).unwrap();
    let call = line.strip_prefix("17 1 * * * elasticsearch ").unwrap();
    let file = |name: &str| nights.folder.path().join(name);
    let run = || {
        let done = Command::new("sh")
            .args(["-c", call])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("ESAUDIT_LOGS", nights.log(""))
            .env("ESAUDIT_KEPT", nights.folder.path())
            .output()
            .unwrap();
        (done.status.code().unwrap(), String::from_utf8_lossy(&done.stdout).into_owned() + &told(&done))
    };
    nights.append("a.json", &lines(0, 3));
    // The first night has nothing to compare with.
    assert_eq!(run(), (0, String::new()));
    assert!(file("today.json").exists() && !file("yesterday.json").exists());
    assert_eq!(run(), (0, String::new()));
    // Cut in the middle.
    let whole = gzip(&lines(100, 5000));
    fs::write(nights.log("b.json.gz"), &whole[..whole.len() / 2]).unwrap();
    let told: Vec<(i32, String)> = (0..4).map(|_| run()).collect();
    let incomplete: Vec<&(i32, String)> = told.iter().filter(|(code, _)| *code != 0).collect();
    assert!(matches!(incomplete[..], [(2, said)] if said.contains("b.json.gz")), "{told:?}");
    assert_eq!(run(), (0, String::new()));
    // Its part is still among the last thirty, and what is new is told once, also after a run that was ended between its renames.
    fs::rename(file("today.json"), file("yesterday.json")).unwrap();
    for (name, bytes) in incident() {
        nights.append(&name, &bytes);
    }
    let (code, said) = run();
    assert!(code == 1 && said.contains("account_compromise"), "{code} {said}");
    assert_eq!(fs::read_to_string(file("news.txt")).unwrap(), said.split_once('\n').unwrap().1);
    assert_eq!(run(), (0, String::new()));
    // What does not work is told, and compared with nothing that is old.
    let before = fs::read(file("today.json")).unwrap();
    fs::write(file("today.json"), &before[..before.len() / 2]).unwrap();
    let (code, said) = run();
    assert!(code == 3 && said.contains("diff ended with status 2") && said.contains("today.json"), "{code} {said}");
    fs::write(file("today.json"), before).unwrap();
    fs::write(file("es-000001.esa"), "no part").unwrap();
    let (code, said) = run();
    assert!(code == 3 && said.contains("es-000001.esa"), "{code} {said}");
    assert!(!file("news.txt").exists() && !file("new.json").exists());
}
