//! Two reports compared, for people: new and grown first, then what got better.

use std::io;

use super::{
    Context,
    grid::{Column, Grid, Part},
    header::field,
    screen::{Paint, Screen, paint},
    text::{self, Shown},
};
use crate::model::{Coverage, Report};
use crate::report::{
    View,
    diff::{DiffReport, Lists, Side, Tally},
};

/// Writes the comparison.
pub(in crate::report) fn write(diff: &DiffReport, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    // The clock leaves out what all times share: those of both reports.
    let ends =
        |pick: fn(&Side) -> &Option<String>| [pick(&diff.old).clone(), pick(&diff.new).clone()].into_iter().flatten();
    let coverage =
        Coverage { first: ends(|side| &side.first).min(), last: ends(|side| &side.last).max(), ..Coverage::default() };
    let report = Report::bare(diff.tool.clone(), std::collections::BTreeMap::new(), coverage, None);
    let ctx = Context::new(&report, view);
    let mut screen = Screen::new(out, ctx.view.style);
    let tool = format!("{} {}", ctx.log(&diff.tool.name).into_text(), ctx.log(&diff.tool.version).into_text());
    screen.line(&format!("{}  {}", paint(Paint::Bold, &tool), paint(Paint::Dim, "two reports compared")))?;
    screen.line("")?;
    side(&ctx, &mut screen, "Old", &diff.old)?;
    side(&ctx, &mut screen, "New", &diff.new)?;
    for note in &diff.notes {
        field(&ctx, &mut screen, "Note", &ctx.log(note).into_text(), Paint::Warn)?;
    }
    screen.line("")?;
    totals(&ctx, &mut screen, diff)?;
    section(&ctx, &mut screen, "Findings", &diff.findings, &["FINDING", "  severity, kind"], |found| {
        let severity = match (found.severity_old.as_deref(), found.severity_new.as_deref()) {
            (Some(old), Some(new)) if old != new => {
                format!("{} (was {})", ctx.log(new).into_text(), ctx.log(old).into_text())
            }
            (old, new) => ctx.log_or(new.or(old), "unknown").into_text(),
        };
        let what = Part::own(format!("  {severity}, {}", ctx.log(&found.kind).into_text())).dim();
        (
            vec![Part::Wrapped(ctx.log(&found.title), Paint::Plain), what],
            found.failures,
            [&found.last_old, &found.last_new],
        )
    })?;
    section(&ctx, &mut screen, "Failures", &diff.groups, &["PRINCIPAL", "  reason", "  chain"], |group| {
        let mut parts = vec![
            Part::text(ctx.log_or(group.principal.as_deref(), "(none)")),
            Part::own(format!("  {}", ctx.log(&group.reason).into_text())),
            ctx.chain(group.realm_chain.as_deref()),
        ];
        for (name, value) in &group.by {
            let value = ctx.log_or(value.as_deref(), "not logged").into_text();
            parts.push(Part::own(format!("  {}: {value}", ctx.log(name).into_text())));
        }
        (parts, group.count, [&group.last_old, &group.last_new])
    })?;
    section(&ctx, &mut screen, "Failing API keys", &diff.api_keys, &["KEY", "  id", "  reason"], |key| {
        let parts = vec![
            Part::text(ctx.log_or(key.name.as_deref(), "name unknown")),
            Part::own(format!("  {}", ctx.log_or(key.id.as_deref(), "no line names it").into_text())),
            Part::own(format!("  {}", ctx.log(&key.reason).into_text())),
        ];
        (parts, key.count, [&key.last_old, &key.last_new])
    })
}

fn side(ctx: &Context<'_>, screen: &mut Screen<'_>, name: &str, side: &Side) -> io::Result<()> {
    let span = match (side.first.as_deref(), side.last.as_deref()) {
        (None, None) => "no event with a time".to_owned(),
        (first, last) => ctx.whole_span(first, last),
    };
    field(ctx, screen, name, &format!("{}: {span}", ctx.log(&side.path).fit(60, ctx.glyphs)), Paint::Plain)?;
    if side.filters.is_empty() {
        return Ok(());
    }
    let filters: Vec<String> = side.filters.iter().map(|words| ctx.log(&ctx.clock.prose(words)).into_text()).collect();
    field(ctx, screen, "", &format!("filters: {}", filters.join("; ")), Paint::Note)
}

fn totals(ctx: &Context<'_>, screen: &mut Screen<'_>, diff: &DiffReport) -> io::Result<()> {
    let mut grid = Grid::new(vec![
        Column::fixed(&[""]),
        Column::number(&["OLD"]),
        Column::number(&["NEW"]),
        Column::number(&["CHANGE"]),
    ]);
    let totals = &diff.totals;
    for (name, tally) in [
        ("Failed attempts", totals.failed_attempts),
        ("  principals", totals.principals),
        ("  addresses", totals.sources),
        ("Findings", totals.findings),
        ("API key invalidations", totals.api_key_invalidations),
    ] {
        grid.row(vec![
            vec![Part::own(name)],
            vec![Part::number(tally.old)],
            vec![Part::number(tally.new)],
            vec![Part::own(change(tally))],
        ]);
    }
    grid.write(ctx, screen)
}

/// How a number changed: by how much, and by how much of itself.
fn change(tally: Tally) -> String {
    let sign = if tally.new > tally.old { '+' } else { '-' };
    let by = text::number(tally.new.abs_diff(tally.old));
    match (tally.old, tally.new) {
        (old, new) if old == new => "=".to_owned(),
        (0, _) => format!("+{by}"),
        (old, new) => format!("{sign}{by} ({sign}{})", text::percent(new.abs_diff(old), old)),
    }
}

/// One kind of thing: what is new, grown, shrunk and gone, each list cut to `--top`.
fn section<T>(
    ctx: &Context<'_>,
    screen: &mut Screen<'_>,
    title: &str,
    lists: &Lists<T>,
    header: &[&str],
    row: impl Fn(&T) -> (Vec<Part>, Tally, [&Option<String>; 2]),
) -> io::Result<()> {
    let counted = lists.changed().into_iter().filter(|(_, list)| !list.is_empty());
    let mut summary: Vec<String> =
        counted.map(|(word, list)| format!("{} {word}", text::number(list.len() as u64))).collect();
    if !lists.same.is_empty() {
        summary.push(format!("{} as before", text::number(lists.same.len() as u64)));
    }
    if summary.is_empty() {
        return Ok(());
    }
    ctx.title(screen, title, &summary.join(", "))?;
    let mut grid = Grid::new(vec![
        Column::fixed(&[""]),
        Column::flexible(header),
        Column::number(&["OLD", "last"]),
        Column::number(&["NEW", "last"]),
        Column::number(&["CHANGE"]),
    ]);
    let mut left = 0;
    for (word, list) in lists.changed() {
        let shown = ctx.rows(list.len());
        left += list.len() - shown;
        for item in &list[..shown] {
            let (what, count, [last_old, last_new]) = row(item);
            let color = match word {
                "new" | "grown" => Paint::Bad,
                _ => Paint::Note,
            };
            let number = |count: u64, last: &Option<String>| match last {
                Some(last) => vec![Part::number(count), Part::text(ctx.time(Some(last))).dim()],
                None => vec![Part::own("-").dim()],
            };
            let word = vec![Part::Text(Shown::own(word), color)];
            grid.row(vec![
                word,
                what,
                number(count.old, last_old),
                number(count.new, last_new),
                vec![Part::own(change(count))],
            ]);
        }
    }
    if grid.is_empty() {
        return screen.line("  Nothing changed.");
    }
    grid.write(ctx, screen)?;
    if left > 0 {
        screen.line("")?;
        screen.line(&paint(Paint::Dim, &format!("  +{} more; --top 0 shows all", text::number(left as u64))))?;
    }
    Ok(())
}
