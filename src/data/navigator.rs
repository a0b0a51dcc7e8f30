//! Findings as a layer of the ATT&CK Navigator: a square for each technique, the darker the surer the finding that shows it.
//! The layout is that of layers 4.5 (github.com/mitre-attack/attack-navigator, `layers/spec/v4.5`).

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1 in hundredths")]

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::json;
use crate::model::{Finding, Report};

/// Writes the layer.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut by_technique: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        for technique in &finding.attack {
            by_technique.entry(technique).or_default().push(finding);
        }
    }
    let techniques: Vec<Value> = by_technique.into_iter().map(|(id, findings)| technique(id, &findings)).collect();
    let span = [&report.coverage.first, &report.coverage.last].map(|time| time.as_deref().unwrap_or("unknown"));
    let layer = json!({
        "name": "Elasticsearch audit findings",
        "versions": {"attack": "16", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": format!("Findings of {} {}, logs from {} to {}", report.tool.name, report.tool.version, span[0], span[1]),
        "gradient": {"colors": ["#fff3e0", "#e65100"], "minValue": 0, "maxValue": 100},
        "sorting": 3,
        "hideDisabled": false,
        "techniques": techniques,
    });
    json::write(&layer, out)
}

/// A square: its score is the confidence of the surest finding, in percent.
fn technique(id: &str, findings: &[&Finding]) -> Value {
    let surest = findings.iter().map(|finding| finding.confidence).fold(0.0, f64::max);
    let comment: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} ({}): {}", finding.id, finding.severity, finding.title.plain()))
        .collect();
    let metadata: Vec<Value> = findings
        .iter()
        .map(|finding| json!({"name": finding.id, "value": format!("{}, {}", finding.kind, finding.verdict)}))
        .collect();
    json!({
        "techniqueID": id,
        "score": (surest * 100.0).round() as u64,
        "comment": comment.join("\n"),
        "enabled": true,
        "showSubtechniques": id.contains('.'),
        "metadata": metadata,
    })
}
