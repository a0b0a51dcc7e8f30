//! A report whose page shows lines of the evidence: for readers who do not have the logs.

use std::collections::BTreeMap;
use std::io;

use super::ShownLines;
use crate::document::results::{Form, Results};
use crate::document::summary::Summary;
use crate::document::{Block, Card, Document, Media};
use crate::model::Report;
use crate::model::text::Text;

/// A report, and by finding the lines of its evidence that could be read and had room.
#[derive(Debug)]
pub struct Embedded<'r> {
    /// The report.
    pub report: &'r Report,
    /// By finding.
    pub lines: BTreeMap<String, ShownLines>,
}

impl Embedded<'_> {
    fn with_lines<'a>(&'a self, mut card: Card<'a>) -> Card<'a> {
        let all = self.report.findings.iter().find(|finding| finding.id == card.id.raw());
        let all = all.map_or(0, |finding| finding.evidence.len() as u64);
        if all == 0 {
            return card;
        }
        let lines = self.lines.get(card.id.raw()).map_or(&[][..], |lines| &lines.0);
        let title = Text::from("The lines themselves (")
            .with(lines.len() as u64)
            .with(" of ")
            .with(all)
            .with(" within the bounds of the page)");
        let fold = Block::Fold { title, open: false, blocks: vec![Block::Log(lines)] };
        card.blocks.push(fold.on(Media::PAGE));
        card
    }
}

impl Results for Embedded<'_> {
    fn document(&self) -> Document<'_> {
        let mut document = self.report.document();
        for block in document.sections.iter_mut().flat_map(|section| &mut section.blocks) {
            if let Block::Cards(cards) = block {
                let plain = std::mem::replace(&mut cards.cards, Box::new(|| Box::new(std::iter::empty())));
                cards.cards = Box::new(move || Box::new(plain().map(|card| self.with_lines(card))));
            }
        }
        document
    }

    fn summary(&self) -> Option<Summary> {
        self.report.summary()
    }

    fn data(&self, form: Form, out: &mut dyn io::Write) -> io::Result<()> {
        self.report.data(form, out)
    }
}
