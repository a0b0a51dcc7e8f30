//! The judged findings: all in one table, the first ones explained.

use std::io;

use super::{
    Context,
    grid::{Column, Grid, Part},
    screen::{Paint, Screen, paint},
    text::{self, Shown},
};
use crate::model::Finding;

/// Findings explained in full below the table; more would push the rest of the report out of sight.
const MAX_EXPLAINED: usize = 3;

/// Sentences of evidence, and steps, shown of each.
const MAX_SENTENCES: usize = 6;

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let findings = &ctx.report.findings;
    if findings.is_empty() {
        if ctx.report.parameters.contains_key("findings") {
            ctx.title(screen, "Findings", "")?;
            let what = ctx.what_is_left();
            if ctx.report.coverage.holds_nothing() {
                return screen.line("  None can be told: no audit and no server event was in what was read.");
            }
            screen.line(&format!("  None: nothing in {what} matches a known pattern."))?;
        }
        return Ok(());
    }
    let rows = ctx.rows(findings.len());
    ctx.title(screen, "Findings", &ctx.cut_note(rows, findings.len() as u64))?;
    fitting(ctx, &findings[..rows]).write(ctx, screen)?;
    for finding in findings[..rows].iter().take(MAX_EXPLAINED) {
        screen.line("")?;
        explain(ctx, screen, finding)?;
    }
    if rows > MAX_EXPLAINED {
        screen.line("")?;
        screen.line(&paint(Paint::Dim, "  The other findings are explained in the JSON report."))?;
    }
    Ok(())
}

/// The table of findings, flat where there is room for that.
pub(super) fn fitting(ctx: &Context<'_>, findings: &[Finding]) -> Grid {
    let flat = table(ctx, findings, true);
    if flat.fits(ctx) { flat } else { table(ctx, findings, false) }
}

fn table(ctx: &Context<'_>, findings: &[Finding], flat: bool) -> Grid {
    let mut grid = Grid::new(if flat {
        vec![
            Column::fixed(&["ID"]),
            Column::fixed(&["SEVERITY"]),
            Column::fixed(&["VERDICT"]),
            Column::flexible(&["FINDING"]),
            Column::fixed(&["WHEN"]),
            Column::number(&["FAILURES"]),
        ]
    } else {
        vec![
            Column::fixed(&["ID"]),
            Column::fixed(&["SEVERITY", "VERDICT"]),
            Column::flexible(&["FINDING"]),
            Column::number(&["FAILURES"]),
        ]
    });
    for finding in findings {
        let when = Part::own(ctx.span(finding.start.as_deref(), finding.end.as_deref())).dim();
        let id = vec![Part::text(ctx.log(&finding.id))];
        let severity = Part::Text(ctx.log(&finding.severity), severity(&finding.severity));
        let verdict = Part::Text(ctx.log(&finding.verdict), verdict(&finding.verdict));
        let failures = vec![Part::number(finding.failures)];
        let title = ctx.log(&finding.title);
        grid.row(if flat {
            let title = Part::Wrapped(title, Paint::Bold);
            vec![id, vec![severity], vec![verdict], vec![title], vec![when], failures]
        } else {
            vec![id, vec![severity, verdict], vec![Part::Wrapped(title, Paint::Bold), when], failures]
        });
    }
    grid
}

fn severity(severity: &str) -> Paint {
    match severity {
        "critical" => Paint::Alarm,
        "high" => Paint::Bad,
        "medium" => Paint::Warn,
        "low" => Paint::Note,
        _ => Paint::Dim,
    }
}

fn verdict(verdict: &str) -> Paint {
    match verdict {
        "hostile" => Paint::Bad,
        "operational" => Paint::Note,
        _ => Paint::Plain,
    }
}

fn explain(ctx: &Context<'_>, screen: &mut Screen<'_>, finding: &Finding) -> io::Result<()> {
    let id = ctx.log(&finding.id).fit(8, ctx.glyphs);
    let title = ctx.log(&finding.title).fit(ctx.width().saturating_sub(10), ctx.glyphs);
    screen.line(&format!("  {}", paint(Paint::Bold, &format!("{id}  {title}"))))?;
    let mut facts = vec![ctx.log(&finding.kind).into_text()];
    facts.extend(finding.attack.iter().map(|technique| ctx.log(technique).into_text()));
    if finding.confidence > 0.0 {
        facts.push(format!("confidence {:.0} %", finding.confidence * 100.0));
    }
    if finding.successes > 0 {
        facts.push(text::count(finding.successes, "success", "successes"));
    }
    if !finding.related.is_empty() {
        let related: Vec<String> = finding.related.iter().map(|id| ctx.log(id).into_text()).collect();
        facts.push(format!("see also {}", related.join(", ")));
    }
    let facts = facts.join(ctx.glyphs.dot);
    for line in text::wrap(&facts, ctx.width().saturating_sub(2)) {
        screen.line(&format!("    {}", paint(Paint::Dim, &line)))?;
    }
    over_time(ctx, screen, finding)?;
    if !finding.diagnosis.is_empty() {
        ctx.prose(screen, 4, "", &finding.diagnosis)?;
    }
    sentences(ctx, screen, "Why", &finding.why, |_| ctx.glyphs.bullet.to_owned())?;
    sentences(ctx, screen, "Next", &finding.next_steps, |number| format!("{number}. "))?;
    let source_lines: Vec<Shown> = finding
        .evidence
        .iter()
        .take(2)
        .map(|place| Shown::own(format!("{}:{}", ctx.log(&place.path).fit(60, ctx.glyphs), place.line)))
        .collect();
    if !source_lines.is_empty() {
        let source_lines: Vec<String> = source_lines.into_iter().map(Shown::into_text).collect();
        let more = match finding.evidence.len().saturating_sub(source_lines.len()) {
            0 => String::new(),
            more => format!(" and {} more", text::count(more as u64, "line", "lines")),
        };
        let evidence = format!("{}{more}", source_lines.join(", "));
        for (number, line) in text::wrap(&evidence, ctx.width().saturating_sub(12)).iter().enumerate() {
            let lead = if number == 0 { "Evidence  " } else { "          " };
            screen.line(&format!("    {}", paint(Paint::Dim, &format!("{lead}{line}"))))?;
        }
    }
    Ok(())
}

/// The failures of a finding as a line of bars, if there is anything to see in it.
fn over_time(ctx: &Context<'_>, screen: &mut Screen<'_>, finding: &Finding) -> io::Result<()> {
    let Some(timeline) = finding.timeline.as_ref().filter(|timeline| timeline.counts.len() > 2) else { return Ok(()) };
    let peak = timeline.counts.iter().copied().max().unwrap_or(0);
    let room = ctx.width().saturating_sub(4);
    // Buckets are joined where the line is too narrow for them.
    let joined = timeline.counts.len().div_ceil(room.max(1)).max(1);
    let sums: Vec<u64> = timeline.counts.chunks(joined).map(|counts| counts.iter().sum()).collect();
    let peak = if joined == 1 { peak } else { sums.iter().copied().max().unwrap_or(0) };
    if peak == 0 {
        return Ok(());
    }
    let bar: String = sums.iter().map(|&sum| super::timeline::level(ctx, sum, peak)).collect();
    let step = text::duration(timeline.bucket_seconds.saturating_mul(joined as u64));
    let remark = format!("{step} a step, peak {}", text::number(peak));
    if bar.chars().count() + 3 + text::width(&remark) <= room {
        screen.line(&format!("    {bar}   {}", paint(Paint::Dim, &remark)))
    } else {
        screen.line(&format!("    {bar}"))?;
        screen.line(&format!("    {}", paint(Paint::Dim, &remark)))
    }
}

fn sentences(
    ctx: &Context<'_>,
    screen: &mut Screen<'_>,
    name: &str,
    sentences: &[impl AsRef<str>],
    lead: impl Fn(usize) -> String,
) -> io::Result<()> {
    for (number, sentence) in sentences.iter().take(MAX_SENTENCES).enumerate() {
        let name = if number == 0 { name } else { "" };
        ctx.prose(screen, 4, &format!("{name:<6}{}", lead(number + 1)), sentence.as_ref())?;
    }
    if sentences.len() > MAX_SENTENCES {
        let more = text::number((sentences.len() - MAX_SENTENCES) as u64);
        screen.line(&paint(Paint::Dim, &format!("          +{more} more in the JSON report")))?;
    }
    Ok(())
}
