//! What the fold asks of an audit event, whoever read it.

use crate::event::{Action, AuditEvent, Indices};
use crate::time::Millis;

/// What an event says happened, without its name: [`Action`] in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "see Action")]
pub enum ActionKind {
    AuthenticationFailed,
    RealmAuthenticationFailed,
    AnonymousAccessDenied,
    AuthenticationSuccess,
    AccessGranted,
    AccessDenied,
    RunAsGranted,
    RunAsDenied,
    TamperedRequest,
    Change,
    Other,
}

impl ActionKind {
    /// The names of those that have one name each, in their order.
    pub const NAMED: [&'static str; 9] = [
        "authentication_failed",
        "realm_authentication_failed",
        "anonymous_access_denied",
        "authentication_success",
        "access_granted",
        "access_denied",
        "run_as_granted",
        "run_as_denied",
        "tampered_request",
    ];

    /// What an action is.
    #[must_use]
    pub fn of(action: &Action<'_>) -> Self {
        match action {
            Action::AuthenticationFailed => Self::AuthenticationFailed,
            Action::RealmAuthenticationFailed => Self::RealmAuthenticationFailed,
            Action::AnonymousAccessDenied => Self::AnonymousAccessDenied,
            Action::AuthenticationSuccess => Self::AuthenticationSuccess,
            Action::AccessGranted => Self::AccessGranted,
            Action::AccessDenied => Self::AccessDenied,
            Action::RunAsGranted => Self::RunAsGranted,
            Action::RunAsDenied => Self::RunAsDenied,
            Action::TamperedRequest => Self::TamperedRequest,
            Action::SecurityChange(_) => Self::Change,
            Action::Other(_) => Self::Other,
        }
    }
}

/// Bytes of a line that say who authenticated and from where: equal ones name the same client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientText<'t> {
    /// Which members of the line name the client.
    pub members: u64,
    /// From the first of them to the address, without its port, which changes from one connection to the next.
    pub up_to_address: &'t [u8],
    /// From the address to the last of them.
    pub rest: &'t [u8],
}

/// An audit event, as far as it is folded. The full decoder's [`AuditEvent`] and the prefilter's lines both answer, so
/// that there is one fold and not two.
pub trait AuditFields {
    /// When, UTC milliseconds.
    fn time(&self) -> Millis;
    /// The record gave no zone.
    fn zone_assumed(&self) -> bool;
    /// What happened.
    fn what(&self) -> ActionKind;
    /// `event.action`.
    fn action_name(&self) -> &[u8];
    /// `cluster.uuid`.
    fn cluster_uuid(&self) -> Option<&[u8]>;
    /// `cluster.name`.
    fn cluster_name(&self) -> Option<&[u8]>;
    /// `node.id`.
    fn node_id(&self) -> Option<&[u8]>;
    /// `node.name`.
    fn node_name(&self) -> Option<&[u8]>;
    /// `user.name`.
    fn user(&self) -> Option<&[u8]>;
    /// `user.realm`.
    fn user_realm(&self) -> Option<&[u8]>;
    /// `user.run_by.name`.
    fn run_by(&self) -> Option<&[u8]>;
    /// `user.run_as.name`.
    fn run_as(&self) -> Option<&[u8]>;
    /// `apikey.id`.
    fn apikey_id(&self) -> Option<&[u8]>;
    /// `apikey.name`.
    fn apikey_name(&self) -> Option<&[u8]>;
    /// `authentication.token.name`.
    fn token_name(&self) -> Option<&[u8]>;
    /// `cross_cluster_access.user.name`.
    fn remote_user(&self) -> Option<&[u8]>;
    /// `realm`.
    fn realm(&self) -> Option<&[u8]>;
    /// `origin.type`.
    fn origin_type(&self) -> Option<&[u8]>;
    /// `origin.address`.
    fn origin(&self) -> Option<&[u8]>;
    /// `url.path`.
    fn url_path(&self) -> Option<&[u8]>;
    /// `request.id`.
    fn request_id(&self) -> Option<&[u8]>;
    /// `trace.id`.
    fn trace_id(&self) -> Option<&[u8]>;
    /// `x_forwarded_for`.
    fn forwarded_for(&self) -> Option<&[u8]>;
    /// `action`.
    fn es_action(&self) -> Option<&[u8]>;
    /// `request.name`.
    fn request_name(&self) -> Option<&[u8]>;
    /// `indices`.
    fn indices(&self) -> Option<Indices<'_>>;
    /// Gives every one of them; none where no index matched.
    fn each_index(&self, each: &mut dyn FnMut(&[u8]));
    /// Whether a restricted index may be among them; if not, none is.
    fn may_be_restricted(&self) -> bool;
    /// The whole event, if it is a security change: those are folded from it.
    fn whole(&self) -> Option<&AuditEvent<'_>>;

    /// What names the client, where it is at hand in few pieces.
    fn client_text(&self) -> Option<ClientText<'_>> {
        None
    }

    /// Bytes that name the node in keys.
    fn node_identity(&self) -> Option<&[u8]> {
        self.node_id().or(self.node_name())
    }
}

impl AuditFields for AuditEvent<'_> {
    fn time(&self) -> Millis {
        self.time
    }
    fn zone_assumed(&self) -> bool {
        self.zone_assumed
    }
    fn what(&self) -> ActionKind {
        ActionKind::of(&self.action)
    }
    fn action_name(&self) -> &[u8] {
        self.action.name()
    }
    fn cluster_uuid(&self) -> Option<&[u8]> {
        self.cluster_uuid.as_deref()
    }
    fn cluster_name(&self) -> Option<&[u8]> {
        self.cluster_name.as_deref()
    }
    fn node_id(&self) -> Option<&[u8]> {
        self.node_id.as_deref()
    }
    fn node_name(&self) -> Option<&[u8]> {
        self.node_name.as_deref()
    }
    fn user(&self) -> Option<&[u8]> {
        self.user.as_deref()
    }
    fn user_realm(&self) -> Option<&[u8]> {
        self.user_realm.as_deref()
    }
    fn run_by(&self) -> Option<&[u8]> {
        self.run_by.as_deref()
    }
    fn run_as(&self) -> Option<&[u8]> {
        self.run_as.as_deref()
    }
    fn apikey_id(&self) -> Option<&[u8]> {
        self.apikey_id.as_deref()
    }
    fn apikey_name(&self) -> Option<&[u8]> {
        self.apikey_name.as_deref()
    }
    fn token_name(&self) -> Option<&[u8]> {
        self.token_name.as_deref()
    }
    fn remote_user(&self) -> Option<&[u8]> {
        self.remote_user.as_deref()
    }
    fn realm(&self) -> Option<&[u8]> {
        self.realm.as_deref()
    }
    fn origin_type(&self) -> Option<&[u8]> {
        self.origin_type.as_deref()
    }
    fn origin(&self) -> Option<&[u8]> {
        self.origin.as_deref()
    }
    fn url_path(&self) -> Option<&[u8]> {
        self.url_path.as_deref()
    }
    fn request_id(&self) -> Option<&[u8]> {
        self.request_id.as_deref()
    }
    fn forwarded_for(&self) -> Option<&[u8]> {
        self.forwarded_for.as_deref()
    }
    fn trace_id(&self) -> Option<&[u8]> {
        self.trace_id.as_deref()
    }
    fn es_action(&self) -> Option<&[u8]> {
        self.es_action.as_deref()
    }
    fn request_name(&self) -> Option<&[u8]> {
        self.request_name.as_deref()
    }
    fn indices(&self) -> Option<Indices<'_>> {
        self.indices.clone()
    }
    fn each_index(&self, each: &mut dyn FnMut(&[u8])) {
        self.index_names.iter().for_each(|name| each(name));
    }
    fn may_be_restricted(&self) -> bool {
        self.indices.as_ref().is_some_and(|indices| indices.restricted.is_some())
    }
    fn whole(&self) -> Option<&AuditEvent<'_>> {
        Some(self)
    }
}
