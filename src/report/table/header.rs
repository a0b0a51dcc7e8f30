//! What was read, in the fewest lines that let a reader judge whether it was everything; then the headline numbers.

use std::io;

use super::{
    Context,
    screen::{Paint, Screen, paint},
    text,
};
use crate::model::Filters;

/// Inputs that could not be read whole, named here; all of them stand in the JSON.
const MAX_NAMED: usize = 3;

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    what_was_read(ctx, screen, "Elasticsearch security audit logs")?;
    headline(ctx, screen)
}

/// The program, what it is about, and what it read.
pub(super) fn what_was_read(ctx: &Context<'_>, screen: &mut Screen<'_>, about: &str) -> io::Result<()> {
    let report = ctx.report;
    let coverage = &report.coverage;
    let tool = format!("{} {}", ctx.log(&report.tool.name).into_text(), ctx.log(&report.tool.version).into_text());
    screen.line(&format!("{}  {}", paint(Paint::Bold, &tool), paint(Paint::Dim, about)))?;
    screen.line("")?;

    let bytes = coverage.inputs.iter().map(|input| input.bytes).sum();
    let mut read = format!(
        "{}, {}, {}: {}",
        text::count(coverage.inputs.len() as u64, "file", "files"),
        text::bytes(bytes),
        text::count(coverage.lines, "line", "lines"),
        text::count(coverage.audit_events, "audit event", "audit events"),
    );
    for (amount, one, many) in
        [(coverage.server_events, "server event", "server events"), (coverage.other_lines, "other line", "other lines")]
    {
        if amount > 0 {
            read.push_str(&format!(", {}", text::count(amount, one, many)));
        }
    }
    field(ctx, screen, "Read", &read, Paint::Plain)?;
    field(ctx, screen, "Span", &span(ctx), Paint::Plain)?;
    field(ctx, screen, "Nodes", &nodes(ctx), Paint::Plain)?;

    let mut left_out = Vec::new();
    for (amount, one, many) in [
        (coverage.duplicates, "duplicate event", "duplicate events"),
        (coverage.undecodable_lines, "undecodable line", "undecodable lines"),
        (coverage.oversized_lines, "oversized line", "oversized lines"),
    ] {
        if amount > 0 {
            left_out.push(text::count(amount, one, many));
        }
    }
    if !left_out.is_empty() {
        field(ctx, screen, "Left out", &left_out.join(", "), Paint::Plain)?;
    }
    if coverage.problems_total > 0 {
        let problems = text::count(coverage.problems_total, "problem", "problems");
        field(ctx, screen, "Trouble", &format!("{problems}, listed at the end"), Paint::Warn)?;
    }
    unread(ctx, screen)?;
    if let Some(filters) = &report.filters {
        self::filters(ctx, screen, filters)?;
    }
    screen.line("")
}

/// Which filters are in force, and how much they left out.
fn filters(ctx: &Context<'_>, screen: &mut Screen<'_>, filters: &Filters) -> io::Result<()> {
    let in_force: Vec<String> =
        filters.in_force.iter().map(|words| ctx.log(&ctx.clock.prose(words)).into_text()).collect();
    field(ctx, screen, "Filters", &in_force.join("; "), Paint::Note)?;
    let mut left_out = Vec::new();
    for (amount, one, many) in [
        (filters.attempts_left_out, "failed attempt", "failed attempts"),
        (filters.changes_left_out, "security change", "security changes"),
        (filters.key_refusals_left_out, "refusal of an API key", "refusals of API keys"),
        (filters.denials_left_out, "refused action", "refused actions"),
    ] {
        if amount > 0 {
            left_out.push(text::count(amount, one, many));
        }
    }
    let left_out = if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") };
    field(ctx, screen, "", &format!("they leave out {left_out}"), Paint::Note)
}

/// A line of the header: a name and what it is, wrapped.
pub(super) fn field(
    ctx: &Context<'_>,
    screen: &mut Screen<'_>,
    name: &str,
    value: &str,
    color: Paint,
) -> io::Result<()> {
    const NAME: usize = 10;
    let room = ctx.view.style.width.saturating_sub(super::INDENT + NAME);
    for (number, line) in text::wrap(value, room).iter().enumerate() {
        let name = if number == 0 { format!("{name:<NAME$}") } else { " ".repeat(NAME) };
        screen.line(&format!("  {}{}", paint(Paint::Dim, &name), paint(color, line)))?;
    }
    Ok(())
}

fn span(ctx: &Context<'_>) -> String {
    let coverage = &ctx.report.coverage;
    match (coverage.first.as_deref(), coverage.last.as_deref()) {
        (Some(first), Some(last)) => {
            format!("{}; all times are {}", ctx.whole_span(Some(first), Some(last)), ctx.view.style.zone)
        }
        _ => "no event with a time".to_owned(),
    }
}

fn nodes(ctx: &Context<'_>) -> String {
    const MAX: usize = 8;
    let nodes = &ctx.report.coverage.nodes;
    if nodes.is_empty() {
        return "none named".to_owned();
    }
    let mut names: Vec<String> = nodes
        .iter()
        .take(MAX)
        .map(|node| {
            let name = node.name.as_deref().or(node.id.as_deref());
            ctx.log_or(name, "(unnamed)").fit(40, ctx.glyphs)
        })
        .collect();
    if nodes.len() > MAX {
        names.push(format!("+{} more", text::number((nodes.len() - MAX) as u64)));
    }
    format!("{}: {}", text::number(nodes.len() as u64), names.join(", "))
}

/// Names what could not be read whole: the reader must know before believing any number.
fn unread(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let incomplete: Vec<_> =
        ctx.report.coverage.inputs.iter().filter(|input| input.error.is_some() || input.truncated).collect();
    let room = ctx.width().saturating_sub(10);
    for input in incomplete.iter().take(MAX_NAMED) {
        let why = ctx.log_or(input.error.as_deref(), "ends in the middle").into_text();
        let path = ctx.log(&input.path).fit(room.saturating_sub(2 + text::width(&why)).max(room / 2), ctx.glyphs);
        let name = if input.lines == 0 { "Unread" } else { "Cut off" };
        field(ctx, screen, name, &format!("{path}: {why}"), Paint::Bad)?;
    }
    if incomplete.len() > MAX_NAMED {
        let more = text::count((incomplete.len() - MAX_NAMED) as u64, "more input was", "more inputs were");
        field(ctx, screen, "", &format!("{more} not read whole"), Paint::Bad)?;
    }
    Ok(())
}

fn headline(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let totals = &ctx.report.totals;
    if ctx.report.coverage.audit_events == 0 {
        return screen.line(&format!("  {}", paint(Paint::Warn, "There is no audit event in what was read.")));
    }
    let (head, tail) = if totals.failed_attempts == 0 {
        (
            "No failed authentication".to_owned(),
            if ctx.report.filters.is_some() { " in what the filters leave" } else { "" }.to_owned(),
        )
    } else {
        (
            text::count(totals.failed_attempts, "failed attempt", "failed attempts"),
            format!(
                " by {} from {}",
                text::count(totals.principals, "principal", "principals"),
                text::count(totals.sources, "address", "addresses"),
            ),
        )
    };
    let keys = match totals.api_key_invalidations {
        0 => String::new(),
        amount => format!("; {}", text::count(amount, "API key invalidation", "API key invalidations")),
    };
    for (number, line) in text::wrap(&format!("{head}{tail}{keys}"), ctx.width()).iter().enumerate() {
        let line = match line.strip_prefix(&head) {
            Some(rest) if number == 0 => format!("{}{rest}", paint(Paint::Bold, &head)),
            _ => line.clone(),
        };
        screen.line(&format!("  {line}"))?;
    }
    Ok(())
}
