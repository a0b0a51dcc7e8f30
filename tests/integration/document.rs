//! A made document with every kind of block and cell, hostile text in each, through every writer; and every verb in every
//! format.

use esaudit::internals::document::chart::{Chart, ChartSeries, HeatChart, Mark};
use esaudit::internals::document::formats::{FORMATS, Results as _, Shows, Style, View};
use esaudit::internals::document::*;
use esaudit::internals::escape;
use esaudit::internals::model::charts::{Flow, HeatRow, KeyLife};
use esaudit::internals::model::{Group, Problem};
use esaudit::internals::text::call::{ApiCall, Method};
use esaudit::internals::text::{Logged, Span, Text};
use esaudit::internals::time::{Millis, Zone};
use esaudit::{Options, Request, analyze};

/// What somebody may write in place of a name, to be run, to end an element, to deceive, or to be taken for something else.
const HOSTILE: [&str; 12] = [
    "</script></style></title></textarea><script>window.pwned=1</script><!--",
    "\"><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>",
    "' onmouseover='window.pwned=1' style='position:fixed;inset:0' x='",
    "nimda\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{2028}\u{2029}\0\u{1b}[31m",
    "\\\"},\"x\":[{\"__proto__\":{\"polluted\":1}}],//\\u003cscript\\u003e&lt;b&gt;",
    "=cmd|' /C calc'!A0;+1,@SUM(1)",
    "a|b`c``d*e_f_ [g](javascript:h) ![i](j) <k> #1 @l ~~m~~ http://n.example",
    "# heading\n- item\n1. item\n```\ncode",
    "2026-03-01 12:34:56 UTC",
    "GET /_security/user/x {\"a\":1} {principal} {}",
    "",
    " ",
];

const AT: Millis = Millis(1_772_368_496_789);

/// Every span, with a text in each that can hold one.
fn spans(text: &str) -> Vec<Span> {
    vec![
        Span::Plain(text.to_owned().into()),
        Span::Code(text.to_owned().into()),
        Span::name(text),
        Span::principal(text),
        Span::address(text),
        Span::node(text),
        Span::key(text),
        Span::realm(text),
        Span::finding(text),
        Span::chain([text, "native1", text]),
        Span::Time(AT),
        Span::Period(AT, Millis(AT.0 + 90_000)),
        Span::Duration(16_200_000),
        Span::Count(1234),
        Span::Bytes(1536),
        Span::Share(0.25),
        Span::Place(Logged::new(text), 17),
        Span::Call(Box::new(ApiCall::new(Method::Post, "/_security/user").name(text).then("_password"))),
        Span::Call(Box::new(
            ApiCall::new(Method::Delete, "/_security/api_key").body(serde_json::json!({"username": text})),
        )),
    ]
}

fn sentence(text: &str) -> Text {
    let mut out = Text::new();
    for (at, span) in spans(text).into_iter().enumerate() {
        // With and without blanks between them.
        out.push(if at % 2 == 0 { " then " } else { "" });
        out.push(span);
    }
    out
}

/// Every kind of cell.
fn cells(text: &str) -> Vec<Cell> {
    let name = |span: Span| ListedName { remark: " forwarded", sure: Some(0.5), ..ListedName::new(span).times(12) };
    let names = || Cell::Names(NameList { items: spans(text).into_iter().map(name).collect(), total: 99 });
    let mut cells: Vec<Cell> = spans(text).into_iter().map(Cell::of).collect();
    cells.extend([
        Cell::Absent("not logged"),
        Cell::Text(sentence(text), Tone::Bad),
        Cell::number(1234),
        Cell::Severity(Logged::new(text)),
        Cell::Verdict(Logged::new(text)),
        names(),
        Cell::Fields(vec![("Names", names()), ("Words", Cell::of(sentence(text))), ("Nothing", Cell::NONE)]),
    ]);
    cells
}

/// Numbers that charts borrow.
struct Numbers {
    rows: Vec<HeatRow>,
    flows: Vec<Flow>,
    lives: Vec<KeyLife>,
    lines: Vec<LogLine>,
}

impl Numbers {
    fn new(text: &str) -> Self {
        let some = || Some(text.to_owned());
        Self {
            rows: vec![HeatRow { key: some(), count: 3, counts: vec![1, 2] }],
            flows: vec![Flow { realm_chain: Some(vec![text.to_owned()]), reason: text.to_owned(), count: 3 }],
            lives: vec![KeyLife {
                id: text.to_owned(),
                name: some(),
                owner: some(),
                status: text.to_owned(),
                created_at: some(),
                expires: None,
                invalidated_at: Some(AT.rfc3339()),
                invalidated_by: some(),
                used: 1,
                first_used: Some(AT.rfc3339()),
                last_used: Some(AT.rfc3339()),
                refused: 1,
                first_refused: Some(AT.rfc3339()),
                last_refused: Some(AT.rfc3339()),
                reasons: std::iter::once((text.to_owned(), 1)).collect(),
            }],
            lines: vec![LogLine {
                path: Logged::new(text),
                number: 3,
                is_evidence: true,
                after_gap: false,
                text: Logged::new(text),
                left_out: 7,
            }],
        }
    }
}

fn table<'a>(name: &'static str, text: &'a str) -> Table<'a> {
    const COLUMNS: [&str; 26] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v",
        "w", "x", "y", "z",
    ];
    let columns = COLUMNS.iter().enumerate().map(|(at, name)| match at {
        0 | 1 => Column::text(name, name),
        at if at % 2 == 0 => Column::text(name, name).below("b", "  below"),
        _ => Column::number(name, name).below("a", "below"),
    });
    let rows = move || -> Box<dyn Iterator<Item = Row> + 'a> {
        Box::new([Row::Remark(0, sentence(text)), Row::Cells(cells(text)), Row::Cells(cells(text))].into_iter())
    };
    let table = Table::lazy(name, columns.collect(), 2, rows).of_total(40).timed();
    table.caption(sentence(text)).or(sentence(text))
}

fn blocks<'a>(text: &'a str, numbers: &'a Numbers) -> Vec<Block<'a>> {
    let mark = || Mark {
        id: Logged::new(text),
        title: sentence(text),
        severity: Logged::new(text),
        from: Some(AT),
        to: Some(AT),
    };
    let series = ChartSeries {
        bucket_seconds: 60,
        covers: Some((AT, Millis(AT.0 + 3_600_000))),
        names: vec!["one", "two", "three", "four"],
        buckets: vec![(AT, vec![1, 2, 0, 0]), (Millis(AT.0 + 600_000), vec![5, 0, 0, 1])],
        spans: vec![mark()],
        spans_total: 2,
        marked: "changes",
        marks: vec![(AT, Logged::new(text), Some(Logged::new(text)))],
    };
    let heat = HeatChart {
        start: Some(AT),
        bucket_seconds: 60,
        sources: &numbers.rows,
        sources_total: 4,
        principals: &numbers.rows,
        principals_total: 4,
    };
    let list = |name, kind| Block::List(List { name, kind, items: vec![sentence(text); 8] });
    let whole = WholeTime { from: AT, to: Millis(AT.0 + 5000), says_zone: true };
    vec![
        Block::Facts(vec![
            Fact::new("Read", sentence(text)),
            Fact { whole: Some(whole), ..Fact::new("Span", "") },
            Fact::new("", sentence(text)).tone(Tone::Bad),
        ]),
        Block::Headline(sentence(text), sentence(text)),
        Block::Figures(vec![Figure { amount: 3, name: "things", to: "every" }]),
        Block::Prose(sentence(text), Tone::Plain),
        list("", ListKind::Bullets),
        list("Why", ListKind::Steps),
        list("Evidence", ListKind::Places),
        Block::Fields(vec![("Who", Cell::of(sentence(text)))]),
        Block::Beside(vec![table("beside", text), table("other", text)]),
        Block::Chart(Chart::Series(series)),
        Block::Chart(Chart::Heat(heat)),
        Block::Chart(Chart::Flow(&numbers.flows)),
        Block::Chart(Chart::Lives(&numbers.lives)),
        Block::Spark(Spark { counts: vec![0, 1, 2, 3], bucket_seconds: 60 }),
        Block::Log(&numbers.lines),
    ]
}

fn made<'a>(text: &'a str, numbers: &'a Numbers) -> Document<'a> {
    let card = move || Card {
        id: Logged::new(text),
        title: sentence(text),
        badges: vec![Cell::Severity(Logged::new(text)), Cell::Verdict(Logged::new(text))],
        facts: vec![(Media::ALL, sentence(text), Tone::Bad)],
        blocks: vec![
            Block::Prose(sentence(text), Tone::Plain),
            Block::List(List::bullets("Why", vec![sentence(text)])),
            Block::Fold { title: sentence(text), open: false, blocks: vec![table("folded", text).into()] },
        ],
    };
    let cards = Cards {
        total: 1,
        on_screen: 1,
        cards: Box::new(move || -> Box<dyn Iterator<Item = Card<'a>> + 'a> { Box::new(std::iter::once(card())) }),
    };
    let mut section = Section::new("every", "Every", sentence(text)).remark(sentence(text));
    section.blocks = blocks(text, numbers);
    Document {
        title: "A made document",
        about: "every block and every cell",
        tool: [Logged::new(text), Logged::new(text)],
        period: Some((AT, Millis(AT.0 + 90_000_000))),
        main: "main",
        head: vec![Block::Facts(vec![Fact::new("Read", sentence(text))])],
        sections: vec![
            section,
            Section::new("main", "Main", "Main").with(table("main", text)),
            Section::new("cards", "Cards", "Cards").with(Block::Cards(cards)),
        ],
    }
}

/// What a format writes of a document.
fn written(shows: Shows, document: &Document<'_>, view: &View<'_>) -> String {
    let Shows::Document(write, _) = shows else { return String::new() };
    let mut out = Vec::new();
    write(document, view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_writer_lets_hostile_text_out() {
    for text in HOSTILE {
        let numbers = Numbers::new(text);
        let document = made(text, &numbers);
        for format in FORMATS {
            // Only a terminal has a width.
            for width in if format.name == "table" { &[50, 80, 200][..] } else { &[80] } {
                for unicode in [true, false] {
                    let width = *width;
                    let zone = Zone::parse("Europe/Berlin").unwrap();
                    let view = View { style: Style { width, unicode, zone, ..Style::default() }, ..View::default() };
                    let out = written(format.shows, &document, &view).replace("\r\n", "\n");
                    let hidden = out.chars().find(|&c| c != '\n' && escape::is_hidden(c));
                    assert_eq!(hidden, None, "{} of {text:?}", format.name);
                    for markup in ["<img", "<svg onload", "<script>window", "</textarea", "<k>"] {
                        assert!(format.name != "html" || !out.contains(markup), "{markup} of {text:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_name_that_looks_like_something_stays_what_it_is() {
    let text = "2026-03-01 12:34:56 UTC";
    let numbers = Numbers::new(text);
    let document = made(text, &numbers);
    let zone = Zone::parse("Europe/Berlin").unwrap();
    for format in FORMATS {
        let view = View { style: Style { width: 200, zone, ..Style::default() }, ..View::default() };
        let out = written(format.shows, &document, &view);
        if out.is_empty() {
            continue;
        }
        // A user's name is no time; a time is told in the zone.
        assert!(out.contains(text), "{}", format.name);
        assert!(out.contains("13:34:56") || format.name == "csv", "{}", format.name);
        assert!(!out.contains("2026-03-01 13:34:56 UTC"), "{}", format.name);
    }
}

#[test]
fn what_groups_and_problems_say_is_in_the_zone_of_the_reader() {
    let mut report = analyze(Request::of(["testdata/incident"], Options::default())).unwrap().report;
    let message = Text::from("grew at ").with(Span::Exact(AT));
    report.coverage.problems = vec![Problem { path: "a".to_owned(), line: None, kind: "changed".to_owned(), message }];
    let name = "2026-03-01 12:34:56 UTC";
    let why = Text::from("disabled at ").with(Span::Exact(AT)).with(" by ").with(Span::principal(name));
    let first = report.groups.get(0).unwrap();
    report.groups = vec![Group { why: vec![why], ..first }].into();
    let view =
        View { style: Style { zone: Zone::parse("Europe/Berlin").unwrap(), ..Style::default() }, ..View::default() };
    let page = written(formats::format("html").unwrap().shows, &report.document(), &view);
    for before in ["disabled at ", "grew at "] {
        let (_, after) = page.split_once(before).unwrap_or_else(|| panic!("{before} is not told"));
        let told: String = after.chars().take(200).collect();
        assert!(told.contains("13:34:56"), "{told}");
    }
    // A name that looks like a time is none; programs read times in UTC.
    assert!(page.contains(name));
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains(&format!("disabled at {} by {name}", AT.rfc3339())));
}

#[test]
fn markdown_stays_one_table_a_row_and_nothing_is_a_link() {
    for text in HOSTILE {
        let numbers = Numbers::new(text);
        let markdown = formats::format("md").unwrap();
        let out = written(markdown.shows, &made(text, &numbers), &View::default());
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        for rows in out.split("\n\n").filter(|block| block.starts_with("| ")) {
            let counts: Vec<usize> = rows.lines().map(bars).collect();
            assert!(counts.iter().all(|count| *count == counts[0]), "{text:?}: {rows}");
        }
        // Outside of code nothing is left that means anything.
        let mut outside = String::new();
        for line in out.lines().filter(|line| !line.starts_with("    ")) {
            let mut rest = line;
            while let Some(at) = rest.find('`') {
                outside.push_str(&rest[..at]);
                let fence = rest[at..].len() - rest[at..].trim_start_matches('`').len();
                let (_, after) = rest[at..].split_at(fence);
                let end = after
                    .match_indices(&"`".repeat(fence))
                    .map(|(at, _)| at)
                    .find(|&at| !after[..at].ends_with('`') && !after[at + fence..].starts_with('`'));
                let Some(end) = end else { panic!("{text:?}: a fence that is not closed in {line}") };
                rest = &after[end + fence..];
            }
            outside.push_str(rest);
            outside.push('\n');
        }
        assert!(!outside.contains(['<', '[', '~', '@', '$']), "{text:?}: {outside}");
        assert!(!outside.contains("://"), "{text:?}: {outside}");
    }
}

#[test]
fn unsafe_names_give_a_warning_and_no_command() {
    let hostile = "elastic\n_disable";
    let call = ApiCall::new(Method::Post, "/_security/user").name(hostile).then("_password");
    let document = Document {
        title: "T",
        about: "a",
        tool: [Logged::new("t"), Logged::new("0")],
        period: None,
        main: "main",
        head: Vec::new(),
        sections: vec![Section::new("s", "S", "S").with(Block::Prose(call.into(), Tone::Plain))],
    };
    for name in ["table", "md", "html"] {
        let out = written(formats::format(name).unwrap().shows, &document, &View::default());
        assert!(out.contains("no command") && !out.contains("POST"), "{name}: {out}");
    }
    let slash = ApiCall::new(Method::Post, "/_security/user").name("elastic/_disable?").then("_password");
    assert_eq!(slash.console().unwrap(), "POST /_security/user/elastic%2F_disable%3F/_password");
}

#[test]
fn every_table_can_be_chosen() {
    let numbers = Numbers::new("x");
    let document = made("x", &numbers);
    let csv = formats::format("csv").unwrap();
    let of = |table| {
        let Shows::Document(write, _) = csv.shows else { panic!("CSV shows documents") };
        let mut out = Vec::new();
        write(&document, &View { table, ..View::default() }, &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    assert_eq!(of(None).unwrap(), of(Some("main")).unwrap());
    assert!(of(Some("beside")).unwrap().starts_with("a,b,"));
    assert!(of(Some("no such")).unwrap_err().to_string().contains("beside, other, main"));
    let folder = tempfile::tempdir().unwrap();
    csv::write_all(&document, &View::default(), folder.path()).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["beside.csv", "main.csv", "other.csv"]);
}
