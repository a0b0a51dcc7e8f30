//! `esaudit check`: all checks in one table, then one by one.

use std::io;

use super::{coverage, joined, period, place, tool, word};
use crate::data::json;
use crate::document::results::{Form, Results};
use crate::document::{
    Block, Card, Cards, Cell, Column, Document, List, ListKind, ListedName, Media, NameList, Section, Table, Tone,
};
use crate::model::check::{CheckReport, ReadinessCheck};
use crate::model::text::{Logged, Span, Text};

/// Checks told in full on a screen: all that a well-kept cluster has.
const ON_SCREEN: usize = 12;

impl Results for CheckReport {
    fn document(&self) -> Document<'_> {
        let coverage = &self.coverage;
        let mut head = coverage::head(coverage, None);
        let read = coverage.audit_events + coverage.server_events > 0 || !coverage.context.is_empty();
        if read {
            let count = Text::count(self.checks.len() as u64, "thing", "things");
            let tail = match self.as_of.as_deref() {
                Some(as_of) => Text::from(" not as they should be, as of ").with(super::moment(as_of)),
                None => " not as they should be".into(),
            };
            head.push(Block::Headline(count, tail));
        } else {
            head.push(Block::Headline("Nothing was checked".into(), ": no event and no dump was read".into()));
        }
        let none = if read { "Nothing that these logs and dumps can tell." } else { "Nothing was checked." };
        let mut section = Section::new("checks", "Checks", "Checks").with(table(&self.checks).or(none));
        if !self.checks.is_empty() {
            section = section.with(Block::Cards(Cards {
                total: self.checks.len(),
                on_screen: ON_SCREEN,
                cards: Box::new(|| Box::new(self.checks.iter().zip(1..).map(|(check, number)| card(check, number)))),
            }));
        }
        let mut sections = vec![section];
        sections.extend(coverage::caveats(coverage));
        sections.push(coverage::details(coverage, &self.parameters));
        Document {
            title: "Audit readiness of Elasticsearch",
            about: "audit readiness of Elasticsearch",
            tool: tool(&self.tool),
            period: period(coverage.first.as_deref(), coverage.last.as_deref()),
            main: "checks",
            head,
            sections,
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

fn table(checks: &[ReadinessCheck]) -> Table<'_> {
    let columns = vec![
        Column::text("severity", "Severity"),
        Column::text("check", "Check"),
        Column::text("id", "Id").on(Media::DATA),
        Column::text("nodes", "Nodes").on(Media::DATA),
        Column::text("principals", "Principals").on(Media::DATA),
        Column::text("api_keys", "API keys").on(Media::DATA),
        Column::text("why", "Why").on(Media::DATA),
        Column::text("fix", "Mend").on(Media::DATA),
    ];
    Table::of("checks", columns, checks, row).caption("All checks, most severe first")
}

fn row(check: &ReadinessCheck) -> Vec<Cell> {
    vec![
        Cell::Severity(Logged::new(&check.severity)),
        Cell::Text(check.title.clone(), Tone::Bold),
        Cell::of(word(&check.id)),
        names(&check.nodes, Span::node),
        names(&check.principals, Span::principal),
        names(&check.api_keys, Span::key),
        Cell::of(joined(check.why.iter().cloned(), " | ")),
        Cell::of(joined(check.fix.iter().cloned(), " | ")),
    ]
}

fn names(list: &[String], span: fn(&str) -> Span) -> Cell {
    let items = list.iter().map(|name| ListedName::new(span(name))).collect();
    Cell::Names(NameList { items, total: list.len() as u64 })
}

fn card(check: &ReadinessCheck, number: usize) -> Card<'_> {
    let mut blocks = vec![
        Block::List(List::bullets("Why", check.why.clone())),
        Block::List(List { name: "Mend", kind: ListKind::Steps, items: check.fix.clone() }),
    ];
    if !check.evidence.is_empty() {
        let items = check.evidence.iter().map(|line| place(line).into()).collect();
        blocks.push(Block::List(List { name: "Evidence", kind: ListKind::Places, items }));
    }
    Card {
        // Names of checks are longer than a card has room for.
        id: Logged::new(&format!("C{number}")),
        title: check.title.clone(),
        badges: vec![Cell::Severity(Logged::new(&check.severity))],
        facts: vec![(Media::ALL, word(&check.id).into(), Tone::Dim)],
        blocks,
    }
}
