//! The report and its renderers.
//!
//! A renderer is one file and its line in [`RENDERERS`]; `--format`, the help text and the tests iterate that slice.

use std::io;

pub mod csv;
pub mod diff;
pub mod escape;
pub mod events;

pub mod html;
pub mod json;
pub mod jsonl;
pub mod keys;
pub mod markdown;

#[cfg(feature = "parquet")]
pub mod parquet;
pub mod story;
pub mod table;
pub mod tables;

use crate::model::Report;
use crate::time::Zone;

/// How wide and how rich the output may be. The caller decides (terminal, `NO_COLOR`, locale, pipe); renderers obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns. Below [`table::MIN_WIDTH`] the table is laid out for that minimum.
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

/// What to show of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Width and richness.
    pub style: Style,
    /// Rows per table; `None` = all.
    pub top: Option<usize>,
}

impl View {
    /// Rows per table unless the user says otherwise.
    pub const DEFAULT_TOP: usize = 20;

    /// How a renderer shows a report: as many rows as the user says (`--top`; the inner `None` is "all"), else as its
    /// format wants.
    #[must_use]
    pub fn of(style: Style, renderer: &dyn Renderer, top: Option<Option<usize>>) -> Self {
        Self { style, top: top.unwrap_or(renderer.rows()) }
    }
}

impl Default for View {
    fn default() -> Self {
        Self { style: Style::default(), top: Some(Self::DEFAULT_TOP) }
    }
}

/// Writes a report in one format.
pub trait Renderer: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;
    /// Extensions of `--output` that choose it; empty for formats meant for the terminal.
    fn extensions(&self) -> &'static [&'static str];
    /// Rows a table shows unless `--top` says otherwise; `None` for data, which is whole unless `--top` cuts it.
    fn rows(&self) -> Option<usize> {
        None
    }
    /// One line for the help text.
    fn about(&self) -> &'static str;
    /// Writes the report.
    ///
    /// # Errors
    /// Only those of `out`.
    fn render(&self, report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every renderer; the first is the default.
pub static RENDERERS: &[&dyn Renderer] =
    &[&table::Table, &json::Json, &jsonl::JsonLines, &csv::Csv, &markdown::Markdown, &html::Html];

/// The renderer of a name.
#[must_use]
pub fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    RENDERERS.iter().copied().find(|renderer| renderer.name() == name)
}

/// Every extension that stands for a format, and its name.
#[must_use]
pub fn extensions() -> Vec<(&'static str, &'static str)> {
    let of = |renderer: &&'static dyn Renderer| renderer.extensions().iter().map(|known| (*known, renderer.name()));
    RENDERERS.iter().flat_map(of).collect()
}

/// The renderer that a file's extension (without the point) stands for.
#[must_use]
pub fn renderer_for_extension(extension: &str) -> Option<&'static dyn Renderer> {
    RENDERERS
        .iter()
        .copied()
        .find(|renderer| renderer.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_extensions_are_unique_and_found() {
        let mut names = Vec::new();
        let mut extensions = Vec::new();
        for entry in RENDERERS {
            assert_eq!(renderer(entry.name()).map(Renderer::name), Some(entry.name()));
            assert!(!entry.about().is_empty() && !entry.about().ends_with('.'), "{}", entry.name());
            names.push(entry.name());
            extensions.extend(entry.extensions());
        }
        for list in [names, extensions] {
            let mut unique = list.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), list.len(), "{list:?}");
        }
        assert_eq!(renderer_for_extension("JSON").map(Renderer::name), Some("json"));
        assert!(renderer("no such").is_none());
    }
}
