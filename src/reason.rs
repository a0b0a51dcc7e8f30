//! Why an attempt failed, and what that rests on: the words of the report's contract.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why an attempt failed; the names are those of the report's contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// The account exists and the password is wrong.
    BadPassword = "bad_password",
    /// No realm knows the account.
    UnknownUser = "unknown_user",
    /// The account is disabled.
    UserDisabled = "user_disabled",
    /// No credentials were sent.
    MissingCredentials = "missing_credentials",
    /// Credentials could not be read.
    MalformedCredentials = "malformed_credentials",
    /// The API key was invalidated.
    ApiKeyInvalidated = "api_key_invalidated",
    /// The API key has expired.
    ApiKeyExpired = "api_key_expired",
    /// No such API key on this cluster.
    ApiKeyNotFound = "api_key_not_found",
    /// The API key exists and its secret is wrong.
    ApiKeyBadSecret = "api_key_bad_secret",
    /// A cross-cluster key on the REST interface, or the reverse.
    ApiKeyWrongType = "api_key_wrong_type",
    /// The node failed to look the key up.
    ApiKeyError = "api_key_error",
    /// The access token has expired.
    TokenExpired = "token_expired",
    /// The access token is not valid.
    TokenInvalid = "token_invalid",
    /// The service account token is not valid.
    ServiceTokenInvalid = "service_token_invalid",
    /// The realm that knows the account is not configured on the node.
    RealmNotConfigured = "realm_not_configured",
    /// The realm's back end did not answer.
    RealmUnavailable = "realm_unavailable",
    /// The licence does not permit the realm.
    RealmNotLicensed = "realm_not_licensed",
    /// The node was too busy to check.
    ServerBusy = "server_busy",
    /// Nothing tells.
    Unknown = "unknown",
}

/// What a reason rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Basis {
    /// The record itself says so.
    Explicit,
    /// A line of the server log says so.
    ServerLog,
    /// A listing of API keys says so.
    Context,
    /// Other events make it likely.
    Inferred,
    /// Nothing.
    None,
}

impl Basis {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::ServerLog => "server_log",
            Self::Context => "context",
            Self::Inferred => "inferred",
            Self::None => "none",
        }
    }
}

/// What a line of the server log that tells a reason is about: which attempts it may explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// An API key, by id where the line names it.
    ApiKey,
    /// An API key whose attempt ended there, in the name of its id, which the line leaves out.
    TerminatedKey,
    /// What a realm said, and of which principal, where the line names it.
    Realm,
    /// What a realm said at once, beside what is told after all realms were asked: mostly at DEBUG. No attempt need have failed.
    RealmCheck,
    /// A principal.
    Principal,
    /// The password hash of a reserved user, which could not be read: the next attempt of that principal.
    PasswordHash,
    /// A step of a negotiation, after which the client tries again: no failure.
    Negotiation,
    /// A bearer token.
    Token,
    /// A service account token, by principal where the line names it.
    ServiceToken,
    /// Some attempt with credentials.
    Anybody,
    /// Some attempt with credentials that could not be read, so without a principal.
    Unreadable,
    /// Some attempt without credentials that were recognised.
    Anonymous,
    /// An attempt that has ended, without any credentials.
    NoCredentials,
    /// An attempt that has ended, with credentials that were refused.
    OtherCredentials,
}

impl Subject {
    /// The name in exports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey | Self::TerminatedKey => "api_key",
            Self::Realm | Self::RealmCheck => "realm",
            Self::Principal | Self::PasswordHash | Self::Negotiation => "principal",
            Self::Token => "token",
            Self::ServiceToken => "service_token",
            Self::Anybody | Self::Unreadable => "anybody",
            Self::Anonymous | Self::NoCredentials | Self::OtherCredentials => "anonymous",
        }
    }

    /// Whether it is about an API key.
    #[must_use]
    pub fn is_key(self) -> bool {
        matches!(self, Self::ApiKey | Self::TerminatedKey)
    }

    /// Whether a line is of an attempt that was refused and of which no other line tells the same.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        !self.comes_after() && !matches!(self, Self::Negotiation | Self::RealmCheck)
    }

    /// Whether the line comes behind the audit event of its attempt: only what the handler of requests without credentials
    /// writes at DEBUG does (audit-format 1.14).
    #[must_use]
    pub fn comes_after(self) -> bool {
        matches!(self, Self::NoCredentials | Self::OtherCredentials)
    }
}

/// What an exception says that was logged with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The node had no thread for it.
    Rejected,
    /// The API key is of another type than the interface wants.
    WrongType,
    /// The token has expired.
    TokenExpired,
}
