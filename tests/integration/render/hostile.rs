//! Text that an attacker chose, and sizes and times that nobody expects, in every place of every output.

use esaudit::internals::document::formats::{Form, View, offered};
use esaudit::internals::document::terminal::MIN_WIDTH;
use esaudit::internals::escape;
use esaudit::internals::model::*;

use super::reports::{at, change, group, judged, source, text};
use super::{assert_fits, render, table, view};

fn assert_harmless(text: &str) {
    for (number, line) in text.split('\n').enumerate() {
        let hidden = line.chars().find(|&c| escape::is_hidden(c));
        assert_eq!(hidden, None, "line {}: {line:?}", number + 1);
    }
}

/// Puts a text into every string of the report, keys of maps included.
fn everywhere(report: &Report, hostile: &str) -> Report {
    fn fill(value: &mut serde_json::Value, hostile: &str) {
        match value {
            serde_json::Value::String(text) => *text = hostile.to_owned(),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|value| fill(value, hostile)),
            serde_json::Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    if name == "actions" {
                        *value = serde_json::json!({ hostile: 1 });
                    } else {
                        fill(value, hostile);
                    }
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).expect("serialises");
    fill(&mut value, hostile);
    serde_json::from_value(value).expect("still a report")
}

/// As `everywhere`, but times, actions and severities stay, so that every layout is reached.
fn in_names(report: &Report, hostile: &str) -> Report {
    let mut report = report.clone();
    let original = report.clone();
    report = everywhere(&report, hostile);
    report.coverage.first = original.coverage.first;
    report.coverage.last = original.coverage.last;
    report.parameters = original.parameters;
    report.timeline = original.timeline;
    for (change, original) in report.security_changes.iter_mut().zip(original.security_changes) {
        change.time = original.time;
        change.action = original.action;
    }
    report
}

fn corpus() -> Vec<String> {
    // All that a writer has to hide stands among these and the tags.
    let every_low: String =
        (0..0x100).chain(0x300..0x370).chain(0x590..0x620).chain(0x2000..0x2100).filter_map(char::from_u32).collect();
    let tags: String = (0xe_0000..0xe_0080).filter_map(char::from_u32).collect();
    vec![
        "\x1b[2J\x1b[1;1H\x1b]0;owned\x07".to_owned(),
        "\u{9b}31m\u{90}q\u{9c}".to_owned(),
        "admin\u{202e}gnp.exe\u{2066}x\u{2069}\u{200e}\u{200f}\u{61c}".to_owned(),
        "a\nb\r\nc\td\x0b\x0c\x00\x7f\u{85}\u{2028}\u{2029}".to_owned(),
        "zero\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}\u{ad}\u{34f}\u{3164}".to_owned(),
        // The marks that stand for colour inside tables.
        "\u{2061}\u{2062}\u{2063}\u{2064}\u{206a}\u{206b}\u{206f}".to_owned(),
        // Longer than any cell, several times: it stands in hundreds of places of each report.
        format!("e{}", "\u{301}".repeat(100)),
        "x".repeat(700),
        "\u{1b}".repeat(150),
        "山田🦀".repeat(100),
        "한국어 ไทยนี้ देवनागरी العربية לא 🇩🇪 👍🏽 👩‍👩‍👧‍👦".to_owned(),
        "word ".repeat(120),
        "\\x1b[31m \\u{202e} \\\\ C:\\temp".to_owned(),
        String::new(),
        " ".to_owned(),
        every_low,
        tags,
    ]
}

#[test]
fn hostile_text_stays_text() {
    for hostile in corpus() {
        for report in [everywhere(&judged(), &hostile), in_names(&judged(), &hostile)] {
            for entry in offered(&[Form::Json, Form::Lines]) {
                // Only a terminal may lack letters.
                let both = [true, false];
                for &unicode in if entry.name == "table" { &both[..] } else { &both[..1] } {
                    let mut view = view(80);
                    view.style.unicode = unicode;
                    // RFC 4180 ends lines with both.
                    let text = render(entry.name, &report, &view);
                    assert_harmless(&if entry.name == "csv" { text.replace("\r\n", "\n") } else { text });
                }
            }
            let back: Report = serde_json::from_str(&render("json", &report, &view(80))).expect("parses");
            assert_eq!(back, report, "JSON keeps the exact text");
            for width in [0, MIN_WIDTH + 1, 200] {
                assert_fits(&table(&report, &view(width)), width.max(MIN_WIDTH));
            }
        }
    }
}

#[test]
fn a_huge_report_is_cut_for_people_only() {
    let mut report = judged();
    report.groups = (0..2_500_u64)
        .map(|number| {
            let principal = format!("user-{number}-{}", "long".repeat((number % 40) as usize));
            let count = u64::MAX - number;
            let mut group = group(
                Some(&principal),
                Some(&["native1"; 30]),
                "unknown",
                "none",
                count,
                "01:00:00",
                "02:00:00",
                &[],
                0,
            );
            group.sources =
                (0..50).map(|host| source(&format!("2001:db8:1111:2222:3333:4444:5555:{host}"), count)).collect();
            group.sources_total = 1_000_000;
            group
        })
        .collect();
    report.groups_total = 2_500;
    report.security_changes =
        (0..2_500).map(|_| change("03:12:00", "invalidate_apikey", None, &["id"; 500], None)).collect();
    report.timeline.buckets = (0..1500)
        .map(|_| TimelineBucket {
            start: at("00:00:00").unwrap_or_default(),
            authentication_failed: u64::MAX,
            anonymous_access_denied: 1,
            access_denied: 0,
            tampered_request: 0,
        })
        .collect();
    for width in [80, 120, 200] {
        let text = table(&report, &view(width));
        assert_fits(&text, width);
        assert!(text.contains("20 of 2,500"));
        assert!(text.lines().count() < 2_000, "{}", text.lines().count());
    }
    let all = table(&report, &View { top: Some(None), ..view(120) });
    assert_fits(&all, 120);
    assert_eq!(all.lines().filter(|line| line.contains("user-")).count(), 2_500);
    let back: Report = serde_json::from_str(&render("json", &report, &view(80))).expect("parses");
    assert_eq!(back.groups.len(), 2_500);
}

#[test]
fn odd_times_do_no_harm() {
    for time in ["9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z", "+262142-12-31T23:59:59Z", "tomorrow", ""] {
        for (first, last) in [(time, "2026-03-01T00:00:00.000Z"), ("2026-03-01T00:00:00.000Z", time), (time, time)] {
            for bucket_seconds in [0, 60, u64::MAX] {
                let mut report = judged();
                report.coverage.first = text(first);
                report.coverage.last = text(last);
                let change = |group: Group| Group { first: text(first), last: text(last), ..group };
                report.groups = report.groups.iter().map(change).collect();
                report.timeline.bucket_seconds = bucket_seconds;
                report.timeline.buckets[0].start = first.to_owned();
                assert_fits(&table(&report, &view(80)), 80);
            }
        }
    }
}
