//! Server-log messages that tell why an authentication failed (audit-format 3).
//!
//! The texts are those of `ApiKeyAuthenticator`, `ApiKeyService`, `RealmsAuthenticator`, `AuthenticatorChain`,
//! `TokenService` and `ServiceAccountService`; those of LDAP and Active Directory carry the directory's own result codes.

use memchr::memmem;

use crate::reason::Reason;

/// What the message is about: which attempts it may explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'m> {
    /// An API key, by id where the message names it.
    ApiKey(Option<&'m [u8]>),
    /// One realm that said no, and the principal where the message names it.
    Realm {
        /// The realm.
        realm: &'m [u8],
        /// The principal.
        principal: Option<&'m [u8]>,
    },
    /// An attempt of a principal, whatever the realm.
    Principal(&'m [u8]),
    /// A bearer token.
    Token,
    /// A service account token of this principal (`namespace/service`).
    ServiceToken(&'m [u8]),
    /// Some attempt with credentials; the message does not say whose.
    Anybody,
}

/// A message that tells a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonLine<'m> {
    /// The reason; [`Reason::Unknown`] for an unknown text after a known prefix.
    pub reason: Reason,
    /// Whose attempt it may explain.
    pub about: About<'m>,
}

/// Messages that tell a reason begin with this or hold [`TOKEN`]: others need no closer look.
pub const PREFIX: &[u8] = b"Authentication ";

/// A word of all other messages that tell a reason.
pub const TOKEN: &[u8] = b"token";

/// Reads a message; `None` if it tells no reason.
#[must_use]
pub fn classify(message: &[u8]) -> Option<ReasonLine<'_>> {
    if let Some(rest) = strip(message, b"Authentication using apikey failed - ") {
        return Some(api_key(rest));
    }
    if let Some(rest) = strip(message, b"Authentication to realm ") {
        let (realm, rest) = split(rest, b" failed - ")?;
        return Some(of_realm(realm, rest));
    }
    if let Some(rest) = strip(message, b"Authentication of [") {
        let (principal, rest) = split(rest, b"] was terminated by realm [")?;
        let (realm, rest) = split(rest, b"] - ")?;
        return Some(terminated(principal, realm, rest));
    }
    if message.starts_with(b"Authentication failed using realms [") {
        let licence = has(message, b"not permitted on the current license");
        let reason = if licence { Reason::RealmNotLicensed } else { Reason::Unknown };
        return Some(ReasonLine { reason, about: About::Anybody });
    }
    token(message)
}

fn api_key(rest: &[u8]) -> ReasonLine<'_> {
    let about = |id| About::ApiKey(id);
    let known = |reason, id| ReasonLine { reason, about: about(id) };
    if let Some((id, _)) = strip(rest, b"api key [").and_then(|rest| split(rest, b"] has been invalidated")) {
        return known(Reason::ApiKeyInvalidated, Some(id));
    }
    if rest.starts_with(b"api key is expired") {
        return known(Reason::ApiKeyExpired, None);
    }
    if let Some(id) = strip(rest, b"unable to find apikey with id ") {
        return known(Reason::ApiKeyNotFound, Some(first_word(id)));
    }
    if let Some((id, _)) = strip(rest, b"invalid credentials for API key [").and_then(|rest| split(rest, b"]")) {
        return known(Reason::ApiKeyBadSecret, Some(id));
    }
    if let Some((id, _)) =
        strip(rest, b"apikey authentication for id ").and_then(|rest| split(rest, b" encountered a failure"))
    {
        return known(Reason::ApiKeyError, Some(id));
    }
    if let Some((id, _)) = strip(rest, b"document [").and_then(|rest| split(rest, b"] is [")) {
        return known(Reason::ApiKeyError, Some(id));
    }
    if has(rest, b"document is missing invalidated field") {
        return known(Reason::ApiKeyError, None);
    }
    if let Some((id, tail)) = split(rest, b"but API key [").and_then(|(_, after)| split(after, b"]"))
        && tail.starts_with(b" has type")
    {
        return known(Reason::ApiKeyWrongType, Some(id));
    }
    if has(rest, b"server is too busy to respond") {
        return known(Reason::ServerBusy, None);
    }
    known(Reason::Unknown, None)
}

fn of_realm<'m>(realm: &'m [u8], rest: &'m [u8]) -> ReasonLine<'m> {
    let principal = strip(rest, b"Password authentication failed for ")
        .map(|name| split(name, b" (Caused by").map_or(name, |(name, _)| name))
        .or_else(|| bracketed(rest, b"user ["))
        .or_else(|| bracketed(rest, b"authenticate ["))
        .or_else(|| bracketed(rest, b"principal ["));
    ReasonLine { reason: realm_reason(rest), about: About::Realm { realm, principal } }
}

/// The reason in what a realm says. The directory's codes are those of LDAP (RFC 4511: 49 invalid credentials) and of
/// Active Directory's extended error (`data 52e` wrong password, `525` no such user, `533` disabled, `775` locked,
/// `530`-`532`, `701`, `773` restrictions of the account).
fn realm_reason(text: &[u8]) -> Reason {
    let lower = text.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| memmem::find(&lower, word.as_bytes()).is_some());
    if any(&[
        "is disabled",
        "account disabled",
        "data 533",
        "data 775",
        "data 530",
        "data 531",
        "data 532",
        "data 701",
        "data 773",
        "locked",
    ]) {
        return Reason::UserDisabled;
    }
    if any(&[
        "data 525",
        "user not found",
        "no such user",
        "no such object",
        "unknown user",
        "not found",
        "failed to find user",
        "does not exist",
        "no user",
    ]) {
        return Reason::UnknownUser;
    }
    if any(&["expired"]) && any(&["token", "jwt", "assertion", "certificate", "ticket"]) {
        return Reason::TokenExpired;
    }
    if any(&[
        "connection refused",
        "timed out",
        "timeout",
        "connect to",
        "unreachable",
        "no route",
        "unavailable",
        "unable to connect",
        "attempting to connect",
        "unknownhost",
        "connection reset",
        "server down",
        "no available",
    ]) {
        return Reason::RealmUnavailable;
    }
    if any(&[
        "password authentication failed",
        "invalid credentials",
        "resultcode=49",
        "data 52e",
        "invalid password",
        "wrong password",
        "failed to authenticate user",
        "bind failed",
    ]) {
        return Reason::BadPassword;
    }
    if any(&[
        "jwt",
        "saml",
        "oidc",
        "openid",
        "assertion",
        "signature",
        "token",
        "kerberos",
        "gss",
        "ticket",
        "certificate",
    ]) {
        return Reason::TokenInvalid;
    }
    Reason::Unknown
}

/// An attempt that one realm ended for good. The reserved realm does so for a wrong password and for its disabled users.
fn terminated<'m>(principal: &'m [u8], realm: &'m [u8], rest: &'m [u8]) -> ReasonLine<'m> {
    let reason = match realm_reason(rest) {
        Reason::Unknown if realm == b"reserved" => Reason::BadPassword,
        reason => reason,
    };
    ReasonLine { reason, about: About::Principal(principal) }
}

fn token(message: &[u8]) -> Option<ReasonLine<'_>> {
    if let Some(account) = bracketed(message, b"service account [").filter(|_| has(message, b"token name")) {
        return Some(ReasonLine { reason: Reason::ServiceTokenInvalid, about: About::ServiceToken(account) });
    }
    let rest = split(message, b" failed - ")
        .filter(|_| message.starts_with(b"Authentication using "))
        .map_or(message, |(_, rest)| rest);
    let reason = match rest {
        _ if has(rest, b"token expired") => Reason::TokenExpired,
        _ if has(rest, b"invalidated token") || has(rest, b"token has been invalidated") => Reason::TokenInvalid,
        _ if rest.len() < message.len() => Reason::Unknown,
        _ => return None,
    };
    Some(ReasonLine { reason, about: About::Token })
}

fn strip<'m>(text: &'m [u8], prefix: &[u8]) -> Option<&'m [u8]> {
    text.strip_prefix(prefix)
}

fn has(text: &[u8], word: &[u8]) -> bool {
    memmem::find(text, word).is_some()
}

fn split<'m>(text: &'m [u8], separator: &[u8]) -> Option<(&'m [u8], &'m [u8])> {
    let at = memmem::find(text, separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// What stands between `opening` and the next `]`.
fn bracketed<'m>(text: &'m [u8], opening: &[u8]) -> Option<&'m [u8]> {
    let (_, rest) = split(text, opening)?;
    split(rest, b"]").map(|(inside, _)| inside)
}

fn first_word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b',').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_elasticsearch() {
        let key = |id: &'static str| About::ApiKey(Some(id.as_bytes()));
        let realm = |realm: &'static str, principal: Option<&'static str>| About::Realm {
            realm: realm.as_bytes(),
            principal: principal.map(str::as_bytes),
        };
        let prefix = "Authentication using apikey failed - ";
        for (message, reason, about) in [
            (format!("{prefix}api key [VuaCf] has been invalidated"), Reason::ApiKeyInvalidated, key("VuaCf")),
            (format!("{prefix}api key is expired"), Reason::ApiKeyExpired, About::ApiKey(None)),
            (format!("{prefix}unable to find apikey with id HBjhbh"), Reason::ApiKeyNotFound, key("HBjhbh")),
            (format!("{prefix}invalid credentials for API key [a_b-c]"), Reason::ApiKeyBadSecret, key("a_b-c")),
            (
                format!("{prefix}apikey authentication for id X1 encountered a failure"),
                Reason::ApiKeyError,
                key("X1"),
            ),
            (format!("{prefix}document [X2] is [user] not an api key"), Reason::ApiKeyError, key("X2")),
            (
                format!("{prefix}api key document is missing invalidated field"),
                Reason::ApiKeyError,
                About::ApiKey(None),
            ),
            (
                format!(
                    "{prefix}authentication expected API key type of [rest], but API key [X3] has type [cross_cluster]"
                ),
                Reason::ApiKeyWrongType,
                key("X3"),
            ),
            (format!("{prefix}server is too busy to respond"), Reason::ServerBusy, About::ApiKey(None)),
            (format!("{prefix}something new"), Reason::Unknown, About::ApiKey(None)),
            (
                "Authentication to realm default_native failed - Password authentication failed for anna".into(),
                Reason::BadPassword,
                realm("default_native", Some("anna")),
            ),
            (
                "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=49 \
                 (invalid credentials)))"
                    .into(),
                Reason::BadPassword,
                realm("ldap1", None),
            ),
            (
                "Authentication to realm ad failed - bind failed (Caused by AcceptSecurityContext error, data 525)".into(),
                Reason::UnknownUser,
                realm("ad", None),
            ),
            (
                "Authentication to realm ldap1 failed - An error occurred while attempting to connect to server".into(),
                Reason::RealmUnavailable,
                realm("ldap1", None),
            ),
            (
                "Authentication of [elastic] was terminated by realm [reserved] - failed to authenticate user [elastic]"
                    .into(),
                Reason::BadPassword,
                About::Principal(b"elastic"),
            ),
            (
                "Authentication failed using realms [file/f]. Realms [ldap/l] were skipped because they are not \
                 permitted on the current license"
                    .into(),
                Reason::RealmNotLicensed,
                About::Anybody,
            ),
            ("The access token expired".into(), Reason::TokenExpired, About::Token),
            ("Authentication using bearer token failed - token expired".into(), Reason::TokenExpired, About::Token),
            ("invalidated token".into(), Reason::TokenInvalid, About::Token),
            (
                "failed to authenticate service account [elastic/fleet-server] with token name [t1]".into(),
                Reason::ServiceTokenInvalid,
                About::ServiceToken(b"elastic/fleet-server"),
            ),
        ] {
            assert_eq!(classify(message.as_bytes()), Some(ReasonLine { reason, about }), "{message}");
            let found = message.as_bytes().starts_with(PREFIX) || has(message.as_bytes(), TOKEN);
            assert!(found, "the prefilter must not lose {message}");
        }
        assert_eq!(classify(b"moving index [x] to next phase"), None);
        assert_eq!(classify(b"created token [x]"), None);
    }
}
