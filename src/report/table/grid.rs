//! One table: columns get their widths here, cells are cut to them, and comfy-table draws.

use std::io;

use comfy_table::{Cell as Drawn, CellAlignment, ContentArrangement, LineStyle, Table, presets};

use super::{
    Context, INDENT,
    screen::{Paint, Screen, paint},
    text::{self, Glyphs, Shown},
};

/// Blanks between two columns.
const GAP: usize = 2;

/// Columns that a text is content with when room is short, and those of a list.
const MODEST_TEXT: usize = 40;
const MODEST_LIST: usize = 28;

/// Width below which a column gives way only when all others have.
const FLOOR: usize = 8;

/// One line of a cell.
pub(super) enum Part {
    /// A text, cut in the middle when room is short.
    Text(Shown, Paint),
    /// A text wrapped to at most two lines.
    Wrapped(Shown, Paint),
    /// A realm chain: when room is short the longest names give way, so that every realm stays in sight.
    Chain(Vec<Shown>),
    /// As many items as fit, then how many more there are of `total`.
    List { lead: &'static str, items: Vec<Item>, total: u64, paint: Paint },
}

impl Part {
    pub(super) fn text(shown: Shown) -> Self {
        Self::Text(shown, Paint::Plain)
    }

    pub(super) fn own(text: impl Into<String>) -> Self {
        Self::text(Shown::own(text))
    }

    pub(super) fn number(number: u64) -> Self {
        Self::own(text::number(number))
    }

    pub(super) fn dim(self) -> Self {
        self.painted(Paint::Dim)
    }

    pub(super) fn painted(self, paint: Paint) -> Self {
        match self {
            Self::Text(shown, _) => Self::Text(shown, paint),
            Self::Wrapped(shown, _) => Self::Wrapped(shown, paint),
            Self::Chain(_) => self,
            Self::List { lead, items, total, .. } => Self::List { lead, items, total, paint },
        }
    }

    fn natural(&self, glyphs: &Glyphs) -> usize {
        match self {
            Self::Text(shown, _) | Self::Wrapped(shown, _) => shown.width(),
            Self::Chain(realms) => text::chain_width(realms, glyphs),
            Self::List { lead, items, total, .. } => text::width(&list(lead, items, *total, items.len())),
        }
    }

    fn modest(&self, glyphs: &Glyphs) -> usize {
        self.natural(glyphs).min(match self {
            Self::Text(..) | Self::Wrapped(..) | Self::Chain(_) => MODEST_TEXT,
            Self::List { .. } => MODEST_LIST,
        })
    }

    fn fit(&self, room: usize, glyphs: &Glyphs) -> String {
        match self {
            Self::Text(shown, color) => paint(*color, &shown.fit(room, glyphs)),
            Self::Wrapped(shown, color) => {
                let lines = text::wrap(&shown.clone().into_text(), room);
                let mut out = paint(*color, &lines[0]);
                if let Some((_, rest)) = lines.split_first().filter(|(_, rest)| !rest.is_empty()) {
                    let rest = Shown::own(rest.join(" ")).fit(room, glyphs);
                    out = format!("{out}\n{}", paint(*color, &rest));
                }
                out
            }
            Self::Chain(realms) => text::fit_chain(realms, room, glyphs),
            Self::List { lead, items, total, paint: color } => {
                let mut whole = (1..=most(lead, items, room)).rev().map(|shown| list(lead, items, *total, shown));
                let fitting = whole.find(|text| text::width(text) <= room);
                let shown = fitting.unwrap_or_else(|| squeezed(lead, items, *total, room, glyphs));
                paint(*color, &shown)
            }
        }
    }
}

/// An item of a list.
pub(super) struct Item {
    /// Cut when room is short.
    pub(super) name: Shown,
    /// Never cut: a count.
    pub(super) suffix: String,
}

/// The first `shown` items, and how many more there are.
fn list(lead: &str, items: &[Item], total: u64, shown: usize) -> String {
    let names: Vec<String> =
        items.iter().take(shown).map(|item| format!("{}{}", item.name.clone().into_text(), item.suffix)).collect();
    let more = match total.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!(" +{} more", text::number(more)),
    };
    format!("{lead}{}{more}", names.join(", "))
}

/// Items that have room if nothing stands behind them: more need not be tried.
fn most(lead: &str, items: &[Item], room: usize) -> usize {
    let mut used = text::width(lead);
    let fits = |item: &&Item| {
        used += item.name.width() + text::width(&item.suffix);
        let fits = used <= room;
        used += 2;
        fits
    };
    items.iter().take_while(fits).count()
}

/// One item where not even that fits whole: its name gives way, not the counts.
fn squeezed(lead: &str, items: &[Item], total: u64, room: usize, glyphs: &Glyphs) -> String {
    let Some(item) = items.first() else { return String::new() };
    let more = match total.saturating_sub(1) {
        0 => String::new(),
        more => format!(" +{}", text::number(more)),
    };
    let around = text::width(lead) + text::width(&item.suffix) + text::width(&more);
    let name = item.name.fit(room.saturating_sub(around).max(6), glyphs);
    Shown::own(format!("{lead}{name}{}{more}", item.suffix)).fit(room, glyphs)
}

/// One column.
pub(super) struct Column {
    header: Vec<String>,
    right: bool,
    flexible: bool,
    /// Width down to which other columns give way first.
    floor: usize,
}

impl Column {
    /// Never cut unless nothing else is left to cut.
    pub(super) fn fixed(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&line| line.to_owned()).collect(),
            right: false,
            flexible: false,
            floor: FLOOR,
        }
    }

    /// Numbers.
    pub(super) fn number(header: &[&str]) -> Self {
        Self { right: true, ..Self::fixed(header) }
    }

    /// Cut when room is short.
    pub(super) fn flexible(header: &[&str]) -> Self {
        Self { flexible: true, ..Self::fixed(header) }
    }

    /// Gives way after the others, down to this width.
    pub(super) fn keep(mut self, floor: usize) -> Self {
        self.floor = floor.max(FLOOR);
        self
    }
}

/// A table being built.
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Vec<Part>>>,
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Whether it has no row.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row: for each column its lines.
    pub(super) fn row(&mut self, cells: Vec<Vec<Part>>) {
        self.rows.push(cells);
    }

    /// Whether it fits with every column at a sensible width.
    pub(super) fn fits(&self, ctx: &Context<'_>) -> bool {
        let room = ctx.width();
        let modest = self.widths(|part| part.modest(ctx.glyphs));
        modest.iter().sum::<usize>() + GAP * modest.len().saturating_sub(1) <= room
    }

    fn widths(&self, measure: impl Fn(&Part) -> usize) -> Vec<usize> {
        let cells = |index: usize| self.rows.iter().filter_map(move |row| row.get(index)).flatten();
        self.columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let header = column.header.iter().map(|line| text::width(line)).max().unwrap_or(0);
                cells(index).map(&measure).max().unwrap_or(0).max(header)
            })
            .collect()
    }

    /// Widths that fit: everything where there is room; else the modest widths and what is left over in turn; else the
    /// widest flexible columns give way until it fits, at last all columns do.
    fn fitted(&self, room: usize, glyphs: &Glyphs) -> Vec<usize> {
        let room = room.saturating_sub(GAP * self.columns.len().saturating_sub(1));
        let natural = self.widths(|part| part.natural(glyphs));
        if natural.iter().sum::<usize>() <= room {
            return natural;
        }
        let mut widths = natural.clone();
        for (width, (modest, column)) in
            widths.iter_mut().zip(self.widths(|part| part.modest(glyphs)).into_iter().zip(&self.columns))
        {
            if column.flexible {
                *width = modest;
            }
        }
        for (at, natural) in natural.iter().enumerate() {
            let spare = room.saturating_sub(widths.iter().sum());
            widths[at] = (*natural).min(widths[at] + spare);
        }
        for floor in [usize::MAX, FLOOR, 3, 1] {
            for only_flexible in [true, false] {
                if floor == usize::MAX && !only_flexible {
                    continue;
                }
                while widths.iter().sum::<usize>() > room {
                    let widest = (0..widths.len())
                        .filter(|&at| {
                            widths[at] > floor.min(self.columns[at].floor)
                                && (!only_flexible || self.columns[at].flexible)
                        })
                        .max_by_key(|&at| widths[at]);
                    let Some(widest) = widest else { break };
                    widths[widest] -= 1;
                }
            }
        }
        widths
    }

    /// Width where there is room for everything.
    pub(super) fn natural(&self, glyphs: &Glyphs) -> usize {
        let widths = self.widths(|part| part.natural(glyphs));
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    }

    /// The drawn lines, without margin.
    pub(super) fn lines(&self, room: usize, glyphs: &Glyphs) -> Vec<String> {
        let widths = self.fitted(room, glyphs);
        let style = presets::NOTHING.header_separator(LineStyle::none().fill(glyphs.rule));
        let mut table = Table::new();
        table.load_style(style).set_content_arrangement(ContentArrangement::Disabled);
        let cell = |lines: Vec<String>, right: bool| {
            let align = if right { CellAlignment::Right } else { CellAlignment::Left };
            Drawn::new_owned(lines.join("\n")).set_alignment(align)
        };
        let headers = self.columns.iter().zip(&widths).map(|(column, &width)| {
            let lines = column.header.iter().map(|line| paint(Paint::Dim, &Shown::own(line).fit(width, glyphs)));
            cell(lines.collect(), column.right)
        });
        table.set_header(headers.collect::<Vec<_>>());
        for row in &self.rows {
            let cells = row.iter().zip(self.columns.iter().zip(&widths)).map(|(parts, (column, &width))| {
                cell(parts.iter().map(|part| part.fit(width, glyphs)).collect(), column.right)
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
        let last = self.columns.len().saturating_sub(1);
        for (at, column) in table.column_iter_mut().enumerate() {
            let gap = if at == last { 0 } else { u16::try_from(GAP).unwrap_or(0) };
            column.set_padding((0, gap));
        }
        table.lines().collect()
    }

    /// Writes it inside the margin.
    pub(super) fn write(&self, ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
        for line in self.lines(ctx.width(), ctx.glyphs) {
            screen.line(&format!("{}{line}", " ".repeat(INDENT)))?;
        }
        Ok(())
    }
}
