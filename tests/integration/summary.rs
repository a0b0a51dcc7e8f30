//! What a terminal shows first: it fits the screen whatever was found, and says how to get at the rest.

use std::path::Path;
use std::process::{Command, Stdio};

use esaudit::internals::document::formats::{FindingsTold, Results, Screenful, format};
use esaudit::internals::document::terminal::width;
use esaudit::{Options, Report, Request, Style, View, analyze};
use test_support::esaudit;

fn incident() -> Report {
    analyze(Request::of(["testdata/incident"], Options::default())).unwrap().report
}

fn written(report: &Report, view: &View<'_>) -> String {
    let mut out = Vec::new();
    format("table").unwrap().write(report, view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn fitted(report: &Report, columns: usize, rows: usize) -> String {
    let style = Style { width: columns, ..Style::default() };
    let screen = Some(Screenful { rows, command: "esaudit report logs" });
    written(report, &View { style, screen, ..View::default() })
}

/// The findings of a report, so many times.
fn many(report: &Report, times: usize) -> Report {
    let mut many = report.clone();
    many.findings = (0..times).flat_map(|_| report.findings.iter().cloned()).collect();
    for (at, finding) in many.findings.iter_mut().enumerate() {
        finding.id = format!("F{}", at + 1);
    }
    many
}

#[test]
fn a_summary_fits_every_screen() {
    let report = incident();
    let mut none = report.clone();
    none.findings.clear();
    for report in [&report, &many(&report, 2), &many(&report, 1_000), &none] {
        for (columns, rows) in [(60, 24), (80, 24), (80, 43), (120, 40), (200, 50)] {
            let shown = fitted(report, columns, rows);
            assert!(shown.lines().count() <= rows - 2, "{columns}x{rows}:\n{shown}");
            assert!(shown.lines().all(|line| width(line) <= columns), "{columns}x{rows}:\n{shown}");
            let first = if report.findings.is_empty() { "--full" } else { "--finding F1" };
            assert!(shown.contains(&format!("Next      esaudit report logs {first}")), "{shown}");
            assert!(shown.trim_end().lines().rev().take(3).any(|line| line.contains("More")), "{shown}");
        }
    }
}

/// The README shows a summary, which no pipe does.
#[test]
fn the_readme_shows_the_summary_of_the_incident() {
    let style = Style { width: 80, ..Style::default() };
    let screen = Some(Screenful { rows: 24, command: "esaudit report testdata/incident" });
    let shown = written(&incident(), &View { style, screen, ..View::default() });
    let readme = std::fs::read_to_string("README.md").unwrap();
    let (before, from) = readme.split_once("```text\n").unwrap();
    let (stands, after) = from.split_once("```").unwrap();
    if std::env::var_os("ESAUDIT_UPDATE_README").is_some() {
        std::fs::write("README.md", format!("{before}```text\n{shown}```{after}")).unwrap();
        return;
    }
    assert_eq!(stands, shown, "ESAUDIT_UPDATE_README=1 renews it");
}

#[test]
fn hostile_findings_come_first_and_like_ones_are_folded() {
    let mut report = incident();
    // The least severe is an attack, the most severe is not.
    let last = report.findings.len() - 1;
    report.findings[0].verdict = "operational".to_owned();
    report.findings[last].verdict = "hostile".to_owned();
    let shown = fitted(&report, 100, 40);
    let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text}: {shown}"));
    assert!(at("F6  ") < at("F1  "), "{shown}");
    let flood = fitted(&many(&incident(), 1_000), 100, 40);
    assert!(flood.contains("1,000 alike:"), "{flood}");
}

#[test]
fn the_verdict_says_no_more_than_the_findings() {
    let mut report = incident();
    let verdict = |report: &Report| fitted(report, 200, 50).lines().nth(4).unwrap().trim().to_owned();
    assert!(
        verdict(&report).starts_with("Somebody got in: rosa.moreau1 taken over from 198.18.2.140, in since 12:53:19;")
    );
    report.findings.remove(0);
    assert!(verdict(&report).starts_with("An attack: 19 accounts"), "{}", verdict(&report));
    assert!(
        verdict(&report).contains("; nobody is seen to get in; also 1 unclear and 3 operational"),
        "{}",
        verdict(&report)
    );
    report.findings[0].kind = "suspicious_access".to_owned();
    assert!(verdict(&report).starts_with("Somebody seems to be in: 19 accounts"), "{}", verdict(&report));
    report.findings[0].kind = "password_spraying".to_owned();
    report.base_rate = None;
    assert!(verdict(&report).contains("whether anybody got in cannot be told"), "{}", verdict(&report));
    report.findings[0].verdict = "unclear".to_owned();
    assert!(verdict(&report).starts_with("Nothing is certainly an attack; 2 findings may be one"));
    report.findings.retain(|finding| finding.kind != "missing_credentials");
    assert!(verdict(&report).starts_with("Nothing is certainly an attack; to be looked at: 19 accounts"));
    report.findings.retain(|finding| finding.verdict == "operational");
    assert_eq!(verdict(&report), "No attack is seen; 3 findings are about what is broken.");
    report.findings.clear();
    assert!(verdict(&report).starts_with("Nothing matches a known pattern among 787 failed attempts"));
    assert!(
        verdict(&report).contains("; most often svc-exporter-617 (480 times), and from 10.40.3.38 (240 times)."),
        "{}",
        verdict(&report)
    );
    report.coverage.audit_events = 0;
    assert!(verdict(&report).starts_with("No verdict: there is no audit log"), "{}", verdict(&report));
}

#[test]
fn findings_are_told_whole_when_named() {
    let path = "testdata/incident";
    let output = esaudit(&["report", path, "--finding", "f5", "--finding", "F1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let at = |id: &str| text.find(&format!("\n  {id}  ")).unwrap();
    assert!(at("F5") < at("F1") && !text.contains("F2  ") && !text.contains("more with"), "{text}");
    let wrong = esaudit(&["report", path, "--finding", "F77"]);
    assert!(wrong.stdout.is_empty() && String::from_utf8_lossy(&wrong.stderr).contains("there are 6"), "{wrong:?}");
    assert_eq!(wrong.status.code(), Some(2));
    let data = esaudit(&["report", path, "--finding", "F1", "--format", "json"]);
    assert_eq!(data.status.code(), Some(64), "{data:?}");

    let report = incident();
    for (told, number) in
        [(FindingsTold::First(Some(5)), 5), (FindingsTold::First(None), 6), (FindingsTold::First(Some(99)), 6)]
    {
        let text = written(&report, &View { told: Some(&told), ..View::default() });
        let whole = text.matches("\n    Why ").count();
        assert_eq!(whole, number, "{told:?}");
        assert_eq!(text.contains("1 more finding is explained with --finding F6"), number == 5);
    }
    assert!(report.summary().is_some());
}

#[test]
fn lines_and_deeds_need_no_saved_report() {
    let lines = esaudit(&["show", "F1", "testdata/incident"]);
    assert_eq!(lines.status.code(), Some(0), "{lines:?}");
    assert!(String::from_utf8_lossy(&lines.stdout).contains("prod_audit-2026-03-01-2.json.gz:305:"));
    let deeds = esaudit(&["impact", "F1", "testdata/incident"]);
    assert!(String::from_utf8_lossy(&deeds.stdout).contains("of F1: rosa.moreau1"), "{deeds:?}");
    let nothing = esaudit(&["show", "F1"]);
    assert_eq!(nothing.status.code(), Some(64), "{nothing:?}");
}

/// What a command writes on a terminal of so many columns and rows; `None` where there is no script(1).
fn on_terminal(columns: usize, rows: usize, command: &str) -> Option<String> {
    let tools = Path::new(env!("CARGO_BIN_EXE_esaudit")).parent()?;
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").ok()?);
    let inside = format!("stty columns {columns} rows {rows}; {command}");
    let output = Command::new("script")
        .args(["-qec", &inside, "/dev/null"])
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env_remove("PAGER")
        .env_remove("LESS")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).unwrap().replace('\r', ""))
}

#[test]
fn a_terminal_gets_a_summary_a_pager_or_everything() {
    // On a slow machine there would be lines of progress between.
    let report = "esaudit report --quiet testdata/incident";
    let Some(summary) = on_terminal(80, 24, report) else {
        assert!(std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "script(1) is not installed");
        return;
    };
    assert!(summary.lines().count() <= 22 && summary.contains("Somebody"), "{summary}");
    assert!(summary.contains("\x1b[31m"), "coloured: {summary}");
    let lines = |command: String| on_terminal(80, 24, &command).unwrap();
    let full = lines(format!("{report} --full --no-pager"));
    assert!(full.lines().count() > 150 && full.contains("--explain"), "{full}");
    assert_eq!(lines(format!("PAGER= {report} --full")), full);
    assert!(
        lines(format!("PAGER='sed s/^/paged:/' {report} --full 2>/dev/null"))
            .lines()
            .all(|line| line.starts_with("paged:"))
    );
    assert!(lines(format!("PAGER='head -3' {report} --full; echo status $?")).ends_with("status 0\n"));
    // What is piped is complete, and as wide as the terminal behind.
    let piped = lines(format!("{report} | cat"));
    assert!(piped.lines().count() > 150 && piped.lines().all(|line| width(line) <= 80), "{piped}");
}
