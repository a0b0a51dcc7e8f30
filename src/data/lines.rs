//! The report as JSON, one record a line: for tools that read streams (`jq`, DuckDB, log shippers). Each record says in
//! `type` what it is; its other members are those of the same thing in the JSON report.

use std::io;

use serde::Serialize;
use serde_json::Value;

use super::json;
use crate::model::{Coverage, Report, Timeline};

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
    let Timeline { bucket_seconds, buckets } = timeline;
    for bucket in buckets {
        line("timeline_bucket", &Timed { bucket_seconds: *bucket_seconds, bucket }, out)?;
    }
    line("tops", tops, out)?;
    line("charts", charts, out)?;
    manifest.as_ref().map_or(Ok(()), |manifest| line("manifest", manifest, out))
}

#[derive(Serialize)]
struct Meta<'a, P> {
    schema_version: u32,
    tool: &'a crate::model::Tool,
    parameters: &'a P,
}

#[derive(Serialize)]
struct LineTotals<'a, B> {
    #[serde(flatten)]
    totals: &'a B,
    groups_total: u64,
}

#[derive(Serialize)]
struct Timed<'a, B> {
    bucket_seconds: u64,
    #[serde(flatten)]
    bucket: &'a B,
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

/// The numbers on one line; inputs, nodes, problems and what cannot be told on lines of their own.
fn coverage(coverage: &Coverage, out: &mut dyn io::Write) -> io::Result<()> {
    let mut numbers = serde_json::to_value(coverage).map_err(io::Error::from)?;
    if let Value::Object(members) = &mut numbers {
        for apart in ["inputs", "nodes", "problems", "cannot_tell"] {
            members.remove(apart);
        }
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
