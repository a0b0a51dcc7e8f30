//! What stands behind a message: the exception that Elasticsearch quotes in it, or logs with it.

use memchr::memmem;

use super::pattern::TemplatePattern;
use super::template::CauseRow;
use crate::reason::{Cause, Reason};

/// An exception as its class and its message: `a.b.C: message` or `C[message]`.
fn exception(text: &[u8]) -> (&[u8], &[u8]) {
    let of_class = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'$' | b'_');
    let end = text.iter().position(|byte| !of_class(byte)).unwrap_or(text.len());
    let (class, rest) = text.split_at(end);
    let message = match rest {
        [b':', b' ', message @ ..] => message,
        [b'[', message @ ..] => memmem::rfind(message, b"]; nested: ")
            .map(|end| &message[..end])
            .or_else(|| message.strip_suffix(b"]"))
            .unwrap_or(message),
        other => other,
    };
    (class, message)
}

/// The last part of the name of a class.
fn simple(class: &[u8]) -> &[u8] {
    class.rsplit(|byte| matches!(byte, b'.' | b'$')).next().unwrap_or(class)
}

/// What the exception in a message says by a table.
pub(super) fn in_message(text: &[u8], rows: &[CauseRow], otherwise: Reason) -> Reason {
    let (_, message) = exception(text);
    let row = rows.iter().find(|row| TemplatePattern::of(row.text).fit(message).is_some());
    row.map_or(otherwise, |row| row.reason)
}

/// What the directory, or the way to it, says.
pub(super) fn of_directory(text: &[u8], otherwise: Reason) -> Reason {
    /// Written by `ActiveDirectorySessionFactory`, before 7.x with another spelling, and by `LdapUserSearchSessionFactory` of 5.x.
    const NO_SUCH_USER: [&str; 3] = [
        "search for user [{user}] by principal name yielded no results",
        "search for user [{user}] by principle name yielded no results",
        "failed to find user [{user}] with search base [{}] scope [{}]",
    ];
    let (class, message) = exception(text);
    let class = simple(class);
    if class.starts_with(b"LDAP") && class.ends_with(b"Exception") {
        return text.get(class.len()..).and_then(result_code).map_or(otherwise, |code| of_code(code, text));
    }
    if NO_SUCH_USER.iter().any(|text| TemplatePattern::of(text).fit(message).is_some()) {
        return Reason::UnknownUser;
    }
    match class {
        b"EsRejectedExecutionException" => Reason::ServerBusy,
        b"ElasticsearchTimeoutException"
        | b"IOException"
        | b"ConnectException"
        | b"SocketException"
        | b"SocketTimeoutException"
        | b"UnknownHostException"
        | b"NoRouteToHostException"
        | b"SSLException"
        | b"SSLHandshakeException"
        | b"SSLPeerUnverifiedException"
        | b"CertificateException"
        | b"CertificateExpiredException"
        | b"CertPathValidatorException"
        | b"SunCertPathBuilderException"
        | b"TimeoutException" => Reason::RealmUnavailable,
        _ => otherwise,
    }
}

/// The number in `(resultCode=49 (invalid credentials), …`, wherever the name of the class has put it.
fn result_code(text: &[u8]) -> Option<u16> {
    let at = memmem::find(text, b"(resultCode=")?;
    let digits = &text[at + b"(resultCode=".len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

/// Result codes: RFC 4511 A.1 (0 to 80; 3 is a time limit that was exceeded), and those of the UnboundID LDAP SDK for what
/// fails at the client (81 server down, 85 timeout, 89 parameter error, which is what a bind without a password is, 91 connect
/// error). Directories answer 53 or 19
/// for accounts that are locked or disabled.
fn of_code(code: u16, text: &[u8]) -> Reason {
    match code {
        49 => of_active_directory(text),
        32 => Reason::UnknownUser,
        19 | 53 => Reason::UserDisabled,
        89 => Reason::MalformedCredentials,
        3 | 51 | 52 | 80..=88 | 91 => Reason::RealmUnavailable,
        _ => Reason::Unknown,
    }
}

/// Active Directory's own code beside 49, a number of a Windows error: 525 no such user, 52e wrong password, and restrictions of
/// the account (52f any, 530 hours, 531 workstation, 532 password expired, 533 disabled, 534 and 569 kind of logon, 701 account
/// expired, 773 password must change, 775 locked). Another one is about something else than the password.
fn of_active_directory(text: &[u8]) -> Reason {
    const BEFORE: &[u8] = b"AcceptSecurityContext error, data ";
    let code = memmem::find(text, BEFORE).map(|at| &text[at + BEFORE.len()..]);
    let code = code.map(|text| text.split(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default());
    match code {
        Some(b"525") => Reason::UnknownUser,
        Some(b"52f" | b"530" | b"531" | b"532" | b"533" | b"534" | b"569" | b"701" | b"773" | b"775") => {
            Reason::UserDisabled
        }
        None | Some(b"52e") => Reason::BadPassword,
        Some(_) => Reason::Unknown,
    }
}

/// What the exception that is logged with a message says.
#[must_use]
pub fn attached(class: &[u8], message: &[u8]) -> Option<Cause> {
    const WRONG_TYPE: &str = "authentication expected API key type of [{}], but API key [{}] has type [{}]";
    match message {
        _ if simple(class) == b"EsRejectedExecutionException" => Some(Cause::Rejected),
        b"server is too busy to respond" => Some(Cause::Rejected),
        b"token expired" => Some(Cause::TokenExpired),
        _ if TemplatePattern::of(WRONG_TYPE).fit(message).is_some() => Some(Cause::WrongType),
        _ => None,
    }
}

/// The exception with which a stack trace begins, where a line is the first of one: bare, in the `stacktrace` of a record of
/// 7.x, or behind what a container runtime writes before it.
#[must_use]
pub fn first_of_trace(line: &[u8]) -> Option<Cause> {
    const SEVEN: [&[u8]; 2] = [b"\"stacktrace\": [\"", b"\\\"stacktrace\\\": [\\\""];
    let mut text = line.trim_ascii();
    for (before, after) in [(&b"{\"log\":\""[..], &b"\\n\",\"stream\""[..]), (b" F ", b""), (b"| ", b"")] {
        let at = if before.len() > 3 { text.starts_with(before).then_some(0) } else { memmem::find(text, before) };
        if let Some(at) = at.filter(|&at| at < MOST_BEFORE) {
            text = &text[at + before.len()..];
            if !after.is_empty() {
                text = memmem::rfind(text, after).map_or(text, |end| &text[..end]);
            }
            break;
        }
    }
    for start in SEVEN {
        if let Some(rest) = text.strip_prefix(start) {
            let end = memmem::rfind(rest, if start[0] == b'"' { b"\"," } else { b"\\\"," });
            text = end.map_or(rest, |end| &rest[..end]);
        }
    }
    let (class, message) = exception(text);
    (memchr::memchr(b'.', class).is_some() && class.ends_with(b"Exception")).then(|| attached(class, message)).flatten()
}

/// Bytes that a container runtime may write before a line.
const MOST_BEFORE: usize = 80;
