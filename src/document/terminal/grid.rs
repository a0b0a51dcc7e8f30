//! One table on a terminal: columns get their widths here, cells are wrapped to them, and comfy-table draws. Nothing is cut: an
//! address, a time or an id stays in one piece wherever the terminal is wide enough for it.

use comfy_table::{
    Cell as DrawnCell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as DrawnTable, Width,
    presets,
};

use super::ink::Ink;
use super::pieces::{Pieces, StyledLine};
use crate::document::{Cell, Column, ColumnKind, Media, NameList, Row, Table, Tone};
use crate::words::number;

/// Blanks between two columns.
const GAP: usize = 2;

/// Columns that a text is content with when room is short, and those of a list.
const MODEST_TEXT: usize = 40;
const MODEST_LIST: usize = 28;

/// Columns up to which a name is kept in one piece, and, where room is very short, words.
const NAMES: usize = 20;
const SHORT: usize = 8;

/// Columns that a long name or id may claim for itself when room is short.
const MOST_LEAST: usize = 46;

/// One line of a cell, before it is wrapped.
enum CellLine {
    /// A text, after blanks.
    Text(usize, Pieces),
    /// As many items as fit on a line, then how many more there are.
    List(usize, Vec<Pieces>, u64),
}

impl CellLine {
    fn new(indent: usize, cell: &Cell, ink: &Ink) -> Self {
        match cell {
            Cell::Names(NameList { items, total }) => {
                Self::List(indent, items.iter().map(|name| ink.item(name)).collect(), *total)
            }
            cell => Self::Text(indent, ink.cell(cell)),
        }
    }

    fn natural(&self) -> usize {
        match self {
            Self::Text(_, pieces) if pieces.is_empty() => 0,
            Self::Text(indent, pieces) => indent + pieces.width(),
            Self::List(indent, items, total) => indent + list(items, *total, items.len()).width(),
        }
    }

    fn modest(&self) -> usize {
        self.natural().min(match self {
            Self::Text(..) => MODEST_TEXT,
            Self::List(..) => MODEST_LIST,
        })
    }

    /// Width below which something would be broken that should not: with names up to `breakable` columns, or, where even that is
    /// too much, addresses, times and ids alone.
    fn least(&self, breakable: usize) -> usize {
        match self {
            Self::Text(indent, pieces) => indent + pieces.least(breakable),
            Self::List(indent, items, _) => indent + items.first().map_or(0, |item| item.least(breakable)),
        }
        .min(MOST_LEAST)
    }

    fn lines(&self, room: usize) -> Vec<StyledLine> {
        let (indent, pieces) = match self {
            Self::Text(_, pieces) if pieces.is_empty() => return Vec::new(),
            Self::Text(indent, pieces) => (*indent, pieces.clone()),
            Self::List(indent, items, total) => {
                let fits = |shown: &usize| indent + list(items, *total, *shown).width() <= room;
                let shown = (1..=most(items, room)).rev().find(fits).unwrap_or(1);
                (*indent, list(items, *total, shown))
            }
        };
        let wrapped = pieces.wrap(room.saturating_sub(indent)).into_iter();
        wrapped
            .map(|line| {
                let mut out = StyledLine::default();
                out.blanks(indent);
                out.append(&line);
                out
            })
            .collect()
    }
}

/// Items that have room if nothing stands behind them: more need not be tried.
fn most(items: &[Pieces], room: usize) -> usize {
    let mut used = 0;
    let fits = |item: &&Pieces| {
        used += item.width();
        let fits = used <= room;
        used += 2;
        fits
    };
    items.iter().take_while(fits).count()
}

/// The first `shown` items, and how many more there are.
fn list(items: &[Pieces], total: u64, shown: usize) -> Pieces {
    let mut out = Pieces::default();
    for (at, item) in items.iter().take(shown).enumerate() {
        if at > 0 {
            out.append(Ink::sign(",", Tone::Plain));
            out.gap();
        }
        out.append(item.clone());
    }
    let more = total.saturating_sub(shown.min(items.len()) as u64);
    if more > 0 {
        out.gap();
        out.append(Ink::made(format!("+{} more", number(more))));
    }
    out
}

/// A column as it is drawn: one or several of the table, below each other.
struct Drawn {
    heads: Vec<(usize, Pieces)>,
    right: bool,
    /// Places of the table's columns, and how far each is indented.
    of: Vec<(usize, usize)>,
}

/// A table that is ready to be fitted.
pub(super) struct Grid {
    columns: Vec<Drawn>,
    /// By row and column its entries.
    rows: Vec<Vec<Vec<CellLine>>>,
}

impl Grid {
    /// A table of some of its rows, with a line a row where there is room for that.
    pub(super) fn fitting(table: &Table<'_>, rows: &[Row], room: usize, ink: &Ink) -> Self {
        let flat = table.flat.then(|| Self::new(table, rows, true, ink)).filter(|flat| flat.fits(room));
        flat.unwrap_or_else(|| Self::new(table, rows, false, ink))
    }

    fn new(table: &Table<'_>, rows: &[Row], flat: bool, ink: &Ink) -> Self {
        let columns = drawn(table, flat, ink);
        let rows = rows
            .iter()
            .map(|row| {
                let cell = |at: usize| match row {
                    Row::Cells(cells) => cells.get(at).cloned().unwrap_or(Cell::NONE),
                    Row::Remark(of, text) if *of == at => Cell::Text(text.clone(), Tone::Dim),
                    Row::Remark(..) => Cell::NONE,
                };
                let entries = |column: &Drawn| {
                    column.of.iter().map(|&(at, indent)| CellLine::new(indent, &cell(at), ink)).collect()
                };
                columns.iter().map(entries).collect()
            })
            .collect();
        Self { columns, rows }
    }

    /// Whether every column has a sensible width.
    fn fits(&self, room: usize) -> bool {
        let modest = self.widths(|entry| entry.modest().max(entry.least(NAMES)), Pieces::width);
        modest.iter().sum::<usize>() + GAP * modest.len().saturating_sub(1) <= room
    }

    fn widths(&self, measure: impl Fn(&CellLine) -> usize, head: impl Fn(&Pieces) -> usize) -> Vec<usize> {
        let widths = self.columns.iter().enumerate().map(|(at, column)| {
            let head = column.heads.iter().map(|(indent, words)| indent + head(words)).max().unwrap_or(0);
            let cells = self.rows.iter().filter_map(|row| row.get(at)).flatten();
            cells.map(&measure).max().unwrap_or(0).max(head)
        });
        widths.collect()
    }

    /// The least widths.
    fn least(&self, breakable: usize) -> Vec<usize> {
        self.widths(|entry| entry.least(breakable), |head| head.least(breakable))
    }

    /// Width where there is room for everything.
    pub(super) fn natural(&self) -> usize {
        let widths = self.widths(CellLine::natural, Pieces::width);
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    }

    /// Widths that fit: everything where there is room; else the widest columns give way first, lists before texts, down to
    /// what should not be broken; at last even that is.
    fn fitted(&self, room: usize) -> Vec<usize> {
        let room = room.saturating_sub(GAP * self.columns.len().saturating_sub(1));
        let natural = self.widths(CellLine::natural, Pieces::width);
        if natural.iter().sum::<usize>() <= room {
            return natural;
        }
        let wanted = self.widths(
            |entry| match entry {
                CellLine::List(..) => entry.modest().max(entry.least(NAMES)),
                CellLine::Text(..) => entry.natural(),
            },
            |head| head.least(NAMES),
        );
        let fits = |least: &Vec<usize>| least.iter().sum::<usize>() <= room;
        let least = [NAMES, SHORT].map(|breakable| self.least(breakable)).into_iter().find(fits);
        let mut widths = match least {
            Some(least) => {
                capped(room, |cap| wanted.iter().zip(&least).map(|(&want, &least)| want.min(cap).max(least)).collect())
            }
            None => {
                let least = self.least(SHORT);
                capped(room, |cap| least.iter().map(|&least| least.min(cap)).collect())
            }
        };
        let mut spare = room.saturating_sub(widths.iter().sum());
        for (width, natural) in widths.iter_mut().zip(&natural) {
            let more = natural.saturating_sub(*width).min(spare);
            *width += more;
            spare -= more;
        }
        widths
    }

    /// The drawn lines, without margin.
    pub(super) fn lines(&self, room: usize, ink: &Ink) -> Vec<StyledLine> {
        let widths = self.fitted(room);
        let columns = || self.columns.iter().zip(&widths);
        let style = presets::NOTHING.header_separator(LineStyle::none().fill(ink.glyphs.rule));
        let mut table = DrawnTable::new();
        table.load_style(style).set_content_arrangement(ContentArrangement::Disabled);
        // A column alone needs no name.
        if self.columns.len() > 1 {
            let heads = columns().map(|(column, &width)| {
                let heads =
                    column.heads.iter().flat_map(|(indent, head)| CellLine::Text(*indent, head.clone()).lines(width));
                column.cell(heads)
            });
            table.set_header(heads.collect::<Vec<_>>());
        }
        for entries in &self.rows {
            let cells = entries
                .iter()
                .zip(columns())
                .map(|(entries, (column, &width))| column.cell(entries.iter().flat_map(|entry| entry.lines(width))));
            table.add_row(cells.collect::<Vec<_>>());
        }
        let gaps = std::iter::repeat_n(GAP, self.columns.len().saturating_sub(1)).chain([0]);
        for ((column, &width), gap) in table.column_iter_mut().zip(&widths).zip(gaps) {
            let columns = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
            column.set_padding((0, columns(gap)));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(columns(width + gap))));
        }
        table.lines().map(|line| StyledLine::unmarked(&line)).collect()
    }
}

impl Drawn {
    /// A cell of wrapped lines.
    fn cell(&self, lines: impl Iterator<Item = StyledLine>) -> DrawnCell {
        let lines: Vec<String> = lines.map(|line| line.marked()).collect();
        DrawnCell::new_owned(lines.join("\n")).set_alignment(if self.right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        })
    }
}

/// The widths under the highest cap at which they fit.
fn capped(room: usize, widths: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let (mut fits, mut too_wide) = (0, room + 1);
    while too_wide - fits > 1 {
        let middle = fits.midpoint(too_wide);
        if widths(middle).iter().sum::<usize>() <= room { fits = middle } else { too_wide = middle }
    }
    widths(fits)
}

/// The columns of a terminal: each of its own, or below those that they belong to.
fn drawn(table: &Table<'_>, flat: bool, ink: &Ink) -> Vec<Drawn> {
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut keys: Vec<Vec<&str>> = Vec::new();
    for (at, column) in table.columns_on(Media::SCREEN) {
        let below = column.below.filter(|_| !flat);
        let home = below.and_then(|(key, _)| keys.iter().position(|of| of.contains(&key)));
        if let (Some((_, head)), Some(home)) = (below, home) {
            let indent = head.len() - head.trim_start().len();
            let head = (indent, ink.own(head.trim_start(), Tone::Dim));
            drawn[home].of.push((at, indent));
            if !head.1.is_empty() {
                drawn[home].heads.push(head);
            }
            keys[home].push(column.key);
        } else {
            drawn.push(Drawn {
                heads: vec![(0, head(column, ink))],
                right: column.kind == ColumnKind::Number,
                of: vec![(at, 0)],
            });
            keys.push(vec![column.key]);
        }
    }
    drawn
}

fn head(column: &Column, ink: &Ink) -> Pieces {
    ink.own(&column.title.to_uppercase(), Tone::Dim)
}
