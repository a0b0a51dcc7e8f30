//! JSON Schema (2020-12) of what is written as JSON, made of the model itself: `docs/schema` holds it for other programs.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::data::lines;
use crate::model::check::CheckReport;
use crate::model::diff::DiffReport;
use crate::model::events::{Event, Timesketch};
use crate::model::explain::{KindReport, KindsReport};
use crate::model::impact::ImpactReport;
use crate::model::keys::KeysReport;
use crate::model::lines::LinesReport;
use crate::model::timeline::TimelineReport;
use crate::model::{Manifest, Report};
use crate::verify::Verification;

/// What is written as JSON, by the name of its file in `docs/schema`, and its schema as text.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    let schemas = [
        ("report", of::<Report>()),
        ("report.lines", of_lines()),
        ("manifest", of::<Manifest>()),
        ("events.lines", of::<Event>()),
        ("timesketch.lines", of::<Timesketch<'_>>()),
        ("impact", of::<ImpactReport>()),
        ("keys", of::<KeysReport>()),
        ("check", of::<CheckReport>()),
        ("timeline", of::<TimelineReport>()),
        ("diff", of::<DiffReport>()),
        ("verify", of::<Verification>()),
        ("show", of::<LinesReport<'_>>()),
        ("explain", of::<KindsReport>()),
        ("explain-kind", of::<KindReport>()),
    ];
    schemas.into_iter().map(|(name, schema)| (name, format!("{:#}\n", schema.to_value()))).collect()
}

/// As it is written: what may be left out is not required.
fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().for_serialize()
}

fn of<T: JsonSchema>() -> Schema {
    settings().into_generator().into_root_schema_for::<T>()
}

/// A line of the report: its type, and with it what such a line holds.
fn of_lines() -> Schema {
    let mut generator = settings().into_generator();
    let kinds = lines::schemas(&mut generator).into_iter().map(|(name, schema)| {
        let kind = json!({"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]});
        json!({"allOf": [kind, schema]})
    });
    let kinds: Vec<Value> = kinds.collect();
    let mut schema = Schema::default();
    for (name, value) in [
        ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
        ("title", json!("ReportLine")),
        ("description", json!("One record of the report: `type` says what it is.")),
        ("oneOf", kinds.into()),
        ("$defs", generator.take_definitions(true).into()),
    ] {
        schema.insert(name.to_owned(), value);
    }
    schema
}
