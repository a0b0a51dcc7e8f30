//! What `esaudit export` writes beside single attempts and changes: findings, accounts at new places, powerful actions, inputs.

use super::tables::{DataCell, DataKind, DataTable, Division, known, maybe, place, word};
use crate::model::events::Event;
use crate::model::text::Text;
use crate::model::{Finding, Input, NewPlace};
use crate::time::{self, Millis, Zone};

/// Findings, by start; those without one last.
pub const FINDINGS: DataTable = DataTable {
    name: "findings",
    division: Division::One,
    columns: &[
        maybe("start", DataKind::Time),
        maybe("end", DataKind::Time),
        known("finding", DataKind::Text),
        known("kind", DataKind::Text),
        known("severity", DataKind::Text),
        known("verdict", DataKind::Text),
        known("confidence", DataKind::Share),
        maybe("expected_by_chance", DataKind::Share),
        maybe("cluster", DataKind::Text),
        known("title", DataKind::Text),
        known("attack", DataKind::Texts),
        known("principals", DataKind::Texts),
        known("principals_total", DataKind::Count),
        known("sources", DataKind::Texts),
        known("sources_total", DataKind::Count),
        known("nodes", DataKind::Texts),
        known("api_keys", DataKind::Texts),
        known("failures", DataKind::Count),
        known("successes", DataKind::Count),
        known("diagnosis", DataKind::Text),
        known("why", DataKind::Texts),
        known("next_steps", DataKind::Texts),
        known("related", DataKind::Texts),
    ],
};

/// Accounts at addresses from which they had not got in before, by first success.
pub const NEW_PLACES: DataTable = DataTable {
    name: "new_places",
    division: Division::One,
    columns: &[
        maybe("first", DataKind::Time),
        known("principal", DataKind::Text),
        known("source", DataKind::Text),
        maybe("cluster", DataKind::Text),
        maybe("history_since", DataKind::Time),
        known("successes", DataKind::Count),
        known("powerful", DataKind::Count),
    ],
};

/// Powerful actions, by time.
pub const POWERFUL: DataTable = DataTable {
    name: "powerful",
    division: Division::Days,
    columns: &[
        known("time", DataKind::Time),
        known("action", DataKind::Text),
        maybe("es_action", DataKind::Text),
        maybe("index", DataKind::Text),
        known("granted", DataKind::Flag),
        maybe("principal", DataKind::Text),
        maybe("run_as", DataKind::Text),
        maybe("source", DataKind::Text),
        maybe("node", DataKind::Text),
        maybe("node_name", DataKind::Text),
        maybe("api_key", DataKind::Text),
        maybe("api_key_name", DataKind::Text),
        known("evidence_path", DataKind::Text),
        known("evidence_line", DataKind::Count),
    ],
};

/// What was read, by path.
pub const INPUTS: DataTable = DataTable {
    name: "inputs",
    division: Division::One,
    columns: &[
        known("path", DataKind::Text),
        known("format", DataKind::Text),
        known("compression", DataKind::Text),
        known("bytes", DataKind::Count),
        known("lines", DataKind::Count),
        known("audit_events", DataKind::Count),
        known("server_events", DataKind::Count),
        known("other_lines", DataKind::Count),
        known("undecodable_lines", DataKind::Count),
        known("oversized_lines", DataKind::Count),
        known("truncated", DataKind::Flag),
        maybe("error", DataKind::Text),
        maybe("first", DataKind::Time),
        maybe("last", DataKind::Time),
    ],
};

/// The rows of [`FINDINGS`].
#[must_use]
pub fn findings(findings: &[Finding]) -> Vec<Vec<DataCell>> {
    let mut sorted: Vec<(Option<Millis>, &Finding)> =
        findings.iter().map(|finding| (millis(finding.start.as_deref()), finding)).collect();
    // Stable: findings of one moment stay in the order of the report.
    sorted.sort_by_key(|(start, _)| (start.is_none(), *start));
    sorted.into_iter().map(|(_, finding)| self::finding(finding)).collect()
}

fn finding(finding: &Finding) -> Vec<DataCell> {
    let texts = |list: &[String]| DataCell::Texts(Some(list.to_vec()));
    let sentences =
        |list: &[Text]| DataCell::Texts(Some(list.iter().map(|sentence| sentence.plain().into_owned()).collect()));
    vec![
        at(finding.start.as_deref()),
        at(finding.end.as_deref()),
        word(&finding.id),
        word(&finding.kind),
        word(&finding.severity),
        word(&finding.verdict),
        DataCell::Share(Some(finding.confidence)),
        DataCell::Share(finding.expected_by_chance),
        DataCell::Text(finding.cluster.clone()),
        word(&finding.title.plain()),
        texts(&finding.attack),
        texts(&finding.principals),
        DataCell::Count(Some(finding.principals_total)),
        texts(&finding.sources),
        DataCell::Count(Some(finding.sources_total)),
        texts(&finding.nodes),
        texts(&finding.api_keys),
        DataCell::Count(Some(finding.failures)),
        DataCell::Count(Some(finding.successes)),
        word(&finding.diagnosis.plain()),
        sentences(&finding.why),
        sentences(&finding.next_steps),
        texts(&finding.related),
    ]
}

/// The row of [`NEW_PLACES`] of a place.
#[must_use]
pub fn new_place(place: NewPlace) -> Vec<DataCell> {
    vec![
        at(Some(&place.first)),
        DataCell::Text(Some(place.principal)),
        DataCell::Text(Some(place.source)),
        DataCell::Text(place.cluster),
        at(place.history_since.as_deref()),
        DataCell::Count(Some(place.successes)),
        DataCell::Count(Some(place.powerful)),
    ]
}

/// The row of [`POWERFUL`] of an event of that kind.
#[must_use]
pub fn powerful(event: Event) -> Vec<DataCell> {
    let [path, line] = place(event.evidence);
    vec![
        DataCell::Time(Some(event.at)),
        word(&event.action),
        DataCell::Text(event.es_action),
        DataCell::Text(event.index),
        DataCell::Flag(Some(event.action.ends_with("_granted"))),
        DataCell::Text(event.principal),
        DataCell::Text(event.target),
        DataCell::Text(event.source),
        DataCell::Text(event.node),
        DataCell::Text(event.node_name),
        DataCell::Text(event.api_key),
        DataCell::Text(event.api_key_name),
        path,
        line,
    ]
}

/// The rows of [`INPUTS`].
#[must_use]
pub fn inputs(inputs: &[Input]) -> Vec<Vec<DataCell>> {
    let mut sorted: Vec<&Input> = inputs.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    sorted.into_iter().map(input).collect()
}

fn input(input: &Input) -> Vec<DataCell> {
    let count = |count: u64| DataCell::Count(Some(count));
    vec![
        word(&input.path),
        word(&input.format),
        word(&input.compression),
        count(input.bytes),
        count(input.lines),
        count(input.audit_events),
        count(input.server_events),
        count(input.other_lines),
        count(input.undecodable_lines),
        count(input.oversized_lines),
        DataCell::Flag(Some(input.truncated)),
        DataCell::Text(input.error.clone()),
        at(input.first.as_deref()),
        at(input.last.as_deref()),
    ]
}

/// A time of the report.
fn at(text: Option<&str>) -> DataCell {
    DataCell::Time(millis(text))
}

fn millis(text: Option<&str>) -> Option<Millis> {
    time::parse(text?.as_bytes(), Zone::UTC).map(|stamp| stamp.time)
}
