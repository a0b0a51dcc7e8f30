//! What happens in the modelled cluster, before any form of writing it down.

use crate::text::{Micros, RequestId, Text};

/// The kinds of audit event, by their `event.action`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    AccessGranted,
    AccessDenied,
    AnonymousAccessDenied,
    AuthenticationFailed,
    AuthenticationSuccess,
    RealmAuthenticationFailed,
    ConnectionDenied,
    TamperedRequest,
    RunAsGranted,
    /// A `security_config_change` of this action (`create_apikey`, `put_user`, …).
    Change(Text),
}

impl Action {
    /// The value of `event.action`.
    pub(crate) fn name(self) -> Text {
        match self {
            Self::AccessGranted => "access_granted",
            Self::AccessDenied => "access_denied",
            Self::AnonymousAccessDenied => "anonymous_access_denied",
            Self::AuthenticationFailed => "authentication_failed",
            Self::AuthenticationSuccess => "authentication_success",
            Self::RealmAuthenticationFailed => "realm_authentication_failed",
            Self::ConnectionDenied => "connection_denied",
            Self::TamperedRequest => "tampered_request",
            Self::RunAsGranted => "run_as_granted",
            Self::Change(name) => name,
        }
    }

    /// The value of `event.type`: the layer that saw it.
    pub(crate) fn layer(self) -> Text {
        match self {
            Self::AccessGranted | Self::AccessDenied | Self::RunAsGranted => "transport",
            Self::ConnectionDenied => "ip_filter",
            Self::Change(_) => "security_config_change",
            _ => "rest",
        }
    }
}

/// The true cause of a failed attempt, named as in the report's contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Reason {
    BadPassword,
    UnknownUser,
    UserDisabled,
    MissingCredentials,
    MalformedCredentials,
    ApiKeyInvalidated,
    ApiKeyExpired,
    ApiKeyNotFound,
    ApiKeyBadSecret,
    ApiKeyWrongType,
    TokenExpired,
    ServiceTokenInvalid,
    RealmNotConfigured,
    RealmUnavailable,
    RealmNotLicensed,
    ApiKeyError,
    ServerBusy,
    TokenInvalid,
}

impl Reason {
    /// The contract's name.
    pub(crate) fn name(self) -> Text {
        match self {
            Self::BadPassword => "bad_password",
            Self::UnknownUser => "unknown_user",
            Self::UserDisabled => "user_disabled",
            Self::MissingCredentials => "missing_credentials",
            Self::MalformedCredentials => "malformed_credentials",
            Self::ApiKeyInvalidated => "api_key_invalidated",
            Self::ApiKeyExpired => "api_key_expired",
            Self::ApiKeyNotFound => "api_key_not_found",
            Self::ApiKeyBadSecret => "api_key_bad_secret",
            Self::ApiKeyWrongType => "api_key_wrong_type",
            Self::TokenExpired => "token_expired",
            Self::ServiceTokenInvalid => "service_token_invalid",
            Self::RealmNotConfigured => "realm_not_configured",
            Self::RealmUnavailable => "realm_unavailable",
            Self::RealmNotLicensed => "realm_not_licensed",
            Self::ApiKeyError => "api_key_error",
            Self::ServerBusy => "server_busy",
            Self::TokenInvalid => "token_invalid",
        }
    }
}

/// The realms of the modelled cluster in their configured order; a [`Chain`] holds indexes into this.
pub(crate) const REALMS: [Text; 4] = ["reserved", "default_file", "default_native", "ldap1"];
/// Index of the realm of the built-in users.
pub(crate) const RESERVED: u8 = 0;
/// Index of the file realm.
pub(crate) const FILE: u8 = 1;
/// Index of the native realm.
pub(crate) const NATIVE: u8 = 2;
/// Index of the LDAP realm.
pub(crate) const LDAP: u8 = 3;

/// The realms that were asked in one attempt, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Chain {
    len: u8,
    realms: [u8; 4],
}

impl Chain {
    /// Adds the next realm asked.
    pub(crate) fn push(&mut self, realm: u8) {
        self.realms[usize::from(self.len)] = realm;
        self.len += 1;
    }

    /// The realms, in the order asked.
    pub(crate) fn realms(&self) -> &[u8] {
        &self.realms[..usize::from(self.len)]
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<Text> {
        self.realms().iter().map(|r| REALMS[usize::from(*r)]).collect()
    }
}

/// What only the generator knows about a failed attempt; it rides on the event that ends the attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    /// The realms that were asked, whether or not the node logs them.
    pub(crate) chain: Chain,
    /// Why it failed.
    pub(crate) reason: Reason,
    /// The API key that was presented, as an index into the world's keys.
    pub(crate) key: Option<u32>,
}

/// Who acts in an event: the members that `LoggingAuditTrail.withAuthentication` writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Identity {
    /// `authentication.type`.
    pub(crate) kind: Option<Text>,
    /// `user.name`.
    pub(crate) user: Option<Text>,
    /// `user.run_by.name` and `user.run_by.realm`.
    pub(crate) run_by: Option<(Text, Text)>,
    /// `user.run_as.name` and `user.run_as.realm`.
    pub(crate) run_as: Option<(Text, Text)>,
    /// `user.realm`.
    pub(crate) realm: Option<Text>,
    /// `user.roles`, already a JSON array.
    pub(crate) roles: Option<Text>,
    /// `apikey.id` and `apikey.name`.
    pub(crate) key: Option<(Text, Text)>,
    /// `authentication.token.name` and `authentication.token.type`.
    pub(crate) token: Option<(Text, Text)>,
}

/// The client side of a request: the members taken from the HTTP request itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// `origin.type`.
    pub(crate) kind: Option<Text>,
    /// The address of `origin.address`, without brackets or port.
    pub(crate) source: Option<Text>,
    /// The port of `origin.address`.
    pub(crate) port: u16,
    /// `url.path`.
    pub(crate) path: Option<Text>,
    /// `url.query`.
    pub(crate) query: Option<Text>,
    /// `request.method`.
    pub(crate) method: Option<Text>,
    /// `opaque_id`.
    pub(crate) opaque: Option<Text>,
    /// `trace.id`.
    pub(crate) trace: Option<u128>,
    /// `x_forwarded_for`.
    pub(crate) forwarded: Option<Text>,
}

/// One audit event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// True time; the node's clock error is added when it is written.
    pub(crate) time: Micros,
    pub(crate) action: Action,
    pub(crate) who: Identity,
    pub(crate) origin: Origin,
    pub(crate) request: Option<RequestId>,
    /// `realm`: the realm that said no, or yes.
    pub(crate) asked: Option<Text>,
    /// `action` and `request.name`.
    pub(crate) transport: Option<(Text, Text)>,
    /// `indices`, already a JSON array.
    pub(crate) indices: Option<Text>,
    /// `transport.profile` and `rule` of the IP filter.
    pub(crate) rule: Option<(Text, Text)>,
    /// The verb and body of a security change: `"invalidate"` and `{"apikeys":{…}}`.
    pub(crate) change: Option<(Text, Text)>,
    /// Set on the event that ends a failed attempt.
    pub(crate) failure: Option<Failure>,
    /// The planted incident this belongs to.
    pub(crate) incident: Option<u16>,
}

impl Event {
    /// An event with nothing but its time and kind.
    pub(crate) fn new(time: Micros, action: Action) -> Self {
        Self {
            time,
            action,
            who: Identity::default(),
            origin: Origin::default(),
            request: None,
            asked: None,
            transport: None,
            indices: None,
            rule: None,
            change: None,
            failure: None,
            incident: None,
        }
    }
}

/// One line of a node's server log.
#[derive(Clone, Debug)]
pub(crate) struct ServerLine {
    /// True time.
    pub(crate) time: Micros,
    pub(crate) level: Text,
    /// The logger's full class name.
    pub(crate) logger: Text,
    pub(crate) message: String,
    pub(crate) trace: Option<u128>,
}

/// Anything a node writes.
// Nearly all records are audit events, so boxing them would only cost an allocation each.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Audit(Event),
    Server(ServerLine),
}

impl Record {
    /// True time.
    pub(crate) fn time(&self) -> Micros {
        match self {
            Self::Audit(event) => event.time,
            Self::Server(line) => line.time,
        }
    }
}
