//! `esaudit explain`: the kinds of finding, and one of them in full.

use std::io;

use serde_json::{Value, json};

use crate::data::json as json_writer;
use crate::detect::Doc;
use crate::document::formats::{Form, Results};
use crate::document::{Block, Cell, Column, Document, List, ListKind, Section, Table, Tone};
use crate::model::text::{Logged, Text};
use crate::options::thresholds::Thresholds;

/// All kinds of finding.
#[derive(Debug)]
pub struct Listing(pub Vec<&'static Doc>);

/// One kind of finding, with the thresholds in force.
#[derive(Debug)]
pub struct Explained {
    /// Its documentation.
    pub doc: &'static Doc,
    /// The thresholds in force.
    pub thresholds: Thresholds,
}

fn document<'a>(about: &'static str, main: &'static str, sections: Vec<Section<'a>>) -> Document<'a> {
    Document {
        title: "Findings of esaudit",
        about,
        tool: [Logged::new(env!("CARGO_PKG_NAME")), Logged::new(env!("CARGO_PKG_VERSION"))],
        period: None,
        main,
        head: Vec::new(),
        sections,
    }
}

impl Results for Listing {
    fn document(&self) -> Document<'_> {
        let columns = vec![Column::text("kind", "Kind"), Column::text("signature", "Signature")];
        let table = Table::of("kinds", columns, &self.0, |doc| {
            vec![Cell::Text(doc.kind.name().into(), Tone::Bold), Cell::of(doc.signature)]
        });
        let section = Section::new("kinds", "Kinds", "Kinds of findings").with(table.least(usize::MAX));
        document("what findings mean", "kinds", vec![section])
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let kinds: Vec<Value> =
            self.0.iter().map(|doc| json!({"kind": doc.kind.name(), "signature": doc.signature})).collect();
        json_writer::write(&json!({"schema_version": 1, "kinds": kinds}), out)
    }
}

impl Explained {
    /// The thresholds: name, value, meaning, source.
    fn thresholds(&self) -> Vec<(&'static str, Value, String, &'static str)> {
        let values = serde_json::to_value(self.thresholds).unwrap_or_default();
        let section = self.doc.thresholds();
        let fields = section.into_iter().flat_map(|section| section.fields.iter().map(move |field| (section, field)));
        fields
            .map(|(section, field)| {
                let about: Vec<&str> = field.about.iter().map(|line| line.trim()).collect();
                (field.name, values[section.name][field.name].clone(), about.join(" "), field.source)
            })
            .collect()
    }
}

/// A step of the documentation, with names for what findings fill in.
fn step(step: &'static str) -> Text {
    Text::fill(step, |name| Some(format!("<{name}>").into()))
}

fn sentence<'a>(text: &'static str) -> Block<'a> {
    Block::Prose(text.into(), Tone::Plain)
}

impl Results for Explained {
    fn document(&self) -> Document<'_> {
        let doc = self.doc;
        let owned = |list: &'static [&'static str]| list.iter().map(|text| Text::from(*text)).collect();
        let columns = vec![
            Column::text("name", "Threshold"),
            Column::text("value", "Value"),
            Column::text("about", "Meaning").below("name", "  meaning"),
            Column::text("source", "Source").below("name", "  source"),
        ];
        let rows = self.thresholds().into_iter().map(|(name, value, about, source)| {
            let source = Text::from("Source: ").with(source);
            vec![
                Cell::Text(name.into(), Tone::Bold),
                Cell::of(value.to_string()),
                Cell::of(about),
                Cell::Text(source, Tone::Dim),
            ]
        });
        let table = Table::new("thresholds", columns, rows.collect()).stacked().least(usize::MAX);
        let steps =
            List { name: "", kind: ListKind::Steps, items: doc.next_steps.iter().map(|text| step(text)).collect() };
        let meaning = Section::new("meaning", "Meaning", doc.kind.name());
        let mut sections = vec![
            meaning.with(sentence(doc.signature)).with(Block::Prose(step(doc.meaning), Tone::Plain)),
            Section::new("verdict", "Verdict", "Verdict").with(sentence(doc.verdict)),
        ];
        if let Some(section) = doc.thresholds() {
            let remark = Text::from("--config FILE.toml, [findings.").with(section.name).with("]");
            sections.push(Section::new("thresholds", "Thresholds", "Thresholds").remark(remark).with(table));
        }
        sections.push(Section::new("next", "Next steps", "Next steps").with(steps));
        let doubts = List::bullets("", owned(doc.false_positives));
        sections.push(Section::new("false-positives", "False alarms", "False positives").with(doubts));
        if !doc.attack.is_empty() {
            let ids = super::joined(doc.attack.iter().map(|id| Text::from(*id)), ", ");
            sections.push(Section::new("attack", "ATT&CK", "ATT&CK").with(Block::Prose(ids, Tone::Plain)));
        }
        sections.push(Section::new("source", "Source", "Source").with(sentence(doc.source)));
        document("what a finding means", "thresholds", sections)
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        let doc = self.doc;
        let thresholds = self.thresholds().into_iter().map(
            |(name, value, about, source)| json!({"name": name, "value": value, "about": about, "source": source}),
        );
        json_writer::write(
            &json!({
                "schema_version": 1,
                "kind": doc.kind.name(),
                "signature": doc.signature,
                "meaning": step(doc.meaning),
                "verdict": doc.verdict,
                "thresholds": thresholds.collect::<Vec<_>>(),
                "next_steps": doc.next_steps.iter().map(|text| step(text)).collect::<Vec<_>>(),
                "false_positives": doc.false_positives,
                "attack": doc.attack,
                "source": doc.source,
            }),
            out,
        )
    }
}
