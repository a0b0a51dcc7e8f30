//! Input as it comes out of an incident: cut off, damaged, odd. Each case is said with file, line and kind, and nothing
//! around it is lost.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use esaudit::internals::model::Report;

use test_support::line::failed;
use test_support::{ended, esaudit, gzip};

/// Eight good lines, with their ends.
fn good() -> Vec<u8> {
    let lines: Vec<_> = (0..8).map(|at| failed(at * 1000, &format!("r{at}"))).collect();
    ended(&lines)
}

/// A good line without its end, of another attempt than those of [`good`].
fn line(number: i64) -> Vec<u8> {
    failed(60_000 + number * 1000, &format!("x{number}")).into_bytes()
}

fn replaced(line: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(line, from.as_bytes()).expect(from);
    [&line[..at], to, &line[at + from.len()..]].concat()
}

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    /// Audit events that are read all the same.
    events: u64,
    /// Kind and line of every problem.
    problems: Vec<(&'static str, Option<u64>)>,
    incomplete: bool,
}

fn case(
    name: &'static str,
    bytes: Vec<u8>,
    events: u64,
    problems: &[(&'static str, Option<u64>)],
    incomplete: bool,
) -> Case {
    Case { name, bytes, events, problems: problems.to_vec(), incomplete }
}

fn cases() -> Vec<Case> {
    let good = good();
    let after = |dirt: &[u8]| [good.as_slice(), dirt].concat();
    let between = |dirt: &[u8]| [good.as_slice(), dirt, b"\n", &line(1), b"\n"].concat();
    let noise: Vec<u8> =
        (0..400_u32).flat_map(|at| format!("{:x}\n", at.wrapping_mul(2_654_435_761)).into_bytes()).collect();
    let packed = gzip(&[good.as_slice(), noise.as_slice()].concat());
    let mut corrupt = packed.clone();
    let at = corrupt.len() - 300;
    corrupt[at..at + 40].fill(0xff);
    let mut crc = gzip(&good);
    let end = crc.len() - 6;
    crc[end] ^= 1;
    let oversized = format!("{{\"type\":\"audit\",\"x\":\"{}\"}}", "a".repeat(3_000_000)).into_bytes();
    let deep = replaced(&line(2), "{", format!("{{\"deep\":{}{},", "[".repeat(50_000), "]".repeat(50_000)).as_bytes());
    let with = |from: &str, to: &[u8]| between(&replaced(&line(2), from, to));
    let time =
        |time: &str| with("\"timestamp\":\"2026-03-01T12:01:02,000+0000\"", format!("\"timestamp\":{time}").as_bytes());
    vec![
        case("cut-line", after(&line(1)[..90]), 8, &[("truncated_line", Some(9))], false),
        case("cut.gz", packed[..packed.len() - 400].to_vec(), 8, &[("corrupt_compression", None)], true),
        case("corrupt.gz", corrupt, 8, &[("corrupt_compression", None)], true),
        case("checksum.gz", crc, 8, &[("corrupt_compression", None)], true),
        case("tail.gz", [gzip(&good), b"garbage".to_vec()].concat(), 8, &[("corrupt_compression", None)], true),
        case("garbage", between(b"\x01\x02\xff\xfe garbage"), 9, &[("undecodable", Some(9))], false),
        case("text", between(b"this is not json"), 9, &[("undecodable", Some(9))], false),
        case("beheaded", between(&line(2)[40..]), 9, &[("undecodable", Some(9))], false),
        case("nul-line", between(&[0; 5000]), 9, &[("undecodable", Some(9))], false),
        case("hole", [good.as_slice(), &[0; 70_000], &line(1), b"\n"].concat(), 9, &[("nul_bytes", Some(9))], false),
        // Larger than any line may be.
        case(
            "large-hole",
            [good.as_slice(), &[0; 3_000_000], &line(1), b"\n"].concat(),
            9,
            &[("nul_bytes", Some(9))],
            false,
        ),
        case("utf8", with("\"user.name\":\"", b"\"user.name\":\"\xff\xc3("), 10, &[("invalid_utf8", Some(9))], false),
        case("bom", [&b"\xef\xbb\xbf"[..], &good].concat(), 8, &[("byte_order_mark", Some(1))], false),
        case("crlf", String::from_utf8_lossy(&good).replace('\n', "\r\n").into_bytes(), 8, &[("crlf", Some(1))], false),
        case("utf16", [&b"\xff\xfe"[..], b"{\0\n\0"].concat(), 0, &[("not_a_log", None)], false),
        case("empty", Vec::new(), 0, &[("empty", None)], false),
        case("empty.gz", gzip(b""), 0, &[("empty", None)], false),
        case("oversized", between(&oversized), 9, &[("oversized", Some(9))], false),
        case(
            "twice",
            with("\"user.name\":", b"\"user.name\":\"first\", \"user.name\":"),
            10,
            &[("duplicate_member", Some(9))],
            false,
        ),
        case("deep", between(&deep), 10, &[("deep_nesting", Some(9))], false),
        case("number", with("\"user.name\":", b"\"user.name\":5, \"x\":"), 10, &[("wrong_type", Some(9))], false),
        case(
            "object",
            with("\"request.id\":", b"\"request.id\":{\"a\":1}, \"x\":"),
            10,
            &[("wrong_type", Some(9))],
            false,
        ),
        case("no-time", time("\"\""), 9, &[("undecodable", Some(9))], false),
        case("false-time", time("\"2026-13-45T99:00:00\""), 9, &[("undecodable", Some(9))], false),
        case("old-time", time("\"0001-01-01T00:00:00,000+0000\""), 10, &[("implausible_time", Some(9))], false),
        case("late-time", time("\"9999-12-31T23:59:59,999+0000\""), 10, &[("implausible_time", Some(9))], false),
        case("1970", time("\"1970-01-01T00:00:00,000+0000\""), 10, &[("implausible_time", Some(9))], false),
    ]
}

fn parsed(output: &std::process::Output, about: &str) -> Report {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{about}: {error}: {output:?}"))
}

fn run(path: &Path, options: &[&str]) -> std::process::Output {
    let path = path.to_str().unwrap();
    esaudit(&[&["report", path, "--format", "json", "--max-line", "1000000"], options].concat())
}

#[test]
fn every_kind_of_dirt_is_said_and_nothing_around_it_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    for case in cases() {
        let path = folder.path().join(case.name);
        fs::write(&path, &case.bytes).unwrap();
        let output = run(&path, &[]);
        let report = parsed(&output, case.name);
        let coverage = &report.coverage;
        assert_eq!(coverage.audit_events, case.events, "{}: {coverage:#?}", case.name);
        // Where a stream breaks off, its last line does, too, or makes no sense.
        let all = coverage.problems.iter().filter(|problem| !case.incomplete || problem.line.is_none());
        let found: Vec<_> = all.clone().map(|problem| (problem.kind.as_str(), problem.line)).collect();
        assert_eq!(found, case.problems, "{}: {:#?}", case.name, coverage.problems);
        for problem in all {
            assert_eq!(problem.path, path.to_str().unwrap(), "{}", case.name);
            assert!(problem.message.plain().len() > 5, "{}", case.name);
        }
        assert_eq!(
            output.status.code(),
            Some(if case.incomplete || coverage.holds_nothing() { 2 } else { 0 }),
            "{}",
            case.name
        );
        // A line that is too long was left out, though the input was read to its end.
        let is_whole = !case.incomplete && coverage.oversized_lines == 0;
        assert_eq!(coverage.complete, is_whole, "{}", case.name);
        assert!(coverage.reconciled, "{}", case.name);

        let strict = run(&path, &["--strict"]);
        assert_eq!(strict.status.code(), Some(2), "{}", case.name);
        assert_eq!(strict.stdout, b"", "{}", case.name);
        let told = String::from_utf8_lossy(&strict.stderr).into_owned();
        for (kind, line) in &case.problems {
            let place = line.map_or(String::new(), |line| format!(":{line}"));
            assert!(told.contains(&format!("{}{place}: {kind}", case.name)), "{}: {told}", case.name);
        }
    }
}

/// A file of nothing but events has no plain text; what a server writes to its output has.
/// What a message of the server log quotes is told at its line; two logs in one file are none.
#[test]
fn audit_events_below_a_line_of_the_server_log() {
    let folder = tempfile::tempdir().unwrap();
    let event = String::from_utf8(good()).unwrap().lines().next().unwrap_or_default().to_owned();
    let first = "[2026-03-01T12:00:00,000][WARN ][r.suppressed] [n] path: /x, params: {q=";
    for (name, log, events, quoted) in [
        ("inside", format!("{first}\n{event}\n}}\n{first}}}\n"), 0, vec![2]),
        ("inside, then a log", format!("{first}\n{event}\n}}\n{first}}}\n{event}\n"), 1, vec![2]),
        ("behind", format!("{first}}}\n{event}\n{event}\n"), 2, vec![]),
        ("between", format!("{first}}}\n{event}\n{first}}}\n\tat org.x.Y(Z.java:1)\n"), 1, vec![]),
        ("before", format!("{event}\n{first}\n\tat org.x.Y(Z.java:1)\n"), 1, vec![]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &log).unwrap();
        for chunk in ["1", "1000000"] {
            let coverage = parsed(&run(&path, &["--chunk-size", chunk]), name).coverage;
            let told: Vec<_> = coverage.problems.iter().map(|problem| (problem.kind.as_str(), problem.line)).collect();
            let expected: Vec<_> = quoted.iter().map(|&line| ("quoted", Some(line))).collect();
            assert_eq!((coverage.audit_events, told), (events, expected), "{name}");
            let doubts =
                coverage.cannot_tell.iter().filter(|told| told.contains("whether nodes wrote all audit events"));
            assert_eq!(doubts.count(), usize::from(events > 0), "{name}");
        }
        let status = run(&path, &["--strict"]).status.code();
        assert_eq!(status, Some(if quoted.is_empty() { 0 } else { 2 }), "{name}");
    }
}

#[test]
fn text_is_broken_only_where_it_is_not_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let json = String::from_utf8(good()).unwrap();
    let wrap = |lines: &str| -> String {
        let object = |line: &str| serde_json::json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-03-01T12:00:00Z"});
        lines.lines().map(|line| format!("{}\n", object(line))).collect()
    };
    let cri = |lines: &str| -> String {
        lines.lines().map(|line| format!("2026-03-01T12:00:00.1Z stdout F {line}\n")).collect()
    };
    let compose = |lines: &str| -> String { lines.lines().map(|line| format!("es01-1  | {line}\n")).collect() };
    let text = "OpenJDK 64-Bit Server VM warning: x\n\tat org.elasticsearch.Foo(Foo.java:1)\n";
    let server = "[2026-03-01T12:00:00,000][WARN ][o.e.x.s.S] [n] thrown\n";
    let ecs = "{\"@timestamp\":\"2026-03-01T12:00:00.000Z\", \"log.level\":\"WARN\", \"message\":\"x\", \"elasticsearch.node.name\":\"n\"}\n";
    let deprecation = "[2026-03-01T12:00:00,000][CRITICAL][o.e.d.r.RestController] [n] deprecated\n";
    for (name, log, broken) in [
        ("json", format!("{json}{text}"), vec![9, 10]),
        ("text first", format!("{text}{json}"), vec![1, 2]),
        ("blank", format!("{json}\n  \n"), vec![]),
        ("json object", format!("{json}{{\"a\":1}}\n"), vec![]),
        ("deprecation", format!("{json}{deprecation}"), vec![]),
        ("server text", format!("{text}{json}{server}{text}"), vec![]),
        ("server json", format!("{text}{json}{ecs}"), vec![]),
        ("server only", format!("{server}{text}"), vec![]),
        ("docker", wrap(&format!("{text}{json}{text}")), vec![]),
        ("docker and text", format!("{}{text}", wrap(&format!("{json}{server}"))), vec![10, 11]),
        ("cri", cri(&format!("{text}{json}{server}{text}")), vec![]),
        ("cri and text", format!("{}{text}", cri(&json)), vec![9, 10]),
        ("compose", format!("Attaching to es01-1\n{}", compose(&format!("{json}{text}"))), vec![]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &log).unwrap();
        for chunk in ["1", "400", "1000000"] {
            let output = run(&path, &["--chunk-size", chunk, "--threads", "2"]);
            let coverage = parsed(&output, name).coverage;
            let found: Vec<_> = coverage.problems.iter().map(|problem| (problem.kind.as_str(), problem.line)).collect();
            let expected: Vec<_> = broken.iter().map(|&line| ("undecodable", Some(line))).collect();
            assert_eq!((found, coverage.undecodable_lines), (expected, broken.len() as u64), "{name}");
            assert!(coverage.reconciled && coverage.complete, "{name}");
        }
        let status = run(&path, &["--strict"]).status.code();
        assert_eq!(status, Some(if broken.is_empty() { 0 } else { 2 }), "{name}");
    }
}

#[test]
fn strict_is_the_same_for_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.json");
    std::fs::write(&path, b"{\"type\":\"audit\", \"timestamp\":\n").unwrap();
    let path = path.to_str().unwrap();
    for verb in [
        vec!["report", path],
        vec!["keys", path],
        vec!["events", path],
        vec!["timeline", path, "--principal", "kim"],
        vec!["scan", path, "-o", "-"],
    ] {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit")).args(&verb).arg("--strict").output();
        let done = done.unwrap();
        assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(2), &b""[..]), "{verb:?}");
        assert!(String::from_utf8_lossy(&done.stderr).contains("--strict"), "{verb:?}");
    }
}

#[test]
fn strict_says_nothing_of_clean_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clean");
    fs::write(&path, good()).unwrap();
    let output = run(&path, &["--strict"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty());
    let file = folder.path().join("out.json");
    fs::write(&path, [good(), b"{\"type\":\"audit\"".to_vec()].concat()).unwrap();
    let output = run(&path, &["--strict", "-o", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!file.exists());
}

#[test]
fn problems_are_all_counted_and_some_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad");
    fs::write(&path, [good(), b"{\"type\":\"audit\", broken\n".repeat(500)].concat()).unwrap();
    for (limit, listed) in [("3", 3), ("0", 0), ("1000", 500)] {
        let report = parsed(&run(&path, &["--problems", limit]), limit);
        assert_eq!(report.coverage.problems_total, 500);
        assert_eq!((report.coverage.problems.len(), report.coverage.complete), (listed, listed == 500));
    }
    let strict = run(&path, &["--problems", "2", "--strict"]);
    assert!(String::from_utf8_lossy(&strict.stderr).contains("and 498 more"), "{strict:?}");
}

#[test]
fn names_that_are_not_utf8_are_counted_by_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names");
    let name = |bytes: &[u8], number| {
        let mut line = replaced(&line(number), "\"user.name\":\"", &[b"\"user.name\":\"", bytes].concat());
        line.push(b'\n');
        line
    };
    fs::write(&path, [name(b"\x81", 1), name(b"\x8d", 2), name(b"\x81", 3)].concat()).unwrap();
    let report = parsed(&run(&path, &[]), "names");
    assert_eq!(report.totals.principals, 2);
    let counts: Vec<u64> = report.groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [2, 1]);
    assert!(report.groups.get(0).unwrap().principal.as_ref().unwrap().contains('\u{fffd}'));
}

#[test]
fn names_of_windows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let name = |bytes: &[u8], number| {
        let line = replaced(&line(number), "\"user.name\":\"", &[b"\"user.name\":\"", bytes].concat());
        [&line[..], b"\n"].concat()
    };
    fs::write(folder.path().join("windows"), [name(b"J\xfcrgen ", 1), name(b"J\xfcrgen ", 2)].concat()).unwrap();
    fs::write(folder.path().join("utf8"), name("J\u{fc}rgen ".as_bytes(), 3)).unwrap();
    let report = parsed(&run(folder.path(), &[]), "names");
    let groups: Vec<_> = report.groups.iter().map(|group| (group.principal.clone().unwrap(), group.count)).collect();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert!(groups[0].0.starts_with("J\u{fc}rgen ") && groups[0].1 == 3, "{groups:?}");
    assert_eq!(parsed(&run(folder.path(), &["--principal", "J\u{fc}rgen*"]), "filter").totals.failed_attempts, 3);
    assert!(report.coverage.problems.iter().any(|problem| problem.kind == "invalid_utf8"));
}

fn mkfifo(path: &Path) -> bool {
    Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())
}

#[test]
fn special_files_are_skipped_in_a_folder_and_read_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good"), good()).unwrap();
    let fifo = folder.path().join("fifo");
    if !mkfifo(&fifo) {
        assert!(std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "no mkfifo");
        return;
    }
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    let output = run(folder.path(), &[]);
    let report = parsed(&output, "folder");
    assert_eq!(report.coverage.audit_events, 8);
    let found: Vec<_> = report
        .coverage
        .problems
        .iter()
        .map(|problem| (problem.path.rsplit('/').next().unwrap(), problem.kind.as_str()))
        .collect();
    assert_eq!(found, [("dangling", "unreadable"), ("fifo", "not_a_log"), ("zero", "not_a_log")]);
    assert!(report.coverage.problems[1].message.contains("FIFO"));
    assert!(report.coverage.problems[2].message.contains("device"));

    let child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", fifo.to_str().unwrap(), "--format", "json", "--manifest"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Two writers, one after the other, would be two inputs: the end of the first is the end.
    let mut pipe = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    for piece in good().chunks(100) {
        pipe.write_all(piece).unwrap();
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let report = parsed(&output, "fifo");
    assert_eq!((output.status.code(), report.coverage.audit_events), (Some(0), 8));
    let stored = &report.manifest.unwrap().inputs[0];
    assert_eq!(stored.sha256, Some(esaudit::internals::manifest::sha256(&good())));
    assert_eq!((stored.size, stored.modified.as_deref()), (Some(good().len() as u64), None));
}

#[test]
fn what_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good"), good()).unwrap();
    let closed = folder.path().join("closed");
    fs::write(&closed, good()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    // Whoever may read everything cannot see this.
    let may_read = fs::File::open(&closed).is_ok();
    let missing = folder.path().join("missing");
    let paths = [folder.path().to_str().unwrap(), missing.to_str().unwrap()];
    let output = esaudit(&["report", paths[0], paths[1], "--format", "json"]);
    let report = parsed(&output, "closed");
    assert_eq!(output.status.code(), Some(2));
    let expected = if may_read { vec!["missing"] } else { vec!["closed", "missing"] };
    let found: Vec<_> =
        report.coverage.problems.iter().map(|problem| problem.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(found, expected);
    assert!(report.coverage.problems.iter().all(|problem| problem.kind == "unreadable"));
}

#[test]
fn a_bomb_is_cut_and_what_came_before_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = [good(), vec![b'a'; 20_000_000]].concat();
    let mut zip = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut zip);
    let (mut entry, config) = archive.new_file("bomb").start().unwrap();
    let mut plain = config.wrap(std::io::sink());
    plain.write_all(&gzip(&bomb)).unwrap();
    let (_, descriptor) = plain.finish().unwrap();
    entry.write_all(&gzip(&bomb)).unwrap();
    entry.finish(descriptor).unwrap();
    archive.finish().unwrap();
    for (name, bytes) in [("bomb.gz", gzip(&bomb)), ("twice.gz", gzip(&gzip(&bomb))), ("bomb.zip", zip)] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let output = run(&path, &["--max-decompressed", "1M"]);
        let report = parsed(&output, name);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert_eq!(report.coverage.audit_events, 8, "{name}");
        assert!(report.coverage.inputs.iter().all(|input| input.bytes <= 1 << 20), "{name}");
        let kinds: Vec<_> = report.coverage.problems.iter().map(|problem| problem.kind.as_str()).collect();
        assert!(kinds.contains(&"decompression_limit"), "{name}: {kinds:?}");
        let output = run(&path, &["--max-decompressed", "100M"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {:?}", parsed(&output, name).coverage.problems);
    }
    for wrong in ["x", "-1", "1Q", ""] {
        let output = run(&folder.path().join("bomb.gz"), &[&format!("--max-decompressed={wrong}")]);
        assert_eq!(output.status.code(), Some(64), "{wrong}");
    }
}

#[test]
fn a_device_is_not_read_for_ever() {
    let output = run(Path::new("/dev/zero"), &[]);
    let report = parsed(&output, "device");
    let problem = &report.coverage.problems[0];
    assert_eq!((output.status.code(), problem.kind.as_str()), (Some(2), "unreadable"));
    assert!(problem.message.contains("device") && !report.coverage.complete, "{problem:?}");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (log, fifo) = (folder.path().join("a.json"), folder.path().join("b.fifo"));
    fs::write(&log, good()).unwrap();
    if !mkfifo(&fifo) {
        assert!(std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "no mkfifo");
        return;
    }
    // The run lasts as long as the FIFO is open.
    let paths = [log.to_str().unwrap(), fifo.to_str().unwrap()];
    let child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", paths[0], paths[1], "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    pipe.write_all(&good()).unwrap();
    let mut grown = fs::OpenOptions::new().append(true).open(&log).unwrap();
    grown.write_all(&good()).unwrap();
    drop((pipe, grown));
    let report = parsed(&child.wait_with_output().unwrap(), "grown");
    let problem = report.coverage.problems.iter().find(|problem| problem.kind == "changed").unwrap();
    assert!(problem.path == paths[0] && problem.message.contains("grew"), "{problem:?}");
}

/// Archives that come through a pipe wait in a temporary file: whoever has no room for it must know where.
#[test]
fn a_missing_temporary_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, zip) = (folder.path().join("missing"), folder.path().join("a.zip"));
    // The end of an archive without members is one.
    std::fs::write(&zip, [&b"PK\x05\x06"[..], &[0; 18]].concat()).unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", "-", "--format", "json"])
        .env("TMPDIR", &missing)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), &std::fs::read(&zip)?)?;
            child.wait_with_output()
        })
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(told.contains("set TMPDIR to a folder with room") && told.contains(missing.to_str().unwrap()), "{told}");
}
