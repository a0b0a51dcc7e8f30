//! What the page does beyond showing: everything of one actor, links that show the same view, other clocks, filters, copies.

use std::path::PathBuf;

use esaudit::internals::document::formats::{Results as _, View};
use esaudit::internals::document::html;
use esaudit::internals::model::Report;

use crate::browser::Browser;
use esaudit::{Options, Request, analyze};

fn incident() -> Report {
    analyze(Request::of(["testdata/incident"], Options::default())).unwrap().report
}

/// The page of a report, in a folder that goes away.
fn saved(report: &Report) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let mut out = Vec::new();
    html::write(&report.document(), &View::default(), &mut out).unwrap();
    std::fs::write(&path, out).unwrap();
    (folder, path)
}

fn opened(report: &Report) -> Option<(tempfile::TempDir, Browser)> {
    let mut browser = Browser::start()?;
    let (folder, path) = saved(report);
    browser.screen(1366, 900);
    browser.open(&path);
    Some((folder, browser))
}

const CLICK: &str = "globalThis.actor = (kind, name) => Array.from(document.querySelectorAll(`bdi[data-a=${kind}]`))\
                     .find((node) => node.textContent === name); 1";

#[test]
fn a_name_leads_to_everything_of_whom_it_names() {
    let Some((_folder, mut browser)) = opened(&incident()) else { return };
    browser.value(CLICK);
    browser.value("actor('p', 'rosa.moreau1').click(); 1");
    for rule in [
        "document.querySelector('#panel h2').textContent.includes('rosa.moreau1')",
        "document.querySelector('#panel ul').textContent.includes('F1')",
        "document.querySelectorAll('#panel table').length > 1",
        "document.querySelectorAll('#panel svg.strip rect').length > 2",
        "document.querySelector('#panel > .note:last-child code').textContent.includes(\"--principal 'rosa.moreau1'\")",
        "document.activeElement.id === 'panel'",
        "location.hash.endsWith('~p=rosa.moreau1')",
    ] {
        browser.holds(rule);
    }
    browser.key("Escape", 27);
    browser.holds("!document.querySelector('#panel') && !location.hash.includes('rosa')");
    browser.value("actor('a', '198.18.2.140').focus(); 1");
    browser.key("Enter", 13);
    browser.holds("document.querySelector('#panel h2').textContent.includes('198.18.2.140')");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_link_shows_the_same_view() {
    let Some((_folder, mut browser)) = opened(&incident()) else { return };
    browser.value(
        "location.hash = '#failures~from=2026-03-01T12:30:00.000Z&to=2026-03-01T13:10:00.000Z&verdict=hostile&tz=local\
         &k=ungrOBtBEbwe9i19K6qT'; 1",
    );
    browser.settle();
    for rule in [
        "document.querySelector('#selection').textContent.includes('2 of 6 findings')",
        "document.querySelector('#by-verdict').value === 'hostile'",
        "document.querySelector('#zone').value === 'local'",
        "Array.from(document.querySelectorAll('article.finding')).filter((card) => !card.hidden).length === 2",
        "document.querySelector('#panel h2').textContent.includes('ungrOBtBEbwe9i19K6qT')",
    ] {
        browser.holds(rule);
    }
    browser
        .value("document.querySelector('#panel .close').click(); document.querySelector('.range button').click(); 1");
    browser.holds("!location.hash.includes('from') && location.hash.includes('verdict=hostile')");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn findings_are_chosen_by_verdict_and_kind() {
    let Some((_folder, mut browser)) = opened(&incident()) else { return };
    browser.value(
        "globalThis.choose = (id, value) => { const input = document.querySelector(id); input.value = value;\
         input.dispatchEvent(new Event('change')); };\
         globalThis.cards = () => Array.from(document.querySelectorAll('article.finding')).filter((card) => !card.hidden).map((card) => card.id).join();\
         globalThis.listed = () => Array.from(document.querySelectorAll('#t-findings tbody tr')).filter((row) => !row.hidden).length; 1",
    );
    browser.value("choose('#by-verdict', 'operational'); 1");
    browser.holds("cards() === 'F4,F5,F6' && listed() === 3");
    browser.value("choose('#by-kind', 'stale_credential'); 1");
    browser.holds("cards() === 'F4' && listed() === 1 && location.hash.includes('kind=stale_credential')");
    browser.value("choose('#by-verdict', ''); choose('#by-kind', ''); 1");
    browser.holds("cards() === 'F1,F2,F3,F4,F5,F6' && listed() === 6");
}

#[test]
fn a_wrong_time_is_said_and_clocks_can_be_changed() {
    let Some((_folder, mut browser)) = opened(&incident()) else {
        return;
    };
    browser.value(
        "globalThis.field = document.querySelector('.range input'); field.value = '12:30';\
         field.dispatchEvent(new Event('change')); 1",
    );
    browser.holds("document.querySelector('#selection').textContent.includes('“12:30” is no time')");
    browser.holds("field.getAttribute('aria-invalid') === 'true'");
    browser.value("const zone = document.querySelector('#zone'); zone.value = 'local'; zone.dispatchEvent(new Event('change')); 1");
    browser.holds("Array.from(document.querySelectorAll('#t-findings time')).every((time) => /\\d\\d:\\d\\d:\\d\\d$/.test(time.textContent))");
    browser.holds("location.hash.includes('tz=local')");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn findings_requests_and_tables_can_be_taken_along() {
    let Some((_folder, mut browser)) = opened(&incident()) else { return };
    browser.value(
        "globalThis.taken = []; navigator.clipboard.writeText = async (text) => { taken.push(text); };\
         URL.createObjectURL = (blob) => { blob.text().then((text) => taken.push(text)); return '#'; }; 1",
    );
    browser.value("document.querySelector('#F1 button.small').click(); 1");
    browser.holds("taken[0].startsWith('## F1 rosa.moreau1 taken over') && taken[0].includes('### Why') && taken[0].includes('1. ')");
    browser.holds("!taken[0].includes('Copy') && taken[0].includes('· 2026-03-01 12:38:31 UTC – ') && taken[0].includes('evidence (7 lines)')");
    browser.value(
        "Array.from(document.querySelectorAll('#F1 li button.small')).find((b) => b.textContent === 'curl').click(); 1",
    );
    browser.holds("taken[1].startsWith('curl -X DELETE \"$ES_URL\"') && taken[1].includes('-d ')");
    browser.value("document.querySelector('#failures button.csv').click(); 1");
    browser.settle();
    browser.holds("taken[2].split('\\r\\n').length > 50 && taken[2].startsWith('Count,')");
    browser.value("document.querySelector('#keys button.csv').click(); 1");
    browser.settle();
    // Numbers are numbers, and nothing stands for what is absent.
    browser.holds("taken[3].includes(',2934,') && !taken[3].includes(\"'-\")");
}

#[test]
fn a_spray_is_a_row_of_the_matrix_and_weeks_have_a_calendar() {
    let Some((_folder, mut browser)) = opened(&incident()) else { return };
    browser.holds("document.querySelector('#c-matrix svg').textContent.includes('198.18.2.116')");
    browser.holds(
        "document.querySelectorAll('#c-matrix rect.cell').length >= 15 && !document.querySelector('#c-calendar')",
    );
    let mut weeks = incident();
    weeks.coverage.last = Some("2026-04-20T00:00:00.000Z".to_owned());
    let Some((_folder, mut browser)) = opened(&weeks) else { return };
    browser.holds("document.querySelectorAll('#c-calendar rect.day').length === 51");
    browser.value("document.querySelector('#c-calendar rect.cell').dispatchEvent(new MouseEvent('click')); 1");
    browser.holds("location.hash.includes('from=2026-03-01')");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn every_finding_is_drawn_or_named() {
    let mut report = incident();
    let first = report.findings[0].clone();
    for number in 7..=60 {
        report.findings.push(esaudit::Finding { id: format!("F{number}"), ..first.clone() });
    }
    let Some((_folder, mut browser)) = opened(&report) else { return };
    let drawn = browser.number("document.querySelectorAll('#c-timeline a').length");
    assert!(drawn >= 11, "{drawn}");
    browser.holds("document.querySelectorAll('#c-timeline a').length >= 6 && !document.querySelector('#c-timeline .note') || document.querySelector('#c-timeline .note').textContent.includes('Not drawn')");
}

#[test]
fn words_from_right_to_left_are_isolated() {
    let mut report = incident();
    report.findings[0].title = "שלום taken over from 198.18.2.140".to_owned().into();
    let (_folder, path) = saved(&report);
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains("<bdi>שלום</bdi> taken over from 198.18.2.140"));
}

#[test]
fn pages_hold_lines_of_the_evidence_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let output = ["-o", path.to_str().unwrap()];
    let asked = |more: &[&str]| test_support::esaudit(&[&["report", "testdata/incident"], &output[..], more].concat());
    assert_eq!(asked(&["--embed-evidence"]).status.code(), Some(0));
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("The lines themselves (7 of 7") && page.contains("prod_audit-2026-03-01-2.json.gz:305: {"));
    assert_eq!(asked(&[]).status.code(), Some(0));
    assert!(!std::fs::read_to_string(&path).unwrap().contains("The lines themselves"));
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    let hidden = asked(&["--embed-evidence", "--pseudonymize", key.to_str().unwrap()]);
    assert_eq!(hidden.status.code(), Some(64), "{hidden:?}");
}
