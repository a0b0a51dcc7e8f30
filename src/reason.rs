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
