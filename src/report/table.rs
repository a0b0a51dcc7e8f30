//! The report for a person at a terminal: what was read, what happened, who failed, what changed, what cannot be told.
//!
//! Sections are one file each under `table/`; they make [`screen::Screen`] lines and [`grid::Grid`] tables out of
//! [`text::Shown`] texts, which is the only way text from the log gets in, and it is escaped.

use std::io;

use super::{Renderer, View};
use crate::model::Report;
use clock::Clock;
use grid::Part;
use screen::{Paint, Screen, paint};
use text::{Glyphs, Shown};

mod caveats;
pub(super) mod clock;
pub(super) mod diff;
mod findings;
mod grid;
mod groups;
mod header;
pub(super) mod keys;
mod screen;
mod security;
pub(super) mod story;
pub(crate) mod text;
mod timeline;
mod tops;

/// Narrowest layout: below this a terminal wraps lines, which is better than columns of two letters.
pub const MIN_WIDTH: usize = 50;

/// Left margin of everything below a section's title.
const INDENT: usize = 2;

/// `--format table`.
#[derive(Debug, Clone, Copy)]
pub struct Table;

impl Renderer for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn rows(&self) -> Option<usize> {
        Some(View::DEFAULT_TOP)
    }

    fn about(&self) -> &'static str {
        "tables for people, fitted to the terminal"
    }

    fn render(&self, report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        let ctx = Context::new(report, view);
        let mut screen = Screen::new(out, ctx.view.style);
        header::write(&ctx, &mut screen)?;
        findings::write(&ctx, &mut screen)?;
        groups::write(&ctx, &mut screen)?;
        tops::write(&ctx, &mut screen)?;
        security::write(&ctx, &mut screen)?;
        timeline::write(&ctx, &mut screen)?;
        caveats::write(&ctx, &mut screen)
    }
}

/// What every section needs.
struct Context<'a> {
    report: &'a Report,
    view: View,
    glyphs: &'static Glyphs,
    clock: Clock,
}

impl<'a> Context<'a> {
    fn new(report: &'a Report, view: &View) -> Self {
        let mut view = *view;
        view.style.width = view.style.width.max(MIN_WIDTH);
        let glyphs = if view.style.unicode { &Glyphs::UNICODE } else { &Glyphs::ASCII };
        let clock = Clock::new(view.style.zone, report.coverage.first.as_deref(), report.coverage.last.as_deref());
        Self { report, view, glyphs, clock }
    }

    /// Columns right of the margin.
    fn width(&self) -> usize {
        self.view.style.width - INDENT
    }

    /// How many of `len` rows to show.
    fn rows(&self, len: usize) -> usize {
        self.view.top.map_or(len, |top| top.min(len))
    }

    /// Text from the log, escaped.
    fn log(&self, text: &str) -> Shown {
        Shown::log(text, self.view.style.unicode)
    }

    /// Text from the log, or words that say that it is not there.
    fn log_or(&self, text: Option<&str>, absent: &'static str) -> Shown {
        text.map_or_else(|| Shown::own(absent), |text| self.log(text))
    }

    /// A time of the report.
    fn time(&self, time: Option<&str>) -> Shown {
        time.map_or_else(|| Shown::own("-"), |time| self.clock.time(time, self))
    }

    /// Two times, the second without what it shares with the first.
    fn span(&self, start: Option<&str>, end: Option<&str>) -> String {
        self.clock.span(start, end, self)
    }

    /// Two times with their dates, how far they are apart, and the zone.
    fn whole_span(&self, first: Option<&str>, last: Option<&str>) -> String {
        let logged = |time: Option<&str>| self.log_or(time, "-").into_text();
        match (first.and_then(text::parse_time), last.and_then(text::parse_time)) {
            (Some(start), Some(end)) => {
                let seconds = u64::try_from((end - start).num_seconds()).unwrap_or(0);
                let form = "%Y-%m-%d %H:%M:%S";
                let (start, end) = (self.clock.local(start), self.clock.local(end));
                let end =
                    if start.date_naive() == end.date_naive() { end.format("%H:%M:%S") } else { end.format(form) };
                let (start, to, zone) = (start.format(form), self.glyphs.to, self.view.style.zone);
                format!("{start}{to}{end} {zone} ({})", text::duration(seconds))
            }
            _ => format!("{}{}{}", logged(first), self.glyphs.to, logged(last)),
        }
    }

    /// A realm chain.
    fn chain(&self, chain: Option<&[String]>) -> Part {
        match chain {
            None => Part::own("not logged").dim(),
            Some([]) => Part::own("none asked").dim(),
            Some(realms) => Part::Chain(realms.iter().map(|realm| self.log(realm)).collect()),
        }
    }

    /// A node as people call it: the name where the logs tell it, else what the report has.
    fn node(&self, key: &str) -> Shown {
        let named = self.report.coverage.nodes.iter().find(|node| node.id.as_deref() == Some(key));
        self.log(named.and_then(|node| node.name.as_deref()).unwrap_or(key))
    }

    /// Title of a section, with a remark set back.
    fn title(&self, screen: &mut Screen<'_>, title: &str, remark: &str) -> io::Result<()> {
        screen.line("")?;
        let mut lines = text::wrap(remark, self.view.style.width.saturating_sub(title.len() + 2).max(20)).into_iter();
        let first = lines.next().unwrap_or_default();
        screen.line(&format!("{}  {}", paint(Paint::Bold, title), paint(Paint::Dim, &first)))?;
        for line in lines {
            screen.line(&format!("{}{}", " ".repeat(title.len() + 2), paint(Paint::Dim, &line)))?;
        }
        screen.line("")
    }

    /// Prose with a hanging indent below `lead`.
    fn prose(&self, screen: &mut Screen<'_>, indent: usize, lead: &str, text: &str) -> io::Result<()> {
        let hang = indent + text::width(lead);
        let shown = Shown::prose(&self.clock.prose(text), self.view.style.unicode).into_text();
        let room = self.view.style.width.saturating_sub(hang).clamp(10, text::MAX_MEASURE);
        for (number, line) in text::wrap(&shown, room).iter().enumerate() {
            let lead = if number == 0 { lead.to_owned() } else { " ".repeat(text::width(lead)) };
            screen.line(&format!("{}{lead}{line}", " ".repeat(indent)))?;
        }
        Ok(())
    }

    /// What a section is about.
    fn what_is_left(&self) -> &'static str {
        if self.report.filters.is_some() { "what the filters leave" } else { "these logs" }
    }

    /// `N of M` when a list is cut.
    fn cut_note(&self, shown: usize, total: u64) -> String {
        if shown as u64 >= total { String::new() } else { format!("{shown} of {}", text::number(total)) }
    }
}
