//! What an attempt was made with, as far as its record and the reason that was found for it say.

use serde::{Deserialize, Serialize};

/// What was sent; the names are those of the report's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// Nothing, as far as the record says: `anonymous_access_denied` is also what a refused API key or bearer token leaves
    /// behind (audit-format 1.4), and is told as one only where something shows it.
    None,
    /// A name and a password.
    Password,
    /// A bearer token, a SAML, Kerberos, JWT or OpenID Connect login.
    Token,
    /// An API key.
    ApiKey,
    /// A token of a service account.
    ServiceToken,
    /// A client certificate.
    Certificate,
    /// Something that was refused without a name, or could not be read.
    Unknown,
}

impl Credential {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Token => "token",
            Self::ApiKey => "api_key",
            Self::ServiceToken => "service_token",
            Self::Certificate => "certificate",
            Self::Unknown => "unknown",
        }
    }

    /// What the principal of an `authentication_failed` shows: placeholders of realms, the four parts of a JWT's principal
    /// and distinguished names (audit-format 2) are not what people type.
    #[must_use]
    pub fn of_principal(principal: &[u8]) -> Self {
        let is_name = |attribute: &[u8]| {
            let names: [&[u8]; 6] = [b"CN", b"OU", b"O", b"DC", b"UID", b"EMAILADDRESS"];
            names.iter().any(|name| attribute.eq_ignore_ascii_case(name))
        };
        let start = memchr::memchr(b'=', principal).map(|end| &principal[..end]);
        if principal == b"<unauthenticated cloud api key>" {
            Self::ApiKey
        } else if principal.starts_with(b"<") || memchr::memchr_iter(b'/', principal).nth(2).is_some() {
            Self::Token
        } else if start.is_some_and(is_name) {
            Self::Certificate
        } else {
            Self::Password
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_show_what_was_sent() {
        for (principal, credential) in [
            ("alice", "password"),
            ("alice=bob", "password"),
            ("domain/alice", "password"),
            ("", "password"),
            ("CN=client, OU=ops", "certificate"),
            ("emailAddress=a@b, CN=c", "certificate"),
            ("<Kerberos Token>", "token"),
            ("<unauthenticated-saml-user>", "token"),
            ("<unrecognized-jwt> by issuer", "token"),
            ("https://issuer/audience/subject/alice", "token"),
            ("<unauthenticated cloud api key>", "api_key"),
        ] {
            assert_eq!(Credential::of_principal(principal.as_bytes()).name(), credential, "{principal}");
        }
    }
}
