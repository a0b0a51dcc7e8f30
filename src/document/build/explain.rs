//! `esaudit explain`: the kinds of finding, and one of them in full.

use std::io;

use crate::data::json;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, List, ListKind, Section, Table, Tone};
use crate::judge::{Doc, spoken};
use crate::model::SCHEMA_VERSION;
use crate::model::explain::{KindReport, KindSignature, KindsReport};
use crate::model::text::{Logged, Text};

/// All kinds of finding.
#[derive(Debug)]
pub struct KindListing(pub Vec<&'static Doc>);

/// One kind of finding.
#[derive(Debug)]
pub struct Explained(pub &'static Doc);

fn document<'a>(about: &'static str, sections: Vec<Section<'a>>) -> Document<'a> {
    Document {
        title: "Findings of esaudit",
        about,
        tool: [Logged::new(env!("CARGO_PKG_NAME")), Logged::new(env!("CARGO_PKG_VERSION"))],
        period: None,
        main: "kinds",
        head: Vec::new(),
        sections,
    }
}

fn kinds<'a>(docs: &[&'static Doc]) -> Table<'a> {
    let columns = vec![Column::text("kind", "Kind"), Column::text("signature", "Signature")];
    let rows = docs.iter().map(|doc| vec![Cell::Text(doc.kind.name().into(), Tone::Bold), Cell::of(doc.signature)]);
    Table::new("kinds", columns, rows.collect()).least(usize::MAX)
}

impl Results for KindListing {
    fn document(&self) -> Document<'_> {
        document("what findings mean", vec![Section::new("kinds", "Kinds", "Kinds of findings").with(kinds(&self.0))])
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let kinds = self.0.iter().map(|doc| KindSignature { kind: doc.kind.name(), signature: doc.signature });
        json::write(&KindsReport { schema_version: SCHEMA_VERSION, kinds: kinds.collect() }, out)
    }
}

fn sentence<'a>(text: &'static str) -> Block<'a> {
    Block::Prose(text.into(), Tone::Plain)
}

impl Results for Explained {
    fn document(&self) -> Document<'_> {
        let doc = self.0;
        let owned = |list: &'static [&'static str]| list.iter().map(|text| Text::from(*text)).collect();
        let steps = doc.next_steps.iter().map(|text| spoken(text)).collect();
        let mut sections = vec![
            Section::new("meaning", "Meaning", doc.kind.name())
                .with(sentence(doc.signature))
                .with(Block::Prose(spoken(doc.meaning), Tone::Plain)),
            Section::new("verdict", "Verdict", "Verdict").with(sentence(doc.verdict)),
            Section::new("next", "Next steps", "Next steps").with(List {
                name: "",
                kind: ListKind::Steps,
                items: steps,
            }),
            Section::new("false-positives", "False alarms", "False positives")
                .with(List::bullets("", owned(doc.false_positives))),
        ];
        if !doc.attack.is_empty() {
            let ids = super::joined(doc.attack.iter().map(|id| Text::from(*id)), ", ");
            sections.push(Section::new("attack", "ATT&CK", "ATT&CK").with(Block::Prose(ids, Tone::Plain)));
        }
        sections.push(Section::new("source", "Source", "Source").with(sentence(doc.source)));
        let all = Section::new("kinds", "Kinds", "Kinds").on(crate::document::Media::DATA);
        sections.push(all.with(kinds(&[doc])));
        document("what a finding means", sections)
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let doc = self.0;
        let report = KindReport {
            schema_version: SCHEMA_VERSION,
            kind: doc.kind.name(),
            signature: doc.signature,
            meaning: spoken(doc.meaning),
            verdict: doc.verdict,
            next_steps: doc.next_steps.iter().map(|text| spoken(text)).collect(),
            false_positives: doc.false_positives.to_vec(),
            attack: doc.attack.to_vec(),
            source: doc.source,
        };
        json::write(&report, out)
    }
}
