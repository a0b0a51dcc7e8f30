//! What `esaudit events` writes as JSON lines and `esaudit export` as Parquet, read back: attempts with their realm chains, and changes with their actors.
//!
//! Of a reason nothing is taken over: it rests on lines that are not here.

use super::json::{self, RawStr, Scalar, Value};
use super::native::{DAMAGED_ACTION, NO_TIME};
use super::{Context, Sink};
use crate::error::DecodeError;
use crate::event::{Action, AuditEvent, Change, LogText, Record};
use crate::time;

/// The name in `coverage.inputs[].format`.
const NAME: &str = "events";

/// The members of a line.
struct Own<'a>(Vec<(RawStr<'a>, Value<'a>)>);

impl<'a> Own<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        // Lines of anybody else end here.
        memchr::memmem::find(line, b"\"reason_basis\":")?;
        let own = Self(json::members(line).ok()?.0);
        let is_own = own.has("evidence") && own.has("realm_chain") && own.has("kind") && own.has("time");
        is_own.then_some(own)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(key, _)| key.text().as_ref() == name.as_bytes()).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> Option<LogText<'a>> {
        match self.value(name)? {
            Value::Scalar(Scalar::Str(text)) => Some(text.text()),
            _ => None,
        }
    }

    /// The texts of a list.
    fn texts(&self, name: &str) -> Vec<LogText<'a>> {
        let Some(Value::List(list)) = self.value(name) else { return Vec::new() };
        let elements = json::elements(list).map(|(elements, _)| elements).unwrap_or_default();
        let text = |element: Value<'a>| match element {
            Value::Scalar(Scalar::Str(text)) => Some(text.text()),
            _ => None,
        };
        elements.into_iter().filter_map(text).collect()
    }

    /// What joins the events of an attempt: where it stands, which no other does.
    fn request_id(&self) -> Option<LogText<'a>> {
        self.text("request_id").or_else(|| match self.value("evidence")? {
            Value::Object(place) => Some(LogText::Borrowed(place)),
            _ => None,
        })
    }

    fn event(&self, action: Action<'a>, context: &Context) -> Result<AuditEvent<'a>, DecodeError> {
        let stamp = self.text("time").and_then(|text| time::parse(&text, context.assume_tz)).ok_or(NO_TIME)?;
        let mut event = AuditEvent::new(stamp.time, action);
        event.node_id = self.text("node");
        event.node_name = self.text("node_name");
        event.user = self.text("principal");
        event.origin = self.text("source");
        event.forwarded_for = self.text("forwarded_for");
        event.url_path = self.text("url_path");
        event.request_id = self.request_id();
        Ok(event)
    }

    fn change(&self, mut event: AuditEvent<'a>) -> AuditEvent<'a> {
        // The user is the actor, not the target; how that user authenticated is not told.
        event.authentication_type = event.user.is_some().then_some(LogText::Borrowed(b""));
        let ids = self.texts("ids").into_iter().chain(self.text("api_key")).collect();
        // Without a column for ids, the target may be one.
        let names: &[&str] = if self.has("ids") { &["name"] } else { &["target", "api_key_name"] };
        let name = names.iter().find_map(|name| self.text(name));
        event.user_realm = self.text("principal_realm");
        event.change = Some(Box::new(Change {
            ids,
            name,
            owner: self.text("owner"),
            owner_realm: self.text("owner_realm"),
            expiration: self.text("expiration"),
            kind: self.text("key_type"),
            roles: self.texts("roles"),
            ..Change::default()
        }));
        event
    }
}

/// Decodes such a line; `None` where it is another.
pub(super) fn decode(line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Option<Result<(), DecodeError>> {
    Own::read(line).map(|own| give(&own, context, sink))
}

fn give(own: &Own<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let name = own.text("action").ok_or(DAMAGED_ACTION)?;
    if own.text("kind").as_deref() == Some(b"change") {
        let event = own.event(Action::SecurityChange(name), context)?;
        sink(NAME, Record::Audit(own.change(event)));
        return Ok(());
    }
    let end = own.event(Action::from_name(name, None), context)?;
    for realm in own.texts("realm_chain") {
        let mut asked = own.event(Action::RealmAuthenticationFailed, context)?;
        asked.realm = Some(realm);
        sink(NAME, Record::Audit(asked));
    }
    sink(NAME, Record::Audit(end));
    Ok(())
}
