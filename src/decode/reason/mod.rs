//! Server-log messages that tell why an authentication failed (audit-format 3): tables of whole templates, one row each.
//!
//! A row fits only a line of the loggers and at the level that Elasticsearch writes it. Words are looked for in the exception
//! behind a message and nowhere else, since everything else may hold names that clients chose.

mod cause;
mod keys;
mod pattern;
mod realms;
mod template;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::LazyLock;

pub use cause::{attached, first_of_trace};
pub use template::{CauseRow, From, Levels, Says, Template};

use crate::reason::{Cause, Reason, Subject};
use pattern::{Hole, TemplatePattern};

/// A line of the server log, as far as it may tell a reason.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message<'m> {
    /// `WARN`, …; `None` where the record has none.
    pub level: Option<&'m [u8]>,
    /// The logger, whole or as layouts abbreviate it; `None` where the record has none.
    pub logger: Option<&'m [u8]>,
    /// The message.
    pub text: &'m [u8],
    /// What the exception that was logged with it says.
    pub cause: Option<Cause>,
}

/// A message that tells a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldReason<'m> {
    /// The reason; [`Reason::Unknown`] for an unknown text after a known prefix.
    pub reason: Reason,
    /// Whose attempt it may explain.
    pub subject: Subject,
    /// Id of the key, or principal, where the message names it.
    pub name: Option<&'m [u8]>,
    /// The realm, where the message names it.
    pub realm: Option<&'m [u8]>,
    /// The exception that was logged with it may say more.
    pub awaits_cause: bool,
}

/// A row, ready to be compared with.
struct TemplateRow {
    pattern: TemplatePattern,
    template: &'static Template,
}

static ROWS: LazyLock<Vec<TemplateRow>> = LazyLock::new(|| {
    templates().map(|template| TemplateRow { pattern: TemplatePattern::of(template.text), template }).collect()
});

/// Every message that is known to tell a reason, in the order in which a line is compared with them.
pub fn templates() -> impl Iterator<Item = &'static Template> {
    [keys::TABLE, realms::TABLE, tokens::TABLE].into_iter().flatten()
}

/// Whether a logger is one whose lines may tell a reason: under `org.elasticsearch.xpack.security.authc`, in full or as
/// layouts abbreviate it.
#[must_use]
pub fn is_telling_logger(logger: &[u8]) -> bool {
    class_of(logger).is_some()
}

/// The class of such a logger, packages below included. Abbreviated, `authz` and `audit` look the same as `authc`: then only
/// the classes that are known count.
fn class_of(logger: &[u8]) -> Option<&[u8]> {
    let (below, whole) = match logger.strip_prefix(b"org.elasticsearch.xpack.security.authc.") {
        Some(below) => (below, true),
        None => (logger.strip_prefix(b"o.e.x.s.a.")?, false),
    };
    let class = below.rsplit(|&byte| byte == b'.').next()?;
    let known = || CLASSES.iter().any(|known| known.as_bytes() == class);
    (if whole { class.first().is_some_and(u8::is_ascii_uppercase) } else { known() }).then_some(class)
}

/// Classes under `authc` that tell reasons, of all releases.
const CLASSES: [&str; 13] = [
    "ApiKeyAuthenticator",
    "PluggableApiKeyAuthenticator",
    "ApiKeyService",
    "AuthenticationService",
    "AuthenticatorChain",
    "CrossClusterAccessAuthenticationService",
    "NativeUsersStore",
    "OAuth2TokenAuthenticator",
    "RealmsAuthenticator",
    "ReservedRealm",
    "ServiceAccountAuthenticator",
    "ServiceAccountService",
    "TokenService",
];

/// Reads a message; `None` if it tells no reason.
#[must_use]
pub fn classify<'m>(message: &Message<'m>) -> Option<ToldReason<'m>> {
    let class = match message.logger {
        Some(logger) => Some(class_of(logger)?),
        None => None,
    };
    let level = message.level.map(<[u8]>::trim_ascii);
    let text = message.text.trim_ascii_end();
    ROWS.iter().find_map(|TemplateRow { pattern, template }| {
        let filled = pattern.fit(text)?;
        let written = is_from(template.from, class)
            && level.is_none_or(|level| template.levels.iter().any(|known| known.as_bytes() == level));
        written.then(|| {
            let name = filled.get(if template.subject == Subject::ApiKey { Hole::Key } else { Hole::User });
            let quoted = filled.get(Hole::Cause).unwrap_or_default();
            let (reason, awaits_cause) = match template.says {
                Says::Reason(reason) => (reason, false),
                Says::Cause(rows, otherwise) => (cause::in_message(quoted, rows, otherwise), false),
                Says::Directory(otherwise) => (cause::of_directory(quoted, otherwise), false),
                Says::Attached(otherwise) => {
                    (message.cause.map_or(otherwise, |cause| with_cause(otherwise, cause)), message.cause.is_none())
                }
            };
            let realm = filled.get(Hole::Realm).map(|realm| realm_name(template.subject, realm));
            ToldReason { reason, subject: template.subject, name, realm, awaits_cause }
        })
    })
}

/// Where in a message that which Elasticsearch quotes begins: the first hole of the template it fits that anything may fill. Of one
/// that fits none everything may be quoted.
#[must_use]
pub fn quoted_from(message: &[u8]) -> usize {
    let text = message.trim_ascii_end();
    ROWS.iter().find_map(|row| row.pattern.fit(text)).map_or(0, |filled| filled.quoted_from(text))
}

fn is_from(from: From, class: Option<&[u8]>) -> bool {
    match (from, class) {
        // Who wrote it is not known: only a text that nobody else writes counts.
        (From::Authc, _) => true,
        (From::Class(_), None) => false,
        (From::Class(classes), Some(class)) => classes.iter().any(|known| known.as_bytes() == class),
    }
}

/// What the exception logged with a message makes of its reason.
#[must_use]
pub fn with_cause(reason: Reason, cause: Cause) -> Reason {
    match cause {
        Cause::Rejected => Reason::ServerBusy,
        Cause::WrongType if reason == Reason::Unknown => Reason::ApiKeyWrongType,
        Cause::TokenExpired if reason == Reason::TokenInvalid => Reason::TokenExpired,
        Cause::WrongType | Cause::TokenExpired => reason,
    }
}

/// Lines at DEBUG name a realm as `type/name`.
fn realm_name(subject: Subject, realm: &[u8]) -> &[u8] {
    match memchr::memchr(b'/', realm) {
        Some(at) if subject == Subject::RealmCheck => &realm[at + 1..],
        _ => realm,
    }
}
