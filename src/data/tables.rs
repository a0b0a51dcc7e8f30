//! What `esaudit export` writes of single events, whatever the file format: tables, their columns, and the rows from the same
//! events that the other outputs show.

use crate::model::events::{Event, ReasonSource};
use crate::model::{Evidence, SecurityChange};
use crate::time::Millis;

/// Version of the columns: raised when one is renamed or changes its type.
pub const SCHEMA_VERSION: u32 = 1;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// An instant, to the millisecond, UTC.
    Time,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number.
    Count,
    /// A whole number of 32 bits.
    Small,
    /// A list of them.
    Smalls,
    /// A share, 0 to 1.
    Share,
    /// Yes or no.
    Flag,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataColumn {
    /// Its name; with dots that of a member of an object, behind `[]` of the objects of a list.
    pub name: &'static str,
    /// Its type.
    pub kind: DataKind,
    /// Whether a value may be unknown.
    pub nullable: bool,
}

/// How a table is divided into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// It is one file.
    One,
    /// It is as long as the log: a folder a day, `day=2026-03-01`, as Hive names them.
    Days,
    /// `eventDay=20260301`, as Amazon Security Lake names them; without rows there is no file.
    EventDays,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct DataTable {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// Its columns; rows stand in the order of the first.
    pub columns: &'static [DataColumn],
    /// In which files.
    pub division: Division,
}

/// A value; `None` = unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum DataCell {
    /// Of [`DataKind::Time`].
    Time(Option<Millis>),
    /// Of [`DataKind::Text`].
    Text(Option<String>),
    /// Of [`DataKind::Texts`].
    Texts(Option<Vec<String>>),
    /// Of [`DataKind::Count`].
    Count(Option<u64>),
    /// Of [`DataKind::Small`].
    Small(Option<i32>),
    /// Of [`DataKind::Smalls`].
    Smalls(Option<Vec<i32>>),
    /// Of [`DataKind::Share`].
    Share(Option<f64>),
    /// Of [`DataKind::Flag`].
    Flag(Option<bool>),
}

pub(super) const fn known(name: &'static str, kind: DataKind) -> DataColumn {
    DataColumn { name, kind, nullable: false }
}

pub(super) const fn maybe(name: &'static str, kind: DataKind) -> DataColumn {
    DataColumn { name, kind, nullable: true }
}

/// Failed attempts.
pub const ATTEMPTS: DataTable = DataTable {
    name: "attempts",
    division: Division::Days,
    columns: &[
        known("time", DataKind::Time),
        known("action", DataKind::Text),
        maybe("principal", DataKind::Text),
        maybe("source", DataKind::Text),
        maybe("forwarded_for", DataKind::Text),
        maybe("node", DataKind::Text),
        maybe("node_name", DataKind::Text),
        maybe("realm_chain", DataKind::Texts),
        // ClickHouse has no lists that are unknown.
        known("realm_chain_logged", DataKind::Flag),
        known("reason", DataKind::Text),
        known("reason_basis", DataKind::Text),
        known("credential", DataKind::Text),
        maybe("confidence", DataKind::Share),
        maybe("api_key", DataKind::Text),
        maybe("api_key_name", DataKind::Text),
        maybe("url_path", DataKind::Text),
        maybe("finding", DataKind::Text),
        maybe("severity", DataKind::Text),
        maybe("source_network", DataKind::Text),
        maybe("source_standing", DataKind::Text),
        maybe("source_country", DataKind::Text),
        maybe("source_as", DataKind::Count),
        maybe("source_flags", DataKind::Texts),
        known("evidence_path", DataKind::Text),
        known("evidence_line", DataKind::Count),
    ],
};

/// Security changes.
pub const CHANGES: DataTable = DataTable {
    name: "changes",
    division: Division::Days,
    columns: &[
        known("time", DataKind::Time),
        known("action", DataKind::Text),
        maybe("actor", DataKind::Text),
        maybe("actor_realm", DataKind::Text),
        maybe("run_by", DataKind::Text),
        maybe("source", DataKind::Text),
        maybe("node", DataKind::Text),
        maybe("node_name", DataKind::Text),
        maybe("request_id", DataKind::Text),
        maybe("target", DataKind::Text),
        known("ids", DataKind::Texts),
        known("resolved_ids", DataKind::Texts),
        maybe("name", DataKind::Text),
        maybe("owner", DataKind::Text),
        maybe("owner_realm", DataKind::Text),
        maybe("owned_by_authenticated_user", DataKind::Flag),
        maybe("expiration", DataKind::Text),
        maybe("actor_api_key", DataKind::Text),
        maybe("key_type", DataKind::Text),
        known("roles", DataKind::Texts),
        known("privileges", DataKind::Texts),
        maybe("superuser", DataKind::Flag),
        maybe("cluster", DataKind::Text),
        known("evidence_path", DataKind::Text),
        known("evidence_line", DataKind::Count),
    ],
};

/// What tells why an attempt failed.
pub const REASONS: DataTable = DataTable {
    name: "reasons",
    division: Division::Days,
    columns: &[
        known("time", DataKind::Time),
        known("about", DataKind::Text),
        known("reason", DataKind::Text),
        known("reason_basis", DataKind::Text),
        maybe("principal", DataKind::Text),
        maybe("realm", DataKind::Text),
        maybe("api_key", DataKind::Text),
        maybe("api_key_name", DataKind::Text),
        maybe("source", DataKind::Text),
        maybe("node", DataKind::Text),
        maybe("node_name", DataKind::Text),
        maybe("trace_id", DataKind::Text),
        maybe("message", DataKind::Text),
        maybe("confidence", DataKind::Share),
        maybe("attempt_path", DataKind::Text),
        maybe("attempt_line", DataKind::Count),
        known("evidence_path", DataKind::Text),
        known("evidence_line", DataKind::Count),
    ],
};

/// A fixed word.
pub(super) fn word(text: &str) -> DataCell {
    DataCell::Text(Some(text.to_owned()))
}

/// Where it stands.
pub(super) fn place(evidence: Evidence) -> [DataCell; 2] {
    [DataCell::Text(Some(evidence.path)), DataCell::Count(Some(evidence.line))]
}

/// The row of [`ATTEMPTS`] of an attempt.
#[must_use]
pub fn attempt(event: Event) -> Vec<DataCell> {
    let [path, line] = place(event.evidence);
    let chain_logged = DataCell::Flag(Some(event.realm_chain.is_some()));
    let (finding, severity) =
        event.finding.as_deref().map(|finding| (finding.id.clone(), finding.severity.clone())).unzip();
    let (network, listed, geo) =
        event.source_known.map_or((None, None, None), |known| (known.network, known.listed, known.geo));
    vec![
        DataCell::Time(Some(event.at)),
        DataCell::Text(Some(event.action)),
        DataCell::Text(event.principal),
        DataCell::Text(event.source),
        DataCell::Text(event.forwarded_for),
        DataCell::Text(event.node),
        DataCell::Text(event.node_name),
        DataCell::Texts(event.realm_chain),
        chain_logged,
        word(event.reason.unwrap_or_default()),
        word(event.reason_basis.unwrap_or_default()),
        word(event.credential.unwrap_or_default()),
        DataCell::Share(event.confidence),
        DataCell::Text(event.api_key),
        DataCell::Text(event.api_key_name),
        DataCell::Text(event.url_path),
        DataCell::Text(finding),
        DataCell::Text(severity),
        DataCell::Text(network),
        DataCell::Text(listed.map(|listed| listed.standing)),
        DataCell::Text(geo.as_ref().and_then(|geo| geo.country.clone())),
        DataCell::Count(geo.as_ref().and_then(|geo| geo.as_number).map(u64::from)),
        DataCell::Texts(geo.map(|geo| geo.flags)),
        path,
        line,
    ]
}

/// The row of [`CHANGES`] of a change at a time on a node of a name.
#[must_use]
pub fn change(at: Millis, node_name: Option<String>, change: SecurityChange) -> Vec<DataCell> {
    let [path, line] = place(change.evidence);
    vec![
        DataCell::Time(Some(at)),
        DataCell::Text(Some(change.action)),
        DataCell::Text(change.actor),
        DataCell::Text(change.actor_realm),
        DataCell::Text(change.run_by),
        DataCell::Text(change.source),
        DataCell::Text(change.node),
        DataCell::Text(node_name),
        DataCell::Text(change.request_id),
        DataCell::Text(change.target),
        DataCell::Texts(Some(change.ids)),
        DataCell::Texts(Some(change.resolved_ids)),
        DataCell::Text(change.name),
        DataCell::Text(change.owner),
        DataCell::Text(change.owner_realm),
        DataCell::Flag(change.owned_by_authenticated_user),
        DataCell::Text(change.expiration),
        DataCell::Text(change.actor_api_key),
        DataCell::Text(change.key_type),
        DataCell::Texts(Some(change.roles)),
        DataCell::Texts(Some(change.privileges)),
        DataCell::Flag(Some(change.superuser)),
        DataCell::Text(change.cluster),
        path,
        line,
    ]
}

/// The row of [`REASONS`] of what tells a reason.
#[must_use]
pub fn reason(told: ReasonSource) -> Vec<DataCell> {
    let [path, line] = place(told.evidence);
    let (attempt_path, attempt_line) = told.attempt.map(|place| (place.path, place.line)).unzip();
    vec![
        DataCell::Time(Some(told.at)),
        word(told.about),
        word(told.reason),
        word(told.reason_basis),
        DataCell::Text(told.principal),
        DataCell::Text(told.realm),
        DataCell::Text(told.api_key),
        DataCell::Text(told.api_key_name),
        DataCell::Text(told.source),
        DataCell::Text(told.node),
        DataCell::Text(told.node_name),
        DataCell::Text(told.trace_id),
        DataCell::Text(told.message),
        DataCell::Share(told.confidence),
        DataCell::Text(attempt_path),
        DataCell::Count(attempt_line),
        path,
        line,
    ]
}
