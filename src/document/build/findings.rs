//! The judged findings: all in one table, then one by one.

use super::addresses::Known;
use super::{node, period, place, time, what_is_left, word};
use crate::document::{
    Block, Card, Cards, Cell, Column, List, ListKind, ListedName, Media, NameList, Section, Spark, Table, Tone,
};
use crate::model::text::{Logged, Span, Text};
use crate::model::{AfterEntry, Coverage, Finding, FindingPart, Lane, Report};

/// Findings told in full on a screen; more would push the rest of the report out of sight.
const ON_SCREEN: usize = 3;

pub(super) fn section(report: &Report) -> Option<Section<'_>> {
    let section = Section::new("findings", "Findings", "Findings");
    if report.findings.is_empty() {
        let none = if report.coverage.holds_nothing() {
            Text::from("None can be told: no audit and no server event was in what was read.")
        } else if report.coverage.audit_events == 0 {
            Text::from("No audit log: no verdict.")
        } else {
            Text::from("None: nothing in ").with(what_is_left(report)).with(" matches a known pattern.")
        };
        let told = Block::Prose(none, Tone::Plain);
        return report.parameters.contains_key("findings").then(|| section.with(told));
    }
    let cards = Cards {
        total: report.findings.len(),
        on_screen: ON_SCREEN,
        cards: Box::new(move || {
            let known = Known::of(report);
            Box::new(report.findings.iter().map(move |finding| card(&report.coverage, &known, finding)))
        }),
    };
    Some(section.with(table(&report.findings)).with(Block::Cards(cards)))
}

/// The table of findings.
pub(super) fn table(findings: &[Finding]) -> Table<'_> {
    const SCREEN: Media = Media::SCREEN;
    const OTHERS: Media = Media::FILE.and(Media::PAGE).and(Media::DATA);
    let columns = vec![
        Column::text("id", "Id"),
        Column::text("severity", "Severity"),
        Column::text("verdict", "Verdict").below("severity", "VERDICT"),
        Column::text("kind", "Kind").on(Media::DATA),
        Column::text("finding", "Finding"),
        Column::time("when", "When").on(SCREEN).below("finding", ""),
        Column::time("start", "Start").on(OTHERS),
        Column::time("end", "End").on(OTHERS),
        Column::number("failures", "Failures"),
        Column::number("successes", "Successes").on(Media::DATA),
        Column::number("confidence", "Confidence").on(Media::DATA),
    ];
    Table::of("findings", columns, findings, row).caption("All findings, most severe first").timed()
}

fn row(finding: &Finding) -> Vec<Cell> {
    let (start, end) = (finding.start.as_deref(), finding.end.as_deref());
    let when = match period(start, end) {
        Some((from, to)) => Cell::of(Span::Period(from, to)),
        None => time(start.or(end)),
    };
    vec![
        Cell::of(Span::finding(&finding.id)),
        Cell::Severity(Logged::new(&finding.severity)),
        Cell::Verdict(Logged::new(&finding.verdict)),
        Cell::of(word(&finding.kind)),
        Cell::Text(finding.title.clone(), Tone::Bold),
        when.tone(Tone::Dim),
        time(start),
        time(end),
        Cell::number(finding.failures),
        Cell::number(finding.successes),
        Cell::of(Span::Share(finding.confidence)),
    ]
}

fn card<'a>(coverage: &'a Coverage, known: &Known<'a>, finding: &'a Finding) -> Card<'a> {
    let mut blocks = Vec::new();
    if let Some(timeline) = &finding.timeline {
        blocks.push(Block::Spark(Spark { counts: timeline.counts.clone(), bucket_seconds: timeline.bucket_seconds }));
    }
    blocks.push(Block::Prose(finding.diagnosis.clone(), Tone::Plain));
    blocks.push(Block::List(List::bullets("Why", finding.why.clone())));
    blocks.push(Block::List(List { name: "Next", kind: ListKind::Steps, items: finding.next_steps.clone() }));
    blocks.push(Block::List(List::bullets("Parts", finding.parts.iter().map(part).collect())));
    blocks.extend(finding.after_entry.as_ref().and_then(lanes));
    let doubts = List::bullets("A false alarm if", finding.false_positives.clone());
    blocks.push(Block::List(doubts).on(Media::FILE.and(Media::PAGE)));
    if !finding.evidence.is_empty() {
        let title = Text::from("Who, where, and the evidence (")
            .with(Text::count(finding.evidence.len() as u64, "line", "lines"))
            .with(")");
        let lines = |name| {
            let items = finding.evidence.iter().map(|line| place(line).into()).collect();
            Block::List(List { name, kind: ListKind::Places, items })
        };
        blocks.push(lines("Evidence").on(Media::SCREEN.and(Media::FILE)));
        let folded = vec![Block::Fields(who(coverage, known, finding)), lines("")];
        blocks.push(Block::Fold { title, open: false, blocks: folded }.on(Media::PAGE));
    }
    Card {
        id: Logged::new(&finding.id),
        title: finding.title.clone(),
        badges: vec![Cell::Severity(Logged::new(&finding.severity)), Cell::Verdict(Logged::new(&finding.verdict))],
        facts: facts(finding),
        blocks,
    }
}

fn facts(finding: &Finding) -> Vec<(Media, Text, Tone)> {
    const OTHERS: Media = Media::FILE.and(Media::PAGE);
    let all = |text: Text| (Media::ALL, text, Tone::Dim);
    let mut facts = Vec::new();
    if let Some((from, to)) = period(finding.start.as_deref(), finding.end.as_deref()) {
        facts.push((OTHERS, Text::from(Span::Period(from, to)), Tone::Dim));
    }
    facts.push((OTHERS, Text::count(finding.failures, "failure", "failures"), Tone::Dim));
    facts.push(all(word(&finding.kind).into()));
    facts.extend(finding.attack.iter().map(|technique| all(word(technique).into())));
    if finding.confidence > 0.0 {
        facts.push(all(Text::from("confidence ").with(Span::Share(finding.confidence))));
    }
    if finding.successes > 0 {
        facts.push((Media::ALL, Text::count(finding.successes, "success", "successes"), Tone::Bad));
    }
    if !finding.related.is_empty() {
        let ids = finding.related.iter().map(|id| Text::from(Span::finding(id)));
        facts.push(all(Text::from("see also ").with(super::joined(ids, ", "))));
    }
    facts
}

/// A part of a finding in a sentence.
fn part(part: &FindingPart) -> Text {
    let told = part.title.clone().with(" (").with(word(&part.kind));
    let told =
        if part.failures > 0 { told.with(", ").with(Text::count(part.failures, "failure", "failures")) } else { told };
    match period(part.start.as_deref(), part.end.as_deref()) {
        Some((from, to)) => told.with(", ").with(Span::Period(from, to)).with(")"),
        None => told.with(")"),
    }
}

/// The session over time, a lane for each kind of thing.
fn lanes<'a>(after: &AfterEntry) -> Option<Block<'a>> {
    let (from, to) = period(after.from.as_deref(), after.until.as_deref())?;
    let lane = |lane: &Lane| {
        let counts = lane.counts.clone();
        let name = Text::from(word(&lane.name.replace('_', " "))).with(": ").with(counts.iter().sum::<u64>());
        [Block::Prose(name, Tone::Dim), Block::Spark(Spark { counts, bucket_seconds: after.bucket_seconds })]
    };
    let title = Text::from("The session, lane by lane: ").with(Span::Period(from, to));
    let blocks = after.lanes.iter().flat_map(lane).collect();
    Some(Block::Fold { title, open: true, blocks }.on(Media::PAGE))
}

/// Who and where, by name.
fn who(coverage: &Coverage, known: &Known<'_>, finding: &Finding) -> Vec<(&'static str, Cell)> {
    let addresses = finding.sources.iter().map(|address| known.name(address)).collect();
    let nodes = finding.nodes.iter().map(|key| ListedName::new(node(coverage, key))).collect();
    vec![
        ("Principals", NameList::cell(Span::principal, &finding.principals, finding.principals_total)),
        ("Addresses", Cell::Names(NameList { items: addresses, total: finding.sources_total })),
        ("Nodes", Cell::Names(NameList { items: nodes, total: finding.nodes.len() as u64 })),
        ("API keys", NameList::cell(Span::key, &finding.api_keys, finding.api_keys.len() as u64)),
    ]
}
