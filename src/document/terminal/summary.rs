//! A summary on a screen of so many rows: folded, then shortened, until it fits.

use std::io;

use super::ink::{severity, verdict};
use super::pieces::{Pieces, StyledLine};
use super::{INDENT, Ink, NAME, TerminalWriter};
use crate::document::clock::DisplayClock;
use crate::document::summary::{Summary, ToldFinding};
use crate::document::view::{Screenful, View};
use crate::document::{Fact, Tone};
use crate::model::text::{Logged, Span, Text};

/// Rows that the shell's prompt takes.
const PROMPT: usize = 2;

/// Fewest rows that a summary is made for.
const MIN_ROWS: usize = 12;

/// Columns of severities.
const SEVERITY: usize = 10;

/// Columns from which on the begin of a finding has one of its own.
const WIDE: usize = 76;

/// Lines of a title that is not shortened.
const TITLE: usize = 3;

/// Which titles are shortened to one line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TitleCut {
    None,
    /// All but those of attacks.
    Others,
    All,
}

/// How findings are told: like ones in one line, each in one line, and how many lines there are.
#[derive(Clone, Copy)]
struct Fit {
    folded: bool,
    cut: TitleCut,
    most: usize,
}

/// Findings that are told in one line: the first of them, and how many more.
struct Folded<'s> {
    first: &'s ToldFinding,
    more: u64,
}

/// Writes a summary.
///
/// # Errors
/// Only those of `out`.
pub fn write(summary: &Summary, screen: &Screenful<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = TerminalWriter::new(view, DisplayClock::new(view.style.zone, summary.period), out);
    let head = head(&writer, summary);
    let foot = foot(&writer, summary, screen);
    let room = screen.rows.max(MIN_ROWS).saturating_sub(head.len() + foot.len() + PROMPT + 2);
    let body = body(&writer, &summary.findings, room);
    let gap = if body.is_empty() { Vec::new() } else { vec![StyledLine::default()] };
    for line in head.iter().chain(&gap).chain(&body).chain([&StyledLine::default()]).chain(&foot) {
        writer.screen.line(line)?;
    }
    Ok(())
}

fn head(writer: &TerminalWriter<'_>, summary: &Summary) -> Vec<StyledLine> {
    let [name, version] = &summary.tool;
    let title = Text::from(Span::Name(name.clone())).with(" ").with(Span::Name(version.clone()));
    let mut lines = writer.ink.text(&title, Tone::Dim).wrap(writer.width);
    lines.extend(summary.read.iter().flat_map(|fact| named(writer, fact, 2)));
    lines.push(StyledLine::default());
    let pieces = writer.ink.text(&summary.verdict, if summary.tone == Tone::Plain { Tone::Bold } else { summary.tone });
    lines.extend(pieces.wrap(writer.width - INDENT).iter().map(|line| shifted(line, INDENT)));
    lines
}

fn foot(writer: &TerminalWriter<'_>, summary: &Summary, screen: &Screenful<'_>) -> Vec<StyledLine> {
    let mut facts = Vec::new();
    if !summary.unknown.is_empty() {
        let between = |at| if at > 0 { "; " } else { "" };
        let topics = summary.unknown.iter().enumerate();
        let told = topics.fold(Text::new(), |out, (at, topic)| out.with(between(at)).with(topic.clone()));
        facts.push((Fact::new("Not told", told), 1));
    }
    let command = |option: Text| Text::from(Span::Code(screen.command.to_owned().into())).with(" ").with(option);
    let next = match &summary.first {
        Some(first) => Text::from("--finding ").with(Span::Finding(first.clone())),
        None => "--full".into(),
    };
    facts.push((Fact::new("Next", command(next)).tone(Tone::Bold), 3));
    let mut more = Text::new();
    if summary.first.is_some() {
        more.push("--full for everything, ");
    }
    if let Some(second) = summary.findings.iter().find(|finding| Some(&finding.id) != summary.first.as_ref()) {
        more.push(Text::from("--finding ").with(Span::Finding(second.id.clone())).with(" for another, "));
    }
    more.push("-o report.html for a page");
    facts.push((Fact::new("More", more), 2));
    facts.iter().flat_map(|(fact, most)| named(writer, fact, *most)).collect()
}

/// A name and what it is, in so many lines at most.
fn named(writer: &TerminalWriter<'_>, fact: &Fact, most: usize) -> Vec<StyledLine> {
    let value = writer.value(fact);
    let lines = cut(&value, writer.width - INDENT - NAME, most, &writer.ink);
    let mut name = fact.name;
    let of = |line: &StyledLine| {
        let mut out = StyledLine::default();
        out.blanks(INDENT);
        out.push(std::mem::take(&mut name), Tone::Dim);
        out.blanks((INDENT + NAME).saturating_sub(out.width()));
        out.append(line);
        out
    };
    lines.iter().map(of).collect()
}

/// Pieces in so many lines at most; what is left out is said by an ellipsis.
fn cut(pieces: &Pieces, room: usize, most: usize, ink: &Ink) -> Vec<StyledLine> {
    let mut lines = pieces.wrap(room);
    if lines.len() > most {
        lines = pieces.wrap(room.saturating_sub(ink.glyphs.ellipsis.chars().count()));
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push(ink.glyphs.ellipsis, Tone::Dim);
        }
    }
    lines
}

fn shifted(line: &StyledLine, indent: usize) -> StyledLine {
    let mut out = StyledLine::default();
    out.blanks(indent);
    out.append(line);
    out
}

/// The findings in at most so many lines: the fullest way that fits.
fn body(writer: &TerminalWriter<'_>, findings: &[ToldFinding], room: usize) -> Vec<StyledLine> {
    if findings.is_empty() {
        return Vec::new();
    }
    let all = usize::MAX;
    let ways = [(false, TitleCut::None), (true, TitleCut::None), (true, TitleCut::Others), (true, TitleCut::All)];
    let ways = ways.map(|(folded, cut)| Fit { folded, cut, most: all });
    // A report may hold very many: what is left to try are counts of lines that can fit at all.
    let fewer = (1..=room.max(1)).rev().map(|most| Fit { folded: true, cut: TitleCut::All, most });
    let fits = |fit: Fit| {
        if fit.most == all && !fit.folded && findings.len() > room {
            return None;
        }
        let lines = lines(writer, findings, fit);
        (lines.len() <= room).then_some(lines)
    };
    let least = || lines(writer, findings, Fit { folded: true, cut: TitleCut::All, most: 1 });
    ways.into_iter().chain(fewer).find_map(fits).unwrap_or_else(least)
}

fn lines(writer: &TerminalWriter<'_>, findings: &[ToldFinding], fit: Fit) -> Vec<StyledLine> {
    let entries = folded(findings, fit.folded);
    let lead = Lead::of(writer, findings);
    let mut lines = Vec::new();
    let mut last = None;
    for entry in entries.iter().take(fit.most) {
        if last != Some(&entry.first.verdict) {
            let heading =
                writer.ink.text(&Span::Name(entry.first.verdict.clone()).into(), verdict(entry.first.verdict.raw()));
            lines.extend(heading.wrap(writer.width - INDENT).iter().map(|line| shifted(line, INDENT)));
            last = Some(&entry.first.verdict);
        }
        lines.extend(told(writer, entry, fit.cut, lead));
    }
    let left: u64 = entries.iter().skip(fit.most).map(|entry| 1 + entry.more).sum();
    if left > 0 {
        let more = Text::from("and ").with(Text::count(left, "more finding", "more findings"));
        lines.extend(writer.ink.text(&more, Tone::Dim).wrap(writer.width).iter().map(|line| shifted(line, INDENT)));
    }
    lines
}

/// Findings in their order; of like ones the first, and how many more there are.
fn folded(findings: &[ToldFinding], fold: bool) -> Vec<Folded<'_>> {
    let mut entries: Vec<Folded<'_>> = Vec::new();
    for finding in findings {
        match entries.iter_mut().find(|entry| fold && entry.first.is_like(finding)) {
            Some(entry) => entry.more += 1,
            None => entries.push(Folded { first: finding, more: 0 }),
        }
    }
    entries
}

/// Columns of what stands before titles.
#[derive(Clone, Copy)]
struct Lead {
    id: usize,
    start: usize,
}

impl Lead {
    fn of(writer: &TerminalWriter<'_>, findings: &[ToldFinding]) -> Self {
        let widest = |text: fn(&ToldFinding) -> Text| {
            let widths = findings.iter().map(|finding| writer.ink.text(&text(finding), Tone::Plain).width());
            widths.max().map_or(0, |most| most + 2)
        };
        let start = if writer.width < WIDE { 0 } else { widest(|finding| finding.start.clone()) };
        Self { id: widest(|finding| Span::Finding(finding.id.clone()).into()), start }
    }
}

fn told(writer: &TerminalWriter<'_>, entry: &Folded<'_>, cut_titles: TitleCut, columns: Lead) -> Vec<StyledLine> {
    let (ink, finding) = (&writer.ink, entry.first);
    let mut lead = StyledLine::default();
    lead.blanks(INDENT);
    let word = |text: &Logged, tone| ink.text(&Span::Name(text.clone()).into(), tone);
    let words = [
        (word(&finding.id, Tone::Bold), columns.id),
        (word(&finding.severity, severity(finding.severity.raw())), SEVERITY),
        (ink.text(&finding.start, Tone::Dim), columns.start),
    ];
    let mut end = INDENT;
    for (pieces, columns) in words.iter().filter(|(_, columns)| *columns > 0) {
        end += columns;
        if let Some(line) = pieces.wrap(*columns).first() {
            lead.append(line);
        }
        lead.blanks(end.saturating_sub(lead.width()));
    }
    let mut title = ink.text(&finding.title, Tone::Plain);
    if entry.more > 0 {
        let mut first = ink.text(&Text::from(entry.more + 1).with(" alike:"), Tone::Bold);
        first.gap();
        first.append(title);
        title = first;
    }
    let room = writer.width.saturating_sub(end).max(10);
    let shortened = match cut_titles {
        TitleCut::None => false,
        TitleCut::Others => finding.verdict.raw() != "hostile",
        TitleCut::All => true,
    };
    let mut out = Vec::new();
    for line in cut(&title, room, if shortened { 1 } else { TITLE }, ink) {
        let mut whole = std::mem::take(&mut lead);
        whole.blanks(end.saturating_sub(whole.width()));
        whole.append(&line);
        out.push(whole);
    }
    out
}
