//! The HTML report in a browser: it renders, filters, sorts, complains about nothing, loads nothing, and runs nothing that
//! a log holds.

use std::path::PathBuf;
use std::sync::OnceLock;

use esaudit::internals::document::formats::{Results as _, Style, View};
use esaudit::internals::document::html;
use esaudit::internals::escape;
use esaudit::internals::model::Report;
use serde_json::{Value, json};

use crate::browser::Browser;
use test_support::line::failed;
use test_support::{Inputs, esaudit, report};

fn incident() -> Report {
    static MADE: OnceLock<Report> = OnceLock::new();
    MADE.get_or_init(|| report(&["testdata/incident"], &[])).clone()
}

fn page(report: &Report, top: Option<usize>) -> String {
    let view = View { style: Style::default(), top: Some(top), ..View::default() };
    let mut out = Vec::new();
    html::write(&report.document(), &view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A page in a folder that goes away.
fn saved(page: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, page).unwrap();
    (folder, path)
}

#[track_caller]
fn no_complaints(browser: &mut Browser) {
    assert_eq!(browser.complaints(), [""; 0]);
}

const VISIBLE: &str = "const visible = (list) => Array.from(list).filter((node) => node.getClientRects().length > 0);\
                           const rows = (id) => visible(document.querySelectorAll(`#${id} tbody tr`));";

#[test]
fn it_renders_sorts_and_searches() {
    let Some(mut browser) = Browser::start() else { return };
    let page = page(&incident(), Some(1000));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let (_folder, path) = saved(&page);
    browser.screen(1280, 900);
    browser.open(&path);
    no_complaints(&mut browser);
    browser.value(&format!("{VISIBLE} globalThis.visible = visible; globalThis.rows = rows; 1"));
    // Findings come first, then the charts.
    browser.holds("document.querySelector('main section').id === 'findings'");
    browser.holds("document.querySelectorAll('article.finding').length === 6");
    browser.holds("document.querySelector('#F1').textContent.includes('rosa.moreau1 taken over from 198.18.2.140')");
    for (chart, least) in [
        ("#c-timeline rect.s0", 10),
        ("#c-timeline .lane", 5),
        ("#c-timeline .mark", 3),
        ("#c-heat rect.cell", 20),
        ("#c-realms path", 8),
        ("#c-keys .use", 10),
        ("#c-keys .refusal", 2),
        ("#c-keys .end", 1),
    ] {
        let drawn = browser.number(&format!("visible(document.querySelectorAll('{chart}')).length"));
        assert!(drawn >= least, "{chart}: {drawn}");
    }

    // A flood of one series can be taken out.
    browser.value("document.querySelector('[data-series=\"1\"]').click()");
    browser.holds("!document.querySelector('#c-timeline .plot .s1') && document.activeElement.ariaPressed === 'false'");
    browser.value("document.querySelector('[data-series=\"1\"]').click()");
    browser.holds("document.querySelectorAll('#c-timeline .plot .s1').length > 5");

    // Sorting by a click, told to screen readers.
    let head = |name: &str| {
        format!("Array.from(document.querySelectorAll('#t-failures th')).find((th) => th.textContent === '{name}')")
    };
    let column = |at: usize| format!("rows('t-failures').map((row) => row.cells[{at}].textContent)");
    browser.holds(&format!("{}.every((count, at, all) => !at || Number(all[at - 1]) >= Number(count))", column(0)));
    browser.value(&format!("{}.querySelector('button').click()", head("Count")));
    browser.holds(&format!("{}.ariaSort === 'descending'", head("Count")));
    browser.value(&format!("{}.querySelector('button').click()", head("Count")));
    browser.holds(&format!("{}.ariaSort === 'ascending'", head("Count")));
    browser.holds(&format!("{}.every((count, at, all) => !at || Number(all[at - 1]) <= Number(count))", column(0)));
    browser.value(&format!("{}.querySelector('button').click()", head("Principal")));
    browser.holds(&format!("{}.ariaSort === null", head("Count")));
    browser.holds(&format!(
        "{}.every((name, at, all) => !at || all[at - 1].toLowerCase() <= name.toLowerCase())",
        column(1)
    ));

    // Searching.
    let all = browser.number("rows('t-failures').length");
    assert_eq!(all, 51);
    browser.value("const input = document.getElementById('find-t-failures'); input.value = 'Rosa bad_'; input.value = 'Rosa 198.18.2.140'; input.dispatchEvent(new Event('input')); 1");
    browser.settle();
    browser.holds("rows('t-failures').length === 2 && rows('t-failures').every((row) => row.textContent.includes('rosa.moreau1'))");
    let status = browser.text("document.querySelector('#failures .find output').textContent");
    assert!(status.starts_with("2 of 51 rows"), "{status}");

    // A name in the heat map leads to its failures.
    browser.value("Array.from(document.querySelectorAll('#c-heat button')).find((button) => button.textContent === 'By principal').click()");
    browser.holds("document.activeElement.textContent === 'By principal'");
    browser.value("Array.from(document.querySelectorAll('#c-heat button.who')).find((button) => button.textContent === 'svc-exporter-617').click()");
    browser.holds("document.activeElement.id === 'find-t-failures' && rows('t-failures').length === 3");
    no_complaints(&mut browser);
}

#[test]
fn a_selected_time_filters_findings_and_tables() {
    let Some(mut browser) = Browser::start() else { return };
    let (_folder, path) = saved(&page(&incident(), Some(1000)));
    browser.screen(1280, 900);
    browser.open(&path);
    browser.value(&format!("{VISIBLE} globalThis.visible = visible; globalThis.rows = rows; 1"));
    browser.value("document.querySelector('#c-timeline svg.plot').scrollIntoView({block: 'center'}); 1");
    let place = browser.value("(({x, y, width, height}) => [x, y, width, height])(document.querySelector('#c-timeline svg.plot').getBoundingClientRect())");
    let place: Vec<f64> = serde_json::from_value(place).unwrap();
    // The plot covers the whole day between its margins of 46 and 6.
    let x = |hour: f64| place[0] + 46.0 + (place[2] - 52.0) * hour / 23.985;
    let y = place[1] + place[3] / 2.0;
    browser.drag((x(12.1), y), (x(13.2), y));
    browser.settle();
    let shown = "visible(document.querySelectorAll('article.finding')).map((card) => card.id)";
    assert_eq!(browser.value(shown), json!(["F1", "F2"]));
    let status = browser.text("document.getElementById('selection').textContent");
    assert!(status.starts_with("12:0") && status.contains("2 of 6 findings"), "{status}");
    let inside = "rows('t-failures').every((row) => { const [first, last] = Array.from(row.querySelectorAll('time'), (time) => time.dateTime); return first < '2026-03-01T13:30' && last > '2026-03-01T11:50'; })";
    browser.holds(inside);
    let some = browser.number("rows('t-failures').length");
    assert!((10..51).contains(&some), "{some}");
    browser.holds("document.querySelectorAll('#c-heat .strip .brush').length === 20");
    browser.holds("rows('t-changes').length === 1");
    // A click without a drag shows all again.
    browser.drag((x(20.0), y), (x(20.0), y));
    browser.settle();
    browser.holds(
        "rows('t-failures').length === 51 && visible(document.querySelectorAll('article.finding')).length === 6",
    );
    // The same by keyboard.
    browser.value("const from = document.querySelector('.range input'); from.focus(); from.select(); 1");
    browser.send("Input.insertText", json!({"text": "2026-03-01 14:00:00"}));
    browser.key("Enter", 13);
    browser.settle();
    assert_eq!(browser.value(shown), json!(["F3", "F4"]));
    browser.value("document.querySelector('.range button').click()");
    browser.holds("rows('t-failures').length === 51");
    no_complaints(&mut browser);
}

#[test]
fn it_suits_phones_paper_and_the_dark() {
    let Some(mut browser) = Browser::start() else { return };
    let (_folder, path) = saved(&page(&incident(), Some(1000)));
    browser.screen(390, 844);
    browser.open(&path);
    browser.holds("document.documentElement.scrollWidth <= 390");
    browser.holds("document.getElementById('t-failures').rows[1].cells[1].dataset.label === 'Principal'");
    no_complaints(&mut browser);

    browser.screen(1280, 900);
    let background = "getComputedStyle(document.body).backgroundColor";
    for (scheme, color) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 28)")] {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        browser.send("Emulation.setEmulatedMedia", json!({"media": "", "features": features}));
        assert_eq!(browser.text(background), color, "{scheme}");
    }
    browser.value("document.getElementById('theme').click()");
    assert_eq!(browser.text(background), "rgb(255, 255, 255)");
    browser.value("document.getElementById('theme').click()");

    browser.send("Emulation.setEmulatedMedia", json!({"media": "print"}));
    assert_eq!(browser.text(background), "rgb(255, 255, 255)");
    browser.holds("getComputedStyle(document.querySelector('nav')).display === 'none'");
    browser.send("Emulation.setEmulatedMedia", json!({"media": ""}));
    let pdf = browser.send("Page.printToPDF", json!({}));
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi"));
    no_complaints(&mut browser);
}

#[test]
fn it_is_usable_by_keyboard_and_screen_reader() {
    let Some(mut browser) = Browser::start() else { return };
    let (_folder, path) = saved(&page(&incident(), Some(1000)));
    browser.screen(1280, 900);
    browser.open(&path);
    browser.key("Tab", 9);
    browser.holds("document.activeElement.className === 'skip'");
    browser.key("Enter", 13);
    browser.holds("document.activeElement.id === 'main'");
    for rule in [
        "document.documentElement.lang === 'en' && document.title.length > 10",
        "document.querySelectorAll('h1').length === 1",
        // No heading is deeper than the one before by more than one.
        "Array.from(document.querySelectorAll('h1,h2,h3,h4'), (h) => Number(h.tagName[1])).every((level, at, all) => !at || level <= all[at - 1] + 1)",
        "Array.from(document.querySelectorAll('table')).every((table) => table.caption?.textContent && table.querySelector('th[scope=col]'))",
        "Array.from(document.querySelectorAll('input')).every((input) => input.labels.length === 1)",
        "Array.from(document.querySelectorAll('button')).every((button) => button.textContent || button.ariaLabel)",
        "Array.from(document.querySelectorAll('svg')).every((svg) => svg.ariaLabel || svg.ariaHidden === 'true')",
        "Array.from(document.querySelectorAll('section')).every((section) => document.getElementById(section.getAttribute('aria-labelledby')))",
        "Array.from(document.querySelectorAll('.scroll')).every((box) => box.tabIndex === 0)",
        "new Set(Array.from(document.querySelectorAll('[id]'), (node) => node.id)).size === document.querySelectorAll('[id]').length",
        "Array.from(document.querySelectorAll('a[href^=\"#\"]')).every((a) => document.getElementById(decodeURIComponent(a.getAttribute('href').slice(1))))",
    ] {
        browser.holds(rule);
    }
    // The outline of what has the focus is seen.
    browser.key("Tab", 9);
    browser.holds("getComputedStyle(document.activeElement).outlineStyle === 'solid'");
}

#[test]
fn it_is_useful_without_its_script() {
    let Some(mut browser) = Browser::start() else { return };
    let (_folder, path) = saved(&page(&incident(), Some(1000)));
    browser.send("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.screen(1280, 900);
    browser.open(&path);
    let text = browser.text("document.body.innerText");
    for said in [
        "rosa.moreau1 taken over from 198.18.2.140",
        "Block 198.18.2.140.",
        "svc-exporter-617",
        "default_native",
        "billing-key-620",
        "What these logs cannot tell",
    ] {
        assert!(text.contains(said), "{said}");
    }
    browser.holds("document.querySelectorAll('#t-failures tbody tr').length === 51");
}

/// What somebody may write in place of a name, to be run, to end an element, or to deceive.
const HOSTILE: [&str; 8] = [
    "<script>window.pwned=1</script>",
    "</script></style></title></textarea><script>window.pwned=1</script><!--",
    "\"><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>",
    "' onmouseover='window.pwned=1' style='position:fixed;inset:0' x='",
    "javascript:window.pwned=1",
    "{{constructor.constructor('window.pwned=1')()}}${window.pwned=1}`",
    "nimda\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{2028}\u{2029}\0\u{1b}[31m",
    "\\\"},\"x\":[{\"__proto__\":{\"polluted\":1}}],//\\u003cscript\\u003e&lt;b&gt;&#60;i&#62;",
];

/// Puts texts into every string of the report; times stay where asked, so that charts are drawn.
fn everywhere(value: &mut Value, next: &mut impl FnMut() -> String, keep_times: bool) {
    match value {
        Value::String(text) => {
            let is_time = text.len() == 24 && text.starts_with("2026-") && text.ends_with('Z');
            if !(keep_times && is_time) {
                *text = next();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| everywhere(value, next, keep_times)),
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                if ["actions", "reasons"].contains(&name.as_str()) && value.is_object() {
                    *value = json!({ next(): 1 });
                } else {
                    everywhere(value, next, keep_times);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_that_a_log_holds_is_run() {
    let Some(mut browser) = Browser::start() else { return };
    browser.screen(1280, 900);
    let report = serde_json::to_value(incident()).unwrap();
    for keep_times in [true, false] {
        let mut number = 0;
        let mut next = || {
            number += 1;
            HOSTILE[number % HOSTILE.len()].to_owned()
        };
        let mut hostile = report.clone();
        everywhere(&mut hostile, &mut next, keep_times);
        if keep_times {
            // A group without its keys would show none of them.
            hostile["parameters"]["by"] = report["parameters"]["by"].clone();
        }
        let hostile: Report = serde_json::from_value(hostile).unwrap();
        let page = page(&hostile, Some(1000));
        assert_eq!(page.chars().find(|c| *c != '\n' && escape::is_hidden(*c)), None);
        let (_folder, path) = saved(&page);
        browser.open(&path);
        browser.value("for (const node of document.querySelectorAll('main *')) { node.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); } 1");
        browser.value("for (const button of document.querySelectorAll('main button')) button.click(); 1");
        browser.settle();
        no_complaints(&mut browser);
        browser.holds("window.pwned === undefined && ({}).polluted === undefined");
        browser.holds("document.scripts.length === 2 && document.querySelectorAll('style').length === 1");
        browser.holds("document.querySelectorAll('img,iframe,object,embed,link,base,form,textarea,[style],b:not(.figures b),i').length === 0");
        browser.holds("Array.from(document.querySelectorAll('*')).every((node) => node.getAttributeNames().every((name) => !name.startsWith('on')))");
        browser.holds(
            "Array.from(document.querySelectorAll('a')).every((a) => (a.getAttribute('href') ?? '').startsWith('#'))",
        );
        // It is shown for what it is.
        browser.holds("document.body.textContent.includes('<script>window.pwned=1</script>')");
        browser.holds("document.body.textContent.includes('nimda\\\\u{202e}gpj.exe')");
        if keep_times {
            browser.holds("document.querySelector('#c-heat').textContent.includes('onerror=window.pwned=1')");
        }
    }
}

#[test]
fn nothing_that_a_file_or_its_name_holds_is_run() {
    let Some(mut browser) = Browser::start() else { return };
    let quoted = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let lines: Vec<String> = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| failed(at as i64, &format!("r-{at}")).replace("kim", &quoted(text)))
        .collect();
    let inputs = Inputs::of(&[("<img src=x onerror=window.pwned=1>.json", &lines)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let output = esaudit(&["report", inputs.path().to_str().unwrap(), "-o", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    browser.open(&path);
    no_complaints(&mut browser);
    browser.holds("window.pwned === undefined && document.querySelectorAll('img').length === 0");
    browser.holds("document.querySelectorAll('#t-failures tbody tr').length === 8");
    browser
        .holds("document.querySelector('#t-inputs').textContent.includes('<img src=x onerror=window.pwned=1>.json')");
}

#[test]
fn the_policy_stops_what_should_slip_through() {
    let Some(mut browser) = Browser::start() else { return };
    let slipped = "<main id=\"main\" tabindex=\"-1\"><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\
                       <img src=\"https://192.0.2.1/x.png\">";
    let page = page(&incident(), Some(1000)).replace("<main id=\"main\" tabindex=\"-1\">", slipped);
    let (_folder, path) = saved(&page);
    browser.open(&path);
    browser.holds("window.pwned === undefined");
    assert!(!browser.complaints().is_empty(), "the browser tells what it blocked");
}

/// A page of 2,500 rows: it opens with the first of them, and search, order, lanes, clocks and CSV are of all.
#[test]
fn rows_that_are_not_drawn_are_there_all_the_same() {
    let Some(mut browser) = Browser::start() else { return };
    let mut report = incident();
    let group = report.groups.get(0).unwrap();
    report.groups = (0..2500_u64)
        .map(|number| {
            let mut group = group.clone();
            group.principal = Some(format!("principal-{number}"));
            group.count = 10_000 - number;
            group
        })
        .collect();
    let (_folder, path) = saved(&page(&report, None));
    browser.screen(1280, 900);
    browser.open(&path);
    let rows = "document.querySelectorAll('#t-failures tbody tr').length";
    browser.holds(&format!("{rows} === 1000 && document.querySelectorAll('#t-failures tbody').length === 1"));
    browser.value("globalThis.told = () => document.querySelector('#failures .find output').textContent; globalThis.search = (text) => { const input = document.getElementById('find-t-failures'); input.value = text; input.dispatchEvent(new Event('input')); }; 1");
    browser.holds("told() === '2,500 rows'");
    browser.value("document.querySelector('#failures button.more').click(); 1");
    browser.holds(&format!("{rows} === 2000"));
    // The least frequent come first once that is asked for, and the last row of the page is among them.
    let count = "Array.from(document.querySelectorAll('#t-failures th button')).find((button) => button.textContent === 'Count')";
    browser.value(&format!("{count}.click(); {count}.click(); 1"));
    browser.holds("document.querySelector('#t-failures tbody tr').textContent.includes('principal-2499')");
    browser.value(&format!("{count}.click(); search('principal-2400'); 1"));
    browser.settle();
    browser.holds(&format!("{rows} === 1 && told().startsWith('1 of 2,500 rows')"));
    // What is drawn for the first time is dressed like the others.
    browser.holds("document.querySelector('#t-failures tbody bdi[data-a=p]').tabIndex === 0");
    browser.value("search(''); 1");
    browser.settle();
    browser.holds(&format!(
        "{rows} === 1000 && document.querySelector('#t-failures tbody tr').textContent.includes('principal-0')"
    ));
    browser.value("location.hash = '#~p=principal-2450'; 1");
    browser.settle();
    browser.holds("document.querySelector('#panel').textContent.includes('1 row') && document.querySelectorAll('#panel tbody tr').length === 1");
    browser.value("document.querySelector('#panel .close').click(); 1");
    browser.value("URL.createObjectURL = (blob) => { blob.text().then((text) => { globalThis.taken = text; }); return '#'; }; document.querySelector('#failures button.csv').click(); 1");
    browser.settle();
    browser.holds("taken.trim().split('\\r\\n').length === 2501 && taken.includes('principal-2499')");
    browser.send("Emulation.setEmulatedMedia", json!({"media": "print"}));
    browser.holds("Array.from(document.querySelectorAll('#failures .paper')).some((note) => note.getClientRects().length && note.textContent === 'On paper: 1,000 of 2,500 rows.')");
    browser.send("Emulation.setEmulatedMedia", json!({"media": ""}));
    no_complaints(&mut browser);

    browser.send("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&path);
    browser.holds(&format!("{VISIBLE} rows('t-failures').length === 2500"));
}

#[test]
fn large_reports_stay_small_pages() {
    let mut report = incident();
    let group = report.groups.get(0).unwrap();
    report.groups = (0..100_000_u32)
        .map(|number| {
            let mut group = group.clone();
            group.principal = Some(format!("principal-{number}"));
            group
        })
        .collect();
    let typical = page(&report, Some(1000));
    assert!(typical.len() < 2_000_000, "{} bytes", typical.len());
    assert!(typical.contains("The first 1,000 of 100,000 rows."));
    let all = page(&report, None);
    assert!(all.len() < 16_000_000, "{} bytes", all.len());
    // Long names, in everything.
    let mut value = serde_json::to_value(incident()).unwrap();
    everywhere(&mut value, &mut || "<\u{202e}".repeat(1_000), true);
    let mut long: Report = serde_json::from_value(value).unwrap();
    long.groups = vec![long.groups.get(0).unwrap(); 20_000].into();
    long.findings = vec![long.findings[0].clone(); 500];
    long.security_changes = vec![long.security_changes[0].clone(); 5_000];
    long.coverage.inputs = vec![long.coverage.inputs[0].clone(); 5_000];
    let page = page(&long, None);
    assert!(page.len() < 20_000_000, "{} bytes", page.len());
}
