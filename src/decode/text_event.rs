//! Audit events of 7.0 to 7.2 in containers: written by the layout of the server log, as text in the message of a server
//! line (audit-format 2): `"type":"server"`, `"message":"event.action=\"anonymous_access_denied\" …"`.

use super::fields::Pairs;
use super::members::{Field, Members};
use super::native::{self, normal_form};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::members::audit_members;
use crate::event::{Action, AuditEvent, Record};
use crate::time::{self, Stamp};

/// The server line around such an event.
pub struct TextEvent;

macro_rules! names {
    (
        texts { $($(#[$doc:meta])* $member:ident: $text:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($keys:tt)* }
        passed { $($passed:ident $passed_path:literal,)* }
    ) => {
        /// The names of members, and the two of the keys that are no text of the line around.
        const NAMES: &[&[u8]] = &[
            b"event.action",
            b"event.type",
            $($path,)*
            $($passed_path,)*
        ];
    };
}

audit_members!(names);

/// The pairs; their order is that of their names, and quotes in values are not escaped.
const PAIRS: Pairs = Pairs { open: b"=\"", close: b"\"", between: b" ", names: NAMES };

/// Pairs whose value the client chose: what follows one may have been written by the client too.
const OF_CLIENT: [&[u8]; 6] =
    [b"opaque_id", b"request.body", b"url.path", b"url.query", b"user.name", b"x_forwarded_for"];

impl JsonShape for TextEvent {
    fn name(&self) -> &'static str {
        "server-text-event"
    }

    fn is_structured(&self) -> bool {
        false
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.text(Field::Type).as_deref() == Some(b"server")
            && members.text(Field::Component).is_none_or(|component| is_audit_logger(&component))
            && members.text(Field::Message).is_some_and(|message| is_event(&message))
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let message = members.text(Field::Message).unwrap_or_default();
        let stamp = members
            .text_or_number(Field::Timestamp)
            .or_else(|| members.text_or_number(Field::AtTimestamp))
            .and_then(|text| time::parse(&text, context.assume_tz))
            .ok_or(native::NO_TIME)?;
        let mut event = event(&message, stamp).ok_or(DecodeError::at(0, "an audit event without an action"))?;
        event.node_id = event.node_id.take().or_else(|| members.text(Field::NodeId));
        event.node_name = event.node_name.take().or_else(|| members.text(Field::NodeName));
        event.cluster_name = event.cluster_name.take().or_else(|| members.text(Field::ClusterName));
        event.cluster_uuid = event.cluster_uuid.take().or_else(|| members.text(Field::ClusterUuid));
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

/// Whether a logger is that of the audit trail, in full or abbreviated.
#[must_use]
pub fn is_audit_logger(logger: &[u8]) -> bool {
    logger.trim_ascii().ends_with(b"LoggingAuditTrail")
}

fn is_event(message: &[u8]) -> bool {
    PAIRS.read(message).is_some_and(|pairs| pairs.iter().any(|pair| pair.name == b"event.action"))
}

/// The event that the text of a message describes.
#[must_use]
pub fn event<'a>(message: &'a [u8], stamp: Stamp) -> Option<AuditEvent<'a>> {
    let pairs = PAIRS.read(message.trim_ascii())?;
    let client_from = pairs.iter().position(|pair| OF_CLIENT.contains(&pair.name)).unwrap_or(pairs.len());
    let mut members = Members::empty();
    for (at, pair) in pairs.iter().enumerate() {
        let doubtful = pairs.iter().enumerate().any(|(other, twin)| {
            // The first is the node's own, if nothing of the client stands before it.
            twin.name == pair.name && other != at && at.min(other) > client_from
        });
        if !doubtful {
            members.set_path(pair.name, pair.value);
        }
    }
    let layer = members.text(Field::EventType);
    let action = Action::from_name(members.text(Field::EventAction)?, layer.as_deref());
    Some(normal_form(&members, stamp, action, layer))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief};

    fn line(message: &str) -> String {
        serde_json::json!({"type":"server", "timestamp":"2019-05-30T08:45:39,350+0000", "level":"INFO",
            "component":"o.e.x.s.a.l.LoggingAuditTrail", "cluster.name":"c", "node.name":"es-1", "node.id":"n1",
            "message":message})
        .to_string()
    }

    #[test]
    fn the_text_is_an_event_of_the_node_that_wrote_the_line() {
        let (format, event) = audit(&line(
            r#"event.action="authentication_failed" event.type="rest" origin.address="172.17.0.1:40380" origin.type="rest" request.id="r1" request.method="GET" url.path="/" user.name="el"as tic""#,
        ));
        assert_eq!(format, "server-text-event");
        assert_eq!(brief(&event), "2019-05-30T08:45:39.350Z authentication_failed n1 el\"as tic - 172.17.0.1:40380 r1");
    }

    #[test]
    fn a_client_cannot_replace_what_the_node_wrote() {
        let (_, event) = audit(&line(
            r#"event.action="authentication_failed" event.type="rest" origin.address="172.17.0.1:1" request.id="r1" user.name="x" origin.address="6.6.6.6:6" event.action="access_granted""#,
        ));
        assert_eq!(brief(&event), "2019-05-30T08:45:39.350Z authentication_failed n1 x - 172.17.0.1:1 r1");
        // Behind the client's own text nothing that occurs twice is believed.
        let (_, event) = audit(&line(
            r#"event.action="authentication_failed" opaque_id="x" origin.address="6.6.6.6:6" user.name="y" origin.address="172.17.0.1:1" request.id="r1" user.name="x""#,
        ));
        assert_eq!(brief(&event), "2019-05-30T08:45:39.350Z authentication_failed n1 - - - r1");
    }
}
