//! Tables: their columns, which say where they are shown and how they stand where room is short, and typed cells.

use super::{Media, Tone};
use crate::model::text::{Logged, Span, Text};

/// A table.
pub struct Table<'a> {
    /// Name: of `--table`, of files, of anchors.
    pub name: &'static str,
    /// What it holds, where the heading does not say it.
    pub caption: Text,
    /// Columns.
    pub columns: Vec<Column>,
    /// Makes its rows, in order.
    pub rows: Rows<'a>,
    /// How many rows there are.
    pub len: u64,
    /// How many there would be if none had been left out before.
    pub total: u64,
    /// Whether it is drawn with one line a row where there is room, or always with columns below others.
    pub flat: bool,
    /// Whether as many rows are shown of each kind, which the first cell tells, as otherwise of all.
    pub each: bool,
    /// Rows that are worth showing even where a format would show fewer, unless the user says otherwise.
    pub least: usize,
    /// Whether its rows are about times, and follow a time that is selected.
    pub timed: bool,
    /// What to say where it has no row; nothing where that is empty.
    pub empty: Text,
}

/// What makes rows, each time anew.
pub type Rows<'a> = Box<dyn Fn() -> Box<dyn Iterator<Item = Row> + 'a> + 'a>;

impl std::fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl<'a> Table<'a> {
    /// A table of these rows.
    #[must_use]
    pub fn new(name: &'static str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Self
    where
        Self: 'a,
    {
        let len = rows.len() as u64;
        Self::lazy(name, columns, len, move || Box::new(rows.clone().into_iter().map(Row::Cells)))
    }

    /// A table whose rows are made when they are looked at.
    pub fn lazy(
        name: &'static str,
        columns: Vec<Column>,
        len: u64,
        rows: impl Fn() -> Box<dyn Iterator<Item = Row> + 'a> + 'a,
    ) -> Self {
        Self {
            name,
            caption: Text::new(),
            columns,
            rows: Box::new(rows),
            len,
            total: len,
            flat: true,
            each: false,
            least: 0,
            timed: false,
            empty: Text::new(),
        }
    }

    /// A table of the things of a slice.
    pub fn of<T: Sync>(
        name: &'static str,
        columns: Vec<Column>,
        things: &'a [T],
        row: impl Fn(&T) -> Vec<Cell> + Copy + 'a,
    ) -> Self {
        Self::lazy(name, columns, things.len() as u64, move || {
            Box::new(things.iter().map(move |thing| Row::Cells(row(thing))))
        })
    }

    /// The same with a caption.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<Text>) -> Self {
        self.caption = caption.into();
        self
    }

    /// The same of a list that was cut before: `total` rows there would be.
    #[must_use]
    pub fn of_total(mut self, total: u64) -> Self {
        self.total = total.max(self.len);
        self
    }

    /// The same, always with columns below others on a terminal.
    #[must_use]
    pub fn stacked(mut self) -> Self {
        self.flat = false;
        self
    }

    /// The same with more rows than a format would show, unless the user wants fewer.
    #[must_use]
    pub fn least(mut self, rows: usize) -> Self {
        self.least = rows;
        self
    }

    /// The same, with as many rows of each kind as otherwise of all.
    #[must_use]
    pub fn each(mut self) -> Self {
        self.each = true;
        self
    }

    /// The first `most` rows, or of each kind as many.
    pub fn taken(&self, most: Option<usize>) -> impl Iterator<Item = Row> {
        let most = most.unwrap_or(usize::MAX);
        let each = self.each;
        let (mut taken, mut kind, mut full) = (0, Text::new(), false);
        (self.rows)()
            .map(move |row| {
                if let Row::Cells(cells) = &row {
                    if let (true, Some(Cell::Text(text, _))) = (each, cells.first())
                        && *text != kind
                    {
                        (kind, taken) = (text.clone(), 0);
                    }
                    full = taken >= most;
                    taken += 1;
                }
                (row, full)
            })
            // Of kinds that follow each other, the next may have room again.
            .take_while(move |(_, full)| each || !full)
            .filter_map(|(row, full)| (!full).then_some(row))
    }

    /// The same as a list.
    #[must_use]
    pub fn first(&self, most: Option<usize>) -> Vec<Row> {
        self.taken(most).collect()
    }

    /// The same, following a time that is selected.
    #[must_use]
    pub fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// The same with words for the case that it has no row.
    #[must_use]
    pub fn or(mut self, empty: impl Into<Text>) -> Self {
        self.empty = empty.into();
        self
    }

    /// The columns for a medium, with their places.
    pub fn columns_on(&self, medium: Media) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(move |(_, column)| column.media.has(medium))
    }
}

/// A row.
#[derive(Debug, Clone)]
pub enum Row {
    /// A cell for each column.
    Cells(Vec<Cell>),
    /// Something between rows, told in a column, for people only.
    Remark(usize, Text),
}

/// How a column sorts and is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// From the left.
    Text,
    /// From the right.
    Number,
    /// By time.
    Time,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name for programs.
    pub key: &'static str,
    /// Heading.
    pub title: &'static str,
    /// How it sorts.
    pub kind: ColumnKind,
    /// Where it is shown.
    pub media: Media,
    /// The column below which it stands where room is short, and its heading there; one that is indented begins with blanks.
    pub below: Option<(&'static str, &'static str)>,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub const fn text(key: &'static str, title: &'static str) -> Self {
        Self { key, title, kind: ColumnKind::Text, media: Media::ALL, below: None }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(key: &'static str, title: &'static str) -> Self {
        Self { kind: ColumnKind::Number, ..Self::text(key, title) }
    }

    /// A column of times.
    #[must_use]
    pub const fn time(key: &'static str, title: &'static str) -> Self {
        Self { kind: ColumnKind::Time, ..Self::text(key, title) }
    }

    /// The same below another where room is short.
    #[must_use]
    pub const fn below(self, key: &'static str, title: &'static str) -> Self {
        Self { below: Some((key, title)), ..self }
    }

    /// The same for some media.
    #[must_use]
    pub const fn on(self, media: Media) -> Self {
        Self { media, ..self }
    }
}

/// A cell.
#[derive(Debug, Clone)]
pub enum Cell {
    /// There is nothing, and why.
    Absent(&'static str),
    /// A value or some words.
    Text(Text, Tone),
    /// A number that is not grouped for people where programs read it.
    Number(u64, Tone),
    /// How severe.
    Severity(Logged),
    /// Attack or accident.
    Verdict(Logged),
    /// Names, most important first.
    Names(NameList),
    /// Names and what they stand for, to be folded away.
    Fields(Vec<(&'static str, Cell)>),
}

impl Cell {
    /// Nothing, and nothing to say about it.
    pub const NONE: Self = Self::Absent("");

    /// A value or some words.
    pub fn of(text: impl Into<Text>) -> Self {
        Self::Text(text.into(), Tone::Plain)
    }

    /// A number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::Number(number, Tone::Plain)
    }

    /// A text from the log, made a span of its kind, or words for its absence.
    pub fn logged(span: impl Fn(&str) -> Span, text: Option<&str>, absent: &'static str) -> Self {
        text.map_or(Self::Absent(absent), |text| Self::of(span(text)))
    }

    /// The same set off.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        match self {
            Self::Text(text, _) => Self::Text(text, tone),
            Self::Number(number, _) => Self::Number(number, tone),
            other => other,
        }
    }

    /// Whether there is nothing to be shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Absent(words) => words.is_empty(),
            Self::Text(text, _) => text.is_empty(),
            Self::Names(names) => names.items.is_empty() && names.total == 0,
            Self::Fields(fields) => fields.iter().all(|(_, cell)| cell.is_empty()),
            Self::Number(..) | Self::Severity(_) | Self::Verdict(_) => false,
        }
    }
}

/// Some names of many.
#[derive(Debug, Clone, Default)]
pub struct NameList {
    /// The first of them.
    pub items: Vec<ListedName>,
    /// How many there are.
    pub total: u64,
}

/// A name of a list.
#[derive(Debug, Clone)]
pub struct ListedName {
    /// It.
    pub span: Span,
    /// Words between the name and its count.
    pub remark: &'static str,
    /// What is known of it beyond the logs, for people.
    pub note: Text,
    /// How often.
    pub count: Option<u64>,
    /// How sure that is, where it is not.
    pub sure: Option<f64>,
}

impl ListedName {
    /// A name alone.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self { span, remark: "", note: Text::new(), count: None, sure: None }
    }

    /// The same with a count.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}

impl NameList {
    /// Names without counts.
    pub fn cell<'n>(span: impl Fn(&str) -> Span, names: impl IntoIterator<Item = &'n String>, total: u64) -> Cell {
        let items = names.into_iter().map(|name| ListedName::new(span(name))).collect();
        Cell::Names(Self { items, total })
    }
}
