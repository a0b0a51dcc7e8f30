//! Messages about API keys.

use super::template::{DEBUG, From, Says, Template, WARN};
use crate::reason::{Reason, Subject};

const fn failed(text: &'static str, reason: Reason, source: &'static str) -> Template {
    Template { text, from: From::Authc, levels: WARN, says: Says::Reason(reason), subject: Subject::ApiKey, source }
}

/// `ApiKeyAuthenticator` logs `Authentication using apikey failed - ` and the reason of `ApiKeyService`; before 7.15 or so
/// `AuthenticationService` does, from 8.10 on also `CrossClusterAccessAuthenticationService`.
pub(super) const TABLE: &[Template] = &[
    failed(
        "Authentication using apikey failed - api key [{key}] has been invalidated",
        Reason::ApiKeyInvalidated,
        "ApiKeyService.validateApiKeyCredentials, with the id from 8.8 or so",
    ),
    failed(
        "Authentication using apikey failed - api key has been invalidated",
        Reason::ApiKeyInvalidated,
        "ApiKeyService.validateApiKeyCredentials, 7.x and early 8.x",
    ),
    failed(
        "Authentication using apikey failed - api key is expired",
        Reason::ApiKeyExpired,
        "ApiKeyService.validateApiKeyExpiration, never with an id",
    ),
    failed(
        "Authentication using apikey failed - unable to find apikey with id {key}",
        Reason::ApiKeyNotFound,
        "ApiKeyService.loadApiKeyAndValidateCredentials",
    ),
    failed(
        "Authentication using apikey failed - invalid credentials for API key [{key}]",
        Reason::ApiKeyBadSecret,
        "ApiKeyService.validateApiKeyCredentials, from 8.8 on",
    ),
    failed(
        "Authentication using apikey failed - invalid credentials",
        Reason::ApiKeyBadSecret,
        "ApiKeyService.validateApiKeyCredentials, before 8.8",
    ),
    failed(
        "Authentication using apikey failed - apikey authentication for id {key} encountered a failure",
        Reason::ApiKeyError,
        "ApiKeyService.loadApiKeyAndValidateCredentials",
    ),
    failed(
        "Authentication using apikey failed - document [{key}] is [{}] not an api key",
        Reason::ApiKeyError,
        "ApiKeyService.validateApiKeyCredentials",
    ),
    failed(
        "Authentication using apikey failed - api key document is missing invalidated field",
        Reason::ApiKeyError,
        "ApiKeyService.validateApiKeyCredentials",
    ),
    failed(
        "Authentication using apikey failed - invalid ApiKey value",
        Reason::MalformedCredentials,
        "ApiKeyService.parseApiKey: the header cannot be read",
    ),
    // As printed, the bracket of the id is not closed in the first releases.
    failed(
        "Authentication using apikey failed - API key (type:[cross_cluster], id:[{key}]) requires certificate identity matching [{}], \
         but no certificate was provided",
        Reason::ApiKeyError,
        "ApiKeyService.validateCertificateIdentity, 9.x",
    ),
    failed(
        "Authentication using apikey failed - API key (type:[cross_cluster], id:[{key}] requires certificate identity matching [{}], \
         but no certificate was provided",
        Reason::ApiKeyError,
        "ApiKeyService.validateCertificateIdentity, 9.x",
    ),
    failed(
        "Authentication using apikey failed - DN from provided certificate [{}] does not match API Key certificate \
         identity pattern [{}]",
        Reason::ApiKeyError,
        "ApiKeyService.validateCertificateIdentity, 9.x",
    ),
    failed(
        "Authentication using apikey failed - authentication expected API key type of [{}], but API key [{key}] has type [{}]",
        Reason::ApiKeyWrongType,
        "ApiKeyService.checkIfMatchedKeyType, as clients quote it",
    ),
    failed(
        "Authentication using apikey failed - server is too busy to respond",
        Reason::ServerBusy,
        "ApiKeyService.authenticateWithApiKey, as clients quote it",
    ),
    failed("Authentication using apikey failed - {}", Reason::Unknown, "ApiKeyAuthenticator, any other reason"),
    Template {
        text: "API key service terminated authentication for request [{}]",
        from: From::Authc,
        levels: DEBUG,
        says: Says::Attached(Reason::Unknown),
        subject: Subject::TerminatedKey,
        source: "ApiKeyAuthenticator.authenticate",
    },
    Template {
        text: "rejecting possibly valid API key authentication because the [security-crypto] threadpool is full",
        from: From::Class(&["ApiKeyService"]),
        levels: WARN,
        says: Says::Reason(Reason::ServerBusy),
        subject: Subject::TerminatedKey,
        source: "ApiKeyService.verifyKeyAgainstHash",
    },
];
