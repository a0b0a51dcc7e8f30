//! Members that a client writes, and objects that other products write about clients: text in them may look like a record of
//! Elasticsearch and must never count as one. An audit record in the user agent of an access log is no evidence.

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
    "breadcrumb",
    "breadcrumbs",
    "clientagent",
    "cmd",
    "cmdline",
    "command",
    "commandline",
    "comment",
    "cookie",
    "cookies",
    "description",
    "error",
    "exception",
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

/// Words of names of texts, of which one says that a client wrote it, wherever it stands: `ClientRequestURI`.
const WORDS_OF_CLIENTS: &[&str] = &[
    "uri",
    "url",
    "query",
    "password",
    "passwd",
    "pwd",
    "cookie",
    "cookies",
    "header",
    "headers",
    "referer",
    "referrer",
    "param",
    "params",
    "parameter",
    "parameters",
    "arg",
    "args",
    "argv",
    "cmd",
    "command",
    "search",
    "keyword",
    "prompt",
    "username",
    "login",
    "opaque",
    "printable",
];

/// Words with which the names of texts end that say who or what something is: no pipeline keeps a line there, and of what a
/// client sent they are what it chose (`display_name`, `hostname`).
const LAST_WORDS_OF_CLIENTS: &[&str] = &[
    "name",
    "agent",
    "user",
    "path",
    "host",
    "hostname",
    "domain",
    "email",
    "mail",
    "phone",
    "title",
    "subject",
    "comment",
    "description",
    "note",
    "question",
    "answer",
    "summary",
    "id",
    "author",
    "sender",
    "tag",
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
pub(super) fn plain(name: &[u8]) -> Option<([u8; LONGEST], usize)> {
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

/// Whether a client wrote a text of this name, as far as the words of the name tell.
#[must_use]
pub(super) fn is_text_of_client(name: &[u8]) -> bool {
    let is = |word: &[u8], known: &[&str]| known.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    let words = words_of(name);
    is_of_client(name)
        || words.iter().any(|word| is(word, WORDS_OF_CLIENTS))
        || words.last().is_some_and(|word| is(word, LAST_WORDS_OF_CLIENTS))
}

/// Whether a word of a name says that a client wrote what it names, or that it is the line of a command.
#[must_use]
pub(super) fn is_word_of_client(name: &[u8]) -> bool {
    let is_known = |word: &[u8]| WORDS_OF_CLIENTS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    name.eq_ignore_ascii_case(b"cmdline") || words_of(name).into_iter().any(is_known)
}

/// The words of a name: `http_user-agent`, `clientRequestURI`.
fn words_of(name: &[u8]) -> Vec<&[u8]> {
    let rises = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let parts = name.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.flat_map(|part| part.chunk_by(move |&a, &b| !rises(&[a, b]))).collect()
}

/// Whether an object is a request: a member names its method, so that what it carries is its body.
#[must_use]
pub(super) fn has_method(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    const METHODS: [&[u8]; 4] = [b"POST", b"PUT", b"PATCH", b"DELETE"];
    members.iter().any(|(name, value)| match value {
        Value::Scalar(super::json::Scalar::Str(text)) => {
            METHODS.contains(&&*text.text())
                && plain(&name.text())
                    .is_some_and(|(plain, length)| matches!(&plain[..length], b"method" | b"httpmethod" | b"verb"))
        }
        _ => false,
    })
}

/// Whether a member beside a value names what the value is, and a client writes that: `{"field":"user-agent","value":…}`.
#[must_use]
pub(super) fn names_value_of_client(members: &[(RawStr<'_>, Value<'_>)]) -> bool {
    const NAMES: [&str; 7] = ["field", "name", "key", "header", "parameter", "attribute", "variable"];
    members.iter().any(|(name, value)| match value {
        Value::Scalar(super::json::Scalar::Str(text)) => {
            plain(&name.text())
                .is_some_and(|(plain, length)| NAMES.iter().any(|known| known.as_bytes() == &plain[..length]))
                && is_of_client(&text.text())
        }
        _ => false,
    })
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
    "edgeresponsestatus",
    "bodybytessent",
    "clientaddr",
];

/// Names of what writes lines itself, and of a client's browser, which only a log of requests has: such a line's message is its
/// own. Windows' events tell what was typed, and sensors of a network what they saw pass.
const OF_OTHERS: &[&str] = &[
    "logger",
    "loggername",
    "loglogger",
    "useragent",
    "httpuseragent",
    "winlog",
    "srcip",
    "destip",
    "dstip",
    "flowid",
];

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
    fn words_of_a_name_tell_who_wrote_a_text() {
        for name in [
            "ClientRequestURI",
            "display_name",
            "payload_printable",
            "request.password",
            "hostname",
            "searchTerm",
            "trace_id",
            "x-user-agent",
        ] {
            assert!(is_text_of_client(name.as_bytes()), "{name}");
        }
        for name in ["message", "es_audit_log", "LogEntry", "rawString", "id0", "searched_line", "auditRecord", "log_s"]
        {
            assert!(!is_text_of_client(name.as_bytes()), "{name}");
        }
    }
}
