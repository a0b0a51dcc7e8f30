//! Index documents of 5.x and 6.x (`.security_audit_log-*`): `event_type`, `principal`, `origin_address`, … (audit-format 4).

use super::ecs::without_query;
use super::members::{Field, Members};
use super::native::{self, LAYERS, normal_form};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::{Action, AuditEvent, Record, Text};
use crate::time::{self, Stamp};

/// The document as the node itself indexed it, or as a pipeline of that time mapped the text line.
pub struct Legacy;

impl JsonShape for Legacy {
    fn name(&self) -> &'static str {
        "legacy"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.has(Field::LegacyAction)
            && !members.has(Field::EventAction)
            && members.text(Field::Layer).is_some_and(|layer| LAYERS.contains(&layer.as_ref()))
    }

    fn decode(&self, mut members: Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let stamp = [Field::AtTimestamp, Field::Timestamp]
            .into_iter()
            .find_map(|field| members.text_or_number(field).and_then(|text| time::parse(&text, context.assume_tz)))
            .ok_or(native::NO_TIME)?;
        let name = members.text(Field::LegacyAction).ok_or(DecodeError::at(0, "an audit event without an action"))?;
        let event = legacy_event(&mut members, stamp, name);
        sink(self.name(), Record::Audit(Box::new(event)));
        Ok(())
    }
}

/// The normal form of an event of 5.x or 6.x, from members under the names of that time.
#[must_use]
pub fn legacy_event<'a>(members: &mut Members<'a>, stamp: Stamp, name: Text<'a>) -> AuditEvent<'a> {
    let layer = members.text(Field::Layer);
    let mut event = normal_form(members, stamp, Action::from_name(name, layer.as_deref()), layer);
    event.user = event.user.take().or_else(|| members.text(Field::Principal));
    event.url_path = event.url_path.take().or_else(|| members.text(Field::UrlOriginal).map(without_query));
    event.origin = event.origin.take().or_else(|| {
        members.text(Field::SourceAddress).or_else(|| members.text(Field::SourceIp)).filter(|text| !text.is_empty())
    });
    match event.action {
        // Before the action had a name of its own, the realm told that only this realm said no.
        Action::AuthenticationFailed if event.realm.is_some() => event.action = Action::RealmAuthenticationFailed,
        Action::RealmAuthenticationFailed | Action::AuthenticationSuccess => {}
        // Elsewhere `realm` is the realm of the user.
        _ => event.user_realm = event.user_realm.take().or_else(|| event.realm.take()),
    }
    event
}
