//! One document model for what every verb shows, and one writer a format.
//!
//! [`build`] makes a document of a verb's results: sections of tables with typed cells, lists, prose of typed spans, and charts
//! as data. A writer takes any document. What comes from a log stays `Logged` until a
//! writer turns it into output, each at one place, where it is made harmless.

use crate::model::text::{Logged, Text};
use crate::time::Millis;

pub mod build;
pub mod chart;
pub mod clock;
pub mod csv;
pub mod formats;
pub mod html;
pub mod markdown;
pub mod results;
pub mod summary;
mod table;
pub mod terminal;
pub mod view;

pub use chart::{Chart, Spark};
pub use table::{Cell, Column, ColumnKind, ListedName, NameList, Row, Rows, Table};

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
    pub whole: Option<WholeTime>,
    /// How it is set off; what is not plain is a warning.
    pub tone: Tone,
}

/// A time told in full, with its length and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeTime {
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
