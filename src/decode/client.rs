//! What a client writes, and what other products write about clients: text that may look like a record of Elasticsearch and
//! must never count as one. An audit record in the user agent of an access log is no evidence.

use super::json::{RawStr, Value};

/// Names, without case and punctuation, of members whose value a client chooses, or that describe where a line came from.
const OF_CLIENTS: &[&str] = &[
    "agent",
    "annotation",
    "annotations",
    "answer",
    "arg",
    "args",
    "argument",
    "arguments",
    "argv",
    "clientagent",
    "cmd",
    "cmdline",
    "command",
    "commandline",
    "comment",
    "cookie",
    "cookies",
    "description",
    "exe",
    "form",
    "header",
    "headers",
    "http",
    "httprequest",
    "input",
    "key",
    "keyword",
    "keywords",
    "label",
    "labels",
    "login",
    "metadata",
    "metric",
    "note",
    "opaqueid",
    "param",
    "parameters",
    "params",
    "path",
    "principal",
    "process",
    "prompt",
    "query",
    "querystring",
    "referer",
    "referrer",
    "req",
    "request",
    "requestbody",
    "res",
    "resp",
    "response",
    "search",
    "searchterm",
    "stream",
    "structuredmetadata",
    "subject",
    "summary",
    "tag",
    "tags",
    "term",
    "title",
    "traceid",
    "ua",
    "uri",
    "url",
    "user",
    "username",
    "xff",
];

/// Parts of such names.
const IN_NAMES_OF_CLIENTS: &[&str] = &[
    "useragent",
    "header",
    "cookie",
    "opaque",
    "forwardedfor",
    "referer",
    "referrer",
    "querystring",
    "cmdline",
    "httpbody",
    "requestparam",
    "requestbody",
];

/// Names, without case and punctuation, under which pipelines keep the line that they carry, the best first: what holds all
/// of it before what may be cut.
const PAYLOADS: &[&str] = &[
    "eventoriginal",
    "original",
    "fullmessage",
    "fulllog",
    "raw",
    "rawmsg",
    "rawstring",
    "rawdata",
    "rawlog",
    "rawevent",
    "message",
    "msg",
    "log",
    "line",
    "textpayload",
    "shortmessage",
    "logentry",
    "logmessage",
    "payload",
    "event",
    "record",
    "body",
    "text",
    "stringvalue",
    "content",
    "data",
    "value",
    "string",
    "s",
];

/// A name without case and punctuation; `None` where it is longer than any that is known.
fn plain(name: &[u8]) -> Option<([u8; LONGEST], usize)> {
    let mut plain = [0; LONGEST];
    let mut length = 0;
    for byte in name.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    Some((plain, length))
}

/// Longest name that is looked at.
const LONGEST: usize = 64;

/// Whether a client chooses the value of a member of this name.
#[must_use]
pub(super) fn is_of_client(name: &[u8]) -> bool {
    let Some((plain, length)) = plain(name) else { return true };
    let plain = &plain[..length];
    OF_CLIENTS.iter().any(|known| known.as_bytes() == plain)
        || IN_NAMES_OF_CLIENTS.iter().any(|part| memchr::memmem::find(plain, part.as_bytes()).is_some())
        || is_of_client_path(name)
}

/// The same of a name with dots, whose parts are names.
fn is_of_client_path(name: &[u8]) -> bool {
    name.contains(&b'.') && name.split(|&byte| byte == b'.').any(|part| !part.is_empty() && is_of_client(part))
}

/// How well a member of this name suits as the line that an envelope carries, 0 the best; `None` for other names.
#[must_use]
pub(super) fn payload_rank(name: &[u8]) -> Option<usize> {
    let (plain, length) = plain(name)?;
    PAYLOADS.iter().position(|known| known.as_bytes() == &plain[..length])
}

/// Whether a payload's name is one that programs also give what they were sent, from `payload` on.
#[must_use]
pub(super) fn is_weak(rank: usize) -> bool {
    PAYLOADS
        .get(rank)
        .is_some_and(|name| matches!(*name, "payload" | "body" | "text" | "content" | "data" | "value" | "string"))
}

/// Whether an object names a level, as the lines of programs do.
#[must_use]
pub(super) fn has_level(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    const LEVELS: [&str; 5] = ["level", "lvl", "loglevel", "levelname", "severity"];
    members.iter().any(|(name, _)| {
        plain(&name.text())
            .is_some_and(|(plain, length)| LEVELS.iter().any(|level| level.as_bytes() == &plain[..length]))
    })
}

/// Whether an object names who wrote it, as messages of chats and tickets do: what it calls a text is theirs.
#[must_use]
pub(super) fn has_author(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    const AUTHORS: [&str; 10] =
        ["user", "userid", "username", "author", "authorid", "from", "sender", "senderid", "postedby", "displayname"];
    members.iter().any(|(name, value)| {
        matches!(value, Value::Scalar(super::json::Scalar::Str(_)))
            && plain(&name.text())
                .is_some_and(|(plain, length)| AUTHORS.iter().any(|known| known.as_bytes() == &plain[..length]))
    })
}

/// Names, without case and punctuation, of members that only a log of requests has beside a status.
const OF_REQUESTS: &[&str] = &[
    "request",
    "requesturi",
    "requestmethod",
    "requestpath",
    "url",
    "uri",
    "method",
    "httpmethod",
    "verb",
    "useragent",
    "httpuseragent",
    "remoteaddr",
    "clientaddr",
    "clientip",
    "referer",
    "httpreferer",
];

/// Names of the status of such a log.
const STATUSES: &[&str] = &[
    "status",
    "statuscode",
    "httpstatus",
    "responsecode",
    "originstatus",
    "downstreamstatus",
    "bodybytessent",
    "clientaddr",
];

/// Names of what writes lines itself, and of a client's browser, which only a log of requests has: such a line's message is its
/// own. Windows' events tell what was typed.
const OF_OTHERS: &[&str] = &["logger", "loggername", "loglogger", "useragent", "httpuseragent", "winlog"];

/// Whether the members are those that the loggers bunyan and pino put beside a message, which may be what a program was sent:
/// they number the level.
fn is_of_node_logger(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    let has = |wanted: &[u8]| members.iter().any(|(name, _)| *name.text() == *wanted);
    let numbered = members
        .iter()
        .any(|(name, value)| *name.text() == *b"level" && matches!(value, Value::Scalar(super::json::Scalar::Num(_))));
    numbered && has(b"pid") && has(b"hostname")
}

/// Whether the members of an object are those of a line of another product: a log of requests, or one that a logger of a
/// program wrote about whatever it was sent.
#[must_use]
pub(super) fn is_foreign(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    let has = |known: &[&str]| {
        members.iter().any(|(name, value)| {
            let filled = !matches!(value, Value::Scalar(super::json::Scalar::Null));
            filled
                && plain(&name.text())
                    .is_some_and(|(plain, length)| known.iter().any(|k| k.as_bytes() == &plain[..length]))
        })
    };
    has(STATUSES) && has(OF_REQUESTS)
        || has(OF_OTHERS)
        || is_of_node_logger(members)
        || members.iter().any(|(name, value)| is_logger(&name.text(), value))
}

/// `"log":{"logger":…}`, and the service that Kibana and other programs of the stack name.
fn is_logger(name: &[u8], value: &Value<'_>) -> bool {
    match (name, value) {
        (b"log", Value::Object(object)) => memchr::memmem::find(object, b"\"logger\"").is_some(),
        (b"event" | b"data_stream", Value::Object(object)) => foreign_dataset(object),
        (b"event.dataset" | b"data_stream.dataset", Value::Scalar(super::json::Scalar::Str(text))) => {
            is_foreign_dataset(&text.text())
        }
        _ => false,
    }
}

fn foreign_dataset(object: &[u8]) -> bool {
    let Ok((members, _)) = super::json::members(object) else { return false };
    members.iter().any(|(name, value)| match value {
        Value::Scalar(super::json::Scalar::Str(text)) => {
            &*name.text() == b"dataset" && is_foreign_dataset(&text.text())
        }
        _ => false,
    })
}

/// Datasets of Filebeat's modules (Elastic's integrations) are named `product.log`; what no integration takes apart is
/// `generic`.
fn is_foreign_dataset(dataset: &[u8]) -> bool {
    const CARRIERS: [&[u8]; 9] = [
        b"elasticsearch",
        b"generic",
        b"kubernetes",
        b"docker",
        b"system.syslog",
        b"journald",
        b"filestream",
        b"log",
        b"kafka_log",
    ];
    memchr::memchr(b'.', dataset).is_some() && !CARRIERS.iter().any(|carrier| dataset.starts_with(carrier))
}

/// Programs whose lines are about requests, as they name themselves in a syslog tag.
const WEB_SERVERS: [&[u8]; 8] = [b"nginx", b"httpd", b"apache2", b"haproxy", b"traefik", b"envoy", b"squid", b"caddy"];

/// Whether what stands before a record in a line is the beginning of another product's line, or names what follows as the
/// client's.
#[must_use]
pub(super) fn quotes(prefix: &[u8]) -> bool {
    has_clf_time(prefix)
        || is_of_request(prefix)
        || is_sentence(prefix)
        || [&b"HTTP/1."[..], b"HTTP/2", b"\"GET ", b"\"POST ", b"\"PUT "]
            .iter()
            .any(|mark| memchr::memmem::find(prefix, mark).is_some())
        || words(prefix).any(|word| WEB_SERVERS.contains(&word))
        || names_client(prefix)
}

/// Whether cells that blanks, tabs or lines separate are those of a request: its method, or the status beside an address.
fn is_of_request(prefix: &[u8]) -> bool {
    const METHODS: [&[u8]; 7] = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"PATCH", b"OPTIONS"];
    let cells = || prefix.split(|byte| matches!(byte, b' ' | b'\t' | b'|' | b'"')).filter(|cell| !cell.is_empty());
    let is_status = |cell: &[u8]| matches!(cell, [b'1'..=b'5', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
    let is_address = |cell: &[u8]| std::str::from_utf8(cell).is_ok_and(|cell| cell.parse::<std::net::IpAddr>().is_ok());
    // The number of a process stands there in syslog.
    let is_syslog = prefix.first() == Some(&b'<');
    cells().any(|cell| METHODS.contains(&cell)) || !is_syslog && cells().any(is_status) && cells().any(is_address)
}

/// Whether what stands before a record is the end of a sentence about it: `user sent {`, `got payload: {`. What ships a line
/// writes names before it, and no sentences.
fn is_sentence(prefix: &[u8]) -> bool {
    const WORDS: [&[u8]; 24] = [
        b"a",
        b"an",
        b"body",
        b"by",
        b"created",
        b"for",
        b"from",
        b"got",
        b"had",
        b"input",
        b"invalid",
        b"is",
        b"of",
        b"payload",
        b"received",
        b"request",
        b"said",
        b"sent",
        b"the",
        b"unknown",
        b"user",
        b"was",
        b"with",
        b"wrote",
    ];
    let prefix = prefix.trim_ascii_end();
    let prefix = prefix.strip_suffix(b":").unwrap_or(prefix);
    let mut last = prefix.rsplit(|byte| byte.is_ascii_whitespace() || *byte == b':').take(2);
    let is_word = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic);
    matches!((last.next(), last.next()), (Some(last), Some(before)) if is_word(last) && is_word(before)
        && (WORDS.contains(&last) || WORDS.contains(&before)))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// `[12/Apr/2026:07:15:30`, the time of the common log format.
fn has_clf_time(text: &[u8]) -> bool {
    memchr::memchr_iter(b'[', text).any(|at| {
        matches!(text.get(at + 1..at + 13), Some([a, b, b'/', _, _, _, b'/', y, ..]) if a.is_ascii_digit() && b.is_ascii_digit() && y.is_ascii_digit())
    })
}

/// Whether the last name before the record is that of something a client writes: `user-agent=`, `body:`, `q=`. A name before
/// `=` must be one that envelopes use.
fn names_client(prefix: &[u8]) -> bool {
    let prefix = prefix.trim_ascii_end();
    let (rest, assigned) = match prefix.split_last() {
        Some((b'=', rest)) => (rest, true),
        Some((b':', rest)) => (rest, false),
        _ => (prefix, false),
    };
    let rest = rest.trim_ascii_end();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@');
    let name = &rest[rest.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1)..];
    let is_body = plain(name).is_some_and(|(plain, length)| &plain[..length] == b"body");
    if assigned {
        return is_body || is_of_client(name) || payload_rank(name).is_none();
    }
    !name.is_empty() && (is_body || is_of_client(name))
}

/// Whether a text holds what looks like a record of Elasticsearch, as itself or with its quotes escaped.
#[must_use]
pub(super) fn may_hold_record(text: &[u8]) -> bool {
    const MARKS: [&[u8]; 9] = [
        b"event.action",
        b"event_action",
        b"\"type\":\"audit\"",
        b"\"type\\\":",
        b"\"\"type\"\"",
        b"x22type",
        b"authentication_failed]",
        b"][o.e.x.s.a.",
        b"security.authc.ApiKeyAuthenticator\"",
    ];
    // Each of them stands in an object or behind a time.
    let may = memchr::memchr2(b'{', b'\\', text).is_some() || memchr::memmem::find(text, b"[20").is_some();
    may && MARKS.iter().any(|mark| memchr::memmem::find(text, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_clients_are_told_however_they_are_written() {
        for name in [
            "User-Agent",
            "http_user_agent",
            "request_User-Agent",
            "opaque_id",
            "X-Forwarded-For",
            "url",
            "_CMDLINE",
            "useragent",
            "http.request.body",
            "labels",
        ] {
            assert!(is_of_client(name.as_bytes()), "{name}");
        }
        for name in [
            "message",
            "_raw",
            "textPayload",
            "es_audit",
            "records",
            "json",
            "jsonPayload",
            "body",
            "payload",
            "attributes",
        ] {
            assert!(!is_of_client(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_a_prefix_says_of_what_follows() {
        for prefix in [
            "10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] ",
            "2026-04-12T07:15:30Z INFO http - user-agent=",
            "web nginx: ",
            "x body: ",
            "q=",
            "10.0.0.1\t200\tcurl\t",
            " 10.0.0.1   |    404 | ",
            "10.0.0.1 GET / ",
            "WARNING:root:got payload ",
            "2026-04-12 07:15:30,000 INFO Login - the user sent: ",
            "Process created: ",
        ] {
            assert!(quotes(prefix.as_bytes()), "{prefix}");
        }
        for prefix in [
            "MESSAGE=",
            "Mar  1 12:34:56 es-1 elasticsearch[42]: ",
            "EVENTS\t1\t",
            "/var/log/prod.json:",
            "es-0 elasticsearch ",
            "es elasticsearch ",
            "<134>1 2026-04-12T07:15:30Z 10.0.0.5 es 512 ID47 - ",
            "2026 Mar 01 12:00:00 (es-1) 10.0.0.1->/var/log/es_audit.json ",
            "Apr 12 07:15:30 10.0.0.5 elasticsearch[404]: ",
        ] {
            assert!(!quotes(prefix.as_bytes()), "{prefix}");
        }
    }
}
