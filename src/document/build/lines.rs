//! `esaudit show`: the lines behind a finding or a group, as they stand in the logs.

use std::io;

use crate::data::json;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, LogLine, Media, Section, Table};
use crate::model::SCHEMA_VERSION;
use crate::model::lines::{LinesReport, ListedLine};
use crate::model::text::{Logged, Span};

/// Lines that were found.
#[derive(Debug, Default)]
pub struct ShownLines(pub Vec<LogLine>);

impl Results for ShownLines {
    fn document(&self) -> Document<'_> {
        let columns = vec![
            Column::text("path", "Path"),
            Column::number("line", "Line"),
            Column::text("is_evidence", "Evidence"),
            Column::text("text", "Text"),
        ];
        let table = Table::of("lines", columns, &self.0, |line| {
            vec![
                Cell::of(Span::Name(line.path.clone())),
                Cell::number(line.number),
                Cell::of(if line.is_evidence { "yes" } else { "no" }),
                Cell::of(Span::Name(line.text.clone())),
            ]
        });
        let lines = Section::new("lines", "Lines", "Lines").with(Block::Log(&self.0));
        Document {
            title: "Lines of Elasticsearch audit logs",
            about: "",
            tool: [Logged::new(env!("CARGO_PKG_NAME")), Logged::new(env!("CARGO_PKG_VERSION"))],
            period: None,
            main: "lines",
            head: Vec::new(),
            sections: vec![lines.with(Block::Table(table).on(Media::DATA))],
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let lines = self.0.iter().map(|line| ListedLine {
            path: line.path.raw(),
            line: line.number,
            is_evidence: line.is_evidence,
            text: line.text.raw(),
            bytes_left_out: line.left_out,
        });
        json::write(&LinesReport { schema_version: SCHEMA_VERSION, lines: lines.collect() }, out)
    }
}
