//! The plain-text audit log of 5.x and 6.x (`<cluster>_access.log`, audit-format 4):
//! `[2018-06-19T05:16:15,549] [node] [rest] [authentication_failed]  origin_address=[…], principal=[…], uri=[…]`.

use super::actions::is_damaged;
use super::fields::Pairs;
use super::legacy::legacy_event;
use super::members::{Field, Members};
use super::native::{self, LAYERS};
use super::{Context, Sink, TextShape};
use crate::error::DecodeError;
use crate::event::{AuditEvent, Record};
use crate::time::{self, Stamp};

/// One event a line. Before the layer stand none to three of host address, host name and node name.
pub struct AuditText;

/// The pairs of the text. What the node knows (realm, origin) is written before what the client sent.
const PAIRS: Pairs = Pairs {
    open: b"=[",
    close: b"]",
    between: b", ",
    names: &[
        b"origin_type",
        b"origin_address",
        b"principal",
        b"realm",
        b"roles",
        b"action",
        b"indices",
        b"uri",
        b"params",
        b"request",
        b"request_body",
        b"transport_profile",
        b"rule",
        b"run_by_principal",
        b"run_as_principal",
        b"run_by_realm",
        b"run_as_realm",
        b"effective_principal",
        b"effective_realm",
        b"opaque_id",
    ],
};

impl TextShape for AuditText {
    fn name(&self) -> &'static str {
        "audit-text"
    }

    fn claims(&self, line: &[u8]) -> bool {
        matches!(line, [b'[', b'0'..=b'9', ..]) && AuditHead::read(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let head = AuditHead::read(line);
        if head.as_ref().is_some_and(|head| is_damaged(head.action)) {
            return Err(native::DAMAGED_ACTION);
        }
        if head.is_some_and(|head| head.is_cut()) {
            return Err(DecodeError::at(line.len(), "what follows the action is no pair of a name and a value"));
        }
        let event = event(line, context).ok_or(native::NO_TIME)?;
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

/// Whether a text begins as an event of this log does.
pub(super) fn begins(text: &[u8]) -> bool {
    AuditHead::read(text).is_some()
}

/// What stands in brackets at the start.
struct AuditHead<'a> {
    time: &'a [u8],
    node_name: Option<&'a [u8]>,
    layer: &'a [u8],
    action: &'a [u8],
    rest: &'a [u8],
}

/// Node, layer, action, and the pairs.
type TextLine<'a> = (Option<&'a [u8]>, &'a [u8], &'a [u8], &'a [u8]);

/// The text of a bracket at the start, and what follows it and its white space.
pub(super) fn bracket(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inside)?;
    Some((&inside[..end], inside[end + 1..].trim_ascii_start()))
}

impl<'a> AuditHead<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let (time, rest) = bracket(line)?;
        let (node_name, layer, action, rest) = Self::event(rest)?;
        Some(Self { time, node_name, layer, action, rest })
    }

    /// Whether something follows the action that names nothing: the line was cut or damaged there.
    fn is_cut(&self) -> bool {
        !self.rest.trim_ascii().is_empty() && PAIRS.read(self.rest).is_none()
    }

    fn event(mut rest: &'a [u8]) -> Option<TextLine<'a>> {
        let mut node_name = None;
        for _ in 0..4 {
            let (text, after) = bracket(rest)?;
            if LAYERS.contains(&text) {
                let (action, after) = bracket(after)?;
                let is_name =
                    !action.is_empty() && action.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
                return is_name.then_some((node_name, text, action, after));
            }
            (node_name, rest) = (Some(text), after);
        }
        None
    }
}

/// The event of a line, if it is one and has a time.
#[must_use]
pub fn event<'a>(line: &'a [u8], context: &Context) -> Option<AuditEvent<'a>> {
    let head = AuditHead::read(line)?;
    let stamp = time::parse(head.time, context.assume_tz)?;
    (!is_damaged(head.action) && !head.is_cut()).then(|| build(&head, stamp))
}

/// The event of the message of a server line: the same without the time.
#[must_use]
pub fn event_of_message<'a>(message: &'a [u8], stamp: Stamp) -> Option<AuditEvent<'a>> {
    let (node_name, layer, action, rest) = AuditHead::event(message)?;
    Some(build(&AuditHead { time: b"", node_name, layer, action, rest }, stamp))
}

fn build<'a>(head: &AuditHead<'a>, stamp: Stamp) -> AuditEvent<'a> {
    let mut members = Members::empty();
    members.set(Field::Layer, head.layer);
    if let Some(name) = head.node_name {
        members.set(Field::NodeName, name);
    }
    for pair in PAIRS.read(head.rest).unwrap_or_default() {
        members.set_path(pair.name, pair.value);
    }
    legacy_event(&members, stamp, head.action.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode};

    #[test]
    fn events_with_and_without_the_names_of_the_node() {
        for (line, expected) in [
            (
                "[2018-06-19T05:16:15,549] [rest] [authentication_failed]        origin_address=[10.0.0.1], principal=[bob], uri=[/x]",
                "2018-06-19T05:16:15.549Z authentication_failed - bob - 10.0.0.1 -",
            ),
            (
                "[2018-06-19T05:16:15,549] [10.0.0.2] [host] [es-1] [rest] [realm_authentication_failed]\trealm=[file1], origin_address=[10.0.0.1], principal=[bob], uri=[/x]",
                "2018-06-19T05:16:15.549Z realm_authentication_failed es-1 bob file1 10.0.0.1 -",
            ),
            (
                "[2018-06-19T05:16:15,549] [es-1] [rest] [authentication_failed]\trealm=[file1], origin_address=[10.0.0.1], principal=[bob], uri=[/x]",
                "2018-06-19T05:16:15.549Z realm_authentication_failed es-1 bob file1 10.0.0.1 -",
            ),
            (
                "[2018-06-19T05:16:15,549] [es-1] [rest] [tampered_request]",
                "2018-06-19T05:16:15.549Z tampered_request es-1 - - - -",
            ),
        ] {
            let (format, event) = audit(line);
            assert_eq!((format, brief(&event).as_str()), ("audit-text", expected), "{line}");
            assert!(event.zone_assumed);
        }
    }

    #[test]
    fn text_of_the_client_does_not_pass_for_the_nodes() {
        let (_, event) = audit(
            "[2018-06-19T05:16:15,549] [es-1] [rest] [authentication_failed]\torigin_address=[10.0.0.1], principal=[a], b], origin_address=[6.6.6.6], uri=[/x?principal=[root]], request_body=[{}], principal=[root], uri=[/y]",
        );
        assert_eq!(brief(&event), "2018-06-19T05:16:15.549Z authentication_failed es-1 a], b - 10.0.0.1 -");
        assert_eq!(event.url_path.as_deref(), Some(&b"/x"[..]));
    }

    #[test]
    fn other_bracketed_text_is_other() {
        for line in
            ["[a] [b] [c] [d] [rest] [x]", "[2018-06-19T05:16:15,549] [rest] [Not a name]", "[[[[", "[a] [rest]"]
        {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
    }
}
