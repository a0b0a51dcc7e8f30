//! `esaudit diff`: new and grown first, then what got better.

use std::io;

use super::{chain, period, time, tool, word};
use crate::data::json;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, Fact, Media, Row, Section, Table, Tone, WholeTime};
use crate::model::diff::{DiffReport, DiffSide, FindingChange, GroupChange, Lists, NumberChange, RefusedChange};
use crate::model::text::{Span, Text};
use crate::words;

impl Results for DiffReport {
    fn document(&self) -> Document<'_> {
        let mut facts = side("Old", &self.old);
        facts.extend(side("New", &self.new));
        let note = |note: &String| Fact::new("Note", note.clone()).tone(Tone::Warn);
        facts.extend(self.notes.iter().map(note));
        // The clock leaves out what all times share: those of both reports.
        let ends = |pick: fn(&DiffSide) -> &Option<String>| {
            [pick(&self.old).as_deref(), pick(&self.new).as_deref()].into_iter().flatten()
        };
        let sections = [
            section("findings", "Findings", &self.findings, &FINDING, found),
            section("failures", "Failures", &self.groups, &failure(&self.groups), group),
            section("api_keys", "Failing API keys", &self.api_keys, &KEY, key),
        ];
        Document {
            title: "Two Elasticsearch audit reports compared",
            about: "two reports compared",
            tool: tool(&self.tool),
            period: period(ends(|side| &side.first).min(), ends(|side| &side.last).max()),
            main: "findings",
            head: vec![Block::Facts(facts), totals(self).into()],
            sections: sections.into(),
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

fn side(name: &'static str, side: &DiffSide) -> Vec<Fact> {
    let path = Text::from(Span::name(&side.path)).with(":");
    let whole = period(side.first.as_deref(), side.last.as_deref());
    let whole = whole.map(|(from, to)| WholeTime { from, to, says_zone: false });
    let value = match (whole, &side.first, &side.last) {
        (None, Some(first), Some(last)) => path.with(" ").with(Span::name(first)).with(" to ").with(Span::name(last)),
        (None, ..) => path.with(" no event with a time"),
        (Some(_), ..) => path,
    };
    let mut facts = vec![Fact { whole, ..Fact::new(name, value) }];
    if !side.filters.is_empty() {
        let filters = super::joined(side.filters.iter().cloned(), "; ");
        facts.push(Fact::new("", Text::from("filters: ").with(filters)).tone(Tone::Note));
    }
    facts
}

fn totals<'a>(diff: &DiffReport) -> Table<'a> {
    let totals = &diff.totals;
    let rows = [
        ("Failed attempts", totals.failed_attempts),
        ("Principals", totals.principals),
        ("Addresses", totals.sources),
        ("Findings", totals.findings),
        ("API key invalidations", totals.api_key_invalidations),
    ];
    let row = |(name, tally): (&'static str, NumberChange)| {
        vec![Cell::of(name), Cell::number(tally.old), Cell::number(tally.new), change(tally)]
    };
    let columns = vec![
        Column::text("what", ""),
        Column::number("old", "Old"),
        Column::number("new", "New"),
        Column::number("change", "Change").on(Media::PEOPLE),
    ];
    Table::new("totals", columns, rows.into_iter().map(row).collect()).caption("In numbers").least(usize::MAX)
}

/// How a number changed: by how much, and by how much of itself.
fn change(tally: NumberChange) -> Cell {
    let sign = if tally.new > tally.old { '+' } else { '-' };
    let by = words::number(tally.new.abs_diff(tally.old));
    Cell::of(match (tally.old, tally.new) {
        (old, new) if old == new => "=".to_owned(),
        (0, _) => format!("+{by}"),
        (old, new) => format!("{sign}{by} ({sign}{})", words::percent(new.abs_diff(old), old)),
    })
}

/// A change of one thing: what it is, its count and when it was met last.
struct Changed {
    what: Vec<Cell>,
    count: NumberChange,
    last: [Option<String>; 2],
}

/// One kind of thing: what is new, grown, shrunk and gone.
fn section<'a, T>(
    id: &'static str,
    title: &'static str,
    lists: &'a Lists<T>,
    what: &[Column],
    describe: fn(&T) -> Changed,
) -> Section<'a> {
    let changed = lists.changed();
    let mut counts: Vec<Text> = changed
        .iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(word, list)| Text::from(list.len() as u64).with(" ").with(*word))
        .collect();
    if !lists.same.is_empty() {
        counts.push(Text::from(lists.same.len() as u64).with(" as before"));
    }
    // Programs get a table without rows, people none.
    let media = if counts.is_empty() { Media::DATA } else { Media::ALL };
    let mut columns = vec![Column::text("became", "")];
    columns.extend(what.iter().cloned());
    columns.extend([
        Column::number("old", "Old"),
        Column::time("last_old", "Last before").below("old", "last"),
        Column::number("new", "New"),
        Column::time("last_new", "Last after").below("new", "last"),
        Column::number("change", "Change").on(Media::PEOPLE),
    ]);
    let of = move |word: &'static str, list: &'a [T]| list.iter().map(move |thing| row(word, describe(thing)));
    let rows = move || -> Box<dyn Iterator<Item = Row> + 'a> {
        Box::new(lists.changed().into_iter().flat_map(move |(word, list)| of(word, list)))
    };
    let len = changed.iter().map(|(_, list)| list.len() as u64).sum();
    let table = Table::lazy(id, columns, len, rows).stacked().each();
    let section = Section::new(id, title, title).remark(super::joined(counts, ", ")).on(media);
    section.with(table.or("Nothing changed."))
}

fn row(word: &'static str, changed: Changed) -> Row {
    let tone = if matches!(word, "new" | "grown") { Tone::Bad } else { Tone::Note };
    let number = |count: u64, last: &Option<String>| {
        if last.is_some() { Cell::number(count) } else { Cell::Absent("-") }
    };
    let last = |last: &Option<String>| last.as_deref().map_or(Cell::NONE, |at| time(Some(at)).tone(Tone::Dim));
    let [old, new] = &changed.last;
    let mut cells = vec![Cell::Text(word.into(), tone)];
    cells.extend(changed.what);
    cells.extend([
        number(changed.count.old, old),
        last(old),
        number(changed.count.new, new),
        last(new),
        change(changed.count),
    ]);
    Row::Cells(cells)
}

const FINDING: [Column; 3] = [
    Column::text("finding", "Finding"),
    Column::text("severity", "Severity").below("finding", "  severity"),
    Column::text("kind", "Kind").below("finding", "  kind"),
];

fn found(found: &FindingChange) -> Changed {
    let severity = match (found.severity_old.as_deref(), found.severity_new.as_deref()) {
        (Some(old), Some(new)) if old != new => {
            Cell::of(Text::from(word(new)).with(" (was ").with(word(old)).with(")"))
        }
        (old, new) => Cell::logged(word, new.or(old), "unknown"),
    };
    Changed {
        what: vec![
            Cell::of(found.title.clone()),
            severity.tone(Tone::Dim),
            Cell::Text(word(&found.kind).into(), Tone::Dim),
        ],
        count: found.failures,
        last: [found.last_old.clone(), found.last_new.clone()],
    }
}

/// Columns of groups: those that all have, and the keys of another grouping together.
fn failure(lists: &Lists<GroupChange>) -> Vec<Column> {
    let mut columns = vec![
        Column::text("principal", "Principal"),
        Column::text("reason", "Reason").below("principal", "  reason"),
        Column::text("realm_chain", "Chain").below("principal", "  chain"),
    ];
    let all = || lists.changed().into_iter().flat_map(|(_, list)| list);
    let by = Column::text("by", "By");
    let has = |change: &GroupChange| !change.by.is_empty() || change.credential.is_some() || change.cluster.is_some();
    let shown = all().any(has);
    columns.push(if shown { by.below("principal", "  by") } else { by.on(Media::NONE) });
    columns
}

fn group(group: &GroupChange) -> Changed {
    let by = group.by.iter().map(|(name, value)| {
        let value = value.as_deref().map_or_else(|| Text::from("not logged"), |value| Span::name(value).into());
        Text::from(word(name)).with(": ").with(value)
    });
    let sent = group.credential.as_deref().map(|sent| Text::from("credential: ").with(word(sent)));
    let cluster = group.cluster.as_deref().map(|cluster| Text::from("cluster: ").with(Span::name(cluster)));
    let by = sent.into_iter().chain(cluster).chain(by);
    Changed {
        what: vec![
            Cell::logged(Span::principal, group.principal.as_deref(), "(none)"),
            Cell::of(word(&group.reason)),
            chain(group.realm_chain.as_deref()),
            Cell::of(super::joined(by, ", ")),
        ],
        count: group.count,
        last: [group.last_old.clone(), group.last_new.clone()],
    }
}

const KEY: [Column; 3] = [
    Column::text("name", "Key"),
    Column::text("id", "Id").below("name", "  id"),
    Column::text("reason", "Reason").below("name", "  reason"),
];

fn key(key: &RefusedChange) -> Changed {
    Changed {
        what: vec![
            Cell::logged(Span::key, key.name.as_deref(), "name unknown"),
            Cell::logged(Span::key, key.id.as_deref(), "no line names it"),
            Cell::of(word(&key.reason)),
        ],
        count: key.count,
        last: [key.last_old.clone(), key.last_new.clone()],
    }
}
