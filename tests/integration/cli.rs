//! The program from outside: what it accepts, what it refuses, how it ends, and that log text never reaches a terminal
//! raw.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use esaudit::internals::model::Report;

use test_support::line::{Line, failed};
use test_support::{Inputs, assert_equal, ended, esaudit, gzip, report};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn parsed(output: &Output) -> Report {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// One file `a.json` with one failure.
fn one() -> Inputs {
    Inputs::of(&[("a.json", &[failed(0, "r")])])
}

#[test]
fn wrong_usage_is_64_and_says_what_is_wrong() {
    let inputs = one();
    let path = inputs.path().to_str().unwrap();
    for (arguments, about) in [
        (&[][..], "report"),
        (&["report"], "PATH"),
        (&["nonsense"], "nonsense"),
        (&["report", path, "--no-such-option"], "--no-such-option"),
        (&["report", path, "--format", "yaml"], "yaml"),
        (&["report", path, "--by", "colour"], "colour"),
        (&["report", path, "--top", "many"], "many"),
        (&["report", path, "--assume-tz", "Europe/Atlantis"], "Atlantis"),
        (&["report", path, "--chunk-size", "-1"], "-1"),
    ] {
        let output = esaudit(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).contains(about), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?} writes no report");
    }
}

#[test]
fn help_and_version_are_successes_on_standard_output() {
    for (arguments, about) in [
        (&["--help"][..], "report"),
        (&["report", "--help"], "--assume-tz"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = esaudit(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(about) && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_reported() {
    let inputs = one();
    let good = inputs.path().join("a.json");
    let missing = inputs.path().join("missing.json");
    let paths = [missing.to_str().unwrap(), good.to_str().unwrap()];
    let output = esaudit(&["report", "--format", "json", paths[0], paths[1]]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report = parsed(&output);
    assert_eq!(report.totals.failed_attempts, 1);
    assert!(report.coverage.problems.iter().any(|problem| problem.path == paths[0] && problem.kind == "unreadable"));
    let table = esaudit(&["report", "--format", "table", paths[0], paths[1]]);
    assert_eq!(table.status.code(), Some(2));
    let table = text(&table.stdout);
    assert!(table.contains("kim") && table.contains("missing.json"), "{table}");
}

#[test]
fn a_file_without_permission_is_named_and_the_rest_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let mut inputs = one();
    let locked = inputs.add("locked.json", b"{}\n");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&locked).is_ok() {
        // The superuser reads everything.
        return;
    }
    let output = esaudit(&["report", "--format", "json", inputs.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report = parsed(&output);
    assert_eq!(report.totals.failed_attempts, 1);
    let path = locked.to_str().unwrap();
    assert!(report.coverage.problems.iter().any(|problem| problem.path == path && problem.kind == "unreadable"));
}

#[test]
fn a_damaged_gzip_stream_is_used_as_far_as_it_goes() {
    let lines: Vec<String> = (0..2000).map(|at| failed(at, &format!("request-{at}"))).collect();
    let zipped = gzip(&ended(&lines));
    let mut inputs = Inputs::new();
    let path = inputs.add("a.json.gz", &zipped[..zipped.len() / 2]);
    let output = esaudit(&["report", "--format", "json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report = parsed(&output);
    let input = &report.coverage.inputs[0];
    assert!(input.truncated && input.error.is_some(), "{input:?}");
    let count = report.totals.failed_attempts;
    assert!(0 < count && count < 2000, "{count} attempts of half a file");
}

#[test]
fn files_that_are_no_logs_are_counted_and_are_no_error() {
    let mut inputs = one();
    inputs.add("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    inputs.add("notes.txt", b"nothing to see\n");
    inputs.add("empty", b"");
    assert_equal(&inputs.both(&[]), "files of all kinds");
    let report = inputs.report(&[]);
    assert_eq!(report.coverage.inputs.len(), 4);
    assert_eq!(report.totals.failed_attempts, 1);
}

#[test]
fn bad_lines_are_counted_named_and_no_error() {
    let lines = [failed(0, "r"), failed(1, "s")[..50].to_owned(), failed(2, "t")];
    let report = Inputs::of(&[("a.json", &lines)]).report(&[]);
    assert_eq!((report.coverage.undecodable_lines, report.totals.failed_attempts), (1, 2));
    assert_eq!(report.coverage.problems[0].line, Some(2));
}

#[test]
fn folders_globs_and_names_lead_to_the_same_files() {
    let line = |request: &str| ended(&[failed(0, request)]);
    let mut inputs = Inputs::new();
    inputs.add("logs/a.json", &line("1"));
    inputs.add("logs/deep/er/b.json", &line("2"));
    inputs.add_gzip("logs/deep/c.gz", &line("3"));
    let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    let count = |names: &[&str]| {
        let paths: Vec<String> = names.iter().map(|name| path(name)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let report = report(&paths, &[]);
        assert_eq!(report.coverage.duplicates, 0, "{names:?}");
        (report.coverage.inputs.len(), report.totals.failed_attempts)
    };
    assert_eq!(count(&["logs"]), (3, 3));
    assert_eq!(count(&["logs/*.json"]), (1, 1));
    assert_eq!(count(&["logs/**/*.json"]), (2, 2));
    assert_eq!(count(&["logs/deep/?.gz", "logs/[ab].json"]), (2, 2));
    assert_eq!(count(&["logs", "logs/a.json", "logs/*.json", "logs/deep"]), (3, 3));
    let nothing = esaudit(&["report", &path("logs/*.none")]);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
}

#[test]
fn symbolic_links_are_followed_once() {
    use std::os::unix::fs::symlink;
    let mut inputs = Inputs::new();
    inputs.add("logs/deep/a.json", &ended(&[failed(0, "r")]));
    let at = |name: &str| inputs.path().join(name);
    symlink(at("logs"), at("logs/deep/loop")).unwrap();
    symlink("a.json", at("logs/deep/again.json")).unwrap();
    let report = inputs.report(&[]);
    assert_eq!(report.coverage.inputs.len(), 1);
    assert_eq!((report.totals.failed_attempts, report.coverage.duplicates), (1, 0));
}

/// Runs with bytes on standard input.
fn with_input(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn standard_input_is_read_plain_and_compressed() {
    let lines: Vec<String> = (0..500).map(|at| failed(at, &format!("r{at}"))).collect();
    let bytes = ended(&lines);
    for input in [bytes.clone(), gzip(&bytes), [gzip(&bytes[..1000]), gzip(&bytes[1000..])].concat()] {
        let output = with_input(&["report", "--format", "json", "--chunk-size", "300", "-"], &input);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report = parsed(&output);
        assert_eq!(report.totals.failed_attempts, 500);
        assert_eq!(report.coverage.inputs[0].path, "-");
    }
    let empty = with_input(&["report", "--format", "json", "-"], b"");
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
    assert_eq!(parsed(&empty).coverage.lines, 0);
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let users = (0..3000).map(|at| Line::new(at, "authentication_failed").user(&format!("user-{at}")).end());
    let inputs = Inputs::of(&[("a.json", &users.collect::<Vec<String>>()[..])]);
    for format in ["json", "table"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args(["report", "--top", "0", "--format", format])
            .arg(inputs.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut start = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {output:?}");
        assert!(output.stderr.is_empty(), "{format}: {output:?}");
    }
}

#[test]
fn hostile_text_reaches_no_terminal_raw() {
    let hostile =
        "\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u{9b}31m\u{202e}evil\u{2066}\u{200f}\u{2028}\u{0}\u{8}\u{feff}\u{e0041}";
    let mut lines = Vec::new();
    for action in ["authentication_failed", "access_granted", "invalidate_apikeys", "create_apikey"] {
        let line = Line::on("n\\u001b[1m\\u202e", 0, action).user(hostile).from(hostile).request(hostile);
        let line = line.text("node.name", hostile).text("user.realm", hostile).text("url.path", hostile);
        let line = line.text("action", "cluster:admin/xpack/security/api_key/invalidate");
        let body = serde_json::json!({"apikeys": {"ids": [hostile], "name": hostile, "user": {"name": hostile}}});
        lines.push(line.raw("invalidate", &body.to_string()).end());
    }
    lines.push(Line::new(0, "realm_authentication_failed").user(hostile).realm(hostile).request(hostile).end());
    lines.push(Line::new(0, "\\u001b[31m\\u202e").end());
    lines.push(format!("{{\"type\":\"audit\", {hostile}"));
    lines.push(hostile.to_owned());
    let mut inputs = Inputs::of(&[("a.json", &lines[..])]);
    inputs.add("evil\u{1b}[31m\u{202e}.json", &ended(&lines));
    let missing = inputs.path().join("no\u{1b}[31m\u{202e}.json");
    for options in [
        &["--format", "json"][..],
        &["--format", "table", "--top", "0"],
        &["--format", "table", "--by", "source,node,action,path"],
    ] {
        let paths = [inputs.path().to_str().unwrap(), missing.to_str().unwrap()];
        let output = esaudit(&[&["report"], options, &paths].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        for (stream, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
            let shown = text(bytes);
            let raw: Vec<char> = shown.chars().filter(|&letter| is_dangerous(letter)).collect();
            assert!(raw.is_empty(), "{options:?}: {raw:?} on {stream}: {shown:?}");
        }
    }
    let output = esaudit(&["report", "--format", "json", inputs.path().to_str().unwrap()]);
    let principals: Vec<_> = parsed(&output).groups.iter().filter_map(|group| group.principal).collect();
    assert_eq!(principals, [hostile], "whoever parses the JSON gets the text itself");
}

fn is_dangerous(letter: char) -> bool {
    (letter.is_control() && letter != '\n')
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || letter >= '\u{e0000}'
}

#[test]
fn the_table_cuts_at_top_and_the_json_does_only_when_asked() {
    let users = (0..30).map(|at| Line::new(at, "authentication_failed").user(&format!("user-{at:02}")).end());
    let inputs = Inputs::of(&[("a.json", &users.collect::<Vec<String>>()[..])]);
    assert_eq!(inputs.report(&[]).groups.len(), 30);
    assert_eq!(inputs.report(&["--top", "7"]).groups.len(), 7);
    assert_eq!(inputs.report(&["--top", "0"]).groups.len(), 30);
    // What was left out of an answer is said where programs look.
    assert_eq!(
        ["7", "29", "30", "0"].map(|top| inputs.report(&["--top", top]).coverage.complete),
        [false, false, true, true]
    );
    let path = inputs.path().to_str().unwrap();
    let shown = |options: &[&str]| {
        let table = text(&esaudit(&[&["report", path], options].concat()).stdout);
        (0..30).filter(|at| table.contains(&format!("user-{at:02}"))).count()
    };
    assert_eq!((shown(&[]), shown(&["--top", "7"]), shown(&["--top", "0"])), (20, 7, 30));
}

#[test]
fn by_chooses_the_grouping() {
    let lines: Vec<String> = (0..12)
        .map(|at| {
            let line = Line::on(&format!("n{}", at % 2), at, "authentication_failed").user(&format!("u{}", at % 3));
            line.from(&format!("10.0.0.{}:1", at % 4)).text("url.path", &format!("/{}", at % 6)).end()
        })
        .collect();
    let inputs = Inputs::of(&[("a.json", &lines[..])]);
    for (by, groups) in [
        ("principal", 3),
        ("source", 4),
        ("node", 2),
        ("path", 6),
        ("action", 1),
        ("reason", 1),
        ("realm-chain", 1),
        ("principal,source", 12),
    ] {
        let report = inputs.report(&["--by", by]);
        assert_eq!(report.groups.len(), groups, "--by {by}");
        assert_eq!(report.groups.iter().map(|group| group.count).sum::<u64>(), 12, "--by {by}");
    }
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let help = |arguments: &[&str], out: std::process::Stdio| {
        std::process::Command::new(env!("CARGO_BIN_EXE_esaudit")).args(arguments).stdout(out).status().unwrap().code()
    };
    for arguments in [&["--help"][..], &["report", "--help"], &["--version"], &["report", "--print-config"]] {
        assert_eq!(help(arguments, full.try_clone().unwrap().into()), Some(2), "{arguments:?}");
        assert_eq!(help(arguments, std::process::Stdio::null()), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_named_socket_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("log.json");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let output = esaudit(&["report", socket.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!((output.status.code(), told.contains("a socket")), (Some(2), true), "{told}");
}
