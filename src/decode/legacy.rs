//! Index documents of 5.x and 6.x (`.security_audit_log-*`): `event_type`, `principal`, `origin_address`, … (audit-format 4).

use super::members::{Field, Members};
use super::native::{self, LAYERS, normal_form, without_query};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::{Action, AuditEvent, LogText, Record};
use crate::time::{self, Stamp};

/// The document as the node itself indexed it.
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

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let stamp = [Field::AtTimestamp, Field::Timestamp]
            .into_iter()
            .find_map(|field| members.text_or_number(field).and_then(|text| time::parse(&text, context.assume_tz)))
            .ok_or_else(|| native::no_time(members))?;
        let name = members.text(Field::LegacyAction).ok_or(DecodeError::at(0, "an audit event without an action"))?;
        let event = legacy_event(members, stamp, name);
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

/// The normal form of an event of 5.x or 6.x, from members under the names of that time.
#[must_use]
pub fn legacy_event<'a>(members: &Members<'a>, stamp: Stamp, name: LogText<'a>) -> AuditEvent<'a> {
    let layer = members.text(Field::Layer);
    let mut event = normal_form(members, stamp, Action::from_name(name, layer.as_deref()), layer);
    event.user = event.user.take().or_else(|| members.text(Field::Principal));
    event.url_path = event.url_path.take().or_else(|| members.text(Field::UrlOriginal).map(without_query));
    event.origin = event.origin.take().or_else(|| {
        members.text(Field::SourceAddress).or_else(|| members.text(Field::SourceIp)).filter(|text| !text.is_empty())
    });
    adjust(&mut event);
    event
}

/// Reads `realm` as the releases of that time meant it.
pub fn adjust(event: &mut AuditEvent<'_>) {
    match event.action {
        // Before the action had a name of its own, the realm told that only this realm said no.
        Action::AuthenticationFailed if event.realm.is_some() => event.action = Action::RealmAuthenticationFailed,
        Action::RealmAuthenticationFailed | Action::AuthenticationSuccess => {}
        // Elsewhere `realm` is the realm of the user.
        _ => event.user_realm = event.user_realm.take().or_else(|| event.realm.take()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief};

    #[test]
    fn documents_of_the_index_output_and_of_early_filebeat() {
        let (format, event) = audit(
            r#"{"_index":".security_audit_log-2018.06.19","_source":{"@timestamp":"2018-06-19T05:16:15.549Z","node_name":"es-1","node_host_address":"10.0.0.2","layer":"rest","event_type":"authentication_failed","origin_address":"10.0.0.1","principal":"bob","uri":"/x?y","request":"R"}}"#,
        );
        assert_eq!(format, "elasticdump");
        assert_eq!(brief(&event), "2018-06-19T05:16:15.549Z authentication_failed es-1 bob - 10.0.0.1 -");
        assert_eq!(event.url_path.as_deref(), Some(&b"/x"[..]));
        let (format, event) = audit(
            r#"{"@timestamp":"2018-06-19T07:16:15.549Z","elasticsearch":{"audit":{"event_type":"access_granted","layer":"transport","realm":"ad","action":"a"},"node":{"name":"es-1"}},"event":{"dataset":"elasticsearch.audit"},"user":{"name":"bob"},"source":{"ip":"10.0.0.1"}}"#,
        );
        assert_eq!(format, "ecs");
        assert_eq!(brief(&event), "2018-06-19T07:16:15.549Z access_granted es-1 bob - 10.0.0.1 -");
        assert_eq!(event.user_realm.as_deref(), Some(&b"ad"[..]));
    }
}
