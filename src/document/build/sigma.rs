//! What rules of others found.

use crate::document::{Cell, Column, Media, NameList, Section, Table, Tone};
use crate::model::text::Span;
use crate::model::{Report, SigmaMatch, SigmaReport, SkippedRule};

use super::{moment, place};

/// The section, where rules were run.
pub(super) fn section(report: &Report) -> Option<Section<'_>> {
    let sigma = report.sigma.as_ref()?;
    let section = Section::new("sigma", "Sigma rules", "Sigma rules");
    let section =
        section.remark("run over failed attempts, security changes and powerful actions").with(matches(sigma));
    Some(if sigma.skipped.is_empty() { section } else { section.with(skipped(sigma)) })
}

fn matches(sigma: &SigmaReport) -> Table<'_> {
    let columns = vec![
        Column::text("title", "Rule"),
        Column::text("level", "Level"),
        Column::number("events", "Events"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("about", "About"),
        Column::number("stretches_total", "Stretches"),
        Column::text("id", "Id").on(Media::DATA),
        Column::text("file", "File").on(Media::DATA.and(Media::PAGE)),
        Column::text("evidence", "Evidence"),
    ];
    Table::of("sigma", columns, &sigma.matches, row).or("No rule found anything.").timed()
}

fn row(found: &SigmaMatch) -> Vec<Cell> {
    let tone = match found.level.as_deref() {
        Some("critical" | "high") => Tone::Bad,
        Some("medium") => Tone::Warn,
        _ => Tone::Plain,
    };
    let about: Vec<String> =
        found.stretches.iter().map(|stretch| stretch.group.values().cloned().collect::<Vec<_>>().join(", ")).collect();
    let time = |time: Option<&String>| time.map_or(Cell::NONE, |time| Cell::of(moment(time)));
    vec![
        Cell::of(Span::name(&found.title)),
        Cell::logged(Span::name, found.level.as_deref(), "").tone(tone),
        Cell::number(found.events),
        time(found.first.as_ref()),
        time(found.last.as_ref()),
        NameList::cell(Span::name, &about, found.stretches_total),
        if found.stretches_total == 0 { Cell::NONE } else { Cell::number(found.stretches_total) },
        Cell::logged(Span::key, found.id.as_deref(), ""),
        Cell::of(Span::name(&found.file)),
        found.evidence.first().map_or(Cell::NONE, |line| Cell::of(place(line))),
    ]
}

fn skipped(sigma: &SigmaReport) -> Table<'_> {
    let columns = vec![Column::text("title", "Not run"), Column::text("file", "File"), Column::text("why", "Why")];
    let row = |rule: &SkippedRule| [&rule.title, &rule.file, &rule.why].map(|text| Cell::of(Span::name(text))).to_vec();
    Table::of("sigma_skipped", columns, &sigma.skipped, row)
}
