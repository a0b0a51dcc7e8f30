//! Audit records of OpenSearch Security, Open Distro and Search Guard: `audit_category`, `audit_request_…`.
//!
//! They have neither request ids nor realm chains, and clients without a port; categories without a counterpart keep
//! their name.

use super::members::{Field, Members};
use super::native::{self, normal_form};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::{Action, LogText, Record};
use crate::time;

/// One record of any of the three.
pub struct OpenSearch;

/// The user of a failed login without credentials.
const NO_USER: &[u8] = b"<NONE>";

impl JsonShape for OpenSearch {
    fn name(&self) -> &'static str {
        "opensearch"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.has(Field::AuditCategory)
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let category =
            members.text(Field::AuditCategory).ok_or(DecodeError::at(0, "an audit record of no category"))?;
        let stamp = [Field::AtTimestamp, Field::AuditUtcTimestamp]
            .into_iter()
            .find_map(|field| members.text_or_number(field).and_then(|text| time::parse(&text, context.assume_tz)))
            .ok_or_else(|| native::no_time(members))?;
        let user = members.text(Field::AuditEffectiveUser).filter(|user| user.as_ref() != NO_USER);
        let action = match category.as_ref() {
            b"FAILED_LOGIN" if user.is_none() => Action::AnonymousAccessDenied,
            b"FAILED_LOGIN" => Action::AuthenticationFailed,
            b"AUTHENTICATED" => Action::AuthenticationSuccess,
            b"GRANTED_PRIVILEGES" => Action::AccessGranted,
            b"MISSING_PRIVILEGES" => Action::AccessDenied,
            _ => Action::Other(category),
        };
        let layer = members.text(Field::AuditLayer).map(|layer| LogText::Owned(layer.to_ascii_lowercase()));
        let mut event = normal_form(members, stamp, action, layer);
        event.of_opensearch = true;
        event.user = user;
        event.user_realm = members.text(Field::AuditAuthDomain);
        if event.action == Action::AuthenticationSuccess {
            event.realm.clone_from(&event.user_realm);
        }
        event.run_by = members.text(Field::AuditInitiatingUser).filter(|by| Some(by) != event.user.as_ref());
        event.node_id = native::non_empty(members.text(Field::AuditNodeId));
        event.node_name = native::non_empty(members.text(Field::AuditNodeName));
        event.origin = native::non_empty(members.text(Field::AuditRemoteAddress));
        event.url_path = members.text(Field::AuditRestPath);
        event.es_action = members.text(Field::AuditPrivilege);
        event.forwarded_for = members.text(Field::AuditForwardedFor);
        sink(self.name(), Record::Audit(event));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief};

    #[test]
    fn categories_become_actions() {
        let record = |category: &str, user: &str| {
            serde_json::json!({"audit_cluster_name":"c", "audit_node_id":"n1", "audit_node_name":"es-1",
                "@timestamp":"2024-01-29T20:23:43.756+00:00", "audit_category":category, "audit_request_layer":"REST",
                "audit_request_effective_user":user, "audit_request_remote_address":"10.0.0.9",
                "audit_rest_request_path":"/_search", "audit_rest_request_headers":{"X-Forwarded-For":["1.2.3.4"]},
                "audit_format_version":4})
            .to_string()
        };
        for (category, user, action) in [
            ("FAILED_LOGIN", "bob", "authentication_failed"),
            ("FAILED_LOGIN", "<NONE>", "anonymous_access_denied"),
            ("AUTHENTICATED", "bob", "authentication_success"),
            ("GRANTED_PRIVILEGES", "bob", "access_granted"),
            ("MISSING_PRIVILEGES", "bob", "access_denied"),
            ("SSL_EXCEPTION", "bob", "SSL_EXCEPTION"),
        ] {
            let (format, event) = audit(&record(category, user));
            assert_eq!(format, "opensearch");
            let user = if user == "<NONE>" { "-" } else { user };
            assert_eq!(brief(&event), format!("2024-01-29T20:23:43.756Z {action} n1 {user} - 10.0.0.9 -"));
            assert_eq!(event.url_path.as_deref(), Some(&b"/_search"[..]));
            assert_eq!(event.forwarded_for.as_deref(), Some(&b"1.2.3.4"[..]));
        }
    }
}
