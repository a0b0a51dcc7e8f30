//! `esaudit events`: attempts and changes, one a row.

use std::io;

use super::{addresses, chain_or_set, place};
use crate::data::{ecs, json, ocsf};
use crate::document::results::{Form, Results};
use crate::document::{Cell, Column, Document, Media, NameList, Row, Section, Table};
use crate::model::events::{Event, Timesketch};
use crate::model::text::{Logged, Span};

/// Makes events.
pub type EventSource<'e> = Box<dyn Fn() -> Box<dyn Iterator<Item = Event> + 'e> + 'e>;

/// Events, made each time they are written.
pub struct Events<'e>(pub EventSource<'e>);

impl Results for Events<'_> {
    fn document(&self) -> Document<'_> {
        const MORE: Media = Media::FILE.and(Media::PAGE).and(Media::DATA);
        let mut columns = vec![
            Column::time("time", "Time"),
            Column::text("kind", "Kind").on(MORE),
            Column::text("action", "Action"),
            Column::text("principal", "Principal"),
            Column::text("source", "Source").below("principal", "  source"),
            Column::text("forwarded_for", "Forwarded for").below("principal", ""),
            Column::text("node", "Node").on(MORE),
            Column::text("node_name", "Node name"),
            Column::text("realm_chain", "Realm chain").below("reason", "  chain"),
            Column::number("realms_asked", "Realms asked").on(Media::DATA),
            Column::text("reason", "Reason"),
            Column::text("reason_basis", "Rests on").below("reason", "  rests on"),
            Column::text("credential", "Credential").on(MORE),
            Column::number("confidence", "Confidence").on(Media::DATA),
            Column::text("api_key", "API key").below("action", "  key"),
            Column::text("api_key_name", "Key name").below("action", ""),
            Column::text("url_path", "Path").below("action", ""),
            Column::text("target", "Target").below("action", "  target"),
            Column::text("es_action", "Elasticsearch action").below("action", "  "),
            Column::text("index", "Index").below("action", "  index"),
            Column::text("request_id", "Request").on(Media::DATA),
        ];
        columns.extend(addresses::columns());
        columns.extend([
            Column::text("evidence_path", "File").on(Media::DATA),
            Column::number("evidence_line", "Line").on(Media::DATA),
            Column::text("evidence", "Evidence").on(Media::FILE.and(Media::PAGE)),
        ]);
        let rows =
            || -> Box<dyn Iterator<Item = Row> + '_> { Box::new((self.0)().map(|event| Row::Cells(row(&event)))) };
        // How many there are is known when all have been made.
        let table = Table::lazy("events", columns, 0, rows).or("No event of that kind.");
        Document {
            title: "Events of Elasticsearch audit logs",
            about: "attempts and changes, one by one",
            tool: [Logged::new(env!("CARGO_PKG_NAME")), Logged::new(env!("CARGO_PKG_VERSION"))],
            period: None,
            main: "events",
            head: Vec::new(),
            sections: vec![Section::new("events", "Events", "Events").with(table)],
        }
    }

    fn data(&self, form: Form, out: &mut dyn io::Write) -> io::Result<()> {
        match form {
            Form::Timesketch => (self.0)().try_for_each(|event| json::write_line(&Timesketch::new(&event), out)),
            Form::EcsBulk => (self.0)().try_for_each(|event| ecs::event(&event, out)),
            Form::Ocsf => (self.0)().try_for_each(|event| ocsf::write(&event, out)),
            _ => (self.0)().try_for_each(|event| json::write_line(&event, out)),
        }
    }
}

fn row(event: &Event) -> Vec<Cell> {
    let name = |text: Option<&str>| Cell::logged(Span::name, text, "");
    let key = |text: Option<&str>| Cell::logged(Span::key, text, "");
    let asked = event.realm_chain.as_deref();
    let source = match (&event.source, &event.source_known) {
        (Some(source), Some(facts)) => Cell::Names(NameList { items: vec![addresses::name(source, facts)], total: 1 }),
        (source, _) => Cell::logged(Span::address, source.as_deref(), ""),
    };
    let mut cells = vec![
        Cell::of(Span::Time(event.at)),
        Cell::of(event.kind),
        name(Some(&event.action)),
        Cell::logged(Span::principal, event.principal.as_deref(), ""),
        source,
        Cell::logged(Span::address, event.forwarded_for.as_deref(), ""),
        Cell::logged(Span::node, event.node.as_deref(), ""),
        Cell::logged(Span::node, event.node_name.as_deref(), ""),
        asked.map_or(Cell::NONE, |realms| chain_or_set(Some(realms), event.realm_chain_ordered)),
        // Tells a chain that was not logged (empty) from one in which no realm was asked (0).
        asked.map_or(Cell::NONE, |realms| Cell::number(realms.len() as u64)),
        event.reason.map_or(Cell::NONE, Cell::of),
        event.reason_basis.map_or(Cell::NONE, Cell::of),
        event.credential.map_or(Cell::NONE, Cell::of),
        event.confidence.map_or(Cell::NONE, |confidence| Cell::of(confidence.to_string())),
        key(event.api_key.as_deref()),
        key(event.api_key_name.as_deref()),
        name(event.url_path.as_deref()),
        name(event.target.as_deref()),
        name(event.es_action.as_deref()),
        name(event.index.as_deref()),
        name(event.request_id.as_deref()),
    ];
    cells.extend(addresses::cells(event.source_known.as_deref()));
    cells.extend([
        name(Some(&event.evidence.path)),
        Cell::number(event.evidence.line),
        Cell::of(place(&event.evidence)),
    ]);
    cells
}
