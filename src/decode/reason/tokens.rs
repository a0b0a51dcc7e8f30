//! Messages about bearer tokens, service accounts, and requests without anything that could be authenticated.

use super::template::{DEBUG, From, Says, Template, WARN};
use crate::reason::{Reason, Subject};

const TOKEN_SERVICE: From = From::Class(&["TokenService", "OAuth2TokenAuthenticator"]);
const SERVICE_ACCOUNTS: From = From::Class(&["ServiceAccountService"]);
const HANDLER: From = From::Class(&["AuthenticatorChain", "AuthenticationService"]);

const fn row(
    text: &'static str,
    (from, levels): (From, super::template::Levels),
    (reason, subject): (Reason, Subject),
    source: &'static str,
) -> Template {
    Template { text, from, levels, says: Says::Reason(reason), subject, source }
}

const fn index_gone(text: &'static str) -> Template {
    let source = "TokenService, the security index is red";
    row(text, (TOKEN_SERVICE, WARN), (Reason::RealmUnavailable, Subject::Token), source)
}

const fn service_account(text: &'static str, source: &'static str) -> Template {
    row(text, (SERVICE_ACCOUNTS, DEBUG), (Reason::ServiceTokenInvalid, Subject::ServiceToken), source)
}

/// The rows.
pub(super) const TABLE: &[Template] = &[
    index_gone("failed to get access token because index is not available"),
    index_gone("failed to get access token because index [{}] is not available"),
    index_gone("failed to get token [{}] since index is not available"),
    index_gone("could not validate token as the security index is not available"),
    row("invalid token", (TOKEN_SERVICE, WARN), (Reason::TokenInvalid, Subject::Token), "TokenService.decodeToken"),
    Template {
        text: "Failed to validate token authentication for request [{}]",
        from: From::Authc,
        levels: DEBUG,
        says: Says::Attached(Reason::TokenInvalid),
        subject: Subject::Token,
        source: "OAuth2TokenAuthenticator.authenticate, formerly AuthenticationService",
    },
    row(
        "Failed to validate service account token for request [{}]",
        (From::Authc, DEBUG),
        (Reason::ServiceTokenInvalid, Subject::ServiceToken),
        "ServiceAccountAuthenticator.authenticate",
    ),
    service_account(
        "failed to authenticate service account [{user}] with token name [{}]",
        "ServiceAccountService.createFailedAuthenticationException",
    ),
    service_account("the [{user}] service account does not exist", "ServiceAccountService.authenticateToken"),
    service_account(
        "only [elastic] service accounts are supported, but received [{user}]",
        "ServiceAccountService.authenticateToken",
    ),
    service_account(
        "the length of a service account token must be at least [{n}], got [{n}]",
        "ServiceAccountService.authenticateToken",
    ),
    // What the handler of requests without credentials writes, behind the audit event (audit-format 1.14).
    row(
        "No valid credentials found in request [{}], rejecting",
        (HANDLER, DEBUG),
        (Reason::MissingCredentials, Subject::NoCredentials),
        "AuthenticatorChain.handleNullToken",
    ),
    row(
        "Authenticating with null credentials is unsuccessful in request [{}] after unsuccessful attempts of other credentials",
        (HANDLER, DEBUG),
        (Reason::Unknown, Subject::OtherCredentials),
        "AuthenticatorChain.handleNullToken",
    ),
];
