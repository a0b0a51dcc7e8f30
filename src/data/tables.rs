//! What `esaudit export` writes, whatever the file format: three tables, their columns, and the rows from the same events
//! that the other outputs show.

use crate::model::events::{Event, Told};
use crate::model::{Evidence, SecurityChange};
use crate::time::Millis;

/// Version of the columns: raised when one is renamed or changes its type.
pub const SCHEMA_VERSION: u32 = 1;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An instant, to the millisecond, UTC.
    Time,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number.
    Count,
    /// A share, 0 to 1.
    Share,
    /// Yes or no.
    Flag,
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether a value may be unknown.
    pub nullable: bool,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// Its columns, the first of which is the time.
    pub columns: &'static [Column],
}

/// A value; `None` = unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Of [`Kind::Time`].
    Time(Millis),
    /// Of [`Kind::Text`].
    Text(Option<String>),
    /// Of [`Kind::Texts`].
    Texts(Option<Vec<String>>),
    /// Of [`Kind::Count`].
    Count(Option<u64>),
    /// Of [`Kind::Share`].
    Share(Option<f64>),
    /// Of [`Kind::Flag`].
    Flag(Option<bool>),
}

const fn known(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, nullable: false }
}

const fn maybe(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, nullable: true }
}

/// Failed attempts.
pub const ATTEMPTS: Table = Table {
    name: "attempts",
    columns: &[
        known("time", Kind::Time),
        known("action", Kind::Text),
        maybe("principal", Kind::Text),
        maybe("source", Kind::Text),
        maybe("forwarded_for", Kind::Text),
        maybe("node", Kind::Text),
        maybe("node_name", Kind::Text),
        maybe("realm_chain", Kind::Texts),
        // ClickHouse has no lists that are unknown.
        known("realm_chain_logged", Kind::Flag),
        known("reason", Kind::Text),
        known("reason_basis", Kind::Text),
        known("credential", Kind::Text),
        maybe("confidence", Kind::Share),
        maybe("api_key", Kind::Text),
        maybe("api_key_name", Kind::Text),
        maybe("url_path", Kind::Text),
        maybe("finding", Kind::Text),
        maybe("severity", Kind::Text),
        maybe("source_network", Kind::Text),
        maybe("source_standing", Kind::Text),
        maybe("source_country", Kind::Text),
        maybe("source_as", Kind::Count),
        maybe("source_flags", Kind::Texts),
        known("evidence_path", Kind::Text),
        known("evidence_line", Kind::Count),
    ],
};

/// Security changes.
pub const CHANGES: Table = Table {
    name: "changes",
    columns: &[
        known("time", Kind::Time),
        known("action", Kind::Text),
        maybe("actor", Kind::Text),
        maybe("actor_realm", Kind::Text),
        maybe("run_by", Kind::Text),
        maybe("source", Kind::Text),
        maybe("node", Kind::Text),
        maybe("node_name", Kind::Text),
        maybe("request_id", Kind::Text),
        maybe("target", Kind::Text),
        known("ids", Kind::Texts),
        known("resolved_ids", Kind::Texts),
        maybe("name", Kind::Text),
        maybe("owner", Kind::Text),
        maybe("owner_realm", Kind::Text),
        maybe("owned_by_authenticated_user", Kind::Flag),
        maybe("expiration", Kind::Text),
        maybe("actor_api_key", Kind::Text),
        maybe("key_type", Kind::Text),
        known("roles", Kind::Texts),
        known("privileges", Kind::Texts),
        maybe("superuser", Kind::Flag),
        maybe("cluster", Kind::Text),
        known("evidence_path", Kind::Text),
        known("evidence_line", Kind::Count),
    ],
};

/// What tells why an attempt failed.
pub const REASONS: Table = Table {
    name: "reasons",
    columns: &[
        known("time", Kind::Time),
        known("about", Kind::Text),
        known("reason", Kind::Text),
        known("reason_basis", Kind::Text),
        maybe("principal", Kind::Text),
        maybe("realm", Kind::Text),
        maybe("api_key", Kind::Text),
        maybe("api_key_name", Kind::Text),
        maybe("source", Kind::Text),
        maybe("node", Kind::Text),
        maybe("node_name", Kind::Text),
        maybe("trace_id", Kind::Text),
        maybe("message", Kind::Text),
        maybe("confidence", Kind::Share),
        maybe("attempt_path", Kind::Text),
        maybe("attempt_line", Kind::Count),
        known("evidence_path", Kind::Text),
        known("evidence_line", Kind::Count),
    ],
};

/// A fixed word.
fn word(text: &str) -> Cell {
    Cell::Text(Some(text.to_owned()))
}

fn place(evidence: Evidence) -> [Cell; 2] {
    [Cell::Text(Some(evidence.path)), Cell::Count(Some(evidence.line))]
}

/// The row of [`ATTEMPTS`] of an attempt.
#[must_use]
pub fn attempt(event: Event) -> Vec<Cell> {
    let [path, line] = place(event.evidence);
    let chain_logged = Cell::Flag(Some(event.realm_chain.is_some()));
    let (finding, severity) =
        event.finding.as_deref().map(|finding| (finding.id.clone(), finding.severity.clone())).unzip();
    let (network, listed, geo) =
        event.source_known.map_or((None, None, None), |known| (known.network, known.listed, known.geo));
    vec![
        Cell::Time(event.at),
        Cell::Text(Some(event.action)),
        Cell::Text(event.principal),
        Cell::Text(event.source),
        Cell::Text(event.forwarded_for),
        Cell::Text(event.node),
        Cell::Text(event.node_name),
        Cell::Texts(event.realm_chain),
        chain_logged,
        word(event.reason.unwrap_or_default()),
        word(event.reason_basis.unwrap_or_default()),
        word(event.credential.unwrap_or_default()),
        Cell::Share(event.confidence),
        Cell::Text(event.api_key),
        Cell::Text(event.api_key_name),
        Cell::Text(event.url_path),
        Cell::Text(finding),
        Cell::Text(severity),
        Cell::Text(network),
        Cell::Text(listed.map(|listed| listed.standing)),
        Cell::Text(geo.as_ref().and_then(|geo| geo.country.clone())),
        Cell::Count(geo.as_ref().and_then(|geo| geo.as_number).map(u64::from)),
        Cell::Texts(geo.map(|geo| geo.flags)),
        path,
        line,
    ]
}

/// The row of [`CHANGES`] of a change at a time on a node of a name.
#[must_use]
pub fn change(at: Millis, node_name: Option<String>, change: SecurityChange) -> Vec<Cell> {
    let [path, line] = place(change.evidence);
    vec![
        Cell::Time(at),
        Cell::Text(Some(change.action)),
        Cell::Text(change.actor),
        Cell::Text(change.actor_realm),
        Cell::Text(change.run_by),
        Cell::Text(change.source),
        Cell::Text(change.node),
        Cell::Text(node_name),
        Cell::Text(change.request_id),
        Cell::Text(change.target),
        Cell::Texts(Some(change.ids)),
        Cell::Texts(Some(change.resolved_ids)),
        Cell::Text(change.name),
        Cell::Text(change.owner),
        Cell::Text(change.owner_realm),
        Cell::Flag(change.owned_by_authenticated_user),
        Cell::Text(change.expiration),
        Cell::Text(change.actor_api_key),
        Cell::Text(change.key_type),
        Cell::Texts(Some(change.roles)),
        Cell::Texts(Some(change.privileges)),
        Cell::Flag(Some(change.superuser)),
        Cell::Text(change.cluster),
        path,
        line,
    ]
}

/// The row of [`REASONS`] of what tells a reason.
#[must_use]
pub fn reason(told: Told) -> Vec<Cell> {
    let [path, line] = place(told.evidence);
    let (attempt_path, attempt_line) = told.attempt.map(|place| (place.path, place.line)).unzip();
    vec![
        Cell::Time(told.at),
        word(told.about),
        word(told.reason),
        word(told.reason_basis),
        Cell::Text(told.principal),
        Cell::Text(told.realm),
        Cell::Text(told.api_key),
        Cell::Text(told.api_key_name),
        Cell::Text(told.source),
        Cell::Text(told.node),
        Cell::Text(told.node_name),
        Cell::Text(told.trace_id),
        Cell::Text(told.message),
        Cell::Share(told.confidence),
        Cell::Text(attempt_path),
        Cell::Count(attempt_line),
        path,
        line,
    ]
}
