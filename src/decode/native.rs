//! The audit file of 6.5 to 9.x: one flat JSON object a line (audit-format 2).

use std::borrow::Cow;

use super::actions::is_damaged;
use super::members::{Field, Members};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::members::audit_members;
use crate::event::{Action, AuditEvent, LogText, Record};
use crate::time::{self, Stamp};

/// The native audit line. 6.5 to 7.2 have no `"type":"audit"`, so a line is known by `event.action` beside a time and one
/// of the members that only audit lines have.
pub struct Native;

/// Values of the native `event.type` (audit-format 2).
pub const LAYERS: [&[u8]; 4] = [b"rest", b"transport", b"ip_filter", b"security_config_change"];

impl JsonShape for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        // Below `elasticsearch.audit` the native names stand in a document that says more, and some of it differently.
        if !members.has(Field::EventAction) || members.is_ecs_audit() || members.carries_line() {
            return false;
        }
        members.text(Field::Type).as_deref() == Some(b"audit") || layer(members).is_some()
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let event = audit_event(members, context)?;
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

/// Builds the normal form from members under their native names.
///
/// # Errors
/// Without `event.action` or without a usable time.
pub fn audit_event<'a>(members: &Members<'a>, context: &Context) -> Result<AuditEvent<'a>, DecodeError> {
    let action = members.text(Field::EventAction).ok_or(DecodeError::at(0, "an audit event without an action"))?;
    let stamp = members
        .text_or_number(Field::Timestamp)
        .or_else(|| members.text_or_number(Field::AtTimestamp))
        .and_then(|text| time::parse(&text, context.assume_tz))
        .ok_or_else(|| no_time(members))?;
    let layer = layer(members).or_else(|| members.text(Field::EventType));
    if is_damaged(&action) {
        return Err(DAMAGED_ACTION);
    }
    let action = Action::from_name(action, layer.as_deref());
    let mut event = normal_form(members, stamp, action, layer);
    event.zone_offset = stamp.offset;
    Ok(event)
}

/// The layer, under the name that the node gives it or what pipelines without dots in names make of that.
fn layer<'a>(members: &Members<'a>) -> Option<LogText<'a>> {
    [Field::EventType, Field::LegacyAction, Field::Layer]
        .into_iter()
        .find_map(|field| members.text(field).filter(|layer| LAYERS.contains(&layer.as_ref())))
}

/// What every audit shape says of an event whose action is a documented one but for a letter or two.
pub const DAMAGED_ACTION: DecodeError =
    DecodeError { message: "an audit event whose event.action is damaged", offset: 0 };

/// What every audit shape says of an event whose time is missing or no time.
pub const NO_TIME: DecodeError = DecodeError { message: "an audit event without a usable time", offset: 0 };

/// The same, where the time can be read in two ways.
const AMBIGUOUS_TIME: DecodeError = DecodeError {
    message: "an audit event whose time may be one of two, for nothing tells its day from its month: export times as \
              2026-03-01T12:01:56Z",
    offset: 0,
};

/// Which of the two is said of members without a time.
#[must_use]
pub fn no_time(members: &Members<'_>) -> DecodeError {
    let times = [Field::Timestamp, Field::AtTimestamp].map(|field| members.text_or_number(field));
    let is_ambiguous = times.into_iter().flatten().any(|text| time::is_ambiguous(&text));
    if is_ambiguous { AMBIGUOUS_TIME } else { NO_TIME }
}

macro_rules! text_of {
    ($members:ident, $key:ident, filled) => {
        non_empty($members.text(Field::$key))
    };
    ($members:ident, $key:ident, $how:ident) => {
        $members.text(Field::$key)
    };
}

macro_rules! normal_form {
    (
        texts { $($(#[$doc:meta])* $name:ident: $key:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($keys:tt)* }
        passed { $($passed:tt)* }
    ) => {
        /// The normal form, from the members whose names all shapes share.
        #[must_use]
        pub fn normal_form<'a>(
            members: &Members<'a>,
            stamp: Stamp,
            action: Action<'a>,
            layer: Option<LogText<'a>>,
        ) -> AuditEvent<'a> {
            let mut event = AuditEvent::new(stamp.time, action);
            event.zone_assumed = stamp.zone_assumed;
            event.layer = layer;
            $(event.$name = text_of!(members, $key, $how);)*
            event.indices = members.indices();
            event.index_names = members.index_names();
            event.change = members.change();
            event.oddity = members.oddity();
            event
        }
    };
}

audit_members!(normal_form);

/// Ids and addresses that are empty are absent.
#[must_use]
pub fn non_empty(text: Option<LogText<'_>>) -> Option<LogText<'_>> {
    text.filter(|text| !text.is_empty())
}

/// The path of a request target.
#[must_use]
pub fn without_query(url: LogText<'_>) -> LogText<'_> {
    let Some(end) = memchr::memchr(b'?', &url) else { return url };
    match url {
        LogText::Borrowed(url) => LogText::Borrowed(&url[..end]),
        LogText::Owned(mut url) => {
            url.truncate(end);
            LogText::Owned(url)
        }
    }
}

/// An `origin.address` without its port: `10.1.2.3:51504`, `[::1]:51504`, and both without a port (`connection_*` before
/// 8.3). One colon separates a port, several belong to IPv6.
#[must_use]
pub fn without_port(origin: &[u8]) -> &[u8] {
    if let [b'[', rest @ ..] = origin {
        return memchr::memchr(b']', rest).map_or(rest, |end| &rest[..end]);
    }
    let digits = origin.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    match origin.split_at(origin.len() - digits) {
        ([host @ .., b':'], [_, ..]) if digits <= 5 && !host.contains(&b':') => host,
        _ => origin,
    }
}

/// The client address of an `origin.address`: [`without_port`], and IPv6 in its canonical form, so that all shapes agree.
/// Anything else is kept.
#[must_use]
pub fn client_address(origin: &[u8]) -> LogText<'_> {
    let without_port = without_port(origin);
    if memchr::memchr(b':', without_port).is_none() {
        return Cow::Borrowed(without_port);
    }
    match std::str::from_utf8(without_port).ok().and_then(|text| text.parse::<std::net::Ipv6Addr>().ok()) {
        Some(address) => {
            let canonical = address.to_string().into_bytes();
            if canonical == without_port { Cow::Borrowed(without_port) } else { Cow::Owned(canonical) }
        }
        None => Cow::Borrowed(without_port),
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode_line;
    use super::*;
    use crate::time::Zone;

    #[test]
    fn addresses_lose_their_port() {
        for (origin, address) in [
            ("10.1.2.3:51504", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("[::1]:51504", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("[0:0:0:0:0:0:0:1]:9300", "::1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("es-1.example:9300", "es-1.example"),
            ("weird:text", "weird:text"),
        ] {
            assert_eq!(client_address(origin.as_bytes()).as_ref(), address.as_bytes(), "{origin}");
        }
    }

    fn decode(line: &str) -> AuditEventOwned {
        let mut found = Vec::new();
        decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |format, record| {
            if let Record::Audit(event) = record {
                found.push((
                    format,
                    event.time.rfc3339(),
                    String::from_utf8_lossy(event.action.name()).into_owned(),
                    event.user.map(|user| String::from_utf8_lossy(&user).into_owned()),
                    event.zone_assumed,
                ));
            }
        })
        .unwrap();
        found.remove(0)
    }
    type AuditEventOwned = (&'static str, String, String, Option<String>, bool);

    #[test]
    fn native_lines_of_several_releases() {
        let old = r#"{"@timestamp":"2018-10-31T09:34:25,109", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"elastic"}"#;
        assert_eq!(
            decode(old),
            ("native", "2018-10-31T09:34:25.109Z".into(), "authentication_failed".into(), Some("elastic".into()), true)
        );
        let docker =
            r#"{"type": "audit", "timestamp":"2019-06-11T15:03:32,102+0200", "event.action":"tampered_request"}"#;
        assert_eq!(
            decode(docker),
            ("native", "2019-06-11T13:03:32.102Z".into(), "tampered_request".into(), None, false)
        );
    }

    #[test]
    fn an_event_without_a_time_is_an_error() {
        let line = br#"{"type":"audit","event.action":"authentication_failed"}"#;
        let error = decode_line(line, &Context::new(Zone::UTC), &mut |_, _| panic!("no record")).unwrap_err();
        assert_eq!(error.message, "an audit event without a usable time");
    }
}
