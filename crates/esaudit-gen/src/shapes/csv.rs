//! Kibana's CSV export of a Discover table (`generate_csv`): formatted dates in the browser's zone, `-` where a
//! document lacks the field, arrays joined by a comma, quotes around whatever is not only letters and digits.

use chrono::DateTime;
use serde_json::{Map, Value};

use super::{Renderer, ecs};
use crate::event::Event;
use crate::text::{Micros, SECOND};

/// The columns an analyst would choose.
const COLUMNS: [&str; 43] = [
    "@timestamp",
    "event.action",
    "user.name",
    "source.address",
    "source.ip",
    "source.port",
    "elasticsearch.node.id",
    "elasticsearch.cluster.uuid",
    "elasticsearch.audit.layer",
    "elasticsearch.audit.authentication.type",
    "elasticsearch.audit.user.realm",
    "elasticsearch.audit.user.roles",
    "elasticsearch.audit.user.run_by.name",
    "elasticsearch.audit.user.run_as.name",
    "elasticsearch.audit.apikey.id",
    "elasticsearch.audit.apikey.name",
    "elasticsearch.audit.authentication.token.name",
    "elasticsearch.audit.origin.type",
    "elasticsearch.audit.realm",
    "url.original",
    "http.request.method",
    "elasticsearch.audit.request.id",
    "elasticsearch.audit.action",
    "elasticsearch.audit.request.name",
    "elasticsearch.audit.indices",
    "elasticsearch.audit.opaque_id",
    "trace.id",
    "elasticsearch.audit.x_forwarded_for",
    "elasticsearch.audit.create.apikey.id",
    "elasticsearch.audit.create.apikey.name",
    "elasticsearch.audit.create.apikey.expiration",
    "elasticsearch.audit.create.service_token.namespace",
    "elasticsearch.audit.create.service_token.service",
    "elasticsearch.audit.create.service_token.name",
    "elasticsearch.audit.invalidate.apikeys.ids",
    "elasticsearch.audit.invalidate.apikeys.name",
    "elasticsearch.audit.invalidate.apikeys.owned_by_authenticated_user",
    "elasticsearch.audit.invalidate.apikeys.user.name",
    "elasticsearch.audit.invalidate.apikeys.user.realm",
    "elasticsearch.audit.change.password.user.name",
    "elasticsearch.audit.change.disable.user.name",
    "elasticsearch.audit.put.user.name",
    "elasticsearch.audit.put.role.name",
];

/// The line of the column names.
pub(super) fn header() -> String {
    let mut line = COLUMNS.map(cell).join(",");
    line.push('\n');
    line
}

/// Appends the line of an event.
pub(super) fn push(renderer: &mut Renderer, buf: &mut Vec<u8>, event: &Event) {
    let mut document = Map::new();
    for (key, value) in ecs::fields(renderer, event, false) {
        ecs::flatten(&mut document, key, value);
    }
    let time = event.time + renderer.clock_error;
    for (number, column) in COLUMNS.iter().enumerate() {
        if number > 0 {
            buf.push(b',');
        }
        let text = match document.get(*column) {
            _ if number == 0 => date(time, renderer.local.offset()),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            Some(Value::Number(number)) if *column == "source.port" => thousands(number.as_u64().unwrap_or(0)),
            Some(value) => value.to_string(),
            None => "-".to_owned(),
        };
        buf.extend_from_slice(cell(&text).as_bytes());
    }
}

/// Kibana's default date format, `MMM D, YYYY @ HH:mm:ss.SSS`.
fn date(time: Micros, offset: i64) -> String {
    let local = DateTime::from_timestamp(time.div_euclid(SECOND) + offset, 0).unwrap_or_default();
    let millis = time.rem_euclid(SECOND) / 1000;
    format!("{}.{millis:03}", local.format("%b %-d, %Y @ %H:%M:%S"))
}

/// Kibana's default number format.
fn thousands(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

fn cell(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}
