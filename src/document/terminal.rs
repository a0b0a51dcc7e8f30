//! Documents for people at a terminal, and in text files: fitted to the width, coloured where that is wanted.
//!
//! `ink` makes texts harmless and wraps them, `grid` draws tables, `bars` draws charts.

use std::io;

use super::clock::DisplayClock;
use super::view::{FindingsTold, Style, View};
use super::{Block, Document, Fact, List, ListKind, Media, Row, Section, Spark, Table, Tone};
use crate::model::text::{Span, Text};
use crate::words;
use grid::Grid;
use ink::Ink;
use pieces::{Pieces, StyledLine};
use screen::LinePrinter;

mod bars;
mod cards;
mod grid;
mod ink;
mod pieces;
mod screen;
mod summary;

pub use pieces::{take, width};
pub use summary::write as summary;

/// Narrowest layout: below this a terminal wraps lines, which is better than columns of two letters.
pub const MIN_WIDTH: usize = 50;

/// Left margin of everything below a section's title, and of what is told one by one.
const INDENT: usize = 2;
const CARD_INDENT: usize = 4;

/// Columns beyond which lines of prose are hard to read.
const MAX_MEASURE: usize = 110;

/// Columns of the names of facts.
const NAME: usize = 10;

/// Sentences shown of a list of a card, and places of evidence.
const MAX_SENTENCES: usize = 6;
const MAX_PLACES: usize = 2;

/// Narrowest of tables that stand beside each other, and the blanks between two of them.
const MIN_BESIDE: usize = 34;
const GUTTER: usize = 4;

/// Writes a document.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = TerminalWriter::new(view, DisplayClock::new(view.style.zone, document.period), out);
    if let Some(FindingsTold::Only(ids)) = view.told {
        return writer.only(document, ids);
    }
    // What stands in logs is told as it stands there.
    if !document.about.is_empty() {
        writer.title(document)?;
    }
    for block in document.head.iter().filter(|block| is_shown(block)) {
        writer.screen.blank()?;
        writer.block(block, INDENT)?;
    }
    document
        .sections
        .iter()
        .filter(|section| section.media.has(Media::SCREEN))
        .try_for_each(|section| writer.section(section))
}

/// Whether a block has anything for a terminal.
fn is_shown(block: &Block<'_>) -> bool {
    match block {
        Block::Figures(_) | Block::Fields(_) | Block::Fold { .. } => false,
        Block::On(media, block) => media.has(Media::SCREEN) && is_shown(block),
        Block::List(list) => !list.items.is_empty(),
        Block::Prose(text, _) => !text.is_empty(),
        Block::Facts(facts) => !facts.is_empty(),
        Block::Table(table) => table.total > 0 || !table.empty.is_empty(),
        Block::Beside(tables) => tables.iter().any(|table| table.total > 0),
        Block::Cards(cards) => cards.total > 0,
        Block::Chart(chart) => bars::is_drawn(chart),
        Block::Log(lines) => !lines.is_empty(),
        Block::Headline(..) | Block::Spark(_) => true,
    }
}

struct TerminalWriter<'w> {
    screen: LinePrinter<'w>,
    ink: Ink,
    view: &'w View<'w>,
    width: usize,
    /// Whether lists are told whole.
    whole: bool,
}

impl<'w> TerminalWriter<'w> {
    fn new(view: &'w View<'w>, clock: DisplayClock, out: &'w mut dyn io::Write) -> Self {
        let style = Style { width: view.style.width.max(MIN_WIDTH), ..view.style };
        let screen = LinePrinter::new(out, style);
        Self { screen, ink: Ink::new(style, clock), view, width: style.width, whole: false }
    }
}

impl TerminalWriter<'_> {
    fn title(&mut self, document: &Document<'_>) -> io::Result<()> {
        let [name, version] = &document.tool;
        let mut pieces = self.ink.text(&Text::from(Span::Name(name.clone())), Tone::Bold);
        pieces.gap();
        pieces.append(self.ink.text(&Span::Name(version.clone()).into(), Tone::Bold));
        self.beside(pieces, &Text::from(document.about))
    }

    /// A heading, with a remark set back.
    fn beside(&mut self, head: Pieces, remark: &Text) -> io::Result<()> {
        let hang = head.width() + 2;
        if hang + 20 > self.width {
            self.lines(&head, 0, 0, self.width)?;
            return self.lines(&self.ink.text(remark, Tone::Dim), INDENT, INDENT, self.width);
        }
        let remarks = self.ink.text(remark, Tone::Dim);
        let room = self.width - hang;
        let mut lines = remarks.wrap(room).into_iter();
        let mut first = head.wrap(self.width).into_iter().next().unwrap_or_default();
        if let Some(remark) = lines.next() {
            first.blanks(2);
            first.append(&remark);
        }
        self.screen.line(&first)?;
        lines.try_for_each(|line| self.indented(&line, hang))
    }

    fn indented(&mut self, line: &StyledLine, indent: usize) -> io::Result<()> {
        let mut out = StyledLine::default();
        out.blanks(indent);
        out.append(line);
        self.screen.line(&out)
    }

    /// Text, its first line after `indent` blanks and the others after `hang`.
    fn lines(&mut self, pieces: &Pieces, indent: usize, hang: usize, right: usize) -> io::Result<()> {
        let lines = pieces.wrap(right.saturating_sub(hang).max(10));
        lines.iter().enumerate().try_for_each(|(at, line)| self.indented(line, if at == 0 { indent } else { hang }))
    }

    /// Text below a lead, with a hanging indent.
    fn led(&mut self, lead: &StyledLine, pieces: &Pieces, indent: usize, measure: usize) -> io::Result<()> {
        let hang = indent + lead.width();
        let room = self.width.saturating_sub(hang).clamp(10, measure);
        for (at, line) in pieces.wrap(room).iter().enumerate() {
            let mut out = StyledLine::default();
            out.blanks(indent);
            if at == 0 {
                out.append(lead);
            } else {
                out.blanks(lead.width());
            }
            out.append(line);
            self.screen.line(&out)?;
        }
        Ok(())
    }

    fn section(&mut self, section: &Section<'_>) -> io::Result<()> {
        let blocks: Vec<_> = section.blocks.iter().filter(|block| is_shown(block)).collect();
        if blocks.is_empty() {
            return Ok(());
        }
        if let [Block::Log(_)] = blocks.as_slice() {
            return blocks.into_iter().try_for_each(|block| self.block(block, 0));
        }
        self.screen.blank()?;
        let mut remark = self.scale(section).unwrap_or_else(|| section.remark.clone());
        if let [Block::Table(table), ..] = blocks.as_slice()
            && let Some(note) = self.cut_note(table)
        {
            remark = if remark.is_empty() { note } else { remark.with("; ").with(note) };
        }
        let head = self.ink.text(&section.title, Tone::Bold);
        self.beside(head, &remark)?;
        for block in blocks {
            self.screen.blank()?;
            self.block(block, INDENT)?;
        }
        Ok(())
    }

    /// `20 of 5,000` where rows are left out.
    fn cut_note(&self, table: &Table<'_>) -> Option<Text> {
        let most = self.view.rows(table, View::DEFAULT_TOP);
        let shown = match most {
            Some(_) if table.each => table.first(most).len() as u64,
            Some(most) => table.len.min(most as u64),
            None => table.len,
        };
        (shown < table.total).then(|| Text::from(shown).with(" of ").with(table.total))
    }

    fn block(&mut self, block: &Block<'_>, indent: usize) -> io::Result<()> {
        match block {
            Block::Facts(facts) => facts.iter().try_for_each(|fact| self.fact(fact)),
            Block::Headline(head, tail) => {
                let mut pieces = self.ink.text(head, Tone::Bold);
                pieces.append(self.ink.text(tail, Tone::Plain));
                self.lines(&pieces, indent, indent, self.width)
            }
            Block::Prose(text, tone) => {
                let pieces = self.ink.prose(text, *tone);
                self.lines(&pieces, indent, indent, self.width.min(indent + MAX_MEASURE))
            }
            Block::List(list) => self.list(list, indent),
            Block::Table(table) => self.table(table, indent),
            Block::Beside(tables) => self.tables(tables),
            Block::Cards(cards) => self.cards(cards),
            Block::Chart(chart) => self.chart(chart, indent),
            Block::Spark(spark) => self.spark(spark, indent),
            Block::On(_, block) => self.block(block, indent),
            Block::Log(lines) => lines.iter().try_for_each(|line| self.screen.log(&self.ink, line)),
            Block::Figures(_) | Block::Fields(_) | Block::Fold { .. } => Ok(()),
        }
    }

    /// What a fact is.
    fn value(&self, fact: &Fact) -> Pieces {
        let mut value = self.ink.prose(&fact.value, fact.tone);
        if let Some(whole) = fact.whole {
            let (clock, to) = (self.ink.clock, self.ink.glyphs.to);
            let zone = if whole.says_zone { format!("; all times are {}", clock.zone()) } else { String::new() };
            let told = format!("{}{zone}", clock.whole(whole.from, whole.to, to));
            if !value.is_empty() {
                value.gap();
            }
            value.append(self.ink.own(&told, fact.tone));
        }
        value
    }

    /// A name and what it is, wrapped.
    fn fact(&mut self, fact: &Fact) -> io::Result<()> {
        let value = self.value(fact);
        let name = self.ink.own(fact.name, Tone::Dim).wrap(NAME).into_iter().next().unwrap_or_default();
        let mut lead = name;
        lead.blanks(NAME.saturating_sub(lead.width()));
        self.led(&lead, &value, INDENT, self.width)
    }

    fn list(&mut self, list: &List, indent: usize) -> io::Result<()> {
        if list.kind == ListKind::Places {
            return self.places(list, indent);
        }
        let most = if list.name.is_empty() || self.whole { usize::MAX } else { MAX_SENTENCES };
        // Names of lists within cards stand in a column of their own.
        let name = |words: &'static str| {
            let mut line = StyledLine::default();
            if !list.name.is_empty() {
                line.append(&self.ink.own(words, Tone::Plain).wrap(MAX_MEASURE)[0]);
                line.blanks(6_usize.saturating_sub(line.width()));
            }
            line
        };
        let mut leads = Vec::new();
        for number in 1..=list.items.len().min(most) {
            let mut lead = name(if number == 1 { list.name } else { "" });
            match list.kind {
                ListKind::Steps => {
                    lead.append(&self.ink.own(&format!("{number}."), Tone::Plain).wrap(9)[0]);
                    lead.blanks(1);
                }
                ListKind::Bullets | ListKind::Places => {
                    lead.append(&Ink::sign(self.ink.glyphs.bullet, Tone::Plain).wrap(9)[0])
                }
            }
            leads.push(lead);
        }
        for (item, lead) in list.items.iter().zip(&leads) {
            let item = self.ink.prose(item, Tone::Plain);
            self.led(lead, &item, indent, MAX_MEASURE)?;
        }
        let more = list.items.len() - leads.len();
        if more > 0 {
            let more = self.ink.own(&format!("+{} more with --finding", words::number(more as u64)), Tone::Dim);
            self.lines(&more, indent + 6, indent + 6, self.width)?;
        }
        Ok(())
    }

    fn places(&mut self, list: &List, indent: usize) -> io::Result<()> {
        let mut pieces = Pieces::default();
        let shown = if self.whole { list.items.len() } else { list.items.len().min(MAX_PLACES) };
        for (at, item) in list.items[..shown].iter().enumerate() {
            if at > 0 {
                pieces.append(Ink::sign(",", Tone::Dim));
                pieces.gap();
            }
            pieces.append(self.ink.text(item, Tone::Dim));
        }
        let more = (list.items.len() - shown) as u64;
        if more > 0 {
            pieces.append(self.ink.own(&format!(" and {} more", words::count(more, "line", "lines")), Tone::Dim));
        }
        let mut lead = StyledLine::default();
        for line in self.ink.own(list.name, Tone::Dim).wrap(MAX_MEASURE) {
            lead.append(&line);
        }
        lead.blanks(2);
        self.led(&lead, &pieces, indent, self.width)
    }

    fn table(&mut self, table: &Table<'_>, indent: usize) -> io::Result<()> {
        let rows = table.first(self.view.rows(table, View::DEFAULT_TOP));
        if rows.is_empty() {
            let empty = self.ink.text(&table.empty, Tone::Plain);
            return self.lines(&empty, indent, indent, self.width);
        }
        let room = self.width - indent;
        let grid = Grid::fitting(table, &rows, room, &self.ink);
        grid.lines(room, &self.ink).iter().try_for_each(|line| self.indented(line, indent))
    }

    /// Small tables, as many beside each other as there is room for.
    fn tables(&mut self, tables: &[Table<'_>]) -> io::Result<()> {
        let room = self.width - INDENT;
        let mut grids = Vec::new();
        for table in tables.iter().filter(|table| table.total > 0) {
            // Half the rows of a full table, for there are several of these.
            let most = self.view.rows(table, View::DEFAULT_TOP).map_or(usize::MAX, |most| most.div_ceil(2));
            let mut rows: Vec<Row> = (table.rows)().take(most).collect();
            let more = table.total.saturating_sub(rows.len() as u64);
            if more > 0 {
                let last = table.columns.len().saturating_sub(1);
                rows.push(Row::Remark(last, Text::from("+").with(more).with(" more")));
            }
            grids.push(Grid::fitting(table, &rows, room, &self.ink));
        }
        let beside = ((room + GUTTER) / (MIN_BESIDE + GUTTER)).clamp(1, grids.len().max(1));
        // Five in rows of four look worse than three and two.
        let bands = grids.len().div_ceil(beside);
        let beside = grids.len().div_ceil(bands.max(1)).max(1);
        let room = (room + GUTTER) / beside - GUTTER;
        for (number, band) in grids.chunks(beside).enumerate() {
            if number > 0 {
                self.screen.blank()?;
            }
            self.band(band, room)?;
        }
        Ok(())
    }

    fn band(&mut self, band: &[Grid], room: usize) -> io::Result<()> {
        let rooms = rooms(band, room);
        let drawn: Vec<Vec<StyledLine>> =
            rooms.iter().zip(band).map(|(room, grid)| grid.lines(*room, &self.ink)).collect();
        let height = drawn.iter().map(Vec::len).max().unwrap_or(0);
        for number in 0..height {
            let mut line = StyledLine::default();
            line.blanks(INDENT);
            let mut end = INDENT;
            for (lines, room) in drawn.iter().zip(&rooms) {
                line.blanks(end.saturating_sub(line.width()));
                if let Some(part) = lines.get(number) {
                    line.append(part);
                }
                end += room + GUTTER;
            }
            self.screen.line(&line)?;
        }
        Ok(())
    }

    /// A line of bars, if there is anything to see in it.
    fn spark(&mut self, spark: &Spark, indent: usize) -> io::Result<()> {
        let room = self.width.saturating_sub(indent + INDENT);
        let drawn = spark.within(room);
        let peak = drawn.peak();
        if spark.counts.len() < 3 || peak == 0 {
            return Ok(());
        }
        let bar = self.ink.bars(&drawn.counts, peak, 1);
        let remark = format!("{} a step, peak {}", words::seconds(drawn.bucket_seconds), words::number(peak));
        let remark = self.ink.own(&remark, Tone::Dim);
        self.remarked(bar, &remark, indent, room)
    }

    /// A line and what is to be said of it: beside it, or below where there is no room.
    fn remarked(&mut self, mut line: StyledLine, remark: &Pieces, indent: usize, room: usize) -> io::Result<()> {
        if line.width() + 3 + remark.width() <= room {
            line.blanks(3);
            line.append(&remark.wrap(room)[0]);
            self.indented(&line, indent)
        } else {
            self.indented(&line, indent)?;
            self.lines(remark, indent, indent, self.width)
        }
    }
}

/// Equal widths, except that a table which needs less gives the rest to one beside it which needs more.
fn rooms(band: &[Grid], room: usize) -> Vec<usize> {
    let natural: Vec<usize> = band.iter().map(Grid::natural).collect();
    let missing: usize = natural.iter().map(|need| need.saturating_sub(room)).sum();
    let mut give = missing;
    let mut rooms = vec![room; band.len()];
    for (room, need) in rooms.iter_mut().zip(&natural) {
        let given = room.saturating_sub(*need).min(give);
        *room -= given;
        give -= given;
    }
    let mut spare = missing - give;
    for (room, need) in rooms.iter_mut().zip(&natural) {
        let taken = need.saturating_sub(*room).min(spare);
        *room += taken;
        spare -= taken;
    }
    rooms
}
