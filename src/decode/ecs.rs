//! Audit events as Filebeat and Elastic Agent index them (audit-format 4): ECS names, nested or dotted, the native
//! members below `elasticsearch.audit`, and mostly the raw line in `message` or `event.original`.
//!
//! The document is asked first and the raw line for what the document lacks, so that an event gives the same identity
//! here as in the native file: node, time, action, request id, principal, realm and origin with its port.

use super::actions::{is_damaged, is_documented};
use super::members::{Field, Members};
use super::native::{self, LAYERS, normal_form, without_query};
use super::{Context, JsonShape, Sink, audit_text, legacy};
use crate::error::DecodeError;
use crate::event::{Action, AuditEvent, Change, LogText, Record, is_invalidation};
use crate::time::{self, Stamp};

/// The document of an ingest pipeline for the audit log, also in an export without `_source`.
pub struct Ecs;

impl JsonShape for Ecs {
    fn name(&self) -> &'static str {
        "ecs"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        let action = members.text(Field::EventAction);
        if action.is_none() && !members.has(Field::LegacyAction) {
            return false;
        }
        let of_elasticsearch = match members.text(Field::EventDataset) {
            Some(dataset) => {
                let dataset: &[u8] = &dataset;
                if dataset.starts_with(b"elasticsearch") && dataset != b"elasticsearch.audit" {
                    return false;
                }
                dataset == b"elasticsearch.audit"
            }
            // An export of a few columns: only an action that nothing else writes tells.
            None => action.is_some_and(|action| is_documented(&action)),
        };
        of_elasticsearch || members.is_ecs_audit()
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let raw = raw_line(members);
        let raw = raw.as_deref().map(<[u8]>::trim_ascii).unwrap_or_default();
        let original = original_event(raw, context);
        let event = event(members, original, context)?;
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

/// The raw line that the document was made from, where it was kept.
fn raw_line<'a>(members: &Members<'a>) -> Option<LogText<'a>> {
    let is_line = |text: &LogText<'_>| matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    let fields = [Field::EventOriginal, Field::RawLine, Field::Message];
    fields.into_iter().find_map(|field| members.text(field).filter(is_line))
}

/// The event of the raw line, if that is an audit line in a form of its own.
fn original_event<'r>(raw: &'r [u8], context: &Context) -> Option<AuditEvent<'r>> {
    if raw.first() == Some(&b'{') {
        // In place: the table is large.
        let mut members = Members::empty();
        members.fill(raw).ok()?;
        return if native::Native.claims(&members) { native::audit_event(&members, context).ok() } else { None };
    }
    audit_text::event(raw, context)
}

fn event<'a>(
    members: &Members<'a>,
    original: Option<AuditEvent<'a>>,
    context: &Context,
) -> Result<AuditEvent<'a>, DecodeError> {
    let name = members.text(Field::EventAction);
    let is_legacy = name.is_none();
    let name = name.or_else(|| members.text(Field::LegacyAction));
    let name = name.ok_or(DecodeError::at(0, "an audit event without an action"))?;
    if is_damaged(&name) {
        return Err(native::DAMAGED_ACTION);
    }
    let stamp = stamp(members, original.as_ref(), context).ok_or_else(|| native::no_time(members))?;
    // `event.type` holds the ECS category here, or the layer where nothing mapped it.
    let layer = members
        .text(Field::Layer)
        .or_else(|| members.text(Field::EventType).filter(|layer| LAYERS.contains(&layer.as_ref())))
        .or_else(|| original.as_ref().and_then(|original| original.layer.clone()));
    let action = Action::from_name(name, layer.as_deref());
    let mut event = normal_form(members, stamp, action, layer);
    event.zone_offset = original.as_ref().and_then(|original| original.zone_offset);
    event.user = event.user.take().or_else(|| members.text(Field::Principal));
    event.request_id = event.request_id.take().or_else(|| native::non_empty(members.text(Field::HttpRequestId)));
    if let Action::SecurityChange(name) = &event.action {
        let name = name.clone();
        separate_actor(&mut event, &name, original.as_ref(), members.text(Field::UserTargetName));
    }
    if is_legacy {
        legacy::adjust(&mut event);
    }
    event.origin = origin(members, original.as_ref());
    if let Some(original) = original {
        fill(&mut event, original);
    }
    event.url_path = event.url_path.take().or_else(|| members.text(Field::UrlOriginal).map(without_query));
    Ok(event)
}

/// `@timestamp`, unless the raw line names its instant exactly: a pipeline without the zone of the node writes a wrong one.
fn stamp(members: &Members<'_>, original: Option<&AuditEvent<'_>>, context: &Context) -> Option<Stamp> {
    let of_line =
        original.map(|event| Stamp { time: event.time, zone_assumed: event.zone_assumed, offset: event.zone_offset });
    if let Some(stamp) = of_line.filter(|stamp| !stamp.zone_assumed) {
        return Some(stamp);
    }
    [Field::AtTimestamp, Field::Timestamp]
        .into_iter()
        .find_map(|field| members.text_or_number(field).and_then(|text| time::parse(&text, context.assume_tz)))
        .or(of_line)
}

/// On a security change, pipelines put the user that was changed, or the filter of an invalidation, into `user.name`
/// where the event names no actor, and some take it out of its place. Only the raw line, or an authentication type, says
/// that the user is the actor.
fn separate_actor<'a>(
    event: &mut AuditEvent<'a>,
    action: &[u8],
    original: Option<&AuditEvent<'a>>,
    target: Option<LogText<'a>>,
) {
    let (user, realm) = match original {
        Some(original) => {
            let (user, realm) = (event.user.take(), event.user_realm.take());
            event.user.clone_from(&original.user);
            event.user_realm.clone_from(&original.user_realm);
            if original.change.is_some() {
                event.change.clone_from(&original.change);
                return;
            }
            if user == original.user { (None, None) } else { (user, realm) }
        }
        None if event.authentication_type.is_some() => (None, None),
        None => (event.user.take(), event.user_realm.take()),
    };
    let target = target.or_else(|| user.clone());
    if target.is_none() {
        return;
    }
    let change = event.change.get_or_insert_with(|| Box::new(Change::default()));
    if is_invalidation(action) {
        if user.is_some() && change.owner.is_none() {
            change.owner = user;
            change.owner_realm = change.owner_realm.take().or(realm);
        }
    } else if change.name.is_none() && (action == b"change_password" || action.ends_with(b"_user")) {
        change.name = target;
    }
}

/// The client with its port, as the native line writes it.
fn origin<'a>(members: &Members<'a>, original: Option<&AuditEvent<'a>>) -> Option<LogText<'a>> {
    let written = members.text(Field::SourceAddress).or_else(|| members.text(Field::OriginAddress));
    let written = native::non_empty(written);
    if let Some(address) = written.as_ref().filter(|address| has_port(address)) {
        return Some(address.clone());
    }
    if let Some(origin) = original.and_then(|event| event.origin.clone()) {
        return Some(origin);
    }
    let address = native::non_empty(members.text(Field::SourceIp)).or(written)?;
    // Kibana's exports write numbers with separators.
    let port: Vec<u8> = members
        .text_or_number(Field::SourcePort)
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    if port.is_empty() {
        return Some(address);
    }
    let is_v6 = memchr::memchr(b':', &address).is_some() && address.first() != Some(&b'[');
    let with_port =
        if is_v6 { [b"[", &address[..], b"]:", &port].concat() } else { [&address[..], b":", &port].concat() };
    Some(with_port.into())
}

fn has_port(address: &[u8]) -> bool {
    match address {
        [b'[', rest @ ..] => memchr::memmem::find(rest, b"]:").is_some(),
        _ => memchr::memchr_iter(b':', address).count() == 1,
    }
}

/// What the document lacks and the raw line has. The user of a change is decided already.
fn fill<'a>(event: &mut AuditEvent<'a>, mut original: AuditEvent<'a>) {
    if matches!(event.action, Action::SecurityChange(_)) {
        (original.user, original.user_realm) = (None, None);
    }
    event.fill_texts(&mut original);
    event.indices = event.indices.take().or(original.indices);
    event.change = event.change.take().or(original.change);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{audit, brief, decode};

    const RAW: &str = r#"{"type":"audit", "timestamp":"2026-03-01T13:34:56,789+0100", "cluster.uuid":"c", "node.id":"n1", "event.type":"rest", "event.action":"authentication_failed", "user.name":"bob", "origin.type":"rest", "origin.address":"[::1]:51504", "url.path":"/_search", "url.query":"q=1", "request.method":"GET", "request.id":"r1", "trace.id":"t1", "x_forwarded_for":"1.2.3.4"}"#;
    const BRIEF: &str = "2026-03-01T12:34:56.789Z authentication_failed n1 bob - [::1]:51504 r1";

    fn document() -> Value {
        json!({
            "@timestamp":"2026-03-01T12:34:56.789Z",
            "event":{"action":"authentication_failed","category":["database"],"type":"access","outcome":"success"},
            "elasticsearch":{"audit":{"layer":"rest","request":{"id":"r1"},"origin.type":"rest","user":{}},
                "cluster":{"uuid":"c"},"node":{"id":"n1"}},
            "user":{"name":"bob"}, "source":{"ip":"::1","port":51504,"address":"[::1]:51504"},
            "http":{"request":{"id":"r1","method":"GET"}}, "url":{"original":"/_search?q=1"}, "trace":{"id":"t1"},
            "log":{"level":"info"}, "message":RAW
        })
    }

    #[test]
    fn an_event_is_the_same_in_every_shape() {
        assert_eq!(brief(&audit(RAW).1), BRIEF);
        let whole = document();
        let mut bare = document();
        bare.as_object_mut().unwrap().remove("message");
        let mut original = bare.clone();
        original["event"]["original"] = json!(RAW);
        // Columns that were left out are in the raw line; an address without its port is too.
        let narrow = json!({"@timestamp":"2026-03-01T12:34:56.789Z","event.action":"authentication_failed",
            "source.ip":"::1","elasticsearch.audit.layer":"rest","message":RAW});
        let ported = json!({"@timestamp":"2026-03-01T12:34:56.789Z","event.action":"authentication_failed",
            "user.name":"bob","source.ip":"::1","source.port":"51,504","url.original":"/_search?q=1",
            "elasticsearch.audit.layer":"rest","elasticsearch.node.id":"n1","http.request.id":"r1","trace.id":"t1",
            "elasticsearch.cluster.uuid":"c"});
        for document in [&whole, &bare, &original, &narrow, &ported] {
            let (format, event) = audit(&document.to_string());
            assert_eq!((format, brief(&event).as_str()), ("ecs", BRIEF), "{document}");
            assert_eq!(event.url_path.as_deref(), Some(&b"/_search"[..]), "{document}");
            assert_eq!(event.trace_id.as_deref(), Some(&b"t1"[..]), "{document}");
            assert_eq!(event.layer.as_deref(), Some(&b"rest"[..]), "{document}");
            assert_eq!(event.cluster_uuid.as_deref(), Some(&b"c"[..]), "{document}");
            // The same out of an index.
            let (format, event) = audit(&json!({"_index":"i","_id":"1","_source":document}).to_string());
            assert_eq!((format, brief(&event).as_str()), ("elasticdump", BRIEF), "{document}");
        }
        assert_eq!(audit(&whole.to_string()).1.forwarded_for.as_deref(), Some(&b"1.2.3.4"[..]));
        // The pipeline did not know the zone of the node.
        let mut shifted = document();
        shifted["@timestamp"] = json!("2026-03-01T13:34:56.789Z");
        assert_eq!(brief(&audit(&shifted.to_string()).1), BRIEF);
        let line = RAW.replace("+0100", "");
        shifted["@timestamp"] = json!("2026-03-01T12:34:56.789Z");
        shifted["message"] = json!(line);
        assert_eq!(brief(&audit(&shifted.to_string()).1), BRIEF);
        assert!(!audit(&shifted.to_string()).1.zone_assumed);
    }

    fn change(action: &str, audit: Value, user: Value, raw: Option<&str>) -> Value {
        let mut document = json!({"@timestamp":"2026-03-01T12:34:56.789Z","event":{"action":action,"outcome":"failure"},
            "elasticsearch":{"audit":audit,"node":{"id":"n1"}},"user":user,"message":raw});
        document["elasticsearch"]["audit"]["layer"] = json!("security_config_change");
        document["elasticsearch"]["audit"]["request"] = json!({"id":"r1"});
        document
    }

    #[test]
    fn the_user_of_a_change_is_its_target_unless_shown_to_be_the_actor() {
        let name = |text: &Option<crate::event::LogText<'_>>| {
            text.as_ref().map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
        };
        // The pipelines move the filter of an invalidation into the user.
        let event = audit(
            &change(
                "invalidate_apikeys",
                json!({"invalidate":{"apikeys":{"owned_by_authenticated_user":false,"user":{}}},
                "user":{"realm":"native1"}}),
                json!({"name":"owner"}),
                None,
            )
            .to_string(),
        )
        .1;
        let body = event.change.unwrap();
        assert_eq!((event.user, event.user_realm), (None, None));
        assert_eq!((name(&body.owner), name(&body.owner_realm)), ("owner".into(), "native1".into()));
        assert_eq!(body.owned_by_authenticated_user, Some(false));
        // And the user that was put; the body is gone.
        let event = audit(&change("put_user", json!({}), json!({"name":"target"}), None).to_string()).1;
        assert_eq!((event.user, name(&event.change.unwrap().name)), (None, "target".into()));
        // An authentication type is only written with an actor.
        let put = change(
            "put_user",
            json!({"authentication.type":"REALM","put":{"user":{"name":"target"}}}),
            json!({"name":"actor","target":{"name":"target"}}),
            None,
        );
        let event = audit(&put.to_string()).1;
        assert_eq!((name(&event.user), name(&event.change.unwrap().name)), ("actor".into(), "target".into()));
        // The raw line knows.
        let raw = r#"{"type":"audit","timestamp":"2026-03-01T12:34:56,789+0000","node.id":"n1","event.type":"security_config_change","event.action":"put_role","user.name":"actor","user.realm":"r","request.id":"r1","put":{"role":{"name":"role"}}}"#;
        let event = audit(&change("put_role", json!({}), json!({"name":"other"}), Some(raw)).to_string()).1;
        assert_eq!((name(&event.user), name(&event.user_realm)), ("actor".into(), "r".into()));
        assert_eq!(name(&event.change.unwrap().name), "role");
        let raw = raw.replace(r#""user.name":"actor","user.realm":"r","#, "");
        let event = audit(&change("put_role", json!({}), json!({"name":"other"}), Some(&raw)).to_string()).1;
        assert_eq!((event.user, name(&event.change.unwrap().name)), (None, "role".into()));
    }

    #[test]
    fn documents_of_other_products_are_not_claimed() {
        for document in [
            json!({"@timestamp":"2026-03-01T12:34:56.789Z","event":{"action":"authentication_failed","dataset":"system.auth"}}),
            json!({"@timestamp":"2026-03-01T12:34:56.789Z","event":{"action":"user_login"}}),
            json!({"@timestamp":"2026-03-01T12:34:56.789Z","event":{"action":"x","dataset":"elasticsearch.deprecation"},
                "elasticsearch":{"audit":{"layer":"rest"}}}),
            json!({"index":{"_index":"i","_id":"1"}}),
            json!({"create":{}}),
        ] {
            assert_eq!(decode(&document.to_string()), [("unknown", "other".to_owned())], "{document}");
        }
    }
}
