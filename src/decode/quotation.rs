//! Whether a text quotes a record: what stands before it in a line names it as a client's, or is the beginning of another
//! product's line.

use super::client::{is_of_client, is_word_of_client, payload_rank, plain};

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
        || is_in_value_of_client(prefix)
}

/// Whether a record stands inside of a value that a client wrote and that has begun before it: `COMMAND=/bin/echo {`. A value
/// in quotes or brackets has ended.
fn is_in_value_of_client(prefix: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'=', prefix) else { return false };
    let (before, value) = (&prefix[..at], &prefix[at + 1..]);
    let name = before.rsplit(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.')).next();
    !value.iter().any(|byte| matches!(byte, b'"' | b']' | b'}' | b')' | b',' | b'\t'))
        && name.is_some_and(is_word_of_client)
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
    const MARKS: [&[u8]; 10] = [
        b"event.action",
        b"event_action",
        b"\"type\":\"audit\"",
        b"\"type\\\":",
        b"\"\"type\"\"",
        b"x22type",
        b"authentication_failed]",
        b"][o.e.x.s.a.",
        b"security.authc.ApiKeyAuthenticator\"",
        b"security.authc.ApiKeyAuthenticator\\\"",
    ];
    // Each of them stands in an object or behind a time.
    let may = memchr::memchr2(b'{', b'\\', text).is_some() || memchr::memmem::find(text, b"[20").is_some();
    may && MARKS.iter().any(|mark| memchr::memmem::find(text, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "Mar  1 12:00:00 h sudo:   bob : TTY=pts/0 ; USER=root ; COMMAND=/bin/echo ",
            "12:00 Notice shell (cmdline=echo ",
        ] {
            assert!(quotes(prefix.as_bytes()), "{prefix}");
        }
        for prefix in [
            "MESSAGE=",
            "Mar  1 12:34:56 es-1 elasticsearch[42]: ",
            "EVENTS\t1\t",
            "command=\"tail -F\" ",
            "stream=stdout ",
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
