//! Every renderer on hand-built reports: what people see (snapshots), that it fits, and that nothing hostile gets out.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test integration render::` rewrites the files in `tests/snapshots/`.

#![allow(clippy::expect_used, clippy::panic)] // In helpers of tests, as in tests.

mod hostile;
mod reports;

use std::{fs, path::Path};

use esaudit::internals::document::formats::{Form, Style, View, format, offered};
use esaudit::internals::document::terminal::MIN_WIDTH;
use esaudit::internals::model::*;
use reports::{empty, incident, judged, text};
use unicode_width::UnicodeWidthStr as _;

fn view(width: usize) -> View<'static> {
    View { style: Style { width, ..Style::default() }, ..View::default() }
}

fn render(name: &str, report: &Report, view: &View<'_>) -> String {
    let mut out = Vec::new();
    format(name).expect("a format").write(report, view, &mut out).expect("written to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn table(report: &Report, view: &View<'_>) -> String {
    render("table", report, view)
}

fn snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).expect("snapshot written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{name} differs; UPDATE_SNAPSHOTS=1 rewrites it. Now:\n{text}");
}

fn assert_fits(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.width() <= width, "{} columns instead of {width}: {line}", line.width());
        assert_eq!(line.trim_end(), line, "trailing blanks");
    }
}

#[test]
fn what_people_see() {
    for width in [80, 100, 120, 200] {
        let text = table(&incident(), &view(width));
        assert_fits(&text, width);
        snapshot(&format!("incident-{width}.txt"), &text);
    }
    for width in [80, 120] {
        let text = table(&judged(), &view(width));
        assert_fits(&text, width);
        snapshot(&format!("judged-{width}.txt"), &text);
    }
    snapshot("empty-80.txt", &table(&empty(), &view(80)));
    let ascii =
        View { style: Style { width: 80, unicode: false, ..Style::default() }, top: Some(Some(2)), ..View::default() };
    let text = table(&judged(), &ascii);
    assert_fits(&text, 80);
    assert!(text.is_ascii());
    snapshot("judged-80-ascii.txt", &text);
}

#[test]
fn colour_changes_nothing_but_colour() {
    let mut colored = view(100);
    colored.style.color = true;
    let text = table(&judged(), &colored);
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find("\x1b[") {
        plain.push_str(&rest[..start]);
        let end = rest[start..].find('m').expect("a whole SGR sequence");
        assert!(rest[start + 2..start + end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        rest = &rest[start + end + 1..];
    }
    plain.push_str(rest);
    assert!(text.len() > plain.len());
    assert_eq!(plain, table(&judged(), &view(100)));
}

#[test]
fn json_is_the_contract() {
    let report = judged();
    let text = render("json", &report, &view(80));
    assert!(text.ends_with("}\n"));
    assert!(text.starts_with("{\n  \"schema_version\": 1,\n  \"tool\": {\n    \"name\": \"esaudit\""));
    let back: Report = serde_json::from_str(&text).expect("parses");
    assert_eq!(back, report);
    let members = ["schema_version", "tool", "parameters", "coverage", "totals", "groups", "findings"];
    let more = ["security_changes", "api_keys", "timeline", "tops"];
    let places: Vec<_> =
        members.iter().chain(&more).map(|name| text.find(&format!("\n  \"{name}\":")).expect("present")).collect();
    assert!(places.is_sorted());
    snapshot("empty.json", &render("json", &empty(), &view(80)));
}

#[test]
fn every_grouping_fits() {
    let names = ["principal", "realm-chain", "reason", "source", "node", "action", "path"];
    for number in 1_usize..1 << names.len() {
        let by: Vec<&str> = (0..names.len()).filter(|bit| number >> bit & 1 == 1).map(|bit| names[bit]).collect();
        let mut report = incident();
        let mut groups: Vec<_> = report.groups.iter().collect();
        for group in &mut groups {
            for key in by.iter().filter(|key| ["source", "node", "action", "path"].contains(key)) {
                group.by.insert((*key).to_owned(), text("some/rather/long/value/of/a/key/_search"));
            }
        }
        report.groups = groups.into();
        report.parameters.insert("by".to_owned(), serde_json::json!(by));
        for width in [MIN_WIDTH, 80, 120, 200] {
            assert_fits(&table(&report, &view(width)), width);
        }
    }
}

#[test]
fn a_broken_pipe_is_passed_on() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for format in offered(&[Form::Json, Form::Lines]) {
        let result = format.write(&incident(), &view(80), &mut Closed);
        assert_eq!(result.expect_err("closed").kind(), std::io::ErrorKind::BrokenPipe);
    }
}
