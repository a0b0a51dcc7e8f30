//! What the unit tests of the decoders share.

use super::{Context, decode_line};
use crate::error::DecodeError;
use crate::event::{AuditEvent, Change, LogText, Record, ServerEvent};
use crate::time::Zone;

/// Format and kind of each record.
pub(crate) fn try_decode(line: &str) -> Result<Vec<(&'static str, String)>, DecodeError> {
    let mut seen = Vec::new();
    decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |format, record| {
        let kind = match record {
            Record::Audit(event) => brief(&event),
            Record::Server(_) => "server".to_owned(),
            Record::OfProduct(product) => product.name().to_owned(),
            Record::Other => "other".to_owned(),
            Record::Quoted => "quoted".to_owned(),
            Record::Dump(facts) => facts.kind().to_owned(),
            Record::Damaged => "damaged".to_owned(),
        };
        seen.push((format, kind));
    })?;
    Ok(seen)
}

pub(crate) fn decode(line: &str) -> Vec<(&'static str, String)> {
    try_decode(line).unwrap()
}

fn own(text: &mut Option<LogText<'_>>) -> Option<LogText<'static>> {
    text.take().map(|text| LogText::Owned(text.into_owned()))
}

/// The one audit event of a line.
pub(crate) fn audit(line: &str) -> (&'static str, AuditEvent<'static>) {
    let mut found = None;
    decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |format, record| {
        let Record::Audit(mut event) = record else { panic!("no audit event: {line}") };
        let action =
            crate::event::Action::from_name(LogText::Owned(event.action.name().to_vec()), event.layer.as_deref());
        let mut owned = AuditEvent::new(event.time, action);
        owned.zone_assumed = event.zone_assumed;
        macro_rules! own {
            ($($member:ident),*) => { $(owned.$member = own(&mut event.$member);)* };
        }
        own!(layer, cluster_uuid, node_id, node_name, authentication_type, user, user_realm, run_by, run_as, apikey_id);
        own!(
            origin_type,
            apikey_name,
            token_name,
            realm,
            origin,
            forwarded_for,
            url_path,
            request_id,
            trace_id,
            es_action
        );
        owned.change = event.change.map(|mut change| {
            let ids = change.ids.iter().map(|id| LogText::Owned(id.to_vec())).collect();
            let mut copy = Change { ids, ..Change::default() };
            macro_rules! own {
                ($($member:ident),*) => { $(copy.$member = own(&mut change.$member);)* };
            }
            own!(name, detail, namespace, service, owner, owner_realm, expiration);
            copy.owned_by_authenticated_user = change.owned_by_authenticated_user;
            Box::new(copy)
        });
        assert!(found.is_none(), "several records: {line}");
        found = Some((format, owned));
    })
    .unwrap();
    found.unwrap()
}

/// The one server line of a line.
pub(crate) fn server(line: &str) -> (&'static str, ServerEvent<'static>) {
    let mut found = None;
    decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |format, record| {
        let Record::Server(mut event) = record else { panic!("no server line: {line}") };
        found = Some((
            format,
            ServerEvent {
                time: event.time,
                zone_assumed: event.zone_assumed,
                node_id: own(&mut event.node_id),
                node_name: own(&mut event.node_name),
                cluster_uuid: own(&mut event.cluster_uuid),
                level: own(&mut event.level),
                logger: own(&mut event.logger),
                message: LogText::Owned(event.message.to_vec()),
                trace_id: own(&mut event.trace_id),
                error: event
                    .error
                    .take()
                    .map(|(class, message)| (LogText::Owned(class.into_owned()), LogText::Owned(message.into_owned()))),
            },
        ));
    })
    .unwrap();
    found.unwrap()
}

/// What tells one event from another: time, action, node, principal, realm, origin, request id.
pub(crate) fn brief(event: &AuditEvent<'_>) -> String {
    let text = |text: &Option<LogText<'_>>| {
        text.as_ref().map_or("-".to_owned(), |text| String::from_utf8_lossy(text).into_owned())
    };
    let node = event.node_id.clone().or_else(|| event.node_name.clone());
    format!(
        "{} {} {} {} {} {} {}",
        event.time.rfc3339(),
        String::from_utf8_lossy(event.action.name()),
        text(&node),
        text(&event.user),
        text(&event.realm),
        text(&event.origin),
        text(&event.request_id)
    )
}
