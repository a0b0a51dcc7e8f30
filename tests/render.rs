//! Every renderer on hand-built reports: what people see (snapshots), that it fits, and that nothing hostile gets out.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test render` rewrites the files in `tests/snapshots/`.

#![allow(clippy::expect_used, clippy::panic)] // In helpers of tests, as in tests.

use std::{collections::BTreeMap, fs, path::Path};

use esaudit::report::{
    RENDERERS, Style, View,
    charts::Charts,
    escape,
    model::*,
    renderer,
    table::{MIN_WIDTH, Table},
};
use esaudit::report::{Renderer as _, json::Json};
use unicode_width::UnicodeWidthStr as _;

fn view(width: usize) -> View {
    View { style: Style { width, ..Style::default() }, ..View::default() }
}

fn render(name: &str, report: &Report, view: &View) -> String {
    let mut out = Vec::new();
    renderer(name).expect("a renderer").render(report, view, &mut out).expect("written to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn table(report: &Report, view: &View) -> String {
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

fn assert_harmless(text: &str) {
    for (number, line) in text.split('\n').enumerate() {
        let hidden = line.chars().find(|&c| escape::is_hidden(c));
        assert_eq!(hidden, None, "line {}: {line:?}", number + 1);
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn at(time: &str) -> Option<String> {
    Some(format!("2026-03-01T{time}.000Z"))
}

fn source(address: &str, count: u64) -> SourceCount {
    SourceCount { address: address.to_owned(), count }
}

fn place(path: &str, line: u64) -> Evidence {
    Evidence { path: path.to_owned(), line, offset: None, offset_line: None }
}

fn empty() -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "esaudit".to_owned(), version: "0.1.0".to_owned() },
        parameters: BTreeMap::new(),
        filters: None,
        coverage: Coverage {
            inputs: vec![],
            lines: 0,
            audit_events: 0,
            server_events: 0,
            other_lines: 0,
            undecodable_lines: 0,
            oversized_lines: 0,
            duplicates: 0,
            first: None,
            last: None,
            actions: BTreeMap::new(),
            nodes: vec![],
            problems: vec![],
            problems_total: 0,
            cannot_tell: vec![],
            complete: true,
            interrupted: false,
            reconciled: true,
            counted_only: None,
        },
        totals: Totals { failed_attempts: 0, principals: 0, sources: 0, api_key_invalidations: 0 },
        groups: vec![],
        groups_total: 0,
        findings: vec![],
        security_changes: vec![],
        api_keys: ApiKeys { failing: vec![] },
        timeline: Timeline { bucket_seconds: 60, buckets: vec![] },
        tops: Tops::default(),
        manifest: None,
        charts: Charts::default(),
    }
}

fn input(path: &str, bytes: u64, error: Option<&str>) -> Input {
    Input {
        path: path.to_owned(),
        format: "native".to_owned(),
        compression: "none".to_owned(),
        bytes,
        lines: 1000,
        audit_events: 900,
        server_events: 50,
        other_lines: 49,
        undecodable_lines: 1,
        oversized_lines: 0,
        truncated: false,
        error: error.map(str::to_owned),
        first: at("00:00:01"),
        last: at("23:59:58"),
    }
}

fn node(id: &str, name: Option<&str>) -> Node {
    Node {
        id: text(id),
        name: name.map(str::to_owned),
        audit_events: 1000,
        first: at("00:00:01"),
        last: at("23:59:58"),
        logs_realm_failures: Some(true),
        logs_successes: Some(false),
        has_server_log: true,
        gaps: vec![],
    }
}

#[allow(clippy::too_many_arguments)] // One column each.
fn group(
    principal: Option<&str>,
    chain: Option<&[&str]>,
    reason: &str,
    basis: &str,
    count: u64,
    first: &str,
    last: &str,
    sources: &[(&str, u64)],
    sources_total: u64,
) -> Group {
    Group {
        id: String::new(),
        principal: principal.map(str::to_owned),
        realm_chain: chain.map(texts),
        reason: reason.to_owned(),
        reason_basis: basis.to_owned(),
        by: BTreeMap::new(),
        count,
        first: at(first),
        last: at(last),
        sources: sources.iter().map(|&(address, count)| source(address, count)).collect(),
        sources_total,
        nodes: texts(&["kE3pLqWwT2mZr0aXbYcD1g"]),
        actions: BTreeMap::from([("authentication_failed".to_owned(), count)]),
        why: vec![],
        forwarded: vec![],
        messages: vec![],
        evidence: vec![place("logs/es-1_audit.json", 17)],
    }
}

fn top(list: &[(Option<&str>, u64)]) -> Vec<TopText> {
    list.iter().map(|&(key, count)| TopText { key: key.map(str::to_owned), count }).collect()
}

fn change(time: &str, action: &str, actor: Option<&str>, ids: &[&str], target: Option<&str>) -> SecurityChange {
    SecurityChange {
        time: at(time).unwrap_or_default(),
        action: action.to_owned(),
        actor: actor.map(str::to_owned),
        actor_realm: actor.map(|_| "native1".to_owned()),
        run_by: None,
        source: text("10.20.0.5"),
        node: text("kE3pLqWwT2mZr0aXbYcD1g"),
        request_id: text("Hf3kqLs2S0m1dY"),
        target: target.map(str::to_owned),
        ids: texts(ids),
        resolved_ids: vec![],
        name: None,
        owner: None,
        owner_realm: None,
        owned_by_authenticated_user: None,
        expiration: None,
        evidence: place("logs/es-1_audit.json", 4711),
    }
}

/// A night with a spray, a stale password and an API key revoked too early.
fn incident() -> Report {
    let mut report = empty();
    let coverage = &mut report.coverage;
    coverage.inputs = vec![
        input("logs/es-1_audit.json", 812_345_678, None),
        input("logs/es-2_audit-2026-03-01-1.json.gz", 1_234_567_890, Some("gzip stream ends in the middle")),
        input("logs/es-3_audit.json", 91_234, None),
    ];
    coverage.lines = 6_204_331;
    coverage.audit_events = 6_201_118;
    coverage.server_events = 3_102;
    coverage.other_lines = 109;
    coverage.undecodable_lines = 2;
    coverage.duplicates = 1_204;
    coverage.first = at("00:00:01");
    coverage.last = at("23:59:58");
    coverage.nodes = vec![
        node("kE3pLqWwT2mZr0aXbYcD1g", Some("es-1")),
        node("q0aXbYcD1gkE3pLqWwT2mZ", Some("es-2")),
        node("zzXbYcD1gkE3pLqWwT2mZ0", None),
    ];
    coverage.problems = vec![
        Problem {
            path: "logs/es-2_audit-2026-03-01-1.json.gz".to_owned(),
            line: None,
            kind: "corrupt_compression".to_owned(),
            message: "gzip stream ends in the middle; 1,234,567,890 bytes before it were used".to_owned(),
        },
        Problem {
            path: "logs/es-3_audit.json".to_owned(),
            line: Some(1203),
            kind: "undecodable".to_owned(),
            message: "a string is not closed (byte 311)".to_owned(),
        },
    ];
    coverage.problems_total = 2;
    coverage.cannot_tell = texts(&[
        "Realm chains on node zzXbYcD1gkE3pLqWwT2mZ0: realm_authentication_failed is not in its xpack.security.audit.logfile.events.include.",
        "Whether a guessed password worked: no node logs authentication_success; add it to xpack.security.audit.logfile.events.include.",
    ]);
    report.totals = Totals { failed_attempts: 48_211, principals: 134, sources: 12, api_key_invalidations: 2 };
    report.groups = vec![
        group(
            Some("elastic"),
            Some(&["reserved", "default_file", "native1"]),
            "bad_password",
            "server_log",
            41_020,
            "02:11:07",
            "04:55:12",
            &[("203.0.113.9", 40_000), ("198.51.100.77", 1_000), ("198.51.100.78", 12)],
            6,
        ),
        group(
            Some("svc-backup"),
            Some(&["default_file", "native1"]),
            "bad_password",
            "inferred",
            2_880,
            "00:00:03",
            "23:59:33",
            &[("10.20.0.14", 2_880)],
            1,
        ),
        group(
            None,
            Some(&[]),
            "missing_credentials",
            "server_log",
            2_870,
            "00:00:11",
            "23:59:41",
            &[("10.20.0.2", 1_440), ("10.20.0.3", 1_430)],
            2,
        ),
        group(
            Some("CORP\\anneliese.winterbottom-featherstonehaugh@emea.example.com"),
            Some(&["reserved", "default_file", "native1", "corporate-active-directory"]),
            "unknown",
            "none",
            1_440,
            "08:00:00",
            "17:59:59",
            &[("2001:db8:85a3:8d3:1319:8a2e:370:7348", 1_440)],
            1,
        ),
        group(Some("山田太郎"), None, "unknown", "none", 1, "12:00:00", "12:00:00", &[], 0),
    ];
    report.groups_total = report.groups.len() as u64;
    report.security_changes = vec![
        change("03:10:44", "create_apikey", Some("ops-anna"), &["VuaCfGcBCdbkQm-e5aOx"], Some("ingest-2026")),
        change(
            "03:12:00",
            "invalidate_apikeys",
            Some("ops-anna"),
            &["VuaCfGcBCdbkQm-e5aOa", "Hxk3kYcBCdbkQm-e5bPq"],
            None,
        ),
        SecurityChange {
            owner: text("svc-shipper"),
            owner_realm: text("native1"),
            ..change("03:14:10", "invalidate_apikeys", None, &[], None)
        },
        change("04:58:31", "put_user", Some("elastic"), &[], Some("backdoor")),
    ];
    report.api_keys.failing = vec![
        FailingKey {
            id: text("VuaCfGcBCdbkQm-e5aOa"),
            name: text("ingest-2025"),
            owner: text("svc-ingest"),
            reason_basis: "server_log".to_owned(),
            expires: None,
            clients_total: 2,
            reason: "api_key_invalidated".to_owned(),
            count: 5_204,
            first: at("03:12:01"),
            last: at("05:40:00"),
            invalidated_at: at("03:12:00"),
            invalidated_by: text("ops-anna"),
            clients: vec![
                KeyClient { address: "10.20.1.7".to_owned(), count: 5_000, confidence: 1.0 },
                KeyClient { address: "10.20.1.8".to_owned(), count: 200, confidence: 0.8 },
            ],
            unattributed: 4,
            evidence: vec![],
        },
        FailingKey {
            id: None,
            name: None,
            owner: None,
            reason_basis: "server_log".to_owned(),
            expires: None,
            clients_total: 0,
            reason: "api_key_expired".to_owned(),
            count: 12,
            first: at("09:00:00"),
            last: at("09:20:00"),
            invalidated_at: None,
            invalidated_by: None,
            clients: vec![],
            unattributed: 12,
            evidence: vec![],
        },
    ];
    report.timeline.buckets = (0..24 * 60)
        .step_by(2)
        .map(|minute: u64| Bucket {
            start: at(&format!("{:02}:{:02}:00", minute / 60, minute % 60)).unwrap_or_default(),
            authentication_failed: if (131..295).contains(&minute) { 200 + minute % 113 } else { 3 },
            anonymous_access_denied: u64::from(minute.is_multiple_of(60)) * 5,
            access_denied: 0,
        })
        .collect();
    report.tops = Tops {
        principals: top(&[(Some("elastic"), 41_020), (Some("svc-backup"), 2_880), (None, 2_870), (Some("anna"), 3)]),
        principals_total: 134,
        realm_chains: vec![
            TopChain { key: Some(texts(&["reserved", "default_file", "native1"])), count: 41_020 },
            TopChain { key: Some(vec![]), count: 2_870 },
            TopChain { key: None, count: 1 },
        ],
        realm_chains_total: 3,
        reasons: top(&[(Some("bad_password"), 43_900), (Some("missing_credentials"), 2_870), (Some("unknown"), 1_441)]),
        reasons_total: 3,
        sources: top(&[(Some("203.0.113.9"), 40_000), (Some("10.20.0.14"), 2_880), (None, 1)]),
        sources_total: 12,
        nodes: top(&[(Some("kE3pLqWwT2mZr0aXbYcD1g"), 44_000), (Some("q0aXbYcD1gkE3pLqWwT2mZ"), 4_211)]),
        nodes_total: 2,
    };
    report.parameters.insert("by".to_owned(), serde_json::json!(["principal", "realm-chain", "reason"]));
    report
}

/// The incident with findings.
fn judged() -> Report {
    let mut report = incident();
    report.parameters.insert("findings".to_owned(), serde_json::json!(true));
    let finding = |id: &str, kind: &str, severity: &str, verdict: &str, title: &str| Finding {
        id: id.to_owned(),
        kind: kind.to_owned(),
        severity: severity.to_owned(),
        verdict: verdict.to_owned(),
        confidence: 0.97,
        title: title.to_owned(),
        attack: texts(&["T1110.001"]),
        principals: texts(&["elastic"]),
        principals_total: 1,
        sources: texts(&["203.0.113.9"]),
        sources_total: 6,
        nodes: texts(&["es-1"]),
        api_keys: vec![],
        start: at("02:11:07"),
        end: at("04:55:12"),
        failures: 41_020,
        successes: 1,
        diagnosis:
            "One source tried many passwords for one account that exists, faster than a person types and without \
                    the steady rhythm of a program with an old password."
                .to_owned(),
        why: texts(&[
            "41,020 failures of elastic from 203.0.113.9 in 2 h 44 min, 4.2 a second at the peak.",
            "The chain begins with reserved, so the account exists.",
        ]),
        next_steps: texts(&[
            "Block 203.0.113.9 at the load balancer.",
            "Reset the password: POST /_security/user/elastic/_password.",
        ]),
        false_positives: vec![],
        related: vec![],
        timeline: None,
        evidence: vec![place("logs/es-1_audit.json", 17), place("logs/es-1_audit.json", 41_311)],
    };
    report.findings = vec![
        finding(
            "F1",
            "account_compromise",
            "critical",
            "hostile",
            "elastic was guessed from 203.0.113.9 and then used",
        ),
        finding("F2", "password_guessing", "high", "hostile", "Guessing of elastic from 203.0.113.9"),
        finding(
            "F3",
            "api_key_rotation_outage",
            "medium",
            "operational",
            "Key ingest-2025 was invalidated before its clients had the new one",
        ),
        finding("F4", "stale_credential", "low", "operational", "svc-backup on 10.20.0.14 still uses an old password"),
        finding("F5", "missing_credentials", "info", "unclear", "Health checks without credentials"),
    ];
    report
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
    let every_low: String = (0..0x2100).filter_map(char::from_u32).collect();
    let tags: String = (0xe_0000..0xe_0080).filter_map(char::from_u32).collect();
    vec![
        "\x1b[2J\x1b[1;1H\x1b]0;owned\x07".to_owned(),
        "\u{9b}31m\u{90}q\u{9c}".to_owned(),
        "admin\u{202e}gnp.exe\u{2066}x\u{2069}\u{200e}\u{200f}\u{61c}".to_owned(),
        "a\nb\r\nc\td\x0b\x0c\x00\x7f\u{85}\u{2028}\u{2029}".to_owned(),
        "zero\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}\u{ad}\u{34f}\u{3164}".to_owned(),
        // The marks that stand for colour inside tables.
        "\u{2061}\u{2062}\u{2063}\u{2064}\u{206a}\u{206b}\u{206f}".to_owned(),
        format!("e{}", "\u{301}".repeat(2000)),
        "x".repeat(65_536),
        "\u{1b}".repeat(4_096),
        "山田🦀".repeat(3_000),
        "한국어 ไทยนี้ देवनागरी العربية לא 🇩🇪 👍🏽 👩‍👩‍👧‍👦".to_owned(),
        "word ".repeat(2_000),
        "\\x1b[31m \\u{202e} \\\\ C:\\temp".to_owned(),
        String::new(),
        " ".to_owned(),
        every_low,
        tags,
    ]
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
    let ascii = View { style: Style { width: 80, unicode: false, ..Style::default() }, top: Some(2) };
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
fn hostile_text_stays_text() {
    for hostile in corpus() {
        for report in [everywhere(&judged(), &hostile), in_names(&judged(), &hostile)] {
            for entry in RENDERERS {
                for unicode in [true, false] {
                    let mut view = view(80);
                    view.style.unicode = unicode;
                    // RFC 4180 ends lines with both.
                    let text = render(entry.name(), &report, &view);
                    assert_harmless(&if entry.name() == "csv" { text.replace("\r\n", "\n") } else { text });
                }
            }
            let back: Report = serde_json::from_str(&render("json", &report, &view(80))).expect("parses");
            assert_eq!(back, report, "JSON keeps the exact text");
            for width in [0, MIN_WIDTH, 80, 120, 200] {
                assert_fits(&table(&report, &view(width)), width.max(MIN_WIDTH));
            }
        }
    }
}

#[test]
fn a_huge_report_is_cut_for_people_only() {
    let mut report = judged();
    report.groups = (0..5_000_u64)
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
    report.groups_total = 5_000;
    report.security_changes =
        (0..5_000).map(|_| change("03:12:00", "invalidate_apikey", None, &["id"; 500], None)).collect();
    report.timeline.buckets = (0..1500)
        .map(|_| Bucket {
            start: at("00:00:00").unwrap_or_default(),
            authentication_failed: u64::MAX,
            anonymous_access_denied: 1,
            access_denied: 0,
        })
        .collect();
    for width in [80, 120, 200] {
        let text = table(&report, &view(width));
        assert_fits(&text, width);
        assert!(text.contains("20 of 5,000"));
        assert!(text.lines().count() < 300, "{}", text.lines().count());
    }
    let all = table(&report, &View { top: None, ..view(120) });
    assert_fits(&all, 120);
    assert_eq!(all.lines().filter(|line| line.contains("user-")).count(), 5_000);
    let back: Report = serde_json::from_str(&render("json", &report, &view(80))).expect("parses");
    assert_eq!(back.groups.len(), 5_000);
}

#[test]
fn every_grouping_fits() {
    let names = ["principal", "realm-chain", "reason", "source", "node", "action", "path"];
    for number in 1_usize..1 << names.len() {
        let by: Vec<&str> = (0..names.len()).filter(|bit| number >> bit & 1 == 1).map(|bit| names[bit]).collect();
        let mut report = incident();
        for group in &mut report.groups {
            for key in by.iter().filter(|key| ["source", "node", "action", "path"].contains(key)) {
                group.by.insert((*key).to_owned(), text("some/rather/long/value/of/a/key/_search"));
            }
        }
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
    for result in [Table.render(&incident(), &view(80), &mut Closed), Json.render(&incident(), &view(80), &mut Closed)]
    {
        assert_eq!(result.expect_err("closed").kind(), std::io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn odd_times_do_no_harm() {
    for time in ["9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z", "+262142-12-31T23:59:59Z", "tomorrow", ""] {
        for (first, last) in [(time, "2026-03-01T00:00:00.000Z"), ("2026-03-01T00:00:00.000Z", time), (time, time)] {
            for bucket_seconds in [0, 60, u64::MAX] {
                let mut report = judged();
                report.coverage.first = text(first);
                report.coverage.last = text(last);
                report.groups[0].first = text(first);
                report.groups[0].last = text(last);
                report.timeline.bucket_seconds = bucket_seconds;
                report.timeline.buckets[0].start = first.to_owned();
                assert_fits(&table(&report, &view(80)), 80);
            }
        }
    }
}
