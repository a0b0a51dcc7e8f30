//! `esaudit verify`: what holds and what does not.

use std::io;

use crate::data::json;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, Fact, Section, Table, Tone};
use crate::model::text::{Logged, Span, Text};
use crate::verify::{CheckedInput, Verification};

impl Results for Verification {
    fn document(&self) -> Document<'_> {
        let columns = vec![
            Column::text("holds", "Holds"),
            Column::text("status", "Status"),
            Column::text("path", "What"),
            Column::text("remark", "Remark").below("path", "  remark"),
        ];
        let total = self.checks.len() as u64;
        let failed = self.checks.iter().filter(|check| !check.holds).count() as u64;
        let (verdict, tone) = match failed {
            0 => (Text::from("All ").with(total).with(" checks hold."), Tone::Bold),
            failed => (Text::from(failed).with(" of ").with(total).with(" checks do not hold."), Tone::Bad),
        };
        let table = Table::of("checks", columns, &self.checks, row).least(usize::MAX);
        let facts = vec![
            Fact::new("Report", Text::from("SHA-256 ").with(Span::key(&self.report_file))),
            Fact::new("Made by", Span::name(&self.made_by)),
        ];
        Document {
            title: "An Elasticsearch audit report checked",
            about: "a report and its inputs checked",
            tool: [Logged::new(env!("CARGO_PKG_NAME")), Logged::new(env!("CARGO_PKG_VERSION"))],
            period: None,
            main: "checks",
            head: vec![Block::Facts(facts)],
            sections: vec![Section::new("checks", "Checks", "Checks").with(table).with(Block::Prose(verdict, tone))],
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

fn row(check: &CheckedInput) -> Vec<Cell> {
    let (holds, tone) = if check.holds { ("ok", Tone::Note) } else { ("FAIL", Tone::Bad) };
    let remark = if check.remark.is_empty() { Cell::NONE } else { Cell::of(Span::name(&check.remark)) };
    vec![Cell::Text(holds.into(), tone), Cell::of(check.status), Cell::of(Span::name(&check.path)), remark]
}
