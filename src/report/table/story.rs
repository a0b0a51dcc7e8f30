//! The story of one actor for people: a row for everything that happened, and for every long silence.

use std::io;

use super::{
    Context, caveats, findings,
    grid::{Column, Grid, Item, Part},
    header,
    screen::{Paint, Screen, paint},
    text::{self, Shown},
};
use crate::model::Report;
use crate::report::{
    View,
    story::{Entry, TimelineReport},
};

/// Silence that is worth a row, in seconds.
const SILENCE: u64 = 1800;

/// Writes the story.
pub(in crate::report) fn write(story: &TimelineReport, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let report = Report {
        findings: story.findings.clone(),
        ..Report::bare(story.tool.clone(), story.parameters.clone(), story.coverage.clone(), story.filters.clone())
    };
    let ctx = Context::new(&report, view);
    let mut screen = Screen::new(out, ctx.view.style);
    header::what_was_read(&ctx, &mut screen, "what one actor did in Elasticsearch audit logs")?;
    headline(&ctx, &mut screen, story)?;
    if !story.findings.is_empty() {
        ctx.title(&mut screen, "In these findings", "of all that was read, not of this story alone")?;
        findings::fitting(&ctx, &report.findings).write(&ctx, &mut screen)?;
    }
    let rows = ctx.rows(story.entries.len());
    ctx.title(&mut screen, "Timeline", &ctx.cut_note(rows, story.entries.len() as u64))?;
    if story.entries.is_empty() {
        screen.line("  Nothing in these logs is about that actor.")?;
    } else {
        table(&ctx, &story.entries[..rows]).write(&ctx, &mut screen)?;
    }
    caveats::write(&ctx, &mut screen)
}

fn headline(ctx: &Context<'_>, screen: &mut Screen<'_>, story: &TimelineReport) -> io::Result<()> {
    let totals = &story.totals;
    let head = text::count(totals.failures, "failed attempt", "failed attempts");
    let mut line = head.clone();
    for (amount, one, many) in [
        (totals.successes, "event of success", "events of success"),
        (totals.denials, "refused action", "refused actions"),
        (totals.changes, "security change", "security changes"),
    ] {
        if amount > 0 {
            line.push_str(&format!(", {}", text::count(amount, one, many)));
        }
    }
    for (number, line) in text::wrap(&line, ctx.width()).iter().enumerate() {
        let line = match line.strip_prefix(&head) {
            Some(rest) if number == 0 => format!("{}{rest}", paint(Paint::Bold, &head)),
            _ => line.clone(),
        };
        screen.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn table(ctx: &Context<'_>, entries: &[Entry]) -> Grid {
    let mut grid = Grid::new(vec![
        Column::fixed(&["TIME", "  until"]),
        Column::number(&["COUNT"]),
        Column::flexible(&["WHAT"]).keep(36),
        Column::flexible(&["WHO", "  from"]).keep(18),
    ]);
    for entry in entries {
        if let Some(quiet) = entry.quiet_seconds.filter(|quiet| *quiet >= SILENCE) {
            let words = format!("{} without any of this", text::duration(quiet));
            grid.row(vec![vec![], vec![], vec![Part::own(words).dim()], vec![]]);
        }
        let end = if entry.end == entry.start {
            Part::own("")
        } else {
            Part::own(format!("  {}", ctx.time(Some(&entry.end)).into_text())).dim()
        };
        let time = vec![Part::text(ctx.time(Some(&entry.start))), end];
        grid.row(vec![time, vec![Part::number(entry.count)], what(ctx, entry), who(ctx, entry)]);
    }
    grid
}

fn what(ctx: &Context<'_>, entry: &Entry) -> Vec<Part> {
    let log = |text: Option<&str>| ctx.log_or(text, "unknown").into_text();
    let (title, color) = match entry.kind.as_str() {
        "failures" => {
            let basis = match entry.reason_basis.as_deref() {
                Some("none") | None => String::new(),
                Some(basis) => format!(" ({})", basis.replace('_', " ")),
            };
            (format!("failed: {}{basis}", log(entry.reason.as_deref())), Paint::Bad)
        }
        "successes" => ("got in".to_owned(), Paint::Note),
        "denials" => (format!("was refused {}", log(entry.action.as_deref())), Paint::Warn),
        _ => {
            let target = entry.target.as_deref().map_or_else(String::new, |target| format!(" {}", log(Some(target))));
            (format!("{}{target}", log(entry.action.as_deref())), Paint::Warn)
        }
    };
    let mut parts = vec![Part::Text(Shown::own(title), color)];
    if let Some(repeats) = repeats(entry) {
        parts.push(Part::own(format!("  {repeats}")));
    }
    if let Some(key) = entry.api_key.as_deref().or(entry.api_key_name.as_deref()) {
        let name = entry.api_key_name.as_deref().filter(|_| entry.api_key.is_some());
        let name = name.map_or_else(String::new, |name| format!(" ({})", log(Some(name))));
        parts.push(Part::own(format!("  API key {}{name}", log(Some(key)))));
    }
    if let Some(chain) = entry.realm_chains.iter().find(|chain| chain.key.as_ref().is_some_and(|key| !key.is_empty())) {
        parts.push(ctx.chain(chain.key.as_deref()));
    }
    if !entry.findings.is_empty() {
        let ids: Vec<String> = entry.findings.iter().map(|id| log(Some(id))).collect();
        parts.push(Part::Text(Shown::own(format!("  in {}", ids.join(", "))), Paint::Bold));
    }
    parts
}

/// How what happened again and again was spread.
fn repeats(entry: &Entry) -> Option<String> {
    let more = entry.count.checked_sub(1).filter(|more| *more > 0)?;
    let (start, end) = (text::parse_time(&entry.start)?, text::parse_time(&entry.end)?);
    let over = u64::try_from((end - start).num_seconds()).unwrap_or(0);
    let every = entry.every_seconds.filter(|every| *every >= 0.5).map_or_else(String::new, |every| {
        // Whole seconds are all that the eye can use.
        format!(", every {}", text::duration(every.round() as u64))
    });
    let over = if over == 0 { "within a second".to_owned() } else { format!("in {}", text::duration(over)) };
    Some(format!("{} more {over}{}", text::number(more), if more > 1 { every } else { String::new() }))
}

fn who(ctx: &Context<'_>, entry: &Entry) -> Vec<Part> {
    let list = |lead: &'static str, names: &[String], total: u64| {
        let items = names.iter().map(|name| Item { name: ctx.log(name), suffix: String::new() }).collect();
        Part::List { lead, items, total, paint: Paint::Plain }
    };
    let name = match entry.principals_total {
        0 => Part::own("(none)").dim(),
        total => list("", &entry.principals, total),
    };
    let mut parts = vec![name];
    if entry.sources_total > 0 {
        parts.push(list("  ", &entry.sources, entry.sources_total));
    }
    let nodes: Vec<String> = entry.nodes.iter().map(|node| ctx.node(node).into_text()).collect();
    let realm = entry.realm.as_deref().map_or_else(String::new, |realm| format!(" by {}", ctx.log(realm).into_text()));
    if !nodes.is_empty() || !realm.is_empty() {
        let on = if nodes.is_empty() { String::new() } else { format!("on {}", nodes.join(", ")) };
        parts.push(Part::own(format!("  {}", format!("{on}{realm}").trim())).dim());
    }
    parts
}
