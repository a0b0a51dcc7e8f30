//! Every row with plain and with hostile names, and the words of other lines.

use proptest::prelude::*;

use super::*;

const AUTHC: &str = "org.elasticsearch.xpack.security.authc.";

/// Names that hold the words of reasons.
const HOSTILE: [&str; 10] = [
    "sherlocked",
    "jdoe-unavailable",
    "no user",
    "timeout-bot",
    "blocked-user",
    "expired.token",
    "x] has been invalidated",
    "a (Caused by LDAPException(resultCode=91 (connect error)))",
    "b must be after now [1]",
    "c is not trusted",
];

/// Names made of the messages themselves.
fn names() -> Vec<String> {
    let whole = templates().map(|template| template.text.replace("{user}", "u").replace("{key}", "k"));
    HOSTILE.iter().map(|&name| name.to_owned()).chain(whole).collect()
}

/// A message as a row has it.
fn message(template: &Template, user: &str, key: &str, any: &str) -> String {
    let filled = template.text.replace("{realm}", "native1").replace("{n}", "10").replace("{cause}", "a.b.C: d");
    let filled = filled.replace("{}", "\u{1}");
    filled.replace("{user}", user).replace("{key}", key).replace('\u{1}', any)
}

/// The logger that writes a row.
fn logger(template: &Template) -> String {
    let class = match template.from {
        From::Authc => "RealmsAuthenticator",
        From::Class(classes) => classes[0],
    };
    format!("{AUTHC}{class}")
}

fn told<'m>(template: &Template, logger: &'m str, text: &'m str) -> Option<ToldReason<'m>> {
    classify(&Message {
        level: Some(template.levels[0].as_bytes()),
        logger: Some(logger.as_bytes()),
        text: text.as_bytes(),
        cause: None,
    })
}

/// What a row says where nothing but the row is known.
fn says(template: &Template) -> Reason {
    match template.says {
        Says::Reason(reason) | Says::Cause(_, reason) | Says::Directory(reason) | Says::Attached(reason) => reason,
    }
}

#[test]
fn every_row_is_told_whatever_the_names_are() {
    let names = names();
    for template in templates() {
        let logger = logger(template);
        for name in ["marta", "VuaCfGcBCdbkQm-e5aOx"].into_iter().chain(names.iter().map(String::as_str)) {
            for any in ["x", "sherlocked", "jdoe-unavailable", "expired.token", "no user"] {
                let text = message(template, name, name, any);
                let line = told(template, &logger, &text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!((line.reason, line.subject), (says(template), template.subject), "{text}");
                // Two forms of one message differ in a bracket: an id that is the one within the other may be cut short. Both
                // messages name keys that exist, whose ids Elasticsearch made.
                let made = ["certificate identity", "expected API key type"];
                let certain = made.iter().all(|words| text.matches(words).count() < 2);
                if certain && (template.text.contains("{user}") || template.text.contains("{key}")) {
                    assert_eq!(line.name, Some(name.as_bytes()), "{text}");
                }
                assert_eq!(line.realm.is_some(), template.text.contains("{realm}"), "{text}");
            }
        }
    }
}

#[test]
fn logger_and_level_count() {
    for template in templates() {
        let text = message(template, "marta", "K", "x");
        let with = |logger: &str, level: &str| {
            let (logger, level) = (Some(logger.as_bytes()), Some(level.as_bytes()));
            classify(&Message { level, logger, text: text.as_bytes(), cause: None }).is_some()
        };
        let level = template.levels[0];
        let logger = logger(template);
        assert!(with(&logger, level), "{text}");
        assert!(with(&logger.replace(AUTHC, "o.e.x.s.a."), &format!("{level} ")), "{text}");
        assert!(!with(&logger, "TRACE"), "{text}");
        for other in [
            "org.elasticsearch.repositories.s3.S3Repository",
            "org.elasticsearch.xpack.watcher.execution.ExecutionService",
            "org.elasticsearch.xpack.security.authz.AuthorizationService",
            "org.elasticsearch.deprecation.xpack.security.authc.RealmsAuthenticator",
            "org.elasticsearch.xpack.security.authc",
            "logstash.outputs.elasticsearch",
            "o.o.s.a.RealmsAuthenticator",
        ] {
            assert!(!with(other, level), "{other}: {text}");
        }
        if let From::Class(_) = template.from {
            assert!(!with(&format!("{AUTHC}ExpiredApiKeysRemover"), level), "{text}");
        }
    }
}

fn realm(text: &str) -> Reason {
    let text = format!("Authentication to realm r1 failed - {text}");
    let logger = format!("{AUTHC}RealmsAuthenticator");
    let told = classify(&Message {
        level: Some(b"WARN"),
        logger: Some(logger.as_bytes()),
        text: text.as_bytes(),
        cause: None,
    });
    told.unwrap().reason
}

#[test]
fn words_are_looked_for_in_the_cause_alone() {
    let directory = |code: u32, more: &str| {
        format!(
            "authenticate failed (Caused by LDAPException(resultCode={code} (x){more}, ldapSDKVersion=6.0.3, revision=2))"
        )
    };
    let domain = |data: &str| {
        let text =
            format!("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v2580");
        directory(49, &format!(", diagnosticMessage='{text}'"))
    };
    for (text, reason) in [
        (directory(49, ""), Reason::BadPassword),
        (directory(49, ", diagnosticMessage='cannot connect to jdoe-unavailable'"), Reason::BadPassword),
        (domain("52e"), Reason::BadPassword),
        (domain("525"), Reason::UnknownUser),
        (domain("533"), Reason::UserDisabled),
        (domain("775"), Reason::UserDisabled),
        (domain("534"), Reason::UserDisabled),
        (domain("568"), Reason::Unknown),
        (directory(3, ""), Reason::RealmUnavailable),
        (directory(53, ""), Reason::UserDisabled),
        (directory(19, ""), Reason::UserDisabled),
        (directory(89, ""), Reason::MalformedCredentials),
        (directory(81, ""), Reason::RealmUnavailable),
        (directory(91, ", errorMessage='SSLHandshakeException(certificate expired)'"), Reason::RealmUnavailable),
        ("authenticate failed (Caused by javax.net.ssl.SSLHandshakeException: PKIX path validation failed; Caused by java.security.cert.CertificateExpiredException: NotAfter)".into(), Reason::RealmUnavailable),
        ("authenticate failed (Caused by ElasticsearchTimeoutException[timed out])".into(), Reason::RealmUnavailable),
        ("authenticate failed (Caused by a.b.ElasticsearchSecurityException: search for user [sherlocked] by principal name yielded no results)".into(), Reason::UnknownUser),
        ("authenticate failed (Caused by ElasticsearchSecurityException[search for user [sherlocked] by principle name yielded no results])".into(), Reason::UnknownUser),
        ("authenticate failed (Caused by ElasticsearchSecurityException[failed to find user [sherlocked] with search base [o=x] scope [sub_tree]])".into(), Reason::UnknownUser),
        ("authenticate failed (Caused by a.b.C: timeout of sherlocked)".into(), Reason::Unknown),
        ("Authentication against realm [ldap/r1] failed (Caused by java.lang.NullPointerException)".into(), Reason::RealmUnavailable),
        ("Provided SAML response is not valid for realm saml/r1 (Caused by ElasticsearchSecurityException[Rejecting SAML assertion because [x] is on/after [y]])".into(), Reason::TokenExpired),
        ("Provided SAML response is not valid for realm saml/r1 (Caused by a.b.C: SAML response _r1 is for destination https://a/expired.token but)".into(), Reason::TokenInvalid),
        ("Failed to authenticate user with OpenID Connect (Caused by a.b.C: Failed to parse or validate the ID Token)".into(), Reason::TokenInvalid),
        ("Failed to authenticate user with OpenID Connect (Caused by a.b.C: Failed to get claims from the Userinfo Endpoint.)".into(), Reason::RealmUnavailable),
        ("Failed to authenticate user with OpenID Connect (Caused by a.b.C: Failed to get user information from the UserInfo endpoint.; Caused by java.net.ConnectException: Connection refused)".into(), Reason::RealmUnavailable),
        ("Realm [r1] JWT validation failed for token=[i/a/s/p] with header [{}]. (Caused by a.b.C: date claim [exp] value [1] must be after now [2])".into(), Reason::TokenExpired),
        ("Realm [r1] JWT validation failed for token=[x (Caused by a: date claim [exp] value [1] must be after now [2])]. (Caused by a.b.C: JWT [e] signature verification failed)".into(), Reason::TokenInvalid),
        ("Realm [r1] JWT validation failed for token=[i]. (Caused by a.b.C: string claim [iss] has value [x (Caused by a: date claim [exp] value [1] must be after now [2]] which does not match)".into(), Reason::TokenInvalid),
        ("Realm [r1] JWT validation failed for token=[i]. (Caused by a.b.C: date claim [nbf] value [1] must be before now [2])".into(), Reason::TokenInvalid),
        ("Failed to authenticate user with OpenID Connect (Caused by a.b.C: Failed to parse or validate the ID Token; Caused by com.nimbusds.jose.RemoteKeySourceException: Couldn't retrieve remote JWK set)".into(), Reason::RealmUnavailable),
        ("Failed to authenticate user with OpenID Connect (Caused by a.b.C: Invalid state parameter [x; Caused by com.nimbusds.jose.RemoteKeySourceException: y], while [z] was expected)".into(), Reason::TokenInvalid),
        ("Realm [r1] JWT validation failed for token=[i]. (Caused by a.b.C: Get [https://idp/jwks] failed.; Caused by java.net.ConnectException: Connection refused)".into(), Reason::RealmUnavailable),
        ("Realm [r1] JWT validation failed for token=[i]. (Caused by a.b.C: Get [https://idp/jwks] failed, status [503], reason [x].)".into(), Reason::RealmUnavailable),
        ("Realm [r1] JWT validation failed for token=[i]. (Caused by a.b.C: string claim [iss] has value [x. Get [https://idp] failed.] which does not match)".into(), Reason::TokenInvalid),
        ("the principal [sherlocked] was authenticated, but no user could be found in realms [ldap/ldap1]".into(), Reason::UnknownUser),
        ("authorization_realms are not permitted (Caused by a.b.C: current license is non-compliant for [authorization_realms])".into(), Reason::RealmNotLicensed),
        ("No [authorization_realms] have been configured".into(), Reason::RealmNotConfigured),
        ("something of a plugin: token expired".into(), Reason::Unknown),
    ] {
        assert_eq!(realm(&text), reason, "{text}");
    }
}

#[test]
fn what_is_logged_with_a_message_says_more() {
    let key = "org.elasticsearch.ElasticsearchSecurityException: authentication expected API key type of [rest], but API key [K] has type [cross_cluster]";
    let busy = "org.elasticsearch.common.util.concurrent.EsRejectedExecutionException: rejected execution";
    for (line, cause) in [
        (key.to_owned(), Some(Cause::WrongType)),
        (busy.to_owned(), Some(Cause::Rejected)),
        ("EsRejectedExecutionException[rejected execution]".to_owned(), None),
        (format!("\"stacktrace\": [\"{key}\","), Some(Cause::WrongType)),
        (format!("2026-03-01T12:34:56.789012345Z stdout F {busy}"), Some(Cause::Rejected)),
        (format!("es01-1  | {busy}"), Some(Cause::Rejected)),
        (
            format!("{{\"log\":\"{busy}\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-01T12:34:56.789Z\"}}"),
            Some(Cause::Rejected),
        ),
        (
            format!("{{\"log\":\"\\\"stacktrace\\\": [\\\"{key}\\\",\\n\",\"stream\":\"stdout\",\"time\":\"x\"}}"),
            Some(Cause::WrongType),
        ),
        ("org.elasticsearch.ElasticsearchSecurityException: token expired".to_owned(), Some(Cause::TokenExpired)),
        ("\tat org.elasticsearch.X.y(X.java:1)".to_owned(), None),
        ("[2026-03-01T12:34:56,789][WARN ][o.e.x.X] [n] token expired".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(first_of_trace(line.as_bytes()), cause, "{line}");
    }
}

proptest! {
    /// No text makes it fail, and none makes a reason of another message than a row.
    #[test]
    fn any_text_is_read(pieces in prop::collection::vec(prop::sample::select(vec![
        "Authentication ", "to realm ", "r", " failed - ", "of [", "] was terminated by realm [", "] - ", "user [", "]",
        "failed to authenticate ", " (Caused by ", ")", "LDAPException(resultCode=", "49", " (x)", "a.b.C: ", "[", "expired",
        "using apikey failed - ", "api key [", "] has been invalidated", "\u{e9}", " ", "",
    ]), 0..12)) {
        let text = pieces.concat();
        let told = classify(&Message { level: None, logger: None, text: text.as_bytes(), cause: None });
        let _ = first_of_trace(text.as_bytes());
        prop_assert!(told.is_none() || text.starts_with("Authentication "));
    }
}
