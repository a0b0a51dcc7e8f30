//! Messages of the authentication through realms.

use super::template::{CauseRow, DEBUG, From, INFO, Levels, Says, Template, WARN, WARN_OR_ERROR};
use crate::reason::{Reason, Subject};

/// Written by `RealmsAuthenticator`, before about 7.15 by `AuthenticationService`.
const fn row(text: &'static str, levels: Levels, says: Says, subject: Subject, source: &'static str) -> Template {
    Template { text, from: From::Authc, levels, says, subject, source }
}

/// What one realm said, told after all have said no.
const fn of_realm(text: &'static str, says: Says, source: &'static str) -> Template {
    row(text, WARN, says, Subject::Realm, source)
}

/// An account that the native realm could not read: it says nothing more, and others may still know the account. Written for
/// look-ups that no attempt asks for, too.
const fn unread_user(text: &'static str) -> Template {
    Template {
        text,
        from: From::Class(&["NativeUsersStore"]),
        levels: WARN_OR_ERROR,
        says: Says::Reason(Reason::RealmUnavailable),
        subject: Subject::RealmCheck,
        source: "NativeUsersStore.getUserAndPassword: the security index is red",
    }
}

const fn one(reason: Reason) -> Says {
    Says::Reason(reason)
}

const fn cause(text: &'static str, reason: Reason) -> CauseRow {
    CauseRow { text, reason }
}

const SAML: &[CauseRow] = &[
    cause("Rejecting SAML assertion because [{}] is on/after [{}]", Reason::TokenExpired),
    cause("Rejecting SAML assertion's Conditions because [{}] is on/after [{}]", Reason::TokenExpired),
    cause("Rejecting SAML assertion's Authentication Statement because [{}] is on/after [{}]", Reason::TokenExpired),
];

const OIDC: &[CauseRow] = &[
    cause("Failed to get claims from the Userinfo Endpoint.{}", Reason::RealmUnavailable),
    cause("Failed to get user information from the UserInfo endpoint.{}", Reason::RealmUnavailable),
    cause("Failed to exchange code for Id Token using the Token Endpoint.{}", Reason::RealmUnavailable),
    cause(
        "Failed to parse or validate the ID Token; Caused by com.nimbusds.jose.proc.BadJWTException: Expired JWT",
        Reason::TokenExpired,
    ),
    // The keys of the provider could not be fetched.
    cause(
        "Failed to parse or validate the ID Token; Caused by com.nimbusds.jose.RemoteKeySourceException: {}",
        Reason::RealmUnavailable,
    ),
];

/// `[nbf]` and `[iat]` `must be before now` mean that a clock goes wrong, which no reason of the contract says. The rest is what
/// `JwtUtil.readUriContents` says of the provider's keys that could not be fetched.
const JWT: &[CauseRow] = &[
    cause("date claim [exp] value [{n}] must be after now [{n}]", Reason::TokenExpired),
    cause("Get [{}] failed.{}", Reason::RealmUnavailable),
    cause("Get [{}] failed, status [{n}], reason [{}].", Reason::RealmUnavailable),
    cause("Get [{}] was cancelled.", Reason::RealmUnavailable),
];

/// The rows; the reserved realm's and Kerberos' ends of an attempt before the text that other realms could write.
pub(super) const TABLE: &[Template] = &[
    of_realm(
        "Authentication to realm {realm} failed - Password authentication failed for {user}",
        one(Reason::BadPassword),
        "FileRealm, NativeUsersStore, CachingUsernamePasswordRealm",
    ),
    of_realm(
        "Authentication to realm {realm} failed - authenticate failed (Caused by {cause})",
        Says::Directory(Reason::Unknown),
        "LdapRealm.LdapSessionActionListener",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Authentication against realm [{}] failed (Caused by {cause})",
        Says::Directory(Reason::RealmUnavailable),
        "LdapRealm.doAuthenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Provided SAML response is not valid for realm {} (Caused by {cause})",
        Says::Cause(SAML, Reason::TokenInvalid),
        "SamlRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - SAML realm [{}] cannot authenticate because the metadata could not be resolved",
        one(Reason::RealmUnavailable),
        "SamlRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - {} not found in saml attributes{}",
        one(Reason::TokenInvalid),
        "SamlRealm.buildUser",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Failed to authenticate user with OpenID Connect (Caused by {cause})",
        Says::Cause(OIDC, Reason::TokenInvalid),
        "OpenIdConnectRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Realm [{}] JWT validation failed for token=[{} (Caused by {cause})",
        Says::Cause(JWT, Reason::TokenInvalid),
        "JwtRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - failed to validate JWT (Caused by {cause})",
        Says::Cause(JWT, Reason::TokenInvalid),
        "JwtRealm.authenticate, in fewer words",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Realm [{}] client authentication failed for token=[{}",
        one(Reason::TokenInvalid),
        "JwtRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Certificate for {} is not trusted",
        one(Reason::TokenInvalid),
        "PkiRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Certificate for {} has encoding issues{}",
        one(Reason::TokenInvalid),
        "PkiRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Could not parse principal from Subject DN {}",
        one(Reason::TokenInvalid),
        "PkiRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - Realm does not permit delegation for {}",
        one(Reason::TokenInvalid),
        "PkiRealm.authenticate",
    ),
    of_realm(
        "Authentication to realm {realm} failed - the principal [{}] was authenticated, but no user could be found in realms [{}]",
        one(Reason::UnknownUser),
        "DelegatedAuthorizationSupport.resolve",
    ),
    of_realm(
        "Authentication to realm {realm} failed - authorization_realms are not permitted (Caused by {cause})",
        one(Reason::RealmNotLicensed),
        "DelegatedAuthorizationSupport.resolve",
    ),
    of_realm(
        "Authentication to realm {realm} failed - No [authorization_realms] have been configured",
        one(Reason::RealmNotConfigured),
        "DelegatedAuthorizationSupport.resolve",
    ),
    of_realm("Authentication to realm {realm} failed - {}", one(Reason::Unknown), "any other realm, plugins included"),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - failed to authenticate user [{user}]",
        INFO,
        one(Reason::BadPassword),
        Subject::Principal,
        "ReservedRealm.doAuthenticate",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - failed to authenticate user, gss context negotiation not complete",
        INFO,
        one(Reason::Unknown),
        Subject::Negotiation,
        "KerberosRealm.handleException: the client has to send another token",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - service login failure",
        INFO,
        one(Reason::RealmUnavailable),
        Subject::Principal,
        "KerberosRealm.handleException: keytab or KDC, in fewer words",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - gss context negotiation failure",
        INFO,
        one(Reason::TokenInvalid),
        Subject::Principal,
        "KerberosRealm.handleException, in fewer words",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - failed to authenticate user, gss context negotiation failure",
        INFO,
        one(Reason::TokenInvalid),
        Subject::Principal,
        "KerberosRealm.handleException",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - failed to authenticate user, service login failure",
        INFO,
        one(Reason::RealmUnavailable),
        Subject::Principal,
        "KerberosRealm.handleException: keytab or KDC",
    ),
    row(
        "Authentication of [{user}] was terminated by realm [{realm}] - {}",
        INFO,
        one(Reason::Unknown),
        Subject::Principal,
        "any other realm, plugins included",
    ),
    row(
        "failed to retrieve password hash for reserved user [{user}]",
        WARN_OR_ERROR,
        one(Reason::RealmUnavailable),
        Subject::PasswordHash,
        "ReservedRealm.getUserInfo: the security index is red",
    ),
    row(
        "failed to retrieve password hash for reserved user [{user}], the security index is not available{}",
        WARN_OR_ERROR,
        one(Reason::RealmUnavailable),
        Subject::PasswordHash,
        "ReservedRealm.getUserInfo: the security index is red",
    ),
    unread_user("could not retrieve user [{user}] because security index is not available"),
    unread_user(
        "failed to retrieve user [{user}] because the security index is not available, the cluster may still be starting up",
    ),
    unread_user("failed to retrieve user [{user}]"),
    unread_user("security index is unavailable. short circuiting retrieval of user [{user}]"),
    row(
        "An error occurred while attempting to authenticate [{user}] against realm [{realm}]",
        WARN,
        Says::Attached(Reason::RealmUnavailable),
        Subject::Principal,
        "RealmsAuthenticator.consumeToken",
    ),
    row(
        "An exception occurred while attempting to find authentication credentials",
        WARN,
        one(Reason::MalformedCredentials),
        Subject::Unreadable,
        "RealmsAuthenticator.extractToken",
    ),
    row(
        "Authentication failed using realms [{}]. Realms [{}] were skipped because they are not permitted on the current license",
        WARN,
        one(Reason::RealmNotLicensed),
        Subject::Anybody,
        "RealmsAuthenticator.consumeToken",
    ),
    row(
        "No authentication credential could be extracted using realms [{}]. Realms [{}] were skipped because they are not \
         permitted on the current license",
        WARN,
        one(Reason::RealmNotLicensed),
        Subject::Anonymous,
        "RealmsAuthenticator.extractToken",
    ),
    row(
        "user [User[username={user},roles=[{}] is disabled. failing authentication",
        DEBUG,
        one(Reason::UserDisabled),
        Subject::Principal,
        "AuthenticatorChain.finishAuthentication",
    ),
    row(
        "Authentication of [{user}] using realm [{realm}] with token [{}] was \
         [AuthenticationResult{status={}, {}=null, message=Password authentication failed for {user}, exception=null}]",
        DEBUG,
        one(Reason::BadPassword),
        Subject::RealmCheck,
        "RealmsAuthenticator.consumeToken",
    ),
    row(
        "Authentication of [{user}] using realm [{realm}] with token [{}] was \
         [AuthenticationResult{status=TERMINATE, {}=null, message=failed to authenticate user [{user}], exception=null}]",
        DEBUG,
        one(Reason::BadPassword),
        Subject::RealmCheck,
        "RealmsAuthenticator.consumeToken",
    ),
];
