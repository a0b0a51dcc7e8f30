//! Hostile sources as indicators of STIX 2.1 (docs.oasis-open.org/cti/stix/v2.1): for platforms that share and block addresses.
//!
//! Ids are made of what an indicator says, so that the same address of the same log is the same object however often it is
//! written. They have the form of random ones (version 4), which the standard asks of these objects.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1 in hundredths")]

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::{ids, json};
use crate::aggregate;
use crate::model::{Finding, Report};

/// Writes a bundle: who says it, and an indicator for each address outside the organisation's networks that a hostile finding
/// names (at most 50 of each).
///
/// # Errors
/// Those of `out`, and that pseudonyms are no addresses to be shared.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    if report.parameters.contains_key("pseudonymized") {
        return Err(io::Error::other("pseudonyms are no addresses to be shared: leave --pseudonymize out"));
    }
    let known = aggregate::networks(report);
    let mut sources: BTreeMap<IpAddr, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.verdict == "hostile") {
        let addresses = finding.sources.iter().filter_map(|source| source.parse::<IpAddr>().ok());
        for address in addresses.filter(|&address| known.is_outside(address)) {
            sources.entry(address.to_canonical()).or_default().push(finding);
        }
    }
    // What has no time at all was made by nobody: the epoch stands for it.
    let made = report.coverage.last.as_deref().unwrap_or("1970-01-01T00:00:00.000Z");
    let author = id("identity", &report.tool.name);
    let identity = json!({
        "type": "identity", "spec_version": "2.1", "id": author, "created": made, "modified": made,
        "name": report.tool.name, "identity_class": "system",
    });
    let indicators = sources.iter().map(|(address, findings)| indicator(*address, findings, made, &author));
    let objects: Vec<Value> = std::iter::once(identity).chain(indicators).collect();
    let contents: String = objects.iter().map(Value::to_string).collect();
    json::write(&json!({"type": "bundle", "id": id("bundle", &contents), "objects": objects}), out)
}

fn indicator(address: IpAddr, findings: &[&Finding], made: &str, author: &str) -> Value {
    let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
    let since = findings.iter().filter_map(|finding| finding.start.as_deref()).min().unwrap_or(made);
    let surest = findings.iter().map(|finding| finding.confidence).fold(0.0, f64::max);
    let told: Vec<String> =
        findings.iter().map(|finding| format!("{}: {}", finding.id, finding.title.plain())).collect();
    let mut labels: Vec<&str> = findings.iter().map(|finding| finding.kind.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut techniques: Vec<&str> = findings.iter().flat_map(|finding| &finding.attack).map(String::as_str).collect();
    techniques.sort_unstable();
    techniques.dedup();
    let reference = |technique: &&str| json!({"source_name": "mitre-attack", "external_id": technique});
    let references: Vec<Value> = techniques.iter().map(reference).collect();
    let mut object = json!({
        "type": "indicator", "spec_version": "2.1", "id": id("indicator", &format!("{address} {since} {made}")),
        "created_by_ref": author, "created": made, "modified": made,
        "name": format!("Hostile source {address}"),
        "description": told.join("\n"),
        "indicator_types": ["malicious-activity"],
        "pattern": format!("[{kind}:value = '{address}']"),
        "pattern_type": "stix", "pattern_version": "2.1",
        "valid_from": since,
        "confidence": (surest * 100.0).round() as u64,
        "labels": labels,
    });
    // A list without entries is not allowed.
    if let (Some(members), false) = (object.as_object_mut(), references.is_empty()) {
        members.insert("external_references".to_owned(), references.into());
    }
    object
}

/// An id made of a text.
fn id(kind: &str, text: &str) -> String {
    format!("{kind}--{}", ids::uuid(&format!("{kind} {text}")))
}
