//! `esaudit timeline`: a row for everything that happened to one actor, and for every long silence.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds between events, rounded")]

use std::io;

use super::{chain, coverage, deeds, findings, joined, node, period, places, time, tool, word};
use crate::data::json;
use crate::document::clock::parse;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, Media, NameList, Row, Section, Table, Tone};
use crate::model::Coverage;
use crate::model::text::{Span, Text};
use crate::model::timeline::{Entry, TimelineReport};
use crate::words;

/// Silence that is worth a row, in seconds.
const SILENCE: u64 = 1800;

/// Rows unless the user says otherwise: a timeline that is cut is none.
const ROWS: usize = 200;

impl Results for TimelineReport {
    fn document(&self) -> Document<'_> {
        let coverage = &self.coverage;
        let totals = &self.totals;
        let mut head = coverage::head(coverage, self.filters.as_ref());
        let others = super::amounts(&[
            (totals.successes, "event of success", "events of success"),
            (totals.denials, "refused action", "refused actions"),
            (totals.changes, "security change", "security changes"),
            (totals.powerful, "powerful action", "powerful actions"),
        ]);
        let tail = if others.is_empty() { others } else { Text::from(", ").with(others) };
        head.push(Block::Headline(Text::count(totals.failures, "failed attempt", "failed attempts"), tail));
        let mut sections = Vec::new();
        if !self.findings.is_empty() {
            let section = Section::new("findings", "Findings", "In these findings");
            let remark = "of all that was read, not of this timeline alone";
            sections.push(section.remark(remark).with(findings::table(&self.findings)));
        }
        sections.push(Section::new("timeline", "Timeline", "Timeline").with(table(coverage, &self.entries)));
        sections.extend(coverage::caveats(coverage));
        sections.push(coverage::details(coverage, &self.parameters));
        Document {
            title: "What one actor did in Elasticsearch",
            about: "what one actor did in Elasticsearch audit logs",
            tool: tool(&self.tool),
            period: period(coverage.first.as_deref(), coverage.last.as_deref()),
            main: "timeline",
            head,
            sections,
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

fn table<'a>(coverage: &'a Coverage, entries: &'a [Entry]) -> Table<'a> {
    const DATA: Media = Media::DATA;
    let columns = vec![
        Column::time("start", "Time"),
        Column::time("end", "Until").below("start", "  until"),
        Column::number("count", "Count"),
        Column::text("kind", "Kind").on(DATA),
        Column::text("what", "What"),
        Column::text("repeats", "Repeats").below("what", "  ").on(Media::PEOPLE),
        Column::text("api_key", "API key").below("what", "  "),
        Column::text("realm_chain", "Realm chain").below("what", ""),
        Column::text("findings", "Findings").below("what", "  "),
        Column::text("who", "Who"),
        Column::text("from", "From").below("who", "  from"),
        Column::text("on", "On").below("who", "  "),
        Column::text("evidence", "Evidence").on(DATA.and(Media::PAGE)),
    ];
    let rows = move || -> Box<dyn Iterator<Item = Row> + 'a> {
        Box::new(entries.iter().flat_map(|entry| {
            let quiet = entry.quiet_seconds.filter(|quiet| *quiet >= SILENCE);
            let quiet = quiet.map(|quiet| Text::from(words::seconds(quiet)).with(" without any of this"));
            quiet.map(|quiet| Row::Remark(4, quiet)).into_iter().chain([Row::Cells(row(coverage, entry))])
        }))
    };
    let table = Table::lazy("timeline", columns, entries.len() as u64, rows).stacked().timed().least(ROWS);
    let none = "Nothing in these logs is about that actor";
    table.or(match coverage.left_out.as_slice() {
        [] => Text::from(format!("{none}.")),
        left_out => Text::from(format!("{none}, unless it is in what limits left out: {}.", left_out.join("; "))),
    })
}

fn row(coverage: &Coverage, entry: &Entry) -> Vec<Cell> {
    let asked = entry.realm_chains.iter().find(|chain| chain.key.as_ref().is_some_and(|key| !key.is_empty()));
    let in_findings = Text::from("in ").with(joined(entry.findings.iter().map(|id| Span::finding(id).into()), ", "));
    vec![
        time(Some(&entry.start)),
        if entry.end == entry.start { Cell::NONE } else { time(Some(&entry.end)).tone(Tone::Dim) },
        Cell::number(entry.count),
        Cell::of(word(&entry.kind)),
        what(entry),
        repeats(entry).map_or(Cell::NONE, Cell::of),
        key(entry),
        asked.map_or(Cell::NONE, |asked| chain(asked.key.as_deref())),
        if entry.findings.is_empty() { Cell::NONE } else { Cell::Text(in_findings, Tone::Bold) },
        match entry.principals_total {
            0 => Cell::Absent("(none)"),
            total => NameList::cell(Span::principal, &entry.principals, total),
        },
        NameList::cell(Span::address, &entry.sources, entry.sources_total),
        on(coverage, entry),
        places(&entry.evidence),
    ]
}

fn what(entry: &Entry) -> Cell {
    let log = |text: Option<&str>| text.map_or_else(|| Text::from("unknown"), |text| Span::name(text).into());
    let (text, tone) = match entry.kind.as_str() {
        "failures" => {
            let failed = Text::from("failed: ").with(log(entry.reason.as_deref()));
            let told = match entry.reason_basis.as_deref() {
                Some("none") | None => failed,
                Some(basis) => failed.with(" (").with(word(&basis.replace('_', " "))).with(")"),
            };
            (told, Tone::Bad)
        }
        "successes" => (Text::from("got in"), Tone::Note),
        "denials" => (Text::from("was refused ").with(log(entry.action.as_deref())), Tone::Warn),
        "powerful" => powerful(entry),
        _ => {
            let action = log(entry.action.as_deref());
            let target = entry.target.as_deref();
            (target.map_or(action.clone(), |target| action.with(" ").with(Span::name(target))), Tone::Warn)
        }
    };
    Cell::Text(text, tone)
}

fn powerful(entry: &Entry) -> (Text, Tone) {
    let action = entry.action.as_deref().unwrap_or_default();
    let mut told = Text::from(deeds::spoken(action, entry.class.as_deref().unwrap_or_default()));
    if let Some(target) = &entry.target {
        told.push(Text::from(": ").with(Span::name(target)));
    }
    if entry.by_node {
        told.push(", by the node itself for a policy, a transform or a watch");
        return (told, Tone::Plain);
    }
    (told, Tone::Bad)
}

/// How what happened again and again was spread.
fn repeats(entry: &Entry) -> Option<Text> {
    let more = entry.count.checked_sub(1).filter(|more| *more > 0)?;
    let over = u64::try_from(parse(&entry.end)?.0.saturating_sub(parse(&entry.start)?.0) / 1000).unwrap_or(0);
    let over = if over == 0 { "within a second".to_owned() } else { format!("in {}", words::seconds(over)) };
    let told = Text::from(more).with(" more ").with(over);
    let every = entry.every_seconds.filter(|every| *every >= 0.5 && more > 1);
    // Whole seconds are all that the eye can use.
    Some(match every {
        Some(every) => told.with(format!(", every {}", words::seconds(every.round() as u64))),
        None => told,
    })
}

fn key(entry: &Entry) -> Cell {
    let Some(key) = entry.api_key.as_deref().or(entry.api_key_name.as_deref()) else { return Cell::NONE };
    let told = Text::from("API key ").with(Span::key(key));
    let name = entry.api_key_name.as_deref().filter(|_| entry.api_key.is_some());
    Cell::of(name.map_or(told.clone(), |name| told.with(" (").with(Span::key(name)).with(")")))
}

/// On which nodes, by which realm.
fn on(coverage: &Coverage, entry: &Entry) -> Cell {
    let mut told = Text::new();
    if !entry.nodes.is_empty() {
        let nodes = entry.nodes.iter().map(|key| node(coverage, key).into());
        told.push(Text::from("on ").with(joined(nodes, ", ")));
    }
    if let Some(realm) = &entry.realm {
        told.push(if told.is_empty() { "by " } else { " by " });
        told.push(Span::realm(realm));
    }
    Cell::Text(told, Tone::Dim)
}
