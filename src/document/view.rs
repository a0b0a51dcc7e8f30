//! What to show of a document, and how it may look: what writers are told beside it.

use super::Table;
use crate::time::Zone;

/// How wide and how rich the output may be. The caller decides (terminal, `NO_COLOR`, locale, pipe); writers obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns. Below `terminal::MIN_WIDTH` the layout is that of this minimum.
    pub width: usize,
    /// Whether SGR colour sequences may be written.
    pub color: bool,
    /// Whether anything but ASCII may be written; otherwise other characters from the log are shown as `\u{…}`.
    pub unicode: bool,
    /// Zone of the times shown; documents for programs are in UTC.
    pub zone: Zone,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 100, color: false, unicode: true, zone: Zone::UTC }
    }
}

/// What to show of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View<'v> {
    /// Width and richness.
    pub style: Style,
    /// Rows per table, where the user says so (`--top`; the inner `None` is "all").
    pub top: Option<Option<usize>>,
    /// The table to write where a format holds one.
    pub table: Option<&'v str>,
    /// Which findings a screen tells in full; `None` = as many as are well read.
    pub told: Option<&'v FindingsTold>,
    /// Where a summary goes instead, if it is to fit a screen.
    pub screen: Option<Screenful<'v>>,
}

/// Findings that a screen tells in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingsTold {
    /// The first of them; `None` = all (`--explain`).
    First(Option<usize>),
    /// These, by id, and nothing else of the report (`--finding`).
    Only(Vec<String>),
}

/// A screen that a summary has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screenful<'v> {
    /// Its rows.
    pub rows: usize,
    /// The command that was given, as a shell reads it: the next one is made of it.
    pub command: &'v str,
}

impl View<'_> {
    /// Rows of a table on a medium for people unless the user says otherwise.
    pub const DEFAULT_TOP: usize = 20;

    /// How many rows of a table to show where a format shows `most`; `None` = all, as of every
    /// table that makes sense only whole.
    #[must_use]
    pub fn rows(&self, table: &Table<'_>, most: usize) -> Option<usize> {
        if table.least == usize::MAX {
            return None;
        }
        self.top.unwrap_or(Some(most.max(table.least)))
    }
}
