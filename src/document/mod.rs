//! One document model for what every verb shows, and one writer a format.
//!
//! [`build`] makes a document of a verb's results: sections of tables with typed cells, lists, prose of typed spans, and charts
//! as data. A writer takes any document. What comes from a log stays [`Logged`](crate::model::text::Logged) until a
//! writer turns it into output, each at one place, where it is made harmless.

use crate::model::text::{Logged, Span, Text};
use crate::time::Millis;

pub mod build;
pub mod chart;
pub mod clock;
pub mod csv;
pub mod formats;
pub mod html;
pub mod markdown;
pub mod terminal;

pub use chart::{Chart, Spark};

/// Who is shown something: a set of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media(u8);

impl Media {
    /// None.
    pub const NONE: Self = Self(0);
    /// A screen, on which everything that is shown pushes something else away.
    pub const SCREEN: Self = Self(1);
    /// A file that is read from the top.
    pub const FILE: Self = Self(2);
    /// A page, on which things can be folded away.
    pub const PAGE: Self = Self(4);
    /// Data for programs.
    pub const DATA: Self = Self(8);
    /// All of them.
    pub const ALL: Self = Self(15);
    /// All but programs.
    pub const PEOPLE: Self = Self(7);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a medium is among them.
    #[must_use]
    pub const fn has(self, medium: Self) -> bool {
        self.0 & medium.0 != 0
    }
}

/// What a verb tells.
#[derive(Debug)]
pub struct Document<'a> {
    /// What it is, for a title.
    pub title: &'static str,
    /// What it is about, beside the program's name.
    pub about: &'static str,
    /// The program that made it: name and version.
    pub tool: [Logged; 2],
    /// First and last time of what it is about: times are shown without what all of them share.
    pub period: Option<(Millis, Millis)>,
    /// Name of the table that is meant where only one can be written.
    pub main: &'static str,
    /// What was read, in short.
    pub head: Vec<Block<'a>>,
    /// The rest.
    pub sections: Vec<Section<'a>>,
}

/// A part with a heading.
#[derive(Debug)]
pub struct Section<'a> {
    /// Name within the document: an anchor.
    pub id: &'static str,
    /// Heading.
    pub title: Text,
    /// The same in a word or two, where sections are listed.
    pub short: &'static str,
    /// What stands beside the heading, set back.
    pub remark: Text,
    /// Where it is shown.
    pub media: Media,
    /// Its content.
    pub blocks: Vec<Block<'a>>,
}

impl<'a> Section<'a> {
    /// A section for everybody.
    pub fn new(id: &'static str, short: &'static str, title: impl Into<Text>) -> Self {
        Self { id, short, title: title.into(), remark: Text::new(), media: Media::ALL, blocks: Vec::new() }
    }

    /// The same with a remark.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<Text>) -> Self {
        self.remark = remark.into();
        self
    }

    /// The same for some media.
    #[must_use]
    pub fn on(mut self, media: Media) -> Self {
        self.media = media;
        self
    }

    /// The same with one more block.
    #[must_use]
    pub fn with(mut self, block: impl Into<Block<'a>>) -> Self {
        self.blocks.push(block.into());
        self
    }
}

/// A piece of a section.
#[derive(Debug)]
pub enum Block<'a> {
    /// Names and what they stand for.
    Facts(Vec<Fact>),
    /// The sentence that counts; its first part is set off.
    Headline(Text, Text),
    /// The headline in numbers, each leading to a section.
    Figures(Vec<Figure>),
    /// A sentence or two.
    Prose(Text, Tone),
    /// Sentences.
    List(List),
    /// Names and lists of what they stand for, where there is room for that.
    Fields(Vec<(&'static str, Cell)>),
    /// A table.
    Table(Table<'a>),
    /// Small tables that may stand beside each other.
    Beside(Vec<Table<'a>>),
    /// Things that are told one by one.
    Cards(Cards<'a>),
    /// Numbers to be drawn.
    Chart(Chart<'a>),
    /// A line of bars.
    Spark(Spark),
    /// Lines of logs as they stand there.
    Log(&'a [LogLine]),
    /// What is folded away where that is possible.
    Fold {
        /// What is in it.
        title: Text,
        /// Whether it is open at first.
        open: bool,
        /// Its content.
        blocks: Vec<Block<'a>>,
    },
    /// For some media only.
    On(Media, Box<Block<'a>>),
}

impl Block<'_> {
    /// The same for some media only.
    #[must_use]
    pub fn on(self, media: Media) -> Self {
        Self::On(media, Box::new(self))
    }
}

impl<'a> From<Table<'a>> for Block<'a> {
    fn from(table: Table<'a>) -> Self {
        Self::Table(table)
    }
}

impl From<List> for Block<'_> {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

/// A line of a log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// Its input.
    pub path: Logged,
    /// Its number, from 1.
    pub number: u64,
    /// Whether it is what was asked for; others stand around such a one.
    pub is_evidence: bool,
    /// Whether lines were left out before it.
    pub after_gap: bool,
    /// The line, or its begin.
    pub text: Logged,
    /// Bytes of it that were left out.
    pub left_out: u64,
}

/// How something is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// What is looked for.
    Bold,
    /// What is seldom looked for.
    Dim,
    /// What must not be overlooked.
    Alarm,
    /// What is bad.
    Bad,
    /// What should be known.
    Warn,
    /// What is good to know.
    Note,
}

/// A name and what it stands for.
#[derive(Debug)]
pub struct Fact {
    /// Name; empty where it goes on with the one before.
    pub name: &'static str,
    /// What it stands for.
    pub value: Text,
    /// A time that it spans, told in full after the value.
    pub whole: Option<Whole>,
    /// How it is set off; what is not plain is a warning.
    pub tone: Tone,
}

/// A time told in full, with its length and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Its begin.
    pub from: Millis,
    /// Its end.
    pub to: Millis,
    /// Whether to say that all times are in that zone.
    pub says_zone: bool,
}

impl Fact {
    /// A plain fact.
    pub fn new(name: &'static str, value: impl Into<Text>) -> Self {
        Self { name, value: value.into(), whole: None, tone: Tone::Plain }
    }

    /// The same set off.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A number that leads to a section.
#[derive(Debug)]
pub struct Figure {
    /// How many.
    pub amount: u64,
    /// Of what.
    pub name: &'static str,
    /// The section.
    pub to: &'static str,
}

/// Sentences, one below the other.
#[derive(Debug)]
pub struct List {
    /// What they are; empty where the heading says it.
    pub name: &'static str,
    /// How each begins.
    pub kind: ListKind,
    /// The sentences.
    pub items: Vec<Text>,
}

/// How items of a list begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// In no order.
    Bullets,
    /// One after the other.
    Steps,
    /// Places of evidence: few are enough on a screen.
    Places,
}

impl List {
    /// Sentences in no order.
    #[must_use]
    pub fn bullets(name: &'static str, items: Vec<Text>) -> Self {
        Self { name, kind: ListKind::Bullets, items }
    }
}

/// Things that are told one by one, made when they are looked at: a flood makes very many.
pub struct Cards<'a> {
    /// How many there are.
    pub total: usize,
    /// How many a screen shows.
    pub on_screen: usize,
    /// Makes them, in order.
    pub cards: Box<dyn Fn() -> Box<dyn Iterator<Item = Card<'a>> + 'a> + 'a>,
}

impl std::fmt::Debug for Cards<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cards").field("total", &self.total).finish_non_exhaustive()
    }
}

/// A finding, told in full.
#[derive(Debug)]
pub struct Card<'a> {
    /// `F1`.
    pub id: Logged,
    /// What happened.
    pub title: Text,
    /// Severity, verdict.
    pub badges: Vec<Cell>,
    /// Short facts, where they are told, and how they are set off.
    pub facts: Vec<(Media, Text, Tone)>,
    /// Its content.
    pub blocks: Vec<Block<'a>>,
}

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
pub enum Kind {
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
    pub kind: Kind,
    /// Where it is shown.
    pub media: Media,
    /// The column below which it stands where room is short, and its heading there; one that is indented begins with blanks.
    pub below: Option<(&'static str, &'static str)>,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub const fn text(key: &'static str, title: &'static str) -> Self {
        Self { key, title, kind: Kind::Text, media: Media::ALL, below: None }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(key: &'static str, title: &'static str) -> Self {
        Self { kind: Kind::Number, ..Self::text(key, title) }
    }

    /// A column of times.
    #[must_use]
    pub const fn time(key: &'static str, title: &'static str) -> Self {
        Self { kind: Kind::Time, ..Self::text(key, title) }
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
    Names(Names),
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
pub struct Names {
    /// The first of them.
    pub items: Vec<Name>,
    /// How many there are.
    pub total: u64,
}

/// A name of a list.
#[derive(Debug, Clone)]
pub struct Name {
    /// It.
    pub span: Span,
    /// Words between the name and its count.
    pub remark: &'static str,
    /// How often.
    pub count: Option<u64>,
    /// How sure that is, where it is not.
    pub sure: Option<f64>,
}

impl Name {
    /// A name alone.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self { span, remark: "", count: None, sure: None }
    }

    /// The same with a count.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}

impl Names {
    /// Names without counts.
    pub fn cell<'n>(span: impl Fn(&str) -> Span, names: impl IntoIterator<Item = &'n String>, total: u64) -> Cell {
        let items = names.into_iter().map(|name| Name::new(span(name))).collect();
        Cell::Names(Self { items, total })
    }
}
