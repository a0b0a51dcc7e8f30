//! Text that an attacker chose, at every place of every output; and names made to cost time.

use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use esaudit::internals::document::formats::{Form, Style, View, offered};
use esaudit::internals::escape::is_hidden;
use esaudit::internals::model::Report;

use test_support::line::Line;
use test_support::{Inputs, ended, esaudit};

/// What must not reach a reader as it is.
fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
        "\u{1b}]8;;http://evil.example\u{1b}\\link",
        "nimda\u{202e}txt.exe\u{2066}\u{2069}\u{200f}",
        "zero\u{200b}width\u{feff}\u{e0041}",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\"><svg/onload=alert(1)>",
        "</script><!--",
        "&lt;already&amp;",
        "javascript:alert(1)",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "\t=1",
        "a\",\"b\r\n=c",
        "| a | b |\n|---|---|",
        "[x](javascript:alert(1)) ![y](http://evil.example/y.png)",
        "`code` **bold** <b> # title",
        "{\"type\":\"audit\"}",
        "\\\",\"role\":\"admin",
        "\\u0000\u{0}",
        ".*(a+)+$[",
        "%s%n%x{}{0}$(id)`id`",
        "../../etc/passwd",
        "line\nline\r\nline\u{2028}line\u{85}line",
    ]
    .map(str::to_owned)
    .to_vec();
    // Longer than anything that is shown; the longest names are those of the flood.
    texts.push("long".repeat(2 << 10));
    texts.push("\u{301}".repeat(500));
    texts
}

/// Every text in every member that any output shows.
fn logs(texts: &[String]) -> Inputs {
    let mut lines = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let at = at as i64 * 60_000;
        let request = format!("r{at}");
        let place = |line: Line| line.text("node.name", text).text("x_forwarded_for", text).text("url.path", text);
        lines.push(
            Line::on(&format!("n{}", at % 3), at, "realm_authentication_failed")
                .user(text)
                .realm(text)
                .request(&request)
                .end(),
        );
        for step in 0..8 {
            let line = Line::on(&format!("n{}", at % 3), at + step, "authentication_failed").user(text).from(text);
            lines.push(place(line).request(&format!("{request}{}", if step == 0 { "" } else { text })).end());
        }
        lines.push(place(Line::on("n0", at + 20, "anonymous_access_denied").from(text)).end());
        let change = r#"{"apikeys":{"ids":[TEXT],"user":{"name":TEXT,"realm":TEXT}}}"#;
        let quoted = serde_json::Value::from(text.as_str()).to_string();
        lines.push(
            Line::on("n0", at + 30, "invalidate_apikeys")
                .raw("invalidate", &change.replace("TEXT", &quoted))
                .request(text)
                .end(),
        );
        lines.push(
            Line::on("n0", at + 31, "access_granted")
                .user(text)
                .text("user.realm", text)
                .text("apikey.id", text)
                .text("apikey.name", text)
                .text("action", "cluster:admin/xpack/security/api_key/invalidate")
                .from(text)
                .request(text)
                .end(),
        );
        lines.push(Line::on("n0", at + 40, text).user(text).end());
    }
    let mut inputs = Inputs::new();
    inputs.add("=cmd<b>\u{202e}\u{1b}[31m.json", &ended(&lines));
    inputs
}

fn harmless(name: &str, text: &str) {
    for (number, line) in text.split('\n').enumerate() {
        // CSV ends its lines so.
        let line = if name == "csv" || name.contains("csv") { line.strip_suffix('\r').unwrap_or(line) } else { line };
        let hidden = line.chars().find(|&c| is_hidden(c));
        assert_eq!(hidden, None, "{name}, line {}: {:?}", number + 1, line.chars().take(300).collect::<String>());
    }
}

#[test]
fn nothing_hostile_comes_out_of_any_renderer() {
    let texts = corpus();
    let inputs = logs(&texts);
    let report = inputs.report(&["--by", "principal,realm-chain,reason,source,node,action,path"]);
    assert!(report.totals.failed_attempts as usize >= texts.len() * 8);
    // Nothing is lost or joined by escaping.
    assert_eq!(report.totals.principals as usize, texts.len());
    let mut style = Style { width: 120, ..Style::default() };
    for format in offered(&[Form::Json, Form::Lines]) {
        for unicode in [true, false] {
            style.unicode = unicode;
            let view = View { style, top: Some(None), ..View::default() };
            let mut out = Vec::new();
            format.write(&report, &view, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let name = format.name;
            harmless(name, &text);
            if name != "html" {
                continue;
            }
            for script in ["<script>alert", "<img", "<svg/onload", "</script><!--"] {
                assert!(!text.contains(script), "{script} in {name}");
            }
        }
    }
}

#[test]
fn cells_of_csv_are_no_formulas() {
    let inputs = logs(&corpus());
    let path = inputs.path().to_str().unwrap().to_owned();
    for arguments in
        [vec!["report", path.as_str(), "--format", "csv"], vec!["events", path.as_str(), "--format", "csv"]]
    {
        let output = esaudit(&arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.len() > 1000, "{arguments:?}");
        // A spreadsheet takes a cell that begins so for a formula, quoted or not; numbers are none.
        for cell in text.lines().flat_map(|line| line.split(',')) {
            let cell = cell.trim_matches('"');
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
            assert!(!formula || cell == "-", "{arguments:?}: {cell:?}");
        }
    }
}

#[test]
fn every_verb_escapes_what_it_shows() {
    let inputs = logs(&corpus());
    let path = inputs.path().to_str().unwrap().to_owned();
    let report = inputs.path().parent().unwrap().join(format!("hostile-{}.json", std::process::id()));
    fs::write(&report, esaudit(&["report", &path, "--format", "json", "--manifest"]).stdout).unwrap();
    let file = report.to_str().unwrap();
    let (part, page) = (report.with_extension("part"), report.with_extension("html"));
    let (part, page) = (part.to_str().unwrap(), page.to_str().unwrap());
    assert!(esaudit(&["scan", &path, "-o", part]).status.success());
    let verbs = [
        (vec!["report", path.as_str()], &[Form::Json, Form::Lines, Form::EcsBulk, Form::Navigator, Form::Stix][..]),
        (vec!["keys", path.as_str()], &[Form::Json]),
        (vec!["events", path.as_str()], &[Form::Lines, Form::Timesketch, Form::EcsBulk]),
        (vec!["timeline", path.as_str(), "--source", "*"], &[Form::Json]),
        (vec!["impact", path.as_str(), "--source", "*"], &[Form::Json]),
        (vec!["show", "G1", "--report", file, "--context", "3"], &[Form::Json]),
        (vec!["verify", file, path.as_str()], &[Form::Json]),
        (vec!["diff", file, file], &[Form::Json]),
        (vec!["explain"], &[Form::Json]),
        (vec!["merge", part], &[Form::Json, Form::Lines]),
    ];
    let mut runs = Vec::new();
    for (verb, forms) in &verbs {
        for format in offered(forms) {
            runs.push([&verb[..], &["--format", format.name, "--top", "0"]].concat());
        }
    }
    runs.extend([
        vec!["report", path.as_str(), "--strict"],
        vec!["report", path.as_str(), "--verbose", "-o", page],
        vec!["report", path.as_str(), "--principal", "nobody\u{1b}[31m\u{202e}"],
        vec!["report", "no\u{1b}[31m\u{202e}file"],
    ]);
    let texts = corpus();
    // No argument holds a NUL byte.
    for text in texts.iter().filter(|text| !text.contains('\0')) {
        runs.push(vec!["timeline", path.as_str(), "--principal", text]);
    }
    for arguments in runs {
        let output = esaudit(&arguments);
        let name = if arguments.contains(&"csv") || arguments.contains(&"timesketch") { "csv" } else { arguments[0] };
        harmless(name, &String::from_utf8(output.stdout).unwrap());
        harmless(name, &String::from_utf8(output.stderr).unwrap());
    }
    for path in [part, page] {
        fs::remove_file(path).unwrap();
    }
    fs::remove_file(report).unwrap();
}

/// So many principals, and as many sources.
const FLOOD: usize = 150_000;

/// A name that no other number has: one that collides in hashes without a seed, such as those of old Java and of FNV, one
/// that reads like a pattern, or one of 64 KB.
fn name(number: usize) -> String {
    match number {
        _ if number % 3_000 == 2 => format!("{}{number}", "n".repeat(64 << 10)),
        _ if number % 7 == 1 => format!(r"^(a+)+$|.*[{number}]{{{number},}}\\"),
        _ => (0..20).map(|bit| if number >> bit & 1 == 0 { "Aa" } else { "BB" }).collect(),
    }
}

/// Writes one failure of each name, from an address of its own.
fn flood(path: &Path) {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    let text = |text: &str| serde_json::Value::from(text).to_string();
    for at in 0..FLOOD {
        let (seconds, millis) = (at / 1000, at % 1000);
        writeln!(
                out,
                r#"{{"type":"audit", "timestamp":"2026-03-01T12:{:02}:{:02},{millis:03}+0000", "node.id":"n1", "event.type":"rest", "event.action":"authentication_failed", "user.name":{}, "origin.address":"10.{}.{}.{}:5", "request.id":"r{at}"}}"#,
                seconds / 60,
                seconds % 60,
                text(&name(at)),
                at >> 16,
                at >> 8 & 255,
                at & 255,
            )
            .unwrap();
    }
    out.flush().unwrap();
}

/// Runs to the end; gives the report, and the most memory that was used at one time, where that can be known.
fn measured(arguments: &[&str]) -> (Report, Option<u64>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let peak = std::thread::spawn(move || {
        let mut peak = None;
        while let Ok(status) = fs::read_to_string(&status) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            // What has ended has no memory any more.
            let Some(kilobytes) = line.and_then(|line| line.trim().strip_suffix(" kB")) else { break };
            peak = Some(kilobytes.parse::<u64>().unwrap() << 10);
            std::thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let mut text = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    (serde_json::from_slice(&text).unwrap(), peak.join().unwrap())
}

#[test]
fn a_flood_of_names_is_counted_exactly_in_bounded_time_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flood.json");
    flood(&path);
    let run = |options: &[&str]| {
        let since = Instant::now();
        let path = path.to_str().unwrap();
        let (report, peak) = measured(&[&["report", path, "--format", "json", "--top", "10"], options].concat());
        // Without optimisation some 10 seconds of two processors; quadratic work would take an hour.
        assert!(since.elapsed() < Duration::from_secs(200), "{options:?}: {:?}", since.elapsed());
        let (totals, coverage) = (&report.totals, &report.coverage);
        let flood = FLOOD as u64;
        assert_eq!((totals.failed_attempts, totals.principals, totals.sources), (flood, flood, flood));
        assert_eq!((coverage.lines, coverage.audit_events), (flood, flood));
        assert_eq!(coverage.actions.get("authentication_failed"), Some(&flood));
        assert!(coverage.reconciled, "{:?}", coverage.problems);
        // Of the groups ten are listed.
        assert!(!coverage.complete);
        let in_timeline: u64 = report.timeline.buckets.iter().map(|bucket| bucket.authentication_failed).sum();
        assert_eq!(in_timeline, flood);
        (report, peak)
    };
    let (whole, peak) = std::thread::scope(|scope| {
        let whole = scope.spawn(|| run(&["--threads", "1"]));
        let (short, peak) = run(&["--threads", "1", "--max-memory", "80M"]);
        assert!(peak.is_none_or(|peak| peak < 80 << 20), "{peak:?}");
        let left_out = short.coverage.counted_only.map_or(0, |counted| counted.attempts);
        assert!(left_out > 0 && short.coverage.cannot_tell[0].contains(&left_out.to_string()));
        whole.join().unwrap()
    });
    assert_eq!(whole.groups_total, FLOOD as u64);
    assert_eq!(whole.coverage.counted_only, None);
    assert!(whole.groups.len() == 10 && whole.groups.iter().all(|group| group.count == 1));
    assert!(peak.is_none_or(|peak| peak < 150 << 20), "{peak:?}");
}
