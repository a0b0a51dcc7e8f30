//! Every message that is known to tell a reason, in the three layouts of the server log, with plain names and with names that
//! hold the words of other reasons: what the report says of the attempt that it belongs to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use esaudit::internals::model::Report;
use serde_json::{Value, json};

use test_support::Inputs;
use test_support::line::{Line, ZERO};

/// Which event closes the attempt.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// `anonymous_access_denied`.
    Anonymous,
    /// The same, and the line comes after it.
    After,
    /// `authentication_failed` of the user, of whom a realm complained.
    Realm(&'static str),
    /// `authentication_failed` of the user without any realm.
    User,
    /// `authentication_failed` in the name of the key's id.
    Key,
    /// `authentication_failed` of a service account.
    Service,
    /// `authentication_failed` of nobody.
    Nobody,
    /// `authentication_failed` that is no failure.
    Step,
}
use End::{After, Anonymous, Key, Nobody, Realm, Service, Step, User};

const AK: &str = "ApiKeyAuthenticator";
const RA: &str = "RealmsAuthenticator";
const AC: &str = "AuthenticatorChain";
const TS: &str = "TokenService";
const SA: &str = "service.ServiceAccountService";
const RR: &str = "esnative.ReservedRealm";
const ID: &str = "VnK3hYwBqTzL7m_0PeXd";

/// Class of the logger, level, message, exception, end of the attempt, reason.
type Row = (&'static str, &'static str, &'static str, &'static str, End, &'static str);

/// The exception of a line, or none.
const NO: &str = "";
const REJECTED: &str = "org.elasticsearch.common.util.concurrent.EsRejectedExecutionException: rejected execution of x";
const BUSY: &str = "org.elasticsearch.ElasticsearchSecurityException: server is too busy to respond";
const TYPED: &str = "org.elasticsearch.ElasticsearchSecurityException: authentication expected API key type of [rest], but API key [VnK3hYwBqTzL7m_0PeXd] has type [cross_cluster]";
const RED: &str = "org.elasticsearch.action.NoShardAvailableActionException: No shard available";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (AK, "WARN", "Authentication using apikey failed - api key [{key}] has been invalidated", NO, Anonymous, "api_key_invalidated"),
    (AK, "WARN", "Authentication using apikey failed - api key has been invalidated", NO, Anonymous, "api_key_invalidated"),
    ("AuthenticationService", "WARN", "Authentication using apikey failed - api key has been invalidated", NO, Anonymous, "api_key_invalidated"),
    (AK, "WARN", "Authentication using apikey failed - api key is expired", NO, Anonymous, "api_key_expired"),
    (AK, "WARN", "Authentication using apikey failed - unable to find apikey with id {key}", NO, Anonymous, "api_key_not_found"),
    (AK, "WARN", "Authentication using apikey failed - invalid credentials for API key [{key}]", NO, Anonymous, "api_key_bad_secret"),
    (AK, "WARN", "Authentication using apikey failed - invalid credentials", NO, Anonymous, "api_key_bad_secret"),
    (AK, "WARN", "Authentication using apikey failed - apikey authentication for id {key} encountered a failure", RED, Anonymous, "api_key_error"),
    (AK, "WARN", "Authentication using apikey failed - document [{key}] is [user] not an api key", NO, Anonymous, "api_key_error"),
    (AK, "WARN", "Authentication using apikey failed - api key document is missing invalidated field", NO, Anonymous, "api_key_error"),
    (AK, "WARN", "Authentication using apikey failed - invalid ApiKey value", NO, Anonymous, "malformed_credentials"),
    (AK, "WARN", "Authentication using apikey failed - API key (type:[cross_cluster], id:[{key}]) requires certificate identity matching [CN=x], but no certificate was provided", NO, Key, "api_key_error"),
    (AK, "WARN", "Authentication using apikey failed - DN from provided certificate [CN=expired.token] does not match API Key certificate identity pattern [CN=x]", NO, Key, "api_key_error"),
    (AK, "WARN", "Authentication using apikey failed - api key [{key}] has been invalidated", NO, Key, "api_key_invalidated"),
    ("CrossClusterAccessAuthenticationService", "WARN", "Authentication using apikey failed - unable to find apikey with id {key}", NO, Key, "api_key_not_found"),
    (AK, "WARN", "Authentication using apikey failed - api key is expired", NO, Key, "api_key_expired"),
    (AK, "DEBUG", "API key service terminated authentication for request [r]", TYPED, Key, "api_key_wrong_type"),
    (AK, "DEBUG", "API key service terminated authentication for request [r]", BUSY, Key, "server_busy"),
    (AK, "DEBUG", "API key service terminated authentication for request [r]", REJECTED, Key, "server_busy"),
    ("ApiKeyService", "WARN", "rejecting possibly valid API key authentication because the [security-crypto] threadpool is full", NO, Key, "server_busy"),
    (TS, "WARN", "failed to get access token because index is not available", NO, Anonymous, "realm_unavailable"),
    (TS, "WARN", "failed to get access token because index [.security-tokens-7] is not available", NO, Anonymous, "realm_unavailable"),
    (TS, "WARN", "failed to get token [{key}] since index is not available", NO, Anonymous, "realm_unavailable"),
    (TS, "WARN", "could not validate token as the security index is not available", NO, Anonymous, "realm_unavailable"),
    (TS, "WARN", "invalid token", NO, Anonymous, "token_invalid"),
    ("OAuth2TokenAuthenticator", "WARN", "invalid token", NO, Anonymous, "token_invalid"),
    (SA, "DEBUG", "failed to authenticate service account [elastic/kibana] with token name [{key}]", NO, Service, "service_token_invalid"),
    (SA, "DEBUG", "the [elastic/kibana] service account does not exist", NO, Service, "service_token_invalid"),
    (SA, "DEBUG", "only [elastic] service accounts are supported, but received [elastic/kibana]", NO, Service, "service_token_invalid"),
    (SA, "DEBUG", "the length of a service account token must be at least [10], got [3]", NO, Service, "service_token_invalid"),
    ("ServiceAccountAuthenticator", "DEBUG", "Failed to validate service account token for request [r]", NO, Service, "service_token_invalid"),
    (RA, "WARN", "Authentication to realm native1 failed - Password authentication failed for {user}", NO, Realm("native1"), "bad_password"),
    ("AuthenticationService", "WARN", "Authentication to realm native1 failed - Password authentication failed for {user}", NO, Realm("native1"), "bad_password"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), errorMessage='invalid credentials'))", NO, Realm("ldap1"), "bad_password"),
    (RA, "WARN", "Authentication to realm ad1 failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), diagnosticMessage='80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580'))", NO, Realm("ad1"), "bad_password"),
    (RA, "WARN", "Authentication to realm ad1 failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), diagnosticMessage='80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 525, v2580'))", NO, Realm("ad1"), "unknown_user"),
    (RA, "WARN", "Authentication to realm ad1 failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), diagnosticMessage='80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v2580'))", NO, Realm("ad1"), "user_disabled"),
    (RA, "WARN", "Authentication to realm ad1 failed - authenticate failed (Caused by LDAPException(resultCode=49 (invalid credentials), diagnosticMessage='80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v2580'))", NO, Realm("ad1"), "user_disabled"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=53 (unwilling to perform), errorMessage='account inactivated'))", NO, Realm("ldap1"), "user_disabled"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=19 (constraint violation)))", NO, Realm("ldap1"), "user_disabled"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=89 (parameter error), errorMessage='Simple bind operations are not allowed to contain a bind DN without a password.'))", NO, Realm("ldap1"), "malformed_credentials"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=81 (server down)))", NO, Realm("ldap1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=91 (connect error), errorMessage='SSLHandshakeException(PKIX path validation failed: CertificateExpiredException: NotAfter)'))", NO, Realm("ldap1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by javax.net.ssl.SSLHandshakeException: PKIX path validation failed; Caused by java.security.cert.CertificateExpiredException: NotAfter)", NO, Realm("ldap1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authenticate failed (Caused by ElasticsearchTimeoutException[timed out waiting for execution of ldap runnable])", NO, Realm("ldap1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm ldap1 failed - Authentication against realm [ldap/ldap1] failed (Caused by java.lang.NullPointerException)", NO, Realm("ldap1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm ad1 failed - authenticate failed (Caused by org.elasticsearch.ElasticsearchSecurityException: search for user [{user}] by principal name yielded no results)", NO, Realm("ad1"), "unknown_user"),
    (RA, "WARN", "Authentication to realm saml1 failed - Provided SAML response is not valid for realm saml/saml1 (Caused by ElasticsearchSecurityException[Rejecting SAML assertion because [2026-03-01T12:34:56Z] is on/after [2026-03-01T12:30:00Z]])", NO, Realm("saml1"), "token_expired"),
    (RA, "WARN", "Authentication to realm saml1 failed - Provided SAML response is not valid for realm saml/saml1 (Caused by org.elasticsearch.ElasticsearchSecurityException: Rejecting SAML assertion's Conditions because [a] is on/after [b])", NO, Realm("saml1"), "token_expired"),
    (RA, "WARN", "Authentication to realm saml1 failed - Provided SAML response is not valid for realm saml/saml1 (Caused by ElasticsearchSecurityException[SAML response _r1 is for destination https://a/expired.token but this realm uses https://b/])", NO, Realm("saml1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm saml1 failed - SAML realm [saml/saml1] cannot authenticate because the metadata could not be resolved", NO, Realm("saml1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm saml1 failed - urn:oid:0.9 not found in saml attributes[[uid=[{user}](len=1)]] or NameID [NameId(urn:x)=session expired]", NO, Realm("saml1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm oidc1 failed - Failed to authenticate user with OpenID Connect (Caused by org.elasticsearch.ElasticsearchSecurityException: Failed to parse or validate the ID Token)", NO, Realm("oidc1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm oidc1 failed - Failed to authenticate user with OpenID Connect (Caused by org.elasticsearch.ElasticsearchSecurityException: Invalid state parameter [timeout-bot], while [abc] was expected)", NO, Realm("oidc1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm oidc1 failed - Failed to authenticate user with OpenID Connect (Caused by org.elasticsearch.ElasticsearchSecurityException: Failed to get claims from the Userinfo Endpoint.)", NO, Realm("oidc1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm oidc1 failed - Failed to authenticate user with OpenID Connect (Caused by org.elasticsearch.ElasticsearchSecurityException: Failed to exchange code for Id Token using the Token Endpoint.)", NO, Realm("oidc1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm jwt1 failed - Realm [jwt1] JWT validation failed for token=[i/a/s/{user}] with header [{}] and claimSet [{\"exp\":1}]. (Caused by org.elasticsearch.ElasticsearchSecurityException: date claim [exp] value [1772360000000] must be after now [1772368496700])", NO, Realm("jwt1"), "token_expired"),
    (RA, "WARN", "Authentication to realm jwt1 failed - Realm [jwt1] JWT validation failed for token=[i/a/s/{user}]. (Caused by org.elasticsearch.ElasticsearchSecurityException: date claim [nbf] value [1] must be before now [2])", NO, Realm("jwt1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm jwt1 failed - Realm [jwt1] JWT validation failed for token=[i/a/s/{user}]. (Caused by org.elasticsearch.ElasticsearchSecurityException: JWT [e] signature verification failed)", NO, Realm("jwt1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm jwt1 failed - Realm [jwt1] client authentication failed for token=[i/a/s/{user}]. (Caused by java.lang.IllegalArgumentException: JWT client authentication failed)", NO, Realm("jwt1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm pki1 failed - Certificate for CN={user}, OU=ops is not trusted", NO, Realm("pki1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm pki1 failed - Could not parse principal from Subject DN OU={user}", NO, Realm("pki1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm pki1 failed - Realm does not permit delegation for CN={user}", NO, Realm("pki1"), "token_invalid"),
    (RA, "WARN", "Authentication to realm jwt1 failed - Realm [jwt1] JWT validation failed for token=[i/a/s/{user}]. (Caused by org.elasticsearch.ElasticsearchSecurityException: Get [https://idp/jwks] failed.; Caused by java.net.ConnectException: Connection refused)", NO, Realm("jwt1"), "realm_unavailable"),
    (RA, "WARN", "Authentication to realm kerb1 failed - the principal [{user}] was authenticated, but no user could be found in realms [ldap/ldap1]", NO, Realm("kerb1"), "unknown_user"),
    (RA, "WARN", "Authentication to realm ldap1 failed - authorization_realms are not permitted (Caused by org.elasticsearch.ElasticsearchSecurityException: current license is non-compliant for [authorization_realms])", NO, Realm("ldap1"), "realm_not_licensed"),
    ("esnative.NativeUsersStore", "ERROR", "security index is unavailable. short circuiting retrieval of user [{user}]", NO, User, "realm_unavailable"),
    ("esnative.NativeUsersStore", "WARN", "could not retrieve user [{user}] because security index is not available", NO, User, "realm_unavailable"),
    ("esnative.NativeUsersStore", "WARN", "failed to retrieve user [{user}] because the security index is not available, the cluster may still be starting up", RED, User, "realm_unavailable"),
    ("esnative.NativeUsersStore", "ERROR", "failed to retrieve user [{user}]", RED, User, "realm_unavailable"),
    (RA, "INFO", "Authentication of [{user}] was terminated by realm [reserved] - failed to authenticate user [{user}]", NO, Realm("reserved"), "bad_password"),
    (RA, "INFO", "Authentication of [{user}] was terminated by realm [kerb1] - failed to authenticate user, gss context negotiation failure", NO, Realm("kerb1"), "token_invalid"),
    (RA, "INFO", "Authentication of [{user}] was terminated by realm [kerb1] - failed to authenticate user, service login failure", NO, Realm("kerb1"), "realm_unavailable"),
    (RA, "INFO", "Authentication of [{user}] was terminated by realm [kerb1] - failed to authenticate user, gss context negotiation not complete", NO, Step, ""),
    (RR, "ERROR", "failed to retrieve password hash for reserved user [{user}]", RED, Realm("reserved"), "realm_unavailable"),
    (RR, "WARN", "failed to retrieve password hash for reserved user [{user}], the security index is not available, the cluster may still be starting up", RED, Realm("reserved"), "realm_unavailable"),
    (RA, "WARN", "An error occurred while attempting to authenticate [{user}] against realm [native1]", RED, User, "realm_unavailable"),
    (RA, "WARN", "An error occurred while attempting to authenticate [{user}] against realm [ldap1]", REJECTED, User, "server_busy"),
    (RA, "WARN", "An exception occurred while attempting to find authentication credentials", "java.lang.IllegalArgumentException: invalid basic authentication header encoding", Nobody, "malformed_credentials"),
    (RA, "WARN", "Authentication failed using realms [reserved/reserved,file/file1]. Realms [ldap/ldap1] were skipped because they are not permitted on the current license", NO, Realm("file1"), "realm_not_licensed"),
    (RA, "WARN", "No authentication credential could be extracted using realms [reserved/reserved]. Realms [kerberos/kerb1] were skipped because they are not permitted on the current license", NO, Anonymous, "realm_not_licensed"),
    (AC, "DEBUG", "user [User[username={user},roles=[ops],fullName=null,email=null,metadata={}]] is disabled. failing authentication", NO, User, "user_disabled"),
    (RA, "DEBUG", "Authentication of [{user}] using realm [native/native1] with token [UsernamePasswordToken] was [AuthenticationResult{status=CONTINUE, value=null, message=Password authentication failed for {user}, exception=null}]", NO, Realm("native1"), "bad_password"),
    (RA, "DEBUG", "Authentication of [{user}] using realm [reserved/reserved] with token [UsernamePasswordToken] was [AuthenticationResult{status=TERMINATE, user=null, message=failed to authenticate user [{user}], exception=null}]", NO, Realm("reserved"), "bad_password"),
    (AC, "DEBUG", "No valid credentials found in request [r], rejecting", NO, After, "missing_credentials"),
    (AC, "DEBUG", "Authenticating with null credentials is unsuccessful in request [r] after unsuccessful attempts of other credentials", NO, After, "unknown"),
];

/// Messages with the words of others, by loggers or at levels that tell nothing.
#[rustfmt::skip]
const NONE: &[(&str, &str, &str)] = &[
    ("org.elasticsearch.repositories.s3.S3Repository", "WARN", "failed to list objects: token expired"),
    ("org.elasticsearch.xpack.watcher.common.http.HttpClient", "WARN", "token has been invalidated"),
    ("org.elasticsearch.xpack.watcher.execution.ExecutionService", "WARN", "Authentication to realm native1 failed - Password authentication failed for marta"),
    ("org.elasticsearch.xpack.security.authz.AuthorizationService", "WARN", "Authentication using apikey failed - api key is expired"),
    ("org.elasticsearch.xpack.security.authc.ExpiredApiKeysRemover", "INFO", "deleted expired api key documents: token expired, api key has been invalidated"),
    ("org.elasticsearch.xpack.security.authc.ApiKeyService", "INFO", "Invalidating [3] API keys"),
    ("org.elasticsearch.xpack.security.authc.RealmsAuthenticator", "WARN", "Something of sherlocked users that are not available and expired"),
    ("org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator", "TRACE", "Authentication using apikey failed - api key is expired"),
    ("org.elasticsearch.xpack.security.authc.OAuth2TokenAuthenticator", "WARN", "Authentication using bearer token failed - The access token expired"),
];

#[derive(Clone, Copy)]
enum Layout {
    Ecs,
    Seven,
    Text,
}

/// A line of the server log, its exception in the way of its layout.
fn server(layout: Layout, millis: i64, logger: &str, level: &str, message: &str, exception: &str) -> Vec<String> {
    let time = chrono::DateTime::from_timestamp_millis(ZERO + millis).unwrap();
    let comma = time.format("%Y-%m-%dT%H:%M:%S,%3f");
    let trace = ["\tat org.elasticsearch.X.y(X.java:1)".to_owned()];
    match layout {
        Layout::Ecs => {
            let mut line = json!({"@timestamp": time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "log.level": level,
                "message": message, "service.name": "ES_ECS", "log.logger": logger, "elasticsearch.node.id": "n1",
                "elasticsearch.node.name": "es-1"});
            if let Some((class, text)) = exception.split_once(": ") {
                line["error.type"] = json!(class);
                line["error.message"] = json!(text);
            }
            vec![line.to_string()]
        }
        Layout::Seven => {
            let head = format!(
                r#"{{"type": "server", "timestamp": "{comma}Z", "level": "{level}", "component": "{}", "node.name": "es-1", "message": {}, "node.id": "n1" "#,
                short(logger),
                Value::from(message)
            );
            match exception {
                "" => vec![head + " }"],
                _ => {
                    vec![head + ", ", format!(r#""stacktrace": [{},"#, Value::from(exception)), "\"at a.b\"] }".into()]
                }
            }
        }
        Layout::Text => {
            let mut lines = vec![format!("[{comma}][{level:<5}][{:<25}] [es-1] {message}", short(logger))];
            if !exception.is_empty() {
                lines.push(exception.to_owned());
                lines.extend(trace);
            }
            lines
        }
    }
}

/// A logger as layouts abbreviate it.
fn short(logger: &str) -> String {
    let (packages, class) = logger.rsplit_once('.').unwrap();
    packages.split('.').fold(String::new(), |mut out, part| {
        write!(out, "{}.", &part[..1]).unwrap();
        out
    }) + class
}

/// Audit and server lines of one attempt.
fn attempt(layout: Layout, number: usize, row: &Row, user: &str, key: &str) -> (Vec<String>, Vec<String>) {
    let (class, level, message, exception, end, _) = *row;
    let millis = i64::try_from(number).unwrap() * 60_000;
    let request = format!("r{number}");
    let message = message.replace("{user}", user).replace("{key}", key);
    let logger = format!("org.elasticsearch.xpack.security.authc.{class}");
    let before = if end == After { 3 } else { -2 };
    let server = server(layout, millis + before, &logger, level, &message, exception);
    let event = |action: &str| {
        Line::new(millis, action).text("node.name", "es-1").from(&format!("{}:5", address(number))).request(&request)
    };
    let failed = |name: &str| event("authentication_failed").user(name).end();
    let asked = |name: &str, realm: &str| event("realm_authentication_failed").user(name).realm(realm).end();
    let audit = match end {
        Anonymous | After => vec![event("anonymous_access_denied").end()],
        Realm(realm) => vec![asked(user, realm), failed(user)],
        User => vec![asked(user, "file1"), failed(user)],
        Key => vec![failed(key)],
        Service => vec![failed("elastic/kibana")],
        Nobody => vec![event("authentication_failed").end()],
        Step => vec![asked(user, "kerb1"), failed(user)],
    };
    (audit, server)
}

fn address(number: usize) -> String {
    format!("10.0.{}.{}", number / 250, number % 250 + 1)
}

/// What the report says of each client: reason and basis.
fn told(report: &Report) -> BTreeMap<String, (String, String)> {
    let of = |group: esaudit::internals::model::Group| {
        let address = group.by["source"].clone().unwrap();
        (address, (group.reason.clone(), group.reason_basis))
    };
    report.groups.iter().map(of).collect()
}

fn read(layout: Layout, attempts: &[(Vec<String>, Vec<String>)]) -> BTreeMap<String, (String, String)> {
    let audit: Vec<&str> = attempts.iter().flat_map(|(audit, _)| audit.iter().map(String::as_str)).collect();
    let server: Vec<&str> = attempts.iter().flat_map(|(_, server)| server.iter().map(String::as_str)).collect();
    told(&Inputs::of(&[("audit.json", &audit[..]), ("server.log", &server[..])]).report(&["--by", "source,reason"]))
        .into_iter()
        .chain([(String::new(), (format!("{}", layout as u8), String::new()))])
        .collect()
}

/// User and id of a key: what a client may send. A terminated key is known by the form of its id.
const NAMES: [(&str, &str); 9] = [
    ("marta", ID),
    ("sherlocked", "expired.token"),
    ("jdoe-unavailable", "no user"),
    ("no user", "blocked-user"),
    ("timeout-bot", "x] has been invalidated"),
    ("blocked-user", "has been invalidated"),
    ("expired.token", "sherlocked"),
    ("a (Caused by LDAPException(resultCode=91 (connect error)))", "jdoe-unavailable"),
    ("c] was terminated by realm [reserved] - failed to authenticate user [c", "timeout-bot"),
];

#[test]
fn every_template_in_every_layout_whatever_the_names() {
    assert!(ROWS.len() >= 60, "{} rows", ROWS.len());
    for layout in [Layout::Ecs, Layout::Seven, Layout::Text] {
        for (user, key) in NAMES {
            let key_of = |row: &Row| if row.4 == Key { ID } else { key };
            let attempts: Vec<_> =
                ROWS.iter().enumerate().map(|(at, row)| attempt(layout, at, row, user, key_of(row))).collect();
            let told = read(layout, &attempts);
            for (at, row) in ROWS.iter().enumerate() {
                let found = told.get(&address(at)).map(|(reason, basis)| (reason.as_str(), basis.as_str()));
                let expected = match row.5 {
                    "" => None,
                    "unknown" => Some(("unknown", "none")),
                    reason => Some((reason, "server_log")),
                };
                assert_eq!(found, expected, "{user}, {key}, layout {}: {}", layout as u8, row.2);
            }
        }
    }
}

#[test]
fn every_row_of_the_program_is_met() {
    let met: Vec<String> = ROWS.iter().map(|row| row.2.replace("{user}", "u").replace("{key}", "k")).collect();
    for template in esaudit::internals::decode::reason::templates() {
        let words = template.text.split('{').next().unwrap();
        let quoted = template.source.ends_with("as clients quote it");
        let any_other = template.source.starts_with("any other") || template.source.contains("any other reason");
        assert!(!template.source.is_empty(), "{}", template.text);
        let is_met = met.iter().any(|message| message.starts_with(words));
        // An expired token has no audit event.
        let without_event = words.starts_with("Failed to validate token authentication");
        assert!(is_met || quoted || any_other || without_event, "{}", template.text);
    }
}

#[test]
fn words_of_other_loggers_and_levels_tell_nothing() {
    for layout in [Layout::Ecs, Layout::Seven, Layout::Text] {
        for (logger, level, message) in NONE {
            let denied = Line::new(0, "anonymous_access_denied").from("10.0.0.1:5").request("a").end();
            let failed = |action: &str| Line::new(0, action).user("marta").from("10.0.0.2:5").request("b");
            let asked = failed("realm_authentication_failed").realm("native1").end();
            let audit = vec![denied, asked, failed("authentication_failed").end()];
            let lines = server(layout, -1, logger, level, message, NO);
            let told = read(layout, &[(audit, lines)]);
            for address in ["10.0.0.1", "10.0.0.2"] {
                let (reason, basis) = &told[address];
                assert_ne!(basis, "server_log", "{message}: {reason}");
            }
        }
    }
}
