//! The report as JSON, one record a line: for tools that read streams (`jq`, DuckDB, log shippers). Each record says in
//! `type` what it is; its other members are those of the same thing in the JSON report.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::Value;

use super::json;
use crate::model::{Coverage, Report, Timeline, TimelineBucket, Tool, Totals};

/// Writes a report.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    // Taken apart by name, so that a member added to the report is not forgotten here.
    let Report {
        schema_version,
        tool,
        parameters,
        coverage,
        filters,
        clusters,
        addresses,
        totals,
        base_rate,
        groups,
        groups_total,
        findings,
        security_changes,
        api_keys,
        new_places,
        new_places_total: _,
        denied,
        denied_total: _,
        run_as,
        run_as_total: _,
        turned_away,
        turned_away_total: _,
        server_refusals,
        sigma,
        timeline,
        tops,
        charts,
        manifest,
    } = report;
    let meta = Meta { schema_version: *schema_version, tool, parameters };
    line("meta", &meta, out)?;
    self::coverage(coverage, out)?;
    if let Some(filters) = filters {
        line("filters", filters, out)?;
    }
    lines("cluster", clusters, out)?;
    lines("address", addresses, out)?;
    line("totals", &LineTotals { totals, groups_total: *groups_total }, out)?;
    groups.iter().try_for_each(|group| line("group", &group, out))?;
    if let Some(base_rate) = base_rate {
        line("base_rate", base_rate, out)?;
    }
    lines("finding", findings, out)?;
    lines("security_change", security_changes, out)?;
    lines("failing_api_key", &api_keys.failing, out)?;
    lines("new_place", new_places, out)?;
    lines("denied", denied, out)?;
    lines("run_as", run_as, out)?;
    lines("turned_away", turned_away, out)?;
    lines("server_refusal", server_refusals, out)?;
    if let Some(sigma) = sigma {
        lines("sigma_match", &sigma.matches, out)?;
        lines("sigma_skipped", &sigma.skipped, out)?;
    }
    let Timeline { bucket_seconds, buckets } = timeline;
    for bucket in buckets {
        line("timeline_bucket", &Timed { bucket_seconds: *bucket_seconds, bucket }, out)?;
    }
    line("tops", tops, out)?;
    line("charts", charts, out)?;
    manifest.as_ref().map_or(Ok(()), |manifest| line("manifest", manifest, out))
}

#[derive(Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
struct Meta<'a> {
    schema_version: u32,
    tool: &'a Tool,
    parameters: &'a BTreeMap<String, Value>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
struct LineTotals<'a> {
    #[serde(flatten)]
    totals: &'a Totals,
    groups_total: u64,
}

#[derive(Serialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
struct Timed<'a> {
    bucket_seconds: u64,
    #[serde(flatten)]
    bucket: &'a TimelineBucket,
}

#[derive(Serialize)]
struct LineRecord<'a, B> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    body: &'a B,
}

fn line(kind: &'static str, body: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    json::write_line(&LineRecord { kind, body }, out)
}

fn lines(kind: &'static str, bodies: &[impl Serialize], out: &mut dyn io::Write) -> io::Result<()> {
    bodies.iter().try_for_each(|body| line(kind, body, out))
}

/// Members of the coverage that have lines of their own.
const APART: [&str; 4] = ["inputs", "nodes", "problems", "cannot_tell"];

/// The numbers on one line; inputs, nodes, problems and what cannot be told on lines of their own.
fn coverage(coverage: &Coverage, out: &mut dyn io::Write) -> io::Result<()> {
    let mut numbers = serde_json::to_value(coverage).map_err(io::Error::from)?;
    if let Value::Object(members) = &mut numbers {
        members.retain(|name, _| !APART.contains(&name.as_str()));
    }
    line("coverage", &numbers, out)?;
    lines("input", &coverage.inputs, out)?;
    lines("node", &coverage.nodes, out)?;
    lines("problem", &coverage.problems, out)?;
    for sentence in &coverage.cannot_tell {
        line("cannot_tell", &serde_json::json!({ "text": sentence }), out)?;
    }
    Ok(())
}

/// What the lines of each type hold beside it.
#[cfg(feature = "internals")]
pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
    use crate::model;

    let mut coverage = <Coverage as schemars::JsonSchema>::json_schema(generator);
    if let Some(Value::Object(members)) = coverage.get_mut("properties") {
        members.retain(|name, _| !APART.contains(&name.as_str()));
    }
    if let Some(Value::Array(names)) = coverage.get_mut("required") {
        names.retain(|name| !name.as_str().is_some_and(|name| APART.contains(&name)));
    }
    let text = schemars::json_schema!({
        "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
    });
    vec![
        ("meta", generator.subschema_for::<Meta<'_>>()),
        ("coverage", coverage),
        ("input", generator.subschema_for::<model::Input>()),
        ("node", generator.subschema_for::<model::Node>()),
        ("problem", generator.subschema_for::<model::Problem>()),
        ("cannot_tell", text),
        ("filters", generator.subschema_for::<model::Filters>()),
        ("cluster", generator.subschema_for::<model::Cluster>()),
        ("address", generator.subschema_for::<model::KnownAddress>()),
        ("totals", generator.subschema_for::<LineTotals<'_>>()),
        ("group", generator.subschema_for::<model::Group>()),
        ("base_rate", generator.subschema_for::<model::BaseRate>()),
        ("finding", generator.subschema_for::<model::Finding>()),
        ("security_change", generator.subschema_for::<model::SecurityChange>()),
        ("failing_api_key", generator.subschema_for::<model::FailingKey>()),
        ("new_place", generator.subschema_for::<model::NewPlace>()),
        ("denied", generator.subschema_for::<model::Denied>()),
        ("run_as", generator.subschema_for::<model::RunAs>()),
        ("turned_away", generator.subschema_for::<model::TurnedAway>()),
        ("server_refusal", generator.subschema_for::<model::ServerRefusal>()),
        ("sigma_match", generator.subschema_for::<model::SigmaMatch>()),
        ("sigma_skipped", generator.subschema_for::<model::SkippedRule>()),
        ("timeline_bucket", generator.subschema_for::<Timed<'_>>()),
        ("tops", generator.subschema_for::<model::Tops>()),
        ("charts", generator.subschema_for::<model::charts::Charts>()),
        ("manifest", generator.subschema_for::<model::Manifest>()),
    ]
}
