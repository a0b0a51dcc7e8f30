//! What these logs cannot tell and which setting would change that; then the problems met while reading.

use std::io;

use super::{
    Context,
    screen::{Paint, Screen, paint},
};

/// Problems shown here; the report holds more of them.
const MAX_PROBLEMS: usize = 10;

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let coverage = &ctx.report.coverage;
    if !coverage.cannot_tell.is_empty() {
        ctx.title(screen, "What these logs cannot tell", "")?;
        for sentence in &coverage.cannot_tell {
            ctx.prose(screen, 2, ctx.glyphs.bullet, sentence)?;
        }
    }
    if coverage.problems.is_empty() {
        return Ok(());
    }
    let shown = coverage.problems.len().min(MAX_PROBLEMS);
    let total = coverage.problems_total.max(coverage.problems.len() as u64);
    ctx.title(screen, "Problems", &ctx.cut_note(shown, total))?;
    for problem in &coverage.problems[..shown] {
        let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
        let path = ctx.log(&problem.path).fit(ctx.width().saturating_sub(line.len()), ctx.glyphs);
        screen.line(&format!("  {}{line}", paint(Paint::Bold, &path)))?;
        let kind = problem.kind.replace('_', " ");
        ctx.prose(screen, 4, "", &format!("{kind}: {}", problem.message))?;
    }
    Ok(())
}
